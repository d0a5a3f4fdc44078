//! What the author of a bad item of the version list may have meant, by the mistake it shows.

use std::fmt;

use crate::quoted::is_invisible;
use crate::registry_version::BadItem;
use crate::span::BLANKS;
use crate::version::{ClientVersion, MAX_BUILD};

/// A version of the list, whose second part is 0, in the registry's three parts.
#[derive(Clone, Copy)]
pub(crate) struct InRegistry(pub(crate) ClientVersion);

impl fmt::Display for InRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0.major, self.0.build, self.0.minor_build)
    }
}

/// What to do about an item that is left out for this reason.
pub(crate) fn hint_for(text: &str, reason: &BadItem) -> String {
    if let Some(meant) = shortened(text) {
        return format!("did you mean `{meant}`?");
    }
    let hint = match reason {
        BadItem::NoBound => "write a version on one side of it at least",
        BadItem::Dashes => "separate items with `;`",
        BadItem::FourParts => "write X.Y.Z for a client that reports X.0.Y.Z",
        BadItem::Version(_) => hint_for_letters(text),
    };
    hint.to_owned()
}

fn hint_for_letters(text: &str) -> &'static str {
    if text.contains(DASHES) {
        "write a plain `-` between the bounds of a range"
    } else if text.contains(BLANKS) {
        "write a range without blanks, and `;` between items"
    } else if text.contains(['"', '\'']) {
        "write versions without quotes"
    } else if text.contains(['*', '?']) {
        "write a range, since no character is a wildcard"
    } else if text.contains(is_invisible) {
        "type the item anew instead of pasting it"
    } else if TEXT_VERSIONS.iter().any(|known| text.eq_ignore_ascii_case(known)) {
        "remove it: no item can match a component that reports a text"
    } else {
        "write a version as three numbers from 0 to 65535, such as `11.5608.0`"
    }
}

/// Dashes of another length, which word processors write by themselves.
const DASHES: [char; 6] = ['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// What components of the server report in place of a version (2.2).
const TEXT_VERSIONS: [&str; 3] = ["HTTP", "SMTP", "OLEDB"];

/// A version with parts missing or `*`: of a whole product, or of a build.
fn shortened(text: &str) -> Option<String> {
    let given = text.trim_end_matches(['.', '*', 'x', 'X']).split('.');
    let numbers: Result<Vec<u16>, _> = given.map(str::parse).collect();
    match numbers.ok()?.as_slice() {
        [major] | [major, 0] => Some(format!("{major}.0.0-{major}.{MAX_BUILD}.{}", u16::MAX)),
        [major, build] | [major, 0, build] => {
            Some(format!("{major}.{build}.0-{major}.{build}.{}", u16::MAX))
        }
        _ => None,
    }
}
