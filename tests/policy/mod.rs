//! The policy crate: what lists mean, whom they forbid, and what is said about them.

mod comparison;
mod decisions;
mod explanations;
mod lints;
mod process_list;
mod process_names;
mod properties;
mod value_names;
mod versions;

use policy::{ClientVersion, Policy, ProcessList, ProcessName, Subject, VersionRanges};

/// Outlook 2003 as it shipped.
const OUTLOOK_2003: ClientVersion = ClientVersion::new(11, 0, 5608, 0);

fn policy(text: &str) -> Policy {
    Policy::new(ProcessList::parse(text).value, VersionRanges::default())
}

/// An Outlook 2003 client with these names, of which each must be one.
fn client(names: &[&str]) -> Subject {
    Subject::new(OUTLOOK_2003, names.iter().map(|name| process_name(name)))
}

#[expect(clippy::expect_used, reason = "a name without a base name is a mistake of the test")]
fn process_name(reported: &str) -> ProcessName {
    ProcessName::parse(reported).expect("the test's name has a base name")
}
