//! A place in the text of a `.reg` file, and the characters from there on.

use super::error::{RegFileError, RegFileProblem};

/// Characters of a line that an error shows before and after its column.
const EXCERPT_BEFORE: usize = 40;
const EXCERPT_AFTER: usize = 40;

/// A place in the text. Copying one marks the place.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    line_text: &'a str,
    line: usize,
    column: usize,
}

/// What is wrong, and where.
pub(super) struct Fault<'a> {
    pub(super) at: Cursor<'a>,
    pub(super) problem: RegFileProblem,
}

pub(super) type Parsed<'a, T> = Result<T, Fault<'a>>;

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line_text: text, line: 1, column: 1 }
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// What is left of the line, without its end.
    pub(super) fn line_rest(&self) -> &'a str {
        self.rest.split(is_line_end).next().unwrap_or_default()
    }

    /// Takes one character. CR LF are two, and one line end.
    pub(super) fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let char = chars.next()?;
        self.rest = chars.as_str();
        let ends = char == '\n' || (char == '\r' && !self.rest.starts_with('\n'));
        if ends {
            self.line = self.line.saturating_add(1);
            self.column = 1;
            self.line_text = self.rest;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(char)
    }

    /// Takes `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest.starts_with(expected);
        if found {
            self.skip(expected);
        }
        found
    }

    /// Takes the characters of `text`, which come next.
    pub(super) fn skip(&mut self, text: &str) {
        for _ in text.chars() {
            self.bump();
        }
    }

    /// Takes characters while they are `wanted`.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest;
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
        let length = rest.len().saturating_sub(self.rest.len());
        rest.get(..length).unwrap_or_default()
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// Takes what is left of the line and its end.
    pub(super) fn skip_line(&mut self) {
        self.take_while(|char| !is_line_end(char));
        self.eat_line_end();
    }

    /// Takes a line end if one comes next.
    pub(super) fn eat_line_end(&mut self) -> bool {
        self.eat("\r\n") || self.eat("\n") || self.eat("\r")
    }

    /// Takes the blanks, the comment and the end of a line whose content has been taken; `more` says what anything
    /// else is. Where the file ends instead, and more may have followed, something was `cut`.
    pub(super) fn end_line(
        &mut self,
        cut: Option<&'static str>,
        more: RegFileProblem,
    ) -> Parsed<'a, ()> {
        self.skip_blanks();
        match (self.peek(), cut) {
            (None, Some(what)) => self.fault(RegFileProblem::Cut { what }),
            (Some(';'), _) => self.comment(),
            (None | Some('\r' | '\n'), _) => {
                self.skip_line();
                Ok(())
            }
            (Some(_), _) => self.fault(more),
        }
    }

    /// Takes a comment and the end of its line. Where the file ends instead, lines after it may be missing.
    pub(super) fn comment(&mut self) -> Parsed<'a, ()> {
        self.take_while(|char| !is_line_end(char));
        if self.eat_line_end() {
            Ok(())
        } else {
            self.fault(RegFileProblem::Cut { what: "a comment's line" })
        }
    }

    pub(super) fn fault<T>(self, problem: RegFileProblem) -> Parsed<'a, T> {
        Err(Fault { at: self, problem })
    }

    pub(super) fn error(&self, problem: RegFileProblem) -> RegFileError {
        let skipped = self.column.saturating_sub(1).saturating_sub(EXCERPT_BEFORE);
        let excerpt_column = self.column.saturating_sub(skipped);
        let shown = excerpt_column.saturating_add(EXCERPT_AFTER);
        let line = self.line_text.split(is_line_end).next().unwrap_or_default();
        let excerpt = line.chars().skip(skipped).take(shown).collect();
        RegFileError { line: self.line, column: self.column, problem, excerpt, excerpt_column }
    }
}

pub(super) fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t')
}

pub(super) fn is_line_end(char: char) -> bool {
    matches!(char, '\r' | '\n')
}
