//! Trouble with reading the registry.

use core::num::NonZeroU64;
use core::time::Duration;

use clock::SimTime;
use infostore::{
    FaultEffect, FaultMatch, FaultRule, FaultRules, FaultSchedule, MAX_FAULTS, TooManyFaults,
};
use registry_poll::{
    DisturbedReads, FaultId, FaultKind, InvalidValue, KeyPath, KeyStoreError, Reading, RegType,
    RegValue, ValueName, ValueRead,
};

type Result = core::result::Result<Option<RegValue>, KeyStoreError>;

const SECOND: Duration = Duration::from_secs(1);

fn name(name: &str) -> ValueName {
    name.parse().expect(name)
}

/// Every read, or those of one value.
fn reads(value: Option<ValueName>, kind: FaultKind) -> FaultRule {
    let matches = FaultMatch { value, ..FaultMatch::default() };
    FaultRule { matches, effect: FaultEffect::Read(kind), schedule: FaultSchedule::default() }
}

fn every(kind: FaultKind) -> FaultRule {
    reads(None, kind)
}

fn of(value: &str, kind: FaultKind) -> FaultRule {
    reads(Some(name(value)), kind)
}

fn times(hits: u64, fault: FaultRule) -> FaultRule {
    let schedule = FaultSchedule { next: NonZeroU64::new(hits), ..FaultSchedule::default() };
    FaultRule { schedule, ..fault }
}

fn faults(faults: impl IntoIterator<Item = FaultRule>) -> FaultRules {
    let mut all = FaultRules::default();
    for fault in faults {
        all.add(fault).expect("there is room");
    }
    all
}

fn sz(text: &str) -> Result {
    Ok(Some(RegValue::sz(text)))
}

/// One poll of the two lists, `a` and `b`.
fn poll(faults: &mut FaultRules, a: Result, b: Result) -> DisturbedReads {
    let reads = [("a", a), ("b", b)];
    let reads = reads.map(|(value, result)| ValueRead { name: name(value), result });
    faults.disturb_reads(SimTime::EPOCH, &KeyPath::parameters_system(), reads.into())
}

/// A poll that finds the texts `a` and `b`: what the store gets of it.
fn results(faults: &mut FaultRules) -> [Result; 2] {
    let [a, b] = <[_; 2]>::try_from(poll(faults, sz("a"), sz("b")).reads).expect("two values");
    [a.result, b.result]
}

fn counters(faults: &FaultRules) -> Vec<(u64, u64)> {
    faults.list().iter().map(|fault| (fault.seen, fault.hits)).collect()
}

#[test]
fn each_fault_comes_to_what_the_policy_says_of_it() {
    let key = KeyPath::parameters_system;
    let wrong = |found| Reading::Invalid(InvalidValue::WrongType { found });
    let failed = Reading::Unreadable;
    let rows = [
        (FaultKind::Missing, Reading::NotFound),
        (FaultKind::WrongType(RegType::DWORD), wrong(RegType::DWORD)),
        (FaultKind::WrongType(RegType::BINARY), wrong(RegType::BINARY)),
        (FaultKind::AccessDenied, failed(KeyStoreError::AccessDenied { key: key() })),
        (FaultKind::Torn, failed(KeyStoreError::Corrupt { key: key() })),
        (FaultKind::Busy, failed(KeyStoreError::Busy { key: key() })),
        (FaultKind::Slow(SECOND), Reading::Text("a".to_owned())),
        (FaultKind::Stale, Reading::NotFound),
    ];
    for (kind, expected) in rows {
        let mut faults = faults([of("A", kind)]);
        let [a, b] = results(&mut faults);
        assert_eq!(Reading::judge(a), expected, "{kind:?}");
        assert_eq!(b, sz("b"), "{kind:?}: another value is not disturbed");
        assert_eq!(counters(&faults), [(1, 1)], "{kind:?}");
    }
}

#[test]
fn without_faults_reads_pass_as_they_are() {
    let denied = Err(KeyStoreError::AccessDenied { key: KeyPath::parameters_system() });
    let passed = poll(&mut FaultRules::default(), denied.clone(), Ok(None));
    assert_eq!(
        passed.reads.into_iter().map(|read| read.result).collect::<Vec<_>>(),
        [denied, Ok(None)]
    );
    assert_eq!((passed.delay, passed.hits), (Duration::ZERO, Vec::new()));
}

#[test]
fn a_value_of_the_wrong_type_keeps_its_bytes() {
    let mut faults = faults([every(FaultKind::WrongType(RegType::DWORD))]);
    let [a, _] = results(&mut faults);
    let value = a.expect("it is read").expect("it is there");
    assert_eq!((value.kind(), value.data()), (RegType::DWORD, RegValue::sz("a").data()));

    let busy = Err(KeyStoreError::Busy { key: KeyPath::parameters_system() });
    let dword = Ok(Some(RegValue::dword(1)));
    for untouched in [Ok(None), busy, dword] {
        let read = poll(&mut faults, untouched.clone(), Ok(None));
        assert_eq!(read.reads[0].result, untouched, "there is no type to change");
        assert_eq!(read.hits, []);
    }
    assert_eq!(counters(&faults), [(4, 1)]);
}

