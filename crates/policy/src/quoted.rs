//! Text from outside, as messages show it.

use std::fmt::{self, Write};

/// A text in backticks: at most [`SHOWN`] characters of it, those that would not show written out.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

/// How many characters of a text a message shows, so that no message grows with what it is about.
const SHOWN: usize = 80;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        for letter in self.0.chars().take(SHOWN) {
            if is_invisible(letter) {
                write!(f, "{}", letter.escape_unicode())?;
            } else {
                f.write_char(letter)?;
            }
        }
        f.write_str(if self.0.chars().nth(SHOWN).is_some() { "…`" } else { "`" })
    }
}

/// Whether a reader would overlook this character or take it for a plain blank.
///
/// These come along when a list is pasted from a web page or a document.
pub(crate) fn is_invisible(letter: char) -> bool {
    let odd_blank = letter.is_whitespace() && letter != ' ';
    odd_blank || letter.is_control() || is_formatting(letter)
}

/// Soft hyphen, zero-width characters, direction marks and the byte-order mark.
fn is_formatting(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
