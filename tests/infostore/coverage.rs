//! Every variant that a journal can show is shown by a recorded run of this module.

use std::collections::BTreeSet;
use std::sync::Arc;

use infostore::{Cause, Command, Event, Note, NotificationKind, Push};

use super::driver::{Client, Driver, Hive, nameless, replayed};
use super::story;
use super::{
    admission, audit, commands, enforcement, fault_rules, images, journal, lifecycle, limits, polls,
};

/// A recorded run by its name.
type Run = (&'static str, fn() -> Driver);

/// The runs, each with the test file that judges it.
const RUNS: [Run; 15] = [
    ("a late name", admission::a_late_name),
    ("an audit", audit::an_audit),
    ("a full journal", journal::a_full_journal),
    ("a working day", commands::a_working_day),
    ("a sweep", enforcement::a_sweep),
    ("faults", fault_rules::faults),
    ("a full house", limits::a_full_house),
    ("outages", polls::outages),
    ("the procedure", lifecycle::the_procedure),
    ("an abandoned poll", lifecycle::an_abandoned_poll),
    ("a listed component", polls::a_listed_component),
    ("an invalid value", an_invalid_value),
    ("refusals", refusals),
    ("new mail", new_mail),
    ("a restored store", images::a_restored_store),
];

fn an_invalid_value() -> Driver {
    let mut driver = Driver::blocking("mdl.exe");
    driver.hive.write(registry_poll::RegValue::dword(1));
    driver.tick();
    driver
}

/// Something that happens beside the engine, and changes no session.
fn new_mail() -> Driver {
    let mut driver = Driver::blocking("mdl.exe");
    let admitted = driver.admit(&nameless());
    let session = Arc::clone(driver.store.session(admitted.session).expect("it is live"));
    let note = Note::SessionNotified(session, NotificationKind::NewMail, Push::NotAsked);
    driver.store.execute(driver.now, Cause::Control, Command::Note(note)).expect("a note");
    driver
}

fn refusals() -> Driver {
    let mut driver = Driver::starting(infostore::Settings::default(), Hive::with("mdl.exe"));
    driver.refuse(&nameless());
    driver.answer();
    let old: Client = nameless().of_version(10, 0);
    driver.refuse(&old);
    driver.refuse(&nameless().and("mdl.exe"));
    driver.refuse(&nameless().denied(infostore::Denial::OtherUser));
    driver
}

/// The names of what the runs produced, one set for each enum.
#[derive(Default)]
struct Shown {
    events: BTreeSet<&'static str>,
    refusals: BTreeSet<&'static str>,
    disconnects: BTreeSet<&'static str>,
    ends: BTreeSet<&'static str>,
    causes: BTreeSet<&'static str>,
    problems: BTreeSet<&'static str>,
    triggers: BTreeSet<&'static str>,
    blocks: BTreeSet<&'static str>,
}

impl Shown {
    fn add(&mut self, entry: &infostore::Entry) {
        self.events.insert(story::event_name(&entry.event));
        self.causes.insert(story::cause_name(&entry.cause));
        match &entry.event {
            Event::SessionRefused { refusal, .. } => {
                self.refusals.insert(story::refusal_name(refusal));
            }
            Event::SessionDisconnected { reason, .. } => {
                self.disconnects.insert(story::disconnect_name(reason));
            }
            Event::SessionEnded { reason, .. } => {
                self.ends.insert(story::end_name(reason));
            }
            Event::RegistryInvalid { problem, .. } => {
                self.problems.insert(story::invalid_name(problem));
            }
            Event::SessionWouldBlock { trigger, .. } => {
                self.blocks.insert(story::block_trigger_name(trigger));
            }
            Event::PollCompleted { poll, .. } | Event::PollFailed { poll, .. } => {
                self.triggers.insert(story::trigger_name(&poll.trigger));
            }
            _ => {}
        }
    }
}

#[test]
fn every_variant_of_the_journal_is_produced_by_a_recorded_run() {
    let mut shown = Shown::default();
    for (_, run) in RUNS {
        for entry in run().store.journal().entries() {
            shown.add(entry);
        }
    }
    let rows = [
        ("Event", story::EVENTS, shown.events),
        ("Refusal", story::REFUSALS, shown.refusals),
        ("DisconnectReason", story::DISCONNECT_REASONS, shown.disconnects),
        ("EndReason", story::END_REASONS, shown.ends),
        ("Cause", story::CAUSES, shown.causes),
        ("InvalidPolicy", story::INVALID_POLICIES, shown.problems),
        ("PollTrigger", story::TRIGGERS, shown.triggers),
        ("BlockTrigger", story::BLOCK_TRIGGERS, shown.blocks),
    ];
    for (of, all, shown) in rows {
        let missing: Vec<_> = all.iter().filter(|name| !shown.contains(*name)).collect();
        assert!(missing.is_empty(), "{of}: no run produces {missing:?}");
    }
}

#[test]
fn every_run_replays_to_its_own_sessions() {
    for (name, run) in RUNS {
        let driver = run();
        let journal = driver.store.journal();
        assert_eq!(replayed(journal, journal.cursor().seq), Some(driver.image()), "{name}");
    }
}
