//! How many of something a scenario expects: a number, or bounds.

use core::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, de};

/// How many there have to be, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amount {
    at_least: u64,
    at_most: u64,
}

/// Bounds as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    at_least: Option<u64>,
    at_most: Option<u64>,
}

impl Amount {
    /// So many, and neither more nor fewer.
    #[must_use]
    pub const fn exactly(count: u64) -> Self {
        Self { at_least: count, at_most: count }
    }

    /// So many or more.
    #[must_use]
    pub const fn at_least(count: u64) -> Self {
        Self { at_least: count, at_most: u64::MAX }
    }

    /// The smallest number that is one of these.
    pub(crate) fn least(self) -> u64 {
        self.at_least
    }

    /// Whether a number is one of these.
    #[must_use]
    pub fn has(self, count: u64) -> bool {
        (self.at_least..=self.at_most).contains(&count)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (least, most) if least == most => write!(f, "{least}"),
            (least, u64::MAX) => write!(f, "at least {least}"),
            (0, most) => write!(f, "at most {most}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl<'de> Visitor<'de> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 on, or bounds such as `{ at_least = 1, at_most = 3 }`")
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<Amount, E> {
        let whole = u64::try_from(count);
        let whole = whole.map_err(|_| E::invalid_value(de::Unexpected::Signed(count), &self))?;
        Ok(Amount::exactly(whole))
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<Amount, E> {
        Ok(Amount::exactly(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Amount, A::Error> {
        let Bounds { at_least, at_most } = Bounds::deserialize(MapAccessDeserializer::new(map))?;
        if at_least.is_none() && at_most.is_none() {
            return Err(de::Error::custom("give at least one of `at_least`, `at_most`"));
        }
        let amount =
            Amount { at_least: at_least.unwrap_or(0), at_most: at_most.unwrap_or(u64::MAX) };
        if amount.at_most < amount.at_least {
            return Err(de::Error::custom(
                "no number is at least as great and at most as great: `at_most` is below `at_least`",
            ));
        }
        Ok(amount)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How many: a number, or one or both of the bounds.",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                {
                    "type": "object",
                    "properties": {
                        "at_least": { "type": "integer", "minimum": 0 },
                        "at_most": { "type": "integer", "minimum": 0 },
                    },
                    "additionalProperties": false,
                    "minProperties": 1,
                },
            ],
        })
    }
}
