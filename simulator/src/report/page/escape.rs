//! What clients chose to be called, made text and nothing else: no markup, nothing that moves or turns around what is beside it.

use clock::SimTime;

/// A text that is itself wherever it stands in HTML, in attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if is_hidden(letter) => safe.extend(letter.escape_unicode()),
            letter => safe.push(letter),
        }
    }
    safe
}

/// The beginning of a text, escaped, where there is little room.
pub(super) fn short(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        None => escaped(text),
        Some((end, _)) => format!("{}\u{2026}", escaped(text.get(..end).unwrap_or(text))),
    }
}

/// A name that somebody chose, apart from the text around it.
pub(super) fn name(text: &str) -> String {
    format!("<bdi><code>{}</code></bdi>", escaped(text))
}

/// A sentence with names between backticks, each apart from the text around it, and times that are not broken.
pub(super) fn sentence(text: &str) -> String {
    let part = |(place, part): (usize, &str)| match place % 2 {
        0 => part.split(' ').map(word).collect::<Vec<_>>().join(" "),
        _ => name(part),
    };
    text.split('`').enumerate().map(part).collect()
}

fn word(word: &str) -> String {
    let bare = word.trim_end_matches([',', '.', ':', ';']);
    match bare.parse::<SimTime>() {
        Ok(at) => {
            let rest = word.strip_prefix(bare).unwrap_or_default();
            format!("<time datetime=\"{at}\">{at}</time>{rest}")
        }
        Err(_) => escaped(word),
    }
}

/// Control characters, and what is invisible or turns the writing around.
fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// A number with a comma between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut told = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && digits.len().saturating_sub(place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{escaped, grouped, sentence, short};

    #[test]
    fn a_name_is_text_whatever_it_is_made_of() {
        let rows = [
            ("plain", "mdl.exe", "mdl.exe"),
            ("markup", "<script>'\"&", "&lt;script&gt;&#39;&quot;&amp;"),
            ("turned around", "\u{202e}exe.ldm", "\\u{202e}exe.ldm"),
            ("control characters", "a\x1b\0b", "a\\u{1b}\\u{0}b"),
        ];
        for (name, raw, safe) in rows {
            assert_eq!(escaped(raw), safe, "{name}");
        }
        assert_eq!(short("<<<<", 2), "&lt;&lt;\u{2026}");
        assert_eq!(sentence("a `<b>` c"), "a <bdi><code>&lt;b&gt;</code></bdi> c");
    }

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
