//! What happened in a store, as the report of a test shows it.

use super::Timeline;
use crate::event::StoreEvent;

/// Lines that are shown at the most: the last ones.
const LINES: usize = 200;

/// The timeline of these events under a heading, each line with its end; of a long one the beginning is left out.
#[must_use]
pub fn report(store: &str, events: &[StoreEvent]) -> String {
    let lines = Timeline::new().tell(events);
    let hidden = lines.len().saturating_sub(LINES);
    let mut told = format!("what happened in the store `{store}`:\n");
    if 0 < hidden {
        told.push_str(&format!("  ({hidden} lines before)\n"));
    }
    for line in lines.iter().skip(hidden) {
        told.push_str(&format!("  {line}\n"));
    }
    told
}
