//! The list of programs: `program1.exe; program2.exe` (policy specification S11, A1-A6, A10, A23).

use std::fmt;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::block_list::ItemRef;
use crate::lint::{LintCode, LintSink, Parsed};
use crate::list_data;
use crate::process_lint;
use crate::process_name::{ProcessName, base_name, match_key};
use crate::span::{BLANKS, Span};

/// The programs that may not connect, in the order written, each once.
///
/// Two lists are equal when they hold the same keys, however they were written: order, case,
/// blanks, quotes and paths make no difference. The default is the empty list, which blocks nobody.
#[derive(Clone, Default)]
pub struct ProcessList {
    text: Box<str>,
    items: Vec<ProcessItem>,
    /// Positions in `items` by the hash of their keys.
    index: HashTable<usize>,
    hasher: FixedState,
}

impl ProcessList {
    /// Reads the text of the registry value. Every text is a list, if need be an empty one.
    ///
    /// Takes time and memory in proportion to the text.
    #[must_use]
    pub fn parse(text: &str) -> Parsed<Self> {
        let mut parser = Parser::new(text);
        parser.lint_whole();
        parser.items();
        parser.finish()
    }

    /// The items in the order written.
    #[must_use]
    pub fn items(&self) -> &[ProcessItem] {
        &self.items
    }

    /// Whether the list blocks nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item that names this program.
    #[must_use]
    pub fn find(&self, name: &ProcessName) -> Option<&ProcessItem> {
        self.find_key(name.key())
    }

    /// The text that was parsed, whole: spans are places in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// An empty list that was written as `text`.
    ///
    /// The hash needs no secret: clients only look names up, which cannot make a bucket longer.
    /// Whoever writes the list can hardly fill one bucket either, since the text itself is the
    /// seed. A random seed would be an input from outside, and runs could differ.
    fn written_as(text: &str) -> Self {
        let seed = FixedState::default().hash_one(text);
        Self { text: text.into(), hasher: FixedState::with_seed(seed), ..Self::default() }
    }

    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.find_key(key).is_some()
    }

    fn find_key(&self, key: &str) -> Option<&ProcessItem> {
        if self.items.is_empty() {
            return None;
        }
        let here =
            |&position: &usize| self.items.get(position).is_some_and(|item| *item.key == *key);
        let position = self.index.find(self.hasher.hash_one(key), here)?;
        self.items.get(*position)
    }

    /// Appends an item whose key is not in the list yet.
    fn append(&mut self, item: ProcessItem) {
        let Self { items, index, hasher, .. } = self;
        let hash = hasher.hash_one(&*item.key);
        items.push(item);
        let position = items.len().saturating_sub(1);
        index.insert_unique(hash, position, |&position| {
            items.get(position).map_or(0, |item| hasher.hash_one(&*item.key))
        });
    }
}

/// A23: a list that was only rewritten has not changed.
impl PartialEq for ProcessList {
    fn eq(&self, other: &Self) -> bool {
        self.items.len() == other.items.len()
            && self.items.iter().all(|item| other.has_key(&item.key))
    }
}

impl Eq for ProcessList {}

impl fmt::Debug for ProcessList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProcessList").field(&self.text).finish()
    }
}

/// One program of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessItem {
    item: ItemRef,
    key: Box<str>,
}

impl ProcessItem {
    /// The item as written, without the blanks around it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.item.text
    }

    /// What is compared with the key of a client's program.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
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

    pub(crate) fn item(&self) -> &ItemRef {
        &self.item
    }
}

/// What separates items, and the only thing that does (A1).
const SEPARATOR: char = ';';

struct Parser<'a> {
    /// The text up to its first NUL, which ends it (A10).
    text: &'a str,
    /// From that NUL on, or empty.
    rest: &'a str,
    list: ProcessList,
    lints: LintSink,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str) -> Self {
        let (text, rest) = list_data::split_at_nul(source);
        let list = ProcessList::written_as(source);
        Self { text, rest, list, lints: LintSink::default() }
    }

    fn lint_whole(&mut self) {
        list_data::lint(&mut self.lints, self.text, self.rest);
    }

    fn items(&mut self) {
        let mut start = 0_usize;
        for raw in self.text.split(SEPARATOR) {
            self.item(raw.trim_matches(BLANKS), Span::of_trimmed(start, raw));
            start = start.saturating_add(raw.len()).saturating_add(SEPARATOR.len_utf8());
        }
    }

    fn item(&mut self, text: &str, span: Span) {
        let base = base_name(text);
        if text.is_empty() {
            process_lint::lint_empty_item(&mut self.lints, span);
        } else if base.is_empty() {
            process_lint::lint_no_name(&mut self.lints, text, span);
        } else {
            self.named(text, match_key(base), span);
        }
    }

    fn named(&mut self, text: &str, key: String, span: Span) {
        if let Some(first) = self.list.find_key(&key) {
            process_lint::lint_duplicate(&mut self.lints, text, span, first.item.number());
            return;
        }
        process_lint::lint_item(&mut self.lints, text, &key, span);
        let item = ItemRef { text: text.into(), ordinal: self.list.items.len(), span };
        self.list.append(ProcessItem { item, key: key.into() });
    }

    /// Empty items are worth a word only beside others: a list with nothing else is an empty list.
    fn finish(mut self) -> Parsed<ProcessList> {
        if self.list.is_empty() {
            let span = Span { start: 0, end: self.text.len() };
            self.lints.withdraw(LintCode::EmptyItem);
            process_lint::lint_empty_list(&mut self.lints, span);
        }
        let lints = self.lints.into_lints(&self.list.text);
        Parsed { value: self.list, lints }
    }
}
