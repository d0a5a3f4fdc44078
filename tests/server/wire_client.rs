//! A MAPI client of the tests: a blocking socket under the client role of the codec, one call at a time.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use dcerpc::{
    AssociationGroupId, ClientAssociation, ClientEvent, ClientOptions, FaultStatus, Opnum,
    SyntaxId, Uuid,
};
use emsmdb::aux::{AuxBlock, AuxPerfProcessInfo, encode_aux};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::rop::{
    LogonFlags, OpenFlags, RopBuffer, RopLogonRequest, RopRequest, RopResponse, RopResponseBuffer,
    decode_response_buffer,
};
use emsmdb::{
    ASYNC_EMSMDB_UUID, ASYNC_EMSMDB_VERSION, EMSMDB_UUID, EMSMDB_VERSION, EcDoConnectExRequest,
    EcDoConnectExResponse, EcDoDisconnectRequest, EcDoDisconnectResponse, EcDoRpcExt2Request,
    EcDoRpcExt2Response, ErrorCode, RpcExt2Flags, WireVersion, opnum, rgb,
};

/// Bounds a failure; nothing waits for it otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A socket that takes nothing for so long is full: the server would have read.
const FULL: Duration = Duration::from_millis(500);

pub(crate) const NULL: [u8; 20] = [0; 20];

/// How much stub a fragment of 5840 bytes holds.
const FRAGMENT: usize = 5_816;

/// A ROP buffer without operations: RopSize alone.
const NO_ROPS: [u8; 2] = [2, 0];

/// 11.0.5608.0 in the old scheme.
pub(crate) const OUTLOOK_2003: WireVersion = WireVersion([0x000B, 0x15E8, 0]);

pub(crate) struct WireClient {
    stream: TcpStream,
    association: ClientAssociation,
    pub(crate) group: AssociationGroupId,
}

/// How a call ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Called {
    Response(Vec<u8>),
    Fault(FaultStatus),
}

impl WireClient {
    pub(crate) fn bind(server: SocketAddr, group: Option<AssociationGroupId>) -> Self {
        Self::dial(server, group).bound()
    }

    /// A connection for several calls at once, which its bind may ask for.
    pub(crate) fn bind_for_several(server: SocketAddr, multiplexed: bool) -> Self {
        let options = ClientOptions { multiplexed, ..ClientOptions::default() };
        Self::dial_as(server, None, ((EMSMDB_UUID, EMSMDB_VERSION), options)).bound()
    }

    /// Waits for the answer to the bind.
    fn bound(mut self) -> Self {
        match self.next_event() {
            Some(ClientEvent::Bound { group }) => self.group = group,
            event => panic!("the bind was answered with {event:?}"),
        }
        self
    }

    /// Whether a bind that asks for this group is refused.
    pub(crate) fn bind_is_refused(server: SocketAddr, group: AssociationGroupId) -> bool {
        let event = Self::dial(server, Some(group)).next_event();
        matches!(event, Some(ClientEvent::BindRefused(_)))
    }

    /// EcDoConnectEx on a connection of its own to a server that may close it at any time: the code, if there was one.
    pub(crate) fn attempt(server: SocketAddr, process: &str) -> Option<ErrorCode> {
        let mut client = Self::dial(server, None);
        client.try_next_event().ok()?.filter(|event| matches!(event, ClientEvent::Bound { .. }))?;
        let stub = connect_request(process_block(process), OUTLOOK_2003).encode();
        client.association.call(Opnum(opnum::EC_DO_CONNECT_EX), &stub);
        match client.try_next_event().ok()?? {
            ClientEvent::Response { stub, .. } => {
                Some(EcDoConnectExResponse::decode(&stub).expect("a response").result)
            }
            event => panic!("the call was answered with {event:?}"),
        }
    }

    /// Sends the bind of a connection that was only dialled.
    pub(crate) fn send_bind(mut self) -> Self {
        self.flush();
        self
    }

    /// A connection to AsyncEMSMDB.
    pub(crate) fn bind_async(server: SocketAddr, group: Option<AssociationGroupId>) -> Self {
        Self::dial_async(server, group).bound()
    }

