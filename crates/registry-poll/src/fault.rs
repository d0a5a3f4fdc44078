//! Trouble with reading the registry, on demand: what policy A7 to A10 and A30 say a store makes of it can be tried out.
//!
//! The faults of a store sit between its registry and its engine. Every read passes through [`ReadMemory::disturb`], also
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

use core::time::Duration;
use std::collections::BTreeMap;

use crate::{KeyPath, KeyStoreError, RegType, RegValue, ValueName, ValueRead};

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

/// The ordinal of a fault rule in its store, from 1. None is given twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FaultId(pub u64);

/// A fault that goes wrong with this read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FiringFault {
    /// The rule.
    pub id: FaultId,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The value that it goes wrong with; none is every value.
    pub value: Option<ValueName>,
}

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

/// What the last undisturbed reads returned. As many as there are values that the store asks for.
#[derive(Clone, Debug, Default)]
pub struct ReadMemory {
    undisturbed: BTreeMap<(KeyPath, ValueName), Option<RegValue>>,
}

impl ReadMemory {
    /// Disturbs a read of values of `key` by the faults that go wrong with it, oldest first. On each value the first that has
    /// anything to disturb wins, beside those that are slow: these add up, each once for a read.
    pub fn disturb(
        &mut self,
        key: &KeyPath,
        reads: Vec<ValueRead>,
        faults: &[FiringFault],
    ) -> DisturbedReads {
        let mut hits = Vec::new();
        let one = |read| self.disturb_value(key, read, faults, &mut hits);
        let reads = reads.into_iter().map(one).collect();
        let slow = faults.iter().filter(|fault| hits.iter().any(|(id, _)| *id == fault.id));
        let delays = slow.filter_map(|fault| fault.kind.delay());
        let delay = delays.fold(Duration::ZERO, Duration::saturating_add);
        DisturbedReads { reads, delay, hits }
    }

    fn disturb_value(
        &mut self,
        key: &KeyPath,
        read: ValueRead,
        faults: &[FiringFault],
        hits: &mut Vec<(FaultId, ValueName)>,
    ) -> ValueRead {
        let ValueRead { name, result } = read;
        let place = (key.clone(), name.clone());
        let before = self.undisturbed.get(&place).cloned().flatten();
        let mut disturbed = None;
        for FiringFault { id, kind, .. } in faults.iter().filter(|fault| fault.concerns(&name)) {
            let answer = match disturbed {
                None => kind.answer(key, &result, &before),
                Some(_) => None,
            };
            if answer.is_some() || kind.delay().is_some() {
                hits.push((*id, name.clone()));
            }
            disturbed = disturbed.or(answer);
        }
        if let (None, Ok(value)) = (&disturbed, &result) {
            self.undisturbed.insert(place, value.clone());
        }
        ValueRead { name, result: disturbed.unwrap_or(result) }
    }
}

impl FiringFault {
    fn concerns(&self, name: &ValueName) -> bool {
        self.value.as_ref().is_none_or(|value| value == name)
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
