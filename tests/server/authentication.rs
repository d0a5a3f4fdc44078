//! Clients that prove who they are over TCP: whose mailbox they may open, how well their calls have to be protected, and whose their
//! sessions are (ADR 0029).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use dcerpc::ntlm::NtHash;
use dcerpc::spnego::{Initiator, Offer, Progress};
use dcerpc::{AssociationGroupId, ClientAssociation, ClientOptions, FaultStatus, SyntaxId, Uuid};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::{
    EMSMDB_UUID, EMSMDB_VERSION, EcDoConnectExRequest, EcDoConnectExResponse, EcDoRpcExt2Response,
    ErrorCode, WireVersion, async_opnum, opnum, rgb,
};
use infostore::{Authentication, Build, Event, ProtectionLevel, Settings};
use server::{
    AccountName, AuthenticationChange, Directory, SettingsChange, StoreOptions, User, UserChange,
    UserRights,
};

use super::wire_client::{
    Called, OUTLOOK_2003, PATIENCE, WireClient, connect_request, ext2_request, process_block,
};
use super::{TestStore, options};
use crate::dcerpc::raw::{EMSMDB, NDR20, alter, bind};
use crate::dcerpc::secure::{
    CONNECT, INTEGRITY, LEVELS, PACKET, PRIVACY, Secured, initiator, pdus, value_of, with_value,
};

const PREFIX: &str = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=";

/// Outlook 2007.
const OUTLOOK_2007: WireVersion = WireVersion([0x0C00, 0x91A6, 0]);

fn account(name: &str) -> AccountName {
    AccountName::parse(name).expect("a name")
}

/// A store that knows alice and bob, and root, who is an administrator. Each has `NAME's` as password.
fn store(authentication: Authentication) -> TestStore {
    let mut directory = Directory::default();
    for name in ["alice", "bob", "root"] {
        let hash = NtHash::of_password(&format!("{name}'s"));
        let rights = UserRights { is_admin: name == "root", dn: None };
        let user = User::new(account(name), hash, rights).expect("a user");
        directory.put(user).expect("there is room");
    }
    let settings = Settings { authentication, ..Settings::default() };
    TestStore::start_with(StoreOptions { directory, settings, ..options() })
}

fn open() -> TestStore {
    store(Authentication::default())
}

/// A client that authenticates, PDU by PDU.
struct SecureClient {
    stream: TcpStream,
    secured: Secured,
    group: AssociationGroupId,
    calls: u32,
}

impl SecureClient {
    fn bind(store: &TestStore, name: &str, level: u8) -> Self {
        Self::bind_to(address(store), None, (name, &format!("{name}'s")), level)
    }

    fn bind_to(
        server: SocketAddr,
        group: Option<AssociationGroupId>,
        (user, password): (&str, &str),
        level: u8,
    ) -> Self {
        let mut stream = TcpStream::connect(server).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (major, minor) = EMSMDB_VERSION;
        let interface = SyntaxId { uuid: Uuid::from_u128(EMSMDB_UUID), major, minor };
        let mut association = ClientAssociation::new(interface, ClientOptions::default());
        association.bind(group);
        let mut bind = Vec::new();
        while association.poll_transmit(&mut bind) {}
        let initiator = initiator(user, password, level);
        let bind = with_value(bind, (10, level), 1, &initiator.negotiate());
        stream.write_all(&bind).expect("the server reads");
        let ack = read_pdu(&mut stream);
        assert_eq!(ack[2], 12, "a bind_ack");
        let group = u32::from_le_bytes([ack[20], ack[21], ack[22], ack[23]]);
        let (token, session) = initiator.authenticate(value_of(&ack)).expect("a challenge");
        let auth3 = crate::dcerpc::raw::pdu(16, 3, 1, &[0xab; 4]);
        stream.write_all(&with_value(auth3, (10, level), 1, &token)).expect("the server reads");
        let secured = Secured { session, auth_type: 10, level, id: 1, padding: (16, 0) };
        Self { stream, secured, group: AssociationGroupId(group), calls: 1 }
    }

