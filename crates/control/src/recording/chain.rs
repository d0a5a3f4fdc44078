//! The hashes of a recording: each line has that of the line before it and of itself.
//!
//! A line's hash is SHA-256 over the 32 bytes of the hash before it (zeros before the first) and the line without its last field,
//! `{…}` instead of `{…,"hash":"…"}`; so whoever can cut a string and hash can check one.

use sha2::{Digest, Sha256};

use super::line::Line;

/// Digits of a hash.
const DIGITS: usize = 64;

/// The hash of the line before.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Chain([u8; 32]);

impl Chain {
    /// The line as it is written, without its line break.
    #[expect(
        clippy::expect_used,
        reason = "INVARIANT: the structures have text keys and no writer that fails"
    )]
    pub fn seal(&mut self, line: &Line) -> String {
        let mut text = serde_json::to_string(line).expect("a line can be written");
        self.add(&text);
        // INVARIANT: an object ends with its brace.
        text.truncate(text.len().saturating_sub(1));
        format!("{text},\"hash\":\"{}\"}}", self.hash())
    }

    /// The line that this is, without its hash; none when the hash is another.
    pub(super) fn open(&mut self, sealed: &str) -> Option<String> {
        let rest = sealed.strip_suffix("\"}")?;
        let (body, hash) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
        let line = format!("{}}}", body.strip_suffix(",\"hash\":\"")?);
        self.add(&line);
        (self.hash() == hash).then_some(line)
    }

    /// The last hash, in hexadecimal.
    pub fn hash(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn add(&mut self, line: &str) {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(line.as_bytes());
        self.0 = hash.finalize().into();
    }
}
