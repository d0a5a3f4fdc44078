//! The schedule of a fault rule as JSON.

use std::num::NonZeroU64;

use infostore::{FaultRuleError, FaultSchedule, Probability, ScheduleError, Window};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at;
use crate::problem::Problem;
use crate::scalars::Time;

/// Which of its opportunities a fault rule hits: those that every condition given allows; with none, all. Opportunities are
/// those that are as the match says, counted from when the schedule was set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = FaultSchedule)]
pub(crate) struct ScheduleText {
    /// The next so many hits, at least 1; then it is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1)]
    next: Option<NonZeroU64>,
    /// Only among the first so many opportunities, whether it hits them or not; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1)]
    first: Option<NonZeroU64>,
    /// Not among the first so many opportunities.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<u64>,
    /// Every so many opportunities, counted after those that `after` lets pass: of 3 the third, the sixth and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1)]
    every: Option<NonZeroU64>,
    /// With this probability, from 0 (never) to 1 (always). Each opportunity's draw follows from the store's seed, the rule's
    /// id and how many came before, so that what else goes on does not move it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    probability: Option<f64>,
    /// Only in this span of store time: from the first instant up to, and without, the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Time>>, min_items = 2, max_items = 2)]
    between: Option<[Time; 2]>,
    /// One answer for each opportunity, counted after those that `after` lets pass; after the last it hits no more. It goes
    /// without `first`, `every` and `probability`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 10_000)]
    sequence: Option<Vec<bool>>,
}

impl ScheduleText {
    pub(super) fn schedule(self) -> Result<FaultSchedule, Problem> {
        let probability = self.probability.map(Probability::new).transpose();
        let probability =
            probability.map_err(|error| at(pointer_of_schedule(error), error.to_string()))?;
        Ok(FaultSchedule {
            next: self.next,
            first: self.first,
            after: self.after,
            every: self.every,
            probability,
            between: self.between.map(|[from, until]| Window { from: from.0, until: until.0 }),
            sequence: self.sequence,
        })
    }
}

impl From<&FaultSchedule> for ScheduleText {
    fn from(schedule: &FaultSchedule) -> Self {
        let FaultSchedule { next, first, after, every, probability, between, sequence } = schedule;
        Self {
            next: *next,
            first: *first,
            after: *after,
            every: *every,
            probability: probability.map(Probability::value),
            between: between.map(|window| [Time(window.from), Time(window.until)]),
            sequence: sequence.clone(),
        }
    }
}

/// Where in a body what is wrong with a rule is.
pub(crate) fn pointer(error: &FaultRuleError) -> String {
    match error {
        FaultRuleError::NeverHits { field, .. } | FaultRuleError::Foreign { field } => {
            format!("#/match/{field}")
        }
        FaultRuleError::Direction { .. } => "#/match/direction".to_owned(),
        FaultRuleError::Schedule(error) => pointer_of_schedule(*error).to_owned(),
    }
}

fn pointer_of_schedule(error: ScheduleError) -> &'static str {
    match error {
        ScheduleError::Probability => "#/schedule/probability",
        ScheduleError::EmptyWindow => "#/schedule/between",
        ScheduleError::FirstIsOver => "#/schedule/first",
        ScheduleError::SequenceLength | ScheduleError::SequenceAndMore => "#/schedule/sequence",
    }
}
