//! The calls of a client as stubs, and what their answers mean ([MS-OXCRPC] 3.1.4).
//!
//! | | version 11 and later | earlier |
//! |---|---|---|
//! | connect | `EcDoConnectEx`, opnum 10 | `EcDoConnect`, opnum 0 |
//! | remote operations | `EcDoRpcExt2`, opnum 11 | `EcDoRpc`, opnum 2 |
//! | disconnect | `EcDoDisconnect`, opnum 1 | the same |
//!
//! Which flags Outlook 2003 gives its auxiliary buffer is not known. Here it is `XorMagic` and `Last`, as for its remote
//! operations, unless [`MachineOptions::xor_magic`] says otherwise; nothing is compressed, either way.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::Opnum;
use dcerpc::ndr::NdrError;
use emsmdb::aux::{
    AuxBlock, AuxPerfClientInfo, AuxPerfProcessInfo, AuxPerfSessionInfo, ClientMode as WireMode,
    encode_aux,
};
use emsmdb::connect::{AUX_MAX, NO_LINK};
use emsmdb::header_ext::{HeaderExtError, HeaderFlags};
use emsmdb::rgb::{decode_rgb_in, encode_rgb_in};
use emsmdb::rop::{
    LogonFlags, NO_HANDLE, NotificationScope, NotificationTypes, OpenFlags, RopBuffer, RopError,
    RopLogonRequest, RopRegisterNotificationRequest, RopRequest, RopResponse,
    decode_response_buffer,
};
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    EcDoDisconnectRequest, EcDoDisconnectResponse, EcDoRpcExt2Request, EcDoRpcExt2Response,
    EcDoRpcRequest, EcDoRpcResponse, ErrorCode, RpcExt2Flags, opnum,
};

use crate::identity;
use crate::name::ProcessName;
use crate::spec::{ClientMode, ClientSpec};

/// How a client encodes what the protocol leaves to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MachineOptions {
    /// Whether extended buffers are obfuscated, its own and those it asks for.
    pub xor_magic: bool,
}