    /// Whether the server knows of no AsyncEMSMDB.
    pub(crate) fn async_bind_is_refused(server: SocketAddr) -> bool {
        !matches!(Self::dial_async(server, None).next_event(), Some(ClientEvent::Bound { .. }))
    }

    fn dial_async(server: SocketAddr, group: Option<AssociationGroupId>) -> Self {
        Self::dial_interface(server, group, (ASYNC_EMSMDB_UUID, ASYNC_EMSMDB_VERSION))
    }

    /// A connection with a bind that has not been sent.
    pub(crate) fn dial(server: SocketAddr, group: Option<AssociationGroupId>) -> Self {
        Self::dial_interface(server, group, (EMSMDB_UUID, EMSMDB_VERSION))
    }

    fn dial_interface(
        server: SocketAddr,
        group: Option<AssociationGroupId>,
        interface: (u128, (u16, u16)),
    ) -> Self {
        Self::dial_as(server, group, (interface, ClientOptions::default()))
    }

    fn dial_as(
        server: SocketAddr,
        group: Option<AssociationGroupId>,
        ((uuid, (major, minor)), options): ((u128, (u16, u16)), ClientOptions),
    ) -> Self {
        let stream = TcpStream::connect(server).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let interface = SyntaxId { uuid: Uuid::from_u128(uuid), major, minor };
        let mut association = ClientAssociation::new(interface, options);
        association.bind(group);
        Self { stream, association, group: AssociationGroupId(0) }
    }

    /// EcDoConnectEx as `process`, or without an auxiliary buffer.
    pub(crate) fn connect(&mut self, process: Option<&str>) -> EcDoConnectExResponse {
        self.connect_as(process, OUTLOOK_2003)
    }

    pub(crate) fn connect_as(
        &mut self,
        process: Option<&str>,
        client_version: WireVersion,
    ) -> EcDoConnectExResponse {
        self.connect_with(process.map_or_else(Vec::new, process_block), client_version)
    }

    /// EcDoConnectEx as several programs at once.
    pub(crate) fn connect_named(&mut self, processes: &[&str]) -> EcDoConnectExResponse {
        self.connect_with(process_blocks(processes), OUTLOOK_2003)
    }

    /// EcDoConnectEx with this `rgbAuxIn`.
    pub(crate) fn connect_with(
        &mut self,
        aux_in: Vec<u8>,
        client_version: WireVersion,
    ) -> EcDoConnectExResponse {
        self.send_connect(aux_in, client_version);
        self.connected()
    }

    /// EcDoConnectEx with this `rgbAuxIn`, whose answer is left for [`WireClient::connected`].
    fn send_connect(&mut self, aux_in: Vec<u8>, client_version: WireVersion) {
        self.send(opnum::EC_DO_CONNECT_EX, &connect_request(aux_in, client_version).encode());
    }

    /// EcDoConnectEx as `process`, whose answer is left for [`WireClient::connected`].
    pub(crate) fn start_connecting(&mut self, process: &str) {
        self.send_connect(process_block(process), OUTLOOK_2003);
    }

    /// The answer to an EcDoConnectEx.
    pub(crate) fn connected(&mut self) -> EcDoConnectExResponse {
        match self.answer() {
            Called::Response(stub) => EcDoConnectExResponse::decode(&stub).expect("a response"),
            fault @ Called::Fault(_) => panic!("{fault:?}"),
        }
    }

    /// EcDoRpcExt2 with these operations; `late` is a process name that comes along.
    pub(crate) fn ext2(
        &mut self,
        handle: [u8; 20],
        rops: Vec<RopRequest>,
        late: Option<&str>,
    ) -> Called {
        self.send_ext2(handle, &RopBuffer { rops, handles: vec![0xFFFF_FFFF] }.encode(), late);
        self.answer()
    }

    fn send_ext2(&mut self, handle: [u8; 20], payload: &[u8], late: Option<&str>) {
        let rgb_in = rgb::encode_rgb_in(payload, HeaderFlags::LAST).unwrap();
        let aux_in = late.map_or_else(Vec::new, process_block);
        let request = EcDoRpcExt2Request { aux_in, ..ext2_request(handle, rgb_in) };
        self.send(opnum::EC_DO_RPC_EXT2, &request.encode());
    }

