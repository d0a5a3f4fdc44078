//! A block list's text as JSON: its items, where they stand, and what there is to say about them.

use std::ops::Range;

use policy::{
    BlockList, ClientVersion, Columns, ItemRef, Lint, Matched, ProcessItem, ProcessList, Span,
    VersionItem, VersionRanges,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A stretch of a list's text.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct ByteSpan {
    /// The first byte of its UTF-8, from 0.
    start: usize,
    /// The byte after the last.
    end: usize,
}

/// A stretch of a list's text, with the place where people see it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct TextSpan {
    /// The first byte of its UTF-8, from 0.
    start: usize,
    /// The byte after the last.
    end: usize,
    /// The first character's column, from 1.
    column: usize,
    /// The column after the last character's; where the stretch is empty, the same.
    end_column: usize,
}

/// An item of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Item {
    /// The item as written.
    text: String,
    /// What is compared with what a client reports: of a program the name without path, in upper case; of versions the
    /// range from the first to the last.
    key: String,
    /// Its position among the items, from 1.
    ordinal: usize,
    /// Where it stands in the text.
    span: TextSpan,
}

/// What the author of a list probably did not intend.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Lint)]
pub(crate) struct LintText {
    /// Which kind of thing, in kebab case.
    #[schema(example = "wildcard")]
    code: &'static str,
    /// `info`, `warning` or `error`.
    severity: String,
    /// The part of the text that it is about.
    span: TextSpan,
    /// What is there.
    message: String,
    /// What to do next.
    hint: String,
}

/// Why the policy forbids a client: the item, and what of the client met it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Match {
    /// The list that has the item.
    list: ListName,
    /// The item as written.
    item: String,
    /// Its position among the items, from 1.
    ordinal: usize,
    /// Where it stands in the text.
    span: ByteSpan,
    /// What the client reported: the name, or its version.
    matched: String,
}

/// A block list.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BlockList)]
pub(crate) enum ListName {
    /// Programs, by the name of their executable.
    Processes,
    /// Versions of the MAPI provider.
    Versions,
}

impl From<BlockList> for ListName {
    fn from(list: BlockList) -> Self {
        match list {
            BlockList::Processes => Self::Processes,
            BlockList::Versions => Self::Versions,
        }
    }
}

impl From<Span> for ByteSpan {
    fn from(span: Span) -> Self {
        Self { start: span.start, end: span.end }
    }
}

impl TextSpan {
    pub(crate) fn new(span: Span, columns: &mut Columns<'_>) -> Self {
        let Span { start, end } = span;
        let (column, end_column) = (columns.at(start), columns.at(end));
        Self { start, end, column, end_column }
    }
}

impl From<&Lint> for LintText {
    fn from(lint: &Lint) -> Self {
        let Range { start: column, end: end_column } = lint.columns;
        let span = TextSpan { start: lint.span.start, end: lint.span.end, column, end_column };
        Self {
            code: lint.code.as_str(),
            severity: lint.severity.to_string(),
            span,
            message: lint.message.clone(),
            hint: lint.hint.clone(),
        }
    }
}

impl From<&policy::Cause> for Match {
    fn from(cause: &policy::Cause) -> Self {
        let ItemRef { text, ordinal, span } = &cause.item;
        Self {
            list: cause.list.into(),
            item: text.to_string(),
            ordinal: ordinal.saturating_add(1),
            span: (*span).into(),
            matched: reported(&cause.matched),
        }
    }
}

/// What a client reported, as it did.
fn reported(matched: &Matched) -> String {
    match matched {
        Matched::Name(name) => name.reported().to_owned(),
        Matched::Version(version) => version.to_string(),
    }
}

/// The items of a list of programs.
pub(crate) fn process_items(list: &ProcessList) -> Vec<Item> {
    let mut columns = Columns::new(list.text());
    list.items().iter().map(|item| item_of(item, &mut columns)).collect()
}

/// The items of a list of versions.
pub(crate) fn version_items(list: &VersionRanges) -> Vec<Item> {
    let mut columns = Columns::new(list.text());
    let item = |item: &VersionItem| Item {
        text: item.text().to_owned(),
        key: range_text(item),
        ordinal: item.ordinal().saturating_add(1),
        span: TextSpan::new(item.span(), &mut columns),
    };
    list.items().iter().map(item).collect()
}

fn range_text(item: &VersionItem) -> String {
    let (low, high) = item.bounds();
    let text = |bound: Option<ClientVersion>| bound.map_or_else(String::new, |v| v.to_string());
    format!("{}-{}", text(low), text(high))
}

/// What there is to say about a list.
pub(crate) fn lints<'a>(lints: impl IntoIterator<Item = &'a Lint>) -> Vec<LintText> {
    lints.into_iter().map(LintText::from).collect()
}

fn item_of(item: &ProcessItem, columns: &mut Columns<'_>) -> Item {
    Item {
        text: item.text().to_owned(),
        key: item.key().to_owned(),
        ordinal: item.ordinal().saturating_add(1),
        span: TextSpan::new(item.span(), columns),
    }
}
