//! Whether a client may be whom it says it is (ADR 0029): decided from how its call was authenticated, what it asks for, and who the
//! users of the store are. The engine refuses it for what is found here.

use dcerpc::ntlm::Identity;
use dcerpc::{AuthLevel, CallSecurity};
use infostore::{Authentication, Denial, ProtectionLevel};
use policy::ClientVersion;

use crate::directory::Directory;
use crate::user::{User, folded};

/// The oldest client that knows ecNotEncrypted, \[MS-OXCRPC\] 3.2.4.1.3.2.
const KNOWS_NOT_ENCRYPTED: ClientVersion = ClientVersion::new(12, 0, 3_619, 0);

/// ulFlags: the client asks for the rights of an administrator (R490).
const WANTS_ADMIN: u32 = 0x0000_0001;

/// Who makes a call, as its connection has found out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Caller {
    /// How the call is protected.
    level: ProtectionLevel,
    /// The name of the user, as it is compared; none for somebody anonymous.
    user: Option<String>,
}

/// What a client asks for when it connects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asked<'a> {
    /// szUserDN.
    pub(crate) user_dn: &'a str,
    /// ulFlags.
    pub(crate) flags: u32,
    /// Its version.
    pub(crate) version: ClientVersion,
}

impl From<&CallSecurity> for Caller {
    fn from(security: &CallSecurity) -> Self {
        let user = match security.identity.as_deref() {
            Some(Identity::User(name)) => Some(folded(&name.user)),
            Some(Identity::Anonymous) | None => None,
        };
        Self { level: protection(security.level), user }
    }
}

/// Over a connection, call and packet are one.
fn protection(level: AuthLevel) -> ProtectionLevel {
    match level {
        AuthLevel::CONNECT => ProtectionLevel::Connect,
        AuthLevel::CALL | AuthLevel::PACKET => ProtectionLevel::Packet,
        AuthLevel::PACKET_INTEGRITY => ProtectionLevel::Integrity,
        AuthLevel::PACKET_PRIVACY => ProtectionLevel::Privacy,
        _ => ProtectionLevel::None,
    }
}

impl Caller {
    /// Whether this is the same user, or just as anonymous.
    pub(crate) fn is_the_same_user(&self, other: &Self) -> bool {
        self.user == other.user
    }

    /// The name of the user.
    pub(crate) fn name(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

/// The user that a client is; none for somebody anonymous who may be that.
///
/// Whoever is anonymous may give any szUserDN: a store that takes such clients has no way to tell whose mailbox is theirs.
///
/// # Errors
/// [`Denial`], the first that applies in the order of its variants.
pub(crate) fn judge<'a>(
    caller: &Caller,
    settings: Authentication,
    directory: &'a Directory,
    asked: Asked<'_>,
) -> Result<Option<&'a User>, Denial> {
    check_level(caller.level, settings.min_level, asked.version)?;
    let wants_admin = asked.flags & WANTS_ADMIN != 0;
    let Some(name) = &caller.user else {
        return match (settings.anonymous, wants_admin && !directory.is_empty()) {
            (false, _) => Err(Denial::Anonymous),
            (true, true) => Err(Denial::NotAdmin),
            (true, false) => Ok(None),
        };
    };
    let user = directory.get(name).ok_or(Denial::AccountGone)?;
    let dn = asked.user_dn;
    // An empty one is nobody's: what Exchange 2003 did is not known, and 2007 let it through.
    if !dn.is_empty() && !user.dn().is(dn) {
        if !directory.knows_dn(dn) {
            return Err(Denial::UnknownUser);
        }
        if !user.is_admin() {
            return Err(Denial::OtherUser);
        }
    }
    if wants_admin && !user.is_admin() {
        return Err(Denial::NotAdmin);
    }
    Ok(Some(user))
}

fn check_level(
    level: ProtectionLevel,
    least: ProtectionLevel,
    version: ClientVersion,
) -> Result<(), Denial> {
    if least <= level {
        return Ok(());
    }
    if least == ProtectionLevel::Privacy {
        return Err(Denial::NotEncrypted { knows_code: KNOWS_NOT_ENCRYPTED <= version });
    }
    Err(Denial::LevelTooLow)
}

#[cfg(test)]
mod tests {
    use dcerpc::ntlm::NtHash;

    use super::*;
    use crate::user::{AccountName, UserRights};

    const PREFIX: &str = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=";
    const OUTLOOK_2003: ClientVersion = ClientVersion::new(11, 0, 5_608, 0);

