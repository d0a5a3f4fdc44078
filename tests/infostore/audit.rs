//! Audit mode: what the policy would do is decided and journalled, and done to nobody; to enforce it again is to do it.

use infostore::{
    Cause, Command, EndReason, Generation, Limits, PolicyMode, Refusal, Settings, StopReason,
};
use policy::BlockList;

use super::driver::{Driver, Hive, after, nameless, program};

impl Driver {
    fn set_mode(&mut self, mode: PolicyMode) {
        self.execute(Command::SetPolicyMode(mode)).expect("a mode can always be set");
    }

    fn would_block(&self) -> u64 {
        self.store.counts().would_block
    }
}

/// A store that watches a list: one client connects listed, one turns out to be, one is listed later.
pub(crate) fn an_audit() -> Driver {
    let mut driver = Driver::auditing("mdl.exe");
    driver.admit(&program("mdl.exe"));
    let late = driver.admit(&nameless()).session;
    driver.report(late, &["mdl.exe"]);
    driver.admit(&program("beta.exe"));
    driver.hive.list("mdl.exe; beta.exe");
    driver.tick();
    driver.set_mode(PolicyMode::Enforce);
    driver.set_mode(PolicyMode::Audit);
    driver
}

#[test]
fn an_audit_tells_of_each_session_once_and_enforcing_ends_them_in_that_call() {
    let driver = an_audit();
    let story = driver.story_after(super::journal::BEFORE);
    let from = story.iter().position(|line| line.starts_with("session.")).expect("some");
    assert_eq!(
        story[from..],
        [
            "session.connected 1 under 1",
            "session.would_block 1 (connect) by mdl.exe under 1",
            "session.connected 2 under 1",
            "session.identified 2",
            "session.would_block 2 (late name) by mdl.exe under 1",
            "session.connected 3 under 1",
            "poll.completed 2 (tick) changed 2",
            "policy.changed to 2: +[\"beta.exe\"] -[]",
            "session.would_block 3 (policy change) by beta.exe under 2",
            "enforcement.completed of 2: audited -0 !1 =3 ?0",
            "policy.mode_changed to enforce",
            "session.disconnected 1 (policy) under 2",
            "session.ended 1 (policy)",
            "session.disconnected 2 (policy) under 2",
            "session.ended 2 (policy)",
            "session.disconnected 3 (policy) under 2",
            "session.ended 3 (policy)",
            "enforcement.completed of 2: -3 =0 ?0",
            "policy.mode_changed to audit",
        ]
    );
    assert_eq!((driver.would_block(), driver.store.counts().refused), (3, 0));
    assert_eq!(driver.dropped.len(), 3, "they do not come back");
    let last = driver.entries_after(super::journal::BEFORE).pop().expect("some");
    assert_eq!(last.cause, Cause::Control);
}

#[test]
fn a_session_that_stays_forbidden_is_no_news() {
    let mut driver = Driver::auditing("mdl.exe");
    driver.admit(&program("mdl.exe"));
    // The value as it was, written otherwise, by another item, and read again and again.
    for list in ["mdl.exe", "MDL.EXE ;", "other.exe; mdl.exe"] {
        driver.hive.list(list);
        driver.walk_to(driver.now.saturating_add(std::time::Duration::from_secs(9_000)));
    }
    assert_eq!((driver.would_block(), driver.store.forbidden_count()), (1, 1));
    assert_eq!(driver.store.generation(), Generation(2));

    // Once it has been permitted it is news again.
    driver.hive.list("other.exe");
    driver.tick();
    assert_eq!((driver.would_block(), driver.store.forbidden_count()), (1, 0));
    driver.hive.list("mdl.exe");
    driver.tick();
    assert_eq!((driver.would_block(), driver.store.forbidden_count()), (2, 1));
    let polls: Vec<_> = driver.store.polls().map(|poll| poll.swept.would_block).collect();
    assert_eq!(polls.iter().sum::<usize>(), 1, "the ledger has what polls brought up: {polls:?}");
}