    /// An empty EcDoRpcExt2: the handle in the answer, and the code.
    pub(crate) fn touch(&mut self, handle: [u8; 20], late: Option<&str>) -> ([u8; 20], ErrorCode) {
        self.send_ext2(handle, &NO_ROPS, late);
        self.touched()
    }

    pub(crate) fn send_touch(&mut self, handle: [u8; 20]) {
        self.send_ext2(handle, &NO_ROPS, None);
    }

    pub(crate) fn touched(&mut self) -> ([u8; 20], ErrorCode) {
        let response = self.ext2_response();
        (response.handle, response.result)
    }

    fn ext2_response(&mut self) -> EcDoRpcExt2Response {
        match self.answer() {
            Called::Response(stub) => EcDoRpcExt2Response::decode(&stub).expect("a response"),
            fault @ Called::Fault(_) => panic!("{fault:?}"),
        }
    }

    /// An EcDoRpcExt2 with these operations and handles: its answer.
    pub(crate) fn exchange(&mut self, handle: [u8; 20], buffer: RopBuffer) -> RopResponseBuffer {
        self.exchange_within(handle, buffer, 0x8008)
    }

    /// The same, where the client takes so many bytes.
    pub(crate) fn exchange_within(
        &mut self,
        handle: [u8; 20],
        buffer: RopBuffer,
        rgb_out_max: u32,
    ) -> RopResponseBuffer {
        let rgb_in = rgb::encode_rgb_in(&buffer.encode(), HeaderFlags::LAST).unwrap();
        let request = EcDoRpcExt2Request { rgb_out_max, ..ext2_request(handle, rgb_in) };
        self.send(opnum::EC_DO_RPC_EXT2, &request.encode());
        let response = self.ext2_response();
        assert_eq!((response.handle, response.result), (handle, ErrorCode::EC_NONE));
        assert!(response.rgb_out.len() <= usize::try_from(rgb_out_max).unwrap());
        let payloads = rgb::decode_rgb_in(&response.rgb_out).expect("one payload");
        decode_response_buffer(&payloads[0].bytes).expect("responses")
    }

    /// What the operations of an EcDoRpcExt2 are answered, or the code of the call.
    pub(crate) fn rops(
        &mut self,
        handle: [u8; 20],
        rops: Vec<RopRequest>,
    ) -> Result<Vec<RopResponse>, ErrorCode> {
        self.send_ext2(handle, &RopBuffer { rops, handles: vec![0xFFFF_FFFF] }.encode(), None);
        let response = self.ext2_response();
        assert_eq!(response.handle, handle);
        if response.result != ErrorCode::EC_NONE {
            return Err(response.result);
        }
        let payloads = rgb::decode_rgb_in(&response.rgb_out).expect("one payload");
        Ok(decode_response_buffer(&payloads[0].bytes).expect("responses").responses)
    }

    /// A buffer whose RopSize points past its end.
    pub(crate) fn malformed_rops(&mut self, handle: [u8; 20]) -> ([u8; 20], ErrorCode) {
        self.send_ext2(handle, &[0xFF, 0x00, 0x01], None);
        self.touched()
    }

    pub(crate) fn private_logon() -> RopRequest {
        RopRequest::Logon(RopLogonRequest {
            logon_id: 0,
            output_index: 0,
            logon_flags: LogonFlags::PRIVATE,
            open_flags: OpenFlags(0x0C),
            store_state: 0,
            essdn: Some(b"/o=First Organization/cn=janedow".to_vec()),
        })
    }

    pub(crate) fn logon(&mut self, handle: [u8; 20]) -> RopResponse {
        let mut answers = self.rops(handle, vec![Self::private_logon()]).expect("no code");
        answers.remove(0)
    }

    pub(crate) fn disconnect(&mut self, handle: [u8; 20]) -> Called {
        self.call(opnum::EC_DO_DISCONNECT, &EcDoDisconnectRequest { handle }.encode())
    }

    pub(crate) fn send_disconnect(&mut self, handle: [u8; 20]) {
        self.send(opnum::EC_DO_DISCONNECT, &EcDoDisconnectRequest { handle }.encode());
    }

