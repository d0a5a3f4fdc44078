//! A step as a scenario file writes it, and what it becomes.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::{Value, json};

use super::action_tables::{
    AdvanceTable, BlockTable, FailOver, GroupTable, PlaceTable, ReportTable, UnblockTable,
    ValueTable, WaitTable,
};
use super::inject_table::InjectTable;
use super::written::{StoreTable, Yes};
use super::{Expectation, Step, StepAction, Wrong};
use crate::build::BuildNumber;
use crate::driver::{ClusterMode, FaultRule, PolicyMode};
use crate::fleet::Fleet;

/// A step: what it says, and exactly one action.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step", transform = one_action)]
pub(super) struct StepTable {
    /// What the step is, in one sentence, for the timeline.
    say: String,
    /// Injects clients and has them connect.
    #[schemars(length(min = 1))]
    inject: Option<Vec<InjectTable>>,
    /// Injects a fleet: groups of clients with habits, as docs/fleets.md describes them. Its groups are labels like those of `inject`.
    #[schemars(with = "Option<StoreTable>")]
    fleet: Option<Fleet>,
    /// Has the clients of a group connect again.
    connect: Option<GroupTable>,
    /// Has the clients of a group disconnect.
    disconnect: Option<GroupTable>,
    /// Has the clients of a group name a program in a call.
    report: Option<ReportTable>,
    /// Has the clients of a group make a call that does nothing.
    touch: Option<GroupTable>,
    /// Sets a registry value of the key that the store polls.
    set_value: Option<ValueTable>,
    /// Deletes a registry value of the key that the store polls.
    delete_value: Option<PlaceTable>,
    /// Writes block lists.
    block: Option<BlockTable>,
    /// Takes block lists away.
    unblock: Option<UnblockTable>,
    /// Sets whether the policy is acted on, or only watched.
    policy_mode: Option<PolicyMode>,
    /// Changes settings of the store, as PATCH /v1/stores/{store} does.
    settings: Option<StoreTable>,
    /// Adds a fault rule, as POST /faults does.
    fault: Option<FaultRule>,
    /// Takes every fault rule away.
    clear_faults: Option<Yes>,
    /// Replaces the store's files by those of a build, which runs from the next start on.
    install_build: Option<BuildNumber>,
    /// Installs the hotfix of KB 920185, which stops and starts the service.
    install_hotfix: Option<Yes>,
    /// Stops the service and starts it.
    restart: Option<Yes>,
    /// Makes the store a cluster, or none.
    cluster: Option<ClusterMode>,
    /// Moves the service to another node of the cluster.
    fail_over: Option<FailOver>,
    /// Takes a snapshot of the store, under a name.
    #[schemars(length(min = 1, max = 100))]
    snapshot: Option<String>,
    /// Goes back to the last snapshot of a name.
    restore: Option<String>,
    /// Moves the clock on.
    advance: Option<AdvanceTable>,
    /// Polls the registry now.
    poll: Option<Yes>,
    /// Waits until something is so, and moves the clock meanwhile.
    wait: Option<WaitTable>,
    /// Looks whether the store is as it should be.
    expect: Option<Expectation>,
    /// The name of the problem with which the store has to refuse the action, as `hotfix-needs-sp2`.
    refused: Option<String>,
}

impl StepTable {
    /// # Errors
    /// When there is not exactly one action, or a client to inject can't be.
    pub(super) fn into_step(self) -> Result<Step, Wrong> {
        let entries = self.inject.map(into_entries).transpose()?;
        let connect = |GroupTable { group }| StepAction::Connect { group };
        let disconnect = |GroupTable { group }| StepAction::Disconnect { group };
        let touch = |GroupTable { group }| StepAction::Touch { group };
        let actions = [
            ("inject", entries.map(StepAction::Inject)),
            ("fleet", self.fleet.map(|fleet| StepAction::Fleet(Box::new(fleet)))),
            ("connect", self.connect.map(connect)),
            ("disconnect", self.disconnect.map(disconnect)),
            ("report", self.report.map(ReportTable::into_action)),
            ("touch", self.touch.map(touch)),
            ("set_value", self.set_value.map(ValueTable::into_action)),
            ("delete_value", self.delete_value.map(PlaceTable::into_action)),
            ("block", self.block.map(BlockTable::into_action)),
            ("unblock", self.unblock.map(UnblockTable::into_action)),
            ("policy_mode", self.policy_mode.map(StepAction::PolicyMode)),
            ("settings", self.settings.map(StepAction::Settings)),
            ("fault", self.fault.map(StepAction::Fault)),
            ("clear_faults", self.clear_faults.map(|Yes| StepAction::ClearFaults)),
            ("install_build", self.install_build.map(StepAction::InstallBuild)),
            ("install_hotfix", self.install_hotfix.map(|Yes| StepAction::InstallHotfix)),
            ("restart", self.restart.map(|Yes| StepAction::Restart)),
            ("cluster", self.cluster.map(StepAction::Cluster)),
            ("fail_over", self.fail_over.map(FailOver::into_action)),
            ("snapshot", self.snapshot.map(StepAction::Snapshot)),
            ("restore", self.restore.map(StepAction::Restore)),
            ("advance", self.advance.map(AdvanceTable::into_action)),
            ("poll", self.poll.map(|Yes| StepAction::Poll)),
            ("wait", self.wait.map(WaitTable::into_action)),
            ("expect", self.expect.map(|look| StepAction::Expect(Box::new(look)))),
        ];
        let action = only(actions).map_err(|message| Wrong::at(String::new(), message))?;
        Ok(Step { say: self.say, action, refused: self.refused })
    }
}

fn into_entries(tables: Vec<InjectTable>) -> Result<Vec<super::InjectEntry>, Wrong> {
    let entries = tables.into_iter().enumerate().map(|(index, table)| {
        let wrong = |error: crate::spec::SpecError| {
            Wrong::at(format!("/inject/{index}"), error.to_string())
        };
        table.into_entry().map_err(wrong)
    });
    entries.collect()
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

/// Says in the schema that a step has exactly one action. What is optional in it is left out, and never null.
fn one_action(schema: &mut Schema) {
    let names: Vec<String> = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    let actions = names.into_iter().filter(|name| name != "say" && name != "refused");
    let one = actions.map(|name| json!({ "required": [name] }));
    schema.insert("oneOf".to_owned(), one.collect());
}
