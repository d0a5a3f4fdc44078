//! Edits of the block lists' values, the policies that they led to, and how long the last of those they hit was still there.

use std::collections::BTreeSet;

use clock::SimTime;

use super::journal_report::{At, EditOutcome, EditRow, Limited, PolicyRow, Took};
use super::names::{base_name, cut, key};
use super::programs::Moment;
use super::seen::{Seen, number};
use crate::event::{Scalar, StoreEvent};

/// Edits, and policies, that a report tells: the first.
const TOLD: usize = 500;

/// Names that are or were listed, that are remembered.
const LISTED: usize = 10_000;

/// Items that a policy's row names.
const NAMED: usize = 10;

/// The values that the store polls, and the lists that they are.
const VALUES: [(&str, &str); 2] =
    [("Disable MAPI Client Processes", "processes"), ("Disable MAPI Clients", "versions")];

/// The key that they are in.
const KEY: &str =
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\MSExchangeIS\ParametersSystem";

/// Edits and policies.
#[derive(Clone, Default, Debug)]
pub(super) struct Edits {
    edits: Limited<Edit>,
    policies: Limited<Policy>,
    /// What is in force, also where its row is not told.
    generation: Option<u64>,
    /// The node that the service runs on, where the journal says so.
    active: Option<String>,
    /// The last read that was slow.
    slow: Option<SlowRead>,
    /// Keys of names that are or were listed, with the names as written.
    listed: BTreeSet<(String, String)>,
}

/// A poll whose values were held back after they were read.
#[derive(Clone, Debug)]
struct SlowRead {
    cause: String,
    /// The entry that says so: what came after it, the poll has not read.
    seq: u64,
}

#[derive(Clone, Debug)]
struct Edit {
    seq: u64,
    at: SimTime,
    node: String,
    list: &'static str,
    text: Option<String>,
    read: Option<Read>,
    failed_polls: u64,
}

/// How an edit stopped being new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Read {
    InForce { at: SimTime, generation: u64 },
    NoDifference { at: SimTime },
    Superseded,
}

#[derive(Clone, Debug)]
struct Policy {
    row: PolicyRow,
    last_cut_off: Option<SimTime>,
}

impl Edits {
    /// Whether a list has come into force.
    pub(super) fn have_a_list(&self) -> bool {
        !self.policies.rows.is_empty()
    }

    /// Looks at an event that is not about a session.
    pub(super) fn note(&mut self, event: &StoreEvent, moment: Moment) {
        match event.event_type.as_str() {
            "registry.changed" => self.edited(event, moment),
            "poll.completed" if *event.field("changed") == Scalar::Bool(false) => {
                self.read(event, |_| Read::NoDifference { at: moment.at });
            }
            "poll.failed" => self.failed(event),
            "fault.hit" => self.disturbed(event),
            "policy.changed" => self.policy(event, moment),
            "cluster.changed" => {
                self.active = event.field("active").text().map(|node| cut(node).to_owned());
            }
            _ => {}
        }
    }

    fn edited(&mut self, event: &StoreEvent, moment: Moment) {
        let name = event.field("name").text().unwrap_or_default();
        let value = VALUES.iter().find(|(value, _)| value.eq_ignore_ascii_case(name));
        let in_key = event.field("key").text().is_some_and(|key| key.eq_ignore_ascii_case(KEY));
        let (Some((_, list)), true) = (value, in_key) else { return };
        let node = cut(event.field("node").text().unwrap_or_default()).to_owned();
        let same = |edit: &&mut Edit| {
            edit.read.is_none() && edit.list == *list && edit.node.eq_ignore_ascii_case(&node)
        };
        for edit in self.edits.rows.iter_mut().filter(same) {
            edit.read = Some(Read::Superseded);
        }
        let data = event.field("value");
        let data = data.field("data").in_words().or_else(|| data.field("hex").in_words());
        let text = data.map(|data| cut(&data).to_owned());
        let (seq, at) = (moment.seq, moment.at);
        let edit = Edit { seq, at, node, list, text, read: None, failed_polls: 0 };
        self.edits.push(edit, TOLD);
    }

    /// Edits on the node that the service runs on that no poll has read.
    fn waiting(&mut self) -> impl Iterator<Item = &mut Edit> {
        let active = self.active.as_deref();
        let here =
            move |edit: &Edit| active.is_none_or(|node| node.eq_ignore_ascii_case(&edit.node));
        self.edits.rows.iter_mut().filter(move |edit| edit.read.is_none() && here(edit))
    }

    /// A rule disturbs a read of the registry: one that is slow has the values as they are now.
    fn disturbed(&mut self, event: &StoreEvent) {
        let is = |field: &str, word: &str| event.field(field).text() == Some(word);
        if is("stage", "registry") && is("effect", "slow") {
            self.slow = Some(SlowRead { cause: cut(&event.cause).to_owned(), seq: event.seq });
        }
    }

    /// The number of the entry before which the values of a poll, which this event comes of, were read.
    fn read_before(&self, event: &StoreEvent) -> u64 {
        let slow = self.slow.as_ref().filter(|slow| slow.cause == event.cause);
        slow.map_or(event.seq, |slow| slow.seq)
    }

    fn read(&mut self, event: &StoreEvent, how: impl Fn(&Edit) -> Read) {
        let before = self.read_before(event);
        for edit in self.waiting().filter(|edit| edit.seq < before) {
            edit.read = Some(how(edit));
        }
    }