    /// Binds with NTLM inside SPNEGO: the last leg is an alter_context, which is answered.
    fn bind_by_spnego(store: &TestStore, name: &str, level: u8) -> Self {
        let mut stream = TcpStream::connect(address(store)).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let offers = [(0, EMSMDB, NDR20)];
        let ntlm = initiator(name, &format!("{name}'s"), level);
        let mut initiator = Initiator::new(ntlm, Offer::Ntlm);
        let (mut leg, mut token) = (bind(&offers), initiator.offer());
        let session = loop {
            stream.write_all(&with_value(leg, (9, level), 1, &token)).expect("the server reads");
            match initiator.step(value_of(&read_pdu(&mut stream))).expect("it agrees") {
                Progress::Send(next) => (leg, token) = (alter(1, &offers), next),
                Progress::Done(session) => break session,
            }
        };
        let secured = Secured { session, auth_type: 9, level, id: 1, padding: (16, 0) };
        Self { stream, secured, group: AssociationGroupId(0), calls: 1 }
    }

    fn call(&mut self, opnum: u16, stub: &[u8]) -> Called {
        self.calls += 1;
        let request = self.secured.request(3, self.calls, opnum, stub);
        self.stream.write_all(&request).expect("the server reads");
        let answer = read_pdu(&mut self.stream);
        if answer[2] == 3 {
            let status = u32::from_le_bytes([answer[24], answer[25], answer[26], answer[27]]);
            return Called::Fault(FaultStatus(status));
        }
        Called::Response(self.secured.stub_of(&answer))
    }

    fn connect(&mut self, request: &EcDoConnectExRequest) -> EcDoConnectExResponse {
        match self.call(opnum::EC_DO_CONNECT_EX, &request.encode()) {
            Called::Response(stub) => EcDoConnectExResponse::decode(&stub).expect("a response"),
            fault @ Called::Fault(_) => panic!("{fault:?}"),
        }
    }

    /// An empty EcDoRpcExt2.
    fn touch(&mut self, handle: [u8; 20]) -> Result<ErrorCode, FaultStatus> {
        match self.call(opnum::EC_DO_RPC_EXT2, &empty_ext2(handle)) {
            Called::Response(stub) => {
                Ok(EcDoRpcExt2Response::decode(&stub).expect("a response").result)
            }
            Called::Fault(status) => Err(status),
        }
    }
}

fn empty_ext2(handle: [u8; 20]) -> Vec<u8> {
    let rgb_in = rgb::encode_rgb_in(&[2, 0], HeaderFlags::LAST).expect("it is short");
    ext2_request(handle, rgb_in).encode()
}

fn read_pdu(stream: &mut TcpStream) -> Vec<u8> {
    let mut pdu = vec![0; 16];
    stream.read_exact(&mut pdu).expect("the server answers");
    let length = usize::from(u16::from_le_bytes([pdu[8], pdu[9]]));
    pdu.resize(length, 0);
    stream.read_exact(&mut pdu[16..]).expect("the rest of it");
    assert_eq!(pdus(&pdu).len(), 1);
    pdu
}

fn address(store: &TestStore) -> SocketAddr {
    store.handle.rpc_address().expect("a port")
}

fn as_user(name: &str) -> EcDoConnectExRequest {
    EcDoConnectExRequest {
        user_dn: format!("{PREFIX}{name}").into_bytes(),
        ..connect_request(process_block("OUTLOOK.EXE"), OUTLOOK_2003)
    }
}

/// Who has opened each session, and why clients were refused, by the journal.
fn told(store: &TestStore) -> Vec<(Option<String>, String)> {
    let read = store.handle.read(|view| {
        let entries = view.store().journal().entries();
        let told = entries.filter_map(|entry| match &entry.event {
            Event::SessionConnected { session, .. } => {
                Some((session.identity.user.clone(), "admitted".to_owned()))
            }
            Event::SessionRefused { identity, refusal, .. } => {
                Some((identity.user.clone(), refusal.name().to_owned()))
            }
            _ => None,
        });
        told.collect::<Vec<_>>()
    });
    store.runtime.block_on(read).expect("it runs")
}

#[test]
fn ms_oxcrpc_r12_r1749_r1751_a_user_opens_its_mailbox_at_every_level_by_ntlm_and_by_spnego() {
    let store = open();
    let ntlm = LEVELS.map(|level| SecureClient::bind(&store, "alice", level));
    // Level call is NTLM's alone.
    let levels = [CONNECT, PACKET, INTEGRITY, PRIVACY];
    let spnego = levels.map(|level| SecureClient::bind_by_spnego(&store, "alice", level));
    for mut client in ntlm.into_iter().chain(spnego) {
        let row = (client.secured.auth_type, client.secured.level);
        let connected = client.connect(&as_user("Alice"));
        assert_eq!(connected.result, ErrorCode::EC_NONE, "type and level {row:?}");
        assert_eq!(client.touch(connected.handle), Ok(ErrorCode::EC_NONE), "{row:?}");
    }
    let alice = (Some("alice".to_owned()), "admitted".to_owned());
    assert_eq!(told(&store), vec![alice; LEVELS.len() + levels.len()]);
}

