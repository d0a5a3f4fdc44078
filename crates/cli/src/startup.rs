//! A store with its control plane, started in this process, and the object that tells where they are.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clock::ClockMode;
use control::{Access, BindError, Bound, Bundle, ControlConfig, ControlLimits, Secret};
use infostore::{Authentication, DisconnectMode, Limits, Pacing, RegistryWatch, Settings};
use registry_poll::{AnsiCodePage, FileKeyStore, Registry};
use rlimit::Resource;
use serde::Serialize;
use server::{DEFAULT_STORE, Seed, StartError, StoreHandle, StoreOptions, Stores};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::args::{Disconnect, Setup, Watch};
use crate::exit::{Code, Failure};
use crate::record::{RecordFile, Recording};
use crate::sockets::client_sockets;
use crate::users_file;

/// Injected TCP clients whose own ends are in this process at the most.
const OWN_CLIENT_SOCKETS: usize = 512;

/// Descriptors that are left for files and listeners.
const RESERVED_DESCRIPTORS: u64 = 256;

/// Connections of the control plane for which there are descriptors: a quarter, as far as it takes so many.
fn control_connections() -> usize {
    let most = ControlLimits::default().connections;
    usize::try_from(descriptors() / 4).unwrap_or(most).clamp(64, most)
}

/// Descriptors that the process may have: all that it may ask for.
pub(crate) fn descriptors() -> u64 {
    rlimit::increase_nofile_limit(u64::MAX)
        .or_else(|_| Resource::NOFILE.get_soft())
        .unwrap_or(1_024)
}

/// Descriptors that are left for the RPC ports and the injected TCP clients.
fn free_descriptors() -> usize {
    let control = u64::try_from(control_connections()).unwrap_or(u64::MAX);
    let others = control.saturating_add(RESERVED_DESCRIPTORS);
    let free = descriptors().saturating_sub(others).max(RESERVED_DESCRIPTORS);
    usize::try_from(free).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

/// Injected TCP clients whose own ends are in this process; those of others are with helpers.
fn own_client_sockets() -> usize {
    (free_descriptors() / 8).min(OWN_CLIENT_SOCKETS)
}

/// TCP connections that the stores take together: as many as the process may have descriptors, less some.
pub(crate) fn max_connections() -> usize {
    free_descriptors().saturating_sub(own_client_sockets())
}

/// A store and its control plane, both listening.
pub(crate) struct Running {
    pub(crate) store: StoreHandle,
    pub(crate) stores: Arc<Stores>,
    pub(crate) control: Bound,
    /// Where it is recorded.
    pub(crate) recording: Option<Recording>,
}

/// How a control plane is to be set up.
pub(crate) struct Plane {
    pub(crate) address: SocketAddr,
    pub(crate) access: Access,
    pub(crate) allow_shutdown: bool,
    /// The file that the store is recorded in.
    pub(crate) record: Option<PathBuf>,
}

impl Plane {
    /// One that takes requests from whoever reaches this address.
    pub(crate) fn on(address: SocketAddr) -> Self {
        Self { address, access: Access::default(), allow_shutdown: false, record: None }
    }
}

/// What a program that started a store has to know.
#[derive(Serialize)]
pub(crate) struct Ready {
    event: &'static str,
    version: &'static str,
    pid: u32,
    seed: String,
    control: String,
    stores: BTreeMap<&'static str, ReadyStore>,
}

#[derive(Serialize)]
struct ReadyStore {
    rpc: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epm: Option<SocketAddr>,
}

impl Ready {
    /// The same for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("exstore {} is ready", self.version),
            format!("  control plane    {}", self.control),
            format!("  documentation    {}/docs", self.control),
        ];
        for store in self.stores.values() {
            lines.extend(store.rpc.map(|address| format!("  RPC              {address}")));
            lines.extend(store.epm.map(|address| format!("  endpoint mapper  {address}")));
        }
        lines.push(format!("  seed             {}", self.seed));
        lines
    }
}

