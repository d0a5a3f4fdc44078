//! Versions as three words on the wire, and as the four numbers they stand for ([MS-OXCRPC] 3.1.4.1.3.1).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::fmt;

/// `rgwClientVersion`, `rgwServerVersion` and `rgwBestVersion`: three words, in wire order.
///
/// Two schemes share the three words; the top bit of the second tells them apart. Compare versions only
/// [normalised](Self::normalised).
///
/// | scheme | word 0 | word 1 | word 2 |
/// |---|---|---|---|
/// | old | major; the minor is 0 | build, below `0x8000` | minor build |
/// | new | major in the high byte, minor in the low | `0x8000` + build | minor build |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct WireVersion(pub [u16; 3]);

impl WireVersion {
    /// What a server names in `rgwBestVersion` to a client below 11.0.0.0, when it answers `ecVersionMismatch`.
    ///
    /// The words are those of the specification's example; by the rule they read 0.11.0.0.
    pub const BEST_FOR_TOO_OLD: Self = Self([0x000B, NEW_SCHEME, 0x0000]);

    /// Major, minor, build and minor build, in the order to compare them in.
    #[must_use]
    pub const fn normalised(self) -> [u16; 4] {
        let [first, build, minor_build] = self.0;
        if build & NEW_SCHEME == 0 {
            return [first, 0, build, minor_build];
        }
        let [minor, major] = first.to_le_bytes();
        [
            u16::from_le_bytes([major, 0]),
            u16::from_le_bytes([minor, 0]),
            build & BUILD_MAX,
            minor_build,
        ]
    }

    /// Encodes major, minor, build and minor build by the old scheme.
    ///
    /// # Errors
    /// `Minor` when the minor is not 0, `Build` when the build is above `0x7FFF`.
    pub fn encode_old([major, minor, build, minor_build]: [u16; 4]) -> Result<Self, VersionError> {
        check(minor == 0, VersionError::Minor { minor, max: 0 })?;
        check(build <= BUILD_MAX, VersionError::Build { build })?;
        Ok(Self([major, build, minor_build]))
    }

    /// Encodes major, minor, build and minor build by the new scheme.
    ///
    /// # Errors
    /// `Major` or `Minor` when either is above 255, `Build` when the build is above `0x7FFF`.
    pub fn encode_new([major, minor, build, minor_build]: [u16; 4]) -> Result<Self, VersionError> {
        let high = u8::try_from(major).map_err(|_| VersionError::Major { major })?;
        let low =
            u8::try_from(minor).map_err(|_| VersionError::Minor { minor, max: u8::MAX.into() })?;
        check(build <= BUILD_MAX, VersionError::Build { build })?;
        Ok(Self([u16::from_le_bytes([low, high]), build | NEW_SCHEME, minor_build]))
    }
}

impl fmt::Display for WireVersion {
    /// The four numbers with dots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, minor_build] = self.normalised();
        write!(f, "{major}.{minor}.{build}.{minor_build}")
    }
}

/// A version that the chosen scheme cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The major number does not fit.
    #[error("major version `{major}` is above 255")]
    Major {
        /// The number.
        major: u16,
    },
    /// The minor number does not fit.
    #[error("minor version `{minor}` is above {max}")]
    Minor {
        /// The number.
        minor: u16,
        /// The largest one the scheme expresses.
        max: u16,
    },
    /// The build number does not fit.
    #[error("build `{build}` is above 32767")]
    Build {
        /// The number.
        build: u16,
    },
}

fn check(holds: bool, error: VersionError) -> Result<(), VersionError> {
    if holds { Ok(()) } else { Err(error) }
}

/// Set in the second word by the new scheme.
const NEW_SCHEME: u16 = 0x8000;
/// The largest build number either scheme holds.
const BUILD_MAX: u16 = 0x7FFF;
