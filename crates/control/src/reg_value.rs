//! Typed registry values as JSON. What is written comes back exactly, to the byte.

use registry_poll::{RegType, RegValue};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use crate::problem::{FieldError, Problem};

/// A registry value. It has `data`, or, where its bytes are not what its type asks for, `hex`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegistryValue)]
pub(crate) struct ValueText {
    /// `REG_SZ`, `REG_EXPAND_SZ`, `REG_DWORD`, `REG_MULTI_SZ`, `REG_BINARY`, `REG_QWORD`, `REG_NONE`, or `REG_` with the
    /// number of any other type.
    #[schema(example = "REG_SZ")]
    r#type: String,
    /// Of `REG_SZ` and `REG_EXPAND_SZ` the text, without the NUL that ends it; of `REG_DWORD` a number; of `REG_QWORD` a
    /// number up to 2^53 - 1, and above it the digits as a string, which no reader of JSON rounds; of `REG_MULTI_SZ` an
    /// array of texts; of any other type its bytes in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>, example = "mdl.exe; beta.exe")]
    data: Option<Value>,
    /// The bytes as the registry holds them, in hexadecimal: a text without its NUL, a REG_DWORD of three bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "6d0064006c00")]
    hex: Option<String>,
}

/// A registry value as part of a larger answer: the same fields, beside others.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ShownRegistryValue)]
pub(crate) struct ShownValue {
    /// As in a value that is written.
    #[schema(example = "REG_SZ")]
    r#type: String,
    /// As in a value that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>, example = "mdl.exe; beta.exe")]
    data: Option<Value>,
    /// As in a value that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "6d0064006c00")]
    hex: Option<String>,
}

impl From<&RegValue> for ShownValue {
    fn from(value: &RegValue) -> Self {
        let ValueText { r#type, data, hex } = value.into();
        Self { r#type, data, hex }
    }
}

impl From<&RegValue> for ValueText {
    fn from(value: &RegValue) -> Self {
        let data = plain(value).filter(|data| from_plain(value.kind(), data).as_ref() == Ok(value));
        let hex = if data.is_some() { None } else { Some(to_hex(value.data())) };
        Self { r#type: type_name(value.kind()), data, hex }
    }
}

impl TryFrom<ValueText> for RegValue {
    type Error = Problem;

    fn try_from(text: ValueText) -> Result<Self, Problem> {
        let ValueText { r#type, data, hex } = text;
        let kind = type_of(&r#type)
            .ok_or_else(|| body_problem("#/type", format!("`{}` is no registry type; see `REG_SZ`, `REG_DWORD`, `REG_MULTI_SZ` and their like", shortened(&r#type))))?;
        match (data, hex) {
            (Some(data), None) => {
                from_plain(kind, &data).map_err(|wanted| body_problem("#/data", wanted))
            }
            (None, Some(hex)) => from_hex(&hex)
                .map(|bytes| Self::new(kind, bytes))
                .ok_or_else(|| body_problem("#/hex", HEX)),
            (Some(_), Some(_)) | (None, None) => {
                Err(body_problem("#", "a value has `data` or `hex`, one of them"))
            }
        }
    }
}

/// What is quoted of a text that may be long.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

const HEX: &str = "hexadecimal has two digits for each byte";

fn body_problem(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::body(FieldError::at(pointer, detail))
}

pub(crate) fn type_name(kind: RegType) -> String {
    let name = kind.to_string();
    if name.starts_with("REG_") { name } else { format!("REG_{}", kind.0) }
}

pub(crate) fn type_of(name: &str) -> Option<RegType> {
    RegType::from_name(name).or_else(|| name.strip_prefix("REG_")?.parse().ok().map(RegType))
}

/// The value in the form of its type, when it has one.
fn plain(value: &RegValue) -> Option<Value> {
    match value.kind() {
        RegType::SZ | RegType::EXPAND_SZ => value.text().map(Value::String),
        RegType::DWORD => {
            let bytes = value.data().try_into().ok()?;
            Some(Value::Number(Number::from(u32::from_le_bytes(bytes))))
        }
        RegType::QWORD => Some(plain_qword(u64::from_le_bytes(value.data().try_into().ok()?))),
        RegType::MULTI_SZ => {
            let text = value.text()?;
            let texts = text.strip_suffix('\0').map(|text| text.split('\0').collect::<Vec<_>>());
            let texts = texts.unwrap_or_default();
            Some(texts.into_iter().map(|text| Value::String(text.to_owned())).collect())
        }
        _ => Some(Value::String(to_hex(value.data()))),
    }
}

/// The value that the form of its type stands for; `Err` says what it has to be.
fn from_plain(kind: RegType, data: &Value) -> Result<RegValue, &'static str> {
    match kind {
        RegType::SZ => data.as_str().map(RegValue::sz).ok_or("a REG_SZ is a string"),
        RegType::EXPAND_SZ => {
            data.as_str().map(RegValue::expand_sz).ok_or("a REG_EXPAND_SZ is a string")
        }
        RegType::DWORD => {
            let number = data.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map(RegValue::dword).ok_or("a REG_DWORD is a number from 0 to 4294967295")
        }
        RegType::QWORD => {
            let bytes = |number: u64| RegValue::new(RegType::QWORD, number.to_le_bytes().to_vec());
            qword(data).map(bytes).ok_or(
                "a REG_QWORD is a number from 0 to 9007199254740991, or a string of decimal digits",
            )
        }
        RegType::MULTI_SZ => {
            let texts = data.as_array().map(|texts| texts.iter().map(Value::as_str).collect());
            let texts: Option<Vec<&str>> = texts.flatten();
            texts.map(RegValue::multi_sz).ok_or("a REG_MULTI_SZ is an array of strings")
        }
        _ => {
            let bytes = data.as_str().and_then(from_hex);
            bytes.map(|bytes| RegValue::new(kind, bytes)).ok_or(HEX)
        }
    }
}

/// 2^53 - 1: up to here every number is one to every reader of JSON ([RFC 8259] 6).
///
/// [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259
const MAX_EXACT: u64 = (1 << 53) - 1;

fn plain_qword(number: u64) -> Value {
    if number <= MAX_EXACT { number.into() } else { Value::String(number.to_string()) }
}

/// A number that came as a number above the limit may have been rounded on its way.
fn qword(data: &Value) -> Option<u64> {
    match data.as_str() {
        Some(text) => text.parse().ok().filter(|number: &u64| number.to_string() == text),
        None => data.as_u64().filter(|number| *number <= MAX_EXACT),
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let byte = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
        u8::try_from(byte).ok()
    };
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}
