//! The frame of a plot: where an instant and a number lie, the axes with their labels, and the edits and policies in it.

use core::time::Duration;

use clock::SimTime;

use super::escape::{escaped, grouped};
use crate::report::{At, EditOutcome, JournalReport};

/// The size of every plot, in its own units.
pub(super) const WIDTH: u64 = 960;
const LEFT: u64 = 64;
const TOP: u64 = 34;
const BOTTOM: u64 = 30;

/// Edits and policies that are marked at the most; more would hide the plot.
const MARKS: usize = 12;

/// Time between two labels, in seconds.
const PACES: [u64; 18] = [
    1, 5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800,
    2_592_000, 31_536_000,
];

/// Labels of time at the most.
const TIMES: u64 = 8;

const MICROS: u64 = 1_000_000;
const DAY: u64 = 86_400;

/// Where things lie in a plot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    start: SimTime,
    span: Duration,
    /// The number at the top.
    most: u64,
    height: u64,
    /// Free space at the right, for labels.
    right: u64,
}

impl Frame {
    /// A frame for what happens in a journal. The number at the top is round, and not below `most`.
    pub(super) fn new(report: &JournalReport, most: u64) -> Self {
        let start = report.journal.start.unwrap_or(At(SimTime::EPOCH)).0;
        let span = report.journal.span.0.max(Duration::from_secs(1));
        Self { start, span, most: round(most), height: 280, right: 16 }
    }

    pub(super) fn with_labels(self) -> Self {
        Self { right: 230, ..self }
    }

    pub(super) fn with_height(self, height: u64) -> Self {
        Self { height, ..self }
    }

    pub(super) fn height(self) -> u64 {
        self.height
    }

    pub(super) fn left(self) -> u64 {
        LEFT
    }

    /// The right end of the time axis.
    pub(super) fn end(self) -> u64 {
        WIDTH.saturating_sub(self.right)
    }

    pub(super) fn top(self) -> u64 {
        TOP
    }

    /// Where zero is.
    pub(super) fn bottom(self) -> u64 {
        self.height.saturating_sub(BOTTOM)
    }

    /// Where an instant is; those outside are at the ends.
    pub(super) fn x(self, at: SimTime) -> u64 {
        let since = at.since(self.start).as_micros();
        let wide = self.end().saturating_sub(LEFT);
        LEFT.saturating_add(scaled(since, self.span.as_micros(), wide))
    }

    /// Where a number is.
    pub(super) fn y(self, number: u64) -> u64 {
        let tall = self.bottom().saturating_sub(TOP);
        self.bottom().saturating_sub(scaled(number.into(), self.most.into(), tall))
    }

    /// Both axes, with the lines that help to read them.
    pub(super) fn axes(self) -> String {
        self.numbers() + &self.times()
    }

