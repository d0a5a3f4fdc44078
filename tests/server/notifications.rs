//! Being told of events: registration, the answer to the next call, the datagram, linked sessions. Rows of \[MS-OXCRPC\]
//! 3.1.4.5 and 3.1.4.1 are named by their numbers.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use clock::SimTime;
use dcerpc::FaultStatus;
use emsmdb::push::sockaddr;
use emsmdb::rop::{
    FolderId, NO_HANDLE, NotificationScope, NotificationTypes, RopBuffer, RopId,
    RopRegisterNotificationRequest, RopRequest, RopResponse, RopResponseBuffer,
};
use emsmdb::{
    EcDoConnectExResponse, EcRRegisterPushNotificationRequest, EcRRegisterPushNotificationResponse,
    ErrorCode, opnum,
};
use infostore::{Build, Event, Push, SessionId, Settings};
use server::{Advance, MAX_PENDING_EVENTS, MAX_SUBSCRIPTIONS, Notified, StoreError, StoreOptions};

use super::lifecycle::connect_linked;
use super::wire_client::{Called, NULL, PATIENCE, WireClient};
use super::{TestStore, options};

const CONTEXT: [u8; 4] = [0xCA, 0xFE, 0xBA, 0xBE];

/// Asks to be told of new mail.
fn registration(input_index: u8, output_index: u8, scope: NotificationScope) -> RopRequest {
    RopRequest::RegisterNotification(RopRegisterNotificationRequest {
        logon_id: 0,
        input_index,
        output_index,
        types: NotificationTypes::NEW_MAIL,
        scope,
    })
}

/// Logs on and asks to be told of all new mail; the handle of the notification object.
pub(crate) fn subscribe(client: &mut WireClient, handle: [u8; 20]) -> u32 {
    let register = registration(0, 1, NotificationScope::WholeStore);
    let rops = vec![WireClient::private_logon(), register];
    let answer = client.exchange(handle, RopBuffer { rops, handles: vec![NO_HANDLE; 2] });
    assert_eq!(answer.responses[1], RopResponse::NotificationRegistered { output_index: 1 });
    answer.handles[1]
}

fn nothing() -> RopBuffer {
    RopBuffer { rops: vec![], handles: vec![] }
}

/// What a client is told with its next call: notification handles and, of linked sessions, their indexes.
fn told(answer: &RopResponseBuffer) -> (Vec<u32>, Vec<u16>) {
    let mut told = (vec![], vec![]);
    for response in &answer.responses {
        match response {
            RopResponse::NotifyNewMail(mail) => told.0.push(mail.notification_handle),
            RopResponse::Pending { session_index } => told.1.push(*session_index),
            other => panic!("{other:?}"),
        }
    }
    told
}

pub(super) fn callback_request(
    handle: [u8; 20],
    address: SocketAddr,
) -> EcRRegisterPushNotificationRequest {
    EcRRegisterPushNotificationRequest {
        handle,
        rpc: 0,
        context: CONTEXT.to_vec(),
        advise_bits: 0xFFFF_FFFF,
        callback_address: sockaddr(address),
    }
}

pub(super) fn register_push(
    client: &mut WireClient,
    request: &EcRRegisterPushNotificationRequest,
) -> EcRRegisterPushNotificationResponse {
    match client.call(opnum::EC_R_REGISTER_PUSH_NOTIFICATION, &request.encode()) {
        Called::Response(stub) => EcRRegisterPushNotificationResponse::decode(&stub).unwrap(),
        fault @ Called::Fault(_) => panic!("{fault:?}"),
    }
}

/// Where a client waits for datagrams.
struct Mailbox {
    socket: UdpSocket,
}

impl Mailbox {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// The next datagram.
    fn datagram(&self) -> Vec<u8> {
        let mut bytes = [0; 64];
        let count = self.socket.recv(&mut bytes).expect("a datagram");
        bytes[..count].to_vec()
    }

    /// Asserts that none has come. Over loopback one that was sent is there.
    fn is_empty(&self) {
        self.socket.set_nonblocking(true).unwrap();
        let received = self.socket.recv(&mut [0; 64]);
        self.socket.set_nonblocking(false).unwrap();
        assert_eq!(received.expect_err("a datagram came").kind(), ErrorKind::WouldBlock);
    }
}

