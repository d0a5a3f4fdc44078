//! What looks wrong with a list of programs (policy specification A1 to A6, A21, A22).

use crate::block_list::VERSION_LIST_VALUE;
use crate::lint::{LintCode, LintSink};
use crate::process_name::{PATH_SEPARATORS, base_name, unquoted};
use crate::quoted::{Quoted, is_invisible};
use crate::registry_version;
use crate::span::{BLANKS, Span};

/// One item that was kept: how it is spelt, then whom it means.
pub(crate) fn lint_item(lints: &mut LintSink, text: &str, key: &str, span: Span) {
    lint_quotes(lints, text, span);
    lint_path(lints, text, span);
    lint_shape(lints, text, span);
    lint_invisible(lints, text, span);
    lint_meaning(lints, text, key, span);
}

fn lint_quotes(lints: &mut LintSink, text: &str, span: Span) {
    let bare = unquoted(text);
    if bare.contains('"') {
        lints.add(
            LintCode::Quotes,
            span,
            format_args!("{} has a quote that stays part of the name", Quoted(text)),
            format_args!("write names without quotes; a `;` separates even within them"),
        );
    } else if bare.len() < text.len() {
        lints.add(
            LintCode::Quotes,
            span,
            format_args!("{} is in quotes, which are dropped", Quoted(text)),
            format_args!("write {} without them", Quoted(base_name(text))),
        );
    }
}

fn lint_path(lints: &mut LintSink, text: &str, span: Span) {
    if unquoted(text).contains(PATH_SEPARATORS) {
        lints.add(
            LintCode::Path,
            span,
            format_args!(
                "{} is a path, of which only {} counts",
                Quoted(text),
                Quoted(base_name(text))
            ),
            format_args!("write the program's file name alone, without directory and switches"),
        );
    }
}

/// The four ways of writing a name that no program bears, of which the first found explains most.
fn lint_shape(lints: &mut LintSink, text: &str, span: Span) {
    let base = base_name(text);
    if is_versions(text) {
        lints.add(
            LintCode::VersionInProcesses,
            span,
            format_args!("{} is a version, and matches no program", Quoted(text)),
            format_args!("move it to the value `{VERSION_LIST_VALUE}`"),
        );
    } else if base.contains(['*', '?']) {
        lints.add(
            LintCode::Wildcard,
            span,
            format_args!(
                "{} has a wildcard, which is taken literally and matches no program",
                Quoted(base)
            ),
            format_args!("list every program by its full name"),
        );
    } else if text.contains(',') {
        lints.add(
            LintCode::Comma,
            span,
            format_args!("{} is one name, because a comma separates nothing", Quoted(text)),
            format_args!("did you mean `;`? write `;` between names"),
        );
    } else if !has_extension(base) {
        lints.add(
            LintCode::NoExtension,
            span,
            format_args!("{} has no extension, and names are compared in full", Quoted(base)),
            format_args!(
                "did you mean {}?",
                Quoted(&format!("{}.exe", base.trim_end_matches('.')))
            ),
        );
    }
}

/// Whether every part of a text, between commas, is an item of the version list.
fn is_versions(text: &str) -> bool {
    text.split(',').all(|part| registry_version::read_item(part.trim_matches(BLANKS)).is_ok())
}

fn has_extension(base: &str) -> bool {
    base.rsplit_once('.').is_some_and(|(_, extension)| !extension.is_empty())
}

fn lint_invisible(lints: &mut LintSink, text: &str, span: Span) {
    if base_name(text).contains(is_invisible) {
        lints.add(
            LintCode::InvisibleCharacter,
            span,
            format_args!(
                "{} has a character that does not show and is part of the name",
                Quoted(text)
            ),
            format_args!("type the name anew instead of pasting it"),
        );
    }
}

fn lint_meaning(lints: &mut LintSink, text: &str, key: &str, span: Span) {
    if key == "OUTLOOK.EXE" {
        lints.add(
            LintCode::BlocksOutlook,
            span,
            format_args!("{} blocks every Outlook that names itself", Quoted(text)),
            format_args!("keep it only if nobody is to use Outlook with this server"),
        );
    }
    if let Some((_, role)) = EXCHANGE_COMPONENTS.iter().find(|(name, _)| *name == key) {
        lints.add(
            LintCode::ExchangeComponent,
            span,
            format_args!("{} is part of Exchange: {role}", Quoted(text)),
            format_args!("remove it, or the server refuses its own logons"),
        );
    }
}

/// An item that has no name in its quotes or behind its path; it is not kept.
pub(crate) fn lint_no_name(lints: &mut LintSink, text: &str, span: Span) {
    lints.add(
        LintCode::NoName,
        span,
        format_args!("{} names no program and is left out", Quoted(text)),
        format_args!("write the program's file name, or remove the item"),
    );
}

/// An item whose program an earlier one names already; it is not kept.
pub(crate) fn lint_duplicate(lints: &mut LintSink, text: &str, span: Span, number: usize) {
    lints.add(
        LintCode::Duplicate,
        span,
        format_args!("{} names the program of item {number} again", Quoted(text)),
        format_args!("remove it"),
    );
}

/// A place between separators with nothing in it.
pub(crate) fn lint_empty_item(lints: &mut LintSink, span: Span) {
    lints.add(
        LintCode::EmptyItem,
        span,
        format_args!("an item is empty"),
        format_args!("remove the `;` that nothing belongs to"),
    );
}

/// A value that is there and blocks nobody.
pub(crate) fn lint_empty_list(lints: &mut LintSink, span: Span) {
    lints.add(
        LintCode::EmptyList,
        span,
        format_args!("the list names no program, so nobody is blocked"),
        format_args!("name a program, or delete the value"),
    );
}

/// The programs of an Exchange 2003 server that log on to the store or keep those that do running.
const EXCHANGE_COMPONENTS: [(&str, &str); 10] = [
    ("STORE.EXE", "the Information Store itself"),
    ("MAD.EXE", "the System Attendant"),
    ("EMSMTA.EXE", "the MTA Stacks"),
    ("EXMGMT.EXE", "Exchange Management"),
    ("EVENTS.EXE", "the Event service"),
    ("SRSMAIN.EXE", "the Site Replication Service"),
    ("INETINFO.EXE", "the host of its SMTP, POP3 and IMAP4 services"),
    ("CALCON.EXE", "the Calendar Connector"),
    ("LSCNTRL.EXE", "the Connectivity Controller"),
    ("DISPATCH.EXE", "the launcher of the Notes and GroupWise connectors"),
];
