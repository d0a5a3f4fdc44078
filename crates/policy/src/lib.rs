//! Which MAPI programs a store turns away: the block list of KB 920185 and the one decision on it.
//!
//! The administrator writes a list into the registry value `Disable MAPI Client Processes`;
//! [`ProcessList::parse`] reads it and says what looks wrong with it; [`Policy::decide`] judges
//! what a client said of itself. Everything here is total and pure: any text is a list, any subject
//! gets a decision, and the same inputs always give the same answer.
//!
//! ```
//! use policy::{ClientVersion, Decision, Policy, ProcessList, ProcessName, Subject};
//!
//! let policy = Policy::new(ProcessList::parse("mdl.exe; beta.exe").value);
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
//! the answers to what it leaves open (1.3).

mod block_list;
mod compare;
mod decide;
mod explain;
mod lint;
mod nearness;
mod process_lint;
mod process_list;
mod process_name;
mod quoted;
mod span;
mod subject;
mod version;

pub use block_list::{BlockList, ItemRef, MAX_DATA_BYTES, PROCESS_LIST_VALUE, misspelt_value_name};
pub use compare::{PolicyChange, compare};
pub use decide::{Cause, Decision, Policy};
pub use explain::{Explanation, ItemVerdict, NearMiss, Nearness};
pub use lint::{Lint, LintCode, Parsed, Severity};
pub use process_list::{ProcessItem, ProcessList};
pub use process_name::ProcessName;
pub use span::{Columns, Span};
pub use subject::Subject;
pub use version::{ClientVersion, ClientVersionError};
