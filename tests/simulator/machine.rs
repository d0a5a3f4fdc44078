//! What becomes of a client, whatever the server does.

use dcerpc::FaultStatus;
use emsmdb::rop::{RopId, RopResponse};
use emsmdb::{
    EcDoConnectExResponse, EcDoConnectResponse, EcDoRpcExt2Response, EcDoRpcResponse, ErrorCode,
};
use proptest::prelude::*;
use simulator::{Action, CallError, ClientMachine, ClientState, MachineOptions, ProcessName};

use super::pipe::{HANDLE, NOW, Pipe, Reply, logon_answer};
use super::{outlook, spec};

const DISALLOWED: ErrorCode = ErrorCode::EC_CLIENT_VER_DISALLOWED;

fn old() -> simulator::ClientSpec {
    spec(None, "5.0.3121.0")
}

#[test]
fn a_client_connects_opens_its_mailbox_and_stays() {
    let rows = [
        ("names its program", outlook(), vec![10, 11]),
        ("names none", spec(None, "11.0.5608.0"), vec![10, 11]),
        ("is from before opnum 10", old(), vec![0, 2]),
    ];
    for (name, spec, opnums) in rows {
        let pipe = Pipe::new(spec).connected();
        assert_eq!(pipe.client.state(), ClientState::Connected, "{name}");
        assert_eq!(pipe.outcome(), None, "{name}");
        assert_eq!(pipe.opnums(), opnums, "{name}");
        assert_eq!((pipe.client.attempts(), pipe.hang_ups), (1, 0), "{name}");
        assert_eq!(pipe.client.since(), Some(NOW), "{name}");
        assert_eq!(pipe.client.poll_timeout(), None, "{name}");
    }
}

#[test]
fn any_split_of_the_answers_gives_the_same_client() {
    for chunk in 1..200 {
        for spec in [outlook(), old()] {
            let mut pipe = Pipe::new(spec);
            pipe.chunk = chunk;
            let mut pipe = pipe.connected();
            assert_eq!(pipe.client.state(), ClientState::Connected, "{chunk}");
            pipe.client.disconnect(NOW);
            pipe.settle();
            assert_eq!(pipe.client.state(), ClientState::Idle, "{chunk}");
        }
    }
}

#[test]
fn what_the_server_answers_decides_where_a_connecting_client_stands() {
    let refused = |code| Reply::Stub(EcDoConnectExResponse::refused(code).encode());
    let failed_logon = |error| {
        let rop_id = RopId::LOGON;
        Reply::Stub(logon_answer(RopResponse::Failed { rop_id, handle_index: 0, error }))
    };
    let rpc_failed = |code| Reply::Stub(EcDoRpcExt2Response::failed(HANDLE, code).encode());
    let gone = Reply::Stub(EcDoRpcExt2Response::session_gone(DISALLOWED).encode());
    use ClientState::{Disconnected, Failed, Refused};
    let rows = [
        ("a code", 0, refused(DISALLOWED), Refused, "ecClientVerDisallowed"),
        ("a code without a name", 0, refused(ErrorCode(0x1234)), Refused, "0x00001234"),
        (
            "no code and no session",
            0,
            refused(ErrorCode::EC_NONE),
            Failed,
            "the server's answer is malformed: the session handle is null and the return value is ecNone",
        ),
        (
            "a fault",
            0,
            Reply::Fault(FaultStatus::OP_RNG_ERROR),
            Failed,
            "a call was answered with fault nca_s_op_rng_error (0x1c010002)",
        ),
        (
            "half an answer",
            0,
            Reply::Stub(vec![0; 20]),
            Failed,
            "the server's answer is malformed: EcDoConnectEx response: pcmsPollsMax at offset 20: needs 4 bytes, 0 \
             left",
        ),
        ("the end", 0, Reply::Close, Failed, "the server closed the connection"),
        (
            "garbage",
            0,
            Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            Failed,
            "the server broke the protocol: protocol version 72.84 is not 5.0 or 5.1, in the pdu at stream offset 80",
        ),
        ("no mailbox", 1, failed_logon(ErrorCode::EC_UNKNOWN_USER), Refused, "ecUnknownUser"),
        ("no operations", 1, rpc_failed(ErrorCode::EC_RPC_FORMAT), Refused, "ecRpcFormat"),
        (
            "an empty answer to the logon",
            1,
            rpc_failed(ErrorCode::EC_NONE),
            Failed,
            "the server's answer is malformed: RopLogon is not answered",
        ),
        (
            "the end of the session",
            1,
            gone,
            Disconnected,
            "the server ended the session with ecClientVerDisallowed",
        ),
        (
            "the end during the logon",
            1,
            Reply::Close,
            Disconnected,
            "the server closed the connection",
        ),
    ];
    for (name, call, reply, state, outcome) in rows {
        let closed = matches!(reply, Reply::Close);
        let pipe = Pipe::new(outlook()).reply(call, reply).connected();
        assert_eq!(pipe.client.state(), state, "{name}");
        assert_eq!(pipe.outcome().as_deref(), Some(outcome), "{name}");
        assert_eq!(pipe.hang_ups, usize::from(!closed), "{name}");
    }
}

