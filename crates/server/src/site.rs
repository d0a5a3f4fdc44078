//! What every connection of a store shares: how the server presents itself, and its clock.

use std::sync::{Arc, Mutex, PoisonError};

use clock::SimTime;
use dcerpc::AssociationConfig;
use emsmdb::WireVersion;
use infostore::Build;

use crate::wall::WallClock;

/// Milliseconds between two polls for events, pcmsPollsMax.
pub(crate) const POLLS_MAX_MS: u32 = 60_000;
/// Retries of a call that found the server too busy, pcRetry.
pub(crate) const RETRY: u32 = 6;
/// Milliseconds between them, pcmsRetryDelay.
pub(crate) const RETRY_DELAY_MS: u32 = 10_000;
/// szDNPrefix: what the distinguished names of this organisation's recipients begin with.
pub(crate) const DN_PREFIX: &[u8] =
    b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=";

/// What every connection of a store shares.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) clock: Arc<WallClock>,
    pub(crate) association: Arc<AssociationConfig>,
    /// rgwServerVersion, which another build changes when the service starts.
    server_version: Mutex<WireVersion>,
}

impl Site {
    pub(crate) fn new(
        clock: Arc<WallClock>,
        association: Arc<AssociationConfig>,
        build: Build,
    ) -> Self {
        Self { clock, association, server_version: Mutex::new(server_version(build)) }
    }

    /// rgwServerVersion.
    pub(crate) fn server_version(&self) -> WireVersion {
        // A version is written whole, so a poisoned lock still guards one.
        *self.server_version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service runs this build from now on.
    pub(crate) fn run_build(&self, build: Build) {
        *self.server_version.lock().unwrap_or_else(PoisonError::into_inner) = server_version(build);
    }

    pub(crate) fn now(&self) -> SimTime {
        self.clock.now()
    }
}

/// rgwServerVersion of a build. A 6.x store sends the old form, which has no minor version: 6.5.7651.19 is
/// `0006 1DE3 0013` (chosen: no capture of Exchange 2003 is public). Later ones send the new form.
fn server_version(build: Build) -> WireVersion {
    let Build { major, minor, build, revision } = build;
    let old = WireVersion([major, build, revision]);
    if major < FIRST_IN_NEW_FORM {
        return old;
    }
    WireVersion::encode_new([major, minor, build, revision]).unwrap_or(old)
}

/// Exchange 2007.
const FIRST_IN_NEW_FORM: u16 = 8;
