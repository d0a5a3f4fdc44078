//! What the control plane asks: disconnects, notes, the poll interval, the stop.

use std::time::Duration;

use clock::ClockMode;
use infostore::{
    Cause, Command, CommandError, DisconnectReason, EndReason, FaultEffect, FaultTarget, Note,
    Outcome, Refusal, RegistryChange, SessionId, Settings, SnapshotId, Stage, StopReason,
};
use registry_poll::{ClusterMode, Edit, FaultId, FaultKind, KeyPath, NodeName, RegValue};

use super::driver::{Driver, Hive, after, nameless, program, value_name};
use crate::running::always;

fn registry_note() -> Command {
    let (key, name) = (KeyPath::parameters_system(), value_name());
    let edit = Edit::SetValue { key, name, value: RegValue::sz("mdl.exe") };
    Command::Note(Note::Registry(RegistryChange { node: NodeName::first(), edit }))
}

fn clock_note() -> Command {
    Command::Note(Note::Clock(ClockMode::Manual, Some(after(900))))
}

fn cluster_note() -> Command {
    Command::Note(Note::Cluster(ClusterMode::Checkpointed, NodeName::second()))
}

fn fault_notes() -> [Command; 4] {
    let fault = FaultId(1);
    let rule = Box::new(always(FaultEffect::Read(FaultKind::Torn)));
    let schedule = Box::new(rule.schedule.clone());
    let target = FaultTarget { value: Some(value_name()), ..FaultTarget::default() };
    let target = Box::new(target);
    [
        Note::FaultAdded(fault, rule),
        Note::FaultChanged { fault, paused: true, schedule },
        Note::FaultHit { fault, stage: Stage::Registry, effect: "torn", target },
        Note::FaultRemoved(fault),
    ]
    .map(Command::Note)
}

/// Notes, one end of each kind that is no policy's doing, and the stop.
pub(crate) fn a_working_day() -> Driver {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    for _ in 0..5 {
        driver.admit(&program("a.exe"));
    }
    let restored = Command::Note(Note::CheckpointRestored(NodeName::first()));
    let imported = Command::Note(Note::RegistryImported(NodeName::first(), 1_000));
    let taken = Command::Note(Note::SnapshotTaken(SnapshotId(1), None));
    let users = [Note::UserChanged("alice".to_owned()), Note::UserRemoved("alice".to_owned())];
    let notes = [registry_note(), clock_note(), cluster_note(), restored, imported, taken];
    let notes = notes.into_iter().chain(users.map(Command::Note));
    for note in notes.chain(fault_notes()) {
        assert_eq!(driver.execute(note), Ok(Outcome::Done));
    }
    driver.execute(Command::SetPollInterval(Duration::from_secs(60))).expect("running");
    driver.execute(Command::Poll).expect("running");
    driver.end(SessionId(1), EndReason::Client);
    driver.end(SessionId(2), EndReason::Transport);
    driver.execute(Command::DisconnectSession(SessionId(3))).expect("live");
    driver.execute(Command::Stop(StopReason::Shutdown)).expect("running");
    driver
}

#[test]
fn every_end_is_journalled_once_with_its_cause() {
    let driver = a_working_day();
    let entries = driver.entries_after(super::journal::BEFORE);
    let day = &entries[7..];
    let story: Vec<_> = day.iter().map(super::story::story).collect();
    assert_eq!(
        story,
        [
            "registry.changed",
            "clock.changed",
            "cluster.changed",
            "checkpoint.restored",
            "registry.imported",
            "snapshot.taken",
            "user.changed",
            "user.removed",
            "fault.added",
            "fault.changed",
            "fault.hit",
            "fault.removed",
            "store.changed",
            "poll.completed 2 (request) unchanged 0",
            "session.ended 1 (client)",
            "session.ended 2 (transport)",
            "session.disconnected 3 (admin) under 0",
            "session.ended 3 (admin)",
            "session.disconnected 4 (shutdown) under 0",
            "session.ended 4 (shutdown)",
            "session.disconnected 5 (shutdown) under 0",
            "session.ended 5 (shutdown)",
            "store.stopped",
        ]
    );
    let causes: Vec<_> = day[14..].iter().map(|entry| entry.cause).collect();
    let (control, stop) = (Cause::Control, Cause::Stop);
    let first = [Cause::Client, Cause::Transport, control, control];
    assert_eq!(causes, [&first[..], &[stop; 5]].concat());
    let dropped: Vec<_> =
        driver.dropped.iter().map(|drop| (drop.session.0, &drop.reason)).collect();
    let shutdown = &DisconnectReason::Shutdown;
    assert_eq!(dropped, [(3, &DisconnectReason::Admin), (4, shutdown), (5, shutdown)]);
}

