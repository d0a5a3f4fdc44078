//! A field of a body that may be absent, null, or have a value, where the three say different things.

use serde::{Deserialize, Deserializer};

/// What a body says of a field. Beside `#[serde(default)]`, an absent one is [`Given::Absent`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) enum Given<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}
