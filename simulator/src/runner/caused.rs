//! What the last step caused: of each kind of event that is asked for, how many there were.

use super::judge::{same, same_process};
use crate::event::StoreEvent;
use crate::scenario::{EventExpectation, Step, StepAction};

/// Events of one step, counted for the looks that follow it. The events themselves are not kept: a day may bring a million.
#[derive(Default)]
pub(super) struct Caused<'s> {
    counts: Vec<(&'s EventExpectation, u64)>,
}

impl<'s> Caused<'s> {
    /// Counts what the looks at the beginning of `rest` ask for.
    pub(super) fn for_looks(rest: &'s [Step]) -> Self {
        let looks = rest.iter().map_while(|step| {
            if let StepAction::Expect(look) = &step.action { Some(look) } else { None }
        });
        Self { counts: looks.flat_map(|look| &look.events).map(|event| (event, 0)).collect() }
    }

    pub(super) fn see(&mut self, event: &StoreEvent) {
        for (expected, count) in &mut self.counts {
            if is_one(expected, event) {
                *count = count.saturating_add(1);
            }
        }
    }

    pub(super) fn count(&self, expected: &EventExpectation) -> u64 {
        let counted = self.counts.iter().find(|(other, _)| *other == expected);
        counted.map_or(0, |(_, count)| *count)
    }
}

fn is_one(expected: &EventExpectation, event: &StoreEvent) -> bool {
    let version = expected.client_version.map(|version| version.to_string());
    event.event_type == expected.event_type
        && same_process(expected.process.as_deref(), event.process())
        && same(expected.group.as_deref(), event.field("group").text())
        && same(version.as_deref(), event.field("client_version").text())
        && same(expected.code.as_deref(), event.field("code").field("name").text())
}
