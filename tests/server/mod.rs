//! The store over TCP: what a client that speaks the protocol itself sees of the policy.

mod async_waits;
mod authentication;
mod aux_buffers;
mod call_order;
mod emsmdb_aux_rows;
mod emsmdb_rows;
mod endpoint_mapper;
mod fragments;
mod lifecycle;
pub(crate) mod notifications;
mod snapshots;
mod stores;
pub(crate) mod wire_client;

use std::future::{Future, poll_fn};
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use clock::{ClockMode, Scale};
use dcerpc::FaultStatus;
use emsmdb::rop::{RopId, RopRequest, RopResponse};
use emsmdb::{ErrorCode, WireVersion, opnum};
use infostore::{DisconnectMode, Event, Limits, SessionId, Settings};
use policy::{BlockList, Decision};
use server::{
    Advance, Advanced, Directory, ListChange, Seed, StartError, StoreHandle, StoreOptions, View,
};
use tokio::runtime::Runtime;
use wire_client::{Called, NULL, PATIENCE, WireClient, closed};

/// A store on a manual clock with an RPC port of its own.
pub(crate) struct TestStore {
    runtime: Runtime,
    handle: StoreHandle,
}

fn options() -> StoreOptions {
    StoreOptions {
        settings: Settings::default(),
        clock: ClockMode::Manual,
        start: Some("2006-04-22T08:00:00Z".parse().unwrap()),
        seed: Seed(7),
        rpc: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        registry: None,
        directory: Directory::default(),
        epm: None,
        capture: None,
        max_connections: 4_000,
    }
}

impl TestStore {
    fn start() -> Self {
        Self::start_with(options())
    }

    fn start_with(options: StoreOptions) -> Self {
        let runtime = Runtime::new().unwrap();
        let handle = runtime.block_on(StoreHandle::start(options)).expect("the store starts");
        Self { runtime, handle }
    }

    fn bind(&self) -> WireClient {
        WireClient::bind(self.handle.rpc_address().unwrap(), None)
    }

    fn bind_beside(&self, client: &WireClient) -> WireClient {
        WireClient::bind(self.handle.rpc_address().unwrap(), Some(client.group))
    }

    fn block(&self, list: &str) {
        let change = ListChange::Write(list.to_owned());
        let written = self.handle.change_list(BlockList::Processes, change, None);
        self.runtime.block_on(written).unwrap();
    }

    fn quarter_of_an_hour(&self) -> Advanced {
        self.runtime.block_on(self.handle.advance(Advance::By(Duration::from_secs(900)))).unwrap()
    }

    fn read<T: Send + 'static>(&self, read: impl FnOnce(View<'_>) -> T + Send + 'static) -> T {
        self.runtime.block_on(self.handle.read(read)).unwrap()
    }

    fn sessions(&self) -> usize {
        self.read(|view| view.store().counts().sessions)
    }

    /// Reads until `holds`: each read is a step in the store's order, and their number bounds a failure.
    fn until(&self, what: &str, holds: impl Fn(View<'_>) -> bool + Send + Copy + 'static) {
        assert!((0..200_000).any(|_| self.read(holds)), "{what}");
    }
}

#[test]
fn a_client_connects_logs_on_and_disconnects() {
    let store = TestStore::start();
    let mut client = store.bind();
    let connected = client.connect(Some("OUTLOOK.EXE"));
    assert_eq!(connected.result, ErrorCode::EC_NONE);
    assert_ne!(connected.handle, NULL);
    assert_eq!(
        connected.server_version,
        WireVersion([6, 0x1DE3, 0x13]),
        "6.5.7651.19, whose minor the form has not"
    );
    assert_eq!(connected.display_name, b"janedow");
    let RopResponse::Logon(logon) = client.logon(connected.handle) else {
        panic!("the logon failed")
    };
    assert_eq!((logon.logon_time.hour, logon.logon_time.year), (8, 2006), "store time");
    assert_eq!(store.sessions(), 1);
    assert_eq!(client.disconnect(connected.handle), closed());
    assert_eq!(store.sessions(), 0);
    assert_eq!(client.disconnect(connected.handle), Called::Fault(FaultStatus::CONTEXT_MISMATCH));
    assert!(
        matches!(client.call(opnum::EC_DUMMY_RPC, &[]), Called::Response(stub) if stub == [0; 4])
    );
}

