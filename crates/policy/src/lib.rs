//! Which MAPI clients a store turns away: the block lists of KB 920185 and KB 288894, and the one
//! decision on them.
//!
//! The administrator writes programs into the registry value `Disable MAPI Client Processes` and
//! versions into `Disable MAPI Clients`; [`ProcessList::parse`] and [`VersionRanges::parse`] read
//! them and say what looks wrong with them; [`Policy::decide`] judges what a client said of itself. Everything here is total and pure: any text is a list, any subject
//! gets a decision, and the same inputs always give the same answer.
//!
//! ```
//! use policy::{ClientVersion, Decision, Policy, ProcessList, ProcessName, Subject, VersionRanges};
//!
//! let processes = ProcessList::parse("mdl.exe; beta.exe").value;
//! let versions = VersionRanges::parse("-5.3164.0, 12.0.0-").value;
//! let policy = Policy::new(processes, versions);
//! let client = Subject::new(ClientVersion::new(11, 0, 5608, 0), ProcessName::parse("MDL.EXE"));
//!
//! let Decision::Forbidden(cause) = policy.decide(&client) else { unreachable!() };
//! assert_eq!(
//!     cause.to_string(),
//!     "`MDL.EXE` matches item 1 `mdl.exe` of `Disable MAPI Client Processes`",
//! );
//! ```
//!
//! Comments cite the policy specification: S1 to S18 are statements of the article (1.1), A1 to A30
//! the answers to what it leaves open (1.3), and 2.1 to 2.6 are about versions.

mod block_list;
mod compare;
mod decide;
mod explain;
mod lint;
mod list_data;
mod nearness;
mod process_lint;
mod process_list;
mod process_name;
mod quoted;
mod registry_version;
mod span;
mod subject;
mod version;
mod version_hint;
mod version_index;
mod version_lint;
mod version_nearness;
mod version_ranges;

pub use block_list::{
    BlockList, ItemRef, MAX_DATA_BYTES, PROCESS_LIST_VALUE, VERSION_LIST_VALUE, misspelt_value_name,
};
pub use compare::{ListChange, PolicyChange, compare};
pub use decide::{Cause, Decision, Matched, Policy};
pub use explain::{Explanation, ItemVerdict, NearMiss, Nearness};
pub use lint::{Lint, LintCode, Parsed, Severity};
pub use process_list::{ProcessItem, ProcessList};
pub use process_name::ProcessName;
pub use span::{Columns, Span};
pub use subject::Subject;
pub use version::{ClientVersion, ClientVersionError};
pub use version_ranges::{VersionItem, VersionRanges};