impl TestStore {
    pub(super) fn new_mail(&self, session: u64) -> Result<Notified, StoreError> {
        let notify = self.handle.notify_session(SessionId(session), "IPM.Note".to_owned());
        self.runtime.block_on(notify).map(|(notified, _)| notified)
    }

    pub(super) fn advance(&self, seconds: u64) {
        let by = Advance::By(Duration::from_secs(seconds));
        self.runtime.block_on(self.handle.advance(by)).unwrap();
    }

    pub(crate) fn of_build(build: Build) -> Self {
        let settings = Settings { build, ..Settings::default() };
        Self::start_with(StoreOptions { settings, ..options() })
    }
}

/// A store with a client that has a session and wants to be told of everything.
fn subscribed() -> (TestStore, WireClient, EcDoConnectExResponse, u32) {
    let store = TestStore::start();
    let mut client = store.bind();
    let session = client.connect(Some("OUTLOOK.EXE"));
    let notification = subscribe(&mut client, session.handle);
    (store, client, session, notification)
}

#[test]
fn new_mail_comes_with_the_answer_to_the_next_call_once() {
    let (store, mut client, session, notification) = subscribed();
    assert_eq!(store.new_mail(1), Ok(Notified { told: 1, push: Push::NotAsked }));
    let answer = client.exchange(session.handle, nothing());
    let [RopResponse::NotifyNewMail(mail)] = answer.responses.as_slice() else {
        panic!("{:?}", answer.responses)
    };
    assert_eq!((mail.notification_handle, mail.logon_id), (notification, 0));
    assert_eq!(mail.folder, FolderId::new(1, 5), "the inbox, as the logon named it");
    assert_eq!(String::from_utf16_lossy(&mail.message_class), "IPM.Note");
    assert_eq!(told(&client.exchange(session.handle, nothing())), (vec![], vec![]));
    let journalled = store.read(|view| {
        view.store().journal().entries().any(|entry| {
            matches!(&entry.event, Event::SessionNotified { session, push: Push::NotAsked, .. } if session.id.0 == 1)
        })
    });
    assert!(journalled);
}

#[test]
fn who_asked_for_nothing_is_told_nothing() {
    let store = TestStore::start();
    let mut client = store.bind();
    let handle = client.connect(None).handle;
    let refused = Err(StoreError::NotRegistered(SessionId(1)));
    assert_eq!(store.new_mail(1), refused, "no logon");
    client.logon(handle);
    assert_eq!(store.new_mail(1), refused, "no registration");
    assert!(matches!(store.new_mail(2), Err(StoreError::Command(_))), "no session");
    let subtree = NotificationScope::Object {
        folder: FolderId::new(1, 4),
        message: emsmdb::rop::MessageId([0; 8]),
    };
    let rops = vec![WireClient::private_logon(), registration(0, 1, subtree)];
    client.exchange(handle, RopBuffer { rops, handles: vec![NO_HANDLE; 2] });
    assert_eq!(store.new_mail(1), refused, "another folder");
    let notification = subscribe(&mut client, handle);
    assert!(store.new_mail(1).is_ok());
    let release = RopRequest::Release { logon_id: 0, input_index: 0 };
    let released =
        client.exchange(handle, RopBuffer { rops: vec![release], handles: vec![notification] });
    assert_eq!(told(&released), (vec![], vec![]), "what it had to tell goes with the object");
    assert_eq!(store.new_mail(1), refused, "released");
}

#[test]
fn a_registration_needs_a_logon_and_a_slot() {
    let store = TestStore::start();
    let mut client = store.bind();
    let handle = client.connect(None).handle;
    let everything = NotificationScope::WholeStore;
    for (row, rops, handles) in [
        ("no logon", vec![registration(0, 1, everything)], vec![NO_HANDLE; 2]),
        ("a handle that is none", vec![registration(0, 1, everything)], vec![99, NO_HANDLE]),
        ("no slot to read", vec![registration(9, 1, everything)], vec![NO_HANDLE; 2]),
        (
            "no slot to write",
            vec![WireClient::private_logon(), registration(0, 9, everything)],
            vec![NO_HANDLE; 2],
        ),
    ] {
        let answer = client.exchange(handle, RopBuffer { rops, handles });
        let Some(RopResponse::Failed { rop_id, error, .. }) = answer.responses.last() else {
            panic!("{row}")
        };
        assert_eq!(
            (*rop_id, *error),
            (RopId::REGISTER_NOTIFICATION, ErrorCode::EC_NULL_OBJECT),
            "{row}"
        );
    }
}

