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
    } else if low.is_some_and(|low| version < low && same_build(version, low)) {
        Some(Nearness::JustBelow)
    } else if high.is_some_and(|high| high < version && same_build(version, high)) {
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

/// Build 0 is no build: what Outlook 2000 and 2002 count up is the last part.
fn same_build(version: ClientVersion, bound: ClientVersion) -> bool {
    let build = |version: ClientVersion| (version.major, version.minor, version.build);
    build(version) == build(bound) && version.build != 0
}
