//! The service's life as a client on the wire sees it: restarts, builds, failovers, faults of the registry, links
//! (S7, S12, A9, A11, A18, A30; [MS-OXCRPC] 3.1.4.1).

use std::io::Read;
use std::net::TcpStream;
use std::num::NonZeroU64;
use std::time::Duration;

use emsmdb::{EcDoConnectExResponse, ErrorCode, WireVersion, opnum};
use infostore::{
    Build, DisconnectMode, Event, FaultEffect, FaultRule, FaultSchedule, RegistryChange, SessionId,
    Settings,
};
use policy::BlockList;
use registry_poll::{ClusterMode, Edit, FaultKind, KeyPath, NodeName, PollNumber, RegValue};
use server::{Advance, ListChange, Polled, StoreError, StoreOptions};

use super::wire_client::{NULL, OUTLOOK_2003, PATIENCE, WireClient, connect_request};
use super::{TestStore, options};
use crate::running::always;

fn at_build(build: Build) -> TestStore {
    let settings = Settings { build, ..Settings::default() };
    TestStore::start_with(StoreOptions { settings, ..options() })
}

impl TestStore {
    fn restart(&self) {
        self.runtime.block_on(self.handle.restart()).expect("it restarts");
    }

    fn fault(&self, kind: FaultKind, reads: Option<u64>) {
        let next = reads.and_then(NonZeroU64::new);
        let schedule = FaultSchedule { next, ..FaultSchedule::default() };
        let fault = FaultRule { schedule, ..always(FaultEffect::Read(kind)) };
        self.runtime.block_on(self.handle.add_fault(fault)).expect("there is room");
    }

    fn code_of(&self, process: &str) -> ErrorCode {
        self.bind().connect(Some(process)).result
    }
}

#[test]
fn a_restart_closes_every_connection_and_then_reads_the_list() {
    for mode in [DisconnectMode::Connection, DisconnectMode::Context] {
        let settings = Settings { disconnect: mode, ..Settings::default() };
        let store = TestStore::start_with(StoreOptions { settings, ..options() });
        let (mut listed, mut idle) = (store.bind(), store.bind());
        listed.connect(Some("mdl.exe"));
        store.block("mdl.exe");
        store.restart();
        // The one that has only bound goes too: its process at the other end is gone.
        listed.sees_fin_and_nothing_else();
        idle.sees_fin_and_nothing_else();
        assert_eq!(store.code_of("mdl.exe"), ErrorCode::EC_CLIENT_VER_DISALLOWED, "{mode:?}");
        assert_eq!(store.code_of("OUTLOOK.EXE"), ErrorCode::EC_NONE, "{mode:?}");
    }
}

#[test]
fn a_store_that_has_ended_does_not_start_again() {
    let store = TestStore::start();
    store.runtime.block_on(store.handle.end_service()).expect("it runs");
    assert_eq!(store.runtime.block_on(store.handle.restart()), Err(StoreError::Stopped));
    store.runtime.block_on(store.handle.reset()).expect("it can be emptied");
    store.restart();
    assert_eq!(store.code_of("OUTLOOK.EXE"), ErrorCode::EC_NONE);
}

#[test]
fn the_server_s_version_is_that_of_the_build_that_runs() {
    let store = at_build(Build::SP2);
    let version = |store: &TestStore| store.bind().connect(None).server_version;
    assert_eq!(version(&store), WireVersion([6, 7638, 0]));
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    assert_eq!(store.code_of("mdl.exe"), ErrorCode::EC_NONE, "SP2 does not know the list");

    store.runtime.block_on(store.handle.install_hotfix()).expect("SP2 takes it");
    assert_eq!(version(&store), WireVersion([6, 7651, 19]));
    assert_eq!(store.code_of("mdl.exe"), ErrorCode::EC_CLIENT_VER_DISALLOWED);
    let again = store.runtime.block_on(store.handle.install_hotfix());
    assert!(matches!(again, Err(StoreError::Hotfix(_))), "{again:?}");

    let later = Build::new(8, 1, 240, 6);
    store.runtime.block_on(store.handle.install_build(later)).expect("files can be replaced");
    assert_eq!(version(&store), WireVersion([6, 7651, 19]), "not before the next start");
    store.restart();
    assert_eq!(version(&store), WireVersion([0x0801, 0x8000 | 240, 6]), "the form with a minor");
    assert_eq!(store.code_of("mdl.exe"), ErrorCode::EC_NONE, "Exchange 2007 has no such list");
}

