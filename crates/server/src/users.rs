//! The users of a store as its task holds them: set, taken away, and told to its connections.

use dcerpc::ntlm::NtHash;
use infostore::{ClientIdentity, Command, Denial, Note, ProtectionLevel};

use crate::handle::StoreError;
use crate::judge::{Asked, Caller, judge};
use crate::owner::Owner;
use crate::user::{AccountName, User, UserRights};

/// What a user is set to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserChange {
    /// Its name.
    pub name: AccountName,
    /// What it proves itself with; one that is there keeps what it has where none is given.
    pub hash: Option<NtHash>,
    /// The rest.
    pub rights: UserRights,
}

impl Owner {
    /// Adds a user, or sets the one of this name. Whether it is new.
    pub(crate) fn put_user(&mut self, change: UserChange) -> Result<bool, StoreError> {
        let UserChange { name, hash, rights } = change;
        let old = self.directory.get(name.as_str());
        let hash = hash.or_else(|| old.map(|old| old.hash)).ok_or(StoreError::NoPassword)?;
        let revision = old.map_or(1, |old| old.revision.saturating_add(1));
        let user = User { revision, ..User::new(name.clone(), hash, rights)? };
        let was_there = self.directory.put(user)?;
        self.note(Note::UserChanged(name.to_string()));
        self.publish_accounts();
        Ok(!was_there)
    }

    /// Takes a user away. Its sessions stay; its next connect is refused.
    pub(crate) fn remove_user(&mut self, name: &str) -> Result<(), StoreError> {
        let removed = self.directory.remove(name);
        let removed = removed.ok_or_else(|| StoreError::NoSuchUser(name.to_owned()))?;
        self.note(Note::UserRemoved(removed.name().to_string()));
        self.publish_accounts();
        Ok(())
    }

    /// Finds out which user a client is, or why it may not be. Who it has proved to be is told also where it is refused.
    pub(crate) fn identify(
        &self,
        caller: &Caller,
        flags: u32,
        identity: &mut ClientIdentity,
    ) -> Result<(), Denial> {
        let settings = self.store.settings().authentication;
        let asked =
            Asked { user_dn: &identity.user_dn, flags, version: identity.subject.version() };
        let judged = judge(caller, settings, &self.directory, asked).map(drop);
        let claimed = caller.name();
        let known = claimed.and_then(|name| self.directory.get(name));
        let name = known.map_or(claimed, |user| Some(user.name().as_str()));
        identity.user = name.map(str::to_owned);
        judged
    }

    /// Tells the connections who the users are, and whether anybody else is let in.
    pub(crate) fn publish_accounts(&self) {
        let anonymous = self.store.settings().authentication.anonymous;
        self.shared.site.accounts.publish(&self.directory, anonymous);
        self.shared.site.transcripts.know(&self.directory);
    }

    /// Sets whom the store lets open sessions from now on, where that is another than before.
    pub(crate) fn change_authentication(
        &mut self,
        change: AuthenticationChange,
    ) -> Result<(), StoreError> {
        let AuthenticationChange { anonymous, min_level } = change;
        let mut authentication = self.store.settings().authentication;
        authentication.anonymous = anonymous.unwrap_or(authentication.anonymous);
        authentication.min_level = min_level.unwrap_or(authentication.min_level);
        if anonymous.is_some() || min_level.is_some() {
            self.execute(Command::SetAuthentication(authentication))?;
            self.publish_accounts();
        }
        Ok(())
    }
}

/// What is changed of whom a store lets open sessions; what is not given stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AuthenticationChange {
    /// Whether it takes clients that do not say who they are.
    pub anonymous: Option<bool>,
    /// How the call that opens a session has to be protected at least.
    pub min_level: Option<ProtectionLevel>,
}
