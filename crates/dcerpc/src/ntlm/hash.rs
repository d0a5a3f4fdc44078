//! The NT hash of a password (MS-NLMP 3.3.1, `NTOWFv1`), and what is derived from it for one user.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq as _;

use super::primitive::{KEY_SIZE, Key, hmac_md5, md4};

/// What a server keeps instead of a password. It is as good as the password to whoever has it, so it shows
/// in no log, and comparing two takes the same time whatever they are.
#[derive(Clone, Copy)]
pub struct NtHash(Key);

impl NtHash {
    /// The hash of `password`: MD4 of its UTF-16 code units.
    #[must_use]
    pub fn of_password(password: &str) -> Self {
        Self(md4(&utf16(password)))
    }

    /// A hash that was computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_SIZE]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; KEY_SIZE] {
        self.0
    }

    pub(super) const fn key(&self) -> &Key {
        &self.0
    }

    /// `NTOWFv2` (MS-NLMP 3.3.2): the user's name in capitals, the domain's as it was sent.
    pub(super) fn of_user(&self, domain: &str, user: &str) -> Key {
        let user: String = user.chars().map(upcase).collect();
        hmac_md5(&self.0, &[&utf16(&user), &utf16(domain)])
    }
}

impl PartialEq for NtHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for NtHash {}

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(..)")
    }
}

/// A text is not an NT hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NtHashError {
    /// It is too long or too short.
    #[error("an nt hash is 32 hexadecimal digits, not {length} characters")]
    Length {
        /// How long it is, characters.
        length: usize,
    },
    /// It holds something else than digits. Which is not told: it may be a password, given by mistake.
    #[error("an nt hash is 32 hexadecimal digits, and character {position} is none")]
    Digit {
        /// Where it is, characters from 1.
        position: usize,
    },
}

impl FromStr for NtHash {
    type Err = NtHashError;

    fn from_str(text: &str) -> Result<Self, NtHashError> {
        let length = text.chars().count();
        if length != 2 * KEY_SIZE {
            return Err(NtHashError::Length { length });
        }
        let mut hash = [0; KEY_SIZE];
        for (index, (digit, position)) in text.chars().zip(1_usize..).enumerate() {
            let digit = digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let digit = digit.ok_or(NtHashError::Digit { position })?;
            if let Some(byte) = hash.get_mut(index / 2) {
                *byte = *byte << 4 | digit;
            }
        }
        Ok(Self(hash))
    }
}

/// UTF-16LE, as NTLM writes every text that is hashed.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Windows puts a name in capitals one code unit at a time: what would take two stays, and so do characters
/// beyond the first plane and the few that Unicode maps into ASCII.
fn upcase(character: char) -> char {
    let mut capitals = character.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None)
            if character.len_utf16() == 1 && character.is_ascii() == capital.is_ascii() =>
        {
            capital
        }
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_those_of_one_code_unit() {
        let capitals: String = "aé\u{df}\u{131}\u{17f}я\u{10428}".chars().map(upcase).collect();
        assert_eq!(capitals, "AÉ\u{df}\u{131}\u{17f}Я\u{10428}");
    }
}
