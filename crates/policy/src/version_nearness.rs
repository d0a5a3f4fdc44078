//! What keeps an item of the version list from matching a client that it may have been meant for
//! (policy specification 2.1, 2.2).

use crate::explain::Nearness;
use crate::version::ClientVersion;
use crate::version_index::Stretch;
use crate::version_ranges::VersionItem;

/// How nearly an item matches a version that it does not match. The most telling reason comes first.
pub(crate) fn version_nearness(item: &VersionItem, version: ClientVersion) -> Option<Nearness> {
    let (low, high) = item.bounds();
    if read_as_reported(item).contains(version) {
        Some(Nearness::ReportedForm)
    } else if low.is_some_and(|low| version < low && near(version, low)) {
        Some(Nearness::JustBelow)
    } else if high.is_some_and(|high| high < version && near(version, high)) {
        Some(Nearness::JustAbove)
    } else if low == high && low.is_some_and(|only| only.major == version.major) {
        Some(Nearness::OneVersion)
    } else {
        None
    }
}

/// What the item would match if its versions had been copied from where clients show X.0.Y.Z.
fn read_as_reported(item: &VersionItem) -> Stretch {
    let (low, high) = item.bounds();
    let copied = |bound: ClientVersion| match (bound.build, bound.minor_build) {
        (0, build) => ClientVersion::new(bound.major, 0, build, 0),
        (_, _) => bound,
    };
    Stretch::new(low.map(copied), high.map(copied))
}

/// Builds that are so near to one another that an administrator may have meant the other: RTM builds of Outlook 2003 are
/// 5604, 5606 and 5608.
const BUILDS: u16 = 10;

/// Whether the two are builds of one product, a few apart at the most. Build 0 is no build: what Outlook 2000 and 2002 count
/// up is the last part.
fn near(version: ClientVersion, bound: ClientVersion) -> bool {
    let product = |version: ClientVersion| (version.major, version.minor);
    let builds = version.build != 0 && bound.build != 0;
    builds && product(version) == product(bound) && version.build.abs_diff(bound.build) <= BUILDS
}
