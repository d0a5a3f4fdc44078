//! A fleet: a company's programs in one file, as groups of clients of one kind each.
//!
//! ```toml
//! name = "a small company"
//! about = "Outlook, and a desktop search that loads the server."
//!
//! [[groups]]
//! name = "office"
//! program = "OUTLOOK.EXE"
//! clients = 80
//! connections = 2
//! versions = [{ client_version = "11.0.5608.0", weight = 3 }, { client_version = "11.0.8173.0" }]
//! modes = { cached = 3, classic = 1 }
//! arrive = { over = "30m", spread = "random" }
//! rops_per_minute = 6
//! on_disconnect = { reconnect = "back_off", delay = "5s", at_most = "10m" }
//!
//! [[groups]]
//! name = "search"
//! process = "mdl.exe"
//! clients = 20
//! on_refused = { reconnect = "storm" }
//! ```
//!
//! [`Fleet::members`] makes the clients of it: the same for the same seed, on every machine.

mod catalogue;
mod group;
mod members;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::driver::Transport;
use crate::scenario::ScenarioError;
pub use catalogue::{Catalogue, CatalogueProgram};
pub use group::{FleetGroup, GroupFields, ModeMix, VersionShare};
pub use members::Member;

/// A company's programs, checked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "FleetFields", into = "FleetFields")]
pub struct Fleet {
    fields: FleetFields,
}

/// The fields of a [`Fleet`], each checked, but not against each other.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetFields {
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is, in a sentence or two.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// How the bytes of all its clients travel.
    #[serde(default)]
    pub transport: Transport,
    /// Its clients, in the order in which they get their numbers.
    pub groups: Vec<FleetGroup>,
}

impl Fleet {
    /// Checks the groups against each other.
    ///
    /// # Errors
    /// A clause that says what to do: there is no group, two have the same name, or they have more than
    /// [`MAX_CONNECTIONS`] connections together.
    pub fn new(fields: FleetFields) -> Result<Self, String> {
        if fields.groups.is_empty() {
            return Err("the fleet has no clients: give it at least one of `groups`".to_owned());
        }
        if GROUPS_MAX < fields.groups.len() {
            let count = fields.groups.len();
            return Err(format!("there are {count} groups: use at most {GROUPS_MAX}"));
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = fields.groups.iter().find(|group| !names.insert(group.name())) {
            let name = twice.name();
            return Err(format!("two groups are called `{name}`: give each a name of its own"));
        }
        let connections = connections(&fields.groups);
        if MAX_CONNECTIONS < connections {
            return Err(format!(
                "the groups have {connections} connections together: a store takes {MAX_CONNECTIONS}"
            ));
        }
        Ok(Self { fields })
    }

    /// Reads a fleet from TOML.
    ///
    /// # Errors
    /// When the text is no TOML, has a field that is unknown, missing or of a wrong value, or fields that contradict each
    /// other. The error says where.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            ScenarioError::at(text, offset, error.message().to_owned())
        })
    }

    /// Its name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.fields.name
    }

    /// What it is.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.fields.about
    }

    /// How its clients' bytes travel.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.fields.transport
    }

    /// The same over another transport.
    #[must_use]
    pub fn over(mut self, transport: Transport) -> Self {
        self.fields.transport = transport;
        self
    }

    /// Its groups.
    #[must_use]
    pub fn groups(&self) -> &[FleetGroup] {
        &self.fields.groups
    }

    /// How many clients it has.
    #[must_use]
    pub fn clients(&self) -> u64 {
        self.fields.groups.iter().map(FleetGroup::clients).fold(0, u64::saturating_add)
    }

    /// How many connections they open.
    #[must_use]
    pub fn connections(&self) -> u64 {
        connections(&self.fields.groups)
    }
}

fn connections(groups: &[FleetGroup]) -> u64 {
    groups.iter().map(FleetGroup::all_connections).fold(0, u64::saturating_add)
}

impl TryFrom<FleetFields> for Fleet {
    type Error = String;

    fn try_from(fields: FleetFields) -> Result<Self, String> {
        Self::new(fields)
    }
}

impl From<Fleet> for FleetFields {
    fn from(fleet: Fleet) -> Self {
        fleet.fields
    }
}

/// The most connections that the clients of a fleet open together: the sessions that a store takes.
pub const MAX_CONNECTIONS: u64 = 100_000;
/// The most groups of a fleet.
const GROUPS_MAX: usize = 1_000;
