//! A place in a list's text.

use std::ops::Range;

/// A stretch of a list's text, in bytes of its UTF-8: from `start` up to but not including `end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The same stretch in columns as people count them: characters, from 1, the end exclusive.
    ///
    /// Walks the text up to the end of the span.
    #[must_use]
    pub fn columns(self, text: &str) -> Range<usize> {
        column(text, self.start)..column(text, self.end)
    }

    /// The part of `raw` that is left without blanks around it, when `raw` starts at byte `start`.
    pub(crate) fn of_trimmed(start: usize, raw: &str) -> Self {
        let leading = raw.len().saturating_sub(raw.trim_start_matches(BLANKS).len());
        let start = start.saturating_add(leading);
        Self { start, end: start.saturating_add(raw.trim_matches(BLANKS).len()) }
    }

    /// The shortest span that covers both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// What may stand around an item without belonging to it (A1). No other white space does.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

fn column(text: &str, byte: usize) -> usize {
    let before = text.char_indices().take_while(|&(at, _)| at < byte);
    before.count().saturating_add(1)
}
