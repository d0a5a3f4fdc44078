//! The poll: when an edit takes effect, and what each kind of reading does (S9 to S14, A6 to A9, A11, A12, A23, A30).

use infostore::{
    Command, Event, Generation, InvalidPolicy, Outcome, PollRecord, PollToken, Refusal, Settings,
};
use policy::LintCode;
use registry_poll::{
    InvalidValue, KeyStoreError, PollNumber, PollTrigger, Reading, RegType, RegValue, ValueName,
    ValueRead,
};

use super::driver::{Driver, Hive, START, after, nameless, program, value_name};

#[test]
fn nobody_is_admitted_before_the_first_read() {
    let mut driver = Driver::starting(Settings::default(), Hive::default());
    assert!(!driver.store.is_running());
    assert_eq!(driver.store.poll_timeout(), None, "the read has no deadline of its own");
    assert_eq!(driver.refuse(&program("a.exe")), Refusal::NotRunning);
    assert_eq!(driver.refuse(&nameless()), Refusal::NotRunning);

    driver.answer();
    assert!(driver.store.is_running());
    driver.admit(&program("a.exe"));
}

#[test]
fn the_list_is_in_force_before_the_first_client() {
    let mut driver = Driver::blocking("mdl.exe");
    assert_eq!(driver.store.generation(), Generation(1));
    assert!(matches!(driver.refuse(&program("MDL.EXE")), Refusal::Policy(_)));
}

/// A store whose registry is busy at the start, then read, then busy again.
pub(crate) fn outages() -> Driver {
    let mut driver = Driver::start(Settings::default(), Hive::failing());
    driver.hive.list("mdl.exe");
    driver.hive.recover();
    driver.tick();
    driver.hive.delete();
    driver.hive.fail();
    driver.tick();
    driver.tick();
    driver.hive.recover();
    driver.tick();
    driver
}

#[test]
fn a_first_read_that_fails_leaves_the_policy_off_until_the_next_tick() {
    let mut driver = Driver::start(Settings::default(), Hive::failing());
    driver.hive.list("mdl.exe");
    assert!(driver.store.is_running());
    assert!(driver.store.policy().is_off());
    assert_eq!(
        driver.story_after(super::journal::BEFORE)[1..],
        ["poll.failed 1 (start) keeps 0"; 2]
    );
    let early = driver.admit(&program("mdl.exe")).session;

    driver.hive.recover();
    driver.walk_to(after(899));
    assert_eq!(driver.live(), [early]);
    let story = driver.story_of(|driver| driver.walk_to(after(900)));
    assert_eq!(story[0], "poll.completed 2 (tick) changed 1");
    assert_eq!(driver.live(), []);
}

/// What a poll read the process list's value as.
fn reading(poll: &PollRecord) -> Reading {
    Reading::clone(poll.reads[0].reading.as_ref().expect("it is watched"))
}

#[test]
fn an_unreadable_value_keeps_the_last_good_policy_and_is_reported_each_time() {
    let driver = outages();
    assert_eq!(
        driver.story_after(super::journal::BEFORE),
        [
            "store.started",
            "poll.failed 1 (start) keeps 0",
            "poll.failed 1 (start) keeps 0",
            "poll.completed 2 (tick) changed 1",
            "policy.changed to 1: +[\"mdl.exe\"] -[]",
            "enforcement.completed of 1: -0 =0 ?0",
            "poll.failed 3 (tick) keeps 1",
            "poll.failed 3 (tick) keeps 1",
            "poll.failed 4 (tick) keeps 1",
            "poll.failed 4 (tick) keeps 1",
            "poll.completed 5 (tick) changed 2",
            "policy.changed to 2: +[] -[\"mdl.exe\"]",
            "enforcement.completed of 2: -0 =0 ?0",
        ]
    );
    let readings: Vec<_> = driver.store.polls().map(reading).collect();
    let busy = Reading::Unreadable(KeyStoreError::Busy {
        key: registry_poll::KeyPath::parameters_system(),
    });
    let text = Reading::Text("mdl.exe".to_owned());
    assert_eq!(readings, [busy.clone(), text, busy.clone(), busy, Reading::NotFound]);
}

#[test]
fn an_unreadable_value_cuts_and_frees_nobody() {
    let mut driver = Driver::blocking("mdl.exe");
    let kept = driver.admit(&program("winword.exe")).session;
    driver.hive.list("winword.exe");
    driver.hive.fail();
    driver.tick();
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
    assert_eq!(driver.live(), [kept]);
}

