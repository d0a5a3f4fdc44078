//! When an edit takes effect (S12 to S16, A7, A11 to A13, A23 to A25): acceptance tests 1 to 5 and 15.

use std::sync::Barrier;
use std::thread;

use emsmdb::ErrorCode;
use infostore::Transport;
use serde_json::{Value, json};

use super::site::{Foreign, Injected, Program, Site};
use crate::server::wire_client::WireClient;

pub(super) fn t01_an_edit_takes_effect_at_the_next_poll(via: Transport) {
    let site = Site::start(via);
    let (mut open, injected) = (site.foreign("mdl.exe"), site.inject("mdl.exe"));
    let mut outlook = site.foreign("OUTLOOK.EXE");

    site.go_to(1);
    site.write("processes", "mdl.exe");
    assert_eq!(site.go_to(899)["polls_run"], 0);
    let (mut late, late_injected) = (site.foreign("mdl.exe"), site.inject("mdl.exe"));
    assert!(site.is_connected(late_injected) && site.is_connected(injected));
    open.is_served();

    let tick = site.go_to(900);
    assert_eq!((&tick["polls_run"], &tick["disconnected"]), (&json!(1), &json!(4)));
    for open in [&mut open, &mut late] {
        open.is_closed();
    }
    for client in [injected, late_injected] {
        site.is_cut_off(client);
    }
    let ended = site.events("session.disconnected");
    assert_eq!(ended.len(), 4);
    assert!(ended.iter().all(|event| event["at"] == "2006-04-22T08:15:00Z"), "{ended:?}");

    site.go_to(901);
    site.refuses("mdl.exe");
    outlook.is_served();
}

pub(super) fn t02_a_restart_after_an_edit_brings_it_before_the_first_call(via: Transport) {
    let site = Site::start(via);
    let (mut open, injected) = (site.foreign("mdl.exe"), site.inject("mdl.exe"));
    site.go_to(1);
    site.write("processes", "mdl.exe");
    // Clients that call without pause while the service stops and starts: none gets in on the other side.
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let hammering = scope.spawn(|| {
            start.wait();
            let refused = |_| site.attempt("mdl.exe") == Some(ErrorCode::EC_CLIENT_VER_DISALLOWED);
            assert!((0..100_000).any(refused), "the service comes back");
        });
        start.wait();
        site.restart();
        hammering.join().expect("nobody panicked");
    });
    open.is_closed();
    site.is_cut_off(injected);
    site.refuses("mdl.exe");

    let events = site.events("");
    let place = |kind: &str| events.iter().rposition(|event| event["type"] == kind).expect(kind);
    assert!(place("store.stopped") < place("store.started"));
    // Whoever called before the first read was over was sent away.
    for event in &events[place("store.started") + 1..place("poll.completed")] {
        assert_eq!(event["refusal"], "not_running", "{event}");
    }
    assert_eq!(events[place("poll.completed")]["poll"]["trigger"], "start");
    assert!(place("session.connected") < place("store.stopped"), "nobody got in afterwards");
    assert_eq!(events[place("policy.changed")]["at"], "2006-04-22T08:00:01Z");
}

pub(super) fn t03_a_deleted_value_lets_clients_in_and_cuts_nobody_off(via: Transport) {
    let site = Site::start(via);
    site.write("processes", "mdl.exe");
    site.tick();
    let refused = site.inject("mdl.exe");
    let mut outlook = site.foreign("OUTLOOK.EXE");
    let generation = site.generation();

    site.delete("/block-lists/processes");
    site.refuses("mdl.exe");
    assert_eq!(site.tick(), 0);
    assert_eq!(site.generation(), generation + 1);
    site.reconnect(refused);
    assert!(site.is_connected(refused), "who was refused gets in with the next attempt");
    site.admits("mdl.exe");
    outlook.is_served();

    site.delete("/block-lists/processes");
    assert_eq!(site.tick(), 0);
    assert_eq!(site.generation(), generation + 1, "what is gone can't go again");
    assert_eq!(site.events("registry.changed").len(), 2, "written and deleted once");
}

