//! The users of a store for its connections: cheap to read, and as they are now.

use std::sync::{Arc, PoisonError, RwLock};

use dcerpc::ntlm::{Accounts, NtHash, ServerNames};

use crate::directory::Directory;
use crate::user::DomainName;

/// The NetBIOS name of the computer that a store is on, which clients may take for a domain.
pub(crate) const COMPUTER: &str = "EXCHANGE";

/// What a server of a domain is called. The names for DNS are below a domain that nobody has (RFC 6761).
pub(crate) fn server_names(domain: &DomainName) -> ServerNames {
    let dns_domain = format!("{}.test", domain.as_str().to_lowercase());
    ServerNames {
        netbios_domain: domain.to_string(),
        netbios_computer: COMPUTER.to_owned(),
        dns_computer: format!("{}.{dns_domain}", COMPUTER.to_lowercase()),
        dns_domain,
    }
}

/// Whom the connections of a store let in. The store's task says it anew whenever it changes.
#[derive(Debug)]
pub(crate) struct SiteAccounts(RwLock<Published>);

#[derive(Clone, Debug)]
struct Published {
    directory: Arc<Directory>,
    anonymous: bool,
}

impl SiteAccounts {
    pub(crate) fn new(directory: Directory, anonymous: bool) -> Self {
        Self(RwLock::new(Published { directory: Arc::new(directory), anonymous }))
    }

    /// Connections ask these from now on.
    pub(crate) fn publish(&self, directory: &Directory, anonymous: bool) {
        let published = Published { directory: Arc::new(directory.clone()), anonymous };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = published;
    }

    fn published(&self) -> Published {
        // It is written whole, so a poisoned lock still guards one.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Accounts for SiteAccounts {
    /// The user of this name, in whichever of the store's domains the client looks for it.
    fn nt_hash(&self, domain: &str, user: &str) -> Option<NtHash> {
        let Published { directory, .. } = self.published();
        let ServerNames { netbios_domain, netbios_computer, dns_domain, dns_computer } =
            server_names(directory.domain());
        let own = [netbios_domain, netbios_computer, dns_domain, dns_computer];
        let is_ours = domain.is_empty() || own.iter().any(|own| own.eq_ignore_ascii_case(domain));
        directory.get(user).filter(|_| is_ours).map(|user| user.hash)
    }

    fn lets_anonymous_in(&self) -> bool {
        self.published().anonymous
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{AccountName, User, UserRights};

    #[test]
    fn a_user_is_found_in_the_store_s_domains_alone_and_however_it_is_spelt() {
        let name = AccountName::parse("Alice").expect("a name");
        let hash = NtHash::of_password("secret");
        let mut directory = Directory::new(DomainName::parse("corp").expect("a domain"));
        directory.put(User::new(name, hash, UserRights::default()).expect("a user")).expect("room");
        let accounts = SiteAccounts::new(directory, true);
        for (domain, user, is_there) in [
            ("CORP", "alice", true),
            ("corp", "ALICE", true),
            ("", "Alice", true),
            ("exchange", "alice", true),
            ("corp.test", "alice", true),
            ("Exchange.Corp.Test", "alice", true),
            ("EXSTORE", "alice", false),
            ("CORP", "bob", false),
            ("CORP", "", false),
        ] {
            let found = accounts.nt_hash(domain, user);
            assert_eq!(found, is_there.then_some(hash), "{domain}\\{user}");
        }
        accounts.publish(&Directory::default(), false);
        assert!(accounts.nt_hash("", "alice").is_none() && !accounts.lets_anonymous_in());
    }
}
