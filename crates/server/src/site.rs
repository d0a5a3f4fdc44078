//! What every connection of a store shares: how the server presents itself, on which ports, and its clock.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use clock::SimTime;
use dcerpc::epm::{EPM, Registration};
use dcerpc::mgmt::MGMT;
use dcerpc::{AssociationConfig, SecurityOptions, SyntaxId, Uuid};
use emsmdb::WireVersion;
use infostore::{Build, Stage};
use tokio::sync::watch;

use crate::accounts::{SiteAccounts, server_names};
use crate::capture::Capture;
use crate::challenges::Challenges;
use crate::options::StoreOptions;
use crate::traffic::Traffic;
use crate::transcript::{TRANSCRIPT_BYTES, Transcripts};
use crate::wall::WallClock;

/// The interface of the store.
pub(crate) const EMSMDB: SyntaxId = SyntaxId {
    uuid: Uuid::from_u128(emsmdb::EMSMDB_UUID),
    major: emsmdb::EMSMDB_VERSION.0,
    minor: emsmdb::EMSMDB_VERSION.1,
};

/// The interface of waiting for events.
pub(crate) const ASYNC_EMSMDB: SyntaxId = SyntaxId {
    uuid: Uuid::from_u128(emsmdb::ASYNC_EMSMDB_UUID),
    major: emsmdb::ASYNC_EMSMDB_VERSION.0,
    minor: emsmdb::ASYNC_EMSMDB_VERSION.1,
};

/// What a port is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PortKind {
    /// The store: the RPC port, and the pipe.
    Store,
    /// The endpoint mapper's own.
    Mapper,
}

/// What the store calls itself in a list of endpoints.
const ANNOTATION: &[u8] = b"Exchange Server STORE EMSMDB Interface";

/// szDNPrefix: what the distinguished names of this organisation's recipients begin with.
pub(crate) const DN_PREFIX: &[u8] =
    b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=";

/// What every connection of a store shares.
#[derive(Debug)]
pub(crate) struct Site {
    /// The store's name, for the log.
    pub(crate) name: String,
    pub(crate) clock: Arc<WallClock>,
    /// Where the RPC port is.
    rpc: Option<SocketAddr>,
    /// What the RPC port and the pipe offer.
    store_port: Arc<AssociationConfig>,
    /// The same, from Exchange 2007 on.
    async_port: Arc<AssociationConfig>,
    /// What the endpoint mapper's own port offers.
    mapper_port: Arc<AssociationConfig>,
    pub(crate) traffic: Traffic,
    /// Whom connections let in.
    pub(crate) accounts: Arc<SiteAccounts>,
    /// The build that runs, which changes when the service starts with another.
    build: Mutex<Build>,
    pub(crate) challenges: Challenges,
    pub(crate) transcripts: Transcripts,
    /// The stages that a fault rule looks at, a bit for each.
    disturbed: AtomicU8,
    /// Counts the ends of the service, which connections that have not bound yet wait for.
    ends: watch::Sender<u64>,
}

impl Site {
    /// The site of a store whose ports are open, with their numbers in `options`.
    pub(crate) fn new(
        name: &str,
        options: &StoreOptions,
        clock: Arc<WallClock>,
        (challenges, capture): (Challenges, Option<Arc<Capture>>),
    ) -> Self {
        let accounts = Arc::new(SiteAccounts::new(
            options.directory.clone(),
            options.settings.authentication.anonymous,
        ));
        let security = security(options, &accounts);
        let transcripts = Transcripts::new(TRANSCRIPT_BYTES, capture);
        transcripts.know(&options.directory);
        Self {
            name: name.to_owned(),
            clock,
            rpc: options.rpc,
            store_port: port(options.rpc, &[EMSMDB, EPM, MGMT], &security),
            async_port: port(options.rpc, &[EMSMDB, ASYNC_EMSMDB, EPM, MGMT], &security),
            mapper_port: port(options.epm, &[EPM, MGMT], &security),
            traffic: Traffic::default(),
            accounts,
            build: Mutex::new(options.settings.build),
            challenges,
            transcripts,
            disturbed: AtomicU8::new(0),
            ends: watch::Sender::new(0),
        }
    }

    /// What a port offers to a connection that comes now. A build that offers something else begins with no connection.
    pub(crate) fn port(&self, kind: PortKind) -> &Arc<AssociationConfig> {
        match kind {
            PortKind::Store if self.build() < Build::EXCHANGE_2007 => &self.store_port,
            PortKind::Store => &self.async_port,
            PortKind::Mapper => &self.mapper_port,
        }
    }

    /// rgwServerVersion.
    pub(crate) fn server_version(&self) -> WireVersion {
        server_version(self.build())
    }