pub(super) fn t04_an_edit_of_the_form_alone_changes_nothing(via: Transport) {
    let site = Site::start(via);
    site.write("processes", "mdl.exe; beta.exe");
    site.write("versions", "12.0.0-12.9.0, 10.0.2627");
    site.tick();
    let (mut outlook, injected) = (site.foreign("OUTLOOK.EXE"), site.inject("OUTLOOK.EXE"));
    let (generation, changes) = (site.generation(), site.events("policy.changed").len());
    for (list, text) in [
        ("processes", "MDL.EXE; beta.exe"),
        ("processes", "Beta.exe;mdl.exe"),
        ("processes", "  mdl.exe ;\t; beta.EXE;"),
        ("processes", r#""C:\Apps\mdl.exe"; beta.exe; BETA.exe"#),
        ("versions", "10.0.2627;12.0.0-12.9.0"),
        ("versions", "10.0.02627 ,, 12.0.0-12.5.0, 12.4.7-12.9.0"),
    ] {
        site.write(list, text);
        assert_eq!(site.tick(), 0, "{text}");
        assert_eq!(site.generation(), generation, "{text}");
    }
    assert_eq!(site.events("policy.changed").len(), changes);
    assert_eq!(site.disconnects(), 0);
    outlook.is_served();
    assert!(site.is_connected(injected));
    site.refuses("beta.exe");
}

/// What came of one racing client.
enum Racer {
    Injected(Injected),
    Foreign(Box<WireClient>, ErrorCode),
}

const RACERS: usize = 1_000;
const THREADS: usize = 4;

/// One thread's share of the racers: foreign clients that are bound already and all call before one of them reads its
/// answer, and meanwhile as many that are injected.
fn race(site: &Site, start: &Barrier, thread: usize) -> Vec<(bool, Racer)> {
    let mut bound: Vec<_> = (0..RACERS / THREADS / 2).map(|_| site.bind()).collect();
    start.wait();
    let listed = |n: usize| (n + thread).is_multiple_of(2);
    let process = |n: usize| if listed(n) { "mdl.exe" } else { "OUTLOOK.EXE" };
    for (n, wire) in bound.iter_mut().enumerate() {
        wire.start_connecting(process(n));
    }
    let both = |(n, mut wire): (usize, WireClient)| {
        let injected = Racer::Injected(site.inject(process(n)));
        let result = wire.connected().result;
        [(listed(n), Racer::Foreign(Box::new(wire), result)), (listed(n), injected)]
    };
    bound.into_iter().enumerate().flat_map(both).collect()
}

/// A thousand clients connect while the tick runs, half of them listed; half are injected, half foreign.
pub(super) fn t05_no_listed_session_survives_a_tick_that_it_raced(via: Transport) {
    let site = Site::start(via);
    site.write("processes", "mdl.exe");
    let start = Barrier::new(THREADS + 1);
    let racers: Vec<(bool, Racer)> = thread::scope(|scope| {
        let (site, start) = (&site, &start);
        let racing = (0..THREADS).map(|thread| scope.spawn(move || race(site, start, thread)));
        let racing: Vec<_> = racing.collect();
        start.wait();
        let sessions = || site.get("/sessions?limit=1")["total"].as_u64().expect("a number");
        assert!((0..100_000).any(|_| 100 <= sessions()), "some are in");
        site.tick();
        racing.into_iter().flat_map(|race| race.join().expect("nobody panicked")).collect()
    });
    assert_eq!(racers.len(), RACERS);
    for (listed, racer) in racers {
        match (listed, racer) {
            (true, Racer::Foreign(mut wire, ErrorCode::EC_NONE)) => {
                wire.sees_fin_and_nothing_else()
            }
            (true, Racer::Foreign(_, ErrorCode::EC_CLIENT_VER_DISALLOWED))
            | (false, Racer::Foreign(_, ErrorCode::EC_NONE)) => {}
            (listed, Racer::Foreign(_, result)) => panic!("listed: {listed}, {result}"),
            (listed, Racer::Injected(client)) => {
                assert_ne!(site.is_connected(client), listed, "{:?}", site.state(client));
            }
        }
    }
    assert_eq!(site.get("/sessions?process=mdl.exe")["items"], json!([]));
    let counts = &site.get("/v1/stores/default")["counts"];
    let count = |name: &str| counts[name].as_u64().expect("a number");
    let (refused, cut) = (count("refused"), count("disconnected"));
    assert!(0 < refused && 0 < cut, "the tick came amid them: {refused} refused, {cut} cut off");
    assert_eq!(refused + cut, 500);
}

pub(super) fn t15_a_value_created_later_is_followed_as_the_setting_says(via: Transport) {
    // R1, the default: the next poll sees it.
    let site = Site::start(via);
    site.write("processes", "mdl.exe");
    site.tick();
    site.refuses("mdl.exe");

    // R2: a value that did not exist when the service started waits for the next start.
    let site = Site::start(via);
    site.patch("/v1/stores/default", &json!({ "registry_watch": "armed_at_start" }));
    site.restart();
    let mut open = site.foreign("mdl.exe");
    for (list, text) in [("processes", "mdl.exe"), ("versions", "12.0.0-")] {
        site.write(list, text);
    }
    for _ in 0..2 {
        assert_eq!(site.tick(), 0);
    }
    open.is_served();
    let newer = Program::new("OUTLOOK.EXE").of_version("12.0.4518.1014");
    site.admits("mdl.exe");
    site.admits(newer);

    site.restart();
    open.is_closed();
    site.refuses("mdl.exe");
    site.refuses(newer);
    // From then on its changes count at once, its end included.
    let Foreign { mut wire, .. } = site.foreign("beta.exe");
    site.write("processes", "beta.exe");
    assert_ne!(site.tick(), 0);
    wire.sees_fin_and_nothing_else();
    site.admits("mdl.exe");
    site.delete("/block-lists/processes");
    site.tick();
    site.admits("beta.exe");
    assert_eq!(site.get("/block-lists/processes")["data"], Value::Null);
}
