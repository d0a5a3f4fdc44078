//! What a read of a text value came to.

use crate::{KeyStoreError, RegType, RegValue, ValueName};

/// Bytes of a block list's text at the most; a longer one counts as invalid (policy A26).
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// The result of one query, as the driver hands it to the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValueRead {
    /// The value asked for.
    pub name: ValueName,
    /// `Ok(None)` is "not found".
    pub result: Result<Option<RegValue>, KeyStoreError>,
}

/// A read of a value that should be a `REG_SZ`, judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// There is no such value (or key): the policy part is off (A7).
    NotFound,
    /// There is a value, but not one that can be used: as good as absent, and reported (A8).
    Invalid(InvalidValue),
    /// The key store could not say: the last good policy part stays (A9).
    Unreadable(KeyStoreError),
    /// The text; embedded NULs are kept, since whoever parses it says what they mean (A10).
    Text(String),
}

/// Why a value can't be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidValue {
    /// Another type than `REG_SZ`.
    #[error("it is a {found} and has to be a REG_SZ")]
    WrongType {
        /// The type found.
        found: RegType,
    },
    /// UTF-16 comes in pairs of bytes (A10).
    #[error("it has {length} bytes, and UTF-16 text has an even number")]
    OddLength {
        /// Its length in bytes.
        length: usize,
    },
    /// Longer than [`MAX_TEXT_BYTES`].
    #[error("it has {length} bytes, and at most {MAX_TEXT_BYTES} are read")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

impl Reading {
    /// Judges a query's result.
    pub fn judge(result: Result<Option<RegValue>, KeyStoreError>) -> Self {
        match result {
            Err(error) => Self::Unreadable(error),
            Ok(None) => Self::NotFound,
            Ok(Some(value)) => text_of(&value).map_or_else(Self::Invalid, Self::Text),
        }
    }

    /// The text, when there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::NotFound | Self::Invalid(_) | Self::Unreadable(_) => None,
        }
    }
}

fn text_of(value: &RegValue) -> Result<String, InvalidValue> {
    let length = value.data().len();
    if value.kind() != RegType::SZ {
        return Err(InvalidValue::WrongType { found: value.kind() });
    }
    if MAX_TEXT_BYTES < length {
        return Err(InvalidValue::TooLong { length });
    }
    value.text().ok_or(InvalidValue::OddLength { length })
}