#[test]
fn a_newly_blocked_program_is_cut_off_at_the_poll_and_refused_from_then_on() {
    let store = TestStore::start();
    let (mut beta, mut outlook) = (store.bind(), store.bind());
    let beta_handle = beta.connect(Some("mdl.exe")).handle;
    let outlook_handle = outlook.connect(Some("OUTLOOK.EXE")).handle;
    store.block("mdl.exe; program2.exe");
    assert_eq!(
        beta.touch(beta_handle, None),
        (beta_handle, ErrorCode::EC_NONE),
        "nothing happens before the poll"
    );

    let advanced = store.quarter_of_an_hour();
    assert_eq!((advanced.polls_run, advanced.disconnected), (1, 1));
    beta.sees_fin_and_nothing_else();
    assert_eq!(outlook.touch(outlook_handle, None), (outlook_handle, ErrorCode::EC_NONE));

    let mut again = store.bind();
    let refused = again.connect(Some("C:\\Beta\\MDL.EXE"));
    assert_eq!((refused.result, refused.handle), (ErrorCode::EC_CLIENT_VER_DISALLOWED, NULL));
    assert_eq!(
        again.connect(Some("OUTLOOK.EXE")).result,
        ErrorCode::EC_NONE,
        "a refusal leaves the connection open"
    );
}

#[test]
fn a_client_in_a_call_gets_its_answer_with_a_null_handle_and_then_the_end() {
    let store = TestStore::start();
    store.block("late.exe");
    store.quarter_of_an_hour();
    let mut client = store.bind();
    let handle = client.connect(Some("OUTLOOK.EXE")).handle;
    assert_eq!(client.touch(handle, Some("late.exe")), (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED));
    client.sees_fin_and_nothing_else();
    assert_eq!(store.sessions(), 0);
}

#[test]
fn a_connection_whose_group_has_a_live_session_stays_and_the_dead_handle_tells_once() {
    let store = TestStore::start();
    let mut first = store.bind();
    let mut second = store.bind_beside(&first);
    let doomed = first.connect(Some("mdl.exe")).handle;
    let kept = second.connect(Some("OUTLOOK.EXE")).handle;
    assert_eq!(
        first.touch(kept, None).0,
        kept,
        "handles belong to the group, whichever connection made them"
    );
    store.block("mdl.exe");
    assert_eq!(store.quarter_of_an_hour().disconnected, 1);
    assert_eq!(second.touch(doomed, None), (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED));
    assert_eq!(second.ext2(doomed, vec![], None), Called::Fault(FaultStatus::CONTEXT_MISMATCH));
    assert_eq!(first.touch(kept, None), (kept, ErrorCode::EC_NONE));
    assert_eq!(second.disconnect(kept), closed());
}

#[test]
fn disconnecting_a_dead_handle_is_a_disconnect() {
    let store = TestStore::start();
    let mut client = store.bind();
    let doomed = client.connect(Some("mdl.exe")).handle;
    assert_eq!(client.connect(Some("OUTLOOK.EXE")).result, ErrorCode::EC_NONE);
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    assert_eq!(client.disconnect(doomed), closed());
    assert_eq!(client.disconnect(doomed), Called::Fault(FaultStatus::CONTEXT_MISMATCH));
}

#[test]
fn in_context_mode_no_connection_is_closed_and_the_next_call_is_told() {
    let settings = Settings { disconnect: DisconnectMode::Context, ..Settings::default() };
    let store = TestStore::start_with(StoreOptions { settings, ..options() });
    let mut client = store.bind();
    let handle = client.connect(Some("mdl.exe")).handle;
    store.block("mdl.exe");
    assert_eq!(store.quarter_of_an_hour().disconnected, 1);
    assert_eq!(client.touch(handle, None), (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED));
    assert!(
        matches!(client.call(opnum::EC_DUMMY_RPC, &[]), Called::Response(_)),
        "the connection is open"
    );
}

