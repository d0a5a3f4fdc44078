//! What a store is set up with.

use core::fmt;
use core::time::Duration;

use crate::journal::Capacity;

/// The build of Store.exe that is simulated, such as 6.5.7651.19.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Build {
    /// 6 for Exchange 2003.
    pub major: u16,
    /// 5 for Exchange 2003.
    pub minor: u16,
    /// 7638 for SP2, 7651 with the hotfix.
    pub build: u16,
    /// 19 with the hotfix.
    pub revision: u16,
}

impl Build {
    /// The hotfix of KB 920185.
    pub const KB_920185: Self = Self { major: 6, minor: 5, build: 7651, revision: 19 };
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, build, revision } = self;
        write!(f, "{major}.{minor}.{build}.{revision}")
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
        }
    }
}

/// What a store is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The simulated build.
    pub build: Build,
    /// Time between two polls; the article's 15 minutes.
    pub poll_interval: Duration,
    /// The limits.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            build: Build::KB_920185,
            poll_interval: Duration::from_secs(900),
            limits: Limits::default(),
        }
    }
}
