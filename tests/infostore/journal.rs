//! The journal: bounded, paged, and replayable at every cursor that it keeps.

use infostore::{EndReason, Epoch, Event, Limits, Sequence};

use super::driver::{Driver, nameless, program};

/// The place before the first entry.
pub(crate) const BEFORE: Sequence = Sequence(0);

/// A store that remembers five entries and has written eleven.
fn forgetful() -> Driver {
    let mut driver = Driver::limited(Limits { journal_entries: 5, ..Limits::default() });
    let ids: Vec<_> = (0..6).map(|_| driver.admit(&nameless()).session).collect();
    driver.end(ids[0], EndReason::Client);
    driver.report(ids[5], &["a.exe"]);
    driver.end(ids[4], EndReason::Transport);
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
    assert_eq!(journal.cursor().seq, Sequence(11));
    assert_eq!(journal.cursor().epoch, Epoch(1));
    assert_eq!(journal.first(), Some(Sequence(7)));
    let kept: Vec<_> = journal.entries().map(|entry| entry.seq.0).collect();
    assert_eq!(kept, [7, 8, 9, 10, 11]);
}

#[test]
fn a_page_begins_after_its_cursor_and_says_whether_there_is_more() {
    let driver = forgetful();
    let rows = [
        ("all", 6, usize::MAX, Some((vec![7, 8, 9, 10, 11], false))),
        ("exactly all", 6, 5, Some((vec![7, 8, 9, 10, 11], false))),
        ("the first two", 6, 2, Some((vec![7, 8], true))),
        ("the middle", 8, 2, Some((vec![9, 10], true))),
        ("the rest", 9, 2, Some((vec![10, 11], false))),
        ("none of some", 9, 0, Some((vec![], true))),
        ("none of none", 11, 9, Some((vec![], false))),
        ("evicted", 5, 9, None),
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
    let found: Vec<_> = [0, 6, 7, 11, 12].map(entry).to_vec();
    assert_eq!(found, [None, None, Some(7), Some(11), None]);
}

#[test]
fn replay_shows_the_sessions_at_every_cursor_that_is_kept() {
    let driver = forgetful();
    let at = |seq| -> Option<Vec<u64>> {
        let image = driver.store.journal().replay(Sequence(seq))?;
        Some(image.keys().map(|id| id.0).collect())
    };
    let rows = [
        (5, None),
        (6, Some(vec![1, 2, 3, 4])),
        (7, Some(vec![1, 2, 3, 4, 5])),
        (8, Some(vec![1, 2, 3, 4, 5, 6])),
        (9, Some(vec![2, 3, 4, 5, 6])),
        (10, Some(vec![2, 3, 4, 5, 6])),
        (11, Some(vec![2, 3, 4, 6])),
        (12, None),
    ];
    for (seq, expected) in rows {
        assert_eq!(at(seq), expected, "at {seq}");
    }
}

#[test]
fn replay_shows_a_session_under_the_names_it_had_then() {
    let driver = forgetful();
    let identified = |seq| {
        let image = driver.store.journal().replay(Sequence(seq)).expect("kept");
        image.values().filter(|session| session.identity.subject.is_identified()).count()
    };
    assert_eq!([9, 10, 11].map(identified), [0, 1, 1]);
}

#[test]
fn a_journal_of_one_entry_replays_its_checkpoint() {
    let mut driver = Driver::limited(Limits { journal_entries: 0, ..Limits::default() });
    for _ in 0..3 {
        driver.admit(&program("a.exe"));
    }
    let journal = driver.store.journal();
    assert_eq!(journal.entries().len(), 1, "it always keeps the newest");
    assert_eq!(journal.replay(journal.cursor().seq), Some(driver.image()));
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
    assert_eq!(journal.replay(journal.cursor().seq).map(|image| image.len()), Some(200));
}