#[test]
fn a_call_that_is_on_its_way_when_the_store_disconnects_is_answered_first() {
    let store = TestStore::start();
    // Many clients, so that some of the calls lie unread in a socket when the sweep comes.
    let mut clients: Vec<_> = (0..50)
        .map(|_| {
            let mut client = store.bind();
            let handle = client.connect(Some("mdl.exe")).handle;
            (client, handle)
        })
        .collect();
    store.block("mdl.exe");
    for (client, handle) in &mut clients {
        client.send_touch(*handle);
    }
    assert_eq!(store.quarter_of_an_hour().disconnected, 50);
    for (client, handle) in &mut clients {
        // Before the sweep it was an answer like any other, after it the one that tells of the end.
        match client.touched() {
            (answered, ErrorCode::EC_NONE) => assert_eq!(answered, *handle),
            told => assert_eq!(told, (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED)),
        }
        client.sees_fin_and_nothing_else();
    }
}

#[test]
fn a_client_without_a_name_stays_and_is_counted() {
    let store = TestStore::start();
    let mut nameless = store.bind();
    let handle = nameless.connect(None).handle;
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    assert_eq!(nameless.touch(handle, None), (handle, ErrorCode::EC_NONE));
    assert_eq!(store.read(|view| view.store().counts().unidentified), 1);
}

#[test]
fn a_client_older_than_the_call_it_makes_is_told_which_version_would_do() {
    let store = TestStore::start();
    let refused = store.bind().connect_as(Some("OUTLOOK.EXE"), WireVersion([10, 6515, 0]));
    assert_eq!(refused.result, ErrorCode::EC_VERSION_MISMATCH);
    assert_eq!(refused.best_version, WireVersion::BEST_FOR_TOO_OLD);
}

#[test]
fn each_refusal_has_its_code_on_the_wire() {
    let limits = |limits: Limits| StoreOptions {
        settings: Settings { limits, ..Settings::default() },
        ..options()
    };
    let one_session = TestStore::start_with(limits(Limits { sessions: 1, ..Limits::default() }));
    let mut client = one_session.bind();
    assert_eq!(client.connect(Some("a.exe")).result, ErrorCode::EC_NONE);
    assert_eq!(client.connect(Some("a.exe")).result, ErrorCode::EC_SESSION_LIMIT);

    let one_class = TestStore::start_with(limits(Limits { classes: 1, ..Limits::default() }));
    let mut client = one_class.bind();
    assert_eq!(client.connect(Some("a.exe")).result, ErrorCode::EC_NONE);
    assert_eq!(client.connect(Some("b.exe")).result, ErrorCode::EC_SERVER_OOM);

    let one_name =
        TestStore::start_with(limits(Limits { names_per_session: 1, ..Limits::default() }));
    let mut client = one_name.bind();
    assert_eq!(client.connect_named(&["a.exe", "b.exe"]).result, ErrorCode::EC_INVALID_PARAM);
    let handle = client.connect(Some("a.exe")).handle;
    assert_eq!(
        client.touch(handle, Some("b.exe")),
        (NULL, ErrorCode::EC_INVALID_PARAM),
        "one name too many"
    );

    let ended = TestStore::start();
    ended.runtime.block_on(ended.handle.end_service()).unwrap();
    assert_eq!(ended.bind().connect(Some("a.exe")).result, ErrorCode::EC_SERVER_PAUSED);
}

#[test]
fn any_listed_name_of_several_is_enough() {
    let store = TestStore::start();
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    let refused = store.bind().connect_named(&["OUTLOOK.EXE", "mdl.exe"]);
    assert_eq!((refused.result, refused.handle), (ErrorCode::EC_CLIENT_VER_DISALLOWED, NULL));
}

