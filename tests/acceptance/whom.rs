//! Whom the lists hit (A14, A15, A17, A19): acceptance tests 6 to 8.

use infostore::Transport;
use serde_json::{Value, json};

use super::site::{Program, Site};

pub(super) fn t06_a_client_without_a_process_block_is_admitted_and_counted(via: Transport) {
    let site = Site::start(via);
    site.write("processes", "mdl.exe");
    site.tick();
    site.refuses("mdl.exe");
    // What it calls itself elsewhere is no process name; and a client before Outlook 2003 has no way to give one.
    let (injected, mut foreign) = (site.inject(Program::NAMELESS), site.foreign(Program::NAMELESS));
    let old = site.inject(Program::NAMELESS.of_version("10.0.0.6515"));
    foreign.is_served();
    assert!(site.is_connected(injected) && site.is_connected(old));

    let sessions = site.get("/sessions");
    assert_eq!((&sessions["total"], &sessions["unidentified"]), (&json!(3), &json!(3)));
    let unnamed = |session: &Value| session["process"] == Value::Null;
    assert!(sessions["items"].as_array().expect("a list").iter().all(unnamed), "{sessions}");
    assert_eq!(site.get("/v1/stores/default")["counts"]["unidentified"], 3);

    site.write("processes", "mdl.exe; other.exe");
    assert_eq!(site.tick(), 0);
    let swept = site.events("enforcement.completed").pop().expect("a sweep");
    assert_eq!((&swept["kept"], &swept["unidentified"]), (&json!(3), &json!(3)));
    foreign.is_served();
}

pub(super) fn t07_a_late_name_ends_the_session_in_its_call(via: Transport) {
    let site = Site::start(via);
    site.write("processes", "late.exe");
    site.tick();
    let send = |client, process: &str| {
        site.post(&format!("/clients/{client}/send"), &json!({ "process": process }))
    };

    let client = site.inject(Program::NAMELESS);
    assert_eq!(send(client, "early.exe")["state"], "connected");
    let told = send(client, r"C:\Beta\LATE.EXE");
    assert_eq!(told["state"], "disconnected");
    assert_eq!(told["outcome"], "the server ended the session with ecClientVerDisallowed");

    let mut foreign = site.foreign("OUTLOOK.EXE");
    foreign.is_told(Some("Late.exe"));
    foreign.is_closed();

    let ended = site.events("session.disconnected");
    assert_eq!(ended.len(), 2);
    for event in ended {
        assert_eq!((&event["cause"], &event["reason"]), (&json!("client"), &json!("policy")));
        assert_eq!(event["code"]["value"], 0x4DF);
    }
    let kept: Vec<_> =
        site.events("session.identified").iter().map(|event| event["kept"].clone()).collect();
    assert_eq!(kept, [json!(true), json!(false), json!(false)]);

    // A late name that was not listed when it came is swept like one that was there from the beginning.
    let early = site.inject(Program::NAMELESS);
    assert_eq!(send(early, "early.exe")["state"], "connected");
    site.write("processes", "late.exe; early.exe");
    site.tick();
    assert_eq!(site.get(&format!("/clients/{early}"))["state"], "disconnected");
}

pub(super) fn t08_each_list_suffices_to_refuse(via: Transport) {
    for (processes, versions, refused_by) in [
        ("beta.exe", "12.0.0-", Value::Null),
        ("mdl.exe", "12.0.0-", json!("processes")),
        ("beta.exe", "11.0.0-11.9999.0", json!("versions")),
        ("mdl.exe", "-11.5608.0", json!("processes")),
        ("", "11.5608.0", json!("versions")),
        ("mdl.exe", "", json!("processes")),
    ] {
        let site = Site::start(via);
        let (mut open, injected) = (site.foreign("mdl.exe"), site.inject("mdl.exe"));
        site.write("processes", processes);
        site.write("versions", versions);
        let cut = site.tick();
        if refused_by == Value::Null {
            assert_eq!(cut, 0);
            open.is_served();
            site.admits("mdl.exe");
            continue;
        }
        assert_eq!(cut, 2, "{processes} {versions}");
        open.is_closed();
        site.is_cut_off(injected);
        site.refuses("mdl.exe");
        for refused in site.events("session.refused") {
            assert_eq!(refused["code"], json!({"name":"ecClientVerDisallowed","value":0x4DF}));
            assert_eq!(refused["decision"]["list"], refused_by, "{processes} {versions}");
        }
    }
}
