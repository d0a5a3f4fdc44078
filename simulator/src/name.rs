//! The names that a client goes by: its program, its user, its computer.
//!
//! The user's and the computer's may hold `{n}`, which stands for the client's number.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::spec::SpecError;

/// One newtype for each name, so that none is taken for another and each is checked where it is read.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $field:literal, $problem:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks a name.
            ///
            /// # Errors
            /// When it is empty, too long, or has a character that cannot be in it.
            pub fn new(text: impl Into<String>) -> Result<Self, SpecError> {
                let text = text.into();
                match $problem(&text) {
                    None => Ok(Self(text)),
                    Some(advice) => Err(SpecError::Field { field: $field, value: text, advice }),
                }
            }

            /// The name as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub(crate) fn utf16(&self) -> Vec<u16> {
                self.0.encode_utf16().collect()
            }
        }

        impl TryFrom<String> for $name {
            type Error = SpecError;

            fn try_from(text: String) -> Result<Self, SpecError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// The name of a program as the client reports it: 1 to 260 UTF-16 units, no control character. A path is allowed,
    /// since a client may send one.
    ProcessName, "process", process_problem;
    /// A user's name, the last part of the distinguished name: 1 to 64 ASCII characters, none of them `/`.
    UserName, "user", user_problem;
    /// A computer's name: 1 to 64 characters, no control character.
    MachineName, "machine", machine_problem;
}

impl ProcessName {
    /// The name with `number` in place of each `{n}`, and `count` in place of each `{k}`.
    pub(crate) fn filled_in(&self, number: u64, count: u32) -> Result<Self, SpecError> {
        Self::new(fill_in(&self.0, number).replace("{k}", &count.to_string()))
    }
}

impl UserName {
    pub(crate) fn numbered_default() -> Self {
        Self("user{n}".to_owned())
    }

    pub(crate) fn numbered(&self, number: u64) -> Self {
        Self(fill_in(&self.0, number))
    }
}

impl MachineName {
    pub(crate) fn numbered_default() -> Self {
        Self("WKS{n}".to_owned())
    }

    pub(crate) fn numbered(&self, number: u64) -> Self {
        Self(fill_in(&self.0, number))
    }
}

fn process_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("leave it out for a client that names no program")
    } else if PROCESS_MAX < text.encode_utf16().count() {
        Some("use at most 260 characters, as a path on Windows has")
    } else if text.chars().any(char::is_control) {
        Some("leave out the control characters")
    } else {
        None
    }
}

fn user_problem(text: &str) -> Option<&'static str> {
    let fits = |c: char| c == ' ' || c.is_ascii_graphic() && c != '/';
    match length_problem(text) {
        None if !text.chars().all(fits) => Some(
            "use ASCII letters, digits and signs other than `/`: it is part of a distinguished name",
        ),
        problem => problem,
    }
}

fn machine_problem(text: &str) -> Option<&'static str> {
    match length_problem(text) {
        None if text.chars().any(char::is_control) => Some("leave out the control characters"),
        problem => problem,
    }
}

fn length_problem(text: &str) -> Option<&'static str> {
    match text.chars().count() {
        0 => Some("give it at least one character, or leave it out for the default"),
        1..=NAME_MAX => None,
        _ => Some("use at most 64 characters"),
    }
}

fn fill_in(text: &str, number: u64) -> String {
    text.replace("{n}", &number.to_string())
}

/// MAX_PATH of Windows, in UTF-16 units.
const PROCESS_MAX: usize = 260;
/// So that all names of a client fit its auxiliary buffer, in characters.
const NAME_MAX: usize = 64;
