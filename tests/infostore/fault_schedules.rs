//! Which opportunities a rule hits: each schedule exactly, alone and with others.

use core::num::NonZeroU64;

use clock::SimTime;
use infostore::{
    FaultEffect, FaultRule, FaultRules, FaultSchedule, FaultTarget, Probability, ScheduleError,
    Stage, StreamSeed, Window,
};
use proptest::prelude::*;
use registry_poll::FaultId;

use crate::running::always;

fn at(second: u64) -> SimTime {
    SimTime::from_micros(second * 1_000_000)
}

fn n(number: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(number)
}

fn none() -> FaultSchedule {
    FaultSchedule::default()
}

fn p(probability: f64) -> Option<Probability> {
    Some(Probability::new(probability).expect("from 0 to 1"))
}

fn rule(schedule: FaultSchedule) -> FaultRule {
    FaultRule { schedule, ..always(FaultEffect::SkipPoll) }
}

fn rules(seed: u64, schedules: impl IntoIterator<Item = FaultSchedule>) -> FaultRules {
    let mut rules = FaultRules::new(StreamSeed(seed));
    for schedule in schedules {
        rules.add(rule(schedule)).expect("there is room");
    }
    rules
}

/// Whether anything hits the tick at this second.
fn hits(rules: &mut FaultRules, second: u64) -> bool {
    !rules.decide(at(second), Stage::Poll, &FaultTarget::default()).is_empty()
}

/// The ordinals that hit among so many opportunities, one a second from the first.
fn ordinals(schedule: FaultSchedule, opportunities: u64) -> Vec<u64> {
    assert_eq!(rule(schedule.clone()).check(), Ok(()), "{schedule:?}");
    let mut rules = rules(7, [schedule]);
    (1..=opportunities).filter(|second| hits(&mut rules, *second)).collect()
}

