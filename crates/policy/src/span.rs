//! A place in a list's text.

/// A stretch of a list's text, in bytes of its UTF-8: from `start` up to but not including `end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
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

/// The columns of several places in a text, as people count them: characters, from 1. Places in ascending order are found
/// in one walk over the text.
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    text: &'a str,
    byte: usize,
    column: usize,
}

impl<'a> Columns<'a> {
    /// The columns of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, byte: 0, column: 1 }
    }

    /// The column of the character at `byte`, or of the one that it is part of.
    pub fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            *self = Self::new(self.text);
        }
        let ahead = self.text.get(self.byte..).unwrap_or_default();
        let passed = ahead.chars().scan(self.byte, |at, letter| {
            let begins = *at;
            *at = at.saturating_add(letter.len_utf8());
            (begins < byte).then_some(*at)
        });
        let (characters, end) =
            passed.fold((0_usize, self.byte), |(count, _), end| (count.saturating_add(1), end));
        self.byte = end;
        self.column = self.column.saturating_add(characters);
        self.column
    }
}

/// What may stand around an item without belonging to it (A1). No other white space does.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];
