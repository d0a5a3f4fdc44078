//! A user of a store, and the names that one can have.

use std::fmt;

use dcerpc::ntlm::NtHash;

use crate::site::DN_PREFIX;

/// Characters of a user's name.
const MOST_OF_NAME: usize = 64;

/// Bytes of a distinguished name; of a szUserDN more are remembered, so none that is cut is taken for a whole one.
const MOST_OF_DN: usize = 1_000;

/// Characters of a domain's name, as NetBIOS has it.
const MOST_OF_DOMAIN: usize = 15;

/// What no name of an account has in it: the rule of Active Directory for sAMAccountName, and `@`, with which names of users begin a
/// domain.
const NOT_IN_NAMES: &str = "\"/\\[]:;|=,+*?<>@";

/// A user of a store. `Debug` does not show what it proves itself with.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub(crate) name: AccountName,
    pub(crate) hash: NtHash,
    pub(crate) dn: UserDn,
    pub(crate) is_admin: bool,
    pub(crate) revision: u64,
}

impl User {
    /// A user that was never changed.
    ///
    /// # Errors
    /// [`UserError::DnNeeded`] when it is given no distinguished name and its name makes none.
    pub fn new(name: AccountName, hash: NtHash, rights: UserRights) -> Result<Self, UserError> {
        let UserRights { dn, is_admin } = rights;
        let dn = dn.map_or_else(|| UserDn::of(&name), Ok)?;
        Ok(Self { name, hash, dn, is_admin, revision: 1 })
    }

    /// Its name.
    pub fn name(&self) -> &AccountName {
        &self.name
    }

    /// Its legacyExchangeDN.
    pub fn dn(&self) -> &UserDn {
        &self.dn
    }

    /// Whether it may ask for the rights of an administrator, and open everybody's mailbox.
    pub fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// How often it was set, its password's changes among them.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, hash: _, dn, is_admin, revision } = self;
        f.debug_struct("User")
            .field("name", name)
            .field("dn", dn)
            .field("is_admin", is_admin)
            .field("revision", revision)
            .finish_non_exhaustive()
    }
}

/// What is set of a user beside its name and what it proves itself with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserRights {
    /// Its legacyExchangeDN; made of its name where none is given.
    pub dn: Option<UserDn>,
    /// Whether it may ask for the rights of an administrator, and open everybody's mailbox.
    pub is_admin: bool,
}

/// The name of an account, 1 to 64 characters. Two that differ in case alone are one.
#[derive(Clone, Debug)]
pub struct AccountName {
    text: String,
    key: String,
}

impl AccountName {
    /// A name as somebody writes it.
    ///
    /// # Errors
    /// [`UserError::Name`].
    pub fn parse(text: &str) -> Result<Self, UserError> {
        let fits = |c: char| !c.is_control() && !NOT_IN_NAMES.contains(c);
        let length = text.chars().count();
        let is_blank = text.trim_matches([' ', '.']).is_empty();
        if is_blank || MOST_OF_NAME < length || text.trim() != text || !text.chars().all(fits) {
            return Err(UserError::Name);
        }
        Ok(Self { text: text.to_owned(), key: folded(text) })
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name as it is compared.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for AccountName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for AccountName {}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Names of accounts and domains, as they are compared.
pub(crate) fn folded(name: &str) -> String {
    name.to_uppercase()
}

/// A legacyExchangeDN, 1 to 1,000 characters of ASCII that begin with `/`. Case says nothing.
#[derive(Clone, Debug)]
pub struct UserDn(String);

impl UserDn {
    /// A name as somebody writes it.
    ///
    /// # Errors
    /// [`UserError::Dn`].
    pub fn parse(text: &str) -> Result<Self, UserError> {
        let fits = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !fits || !text.starts_with('/') || MOST_OF_DN < text.len() {
            return Err(UserError::Dn);
        }
        Ok(Self(text.to_owned()))
    }

    /// That of a user who was given none: below the recipients of the one administrative group.
    fn of(name: &AccountName) -> Result<Self, UserError> {
        let prefix = String::from_utf8_lossy(DN_PREFIX);
        Self::parse(&format!("{prefix}{name}")).map_err(|_| UserError::DnNeeded)
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client that sends `text` as its szUserDN means this one.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }
}

impl PartialEq for UserDn {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for UserDn {}

/// The NetBIOS name of a store's domain, 1 to 15 characters. It is in capitals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainName(String);

impl DomainName {
    /// A name as somebody writes it.
    ///
    /// # Errors
    /// [`UserError::Domain`].
    pub fn parse(text: &str) -> Result<Self, UserError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.is_empty() || MOST_OF_DOMAIN < text.len() || !text.bytes().all(fits) {
            return Err(UserError::Domain);
        }
        Ok(Self(text.to_ascii_uppercase()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for DomainName {
    fn default() -> Self {
        Self("EXSTORE".to_owned())
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why there can be no such user. It never repeats a text, which may be a password in the wrong place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UserError {
    /// This is no name of an account.
    #[error(
        "a user's name has 1 to {MOST_OF_NAME} characters, none of them {NOT_IN_NAMES} or a control character, and no \
         blank at either end"
    )]
    Name,
    /// This is no distinguished name.
    #[error(
        "a distinguished name begins with `/` and has at most {MOST_OF_DN} characters of ascii"
    )]
    Dn,
    /// Its distinguished name can't be made of its name.
    #[error("a name that is not of ascii makes no distinguished name, so one has to be given")]
    DnNeeded,
    /// This is no name of a domain.
    #[error(
        "a domain has 1 to {MOST_OF_DOMAIN} characters: ascii letters, digits, hyphens and underscores"
    )]
    Domain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_accounts_can_have() {
        let (longest, long) = ("x".repeat(64), "x".repeat(65));
        for (text, fits) in [
            ("alice", true),
            ("Alice Jones", true),
            ("svc-mail_1$", true),
            ("j\u{fc}rgen", true),
            (&longest, true),
            (&long, false),
            ("", false),
            (" alice", false),
            ("alice ", false),
            ("...", false),
            ("EXSTORE\\alice", false),
            ("alice@exstore", false),
            ("a\nb", false),
        ] {
            assert_eq!(AccountName::parse(text).is_ok(), fits, "{text:?}");
        }
        let of = |text| AccountName::parse(text).expect("a name");
        assert_eq!(of("J\u{fc}rgen"), of("j\u{dc}RGEN"));
        assert_ne!(of("alice"), of("alicia"));
    }

    #[test]
    fn a_distinguished_name_comes_of_the_name_or_is_given() {
        let name = |text| AccountName::parse(text).expect("a name");
        let dn = UserDn::of(&name("alice")).expect("of ascii");
        assert!(
            dn.is("/O=first organization/ou=First Administrative Group/CN=Recipients/cn=ALICE")
        );
        assert_eq!(UserDn::of(&name("j\u{fc}rgen")), Err(UserError::DnNeeded));
        for (text, fits) in
            [("/o=x/cn=a", true), ("cn=a", false), ("", false), ("/o=\u{fc}", false)]
        {
            assert_eq!(UserDn::parse(text).is_ok(), fits, "{text:?}");
        }
        assert_eq!(UserDn::parse(&format!("/{}", "x".repeat(1_000))), Err(UserError::Dn));
    }

    #[test]
    fn domains_are_in_capitals() {
        let of = |text| DomainName::parse(text).map(|name| name.to_string());
        assert_eq!(of("corp-1").as_deref(), Ok("CORP-1"));
        for text in ["", "sixteen-letters-", "a.b", "a b"] {
            assert_eq!(of(text), Err(UserError::Domain), "{text:?}");
        }
    }
}
