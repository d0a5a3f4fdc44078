//! Times as they are written in scenario files and in the control plane's answers.

use clock::SimTime;
use serde::{Deserialize, Deserializer, de};
use toml::Value;

/// A time, quoted or in TOML's own form.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SimTime, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = match &value {
        Value::String(text) => Some(text.clone()),
        Value::Datetime(time) => Some(time.to_string()),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    };
    let text = text.ok_or_else(|| {
        let found = value.type_str();
        de::Error::custom(format!("a time is expected, not a value of type {found}"))
    })?;
    text.parse().map_err(de::Error::custom)
}

/// A time that may be missing or null.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SimTime>, D::Error> {
    let time = Option::<Written>::deserialize(deserializer)?;
    Ok(time.map(|Written(time)| time))
}

struct Written(SimTime);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required(deserializer).map(Self)
    }
}
