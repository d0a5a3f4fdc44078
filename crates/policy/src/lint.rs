//! What looks wrong with a list, without making it any less of a list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use crate::block_list::BlockList;
use crate::span::{Columns, Span};

/// A value read from a text that cannot be refused, and what looks wrong with that text.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// What the text says.
    pub value: T,
    /// In the order of their places in the text.
    pub lints: Vec<Lint>,
}

/// One thing that the author of a list probably did not intend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lint {
    /// Which kind of thing.
    pub code: LintCode,
    /// How much it matters: always [`LintCode::severity`] of the code.
    pub severity: Severity,
    /// The part of the text that it is about.
    pub span: Span,
    /// The same in columns as people count them: characters, from 1, without the last.
    pub columns: Range<usize>,
    /// One clause that says what is there.
    pub message: String,
    /// One clause that says what to do next.
    pub hint: String,
}

/// How much a lint matters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Untidy, but the list means what it says.
    Info,
    /// The list probably means something else than its author does.
    Warning,
    /// The item does nothing, or does harm.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Declares the codes in one table, so that no code can lack a slug, a severity or its place in
/// `ALL`.
macro_rules! lint_codes {
    ($($(#[$doc:meta])+ $code:ident, $slug:literal, $severity:ident;)+) => {
        /// The kinds of lints. Their slugs are stable.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum LintCode {
            $($(#[$doc])+ $code,)+
        }

        impl LintCode {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The stable name of the code, in kebab case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $slug,)+
                }
            }

            /// How much a lint of this code matters.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$code => Severity::$severity,)+
                }
            }
        }
    };
}

lint_codes! {
    /// Nothing stands between two separators, or before the first, or after the last (A1).
    EmptyItem, "empty-item", Info;
    /// The value is there and has no item: the list is off (A6).
    EmptyList, "empty-list", Warning;
    /// An item has a comma, which separates nothing (A1).
    Comma, "comma", Warning;
    /// An item has a path, of which only the last part counts (A3).
    Path, "path", Warning;
    /// An item has quotes: a pair around it is dropped, any other belongs to the name (A3).
    Quotes, "quotes", Warning;
    /// An item has no extension, and a program's name has (A4).
    NoExtension, "no-extension", Warning;
    /// An item has `*` or `?`, which stand for themselves and so for no program (A5).
    Wildcard, "wildcard", Error;
    /// An item means what an earlier one does.
    Duplicate, "duplicate", Info;
    /// Data follows the NUL that ends the text (A10).
    DataAfterNul, "data-after-nul", Warning;
    /// An item names a program of Exchange itself (A21).
    ExchangeComponent, "exchange-component", Error;
    /// An item names Outlook (A22).
    BlocksOutlook, "blocks-outlook", Warning;
    /// The data is longer than 2,048 bytes, beyond which registry values should be files (A26).
    LongData2048, "long-data-2048", Info;
    /// The data is longer than 16,383 UTF-16 code units (A26).
    LongData16383, "long-data-16383", Warning;
    /// An item has a path or quotes and no name in them; it is left out.
    NoName, "no-name", Warning;
    /// An item has a character that does not show, and is part of the name all the same (A1, A2).
    InvisibleCharacter, "invisible-character", Warning;
    /// An item of the list of programs is a version.
    VersionInProcesses, "version-in-processes", Error;
    /// An item of the list of versions is a program; it is left out.
    ProcessInVersions, "process-in-versions", Error;
    /// An item of the list of versions is no version and no range; it is left out (2.1).
    BadVersion, "bad-version", Error;
    /// A range ends before it begins; it is left out (2.1).
    ReversedRange, "reversed-range", Error;
    /// A version has a build above 32767, which counts as 32767 (2.2).
    ClampedPart, "clamped-part", Warning;
    /// A version has four parts, of which one 0 is dropped (2.2).
    FourParts, "four-parts", Warning;
    /// A version has three parts with the 0 that clients report still among them (2.2).
    KeptZero, "kept-zero", Warning;
    /// An upper bound such as `5.9.9` is below every build of its product.
    LowUpperBound, "low-upper-bound", Warning;
    /// An item matches a version of Exchange's own components, 6.x (2.4).
    ExchangeVersion, "exchange-version", Error;
    /// An item matches every client, from Outlook 97 on.
    MatchesAll, "matches-all", Warning;
    /// An item matches nothing that another one does not.
    Covered, "covered", Info;
    /// The bound of an open range may be a client's version, and belongs to the range (2.1).
    InclusiveBound, "inclusive-bound", Info;
    /// The build of the store does not read the value at all (S1).
    IgnoredByBuild, "ignored-by-build", Warning;
}

