//! A scenario gone through without a store: what is known at each step, and what can't be so.

use std::collections::BTreeSet;

use clock::SimTime;
use serde_json::Value;

use super::slip::is_slip;
use super::{Finding, FindingSeverity};
use crate::driver::{Apply, BlockList, RegistryData};
use crate::event::EVENT_TYPES;
use crate::fleet::Fleet;
use crate::scenario::{
    Advance, Amount, ClientExpectation, EventExpectation, Expectation, InjectEntry, Scenario, Step,
    StepAction,
};

/// What only a poll or the start of the service brings about.
const OF_A_POLL: &[&str] = &[
    "policy.changed",
    "poll.completed",
    "poll.failed",
    "enforcement.completed",
    "session.disconnected",
    "session.would_block",
    "registry.invalid",
];

pub(super) struct Plot {
    findings: Vec<Finding>,
    /// Every program that a step lets clients name, wherever in the scenario, as it is written.
    programs: Vec<String>,
    /// The clients injected so far: program and label, and how many.
    clients: Vec<(Option<String>, Option<String>, u64)>,
    /// Edits of the lists that nothing has taken up yet: the place of each.
    edits: Vec<String>,
    /// Whether the last step that was not an `expect` was such an edit.
    just_edited: bool,
    /// Store time, while it can be told.
    now: Option<SimTime>,
    /// Whether anything was looked at.
    looked: bool,
    /// Whether a fleet has come, whose programs may take other names.
    fleet: bool,
    /// Names of programs that have been found fault with, so that each is told once.
    told: BTreeSet<String>,
}