    pub(crate) fn call(&mut self, opnum: u16, stub: &[u8]) -> Called {
        self.send(opnum, stub);
        self.answer()
    }

    pub(crate) fn send(&mut self, opnum: u16, stub: &[u8]) {
        self.association.call(Opnum(opnum), stub);
        self.flush();
    }

    /// Sends a call past the association, which would wait for its turn.
    pub(crate) fn send_past(&mut self, call: u32, opnum: u16, stub: &[u8]) {
        self.send_fragment(3, call, opnum, stub);
    }

    /// The same, in as many fragments as it takes.
    pub(crate) fn send_past_fragmented(&mut self, call: u32, opnum: u16, stub: &[u8]) {
        let last = stub.len().div_ceil(FRAGMENT) - 1;
        for (at, piece) in stub.chunks(FRAGMENT).enumerate() {
            let flags = u8::from(at == 0) | if at == last { 2 } else { 0 };
            self.send_fragment(flags, call, opnum, piece);
        }
    }

    fn send_fragment(&mut self, flags: u8, call: u32, opnum: u16, stub: &[u8]) {
        let length = u16::try_from(24 + stub.len()).unwrap();
        let header =
            [&[5, 0, 0, flags, 0x10, 0, 0, 0][..], &length.to_le_bytes(), &[0, 0]].concat();
        let hint = u32::try_from(stub.len()).unwrap().to_le_bytes();
        let body = [&call.to_le_bytes()[..], &hint, &[0, 0], &opnum.to_le_bytes(), stub].concat();
        self.stream.write_all(&[header, body].concat()).expect("the server reads");
    }

    /// Makes a call whose request PDU `split` turns into others.
    pub(crate) fn send_split(
        &mut self,
        opnum: u16,
        stub: &[u8],
        split: impl FnOnce(&[u8]) -> Vec<Vec<u8>>,
    ) {
        self.association.call(Opnum(opnum), stub);
        let mut whole = Vec::new();
        while self.association.poll_transmit(&mut whole) {}
        for pdu in split(&whole) {
            self.stream.write_all(&pdu).expect("the server reads");
        }
    }

    pub(crate) fn answer(&mut self) -> Called {
        match self.next_event() {
            Some(ClientEvent::Response { stub, .. }) => Called::Response(stub),
            Some(ClientEvent::Fault { status, .. }) => Called::Fault(status),
            event => panic!("the call was answered with {event:?}"),
        }
    }

    /// Sends calls without pause, reading the answers, until the server closes the connection or so many bytes are sent;
    /// whether all were.
    pub(crate) fn flood(&mut self, bytes: usize) -> bool {
        let mut sent = 0;
        let mut answers = [0; 65_536];
        while sent < bytes {
            let mut out = Vec::new();
            for _ in 0..100 {
                self.association.call(Opnum(opnum::EC_DUMMY_RPC), &[]);
            }
            while self.association.poll_transmit(&mut out) {}
            sent += out.len();
            if self.stream.write_all(&out).is_err() {
                return false;
            }
            match self.stream.read(&mut answers) {
                Ok(count @ 1..) => drop(self.association.handle_bytes(&answers[..count])),
                Ok(0) | Err(_) => return false,
            }
            while self.association.poll_event().is_some() {}
        }
        true
    }