#[test]
fn a_fault_is_used_up_after_its_reads_and_stays_for_its_counters() {
    let mut faults = faults([times(2, every(FaultKind::Missing))]);
    assert_eq!(results(&mut faults), [Ok(None), Ok(None)], "the values of a poll are one read");
    assert_eq!(faults.list()[0].hits_left(), Some(1));
    assert_eq!(results(&mut faults), [Ok(None), Ok(None)]);
    assert_eq!(results(&mut faults), [sz("a"), sz("b")]);
    assert_eq!(faults.list()[0].hits_left(), Some(0));
    assert_eq!(counters(&faults), [(3, 2)]);
}

#[test]
fn the_oldest_fault_that_has_something_to_disturb_wins() {
    let mut faults = faults([
        of("b", FaultKind::WrongType(RegType::DWORD)),
        times(1, every(FaultKind::Busy)),
        every(FaultKind::Missing),
    ]);
    let poll = poll(&mut faults, sz("a"), Ok(None));
    let busy = Err(KeyStoreError::Busy { key: KeyPath::parameters_system() });
    assert_eq!(poll.reads[0].result, busy);
    assert_eq!(poll.reads[1].result, busy, "a value that is not there has no wrong type");
    assert_eq!(poll.hits, [(FaultId(2), name("a")), (FaultId(2), name("b"))]);
    let [a, b] = results(&mut faults);
    assert_eq!(a, Ok(None), "the busy one is used up");
    assert_eq!(b, Ok(Some(RegValue::new(RegType::DWORD, RegValue::sz("b").data().to_vec()))));
    assert_eq!(counters(&faults), [(2, 1), (2, 1), (2, 1)], "only what disturbs is counted");
}

#[test]
fn slow_faults_add_up_once_a_read_and_go_with_others() {
    let mut faults = faults([
        every(FaultKind::Slow(SECOND)),
        of("a", FaultKind::AccessDenied),
        of("a", FaultKind::Slow(10 * SECOND)),
        of("c", FaultKind::Slow(100 * SECOND)),
    ]);
    let poll = poll(&mut faults, sz("a"), sz("b"));
    let denied = Err(KeyStoreError::AccessDenied { key: KeyPath::parameters_system() });
    assert_eq!((&poll.reads[0].result, &poll.reads[1].result), (&denied, &sz("b")));
    assert_eq!(poll.delay, 11 * SECOND);
    let hits = [(1, "a"), (2, "a"), (3, "a"), (1, "b")];
    assert_eq!(poll.hits, hits.map(|(id, value)| (FaultId(id), name(value))));
    assert_eq!(counters(&faults), [(1, 1), (1, 1), (1, 1), (0, 0)]);
}

#[test]
fn a_delay_without_end_is_the_longest_there_is() {
    let mut faults =
        faults([every(FaultKind::Slow(Duration::MAX)), every(FaultKind::Slow(SECOND))]);
    assert_eq!(poll(&mut faults, sz("a"), sz("b")).delay, Duration::MAX);
}

#[test]
fn a_stale_read_returns_what_the_last_undisturbed_one_did() {
    let mut faults = FaultRules::default();
    let read = |faults: &mut FaultRules, result| poll(faults, result, Ok(None)).reads.remove(0);
    assert_eq!(read(&mut faults, sz("first")).name, name("a"));
    faults.add(every(FaultKind::Slow(SECOND))).expect("there is room");
    assert_eq!(read(&mut faults, sz("second")).name, name("a"));
    let busy = Err(KeyStoreError::Busy { key: KeyPath::parameters_system() });
    assert_eq!(read(&mut faults, busy).name, name("a"));
    let missing = faults.add(every(FaultKind::Missing)).expect("there is room");
    assert_eq!(read(&mut faults, sz("not seen")).name, name("a"));
    faults.remove(missing).expect("it is there");
    let stale = faults.add(every(FaultKind::Stale)).expect("there is room");
    for _ in 0..2 {
        assert_eq!(read(&mut faults, sz("edited")).result, sz("second"));
    }
    faults.remove(stale).expect("it is there");
    assert_eq!(read(&mut faults, sz("edited")).result, sz("edited"));
}

#[test]
fn faults_have_ids_that_are_given_once() {
    let mut faults = faults([every(FaultKind::Missing), every(FaultKind::Busy)]);
    let removed = faults.remove(FaultId(1)).expect("it is there");
    assert_eq!(removed.rule, every(FaultKind::Missing));
    assert_eq!(faults.remove(FaultId(1)), None);
    assert_eq!(faults.add(every(FaultKind::Torn)), Ok(FaultId(3)));
    assert_eq!(faults.get(FaultId(1)), None);
    assert_eq!(faults.get(FaultId(3)).map(|fault| fault.rule.effect.name()), Some("torn"));
    let ids: Vec<_> = faults.list().iter().map(|fault| fault.id.0).collect();
    assert_eq!(ids, [2, 3]);
}

#[test]
fn a_store_holds_a_thousand_faults() {
    let mut faults = faults(vec![times(1, every(FaultKind::Missing)); MAX_FAULTS]);
    assert_eq!(faults.add(every(FaultKind::Busy)), Err(TooManyFaults));
    assert_eq!(results(&mut faults), [Ok(None), Ok(None)]);
    assert_eq!(faults.add(every(FaultKind::Busy)), Err(TooManyFaults), "used up ones count too");
    faults.remove(FaultId(7)).expect("it is there");
    assert_eq!(faults.add(every(FaultKind::Busy)), Ok(FaultId(1_001)));
}
