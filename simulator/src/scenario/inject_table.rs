//! Clients as a scenario file writes them: the fields of a spec, then those of an injection.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::InjectEntry;
use crate::driver::Transport;
use crate::name::{MachineName, ProcessName, UserName};
use crate::spec::{ClientFields, ClientMode, ClientSpec, SpecError};
use crate::version::ClientVersion;

/// Clients of one kind to inject. In a user's or machine's name `{n}` stands for the client's number, which counts from 1 through
/// the whole scenario.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Clients")]
pub(super) struct InjectTable {
    /// The program that they report; a client without one sends no auxiliary block.
    #[schemars(with = "Option<String>", length(min = 1, max = 260))]
    process: Option<ProcessName>,
    /// Their version, `11.0.5608.0` unless told. Below 11 a client can't report a program.
    client_version: Option<ClientVersion>,
    /// The user, `user{n}` unless told.
    #[schemars(with = "Option<String>", length(min = 1, max = 64))]
    user: Option<UserName>,
    /// The computer, `WKS{n}` unless told.
    #[schemars(with = "Option<String>", length(min = 1, max = 64))]
    machine: Option<MachineName>,
    /// How they use the mailbox.
    #[serde(default)]
    mode: ClientMode,
    /// For people: what the client is, where it can't say so itself. Never sent.
    note: Option<String>,
    /// How many, 1 unless told.
    count: Option<Count>,
    /// How their bytes travel.
    #[serde(default)]
    transport: Transport,
    /// Their label, by which later steps name them.
    group: Option<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "i64")]
struct Count(u32);

impl InjectTable {
    /// # Errors
    /// When the client is too old to name its program.
    pub(super) fn into_entry(self) -> Result<InjectEntry, SpecError> {
        let default = ClientFields::default();
        let spec = ClientSpec::new(ClientFields {
            process: self.process,
            client_version: self.client_version.unwrap_or_default(),
            user: self.user.unwrap_or(default.user),
            machine: self.machine.unwrap_or(default.machine),
            mode: self.mode,
            note: self.note,
        })?;
        Ok(InjectEntry {
            spec,
            count: self.count.map_or(1, |Count(count)| count),
            transport: self.transport,
            group: self.group,
        })
    }
}

impl TryFrom<i64> for Count {
    type Error = String;

    fn try_from(count: i64) -> Result<Self, String> {
        u32::try_from(count)
            .ok()
            .filter(|count| (1..=COUNT_MAX).contains(count))
            .map(Self)
            .ok_or_else(|| format!("`count` is `{count}`: use 1 to {COUNT_MAX}"))
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": COUNT_MAX })
    }
}

/// The most clients that one entry injects.
const COUNT_MAX: u32 = 100_000;
