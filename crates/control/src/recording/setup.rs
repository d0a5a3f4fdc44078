//! How a recorded store was set up: what of its options decides what it does, and nothing that is a secret or of one machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clock::ClockMode;
use infostore::{Authentication, Limits, Pacing, Settings};
use registry_poll::{AnsiCodePage, KeyTree, MemoryKeyStore, RegFile, RegFileVersion, Registry};
use serde::{Deserialize, Serialize};
use server::{AccountName, Directory, DomainName, NtHash, StoreOptions, User, UserDn, UserRights};

use crate::scalars::{BuildText, Length, SeedText, Time};
use crate::setting_names::{DisconnectName, LevelName, PolicyModeName, WatchName};

/// Entries that the journal of a recorded store keeps: more than one step of the store can make.
const JOURNAL_ENTRIES: usize = 250_000;
/// Bytes that they may weigh.
const JOURNAL_BYTES: usize = 512 << 20;

/// How a recorded store was set up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    seed: SeedText,
    /// Where its manual clock began.
    now: Time,
    build: BuildText,
    poll_interval: Length,
    registry_watch: WatchName,
    disconnect: DisconnectName,
    policy_mode: PolicyModeName,
    anonymous: bool,
    min_auth_level: LevelName,
    async_notifications: bool,
    polls_max: Length,
    retry: u32,
    retry_delay: Length,
    limits: LimitsText,
    /// Whether it had a port.
    rpc: bool,
    /// Whether the endpoint mapper had one.
    epm: bool,
    domain: String,
    /// Its users, without what they prove themselves with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    users: Vec<KnownUser>,
    /// What its registry began with, a `.reg` file, where it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsText {
    sessions: usize,
    classes: usize,
    names_per_session: usize,
    journal_entries: usize,
    journal_bytes: usize,
    polls_kept: usize,
    polls_bytes: usize,
    snapshots: usize,
    snapshot_bytes: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownUser {
    name: String,
    dn: String,
    #[serde(default)]
    admin: bool,
}

/// Why a store can't be recorded, or be set up as one was.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SetupError {
    /// Nobody can do again at its instant what came at an instant of the wall.
    #[error("only a store with a manual clock can be recorded")]
    NotManual,
    /// Its registry can't be read.
    #[error("its registry can't be recorded: {0}")]
    Registry(String),
    /// A user is none.
    #[error("user `{name}` is none: {why}")]
    User {
        /// Its name.
        name: String,
        /// One clause.
        why: String,
    },
    /// The domain is none.
    #[error("domain `{0}` is none")]
    Domain(String),
}

impl Setup {
    /// Makes ready to be recorded what a store is to be started with: its time begins where it is told, its registry is read once
    /// and is in memory from then on, and its journal keeps more than one step can make.
    ///
    /// # Errors
    /// [`SetupError::NotManual`], [`SetupError::Registry`].
    pub fn of(options: &mut StoreOptions) -> Result<Self, SetupError> {
        if options.clock != ClockMode::Manual {
            return Err(SetupError::NotManual);
        }
        let now = *options.start.get_or_insert_with(server::wall_time);
        let tree = options.registry.as_ref().map(|registry| registry.tree());
        let tree = tree.transpose().map_err(|error| SetupError::Registry(error.to_string()))?;
        let registry = tree.as_deref().map(written).transpose()?;
        options.registry =
            tree.map(|tree| -> Arc<dyn Registry> { Arc::new(MemoryKeyStore::holding(tree)) });
        let limits = &mut options.settings.limits;
        limits.journal_entries = limits.journal_entries.max(JOURNAL_ENTRIES);
        limits.journal_bytes = limits.journal_bytes.max(JOURNAL_BYTES);
        Ok(Self::with(options, Time(now), registry))
    }

    fn with(options: &StoreOptions, now: Time, registry: Option<String>) -> Self {
        let Settings {
            build,
            poll_interval,
            registry_watch,
            disconnect,
            policy_mode,
            authentication: Authentication { anonymous, min_level },
            async_notifications,
            pacing: Pacing { polls_max_ms, retry, retry_delay_ms },
            limits,
        } = options.settings.clone();
        Self {
            seed: SeedText(options.seed),
            now,
            build: BuildText(build),
            poll_interval: Length(poll_interval),
            registry_watch: registry_watch.into(),
            disconnect: disconnect.into(),
            policy_mode: policy_mode.into(),
            anonymous,
            min_auth_level: min_level.into(),
            async_notifications,
            polls_max: Length::of_ms(polls_max_ms),
            retry,
            retry_delay: Length::of_ms(retry_delay_ms),
            limits: limits.into(),
            rpc: options.rpc.is_some(),
            epm: options.epm.is_some(),
            domain: options.directory.domain().as_str().to_owned(),
            users: options.directory.after(None).map(KnownUser::from).collect(),
            registry,
        }
    }