#[test]
fn notification_objects_and_events_that_wait_are_limited() {
    let (store, mut client, session, notification) = subscribed();
    let most = 1..=MAX_SUBSCRIPTIONS;
    let rops: Vec<_> = most.map(|_| registration(0, 1, NotificationScope::WholeStore)).collect();
    let rops = [vec![WireClient::private_logon()], rops].concat();
    let answer = client.exchange(session.handle, RopBuffer { rops, handles: vec![NO_HANDLE; 2] });
    assert!(
        answer.responses[1..]
            .iter()
            .all(|response| matches!(response, RopResponse::NotificationRegistered { .. })),
        "another logon takes the place of the first, and its notification object is gone"
    );
    let one_more = RopBuffer {
        rops: vec![registration(0, 1, NotificationScope::WholeStore)],
        handles: vec![answer.handles[0], NO_HANDLE],
    };
    let refused = client.exchange(session.handle, one_more).responses;
    assert!(matches!(refused[..], [RopResponse::Failed { error: ErrorCode::EC_SERVER_OOM, .. }]));
    let again = subscribe(&mut client, session.handle);
    assert_ne!(again, notification);

    for _ in 0..MAX_PENDING_EVENTS {
        assert_eq!(store.new_mail(1).map(|notified| notified.told), Ok(1));
    }
    assert_eq!(store.new_mail(1), Err(StoreError::TooManyEvents(SessionId(1))));
    // An answer has room for 32 KB, and says that there are more.
    let mut fetched = 0;
    loop {
        let (events, pending) = told(&client.exchange(session.handle, nothing()));
        fetched += events.len();
        if pending.is_empty() {
            break;
        }
        assert_eq!(pending, [session.session_index]);
    }
    assert_eq!(fetched, MAX_PENDING_EVENTS);
}

#[test]
fn ms_oxcrpc_r1175_what_does_not_fit_is_announced_by_the_session_s_own_index() {
    let (store, mut client, session, _) = subscribed();
    for _ in 0..3 {
        store.new_mail(1).unwrap();
    }
    // Header 8, RopSize 2, an event of 47 bytes, and 3 for RopPending.
    for (room, events, pending) in [(59, 0, 1), (60, 1, 1), (200, 2, 0)] {
        let (told, more) = told(&client.exchange_within(session.handle, nothing(), room));
        assert_eq!((told.len(), more.len()), (events, pending), "{room} bytes");
        assert!(more.iter().all(|index| *index == session.session_index));
    }
}

#[test]
fn ms_oxcrpc_r536_r1177_r1477_a_linked_session_is_told_by_index_whose_events_wait() {
    let (store, mut client, first, notification) = subscribed();
    let second = connect_linked(&mut client, &first, 0);
    let stranger = client.connect(None);
    store.new_mail(1).unwrap();
    let pending = vec![first.session_index];
    for _ in 0..2 {
        let answer = client.exchange(second.handle, nothing());
        assert_eq!(told(&answer), (vec![], pending.clone()), "until the first has fetched them");
    }
    assert_eq!(told(&client.exchange(stranger.handle, nothing())), (vec![], vec![]));
    assert_eq!(told(&client.exchange(first.handle, nothing())), (vec![notification], vec![]));
    assert_eq!(told(&client.exchange(second.handle, nothing())), (vec![], vec![]));
    // Both ways, and over a third that is linked to the second.
    let other = subscribe(&mut client, second.handle);
    let third = connect_linked(&mut client, &second, 0);
    store.new_mail(2).unwrap();
    for linked in [&first, &third] {
        let answer = client.exchange(linked.handle, nothing());
        assert_eq!(told(&answer), (vec![], vec![second.session_index]));
    }
    assert_eq!(told(&client.exchange(second.handle, nothing())), (vec![other], vec![]));
    // A session that ends has nothing to tell.
    store.new_mail(2).unwrap();
    client.disconnect(second.handle);
    assert_eq!(told(&client.exchange(third.handle, nothing())), (vec![], vec![]));
}

