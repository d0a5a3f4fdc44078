//! One run of a scenario: played on a thread that may block, and watched by whoever asks.

use std::collections::VecDeque;
use std::sync::Arc;

use clock::SimTime;
use infostore::Cursor;
use serde::{Deserialize, Serialize};
use simulator::{
    Audience, Check, DriverError, Progress, Report, RunError, RunOptions, Scenario, TimelineEntry,
};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::driver::ScenarioDriver;
use super::plane::{ControlPlane, PlaneAnswer, PlaneRequest, RouterPlane};
use crate::feed::leaves;
use crate::scalars::Time;
use crate::session_fields::TransportName;

/// Lines of a run's timeline that are kept: the last ones.
pub(super) const MOST_LINES: usize = 1_000;

/// A run, from the outside.
pub(crate) struct Run {
    pub(super) number: u64,
    pub(super) scenario: String,
    cancelled: watch::Sender<bool>,
    state: watch::Sender<RunState>,
}

/// How a run stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ScenarioRun)]
pub(super) struct RunState {
    /// Its number among the runs of the scenario, from 1.
    run: u64,
    /// The scenario.
    scenario: String,
    /// How far it is.
    pub(super) state: RunStateName,
    /// Counts up with each change; `?wait=` waits for one after `after`.
    pub(super) revision: u64,
    /// The step that is played, or was last, from 1; 0 before the first.
    step: usize,
    /// Steps of the scenario.
    steps: usize,
    /// Store time; null before the store has started over.
    now: Option<Time>,
    /// Where the clock is moving to; null when it is not.
    target: Option<Time>,
    /// Expectations that were met.
    met: usize,
    /// What was expected so far, and what was found.
    checks: Vec<CheckText>,
    /// What has happened so far, a line each, as `exstore scenario run` tells it; of many the last 1,000.
    #[schema(value_type = Vec<String>)]
    pub(super) lines: VecDeque<String>,
    /// Lines before those.
    pub(super) lines_before: u64,
    /// Why it failed; null unless it did.
    error: Option<String>,
    /// The place in the store's journal that it was told last.
    #[serde(skip)]
    pub(super) cursor: Cursor,
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ScenarioRunState)]
pub(super) enum RunStateName {
    /// The store is starting over.
    Starting,
    /// Steps are played.
    Running,
    /// It is over, and everything was as expected.
    Met,
    /// It is over, and something was not.
    NotMet,
    /// A step could not be carried out.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// An expectation, and what there was.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ScenarioCheck)]
struct CheckText {
    /// The number of its step, from 1.
    step: usize,
    /// What was expected.
    expected: String,
    /// What was found.
    found: String,
    /// Whether it is as expected.
    met: bool,
}

/// How to play; every field may be left out.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ScenarioRunRequest)]
pub(super) struct RunRequest {
    /// How every client's bytes travel, whatever the scenario says.
    transport: Option<TransportName>,
    /// Whether the steps after one that is not as expected are played too.
    keep_going: bool,
}

impl RunStateName {
    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Starting | Self::Running => false,
            Self::Met | Self::NotMet | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// Where a run stands, without what it has shown.
#[derive(Serialize)]
pub(super) struct Standing {
    state: RunStateName,
    revision: u64,
    step: usize,
    steps: usize,
    now: Option<Time>,
    target: Option<Time>,
    met: usize,
    checks: usize,
}

impl RunState {
    pub(super) fn progress(&self) -> Standing {
        Standing {
            state: self.state,
            revision: self.revision,
            step: self.step,
            steps: self.steps,
            now: self.now,
            target: self.target,
            met: self.met,
            checks: self.checks.len(),
        }
    }
}

impl RunRequest {
    pub(super) fn options(self) -> RunOptions {
        let transport = self.transport.map(|transport| match transport {
            TransportName::Pipe => simulator::Transport::Pipe,
            TransportName::Tcp => simulator::Transport::Tcp,
        });
        RunOptions { transport, keep_going: self.keep_going }
    }
}

impl Run {
    pub(super) fn new(number: u64, scenario: &Scenario, cursor: Cursor) -> Self {
        let state = RunState {
            run: number,
            scenario: scenario.name.clone(),
            state: RunStateName::Starting,
            revision: 0,
            step: 0,
            steps: scenario.steps.len(),
            now: None,
            target: None,
            met: 0,
            checks: Vec::new(),
            lines: VecDeque::new(),
            lines_before: 0,
            error: None,
            cursor,
        };
        Self {
            number,
            scenario: scenario.name.clone(),
            cancelled: watch::Sender::new(false),
            state: watch::Sender::new(state),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.borrow().state.is_over()
    }

    /// It ends now, also while the store is doing what it has asked for.
    pub(super) fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    /// To watch it.
    pub(super) fn watch(&self) -> watch::Receiver<RunState> {
        self.state.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut RunState)) {
        self.state.send_modify(|state| {
            change(state);
            state.revision = state.revision.saturating_add(1);
        });
    }

