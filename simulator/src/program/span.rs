//! Lengths of time in what people write of a program: one, or any between two.

use core::time::Duration;

use clock::{format_duration, parse_duration};
use serde::{Deserialize, Serialize};

use super::chance::Chance;

/// A length of time, as `15m`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length(pub Duration);

/// A length of time, or any between two, both included: `"10s"` or `{ from = "5s", to = "15s" }`. Each use draws anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Span {
    from: Duration,
    to: Duration,
}

/// A span as written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "a duration such as `10s`, or `{ from = \"5s\", to = \"15s\" }`")]
enum Written {
    Exactly(Length),
    Between(Between),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Between {
    from: Length,
    to: Length,
}

impl Span {
    /// Always the same length.
    #[must_use]
    pub const fn exactly(length: Duration) -> Self {
        Self { from: length, to: length }
    }

    /// Any from the first to the second; none when the second is shorter.
    #[must_use]
    pub fn between(from: Duration, to: Duration) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// The longest that it can be.
    #[must_use]
    pub fn longest(self) -> Duration {
        self.to
    }

    /// The shortest that it can be.
    #[must_use]
    pub fn shortest(self) -> Duration {
        self.from
    }

    pub(crate) fn draw(self, chance: &mut Chance) -> Duration {
        if self.from == self.to { self.from } else { chance.between(self.from, self.to) }
    }
}

impl TryFrom<String> for Length {
    type Error = clock::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_duration(&text).map(Self)
    }
}

impl From<Length> for String {
    fn from(Length(length): Length) -> Self {
        format_duration(length)
    }
}

impl TryFrom<Written> for Span {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Exactly(Length(length)) => Ok(Self::exactly(length)),
            Written::Between(Between { from: Length(from), to: Length(to) }) => {
                Self::between(from, to).ok_or_else(|| {
                    let (from, to) = (format_duration(from), format_duration(to));
                    format!(
                        "`from` is `{from}` and `to` is `{to}`, which is shorter: exchange them"
                    )
                })
            }
        }
    }
}

impl From<Span> for Written {
    fn from(Span { from, to }: Span) -> Self {
        if from == to {
            Self::Exactly(Length(from))
        } else {
            Self::Between(Between { from: Length(from), to: Length(to) })
        }
    }
}