#[test]
fn nobody_is_served_while_a_slow_registry_keeps_the_service_starting() {
    let store = TestStore::start();
    store.block("mdl.exe");
    store.fault(FaultKind::Slow(Duration::from_secs(30)), Some(1));
    store.restart();
    assert_eq!(store.code_of("OUTLOOK.EXE"), ErrorCode::EC_SERVER_PAUSED);
    let half_a_minute = Advance::By(Duration::from_secs(30));
    store.runtime.block_on(store.handle.advance(half_a_minute)).expect("a manual clock");
    assert_eq!(store.code_of("OUTLOOK.EXE"), ErrorCode::EC_NONE);
    assert_eq!(store.code_of("mdl.exe"), ErrorCode::EC_CLIENT_VER_DISALLOWED);
}

#[test]
fn a_poll_whose_values_are_held_back_says_so_and_takes_effect_when_they_come() {
    let store = TestStore::start();
    let mut listed = store.bind();
    let handle = listed.connect(Some("mdl.exe")).handle;
    store.fault(FaultKind::Slow(Duration::from_secs(5)), Some(1));
    store.block("mdl.exe");
    let polled = store.runtime.block_on(store.handle.poll_now()).expect("it polls");
    assert!(matches!(polled, Polled::Held(number) if number.0 == 2), "{polled:?}");
    assert_eq!(listed.touch(handle, None), (handle, ErrorCode::EC_NONE), "not read yet");
    let advance = Advance::By(Duration::from_secs(5));
    let advanced = store.runtime.block_on(store.handle.advance(advance)).expect("a manual clock");
    assert_eq!((advanced.polls_run, advanced.disconnected), (1, 1));
    listed.sees_fin_and_nothing_else();
}

#[test]
fn a_poll_that_a_restart_abandons_is_journalled_and_its_number_is_not_another_s() {
    let store = TestStore::start();
    store.fault(FaultKind::Slow(Duration::from_secs(5)), Some(1));
    let polled = store.runtime.block_on(store.handle.poll_now()).expect("it polls");
    assert!(matches!(polled, Polled::Held(PollNumber(2))), "{polled:?}");
    store.restart();
    let abandoned = store.read(|view| {
        let events = view.store().journal().entries().map(|entry| &entry.event);
        events.filter(|event| matches!(event, Event::PollAbandoned { .. })).count()
    });
    assert_eq!(abandoned, 1);
    let record = |number| {
        store.read(move |view| {
            let record = view.store().poll_record(PollNumber(number));
            record.map(|record| record.poll.number.0)
        })
    };
    assert_eq!([1, 2, 3].map(record), [Some(1), None, Some(3)]);
    let polled = store.runtime.block_on(store.handle.poll_now()).expect("it polls");
    assert!(matches!(polled, Polled::Over(record) if record.poll.number.0 == 4));
}

#[test]
fn the_next_poll_is_the_one_that_is_held_and_then_the_tick() {
    let store = TestStore::start();
    store.fault(FaultKind::Slow(Duration::from_secs(3_600)), Some(1));
    let next = || {
        let advanced = store.handle.advance(Advance::NextPoll);
        let advanced = store.runtime.block_on(advanced).expect("there is a next poll");
        (advanced.now.to_string(), advanced.polls_run)
    };
    // The tick at 08:15 begins a read whose values come at 09:15; the ticks that passed meanwhile are served once.
    assert_eq!(next(), ("2006-04-22T08:15:00Z".to_owned(), 0));
    assert_eq!(next(), ("2006-04-22T09:15:00Z".to_owned(), 2));
    assert_eq!(next(), ("2006-04-22T09:30:00Z".to_owned(), 1));
}

