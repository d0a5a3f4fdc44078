//! When a program comes, what it does while it is there, and what it does when it is turned away.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::reaction::Reaction;
use super::span::{Length, Span};

/// What a program does all day. The default does nothing of its own accord: it connects when it is told to, and stays.
///
/// In JSON or TOML every field is optional, and unknown ones are refused.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "HabitFields", into = "HabitFields")]
pub struct Habits {
    arrive: Arrival,
    work: Option<Work>,
    lifetime: Option<Span>,
    on_refused: Reaction,
    on_disconnect: Reaction,
}

/// The fields of [`Habits`], each checked, but not against each other.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HabitFields {
    /// When the program is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrive: Option<Arrival>,
    /// The time between a call and the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub think: Option<Span>,
    /// Calls a minute on average, each with a remote operation; the time between two is any from half to one and a half of
    /// what that makes. It excludes `think`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rops_per_minute: Option<f64>,
    /// How many calls it makes in all; without it, it goes on for as long as it is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rops: Option<u32>,
    /// How long a session lasts before the program ends it, and stays away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Span>,
    /// What it does when it is refused.
    #[serde(skip_serializing_if = "Reaction::is_none")]
    pub on_refused: Reaction,
    /// What it does when its session is ended, its connection breaks or none can be made.
    #[serde(skip_serializing_if = "Reaction::is_none")]
    pub on_disconnect: Reaction,
}

/// When the clients of a group are started, counted from when the group comes into being.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Arrival {
    /// When the first can come.
    pub after: Length,
    /// In how long they all come.
    pub over: Length,
    /// How they are spread over it.
    pub spread: Spread,
}

/// How arrivals are spread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// One after another, the same time between any two.
    #[default]
    Even,
    /// Each by chance.
    Random,
}

/// The calls that it makes.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Work {
    pause: Span,
    /// What `pause` was written as.
    rate: Option<f64>,
    rops: Option<u32>,
}

impl Habits {
    /// Checks the fields against each other.
    ///
    /// # Errors
    /// A clause that names the field and says what to do: `think` and `rops_per_minute` are both there, `rops` without
    /// either, or a number is out of its bounds.
    pub fn new(fields: HabitFields) -> Result<Self, String> {
        Ok(Self {
            work: fields.work()?,
            arrive: fields.arrive.unwrap_or_default(),
            lifetime: fields.lifetime,
            on_refused: fields.on_refused,
            on_disconnect: fields.on_disconnect,
        })
    }

    /// Whether it does nothing of its own accord.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// When it is started: as number `index`, from 0, of `of` clients.
    pub(crate) fn arrives(&self, (index, of): (u64, u64), chance: &mut Chance) -> Duration {
        let Arrival { after: Length(after), over: Length(over), spread } = self.arrive;
        let within = match spread {
            Spread::Random => chance.between(Duration::ZERO, over),
            Spread::Even => share(over, index, of),
        };
        after.saturating_add(within)
    }

    /// The time until the next call, of which `made` were made; none when there is none to make.
    pub(super) fn next_call(&self, made: u32, chance: &mut Chance) -> Option<Duration> {
        let work = self.work?;
        if work.rops.is_some_and(|rops| rops <= made) {
            return None;
        }
        Some(work.pause.draw(chance))
    }

    pub(super) fn lifetime(&self, chance: &mut Chance) -> Option<Duration> {
        self.lifetime.map(|lifetime| lifetime.draw(chance))
    }

    /// What it does when it is refused.
    #[must_use]
    pub fn on_refused(&self) -> &Reaction {
        &self.on_refused
    }

    /// What it does when its session is ended, its connection breaks or none can be made.
    #[must_use]
    pub fn on_disconnect(&self) -> &Reaction {
        &self.on_disconnect
    }
}

/// `index` parts in `of` of a length.
fn share(length: Duration, index: u64, of: u64) -> Duration {
    let micros = length.as_micros().saturating_mul(u128::from(index));
    let micros = micros.checked_div(u128::from(of)).unwrap_or_default();
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

impl HabitFields {
    fn work(&self) -> Result<Option<Work>, String> {
        let rops = self.rops;
        match (self.think, self.rops_per_minute) {
            (None, None) if rops.is_some() => Err(
                "`rops` says how many calls, but not how often: give `think` or `rops_per_minute`"
                    .to_owned(),
            ),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err("`think` and `rops_per_minute` both say how often: leave one out".to_owned())
            }
            (Some(think), None) if think.shortest() < SHORTEST => {
                Err("`think` is shorter than `1ms`: store time would stand still".to_owned())
            }
            (Some(pause), None) => Ok(Some(Work { pause, rate: None, rops })),
            (None, Some(rate)) => {
                if !(RATE_MIN..=RATE_MAX).contains(&rate) {
                    let bounds = format!("use {RATE_MIN} to {RATE_MAX}");
                    return Err(format!("`rops_per_minute` is {rate}: {bounds}"));
                }
                Ok(Some(Work { pause: around(rate), rate: Some(rate), rops }))
            }
        }
    }
}

/// Half to one and a half of the mean time between calls of which so many are made a minute.
fn around(rate: f64) -> Span {
    let mean = 60.0 / rate;
    let (least, most) = (Duration::from_secs_f64(0.5 * mean), Duration::from_secs_f64(1.5 * mean));
    Span::between(least, most).unwrap_or_else(|| Span::exactly(least))
}

impl TryFrom<HabitFields> for Habits {
    type Error = String;

    fn try_from(fields: HabitFields) -> Result<Self, String> {
        Self::new(fields)
    }
}

impl From<Habits> for HabitFields {
    fn from(habits: Habits) -> Self {
        let Habits { arrive, work, lifetime, on_refused, on_disconnect } = habits;
        Self {
            arrive: Some(arrive).filter(|arrive| *arrive != Arrival::default()),
            think: work.filter(|work| work.rate.is_none()).map(|work| work.pause),
            rops_per_minute: work.and_then(|work| work.rate),
            rops: work.and_then(|work| work.rops),
            lifetime,
            on_refused,
            on_disconnect,
        }
    }
}

/// Shorter pauses would leave store time where it is.
const SHORTEST: Duration = Duration::from_millis(1);
/// A call in about a week, the fewest.
const RATE_MIN: f64 = 0.0001;
/// A thousand calls a second, the most.
const RATE_MAX: f64 = 60_000.0;
