//! From a text to a scenario: the shape by serde, the rest by hand, both with the place of what is wrong.

use std::collections::BTreeSet;

use clock::SimTime;
use serde::Deserialize;

use super::step_table::{StepTable, Wrong};
use super::{BuildExpectation, Expectation, Scenario, ScenarioError, Step, StepAction};
use crate::build::BuildNumber;
use crate::event::EVENT_TYPES;
use crate::written_time;

pub(super) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    let File { name, about, start, build, steps: tables } =
        toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            ScenarioError::at(text, offset, error.message().to_owned())
        })?;
    let mut groups = BTreeSet::new();
    let mut steps = Vec::new();
    for table in tables {
        let place = table.place();
        let step = table
            .into_step()
            .map_err(|Wrong { place, message }| ScenarioError::at(text, place, message))?;
        check(&step, &mut groups).map_err(|message| ScenarioError::at(text, place, message))?;
        steps.push(step);
    }
    Ok(Scenario { name, about, start, build, steps })
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    about: String,
    #[serde(deserialize_with = "written_time::required")]
    start: SimTime,
    build: Option<BuildNumber>,
    steps: Vec<StepTable>,
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
        StepAction::Expect(_) if step.refused.is_some() => {
            Err("this step looks at the store, which refuses nothing by it: leave out `refused`"
                .to_owned())
        }
        StepAction::Expect(expectation) => check_expectation(expectation, groups),
        StepAction::SetValue { .. }
        | StepAction::DeleteValue { .. }
        | StepAction::InstallBuild(_)
        | StepAction::InstallHotfix
        | StepAction::Restart
        | StepAction::Cluster(_)
        | StepAction::FailOver { .. }
        | StepAction::Advance(_)
        | StepAction::Poll => Ok(()),
    }
}

/// A group or an event type with a slip in it would be expected to be absent, and be, for ever.
fn check_expectation(expectation: &Expectation, groups: &BTreeSet<String>) -> Result<(), String> {
    if expectation.is_empty() {
        return Err(
            "this step expects nothing: give `expect` at least one of `sessions`, `clients`, `unidentified`, `events`, \
             `build`, `files`"
                .to_owned(),
        );
    }
    if expectation.build == Some(BuildExpectation::default()) {
        return Err(
            "this step expects no build: give `build` at least one of `installed`, `running`"
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
