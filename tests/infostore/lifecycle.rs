//! The service's life: builds and what they honour, the hotfix, restarts, and values that are created after a start
//! (S1, S2, S7, S12, A13, A30).

use infostore::{
    Build, Cause, Command, CommandError, Event, Generation, HotfixError, InvalidPolicy, Refusal,
    RegistryWatch, ServiceFile, Settings, StopReason,
};
use policy::{BlockList, LintCode};

use super::driver::{Driver, Hive, after, nameless, program};

const VERSION_OF_THE_CLIENTS: &str = "11.5608.0";

fn at_build(build: Build, hive: Hive) -> Driver {
    Driver::start(Settings { build, ..Settings::default() }, hive)
}

impl Driver {
    /// Stops and starts the service.
    fn restart(&mut self) {
        self.execute(Command::Stop(StopReason::Restart)).expect("it runs");
        self.execute(Command::Start).expect("it has stopped");
    }
}

/// A store at SP2 that gets the hotfix while a listed program is connected.
pub(crate) fn the_procedure() -> Driver {
    let mut driver = at_build(Build::SP2, Hive::with("program1.exe; program2.exe"));
    driver.admit(&program("program1.exe"));
    driver.execute(Command::Stop(StopReason::Restart)).expect("it runs");
    driver.execute(Command::InstallBuild(Build::KB_920185)).expect("files can be replaced");
    driver.execute(Command::Start).expect("it has stopped");
    driver
}

/// A service that is stopped while the registry is read.
pub(crate) fn an_abandoned_poll() -> Driver {
    let mut driver = Driver::blocking("mdl.exe");
    driver.held = true;
    driver.tick();
    driver.execute(Command::Stop(StopReason::Restart)).expect("it runs");
    driver
}

#[test]
fn a_poll_that_the_service_does_not_live_to_see_is_said_to_be_abandoned() {
    let driver = an_abandoned_poll();
    let story = driver.story_after(super::journal::BEFORE);
    assert_eq!(story[story.len() - 2..], ["poll.abandoned", "store.stopped"]);
}

#[test]
fn the_hotfix_makes_a_list_count_that_did_nothing_before() {
    let mut driver = the_procedure();
    assert_eq!(
        driver.story_after(super::journal::BEFORE),
        [
            "store.started",
            "poll.completed 1 (start) unchanged 0",
            "registry.invalid (ignored)",
            "session.connected 1 under 0",
            "session.disconnected 1 (restart) under 0",
            "session.ended 1 (restart)",
            "store.stopped",
            "build.changed 6.5.7638 to 6.5.7651.19",
            "store.started",
            "poll.completed 2 (start) changed 1",
            "policy.changed to 1: +[\"program1.exe\", \"program2.exe\"] -[]",
            "enforcement.completed of 1: -0 =0 ?0",
        ]
    );
    for name in ["Program1.EXE", "program2.exe"] {
        assert!(matches!(driver.refuse(&program(name)), Refusal::Policy(_)), "{name}");
    }
}

#[test]
fn a_build_without_the_hotfix_says_that_it_ignores_the_list_and_honours_the_versions() {
    for build in [Build::RTM, Build::SP1, Build::SP2, Build::new(8, 0, 685, 24)] {
        let mut hive = Hive::with("mdl.exe");
        hive.versions(VERSION_OF_THE_CLIENTS);
        let mut driver = at_build(build, hive);
        let read = &driver.store.polls().next().expect("the first").reads[0];
        let codes: Vec<_> = read.lints.iter().map(|lint| lint.code).collect();
        assert_eq!(codes, [LintCode::IgnoredByBuild], "{build}");
        let refusal = driver.refuse(&program("mdl.exe"));
        let Refusal::Policy(cause) = refusal else { panic!("{build}: {refusal:?}") };
        assert_eq!(cause.list, BlockList::Versions, "{build}");
        driver.admit(&program("mdl.exe").of_version(11, 6000));
    }
}