/// An answer that does not say what it should.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// The stub is malformed.
    #[error(transparent)]
    Stub(#[from] NdrError),
    /// `rgbOut` cannot be unpacked.
    #[error(transparent)]
    Header(#[from] HeaderExtError),
    /// The buffer of responses is malformed.
    #[error(transparent)]
    Rop(#[from] RopError),
    /// `ecNone` without a session handle.
    #[error("the session handle is null and the return value is ecNone")]
    NoHandle,
    /// The logon has no response.
    #[error("RopLogon is not answered")]
    NoLogon,
}

/// A session's context handle.
pub(super) type Handle = [u8; 20];

/// A call to make.
pub(super) struct Request {
    pub(super) opnum: Opnum,
    pub(super) stub: Vec<u8>,
}

/// The answer to a call in a session.
pub(super) struct Answer {
    /// The session; null when it is gone.
    pub(super) handle: Handle,
    pub(super) result: ErrorCode,
    /// Buffers of responses, in clear.
    payloads: Vec<Vec<u8>>,
}

/// Writes and reads the calls of one client.
#[derive(Debug)]
pub(super) struct Calls<'a> {
    pub(super) spec: &'a ClientSpec,
    pub(super) options: MachineOptions,
}

impl Default for MachineOptions {
    fn default() -> Self {
        Self { xor_magic: true }
    }
}

impl Calls<'_> {
    pub(super) fn connect(&self) -> Request {
        let aux_in = self.connect_aux();
        let connect = self.connect_ex(aux_in);
        if self.is_extended() {
            return request(opnum::EC_DO_CONNECT_EX, connect.encode());
        }
        let connect = EcDoConnectRequest {
            user_dn: connect.user_dn,
            flags: connect.flags,
            con_mod: connect.con_mod,
            limit: connect.limit,
            code_page: connect.code_page,
            lcid_string: connect.lcid_string,
            lcid_sort: connect.lcid_sort,
            link: connect.link,
            can_convert_code_pages: connect.can_convert_code_pages,
            client_version: connect.client_version,
            time_stamp: connect.time_stamp,
        };
        request(opnum::EC_DO_CONNECT, connect.encode())
    }

    /// The session that a connect call opened, or the code that says why there is none.
    pub(super) fn read_connect(
        &self,
        stub: &[u8],
    ) -> Result<Result<Handle, ErrorCode>, AnswerError> {
        let (handle, result) = if self.is_extended() {
            let response = EcDoConnectExResponse::decode(stub)?;
            (response.handle, response.result)
        } else {
            let response = EcDoConnectResponse::decode(stub)?;
            (response.handle, response.result)
        };
        match result {
            ErrorCode::EC_NONE if is_null(&handle) => Err(AnswerError::NoHandle),
            ErrorCode::EC_NONE => Ok(Ok(handle)),
            code => Ok(Err(code)),
        }
    }

    /// Opens the user's own mailbox as its owner.
    pub(super) fn logon(&self, handle: Handle) -> Request {
        let logon = RopLogonRequest {
            logon_id: 0,
            output_index: 0,
            logon_flags: LogonFlags::PRIVATE,
            open_flags: OpenFlags(OpenFlags::HOME_LOGON.0 | OpenFlags::TAKE_OWNERSHIP.0),
            store_state: 0,
            essdn: Some(self.spec.user_dn().into_bytes()),
        };
        let rops = RopBuffer { rops: vec![RopRequest::Logon(logon)], handles: vec![NO_HANDLE] };
        self.rpc(handle, &rops, Vec::new())
    }

    /// A call that does nothing.
    pub(super) fn touch(&self, handle: Handle) -> Request {
        self.rpc(handle, &nothing(), Vec::new())
    }

    /// A call that registers for new mail of the mailbox that was logged on to, and takes that back.
    pub(super) fn work(&self, handle: Handle, logon: u32) -> Request {
        let register = RopRegisterNotificationRequest {
            logon_id: 0,
            input_index: 0,
            output_index: 1,
            types: NotificationTypes::NEW_MAIL,
            scope: NotificationScope::WholeStore,
        };
        let rops = vec![
            RopRequest::RegisterNotification(register),
            RopRequest::Release { logon_id: 0, input_index: 1 },
        ];
        self.rpc(handle, &RopBuffer { rops, handles: vec![logon, NO_HANDLE] }, Vec::new())
    }

    /// A call that does nothing but name a program; none when the client has no auxiliary buffer.
    pub(super) fn report(
        &self,
        handle: Handle,
        process_id: u16,
        process: &ProcessName,
    ) -> Option<Request> {
        let block = self.process_info(process_id, process);
        let aux_in = encode_aux(&[block], self.header_flags());
        self.is_extended().then(|| self.rpc(handle, &nothing(), aux_in))
    }

    pub(super) fn disconnect(&self, handle: Handle) -> Request {
        request(opnum::EC_DO_DISCONNECT, EcDoDisconnectRequest { handle }.encode())
    }

    pub(super) fn read_disconnect(&self, stub: &[u8]) -> Result<(), AnswerError> {
        EcDoDisconnectResponse::decode(stub)?;
        Ok(())
    }

    pub(super) fn read_rpc(&self, stub: &[u8]) -> Result<Answer, AnswerError> {
        if !self.is_extended() {
            let response = EcDoRpcResponse::decode(stub)?;
            return Ok(Answer {
                handle: response.handle,
                result: response.result,
                payloads: vec![response.rops],
            });
        }
        let response = EcDoRpcExt2Response::decode(stub)?;
        let payloads = match response.rgb_out.as_slice() {
            [] => Vec::new(),
            rgb_out => decode_rgb_in(rgb_out)?,
        };
        Ok(Answer {
            handle: response.handle,
            result: response.result,
            payloads: payloads.into_iter().map(|payload| payload.bytes).collect(),
        })
    }

    fn is_extended(&self) -> bool {
        self.spec.client_version().has_auxiliary_buffer()
    }

    fn connect_ex(&self, aux_in: Vec<u8>) -> EcDoConnectExRequest {
        let user_dn = self.spec.user_dn();
        EcDoConnectExRequest {
            con_mod: identity::number("ulConMod", &[&user_dn]),
            user_dn: user_dn.into_bytes(),
            flags: 0,
            limit: 0,
            code_page: WESTERN_EUROPEAN,
            lcid_string: ENGLISH_US,
            lcid_sort: ENGLISH_US,
            link: NO_LINK,
            can_convert_code_pages: 1,
            client_version: self.spec.client_version().wire(),
            time_stamp: 0,
            aux_in,
            aux_out_max: AUX_MAX,
        }
    }

    fn connect_aux(&self) -> Vec<u8> {
        let Some(process) = self.spec.process() else {
            return Vec::new();
        };
        let blocks = [
            self.client_info(),
            self.process_info(FIRST_PROCESS_ID, process),
            self.session_info(process),
        ];
        encode_aux(&blocks, self.header_flags())
    }

    fn client_info(&self) -> AuxBlock {
        let machine = self.spec.machine();
        AuxBlock::ClientInfo(AuxPerfClientInfo {
            adapter_speed_kbit: 100_000,
            client_id: 1,
            machine_name: Some(machine.utf16()),
            user_name: Some(self.spec.user().utf16()),
            client_ip: identity::ip_address(machine.as_str()).to_vec(),
            client_ip_mask: vec![255, 0, 0, 0],
            adapter_name: Some("NIC".encode_utf16().collect()),
            mac_address: identity::mac_address(machine.as_str()).to_vec(),
            client_mode: match self.spec.mode() {
                ClientMode::Cached => WireMode::CACHED,
                ClientMode::Classic => WireMode::CLASSIC,
            },
        })
    }

    fn process_info(&self, process_id: u16, process: &ProcessName) -> AuxBlock {
        let names = [self.spec.machine().as_str(), process.as_str()];
        AuxBlock::ProcessInfo(AuxPerfProcessInfo {
            version: 2,
            process_id,
            process_guid: identity::guid("ProcessGuid", &names),
            name: Some(process.utf16()),
        })
    }

    fn session_info(&self, process: &ProcessName) -> AuxBlock {
        let (user, machine) = (self.spec.user().as_str(), self.spec.machine().as_str());
        AuxBlock::SessionInfo(AuxPerfSessionInfo {
            session_id: 1,
            session_guid: identity::guid("SessionGuid", &[user, machine, process.as_str()]),
            connection_id: Some(1),
        })
    }

    fn rpc(&self, handle: Handle, rops: &RopBuffer, aux_in: Vec<u8>) -> Request {
        let rops = rops.encode();
        if !self.is_extended() {
            let max_data = LEGACY_MAX_DATA;
            let rpc = EcDoRpcRequest { handle, rops, max_data };
            return request(opnum::EC_DO_RPC, rpc.encode());
        }
        let rpc = EcDoRpcExt2Request {
            handle,
            flags: self.answer_flags(),
            // INVARIANT: a logon's names are bounded far below the 32 KB that a payload holds.
            rgb_in: encode_rgb_in(&rops, self.header_flags()).unwrap_or_default(),
            rgb_out_max: RGB_OUT_MAX,
            aux_in,
            aux_out_max: AUX_MAX,
        };
        request(opnum::EC_DO_RPC_EXT2, rpc.encode())
    }

    fn header_flags(&self) -> HeaderFlags {
        if self.options.xor_magic { HeaderFlags::XOR_MAGIC } else { HeaderFlags::default() }
    }

    /// How the server is to encode its answers: like the requests, and never compressed.
    fn answer_flags(&self) -> RpcExt2Flags {
        if self.options.xor_magic {
            RpcExt2Flags::NO_COMPRESSION
        } else {
            RpcExt2Flags(RpcExt2Flags::NO_COMPRESSION.0 | RpcExt2Flags::NO_XOR_MAGIC.0)
        }
    }
}

