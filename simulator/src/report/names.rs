//! Names that peers chose, kept once each and only so many of them: whatever a client calls itself, a report stays small.

use std::collections::HashMap;

/// Characters of a name that are kept at the most.
const LONGEST: usize = 260;

/// A name among [`Names`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct NameId(u32);

impl NameId {
    /// No name at all.
    pub(super) const NONE: Self = Self(u32::MAX);
    /// Every name that there was no room for.
    pub(super) const OTHERS: Self = Self(u32::MAX - 1);

    /// Its place among the names, in the order in which they came.
    pub(super) fn place(self) -> Option<usize> {
        let is_name = self != Self::NONE && self != Self::OTHERS;
        is_name.then(|| usize::try_from(self.0).ok()).flatten()
    }
}

/// So many names, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Names {
    ids: HashMap<Box<str>, NameId>,
    texts: Vec<Box<str>>,
    limit: usize,
}

impl Names {
    pub(super) fn new(limit: usize) -> Self {
        Self { ids: HashMap::new(), texts: Vec::new(), limit }
    }

    /// The name's id; that of all others when there is no more room.
    pub(super) fn id(&mut self, text: Option<&str>) -> NameId {
        let Some(text) = text.map(cut) else { return NameId::NONE };
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let Ok(place) = u32::try_from(self.texts.len()) else { return NameId::OTHERS };
        if self.limit <= self.texts.len() {
            return NameId::OTHERS;
        }
        self.texts.push(text.into());
        self.ids.insert(text.into(), NameId(place));
        NameId(place)
    }

    /// The name; none where there was none, and [`OTHERS`] of those that are not told apart.
    pub(super) fn text(&self, id: NameId) -> Option<&str> {
        if id == NameId::OTHERS {
            return Some(OTHERS);
        }
        id.place().and_then(|place| self.texts.get(place)).map(|text| &**text)
    }

    /// The names, in the order in which they came.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    pub(super) fn is_full(&self) -> bool {
        self.limit <= self.texts.len()
    }
}

/// What stands for the names that there was no room for. No program has a name with blanks around it.
pub(super) const OTHERS: &str = "(others)";

/// A text that is not too long.
pub(super) fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A name between backticks, with those in it written out: it ends where it ends.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', BACKTICK))
}

/// A sentence of the store with names between backticks. One within a word belongs to a name, and is written out.
pub(super) fn with_whole_quotes(sentence: &str) -> String {
    let mut whole = String::with_capacity(sentence.len());
    let (mut is_quoted, mut before) = (false, None);
    let mut letters = sentence.chars().peekable();
    while let Some(letter) = letters.next() {
        let beside = if is_quoted { letters.peek().copied() } else { before };
        before = Some(letter);
        if letter != '`' {
            whole.push(letter);
        } else if beside.is_none_or(|beside| !beside.is_alphanumeric() && beside != '`') {
            is_quoted = !is_quoted;
            whole.push(letter);
        } else {
            whole.push_str(BACKTICK);
        }
    }
    whole
}

/// A backtick, written out.
const BACKTICK: &str = r"\u{60}";

/// The name of a program without quotes and path, as the store compares it.
pub(super) fn base_name(reported: &str) -> &str {
    let inner = reported.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let bare = inner.unwrap_or(reported);
    bare.rsplit(['\\', '/']).next().filter(|base| !base.is_empty()).unwrap_or(bare)
}

/// A name in upper case, character by character: what the store compares.
pub(super) fn key(base: &str) -> String {
    let upper = |letter: char| {
        let mut upper = letter.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(one), None) => one,
            (Some(_) | None, _) => letter,
        }
    };
    base.chars().map(upper).collect()
}
