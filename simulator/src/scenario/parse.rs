//! From a text to a scenario: the shape by serde, the rest by hand, both with the place of what is wrong.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::place::Places;
use super::step_table::StepTable;
use super::written::TimeText;
use super::{
    BuildExpectation, Expectation, PolicyExpectation, PollExpectation, Scenario, ScenarioError,
    Step, StepAction, Wrong,
};
use crate::build::BuildNumber;
use crate::event::EVENT_TYPES;

pub(super) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    let table: ScenarioTable = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ScenarioError::at(text, offset, error.message().to_owned())
    })?;
    table.into_scenario().map_err(|Wrong { pointer, message }| {
        let span = Places::of(text).find(&pointer);
        ScenarioError::at(text, span.start, message)
    })
}

/// A scenario: clients, registry edits and time against a store, and what has to come of it. A scenario file says this in TOML;
/// the control plane takes it as JSON, too.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub struct ScenarioTable {
    /// Its name; a file is called so.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// What it shows, in a sentence or two.
    about: String,
    /// Store time when it starts.
    start: TimeText,
    /// The build that the store starts with; its own unless told.
    build: Option<BuildNumber>,
    /// What happens, in order.
    steps: Vec<StepTable>,
}

impl ScenarioTable {
    /// The scenario that is written here.
    ///
    /// # Errors
    /// When a step has not exactly one action, names a group that no earlier one injects, or is wrong in itself.
    pub fn into_scenario(self) -> Result<Scenario, Wrong> {
        let Self { name, about, start: TimeText(start), build, steps: tables } = self;
        if name.is_empty() || NAME_MAX < name.chars().count() {
            let message = format!("a name has 1 to {NAME_MAX} characters");
            return Err(Wrong::at("/name".to_owned(), message));
        }
        let mut known = Known::default();
        let mut steps = Vec::new();
        for (table, index) in tables.into_iter().zip(0..) {
            let step = table
                .into_step()
                .and_then(|step| known.check(&step).map(|()| step))
                .map_err(|wrong| wrong.below(&format!("/steps/{index}")))?;
            steps.push(step);
        }
        Ok(Scenario { name, about, start, build, steps })
    }
}

/// The most characters that a scenario's name has.
const NAME_MAX: usize = 100;

/// What the steps before have brought.
#[derive(Default)]
struct Known {
    groups: BTreeSet<String>,
    snapshots: BTreeSet<String>,
}

impl Known {
    /// Checks a step against what came before it, and remembers what it brings.
    fn check(&mut self, step: &Step) -> Result<(), Wrong> {
        let here = |message: &str| Err(Wrong::at(String::new(), message.to_owned()));
        match &step.action {
            StepAction::Inject(entries) if entries.is_empty() => {
                here("this step injects nobody: give `inject` at least one entry")
            }
            StepAction::Inject(entries) => {
                self.groups.extend(entries.iter().filter_map(|entry| entry.group.clone()));
                Ok(())
            }
            StepAction::Fleet(fleet) => {
                let names = fleet.groups().iter().map(|group| group.name().to_owned());
                self.groups.extend(names);
                Ok(())
            }
            StepAction::Connect { group } => self.check_group(group, "/connect/group"),
            StepAction::Disconnect { group } => self.check_group(group, "/disconnect/group"),
            StepAction::Touch { group } => self.check_group(group, "/touch/group"),
            StepAction::Report { group, .. } => self.check_group(group, "/report/group"),
            StepAction::Block { lists, .. } if lists.is_empty() => {
                here("this step blocks nothing: give `block` one of `processes`, `versions`")
            }
            StepAction::Unblock { lists, .. } if lists.is_empty() => {
                here("this step takes nothing away: give `lists` one of `processes`, `versions`")
            }
            StepAction::Snapshot(name) => {
                self.snapshots.insert(name.clone());
                Ok(())
            }
            StepAction::Restore(name) if !self.snapshots.contains(name) => {
                let message = format!("there is no snapshot `{name}`: take it in a step before");
                Err(Wrong::at("/restore".to_owned(), message))
            }
            StepAction::Expect(_) | StepAction::Wait(_) if step.refused.is_some() => here(
                "this step looks at the store, which refuses nothing by it: leave out `refused`",
            ),
            StepAction::Expect(expectation) => self.check_expectation(expectation),
            StepAction::Block { .. }
            | StepAction::Unblock { .. }
            | StepAction::Restore(_)
            | StepAction::SetValue { .. }
            | StepAction::DeleteValue { .. }
            | StepAction::PolicyMode(_)
            | StepAction::Settings(_)
            | StepAction::Fault(_)
            | StepAction::ClearFaults
            | StepAction::InstallBuild(_)
            | StepAction::InstallHotfix
            | StepAction::Restart
            | StepAction::Cluster(_)
            | StepAction::FailOver { .. }
            | StepAction::Advance(_)
            | StepAction::Poll
            | StepAction::Wait(_) => Ok(()),
        }
    }

    /// A group or an event type with a slip in it would be expected to be absent, and be, for ever.
    fn check_expectation(&self, expectation: &Expectation) -> Result<(), Wrong> {
        if expectation.is_empty() {
            let message = "this step expects nothing: give `expect` at least one of `sessions`, `clients`, `unidentified`, \
                           `events`, `lints`, `poll`, `policy`, `build`, `files`";
            return Err(Wrong::at(String::new(), message.to_owned()));
        }
        if expectation.build == Some(BuildExpectation::default()) {
            let message =
                "this step expects no build: give `build` at least one of `installed`, `running`";
            return Err(Wrong::at("/expect/build".to_owned(), message.to_owned()));
        }
        let nothing = |place: &str, fields: &str| {
            let message =
                format!("this step expects nothing of it: give `{place}` at least one of {fields}");
            Err(Wrong::at(format!("/expect/{place}"), message))
        };
        if expectation.poll == Some(PollExpectation::default()) {
            let fields =
                "`processes`, `versions`, `changed`, `generation`, `disconnected`, `would_block`";
            return nothing("poll", fields);
        }
        if expectation.policy == Some(PolicyExpectation::default()) {
            return nothing("policy", "`mode`, `generation`, `forbidden`, `would_block`");
        }
        for (event, index) in expectation.events.iter().zip(0..) {
            if !EVENT_TYPES.contains(&event.event_type.as_str()) {
                let unknown = &event.event_type;
                let known = EVENT_TYPES.map(|name| format!("`{name}`")).join(", ");
                let message = format!("no event is of type `{unknown}`: there are {known}");
                return Err(Wrong::at(format!("/expect/events/{index}/type"), message));
            }
        }
        let mut groups = expectation.groups();
        groups.try_for_each(|(place, group)| self.check_group(group, &format!("/expect{place}")))
    }

    fn check_group(&self, group: &str, place: &str) -> Result<(), Wrong> {
        if self.groups.contains(group) {
            return Ok(());
        }
        let message = format!("this step names group `{group}`, which no step before it injects");
        Err(Wrong::at(place.to_owned(), message))
    }
}
