//! The fake clients against a server's end with hand-written answers, and the scenarios against a small fake store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "a test that goes wrong should stop where it does"
)]

mod fleet;
mod lint;
mod machine;
mod noting_store;
mod pipe;
mod report;
mod report_bounds;
mod report_names;
mod requests;
mod runner;
mod scenario;
pub(crate) mod schema;
mod spec;
mod timeline;

use simulator::{ClientFields, ClientSpec};

/// A client of `janedow` on `WKS1` with this program and version.
fn spec(process: Option<&str>, version: &str) -> ClientSpec {
    let named = |process| simulator::ProcessName::new(process).unwrap();
    ClientSpec::new(ClientFields {
        process: process.map(named),
        client_version: version.parse().unwrap(),
        user: simulator::UserName::new("janedow").unwrap(),
        machine: simulator::MachineName::new("WKS1").unwrap(),
        ..ClientFields::default()
    })
    .unwrap()
}

/// A client that names OUTLOOK.EXE.
fn outlook() -> ClientSpec {
    spec(Some("OUTLOOK.EXE"), "11.0.5608.0")
}
