//! The integration tests: one binary, a module per area of the workspace.
#![allow(missing_docs, reason = "a test's name says what it shows")]

mod workspace;
