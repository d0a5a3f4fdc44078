//! Which clients a list hits, and what they see of it: A14 to A20, A27.

use dcerpc::FaultStatus;
use emsmdb::{EcDoConnectExResponse, ErrorCode, opnum};
use infostore::Transport;
use serde_json::{Value, json};

use crate::acceptance::site::{Program, Site, assert_is_refusal};
use crate::server::wire_client::{Called, NULL, OUTLOOK_2003, connect_request, process_block};

const OUTLOOK_2007: &str = "12.0.4518.1014";

fn blocking(list: &str) -> Site {
    let site = Site::start(Transport::Tcp);
    site.apply("processes", list);
    site
}

pub(super) fn a14_either_list_is_enough_each_for_itself() {
    let site = blocking("mdl.exe");
    site.apply("versions", "12.0.0-");
    for (program, list) in [
        (Program::new("mdl.exe"), "processes"),
        (Program::new("OUTLOOK.EXE").of_version(OUTLOOK_2007), "versions"),
        (Program::new("mdl.exe").of_version(OUTLOOK_2007), "processes"),
    ] {
        site.refuses(program);
        let refused = site.events("session.refused").pop().expect("a refusal");
        assert_eq!(refused["decision"]["list"], list, "{program:?}");
        assert_eq!(refused["code"]["name"], "ecClientVerDisallowed");
    }
    site.admits("OUTLOOK.EXE");
}

pub(super) fn a15_whoever_has_no_name_is_admitted_and_counted() {
    let site = blocking("mdl.exe");
    let (injected, mut foreign) = (site.inject(Program::NAMELESS), site.foreign(Program::NAMELESS));
    assert!(site.is_connected(injected));
    foreign.is_served();
    assert_eq!(site.get("/v1/stores/default")["counts"]["unidentified"], 2);
    // Whoever sends a name has one, whatever its version.
    site.refuses(Program::new("mdl.exe").of_version("16.0.4266.1003"));
}

pub(super) fn a16_a_renamed_program_is_another_program() {
    let site = blocking("mdl.exe");
    let mut renamed = site.foreign("not-mdl.exe");
    site.tick();
    renamed.is_served();
    let shown = site.get("/sessions")["items"][0]["process"].clone();
    assert_eq!(shown, "not-mdl.exe", "it is shown as what it says");
}

pub(super) fn a17_a_late_name_is_decided_in_the_call_that_brings_it() {
    let site = blocking("late.exe");
    let mut foreign = site.foreign(Program::NAMELESS);
    foreign.is_served();
    foreign.is_told(Some(r"C:\LATE.EXE"));
    foreign.is_closed();
    let last = site.events("").into_iter().rev().take(3);
    let last: Vec<_> = last.map(|event| event["type"].clone()).collect();
    assert_eq!(last, ["session.ended", "session.disconnected", "session.identified"]);

    // A name that is not listed now is remembered for the next list.
    let mut foreign = site.foreign("early.exe");
    foreign.wire.touch(foreign.handle, Some("addin.exe"));
    site.write("processes", "addin.exe");
    assert_eq!(site.tick(), 1);
    foreign.is_closed();
}

pub(super) fn a18_any_name_is_enough_and_a_link_carries_nothing() {
    let site = blocking("mdl.exe");
    let refused = site.bind().connect_named(&["OUTLOOK.EXE", "mdl.exe"]);
    assert_eq!((refused.result, refused.handle), (ErrorCode::EC_CLIENT_VER_DISALLOWED, NULL));

    // Two sessions of one client, the second linked to the first: each is judged by its own names.
    let mut wire = site.bind();
    let first = wire.connect(Some("beta.exe"));
    let mut request = connect_request(process_block("OUTLOOK.EXE"), OUTLOOK_2003);
    request.link = u32::from(first.session_index);
    request.time_stamp = first.time_stamp;
    wire.send(opnum::EC_DO_CONNECT_EX, &request.encode());
    let linked = wire.connected();
    assert_eq!(linked.result, ErrorCode::EC_NONE);
    let of = |process: &str| site.get(&format!("/sessions?process={process}"))["items"][0].clone();
    assert_eq!(of("OUTLOOK.EXE")["linked_to"], of("beta.exe")["id"]);

    site.write("processes", "beta.exe");
    assert_eq!(site.tick(), 1);
    assert_eq!(wire.touch(linked.handle, None), (linked.handle, ErrorCode::EC_NONE));
    assert_eq!(wire.touch(first.handle, None), (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED));
}