    /// The build that runs.
    pub(crate) fn build(&self) -> Build {
        // A build is written whole, so a poisoned lock still guards one.
        *self.build.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a fault rule looks at `stage`: else nobody need ask.
    pub(crate) fn is_disturbed(&self, stage: Stage) -> bool {
        self.disturbed.load(Ordering::Acquire) & bit(stage) != 0
    }

    /// Fault rules look at these stages.
    pub(crate) fn set_disturbed(&self, stages: impl Iterator<Item = Stage>) {
        let bits = stages.fold(0, |bits, stage| bits | bit(stage));
        self.disturbed.store(bits, Ordering::Release);
    }

    /// Tells the next end of the service.
    pub(crate) fn next_end(&self) -> watch::Receiver<u64> {
        self.ends.subscribe()
    }

    /// Closes the connections that belong to no group: they have not bound.
    pub(crate) fn close_unbound(&self) {
        self.ends.send_modify(|ends| *ends = ends.wrapping_add(1));
    }

    /// The service runs this build from now on.
    pub(crate) fn run_build(&self, build: Build) {
        *self.build.lock().unwrap_or_else(PoisonError::into_inner) = build;
    }

    pub(crate) fn now(&self) -> SimTime {
        self.clock.now()
    }

    /// What the endpoint mapper tells a client that reached it at `reached`, over the pipe at none: where EMSMDB is.
    /// Nothing is registered when there is no RPC port, or none that such a client can reach over IPv4.
    pub(crate) fn registered(&self, reached: Option<IpAddr>) -> Option<Registration> {
        let address = tower_address(self.rpc?, reached)?;
        Some(Registration { interface: EMSMDB, address, annotation: ANNOTATION.to_vec() })
    }
}

fn bit(stage: Stage) -> u8 {
    match stage {
        Stage::Accept => 1,
        Stage::Bind => 1 << 1,
        Stage::Connect => 1 << 2,
        Stage::Rpc => 1 << 3,
        Stage::Disconnect => 1 << 4,
        Stage::Registry => 1 << 5,
        Stage::Poll => 1 << 6,
        Stage::Api => 1 << 7,
    }
}

/// How clients are authenticated: against the store's users, by a server of their domain.
fn security(options: &StoreOptions, accounts: &Arc<SiteAccounts>) -> SecurityOptions {
    let accounts = Arc::clone(accounts);
    SecurityOptions {
        accounts,
        names: Arc::new(server_names(options.directory.domain())),
        max_contexts: SecurityOptions::MAX_CONTEXTS,
    }
}

fn port(
    address: Option<SocketAddr>,
    interfaces: &[SyntaxId],
    security: &SecurityOptions,
) -> Arc<AssociationConfig> {
    Arc::new(AssociationConfig {
        interfaces: interfaces.to_vec(),
        secondary_address: address.map_or_else(String::new, |at| at.port().to_string()),
        security: Some(security.clone()),
        ..AssociationConfig::default()
    })
}

/// An RPC port on one address is there and nowhere else; one on every address is where the client has already got to. Towers
/// know IPv4 alone.
fn tower_address(rpc: SocketAddr, reached: Option<IpAddr>) -> Option<SocketAddrV4> {
    let ip = if rpc.ip().is_unspecified() {
        reached.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    } else {
        rpc.ip()
    };
    match ip.to_canonical() {
        IpAddr::V4(ip) => Some(SocketAddrV4::new(ip, rpc.port())),
        IpAddr::V6(_) => None,
    }
}

/// rgwServerVersion of a build. A 6.x store sends the old form, which has no minor version: 6.5.7651.19 is
/// `0006 1DE3 0013` (chosen: no capture of Exchange 2003 is public). Later ones send the new form.
fn server_version(build: Build) -> WireVersion {
    let is_old = build < Build::EXCHANGE_2007;
    let Build { major, minor, build, revision } = build;
    let old = WireVersion([major, build, revision]);
    if is_old {
        return old;
    }
    WireVersion::encode_new([major, minor, build, revision]).unwrap_or(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tower_s_address_is_one_that_the_client_can_reach() {
        for (row, rpc, reached, expected) in [
            ("one address", "10.0.0.1:1051", Some("10.0.0.1"), Some("10.0.0.1:1051")),
            ("another address", "10.0.0.1:1051", Some("127.0.0.1"), Some("10.0.0.1:1051")),
            ("every address", "0.0.0.0:1051", Some("10.0.0.2"), Some("10.0.0.2:1051")),
            ("the pipe", "10.0.0.1:1051", None, Some("10.0.0.1:1051")),
            ("the pipe, every address", "0.0.0.0:1051", None, Some("127.0.0.1:1051")),
            ("IPv6 to one address", "10.0.0.1:1051", Some("::1"), Some("10.0.0.1:1051")),
            ("IPv6 to every address", "[::]:1051", Some("fe80::1"), None),
            ("IPv4 within IPv6", "[::]:1051", Some("::ffff:10.0.0.2"), Some("10.0.0.2:1051")),
            ("an IPv6 port", "[::1]:1051", Some("10.0.0.2"), None),
            ("an IPv6 port, the pipe", "[::1]:1051", None, None),
        ] {
            let reached = reached.map(|ip| ip.parse().unwrap());
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(tower_address(rpc.parse().unwrap(), reached), expected, "{row}");
        }
    }
}