    /// Plays the scenario to its end. It blocks.
    pub(super) fn play(
        self: &Arc<Self>,
        scenario: &Scenario,
        options: RunOptions,
        (plane, store): (RouterPlane, &str),
        draining: watch::Receiver<bool>,
    ) {
        let plane = Cancellable { plane, run: Arc::clone(self), draining };
        let mut driver = ScenarioDriver::new(plane, store);
        let mut watcher = Watcher(self);
        let ended = simulator::run(scenario, options, &mut driver, &mut watcher);
        self.end(ended);
    }

    fn end(&self, ended: Result<Report, RunError>) {
        let cancelled = *self.cancelled.borrow();
        self.change(|state| {
            state.target = None;
            state.state = match ended {
                Ok(report) if report.met() => RunStateName::Met,
                Ok(_) => RunStateName::NotMet,
                Err(_) if cancelled => RunStateName::Cancelled,
                Err(error) => {
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    let why = source.map(|source| format!(": {source}")).unwrap_or_default();
                    state.error = Some(format!("{error}{why}"));
                    RunStateName::Failed
                }
            };
        });
    }
}

/// The plane of a run that can be cancelled.
struct Cancellable {
    plane: RouterPlane,
    run: Arc<Run>,
    draining: watch::Receiver<bool>,
}

impl ControlPlane for Cancellable {
    fn call(&mut self, request: &PlaneRequest) -> Result<Vec<u8>, DriverError> {
        let (mut cancelled, draining) = (self.run.cancelled.subscribe(), &mut self.draining);
        let stop = async {
            tokio::select! {
                biased;
                // The run keeps the channel, so this is no error.
                _ = cancelled.wait_for(|cancelled| *cancelled) => "the run was cancelled",
                () = leaves(draining) => "the server leaves",
            }
        };
        let PlaneAnswer { body, cursor } = self.plane.call_unless(request, stop)?;
        if let Some(cursor) = cursor {
            // It is no news for whoever watches.
            self.run.state.send_if_modified(|state| {
                state.cursor = cursor;
                false
            });
        }
        Ok(body)
    }
}

/// Writes down what a run shows.
struct Watcher<'r>(&'r Run);

impl Audience for Watcher<'_> {
    fn show(&mut self, entry: TimelineEntry) {
        self.0.change(|state| {
            if MOST_LINES <= state.lines.len() {
                state.lines.pop_front();
                state.lines_before = state.lines_before.saturating_add(1);
            }
            state.lines.push_back(entry.to_string());
            if let TimelineEntry::Checked { check, .. } = entry {
                let Check { step, expected, found, met } = check;
                state.met = state.met.saturating_add(usize::from(met));
                state.checks.push(CheckText { step, expected, found, met });
            }
            // The first thing that is shown is the store's new start.
            state.state = RunStateName::Running;
        });
    }

    fn progress(&mut self, Progress { step, now, target, .. }: Progress) {
        self.0.change(|state| {
            (state.step, state.now) = (step, Some(Time(now)));
            state.target = target.filter(|target| *target != SimTime::MAX).map(Time);
            state.state = RunStateName::Running;
        });
    }
}
