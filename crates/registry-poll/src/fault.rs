//! Trouble with reading the registry, on demand: what policy A7 to A10 and A30 say a store makes of it can be tried out.
//!
//! The faults of a store sit between its registry and its engine. Every read passes through [`ReadFaults::apply`], also
//! while there is no fault: a stale read answers with what an earlier one returned. Nothing here waits or draws lots; the
//! same faults and the same reads give the same answers.
//!
//! | fault | the store reads | and by policy |
//! |---|---|---|
//! | [`FaultKind::Missing`] | no such value | the list is off (A7), as it is when a key is deleted |
//! | [`FaultKind::WrongType`] | the same bytes under another type | the list is off, and that is an error (A8) |
//! | [`FaultKind::AccessDenied`] | ERROR_ACCESS_DENIED | the last good list stays (A9); at the start there is none (A30) |
//! | [`FaultKind::Torn`] | ERROR_REGISTRY_CORRUPT | the same |
//! | [`FaultKind::Busy`] | ERROR_SHARING_VIOLATION | the same |
//! | [`FaultKind::Slow`] | the value, later | the same poll, finished later; the grid of polls stays |
//! | [`FaultKind::Stale`] | what it read before | an edit is not seen yet |

use core::num::NonZeroU64;
use core::time::Duration;
use std::collections::BTreeMap;

use crate::{KeyPath, KeyStoreError, RegType, RegValue, ValueName, ValueRead};

/// Faults that a store holds at the most, used up ones among them.
pub const MAX_FAULTS: usize = 1_000;

/// What goes wrong with a read of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// The value is not there.
    Missing,
    /// The value has the same bytes and this type, such as the REG_DWORD that a page of Microsoft's own takes the sibling
    /// value `Disable MAPI Clients` for. A value that is not there or has this type already is not disturbed.
    WrongType(RegType),
    /// Access to the key is denied.
    AccessDenied,
    /// The hive is half written.
    Torn,
    /// The hive is in somebody else's hands.
    Busy,
    /// The answer comes so much store time later. Whatever else is wrong with the read is wrong too.
    Slow(Duration),
    /// The value is what the last read that nothing but slowness disturbed returned; before any, it is not there.
    Stale,
}

/// A fault of the registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryFault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// The value that it goes wrong with; none is every value.
    pub value: Option<ValueName>,
    /// Reads that it disturbs until it is used up; none is until it is removed. The values that a poll asks for together
    /// are one read.
    pub reads: Option<NonZeroU64>,
}

/// The ordinal of a fault in its store, from 1. None is given twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FaultId(pub u64);

/// A fault with its counters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CountedFault {
    /// Its ordinal.
    pub id: FaultId,
    /// The fault.
    pub fault: RegistryFault,
    /// Reads since it was added that asked for its value.
    pub seen: u64,
    /// Those of them that it disturbed.
    pub hits: u64,
}

/// There are [`MAX_FAULTS`] already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store has {MAX_FAULTS} registry faults, and that is the most it holds")]
pub struct TooManyFaults;

/// What is left of a read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisturbedReads {
    /// The values as the engine gets them, in the order they were read.
    pub reads: Vec<ValueRead>,
    /// Store time until the engine gets them.
    pub delay: Duration,
    /// Which fault disturbed which value: value by value, oldest fault first.
    pub hits: Vec<(FaultId, ValueName)>,
}

/// The faults of a store's registry.
#[derive(Clone, Debug, Default)]
pub struct ReadFaults {
    faults: Vec<CountedFault>,
    last_id: u64,
    /// What the last undisturbed reads returned. As many as there are values that the store asks for.
    undisturbed: BTreeMap<(KeyPath, ValueName), Option<RegValue>>,
}

impl ReadFaults {
    /// Adds a fault, which disturbs reads from the next one on.
    ///
    /// # Errors
    /// [`TooManyFaults`].
    pub fn add(&mut self, fault: RegistryFault) -> Result<FaultId, TooManyFaults> {
        if MAX_FAULTS <= self.faults.len() {
            return Err(TooManyFaults);
        }
        self.last_id = self.last_id.saturating_add(1);
        let id = FaultId(self.last_id);
        self.faults.push(CountedFault { id, fault, seen: 0, hits: 0 });
        Ok(id)
    }

    /// Removes a fault. A read that it has delayed stays delayed.
    pub fn remove(&mut self, id: FaultId) -> Option<CountedFault> {
        let at = self.faults.iter().position(|fault| fault.id == id)?;
        Some(self.faults.remove(at))
    }

