//! Restoring while foreign clients are connected: each is cut off, and nothing of it is left in the store that takes the
//! place of the one that it came to.

use std::io::Read;
use std::net::TcpStream;
use std::thread;

use dcerpc::FaultStatus;
use emsmdb::ErrorCode;
use infostore::{EndReason, Epoch, Event, SessionId, SnapshotId};
use server::{RestoredStore, SnapshotInfo, StoreError};

use super::TestStore;
use super::wire_client::{Called, WireClient};

const FIRST: SnapshotId = SnapshotId(1);

impl TestStore {
    fn take_snapshot(&self) -> SnapshotInfo {
        self.runtime.block_on(self.handle.take_snapshot(None)).expect("there is room")
    }

    fn restore(&self) -> RestoredStore {
        self.runtime.block_on(self.handle.restore_snapshot(FIRST)).expect("it is there")
    }

    /// The ends of sessions in the present epoch.
    fn ends(&self) -> Vec<(SessionId, EndReason)> {
        self.read(|view| {
            let ends = view.store().journal().entries().filter_map(|entry| match &entry.event {
                Event::SessionEnded { session, reason } => Some((session.id, *reason)),
                _ => None,
            });
            ends.collect()
        })
    }
}

#[test]
fn a_foreign_client_is_cut_off_and_its_session_of_then_ends() {
    let store = TestStore::start();
    let (mut first, mut idle) = (store.bind(), store.bind());
    first.connect(Some("OUTLOOK.EXE"));
    let taken = store.take_snapshot();
    assert_eq!((taken.sessions, taken.lost_sessions), (1, 1));
    let mut second = store.bind();
    second.connect(Some("OUTLOOK.EXE"));
    store.restore();
    first.sees_fin_and_nothing_else();
    second.sees_fin_and_nothing_else();
    idle.sees_fin_and_nothing_else();
    assert_eq!(store.sessions(), 0);
    assert_eq!(store.ends(), [(SessionId(1), EndReason::Transport)]);

    // Ids go on from those of then; context handles come of the seed and their number.
    let connected = store.bind().connect(Some("OUTLOOK.EXE"));
    assert_eq!(connected.result, ErrorCode::EC_NONE);
    store.until("the connection is closed again", |view| {
        view.store().session(SessionId(2)).is_none()
    });
    assert_eq!(
        store.ends(),
        [(SessionId(1), EndReason::Transport), (SessionId(2), EndReason::Transport)]
    );
}

#[test]
fn a_connection_that_has_not_bound_is_closed_too() {
    let store = TestStore::start();
    store.take_snapshot();
    let mut stream = TcpStream::connect(store.handle.rpc_address().unwrap()).unwrap();
    // It has been accepted once one that came after it is served.
    store.bind().connect(None);
    store.restore();
    assert!(stream.read(&mut [0]).map_or(true, |count| count == 0));
}

#[test]
fn no_group_of_an_earlier_epoch_can_be_joined() {
    let store = TestStore::start();
    let mut member = store.bind();
    let handle = member.connect(Some("OUTLOOK.EXE")).handle;
    store.take_snapshot();
    store.restore();
    let address = store.handle.rpc_address().unwrap();
    assert!(WireClient::bind_is_refused(address, member.group));
    let mut new = store.bind();
    assert_ne!(new.group, member.group, "no id of a group is given twice");
    let called = new.ext2(handle, vec![], None);
    assert!(matches!(called, Called::Fault(FaultStatus::CONTEXT_MISMATCH)), "{called:?}");
}

/// Clients that connect, call and leave while the store is restored over and over: each is served or cut off, and none
/// leaves a session without a connection, or a connection without an owner.
#[test]
fn restorations_and_clients_that_come_and_go_leave_nothing_half_open() {
    let store = TestStore::start();
    store.take_snapshot();
    let address = store.handle.rpc_address().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for _ in 0..100 {
                    let code = WireClient::attempt(address, "OUTLOOK.EXE");
                    let served =
                        [None, Some(ErrorCode::EC_NONE), Some(ErrorCode::EC_SERVER_PAUSED)];
                    assert!(served.contains(&code), "{code:?}");
                }
            });
        }
        for _ in 0..25 {
            store.restore();
        }
    });
    store.until("every session has ended", |view| view.store().counts().sessions == 0);
    let restored = store.restore();
    assert_eq!(restored.cursor.epoch, Epoch(27));
    assert_eq!(store.read(|view| view.store().journal().entries().len()), 1);
    let mut client = store.bind();
    let handle = client.connect(Some("OUTLOOK.EXE")).handle;
    assert_eq!(client.touch(handle, None), (handle, ErrorCode::EC_NONE));
}

#[test]
fn a_restoration_is_carried_through_when_the_snapshot_goes_meanwhile() {
    let store = TestStore::start();
    store.take_snapshot();
    let both = async {
        tokio::join!(store.handle.restore_snapshot(FIRST), store.handle.delete_snapshot(FIRST))
    };
    let (restored, deleted) = store.runtime.block_on(both);
    assert_eq!(deleted, Ok(()));
    match restored {
        Ok(restored) => assert_eq!(restored.cursor.epoch, Epoch(2)),
        Err(error) => assert_eq!(error, StoreError::NoSuchSnapshot(FIRST)),
    }
    assert_eq!(store.bind().connect(Some("OUTLOOK.EXE")).result, ErrorCode::EC_NONE);
}