#[test]
fn ms_oxcrpc_r490_r600_each_refusal_has_its_code_and_is_in_the_journal() {
    let store = open();
    for (row, name, dn, flags, code, why) in [
        ("its own", "alice", "alice", 0, ErrorCode::EC_NONE, "admitted"),
        ("nobody's", "alice", "carol", 0, ErrorCode::EC_UNKNOWN_USER, "unknown_user"),
        ("another's", "alice", "bob", 0, ErrorCode::EC_ACCESS_DENIED, "other_user"),
        ("as admin", "alice", "alice", 1, ErrorCode::EC_LOGIN_PERM, "not_admin"),
        ("an administrator", "root", "bob", 1, ErrorCode::EC_NONE, "admitted"),
    ] {
        let request = EcDoConnectExRequest { flags, ..as_user(dn) };
        let answer = SecureClient::bind(&store, name, INTEGRITY).connect(&request);
        assert_eq!(answer.result, code, "{row}");
        assert_eq!(answer.handle == [0; 20], code != ErrorCode::EC_NONE, "{row}");
        let last = told(&store).pop().expect("an entry");
        assert_eq!(last, (Some(name.to_owned()), why.to_owned()), "{row}");
    }
    // Whoever says nothing is believed, but for an administrator's rights.
    for (flags, code) in [(0, ErrorCode::EC_NONE), (1, ErrorCode::EC_LOGIN_PERM)] {
        let mut client = WireClient::bind(address(&store), None);
        let request = EcDoConnectExRequest { flags, ..as_user("bob") };
        client.send(opnum::EC_DO_CONNECT_EX, &request.encode());
        assert_eq!(client.connected().result, code, "{flags}");
        assert_eq!(told(&store).pop().expect("an entry").0, None);
    }
}

#[test]
fn the_least_level_and_a_name_are_asked_for_where_the_store_wants_them() {
    let old = ErrorCode::EC_CLIENT_VER_DISALLOWED;
    let (denied, fine) = (ErrorCode::EC_ACCESS_DENIED, ErrorCode::EC_NONE);
    for (least, level, version, code) in [
        (ProtectionLevel::Privacy, INTEGRITY, OUTLOOK_2007, ErrorCode::EC_NOT_ENCRYPTED),
        (ProtectionLevel::Privacy, INTEGRITY, OUTLOOK_2003, old),
        (ProtectionLevel::Privacy, PRIVACY, OUTLOOK_2003, fine),
        (ProtectionLevel::Integrity, PACKET, OUTLOOK_2007, denied),
        (ProtectionLevel::Packet, CONNECT, OUTLOOK_2003, denied),
        // Over a connection, call and packet are one.
        (ProtectionLevel::Packet, 3, OUTLOOK_2003, fine),
        (ProtectionLevel::Call, PACKET, OUTLOOK_2003, fine),
        (ProtectionLevel::Connect, CONNECT, OUTLOOK_2003, fine),
    ] {
        let store = store(Authentication { anonymous: true, min_level: least });
        let request = EcDoConnectExRequest { client_version: version, ..as_user("alice") };
        let answer = SecureClient::bind(&store, "alice", level).connect(&request);
        assert_eq!(answer.result, code, "{least:?} {level} {version:?}");
        let nobody = WireClient::bind(address(&store), None).connect_as(None, OUTLOOK_2007);
        assert_ne!(nobody.result, fine, "{least:?}");
    }
    let closed = store(Authentication { anonymous: false, min_level: ProtectionLevel::None });
    let nobody = WireClient::bind(address(&closed), None).connect(Some("a.exe"));
    assert_eq!(nobody.result, denied);
    assert_eq!(told(&closed), [(None, "anonymous".to_owned())]);
    let alice = SecureClient::bind(&closed, "alice", CONNECT).connect(&as_user("alice"));
    assert_eq!(alice.result, fine);
}

#[test]
fn a_wrong_password_or_an_unknown_user_gets_no_further_than_the_connection() {
    let store = open();
    for (user, password) in [("alice", "bob's"), ("carol", "carol's"), ("alice", "")] {
        let mut client = SecureClient::bind_to(address(&store), None, (user, password), CONNECT);
        let answer = client.call(opnum::EC_DO_CONNECT_EX, &as_user("alice").encode());
        assert_eq!(answer, Called::Fault(FaultStatus::ACCESS_DENIED), "{user} with {password:?}");
    }
    assert_eq!(told(&store), []);
}

