//! A line of text with carets under a part of it, as a compiler shows it. A part is counted in characters by the server and
//! in columns by the terminal: wide characters take two, accents none, and a tab is shown as one.

use crate::visible::{Cell, cells};

/// Columns of text that are shown at the most; of a longer line, a window around the part.
const WINDOW: usize = 96;

/// Columns of context before the part, in a window.
const LEAD: usize = 24;

/// The line, and the line of carets below it. `start` and `end` are bytes of `text`; a part of no length is one caret wide.
pub(crate) fn underline(text: &str, start: usize, end: usize) -> (String, String) {
    let line: Vec<Cell> = cells(text).collect();
    let begin = line.iter().position(|cell| start <= cell.start).unwrap_or(line.len());
    let window = window(&line, begin);
    let cut_before = line.first() != window.first();
    let cut_after = line.last() != window.last();

    let part = |cell: &&Cell| start <= cell.start && cell.start < end;
    let before: usize =
        window.iter().take_while(|cell| cell.start < start).map(|cell| cell.width).sum();
    let under: usize = window.iter().filter(part).map(|cell| cell.width).sum();

    let mut shown: String = window.iter().map(|cell| cell.shown.as_str()).collect();
    if cut_before {
        shown.insert(0, '\u{2026}');
    }
    if cut_after {
        shown.push('\u{2026}');
    }
    let indent = before.saturating_add(usize::from(cut_before));
    (shown, format!("{}{}", " ".repeat(indent), "^".repeat(under.max(1))))
}

/// The column of the character at a byte, from 1.
pub(crate) fn column(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).count().saturating_add(1)
}

/// The characters that are shown: all, or as many as fit, with some before `begin`.
fn window(line: &[Cell], begin: usize) -> &[Cell] {
    let total: usize = line.iter().map(|cell| cell.width).sum();
    if total <= WINDOW {
        return line;
    }
    let (before, rest) = line.split_at_checked(begin).unwrap_or((line, &[]));
    let rest_width: usize = rest.iter().map(|cell| cell.width).sum();
    // Near the end of the line there is room for more of what comes before.
    let lead = LEAD.max(WINDOW.saturating_sub(rest_width));
    let kept = fitting(before.iter().rev(), lead);
    let from = begin.saturating_sub(kept);
    let shown = line.get(from..).unwrap_or_default();
    let count = fitting(shown.iter(), WINDOW);
    shown.get(..count).unwrap_or(shown)
}

/// How many of these characters fit into so many columns.
fn fitting<'a>(cells: impl Iterator<Item = &'a Cell>, columns: usize) -> usize {
    let ends = cells.scan(0_usize, |width, cell| {
        *width = width.saturating_add(cell.width);
        Some(*width)
    });
    ends.take_while(|width| *width <= columns).count()
}

#[cfg(test)]
mod tests {
    use super::{WINDOW, column, underline};
    use crate::visible::width;

    #[test]
    fn the_carets_stand_under_their_part() {
        // The name of the row, the text, the part, and what is shown.
        let rows = [
            ("at the start", "mdl; b.exe", "mdl", "mdl; b.exe", "^^^"),
            ("in the middle", "a.exe;; b.exe", ";;", "a.exe;; b.exe", "     ^^"),
            ("at the end", "a.exe; mdl", "mdl", "a.exe; mdl", "       ^^^"),
            ("after a tab", "a.exe;\tmdl", "mdl", "a.exe;\u{2409}mdl", "       ^^^"),
            ("a tab itself", "a.exe;\tmdl", "\t", "a.exe;\u{2409}mdl", "      ^"),
            (
                "after wide characters",
                "\u{65e5}\u{672c}.exe; mdl",
                "mdl",
                "\u{65e5}\u{672c}.exe; mdl",
                "          ^^^",
            ),
            (
                "wide characters",
                "a; \u{65e5}\u{672c}",
                "\u{65e5}\u{672c}",
                "a; \u{65e5}\u{672c}",
                "   ^^^^",
            ),
            ("after an accent of its own", "e\u{301}.exe; b", "b", "e\u{301}.exe; b", "       ^"),
            ("after an invisible character", "a\u{200b}; b", "b", "a\\u{200b}; b", "           ^"),
        ];
        for (name, text, part, line, carets) in rows {
            let start = text.find(part).expect("the part is there");
            let shown = underline(text, start, start + part.len());
            assert_eq!((shown.0.as_str(), shown.1.as_str()), (line, carets), "{name}");
        }
    }

    #[test]
    fn a_part_of_no_length_is_one_caret_even_behind_the_end() {
        assert_eq!(underline("", 0, 0), (String::new(), "^".to_owned()));
        assert_eq!(underline("a;", 2, 2).1, "  ^");
        assert_eq!(underline("a;", 1, 1).1, " ^");
        assert_eq!(underline("a;", 900, 7).1, "  ^", "a part that is nowhere");
    }

    #[test]
    fn of_a_long_line_there_is_a_window_around_the_part() {
        let names: Vec<String> = (0..2_000).map(|number| format!("program{number}.exe")).collect();
        let text = names.join("; ");
        for wanted in ["program0.exe", "program1000.exe", "program1999.exe"] {
            let start = text.find(wanted).expect("it is listed");
            let (line, carets) = underline(&text, start, start + wanted.len());
            assert!(width(&line) <= WINDOW + 2, "{wanted}: {line}");
            let under: String = line
                .chars()
                .zip(carets.chars())
                .filter(|(_, caret)| *caret == '^')
                .map(|(shown, _)| shown)
                .collect();
            assert_eq!(under, wanted, "{line}\n{carets}");
            assert_eq!(line.starts_with('\u{2026}'), wanted != "program0.exe");
            assert_eq!(line.ends_with('\u{2026}'), wanted != "program1999.exe");
        }
    }

    #[test]
    fn a_part_longer_than_the_window_is_cut() {
        let text = "x".repeat(100_000);
        let (line, carets) = underline(&text, 0, text.len());
        assert_eq!((width(&line), carets.len()), (WINDOW + 1, WINDOW));
    }

    #[test]
    fn columns_count_characters() {
        let text = "\u{65e5}\u{672c}; \tb";
        assert_eq!(column(text, text.find('b').expect("b")), 6);
        assert_eq!((column(text, 0), column("", 0)), (1, 1));
    }
}