#[test]
fn an_edit_is_seen_at_the_next_tick_and_not_before() {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    let open = driver.admit(&program("mdl.exe")).session;
    driver.walk_to(after(1));
    driver.hive.list("mdl.exe");

    driver.walk_to(after(899));
    let late = driver.admit(&program("mdl.exe")).session;
    assert_eq!(driver.live(), [open, late]);

    driver.walk_to(after(901));
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));
    assert_eq!(driver.live(), []);
    let cut = driver
        .store
        .journal()
        .entries()
        .find(|entry| matches!(entry.event, Event::SessionDisconnected { .. }));
    assert_eq!(cut.map(|entry| entry.at), Some(after(900)));
}

#[test]
fn a_deleted_value_lets_the_program_in_at_the_next_tick() {
    let mut driver = Driver::blocking("mdl.exe");
    driver.admit(&program("winword.exe"));
    driver.hive.delete();
    driver.walk_to(after(899));
    assert!(matches!(driver.refuse(&program("mdl.exe")), Refusal::Policy(_)));

    let story = driver.story_of(|driver| driver.walk_to(after(900)));
    assert_eq!(
        story,
        [
            "poll.completed 2 (tick) changed 2",
            "policy.changed to 2: +[] -[\"mdl.exe\"]",
            "enforcement.completed of 2: -0 =1 ?0",
        ]
    );
    driver.admit(&program("mdl.exe"));

    driver.hive.delete();
    let story = driver.story_of(Driver::tick);
    assert_eq!(story, ["poll.completed 3 (tick) unchanged 2"], "deleting again");
}

#[test]
fn a_list_that_is_only_written_differently_changes_nothing() {
    let mut driver = Driver::blocking("mdl.exe; beta.exe");
    driver.admit(&program("winword.exe"));
    let rows = [
        ("re-cased", "MDL.EXE; Beta.Exe"),
        ("reordered", "beta.exe; mdl.exe"),
        ("respaced", "  beta.exe ;mdl.exe\t"),
        ("repeated", "beta.exe; mdl.exe; MDL.exe"),
        ("with a path", "C:\\tools\\beta.exe; \"mdl.exe\""),
        ("with empty items", ";;beta.exe; ;mdl.exe;"),
    ];
    for (row, text) in rows {
        driver.hive.list(text);
        let story = driver.story_of(Driver::tick);
        assert_eq!(story.len(), 1, "{row}: {story:?}");
        assert!(story[0].ends_with("(tick) unchanged 1"), "{row}: {story:?}");
    }
    assert_eq!(driver.dropped, []);
    assert_eq!(driver.store.counts().sessions, 1);
}

#[test]
fn a_refusal_names_the_item_as_it_is_written_now() {
    let mut driver = Driver::blocking("beta.exe; mdl.exe");
    driver.hive.list("MDL.EXE; beta.exe");
    driver.tick();
    let Refusal::Policy(cause) = driver.refuse(&program("mdl.exe")) else {
        panic!("it is listed");
    };
    let said = "`mdl.exe` matches item 1 `MDL.EXE` of `Disable MAPI Client Processes`";
    assert_eq!(cause.to_string(), said);
}

