//! Characters as a terminal shows them: how wide each is, and those that would move the cursor or turn the writing around
//! made visible. What a client says of itself is hostile, and it is printed.

use unicode_width::UnicodeWidthChar;

/// A character as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cell {
    /// What is printed.
    pub(crate) shown: String,
    /// Its columns; 0 for an accent, which joins the character before it.
    pub(crate) width: usize,
    /// The byte of the text where it begins.
    pub(crate) start: usize,
}

/// The characters of a text, in order.
pub(crate) fn cells(text: &str) -> impl Iterator<Item = Cell> {
    text.char_indices().map(|(start, letter)| {
        let shown = shown(letter);
        let width = shown.chars().map(|letter| letter.width().unwrap_or(0)).sum();
        Cell { shown, width, start }
    })
}

/// A text that can be printed: one line, which does nothing but show.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// The same for a message, which may have lines.
pub(crate) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// The columns that a text takes when it is printed.
pub(crate) fn width(text: &str) -> usize {
    cells(text).map(|cell| cell.width).sum()
}

fn shown(letter: char) -> String {
    match letter {
        // Unicode has a picture of each of these: ␀, ␉, ␊, ␛ and their like, a column wide.
        '\0'..='\x1f' => picture(u32::from(letter)),
        '\x7f' => picture(0x21),
        // Zero-width, bidirectional and invisible characters, and the line breaks of Unicode.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => letter.escape_unicode().to_string(),
        _ => letter.to_string(),
    }
}

fn picture(control: u32) -> String {
    char::from_u32(control.saturating_add(0x2400)).map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{visible, width};

    #[test]
    fn nothing_that_is_shown_moves_the_cursor() {
        let rows = [
            ("plain", "mdl.exe", "mdl.exe", 7),
            ("a tab", "a\tb", "a\u{2409}b", 3),
            ("an escape sequence", "\x1b[2J", "\u{241b}[2J", 4),
            ("a line break", "a\r\nb", "a\u{240d}\u{240a}b", 4),
            ("writing turned around", "\u{202e}exe", "\\u{202e}exe", 11),
            ("wide characters", "\u{65e5}\u{672c}.exe", "\u{65e5}\u{672c}.exe", 8),
            ("an accent of its own", "e\u{301}.exe", "e\u{301}.exe", 5),
        ];
        for (name, text, shown, columns) in rows {
            assert_eq!((visible(text).as_str(), width(text)), (shown, columns), "{name}");
        }
    }
}
