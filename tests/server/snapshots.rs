//! Restoring while foreign clients are connected: each is cut off, and nothing of it is left in the store that takes the
//! place of the one that it came to.

use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use clock::SimTime;
use dcerpc::FaultStatus;
use emsmdb::ErrorCode;
use infostore::{ClientId, EndReason, Epoch, Event, SessionId, SnapshotId, Transport};
use server::{
    Advance, ClientAction, ClientView, FakeClient, Injection, RestoredStore, SnapshotInfo,
    StoreError,
};

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
    let then = second.connect(Some("OUTLOOK.EXE")).handle;
    store.restore();
    first.sees_fin_and_nothing_else();
    second.sees_fin_and_nothing_else();
    idle.sees_fin_and_nothing_else();
    assert_eq!(store.sessions(), 0);
    assert_eq!(store.ends(), [(SessionId(1), EndReason::Transport)]);

    // Ids go on from those of then; context handles come of the seed and their number.
    assert_eq!(store.bind().connect(Some("OUTLOOK.EXE")).handle, then);
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

/// A client that only ever waits, and counts how often it has.
struct Alarm {
    due: Option<SimTime>,
    rang: u64,
}

impl FakeClient for Alarm {
    fn connect(&mut self, now: SimTime) {
        self.due = Some(now.saturating_add(Duration::from_secs(420)));
    }

    fn disconnect(&mut self, _: SimTime) {}

    fn handle_connected(&mut self, _: SimTime) {}

    fn handle_bytes(&mut self, _: SimTime, _: &[u8]) {}

    fn handle_closed(&mut self, _: SimTime, _: &str) {}

    fn handle_timeout(&mut self, now: SimTime) {
        self.rang += 1;
        self.connect(now);
    }

    fn poll_timeout(&self) -> Option<SimTime> {
        self.due
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        None
    }

    fn copy(&self) -> Box<dyn FakeClient> {
        Box::new(Self { due: self.due, rang: self.rang })
    }

    fn view(&self) -> ClientView {
        ClientView {
            process: None,
            client_version: String::new(),
            user: String::new(),
            machine: String::new(),
            mode: "classic",
            state: "idle",
            outcome: None,
            attempts: self.rang,
        }
    }
}

#[test]
fn a_client_s_timer_rings_when_it_would_have_rung() {
    let store = TestStore::start();
    let alarm = Injection {
        client: Box::new(Alarm { due: None, rang: 0 }),
        transport: Transport::Pipe,
        group: None,
    };
    store.runtime.block_on(store.handle.inject(vec![alarm])).expect("it is no TCP client");
    let advance = |seconds| {
        let by = Advance::By(Duration::from_secs(seconds));
        store.runtime.block_on(store.handle.advance(by)).expect("a manual clock");
    };
    let seen = || {
        store.read(|view| {
            let rang = view.client(ClientId(1)).map(|client| client.view.attempts);
            (rang, view.next_deadline().map(|due| due.to_string()))
        })
    };
    let at = |rang, due: &str| (Some(rang), Some(due.to_owned()));
    advance(500);
    store.take_snapshot();
    assert_eq!(seen(), at(1, "2006-04-22T08:14:00Z"));
    for _ in 0..2 {
        advance(340);
        assert_eq!(seen(), at(2, "2006-04-22T08:15:00Z"));
        store.restore();
        assert_eq!(seen(), at(1, "2006-04-22T08:14:00Z"));
    }
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