#[test]
fn an_old_client_is_refused_and_cut_off_by_its_own_calls() {
    let refusal = Reply::Stub(EcDoConnectResponse::refused(DISALLOWED).encode());
    let pipe = Pipe::new(old()).reply(0, refusal).connected();
    assert_eq!(pipe.client.state(), ClientState::Refused);
    assert_eq!(pipe.outcome().as_deref(), Some("ecClientVerDisallowed"));

    let gone = Reply::Stub(EcDoRpcResponse::session_gone(DISALLOWED, 0x7FFF).encode());
    let mut pipe = Pipe::new(old()).reply(2, gone).connected();
    pipe.client.touch().unwrap();
    pipe.settle();
    assert_eq!(pipe.client.state(), ClientState::Disconnected);
}

#[test]
fn what_the_server_does_decides_where_a_connected_client_stands() {
    let gone = |code| Reply::Stub(EcDoRpcExt2Response::session_gone(code).encode());
    let failed =
        Reply::Stub(EcDoRpcExt2Response::failed(HANDLE, ErrorCode::EC_SERVER_BUSY).encode());
    use ClientState::{Connected, Disconnected, Failed};
    let rows = [
        (
            "a null handle",
            gone(DISALLOWED),
            Disconnected,
            "the server ended the session with ecClientVerDisallowed",
        ),
        (
            "a null handle and no code",
            gone(ErrorCode::EC_NONE),
            Disconnected,
            "the server ended the session",
        ),
        ("the end", Reply::Close, Disconnected, "the server closed the connection"),
        ("an error", failed, Connected, "a call was answered with ecServerBusy"),
        (
            "a fault",
            Reply::Fault(FaultStatus::CONTEXT_MISMATCH),
            Failed,
            "a call was answered with fault nca_s_fault_context_mismatch (0x1c00001a)",
        ),
    ];
    for (name, reply, state, outcome) in rows {
        let mut pipe = Pipe::new(outlook()).reply(2, reply).connected();
        pipe.client.touch().unwrap();
        pipe.settle();
        assert_eq!(pipe.client.state(), state, "{name}");
        assert_eq!(pipe.outcome().as_deref(), Some(outcome), "{name}");
    }
}

#[test]
fn an_idle_client_that_is_cut_off_makes_no_further_move() {
    let mut pipe = Pipe::new(outlook()).connected();
    pipe.client.handle_closed(NOW, "the server closed the connection");
    assert_eq!(pipe.client.state(), ClientState::Disconnected);
    assert_eq!(pipe.client.poll_action(), None);
    pipe.client.handle_bytes(NOW, b"late");
    pipe.client.handle_closed(NOW, "twice");
    assert_eq!(pipe.outcome().as_deref(), Some("the server closed the connection"));
}

#[test]
fn a_connection_that_cannot_be_made_is_a_failure() {
    let mut client = ClientMachine::new(outlook(), MachineOptions::default());
    client.connect(NOW);
    assert_eq!(client.poll_action(), Some(Action::Dial));
    client.handle_closed(NOW, "nobody listens");
    assert_eq!(client.state(), ClientState::Failed);
    assert_eq!(client.outcome().unwrap().to_string(), "nobody listens");
    assert_eq!(client.poll_action(), None);
}

