//! A preview says what a poll would do: at one place of the journal the two are the same, whatever came before.

use std::sync::Arc;

use infostore::{Command, DisconnectReason, PolicyMode, Settings, list_value};
use policy::BlockList;
use proptest::prelude::*;
use registry_poll::{RegValue, ValueRead};

use super::driver::{Driver, Hive, nameless, program};
use super::history::{limits, step};
use super::trial::Trial;

/// What a poll would find if the lists were these.
fn reads(processes: Option<&str>, versions: Option<&str>) -> Vec<ValueRead> {
    let read = |list, text: Option<&str>| ValueRead {
        name: list_value(list),
        result: Ok(text.map(RegValue::sz)),
    };
    vec![read(BlockList::Processes, processes), read(BlockList::Versions, versions)]
}

#[test]
fn a_preview_names_the_sessions_their_items_and_those_that_stay() {
    let mut driver = Driver::blocking("");
    let listed = driver.admit(&program("mdl.exe")).session;
    driver.admit(&program("winword.exe"));
    let old = driver.admit(&nameless().of_version(11, 5000)).session;
    driver.admit(&nameless());
    let before = driver.cursor();

    let preview = driver.store.preview(&reads(Some("mdl.exe"), Some("-11.5100.0")));
    let cut: Vec<_> =
        preview.disconnected.iter().map(|(session, why)| (session.id, why.list)).collect();
    assert_eq!(cut, [(listed, BlockList::Processes), (old, BlockList::Versions)]);
    assert_eq!((preview.kept, preview.unidentified), (2, 1));
    assert_eq!(preview.change.processes.added, ["mdl.exe"]);
    assert_eq!(preview.change.versions.added, ["-11.5100.0"]);
    assert_eq!(driver.cursor(), before, "nothing happened");
    assert_eq!(driver.live().len(), 4);
}

#[test]
fn a_preview_of_what_is_in_force_is_empty() {
    let mut driver = Driver::start(Settings::default(), Hive::with("mdl.exe"));
    driver.admit(&program("winword.exe"));
    let preview = driver.store.preview(&reads(Some("MDL.EXE ;"), None));
    assert!(preview.disconnected.is_empty() && preview.change.is_empty());
}

fn text() -> impl Strategy<Value = Option<String>> {
    let names =
        prop::sample::subsequence(vec!["a.exe", "b.exe", "c.exe", "d.exe", "mad.exe"], 0..5);
    prop_oneof![1 => Just(None), 9 => names.prop_map(|names| Some(names.join(";")))]
}

fn versions() -> impl Strategy<Value = Option<String>> {
    let ranges = vec!["11.5608.0", "-11.5000.0", "12.0.0-", "11.5608.0-12.4518.0", "10.6626.0"];
    let ranges = prop::sample::subsequence(ranges, 0..4);
    prop_oneof![1 => Just(None), 9 => ranges.prop_map(|ranges| Some(ranges.join(", ")))]
}

proptest! {
    #[test]
    fn preview_at_a_cursor_equals_apply_at_that_cursor(
        limits in limits(),
        steps in prop::collection::vec(step(), 1..60),
        processes in text(),
        versions in versions(),
    ) {
        let mut trial = Trial::new(limits, 4, false);
        for step in &steps {
            trial.take(step);
        }
        let driver = &mut trial.whole;
        driver.held = false;
        if driver.store.is_stopped() {
            driver.reads.clear();
            driver.execute(Command::Start).expect("it has stopped");
        }
        while !driver.reads.is_empty() {
            driver.answer();
        }
        prop_assert!(driver.store.is_running());
        let reads = reads(processes.as_deref(), versions.as_deref());
        let preview = driver.store.preview(&reads);
        let said: Vec<_> = preview.disconnected.iter()
            .map(|(session, why)| (session.id, Arc::clone(why)))
            .collect();

        driver.held = true;
        let before = driver.dropped.len();
        driver.execute(Command::Poll).expect("it runs");
        driver.answer_with(reads);
        // Where the policy was only watched, it is now as the preview has it.
        driver.execute(Command::SetPolicyMode(PolicyMode::Enforce)).expect("it runs");
        let done: Vec<_> = driver.dropped[before..].iter().map(|drop| match &drop.reason {
            DisconnectReason::Policy(why) => (drop.session, Arc::clone(why)),
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(said, done);
        let counts = driver.store.counts();
        prop_assert_eq!((preview.kept, preview.unidentified), (counts.sessions, counts.unidentified));
        let last = driver.store.polls().next_back().expect("over");
        prop_assert_eq!(last.changed, !preview.change.is_empty());
    }
}