#[test]
fn a_connection_that_has_not_bound_does_not_outlive_the_service() {
    let store = TestStore::start();
    let mut silent = TcpStream::connect(store.handle.rpc_address().unwrap()).expect("it listens");
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    // Accepted: the store has one connection less to give.
    let free = options().max_connections;
    while store.handle.free_connections() == free {
        store.sessions();
    }
    store.restart();
    assert_eq!(silent.read(&mut [0]).expect("a FIN, not a reset"), 0);
}

#[test]
fn a_lost_edit_is_journalled_when_the_checkpoint_overwrites_it() {
    let store = TestStore::start();
    let checkpointed = store.handle.set_cluster_mode(ClusterMode::Checkpointed);
    store.runtime.block_on(checkpointed).expect("a cluster");
    let (key, name) = (KeyPath::parameters_system(), infostore::list_value(BlockList::Processes));
    let edit = Edit::SetValue { key, name, value: RegValue::sz("lost.exe") };
    let edited = store.handle.edit_registry(Some(NodeName::second()), vec![edit]);
    store.runtime.block_on(edited).expect("the passive node is there");
    store.runtime.block_on(store.handle.fail_over(None)).expect("there is another node");
    let restored = store.read(|view| {
        let events = view.store().journal().entries().map(|entry| entry.event.clone());
        events.filter(|event| matches!(event, Event::CheckpointRestored { .. })).collect::<Vec<_>>()
    });
    assert_eq!(restored, [Event::CheckpointRestored { node: NodeName::second() }]);
}

#[test]
fn very_many_edits_are_counted_and_those_of_the_lists_told() {
    let store = TestStore::start();
    let key = KeyPath::parameters_system();
    let value = |number: u32| Edit::SetValue {
        key: key.clone(),
        name: format!("v{number}").parse().expect("a name"),
        value: RegValue::dword(number),
    };
    let list = Edit::SetValue {
        key: key.clone(),
        name: infostore::list_value(BlockList::Versions),
        value: RegValue::sz("12.0.0-"),
    };
    let edits = (0..2_000).map(value).chain([list.clone()]).collect();
    store.runtime.block_on(store.handle.edit_registry(None, edits)).expect("there is room");
    let told = store.read(|view| {
        let events = view.store().journal().entries().map(|entry| entry.event.clone());
        events.skip(2).collect::<Vec<_>>()
    });
    let node = NodeName::first();
    let imported = Event::RegistryImported { node: node.clone(), changed: 2_001 };
    let changed = Event::RegistryChanged(RegistryChange { node, edit: list });
    assert_eq!(told, [imported, changed]);
}

#[test]
fn an_unreadable_registry_keeps_the_list_and_a_restart_forgets_it() {
    for kind in [FaultKind::AccessDenied, FaultKind::Torn, FaultKind::Busy] {
        let store = TestStore::start();
        store.block("mdl.exe");
        store.quarter_of_an_hour();
        store.fault(kind, None);
        store.block("");
        store.quarter_of_an_hour();
        let kept = ErrorCode::EC_CLIENT_VER_DISALLOWED;
        assert_eq!(store.code_of("mdl.exe"), kept, "{kind:?}: A9");
        store.block("mdl.exe");
        store.restart();
        assert_eq!(store.code_of("mdl.exe"), ErrorCode::EC_NONE, "{kind:?}: A30");
    }
}