#[test]
fn ms_oxcrpc_r415_r422_r436_events_are_announced_by_the_context_alone_and_again_until_they_are_fetched()
 {
    let (store, mut client, session, notification) = subscribed();
    let mailbox = Mailbox::new();
    let registered =
        register_push(&mut client, &callback_request(session.handle, mailbox.address()));
    assert_eq!(registered.result, ErrorCode::EC_NONE);
    mailbox.is_empty();
    assert_eq!(store.new_mail(1).map(|notified| notified.push), Ok(Push::Sent));
    assert_eq!(mailbox.datagram(), CONTEXT);
    assert_eq!(store.new_mail(1).map(|notified| notified.push), Ok(Push::Waiting));
    store.advance(59);
    mailbox.is_empty();
    store.advance(1);
    assert_eq!(mailbox.datagram(), CONTEXT);
    store.advance(60);
    assert_eq!(mailbox.datagram(), CONTEXT);
    mailbox.is_empty();
    let answer = client.exchange(session.handle, nothing());
    assert_eq!(told(&answer).0, [notification, notification]);
    store.advance(120);
    mailbox.is_empty();
    // What comes next is announced at once.
    assert_eq!(store.new_mail(1).map(|notified| notified.push), Ok(Push::Sent));
    assert_eq!(mailbox.datagram(), CONTEXT);
}

#[test]
fn a_callback_that_comes_late_is_told_of_what_waits_and_another_takes_its_place() {
    let (store, mut client, session, _) = subscribed();
    store.new_mail(1).unwrap();
    let (first, second) = (Mailbox::new(), Mailbox::new());
    register_push(&mut client, &callback_request(session.handle, first.address()));
    assert_eq!(first.datagram(), CONTEXT);
    register_push(&mut client, &callback_request(session.handle, second.address()));
    assert_eq!(second.datagram(), CONTEXT);
    store.advance(60);
    assert_eq!(second.datagram(), CONTEXT);
    first.is_empty();
}

#[test]
fn a_session_that_has_ended_is_announced_no_more() {
    let (store, mut client, session, _) = subscribed();
    let mailbox = Mailbox::new();
    register_push(&mut client, &callback_request(session.handle, mailbox.address()));
    store.new_mail(1).unwrap();
    assert_eq!(mailbox.datagram(), CONTEXT);
    client.disconnect(session.handle);
    store.advance(60);
    mailbox.is_empty();
}

#[test]
fn no_datagram_goes_to_another_machine_and_the_journal_says_so() {
    let (store, mut client, session, _) = subscribed();
    for address in ["192.0.2.1:9", "0.0.0.0:9", "255.255.255.255:9", "224.0.0.1:9"] {
        let request = callback_request(session.handle, address.parse().unwrap());
        let registered = register_push(&mut client, &request);
        assert_eq!(registered.result, ErrorCode::EC_NONE, "as the protocol has it");
        assert_eq!(store.new_mail(1).map(|notified| notified.push), Ok(Push::NotLoopback));
    }
    let withheld = store.read(|view| {
        let entries = view.store().journal().entries();
        entries
            .filter(|entry| {
                matches!(entry.event, Event::SessionNotified { push: Push::NotLoopback, .. })
            })
            .count()
    });
    assert_eq!(withheld, 4);
}

#[test]
fn ms_oxcrpc_r427_r451_r452_a_registration_is_numbered_and_the_handle_comes_back() {
    let (_store, mut client, session, _) = subscribed();
    let request = callback_request(session.handle, Mailbox::new().address());
    let (first, second) =
        (register_push(&mut client, &request), register_push(&mut client, &request));
    for registered in [first, second] {
        assert_eq!((registered.handle, registered.result), (session.handle, ErrorCode::EC_NONE));
        assert_ne!(registered.notification, 0);
    }
    assert_ne!(first.notification, second.notification);
}

#[test]
fn ms_oxcrpc_r438_r459_a_context_of_more_than_16_bytes_is_ec_too_big() {
    let (_store, mut client, session, _) = subscribed();
    let request = callback_request(session.handle, Mailbox::new().address());
    for (length, expected) in [
        (0, ErrorCode::EC_NONE),
        (16, ErrorCode::EC_NONE),
        (17, ErrorCode::EC_TOO_BIG),
        (65_535, ErrorCode::EC_TOO_BIG),
    ] {
        let request =
            EcRRegisterPushNotificationRequest { context: vec![7; length], ..request.clone() };
        let answer = register_push(&mut client, &request);
        assert_eq!((answer.handle, answer.result), (session.handle, expected), "{length} bytes");
    }
}

