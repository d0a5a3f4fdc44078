//! What a value means as a block list of a store: its items, what there is to say about it, and whether it is in force.

use infostore::InfoStore;
use policy::{BlockList, Lint, Parsed, ProcessList, VersionRanges};
use registry_poll::Reading;
use serde::Serialize;
use utoipa::ToSchema;

use crate::list_text::{Item, LintText, lints, process_items, version_items};

/// A value, read as one list. Reading a long one takes a while, and needs no store.
pub(crate) struct ReadList {
    reading: Reading,
    parsed: ParsedList,
}

enum ParsedList {
    Processes(Parsed<ProcessList>),
    Versions(Parsed<VersionRanges>),
}

/// What a value means as a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ListMeaning {
    /// Why the value can't be used, and is as good as none; null when it can, or when there is none.
    problem: Option<String>,
    /// The items of the text.
    items: Vec<Item>,
    /// What there is to say about the text; that the build which runs does not read the list comes first.
    lints: Vec<LintText>,
    /// Whether the policy in force has exactly these rules for this list.
    in_force: bool,
}

impl ReadList {
    pub(crate) fn new(list: BlockList, reading: Reading) -> Self {
        let text = reading.text().unwrap_or_default();
        let parsed = match list {
            BlockList::Processes => ParsedList::Processes(ProcessList::parse(text)),
            BlockList::Versions => ParsedList::Versions(VersionRanges::parse(text)),
        };
        Self { reading, parsed }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.reading.text()
    }

    /// What the value means to a store.
    pub(crate) fn meaning(&self, store: &InfoStore) -> ListMeaning {
        ListMeaning {
            problem: match &self.reading {
                Reading::Invalid(invalid) => Some(invalid.to_string()),
                Reading::Unreadable(error) => Some(error.to_string()),
                Reading::NotFound | Reading::Text(_) => None,
            },
            items: self.parsed.items(),
            lints: self.text().map(|text| self.parsed.lints(text, store)).unwrap_or_default(),
            in_force: self.parsed.is_in_force(store),
        }
    }
}

impl ParsedList {
    fn items(&self) -> Vec<Item> {
        match self {
            Self::Processes(parsed) => process_items(&parsed.value),
            Self::Versions(parsed) => version_items(&parsed.value),
        }
    }

    fn lints(&self, text: &str, store: &InfoStore) -> Vec<LintText> {
        let (list, found) = match self {
            Self::Processes(parsed) => (BlockList::Processes, &parsed.lints),
            Self::Versions(parsed) => (BlockList::Versions, &parsed.lints),
        };
        let build = store.running_build();
        let ignored = (!build.honours(list)).then(|| {
            let build = format!("build {build} ({})", build.product());
            Lint::ignored_by_build(list, text, &build)
        });
        lints(ignored.iter().chain(found))
    }

    fn is_in_force(&self, store: &InfoStore) -> bool {
        match self {
            Self::Processes(parsed) => parsed.value == *store.policy().processes(),
            Self::Versions(parsed) => parsed.value == *store.policy().versions(),
        }
    }
}