#[test]
fn the_last_connection_of_a_group_takes_its_sessions_along() {
    let store = TestStore::start();
    let mut first = store.bind();
    let second = store.bind_beside(&first);
    let handle = first.connect(Some("OUTLOOK.EXE")).handle;
    drop(second);
    assert_eq!(first.touch(handle, None).0, handle, "a connection is left");
    drop(first);
    store.until("the session ends", |view| view.store().counts().sessions == 0);
    let reason =
        store.read(|view| view.store().journal().entries().last().map(|entry| entry.event.clone()));
    assert!(
        matches!(reason, Some(Event::SessionEnded { reason: infostore::EndReason::Transport, .. })),
        "{reason:?}"
    );
}

#[test]
fn an_administrator_ends_a_session() {
    let store = TestStore::start();
    let mut client = store.bind();
    client.connect(Some("OUTLOOK.EXE"));
    let session = store
        .read(|view| view.store().sessions_after(None).next().map(|record| record.id))
        .unwrap();
    store.runtime.block_on(store.handle.disconnect_session(session)).unwrap();
    client.sees_fin_and_nothing_else();
    let error = store.runtime.block_on(store.handle.disconnect_session(SessionId(99))).unwrap_err();
    assert_eq!(error.to_string(), "session 99 is not live");
}

/// A thousand clients connect while the poll that blocks half of them runs: whichever comes first, no blocked session
/// lives afterwards, and everybody was told.
#[test]
fn no_blocked_session_survives_connecting_while_the_poll_runs() {
    const CLIENTS: usize = 1_000;
    const THREADS: usize = 8;
    let store = TestStore::start();
    store.block("mdl.exe");
    let start = Barrier::new(THREADS + 1);
    let outcomes: Vec<(bool, WireClient, ErrorCode)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, start) = (&store, &start);
                scope.spawn(move || {
                    let mut clients: Vec<_> =
                        (0..CLIENTS / THREADS).map(|_| store.bind()).collect();
                    start.wait();
                    let connect = |(n, client): (usize, &mut WireClient)| {
                        let listed = (n + thread) % 2 == 0;
                        (
                            listed,
                            client
                                .connect(Some(if listed { "mdl.exe" } else { "OUTLOOK.EXE" }))
                                .result,
                        )
                    };
                    let results: Vec<_> = clients.iter_mut().enumerate().map(connect).collect();
                    let join = |(client, (listed, result))| (listed, client, result);
                    clients.into_iter().zip(results).map(join).collect::<Vec<_>>()
                })
            })
            .collect();
        start.wait();
        // Some are in, most are not.
        store.until("some are in", |view| CLIENTS / 10 <= view.store().counts().sessions);
        let advanced = store.quarter_of_an_hour();
        assert_eq!(advanced.polls_run, 1);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(outcomes.len(), CLIENTS);
    let listed = outcomes.iter().filter(|(listed, ..)| *listed).count();
    for (listed, mut client, result) in outcomes {
        match (listed, result) {
            (false, ErrorCode::EC_NONE) => drop(client),
            (true, ErrorCode::EC_NONE) => client.sees_fin_and_nothing_else(),
            (true, ErrorCode::EC_CLIENT_VER_DISALLOWED) => {}
            (listed, result) => panic!("listed: {listed}, {result}"),
        }
    }
    let (survivors, refused, cut) = store.read(|view| {
        let policy = view.store().policy();
        let forbidden = |decision| matches!(decision, Decision::Forbidden(_));
        let survivors = view.store().sessions_after(None);
        let survivors =
            survivors.filter(|session| forbidden(policy.decide(&session.identity.subject))).count();
        let counts = view.store().counts();
        (survivors, counts.refused, counts.disconnected)
    });
    assert_eq!(survivors, 0);
    assert!(
        0 < refused && 0 < cut,
        "the poll came amid the connects: {refused} refused, {cut} cut"
    );
    assert_eq!(
        usize::try_from(refused + cut).unwrap(),
        listed,
        "each listed client was refused or cut off"
    );
}