impl Answer {
    /// Whether the session is gone.
    pub(super) fn session_gone(&self) -> bool {
        is_null(&self.handle)
    }

    /// The server object that the logon's response gives a handle of, or the code that says why there is none.
    pub(super) fn logon(&self) -> Result<Result<u32, ErrorCode>, AnswerError> {
        let payload = self.payloads.first().ok_or(AnswerError::NoLogon)?;
        let buffer = decode_response_buffer(payload)?;
        match buffer.responses.first() {
            Some(RopResponse::Logon(_)) => {
                buffer.handles.first().map(|object| Ok(*object)).ok_or(AnswerError::NoLogon)
            }
            Some(RopResponse::Failed { error, .. }) => Ok(Err(*error)),
            // What the store says unasked comes behind the answer.
            Some(
                RopResponse::NotificationRegistered { .. }
                | RopResponse::NotifyNewMail(_)
                | RopResponse::Pending { .. },
            )
            | None => Err(AnswerError::NoLogon),
        }
    }
}

fn request(opnum: u16, stub: Vec<u8>) -> Request {
    let opnum = Opnum(opnum);
    Request { opnum, stub }
}

fn nothing() -> RopBuffer {
    RopBuffer { rops: Vec::new(), handles: Vec::new() }
}

fn is_null(handle: &Handle) -> bool {
    *handle == emsmdb::interface::NULL_HANDLE
}

/// `ProcessID` of the program named at the connect; each later one has the next.
pub(super) const FIRST_PROCESS_ID: u16 = 1;
/// Windows code page.
const WESTERN_EUROPEAN: u32 = 1252;
/// Locale.
const ENGLISH_US: u32 = 0x0409;
/// `pcbOut`: one payload of 32 KB with its header.
const RGB_OUT_MAX: u32 = 0x8008;
/// `max_data` of `EcDoRpc`.
const LEGACY_MAX_DATA: u16 = 0x7FFF;
