//! The store on tokio: RPC and endpoint-mapper ports, one task for each store, registry reads, the wall clock.
//!
//! ```text
//!  TCP ── connection task ──┐                        ┌── InfoStore (the engine)
//!                     Endpoint ── Request/Answer ── Owner
//! pipe ── (owner's own step)┘                        └── injected clients
//! ```
//!
//! [`StoreHandle`] is the way in. Both transports run the same endpoint; the difference is who moves the bytes.

mod accounts;
mod advance;
mod async_waits;
mod budget;
mod capture;
mod challenges;
mod client;
mod client_group;
mod client_update;
mod clients;
mod connected;
mod directory;
mod disturbance;
mod endpoint;
mod faults;
mod group;
mod handle;
mod helpers;
mod hive;
mod holds;
mod identity;
mod image;
mod judge;
mod link;
mod listener;
mod notifications;
mod objects;
mod options;
mod owner;
mod ports;
mod process;
mod pump;
mod service;
mod session;
mod session_handles;
mod session_link;
mod site;
mod snapshots;
mod sockets;
mod stores;
mod tap;
mod totals;
mod traffic;
mod transcript;
mod user;
mod users;
mod waits;
mod wall;

pub use advance::{Advance, Advanced};
pub use client::{ClientAction, ClientView, FakeClient, Injection, ListedClient};
pub use client_group::{ClientGroup, ClientTemplate, ListedGroup, Scaled};
pub use client_update::{ClientUpdate, Respec};
pub use dcerpc::ntlm::{NtHash, NtHashError};
pub use directory::{Directory, MAX_USERS, TooManyUsers};
pub use faults::{ApiFault, FaultChange};
pub use handle::{
    Activity, PacingChange, Polled, SettingsChange, StoreError, StoreHandle, Told, View, Waiting,
};
pub use helpers::{ClientSockets, Helper, HelperSource, hold_sockets};
pub use hive::ListChange;
pub use identity::{disconnect_code, refusal_code};
pub use notifications::Notified;
pub use objects::{MAX_PENDING_EVENTS, MAX_SUBSCRIPTIONS};
pub use options::{Seed, SeedError, StartError, StoreOptions};
pub use owner::Beginning;
pub use snapshots::{RestoredStore, SnapshotInfo};
pub use stores::{CreateError, DEFAULT_STORE, KeepError, StoreName, StoreNameError, Stores};
pub use tap::Tap;
pub use totals::{Durations, StoreTotals, TrafficTotals};
pub use transcript::{Chunk, KnownConnection, Recorded, TRANSCRIPT_BYTES, Transcript, What};
pub use user::{AccountName, DomainName, User, UserDn, UserError, UserRights};
pub use users::{AuthenticationChange, UserChange};
pub use waits::{
    ClientChange, Condition, Fact, Look, MAX_WAITS, Verdict, WaitEnd, WaitTerms, Waited,
};
pub use wall::{Stopwatch, wall_time};