    fn directory(users: &[(&str, bool)]) -> Directory {
        let mut directory = Directory::default();
        for (name, is_admin) in users {
            let name = AccountName::parse(name).expect("a name");
            let rights = UserRights { is_admin: *is_admin, ..UserRights::default() };
            let user = User::new(name, NtHash::of_password("x"), rights).expect("a user");
            directory.put(user).expect("there is room");
        }
        directory
    }

    fn caller(level: ProtectionLevel, name: &str) -> Caller {
        Caller { level, user: Some(folded(name)) }
    }

    fn asked(user_dn: &str) -> Asked<'_> {
        Asked { user_dn, flags: 0, version: OUTLOOK_2003 }
    }

    fn settings(anonymous: bool, min_level: ProtectionLevel) -> Authentication {
        Authentication { anonymous, min_level }
    }

    #[test]
    fn a_user_opens_its_own_mailbox_and_an_administrator_everybody_s() {
        let users = directory(&[("alice", false), ("bob", false), ("root", true)]);
        let [alice, bob, carol] = ["Alice", "BOB", "carol"].map(|name| format!("{PREFIX}{name}"));
        for (name, dn, flags, expected) in [
            ("alice", alice.as_str(), 0, Ok("alice")),
            ("ALICE", alice.as_str(), 0x8000, Ok("alice")),
            ("alice", "", 0, Ok("alice")),
            ("alice", bob.as_str(), 0, Err(Denial::OtherUser)),
            ("alice", carol.as_str(), 0, Err(Denial::UnknownUser)),
            ("alice", carol.as_str(), 1, Err(Denial::UnknownUser)),
            ("alice", alice.as_str(), 1, Err(Denial::NotAdmin)),
            ("root", bob.as_str(), 1, Ok("root")),
            ("root", bob.as_str(), 0x8001, Ok("root")),
            ("root", carol.as_str(), 0, Err(Denial::UnknownUser)),
            ("carol", carol.as_str(), 0, Err(Denial::AccountGone)),
        ] {
            let caller = caller(ProtectionLevel::Connect, name);
            let asked = Asked { flags, ..asked(dn) };
            let found = judge(&caller, Authentication::default(), &users, asked);
            let found = found.map(|user| user.expect("it is one").name().as_str());
            assert_eq!(found, expected, "{name} as {dn:?} with {flags:#x}");
        }
    }

    #[test]
    fn whoever_is_anonymous_may_be_anybody_where_such_clients_are_taken() {
        let alice = format!("{PREFIX}alice");
        let (nobody, some) = (directory(&[]), directory(&[("alice", false)]));
        for (row, anonymous, users, flags, expected) in [
            ("without users", true, &nobody, 0, Ok(None)),
            ("without users, as administrator", true, &nobody, 1, Ok(None)),
            ("with users", true, &some, 0, Ok(None)),
            ("with users, as administrator", true, &some, 1, Err(Denial::NotAdmin)),
            ("not taken", false, &some, 0, Err(Denial::Anonymous)),
            ("not taken, without users", false, &nobody, 0, Err(Denial::Anonymous)),
            ("not taken, as administrator", false, &some, 1, Err(Denial::Anonymous)),
        ] {
            let settings = settings(anonymous, ProtectionLevel::None);
            let asked = Asked { flags, ..asked(&alice) };
            let caller = Caller::default();
            assert_eq!(judge(&caller, settings, users, asked), expected, "{row}");
        }
    }

    #[test]
    fn a_level_is_enough_for_itself_and_those_below_it() {
        let users = directory(&[("alice", false)]);
        for least in ProtectionLevel::ALL {
            for level in ProtectionLevel::ALL {
                let caller = caller(level, "alice");
                let judged = judge(&caller, settings(true, least), &users, asked(""));
                let denied = if least == ProtectionLevel::Privacy {
                    Denial::NotEncrypted { knows_code: false }
                } else {
                    Denial::LevelTooLow
                };
                let expected = if level < least { Some(denied) } else { None };
                assert_eq!(judged.err(), expected, "{level:?} where {least:?} is wanted");
            }
        }
    }

    #[test]
    fn old_clients_are_not_told_of_encryption_and_the_level_comes_first() {
        let users = directory(&[("alice", false)]);
        let privacy = settings(false, ProtectionLevel::Privacy);
        for (build, knows_code) in [(3_618, false), (3_619, true), (4_518, true)] {
            let asked =
                Asked { version: ClientVersion::new(12, 0, build, 0), flags: 1, ..asked("/o=x") };
            let judged = judge(&Caller::default(), privacy, &users, asked);
            assert_eq!(judged, Err(Denial::NotEncrypted { knows_code }), "12.0.{build}");
        }
    }
}
