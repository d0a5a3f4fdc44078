//! Fault rules: what goes wrong on demand, where, and how often.
//!
//! A rule is data: a match, an effect and a schedule. [`FaultRules`] decides which rules hit an opportunity; what a hit does
//! is done by whoever asked. The only state of a rule is its counters: whether it hits is a function of the store's seed, the
//! rule's id, the ordinal of the opportunity and store time, so other rules' traffic never moves an outcome.

mod effect;
mod rule;
mod rules;
mod schedule;
mod stream;

pub use effect::{Direction, FaultEffect, LateAux, ResultCode, RpcStatus, Stage};
pub use rule::{
    FaultField, FaultMatch, FaultRule, FaultRuleError, FaultTarget, OriginKind, Stages,
};
pub use rules::{CountedFault, FaultHit, FaultRules, MAX_FAULTS, TooManyFaults};
pub use schedule::{FaultSchedule, Probability, ScheduleError, Window};
pub use stream::StreamSeed;
