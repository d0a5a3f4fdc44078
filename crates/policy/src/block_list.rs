//! Which block lists there are, the registry values that hold them, and what stands for one item
//! (policy specification S10, S11, 2.1, A26, A28).

use std::fmt;
use std::sync::Arc;

use crate::nearness::edits_within;
use crate::process_name::match_key;
use crate::span::Span;

/// The registry value that holds the list of programs.
pub const PROCESS_LIST_VALUE: &str = "Disable MAPI Client Processes";

/// The registry value that holds the list of client versions.
pub const VERSION_LIST_VALUE: &str = "Disable MAPI Clients";

/// The most bytes of registry data that are taken for a list; more is judged like data of a wrong
/// type. Whoever reads the registry enforces it, before there is a text to parse.
pub const MAX_DATA_BYTES: usize = 1 << 20;

/// A list that a client can be on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum BlockList {
    /// Programs, by the name of their executable.
    Processes,
    /// Versions of the MAPI provider.
    Versions,
}

impl BlockList {
    /// Every list.
    pub const ALL: [Self; 2] = [Self::Processes, Self::Versions];

    /// The name of the registry value that holds the list.
    #[must_use]
    pub const fn value_name(self) -> &'static str {
        match self {
            Self::Processes => PROCESS_LIST_VALUE,
            Self::Versions => VERSION_LIST_VALUE,
        }
    }
}

impl fmt::Display for BlockList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Processes => "processes",
            Self::Versions => "versions",
        })
    }
}

/// An item apart from its list, for whoever has to name it after the list has changed.
///
/// Cloning one copies no text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ItemRef {
    /// The item as written, without the blanks around it.
    pub text: Arc<str>,
    /// Its position among the items of the list, from 0.
    pub ordinal: usize,
    /// Where it stood in the text.
    pub span: Span,
}

impl ItemRef {
    /// The position as people count, from 1.
    pub(crate) fn number(&self) -> usize {
        self.ordinal.saturating_add(1)
    }
}

/// The list whose value name this probably was meant to be; `None` when it is the name of a list, in
/// any case, or nothing like one. A misspelt value is ignored, so someone should say so.
#[must_use]
pub fn misspelt_value_name(name: &str) -> Option<BlockList> {
    let written = match_key(name);
    let edits = |list: BlockList| edits_within(SLIPS, &written, &match_key(list.value_name()));
    let near = BlockList::ALL.into_iter().filter_map(|list| Some((edits(list)?, list)));
    let (edits, list) = near.min()?;
    (0 < edits).then_some(list)
}

/// How many characters may differ: enough to leave out all three blanks of the name, far too few to
/// take one list's name for the other's.
const SLIPS: usize = 3;
