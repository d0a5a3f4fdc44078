//! The body of `POST /v1/stores`: what a new store is set up with.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clock::ClockMode;
use infostore::{Authentication, Limits, Pacing, Settings};
use serde::Deserialize;
use server::{PacingChange, Seed, StoreOptions, Stores};
use utoipa::ToSchema;

use crate::clock_mode::Mode;
use crate::given;
use crate::polls::checked_interval;
use crate::problem::{FieldError, Problem};
use crate::scalars::{AddressText, BuildText, Length, NameText, SeedText, Time};
use crate::setting_names::{DisconnectName, LevelName, PolicyModeName, WatchName};
use crate::users::{NewUser, directory};

/// Shorter, a store could be gone before its second request.
const SHORTEST_TTL: Duration = Duration::from_secs(1);

/// A store to make. It shares nothing with the others but the process's descriptors.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStore {
    /// Its name.
    pub(crate) name: NameText,
    /// What everything random is derived from; unless told, from the server's seed and the name, so that the same name on a
    /// server of the same seed has the same.
    seed: Option<SeedText>,
    /// How its time moves, and where it begins.
    #[serde(default, deserialize_with = "given::object")]
    clock: NewClock,
    /// Where its RPC port is, on a loopback address or where the RPC port of `default` is; port 0 takes any free one that
    /// no other store had. Without it the store has no port, and its clients use the pipe.
    rpc: Option<AddressText>,
    /// How long it lives unless somebody asks for it: an hour without a request, say. A wait or stream that is open keeps
    /// it; so does no RPC connection. At least a second; without it the store stays until it is deleted.
    ttl: Option<Length>,
    /// The build of the store service; that of the hotfix, unless told.
    build: Option<BuildText>,
    /// Time between two polls; 15 minutes, unless told.
    poll_interval: Option<Length>,
    /// Whether a value that was not there when the service started is followed later.
    registry_watch: Option<WatchName>,
    /// What happens to the connections of sessions that the store ends.
    disconnect: Option<DisconnectName>,
    /// Whether the policy is acted on; it is, unless told.
    policy_mode: Option<PolicyModeName>,
    /// Whether it takes clients that do not say who they are; it does, unless told.
    anonymous: Option<bool>,
    /// How the call that opens a session has to be protected at least; `none` unless told.
    min_auth_level: Option<LevelName>,
    /// The NetBIOS name of its users' domain, 1 to 15 ASCII letters, digits, hyphens and underscores; `EXSTORE` unless told.
    #[schema(min_length = 1, max_length = 15, pattern = "^[A-Za-z0-9_-]+$", example = "EXSTORE")]
    domain: Option<String>,
    /// Its users.
    #[serde(default)]
    users: Vec<NewUser>,
    /// Whether a store of Exchange 2007 gives out handles to wait for events with (EcDoAsyncConnectEx); it does, unless told. Other
    /// builds do not look at it.
    async_notifications: Option<bool>,
    /// How long clients are told to go at most without asking for events (pcmsPollsMax), in whole milliseconds; `60s` unless told.
    polls_max: Option<Length>,
    /// How often clients are told to make a call again that found the server too busy (pcRetry); 6 unless told.
    #[schema(maximum = 4_294_967_295_u32)]
    retry: Option<u32>,
    /// How long they are told to wait before each (pcmsRetryDelay), in whole milliseconds; `10s` unless told.
    retry_delay: Option<Length>,
    /// How much it takes: less than stores do by themselves, never more.
    #[serde(default, deserialize_with = "given::object")]
    limits: NewLimits,
}

/// The clock of a new store.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct NewClock {
    /// How its time moves; `real`, unless told.
    #[schema(value_type = Option<Mode>)]
    mode: Option<Mode>,
    /// Where its time begins; the wall clock's, unless told.
    now: Option<Time>,
}

/// The limits of a new store, each from 1 to what it is unless told.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct NewLimits {
    /// Sessions at a time.
    sessions: Option<usize>,
    /// Distinct combinations of process names and version at a time.
    classes: Option<usize>,
    /// Process names that one session may report.
    names_per_session: Option<usize>,
    /// Entries that the journal keeps.
    journal_entries: Option<usize>,
    /// Bytes that they may weigh.
    journal_bytes: Option<usize>,
    /// Polls that the ledger keeps.
    polls_kept: Option<usize>,
    /// Bytes that they may weigh.
    polls_bytes: Option<usize>,
    /// Snapshots that it holds.
    snapshots: Option<usize>,
    /// Bytes that they may weigh together.
    snapshot_bytes: Option<usize>,
    /// TCP connections at a time.
    connections: Option<usize>,
}

/// A limit that may be lower than it is unless told, and not higher: a request can't make a server take more.
fn lowered(field: &str, asked: Option<usize>, most: usize) -> Result<usize, Problem> {
    match asked {
        None => Ok(most),
        Some(asked) if (1..=most).contains(&asked) => Ok(asked),
        Some(asked) => {
            let detail = format!("it is {asked}, and can be 1 to {most}");
            Err(Problem::body(FieldError::at(format!("#/limits/{field}"), detail)))
        }
    }
}

