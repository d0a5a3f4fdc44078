//! How a wait ended, as JSON: the same whether its condition was met or not, so that a failure explains itself.

use clock::SimTime;
use infostore::{Cursor, Entry};
use serde::Serialize;
use serde_json::Value;
use server::{Look, Verdict, Waited};
use utoipa::ToSchema;

use super::condition::Node;
use super::leaves::{Count, EventLeaf, NeverLeaf, Selected, StateLeaf};
use super::request::CountText;
use crate::event_fields::EventText;
use crate::event_words::event_type;
use crate::scalars::{CursorText, Length, Time};

/// How a wait's condition stands, when the wait is over.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) after: Cursor,
    pub(crate) leaves: Vec<Leaf>,
}

/// How a wait ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitReport)]
pub(crate) struct Report {
    /// Where counting began.
    after: CursorText,
    /// Where the journal stood at the end: what this reflects. The next wait can begin here.
    cursor: CursorText,
    /// Store time when the wait began.
    began: Time,
    /// Store time when it ended.
    now: Time,
    /// Store time in between.
    elapsed: Length,
    /// Time of the wall in between.
    took: Length,
    /// The earliest thing that was due then, a poll or a client's own deadline; null when nothing was.
    next_deadline: Option<Time>,
    /// The conditions that are made of no others, in the order of the request.
    conditions: Vec<Leaf>,
}

/// How one condition stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConditionReport)]
pub(crate) struct Leaf {
    /// Where it is in the request's body.
    #[schema(example = "#/until/all/0")]
    pointer: String,
    /// Whether it holds.
    holds: bool,
    /// How it stands, in one clause.
    #[schema(example = "499 session.disconnected, at least 500 wanted")]
    summary: String,
    /// How many there are; null where nothing is counted.
    count: Option<u64>,
    /// How many are wanted; null where nothing is counted.
    wanted: Option<CountText>,
    /// Of the events that were counted the first two and the last; of `never` the one that came.
    events: Vec<EventText>,
    /// The first of the sessions or clients that were counted, as they are shown.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Value>,
    /// Events of the type that failed the fewest tests of `where`, at most three.
    near_misses: Vec<NearMiss>,
}

/// An event that was not counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MissedEvent)]
struct NearMiss {
    /// The event.
    event: EventText,
    /// The fields that are not what `where` wants.
    #[schema(example = json!(["group"]))]
    failed: Vec<String>,
}

impl Report {
    pub(crate) fn new(waited: Waited<Standing>, took: core::time::Duration) -> Self {
        let Waited { cursor, began, now, next_deadline, report, .. } = waited;
        Self {
            after: CursorText(report.after),
            cursor: CursorText(cursor),
            began: Time(began),
            now: Time(now),
            elapsed: Length(now.since(began)),
            took: Length(took),
            next_deadline: next_deadline.filter(|at| *at < SimTime::MAX).map(Time),
            conditions: report.leaves,
        }
    }

    /// What does not hold, in one sentence.
    pub(crate) fn why(&self) -> String {
        let open = self.conditions.iter().filter(|leaf| !leaf.holds);
        let open: Vec<_> = open.map(|leaf| format!("{}: {}", leaf.pointer, leaf.summary)).collect();
        if open.is_empty() {
            // Of a `not`, or of steps that did not come in order.
            "each condition holds, but not as they are put together".to_owned()
        } else {
            open.join("; ")
        }
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        self.next_deadline
    }
}

/// How a leaf stands. What is put together is told by its parts.
pub(crate) fn leaf(node: &Node, look: Look<'_>, pointer: &str) -> Leaf {
    let leaf = match node {
        Node::Event(leaf) => of_events(leaf),
        Node::State(leaf) => of_state(leaf, look),
        Node::Never(leaf) => of_never(leaf, look),
        Node::Quiescent(wanted) => {
            let summary = if look.quiescent {
                "the store is quiescent"
            } else {
                "the store is not quiescent"
            };
            Leaf::new(*wanted == look.quiescent, summary.to_owned())
        }
        Node::All(_) | Node::Any(_) | Node::Not(_) | Node::Sequence { .. } => {
            Leaf::new(false, String::new())
        }
    };
    Leaf { pointer: pointer.to_owned(), ..leaf }
}

fn of_events(leaf: &EventLeaf) -> Leaf {
    let summary = counted(leaf.count, &event_words(&leaf.events.types), leaf.wanted);
    let near_misses = leaf
        .near
        .iter()
        .map(|(entry, failed)| NearMiss { event: entry.into(), failed: failed.clone() });
    Leaf {
        count: Some(leaf.count),
        wanted: Some(leaf.wanted.into()),
        events: leaf.seen.iter().map(EventText::from).collect(),
        near_misses: near_misses.collect(),
        ..Leaf::new(leaf.verdict() == Verdict::Holds, summary)
    }
}

fn of_state(leaf: &StateLeaf, look: Look<'_>) -> Leaf {
    let what = match leaf.selected {
        Selected::Sessions => "sessions",
        Selected::Clients => "clients",
    };
    let count = leaf.counted(look.view);
    Leaf {
        count: Some(count),
        wanted: Some(leaf.wanted.into()),
        items: leaf.first(look.view),
        ..Leaf::new(leaf.wanted.has(count), counted(count, what, leaf.wanted))
    }
}

fn of_never(leaf: &NeverLeaf, look: Look<'_>) -> Leaf {
    let holds = leaf.verdict(look) == Verdict::Holds;
    let came: Vec<&Entry> = leaf.came.iter().collect();
    let what = event_words(&leaf.events.types);
    let until = Time(leaf.until);
    let summary = match came.first() {
        Some(entry) => format!("{} came at {}", event_type(&entry.event), Time(entry.at)),
        None if holds => format!("no {what} came until {until}"),
        None if leaf.until == SimTime::MAX => format!("no {what} has come; its time has not begun"),
        None => format!("no {what} has come; it has to stay away until {until}"),
    };
    Leaf { events: came.into_iter().map(EventText::from).collect(), ..Leaf::new(holds, summary) }
}

impl Leaf {
    fn new(holds: bool, summary: String) -> Self {
        Self {
            pointer: String::new(),
            holds,
            summary,
            count: None,
            wanted: None,
            events: Vec::new(),
            items: Vec::new(),
            near_misses: Vec::new(),
        }
    }
}

fn event_words(types: &[&str]) -> String {
    if types.is_empty() { "events".to_owned() } else { types.join(" or ") }
}

fn counted(count: u64, what: &str, wanted: Count) -> String {
    let Count { at_least, at_most } = wanted;
    let wanted = match (at_least, at_most) {
        (least, u64::MAX) => format!("at least {least}"),
        (least, most) if least == most => format!("exactly {least}"),
        (0, most) => format!("at most {most}"),
        (least, most) => format!("{least} to {most}"),
    };
    format!("{count} {what}, {wanted} wanted")
}
