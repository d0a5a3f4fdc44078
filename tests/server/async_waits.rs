//! Waiting for events in a call that stays open: EcDoAsyncConnectEx and EcDoAsyncWaitEx, which Exchange 2007 and later
//! have. Rows of \[MS-OXCRPC\] 3.1.4.4 and 3.3.4.1 are named by their numbers.

use dcerpc::FaultStatus;
use emsmdb::rop::RopBuffer;
use emsmdb::{
    EcDoAsyncConnectExRequest, EcDoAsyncConnectExResponse, EcDoAsyncWaitExRequest,
    EcDoAsyncWaitExResponse, ErrorCode, async_opnum, opnum,
};
use infostore::{Build, DisconnectMode, SessionId, Settings};
use policy::BlockList;
use server::{ListChange, SettingsChange, StoreOptions};

use super::notifications::{callback_request, register_push, subscribe};
use super::wire_client::{Called, NULL, WireClient};
use super::{TestStore, options};

const EXCHANGE_2007: Build = Build::new(8, 0, 685, 24);
const EXCHANGE_2010: Build = Build::new(14, 0, 639, 21);

const NOTHING: EcDoAsyncWaitExResponse =
    EcDoAsyncWaitExResponse { notification_pending: false, result: ErrorCode::EC_NONE };
const EVENTS: EcDoAsyncWaitExResponse =
    EcDoAsyncWaitExResponse { notification_pending: true, result: ErrorCode::EC_NONE };

fn failed(result: ErrorCode) -> EcDoAsyncWaitExResponse {
    EcDoAsyncWaitExResponse { notification_pending: false, result }
}

fn async_connect(client: &mut WireClient, handle: [u8; 20]) -> EcDoAsyncConnectExResponse {
    let stub = EcDoAsyncConnectExRequest { handle }.encode();
    match client.call(opnum::EC_DO_ASYNC_CONNECT_EX, &stub) {
        Called::Response(stub) => EcDoAsyncConnectExResponse::decode(&stub).unwrap(),
        fault @ Called::Fault(_) => panic!("{fault:?}"),
    }
}

fn wait_stub(async_handle: [u8; 20]) -> Vec<u8> {
    EcDoAsyncWaitExRequest { async_handle, flags: 0 }.encode()
}

/// How the wait that a client is in ended.
fn waited(client: &mut WireClient) -> EcDoAsyncWaitExResponse {
    match client.answer() {
        Called::Response(stub) => EcDoAsyncWaitExResponse::decode(&stub).unwrap(),
        fault @ Called::Fault(_) => panic!("{fault:?}"),
    }
}

/// A client with a session, and beside its connection one that waits.
struct Waiter {
    store: TestStore,
    client: WireClient,
    session: [u8; 20],
    waiting: WireClient,
    async_handle: [u8; 20],
}

impl Waiter {
    fn new(build: Build) -> Self {
        Self::at(TestStore::of_build(build))
    }

    fn at(store: TestStore) -> Self {
        let mut client = store.bind();
        let session = client.connect(Some("OUTLOOK.EXE")).handle;
        subscribe(&mut client, session);
        let given = async_connect(&mut client, session);
        assert_eq!(given.result, ErrorCode::EC_NONE);
        let server = store.handle.rpc_address().unwrap();
        let waiting = WireClient::bind_async(server, Some(client.group));
        Self { store, client, session, waiting, async_handle: given.async_handle }
    }

    /// Begins to wait. When this returns, the store knows.
    fn begin(&mut self) {
        self.waiting.send(async_opnum::EC_DO_ASYNC_WAIT_EX, &wait_stub(self.async_handle));
        self.store.until_waits(1);
    }

    fn wait_again(&mut self) -> EcDoAsyncWaitExResponse {
        self.waiting.send(async_opnum::EC_DO_ASYNC_WAIT_EX, &wait_stub(self.async_handle));
        waited(&mut self.waiting)
    }
}

impl TestStore {
    /// Until so many calls wait for events.
    fn until_waits(&self, count: usize) {
        assert!(
            (0..200_000).any(|_| self.read(move |view| view.waiting_calls()) == count),
            "{count} wait"
        );
    }
}

#[test]
fn opnums_12_to_14_and_the_interface_of_waiting_are_not_those_of_2003() {
    let store = TestStore::start();
    let mut client = store.bind();
    let handle = client.connect(None).handle;
    let stub = EcDoAsyncConnectExRequest { handle }.encode();
    for opnum in [12, 13, 14] {
        for stub in [&stub[..], &[]] {
            let answer = client.call(opnum, stub);
            assert_eq!(answer, Called::Fault(FaultStatus::OP_RNG_ERROR), "{opnum}");
        }
    }
    assert_eq!(client.touch(handle, None), (handle, ErrorCode::EC_NONE));
    assert!(WireClient::async_bind_is_refused(store.handle.rpc_address().unwrap()));
}

