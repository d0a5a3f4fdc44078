//! The one decision (policy specification 1.6; S4, S6, A14, A15, A18, 2.1).
//!
//! A store asks it when a client connects, when one reports another name, and of every session when
//! the policy changes. There is no second path to a refusal.

use std::fmt;

use crate::block_list::{BlockList, ItemRef};
use crate::process_list::ProcessList;
use crate::process_name::ProcessName;
use crate::quoted::Quoted;
use crate::subject::Subject;
use crate::version::ClientVersion;
use crate::version_ranges::VersionRanges;

/// The rules in force. The default is off: nobody is turned away.
#[derive(Clone, Default, Debug)]
pub struct Policy {
    processes: ProcessList,
    versions: VersionRanges,
}

impl Policy {
    /// The policy that forbids these programs and these versions.
    #[must_use]
    pub fn new(processes: ProcessList, versions: VersionRanges) -> Self {
        Self { processes, versions }
    }

    /// The list of programs.
    #[must_use]
    pub fn processes(&self) -> &ProcessList {
        &self.processes
    }

    /// The list of versions.
    #[must_use]
    pub fn versions(&self) -> &VersionRanges {
        &self.versions
    }

    /// Whether no client at all can be forbidden.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.processes.is_empty() && self.versions.is_empty()
    }

    /// Whether both policies decide alike for every client. Where they do, nothing has changed,
    /// however differently the lists are written (A23).
    #[must_use]
    pub fn same_rules(&self, other: &Self) -> bool {
        self.processes == other.processes && self.versions == other.versions
    }

    /// Judges one client: forbidden if any name it reported is on the list of programs or its
    /// version is on the list of versions, permitted otherwise. Each list is enough alone (A14).
    ///
    /// The list of programs is the cause when both are; of several names that are on it, the first
    /// reported. A client that named no program is judged by its version alone.
    #[must_use]
    pub fn decide(&self, subject: &Subject) -> Decision {
        let cause = self.listed_name(subject).or_else(|| self.listed_version(subject));
        cause.map_or_else(
            || Decision::Permitted { identified: subject.is_identified() },
            Decision::Forbidden,
        )
    }

    fn listed_name(&self, subject: &Subject) -> Option<Cause> {
        subject.names().iter().find_map(|name| {
            let item = self.processes.find(name)?.item().clone();
            let matched = Matched::Name(name.clone());
            Some(Cause { list: BlockList::Processes, item, matched })
        })
    }

    fn listed_version(&self, subject: &Subject) -> Option<Cause> {
        let version = subject.version();
        let item = self.versions.find(version)?.item().clone();
        Some(Cause { list: BlockList::Versions, item, matched: Matched::Version(version) })
    }
}

/// What a policy says of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It may connect and stay.
    Permitted {
        /// Whether it named its program, so that a list could have reached it.
        identified: bool,
    },
    /// It may neither connect nor stay.
    Forbidden(Cause),
}

/// Why a client is forbidden: the item, and what of the client met it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// The list that has the item.
    pub list: BlockList,
    /// The item of that list.
    pub item: ItemRef,
    /// What the client reported.
    pub matched: Matched,
}

/// What of a client an item is held against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Matched {
    /// A name that it reported.
    Name(ProcessName),
    /// Its version.
    Version(ClientVersion),
}

/// A noun: `` `MDL.EXE` `` or `version 11.0.5608.0`.
impl fmt::Display for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{}", Quoted(name.base_name())),
            Self::Version(version) => write!(f, "version {version}"),
        }
    }
}

/// One clause: `` `MDL.EXE` matches item 1 `mdl.exe` of `Disable MAPI Client Processes` ``.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let item = Quoted(&self.item.text);
        write!(
            f,
            "{} matches item {} {item} of `{}`",
            self.matched,
            self.item.number(),
            self.list.value_name()
        )
    }
}