    fn failed(&mut self, event: &StoreEvent) {
        let before = self.read_before(event);
        for edit in self.waiting().filter(|edit| edit.seq < before) {
            edit.failed_polls = edit.failed_polls.saturating_add(1);
        }
    }

    fn policy(&mut self, event: &StoreEvent, moment: Moment) {
        let generation = number(event.field("generation")).unwrap_or_default();
        self.generation = Some(generation);
        let (added, removed) = (items(event, "added"), items(event, "removed"));
        let changed = |list: &str| {
            let change = event.field(list);
            ["added", "removed"].iter().any(|part| !texts(change.field(part)).is_empty())
        };
        self.read(event, |edit| match changed(edit.list) {
            true => Read::InForce { at: moment.at, generation },
            false => Read::NoDifference { at: moment.at },
        });
        for name in texts(event.field("processes").field("added")) {
            if self.listed.len() < LISTED {
                let base = base_name(cut(name));
                self.listed.insert((key(base), base.to_owned()));
            }
        }
        let row = PolicyRow {
            generation,
            at: At(moment.at),
            cause: cut(&event.cause).to_owned(),
            added: Limited::first(added, NAMED),
            removed: Limited::first(removed, NAMED),
            cut_off: 0,
            cut_off_later: 0,
            refused: 0,
            would_block: 0,
        };
        self.policies.push(Policy { row, last_cut_off: None }, TOLD);
    }

    /// A session is cut off by the policy.
    pub(super) fn cut_off(&mut self, seen: &Seen<'_>, moment: Moment) {
        let Some(policy) = self.under(seen.generation) else { return };
        // What a client says or does is no sweep: it would have stayed, had it said nothing.
        if seen.cause == "client" {
            policy.row.cut_off_later = policy.row.cut_off_later.saturating_add(1);
            return;
        }
        policy.row.cut_off = policy.row.cut_off.saturating_add(1);
        policy.last_cut_off = Some(moment.at);
    }

    /// A connection is refused by the policy.
    pub(super) fn refused(&mut self, generation: Option<u64>) {
        if let Some(policy) = self.under(generation) {
            policy.row.refused = policy.row.refused.saturating_add(1);
        }
    }

    /// A session would be cut off or kept out.
    pub(super) fn would_block(&mut self, generation: Option<u64>) {
        if let Some(policy) = self.under(generation) {
            policy.row.would_block = policy.row.would_block.saturating_add(1);
        }
    }

    fn under(&mut self, generation: Option<u64>) -> Option<&mut Policy> {
        let generation = generation.or(self.generation)?;
        self.policies.rows.iter_mut().rev().find(|policy| policy.row.generation == generation)
    }

    /// Keys of names that are or were listed, with the names as written.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.listed.iter().map(|(key, name)| (key.as_str(), name.as_str()))
    }

    pub(super) fn policies(&self) -> Limited<PolicyRow> {
        let rows = self.policies.rows.iter().map(|policy| policy.row.clone()).collect();
        Limited { rows, more: self.policies.more }
    }

    pub(super) fn edits(&self) -> Limited<EditRow> {
        let rows = self.edits.rows.iter().map(|edit| self.told(edit)).collect();
        Limited { rows, more: self.edits.more }
    }

    fn told(&self, edit: &Edit) -> EditRow {
        let generation = match edit.read {
            Some(Read::InForce { generation, .. }) => Some(generation),
            Some(Read::NoDifference { .. } | Read::Superseded) | None => None,
        };
        let policy =
            self.policies.rows.iter().find(|policy| Some(policy.row.generation) == generation);
        let last_cut_off = policy.and_then(|policy| policy.last_cut_off);
        let read_at = match edit.read {
            Some(Read::InForce { at, .. } | Read::NoDifference { at }) => Some(at),
            Some(Read::Superseded) | None => None,
        };
        let until = |at: SimTime| Took(at.since(edit.at));
        EditRow {
            seq: edit.seq,
            at: At(edit.at),
            node: edit.node.clone(),
            list: edit.list,
            text: edit.text.clone(),
            outcome: self.outcome(edit),
            generation,
            read_at: read_at.map(At),
            until_read: read_at.map(until),
            cut_off: policy.map(|policy| policy.row.cut_off).unwrap_or_default(),
            last_cut_off: last_cut_off.map(At),
            until_last_cut_off: last_cut_off.map(until),
            failed_polls: edit.failed_polls,
        }
    }

    fn outcome(&self, edit: &Edit) -> EditOutcome {
        let active = self.active.as_deref();
        match edit.read {
            Some(Read::InForce { .. }) => EditOutcome::InForce,
            Some(Read::NoDifference { .. }) => EditOutcome::NoDifference,
            Some(Read::Superseded) => EditOutcome::Superseded,
            None if active.is_some_and(|node| !node.eq_ignore_ascii_case(&edit.node)) => {
                EditOutcome::Elsewhere
            }
            None => EditOutcome::NotInForceYet,
        }
    }
}

/// What both lists lost or won.
fn items(event: &StoreEvent, part: &str) -> Vec<String> {
    let of = |list: &str| {
        let texts = texts(event.field(list).field(part)).into_iter();
        texts.map(|item| cut(item).to_owned()).collect::<Vec<_>>()
    };
    [of("processes"), of("versions")].concat()
}

fn texts(list: &Scalar) -> Vec<&str> {
    match list {
        Scalar::List(items) => items.iter().filter_map(Scalar::text).collect(),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Integer(_)
        | Scalar::Float(_)
        | Scalar::Text(_)
        | Scalar::Object(_) => Vec::new(),
    }
}
