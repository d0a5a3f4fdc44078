//! How often a rule hits.

use core::num::NonZeroU64;

use clock::SimTime;

use super::stream::Draw;

/// Answers of a sequence at the most.
const MAX_SEQUENCE: usize = 10_000;

/// Which of its opportunities a rule hits: those that every condition given allows; with none given, all.
///
/// Opportunities and hits are counted from when the schedule was set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FaultSchedule {
    /// The next so many hits; then it is used up.
    pub next: Option<NonZeroU64>,
    /// Only among the first so many opportunities.
    pub first: Option<NonZeroU64>,
    /// Not among the first so many opportunities.
    pub after: Option<u64>,
    /// Every so many opportunities, counted after those that `after` lets pass: of 3 the third, the sixth and so on.
    pub every: Option<NonZeroU64>,
    /// With this probability, drawn for each opportunity.
    pub probability: Option<Probability>,
    /// Only in this span of store time.
    pub between: Option<Window>,
    /// One answer for each opportunity, counted after those that `after` lets pass; after the last it hits no more.
    pub sequence: Option<Vec<bool>>,
}

/// A span of store time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The first instant in it.
    pub from: SimTime,
    /// The first instant after it.
    pub until: SimTime,
}

/// A number from 0 to 1, where 0 is never and 1 is always.
#[derive(Clone, Copy, Debug)]
pub struct Probability(f64);

/// Why a schedule can't be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Not from 0 to 1.
    #[error("a probability is a number from 0 to 1")]
    Probability,
    /// The window ends where it begins, or before.
    #[error("the first time has to lie before the second, or it never hits")]
    EmptyWindow,
    /// `first` ends before anything else allows a hit.
    #[error("`first` is over before `after` and `every` allow a hit, so it never hits")]
    FirstIsOver,
    /// No answers, or too many.
    #[error("a sequence has from 1 to {MAX_SEQUENCE} answers")]
    SequenceLength,
    /// A sequence says by itself which opportunities it hits.
    #[error(
        "a sequence says by itself what it hits, so it goes without `first`, `every` and `probability`"
    )]
    SequenceAndMore,
}

/// What a schedule is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion {
    /// Opportunities since the schedule was set, this one among them.
    pub(super) ordinal: u64,
    /// Hits since then.
    pub(super) hits: u64,
    pub(super) now: SimTime,
    pub(super) draw: Draw,
}

impl Probability {
    /// A probability.
    ///
    /// # Errors
    /// [`ScheduleError::Probability`] when the number is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self, ScheduleError> {
        // -0 is 0 too.
        if (0.0..=1.0).contains(&p) { Ok(Self(p.abs())) } else { Err(ScheduleError::Probability) }
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl PartialEq for Probability {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Probability {}

impl FaultSchedule {
    /// Refuses what can't be kept, or could never hit whatever came. A probability of 0 and a sequence of `false` are what
    /// was asked for.
    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let Self { first, every, probability, between, sequence, .. } = self;
        if between.is_some_and(|window| window.until <= window.from) {
            return Err(ScheduleError::EmptyWindow);
        }
        if let Some(sequence) = sequence {
            if sequence.is_empty() || MAX_SEQUENCE < sequence.len() {
                return Err(ScheduleError::SequenceLength);
            }
            if first.is_some() || every.is_some() || probability.is_some() {
                return Err(ScheduleError::SequenceAndMore);
            }
        }
        let earliest = self.passed().saturating_add(every.map_or(1, NonZeroU64::get));
        if first.is_some_and(|first| first.get() < earliest) {
            return Err(ScheduleError::FirstIsOver);
        }
        Ok(())
    }

    /// Whether it hits.
    pub(super) fn fires(&self, occasion: Occasion) -> bool {
        let Occasion { ordinal, hits, now, draw } = occasion;
        let Some(place) = ordinal.checked_sub(self.passed()).filter(|place| 0 < *place) else {
            return false;
        };
        self.hits_left(hits) != Some(0)
            && self.first.is_none_or(|first| ordinal <= first.get())
            && self.every.is_none_or(|every| place.is_multiple_of(every.get()))
            && self.between.is_none_or(|window| window.from <= now && now < window.until)
            && self.sequence.as_ref().is_none_or(|answers| answer(answers, place))
            && self.probability.is_none_or(|p| draw.fraction() < p.0)
    }

    /// Hits that are left after `hits`; none when there is no end to them.
    pub(super) fn hits_left(&self, hits: u64) -> Option<u64> {
        self.next.map(|next| next.get().saturating_sub(hits))
    }

    /// Bytes that whoever set it chose the number of.
    pub(crate) fn weight(&self) -> usize {
        self.sequence.as_ref().map_or(0, Vec::len).saturating_add(size_of::<Self>())
    }

    fn passed(&self) -> u64 {
        self.after.unwrap_or(0)
    }
}

fn answer(answers: &[bool], place: u64) -> bool {
    let index = usize::try_from(place.saturating_sub(1)).ok();
    index.and_then(|index| answers.get(index)).copied().unwrap_or(false)
}