    /// What a store is to be started with that does the same; its ports are any free ones.
    ///
    /// # Errors
    /// When the registry, a user or the domain is none, which what was recorded never is.
    pub fn options(&self, max_connections: usize) -> Result<StoreOptions, SetupError> {
        let port = |is_wanted: bool| is_wanted.then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let registry = self.registry.as_deref().map(read).transpose()?;
        Ok(StoreOptions {
            settings: self.settings(),
            clock: ClockMode::Manual,
            start: Some(self.now.0),
            seed: self.seed.0,
            rpc: port(self.rpc),
            epm: port(self.epm),
            registry: registry
                .map(|tree| -> Arc<dyn Registry> { Arc::new(MemoryKeyStore::holding(tree)) }),
            directory: self.directory()?,
            capture: None,
            max_connections,
        })
    }

    fn settings(&self) -> Settings {
        let milliseconds =
            |Length(length): Length| Pacing::milliseconds(length).unwrap_or(u32::MAX);
        Settings {
            build: self.build.0,
            poll_interval: self.poll_interval.0.max(Duration::from_micros(1)),
            registry_watch: self.registry_watch.into(),
            disconnect: self.disconnect.into(),
            policy_mode: self.policy_mode.into(),
            authentication: Authentication {
                anonymous: self.anonymous,
                min_level: self.min_auth_level.into(),
            },
            async_notifications: self.async_notifications,
            pacing: Pacing {
                polls_max_ms: milliseconds(self.polls_max),
                retry: self.retry,
                retry_delay_ms: milliseconds(self.retry_delay),
            },
            limits: self.limits.into(),
        }
    }

    fn directory(&self) -> Result<Directory, SetupError> {
        let domain = DomainName::parse(&self.domain);
        let domain = domain.map_err(|_| SetupError::Domain(self.domain.clone()))?;
        let mut directory = Directory::new(domain);
        for user in &self.users {
            let no_user = |why: String| SetupError::User { name: user.name.clone(), why };
            let known = user.user().map_err(|error| no_user(error.to_string()))?;
            directory.put(known).map_err(|error| no_user(error.to_string()))?;
        }
        Ok(directory)
    }
}

impl KnownUser {
    /// The user, with nothing that anybody could prove.
    fn user(&self) -> Result<User, server::UserError> {
        let dn = Some(UserDn::parse(&self.dn)?);
        let rights = UserRights { dn, is_admin: self.admin };
        User::new(AccountName::parse(&self.name)?, NtHash::of_password(""), rights)
    }
}

impl From<&User> for KnownUser {
    fn from(user: &User) -> Self {
        Self {
            name: user.name().to_string(),
            dn: user.dn().as_str().to_owned(),
            admin: user.is_admin(),
        }
    }
}

impl From<Limits> for LimitsText {
    fn from(limits: Limits) -> Self {
        let Limits {
            sessions,
            classes,
            names_per_session,
            journal_entries,
            journal_bytes,
            polls_kept,
            polls_bytes,
            snapshots,
            snapshot_bytes,
        } = limits;
        Self {
            sessions,
            classes,
            names_per_session,
            journal_entries,
            journal_bytes,
            polls_kept,
            polls_bytes,
            snapshots,
            snapshot_bytes,
        }
    }
}

impl From<LimitsText> for Limits {
    fn from(limits: LimitsText) -> Self {
        Self {
            sessions: limits.sessions,
            classes: limits.classes,
            names_per_session: limits.names_per_session,
            journal_entries: limits.journal_entries,
            journal_bytes: limits.journal_bytes,
            polls_kept: limits.polls_kept,
            polls_bytes: limits.polls_bytes,
            snapshots: limits.snapshots,
            snapshot_bytes: limits.snapshot_bytes,
        }
    }
}

/// A registry as a `.reg` file of Unicode, in UTF-8.
fn written(tree: &KeyTree) -> Result<String, SetupError> {
    let failed = |what: String| SetupError::Registry(what);
    let keys = tree.keys().map(|key| {
        let values = key.values().map(|(name, value)| (name.clone(), value.clone()));
        (key.path().clone(), values.collect())
    });
    let bytes = RegFile::write(RegFileVersion::V5, AnsiCodePage::default(), keys)
        .map_err(|error| failed(error.to_string()))?;
    let (units, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let text = String::from_utf16(&units).map_err(|error| failed(error.to_string()))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn read(text: &str) -> Result<Arc<KeyTree>, SetupError> {
    let file = RegFile::parse(text.as_bytes(), AnsiCodePage::default())
        .map_err(|errors| SetupError::Registry(errors.first().to_string()))?;
    let mut tree = KeyTree::default();
    tree.apply_all(file.edits()).map_err(|error| SetupError::Registry(error.to_string()))?;
    Ok(Arc::new(tree))
}
