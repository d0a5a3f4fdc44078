//! The registry: names, typed values, what a read comes to, and the schedule of the poll.

mod cluster;
mod file;
mod key_path;
mod memory;
mod reg_file;
mod tree;

use core::time::Duration;

use clock::SimTime;
use proptest::prelude::*;
use registry_poll::{
    InvalidValue, KeyPath, KeyStoreError, MAX_TEXT_BYTES, NameError, PollNumber, PollSchedule,
    PollTrigger, Reading, RegType, RegValue, Requested, ValueName,
};

const INTERVAL: Duration = Duration::from_secs(900);

fn second(seconds: u64) -> SimTime {
    SimTime::from_micros(seconds * 1_000_000)
}

fn key(path: &str) -> KeyPath {
    path.parse().expect(path)
}

fn name(name: &str) -> ValueName {
    name.parse().expect(name)
}

#[test]
fn keys_and_values_are_compared_without_case_and_shown_as_written() {
    let written = key("hklm\\SYSTEM\\currentcontrolset\\services\\msexchangeis\\PARAMETERSSYSTEM");
    assert_eq!(written, KeyPath::parameters_system());
    assert_eq!(
        written.to_string(),
        "HKEY_LOCAL_MACHINE\\SYSTEM\\currentcontrolset\\services\\msexchangeis\\PARAMETERSSYSTEM"
    );
    assert_eq!(name("disable mapi client PROCESSES"), name("Disable MAPI Client Processes"));
    assert_ne!(name("Disable MAPI Client Process"), name("Disable MAPI Client Processes"));
}

#[test]
fn what_names_no_key_is_refused() {
    let deep = format!("HKLM{}", "\\a".repeat(513));
    let long = format!("HKLM\\{}", "a".repeat(256));
    let rows = [
        ("", "does not begin with a predefined key"),
        ("Software\\X", "does not begin with a predefined key"),
        ("HKLM\\", "an empty component"),
        ("HKLM\\a\\\\b", "an empty component"),
        ("HKLM\\a\0b", "contains a NUL"),
        (&deep, "at most 512"),
        (&long, "at most 255"),
    ];
    for (path, said) in rows {
        let error = path.parse::<KeyPath>().expect_err(path).to_string();
        assert!(error.contains(said), "{path}: {error}");
    }
    let error = "v".repeat(16_384).parse::<ValueName>().expect_err("too long");
    assert_eq!(
        error,
        NameError::TooLong {
            what: "a value name",
            unit: "UTF-16 units",
            actual: 16_384,
            max: 16_383
        }
    );
}

#[test]
fn not_found_wrong_type_and_unreadable_are_three_things() {
    let odd = RegValue::new(RegType::SZ, b"a\0b".to_vec());
    let long = RegValue::new(RegType::SZ, vec![b'a'; MAX_TEXT_BYTES + 2]);
    let fits = RegValue::new(RegType::SZ, b"a\0".repeat(MAX_TEXT_BYTES / 2));
    let denied = KeyStoreError::AccessDenied { key: KeyPath::parameters_system() };
    let wrong = |found| Reading::Invalid(InvalidValue::WrongType { found });
    let rows = [
        ("absent", Ok(None), Reading::NotFound),
        ("denied", Err(denied.clone()), Reading::Unreadable(denied)),
        ("a DWORD", Ok(Some(RegValue::dword(1))), wrong(RegType::DWORD)),
        ("a MULTI_SZ", Ok(Some(RegValue::multi_sz(["a.exe"]))), wrong(RegType::MULTI_SZ)),
        ("an EXPAND_SZ", Ok(Some(RegValue::expand_sz("a.exe"))), wrong(RegType::EXPAND_SZ)),
        ("a BINARY", Ok(Some(RegValue::binary(vec![0]))), wrong(RegType::BINARY)),
        ("an unknown type", Ok(Some(RegValue::new(RegType(99), vec![]))), wrong(RegType(99))),
        ("an odd length", Ok(Some(odd)), Reading::Invalid(InvalidValue::OddLength { length: 3 })),
        (
            "past the limit",
            Ok(Some(long)),
            Reading::Invalid(InvalidValue::TooLong { length: MAX_TEXT_BYTES + 2 }),
        ),
        ("at the limit", Ok(Some(fits)), Reading::Text("a".repeat(MAX_TEXT_BYTES / 2))),
        ("text", Ok(Some(RegValue::sz("mdl.exe"))), Reading::Text("mdl.exe".to_owned())),
        (
            "no text at all",
            Ok(Some(RegValue::new(RegType::SZ, vec![]))),
            Reading::Text(String::new()),
        ),
    ];
    for (row, result, expected) in rows {
        assert_eq!(Reading::judge(result), expected, "{row}");
    }
}

