//! Values that JSON writes as text: times, durations, versions, builds, cursors, nodes.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clock::SimTime;
use infostore::{Build, Cursor, Epoch, Sequence};
use policy::ClientVersion;
use registry_poll::NodeName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use server::{Seed, StoreName};
use utoipa::ToSchema;

/// An instant of store time, RFC 3339 in UTC, to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2006-04-22T08:00:00Z"))]
pub(crate) struct Time(pub(crate) SimTime);

/// A length of time: whole numbers with `d`, `h`, `m`, `s`, `ms` or `us`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, examples("15m", "250ms", "1h30m"))]
#[schema(as = Duration)]
pub(crate) struct Length(pub(crate) Duration);

impl Length {
    pub(crate) fn of_ms(milliseconds: u32) -> Self {
        Self(Duration::from_millis(milliseconds.into()))
    }
}

/// The version of a MAPI client in four parts; of three the last is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, examples("11.0.5608.0"))]
#[schema(as = ClientVersion)]
pub(crate) struct Version(pub(crate) ClientVersion);

/// A place in the journal: `<epoch>-<seq>`, up to and with the entry `seq`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, examples("1-42"))]
#[schema(as = Cursor)]
pub(crate) struct CursorText(pub(crate) Cursor);

/// The build of Store.exe; a last part of 0 is not written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, examples("6.5.7651.19"))]
#[schema(as = BuildNumber)]
pub(crate) struct BuildText(pub(crate) Build);

/// The name of a node, compared without case: ASCII letters, digits and hyphens.
#[derive(Clone, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, examples("NODE2"))]
#[schema(as = NodeName)]
pub(crate) struct NodeText(pub(crate) NodeName);

/// The name of a store: 1 to 64 ASCII letters, digits, `-`, `_` and `.`, the first a letter or a digit.
#[derive(Clone, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples("t1"))]
#[schema(as = StoreName)]
pub(crate) struct NameText(pub(crate) StoreName);

/// A seed, 64 bits, decimal or in hexadecimal after `0x`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, pattern = "^(0[xX][0-9A-Fa-f]+|[0-9]+)$", examples("0x7"))]
#[schema(as = Seed)]
pub(crate) struct SeedText(pub(crate) Seed);

/// An IP address and a port; port 0 takes any free one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ToSchema)]
#[schema(value_type = String, examples("127.0.0.1:0"))]
#[schema(as = Address)]
pub(crate) struct AddressText(pub(crate) SocketAddr);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Time {
    type Err = clock::TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clock::format_duration(self.0))
    }
}

impl FromStr for Length {
    type Err = clock::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        clock::parse_duration(text).map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = policy::ClientVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for CursorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.epoch.0, self.0.seq.0)
    }
}

impl FromStr for CursorText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('-');
        let cursor = parts.and_then(|(epoch, seq)| {
            let (epoch, seq) = (Epoch(epoch.parse().ok()?), Sequence(seq.parse().ok()?));
            Some(Self(Cursor { epoch, seq }))
        });
        cursor.ok_or_else(|| format!("`{text}` is not a cursor such as `1-42`"))
    }
}

impl fmt::Display for BuildText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for BuildText {
    type Err = infostore::BuildError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for NodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NodeText {
    type Err = registry_poll::NodeNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for NameText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NameText {
    type Err = server::StoreNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for SeedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SeedText {
    type Err = server::SeedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for AddressText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AddressText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.parse().map(Self);
        address
            .map_err(|_| format!("`{text}` is not an IP address and a port such as `127.0.0.1:0`"))
    }
}

/// Parses where the text is read: what is wrong with it then has its place in the body.
pub(crate) struct Parse<T>(PhantomData<T>);

impl<T> Parse<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for Parse<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! as_text {
    ($($scalar:ty),+) => {
        $(impl Serialize for $scalar {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $scalar {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parse::new())
            }
        })+
    };
}

as_text!(Time, Length, Version, CursorText, BuildText, NodeText, NameText, SeedText, AddressText);
