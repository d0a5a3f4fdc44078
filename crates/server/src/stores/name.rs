//! The names of stores.

use core::borrow::Borrow;
use core::fmt;
use core::str::FromStr;

use super::DEFAULT_STORE;

/// The name of a store: 1 to 64 ASCII letters, digits, hyphens, underscores and dots, the first a letter or a digit. Case
/// counts. Such a name stands in a URL, a file name or a variable as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StoreName(String);

/// Why a text is no name of a store.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreNameError {
    /// There is nothing.
    #[error("a store's name has at least one character")]
    Empty,
    /// It is too long.
    #[error("a store's name has at most {} characters, and this has {characters}", StoreName::MAX)]
    TooLong {
        /// Its length in characters.
        characters: usize,
    },
    /// A character does not belong into a name.
    #[error(
        "a store's name is made of ASCII letters, digits, `-`, `_` and `.`, and begins with a letter or digit; `{found}` is character {position}"
    )]
    Character {
        /// The first that does not.
        found: char,
        /// Its place, from 1.
        position: usize,
    },
}

impl StoreName {
    /// The most characters of a name.
    pub const MAX: usize = 64;

    /// The name of the store that always exists.
    pub(super) fn default_store() -> Self {
        Self(DEFAULT_STORE.to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn belongs((index, character): (usize, char)) -> bool {
    let inside = matches!(character, '-' | '_' | '.') && 0 < index;
    character.is_ascii_alphanumeric() || inside
}

impl FromStr for StoreName {
    type Err = StoreNameError;

    fn from_str(text: &str) -> Result<Self, StoreNameError> {
        let characters = text.chars().count();
        if characters == 0 {
            return Err(StoreNameError::Empty);
        }
        if Self::MAX < characters {
            return Err(StoreNameError::TooLong { characters });
        }
        match text.chars().enumerate().find(|character| !belongs(*character)) {
            None => Ok(Self(text.to_owned())),
            Some((index, found)) => {
                Err(StoreNameError::Character { found, position: index.saturating_add(1) })
            }
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for StoreName {
    fn borrow(&self) -> &str {
        &self.0
    }
}
