//! Store time: its text forms and the three modes of a store's clock.

use core::time::Duration;

use clock::{
    ClockError, ClockMode, Elapsed, Scale, SimTime, StoreClock, format_duration, parse_duration,
};
use proptest::prelude::*;

fn time(text: &str) -> SimTime {
    text.parse().expect(text)
}

fn at(seconds: u64) -> Elapsed {
    Elapsed(Duration::from_secs(seconds))
}

#[test]
fn a_time_is_read_and_written_as_rfc_3339() {
    let rows = [
        ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
        ("2006-04-22T04:43:00Z", 1_145_680_980_000_000, "2006-04-22T04:43:00Z"),
        ("2006-04-22T06:43:00+02:00", 1_145_680_980_000_000, "2006-04-22T04:43:00Z"),
        ("2006-04-21T20:13:00.5-08:30", 1_145_680_980_500_000, "2006-04-22T04:43:00.500Z"),
        ("2000-02-29T23:59:59.000001z", 951_868_799_000_001, "2000-02-29T23:59:59.000001Z"),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ];
    for (text, micros, canonical) in rows {
        assert_eq!(time(text).as_micros(), micros, "{text}");
        assert_eq!(time(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn a_time_has_its_civil_parts() {
    let civil = time("2006-04-22T04:43:07Z").civil();
    assert_eq!(
        (civil.year, civil.month, civil.day, civil.day_of_week),
        (2006, 4, 22, 6),
        "a Saturday"
    );
    assert_eq!((civil.hour, civil.minute, civil.second), (4, 43, 7));
    assert_eq!(SimTime::EPOCH.civil().day_of_week, 4, "a Thursday");
}

#[test]
fn what_is_no_time_is_refused_and_named() {
    let rows = [
        "",
        "now",
        "2006-04-22",
        "2006-04-22T08:00Z",
        "2006-04-22 08:00:00Z",
        "2006-02-30T08:00:00Z",
        "2006-13-01T08:00:00Z",
        "2006-04-22T24:00:00Z",
        "2006-04-22T08:00:60Z",
        "2006-04-22T08:00:00",
        "2006-04-22T08:00:00.Z",
        "2006-04-22T08:00:00.1234567Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "2006-04-22T08:00:00+1:00",
        "12006-04-22T08:00:00Z",
        "2006-04-22T08:00:00Zx",
        "2006-04-22T0é:00:00Z",
    ];
    for text in rows {
        let error = text.parse::<SimTime>().expect_err(text).to_string();
        assert!(error.contains(&format!("`{text}`")), "{error}");
    }
}

#[test]
fn a_duration_is_read_and_written() {
    let rows = [
        ("15m", 900_000_000, "15m"),
        ("250ms", 250_000, "250ms"),
        ("1h30m", 5_400_000_000, "1h30m"),
        ("90s", 90_000_000, "1m30s"),
        ("0s", 0, "0s"),
        ("1d1us", 86_400_000_001, "1d1us"),
    ];
    for (text, micros, canonical) in rows {
        let duration = parse_duration(text).expect(text);
        assert_eq!(duration, Duration::from_micros(micros), "{text}");
        assert_eq!(format_duration(duration), canonical, "{text}");
    }
    for text in
        ["", "15", "m", "15 m", "1.5h", "-1s", "15min", "99999999999999999999s", "300000000d"]
    {
        let error = parse_duration(text).expect_err(text).to_string();
        assert!(error.contains(&format!("`{text}`")), "{error}");
    }
}

#[test]
fn a_manual_clock_moves_only_when_told_and_only_forwards() {
    let start = time("2006-04-22T08:00:00Z");
    let mut clock = StoreClock::new(ClockMode::Manual, start, at(0));
    assert_eq!(clock.now(at(1_000_000)), start);
    assert_eq!(clock.wall_delay(start.saturating_add(Duration::from_secs(1)), at(5)), None);
    let later = time("2006-04-22T08:15:00Z");
    clock.advance_to(later).expect("forwards");
    assert_eq!(clock.now(at(0)), later);
    assert_eq!(clock.advance_to(start), Err(ClockError::Backwards { now: later, target: start }));
    assert_eq!(clock.now(at(0)), later);
}

#[test]
fn a_real_clock_follows_the_wall_and_is_not_moved_by_hand() {
    let start = time("2006-04-22T08:00:00Z");
    let mut clock = StoreClock::new(ClockMode::Real, start, at(10));
    assert_eq!(clock.now(at(70)), time("2006-04-22T08:01:00Z"));
    assert_eq!(
        clock.wall_delay(time("2006-04-22T08:15:00Z"), at(70)),
        Some(Duration::from_secs(840))
    );
    assert_eq!(clock.wall_delay(start, at(70)), Some(Duration::ZERO));
    assert_eq!(clock.advance_to(SimTime::MAX), Err(ClockError::NotManual));
}

#[test]
fn a_scaled_clock_is_as_many_times_faster() {
    let start = time("2006-04-22T08:00:00Z");
    let scale = Scale::new(900).expect("in range");
    let clock = StoreClock::new(ClockMode::Scaled(scale), start, at(0));
    assert_eq!(clock.now(at(1)), time("2006-04-22T08:15:00Z"));
    assert_eq!(clock.wall_delay(time("2006-04-22T08:15:00Z"), at(0)), Some(Duration::from_secs(1)));
    assert_eq!((Scale::new(0), Scale::new(1_000_001)), (None, None));
}

#[test]
fn a_change_of_mode_does_not_move_time() {
    let mut clock = StoreClock::new(ClockMode::Real, time("2006-04-22T08:00:00Z"), at(0));
    clock.set_mode(ClockMode::Manual, at(60));
    assert_eq!(clock.now(at(6_000)), time("2006-04-22T08:01:00Z"));
    clock.set_mode(ClockMode::Real, at(6_000));
    assert_eq!(clock.now(at(6_060)), time("2006-04-22T08:02:00Z"));
}

proptest! {
    #[test]
    fn every_time_reads_back_as_written(micros in 0..=SimTime::MAX.as_micros()) {
        let time = SimTime::from_micros(micros);
        prop_assert_eq!(time.to_string().parse::<SimTime>(), Ok(time));
    }

    #[test]
    fn no_text_upsets_the_parsers(text in "\\PC*") {
        drop((text.parse::<SimTime>(), parse_duration(&text)));
    }

    #[test]
    fn every_duration_reads_back_as_written(micros in any::<u64>()) {
        let duration = Duration::from_micros(micros);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    /// A timer set for the delay that the clock names never fires before its deadline.
    #[test]
    fn a_deadline_is_reached_after_its_wall_delay(ahead in 0..10_000_000_000_u64, factor in 1..=Scale::MAX) {
        let clock = StoreClock::new(ClockMode::Scaled(Scale::new(factor).expect("in range")), SimTime::EPOCH, at(0));
        let deadline = SimTime::from_micros(ahead);
        let delay = clock.wall_delay(deadline, at(0)).expect("not manual");
        prop_assert!(deadline <= clock.now(Elapsed(delay)));
    }
}