#[test]
fn a_build_is_run_from_the_next_start_on() {
    let mut driver = Driver::blocking("mdl.exe");
    let story = driver.story_of(|driver| {
        driver.execute(Command::InstallBuild(Build::SP2)).expect("files can be replaced");
        driver.execute(Command::InstallBuild(Build::SP2)).expect("files can be replaced");
    });
    assert_eq!(story, ["build.changed 6.5.7651.19 to 6.5.7638"], "the same build is no change");
    assert_eq!(driver.store.running_build(), Build::KB_920185);
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
    driver.tick();
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));

    driver.restart();
    assert_eq!(driver.store.running_build(), Build::SP2);
    assert_eq!(driver.store.generation(), Generation(2), "the list is off");
    driver.admit(&program("mdl.exe"));
}

#[test]
fn the_hotfix_goes_on_sp2_and_nothing_else() {
    let build = |text: &str| text.parse::<Build>().expect("a build");
    let rows = [
        ("6.5.6944", Err(HotfixError::NeedsSp2 { build: Build::RTM })),
        ("6.5.7226", Err(HotfixError::NeedsSp2 { build: Build::SP1 })),
        ("6.5.7638", Ok(())),
        ("6.5.7651.18", Ok(())),
        ("6.5.7651.19", Err(HotfixError::Installed { build: Build::KB_920185 })),
        ("6.5.7654.4", Err(HotfixError::Installed { build: build("6.5.7654.4") })),
        ("8.1.240.6", Err(HotfixError::OtherProduct { build: build("8.1.240.6") })),
    ];
    for (text, expected) in rows {
        assert_eq!(build(text).takes_hotfix(), expected, "{text}");
    }
}

#[test]
fn the_hotfix_replaces_the_three_files_of_the_article() {
    let shown = |file: ServiceFile| {
        let version = file.version.map_or_else(|| "?".to_owned(), |version| version.to_string());
        let bytes = file.bytes.map_or_else(|| "?".to_owned(), |bytes| bytes.to_string());
        let built = file.built.map_or_else(|| "?".to_owned(), |built| built.to_string());
        format!("{} {version} {bytes} {built}", file.name)
    };
    assert_eq!(
        Build::KB_920185.files().map(shown),
        [
            "Exosal.dll 6.5.7651.19 70144 2006-04-22T04:43:00Z",
            "Mdbmsg.dll 6.5.7651.19 3361280 2006-04-22T03:58:00Z",
            "Store.exe 6.5.7651.19 5256704 2006-04-22T04:46:00Z",
        ]
    );
    assert_eq!(
        Build::SP2.files().map(shown),
        ["Exosal.dll ? ? ?", "Mdbmsg.dll ? ? ?", "Store.exe 6.5.7638 ? ?"]
    );
}

#[test]
fn a_build_is_read_and_written_as_people_write_it() {
    for text in ["6.5.7638", "6.5.7651.19", "15.0.847.32"] {
        assert_eq!(text.parse::<Build>().expect("a build").to_string(), text);
    }
    let rows = [
        ("6.5", "`6.5` is no build: that is 3 or 4 numbers joined by dots, as in `6.5.7651.19`"),
        ("6.5.x", "`x` in `6.5.x` is no number from 0 to 65535"),
        ("6.0.4417", "build 6.0.4417 is none of Exchange 2003 to 2013, 6.5.6944 to 15.x"),
        ("+6.5.7638", "`+6` in `+6.5.7638` is no number from 0 to 65535"),
        ("6.5.32768", "build 6.5.32768 is none of Exchange 2003 to 2013, 6.5.6944 to 15.x"),
        ("15.256.1", "build 15.256.1 is none of Exchange 2003 to 2013, 6.5.6944 to 15.x"),
        ("16.0.1", "build 16.0.1 is none of Exchange 2003 to 2013, 6.5.6944 to 15.x"),
    ];
    for (text, said) in rows {
        assert_eq!(text.parse::<Build>().expect_err(text).to_string(), said);
    }
}

#[test]
fn a_restart_reads_the_lists_before_anybody_comes_in() {
    let mut driver = Driver::blocking("");
    driver.admit(&nameless());
    driver.hive.list("mdl.exe");
    driver.held = true;
    driver.walk_to(after(10));
    driver.restart();
    assert_eq!(driver.live(), []);
    assert_eq!(driver.refuse(&nameless()), Refusal::NotRunning);
    driver.answer();
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
    assert_eq!(driver.store.poll_timeout(), Some(after(910)), "the grid starts with the service");
    assert_eq!(driver.execute(Command::Start), Err(CommandError::Running));
}

