//! The list of versions: `10.0.0, 11.0.0-11.5703.0, -5.3164.0, 15.0.0-` (policy specification 2.1,
//! 2.2, A10, A23).

use std::collections::BTreeMap;
use std::fmt;

use crate::block_list::ItemRef;
use crate::lint::{LintCode, LintSink, Parsed};
use crate::list_data;
use crate::registry_version::{Bounds, read_item};
use crate::span::{BLANKS, Span};
use crate::version::ClientVersion;
use crate::version_index::{Stretch, VersionIndex, within_another};
use crate::version_lint;

/// The versions that may not connect, as single ones and ranges in the order written, none twice.
///
/// An item's `X.Y.Z` is the client version X.0.Y.Z, and bounds belong to their range. Versions are
/// compared part by part as numbers, all four, so `8.0.0-9.0.0` holds 8.5.5104.6 and `8.5.5104`
/// does not.
///
/// Two lists are equal when they match the same versions, however they were written: order, blanks,
/// separators, leading zeros, repetitions, and ranges that overlap or adjoin make no difference. The
/// default is the empty list, which blocks nobody.
#[derive(Clone, Default)]
pub struct VersionRanges {
    text: Box<str>,
    items: Vec<VersionItem>,
    index: VersionIndex,
}

impl VersionRanges {
    /// Reads the text of the registry value. Every text is a list, if need be an empty one: an item
    /// that is no version and no range is left out, with a lint, and the others stay.
    ///
    /// Takes memory in proportion to the text, and time to sort its items.
    #[must_use]
    pub fn parse(text: &str) -> Parsed<Self> {
        let mut parser = Parser::new(text);
        parser.items();
        parser.finish()
    }

    /// The items in the order written.
    #[must_use]
    pub fn items(&self) -> &[VersionItem] {
        &self.items
    }

    /// Whether the list blocks nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item that matches this version; of several, the first in the order written.
    ///
    /// A binary search: of `n` items it takes `log n` steps, and none of them allocates.
    #[must_use]
    pub fn find(&self, version: ClientVersion) -> Option<&VersionItem> {
        self.items.get(self.index.find(version)?)
    }

    /// The text that was parsed, whole: spans are places in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the list matches every version that an item of another list does.
    pub(crate) fn covers(&self, item: &VersionItem) -> bool {
        self.index.covers(item.stretch())
    }
}

/// A23: a list that was only rewritten has not changed.
impl PartialEq for VersionRanges {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for VersionRanges {}

impl fmt::Debug for VersionRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VersionRanges").field(&self.text).finish()
    }
}

/// One version or one range of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionItem {
    item: ItemRef,
    low: Option<ClientVersion>,
    high: Option<ClientVersion>,
}

impl VersionItem {
    /// The item as written, without the blanks around it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.item.text
    }

    /// Where [`text`](Self::text) stands in the text of the list.
    #[must_use]
    pub fn span(&self) -> Span {
        self.item.span
    }

    /// The position among the items that were kept, from 0.
    #[must_use]
    pub fn ordinal(&self) -> usize {
        self.item.ordinal
    }

    /// The first version that matches and the last, both included; none where a range is open. Of a
    /// single version both are that version.
    #[must_use]
    pub fn bounds(&self) -> (Option<ClientVersion>, Option<ClientVersion>) {
        (self.low, self.high)
    }

    pub(crate) fn item(&self) -> &ItemRef {
        &self.item
    }

    pub(crate) fn stretch(&self) -> Stretch {
        Stretch::new(self.low, self.high)
    }
}

/// What separates items: either (2.1).
const SEPARATORS: [char; 2] = [',', ';'];

struct Parser<'a> {
    source: &'a str,
    /// The text up to its first NUL, which ends it (A10).
    text: &'a str,
    items: Vec<VersionItem>,
    /// Positions in `items` by what they match.
    seen: BTreeMap<Stretch, usize>,
    lints: LintSink,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str) -> Self {
        let (text, rest) = list_data::split_at_nul(source);
        let mut lints = LintSink::default();
        list_data::lint(&mut lints, text, rest);
        Self { source, text, items: Vec::new(), seen: BTreeMap::new(), lints }
    }

    fn items(&mut self) {
        let mut start = 0_usize;
        for raw in self.text.split(SEPARATORS) {
            self.item(raw.trim_matches(BLANKS), Span::of_trimmed(start, raw));
            // Either separator is one byte.
            start = start.saturating_add(raw.len()).saturating_add(1);
        }
    }

    fn item(&mut self, text: &str, span: Span) {
        if text.is_empty() {
            version_lint::lint_empty_item(&mut self.lints, span);
            return;
        }
        match read_item(text) {
            Ok(bounds) => self.bounded(text, bounds, span),
            Err(reason) => version_lint::lint_bad_item(&mut self.lints, text, &reason, span),
        }
    }

    fn bounded(&mut self, text: &str, bounds: Bounds, span: Span) {
        let (low, high) = (bounds.first(), bounds.last());
        let stretch = Stretch::new(low, high);
        if stretch.high < stretch.low {
            version_lint::lint_reversed(&mut self.lints, text, span);
        } else if let Some(first) = self.seen.get(&stretch) {
            let number = first.saturating_add(1);
            version_lint::lint_duplicate(&mut self.lints, text, span, number);
        } else {
            version_lint::lint_item(&mut self.lints, text, &bounds, span);
            let ordinal = self.items.len();
            self.seen.insert(stretch, ordinal);
            let item = ItemRef { text: text.into(), ordinal, span };
            self.items.push(VersionItem { item, low, high });
        }
    }

    fn finish(mut self) -> Parsed<VersionRanges> {
        let stretches: Vec<Stretch> = self.items.iter().map(VersionItem::stretch).collect();
        self.lint_within(&stretches);
        self.lint_empty();
        let index = VersionIndex::new(&stretches);
        let value = VersionRanges { text: self.source.into(), items: self.items, index };
        Parsed { value, lints: self.lints.into_lints(self.source) }
    }

    fn lint_within(&mut self, stretches: &[Stretch]) {
        for (inner, outer) in within_another(stretches) {
            if let (Some(inner), Some(outer)) = (self.items.get(inner), self.items.get(outer)) {
                version_lint::lint_covered(&mut self.lints, &inner.item, &outer.item);
            }
        }
    }

    /// Empty items are worth a word only beside others: a list with nothing else is an empty list.
    fn lint_empty(&mut self) {
        if self.items.is_empty() {
            self.lints.withdraw(LintCode::EmptyItem);
            let span = Span { start: 0, end: self.text.len() };
            version_lint::lint_empty_list(&mut self.lints, span);
        }
    }
}
