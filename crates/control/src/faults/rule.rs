//! A fault rule as JSON.

use infostore::{CountedFault, FaultRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::effect::EffectText;
use super::matching::MatchText;
use super::schedule::ScheduleText;
use crate::given;
use crate::problem::Problem;

/// A fault rule. What is shown of one can be sent again, but for its id, its counters and whether it rests. What was not given
/// is not shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub(super) struct FaultState {
    /// Its id since the last reset, from 1; never used again.
    id: u64,
    #[serde(flatten)]
    rule: FaultRuleText,
    /// Whether it rests.
    paused: bool,
    /// Opportunities since it was added that are as its match says. A call is one, and so are the values that a poll reads
    /// together.
    seen: u64,
    /// Those of them that it hit.
    hits: u64,
    /// Hits that its schedule leaves it; null when there is no end to them. A rule that is used up stays until it is deleted.
    hits_left: Option<u64>,
}

/// A fault rule, as it was added.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FaultRule)]
pub(crate) struct FaultRuleText {
    /// What it applies to.
    r#match: MatchText,
    /// What goes wrong.
    effect: EffectText,
    /// How often.
    schedule: ScheduleText,
}

/// A fault rule to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "match": {"stage": "connect", "process": "mdl.exe"}, "effect": {"reset": true}, "schedule": {"next": 3},
}))]
pub(super) struct NewFault {
    /// What it applies to; everything that the effect can be had on unless told.
    #[serde(default, deserialize_with = "given::object")]
    r#match: MatchText,
    /// What goes wrong.
    #[serde(deserialize_with = "given::object")]
    effect: EffectText,
    /// How often; every time until it is deleted unless told.
    #[serde(default, deserialize_with = "given::object")]
    schedule: ScheduleText,
}

impl NewFault {
    pub(super) fn rule(self) -> Result<FaultRule, Problem> {
        let effect = self.effect.effect()?;
        let (matches, schedule) = (self.r#match.matches()?, self.schedule.schedule()?);
        Ok(FaultRule { matches, effect, schedule })
    }
}

impl From<&CountedFault> for FaultState {
    fn from(counted: &CountedFault) -> Self {
        Self {
            id: counted.id.0,
            rule: (&counted.rule).into(),
            paused: counted.paused,
            seen: counted.seen,
            hits: counted.hits,
            hits_left: counted.hits_left(),
        }
    }
}

impl From<&FaultRule> for FaultRuleText {
    fn from(FaultRule { matches, effect, schedule }: &FaultRule) -> Self {
        Self { r#match: matches.into(), effect: effect.into(), schedule: schedule.into() }
    }
}