impl Lint {
    /// What to say of a list that the store's build does not read, whatever the list says.
    #[must_use]
    pub fn ignored_by_build(list: BlockList, text: &str, build: &str) -> Self {
        let message = format_args!("{build} does not read `{}`", list.value_name());
        let hint = format_args!("Exchange Server 2003 SP2 reads it with the hotfix of KB 920185");
        let whole = Span { start: 0, end: text.len() };
        let columns = 1..text.chars().count().saturating_add(1);
        Self { columns, ..lint(LintCode::IgnoredByBuild, whole, message, hint) }
    }
}

impl fmt::Display for LintCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Gathers lints, and no more of one code than a person would read: a text of a million semicolons
/// must not become a million messages, nor hide the one error among them.
#[derive(Default)]
pub(crate) struct LintSink {
    lints: Vec<Lint>,
    tallies: BTreeMap<LintCode, Tally>,
}

#[derive(Default)]
struct Tally {
    said: usize,
    unsaid: usize,
    unsaid_span: Option<Span>,
}

impl LintSink {
    /// How many lints of one code are said one by one.
    const EACH: usize = 50;

    pub(crate) fn add(
        &mut self,
        code: LintCode,
        span: Span,
        message: fmt::Arguments<'_>,
        hint: fmt::Arguments<'_>,
    ) {
        let tally = self.tallies.entry(code).or_default();
        if tally.said < Self::EACH {
            tally.said = tally.said.saturating_add(1);
            self.lints.push(lint(code, span, message, hint));
        } else {
            tally.unsaid = tally.unsaid.saturating_add(1);
            tally.unsaid_span = Some(tally.unsaid_span.map_or(span, |seen| seen.union(span)));
        }
    }

    /// Takes back every lint of this code.
    pub(crate) fn withdraw(&mut self, code: LintCode) {
        self.lints.retain(|lint| lint.code != code);
        self.tallies.remove(&code);
    }

    /// The lints of the text by place, each code with one more that counts those not said.
    pub(crate) fn into_lints(mut self, text: &str) -> Vec<Lint> {
        for (code, Tally { unsaid, unsaid_span, .. }) in self.tallies {
            if let Some(span) = unsaid_span {
                let message = format_args!("{unsaid} more of `{code}` follow");
                self.lints.push(lint(code, span, message, format_args!("mend those before first")));
            }
        }
        self.lints.sort_by_key(|lint| lint.span.start);
        set_columns(&mut self.lints, text);
        self.lints
    }
}

/// In one walk over the text: from each edge of a span to the next.
fn set_columns(lints: &mut [Lint], text: &str) {
    let edges: BTreeSet<usize> =
        lints.iter().flat_map(|lint| [lint.span.start, lint.span.end]).collect();
    let mut walk = Columns::new(text);
    let columns: BTreeMap<_, _> = edges.into_iter().map(|byte| (byte, walk.at(byte))).collect();
    let column = |byte| columns.get(&byte).copied().unwrap_or(1);
    for lint in lints {
        lint.columns = column(lint.span.start)..column(lint.span.end);
    }
}

fn lint(code: LintCode, span: Span, message: fmt::Arguments<'_>, hint: fmt::Arguments<'_>) -> Lint {
    let (message, hint) = (message.to_string(), hint.to_string());
    // The columns come when all lints of the text are there.
    Lint { code, severity: code.severity(), span, columns: 1..1, message, hint }
}
