//! Who gets a session and who loses it by what it says later (S4, S6, A2, A3, A15, A17, A18).

use infostore::{Command, Denial, Generation, Interface, PolicyMode, Refusal, SessionId};

use super::driver::{Driver, Hive, nameless, program};
use super::story::refusal_name;

#[test]
fn a_client_without_a_process_name_is_admitted_and_counted_unidentified() {
    let mut driver = Driver::blocking("mdl.exe");
    driver.admit(&nameless());
    driver.admit(&nameless().of_version(8, 4212).through(Interface::Connect));
    driver.admit(&program("winword.exe"));
    let counts = driver.store.counts();
    assert_eq!((counts.sessions, counts.unidentified), (3, 2));
}

#[test]
fn a_listed_program_is_refused_however_it_spells_itself() {
    let mut driver = Driver::blocking("mdl.exe; \"C:\\Program Files\\B\\beta.exe\"");
    for name in ["mdl.exe", "MDL.EXE", "C:\\x\\Mdl.Exe", "/usr/mdl.exe", "\"mdl.exe\"", "Beta.exe"]
    {
        assert!(matches!(driver.refuse(&program(name)), Refusal::Policy(_)), "{name}");
    }
    for name in ["mdl", "mdl.exe.bak", "C:\\mdl.exe\\winword.exe"] {
        driver.admit(&program(name));
    }
    assert_eq!(driver.store.counts().refused, 6);
}

#[test]
fn whoever_may_not_be_whom_it_says_is_refused_before_the_list_is_asked() {
    let mut driver = Driver::blocking("mdl.exe");
    for why in Denial::ALL {
        for client in [program("mdl.exe"), program("a.exe").of_version(10, 0), nameless()] {
            assert_eq!(driver.refuse(&client.denied(why)), Refusal::Denied(why));
        }
    }
    driver.execute(Command::SetPolicyMode(PolicyMode::Audit)).expect("running");
    let story = driver.story_of(|driver| {
        driver.refuse(&program("mdl.exe").denied(Denial::Anonymous));
    });
    assert_eq!(story, ["session.refused (denied) under 1"], "an audit is of the policy alone");
    let mut starting = Driver::starting(infostore::Settings::default(), Hive::default());
    let early = starting.refuse(&nameless().denied(Denial::Anonymous));
    assert_eq!(early, Refusal::NotRunning, "a service that does not run knows nobody");
}

#[test]
fn any_of_several_names_is_enough() {
    let mut driver = Driver::blocking("mdl.exe");
    let both = program("winword.exe").and("mdl.exe");
    let Refusal::Policy(cause) = driver.refuse(&both) else {
        panic!("one of its names is listed");
    };
    assert_eq!(cause.matched.to_string(), "`mdl.exe`");
    driver.admit(&program("winword.exe").and("excel.exe"));
}

#[test]
fn the_list_is_asked_before_the_version_and_opnum_0_has_no_minimum() {
    let mut driver = Driver::blocking("mdl.exe");
    let rows = [
        ("10 and listed", program("mdl.exe").of_version(10, 6626), "policy"),
        ("10 and not", program("a.exe").of_version(10, 6626), "version too old"),
        ("10 and nameless", nameless().of_version(10, 65_535), "version too old"),
    ];
    for (row, client, refusal) in rows {
        assert_eq!(refusal_name(&driver.refuse(&client)), refusal, "{row}");
    }
    driver.admit(&nameless().of_version(11, 0));
    driver.admit(&nameless().of_version(0, 0).through(Interface::Connect));
    let story = driver.story_of(|driver| {
        driver.refuse(&program("mdl.exe").of_version(5, 0).through(Interface::Connect));
    });
    assert_eq!(story, ["session.refused (policy) under 1"]);
}

#[test]
fn an_admission_names_its_session_and_policy() {
    let mut driver = Driver::blocking("mdl.exe");
    let first = driver.admit(&program("a.exe"));
    driver.refuse(&program("mdl.exe"));
    let second = driver.admit(&program("a.exe"));
    assert_eq!((first.session, second.session), (SessionId(1), SessionId(2)));
    assert_eq!(second.generation, Generation(1));
    let record = driver.store.session(second.session).expect("live");
    assert_eq!((record.index, record.connected_at), (second.index, driver.now));
    assert_eq!(record.identity.subject, program("a.exe").subject());
}

/// A session that turns out to be a listed program.
pub(crate) fn a_late_name() -> Driver {
    let mut driver = Driver::blocking("mdl.exe");
    let bystander = driver.admit(&nameless()).session;
    let late = driver.admit(&nameless()).session;
    driver.report(late, &["C:\\mdl.exe"]);
    assert_eq!(driver.live(), [bystander]);
    driver
}

#[test]
fn a_late_name_that_is_listed_ends_the_session_in_that_call() {
    let driver = a_late_name();
    let tail = driver.entries_after(driver.store.journal().first().unwrap());
    let tail: Vec<_> = tail.iter().rev().take(3).rev().collect();
    let story: Vec<_> = tail.iter().map(|entry| super::story::story(entry)).collect();
    assert_eq!(
        story,
        [
            "session.identified 2 (not kept)",
            "session.disconnected 2 (policy) under 1",
            "session.ended 2 (policy)",
        ]
    );
    assert!(tail.iter().all(|entry| entry.cause == infostore::Cause::Client));
    assert_eq!(driver.dropped.len(), 1);
    assert_eq!(driver.dropped[0].session, SessionId(2));
    assert_eq!(driver.dropped[0].association.group, infostore::GroupId(2));
    assert_eq!(driver.store.counts().unidentified, 1);
}

#[test]
fn a_late_name_that_is_not_listed_identifies_the_session() {
    let mut driver = Driver::blocking("mdl.exe");
    let session = driver.admit(&nameless()).session;
    assert_eq!(
        driver.story_of(|driver| driver.report(session, &["a.exe"])),
        ["session.identified 1"]
    );
    let counts = driver.store.counts();
    assert_eq!((counts.sessions, counts.unidentified, counts.classes), (1, 0, 1));

    let again = driver.story_of(|driver| driver.report(session, &["A.EXE", "C:\\a.exe"]));
    assert_eq!(again, [""; 0], "nothing new");
    driver.hive.list("b.exe");
    driver.tick();
    driver.report(session, &["b.exe"]);
    assert_eq!(driver.live(), [], "a second name counts as much as the first");
}

/// Two calls of one session on two connections reach the engine in either order.
#[test]
fn names_that_calls_bring_out_of_order_are_all_known() {
    let mut driver = Driver::blocking("");
    let session = driver.admit(&nameless()).session;
    let named = |names: &[&str]| {
        let names = names.iter().filter_map(|name| policy::ProcessName::parse(name));
        nameless().subject().with_names(names)
    };
    driver.store.observe(driver.now, session, named(&["a.exe", "b.exe"]));
    driver.store.observe(driver.now, session, named(&["a.exe"]));
    driver.hive.list("b.exe");
    driver.tick();
    assert_eq!(driver.live(), [], "the second call has not made the store forget the first");
}

#[test]
fn what_an_ended_session_reports_is_of_no_interest() {
    let mut driver = a_late_name();
    let story = driver.story_of(|driver| {
        driver.report(SessionId(2), &["mdl.exe"]);
        driver.report(SessionId(77), &["mdl.exe"]);
    });
    assert_eq!(story, [""; 0]);
    assert_eq!(driver.dropped.len(), 1);
}