#[test]
fn a_session_ends_once_whoever_comes_second() {
    let mut driver = Driver::blocking("");
    let session = driver.admit(&nameless()).session;
    driver.execute(Command::DisconnectSession(session)).expect("live");
    let story = driver.story_of(|driver| {
        driver.end(session, EndReason::Transport);
        driver.end(session, EndReason::Client);
        let again = driver.execute(Command::DisconnectSession(session));
        assert_eq!(again, Err(CommandError::NoSuchSession(session)));
    });
    assert_eq!(story, [""; 0]);
    assert_eq!(driver.dropped.len(), 1);
    assert_eq!(driver.store.counts().disconnected, 1);
}

#[test]
fn a_note_of_an_edit_has_no_effect_by_itself() {
    let mut driver = Driver::blocking("");
    driver.admit(&program("mdl.exe"));
    assert_eq!(
        driver.story_of(|driver| drop(driver.execute(registry_note()))),
        ["registry.changed"]
    );
    driver.admit(&program("mdl.exe"));
}

#[test]
fn a_new_interval_starts_a_new_grid() {
    let mut driver = Driver::blocking("");
    driver.walk_to(after(100));
    let minute = Duration::from_secs(60);
    assert_eq!(driver.execute(Command::SetPollInterval(minute)), Ok(Outcome::Done));
    assert_eq!(driver.store.poll_timeout(), Some(after(160)));
    assert_eq!(driver.store.settings().poll_interval, minute);
    driver.walk_to(after(220));
    assert_eq!(driver.store.polls().len(), 3);
}

#[test]
fn a_stopped_store_admits_nobody_and_takes_notes_only() {
    let mut driver = a_working_day();
    assert!(!driver.store.is_running());
    assert_eq!(driver.store.poll_timeout(), None);
    assert_eq!(driver.refuse(&program("a.exe")), Refusal::NotRunning);
    driver.walk_to(after(9_000));
    for command in [
        Command::Poll,
        Command::Stop(StopReason::Restart),
        Command::DisconnectSession(SessionId(1)),
    ] {
        assert_eq!(driver.execute(command), Err(CommandError::Stopped));
    }
    let story = driver.story_of(|driver| drop(driver.execute(clock_note())));
    assert_eq!(story, ["clock.changed"]);
    assert_eq!(driver.reads.len(), 0);
}

#[test]
fn a_read_that_comes_back_after_the_stop_changes_nothing() {
    for first in [true, false] {
        let mut driver = Driver::starting(Settings::default(), Hive::with("mdl.exe"));
        if !first {
            driver.answer();
            driver.hive.list("beta.exe");
            driver.tick();
        }
        driver.execute(Command::Poll).expect("running");
        driver.execute(Command::Stop(StopReason::Shutdown)).expect("running");
        let generation = driver.store.generation();
        let story = driver.story_of(Driver::answer);
        assert_eq!(story, [""; 0], "first read: {first}");
        assert_eq!(driver.store.generation(), generation);
        assert_eq!(driver.reads.len(), 0, "nothing is read any more");
        assert_eq!(driver.store.schedule().in_flight(), None, "nobody waits");
        assert!(!driver.store.is_running());
    }
}

#[test]
fn command_errors_say_what_they_are_about() {
    let rows = [
        (CommandError::Running, "the store service is running"),
        (CommandError::NoSuchSession(SessionId(7)), "session 7 is not live"),
        (CommandError::Stopped, "the store service has stopped"),
    ];
    for (error, said) in rows {
        assert_eq!(error.to_string(), said);
    }
}
