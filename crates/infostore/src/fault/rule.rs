//! A rule, what it applies to, and why some could never hit.

use core::fmt;

use policy::ProcessName;
use registry_poll::ValueName;

use super::effect::{Direction, FaultEffect, Stage};
use super::schedule::{FaultSchedule, ScheduleError};
use crate::session::{ClientId, Origin, SessionId, Transport};

/// A fault rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultRule {
    /// What it applies to.
    pub matches: FaultMatch,
    /// What goes wrong.
    pub effect: FaultEffect,
    /// How often.
    pub schedule: FaultSchedule,
}

/// What a rule applies to. What is not given matches everything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FaultMatch {
    /// Where.
    pub stage: Option<Stage>,
    /// A program that the client has reported, compared as the policy does.
    pub process: Option<ProcessName>,
    /// An injected client.
    pub client: Option<ClientId>,
    /// The label of an injected client's group.
    pub group: Option<String>,
    /// Whose connection it is.
    pub origin: Option<OriginKind>,
    /// How its bytes travel.
    pub transport: Option<Transport>,
    /// Which way the bytes go; not given, it is what the effect does by itself.
    pub direction: Option<Direction>,
    /// The operation that is called.
    pub opnum: Option<u16>,
    /// The registry value that is read.
    pub value: Option<ValueName>,
    /// The method of a request to the control plane.
    pub method: Option<String>,
    /// The route of a request to the control plane, from the store on: `/sessions/{id}`.
    pub route: Option<String>,
}

/// Whose connection it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OriginKind {
    /// A client of the control plane.
    Injected,
    /// Somebody else.
    Foreign,
}

/// Whom or what a fault may hit, as far as is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FaultTarget {
    /// The session.
    pub session: Option<SessionId>,
    /// Who opened the connection.
    pub origin: Option<Origin>,
    /// How its bytes travel.
    pub transport: Option<Transport>,
    /// The programs that the client has reported.
    pub processes: Vec<ProcessName>,
    /// The operation that is called.
    pub opnum: Option<u16>,
    /// The registry value that is read.
    pub value: Option<ValueName>,
    /// The method of a request to the control plane.
    pub method: Option<String>,
    /// The route of a request to the control plane.
    pub route: Option<String>,
}

/// A part of a match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultField {
    /// [`FaultMatch::stage`].
    Stage,
    /// [`FaultMatch::process`].
    Process,
    /// [`FaultMatch::client`].
    Client,
    /// [`FaultMatch::group`].
    Group,
    /// [`FaultMatch::origin`].
    Origin,
    /// [`FaultMatch::transport`].
    Transport,
    /// [`FaultMatch::direction`].
    Direction,
    /// [`FaultMatch::opnum`].
    Opnum,
    /// [`FaultMatch::value`].
    Value,
    /// [`FaultMatch::method`].
    Method,
    /// [`FaultMatch::route`].
    Route,
}

/// Why a rule is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FaultRuleError {
    /// No opportunity of the effect has what the match asks for.
    #[error("`{effect}` acts at {stages}, and never where `{field}` is as the match says")]
    NeverHits {
        /// The part of the match that leaves nothing.
        field: FaultField,
        /// The effect.
        effect: &'static str,
        /// Where the effect acts.
        stages: Stages,
    },
    /// A foreign client has neither a number, nor a group, nor a pipe.
    #[error("a foreign client has no `{field}` like this, so the rule never hits")]
    Foreign {
        /// The part that it has not.
        field: FaultField,
    },
    /// The effect can't act this way.
    #[error("`{effect}` does not act in this direction")]
    Direction {
        /// The effect.
        effect: &'static str,
    },
    /// The schedule can't be kept.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

/// Stages, listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stages(&'static [Stage]);

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, stage) in self.0.iter().enumerate() {
            write!(f, "{}`{}`", if n == 0 { "" } else { ", " }, stage.name())?;
        }
        Ok(())
    }
}

impl FaultField {
    const ALL: [Self; 11] = [
        Self::Stage,
        Self::Process,
        Self::Client,
        Self::Group,
        Self::Origin,
        Self::Transport,
        Self::Direction,
        Self::Opnum,
        Self::Value,
        Self::Method,
        Self::Route,
    ];

    /// Its name in a rule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Process => "process",
            Self::Client => "client_id",
            Self::Group => "group",
            Self::Origin => "origin",
            Self::Transport => "transport",
            Self::Direction => "direction",
            Self::Opnum => "opnum",
            Self::Value => "value",
            Self::Method => "method",
            Self::Route => "route",
        }
    }
}

impl fmt::Display for FaultField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FaultRule {
    /// Refuses a rule that could never hit, and a schedule that can't be kept.
    ///
    /// # Errors
    /// [`FaultRuleError`], which says what is wrong.
    pub fn check(&self) -> Result<(), FaultRuleError> {
        self.check_origin()?;
        let (effect, stages) = (self.effect.name(), self.effect.stages());
        let mut left = stages.to_vec();
        for field in self.matches.given() {
            left.retain(|stage| self.matches.can_meet(field, *stage));
            if left.is_empty() {
                return Err(FaultRuleError::NeverHits { field, effect, stages: Stages(stages) });
            }
        }
        let directions = self.effect.directions();
        if self.matches.direction.is_some_and(|direction| !directions.contains(&direction)) {
            return Err(FaultRuleError::Direction { effect });
        }
        Ok(self.schedule.check()?)
    }

