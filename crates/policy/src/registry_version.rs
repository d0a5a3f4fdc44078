//! One item of the version list, and a version as it writes one: three parts of the four, `X.Y.Z` for
//! X.0.Y.Z (policy specification 2.1, 2.2).

use crate::version::{ClientVersion, ClientVersionError, MAX_BUILD};

/// The bounds of an item; at least one is there. A single version is both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) low: Option<WrittenVersion>,
    pub(crate) high: Option<WrittenVersion>,
    /// Whether it is one version, without `-`.
    pub(crate) single: bool,
}

impl Bounds {
    /// The first version, if there is one.
    pub(crate) fn first(&self) -> Option<ClientVersion> {
        self.low.map(|written| written.version)
    }

    /// The last version, if there is one.
    pub(crate) fn last(&self) -> Option<ClientVersion> {
        self.high.map(|written| written.version)
    }
}

/// A version, and what was done with its text to get it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WrittenVersion {
    pub(crate) version: ClientVersion,
    /// Which of four parts was dropped.
    pub(crate) dropped: Option<DroppedPart>,
    /// The build as written, when it is above the greatest there is.
    pub(crate) clamped: Option<u16>,
}

/// The part that makes four of three.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DroppedPart {
    /// The 0 that clients report between major and build.
    Second,
    /// A 0 behind a complete version.
    Fourth,
}

/// Why a text is no item. One clause, of which the text itself is no part.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum BadItem {
    #[error("there is no version on either side of its `-`")]
    NoBound,
    #[error("it has more than one `-`")]
    Dashes,
    #[error(transparent)]
    Version(#[from] ClientVersionError),
    #[error("of its four numbers neither the second nor the last is 0")]
    FourParts,
}

/// Reads `ver`, `ver-ver`, `-ver` or `ver-`, without blanks.
pub(crate) fn read_item(text: &str) -> Result<Bounds, BadItem> {
    let Some((low, high)) = text.split_once('-') else {
        let version = Some(read_version(text)?);
        return Ok(Bounds { low: version, high: version, single: true });
    };
    if high.contains('-') {
        return Err(BadItem::Dashes);
    }
    let (low, high) = (read_bound(low)?, read_bound(high)?);
    if low.is_none() && high.is_none() {
        return Err(BadItem::NoBound);
    }
    Ok(Bounds { low, high, single: false })
}

fn read_bound(text: &str) -> Result<Option<WrittenVersion>, BadItem> {
    if text.is_empty() { Ok(None) } else { read_version(text).map(Some) }
}

/// A number that does not fit 16 bits makes no version; a build that fits and is too great counts
/// as the greatest.
fn read_version(text: &str) -> Result<WrittenVersion, BadItem> {
    let ClientVersion { major, minor, build, minor_build } = text.parse()?;
    let (build, minor_build, dropped) = match (text.split('.').count(), minor, minor_build) {
        (3, ..) => (minor, build, None),
        (_, 0, _) => (build, minor_build, Some(DroppedPart::Second)),
        (_, _, 0) => (minor, build, Some(DroppedPart::Fourth)),
        _ => return Err(BadItem::FourParts),
    };
    Ok(WrittenVersion {
        version: ClientVersion::new(major, 0, build.min(MAX_BUILD), minor_build),
        dropped,
        clamped: (MAX_BUILD < build).then_some(build),
    })
}
