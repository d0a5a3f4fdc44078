//! A step as a scenario file writes it, and what it becomes.

use core::fmt;
use core::time::Duration;

use clock::parse_duration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, de};
use toml::{Spanned, Value};

use super::{Expectation, InjectEntry, Step, StepAction};
use crate::build::BuildNumber;
use crate::driver::{ClusterMode, RegistryData, RegistryValue, Transport, ValuePlace};
use crate::name::{MachineName, ProcessName, UserName};
use crate::spec::{ClientFields, ClientMode, ClientSpec, SpecError};
use crate::version::ClientVersion;

/// A step as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepTable {
    say: Spanned<String>,
    inject: Option<Vec<Spanned<InjectTable>>>,
    connect: Option<GroupTable>,
    disconnect: Option<GroupTable>,
    report: Option<ReportTable>,
    touch: Option<GroupTable>,
    set_value: Option<ValueTable>,
    delete_value: Option<PlaceTable>,
    install_build: Option<BuildNumber>,
    install_hotfix: Option<Yes>,
    restart: Option<Yes>,
    cluster: Option<ClusterMode>,
    fail_over: Option<FailOver>,
    advance: Option<DurationText>,
    poll: Option<Yes>,
    expect: Option<Expectation>,
    refused: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupTable {
    group: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportTable {
    group: String,
    process: ProcessName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueTable {
    name: String,
    #[serde(default = "sz", rename = "type")]
    kind: String,
    data: Data,
    node: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceTable {
    name: String,
    node: Option<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "Value")]
struct Data(RegistryData);

/// `true` for the passive node, or a table that names one.
struct FailOver {
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToTable {
    to: String,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct DurationText(Duration);

#[derive(Deserialize)]
#[serde(try_from = "bool")]
struct Yes;

/// Clients as written: the fields of a spec, then those of an injection.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InjectTable {
    process: Option<ProcessName>,
    client_version: Option<ClientVersion>,
    user: Option<UserName>,
    machine: Option<MachineName>,
    #[serde(default)]
    mode: ClientMode,
    note: Option<String>,
    count: Option<Count>,
    #[serde(default)]
    transport: Transport,
    group: Option<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "i64")]
struct Count(u32);

/// What is wrong at a byte offset of the text.
pub(super) struct Wrong {
    pub(super) place: usize,
    pub(super) message: String,
}

impl StepTable {
    /// Where the file says what the step is.
    pub(super) fn place(&self) -> usize {
        self.say.span().start
    }

    /// # Errors
    /// When there is not exactly one action, or a client to inject can't be.
    pub(super) fn into_step(self) -> Result<Step, Wrong> {
        let place = self.place();
        let entries = self.inject.map(|tables| {
            let entries = tables.into_iter().map(into_entry);
            entries.collect::<Result<Vec<_>, _>>()
        });
        let connect = |GroupTable { group }| StepAction::Connect { group };
        let disconnect = |GroupTable { group }| StepAction::Disconnect { group };
        let report = |ReportTable { group, process }| StepAction::Report { group, process };
        let touch = |GroupTable { group }| StepAction::Touch { group };
        let fail_over = |FailOver { to }| StepAction::FailOver { to };
        let actions = [
            ("inject", entries.transpose()?.map(StepAction::Inject)),
            ("connect", self.connect.map(connect)),
            ("disconnect", self.disconnect.map(disconnect)),
            ("report", self.report.map(report)),
            ("touch", self.touch.map(touch)),
            ("set_value", self.set_value.map(ValueTable::into_action)),
            ("delete_value", self.delete_value.map(PlaceTable::into_action)),
            ("install_build", self.install_build.map(StepAction::InstallBuild)),
            ("install_hotfix", self.install_hotfix.map(|Yes| StepAction::InstallHotfix)),
            ("restart", self.restart.map(|Yes| StepAction::Restart)),
            ("cluster", self.cluster.map(StepAction::Cluster)),
            ("fail_over", self.fail_over.map(fail_over)),
            ("advance", self.advance.map(|DurationText(by)| StepAction::Advance(by))),
            ("poll", self.poll.map(|Yes| StepAction::Poll)),
            ("expect", self.expect.map(StepAction::Expect)),
        ];
        let action = only(actions).map_err(|message| Wrong { place, message })?;
        Ok(Step { say: self.say.into_inner(), action, refused: self.refused })
    }
}

/// The one action that is given.
fn only<const N: usize>(
    actions: [(&'static str, Option<StepAction>); N],
) -> Result<StepAction, String> {
    let names = actions.each_ref().map(|(name, _)| *name);
    let mut given: Vec<_> =
        actions.into_iter().filter_map(|(name, action)| Some((name, action?))).collect();
    match (given.pop(), given.pop()) {
        (Some((_, action)), None) => Ok(action),
        (Some((last, _)), Some((other, _))) => {
            Err(format!("this step has `{other}` and `{last}`: make it a step for each"))
        }
        (None, _) => Err(format!(
            "this step does nothing: give it one of {}",
            names.map(|name| format!("`{name}`")).join(", ")
        )),
    }
}

impl ValueTable {
    fn into_action(self) -> StepAction {
        let Self { name, kind, data: Data(data), node } = self;
        StepAction::SetValue { at: ValuePlace { name, node }, value: RegistryValue { kind, data } }
    }
}

impl PlaceTable {
    fn into_action(self) -> StepAction {
        let Self { name, node } = self;
        StepAction::DeleteValue { at: ValuePlace { name, node } }
    }
}

fn into_entry(table: Spanned<InjectTable>) -> Result<InjectEntry, Wrong> {
    let place = table.span().start;
    table.into_inner().into_entry().map_err(|error| Wrong { place, message: error.to_string() })
}

impl InjectTable {
    fn into_entry(self) -> Result<InjectEntry, SpecError> {
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

impl TryFrom<Value> for Data {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let data = match value {
            Value::String(text) => Some(RegistryData::Text(text)),
            Value::Integer(number) => u32::try_from(number).ok().map(RegistryData::Number),
            Value::Array(items) => {
                let texts = items.into_iter().map(text).collect::<Option<_>>();
                texts.map(RegistryData::Texts)
            }
            Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => None,
        };
        data.map(Self).ok_or(
            "`data` is none: write a text, a number from 0 to 4294967295 for a REG_DWORD, or texts for a REG_MULTI_SZ",
        )
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => None,
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

impl TryFrom<String> for DurationText {
    type Error = clock::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_duration(&text).map(Self)
    }
}

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(yes: bool) -> Result<Self, Self::Error> {
        yes.then_some(Self).ok_or("`false` does nothing: leave the field out, or set it to `true`")
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

fn sz() -> String {
    "REG_SZ".to_owned()
}

/// The most clients that one entry injects.
const COUNT_MAX: u32 = 100_000;