#[test]
fn a_connection_beyond_the_limit_is_closed_without_a_word() {
    let store = TestStore::start_with(StoreOptions { max_connections: 1, ..options() });
    let first = store.bind();
    let mut stream = TcpStream::connect(store.handle.rpc_address().unwrap()).unwrap();
    assert_eq!(stream.read(&mut [0]).expect("a FIN, not a reset"), 0);
    drop(first);
    let free = |_| {
        store.read(|_| ());
        store.handle.free_connections() == 1
    };
    assert!((0..200_000).any(free), "a connection that ends makes room for another");
    assert_eq!(store.bind().connect(Some("a.exe")).result, ErrorCode::EC_NONE);
}

#[test]
fn a_store_that_stops_tells_nobody_and_closes_everything() {
    let store = TestStore::start();
    let (mut client, mut bound) = (store.bind(), store.bind());
    client.connect(Some("OUTLOOK.EXE"));
    store.runtime.block_on(store.handle.stop()).unwrap();
    client.sees_fin_and_nothing_else();
    bound.sees_fin_and_nothing_else();
    assert!(store.runtime.block_on(store.handle.read(|_| ())).is_err());
}

#[test]
fn a_port_that_is_taken_is_an_error_that_names_it() {
    let store = TestStore::start();
    let taken = StoreOptions { rpc: store.handle.rpc_address(), ..options() };
    let Err(error) = store.runtime.block_on(StoreHandle::start(taken)) else {
        panic!("two stores on one port")
    };
    assert!(matches!(error, StartError::Bind { .. }), "{error}");
}

#[test]
fn a_reset_ends_everything_and_begins_a_new_epoch() {
    let store = TestStore::start();
    let mut client = store.bind();
    client.connect(Some("OUTLOOK.EXE"));
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    let cursor = store.runtime.block_on(store.handle.reset()).unwrap();
    assert_eq!(cursor.epoch, infostore::Epoch(2));
    client.sees_fin_and_nothing_else();
    let (now, sessions, generation) =
        store.read(|view| (view.now(), view.store().counts().sessions, view.store().generation()));
    assert_eq!((now.to_string().as_str(), sessions, generation.0), ("2006-04-22T08:00:00Z", 0, 0));
    assert_eq!(
        store.bind().connect(Some("mdl.exe")).result,
        ErrorCode::EC_NONE,
        "the list is gone"
    );
}

#[test]
fn resets_that_overlap_come_one_after_the_other() {
    let store = TestStore::start();
    store.bind().connect(Some("OUTLOOK.EXE"));
    let both = async { tokio::join!(store.handle.reset(), store.handle.reset()) };
    let (first, second) = store.runtime.block_on(both);
    assert!(first.is_ok() && second.is_ok());
    let mut client = store.bind();
    let handle = client.connect(Some("mdl.exe")).handle;
    assert_eq!(store.sessions(), 1);
    store.block("mdl.exe");
    assert_eq!(store.quarter_of_an_hour().disconnected, 1, "the engine knows every session");
    client.sees_fin_and_nothing_else();
    assert_ne!(handle, NULL);
}

#[test]
fn a_reset_is_carried_through_when_nobody_waits_for_it() {
    let store = TestStore::start();
    store.runtime.block_on(async {
        let mut given_up = Box::pin(store.handle.reset());
        // How far it comes in one step is the store's affair.
        poll_fn(|context| {
            drop(given_up.as_mut().poll(context));
            Poll::Ready(())
        })
        .await;
    });
    store.until("the store runs again", |view| {
        view.store().is_running() && view.cursor().epoch == infostore::Epoch(2)
    });
}

#[test]
fn advances_that_overlap_add_up() {
    let store = TestStore::start();
    let hour = || store.handle.advance(Advance::By(Duration::from_secs(3_600)));
    let (first, second) = store.runtime.block_on(async { tokio::join!(hour(), hour()) });
    assert_eq!(first.unwrap().polls_run + second.unwrap().polls_run, 8);
    assert_eq!(store.read(|view| view.now().to_string()), "2006-04-22T10:00:00Z");
}

/// Each of a client's calls is answered as long as the store reads; a client that never stops is not read for ever.
#[test]
fn a_blocked_client_that_keeps_sending_is_cut_off_all_the_same() {
    let store = TestStore::start();
    let mut client = store.bind();
    client.connect(Some("mdl.exe"));
    store.block("mdl.exe");
    let address = store.handle.rpc_address().unwrap();
    let flood = thread::spawn(move || (client.flood(256 << 20), client));
    store.quarter_of_an_hour();
    let (sent_all, _client) = flood.join().unwrap();
    assert!(!sent_all, "the connection to {address} was still read after 256 MiB");
}