#[test]
fn each_schedule_hits_exactly_what_it_says() {
    let between = |from, until| Some(Window { from: at(from), until: at(until) });
    let rows: [(&str, FaultSchedule, &[u64]); 19] = [
        ("always", none(), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("next", FaultSchedule { next: n(3), ..none() }, &[1, 2, 3]),
        ("first", FaultSchedule { first: n(3), ..none() }, &[1, 2, 3]),
        ("after", FaultSchedule { after: Some(7), ..none() }, &[8, 9, 10]),
        ("after none", FaultSchedule { after: Some(0), first: n(2), ..none() }, &[1, 2]),
        ("after all", FaultSchedule { after: Some(u64::MAX), ..none() }, &[]),
        ("every", FaultSchedule { every: n(3), ..none() }, &[3, 6, 9]),
        ("every one", FaultSchedule { every: n(1), first: n(2), ..none() }, &[1, 2]),
        ("every of very many", FaultSchedule { every: n(u64::MAX), ..none() }, &[]),
        ("never", FaultSchedule { probability: p(0.0), ..none() }, &[]),
        ("surely", FaultSchedule { probability: p(1.0), next: n(4), ..none() }, &[1, 2, 3, 4]),
        ("between", FaultSchedule { between: between(4, 6), ..none() }, &[4, 5]),
        (
            "sequence",
            FaultSchedule { sequence: Some(vec![true, false, false, true]), ..none() },
            &[1, 4],
        ),
        ("every after", FaultSchedule { every: n(2), after: Some(3), ..none() }, &[5, 7, 9]),
        ("next of every", FaultSchedule { every: n(2), next: n(2), ..none() }, &[2, 4]),
        ("first of every", FaultSchedule { every: n(2), first: n(5), ..none() }, &[2, 4]),
        (
            "sequence after",
            FaultSchedule { sequence: Some(vec![false, true]), after: Some(2), ..none() },
            &[4],
        ),
        ("next between", FaultSchedule { between: between(3, 100), next: n(2), ..none() }, &[3, 4]),
        (
            "everything between",
            FaultSchedule {
                between: between(2, 10),
                first: n(9),
                after: Some(1),
                every: n(2),
                probability: p(1.0),
                next: n(3),
                sequence: None,
            },
            &[3, 5, 7],
        ),
    ];
    for (row, schedule, expected) in rows {
        assert_eq!(ordinals(schedule, 10), expected, "{row}");
    }
}

#[test]
fn zero_and_one_are_exact_however_often_and_whatever_the_seed() {
    for seed in 0..100 {
        let never = FaultSchedule { probability: p(0.0), ..none() };
        let surely = FaultSchedule { probability: p(1.0), ..none() };
        let (mut never, mut surely) = (rules(seed, [never]), rules(seed, [surely]));
        for second in 1..=1_000 {
            assert!(!hits(&mut never, second) && hits(&mut surely, second));
        }
    }
}

#[test]
fn a_probability_hits_about_as_often_as_it_says() {
    for (probability, range) in [(0.5, 4_800..5_200), (0.1, 880..1_120), (0.999, 9_970..10_000)] {
        let hit = ordinals(FaultSchedule { probability: p(probability), ..none() }, 10_000);
        assert!(range.contains(&hit.len()), "{probability}: {}", hit.len());
    }
}

#[test]
fn a_schedule_that_can_not_be_kept_is_refused() {
    let window = |from, until| Some(Window { from: at(from), until: at(until) });
    let sequence = |answers: usize| Some(vec![true; answers]);
    for (row, schedule, error) in [
        ("empty", FaultSchedule { between: window(5, 5), ..none() }, ScheduleError::EmptyWindow),
        (
            "backwards",
            FaultSchedule { between: window(6, 5), ..none() },
            ScheduleError::EmptyWindow,
        ),
        (
            "first is passed",
            FaultSchedule { first: n(3), after: Some(3), ..none() },
            ScheduleError::FirstIsOver,
        ),
        (
            "first is before every",
            FaultSchedule { first: n(4), every: n(3), after: Some(2), ..none() },
            ScheduleError::FirstIsOver,
        ),
        (
            "no answers",
            FaultSchedule { sequence: sequence(0), ..none() },
            ScheduleError::SequenceLength,
        ),
        (
            "too many",
            FaultSchedule { sequence: sequence(10_001), ..none() },
            ScheduleError::SequenceLength,
        ),
        (
            "drawn too",
            FaultSchedule { sequence: sequence(1), probability: p(0.5), ..none() },
            ScheduleError::SequenceAndMore,
        ),
        (
            "every too",
            FaultSchedule { sequence: sequence(1), every: n(2), ..none() },
            ScheduleError::SequenceAndMore,
        ),
        (
            "first too",
            FaultSchedule { sequence: sequence(1), first: n(2), ..none() },
            ScheduleError::SequenceAndMore,
        ),
    ] {
        assert_eq!(rule(schedule).check(), Err(error.into()), "{row}");
    }
    for hostile in [f64::NAN, f64::INFINITY, 1e308, -1e-308, -1.0, 1.0 + f64::EPSILON] {
        assert_eq!(Probability::new(hostile), Err(ScheduleError::Probability), "{hostile}");
    }
    assert_eq!(Probability::new(-0.0), Probability::new(0.0), "it is shown as 0");
}

#[test]
fn a_new_schedule_counts_from_now_on_and_the_counters_go_on() {
    let mut rules = rules(7, [FaultSchedule { next: n(2), ..none() }]);
    for second in 1..=5 {
        assert_eq!(hits(&mut rules, second), second <= 2);
    }
    let of = |rules: &FaultRules| {
        let rule = &rules.list()[0];
        (rule.seen, rule.hits, rule.hits_left())
    };
    assert_eq!(of(&rules), (5, 2, Some(0)));
    let rule = rules.get_mut(FaultId(1)).expect("it is there");
    rule.set_schedule(FaultSchedule { next: n(1), after: Some(1), ..none() });
    assert_eq!(of(&rules), (5, 2, Some(1)));
    let hit: Vec<_> = (6..=9).filter(|second| hits(&mut rules, *second)).collect();
    assert_eq!((hit, of(&rules)), (vec![7], (9, 3, Some(0))));
}

#[test]
fn a_rule_that_rests_sees_nothing() {
    let mut rules = rules(7, [FaultSchedule { next: n(1), ..none() }]);
    rules.get_mut(FaultId(1)).expect("it is there").paused = true;
    assert!(!rules.look_at(Stage::Poll) && !hits(&mut rules, 1));
    rules.get_mut(FaultId(1)).expect("it is there").paused = false;
    assert!(rules.look_at(Stage::Poll) && hits(&mut rules, 2));
    assert_eq!(rules.list()[0].seen, 1);
}

#[test]
fn a_clone_goes_on_as_the_rule_that_it_was_made_from() {
    let half = FaultSchedule { probability: p(0.5), ..none() };
    let mut rules = rules(7, [half]);
    for second in 1..=100 {
        hits(&mut rules, second);
    }
    let mut clone = rules.clone();
    for second in 101..=1_000 {
        assert_eq!(hits(&mut rules, second), hits(&mut clone, second));
    }
}

proptest! {
    /// Rules that come and go, see other things, or rest, never move what a rule draws at its own opportunities.
    #[test]
    fn unrelated_rules_and_traffic_never_move_an_outcome(
        seed in any::<u64>(),
        probability in 0.0..=1.0,
        noise in prop::collection::vec(0..4_u8, 0..200),
    ) {
        let drawn = FaultSchedule { probability: p(probability), ..none() };
        let mut alone = rules(seed, [drawn.clone()]);
        let mut beside = rules(seed, [drawn.clone()]);
        let other = FaultRule { schedule: drawn, ..always(FaultEffect::Refuse) };
        for noise in noise {
            match noise {
                0 => drop(beside.decide(at(1), Stage::Accept, &FaultTarget::default())),
                1 => drop(beside.add(other.clone())),
                2 => drop(beside.remove(FaultId(2))),
                _ => {
                    let of = |rules: &mut FaultRules| {
                        let hits = rules.decide(at(1), Stage::Poll, &FaultTarget::default());
                        hits.into_iter().map(|hit| (hit.fault, hit.bits)).collect::<Vec<_>>()
                    };
                    prop_assert_eq!(of(&mut alone), of(&mut beside));
                }
            }
        }
        prop_assert_eq!(alone.list()[0].seen, beside.list()[0].seen);
    }
}
