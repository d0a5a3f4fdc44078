//! The users of a store and its domain: what an Exchange server finds in Active Directory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::user::{DomainName, User, folded};

/// Users that a store takes.
pub const MAX_USERS: usize = 1_000;

/// The users of a store, and the domain that they are of.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    domain: DomainName,
    /// By their names as they are compared.
    users: BTreeMap<String, Arc<User>>,
}

/// A store takes no more users.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a store has at most {MAX_USERS} users")]
pub struct TooManyUsers;

impl Directory {
    /// A domain without users.
    pub fn new(domain: DomainName) -> Self {
        Self { domain, users: BTreeMap::new() }
    }

    /// The domain.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// Adds a user, or puts it in the place of the one of its name. Whether there was one.
    ///
    /// # Errors
    /// [`TooManyUsers`].
    pub fn put(&mut self, user: User) -> Result<bool, TooManyUsers> {
        let key = user.name().key().to_owned();
        let is_there = self.users.contains_key(&key);
        if !is_there && MAX_USERS <= self.users.len() {
            return Err(TooManyUsers);
        }
        self.users.insert(key, Arc::new(user));
        Ok(is_there)
    }

    /// Takes a user away.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Arc<User>> {
        self.users.remove(&folded(name))
    }

    /// The user of this name.
    pub fn get(&self, name: &str) -> Option<&User> {
        self.users.get(&folded(name)).map(|user| &**user)
    }

    /// The users whose names come after this one, in the order of the names as they are compared.
    pub fn after(&self, after: Option<&str>) -> impl Iterator<Item = &User> {
        let after = after.map(folded);
        let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.users.range::<str, _>((from, Bound::Unbounded)).map(|(_, user)| &**user)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether this is the distinguished name of anybody.
    pub(crate) fn knows_dn(&self, dn: &str) -> bool {
        self.users.values().any(|user| user.dn().is(dn))
    }

    /// Bytes that it takes, about.
    pub(crate) fn weight(&self) -> usize {
        let of = |user: &User| {
            let names = user.name().as_str().len().saturating_mul(3);
            names.saturating_add(user.dn().as_str().len()).saturating_add(size_of::<User>())
        };
        self.users.values().map(|user| of(user)).fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use dcerpc::ntlm::NtHash;

    use super::*;
    use crate::user::{AccountName, UserRights};

    fn user(name: &str) -> User {
        let name = AccountName::parse(name).expect("a name");
        User::new(name, NtHash::of_password("x"), UserRights::default()).expect("a user")
    }

    #[test]
    fn users_are_found_however_their_names_are_written_and_are_in_order() {
        let mut directory = Directory::default();
        for name in ["bob", "Alice", "carol"] {
            assert_eq!(directory.put(user(name)), Ok(false), "{name}");
        }
        assert_eq!(directory.put(user("ALICE")), Ok(true));
        let names = |after| -> Vec<String> {
            directory.after(after).map(|user| user.name().to_string()).collect()
        };
        assert_eq!(names(None), ["ALICE", "bob", "carol"]);
        assert_eq!(names(Some("alice")), ["bob", "carol"]);
        assert!(directory.get("aLICE").is_some() && directory.get("dave").is_none());
    }

    #[test]
    fn a_store_takes_so_many_users_and_none_more() {
        let mut directory = Directory::default();
        for number in 0..MAX_USERS {
            directory.put(user(&format!("user{number}"))).expect("there is room");
        }
        assert_eq!(directory.put(user("alice")), Err(TooManyUsers));
        assert_eq!(directory.put(user("USER7")), Ok(true), "one that is there may be changed");
        directory.remove("user8").expect("it was there");
        assert_eq!(directory.put(user("alice")), Ok(false));
    }
}
