//! Values that a scenario file can write in more than one way, or that the store alone knows the fields of.

use core::time::Duration;

use clock::{SimTime, parse_duration};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::driver::RegistryData;
use crate::written_time;

/// A table that the store reads, as it would be sent to it. Times in TOML's own form are texts in it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct StoreTable(Map<String, Value>);

impl StoreTable {
    /// It as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for StoreTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match plain(Value::deserialize(deserializer)?) {
            Value::Object(fields) => Ok(Self(fields)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(de::Error::custom("a table is expected here")),
        }
    }
}

impl JsonSchema for StoreTable {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StoreTable".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// The same with each time of TOML as a text: it comes as a table with one field that no file can have.
fn plain(value: Value) -> Value {
    const TIME: &str = "$__toml_private_datetime";
    match value {
        Value::Object(mut fields) => match fields.remove(TIME) {
            Some(time) => time,
            None => {
                let fields = fields.into_iter().map(|(name, value)| (name, plain(value)));
                Value::Object(fields.collect())
            }
        },
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// A registry value's data.
#[derive(Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Data(pub(super) RegistryData);

impl TryFrom<toml::Value> for Data {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        use toml::Value;
        let data = match value {
            Value::String(text) => Some(RegistryData::Text(text)),
            Value::Integer(number) => u32::try_from(number).ok().map(RegistryData::Number),
            Value::Array(items) => {
                let texts = items.into_iter().map(text).collect::<Option<_>>();
                texts.map(RegistryData::Texts)
            }
            Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => None,
        };
        data.map(Self).ok_or(
            "`data` is none: write a text, a number from 0 to 4294967295 for a REG_DWORD, or texts for a REG_MULTI_SZ",
        )
    }
}

fn text(value: toml::Value) -> Option<String> {
    use toml::Value;
    match value {
        Value::String(text) => Some(text),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    }
}

impl JsonSchema for Data {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RegistryData".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string" },
            { "type": "integer", "minimum": 0, "maximum": u32::MAX },
            { "type": "array", "items": { "type": "string" } },
        ] })
    }
}

/// A span of time, as `1h30m`.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct DurationText(pub(super) Duration);

impl TryFrom<String> for DurationText {
    type Error = clock::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_duration(&text).map(Self)
    }
}

impl JsonSchema for DurationText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]+(d|h|m|s|ms|us))+$",
            "examples": ["15m", "1h30m", "250ms"],
        })
    }
}

/// A time, quoted or in TOML's own form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimeText(pub(crate) SimTime);

impl<'de> Deserialize<'de> for TimeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written_time::required(deserializer).map(Self)
    }
}

impl JsonSchema for TimeText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}",
            "examples": ["2006-04-22T08:00:00Z"],
        })
    }
}

/// `true`, and nothing else.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "bool")]
pub(super) struct Yes;

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(yes: bool) -> Result<Self, Self::Error> {
        yes.then_some(Self).ok_or("`false` does nothing: leave the field out, or set it to `true`")
    }
}

impl JsonSchema for Yes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Yes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": true })
    }
}