    fn check_origin(&self) -> Result<(), FaultRuleError> {
        let matches = &self.matches;
        if matches.origin != Some(OriginKind::Foreign) {
            return Ok(());
        }
        let field = match matches {
            FaultMatch { client: Some(_), .. } => FaultField::Client,
            FaultMatch { group: Some(_), .. } => FaultField::Group,
            FaultMatch { transport: Some(Transport::Pipe), .. } => FaultField::Transport,
            _ => return Ok(()),
        };
        Err(FaultRuleError::Foreign { field })
    }

    /// Whether it has opportunities at `stage`.
    pub fn acts_at(&self, stage: Stage) -> bool {
        self.effect.stages().contains(&stage)
            && self.matches.given().all(|field| self.matches.can_meet(field, stage))
    }

    /// Whether `target`, where the rule acts, is an opportunity of it. Without a name there is no process block to be late.
    pub(super) fn is_met_by(&self, target: &FaultTarget) -> bool {
        let is_late_aux = matches!(self.effect, FaultEffect::LateAux(_));
        let has_something = !is_late_aux || !target.processes.is_empty();
        has_something && self.matches.is_met_by(target)
    }

    /// Which way it acts.
    pub fn direction(&self) -> Option<Direction> {
        self.matches.direction.or_else(|| self.effect.directions().first().copied())
    }

    /// Bytes that whoever added it chose the number of.
    pub(crate) fn weight(&self) -> usize {
        let FaultMatch { process, group, value, method, route, .. } = &self.matches;
        let texts = [
            process.as_ref().map(|name| name.reported().len().saturating_mul(2)),
            group.as_ref().map(String::len),
            value.as_ref().map(|name| name.as_str().len().saturating_mul(2)),
            method.as_ref().map(String::len),
            route.as_ref().map(String::len),
        ];
        let texts: usize = texts.into_iter().flatten().sum();
        texts.saturating_add(self.schedule.weight()).saturating_add(size_of::<Self>())
    }
}

/// Where a connection's client, but not yet its program, is known.
fn on_a_connection(stage: Stage) -> bool {
    stage == Stage::Accept || carries_bytes(stage)
}

fn carries_bytes(stage: Stage) -> bool {
    stage == Stage::Bind || is_call(stage)
}

fn is_call(stage: Stage) -> bool {
    matches!(stage, Stage::Connect | Stage::Rpc | Stage::Disconnect)
}

impl Stage {
    /// The stage of a call of EMSMDB.
    pub fn of_call(opnum: u16) -> Self {
        match opnum {
            0 | 10 => Self::Connect,
            1 => Self::Disconnect,
            _ => Self::Rpc,
        }
    }
}

impl FaultMatch {
    /// The parts that are given.
    fn given(&self) -> impl Iterator<Item = FaultField> {
        FaultField::ALL.into_iter().filter(|field| self.gives(*field))
    }

    fn gives(&self, field: FaultField) -> bool {
        match field {
            FaultField::Stage => self.stage.is_some(),
            FaultField::Process => self.process.is_some(),
            FaultField::Client => self.client.is_some(),
            FaultField::Group => self.group.is_some(),
            FaultField::Origin => self.origin.is_some(),
            FaultField::Transport => self.transport.is_some(),
            FaultField::Direction => self.direction.is_some(),
            FaultField::Opnum => self.opnum.is_some(),
            FaultField::Value => self.value.is_some(),
            FaultField::Method => self.method.is_some(),
            FaultField::Route => self.route.is_some(),
        }
    }

    /// Whether something at `stage` can be as this part says.
    fn can_meet(&self, field: FaultField, stage: Stage) -> bool {
        match field {
            FaultField::Stage => self.stage == Some(stage),
            FaultField::Process => is_call(stage),
            FaultField::Client | FaultField::Group | FaultField::Origin | FaultField::Transport => {
                on_a_connection(stage)
            }
            FaultField::Direction => carries_bytes(stage),
            FaultField::Opnum => self.opnum.map(Stage::of_call) == Some(stage),
            FaultField::Value => stage == Stage::Registry,
            FaultField::Method | FaultField::Route => stage == Stage::Api,
        }
    }

    /// Whether the match is met by `target`, at a stage where the rule acts.
    fn is_met_by(&self, target: &FaultTarget) -> bool {
        let Self { process, client, group, origin, transport, opnum, method, route, .. } = self;
        let (to_client, to_group) = match &target.origin {
            Some(Origin::Injected { client, group }) => (Some(*client), group.as_ref()),
            Some(Origin::Foreign) | None => (None, None),
        };
        meets(client.as_ref(), to_client.as_ref())
            && meets(group.as_ref(), to_group)
            && origin.is_none_or(|kind| target.origin.as_ref().is_some_and(|of| kind.is_of(of)))
            && meets(transport.as_ref(), target.transport.as_ref())
            && meets(opnum.as_ref(), target.opnum.as_ref())
            && meets(method.as_ref(), target.method.as_ref())
            && meets(route.as_ref(), target.route.as_ref())
            && process.as_ref().is_none_or(|wanted| {
                target.processes.iter().any(|process| process.key() == wanted.key())
            })
    }
}

fn meets<T: PartialEq>(wanted: Option<&T>, there: Option<&T>) -> bool {
    wanted.is_none() || wanted == there
}

impl OriginKind {
    fn is_of(self, origin: &Origin) -> bool {
        match origin {
            Origin::Injected { .. } => self == Self::Injected,
            Origin::Foreign => self == Self::Foreign,
        }
    }
}

impl FaultTarget {
    /// Bytes that a client chose the number of.
    pub(crate) fn weight(&self) -> usize {
        let names = self.processes.iter();
        let names: usize = names.map(|name| name.reported().len().saturating_mul(2)).sum();
        names.saturating_add(size_of::<Self>())
    }
}
