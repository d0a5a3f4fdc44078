//! The HTTP control plane of a store: inject clients, edit the registry, move time, and see why everything happened.
//!
//! Handlers own no state. Each is a typed extractor, one or two calls of a [`server::StoreHandle`], and a structure of
//! this crate that serde writes and utoipa describes. The same structures make the OpenAPI document, so that it can't
//! say anything else than what is served. Every error is an RFC 9457 problem out of one table, [`ProblemType`].

mod access;
mod api_faults;
mod app;
mod batch;
mod block_lists;
mod body;
mod build;
mod clients;
mod clock_mode;
mod cluster;
mod connection;
mod cors;
mod decisions;
mod docs;
mod docs_example;
mod event_fields;
mod event_words;
mod events;
mod explain;
mod extract;
mod faults;
mod feed;
mod finish;
mod frames;
mod generations;
mod given;
mod guard;
mod health;
mod html;
mod info;
mod injection;
mod json_place;
mod list_meaning;
mod list_text;
mod new_store;
mod openapi;
mod outcome_fields;
mod page;
mod policy_in_force;
mod polls;
mod preview;
mod problem;
mod problems;
mod reg_file;
mod reg_value;
mod registry;
mod reply;
mod reset;
mod restart;
mod router;
mod scalars;
mod seats;
mod secret;
mod serve;
mod session_fields;
mod sessions;
mod setting_names;
mod snapshots;
mod store_fields;
mod stores;
mod stream;
mod stream_reader;
mod time;
mod token;
mod waits;

pub use access::{Access, HostName, HostNameError, Origin, OriginError};
pub use app::{ControlConfig, ControlLimits};
pub use events::journal_line;
pub use problem::ProblemType;
pub use router::router;
pub use secret::{Secret, SecretError};
pub use serve::{BindError, Bound, bind};