impl Running {
    /// Starts a store, then its control plane; both listen when this returns.
    pub(crate) async fn start(mut options: StoreOptions, plane: Plane) -> Result<Self, Failure> {
        let file = plane.record.as_deref().map(|path| RecordFile::create(path, &mut options));
        let file = file.transpose()?;
        let store = StoreHandle::start(options).await.map_err(|error| cannot_start(&error))?;
        store.hold_clients_with(client_sockets(own_client_sockets()));
        let recording = match file {
            Some(file) => Some(file.record(&store).await?),
            None => None,
        };
        let stores = Arc::new(Stores::new(store.clone()));
        let config = ControlConfig {
            address: plane.address,
            stores: Arc::clone(&stores),
            allow_shutdown: plane.allow_shutdown,
            access: plane.access,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            limits: ControlLimits {
                connections: control_connections(),
                ..ControlLimits::default()
            },
            recorder: recording.as_ref().map(|recording| recording.recorder.clone()),
            dashboard: Bundle::built_in(),
        };
        let control = control::bind(config).await.map_err(|error| cannot_bind(&error))?;
        Ok(Self { store, stores, control, recording })
    }

    /// The ready object.
    pub(crate) fn ready(&self) -> Ready {
        let store = ReadyStore { rpc: self.store.rpc_address(), epm: self.store.epm_address() };
        Ready {
            event: "ready",
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            seed: self.store.seed().to_string(),
            control: self.url(),
            stores: BTreeMap::from([(DEFAULT_STORE, store)]),
        }
    }

    /// What logs a browser in, once. An address that stands for all of the machine's is no place to go to.
    pub(crate) fn login_link(&self, ticket: &Secret) -> String {
        let mut address = self.control.local_addr();
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        format!("http://{address}/login?ticket={}", ticket.expose())
    }

    /// The control plane's URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.control.local_addr())
    }
}

/// The runtime of a command that runs a store.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Runtime::new().map_err(|error| Failure::from_error(Code::Internal, &error))
}

/// Runs blocking work beside the server, without keeping its threads from it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|error| Err(Failure::from_error(Code::Internal, &error)))
}

/// How a store is set up that has no port yet.
pub(crate) fn options(setup: &Setup, clock: ClockMode) -> Result<StoreOptions, Failure> {
    let registry = setup.registry.as_deref().map(|file| registry(file, setup.code_page));
    Ok(StoreOptions {
        settings: Settings {
            build: setup.build,
            poll_interval: setup.poll_interval,
            registry_watch: match setup.registry_watch {
                Watch::Always => RegistryWatch::Always,
                Watch::ArmedAtStart => RegistryWatch::ArmedAtStart,
            },
            disconnect: match setup.disconnect {
                Disconnect::Connection => DisconnectMode::Connection,
                Disconnect::Context => DisconnectMode::Context,
            },
            policy_mode: setup.policy_mode.into(),
            authentication: Authentication {
                anonymous: setup.anonymous,
                min_level: setup.min_auth_level.into(),
            },
            async_notifications: setup.async_notifications,
            pacing: Pacing {
                polls_max_ms: setup.polls_max,
                retry: setup.retry,
                retry_delay_ms: setup.retry_delay,
            },
            limits: Limits::default(),
        },
        clock,
        start: setup.now,
        seed: setup.seed.map_or_else(random_seed, Ok)?,
        rpc: None,
        epm: None,
        registry: registry.transpose()?,
        directory: users_file::directory(setup.domain.clone(), setup.users.as_deref())?,
        capture: setup.pcap.clone(),
        max_connections: max_connections(),
    })
}

fn registry(file: &Path, code_page: AnsiCodePage) -> Result<Arc<dyn Registry>, Failure> {
    let store = FileKeyStore::open(file, code_page)
        .map_err(|error| Failure::from_error(Code::BadInput, &error))?;
    Ok(Arc::new(store))
}

fn random_seed() -> Result<Seed, Failure> {
    Seed::random().map_err(|error| Failure::from_error(Code::Internal, &error))
}

fn cannot_start(error: &StartError) -> Failure {
    let hint = match error {
        StartError::Random(_) => return Failure::from_error(Code::Internal, error),
        StartError::Capture { .. } => {
            "name a folder with --pcap that is there and can be written to"
        }
        StartError::Bind { .. } | StartError::Stopped => {
            "choose another address with --rpc; port 0 takes any free one"
        }
        StartError::BindMapper { .. } => {
            "choose another address with --epm; ports below 1024 are the system's, and port 0 takes any free one"
        }
    };
    Failure::from_error(Code::Internal, error).hint(hint)
}

fn cannot_bind(error: &BindError) -> Failure {
    match error {
        BindError::Listen { .. } => Failure::from_error(Code::Internal, error)
            .hint("choose another address with --control; port 0 takes any free one"),
        BindError::Unprotected(_) => Failure::from_error(Code::Usage, error).hint(
            "ask for a token with --token-file FILE, which is made when there is none; or say --insecure",
        ),
    }
}
