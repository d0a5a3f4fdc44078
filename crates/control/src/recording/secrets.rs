//! What a recording has instead of passwords and hashes.
//!
//! No injected client proves who it is, so what a user's password is changes nothing that a replay can do again; that two of them
//! are the same might. Each is replaced by its number among those that were seen.

use serde_json::{Map, Value};

/// The secrets that requests had. They are kept in memory alone.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// The body of a request that sets a user, without what it proves itself with. Of one that is no object nothing is left:
    /// it was refused.
    pub(super) fn hidden(&mut self, body: &[u8]) -> String {
        let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
            return String::new();
        };
        for (name, value) in &mut fields {
            if let Value::String(secret) = value
                && ["password", "nt_hash"].contains(&name.as_str())
            {
                let number = self.number(secret);
                *secret = match name.as_str() {
                    "nt_hash" => format!("{number:032x}"),
                    _ => format!("secret-{number}"),
                };
            }
        }
        Value::Object(fields).to_string()
    }

    fn number(&mut self, secret: &str) -> usize {
        let known = self.0.iter().position(|known| known == secret);
        known.unwrap_or_else(|| {
            self.0.push(secret.to_owned());
            self.0.len().saturating_sub(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn equal_secrets_have_equal_numbers_and_are_shown_nowhere() {
        let mut secrets = Secrets::default();
        for (body, hidden) in [
            (r#"{"password":"hunter2"}"#, r#"{"password":"secret-0"}"#),
            (r#"{"password":"other","admin":true}"#, r#"{"admin":true,"password":"secret-1"}"#),
            (r#"{"password":"hunter2"}"#, r#"{"password":"secret-0"}"#),
            (
                r#"{"nt_hash":"8846F7EAEE8FB117AD06BDD830B7586C"}"#,
                r#"{"nt_hash":"00000000000000000000000000000002"}"#,
            ),
            (r#"["hunter2"]"#, ""),
            ("hunter2", ""),
        ] {
            assert_eq!(secrets.hidden(body.as_bytes()), hidden, "{body}");
        }
    }
}
