//! What fault rules do to clients that nobody injected, seen on the wire.

use std::collections::BTreeSet;
use std::io;

use dcerpc::FaultStatus;
use emsmdb::{ErrorCode, opnum};
use infostore::Transport;
use serde_json::json;

use crate::acceptance::site::Site;
use crate::server::wire_client::{Called, NULL, closed};

fn site() -> Site {
    Site::start(Transport::Pipe)
}

/// What ends a connection, as its client's socket says it.
fn end(result: io::Result<usize>) -> Result<usize, io::ErrorKind> {
    result.map_err(|error| error.kind())
}

#[test]
fn a_connection_that_is_refused_is_reset_and_a_bind_is_told() {
    let site = site();
    site.fault_once("accept", &json!({ "refuse": true }));
    assert_eq!(end(site.dial().read_end()), Err(io::ErrorKind::ConnectionReset));
    site.fault_once("bind", &json!({ "refuse": true }));
    let bytes = site.dial().send_bind().read_all().expect("a bind_nak and the end");
    assert_eq!(bytes[2], 13, "bind_nak");
    site.bind();
}

#[test]
fn a_reset_is_a_reset_and_a_close_is_a_close() {
    let site = site();
    for stage in ["connect", "rpc", "disconnect"] {
        for direction in ["to_client", "to_server"] {
            let mut client = site.foreign("a.exe");
            let place = json!({ "stage": stage, "direction": direction });
            let once = json!({ "next": 1 });
            site.rule(&json!({ "match": place, "effect": { "reset": true }, "schedule": once }));
            match stage {
                "connect" => client.wire.start_connecting("b.exe"),
                "rpc" => client.wire.send_touch(client.handle),
                _ => client.wire.send_disconnect(client.handle),
            }
            assert_eq!(
                end(client.wire.read_end()),
                Err(io::ErrorKind::ConnectionReset),
                "{stage} {direction}"
            );
        }
    }
    let mut client = site.foreign("a.exe");
    site.fault_once("rpc", &json!({ "close_after": 10 }));
    client.wire.send_touch(client.handle);
    assert_eq!(client.wire.read_all().expect("a FIN").len(), 10);
}

#[test]
fn calls_are_answered_as_the_rule_says_and_not_made() {
    let site = site();
    let mut client = site.foreign("a.exe");
    site.fault_once("rpc", &json!({ "rpc_fault": "nca_s_server_too_busy" }));
    assert_eq!(
        client.wire.ext2(client.handle, vec![], Some("late.exe")),
        Called::Fault(FaultStatus::SERVER_TOO_BUSY)
    );
    site.fault_once("rpc", &json!({ "ec": "ecServerBusy" }));
    let touched = client.wire.touch(client.handle, Some("late.exe"));
    assert_eq!(touched, (client.handle, ErrorCode::EC_SERVER_BUSY), "the session stays");
    site.fault_once("rpc", &json!({ "ec": "ecServerBusy" }));
    let dummy = client.wire.call(opnum::EC_DUMMY_RPC, &[]);
    assert_eq!(dummy, Called::Response(vec![0x80, 4, 0, 0]));
    site.fault_once("rpc", &json!({ "rpc_fault": 7 }));
    assert_eq!(
        client.wire.call(99, &[]),
        Called::Fault(FaultStatus(7)),
        "nor is one that is unknown"
    );
    site.fault_once("disconnect", &json!({ "ec": "ecServerBusy" }));
    let Called::Response(stub) = client.wire.disconnect(client.handle) else { panic!("a fault") };
    assert_eq!((&stub[..20], &stub[20..]), (&client.handle[..], &[0x80, 4, 0, 0][..]));
    assert!(site.events("session.identified").is_empty(), "no call was made");
    client.is_served();
    site.fault_once("connect", &json!({ "ec": "ecServerBusy" }));
    let refused = client.wire.connect(Some("b.exe"));
    assert_eq!((refused.result, refused.handle), (ErrorCode::EC_SERVER_BUSY, NULL));
    site.fault_once("connect", &json!({ "rpc_fault": "nca_s_fault_cancel" }));
    client.wire.start_connecting("b.exe");
    assert_eq!(client.wire.answer(), Called::Fault(FaultStatus::CANCEL));
    assert_eq!(client.wire.disconnect(client.handle), closed());
}