#[test]
fn each_list_is_watched_and_a_second_reason_is_no_news() {
    let mut driver = Driver::auditing("");
    driver.hive.versions("11.5608.0");
    driver.tick();
    let session = driver.admit(&nameless()).session;
    assert_eq!(driver.would_block(), 1);
    driver.hive.list("mdl.exe");
    driver.tick();
    driver.report(session, &["mdl.exe"]);
    assert_eq!(driver.would_block(), 1, "its version was listed already");
    driver.set_mode(PolicyMode::Enforce);
    let why = match &driver.dropped[0].reason {
        infostore::DisconnectReason::Policy(why) => why.list,
        other => panic!("{other:?}"),
    };
    assert_eq!(why, BlockList::Processes, "the list of programs is the cause when both are");
}

#[test]
fn what_is_no_matter_of_policy_is_done_in_an_audit_too() {
    let limits = Limits { sessions: 1, ..Limits::default() };
    let settings = Settings { limits, policy_mode: PolicyMode::Audit, ..Settings::default() };
    let mut driver = Driver::start(settings, Hive::with("mdl.exe"));
    let too_old = program("mdl.exe").of_version(10, 0);
    assert_eq!(driver.refuse(&too_old), Refusal::VersionTooOld);
    let session = driver.admit(&program("mdl.exe")).session;
    assert_eq!(driver.refuse(&program("mdl.exe")), Refusal::SessionLimit);
    assert_eq!(driver.would_block(), 1, "only a session can be blocked");
    driver.end(session, EndReason::Client);
    assert_eq!(driver.store.forbidden_count(), 0);
}

#[test]
fn the_mode_that_is_set_already_is_no_change() {
    let mut driver = Driver::blocking("mdl.exe");
    assert!(driver.story_of(|driver| driver.set_mode(PolicyMode::Enforce)).is_empty());
    driver.set_mode(PolicyMode::Audit);
    assert!(driver.story_of(|driver| driver.set_mode(PolicyMode::Audit)).is_empty());
}

#[test]
fn a_restart_keeps_the_mode_and_a_stopped_service_takes_another() {
    let mut driver = Driver::auditing("mdl.exe");
    driver.execute(Command::Stop(StopReason::Restart)).expect("it runs");
    driver.execute(Command::Start).expect("it has stopped");
    driver.admit(&program("mdl.exe"));
    driver.execute(Command::Stop(StopReason::Restart)).expect("it runs");
    let story = driver.story_of(|driver| driver.set_mode(PolicyMode::Enforce));
    assert_eq!(story, ["policy.mode_changed to enforce", "enforcement.completed of 1: -0 =0 ?0"]);
    driver.execute(Command::Start).expect("it has stopped");
    driver.refuse(&program("mdl.exe"));
}

#[test]
fn a_preview_says_what_enforcing_would_do_whatever_the_mode() {
    let mut driver = Driver::auditing("mdl.exe");
    let listed = driver.admit(&program("mdl.exe")).session;
    let other = driver.admit(&program("beta.exe")).session;
    let preview = |driver: &Driver, list: &str| {
        let mut hive = Hive::with(list);
        hive.versions("");
        let names: Vec<_> = BlockList::ALL.into_iter().map(infostore::list_value).collect();
        let preview = driver.store.preview(&hive.values(&names));
        let ids: Vec<_> = preview.disconnected.iter().map(|(session, _)| session.id).collect();
        (ids, preview.kept)
    };
    assert_eq!(preview(&driver, "mdl.exe"), (vec![listed], 1), "the list in force");
    assert_eq!(preview(&driver, "mdl.exe; beta.exe"), (vec![listed, other], 0));
    driver.set_mode(PolicyMode::Enforce);
    assert_eq!(driver.live(), [other]);
    assert_eq!(driver.now, after(0), "no poll was waited for");
}
