//! The sweep: whom a new list cuts off, once, in what order, and with what in the journal (S14, S15, A23 to A25).

use infostore::{Cause, DisconnectReason, SessionId};
use registry_poll::PollNumber;

use super::driver::{Driver, START, after, nameless, program};

/// A sweep over five sessions of four classes, whose class order is not their session order.
pub(crate) fn a_sweep() -> Driver {
    let mut driver = Driver::blocking("old.exe");
    for client in
        [program("z.exe"), program("keep.exe"), program("a.exe"), nameless(), program("z.exe")]
    {
        driver.admit(&client);
    }
    driver.hive.list("a.exe; Z.EXE");
    driver.walk_to(after(900));
    driver
}

#[test]
fn a_sweep_is_journalled_in_session_order_between_the_poll_and_its_totals() {
    let driver = a_sweep();
    let entries = driver.entries_after(super::journal::BEFORE);
    let sweep = &entries[entries.len() - 9..];
    let story: Vec<_> = sweep.iter().map(super::story::story).collect();
    assert_eq!(
        story,
        [
            "poll.completed 2 (tick) changed 2",
            "policy.changed to 2: +[\"a.exe\", \"Z.EXE\"] -[\"old.exe\"]",
            "session.disconnected 1 (policy) under 2",
            "session.ended 1 (policy)",
            "session.disconnected 3 (policy) under 2",
            "session.ended 3 (policy)",
            "session.disconnected 5 (policy) under 2",
            "session.ended 5 (policy)",
            "enforcement.completed of 2: -3 =2 ?1",
        ]
    );
    assert!(sweep.iter().all(|entry| entry.cause == Cause::Poll(PollNumber(2))));
    assert!(sweep.iter().all(|entry| entry.at == after(900)));
}

#[test]
fn each_session_of_a_sweep_is_dropped_once_where_it_lives() {
    let driver = a_sweep();
    let dropped: Vec<_> = driver.dropped.iter().map(|drop| drop.session.0).collect();
    assert_eq!(dropped, [1, 3, 5]);
    let groups: Vec<_> = driver.dropped.iter().map(|drop| drop.association.group.0).collect();
    assert_eq!(groups, [1, 3, 5]);
    let items = driver.dropped.iter().map(|drop| match &drop.reason {
        DisconnectReason::Policy(cause) => cause.item.text.to_string(),
        other => panic!("{other:?}"),
    });
    assert_eq!(items.collect::<Vec<_>>(), ["Z.EXE", "a.exe", "Z.EXE"]);
    assert_eq!(driver.store.counts().disconnected, 3);
    assert_eq!(driver.live(), [SessionId(2), SessionId(4)]);
}

#[test]
fn newly_blocked_process_is_disconnected_once() {
    let mut driver = a_sweep();
    let before = driver.dropped.len();
    driver.walk_to(after(9_000));
    driver.hive.list("a.exe; z.exe; another.exe");
    driver.walk_to(after(18_000));
    assert_eq!(driver.dropped.len(), before);
}

#[test]
fn a_name_that_leaves_the_list_brings_nobody_back() {
    let mut driver = a_sweep();
    driver.hive.list("z.exe");
    let story = driver.story_of(Driver::tick);
    assert_eq!(story.last().unwrap(), "enforcement.completed of 3: -0 =2 ?1");
    assert_eq!(driver.live().len(), 2);
    driver.admit(&program("a.exe"));
}

#[test]
fn a_client_that_connects_while_the_new_list_is_read_does_not_survive_it() {
    let mut driver = Driver::blocking("old.exe");
    driver.held = true;
    driver.hive.list("mdl.exe");
    driver.walk_to(after(900));
    assert_eq!(driver.reads.len(), 1, "the read is in flight");
    let survivor = driver.admit(&program("a.exe")).session;
    let racers: Vec<_> = (0..1_000).map(|_| driver.admit(&program("mdl.exe")).session).collect();

    driver.answer();
    let dropped: Vec<_> = driver.dropped.iter().map(|drop| drop.session).collect();
    assert_eq!(dropped, racers);
    assert_eq!(driver.live(), [survivor]);
    driver.refuse(&program("mdl.exe"));
}

#[test]
fn an_answer_cuts_by_the_names_known_when_it_comes() {
    let mut driver = Driver::blocking("");
    driver.held = true;
    let session = driver.admit(&nameless()).session;
    driver.hive.list("mdl.exe");
    driver.walk_to(after(900));
    driver.report(session, &["mdl.exe"]);
    assert_eq!(driver.live(), [session], "not listed yet");
    driver.answer();
    assert_eq!(driver.live(), []);
}

#[test]
fn the_sweep_leaves_no_deadline_but_the_next_tick() {
    let driver = a_sweep();
    assert_eq!(driver.store.poll_timeout(), Some(after(1_800)));
    assert_eq!(driver.store.schedule().next_tick().since(START).as_secs(), 1_800);
}