    /// A fault.
    pub fn get(&self, id: FaultId) -> Option<&CountedFault> {
        self.faults.iter().find(|fault| fault.id == id)
    }

    /// The faults, oldest first. One that is used up stays, for its counters, until it is removed.
    pub fn list(&self) -> &[CountedFault] {
        &self.faults
    }

    /// Disturbs a read of values of `key`. On each value the oldest fault that has anything to disturb wins, beside those
    /// that are slow: these add up, each once for a read.
    pub fn apply(&mut self, key: &KeyPath, reads: Vec<ValueRead>) -> DisturbedReads {
        let names: Vec<_> = reads.iter().map(|read| read.name.clone()).collect();
        let mut hits = Vec::new();
        let reads = reads.into_iter().map(|read| self.disturb(key, read, &mut hits)).collect();
        let delay = self.count(&names, &hits);
        DisturbedReads { reads, delay, hits }
    }

    fn disturb(
        &mut self,
        key: &KeyPath,
        read: ValueRead,
        hits: &mut Vec<(FaultId, ValueName)>,
    ) -> ValueRead {
        let ValueRead { name, result } = read;
        let place = (key.clone(), name.clone());
        let before = self.undisturbed.get(&place).cloned().flatten();
        let mut disturbed = None;
        for CountedFault { id, fault, .. } in self.faults.iter().filter(|f| f.disturbs(&name)) {
            let answer = match disturbed {
                None => fault.kind.answer(key, &result, &before),
                Some(_) => None,
            };
            if answer.is_some() || fault.kind.delay().is_some() {
                hits.push((*id, name.clone()));
            }
            disturbed = disturbed.or(answer);
        }
        if let (None, Ok(value)) = (&disturbed, &result) {
            self.undisturbed.insert(place, value.clone());
        }
        ValueRead { name, result: disturbed.unwrap_or(result) }
    }

    /// Counts a read, and how long the slow faults that it met take together.
    fn count(&mut self, names: &[ValueName], hits: &[(FaultId, ValueName)]) -> Duration {
        let mut delay = Duration::ZERO;
        for fault in &mut self.faults {
            if names.iter().any(|name| fault.concerns(name)) {
                fault.seen = fault.seen.saturating_add(1);
            }
            if hits.iter().any(|(id, _)| *id == fault.id) {
                fault.hits = fault.hits.saturating_add(1);
                delay = delay.saturating_add(fault.fault.kind.delay().unwrap_or_default());
            }
        }
        delay
    }
}

impl CountedFault {
    /// Reads that it will still disturb; none when there is no end to them.
    pub fn reads_left(&self) -> Option<u64> {
        self.fault.reads.map(|reads| reads.get().saturating_sub(self.hits))
    }

    fn concerns(&self, name: &ValueName) -> bool {
        self.fault.value.as_ref().is_none_or(|value| value == name)
    }

    fn disturbs(&self, name: &ValueName) -> bool {
        self.concerns(name) && self.reads_left() != Some(0)
    }
}

impl FaultKind {
    /// Its own word, in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongType(_) => "wrong_type",
            Self::AccessDenied => "access_denied",
            Self::Torn => "torn",
            Self::Busy => "busy",
            Self::Slow(_) => "slow",
            Self::Stale => "stale",
        }
    }

    /// What is read instead of `result`; none when that stays.
    fn answer(
        self,
        key: &KeyPath,
        result: &Result<Option<RegValue>, KeyStoreError>,
        before: &Option<RegValue>,
    ) -> Option<Result<Option<RegValue>, KeyStoreError>> {
        let key = || key.clone();
        match (self, result) {
            (Self::Missing, _) => Some(Ok(None)),
            (Self::WrongType(kind), Ok(Some(value))) if value.kind() != kind => {
                Some(Ok(Some(RegValue::new(kind, value.data().to_vec()))))
            }
            (Self::WrongType(_) | Self::Slow(_), _) => None,
            (Self::AccessDenied, _) => Some(Err(KeyStoreError::AccessDenied { key: key() })),
            (Self::Torn, _) => Some(Err(KeyStoreError::Corrupt { key: key() })),
            (Self::Busy, _) => Some(Err(KeyStoreError::Busy { key: key() })),
            (Self::Stale, _) => Some(Ok(before.clone())),
        }
    }

    fn delay(self) -> Option<Duration> {
        if let Self::Slow(delay) = self { Some(delay) } else { None }
    }
}
