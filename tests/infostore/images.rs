//! An engine that goes on from an image of an earlier one does what the earlier one would have done.

use infostore::{
    Cause, Command, Cursor, EndReason, Entry, Epoch, Event, Limits, PolicyMode, Restoration,
    Sequence, SessionId, SnapshotId, StopReason,
};
use proptest::prelude::*;
use registry_poll::{PollNumber, RegType, RegValue};

use super::driver::{Driver, Hive, nameless, program, replayed};
use super::history::{Edit, Step, limits, step};
use super::journal::BEFORE;

/// A store that was restored with two sessions of three, since the third came over a connection that is gone.
pub(super) fn a_restored_store() -> Driver {
    let mut driver = Driver::blocking("mdl.exe");
    for client in [program("a.exe"), nameless(), program("b.exe")] {
        driver.admit(&client);
    }
    let (image, taken_at) = (driver.store.image(), driver.store.journal().cursor());
    let note = infostore::Note::SnapshotTaken(SnapshotId(1), Some("three".to_owned()));
    driver.execute(Command::Note(note)).expect("a note is always taken");
    driver.end(SessionId(1), EndReason::Client);
    driver.execute(Command::Stop(StopReason::Shutdown)).expect("it runs");
    let mut restored = driver.restored(&image, taken_at);
    restored.end(SessionId(2), EndReason::Transport);
    restored
}

#[test]
fn a_restored_store_begins_an_epoch_that_says_where_it_comes_from() {
    let driver = a_restored_store();
    let journal = driver.store.journal();
    assert_eq!(journal.cursor(), Cursor { epoch: Epoch(2), seq: Sequence(2) });
    let first = journal.entry(Sequence(1)).expect("it is kept");
    let taken_at = Cursor { epoch: Epoch(1), seq: Sequence(7) };
    let restoration = Restoration { snapshot: SnapshotId(1), name: None, taken_at };
    assert_eq!((first.cause, &first.event), (Cause::Control, &Event::StoreRestored(restoration)));
    let sessions = |seq| -> Vec<u64> {
        let then = replayed(journal, Sequence(seq)).expect("it is kept");
        then.iter().map(|session| session.id.0).collect()
    };
    assert_eq!([0, 1, 2].map(sessions), [vec![1, 2, 3], vec![1, 2, 3], vec![1, 3]]);
}

#[test]
fn a_restored_journal_that_forgets_still_shows_its_sessions() {
    let mut driver = Driver::limited(Limits { journal_entries: 2, ..Limits::default() });
    for _ in 0..3 {
        driver.admit(&nameless());
    }
    let (image, taken_at) = (driver.store.image(), driver.store.journal().cursor());
    let mut restored = driver.restored(&image, taken_at);
    restored.end(SessionId(2), EndReason::Client);
    restored.admit(&nameless());
    restored.admit(&nameless());
    let journal = restored.store.journal();
    assert_eq!(journal.first(), Some(Sequence(4)), "and the third says that it forgets");
    let sessions = |seq| -> Option<Vec<u64>> {
        Some(replayed(journal, Sequence(seq))?.iter().map(|session| session.id.0).collect())
    };
    assert_eq!(sessions(2), None);
    assert_eq!(sessions(3), Some(vec![1, 3]));
    assert_eq!(sessions(5), Some(vec![1, 3, 4, 5]));
}

/// Plays a step on an engine alone; whatever comes of it is in the journal.
fn play(driver: &mut Driver, step: &Step) {
    // Numbers are given to sessions in order, and one of them is chosen, dead or alive.
    let id = |which: usize| SessionId(u64::try_from(which % 16).expect("few") + 1);
    match step {
        Step::Connect(client) => drop(driver.connect(client)),
        Step::Report(which, names) => {
            driver.report(id(*which), &names.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Step::End(which, reason) => driver.end(id(*which), *reason),
        Step::Disconnect(which) => {
            drop(driver.execute(Command::DisconnectSession(id(*which))));
        }
        Step::Edit(edit) => match edit {
            Edit::List(names) => driver.hive.list(&names.join(" ; ")),
            Edit::Dword => driver.hive.write(RegValue::dword(1)),
            Edit::OddBytes => driver.hive.write(RegValue::new(RegType::SZ, b"a\0.".to_vec())),
            Edit::Delete => driver.hive.delete(),
            Edit::Fail => driver.hive.fail(),
            Edit::Recover => driver.hive.recover(),
        },
        Step::Walk(by) => {
            let target = driver.now.saturating_add(*by);
            while driver.reads.is_empty()
                && driver.store.poll_timeout().is_some_and(|due| due <= target)
            {
                driver.tick();
            }
            driver.now = driver.now.max(target);
        }
        Step::Poll => drop(driver.execute(Command::Poll)),
        Step::Hold => driver.held = true,
        Step::Answer | Step::AnswerOther => {
            driver.held = false;
            while !driver.reads.is_empty() {
                driver.answer();
            }
        }
        Step::AnswerStale(number) => {
            let values = driver.hive.values(&[super::driver::value_name()]);
            driver.answer_token(infostore::PollToken(PollNumber(*number)), values);
        }
        Step::Interval(interval) => {
            driver.execute(Command::SetPollInterval(*interval)).expect("always taken");
        }
        Step::Audit(audit) => {
            let mode = if *audit { PolicyMode::Audit } else { PolicyMode::Enforce };
            driver.execute(Command::SetPolicyMode(mode)).expect("always taken");
        }
        Step::Stop => drop(driver.execute(Command::Stop(StopReason::Restart))),
    }
}

/// Everything but the place in the journal, which begins anew.
fn said(driver: &Driver, after: Sequence) -> Vec<(clock::SimTime, Cause, Event)> {
    let said = |Entry { at, cause, event, .. }| (at, cause, event);
    driver.entries_after(after).into_iter().map(said).collect()
}

proptest! {
    #[test]
    fn a_history_is_the_same_before_and_after_a_restoration(
        limits in limits(),
        before in prop::collection::vec(step(), 0..40),
        after in prop::collection::vec(step(), 1..40),
    ) {
        let settings = infostore::Settings { limits, ..infostore::Settings::default() };
        let mut original = Driver::starting(settings, Hive::default());
        original.held = false;
        original.answer();
        before.iter().for_each(|step| play(&mut original, step));
        let (image, taken_at) = (original.store.image(), original.store.journal().cursor());
        let mut twins = [original.restored(&image, taken_at), original.restored(&image, taken_at)];
        prop_assert_eq!(replayed(twins[0].store.journal(), BEFORE), Some(original.image()));
        after.iter().for_each(|step| play(&mut original, step));
        let expected = said(&original, taken_at.seq);
        for twin in &mut twins {
            prop_assert_eq!(twin.store.journal().cursor().seq, Sequence(1));
            after.iter().for_each(|step| play(twin, step));
            prop_assert_eq!(&said(twin, Sequence(1)), &expected);
            prop_assert_eq!(twin.image(), original.image());
            prop_assert_eq!(twin.store.counts(), original.store.counts());
            prop_assert_eq!(twin.store.poll_timeout(), original.store.poll_timeout());
            for entry in twin.store.journal().entries() {
                prop_assert!(twin.store.journal().past(entry.seq).is_some());
            }
            prop_assert_eq!(replayed(twin.store.journal(), twin.cursor()), Some(twin.image()));
        }
    }
}
