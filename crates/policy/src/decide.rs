//! The one decision (policy specification 1.6; S4, S6, A14, A15, A18).
//!
//! A store asks it when a client connects, when one reports another name, and of every session when
//! the policy changes. There is no second path to a refusal.

use std::fmt;

use crate::block_list::{BlockList, ItemRef};
use crate::process_list::ProcessList;
use crate::process_name::ProcessName;
use crate::quoted::Quoted;
use crate::subject::Subject;

/// The rules in force. The default is off: nobody is turned away.
#[derive(Clone, Default, Debug)]
pub struct Policy {
    processes: ProcessList,
}

impl Policy {
    /// The policy that forbids these programs.
    #[must_use]
    pub fn new(processes: ProcessList) -> Self {
        Self { processes }
    }

    /// The list of programs.
    #[must_use]
    pub fn processes(&self) -> &ProcessList {
        &self.processes
    }

    /// Whether no client at all can be forbidden.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.processes.is_empty()
    }

    /// Whether both policies decide alike for every client. Where they do, nothing has changed,
    /// however differently the lists are written (A23).
    #[must_use]
    pub fn same_rules(&self, other: &Self) -> bool {
        self.processes == other.processes
    }

    /// Judges one client: forbidden if any name it reported is on the list, permitted otherwise.
    ///
    /// Of several names that are on the list the first reported is the cause. A client that named
    /// no program is permitted, because nothing is known against it.
    #[must_use]
    pub fn decide(&self, subject: &Subject) -> Decision {
        for name in subject.names() {
            if let Some(item) = self.processes.find(name) {
                return Decision::Forbidden(Cause {
                    list: BlockList::Processes,
                    item: item.item().clone(),
                    matched: name.clone(),
                });
            }
        }
        Decision::Permitted { identified: subject.is_identified() }
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

/// Why a client is forbidden: the item and the name that met.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// The list that has the item.
    pub list: BlockList,
    /// The item of that list.
    pub item: ItemRef,
    /// The name that the client reported.
    pub matched: ProcessName,
}

/// One clause: `` `MDL.EXE` matches item 1 `mdl.exe` of `Disable MAPI Client Processes` ``.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Quoted(self.matched.base_name());
        let item = Quoted(&self.item.text);
        write!(
            f,
            "{name} matches item {} {item} of `{}`",
            self.item.number(),
            self.list.value_name()
        )
    }
}
