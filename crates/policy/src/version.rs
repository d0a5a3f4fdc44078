//! The version of a client's MAPI provider, in four parts (policy specification 2.2 and 2.6).

use std::fmt;
use std::str::FromStr;

use crate::quoted::Quoted;

/// A client version in four parts, ordered numerically and never as text: 9.0 comes before 16.0.
///
/// This is the form that clients report and Exchange System Manager shows, such as `11.0.5608.0`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClientVersion {
    /// The product: 11 is Outlook 2003.
    pub major: u16,
    /// Zero for all but the About-box numbers of Outlook 97 and 98.
    pub minor: u16,
    /// The build of that product.
    pub build: u16,
    /// The revision of that build.
    pub minor_build: u16,
}

impl ClientVersion {
    /// The version `major.minor.build.minor_build`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, build: u16, minor_build: u16) -> Self {
        Self { major, minor, build, minor_build }
    }
}

impl ClientVersion {
    /// The version as the registry value `Disable MAPI Clients` writes it: three parts, without the
    /// second, such as `11.5608.0`.
    ///
    /// `None` when three parts can't say it, because the second is not 0 or the build is above
    /// 32767.
    #[must_use]
    pub fn registry_form(self) -> Option<String> {
        let Self { major, minor, build, minor_build } = self;
        let sayable = minor == 0 && build <= MAX_BUILD;
        sayable.then(|| format!("{major}.{build}.{minor_build}"))
    }

    /// The place among all versions, which lie as close as whole numbers.
    pub(crate) fn position(self) -> u64 {
        let parts = [self.major, self.minor, self.build, self.minor_build];
        parts.into_iter().fold(0, |position, part| position << 16 | u64::from(part))
    }
}

/// The greatest build of the registry's form. On the wire the next bit says which scheme the
/// version is written in.
pub(crate) const MAX_BUILD: u16 = 32_767;

impl fmt::Display for ClientVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.minor_build)
    }
}

/// Reads `11.0.5608.0`; of three parts, such as `8.02.4212`, the minor build is 0.
///
/// Leading zeros are accepted, as Outlook's own About box writes them; signs and blanks are not.
impl FromStr for ClientVersion {
    type Err = ClientVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !matches!(text.split('.').count(), 3 | 4) {
            return Err(ClientVersionError::PartCount { text: text.to_owned() });
        }
        let mut parts = text.split('.').map(number);
        let mut next = || parts.next().unwrap_or(Ok(0));
        Ok(Self::new(next()?, next()?, next()?, next()?))
    }
}

/// Why a text is not a [`ClientVersion`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClientVersionError {
    /// The text has fewer than three or more than four parts.
    #[error("{} is not three or four numbers joined by dots", Quoted(text))]
    PartCount {
        /// The whole text.
        text: String,
    },
    /// A part is not a plain decimal number that fits 16 bits.
    #[error("{} is not a number from 0 to 65535", Quoted(part))]
    Part {
        /// That part.
        part: String,
    },
}

fn number(part: &str) -> Result<u16, ClientVersionError> {
    let plain = part.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = if plain { part.parse().ok() } else { None };
    parsed.ok_or_else(|| ClientVersionError::Part { part: part.to_owned() })
}
