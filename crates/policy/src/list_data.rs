//! The data of a registry value around the text of its list: the NUL that ends the text, and how
//! much there is (policy specification A10, A26).

use crate::lint::{LintCode, LintSink};
use crate::span::Span;

/// The text of the list, and what stands behind it: nothing, or the NUL that ends it and all after.
pub(crate) fn split_at_nul(source: &str) -> (&str, &str) {
    source.find('\0').map_or((source, ""), |nul| source.split_at(nul))
}

/// What looks wrong with the data before a single item is read.
pub(crate) fn lint(lints: &mut LintSink, text: &str, rest: &str) {
    let unpadded = rest.trim_end_matches('\0');
    lint_length(lints, text, unpadded);
    if !unpadded.is_empty() {
        let end = text.len().saturating_add(rest.len());
        lints.add(
            LintCode::DataAfterNul,
            Span { start: text.len(), end },
            format_args!("the text ends at a NUL, and what follows it is ignored"),
            format_args!("write the value anew as REG_SZ, with `;` between items"),
        );
    }
}

fn lint_length(lints: &mut LintSink, text: &str, rest: &str) {
    let span = Span { start: 0, end: text.len().saturating_add(rest.len()) };
    let units = [text, rest].map(|part| part.encode_utf16().count()).iter().sum::<usize>();
    let bytes = units.saturating_mul(2);
    if bytes > 2_048 {
        lints.add(
            LintCode::LongData2048,
            span,
            format_args!(
                "the data is {bytes} bytes long, and a registry value should stay within 2048"
            ),
            format_args!("remove items that are no longer in use"),
        );
    }
    if units > 16_383 {
        lints.add(
            LintCode::LongData16383,
            span,
            format_args!("the data is {units} UTF-16 units long, and tools may cut it at 16383"),
            format_args!("shorten the list, and check its last items after each edit"),
        );
    }
}