#[test]
fn disconnecting_ends_the_session_before_the_connection() {
    let mut pipe = Pipe::new(outlook()).connected();
    pipe.client.disconnect(NOW);
    pipe.client.disconnect(NOW);
    assert_eq!(pipe.client.touch(), Err(CallError::NotConnected { state: ClientState::Connected }));
    pipe.settle();
    assert_eq!(pipe.opnums(), [10, 11, 1]);
    assert_eq!((pipe.client.state(), pipe.hang_ups), (ClientState::Idle, 1));
    assert_eq!(pipe.outcome(), None);
}

#[test]
fn a_client_whose_farewell_is_not_answered_is_idle_once_the_connection_is_gone() {
    for reply in [Reply::Close, Reply::None] {
        let mut pipe = Pipe::new(outlook()).reply(2, reply).connected();
        pipe.client.disconnect(NOW);
        pipe.settle();
        pipe.client.handle_closed(NOW, "gone");
        assert_eq!(pipe.client.state(), ClientState::Idle);
    }
}

#[test]
fn a_client_that_is_still_connecting_hangs_up_at_once() {
    let mut pipe = Pipe::new(outlook()).reply(0, Reply::None).connected();
    assert_eq!(pipe.client.state(), ClientState::Connecting);
    pipe.client.disconnect(NOW);
    pipe.settle();
    assert_eq!((pipe.client.state(), pipe.hang_ups), (ClientState::Idle, 1));
}

#[test]
fn connecting_again_hangs_up_first() {
    let mut pipe = Pipe::new(outlook()).connected();
    pipe.client.connect(NOW);
    pipe.settle();
    assert_eq!(pipe.client.state(), ClientState::Connected);
    assert_eq!((pipe.dials, pipe.hang_ups, pipe.client.attempts()), (2, 1, 2));
}

#[test]
fn a_refused_client_can_try_again() {
    let refusal = Reply::Stub(EcDoConnectExResponse::refused(DISALLOWED).encode());
    let mut pipe = Pipe::new(outlook()).reply(0, refusal).connected();
    assert_eq!(pipe.client.touch(), Err(CallError::NotConnected { state: ClientState::Refused }));
    pipe.client.connect(NOW);
    pipe.settle();
    assert_eq!(pipe.client.state(), ClientState::Connected);
    assert_eq!(pipe.outcome(), None);
}

#[test]
fn only_a_client_with_an_auxiliary_buffer_names_a_program_late() {
    let process = ProcessName::new("mdl.exe").unwrap();
    let mut pipe = Pipe::new(old()).connected();
    assert_eq!(pipe.client.report(&process), Err(CallError::NoAuxiliaryBuffer));
    let mut idle = ClientMachine::new(outlook(), MachineOptions::default());
    let error = idle.report(&process).unwrap_err();
    assert_eq!(error.to_string(), "the client is idle, and only a connected one makes calls");
}

#[test]
fn calls_are_made_one_after_the_other() {
    let mut pipe = Pipe::new(outlook()).connected();
    pipe.client.touch().unwrap();
    pipe.client.report(&ProcessName::new("mdl.exe").unwrap()).unwrap();
    pipe.client.disconnect(NOW);
    pipe.settle();
    assert_eq!(pipe.opnums(), [10, 11, 11, 11, 1]);
    assert_eq!(pipe.client.state(), ClientState::Idle);
}

proptest! {
    #[test]
    fn no_bytes_make_a_client_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), call in 0..3_usize) {
        let mut pipe = Pipe::new(outlook()).reply(call, Reply::Raw(bytes.clone())).connected();
        let touched = pipe.client.touch().is_ok();
        pipe.settle();
        pipe.client.handle_closed(NOW, "closed");
        prop_assert!(touched || pipe.client.state() != ClientState::Connected);
    }

    #[test]
    fn no_answer_makes_a_client_panic(stub in proptest::collection::vec(any::<u8>(), 0..300), call in 0..3_usize) {
        let mut pipe = Pipe::new(outlook()).reply(call, Reply::Stub(stub)).connected();
        // A client that is not connected refuses, which is all the same here.
        let _ = pipe.client.touch();
        pipe.settle();
    }
}
