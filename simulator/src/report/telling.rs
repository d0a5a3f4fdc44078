//! A report out of what was counted.

use core::time::Duration;
use std::collections::BTreeMap;

use super::axis::{Axis, Counter, Gauge, Step};
use super::clients::Telling;
use super::journal_report::{
    At, BlindSpots, BusyMinute, CountSeries, JournalReport, JournalSpan, Limited, NearBy, NearMiss,
    OverTime, Point, REPORT_FORMAT, SeriesOf, SessionSeries, Took, Totals,
};
use super::names::NameId;
use super::nearness::{is_one_letter_from, is_without_exe};
use super::programs::Program;
use super::summary;
use super::tally::History;

/// Programs that have a series of their own.
const SERIES: usize = 6;

/// Near misses that are told.
const NEAR: usize = 200;

pub(super) fn report(history: &History, journal: JournalSpan) -> JournalReport {
    let mut report = JournalReport {
        format: REPORT_FORMAT,
        summary: Vec::new(),
        journal,
        totals: totals(history),
        over_time: over_time(history),
        edits: history.edits.edits(),
        policies: history.edits.policies(),
        hit: history.clients.hit(history),
        blind_spots: blind_spots(history),
        not_said: Vec::new(),
    };
    report.summary = summary::summary(&report, history.is_audit);
    report.not_said = summary::not_said(&report, history);
    report
}

impl Telling for History {
    fn group(&self, id: NameId) -> Option<String> {
        self.groups.text(id).map(str::to_owned)
    }

    fn program(&self, id: NameId) -> Option<String> {
        self.programs.name(id).map(str::to_owned)
    }

    fn version(&self, id: NameId) -> Option<String> {
        self.versions.text(id).map(str::to_owned)
    }
}

fn totals(history: &History) -> Totals {
    let counts = &history.counts;
    let by_reason = |reasons: &BTreeMap<String, Counter>| {
        reasons.iter().map(|(reason, counter)| (reason.clone(), counter.total())).collect()
    };
    let busiest = counts.reconnects.busiest();
    Totals {
        clients: history.clients.count(),
        clients_hit: history.clients.hit_count(),
        connected: counts.connected,
        live: history.programs.all_sessions().now(),
        live_peak: history.programs.all_sessions().peak(),
        refused: by_reason(&counts.refused),
        disconnected: by_reason(&counts.disconnected),
        left: counts.left,
        reconnect_attempts: counts.reconnects.total(),
        busiest_minute: busiest.map(|(at, count)| BusyMinute { at: At(at), count }),
        would_block: counts.would_block,
        identified_late: counts.identified,
        polls: counts.polls,
        polls_failed: counts.polls_failed,
        polls_missed: counts.polls_missed,
        starts: counts.starts,
        faults: counts.faults,
    }
}

fn over_time(history: &History) -> OverTime {
    let width = |axis: Axis| Took(Duration::from_secs(axis.seconds()));
    let (axis, counts) = (history.coarse, &history.counts);
    OverTime {
        session_step: width(history.fine),
        sessions: sessions(history),
        step: width(axis),
        refused: reasons(axis, &counts.refused),
        disconnected: reasons(axis, &counts.disconnected),
        reconnect_attempts: points(axis, counts.reconnects.points()),
    }
}

/// The programs with the most sessions, those without a name, and all others together.
fn sessions(history: &History) -> Vec<SessionSeries> {
    let programs = &history.programs;
    let mut all: Vec<&Program> = programs.keyed().map(|(_, program)| program).collect();
    all.retain(|program| 0 < program.sessions.peak());
    // Stable: of programs with equally many, those that came first.
    all.sort_by_key(|program| core::cmp::Reverse(program.sessions.peak()));
    let (own, rest) = all.split_at(all.len().min(SERIES));
    let series = |of, program: Option<&Program>, gauge: &Gauge| SessionSeries {
        of,
        program: program.map(|program| program.name.clone()),
        peak: Some(gauge.peak()),
        points: points(history.fine, gauge.points()),
    };
    let own = own.iter().map(|program| series(SeriesOf::Program, Some(program), &program.sessions));
    let mut told: Vec<SessionSeries> = own.collect();
    if 0 < programs.unnamed_sessions().peak() {
        told.push(series(SeriesOf::Unnamed, None, programs.unnamed_sessions()));
    }
    let rest = rest.iter().map(|program| &program.sessions).chain([programs.other_sessions()]);
    let sum = sum(rest);
    if !sum.is_empty() {
        let points = points(history.fine, &sum);
        told.push(SessionSeries { of: SeriesOf::Others, program: None, peak: None, points });
    }
    told
}

/// Several gauges as one.
fn sum<'a>(gauges: impl Iterator<Item = &'a Gauge>) -> Vec<(Step, u64)> {
    let mut changes: BTreeMap<Step, (u64, u64)> = BTreeMap::new();
    for gauge in gauges {
        let mut before = 0;
        for (step, value) in gauge.points() {
            let (up, down) = changes.entry(*step).or_default();
            *up = up.saturating_add(value.saturating_sub(before));
            *down = down.saturating_add(before.saturating_sub(*value));
            before = *value;
        }
    }
    let mut now = 0_u64;
    let step = |(step, (up, down)): (Step, (u64, u64))| {
        now = now.saturating_add(up).saturating_sub(down);
        (step, now)
    };
    changes.into_iter().map(step).collect()
}

fn reasons(axis: Axis, reasons: &BTreeMap<String, Counter>) -> Vec<CountSeries> {
    let series = |(reason, counter): (&String, &Counter)| CountSeries {
        reason: reason.clone(),
        total: counter.total(),
        points: points(axis, counter.points()),
    };
    let mut told: Vec<CountSeries> = reasons.iter().map(series).collect();
    told.sort_by_key(|series| core::cmp::Reverse(series.total));
    told
}

fn points(axis: Axis, points: &[(Step, u64)]) -> Vec<Point> {
    let point = |(step, value): &(Step, u64)| Point { at: At(axis.start(*step)), value: *value };
    points.iter().map(point).collect()
}

fn blind_spots(history: &History) -> BlindSpots {
    BlindSpots {
        unnamed: history.programs.unnamed(|version| history.version(version)),
        first_seen: history.programs.first_seen(),
        near_misses: Limited::first(near_misses(history), NEAR),
        lints: history.lints.clone(),
    }
}

/// Programs that are no listed one, and nearly are.
fn near_misses(history: &History) -> Vec<NearMiss> {
    let listed: BTreeMap<&str, &str> = history.edits.listed().collect();
    let unlisted = history.programs.keyed().filter(|(key, _)| !listed.contains_key(key));
    let near = |(key, program): (&str, &Program)| {
        let miss = |(other, name): (&&str, &&str)| {
            let by = if is_without_exe(key, other) {
                Some(NearBy::Exe)
            } else {
                is_one_letter_from(key, other).then_some(NearBy::OneLetter)
            };
            by.map(|by| NearMiss {
                program: program.name.clone(),
                listed: (*name).to_owned(),
                by,
                connected: program.connected,
                at: At(program.first.at),
            })
        };
        listed.iter().find_map(miss)
    };
    unlisted.filter_map(near).collect()
}