#[test]
fn bits_are_flipped_where_the_rule_says_or_draws() {
    let site = site();
    let ask = || {
        let mut client = site.bind();
        client.send(opnum::EC_DUMMY_RPC, &[]);
        client
    };
    let whole = ask().read_pdu();
    let mut places = BTreeSet::new();
    for n in 0..50 {
        let effect = if n == 0 { json!({ "byte": 24, "mask": 3 }) } else { json!({}) };
        site.fault_once("rpc", &json!({ "corrupt": effect }));
        let corrupt = ask().read_bytes(whole.len());
        let differ: Vec<_> = (0..whole.len()).filter(|at| whole[*at] != corrupt[*at]).collect();
        let [at] = differ[..] else { panic!("{differ:?}") };
        let flipped = whole[at] ^ corrupt[at];
        if n == 0 {
            assert_eq!((at, flipped), (24, 3));
        } else {
            assert_eq!(flipped.count_ones(), 1);
            places.insert(at);
        }
    }
    assert!(10 < places.len(), "each rule has a stream of its own: {places:?}");
}

#[test]
fn late_answers_come_when_store_time_gets_there_and_slow_ones_byte_by_byte() {
    let site = site();
    let mut client = site.foreign("a.exe");
    site.fault_once("rpc", &json!({ "latency": "10s" }));
    client.wire.send_touch(client.handle);
    site.until_deadline("2006-04-22T08:00:10Z");
    site.wait("9999ms");
    client.wire.has_nothing();
    site.wait("1ms");
    assert_eq!(client.wire.touched(), (client.handle, ErrorCode::EC_NONE));

    site.fault_once("rpc", &json!({ "slow_bytes": { "bytes": 10, "per": "1s" } }));
    client.wire.send_touch(client.handle);
    for second in 11..=13 {
        site.until_deadline(&format!("2006-04-22T08:00:{second}Z"));
        client.wire.has_nothing();
        site.wait("1s");
        assert_eq!(client.wire.read_bytes(10).len(), 10);
    }
}

#[test]
fn a_client_that_hangs_is_let_go_by_hanging_up_by_the_policy_and_by_the_rule() {
    let site = site();
    let hang = site.fault("rpc", &json!({ "hang": true }));
    let hung = |process: &str| {
        let mut client = site.foreign(process);
        client.wire.send_touch(client.handle);
        site.until_hits(hang, 1);
        client
    };
    drop(hung("a.exe"));
    site.until_sessions(0);
    site.patch(&format!("/faults/{hang}"), &json!({ "paused": true }));
    site.patch(&format!("/faults/{hang}"), &json!({ "paused": false }));
    let mut client = site.foreign("mdl.exe");
    client.wire.send_touch(client.handle);
    site.until_hits(hang, 2);
    site.apply("processes", "mdl.exe");
    client.is_closed();
    let mut client = site.foreign("b.exe");
    client.wire.send_touch(client.handle);
    site.until_hits(hang, 3);
    site.remove(hang);
    assert_eq!(client.wire.touched(), (client.handle, ErrorCode::EC_NONE));
}

#[test]
fn a_process_block_comes_late_or_never() {
    let site = site();
    site.apply("processes", "mdl.exe");
    site.fault_once("connect", &json!({ "late_aux": "next_call" }));
    let mut client = site.foreign("mdl.exe");
    assert_eq!(
        client.wire.touch(client.handle, None),
        (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED),
        "its next call brings it"
    );
    client.is_closed();
    site.fault_once("connect", &json!({ "late_aux": "dropped" }));
    let mut client = site.foreign("mdl.exe");
    client.is_served();
    assert_eq!(
        client.wire.touch(client.handle, Some("mdl.exe")).0,
        NULL,
        "unless it is said again"
    );
}

/// The endpoint mapper's own port is no rule's affair, nor are other interfaces' calls.
#[test]
fn rules_leave_the_endpoint_mapper_alone() {
    let site = site();
    for stage in ["accept", "bind"] {
        site.fault(stage, &json!({ "refuse": true }));
    }
    assert_eq!(site.dial_mapper().send_bind().read_pdu()[2], 12, "a bind_ack");
    assert!(site.events("fault.hit").is_empty());
}