#[test]
fn a_text_may_lack_its_terminator_and_keeps_a_nul_inside() {
    let rows: [(&str, &[u8], &str); 4] = [
        ("terminated", b"a\0\0\0", "a"),
        ("not terminated", b"a\0", "a"),
        ("terminated twice", b"a\0\0\0\0\0", "a\0"),
        ("a lone surrogate", b"\x00\xd8a\0", "\u{fffd}a"),
    ];
    for (row, bytes, text) in rows {
        let value = RegValue::new(RegType::SZ, bytes.to_vec());
        assert_eq!(value.text().as_deref(), Some(text), "{row}");
    }
}

#[test]
fn the_store_polls_when_it_starts_and_every_15_minutes() {
    let mut schedule = PollSchedule::new(second(0), INTERVAL);
    let first = schedule.begin_first(second(0));
    assert_eq!((first.number, first.trigger), (PollNumber(1), PollTrigger::Start));
    assert_eq!(schedule.poll_timeout(), None, "nothing is due while a read is in flight");
    assert_eq!(schedule.finish(second(0)), None);
    assert_eq!(schedule.poll_timeout(), Some(second(900)));
    assert_eq!(schedule.handle_timeout(second(899)), None);
    let tick = schedule.handle_timeout(second(900)).expect("due");
    assert_eq!(
        (tick.number, tick.trigger, tick.due),
        (PollNumber(2), PollTrigger::Tick, second(900))
    );
}

#[test]
fn missed_ticks_collapse_into_one_and_the_grid_stays() {
    let mut schedule = PollSchedule::new(second(100), INTERVAL);
    let late = schedule.handle_timeout(second(100 + 5 * 900 + 17)).expect("due");
    assert_eq!(late.due, second(100 + 5 * 900));
    assert_eq!(schedule.finish(second(100 + 5 * 900 + 18)), None);
    assert_eq!(schedule.poll_timeout(), Some(second(100 + 6 * 900)));
}

#[test]
fn a_slow_read_delays_the_next_tick_and_does_not_move_the_grid() {
    let mut schedule = PollSchedule::new(second(0), INTERVAL);
    assert!(schedule.handle_timeout(second(900)).is_some());
    assert_eq!(schedule.handle_timeout(second(2_000)), None, "a read is in flight");
    assert_eq!(schedule.finish(second(2_000)), None);
    assert_eq!(schedule.handle_timeout(second(2_000)).map(|poll| poll.due), Some(second(1_800)));
    assert_eq!(schedule.next_tick(), second(2_700));
}

#[test]
fn a_request_polls_now_and_requests_during_a_read_become_one_poll() {
    let mut schedule = PollSchedule::new(second(0), INTERVAL);
    let Requested::Begun(poll) = schedule.request(second(10)) else {
        panic!("nothing was in flight")
    };
    assert_eq!((poll.number, poll.trigger), (PollNumber(1), PollTrigger::Request));
    assert_eq!(schedule.request(second(11)), Requested::Queued(PollNumber(2)));
    assert_eq!(schedule.request(second(12)), Requested::Queued(PollNumber(2)));
    let follow_up = schedule.finish(second(13)).expect("asked for meanwhile");
    assert_eq!((follow_up.number, follow_up.started), (PollNumber(2), second(13)));
    assert_eq!(schedule.finish(second(13)), None);
    assert_eq!(schedule.poll_timeout(), Some(second(900)), "the grid has not moved");
}

#[test]
fn no_tick_is_due_past_the_end_of_store_time() {
    let mut schedule =
        PollSchedule::new(SimTime::from_micros(SimTime::MAX.as_micros() - 1), INTERVAL);
    assert_eq!(schedule.poll_timeout(), None);
    assert_eq!(schedule.handle_timeout(SimTime::MAX), None);
}

proptest! {
    /// However time is cut up, the grid is the same and no tick is served twice.
    #[test]
    fn ticks_lie_on_the_grid(start in 0..1_000_u64, steps in prop::collection::vec(0..5_000_u64, 0..50)) {
        let mut schedule = PollSchedule::new(second(start), INTERVAL);
        let (mut now, mut last) = (start, None);
        for step in steps {
            now += step;
            if let Some(poll) = schedule.handle_timeout(second(now)) {
                prop_assert_eq!(poll.due.since(second(start)).as_secs() % 900, 0);
                prop_assert!(last < Some(poll.due) && poll.due <= second(now));
                last = Some(poll.due);
                prop_assert_eq!(schedule.finish(second(now)), None);
            }
            prop_assert!(second(now) < schedule.next_tick());
        }
    }
}
