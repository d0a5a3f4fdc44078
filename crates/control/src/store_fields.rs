//! A store as it is shown.

use std::net::SocketAddr;
use std::time::Duration;

use infostore::Limits;
use serde::Serialize;
use server::{StoreHandle, View};
use utoipa::ToSchema;

use crate::scalars::{BuildText, CursorText, Length, SeedText, Time};
use crate::setting_names::{DisconnectName, LevelName, PolicyModeName, WatchName};
use crate::time::ClockState;

/// A store.
#[derive(Serialize, ToSchema)]
#[schema(as = Store)]
pub(crate) struct StoreState {
    /// Its name.
    name: String,
    /// Its RPC port; null when it has none.
    #[schema(value_type = Option<String>, example = "127.0.0.1:8136")]
    rpc: Option<SocketAddr>,
    /// The seed of its random streams, in hexadecimal.
    seed: SeedText,
    /// How long it lives unless somebody asks for it; null when it stays.
    ttl: Option<Length>,
    /// Where its journal stands.
    cursor: CursorText,
    /// Whether it admits clients.
    running: bool,
    /// The policy in force.
    generation: u64,
    /// Its clock.
    clock: ClockState,
    /// When the next poll ends, as far as is known; null while the service is stopped.
    next_poll: Option<Time>,
    /// Its settings.
    settings: StoreSettings,
    /// How many there are, and were.
    counts: StoreCounts,
}

/// The settings of a store.
#[derive(Serialize, ToSchema)]
struct StoreSettings {
    /// The build of the store service that is installed; it runs from the next start of the service on.
    build: BuildText,
    /// Time between two polls.
    poll_interval: Length,
    /// Whether a value that was not there when the service started is followed later.
    registry_watch: WatchName,
    /// What happens to the connections of sessions that the store ended.
    disconnect: DisconnectName,
    /// Whether the policy is acted on.
    policy_mode: PolicyModeName,
    /// Whether it takes clients that do not say who they are.
    anonymous: bool,
    /// How the call that opens a session has to be protected at least.
    min_auth_level: LevelName,
    /// The NetBIOS name of its users' domain; fixed when it was made.
    #[schema(example = "EXSTORE")]
    domain: String,
    /// Whether a store of Exchange 2007 gives out handles to wait for events with.
    async_notifications: bool,
    /// How long clients are told to go at most without asking for events (pcmsPollsMax).
    polls_max: Length,
    /// How often clients are told to make a call again that found the server too busy (pcRetry).
    retry: u32,
    /// How long they are told to wait before each (pcmsRetryDelay).
    retry_delay: Length,
    /// How much it takes; fixed when it was made.
    limits: StoreLimits,
}

/// How much a store takes.
#[derive(Serialize, ToSchema)]
struct StoreLimits {
    /// Sessions at a time.
    sessions: usize,
    /// Distinct combinations of process names and version at a time.
    classes: usize,
    /// Process names that one session may report.
    names_per_session: usize,
    /// Entries that the journal keeps.
    journal_entries: usize,
    /// Bytes that they may weigh.
    journal_bytes: usize,
    /// Polls that the ledger keeps.
    polls_kept: usize,
    /// Bytes that they may weigh.
    polls_bytes: usize,
    /// Snapshots that it holds.
    snapshots: usize,
    /// Bytes that they may weigh together.
    snapshot_bytes: usize,
    /// TCP connections at a time; null where it is only limited by what all stores have together, which GET /v1/info
    /// tells.
    connections: Option<usize>,
}

/// How many there are, and were.
#[derive(Serialize, ToSchema)]
struct StoreCounts {
    /// Injected clients.
    clients: usize,
    /// Users.
    users: usize,
    /// Requests that wait for a condition.
    waits: usize,
    /// Live sessions.
    sessions: usize,
    /// Live sessions without a process name, which no process list can hit.
    unidentified: usize,
    /// Distinct combinations of process names and version among the live sessions.
    classes: usize,
    /// Clients admitted since the start.
    admitted: u64,
    /// Clients refused since the start.
    refused: u64,
    /// Sessions that the store ended since the start.
    disconnected: u64,
    /// Sessions that the policy would have kept from opening or ended since the start, had it been enforced.
    would_block: u64,
}

impl StoreSettings {
    fn new(view: View<'_>, connections: Option<usize>) -> Self {
        let store = view.store();
        let settings = store.settings();
        Self {
            build: BuildText(settings.build),
            poll_interval: Length(store.schedule().interval()),
            registry_watch: settings.registry_watch.into(),
            disconnect: settings.disconnect.into(),
            policy_mode: settings.policy_mode.into(),
            anonymous: settings.authentication.anonymous,
            min_auth_level: settings.authentication.min_level.into(),
            domain: view.directory().domain().to_string(),
            async_notifications: settings.async_notifications,
            polls_max: Length::of_ms(settings.pacing.polls_max_ms),
            retry: settings.pacing.retry,
            retry_delay: Length::of_ms(settings.pacing.retry_delay_ms),
            limits: StoreLimits::new(settings.limits, connections),
        }
    }
}

impl StoreLimits {
    fn new(limits: Limits, connections: Option<usize>) -> Self {
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
            connections,
        }
    }
}

/// What a store is known by outside of its task.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) handle: StoreHandle,
    pub(crate) ttl: Option<Duration>,
}

impl StoreState {
    /// What the store's task knows, with what is known of it outside.
    pub(crate) fn new(view: View<'_>, known: Known) -> Self {
        let Known { name, handle, ttl } = known;
        let store = view.store();
        let counts = store.counts();
        Self {
            name,
            rpc: handle.rpc_address(),
            seed: SeedText(handle.seed()),
            ttl: ttl.map(Length),
            cursor: CursorText(view.cursor()),
            running: store.is_running(),
            generation: store.generation().0,
            clock: ClockState::new(view),
            next_poll: view.next_poll().map(Time),
            settings: StoreSettings::new(view, handle.max_connections()),
            counts: StoreCounts {
                clients: view.client_count(),
                users: view.directory().len(),
                waits: view.wait_count(),
                sessions: counts.sessions,
                unidentified: counts.unidentified,
                classes: counts.classes,
                admitted: counts.admitted,
                refused: counts.refused,
                disconnected: counts.disconnected,
                would_block: counts.would_block,
            },
        }
    }
}
