//! The policy crate: what lists mean, whom they forbid, and what is said about them.

mod catalogue;
mod comparison;
mod decisions;
mod explanations;
pub(crate) mod fixtures;
pub(crate) mod lints;
mod process_list;
mod process_names;
mod properties;
mod value_names;
mod version_explanations;
mod version_ranges;
mod versions;

use policy::{ClientVersion, Policy, ProcessList, ProcessName, Subject, VersionRanges};

/// Outlook 2003 as it shipped.
const OUTLOOK_2003: ClientVersion = ClientVersion::new(11, 0, 5608, 0);

fn policy(text: &str) -> Policy {
    policy_of(text, "")
}

/// The policy of two lists.
fn policy_of(processes: &str, versions: &str) -> Policy {
    Policy::new(ProcessList::parse(processes).value, ranges(versions))
}

fn ranges(text: &str) -> VersionRanges {
    VersionRanges::parse(text).value
}

/// An Outlook 2003 client with these names, of which each must be one.
fn client(names: &[&str]) -> Subject {
    Subject::new(OUTLOOK_2003, names.iter().map(|name| process_name(name)))
}

#[expect(clippy::expect_used, reason = "a name without a base name is a mistake of the test")]
fn process_name(reported: &str) -> ProcessName {
    ProcessName::parse(reported).expect("the test's name has a base name")
}

#[expect(clippy::expect_used, reason = "a text that is no version is a mistake of the test")]
fn version(text: &str) -> ClientVersion {
    text.parse().expect("a client version")
}

/// A client that names no program.
fn nameless(text: &str) -> Subject {
    Subject::new(version(text), [])
}