#[test]
fn nothing_is_carried_over_a_restart_that_can_not_read() {
    let mut driver = Driver::blocking("mdl.exe");
    driver.hive.fail();
    let story = driver.story_of(Driver::restart);
    assert_eq!(
        story[2..],
        [
            "poll.failed 2 (start) keeps 2",
            "poll.failed 2 (start) keeps 2",
            "policy.changed to 2: +[] -[\"mdl.exe\"]",
            "enforcement.completed of 2: -0 =0 ?0",
        ]
    );
    assert!(!driver.store.knows(BlockList::Processes));
    let early = driver.admit(&program("mdl.exe")).session;
    driver.hive.recover();
    driver.tick();
    assert!(driver.store.knows(BlockList::Processes));
    assert!(driver.dropped.iter().any(|drop| drop.session == early));
}

#[test]
fn a_restart_that_reads_the_same_lists_changes_no_policy() {
    let mut driver = Driver::blocking("mdl.exe");
    let story = driver.story_of(Driver::restart);
    assert_eq!(story, ["store.stopped", "store.started", "poll.completed 2 (start) unchanged 1"]);
}

#[test]
fn an_item_that_is_wrong_is_said_again_by_a_service_that_starts() {
    let mut driver = Driver::blocking("mad.exe");
    driver.tick();
    driver.restart();
    let entries = driver.store.journal().entries();
    let said = entries.filter(|entry| matches!(entry.event, Event::RegistryInvalid { .. }));
    assert_eq!(said.count(), 2);
}

#[test]
fn the_journal_says_which_build_ignores_a_list() {
    let driver = at_build(Build::SP1, Hive::with("mdl.exe"));
    let problem = driver.store.journal().entries().find_map(|entry| match &entry.event {
        Event::RegistryInvalid { problem, .. } => Some(problem.clone()),
        _ => None,
    });
    assert_eq!(problem, Some(InvalidPolicy::Ignored(Build::SP1)));
}

fn armed_at_start(hive: Hive) -> Driver {
    let settings = Settings { registry_watch: RegistryWatch::ArmedAtStart, ..Settings::default() };
    Driver::start(settings, hive)
}

#[test]
fn r1_sees_a_value_created_after_the_start_at_the_next_poll() {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    driver.hive.list("mdl.exe");
    driver.tick();
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
}

#[test]
fn r2_ignores_a_value_created_after_the_start_until_a_restart() {
    let mut driver = armed_at_start(Hive::default());
    driver.hive.list("mdl.exe");
    driver.walk_to(after(9_000));
    driver.admit(&program("mdl.exe"));
    let last = driver.store.polls().next_back().expect("it polls");
    assert!(last.reads.iter().all(|read| read.reading.is_none()), "not read: {last:?}");

    driver.restart();
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
    driver.hive.list("beta.exe");
    driver.tick();
    driver.admit(&program("mdl.exe"));
    assert!(matches!(driver.refuse(&program("beta.exe")), Refusal::Policy(_)), "dynamic since");
}

#[test]
fn r2_follows_a_value_that_could_not_be_read_at_the_start() {
    let mut driver = armed_at_start(Hive::failing());
    driver.hive.list("mdl.exe");
    driver.hive.recover();
    driver.tick();
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
}

#[test]
fn going_from_r2_to_r1_watches_every_value_at_once() {
    let mut driver = armed_at_start(Hive::default());
    driver.hive.list("mdl.exe");
    driver.execute(Command::SetRegistryWatch(RegistryWatch::Always)).expect("a setting");
    driver.tick();
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
}

#[test]
fn a_start_is_caused_by_the_start() {
    let driver = the_procedure();
    let started = driver
        .store
        .journal()
        .entries()
        .filter(|entry| matches!(entry.event, Event::StoreStarted { .. }));
    assert!(started.map(|entry| entry.cause).eq([Cause::Start, Cause::Start]));
}
