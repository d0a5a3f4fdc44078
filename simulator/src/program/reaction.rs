//! What a program does when the store refuses it or cuts it off.

use core::time::Duration;

use clock::format_duration;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::span::{Length, Span};
use crate::name::ProcessName;
use crate::version::ClientVersion;

/// What a program does when it is refused, or cut off.
///
/// In JSON or TOML: `{ reconnect = "none" }`, and the same for the others:
///
/// | `reconnect` | it connects again | fields |
/// |---|---|---|
/// | `none` | never: it gives up | |
/// | `fixed` | after the same delay each time | `delay` (`30s`) |
/// | `back_off` | after a delay that grows, up to a most | `delay` of the first (`1s`), `factor` (2), `at_most` (`15m`), `jitter` (0.5) |
/// | `storm` | at once, but no sooner than 1 ms after the attempt before, then again and again | `delay` between two attempts (`1s`) |
/// | `rename` | as another program, as one does whose file was renamed | `process`, `delay` (`1m`) |
/// | `fall_back` | with another, as a rule older, client interface | `client_version`, `delay` (`1m`) |
///
/// Each but `none` takes `attempts`: how often it tries in a row before it gives up. A session that is opened begins the
/// count, and the back-off, anew. With jitter j a delay d is any from d·(1-j) to d. In `process`, `{n}` stands for the
/// client's number and `{k}` for how many names it has taken; without `{k}` it takes the one name and keeps it. A client
/// version below 11 has no way to say a program's name.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "ReactionFields", into = "ReactionFields")]
pub struct Reaction {
    again: Option<Again>,
}

/// How it connects again.
#[derive(Clone, PartialEq, Debug)]
struct Again {
    pace: Pace,
    attempts: Option<u32>,
    disguise: Option<Disguise>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Pace {
    Fixed(Span),
    BackOff { first: Span, factor: f64, at_most: Duration, jitter: f64 },
    Storm(Span),
}

/// As what it comes back.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Disguise {
    /// Under another name.
    Process(ProcessName),
    /// With another client interface.
    Version(ClientVersion),
}

/// When it comes back, and as what.
pub(super) struct Return<'a> {
    pub(super) after: Duration,
    pub(super) disguise: Option<&'a Disguise>,
}

/// A reaction as written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReactionFields {
    #[serde(default)]
    reconnect: Reconnect,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<Length>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<ProcessName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_version: Option<ClientVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reconnect {
    #[default]
    None,
    Fixed,
    BackOff,
    Storm,
    Rename,
    FallBack,
}

impl Reaction {
    /// Whether it never connects again.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.again.is_none()
    }

    /// When it comes back after so many attempts in a row; none when it gives up.
    pub(super) fn after(&self, tries: u32, chance: &mut Chance) -> Option<Return<'_>> {
        let again = self.again.as_ref()?;
        if again.attempts.is_some_and(|attempts| attempts <= tries) {
            return None;
        }
        let after = again.pace.delay(tries, chance);
        Some(Return { after, disguise: again.disguise.as_ref() })
    }
}

impl Pace {
    /// The time before the next attempt, when there were `tries` in a row.
    fn delay(self, tries: u32, chance: &mut Chance) -> Duration {
        match self {
            Self::Fixed(delay) => delay.draw(chance),
            Self::Storm(_) if tries == 0 => Duration::ZERO,
            Self::Storm(delay) => delay.draw(chance),
            Self::BackOff { first, factor, at_most, jitter } => {
                let grown = grown(first.draw(chance), factor, tries).min(at_most);
                let kept = 1.0 - jitter * chance.fraction();
                grown.mul_f64(kept.clamp(0.0, 1.0))
            }
        }
    }
}

/// `first` times `factor` to the power of `tries`. It stops growing long before it leaves what a float or a duration has room
/// for.
fn grown(first: Duration, factor: f64, tries: u32) -> Duration {
    let longest = LONGEST.as_secs_f64();
    let mut seconds = first.as_secs_f64();
    for _ in 0..tries {
        seconds *= factor;
        if longest <= seconds || factor <= 1.0 {
            break;
        }
    }
    Duration::from_secs_f64(seconds.min(longest))
}

impl TryFrom<ReactionFields> for Reaction {
    type Error = String;

    fn try_from(fields: ReactionFields) -> Result<Self, String> {
        fields.check()?;
        let delay = |or| fields.delay.unwrap_or_else(|| Span::exactly(or));
        let pace = match fields.reconnect {
            Reconnect::None => return Ok(Self { again: None }),
            Reconnect::Fixed => Pace::Fixed(delay(Duration::from_secs(30))),
            Reconnect::Storm => Pace::Storm(delay(Duration::from_secs(1))),
            Reconnect::Rename | Reconnect::FallBack => Pace::Fixed(delay(Duration::from_secs(60))),
            Reconnect::BackOff => fields.back_off(delay(Duration::from_secs(1)))?,
        };
        let process = fields.process.map(Disguise::Process);
        let disguise = process.or_else(|| fields.client_version.map(Disguise::Version));
        Ok(Self { again: Some(Again { pace, attempts: fields.attempts, disguise }) })
    }
}