    /// Sends calls and reads no answer, until the server has no more room for answers and the kernel none for calls.
    ///
    /// The association would wait for each answer, so the calls after the first are its bytes with other numbers.
    pub(crate) fn send_until_full(&mut self) {
        self.association.call(Opnum(opnum::EC_DUMMY_RPC), &[]);
        let mut call = Vec::new();
        while self.association.poll_transmit(&mut call) {}
        self.stream.set_write_timeout(Some(FULL)).unwrap();
        // No kernel buffers as much as the calls may come to.
        let full = (1_000_u32..1_000_000).find_map(|number| {
            call[12..16].copy_from_slice(&number.to_le_bytes());
            self.stream.write_all(&call).err()
        });
        let full = full.expect("a server that can't answer stops reading");
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock, "the server keeps the connection");
    }

    /// Many orphaned PDUs, which have no answer.
    pub(crate) fn send_orphaned(&mut self) {
        let pdu = [5, 0, 19, 3, 0x10, 0, 0, 0, 16, 0, 0, 0, 9, 0, 0, 0];
        self.stream.write_all(&pdu.repeat(1_000)).expect("the server reads");
    }

    /// Asserts that the server has closed the connection, with a FIN and not one byte before it.
    pub(crate) fn sees_fin_and_nothing_else(&mut self) {
        let mut byte = [0];
        assert_eq!(
            self.stream.read(&mut byte).expect("a FIN, not a reset"),
            0,
            "a byte came unasked"
        );
    }

    /// Reads a byte that does not come: 0 when the server closed the connection.
    pub(crate) fn read_end(&mut self) -> io::Result<usize> {
        self.stream.read(&mut [0])
    }

    /// Everything until the server closes the connection.
    pub(crate) fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).map(|_| bytes)
    }

    /// So many bytes, past the association.
    pub(crate) fn read_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// One PDU, past the association.
    pub(crate) fn read_pdu(&mut self) -> Vec<u8> {
        let header = self.read_bytes(16);
        let length = usize::from(u16::from_le_bytes([header[8], header[9]]));
        [header, self.read_bytes(length - 16)].concat()
    }

    /// Asserts that nothing has come.
    pub(crate) fn has_nothing(&mut self) {
        self.stream.set_nonblocking(true).unwrap();
        let read = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        assert_eq!(read.expect_err("a byte came").kind(), io::ErrorKind::WouldBlock);
    }

    /// The next event; none when the server closed the connection first.
    fn next_event(&mut self) -> Option<ClientEvent> {
        self.try_next_event().expect("the server answers")
    }

    fn try_next_event(&mut self) -> io::Result<Option<ClientEvent>> {
        self.try_flush()?;
        loop {
            if let Some(event) = self.association.poll_event() {
                return Ok(Some(event));
            }
            let mut bytes = [0; 4_096];
            let count = self.stream.read(&mut bytes)?;
            if count == 0 {
                return Ok(None);
            }
            self.association
                .handle_bytes(&bytes[..count])
                .expect("the server keeps to the protocol");
        }
    }

    fn flush(&mut self) {
        self.try_flush().expect("the server reads");
    }

    fn try_flush(&mut self) -> io::Result<()> {
        let mut out = Vec::new();
        while self.association.poll_transmit(&mut out) {}
        self.stream.write_all(&out)
    }
}

pub(crate) fn connect_request(
    aux_in: Vec<u8>,
    client_version: WireVersion,
) -> EcDoConnectExRequest {
    EcDoConnectExRequest {
        user_dn: b"/o=First Organization/cn=janedow".to_vec(),
        flags: 0,
        con_mod: 0x2A2A_2A2A,
        limit: 0,
        code_page: 1252,
        lcid_string: 1033,
        lcid_sort: 1033,
        link: 0xFFFF_FFFF,
        can_convert_code_pages: 1,
        client_version,
        time_stamp: 0,
        aux_in,
        aux_out_max: 0x1008,
    }
}

/// EcDoRpcExt2 with this rgbIn, whose answer is neither compressed nor obfuscated.
pub(crate) fn ext2_request(handle: [u8; 20], rgb_in: Vec<u8>) -> EcDoRpcExt2Request {
    EcDoRpcExt2Request {
        handle,
        flags: RpcExt2Flags(3),
        rgb_in,
        rgb_out_max: 0x8008,
        aux_in: Vec::new(),
        aux_out_max: 0x1008,
    }
}

pub(crate) fn closed() -> Called {
    Called::Response(EcDoDisconnectResponse::CLOSED.encode())
}

pub(crate) fn process_block(name: &str) -> Vec<u8> {
    process_blocks(&[name])
}

fn process_blocks(names: &[&str]) -> Vec<u8> {
    let block = |name: &&str| {
        AuxBlock::ProcessInfo(AuxPerfProcessInfo {
            version: 2,
            process_id: 1,
            process_guid: [7; 16],
            name: Some(name.encode_utf16().collect()),
        })
    };
    encode_aux(&names.iter().map(block).collect::<Vec<_>>(), HeaderFlags::LAST)
}