#[test]
fn a_failover_ends_every_session_and_carries_what_was_written_online() {
    let rows = [
        (ClusterMode::Checkpointed, ErrorCode::EC_CLIENT_VER_DISALLOWED, ErrorCode::EC_NONE),
        (ClusterMode::PerNode, ErrorCode::EC_NONE, ErrorCode::EC_CLIENT_VER_DISALLOWED),
    ];
    for (mode, online, passive) in rows {
        let store = TestStore::start();
        store.runtime.block_on(store.handle.set_cluster_mode(mode)).expect("a cluster");
        store.block("online.exe");
        let value = RegValue::sz("passive.exe");
        let (key, name) =
            (KeyPath::parameters_system(), infostore::list_value(BlockList::Processes));
        let edit = Edit::SetValue { key, name, value };
        let edited = store.handle.edit_registry(Some(NodeName::second()), vec![edit]);
        store.runtime.block_on(edited).expect("the passive node is there");
        let mut client = store.bind();
        client.connect(None);

        store.runtime.block_on(store.handle.fail_over(None)).expect("there is another node");
        client.sees_fin_and_nothing_else();
        assert_eq!(store.code_of("online.exe"), online, "{mode:?}");
        assert_eq!(store.code_of("passive.exe"), passive, "{mode:?}");
        let there = store.runtime.block_on(store.handle.fail_over(Some(NodeName::second())));
        assert_eq!(there, Err(StoreError::AlreadyActive(NodeName::second())));
    }
    let alone = TestStore::start();
    let nowhere = alone.runtime.block_on(alone.handle.fail_over(None));
    assert_eq!(nowhere, Err(StoreError::NoCluster));
}

/// Connects as `process` with a link to the session of `to`, whose stamp is moved by `moved`.
pub(super) fn connect_linked(
    client: &mut WireClient,
    to: &EcDoConnectExResponse,
    moved: u32,
) -> EcDoConnectExResponse {
    let mut request = connect_request(Vec::new(), OUTLOOK_2003);
    // The high half of ulIcxrLink is of no meaning.
    request.link = 0x1234_0000 | u32::from(to.session_index);
    request.time_stamp = to.time_stamp.wrapping_add(moved);
    client.send(opnum::EC_DO_CONNECT_EX, &request.encode());
    client.connected()
}

#[test]
fn a_session_is_linked_by_index_and_stamp_and_a_wrong_link_is_ignored() {
    let store = TestStore::start();
    let mut client = store.bind();
    let first = client.connect(Some("mdl.exe"));
    connect_linked(&mut client, &first, 0);
    connect_linked(&mut client, &first, 1);
    client.connect(None);
    let links = |store: &TestStore| {
        store.read(|view| {
            let sessions = view.store().sessions_after(None);
            sessions.map(|session| session.linked_to).collect::<Vec<_>>()
        })
    };
    assert_eq!(links(&store), [None, Some(SessionId(1)), None, None]);
}

#[test]
fn a_block_ends_the_session_that_it_names_and_not_those_linked_to_it() {
    let store = TestStore::start();
    let mut client = store.bind();
    let first = client.connect(Some("mdl.exe"));
    let second = connect_linked(&mut client, &first, 0);
    store.block("mdl.exe");
    assert_eq!(store.quarter_of_an_hour().disconnected, 1);
    // The group holds a live session, so its connection stays, and the dead handle is answered with a null one.
    let told = client.touch(first.handle, None);
    assert_eq!(told, (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED));
    assert_eq!(client.touch(second.handle, None), (second.handle, ErrorCode::EC_NONE));
}

#[test]
fn either_list_is_enough_to_be_refused() {
    let store = TestStore::start();
    let versions = ListChange::Write("-11.5100.0; 12.0.0-".to_owned());
    let written = store.handle.change_list(BlockList::Versions, versions, None);
    store.runtime.block_on(written).expect("there is room");
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    let connect = |process: &str, version| store.bind().connect_as(Some(process), version).result;
    let outlook_2007 = WireVersion([0x0C00, 0x8000 | 4518, 1014]);
    let rows = [
        ("neither", "winword.exe", OUTLOOK_2003, ErrorCode::EC_NONE),
        ("the name", "mdl.exe", OUTLOOK_2003, ErrorCode::EC_CLIENT_VER_DISALLOWED),
        ("the version", "winword.exe", outlook_2007, ErrorCode::EC_CLIENT_VER_DISALLOWED),
        ("both", "mdl.exe", outlook_2007, ErrorCode::EC_CLIENT_VER_DISALLOWED),
    ];
    for (row, process, version, expected) in rows {
        assert_eq!(connect(process, version), expected, "{row}");
    }
}
