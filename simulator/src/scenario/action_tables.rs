//! What a step does, as a scenario file writes it.

use core::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, de};

use super::written::{Data, DurationText, StoreTable, TimeText, Yes};
use super::{Advance, StepAction, Wait};
use crate::driver::{Apply, BlockList, RegistryValue, ValuePlace};
use crate::name::ProcessName;

/// The clients of a group.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Group")]
pub(super) struct GroupTable {
    /// The label under which an earlier step injected them.
    pub(super) group: String,
}

/// Clients that name a program in a call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LateName")]
pub(super) struct ReportTable {
    /// The label under which an earlier step injected them.
    group: String,
    /// The program.
    #[schemars(with = "String", length(min = 1, max = 260))]
    process: ProcessName,
}

/// A value of the key that the store polls, and what it is set to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Value")]
pub(super) struct ValueTable {
    /// Its name, as `Disable MAPI Client Processes`.
    name: String,
    /// Its type, `REG_SZ` unless told.
    #[serde(default = "sz", rename = "type")]
    kind: String,
    /// A text; a number for a REG_DWORD; texts for a REG_MULTI_SZ; the bytes in hexadecimal for a REG_BINARY.
    data: Data,
    /// The cluster's node whose registry it is in; the active one unless told.
    node: Option<String>,
}

/// A value of the key that the store polls.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ValuePlace")]
pub(super) struct PlaceTable {
    /// Its name, as `Disable MAPI Client Processes`.
    name: String,
    /// The cluster's node whose registry it is in; the active one unless told.
    node: Option<String>,
}

/// Block lists to write; at least one of both.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Block")]
pub(super) struct BlockTable {
    /// Programs, with `;` between them.
    processes: Option<String>,
    /// Versions and ranges of the MAPI provider, with `,` or `;` between them.
    versions: Option<String>,
    /// Whether the store polls at once; if not, the list takes effect with its next poll.
    #[serde(default)]
    apply: Apply,
}

/// Block lists to take away.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Unblock")]
pub(super) struct UnblockTable {
    /// One or both of them.
    #[schemars(length(min = 1))]
    lists: Vec<BlockList>,
    /// Whether the store polls at once; if not, the change takes effect with its next poll.
    #[serde(default)]
    apply: Apply,
}

/// What to wait for, and how long; the shape of POST /waits, where the clock is moved unless told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wait")]
pub(super) struct WaitTable {
    /// The condition: `event`, `state`, `never`, `quiescent`, `all`, `any`, `not` or `sequence`.
    until: StoreTable,
    /// Store time that the clock may move on meanwhile.
    within: DurationText,
    /// Time of the wall that it may take; 60 s unless told.
    timeout: Option<DurationText>,
}

/// `true` for the passive node, or a table that names one.
pub(super) struct FailOver {
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToTable {
    to: String,
}

/// A span, or a table with `to` or `next`.
pub(super) struct AdvanceTable(Advance);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetTable {
    to: Option<TimeText>,
    next: Option<Next>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Next {
    Poll,
}

impl ReportTable {
    pub(super) fn into_action(self) -> StepAction {
        StepAction::Report { group: self.group, process: self.process }
    }
}

impl ValueTable {
    pub(super) fn into_action(self) -> StepAction {
        let Self { name, kind, data: Data(data), node } = self;
        StepAction::SetValue { at: ValuePlace { name, node }, value: RegistryValue { kind, data } }
    }
}

impl PlaceTable {
    pub(super) fn into_action(self) -> StepAction {
        let Self { name, node } = self;
        StepAction::DeleteValue { at: ValuePlace { name, node } }
    }
}

impl BlockTable {
    pub(super) fn into_action(self) -> StepAction {
        let Self { processes, versions, apply } = self;
        let processes = processes.map(|text| (BlockList::Processes, text));
        let versions = versions.map(|text| (BlockList::Versions, text));
        StepAction::Block { lists: [processes, versions].into_iter().flatten().collect(), apply }
    }
}

impl UnblockTable {
    pub(super) fn into_action(self) -> StepAction {
        StepAction::Unblock { lists: self.lists, apply: self.apply }
    }
}

impl WaitTable {
    pub(super) fn into_action(self) -> StepAction {
        let DurationText(within) = self.within;
        let timeout = self.timeout.map(|DurationText(timeout)| timeout);
        StepAction::Wait(Wait { until: self.until, within, timeout })
    }
}

impl FailOver {
    pub(super) fn into_action(self) -> StepAction {
        StepAction::FailOver { to: self.to }
    }
}

impl AdvanceTable {
    pub(super) fn into_action(self) -> StepAction {
        StepAction::Advance(self.0)
    }
}

impl<'de> Deserialize<'de> for FailOver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FailOverVisitor)
    }
}

struct FailOverVisitor;

impl<'de> Visitor<'de> for FailOverVisitor {
    type Value = FailOver;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true` or a table such as `{ to = \"NODE2\" }`")
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<FailOver, E> {
        Yes::try_from(yes).map(|Yes| FailOver { to: None }).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FailOver, A::Error> {
        let ToTable { to } = ToTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(FailOver { to: Some(to) })
    }
}

impl<'de> Deserialize<'de> for AdvanceTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AdvanceVisitor).map(Self)
    }
}

struct AdvanceVisitor;

impl<'de> Visitor<'de> for AdvanceVisitor {
    type Value = Advance;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span such as `15m`, or a table such as `{ next = \"poll\" }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Advance, E> {
        let span = DurationText::try_from(text.to_owned()).map_err(E::custom)?;
        Ok(Advance::By(span.0))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Advance, A::Error> {
        match TargetTable::deserialize(MapAccessDeserializer::new(map))? {
            TargetTable { to: Some(TimeText(to)), next: None } => Ok(Advance::To(to)),
            TargetTable { to: None, next: Some(Next::Poll) } => Ok(Advance::NextPoll),
            TargetTable { to: Some(_), next: Some(_) } | TargetTable { to: None, next: None } => {
                Err(de::Error::custom("give exactly one of `to`, `next`"))
            }
        }
    }
}

impl JsonSchema for FailOver {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FailOver".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`true` for the passive node, or the name of one.",
            "anyOf": [
                { "const": true },
                {
                    "type": "object",
                    "properties": { "to": { "type": "string", "description": "The node." } },
                    "required": ["to"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl JsonSchema for AdvanceTable {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Advance".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (span, time) = (DurationText::json_schema(generator), TimeText::json_schema(generator));
        json_schema!({
            "description": "How far: a span, a time, or the next poll.",
            "anyOf": [
                span,
                {
                    "type": "object",
                    "properties": { "to": time },
                    "required": ["to"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": { "next": { "const": "poll" } },
                    "required": ["next"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

fn sz() -> String {
    "REG_SZ".to_owned()
}
