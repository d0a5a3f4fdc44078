//! A client and a server's end of its connection, with the answers written by hand.

use std::collections::VecDeque;

use clock::SimTime;
use dcerpc::{
    Association, AssociationConfig, AssociationGroupId, FaultStatus, RpcEvent, SyntaxId, Uuid,
};
use emsmdb::rop::{FolderId, LogonFlags, LogonTime, RopResponse, RopResponseBuffer};
use emsmdb::{
    EMSMDB_UUID, EMSMDB_VERSION, EcDoConnectExResponse, EcDoConnectResponse,
    EcDoDisconnectResponse, EcDoRpcExt2Response, EcDoRpcResponse, EmsmdbRequest, ErrorCode,
    RpcExt2Flags, WireVersion, decode_request, rgb::encode_rgb_out,
};
use simulator::{Action, ClientMachine, ClientSpec, MachineOptions};

/// Any store time.
pub(super) const NOW: SimTime = SimTime::from_micros(1_145_692_800_000_000);

/// The session's context handle, that of the vectors.
pub(super) const HANDLE: [u8; 20] = [
    0, 0, 0, 0, 0, 0xEE, 0xFF, 0xC0, 0x34, 0x12, 0x78, 0x56, 0x9A, 0xBC, 0xDE, 0xF0, 0x12, 0x34,
    0x56, 0x78,
];

/// What the server does with a call.
pub(super) enum Reply {
    Stub(Vec<u8>),
    Fault(FaultStatus),
    /// Bytes that are no PDU.
    Raw(Vec<u8>),
    /// The connection closes.
    Close,
    /// No answer.
    None,
}

/// A client, and what it is connected to.
pub(super) struct Pipe {
    pub(super) client: ClientMachine,
    association: Option<Association>,
    /// Answers that differ from those of [`willing`], by the number of the call.
    special: Vec<(usize, Reply)>,
    /// Bytes that are given to the client at once.
    pub(super) chunk: usize,
    /// Every call, by its operation number.
    pub(super) calls: Vec<(u16, Vec<u8>)>,
    /// What the client sent first.
    pub(super) bind: Vec<u8>,
    pub(super) dials: usize,
    pub(super) hang_ups: usize,
}

impl Pipe {
    pub(super) fn new(spec: ClientSpec) -> Self {
        Self::with(spec, MachineOptions::default())
    }

    pub(super) fn with(spec: ClientSpec, options: MachineOptions) -> Self {
        Self {
            client: ClientMachine::new(spec, options),
            association: None,
            special: Vec::new(),
            chunk: usize::MAX,
            calls: Vec::new(),
            bind: Vec::new(),
            dials: 0,
            hang_ups: 0,
        }
    }

    /// Answers call number `call`, from 0, in this way.
    pub(super) fn reply(mut self, call: usize, reply: Reply) -> Self {
        self.special.push((call, reply));
        self
    }

    pub(super) fn connected(mut self) -> Self {
        self.client.connect(NOW);
        self.settle();
        self
    }

    pub(super) fn opnums(&self) -> Vec<u16> {
        self.calls.iter().map(|(opnum, _)| *opnum).collect()
    }

    pub(super) fn outcome(&self) -> Option<String> {
        self.client.outcome().map(ToString::to_string)
    }

    /// Lets both ends do what they have to do.
    pub(super) fn settle(&mut self) {
        while let Some(action) = self.client.poll_action() {
            match action {
                Action::Dial => self.dial(),
                Action::Send(bytes) => self.carry(&bytes),
                Action::HangUp => {
                    self.hang_ups += 1;
                    self.association = None;
                }
            }
        }
    }

    fn dial(&mut self) {
        assert!(self.association.is_none(), "it hangs up before it dials again");
        self.dials += 1;
        let (major, minor) = EMSMDB_VERSION;
        let emsmdb = SyntaxId { uuid: Uuid::from_u128(EMSMDB_UUID), major, minor };
        self.association = Some(Association::new(AssociationConfig {
            interfaces: vec![emsmdb],
            ..AssociationConfig::default()
        }));
        self.client.handle_connected(NOW);
    }