impl Plot {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let injected = scenario.steps.iter().flat_map(|step| match_inject(&step.action));
        let named = injected.filter_map(|entry| Some(entry.spec.process()?.as_str().to_owned()));
        let reported = scenario.steps.iter().filter_map(|step| match_report(&step.action));
        Self {
            findings: Vec::new(),
            programs: named.chain(reported).collect(),
            clients: Vec::new(),
            edits: Vec::new(),
            just_edited: false,
            now: Some(scenario.start),
            looked: false,
            fleet: scenario.steps.iter().any(|step| matches!(step.action, StepAction::Fleet(_))),
            told: BTreeSet::new(),
        }
    }

    pub(super) fn play(&mut self, index: usize, step: &Step) {
        let place = format!("/steps/{index}");
        self.looked |= step.refused.is_some();
        if let StepAction::Expect(expectation) = &step.action {
            self.looked = true;
            return self.look(&format!("{place}/expect"), expectation);
        }
        self.just_edited = false;
        // What is refused changes nothing.
        if step.refused.is_some() {
            return;
        }
        match &step.action {
            StepAction::Inject(entries) => self.inject(entries),
            StepAction::Fleet(fleet) => self.deploy(fleet),
            StepAction::SetValue { at, value } => {
                self.edit(format!("{place}/set_value"));
                if let (true, RegistryData::Text(text)) = (at.name.contains("Process"), &value.data)
                {
                    self.check_list(&format!("{place}/set_value/data"), text);
                }
            }
            StepAction::DeleteValue { .. } => self.edit(format!("{place}/delete_value")),
            StepAction::Block { lists, apply } => {
                self.change(format!("{place}/block"), *apply);
                for (list, text) in lists {
                    if *list == BlockList::Processes {
                        self.check_list(&format!("{place}/block/processes"), text);
                    }
                }
            }
            StepAction::Unblock { apply, .. } => self.change(format!("{place}/unblock"), *apply),
            StepAction::Advance(advance) => self.advance(&place, *advance),
            StepAction::Wait(wait) => {
                self.looked = true;
                self.taken_up();
                self.now = None;
                self.check_condition(&format!("{place}/wait/until"), wait.until.as_json());
            }
            StepAction::InstallHotfix
            | StepAction::Restart
            | StepAction::FailOver { .. }
            | StepAction::Poll => self.taken_up(),
            StepAction::Restore(_) => {
                self.taken_up();
                // When that was is not followed.
                self.now = None;
            }
            StepAction::Connect { .. }
            | StepAction::Disconnect { .. }
            | StepAction::Report { .. }
            | StepAction::Touch { .. }
            | StepAction::PolicyMode(_)
            | StepAction::Settings(_)
            | StepAction::Fault(_)
            | StepAction::ClearFaults
            | StepAction::InstallBuild(_)
            | StepAction::Cluster(_)
            | StepAction::Snapshot(_)
            | StepAction::Expect(_) => {}
        }
    }

    pub(super) fn end(mut self) -> Vec<Finding> {
        for place in core::mem::take(&mut self.edits) {
            self.warn(
                "edit-not-taken-up",
                place,
                "nothing takes this edit up before the end: the store looks at its next poll",
                "advance the clock, poll or restart after it, or leave it out",
            );
        }
        if !self.looked {
            self.warn(
                "nothing-expected",
                "/name".to_owned(),
                "this scenario expects nothing, so it is always met",
                "add a step with `expect` after what matters",
            );
        }
        self.findings
    }

    fn inject(&mut self, entries: &[InjectEntry]) {
        for entry in entries {
            let process = entry.spec.process().map(|process| process.as_str().to_owned());
            self.clients.push((process, entry.group.clone(), u64::from(entry.count)));
        }
    }

    /// What a fleet's clients call themselves is their habit, and may change.
    fn deploy(&mut self, fleet: &Fleet) {
        self.fleet = true;
        for group in fleet.groups() {
            let count = group.all_connections();
            self.clients.push((None, Some(group.name().to_owned()), count));
        }
    }

    fn edit(&mut self, place: String) {
        self.edits.push(place);
        self.just_edited = true;
    }

    fn change(&mut self, place: String, apply: Apply) {
        match apply {
            Apply::NextPoll => self.edit(place),
            Apply::Now => self.taken_up(),
        }
    }

    fn taken_up(&mut self) {
        self.edits.clear();
    }

    fn advance(&mut self, place: &str, advance: Advance) {
        self.taken_up();
        self.now = match (advance, self.now) {
            (Advance::By(span), now) => now.map(|now| now.saturating_add(span)),
            (Advance::To(to), Some(now)) if to < now => {
                self.error(
                    "time-backwards",
                    format!("{place}/advance/to"),
                    &format!("it is {now} by then, and time goes forwards only"),
                    "advance to a later time, or say `refused = \"clock-backwards\"`",
                );
                Some(now)
            }
            (Advance::To(to), _) => Some(to),
            (Advance::NextPoll, _) => None,
        };
    }

    fn look(&mut self, place: &str, expectation: &Expectation) {
        for (expected, index) in expectation.sessions.iter().zip(0..) {
            let place = format!("{place}/sessions/{index}");
            let (process, group) = (expected.process.as_deref(), expected.group.as_deref());
            self.check_amount(&place, (None, group), Some(expected.count));
            self.check_program(&place, process, Some(expected.count));
        }
        for (expected, index) in expectation.clients.iter().zip(0..) {
            let place = format!("{place}/clients/{index}");
            let ClientExpectation { process, group, count, .. } = expected;
            let which = (process.as_deref(), group.as_deref());
            self.check_amount(&place, which, *count);
            self.check_program(&place, process.as_deref(), *count);
        }
        for (expected, index) in expectation.events.iter().zip(0..) {
            let place = format!("{place}/events/{index}");
            self.check_program(&place, expected.process.as_deref(), expected.count);
            self.check_event(&place, expected);
        }
    }

    /// An edit alone disconnects nobody.
    fn check_event(&mut self, place: &str, expected: &EventExpectation) {
        let can_be_none = expected.count.is_some_and(|count| count.has(0));
        let of_a_poll = OF_A_POLL.contains(&expected.event_type.as_str());
        if self.just_edited && of_a_poll && !can_be_none {
            let event_type = &expected.event_type;
            self.error(
                "expected-of-an-edit",
                place.to_owned(),
                &format!("the step before is an edit, which causes no `{event_type}`: the store has not looked"),
                "advance the clock, poll or restart in between",
            );
        }
    }

    /// No more can be expected than there are.
    fn check_amount(
        &mut self,
        place: &str,
        (process, group): (Option<&str>, Option<&str>),
        count: Option<Amount>,
    ) {
        let is_one = |(named, label, _): &&(Option<String>, Option<String>, u64)| {
            process.is_none_or(|process| named.as_deref().is_some_and(|named| same(named, process)))
                && group.is_none_or(|group| label.as_deref() == Some(group))
        };
        let clients = self.clients.iter().filter(is_one);
        let there = clients.fold(0_u64, |sum, (_, _, count)| sum.saturating_add(*count));
        if self.fleet && process.is_some() {
            return;
        }
        let wanted = count.unwrap_or(Amount::at_least(1));
        if there < wanted.least() {
            self.error(
                "too-many-expected",
                place.to_owned(),
                &format!("{wanted} can't be: the steps before inject {there} of them"),
                "inject more, or expect fewer",
            );
        }
    }

    /// A program that nobody names is absent for ever.
    fn check_program(&mut self, place: &str, process: Option<&str>, count: Option<Amount>) {
        let unknown = process.filter(|process| !self.fleet && !self.is_known(process));
        let Some(process) = unknown else { return };
        let place = format!("{place}/process");
        if let Some(meant) = self.meant(process) {
            self.slip(place, process, &meant);
        } else if count.is_none_or(|count| !count.has(0)) {
            self.error(
                "unknown-process",
                place,
                &format!("no step lets a client name `{process}`, so this can't be met"),
                "inject clients of this program, or expect another",
            );
        } else {
            self.warn(
                "unknown-process",
                place,
                &format!("no step lets a client name `{process}`, so this is always met"),
                "inject clients of this program, or expect another",
            );
        }
    }

    /// A list may well name programs that nobody runs, unless it nearly names one that somebody does.
    fn check_list(&mut self, place: &str, text: &str) {
        for item in text.split(';').map(str::trim).filter(|item| !item.is_empty()) {
            if self.is_known(item) {
                continue;
            }
            if let Some(meant) = self.meant(item) {
                self.slip(place.to_owned(), item, &meant);
            }
        }
    }

    fn slip(&mut self, place: String, written: &str, meant: &str) {
        if !self.told.insert(format!("{place} {written}")) {
            return;
        }
        self.warn(
            "nearly-a-process",
            place,
            &format!("no client names `{written}`"),
            &format!("did you mean `{meant}`?"),
        );
    }

    fn is_known(&self, process: &str) -> bool {
        self.programs.iter().any(|known| same(known, process))
    }

    fn meant(&self, process: &str) -> Option<String> {
        self.programs.iter().find(|known| is_slip(last_part(known), process)).cloned()
    }

    /// A condition waits for events that there are.
    fn check_condition(&mut self, place: &str, condition: &serde_json::Map<String, Value>) {
        for (word, inner) in condition {
            let place = format!("{place}/{word}");
            match (word.as_str(), inner) {
                ("event", Value::Object(event)) => self.check_types(&place, event),
                ("never", Value::Object(never)) => {
                    if let Some(Value::Object(event)) = never.get("event") {
                        self.check_types(&format!("{place}/event"), event);
                    }
                }
                ("not", Value::Object(condition)) => self.check_condition(&place, condition),
                ("all" | "any" | "sequence", Value::Array(conditions)) => {
                    for (condition, index) in conditions.iter().zip(0..) {
                        if let Value::Object(condition) = condition {
                            self.check_condition(&format!("{place}/{index}"), condition);
                        }
                    }
                }
                ("state", Value::Object(_)) | ("quiescent", Value::Bool(_)) => {}
                (other, _) => self.error(
                    "no-condition",
                    place,
                    &format!("`{other}` is no condition as it is written"),
                    "a condition is one of `all`, `any`, `not`, `sequence`, `event`, `state`, `quiescent` and `never`",
                ),
            }
        }
    }

    fn check_types(&mut self, place: &str, event: &serde_json::Map<String, Value>) {
        let Some(Value::String(types)) = event.get("type") else { return };
        for unknown in types.split(',').filter(|name| !EVENT_TYPES.contains(name)) {
            self.error(
                "unknown-event",
                format!("{place}/type"),
                &format!("no event is of type `{unknown}`"),
                "GET /v1/stores/{store}/event-totals lists those there are",
            );
        }
    }

    fn warn(&mut self, code: &'static str, pointer: String, message: &str, hint: &str) {
        self.find(FindingSeverity::Warning, (code, pointer), message, hint);
    }

    fn error(&mut self, code: &'static str, pointer: String, message: &str, hint: &str) {
        self.find(FindingSeverity::Error, (code, pointer), message, hint);
    }

    fn find(
        &mut self,
        severity: FindingSeverity,
        (code, pointer): (&'static str, String),
        message: &str,
        hint: &str,
    ) {
        let (message, hint) = (message.to_owned(), hint.to_owned());
        self.findings.push(Finding { code, severity, pointer, message, hint });
    }
}

fn match_inject(action: &StepAction) -> &[InjectEntry] {
    if let StepAction::Inject(entries) = action { entries } else { &[] }
}

fn match_report(action: &StepAction) -> Option<String> {
    if let StepAction::Report { process, .. } = action {
        Some(process.as_str().to_owned())
    } else {
        None
    }
}

/// Programs are compared as Windows does, and without the path before them.
fn same(one: &str, other: &str) -> bool {
    last_part(one).to_uppercase() == last_part(other).to_uppercase()
}

fn last_part(process: &str) -> &str {
    process.rsplit(['\\', '/']).next().unwrap_or(process)
}
