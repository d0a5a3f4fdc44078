//! From a text to a scenario: the shape by serde, the rest by hand, both with the place of what is wrong.

use core::time::Duration;
use std::collections::BTreeSet;

use clock::{SimTime, parse_duration};
use serde::{Deserialize, Deserializer, de};
use toml::{Spanned, Value};

use super::{Expectation, InjectEntry, Scenario, ScenarioError, Step, StepAction};
use crate::driver::Transport;
use crate::event::EVENT_TYPES;
use crate::name::{MachineName, ProcessName, UserName};
use crate::spec::{ClientFields, ClientMode, ClientSpec, SpecError};
use crate::version::ClientVersion;

pub(super) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ScenarioError::at(text, offset, error.message().to_owned())
    })?;
    let mut groups = BTreeSet::new();
    let mut steps = Vec::new();
    for table in file.steps {
        let place = table.say.span().start;
        let step = table
            .into_step()
            .map_err(|Wrong { place, message }| ScenarioError::at(text, place, message))?;
        check(&step, &mut groups).map_err(|message| ScenarioError::at(text, place, message))?;
        steps.push(step);
    }
    Ok(Scenario { name: file.name, about: file.about, start: file.start, steps })
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    about: String,
    #[serde(deserialize_with = "time")]
    start: SimTime,
    steps: Vec<StepTable>,
}

/// A step as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    say: Spanned<String>,
    inject: Option<Vec<Spanned<InjectTable>>>,
    connect: Option<GroupTable>,
    disconnect: Option<GroupTable>,
    report: Option<ReportTable>,
    touch: Option<GroupTable>,
    set_value: Option<ValueTable>,
    delete_value: Option<NameTable>,
    advance: Option<DurationText>,
    poll: Option<Yes>,
    expect: Option<Expectation>,
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
    data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameTable {
    name: String,
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
struct Wrong {
    place: usize,
    message: String,
}

impl StepTable {
    /// # Errors
    /// When there is not exactly one action, or a client to inject can't be.
    fn into_step(self) -> Result<Step, Wrong> {
        let place = self.say.span().start;
        let entries = self.inject.map(|tables| {
            let entries = tables.into_iter().map(into_entry);
            entries.collect::<Result<Vec<_>, _>>()
        });
        let group = |table: GroupTable| table.group;
        let actions = [
            ("inject", entries.transpose()?.map(StepAction::Inject)),
            ("connect", self.connect.map(group).map(|group| StepAction::Connect { group })),
            (
                "disconnect",
                self.disconnect.map(group).map(|group| StepAction::Disconnect { group }),
            ),
            (
                "report",
                self.report
                    .map(|ReportTable { group, process }| StepAction::Report { group, process }),
            ),
            ("touch", self.touch.map(group).map(|group| StepAction::Touch { group })),
            (
                "set_value",
                self.set_value.map(|ValueTable { name, data }| StepAction::SetValue { name, data }),
            ),
            (
                "delete_value",
                self.delete_value.map(|NameTable { name }| StepAction::DeleteValue { name }),
            ),
            ("advance", self.advance.map(|DurationText(by)| StepAction::Advance(by))),
            ("poll", self.poll.map(|Yes| StepAction::Poll)),
            ("expect", self.expect.map(StepAction::Expect)),
        ];
        let names = actions.each_ref().map(|(name, _)| *name);
        let mut given: Vec<_> =
            actions.into_iter().filter_map(|(name, action)| Some((name, action?))).collect();
        match (given.pop(), given.pop()) {
            (Some((_, action)), None) => Ok(Step { say: self.say.into_inner(), action }),
            (Some((last, _)), Some((other, _))) => Err(Wrong {
                place,
                message: format!("this step has `{other}` and `{last}`: make it a step for each"),
            }),
            (None, _) => Err(Wrong {
                place,
                message: format!(
                    "this step does nothing: give it one of {}",
                    names.map(|name| format!("`{name}`")).join(", ")
                ),
            }),
        }
    }
}

/// Checks a step against what came before it, and remembers the groups that it injects.
fn check(step: &Step, groups: &mut BTreeSet<String>) -> Result<(), String> {
    match &step.action {
        StepAction::Inject(entries) => {
            if entries.is_empty() {
                return Err("this step injects nobody: give `inject` at least one entry".to_owned());
            }
            groups.extend(entries.iter().filter_map(|entry| entry.group.clone()));
            Ok(())
        }
        StepAction::Connect { group }
        | StepAction::Disconnect { group }
        | StepAction::Touch { group }
        | StepAction::Report { group, .. } => check_group(group, groups),
        StepAction::Expect(expectation) => check_expectation(expectation, groups),
        StepAction::SetValue { .. }
        | StepAction::DeleteValue { .. }
        | StepAction::Advance(_)
        | StepAction::Poll => Ok(()),
    }
}

/// A group or an event type with a slip in it would be expected to be absent, and be, for ever.
fn check_expectation(expectation: &Expectation, groups: &BTreeSet<String>) -> Result<(), String> {
    if expectation.is_empty() {
        return Err(
            "this step expects nothing: give `expect` at least one of `sessions`, `clients`, `unidentified`, `events`"
                .to_owned(),
        );
    }
    let mut types = expectation.events.iter().map(|event| event.event_type.as_str());
    if let Some(unknown) = types.find(|event_type| !EVENT_TYPES.contains(event_type)) {
        let known = EVENT_TYPES.map(|name| format!("`{name}`")).join(", ");
        return Err(format!("no event is of type `{unknown}`: there are {known}"));
    }
    expectation.groups().try_for_each(|group| check_group(group, groups))
}

fn check_group(group: &str, groups: &BTreeSet<String>) -> Result<(), String> {
    if groups.contains(group) {
        return Ok(());
    }
    Err(format!("this step names group `{group}`, which no step before it injects"))
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

impl TryFrom<String> for DurationText {
    type Error = clock::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_duration(&text).map(Self)
    }
}

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(yes: bool) -> Result<Self, Self::Error> {
        yes.then_some(Self).ok_or("`poll` is `false`: leave it out, or set it to `true`")
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

/// A time, quoted or in TOML's own form.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SimTime, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = match &value {
        Value::String(text) => Some(text.clone()),
        Value::Datetime(time) => Some(time.to_string()),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    };
    let text = text.ok_or_else(|| {
        let found = value.type_str();
        de::Error::custom(format!("a time is expected, not a value of type {found}"))
    })?;
    text.parse().map_err(de::Error::custom)
}

/// The most clients that one entry injects.
const COUNT_MAX: u32 = 100_000;
