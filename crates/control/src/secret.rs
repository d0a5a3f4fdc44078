//! Secrets: made of the system's randomness, compared in constant time, and never shown by accident.

use core::fmt;

use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use subtle::ConstantTimeEq;

/// Fewer letters are no secret.
const LEAST: usize = 16;
const MOST: usize = 1_024;

/// A token, or something else that whoever knows it may use. `Debug` does not show it.
#[derive(Clone)]
pub struct Secret(String);

/// Why a text is no secret. It does not repeat the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SecretError {
    /// It is too short to be one, or longer than any.
    #[error("a token has {LEAST} to {MOST} characters")]
    Length,
    /// It can't be sent in a header (RFC 6750, 2.1).
    #[error("a token has letters, digits, and `-._~+/=` alone")]
    Letter,
}

impl Secret {
    /// 256 random bits.
    ///
    /// # Errors
    /// When the system has no random source.
    pub fn random() -> Result<Self, SysError> {
        let mut words = [0; 4];
        for word in &mut words {
            *word = SysRng.try_next_u64()?;
        }
        Ok(Self(words.map(|word| format!("{word:016x}")).concat()))
    }

    /// A secret that somebody chose; white space around it is not part of it.
    ///
    /// # Errors
    /// When it has too few characters or too many, or one that a header can't hold.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if !(LEAST..=MOST).contains(&text.len()) {
            return Err(SecretError::Length);
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if !text.bytes().all(fits) {
            return Err(SecretError::Letter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret itself, for whoever has to send or store it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is it. The time that it takes tells the length at the most.
    pub(crate) fn is(&self, claimed: &str) -> bool {
        self.0.as_bytes().ct_eq(claimed.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretError};

    #[test]
    fn a_secret_is_itself_and_nothing_else() {
        let secret = Secret::parse(" 0123456789abcdef\n").expect("it is long enough");
        for (claimed, is) in [
            ("0123456789abcdef", true),
            ("0123456789abcdeF", false),
            ("0123456789abcde", false),
            ("0123456789abcdef0", false),
            ("", false),
        ] {
            assert_eq!(secret.is(claimed), is, "{claimed}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_repeated() {
        let long = "a".repeat(1_025);
        for (text, error) in [
            ("", SecretError::Length),
            ("short", SecretError::Length),
            (long.as_str(), SecretError::Length),
            ("0123456789 abcdef", SecretError::Letter),
            ("0123456789\u{e4}bcdef", SecretError::Letter),
        ] {
            let refused = Secret::parse(text).expect_err("it is none");
            assert_eq!(refused, error, "{text}");
            assert!(text.is_empty() || !refused.to_string().contains(text));
        }
    }

    #[test]
    fn random_secrets_differ_and_have_256_bits() {
        let [one, two] = [(); 2].map(|()| Secret::random().expect("the system has randomness"));
        assert!(!one.is(two.expose()));
        assert_eq!(one.expose().len(), 64);
    }
}