pub(super) fn a19_a_refused_client_gets_4df_and_a_null_handle() {
    let site = blocking("mdl.exe");
    let mut wire = site.bind();
    let request = connect_request(process_block("mdl.exe"), OUTLOOK_2003);
    let answer = wire.call(opnum::EC_DO_CONNECT_EX, &request.encode());
    assert_is_refusal(&answer);
    let refused = EcDoConnectExResponse::refused(ErrorCode::EC_CLIENT_VER_DISALLOWED);
    assert_eq!(answer, Called::Response(refused.encode()), "nothing else is said");
    let next = wire.connect(Some("OUTLOOK.EXE"));
    assert_eq!(next.result, ErrorCode::EC_NONE, "on the same connection");
    let shown = site.events("session.refused").pop().expect("a refusal");
    assert_eq!(shown["code"], json!({ "name": "ecClientVerDisallowed", "value": 1247 }));
}

pub(super) fn a20_disconnected_means_closed_after_what_is_in_flight() {
    let site = Site::start(Transport::Tcp);
    let (mut idle, mut busy) = (site.foreign("mdl.exe"), site.foreign("mdl.exe"));
    let mut first = site.bind();
    let doomed = first.connect(Some("mdl.exe")).handle;
    let mut second = site.bind_beside(first.group);
    let kept = second.connect(Some("OUTLOOK.EXE")).handle;
    site.write("processes", "mdl.exe");
    busy.wire.send_touch(busy.handle);
    assert_eq!(site.tick(), 3);
    idle.is_closed();
    // Before the sweep it was an answer like any other, after it the one that tells of the end.
    match busy.wire.touched() {
        (handle, ErrorCode::EC_NONE) => assert_eq!(handle, busy.handle),
        told => assert_eq!(told, (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED)),
    }
    busy.is_closed();
    // The group holds another live session: its connections stay, and the dead handle tells once.
    assert_eq!(first.touch(doomed, None), (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED));
    assert_eq!(first.ext2(doomed, vec![], None), Called::Fault(FaultStatus::CONTEXT_MISMATCH));
    assert_eq!(second.touch(kept, None), (kept, ErrorCode::EC_NONE));

    site.patch("/v1/stores/default", &json!({ "disconnect": "context" }));
    site.write("processes", "outlook.exe");
    assert_eq!(site.tick(), 1);
    assert_eq!(second.touch(kept, None), (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED));
    assert!(matches!(first.call(opnum::EC_DUMMY_RPC, &[]), Called::Response(_)), "it is open");
}

pub(super) fn a27_every_session_is_judged_whatever_opens_it() {
    for via in [Transport::Pipe, Transport::Tcp] {
        let site = Site::start(via);
        let old = Program::NAMELESS.of_version("5.0.3164.0");
        let programs = [old, Program::NAMELESS, Program::new("OUTLOOK.EXE")];
        let injected = programs.map(|program| site.inject(program));
        let mut foreign = site.foreign("mdl.exe");
        let sessions = site.get("/sessions");
        let sessions = sessions["items"].as_array().expect("a list").iter();
        let interfaces: Vec<_> = sessions.map(|session| session["interface"].clone()).collect();
        assert_eq!(interfaces, ["EcDoConnect", "EcDoConnectEx", "EcDoConnectEx", "EcDoConnectEx"]);

        // All MAPI clients, and not Exchange's own components.
        site.write("versions", "0.0.0-5.32767.65535; 7.0.0-");
        assert_eq!(site.tick(), 4);
        for client in injected {
            site.is_cut_off(client);
        }
        foreign.is_closed();
        for program in programs {
            site.refuses(program);
        }
        let decisions = site.get("/decisions?limit=1000");
        let refused = |decision: &&Value| decision["action"] == "refused";
        let decisions = decisions["items"].as_array().expect("a list").iter();
        assert_eq!(decisions.filter(refused).count(), 5, "each attempt is a decision of its own");
    }
}
