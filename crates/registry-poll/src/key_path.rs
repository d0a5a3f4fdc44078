//! Names of keys and values: compared without case, shown as they were written.

use core::cmp::Ordering;
use core::fmt;
use core::ops::Range;
use core::str::FromStr;

/// Characters in one component of a key path.
const MAX_KEY_NAME: usize = 255;
/// Levels of the tree.
const MAX_DEPTH: usize = 512;
/// Characters in a value's name.
const MAX_VALUE_NAME: usize = 16_383;

/// What stands for the backslash where paths are compared: no name contains it and nothing is less, so a key comes
/// directly before the keys below it. Behind a backslash `A-B` would come between `A` and `A\B`.
const SEPARATOR: &str = "\0";
/// The first character that is greater than the separator.
const AFTER_SEPARATOR: char = '\u{1}';

/// The predefined keys, as long and short names.
const ROOTS: [(&str, &str); 5] = [
    ("HKEY_LOCAL_MACHINE", "HKLM"),
    ("HKEY_CURRENT_USER", "HKCU"),
    ("HKEY_CLASSES_ROOT", "HKCR"),
    ("HKEY_USERS", "HKU"),
    ("HKEY_CURRENT_CONFIG", "HKCC"),
];

/// The path of a registry key, from its predefined key down, such as
/// `HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\MSExchangeIS\ParametersSystem`.
///
/// Two paths are equal when they differ in case alone. A key comes directly before the keys below it, and these before
/// the next key of its own level.
#[derive(Clone, Debug)]
pub struct KeyPath {
    text: String,
    folded: String,
}

/// The name of a registry value; the empty name is the key's unnamed (default) value. Compared without case.
#[derive(Clone, Debug)]
pub struct ValueName {
    text: String,
    folded: String,
}

/// Why a text names no key or value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// A key path begins with a predefined key.
    #[error("key path `{path}` does not begin with a predefined key such as `HKEY_LOCAL_MACHINE`")]
    UnknownRoot {
        /// The path as given, or its beginning.
        path: String,
    },
    /// A component is empty: two backslashes in a row, or one at the end.
    #[error("key path `{path}` has an empty component")]
    EmptyComponent {
        /// The path as given, or its beginning.
        path: String,
    },
    /// A component or a value name is too long, or the path too deep.
    #[error("{what} has {actual} {unit}, and at most {max} are allowed")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// What its length is counted in.
        unit: &'static str,
        /// How long it is.
        actual: usize,
        /// How long it may be.
        max: usize,
    },
    /// A NUL can't be part of a name.
    #[error("the name contains a NUL")]
    Nul,
}

impl KeyPath {
    /// The key that the store polls.
    pub fn parameters_system() -> Self {
        Self::known(
            "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem",
        )
    }

    /// The predefined keys, which are the tops of every registry.
    pub fn predefined() -> impl Iterator<Item = Self> {
        ROOTS.iter().map(|(long, _)| Self::known(long))
    }

    /// The path as it was written, its predefined key spelt out.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names on the way down, from the predefined key to the key's own.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text.split('\\')
    }

    /// The key's own name, without those above it.
    pub fn name(&self) -> &str {
        self.text.rsplit_once('\\').map_or(self.as_str(), |(_, name)| name)
    }

    /// The key above; none for a predefined key.
    pub fn parent(&self) -> Option<Self> {
        let (text, _) = self.text.rsplit_once('\\')?;
        let (folded, _) = self.folded.rsplit_once(SEPARATOR)?;
        Some(Self { text: text.to_owned(), folded: folded.to_owned() })
    }

    /// Whether this key is somewhere below `above`. No key is below itself.
    pub fn is_below(&self, above: &Self) -> bool {
        self.folded.strip_prefix(&above.folded).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }

    /// The key of this relative path below this key: a name, or several with backslashes between them.
    ///
    /// # Errors
    /// [`NameError`] as for a whole path.
    pub fn joined(&self, relative: &str) -> Result<Self, NameError> {
        format!("{self}\\{relative}").parse()
    }

    pub(crate) fn is_predefined(&self) -> bool {
        !self.folded.contains(SEPARATOR)
    }

    /// This key, with the spelling of `above` for the key above it.
    pub(crate) fn respelt(&self, above: &Self) -> Self {
        Self { text: format!("{above}\\{}", self.name()), folded: self.folded.clone() }
    }

    /// This key and all below it, as a range of the order of paths.
    pub(crate) fn subtree(&self) -> Range<Self> {
        // INVARIANT: SEPARATOR < AFTER_SEPARATOR, and no character is between them.
        let folded = format!("{}{AFTER_SEPARATOR}", self.folded);
        self.clone()..Self { text: String::new(), folded }
    }

    fn known(text: &str) -> Self {
        Self { text: text.to_owned(), folded: fold(text).replace('\\', SEPARATOR) }
    }
}

impl FromStr for KeyPath {
    type Err = NameError;

    fn from_str(path: &str) -> Result<Self, NameError> {
        refuse_nul(path)?;
        let (root, rest) = path.split_once('\\').map_or((path, None), |(r, rest)| (r, Some(rest)));
        let known = ROOTS.iter().find(|(long, short)| {
            long.eq_ignore_ascii_case(root) || short.eq_ignore_ascii_case(root)
        });
        let (root, _) = known.ok_or_else(|| NameError::UnknownRoot { path: quoted(path) })?;
        let Some(rest) = rest else {
            return Ok(Self::known(root));
        };
        check_components(path, rest)?;
        Ok(Self::known(&format!("{root}\\{rest}")))
    }
}

impl ValueName {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ValueName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        refuse_nul(name)?;
        refuse_long("a value name", "UTF-16 units", name.encode_utf16().count(), MAX_VALUE_NAME)?;
        Ok(Self { text: name.to_owned(), folded: fold(name) })
    }
}

fn check_components(path: &str, rest: &str) -> Result<(), NameError> {
    refuse_long("a key path", "levels", rest.split('\\').count(), MAX_DEPTH)?;
    for component in rest.split('\\') {
        if component.is_empty() {
            return Err(NameError::EmptyComponent { path: quoted(path) });
        }
        refuse_long("a key name", "UTF-16 units", component.encode_utf16().count(), MAX_KEY_NAME)?;
    }
    Ok(())
}

/// What an error quotes of a path, which may be as long as the file that it stands in.
fn quoted(path: &str) -> String {
    const QUOTED: usize = 120;
    match path.char_indices().nth(QUOTED) {
        None => path.to_owned(),
        Some((end, _)) => format!("{}…", path.get(..end).unwrap_or_default()),
    }
}

fn refuse_nul(name: &str) -> Result<(), NameError> {
    if name.contains('\0') { Err(NameError::Nul) } else { Ok(()) }
}

fn refuse_long(
    what: &'static str,
    unit: &'static str,
    actual: usize,
    max: usize,
) -> Result<(), NameError> {
    if actual <= max { Ok(()) } else { Err(NameError::TooLong { what, unit, actual, max }) }
}

/// Simple upper-case, character by character: no locale, and no character becomes two.
fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

fn fold_char(char: char) -> char {
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => char,
    }
}

/// Equality, order and display of a name that is compared by its folded form.
macro_rules! compared_folded {
    ($name:ty) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.folded == other.folded
            }
        }
        impl Eq for $name {}
        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.folded.cmp(&other.folded)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }
    };
}

compared_folded!(KeyPath);
compared_folded!(ValueName);
