//! The journal: bounded, paged, and replayable at every cursor that it keeps.

use infostore::{EndReason, Epoch, Event, EventKind, Generation, Limits, Sequence};

use super::driver::{Driver, nameless, program, replayed};

/// The place before the first entry.
pub(crate) const BEFORE: Sequence = Sequence(0);

/// A store that remembers five entries and has written twelve, one of them that it forgets.
fn forgetful() -> Driver {
    let mut driver = Driver::limited(Limits { journal_entries: 5, ..Limits::default() });
    let ids: Vec<_> = (0..6).map(|_| driver.admit(&nameless()).session).collect();
    driver.end(ids[0], EndReason::Client);
    driver.report(ids[5], &["a.exe"]);
    driver.end(ids[4], EndReason::Transport);
    driver
}

/// A store whose journal has just begun to forget.
pub(crate) fn a_full_journal() -> Driver {
    let mut driver = Driver::limited(Limits { journal_entries: 3, ..Limits::default() });
    driver.admit(&nameless());
    driver.admit(&nameless());
    driver
}

fn numbers(driver: &Driver, after: u64, limit: usize) -> Option<(Vec<u64>, bool)> {
    let page = driver.store.journal().page(Sequence(after), limit)?;
    Some((page.entries.iter().map(|entry| entry.seq.0).collect(), page.more))
}

#[test]
fn the_oldest_entries_leave_first() {
    let driver = forgetful();
    let journal = driver.store.journal();
    assert_eq!(journal.cursor().seq, Sequence(12));
    assert_eq!(journal.cursor().epoch, Epoch(1));
    assert_eq!(journal.first(), Some(Sequence(8)));
    let kept: Vec<_> = journal.entries().map(|entry| entry.seq.0).collect();
    assert_eq!(kept, [8, 9, 10, 11, 12]);
}

#[test]
fn a_page_begins_after_its_cursor_and_says_whether_there_is_more() {
    let driver = forgetful();
    let rows = [
        ("all", 7, usize::MAX, Some((vec![8, 9, 10, 11, 12], false))),
        ("exactly all", 7, 5, Some((vec![8, 9, 10, 11, 12], false))),
        ("the first two", 7, 2, Some((vec![8, 9], true))),
        ("the middle", 9, 2, Some((vec![10, 11], true))),
        ("the rest", 10, 2, Some((vec![11, 12], false))),
        ("none of some", 10, 0, Some((vec![], true))),
        ("none of none", 12, 9, Some((vec![], false))),
        ("evicted", 6, 9, None),
        ("all evicted", 0, 9, None),
        ("past the end of numbers", u64::MAX, 9, None),
    ];
    for (row, after, limit, expected) in rows {
        assert_eq!(numbers(&driver, after, limit), expected, "{row}");
    }
}

#[test]
fn an_entry_is_found_by_its_number_while_it_is_kept() {
    let driver = forgetful();
    let entry = |seq| driver.store.journal().entry(Sequence(seq)).map(|entry| entry.seq.0);
    let found: Vec<_> = [0, 7, 8, 12, 13].map(entry).to_vec();
    assert_eq!(found, [None, None, Some(8), Some(12), None]);
}

#[test]
fn replay_shows_the_sessions_at_every_cursor_that_is_kept() {
    let driver = forgetful();
    let at = |seq| -> Option<Vec<u64>> {
        let past = driver.store.journal().past(Sequence(seq))?;
        Some(past.sessions_after(None).map(|session| session.id.0).collect())
    };
    let rows = [
        (6, None),
        (7, Some(vec![1, 2, 3, 4])),
        (8, Some(vec![1, 2, 3, 4, 5])),
        (9, Some(vec![1, 2, 3, 4, 5, 6])),
        (10, Some(vec![2, 3, 4, 5, 6])),
        (11, Some(vec![2, 3, 4, 5, 6])),
        (12, Some(vec![2, 3, 4, 6])),
        (13, None),
    ];
    for (seq, expected) in rows {
        assert_eq!(at(seq), expected, "at {seq}");
    }
}

