//! What rules apply to, which of several wins, which could never hit, and what the engine makes of those that concern it.

use core::num::NonZeroU64;
use core::time::Duration;

use clock::SimTime;
use infostore::{
    Admission, AssociationRef, Cause, ClientId, ConnectFaults, ConnectionId, Direction, Event,
    FaultEffect, FaultField, FaultMatch, FaultRule, FaultRuleError, FaultRules, FaultTarget,
    GroupId, LateAux, Origin, OriginKind, Refusal, ResultCode, RpcStatus, Stage, StreamSeed,
    Transport,
};
use policy::ProcessName;
use registry_poll::{FaultId, FaultKind};

use super::driver::{Driver, after, program};
use crate::running::always;

const SECOND: Duration = Duration::from_secs(1);

/// A connect that fault rules refuse, one that they let pass, and a tick that they skip.
pub(crate) fn faults() -> Driver {
    let mut driver = Driver::blocking("mdl.exe");
    let association = AssociationRef { group: GroupId(900), connection: ConnectionId(900) };
    let faults = ConnectFaults { rules: vec![FaultId(4)], refuse: Some(ResultCode(0x480)) };
    driver.connect_disturbed(&program("mdl.exe"), association, faults);
    let faults = ConnectFaults { rules: vec![FaultId(5), FaultId(6)], refuse: None };
    driver.connect_disturbed(&program("a.exe"), association, faults);
    let due = driver.store.poll_timeout().expect("a tick");
    driver.store.skip_tick(due, FaultId(7));
    driver
}

#[test]
fn a_fault_rule_refuses_before_anything_else_is_asked() {
    let mut driver = Driver::blocking("mdl.exe");
    let association = AssociationRef { group: GroupId(900), connection: ConnectionId(900) };
    for process in ["mdl.exe", "a.exe"] {
        let code = ResultCode(0x480);
        let faults = ConnectFaults { rules: vec![FaultId(4)], refuse: Some(code) };
        let admission = driver.connect_disturbed(&program(process), association, faults);
        assert_eq!(admission, Admission::Refused(Refusal::Fault(code)), "{process}");
    }
    assert_eq!(driver.live(), []);
    assert_eq!(driver.store.counts().refused, 2);
}