#[test]
fn a_list_without_a_name_is_off_and_blocks_nobody() {
    for text in ["", " ", ";", "; ;", "\0mdl.exe"] {
        let mut driver = Driver::blocking(text);
        driver.admit(&program("mdl.exe"));
        assert_eq!(driver.store.generation(), Generation(0), "{text:?}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_off_and_reported_once() {
    let odd = RegValue::new(RegType::SZ, b"m\0d\0l".to_vec());
    let rows = [
        ("a DWORD", RegValue::dword(1)),
        ("a MULTI_SZ", RegValue::multi_sz(["mdl.exe"])),
        ("an EXPAND_SZ", RegValue::expand_sz("mdl.exe")),
        ("a BINARY", RegValue::binary(b"mdl.exe".to_vec())),
        ("odd bytes", odd),
    ];
    for (row, value) in rows {
        let mut driver = Driver::blocking("mdl.exe");
        driver.hive.write(value);
        let story = driver.story_of(Driver::tick);
        assert_eq!(
            story,
            [
                "poll.completed 2 (tick) changed 2",
                "registry.invalid (value)",
                "policy.changed to 2: +[] -[\"mdl.exe\"]",
                "enforcement.completed of 2: -0 =0 ?0",
            ],
            "{row}"
        );
        let open = driver.admit(&program("mdl.exe")).session;
        let again = driver.story_of(Driver::tick);
        assert_eq!(again, ["poll.completed 3 (tick) unchanged 2"], "{row}: said once");

        driver.hive.list("mdl.exe");
        driver.tick();
        assert_eq!(driver.dropped.len(), 1, "{row}: recovers at the next tick");
        assert_eq!(driver.dropped[0].session, open, "{row}");
    }
}

#[test]
fn a_wrong_type_is_not_said_again_after_a_failed_read_but_after_a_good_one() {
    let mut driver = Driver::blocking("mdl.exe");
    driver.hive.write(RegValue::dword(1));
    driver.tick();
    driver.hive.fail();
    driver.tick();
    driver.hive.recover();
    let story = driver.story_of(Driver::tick);
    assert_eq!(story, ["poll.completed 4 (tick) unchanged 2"]);

    driver.hive.delete();
    driver.tick();
    driver.hive.write(RegValue::dword(1));
    let story = driver.story_of(Driver::tick);
    assert_eq!(story, ["poll.completed 6 (tick) unchanged 2", "registry.invalid (value)"]);
}

#[test]
fn a_registry_problem_says_what_is_wrong() {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    driver.hive.write(RegValue::dword(1));
    driver.tick();
    let problems: Vec<_> = problems(&driver);
    let found = RegType::DWORD;
    assert_eq!(problems, [InvalidPolicy::Value(InvalidValue::WrongType { found })]);
}

/// A store that is told to block a part of itself.
pub(crate) fn a_listed_component() -> Driver {
    Driver::blocking("mdl.exe; mad.exe; goog*")
}

#[test]
fn exchange_components_and_wildcards_are_reported_and_honoured() {
    let mut driver = a_listed_component();
    assert_eq!(
        driver.story_after(super::journal::BEFORE)[1..3],
        ["poll.completed 1 (start) changed 1", "registry.invalid (items)"]
    );
    let problems = problems(&driver);
    let [InvalidPolicy::Items(lints)] = &problems[..] else {
        panic!("one problem with items: {problems:?}");
    };
    let codes: Vec<_> = lints.iter().map(|lint| lint.code).collect();
    assert_eq!(codes, [LintCode::ExchangeComponent, LintCode::Wildcard]);
    assert!(matches!(driver.refuse(&program("MAD.EXE")), Refusal::Policy(_)));
    driver.admit(&program("googledesktop.exe"));
    assert_eq!(driver.story_of(Driver::tick), ["poll.completed 2 (tick) unchanged 1"]);
}

fn problems(driver: &Driver) -> Vec<InvalidPolicy> {
    let entries = driver.store.journal().entries();
    let problems = entries.filter_map(|entry| match &entry.event {
        Event::RegistryInvalid { value, problem } => {
            assert_eq!(*value, value_name());
            Some(problem.clone())
        }
        _ => None,
    });
    problems.collect()
}

#[test]
fn an_unanswered_value_counts_as_failed() {
    let mut driver = Driver::blocking("mdl.exe");
    driver.held = true;
    let other: ValueName = "Disable MAPI Clients".parse().expect("a value name");
    let rows = [
        ("no answer", Vec::new(), 2),
        ("another value", vec![ValueRead { name: other, result: Ok(None) }], 1),
    ];
    for (row, values, failed) in rows {
        driver.tick();
        let story = driver.story_of(|driver| driver.answer_with(values));
        assert_eq!(story.len(), failed, "{row}: {story:?}");
        for line in &story {
            assert!(line.starts_with("poll.failed") && line.ends_with("keeps 1"), "{row}: {line}");
        }
    }
}

#[test]
fn a_stale_answer_is_ignored() {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    driver.held = true;
    driver.admit(&program("mdl.exe"));
    let block =
        || vec![ValueRead { name: value_name(), result: Ok(Some(RegValue::sz("mdl.exe"))) }];
    let between = driver.story_of(|driver| driver.answer_token(PollToken(PollNumber(1)), block()));
    assert_eq!(between, [""; 0], "no read is in flight");

    driver.tick();
    let during = driver.story_of(|driver| {
        driver.answer_token(PollToken(PollNumber(1)), block());
        driver.answer_token(PollToken(PollNumber(3)), block());
    });
    assert_eq!(during, [""; 0], "another read is in flight");
    assert_eq!(driver.store.counts().sessions, 1);
    let answered = driver.story_of(Driver::answer);
    assert_eq!(answered, ["poll.completed 2 (tick) unchanged 0"]);
}

#[test]
fn polling_on_request_sees_an_edit_and_leaves_the_schedule() {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    driver.walk_to(after(100));
    driver.hive.list("mdl.exe");
    let cursor = driver.cursor();
    assert_eq!(driver.execute(Command::Poll), Ok(Outcome::PollRequested(PollNumber(2))));
    assert_eq!(driver.story_after(cursor)[0], "poll.completed 2 (request) changed 1");
    assert_eq!(driver.store.poll_timeout(), Some(after(900)));
}

#[test]
fn requests_during_a_read_become_one_poll_after_it() {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    driver.held = true;
    driver.walk_to(after(900));
    let second = Ok(Outcome::PollRequested(PollNumber(3)));
    assert_eq!(driver.execute(Command::Poll), second);
    assert_eq!(driver.execute(Command::Poll), second);
    assert_eq!(driver.reads.len(), 1, "the second waits for the first");

    driver.hive.list("mdl.exe");
    let story = driver.story_of(|driver| {
        driver.answer();
        driver.answer();
    });
    assert_eq!(story[0], "poll.completed 2 (tick) changed 1");
    assert_eq!(story.last().unwrap(), "poll.completed 3 (request) unchanged 1");
    assert_eq!(driver.reads.len(), 0);
    assert_eq!(driver.store.poll_timeout(), Some(after(1_800)));
}

#[test]
fn a_request_before_the_first_read_is_over_waits_for_it() {
    let mut driver = Driver::starting(Settings::default(), Hive::default());
    assert_eq!(driver.execute(Command::Poll), Ok(Outcome::PollRequested(PollNumber(2))));
    driver.answer();
    assert!(driver.store.is_running());
    assert_eq!(driver.reads[0].token, PollToken(PollNumber(2)));
}

#[test]
fn ticks_that_pass_during_a_slow_read_are_served_once() {
    let mut driver = Driver::start(Settings::default(), Hive::default());
    driver.held = true;
    driver.walk_to(after(900));
    assert_eq!(driver.store.poll_timeout(), None);
    driver.walk_to(after(3_000));
    driver.answer();
    assert_eq!(driver.store.poll_timeout(), Some(after(1_800)), "overdue");
    driver.walk_to(after(3_000));
    driver.answer();
    assert_eq!(driver.store.poll_timeout(), Some(after(3_600)));
    let dues: Vec<_> = driver.store.polls().map(|record| record.poll.due).collect();
    assert_eq!(dues, [START, after(900), after(2_700)]);
}

#[test]
fn the_ledger_is_bounded_by_the_texts_that_it_holds() {
    let mut settings = Settings::default();
    settings.limits.polls_bytes = 100_000;
    let mut driver = Driver::start(settings, Hive::default());
    for letter in "abcdefgh".chars() {
        driver.hive.list(&format!("{}.exe", letter.to_string().repeat(30_000)));
        driver.tick();
    }
    let numbers: Vec<_> = driver.store.polls().map(|record| record.poll.number.0).collect();
    assert_eq!(numbers, [7, 8, 9], "three texts of 30,000 bytes");
    driver.hive.list(&"x".repeat(200_000));
    driver.tick();
    assert_eq!(driver.store.polls().len(), 1, "the last is kept whatever it weighs");
}

#[test]
fn the_ledger_keeps_the_newest_polls() {
    let mut settings = Settings::default();
    settings.limits.polls_kept = 2;
    let mut driver = Driver::start(settings, Hive::with("mdl.exe;"));
    let cut = driver.admit(&program("beta.exe")).session;
    driver.hive.list("beta.exe");
    driver.walk_to(after(1_800));

    let numbers: Vec<_> = driver.store.polls().map(|record| record.poll.number.0).collect();
    assert_eq!(numbers, [2, 3]);
    let record = |number| driver.store.poll_record(PollNumber(number));
    assert_eq!(record(1), None, "evicted");
    assert_eq!(record(4), None, "not yet");
    let second = record(2).expect("kept");
    assert_eq!((second.changed, second.swept.disconnected), (true, 1));
    assert_eq!((second.generation, second.finished), (Generation(2), after(900)));
    assert_eq!(second.poll.trigger, PollTrigger::Tick);
    assert_eq!(driver.dropped[0].session, cut);
    let third = record(3).expect("kept");
    assert_eq!((third.changed, third.swept.disconnected), (false, 0));
    assert_eq!(third.generation, Generation(2));
}
