//! What a store is set up with.

use core::time::Duration;

use crate::build::Build;
use crate::journal::Capacity;

/// Whether a value that was not there when the service started is followed later (policy A13).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RegistryWatch {
    /// R1, the Note of the article: every poll reads both values, and no restart is ever needed.
    #[default]
    Always,
    /// R2, the article's procedure to the letter, "create, then restart": a value is polled when it existed at the last
    /// start, and then its changes count at once.
    ArmedAtStart,
}

/// What "disconnected" means for a connection (policy A20).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DisconnectMode {
    /// The connections of a group without a live session are closed at once.
    #[default]
    Connection,
    /// No connection is closed; the next call on a dead handle is told.
    Context,
}

/// Whether the policy is acted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PolicyMode {
    /// The article's behaviour: a client that the policy forbids is refused, and its session ended.
    #[default]
    Enforce,
    /// Everything is decided and journalled, and nobody is refused or disconnected for it.
    Audit,
}

/// How a call is protected: the authentication levels of [MS-RPCE] 2.2.1.1.8, each with what those below it have.
///
/// [MS-RPCE]: https://learn.microsoft.com/openspecs/windows_protocols/ms-rpce
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum ProtectionLevel {
    /// Nobody says who calls.
    #[default]
    None,
    /// Who calls was proved when the connection was made.
    Connect,
    /// As [`ProtectionLevel::Packet`], which servers take it for.
    Call,
    /// Each packet is from whoever it was.
    Packet,
    /// No packet was changed on the way.
    Integrity,
    /// Nobody has read it either.
    Privacy,
}

impl ProtectionLevel {
    /// Every level, the lowest first.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Connect, Self::Call, Self::Packet, Self::Integrity, Self::Privacy];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Connect => "connect",
            Self::Call => "call",
            Self::Packet => "packet",
            Self::Integrity => "integrity",
            Self::Privacy => "privacy",
        }
    }
}

/// Whom a store lets open sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Authentication {
    /// Whether it takes clients that do not say who they are.
    pub anonymous: bool,
    /// How the call that opens a session has to be protected at least.
    pub min_level: ProtectionLevel,
}

impl Default for Authentication {
    fn default() -> Self {
        Self { anonymous: true, min_level: ProtectionLevel::None }
    }
}

/// How much a store takes. Each limit is a named refusal, or, for what it remembers, the oldest leaving first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Sessions at a time.
    pub sessions: usize,
    /// Distinct combinations of process names and version at a time.
    pub classes: usize,
    /// Process names that one session may report.
    pub names_per_session: usize,
    /// Journal entries kept.
    pub journal_entries: usize,
    /// Bytes that they may weigh, with what clients said of themselves.
    pub journal_bytes: usize,
    /// Polls kept in the ledger.
    pub polls_kept: usize,
    /// Bytes that they may weigh, with the texts of the lists; the last poll is kept whatever it weighs.
    pub polls_bytes: usize,
    /// Snapshots that a store holds.
    pub snapshots: usize,
    /// Bytes that they may weigh together.
    pub snapshot_bytes: usize,
}

impl Limits {
    pub(crate) fn journal_capacity(&self) -> Capacity {
        Capacity { entries: self.journal_entries, bytes: self.journal_bytes }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 100_000,
            classes: 10_000,
            names_per_session: 64,
            journal_entries: 100_000,
            journal_bytes: 128 << 20,
            polls_kept: 1_000,
            polls_bytes: 32 << 20,
            snapshots: 100,
            snapshot_bytes: 1 << 30,
        }
    }
}

/// What a client is told, when it connects, of how to come back: pcmsPollsMax, pcRetry and pcmsRetryDelay (\[MS-OXCRPC\] 3.1.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pacing {
    /// Milliseconds between two polls for events, for a client that gets no datagrams.
    pub polls_max_ms: u32,
    /// How often it makes a call again that found the server too busy.
    pub retry: u32,
    /// Milliseconds before each.
    pub retry_delay_ms: u32,
}

impl Pacing {
    /// A length as the protocol has it: whole milliseconds in 32 bits; none where it can't be said so.
    #[must_use]
    pub fn milliseconds(length: Duration) -> Option<u32> {
        let milliseconds = u32::try_from(length.as_millis()).ok()?;
        (Duration::from_millis(milliseconds.into()) == length).then_some(milliseconds)
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self { polls_max_ms: 60_000, retry: 6, retry_delay_ms: 10_000 }
    }
}

/// What a store is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The build installed; the service runs the one that was installed when it started.
    pub build: Build,
    /// Time between two polls; the article's 15 minutes.
    pub poll_interval: Duration,
    /// Whether a value created later is followed.
    pub registry_watch: RegistryWatch,
    /// What happens to the connections of sessions that the store ended.
    pub disconnect: DisconnectMode,
    /// Whether the policy is acted on.
    pub policy_mode: PolicyMode,
    /// Whom it lets open sessions.
    pub authentication: Authentication,
    /// Whether Exchange 2007 gives out handles to wait for events with.
    pub async_notifications: bool,
    /// How clients that connect are told to come back.
    pub pacing: Pacing,
    /// The limits.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            build: Build::KB_920185,
            poll_interval: Duration::from_secs(900),
            registry_watch: RegistryWatch::Always,
            disconnect: DisconnectMode::Connection,
            policy_mode: PolicyMode::Enforce,
            authentication: Authentication::default(),
            async_notifications: true,
            pacing: Pacing::default(),
            limits: Limits::default(),
        }
    }
}