#[test]
fn the_entry_of_a_connect_names_the_rules_that_disturbed_it() {
    let driver = faults();
    let named = driver.store.journal().entries().filter_map(|entry| match &entry.event {
        Event::SessionConnected { faults, .. } | Event::SessionRefused { faults, .. } => {
            Some(faults.iter().map(|fault| fault.0).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(named.collect::<Vec<_>>(), [vec![4], vec![5, 6]]);
}

#[test]
fn a_tick_that_is_skipped_does_nothing_and_the_grid_stays() {
    let driver = faults();
    let newest = driver.store.journal().entries().next_back().expect("an entry");
    assert_eq!(newest.cause, Cause::Fault(FaultId(7)));
    assert_eq!(newest.event, Event::PollSkipped { due: after(900) });
    assert_eq!(driver.store.poll_timeout(), Some(after(1_800)));
    assert_eq!(driver.store.polls().len(), 1, "the read at the start");
}

fn injected(client: u64, group: Option<&str>) -> FaultTarget {
    FaultTarget {
        origin: Some(Origin::Injected {
            client: ClientId(client),
            group: group.map(str::to_owned),
        }),
        transport: Some(Transport::Pipe),
        processes: ["helper.exe", "C:\\Beta\\MDL.exe"].map(name).into(),
        opnum: Some(10),
        ..FaultTarget::default()
    }
}

fn foreign() -> FaultTarget {
    FaultTarget {
        origin: Some(Origin::Foreign),
        transport: Some(Transport::Tcp),
        opnum: Some(0),
        ..FaultTarget::default()
    }
}

fn name(text: &str) -> ProcessName {
    ProcessName::parse(text).expect(text)
}

fn any() -> FaultMatch {
    FaultMatch::default()
}

fn matching(matches: FaultMatch, effect: FaultEffect) -> FaultRule {
    FaultRule { matches, ..always(effect) }
}

fn hit(rule: FaultRule, stage: Stage, target: &FaultTarget) -> bool {
    assert_eq!(rule.check(), Ok(()), "{rule:?}");
    let mut rules = FaultRules::default();
    rules.add(rule).expect("there is room");
    let hits = !rules.decide(SimTime::EPOCH, stage, target).is_empty();
    assert_eq!(rules.list()[0].seen, u64::from(hits), "what does not match is not seen");
    hits
}

#[test]
fn a_match_is_met_when_each_part_that_is_given_is() {
    let (ours, theirs) = (injected(1, Some("finance")), foreign());
    let rows = [
        ("anything", any(), true, true),
        ("the stage", FaultMatch { stage: Some(Stage::Connect), ..any() }, true, true),
        ("another stage", FaultMatch { stage: Some(Stage::Rpc), ..any() }, false, false),
        ("a program", FaultMatch { process: Some(name("mdl.EXE")), ..any() }, true, false),
        ("another program", FaultMatch { process: Some(name("mdl")), ..any() }, false, false),
        ("the client", FaultMatch { client: Some(ClientId(1)), ..any() }, true, false),
        ("another client", FaultMatch { client: Some(ClientId(2)), ..any() }, false, false),
        ("the group", FaultMatch { group: Some("finance".to_owned()), ..any() }, true, false),
        ("another group", FaultMatch { group: Some("Finance".to_owned()), ..any() }, false, false),
        ("injected", FaultMatch { origin: Some(OriginKind::Injected), ..any() }, true, false),
        ("foreign", FaultMatch { origin: Some(OriginKind::Foreign), ..any() }, false, true),
        ("the pipe", FaultMatch { transport: Some(Transport::Pipe), ..any() }, true, false),
        ("TCP", FaultMatch { transport: Some(Transport::Tcp), ..any() }, false, true),
        ("a direction", FaultMatch { direction: Some(Direction::ToServer), ..any() }, true, true),
        ("an operation", FaultMatch { opnum: Some(10), ..any() }, true, false),
        ("the other", FaultMatch { opnum: Some(0), ..any() }, false, true),
        (
            "two parts",
            FaultMatch { opnum: Some(10), client: Some(ClientId(2)), ..any() },
            false,
            false,
        ),
    ];
    for (row, matches, of_ours, of_theirs) in rows {
        let rule = || matching(matches.clone(), FaultEffect::Latency(SECOND));
        assert_eq!(hit(rule(), Stage::Connect, &ours), of_ours, "{row}: ours");
        assert_eq!(hit(rule(), Stage::Connect, &theirs), of_theirs, "{row}: theirs");
    }
}

#[test]
fn a_request_to_the_control_plane_is_matched_by_method_and_route() {
    let of = |method: &str, route: &str| FaultTarget {
        method: Some(method.to_owned()),
        route: Some(route.to_owned()),
        ..FaultTarget::default()
    };
    let get = FaultMatch { method: Some("GET".to_owned()), ..any() };
    let sessions = FaultMatch { route: Some("/sessions".to_owned()), ..get.clone() };
    for (row, matches, target, met) in [
        ("any", any(), of("POST", "/polls"), true),
        ("the method", get.clone(), of("GET", "/polls"), true),
        ("another method", get, of("POST", "/polls"), false),
        ("both", sessions.clone(), of("GET", "/sessions"), true),
        ("another route", sessions, of("GET", "/sessions/{id}"), false),
    ] {
        assert_eq!(hit(matching(matches, FaultEffect::Drop), Stage::Api, &target), met, "{row}");
    }
}

/// Each effect once.
pub(crate) fn effects() -> Vec<FaultEffect> {
    let one = NonZeroU64::MIN;
    vec![
        FaultEffect::Refuse,
        FaultEffect::Reset,
        FaultEffect::CloseAfter(8),
        FaultEffect::Hang,
        FaultEffect::Latency(SECOND),
        FaultEffect::SlowBytes(one, SECOND),
        FaultEffect::Corrupt(None, None),
        FaultEffect::RpcFault(RpcStatus(5)),
        FaultEffect::Code(ResultCode(0x480)),
        FaultEffect::LateAux(LateAux::NextCall),
        FaultEffect::Read(FaultKind::Missing),
        FaultEffect::SkipPoll,
        FaultEffect::ClockJump(SECOND),
        FaultEffect::SlowAnswer(SECOND),
        FaultEffect::Drop,
    ]
}

/// A rule is refused exactly where it has no opportunity: what can be added can hit.
#[test]
fn a_match_that_never_meets_its_effect_is_refused() {
    for effect in effects() {
        for stage in Stage::ALL {
            let matches = FaultMatch { stage: Some(stage), ..any() };
            let rule = matching(matches, effect.clone());
            let can = effect.stages().contains(&stage);
            assert_eq!(rule.check().is_ok(), can, "{} at {}", effect.name(), stage.name());
            assert_eq!(rule.acts_at(stage), can);
        }
    }
    let rows = [
        (FaultField::Process, FaultMatch { process: Some(name("a.exe")), ..any() }),
        (FaultField::Client, FaultMatch { client: Some(ClientId(1)), ..any() }),
        (FaultField::Group, FaultMatch { group: Some("g".to_owned()), ..any() }),
        (FaultField::Origin, FaultMatch { origin: Some(OriginKind::Injected), ..any() }),
        (FaultField::Transport, FaultMatch { transport: Some(Transport::Tcp), ..any() }),
        (FaultField::Direction, FaultMatch { direction: Some(Direction::ToClient), ..any() }),
        (FaultField::Opnum, FaultMatch { opnum: Some(11), ..any() }),
    ];
    for (field, matches) in rows {
        let rule = matching(matches, FaultEffect::SkipPoll);
        let error = rule.check().expect_err("a tick has nothing of the kind");
        assert!(
            matches!(error, FaultRuleError::NeverHits { field: named, .. } if named == field),
            "{error}"
        );
    }
    let refused =
        |matches, effect| matching(matches, effect).check().expect_err("never").to_string();
    let process = FaultMatch { process: Some(name("a.exe")), ..any() };
    assert_eq!(
        refused(process, FaultEffect::Refuse),
        "`refuse` acts at `accept`, `bind`, and never where `process` is as the match says"
    );
    let both = FaultMatch { stage: Some(Stage::Connect), opnum: Some(11), ..any() };
    assert_eq!(
        refused(both, FaultEffect::Reset),
        "`reset` acts at `bind`, `connect`, `rpc`, `disconnect`, and never where `opnum` is as the match says"
    );
    let way = FaultMatch { direction: Some(Direction::ToServer), ..any() };
    assert_eq!(
        refused(way, FaultEffect::CloseAfter(1)),
        "`close_after` does not act in this direction"
    );
    let foreign = FaultMatch { origin: Some(OriginKind::Foreign), ..any() };
    for (matches, field) in [
        (FaultMatch { client: Some(ClientId(1)), ..foreign.clone() }, "client_id"),
        (FaultMatch { group: Some("g".to_owned()), ..foreign.clone() }, "group"),
        (FaultMatch { transport: Some(Transport::Pipe), ..foreign.clone() }, "transport"),
    ] {
        assert_eq!(
            refused(matches, FaultEffect::Hang),
            format!("a foreign client has no `{field}` like this, so the rule never hits")
        );
    }
}

#[test]
fn the_oldest_of_effects_that_exclude_each_other_wins_and_the_others_add_up() {
    let mut rules = FaultRules::new(StreamSeed(7));
    let late = FaultEffect::LateAux(LateAux::Dropped);
    for effect in [
        FaultEffect::Latency(SECOND),
        FaultEffect::Reset,
        FaultEffect::Code(ResultCode(0x480)),
        late,
        FaultEffect::Latency(SECOND),
    ] {
        rules.add(always(effect)).expect("there is room");
    }
    let target = injected(1, None);
    let hits = rules.decide(SimTime::EPOCH, Stage::Connect, &target);
    let hits: Vec<_> = hits.iter().map(|hit| (hit.fault.0, hit.effect.name())).collect();
    assert_eq!(hits, [(1, "latency"), (2, "reset"), (4, "late_aux"), (5, "latency")]);
    let counted: Vec<_> = rules.list().iter().map(|rule| (rule.seen, rule.hits)).collect();
    assert_eq!(counted, [(1, 1), (1, 1), (1, 0), (1, 1), (1, 1)]);
    rules.remove(FaultId(2)).expect("it is there");
    let hits = rules.decide(SimTime::EPOCH, Stage::Connect, &target);
    assert!(hits.iter().any(|hit| hit.effect.name() == "ec"), "the next oldest");
}