#[test]
fn replay_shows_a_session_under_the_names_it_had_then() {
    let driver = forgetful();
    let nameless = |seq| driver.store.journal().past(Sequence(seq)).expect("kept").unidentified();
    assert_eq!([9, 10, 11, 12].map(nameless), [6, 5, 4, 3]);
}

#[test]
fn a_journal_of_one_entry_replays_its_checkpoint() {
    let mut driver = Driver::limited(Limits { journal_entries: 0, ..Limits::default() });
    for _ in 0..3 {
        driver.admit(&program("a.exe"));
    }
    let journal = driver.store.journal();
    assert_eq!(journal.entries().len(), 1, "it always keeps the newest");
    assert_eq!(replayed(journal, journal.cursor().seq), Some(driver.image()));
}

#[test]
fn an_admission_is_in_the_journal_in_the_same_call() {
    let mut driver = Driver::blocking("mdl.exe");
    let admitted = driver.admit(&program("a.exe"));
    let newest = driver.store.journal().entries().next_back();
    let Some(Event::SessionConnected { session, generation, .. }) =
        newest.map(|entry| &entry.event)
    else {
        panic!("{newest:?}");
    };
    assert_eq!(Some(session), driver.store.session(admitted.session));
    assert_eq!(*generation, admitted.generation);
}

#[test]
fn long_entries_make_the_oldest_leave_before_there_are_too_many() {
    let limits = Limits { journal_bytes: 20_000, ..Limits::default() };
    let mut driver = Driver::limited(limits);
    let names: Vec<String> = (0..200).map(|n| format!("{n}{}.exe", "x".repeat(1_000))).collect();
    for name in &names {
        driver.admit(&program(name));
    }
    let journal = driver.store.journal();
    assert!((2..20).contains(&journal.entries().len()), "{} entries", journal.entries().len());
    assert_eq!(journal.past(journal.cursor().seq).map(|past| past.session_count()), Some(200));
    assert!(journal.bytes() <= 20_000, "{}", journal.bytes());
}

#[test]
fn what_has_left_is_counted_and_that_something_leaves_is_said_once() {
    let driver = forgetful();
    let journal = driver.store.journal();
    let totals = [
        (EventKind::StoreStarted, 1),
        (EventKind::PollCompleted, 1),
        (EventKind::SessionConnected, 6),
        (EventKind::SessionEnded, 2),
        (EventKind::SessionIdentified, 1),
        (EventKind::JournalTruncated, 1),
        (EventKind::SessionRefused, 0),
    ];
    for (kind, expected) in totals {
        assert_eq!(journal.total(kind), expected, "{kind:?}");
    }
    let all: u64 = EventKind::ALL.iter().map(|kind| journal.total(*kind)).sum();
    assert_eq!((all, journal.evicted()), (12, 7));
}

#[test]
fn the_entry_that_makes_the_first_leave_comes_after_one_that_says_so() {
    let driver = a_full_journal();
    let kinds = driver.store.journal().entries().map(|entry| entry.event.kind());
    let (connected, full) = (EventKind::SessionConnected, EventKind::JournalTruncated);
    assert_eq!(kinds.collect::<Vec<_>>(), [connected, full, connected]);
    assert_eq!(driver.store.journal().evicted(), 2);
    let said = driver.store.journal().entries().find(|entry| entry.event.kind() == full);
    let bytes = Limits::default().journal_bytes;
    let expected = Event::JournalTruncated { entries: 3, bytes };
    assert_eq!(said.map(|entry| &entry.event), Some(&expected));
}

#[test]
fn the_past_knows_which_policy_was_in_force() {
    let mut driver = Driver::blocking("a.exe");
    let first = driver.cursor();
    driver.hive.list("b.exe");
    driver.tick();
    let at = |seq| driver.store.journal().past(seq).map(|past| past.generation());
    assert_eq!(at(first), Some(Generation(1)));
    assert_eq!(at(driver.cursor()), Some(Generation(2)));
    assert_eq!(at(BEFORE), Some(Generation(0)));
}