    fn numbers(self) -> String {
        let steps: u64 = if self.most < 4 { self.most } else { 4 };
        let line = |step: u64| {
            let number = scaled(step.into(), steps.into(), self.most);
            let y = self.y(number);
            format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                self.end(),
                LEFT.saturating_sub(8),
                y.saturating_add(4),
                grouped(number)
            )
        };
        (0..=steps).map(line).collect()
    }

    /// Labels at round times, and a line at the bottom.
    pub(super) fn times(self) -> String {
        let span = self.span.as_secs();
        let fits = |pace: &&u64| span.checked_div(**pace).is_some_and(|labels| labels <= TIMES);
        let pace = PACES.iter().find(fits).copied().unwrap_or(u64::MAX);
        let begin = self.start.as_micros().div_ceil(MICROS).div_ceil(pace).saturating_mul(pace);
        let last = self.start.saturating_add(self.span);
        let at = |label: u64| {
            let second = begin.saturating_add(label.saturating_mul(pace));
            SimTime::from_micros(second.saturating_mul(MICROS))
        };
        let labels = (0..=TIMES).map(at).filter(|at| *at <= last);
        let is_long = DAY <= span;
        let label = |at: SimTime| {
            let (x, bottom) = (self.x(at), self.bottom());
            let below = bottom.saturating_add(20);
            format!(
                "<line class=\"axis\" x1=\"{x}\" x2=\"{x}\" y1=\"{bottom}\" y2=\"{}\"/>\
                 <text class=\"tick\" x=\"{x}\" y=\"{below}\" text-anchor=\"middle\">{}</text>",
                bottom.saturating_add(5),
                short_time(at, pace, is_long)
            )
        };
        let labels: String = labels.map(label).collect();
        let (bottom, end) = (self.bottom(), self.end());
        format!(
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{bottom}\" y2=\"{bottom}\"/>{labels}"
        )
    }

    /// Lines where the lists were edited, and where a policy came into force; nothing where there are too many.
    pub(super) fn marks(self, report: &JournalReport) -> String {
        let edits = report.edits.rows.iter().filter(|edit| edit.outcome != EditOutcome::Superseded);
        let edits: Vec<SimTime> = edits.map(|edit| edit.at.0).collect();
        let policies: Vec<SimTime> =
            report.policies.rows.iter().map(|policy| policy.at.0).collect();
        if MARKS < edits.len().saturating_add(policies.len()) {
            return String::new();
        }
        let edits = edits.iter().map(|at| self.mark(*at, "edit", "edit"));
        let policies = policies.iter().map(|at| self.mark(*at, "force", "in force"));
        edits.chain(policies).collect()
    }

    /// An edit is a dotted line with its word high above, a policy a dashed one with its word below that.
    fn mark(self, at: SimTime, class: &str, word: &str) -> String {
        let (x, bottom) = (self.x(at), self.bottom());
        let y: u64 = if class == "edit" { 12 } else { 26 };
        // At the right end the word stands before its line.
        let (anchor, place) = if self.end() < x.saturating_add(60) {
            ("end", x.saturating_sub(4))
        } else {
            ("start", x.saturating_add(4))
        };
        format!(
            "<line class=\"mark {class}\" x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{bottom}\"/>\
             <text class=\"mark-word\" x=\"{place}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
            y.saturating_sub(8),
            escaped(word)
        )
    }
}

/// As much of a time as tells it from the other labels.
fn short_time(at: SimTime, pace: u64, is_long: bool) -> String {
    let civil = at.civil();
    let clock = format!("{:02}:{:02}", civil.hour, civil.minute);
    let date = format!("{:02}-{:02}", civil.month, civil.day);
    if pace < 60 {
        format!("{clock}:{:02}", civil.second)
    } else if DAY <= pace {
        format!("{}-{date}", civil.year)
    } else if is_long {
        format!("{date} {clock}")
    } else {
        clock
    }
}

/// `length` times `part` of `whole`, at most `length`.
pub(super) fn scaled(part: u128, whole: u128, length: u64) -> u64 {
    let scaled = part.saturating_mul(length.into()).checked_div(whole).unwrap_or(0);
    u64::try_from(scaled).unwrap_or(length).min(length)
}

/// The next number that is 1, 2, 4 or 8 with noughts behind it, so that a quarter is whole from 4 on.
fn round(most: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        let steps = [1, 2, 3, 4, 8].into_iter().map(|step: u64| step.saturating_mul(unit));
        if let Some(round) = steps.into_iter().find(|round| most <= *round) {
            return round.max(1);
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::{round, scaled};

    #[test]
    fn the_top_of_a_plot_is_round_and_not_too_low() {
        for (most, top) in [(0, 1), (1, 1), (3, 3), (5, 8), (9, 10), (11, 20), (850, 1_000)] {
            assert_eq!(round(most), top, "{most}");
        }
        assert_eq!(round(u64::MAX), u64::MAX);
    }

    #[test]
    fn nothing_is_drawn_outside() {
        assert_eq!(scaled(1, 2, 100), 50);
        assert_eq!(scaled(3, 2, 100), 100);
        assert_eq!(scaled(1, 0, 100), 0);
    }
}
