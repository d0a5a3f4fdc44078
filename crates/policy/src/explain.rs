//! Why a client is or is not blocked, item by item, and which items nearly block it.
//!
//! For people who ask; nothing is decided here. The work is in proportion to the text of the list,
//! times a capped number of names of capped length.

use std::collections::BTreeSet;
use std::fmt;

use crate::block_list::{BlockList, ItemRef};
use crate::decide::{Decision, Matched, Policy};
use crate::nearness::{edits_within, wildcard_matches};
use crate::process_list::ProcessItem;
use crate::process_name::{PATH_SEPARATORS, ProcessName, has_key, unquoted};
use crate::span::BLANKS;
use crate::subject::Subject;
use crate::version::ClientVersion;
use crate::version_nearness::version_nearness;

impl Policy {
    /// Holds every item of both lists against the client.
    #[must_use]
    pub fn explain(&self, subject: &Subject) -> Explanation {
        let mut items = self.explain_processes(subject);
        items.extend(self.explain_versions(subject.version()));
        Explanation { decision: self.decide(subject), items }
    }

    fn explain_processes(&self, subject: &Subject) -> Vec<ItemVerdict> {
        let found = subject.names().iter().filter_map(|name| self.processes().find(name));
        let matching: BTreeSet<usize> = found.map(ProcessItem::ordinal).collect();
        let verdict = |item: &ProcessItem| {
            let matches = matching.contains(&item.ordinal());
            let near_miss = if matches { None } else { near_miss(item, subject) };
            ItemVerdict {
                item: item.item().clone(),
                list: BlockList::Processes,
                matches,
                near_miss,
            }
        };
        self.processes().items().iter().map(verdict).collect()
    }

    fn explain_versions(&self, version: ClientVersion) -> impl Iterator<Item = ItemVerdict> {
        self.versions().items().iter().map(move |item| {
            let matches = item.stretch().contains(version);
            let nearness = if matches { None } else { version_nearness(item, version) };
            let reported = Matched::Version(version);
            ItemVerdict {
                item: item.item().clone(),
                list: BlockList::Versions,
                matches,
                near_miss: nearness.map(|nearness| NearMiss { reported, nearness }),
            }
        })
    }
}

/// A decision and what every item contributed to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// What [`Policy::decide`] says of the client: forbidden exactly if some item matches.
    pub decision: Decision,
    /// Every item, in order: those of the list of programs, then those of the list of versions.
    pub items: Vec<ItemVerdict>,
}

/// One item held against a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemVerdict {
    /// The item.
    pub item: ItemRef,
    /// The list it is on.
    pub list: BlockList,
    /// Whether the client is on the list because of it. Items of versions may overlap, and then
    /// every one matches.
    pub matches: bool,
    /// If it does not match, how it nearly does.
    pub near_miss: Option<NearMiss>,
}

/// An item that does not match a client, though its author may think so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NearMiss {
    /// What the client reported: a name if the item is a program, or its version.
    pub reported: Matched,
    /// What keeps the two apart.
    pub nearness: Nearness,
}

/// What keeps an item from matching what a client reported.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Nearness {
    /// One of them ends in `.exe` and the other does not.
    Extension,
    /// The name stands in the item before its last path separator, as in `mdl.exe /quiet`.
    Path,
    /// The name is one of several in the item, joined by commas or blanks.
    Joined,
    /// The item would match if its `*` and `?` were wildcards.
    Wildcard,
    /// The two are spelt almost alike.
    Spelling {
        /// How many characters would have to change, 1 or 2.
        edits: usize,
    },
    /// The item keeps a 0 that the registry leaves out: it is `11.0.5608`, which means 11.0.0.5608,
    /// and the client is 11.0.5608.0.
    ReportedForm,
    /// The version is below the item's first by a few builds or by its last part alone.
    JustBelow,
    /// The version is above the item's last by a few builds or by its last part alone.
    JustAbove,
    /// The item is one version, the client is an earlier or later one of the same product, and
    /// `-` would make a range of the item.
    OneVersion,
}

/// One clause, such as `` `MDL.EXE` differs from the item by 1 character ``.
impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.reported;
        match self.nearness {
            Nearness::Extension => write!(f, "{name} differs from the item by `.exe` alone"),
            Nearness::Joined => write!(f, "{name} is one of several names that the item joins"),
            Nearness::Path => write!(f, "{name} stands before the last path separator of the item"),
            Nearness::Wildcard => {
                write!(f, "{name} would match if the item's `*` and `?` were wildcards")
            }
            Nearness::Spelling { edits: 1 } => {
                write!(f, "{name} differs from the item by 1 character")
            }
            Nearness::Spelling { edits } => {
                write!(f, "{name} differs from the item by {edits} characters")
            }
            Nearness::ReportedForm => {
                write!(f, "{name} would match if the item left out the 0 in second place")
            }
            Nearness::JustBelow => write!(f, "{name} is just below the item"),
            Nearness::JustAbove => write!(f, "{name} is just above the item"),
            Nearness::OneVersion => {
                write!(f, "{name} would match a range, and the item is one version alone")
            }
        }
    }
}

/// How many names of one client are looked at for near misses. Real clients report one.
const NAMES: usize = 4;

/// How long, in bytes, a key may be to be compared by spelling or as a wildcard, which are the two
/// that cost more than reading it.
const KEY_BYTES: usize = 64;

/// How many characters may differ.
const EDITS: usize = 2;

fn near_miss(item: &ProcessItem, subject: &Subject) -> Option<NearMiss> {
    subject.names().iter().take(NAMES).find_map(|name| {
        let nearness = nearness(item, name)?;
        Some(NearMiss { reported: Matched::Name(name.clone()), nearness })
    })
}

/// The most telling reason comes first: `mdl` is also three edits from `mdl.exe`, and says less so.
fn nearness(item: &ProcessItem, name: &ProcessName) -> Option<Nearness> {
    let (listed, reported) = (item.key(), name.key());
    if differ_by_extension(listed, reported) {
        Some(Nearness::Extension)
    } else if passes_through(item.text(), reported) {
        Some(Nearness::Path)
    } else if joins(item.text(), reported) {
        Some(Nearness::Joined)
    } else if listed.len().max(reported.len()) > KEY_BYTES {
        None
    } else if wildcard_matches(listed, reported) {
        Some(Nearness::Wildcard)
    } else {
        edits_within(EDITS, listed, reported).map(|edits| Nearness::Spelling { edits })
    }
}

fn differ_by_extension(listed: &str, reported: &str) -> bool {
    let stem = |key| str::strip_suffix(key, ".EXE");
    stem(listed) == Some(reported) || stem(reported) == Some(listed)
}

fn joins(text: &str, key: &str) -> bool {
    let whole_or_in_quotes = [text, unquoted(text)];
    whole_or_in_quotes.iter().any(|text| {
        let by_comma = text.split(',').map(|part| part.trim_matches(BLANKS));
        by_comma.chain(text.split(BLANKS)).any(|part| has_key(part, key))
    })
}

fn passes_through(text: &str, key: &str) -> bool {
    let segments = unquoted(text).rsplit(PATH_SEPARATORS).skip(1);
    segments.map(|segment| segment.trim_matches(BLANKS)).any(|segment| has_key(segment, key))
}
