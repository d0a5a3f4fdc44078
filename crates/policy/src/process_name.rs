//! A program's name and the key it is matched by (policy specification A2, A3).
//!
//! Both sides of a match are reduced by the functions of this file, what a client reported and what
//! the list says, so they cannot drift apart.

use std::sync::Arc;

/// The name of a client's program, as the client reported it.
///
/// Names are equal when they were reported alike; they *match* when their keys are equal. Names
/// sort by key, then by spelling. Cloning one copies no text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ProcessName {
    key: Arc<str>,
    reported: Arc<str>,
}

impl ProcessName {
    /// Takes a name as it came; `None` when no base name is left, as of `C:\dir\`.
    #[must_use]
    pub fn parse(reported: &str) -> Option<Self> {
        let base = base_name(reported);
        (!base.is_empty()).then(|| Self { key: match_key(base).into(), reported: reported.into() })
    }

    /// What the client reported, to the character.
    #[must_use]
    pub fn reported(&self) -> &str {
        &self.reported
    }

    /// The reported name without path and quotes, in its own spelling.
    #[must_use]
    pub fn base_name(&self) -> &str {
        base_name(&self.reported)
    }

    /// The base name in upper case: what is compared.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn shared_key(&self) -> Arc<str> {
        Arc::clone(&self.key)
    }
}

/// What ends a directory in a path: the last one is where the base name starts.
pub(crate) const PATH_SEPARATORS: [char; 2] = ['\\', '/'];

/// The spelling without the one pair of quotes that may enclose it.
///
/// The quotes go before the path does, so that `"C:\Program Files\X\a.exe"` ends in `a.exe`.
pub(crate) fn unquoted(spelling: &str) -> &str {
    let inner = spelling.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(spelling)
}

/// What follows the last path separator, quotes aside.
pub(crate) fn base_name(spelling: &str) -> &str {
    let bare = unquoted(spelling);
    bare.rsplit(PATH_SEPARATORS).next().unwrap_or(bare)
}

/// The base name in upper case, character by character. Names are ASCII nearly always, and then bytes are enough.
pub(crate) fn match_key(base: &str) -> String {
    if base.is_ascii() {
        return base.to_ascii_uppercase();
    }
    base.chars().map(simple_uppercase).collect()
}

/// Whether the key of this spelling is `key`, without building it.
pub(crate) fn has_key(spelling: &str, key: &str) -> bool {
    base_name(spelling).chars().map(simple_uppercase).eq(key.chars())
}

/// Unicode's simple upper-case mapping: one character to one character, in no locale.
///
/// The standard library offers the full mapping. The two agree wherever the full one gives a single
/// character; elsewhere the simple one is the character itself, or a letter with iota subscript.
fn simple_uppercase(letter: char) -> char {
    let mut full = letter.to_uppercase();
    match (full.next(), full.next()) {
        (Some(only), None) => only,
        _ => with_capital_iota(letter),
    }
}

/// The Greek small letters with iota subscript have a capital of their own (`ᾳ` to `ᾼ`), which the
/// full mapping takes apart.
fn with_capital_iota(letter: char) -> char {
    match letter {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(letter) | 8).unwrap_or(letter)
        }
        '\u{1fb3}' => '\u{1fbc}',
        '\u{1fc3}' => '\u{1fcc}',
        '\u{1ff3}' => '\u{1ffc}',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::simple_uppercase;

    #[test]
    fn upper_case_is_a_fixed_point_for_every_character() {
        for letter in '\0'..=char::MAX {
            let upper = simple_uppercase(letter);
            assert_eq!(simple_uppercase(upper), upper, "{letter:?}");
        }
    }

    #[test]
    fn ascii_has_the_same_capitals_by_bytes_and_by_characters() {
        for letter in '\0'..='\x7f' {
            assert_eq!(super::match_key(&letter.to_string()), simple_uppercase(letter).to_string());
        }
    }

    #[test]
    fn characters_without_a_simple_capital_stay_as_they_are() {
        for letter in ['ß', 'ŉ', 'ǰ', 'ΐ', 'և', 'ẚ', 'ὐ', 'ᾈ', 'ᾲ', 'ﬁ', 'İ'] {
            assert_eq!(simple_uppercase(letter), letter);
        }
    }

    #[test]
    fn letters_with_iota_subscript_take_their_own_capital() {
        for (small, capital) in
            [('ᾀ', 'ᾈ'), ('ᾗ', 'ᾟ'), ('ᾧ', 'ᾯ'), ('ᾳ', 'ᾼ'), ('ῃ', 'ῌ'), ('ῳ', 'ῼ')]
        {
            assert_eq!(simple_uppercase(small), capital);
        }
    }
}
