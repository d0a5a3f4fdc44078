//! The limits: each is a named refusal that leaves nothing behind, and frees with what it counts.

use std::collections::BTreeSet;

use infostore::{EndReason, Limits, Refusal, SessionId, SessionIndex};

use super::driver::{Client, Driver, nameless, program};

const SMALL: Limits = Limits {
    sessions: 3,
    classes: 2,
    names_per_session: 2,
    journal_entries: 1_000,
    journal_bytes: usize::MAX,
    polls_kept: 10,
    polls_bytes: usize::MAX,
    snapshots: 10,
    snapshot_bytes: usize::MAX,
};

fn three_names() -> Client {
    program("a.exe").and("b.exe").and("c.exe")
}

/// A store that refuses for every limit, and cuts off a session that grows past one.
pub(crate) fn a_full_house() -> Driver {
    let mut driver = Driver::limited(SMALL);
    driver.refuse(&three_names());
    let talker = driver.admit(&program("a.exe")).session;
    driver.admit(&program("b.exe"));
    driver.refuse(&program("c.exe"));
    driver.admit(&program("a.exe"));
    driver.refuse(&program("a.exe"));
    driver.report(talker, &["d.exe", "e.exe"]);
    driver
}

#[test]
fn each_limit_has_a_refusal_of_its_own() {
    let driver = a_full_house();
    let story: Vec<_> = driver.story_after(super::journal::BEFORE);
    assert_eq!(
        story[2..],
        [
            "session.refused (too many names) under 0",
            "session.connected 1 under 0",
            "session.connected 2 under 0",
            "session.refused (class limit) under 0",
            "session.connected 3 under 0",
            "session.refused (session limit) under 0",
            "session.identified 1 (not kept)",
            "session.disconnected 1 (limit) under 0",
            "session.ended 1 (limit)",
        ]
    );
}

#[test]
fn a_refused_client_leaves_nothing_behind() {
    let mut driver = Driver::limited(SMALL);
    driver.admit(&program("a.exe"));
    driver.admit(&program("b.exe"));
    let before = driver.store.counts();
    for client in [three_names(), program("c.exe"), program("a.exe").of_version(9, 0)] {
        driver.refuse(&client);
    }
    let after = driver.store.counts();
    assert_eq!(after.refused, before.refused + 3);
    assert_eq!(infostore::Counts { refused: before.refused, ..after }, before);
    let next = driver.admit(&program("a.exe"));
    assert_eq!((next.session, next.index), (SessionId(3), SessionIndex(2)), "nothing was used up");
}

#[test]
fn a_listed_program_is_refused_as_listed_though_the_store_is_full() {
    let mut driver = Driver::limited(Limits { sessions: 0, ..SMALL });
    driver.hive.list("a.exe");
    driver.tick();
    assert!(matches!(driver.refuse(&three_names()), Refusal::Policy(_)));
    assert_eq!(driver.refuse(&program("b.exe")), Refusal::SessionLimit);
}

#[test]
fn an_end_lets_the_next_client_in() {
    let mut driver = Driver::limited(Limits { classes: 10, ..SMALL });
    let ids: Vec<_> = (0..3).map(|_| driver.admit(&program("a.exe")).session).collect();
    assert_eq!(driver.refuse(&program("a.exe")), Refusal::SessionLimit);
    driver.end(ids[1], EndReason::Client);
    driver.admit(&program("a.exe"));
    assert_eq!(driver.refuse(&program("a.exe")), Refusal::SessionLimit);
}

#[test]
fn a_class_is_freed_with_its_last_session() {
    let mut driver = Driver::limited(SMALL);
    let first = driver.admit(&program("a.exe")).session;
    let second = driver.admit(&program("a.exe")).session;
    driver.admit(&program("b.exe"));
    driver.end(first, EndReason::Client);
    assert_eq!(driver.refuse(&program("c.exe")), Refusal::ClassLimit);
    driver.end(second, EndReason::Client);
    driver.admit(&program("c.exe"));
    assert_eq!(driver.store.counts().classes, 2);
}

#[test]
fn a_late_name_that_needs_a_class_too_many_ends_the_session() {
    let mut driver = Driver::limited(SMALL);
    let late = driver.admit(&nameless()).session;
    let stays = driver.admit(&nameless()).session;
    driver.admit(&program("b.exe"));
    driver.report(late, &["c.exe"]);
    assert_eq!(driver.store.session(late), None);
    assert!(driver.store.session(stays).is_some());
    assert_eq!(driver.store.counts().classes, 2);
}

#[test]
fn a_late_name_of_a_known_class_is_no_class_too_many() {
    let mut driver = Driver::limited(SMALL);
    let late = driver.admit(&nameless()).session;
    driver.admit(&program("b.exe"));
    driver.report(late, &["b.exe"]);
    assert_eq!(driver.live().len(), 2);
    assert_eq!(driver.store.counts().classes, 1);
}

#[test]
fn the_only_session_of_its_class_may_take_another_at_the_limit() {
    let mut driver = Driver::limited(SMALL);
    let late = driver.admit(&nameless()).session;
    driver.admit(&program("b.exe"));
    driver.report(late, &["c.exe"]);
    assert_eq!(driver.live().len(), 2, "it frees the class that it leaves");
    assert_eq!(driver.store.counts().classes, 2);
}

#[test]
fn session_indexes_are_used_round_and_round() {
    let mut driver = Driver::limited(Limits { journal_entries: 4, ..Limits::default() });
    let held = driver.admit(&nameless());
    assert_eq!(held.index, SessionIndex(0));
    for expected in 1..u16::MAX {
        let admitted = driver.admit(&nameless());
        assert_eq!(admitted.index, SessionIndex(expected), "not used again before the others");
        driver.end(admitted.session, EndReason::Client);
    }
    let wrapped = driver.admit(&nameless()).index;
    assert_eq!(wrapped, SessionIndex(1), "FFFFh is no index, and 0 is in use");
}

#[test]
fn session_indexes_are_unique_up_to_65_535_sessions() {
    let mut driver = Driver::limited(Limits { journal_entries: 4, ..Limits::default() });
    let admitted: Vec<_> = (0..65_535).map(|_| driver.admit(&nameless())).collect();
    let indexes: BTreeSet<_> = admitted.iter().map(|admitted| admitted.index).collect();
    assert_eq!(indexes.len(), 65_535);
    assert!(!indexes.contains(&SessionIndex(u16::MAX)));

    let freed = admitted[40_000];
    driver.end(freed.session, EndReason::Transport);
    assert_eq!(driver.admit(&nameless()).index, freed.index, "the only one that is free");
    let shared = driver.admit(&nameless());
    assert_ne!(shared.index, SessionIndex(u16::MAX), "above that one is shared");
    driver.end(shared.session, EndReason::Client);
    let again = driver.admit(&nameless());
    assert_ne!(again.index, SessionIndex(u16::MAX));
    assert_eq!(driver.store.counts().sessions, 65_536);
}