#[test]
fn obsolete_operations_are_outside_the_range_whatever_the_build() {
    for build in [Build::KB_920185, EXCHANGE_2007, EXCHANGE_2010] {
        let store = TestStore::of_build(build);
        let mut client = store.bind();
        for opnum in [3, 5, 7, 8, 9, 12, 13, 15, 0xFFFF] {
            assert_eq!(client.call(opnum, &[0; 64]), Called::Fault(FaultStatus::OP_RNG_ERROR));
        }
        let called = client.call(opnum::EC_DUMMY_RPC, &[]);
        assert_eq!(called, Called::Response(vec![0; 4]), "{build}");
    }
}

#[test]
fn the_build_that_runs_says_what_is_offered() {
    let store = TestStore::start();
    let server = store.handle.rpc_address().unwrap();
    assert!(WireClient::async_bind_is_refused(server));
    store.runtime.block_on(store.handle.install_build(EXCHANGE_2007)).unwrap();
    assert!(WireClient::async_bind_is_refused(server), "it runs from the next start on");
    store.runtime.block_on(store.handle.restart()).unwrap();
    assert!(!WireClient::async_bind_is_refused(server));
}

#[test]
fn ms_oxcrpc_r704_r713_r1231_r1240_r1243_r1338_a_wait_ends_when_there_are_events() {
    let mut waiter = Waiter::new(EXCHANGE_2007);
    assert_ne!(waiter.async_handle, NULL);
    assert_ne!(waiter.async_handle, waiter.session);
    waiter.begin();
    waiter.store.new_mail(1).unwrap();
    assert_eq!(waited(&mut waiter.waiting), EVENTS);
    assert_eq!(waiter.wait_again(), EVENTS, "at once, as long as they are there");
    let nothing = RopBuffer { rops: vec![], handles: vec![] };
    let told = waiter.client.exchange(waiter.session, nothing).responses;
    assert_eq!(told.len(), 1, "what happened comes with an ordinary answer");
    waiter.begin();
}

#[test]
fn ms_oxcrpc_r1229_r1907_a_wait_of_2007_lasts_five_minutes_whatever_is_called_meanwhile() {
    let mut waiter = Waiter::new(EXCHANGE_2007);
    waiter.begin();
    waiter.store.advance(240);
    waiter.client.touch(waiter.session, None);
    waiter.store.advance(59);
    waiter.store.until_waits(1);
    waiter.waiting.has_nothing();
    waiter.store.advance(1);
    assert_eq!(waited(&mut waiter.waiting), NOTHING);
    waiter.begin();
}

#[test]
fn ms_oxcrpc_r1229_r1930_a_wait_of_2010_lasts_until_five_minutes_after_the_last_call() {
    let mut waiter = Waiter::new(EXCHANGE_2010);
    waiter.begin();
    waiter.store.advance(240);
    waiter.client.touch(waiter.session, None);
    waiter.store.advance(299);
    waiter.store.until_waits(1);
    waiter.waiting.has_nothing();
    waiter.store.advance(1);
    assert_eq!(waited(&mut waiter.waiting), NOTHING);
}

#[test]
fn ms_oxcrpc_r1343_a_second_wait_on_a_handle_is_rejected_and_the_first_goes_on() {
    let mut waiter = Waiter::new(EXCHANGE_2007);
    waiter.begin();
    let mut second = WireClient::bind_async(
        waiter.store.handle.rpc_address().unwrap(),
        Some(waiter.client.group),
    );
    second.send(async_opnum::EC_DO_ASYNC_WAIT_EX, &wait_stub(waiter.async_handle));
    assert_eq!(waited(&mut second), failed(ErrorCode::EC_REJECTED));
    waiter.store.new_mail(1).unwrap();
    assert_eq!(waited(&mut waiter.waiting), EVENTS);
}