/// A stream of PDUs that call for no answer must leave the threads to others.
#[test]
fn connections_that_only_send_do_not_keep_the_store_from_its_work() {
    let store = TestStore::start();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..8 {
            let mut client = store.bind();
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    client.send_orphaned();
                }
            });
        }
        let work = store.handle.advance(Advance::By(Duration::from_secs(9_000)));
        let done = store.runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await });
        stop.store(true, Ordering::Relaxed);
        assert_eq!(done.expect("the store answers").unwrap().polls_run, 10);
    });
}

#[test]
fn a_connection_that_never_bound_ends_with_the_store() {
    let store = TestStore::start();
    let mut stream = TcpStream::connect(store.handle.rpc_address().unwrap()).unwrap();
    store.runtime.block_on(store.handle.stop()).unwrap();
    assert!(stream.read(&mut [0]).map_or(true, |count| count == 0));
}

#[test]
fn the_wall_clock_brings_the_polls_when_it_is_the_clock() {
    let often = Settings { poll_interval: Duration::from_millis(20), ..Settings::default() };
    let day = Settings { poll_interval: Duration::from_secs(60), ..Settings::default() };
    let fast = ClockMode::Scaled(Scale::new(3_000).unwrap());
    for (clock, settings) in [(ClockMode::Real, often), (fast, day)] {
        let store = TestStore::start_with(StoreOptions { clock, settings, ..options() });
        let mut client = store.bind();
        client.connect(Some("mdl.exe"));
        store.block("mdl.exe");
        client.sees_fin_and_nothing_else();
        let polls = store.read(|view| view.store().polls().len());
        assert!(2 <= polls, "{polls} polls");
    }
}

#[test]
fn operations_are_executed_in_order_and_an_unknown_one_is_the_last() {
    let store = TestStore::start();
    let mut client = store.bind();
    let handle = client.connect(Some("OUTLOOK.EXE")).handle;
    let unknown = |rop_id| RopRequest::Unsupported {
        rop_id: RopId(rop_id),
        logon_id: 0,
        input_index: 0,
        rest: vec![0; 7],
    };
    let release = || RopRequest::Release { logon_id: 0, input_index: 0 };
    assert_eq!(client.rops(handle, vec![release()]), Ok(vec![]), "a release has no answer");
    let answers = client.rops(handle, vec![WireClient::private_logon(), release(), unknown(0x02)]);
    let answers = answers.expect("the call itself succeeds");
    assert!(matches!(answers[0], RopResponse::Logon(_)));
    let failed = RopResponse::Failed {
        rop_id: RopId(0x02),
        handle_index: 0,
        error: ErrorCode::EC_NOT_SUPPORTED,
    };
    assert_eq!(answers[1..], [failed]);
    assert_eq!(
        client.malformed_rops(handle),
        (handle, ErrorCode::EC_RPC_FORMAT),
        "and the session stays"
    );
    assert_eq!(client.touch(handle, None), (handle, ErrorCode::EC_NONE));
}

#[test]
fn an_advance_stops_when_nobody_waits_for_it() {
    let often = Settings { poll_interval: Duration::from_secs(1), ..Settings::default() };
    let store = TestStore::start_with(StoreOptions { settings: often, ..options() });
    store.runtime.block_on(async {
        let years = Advance::By(Duration::from_secs(1_000_000_000));
        let mut given_up = Box::pin(store.handle.advance(years));
        poll_fn(|context| {
            drop(given_up.as_mut().poll(context));
            Poll::Ready(())
        })
        .await;
    });
    let advanced =
        store.runtime.block_on(store.handle.advance(Advance::By(Duration::ZERO))).unwrap();
    assert!(advanced.now < "2037-01-01T00:00:00Z".parse().unwrap(), "{}", advanced.now);
}