impl NewLimits {
    fn limits(&self) -> Result<Limits, Problem> {
        let most = Limits::default();
        Ok(Limits {
            sessions: lowered("sessions", self.sessions, most.sessions)?,
            classes: lowered("classes", self.classes, most.classes)?,
            names_per_session: lowered(
                "names_per_session",
                self.names_per_session,
                most.names_per_session,
            )?,
            journal_entries: lowered(
                "journal_entries",
                self.journal_entries,
                most.journal_entries,
            )?,
            journal_bytes: lowered("journal_bytes", self.journal_bytes, most.journal_bytes)?,
            polls_kept: lowered("polls_kept", self.polls_kept, most.polls_kept)?,
            polls_bytes: lowered("polls_bytes", self.polls_bytes, most.polls_bytes)?,
            snapshots: lowered("snapshots", self.snapshots, most.snapshots)?,
            snapshot_bytes: lowered("snapshot_bytes", self.snapshot_bytes, most.snapshot_bytes)?,
        })
    }
}

impl NewStore {
    /// What the store is to be started with.
    pub(crate) fn options(
        &mut self,
        stores: &Stores,
        reach: IpAddr,
    ) -> Result<StoreOptions, Problem> {
        let defaults = Settings::default();
        let interval =
            self.poll_interval.map(|interval| checked_interval("poll_interval", interval));
        let connections = stores.max_connections();
        Ok(StoreOptions {
            settings: Settings {
                build: self.build.map_or(defaults.build, |BuildText(build)| build),
                poll_interval: interval.transpose()?.unwrap_or(defaults.poll_interval),
                registry_watch: self.registry_watch.map_or(defaults.registry_watch, Into::into),
                disconnect: self.disconnect.map_or(defaults.disconnect, Into::into),
                policy_mode: self.policy_mode.map_or(defaults.policy_mode, Into::into),
                authentication: Authentication {
                    anonymous: self.anonymous.unwrap_or(defaults.authentication.anonymous),
                    min_level: self
                        .min_auth_level
                        .map_or(defaults.authentication.min_level, Into::into),
                },
                async_notifications: self
                    .async_notifications
                    .unwrap_or(defaults.async_notifications),
                pacing: pacing_change(self.polls_max, self.retry, self.retry_delay)?
                    .made_of(defaults.pacing)
                    .unwrap_or(defaults.pacing),
                limits: self.limits.limits()?,
            },
            directory: directory(self.domain.as_deref(), core::mem::take(&mut self.users))?,
            clock: self.clock.mode.map_or(ClockMode::Real, |Mode(mode)| mode),
            start: self.clock.now.map(|Time(now)| now),
            seed: self.seed(stores),
            rpc: self.rpc.map(|address| reachable(address, reach)).transpose()?,
            epm: None,
            registry: None,
            capture: None,
            max_connections: lowered("connections", self.limits.connections, connections)?,
        })
    }

    fn seed(&self, stores: &Stores) -> Seed {
        let NameText(name) = &self.name;
        self.seed.map_or_else(|| stores.seed_of(name), |SeedText(seed)| seed)
    }

    /// How long it lives unless somebody asks for it.
    pub(crate) fn ttl(&self) -> Result<Option<Duration>, Problem> {
        self.ttl.map(checked_ttl).transpose()
    }
}

/// What a body says of how clients are told to come back, when the protocol can say it.
pub(crate) fn pacing_change(
    polls_max: Option<Length>,
    retry: Option<u32>,
    retry_delay: Option<Length>,
) -> Result<PacingChange, Problem> {
    let checked = |field, Length(length)| {
        Pacing::milliseconds(length).ok_or_else(|| {
            let detail = "it is a whole number of milliseconds, `4294967295ms` at most";
            Problem::body(FieldError::at(format!("#/{field}"), detail))
        })
    };
    Ok(PacingChange {
        polls_max_ms: polls_max.map(|length| checked("polls_max", length)).transpose()?,
        retry,
        retry_delay_ms: retry_delay.map(|length| checked("retry_delay", length)).transpose()?,
    })
}

/// The time that a body gives a store, when it is long enough.
pub(crate) fn checked_ttl(Length(ttl): Length) -> Result<Duration, Problem> {
    if SHORTEST_TTL <= ttl {
        return Ok(ttl);
    }
    Err(Problem::body(FieldError::at("#/ttl", "the shortest time to live is `1s`")))
}

/// A request opens no port where whoever started the server has opened none: on loopback, or where `default` is reached.
fn reachable(AddressText(address): AddressText, reach: IpAddr) -> Result<SocketAddr, Problem> {
    if address.ip().is_loopback() || address.ip() == reach {
        return Ok(address);
    }
    let detail = format!(
        "`{}` is neither a loopback address nor that of the RPC port of `default`",
        address.ip()
    );
    let hint = "write 127.0.0.1:0, or start the server with --rpc on that address";
    Err(Problem::body(FieldError::at("#/rpc", detail)).hint(hint))
}
