//! An Exchange Server 2003 information store inside a Rust test: in process, without a port, in about a millisecond.
//!
//! ```
//! use exstore_testing::Store;
//!
//! let store = Store::start();
//! let mdl = store.inject("mdl.exe");
//! store.block_processes("mdl.exe");
//! assert_eq!(store.advance_to_next_poll().disconnected, 1);
//! assert_eq!(store.client(mdl.id).state, "disconnected");
//! assert_eq!(store.inject("mdl.exe").outcome.as_deref(), Some("ecClientVerDisallowed"));
//! ```
//!
//! Every call returns when all that follows from it has happened, so nothing sleeps and nothing races. Time moves when the
//! test says so: a [`Store`] has a manual clock at 2006-04-22T08:00:00Z, and a seed that is always the same. The test needs
//! no async runtime; one is shared by the stores of the process. A method whose request the store refuses panics at the
//! line that called it, with what the store said. When a test panics, whatever about, the store's timeline is printed with
//! it: what happened in store time, and why.
//!
//! What a store does is the control plane's own doing, reached without a socket: [`Store::request`] takes any of its routes
//! below the store, as `/v1/openapi.json` describes them. [`Store::control_url`] opens a port for programs that have to
//! come in from outside, and [`Builder::rpc`] one for MAPI clients.

mod builder;
mod client;
mod plane;
mod store;

pub use builder::Builder;
pub use client::{Advanced, Client, InjectedClient, Session};
pub use simulator::{Scalar, StoreEvent as Event};
pub use store::{Refused, Store};