#[test]
fn a_session_is_its_user_s_on_every_connection_of_the_group() {
    let store = open();
    let mut alice = SecureClient::bind(&store, "alice", PRIVACY);
    let handle = alice.connect(&as_user("alice")).handle;
    let (server, group) = (address(&store), Some(alice.group));
    let mut again = SecureClient::bind_to(server, group, ("ALICE", "alice's"), CONNECT);
    assert_eq!(again.touch(handle), Ok(ErrorCode::EC_NONE));
    let mut bob = SecureClient::bind_to(server, group, ("bob", "bob's"), PRIVACY);
    let mut nobody = WireClient::bind(server, group);
    let denied = FaultStatus::ACCESS_DENIED;
    assert_eq!(bob.touch(handle), Err(denied));
    assert_eq!(bob.call(opnum::EC_DO_DISCONNECT, &handle), Called::Fault(denied));
    let touched = nobody.call(opnum::EC_DO_RPC_EXT2, &empty_ext2(handle));
    assert_eq!(touched, Called::Fault(denied));
    assert_eq!(nobody.disconnect(handle), Called::Fault(denied));
    // Nor may alice use what somebody anonymous opened.
    let theirs = nobody.connect(Some("a.exe")).handle;
    assert_eq!(alice.touch(theirs), Err(denied));
    assert_eq!(nobody.touch(theirs, None).1, ErrorCode::EC_NONE);
    assert_eq!(alice.touch(handle), Ok(ErrorCode::EC_NONE), "nothing has become of it");
}

#[test]
fn nobody_else_waits_for_a_user_s_events() {
    let store = open();
    store.runtime.block_on(store.handle.install_build(Build::EXCHANGE_2007)).expect("it runs");
    store.runtime.block_on(store.handle.restart()).expect("it starts");
    let mut alice = SecureClient::bind(&store, "alice", PRIVACY);
    let handle = alice.connect(&as_user("alice")).handle;
    let Called::Response(given) = alice.call(opnum::EC_DO_ASYNC_CONNECT_EX, &handle) else {
        panic!("no handle to wait with")
    };
    let denied = Called::Fault(FaultStatus::ACCESS_DENIED);
    let mut nobody = WireClient::bind(address(&store), Some(alice.group));
    assert_eq!(nobody.call(opnum::EC_DO_ASYNC_CONNECT_EX, &handle), denied);
    let mut waiting = WireClient::bind_async(address(&store), Some(alice.group));
    let wait = [&given[..20], &[0; 4]].concat();
    assert_eq!(waiting.call(async_opnum::EC_DO_ASYNC_WAIT_EX, &wait), denied);
}

#[test]
fn users_and_settings_that_change_concern_who_connects_next() {
    let store = open();
    let mut alice = SecureClient::bind(&store, "alice", PACKET);
    let handle = alice.connect(&as_user("alice")).handle;
    let change = UserChange {
        name: account("alice"),
        hash: Some(NtHash::of_password("another")),
        rights: UserRights::default(),
    };
    assert!(!store.runtime.block_on(store.handle.put_user(change)).expect("it runs"));
    let mut old = SecureClient::bind(&store, "alice", PACKET);
    assert_eq!(old.touch(handle), Err(FaultStatus::ACCESS_DENIED), "the password is another");
    let credentials = ("alice", "another");
    let mut new = SecureClient::bind_to(address(&store), None, credentials, PACKET);
    assert_eq!(new.connect(&as_user("alice")).result, ErrorCode::EC_NONE);

    store.runtime.block_on(store.handle.remove_user("alice".to_owned())).expect("it is there");
    assert_eq!(new.connect(&as_user("alice")).result, ErrorCode::EC_ACCESS_DENIED);
    let last = told(&store).pop().expect("an entry");
    assert_eq!(last, (Some("ALICE".to_owned()), "account_gone".to_owned()));
    let closed = AuthenticationChange { anonymous: Some(false), min_level: None };
    let change = SettingsChange { authentication: closed, ..SettingsChange::default() };
    store.runtime.block_on(store.handle.change_settings(change, || ())).expect("it runs");
    let nobody = WireClient::bind(address(&store), None).connect(Some("a.exe"));
    assert_eq!(nobody.result, ErrorCode::EC_ACCESS_DENIED);
    assert_eq!(alice.touch(handle), Ok(ErrorCode::EC_NONE), "what is open stays");
}