#[test]
fn a_wait_does_not_stand_in_the_way_of_other_calls_of_its_connection() {
    let mut waiter = Waiter::new(EXCHANGE_2007);
    waiter.begin();
    // The association would wait for the first answer, so these calls go past it.
    for call in 100..104_u32 {
        let wait = wait_stub(waiter.async_handle);
        waiter.waiting.send_past(call, async_opnum::EC_DO_ASYNC_WAIT_EX, &wait);
        let answer = waiter.waiting.read_pdu();
        assert_eq!((answer[2], &answer[12..16]), (2, &call.to_le_bytes()[..]));
        assert_eq!(answer[24..32], [0, 0, 0, 0, 0xEE, 0x07, 0, 0]);
    }
    waiter.store.new_mail(1).unwrap();
    assert_eq!(waited(&mut waiter.waiting), EVENTS);
}

#[test]
fn a_connection_s_calls_are_limited_with_those_that_wait() {
    let Waiter { store, mut client, waiting, .. } = Waiter::new(EXCHANGE_2007);
    drop(waiting);
    let server = store.handle.rpc_address().unwrap();
    let mut waiting = WireClient::bind_async(server, Some(client.group));
    for call in 0..65 {
        let session = client.connect(None).handle;
        let async_handle = async_connect(&mut client, session).async_handle;
        waiting.send_past(1_000 + call, async_opnum::EC_DO_ASYNC_WAIT_EX, &wait_stub(async_handle));
        if call < 64 {
            store.until_waits(usize::try_from(call).unwrap() + 1);
        }
    }
    let refused = waiting.read_pdu();
    let too_busy = FaultStatus::SERVER_TOO_BUSY.0.to_le_bytes();
    assert_eq!((refused[2], &refused[24..28]), (3, &too_busy[..]));
    // With the connection its waits are gone, and the sessions are free to wait again.
    drop(waiting);
    store.until_waits(0);
}

/// A store of 2007 that leaves the connections of ended sessions as `disconnect` says, with a client that waits.
fn in_mode(disconnect: DisconnectMode) -> Waiter {
    let settings = Settings { build: EXCHANGE_2007, disconnect, ..Settings::default() };
    let mut waiter = Waiter::at(TestStore::start_with(StoreOptions { settings, ..options() }));
    waiter.store.advance(14 * 60);
    waiter.begin();
    waiter
}

#[test]
fn a_session_that_is_cut_off_ends_its_wait_at_once() {
    for disconnect in [DisconnectMode::Connection, DisconnectMode::Context] {
        let mut waiter = in_mode(disconnect);
        let listed = ListChange::Write("11.0.0-11.9999.0".to_owned());
        let written = waiter.store.handle.change_list(BlockList::Versions, listed, None);
        waiter.store.runtime.block_on(written).unwrap();
        waiter.waiting.has_nothing();
        waiter.store.advance(60);
        let told = failed(ErrorCode::EC_CLIENT_VER_DISALLOWED);
        assert_eq!(waited(&mut waiter.waiting), told, "{disconnect:?}");
        match disconnect {
            DisconnectMode::Connection => waiter.waiting.sees_fin_and_nothing_else(),
            DisconnectMode::Context => {
                let stub = wait_stub(waiter.async_handle);
                let again = waiter.waiting.call(async_opnum::EC_DO_ASYNC_WAIT_EX, &stub);
                assert_eq!(again, Called::Fault(FaultStatus::CONTEXT_MISMATCH));
            }
        }
    }
}

#[test]
fn a_service_that_stops_ends_the_waits_with_ec_exiting() {
    let mut waiter = in_mode(DisconnectMode::Connection);
    waiter.store.runtime.block_on(waiter.store.handle.restart()).unwrap();
    assert_eq!(waited(&mut waiter.waiting), failed(ErrorCode::EC_EXITING));
    waiter.waiting.sees_fin_and_nothing_else();
}

#[test]
fn ms_oxcrpc_r1213_with_its_session_a_handle_is_void() {
    let mut waiter = Waiter::new(EXCHANGE_2007);
    waiter.begin();
    waiter.client.disconnect(waiter.session);
    assert_eq!(waited(&mut waiter.waiting), failed(ErrorCode::EC_REJECTED));
    let stub = wait_stub(waiter.async_handle);
    let again = waiter.waiting.call(async_opnum::EC_DO_ASYNC_WAIT_EX, &stub);
    assert_eq!(again, Called::Fault(FaultStatus::CONTEXT_MISMATCH));
}

#[test]
fn ms_oxcrpc_r1269_with_the_connections_of_its_client_a_handle_is_void() {
    let Waiter { store, client, mut waiting, async_handle, .. } = Waiter::new(EXCHANGE_2007);
    waiting.send(async_opnum::EC_DO_ASYNC_WAIT_EX, &wait_stub(async_handle));
    store.until_waits(1);
    drop((client, waiting));
    store.until_waits(0);
    store.until("the session ends", |view| view.store().counts().sessions == 0);
    let mut stranger = WireClient::bind_async(store.handle.rpc_address().unwrap(), None);
    let again = stranger.call(async_opnum::EC_DO_ASYNC_WAIT_EX, &wait_stub(async_handle));
    assert_eq!(again, Called::Fault(FaultStatus::CONTEXT_MISMATCH));
}

