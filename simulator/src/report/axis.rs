//! Time in steps: as many as a plot can show, which get wider as a journal gets longer. Sums stay what they were.

use clock::SimTime;

/// Steps that an axis has at the most.
const STEPS: u64 = 500;

const MICROS: u64 = 1_000_000;

const MINUTE_MICROS: u64 = 60 * MICROS;

/// Widths of a step in seconds: from a second to some eighty years. Each is a multiple of the one before it.
const WIDTHS: [u64; 14] = [
    1,
    5,
    15,
    60,
    300,
    900,
    3_600,
    21_600,
    86_400,
    604_800,
    2_419_200,
    24_192_000,
    241_920_000,
    2_419_200_000,
];

/// The place of [`WIDTHS`] that is a minute.
const MINUTE: usize = 3;

/// Where the steps of an axis lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Axis {
    /// The beginning of the first step.
    origin: SimTime,
    /// The place of its width.
    width: usize,
}

/// A step of an axis, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Step(pub(super) u64);

/// How many steps become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Factor(u64);

impl Axis {
    /// An axis of seconds that begins with the minute of `start`.
    pub(super) fn fine(start: SimTime) -> Self {
        let micros = start.as_micros();
        let origin = SimTime::from_micros(micros.saturating_sub(micros % MINUTE_MICROS));
        Self { origin, width: 0 }
    }

    /// An axis of minutes that begins with the minute of `start`.
    pub(super) fn coarse(start: SimTime) -> Self {
        Self { width: MINUTE, ..Self::fine(start) }
    }

    /// The width of a step, in seconds.
    pub(super) fn seconds(self) -> u64 {
        WIDTHS.get(self.width).copied().unwrap_or(u64::MAX)
    }

    /// The step that an instant is in.
    pub(super) fn step(self, at: SimTime) -> Step {
        let since = at.as_micros().saturating_sub(self.origin.as_micros()) / MICROS;
        Step(since.checked_div(self.seconds()).unwrap_or_default())
    }

    /// The beginning of a step.
    pub(super) fn start(self, step: Step) -> SimTime {
        let micros = step.0.saturating_mul(self.seconds()).saturating_mul(MICROS);
        SimTime::from_micros(self.origin.as_micros().saturating_add(micros))
    }

    /// Makes room for an instant. What is given back has to be done to every series of the axis.
    pub(super) fn reach(&mut self, at: SimTime) -> Option<Factor> {
        let before = self.seconds();
        while STEPS <= self.step(at).0 && self.width.saturating_add(1) < WIDTHS.len() {
            self.width = self.width.saturating_add(1);
        }
        let factor = self.seconds().checked_div(before).unwrap_or(1);
        (1 < factor).then_some(Factor(factor))
    }
}

/// A number that rises and falls: what it was at the end of each step in which it changed.
#[derive(Clone, Default, Debug)]
pub(super) struct Gauge {
    points: Vec<(Step, u64)>,
    now: u64,
    peak: u64,
}

impl Gauge {
    pub(super) fn rise(&mut self, step: Step) {
        self.now = self.now.saturating_add(1);
        self.peak = self.peak.max(self.now);
        self.mark(step);
    }

    pub(super) fn fall(&mut self, step: Step) {
        self.now = self.now.saturating_sub(1);
        self.mark(step);
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// The most that it ever was.
    pub(super) fn peak(&self) -> u64 {
        self.peak
    }

    pub(super) fn points(&self) -> &[(Step, u64)] {
        &self.points
    }

    fn mark(&mut self, step: Step) {
        match self.points.last_mut() {
            Some((last, value)) if step <= *last => *value = self.now,
            Some(_) | None => self.points.push((step, self.now)),
        }
    }

    pub(super) fn widen(&mut self, by: Factor) {
        merge(&mut self.points, by, |_, later| later);
    }
}

/// How often something happened in each step in which it did.
#[derive(Clone, Default, Debug)]
pub(super) struct Counter {
    points: Vec<(Step, u64)>,
    total: u64,
    /// The minute of store time that is counted, and how often it happened in it.
    minute: (u64, u64),
    busiest: (u64, u64),
}

impl Counter {
    pub(super) fn add(&mut self, step: Step, at: SimTime) {
        self.total = self.total.saturating_add(1);
        match self.points.last_mut() {
            Some((last, count)) if step <= *last => *count = count.saturating_add(1),
            Some(_) | None => self.points.push((step, 1)),
        }
        let minute = at.as_micros() / MINUTE_MICROS;
        let (counted, count) = self.minute;
        let count = if counted == minute { count.saturating_add(1) } else { 1 };
        self.minute = (minute, count);
        if self.busiest.1 < count {
            self.busiest = self.minute;
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The minute in which it happened most often, and how often; none when it never did.
    pub(super) fn busiest(&self) -> Option<(SimTime, u64)> {
        let (minute, count) = self.busiest;
        let micros = minute.saturating_mul(MINUTE_MICROS);
        (0 < count).then(|| (SimTime::from_micros(micros), count))
    }

    pub(super) fn points(&self) -> &[(Step, u64)] {
        &self.points
    }

    pub(super) fn widen(&mut self, by: Factor) {
        merge(&mut self.points, by, u64::saturating_add);
    }
}

/// Makes steps wider; `both` says what two values in one step are.
fn merge(points: &mut Vec<(Step, u64)>, Factor(factor): Factor, both: impl Fn(u64, u64) -> u64) {
    let mut merged: Vec<(Step, u64)> = Vec::with_capacity(points.len());
    for (step, value) in points.drain(..) {
        let step = Step(step.0.checked_div(factor).unwrap_or_default());
        match merged.last_mut() {
            Some((last, sum)) if *last == step => *sum = both(*sum, value),
            Some(_) | None => merged.push((step, value)),
        }
    }
    *points = merged;
}
