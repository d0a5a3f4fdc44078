//! What a store has counted: sums over the entries of its journal. Eviction lessens none of them, and their number is bounded
//! whatever peers call themselves.

use std::collections::BTreeMap;

use policy::BlockList;

use crate::admission::Refusal;
use crate::event::Event;
use crate::event_kind::EventKind;
use crate::fault::Stage;
use crate::session::{DisconnectReason, EndReason};

/// Items of the block lists that are counted one by one; the hits of others are counted together.
const MOST_ITEMS: usize = 100;

/// Bytes of an item that is counted by itself.
const LONGEST_ITEM: usize = 128;

/// Sums over the entries of a journal.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    kinds: BTreeMap<EventKind, u64>,
    judged: BTreeMap<(Judged, Option<BlockList>), u64>,
    items: BTreeMap<CountedItem, BTreeMap<Judged, u64>>,
    refusals: BTreeMap<&'static str, u64>,
    ends: BTreeMap<EndReason, u64>,
    fault_hits: BTreeMap<(Stage, &'static str), u64>,
    evicted: u64,
}

/// What comes of a decision on a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Judged {
    /// It has a session, and keeps it.
    Admitted,
    /// It got none.
    Refused,
    /// Its session was ended by the policy.
    Disconnected,
    /// The policy forbids it and is not acted on.
    WouldBlock,
}

/// An item of a block list that hit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CountedItem {
    /// The list.
    pub list: BlockList,
    /// The item as written; none for all that are not counted one by one.
    pub text: Option<String>,
}

impl Tally {
    /// Adds what another has counted.
    pub fn add(&mut self, other: &Self) {
        let Self { kinds, judged, items, refusals, ends, fault_hits, evicted } = other;
        add_all(&mut self.kinds, kinds);
        add_all(&mut self.judged, judged);
        for (item, hits) in items {
            let item = self.place_of(item.list, item.text.as_deref());
            add_all(self.items.entry(item).or_default(), hits);
        }
        add_all(&mut self.refusals, refusals);
        add_all(&mut self.ends, ends);
        add_all(&mut self.fault_hits, fault_hits);
        self.evicted = self.evicted.saturating_add(*evicted);
    }

    /// Entries of a kind.
    pub fn events(&self, kind: EventKind) -> u64 {
        self.kinds.get(&kind).copied().unwrap_or(0)
    }

    /// Entries that have left the journal.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Decisions that came to this by an item of this list; none where no item had a part in it.
    pub fn decisions(&self, judged: Judged, list: Option<BlockList>) -> u64 {
        self.judged.get(&(judged, list)).copied().unwrap_or(0)
    }

    /// How often each item decided what, in order.
    pub fn items(&self) -> impl Iterator<Item = (&CountedItem, Judged, u64)> {
        let hits = |(item, hits): (_, &BTreeMap<_, _>)| {
            let hits: Vec<(Judged, u64)> =
                hits.iter().map(|(kind, count)| (*kind, *count)).collect();
            hits.into_iter().map(move |(judged, count)| (item, judged, count))
        };
        self.items.iter().flat_map(hits)
    }

    /// Refusals, by the word for their reason.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.refusals.iter().map(|(reason, count)| (*reason, *count))
    }

    /// Sessions that ended like this.
    pub fn ends(&self, reason: EndReason) -> u64 {
        self.ends.get(&reason).copied().unwrap_or(0)
    }

    /// Hits of fault rules, by their stage and the word for their effect.
    pub fn fault_hits(&self) -> impl Iterator<Item = (Stage, &'static str, u64)> {
        self.fault_hits.iter().map(|((stage, effect), count)| (*stage, *effect, *count))
    }

    pub(crate) fn count_evicted(&mut self) {
        self.evicted = self.evicted.saturating_add(1);
    }

    /// Counts an entry.
    pub(crate) fn count(&mut self, event: &Event) {
        one_more(&mut self.kinds, event.kind());
        match event {
            Event::SessionConnected { listed: false, .. }
            | Event::SessionIdentified { kept: true, listed: false, .. } => {
                one_more(&mut self.judged, (Judged::Admitted, None));
            }
            Event::SessionRefused { refusal, .. } => {
                one_more(&mut self.refusals, refusal.name());
                match refusal {
                    Refusal::Policy(why) => self.hit(Judged::Refused, why),
                    Refusal::Denied(_)
                    | Refusal::VersionTooOld
                    | Refusal::TooManyNames
                    | Refusal::SessionLimit
                    | Refusal::ClassLimit
                    | Refusal::NotRunning
                    | Refusal::Fault(_) => one_more(&mut self.judged, (Judged::Refused, None)),
                }
            }
            Event::SessionDisconnected { reason: DisconnectReason::Policy(why), .. } => {
                self.hit(Judged::Disconnected, why);
            }
            Event::SessionWouldBlock { why, .. } => self.hit(Judged::WouldBlock, why),
            Event::SessionEnded { reason, .. } => one_more(&mut self.ends, *reason),
            Event::FaultHit { stage, effect, .. } => {
                one_more(&mut self.fault_hits, (*stage, *effect));
            }
            Event::SessionConnected { listed: true, .. }
            | Event::SessionIdentified { .. }
            | Event::SessionDisconnected { .. }
            | Event::SessionNotified { .. }
            | Event::StoreStarted { .. }
            | Event::StoreChanged(_)
            | Event::BuildChanged { .. }
            | Event::ClusterChanged { .. }
            | Event::PollAbandoned { .. }
            | Event::CheckpointRestored { .. }
            | Event::RegistryImported { .. }
            | Event::FaultAdded { .. }
            | Event::FaultChanged { .. }
            | Event::FaultRemoved { .. }
            | Event::PollSkipped { .. }
            | Event::SnapshotTaken { .. }
            | Event::UserChanged { .. }
            | Event::UserRemoved { .. }
            | Event::StoreRestored(_)
            | Event::JournalTruncated { .. }
            | Event::StoreStopped
            | Event::PolicyChanged { .. }
            | Event::EnforcementCompleted { .. }
            | Event::PolicyModeChanged { .. }
            | Event::PollCompleted { .. }
            | Event::PollFailed { .. }
            | Event::RegistryInvalid { .. }
            | Event::RegistryChanged(_)
            | Event::ClockChanged { .. } => {}
        }
    }

    fn hit(&mut self, judged: Judged, why: &policy::Cause) {
        one_more(&mut self.judged, (judged, Some(why.list)));
        let item = self.place_of(why.list, Some(&why.item.text));
        one_more(self.items.entry(item).or_default(), judged);
    }

    /// Items that are counted by themselves.
    fn own_items(&self) -> usize {
        let is_shared =
            |list: &BlockList| self.items.contains_key(&CountedItem { list: *list, text: None });
        self.items
            .len()
            .saturating_sub(BlockList::ALL.iter().filter(|list| is_shared(list)).count())
    }

    /// Where an item is counted: by itself, while there are few of them and it is short.
    fn place_of(&self, list: BlockList, text: Option<&str>) -> CountedItem {
        let own = CountedItem { list, text: text.map(str::to_owned) };
        let fits = text.is_some_and(|text| text.len() <= LONGEST_ITEM);
        if fits && (self.own_items() < MOST_ITEMS || self.items.contains_key(&own)) {
            own
        } else {
            CountedItem { list, text: None }
        }
    }
}

fn one_more<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

fn add_all<K: Ord + Clone>(counts: &mut BTreeMap<K, u64>, others: &BTreeMap<K, u64>) {
    for (key, other) in others {
        let count = counts.entry(key.clone()).or_default();
        *count = count.saturating_add(*other);
    }
}