impl ReactionFields {
    /// Each field is of some ways to connect again, and two have one that they can't do without.
    fn check(&self) -> Result<(), String> {
        use Reconnect::{BackOff, FallBack, Fixed, None, Rename, Storm};
        let delayed: &[Reconnect] = &[Fixed, BackOff, Storm, Rename, FallBack];
        let given = [
            ("delay", self.delay.is_some(), delayed),
            ("attempts", self.attempts.is_some(), delayed),
            ("factor", self.factor.is_some(), &[BackOff]),
            ("at_most", self.at_most.is_some(), &[BackOff]),
            ("jitter", self.jitter.is_some(), &[BackOff]),
            ("process", self.process.is_some(), &[Rename]),
            ("client_version", self.client_version.is_some(), &[FallBack]),
        ];
        let reconnect = self.reconnect;
        for (field, given, of) in given {
            if given && !of.contains(&reconnect) {
                let names: Vec<_> = of.iter().map(|of| format!("`{}`", of.name())).collect();
                return Err(format!(
                    "`{field}` says nothing with `reconnect` `{}`: leave it out, or use {}",
                    reconnect.name(),
                    names.join(" or ")
                ));
            }
        }
        match reconnect {
            Rename if self.process.is_none() => {
                Err("a `rename` needs `process`: the name that it takes".to_owned())
            }
            FallBack if self.client_version.is_none() => {
                Err("a `fall_back` needs `client_version`: one below 11 sends no name".to_owned())
            }
            _ if self.attempts == Some(0) => {
                Err("`attempts` is 0: use 1 or more, or `reconnect` `none`".to_owned())
            }
            Fixed | Storm | Rename | FallBack
                if self.delay.is_some_and(|delay| delay.shortest() < SHORTEST) =>
            {
                Err(too_short("delay", self.delay.map_or(SHORTEST, Span::shortest)))
            }
            None | Fixed | BackOff | Storm | Rename | FallBack => Ok(()),
        }
    }

    fn back_off(&self, first: Span) -> Result<Pace, String> {
        let (factor, jitter) = (self.factor.unwrap_or(2.0), self.jitter.unwrap_or(0.5));
        let Length(at_most) = self.at_most.unwrap_or(Length(Duration::from_secs(900)));
        if !(1.0..=FACTOR_MAX).contains(&factor) {
            return Err(format!("`factor` is {factor}: use 1 to {FACTOR_MAX}"));
        }
        if !(0.0..=1.0).contains(&jitter) {
            return Err(format!("`jitter` is {jitter}: use 0, for none, to 1"));
        }
        if first.shortest() < SHORTEST {
            return Err(too_short("delay", first.shortest()));
        }
        if at_most < first.longest() {
            let (most, delay) = (format_duration(at_most), format_duration(first.longest()));
            return Err(format!("`at_most` is `{most}`, less than the first `delay` of `{delay}`"));
        }
        Ok(Pace::BackOff { first, factor, at_most, jitter })
    }
}

fn too_short(field: &str, length: Duration) -> String {
    let (length, shortest) = (format_duration(length), format_duration(SHORTEST));
    format!("`{field}` is `{length}`: use at least `{shortest}`, or store time would stand still")
}

impl Reconnect {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fixed => "fixed",
            Self::BackOff => "back_off",
            Self::Storm => "storm",
            Self::Rename => "rename",
            Self::FallBack => "fall_back",
        }
    }
}

impl From<Reaction> for ReactionFields {
    fn from(Reaction { again }: Reaction) -> Self {
        let Some(Again { pace, attempts, disguise }) = again else { return Self::default() };
        let mut fields = Self { attempts, ..Self::default() };
        match pace {
            Pace::Fixed(delay) => {
                fields.reconnect = Reconnect::Fixed;
                fields.delay = Some(delay);
            }
            Pace::Storm(delay) => {
                fields.reconnect = Reconnect::Storm;
                fields.delay = Some(delay);
            }
            Pace::BackOff { first, factor, at_most, jitter } => {
                fields.reconnect = Reconnect::BackOff;
                fields.delay = Some(first);
                fields.factor = Some(factor);
                fields.at_most = Some(Length(at_most));
                fields.jitter = Some(jitter);
            }
        }
        match disguise {
            None => {}
            Some(Disguise::Process(process)) => {
                fields.reconnect = Reconnect::Rename;
                fields.process = Some(process);
            }
            Some(Disguise::Version(version)) => {
                fields.reconnect = Reconnect::FallBack;
                fields.client_version = Some(version);
            }
        }
        fields
    }
}

/// Shorter times from one attempt to the next would leave store time where it is.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);
/// No delay grows beyond it.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
/// The most that a delay grows by at a time.
const FACTOR_MAX: f64 = 100.0;