#[test]
fn ms_oxcrpc_r444_r446_r450_r455_a_callback_address_is_one_of_ipv4_and_of_its_size() {
    let (_store, mut client, session, _) = subscribed();
    let request = callback_request(session.handle, "127.0.0.1:9".parse().unwrap());
    let of_family =
        |family: u16, size: usize| [&family.to_le_bytes()[..], &vec![0; size - 2]].concat();
    for (row, callback_address, expected) in [
        ("AF_INET", request.callback_address.clone(), ErrorCode::EC_NONE),
        ("AF_INET, too short", of_family(2, 15), ErrorCode::EC_INVALID_PARAM),
        ("AF_INET, too long", of_family(2, 17), ErrorCode::EC_INVALID_PARAM),
        ("AF_INET6 in 2003", of_family(23, 28), ErrorCode::EC_INVALID_PARAM),
        ("AF_IPX", of_family(6, 16), ErrorCode::EC_INVALID_PARAM),
        ("nothing", vec![], ErrorCode::EC_INVALID_PARAM),
        ("half a family", vec![2], ErrorCode::EC_INVALID_PARAM),
    ] {
        let request = EcRRegisterPushNotificationRequest { callback_address, ..request.clone() };
        let answer = register_push(&mut client, &request);
        assert_eq!((answer.result, answer.handle), (expected, session.handle), "{row}");
        assert_eq!(answer.notification == 0, expected != ErrorCode::EC_NONE, "{row}");
    }
}

#[test]
fn ms_oxcrpc_r379_r417_a_registration_needs_a_session() {
    let (store, mut client, session, _) = subscribed();
    let request = |handle| callback_request(handle, "127.0.0.1:9".parse().unwrap()).encode();
    let opnum = opnum::EC_R_REGISTER_PUSH_NOTIFICATION;
    let mismatch = Called::Fault(FaultStatus::CONTEXT_MISMATCH);
    assert_eq!(client.call(opnum, &request(NULL)), mismatch);
    assert_eq!(client.call(opnum, &request([9; 20])), mismatch);
    // One that the store has ended is told so, once; the other keeps the connection.
    client.connect(None);
    store.runtime.block_on(store.handle.disconnect_session(SessionId(1))).unwrap();
    let dead = register_push(
        &mut client,
        &callback_request(session.handle, "127.0.0.1:9".parse().unwrap()),
    );
    assert_eq!((dead.handle, dead.result), (NULL, ErrorCode::EC_EXITING));
    assert_eq!(client.call(opnum, &request(session.handle)), mismatch);
}

#[test]
fn ms_oxcrpc_r1301_r1558_later_builds_take_ipv6_and_then_nothing() {
    let v4: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let v6: SocketAddr = "[::1]:9".parse().unwrap();
    for (build, of_v4, of_v6) in [
        (Build::KB_920185, ErrorCode::EC_NONE, ErrorCode::EC_INVALID_PARAM),
        (Build::new(8, 0, 685, 24), ErrorCode::EC_NONE, ErrorCode::EC_NONE),
        (Build::new(14, 0, 639, 21), ErrorCode::EC_NOT_SUPPORTED, ErrorCode::EC_NOT_SUPPORTED),
        (Build::new(15, 0, 516, 32), ErrorCode::EC_NOT_SUPPORTED, ErrorCode::EC_NOT_SUPPORTED),
    ] {
        let store = TestStore::of_build(build);
        let mut client = store.bind();
        let handle = client.connect(None).handle;
        for (address, expected) in [(v4, of_v4), (v6, of_v6)] {
            let answer = register_push(&mut client, &callback_request(handle, address));
            assert_eq!(answer.result, expected, "{build} {address}");
        }
    }
}

#[test]
fn the_clock_of_the_wall_brings_the_second_datagram_too() {
    let clock = clock::ClockMode::Scaled(clock::Scale::new(3_000).unwrap());
    let store = TestStore::start_with(StoreOptions { clock, start: None::<SimTime>, ..options() });
    let mut client = store.bind();
    let session = client.connect(None);
    subscribe(&mut client, session.handle);
    let mailbox = Mailbox::new();
    register_push(&mut client, &callback_request(session.handle, mailbox.address()));
    store.new_mail(1).unwrap();
    assert_eq!((mailbox.datagram(), mailbox.datagram()), (CONTEXT.to_vec(), CONTEXT.to_vec()));
}