    fn carry(&mut self, bytes: &[u8]) {
        if self.bind.is_empty() {
            self.bind = bytes.to_vec();
        }
        // What is sent into a connection that is gone is lost.
        let Some(mut association) = self.association.take() else {
            return;
        };
        association.handle_bytes(bytes).expect("the client keeps to the protocol");
        let mut raw = VecDeque::new();
        let mut close = false;
        while let Some(event) = association.poll_event() {
            match event {
                RpcEvent::Bind { .. } => association.accept_group(AssociationGroupId(0x12345)),
                RpcEvent::Call(call) => {
                    let number = self.calls.len();
                    let opnum = call.opnum.0;
                    let special = self.special.iter().position(|(special, _)| *special == number);
                    let reply = special.map_or_else(
                        || Reply::Stub(willing(opnum, &call.stub)),
                        |index| self.special.remove(index).1,
                    );
                    self.calls.push((opnum, call.stub));
                    match reply {
                        Reply::Stub(stub) => association.respond(call.id, &stub).unwrap(),
                        Reply::Fault(status) => association.fault(call.id, status).unwrap(),
                        Reply::Raw(bytes) => raw.extend(bytes),
                        Reply::Close => close = true,
                        Reply::None => {}
                    }
                }
            }
        }
        let mut answer = Vec::new();
        while association.poll_transmit(&mut answer) {}
        answer.extend(raw);
        self.association = Some(association);
        for chunk in answer.chunks(self.chunk) {
            self.client.handle_bytes(NOW, chunk);
        }
        if close {
            self.association = None;
            self.client.handle_closed(NOW, "the server closed the connection");
        }
    }
}

/// The answers of a server that lets everybody in.
pub(super) fn willing(opnum: u16, stub: &[u8]) -> Vec<u8> {
    match decode_request(opnum, stub).expect("a request") {
        EmsmdbRequest::ConnectEx(request) => EcDoConnectExResponse {
            handle: HANDLE,
            best_version: request.client_version,
            server_version: WireVersion([6, 7651, 19]),
            ..EcDoConnectExResponse::refused(ErrorCode::EC_NONE)
        }
        .encode(),
        EmsmdbRequest::Connect(request) => EcDoConnectResponse {
            handle: HANDLE,
            client_version: request.client_version,
            ..EcDoConnectResponse::refused(ErrorCode::EC_NONE)
        }
        .encode(),
        EmsmdbRequest::RpcExt2(request) => {
            let payloads = emsmdb::rgb::decode_rgb_in(&request.rgb_in).unwrap();
            let rops = answer_rops(&payloads[0].bytes);
            EcDoRpcExt2Response {
                rgb_out: encode_rgb_out(&rops, request.flags).unwrap(),
                ..EcDoRpcExt2Response::failed(request.handle, ErrorCode::EC_NONE)
            }
            .encode()
        }
        EmsmdbRequest::Rpc(request) => EcDoRpcResponse {
            handle: request.handle,
            rops: answer_rops(&request.rops),
            ..EcDoRpcResponse::session_gone(ErrorCode::EC_NONE, request.max_data)
        }
        .encode(),
        EmsmdbRequest::Disconnect(_) => EcDoDisconnectResponse::CLOSED.encode(),
        EmsmdbRequest::DummyRpc
        | EmsmdbRequest::RegisterPush(_)
        | EmsmdbRequest::AsyncConnect(_) => panic!("no client calls it"),
    }
}

/// The response to opnum 11 with this answer to RopLogon.
pub(super) fn logon_answer(response: RopResponse) -> Vec<u8> {
    let rops = RopResponseBuffer { responses: vec![response], handles: vec![0x65] };
    EcDoRpcExt2Response {
        rgb_out: encode_rgb_out(&rops.encode(), RpcExt2Flags::default()).unwrap(),
        ..EcDoRpcExt2Response::failed(HANDLE, ErrorCode::EC_NONE)
    }
    .encode()
}

fn answer_rops(payload: &[u8]) -> Vec<u8> {
    let request = emsmdb::rop::decode_request_buffer(payload).unwrap();
    let responses = request.rops.iter().map(|_| RopResponse::Logon(mailbox()));
    RopResponseBuffer { responses: responses.collect(), handles: request.handles }.encode()
}

fn mailbox() -> emsmdb::rop::RopLogonResponse {
    emsmdb::rop::RopLogonResponse {
        output_index: 0,
        logon_flags: LogonFlags::PRIVATE,
        folder_ids: [FolderId::new(1, 1); 13],
        response_flags: 3,
        mailbox_guid: [1; 16],
        repl_id: 1,
        repl_guid: [2; 16],
        logon_time: LogonTime {
            seconds: 0,
            minutes: 0,
            hour: 8,
            day_of_week: 6,
            day: 22,
            month: 4,
            year: 2006,
        },
        gwart_time: 0,
        store_state: 0,
    }
}
