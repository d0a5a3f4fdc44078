//! What there is to say about a block list, as a compiler says it: severity, message, the place in the text, a hint.

use serde::Deserialize;

use crate::caret::{column, underline};
use crate::visible::visible;

/// What the author of a list probably did not intend.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Lint {
    #[serde(default)]
    code: String,
    severity: String,
    message: String,
    hint: Option<String>,
    span: Option<Span>,
}

/// A stretch of a list's text, in bytes of its UTF-8.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Span {
    start: usize,
    end: usize,
}

impl Lint {
    /// Whether the text can't mean what was meant.
    pub(crate) fn is_error(&self) -> bool {
        self.severity == "error"
    }

    /// Lines that show it, with the place in `text`, which is the list called `name`.
    fn lines(&self, name: &str, text: &str) -> Vec<String> {
        let code = if self.code.is_empty() { String::new() } else { format!("[{}]", self.code) };
        let mut lines = vec![format!("{}{code}: {}", self.severity, visible(&self.message))];
        match self.span {
            // Without text there is nothing that carets could stand under.
            Some(_) if text.is_empty() => lines.push(format!(" --> {name}")),
            Some(Span { start, end }) => {
                let place = format!("{name}, column {}", column(text, start));
                lines.extend(pointed(&place, text, start, end));
            }
            None => {}
        }
        if let Some(hint) = &self.hint {
            lines.push(format!("  = hint: {}", visible(hint)));
        }
        lines
    }
}

/// All of them, an empty line before each.
pub(crate) fn lint_lines(lints: &[Lint], name: &str, text: &str) -> Vec<String> {
    let said = lints.iter().map(|lint| lint.lines(name, text));
    said.flat_map(|lines| core::iter::once(String::new()).chain(lines)).collect()
}

/// A line of text, where it is from, and carets under a part of it.
pub(crate) fn pointed(place: &str, text: &str, start: usize, end: usize) -> Vec<String> {
    let (line, carets) = underline(text, start, end);
    vec![
        format!(" --> {}", visible(place)),
        "  |".to_owned(),
        format!("  | {line}"),
        format!("  | {carets}"),
    ]
}