#[test]
fn ms_oxcrpc_r310_r1228_r1232_r1908_a_wait_needs_a_handle_of_its_own_group() {
    let mut waiter = Waiter::new(EXCHANGE_2007);
    let mismatch = Called::Fault(FaultStatus::CONTEXT_MISMATCH);
    for (row, handle) in [("null", NULL), ("any", [9; 20]), ("the session's", waiter.session)] {
        let called = waiter.waiting.call(async_opnum::EC_DO_ASYNC_WAIT_EX, &wait_stub(handle));
        assert_eq!(called, mismatch, "{row}");
    }
    let mut stranger = WireClient::bind_async(waiter.store.handle.rpc_address().unwrap(), None);
    let stub = wait_stub(waiter.async_handle);
    assert_eq!(stranger.call(async_opnum::EC_DO_ASYNC_WAIT_EX, &stub), mismatch);
    let unknown = stranger.call(1, &stub);
    assert_eq!(unknown, Called::Fault(FaultStatus::OP_RNG_ERROR));
    let malformed = stranger.call(async_opnum::EC_DO_ASYNC_WAIT_EX, &stub[..23]);
    assert_eq!(malformed, Called::Fault(FaultStatus::BAD_STUB_DATA));
}

#[test]
fn ms_oxcrpc_r398_r705_r711_a_handle_to_wait_with_needs_a_session() {
    let store = TestStore::of_build(EXCHANGE_2007);
    let mut client = store.bind();
    let doomed = client.connect(None).handle;
    client.connect(None);
    let mismatch = Called::Fault(FaultStatus::CONTEXT_MISMATCH);
    for handle in [NULL, [9; 20]] {
        let stub = EcDoAsyncConnectExRequest { handle }.encode();
        assert_eq!(client.call(opnum::EC_DO_ASYNC_CONNECT_EX, &stub), mismatch);
    }
    let first = async_connect(&mut client, doomed);
    assert_eq!(async_connect(&mut client, doomed), first, "a session has one");
    store.runtime.block_on(store.handle.disconnect_session(SessionId(1))).unwrap();
    let dead = async_connect(&mut client, doomed);
    assert_eq!(dead, EcDoAsyncConnectExResponse::refused(ErrorCode::EC_EXITING));
    assert_eq!(client.touch(doomed, None), (NULL, ErrorCode::EC_EXITING), "told of its end");
}

#[test]
fn ms_oxcrpc_r1757_r1812_only_2007_rejects_where_waiting_is_disabled() {
    for (build, expected) in
        [(EXCHANGE_2007, ErrorCode::EC_REJECTED), (EXCHANGE_2010, ErrorCode::EC_NONE)]
    {
        let settings = Settings { build, async_notifications: false, ..Settings::default() };
        let store = TestStore::start_with(StoreOptions { settings, ..options() });
        let mut client = store.bind();
        let handle = client.connect(None).handle;
        let answer = async_connect(&mut client, handle);
        assert_eq!(answer.result, expected, "{build}");
        assert_eq!(answer.async_handle == NULL, expected != ErrorCode::EC_NONE, "{build}");
        let change = SettingsChange { async_notifications: Some(true), ..Default::default() };
        store.runtime.block_on(store.handle.change_settings(change, || ())).unwrap();
        assert_eq!(async_connect(&mut client, handle).result, ErrorCode::EC_NONE, "{build}");
    }
}

#[test]
fn ms_oxcrpc_r1941_r1942_2007_alone_rejects_a_client_that_takes_datagrams() {
    for (build, registration, waiting) in [
        (EXCHANGE_2007, ErrorCode::EC_NONE, ErrorCode::EC_REJECTED),
        (EXCHANGE_2010, ErrorCode::EC_NOT_SUPPORTED, ErrorCode::EC_NONE),
    ] {
        let store = TestStore::of_build(build);
        let mut client = store.bind();
        let handle = client.connect(None).handle;
        let address = "127.0.0.1:9".parse().unwrap();
        let registered = register_push(&mut client, &callback_request(handle, address));
        assert_eq!(registered.result, registration, "{build}");
        assert_eq!(async_connect(&mut client, handle).result, waiting, "{build}");
    }
}
