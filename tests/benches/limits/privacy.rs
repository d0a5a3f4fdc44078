//! What protection costs: sessions one after another over TCP, bind, EcDoConnectEx, EcDoDisconnect, at no level and at privacy, each beside
//! a bare exchange of as many bytes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dcerpc::ntlm::{Credentials, Initiator, NegotiateFlags, Nonces, NtHash, ResponseVersion};
use dcerpc::{
    AuthContextId, AuthLevel, ClientAssociation, ClientEvent, ClientOptions, ClientProvider,
    ClientSecurity, Opnum, SyntaxId, Uuid,
};
use emsmdb::aux::{AuxBlock, AuxPerfProcessInfo, encode_aux};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::{
    EMSMDB_UUID, EMSMDB_VERSION, EcDoConnectExRequest, EcDoConnectExResponse,
    EcDoDisconnectRequest, EcDoDisconnectResponse, ErrorCode, WireVersion, opnum,
};
use infostore::{Authentication, ProtectionLevel, Settings};
use server::{AccountName, Directory, StoreHandle, StoreOptions, User, UserRights};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::Scale;
use crate::cpu;
use crate::figures::{Figures, print};
use crate::load::PROCESS;
use crate::store::options;

const USER: &str = "alice";
const PASSWORD: &str = "alice's password";
const PREFIX: &str = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=";

/// One write of the client's, and the one of the server's that answers it.
#[derive(Default)]
struct Exchange {
    up: Vec<u8>,
    down: Vec<u8>,
}

/// The figures of one side, for one session.
#[derive(Default)]
struct Side {
    /// Microseconds.
    time: Figures,
    /// Processor time of both ends, microseconds.
    processor: Figures,
}

impl Side {
    fn add(&mut self, count: usize, (elapsed, processor): (Duration, Duration)) {
        self.time.add(elapsed.as_secs_f64() * 1e6 / count as f64);
        self.processor.add(processor.as_secs_f64() * 1e6 / count as f64);
    }

    fn row(&self, name: &str, [limit, unprotected]: [&Self; 2]) -> Vec<String> {
        vec![
            name.to_owned(),
            self.time.to_string(),
            self.time.ratio(&limit.time),
            self.time.ratio(&unprotected.time),
            self.processor.to_string(),
            self.processor.ratio(&limit.processor),
            self.processor.ratio(&unprotected.processor),
        ]
    }
}

pub(crate) fn run(scale: Scale) {
    let runtime = Runtime::new().unwrap();
    let [none, privacy] = [ProtectionLevel::None, ProtectionLevel::Privacy]
        .map(|level| Measured::start(&runtime, level));
    let mut sides: [Side; 4] = Default::default();
    let count = scale.sessions;
    for _ in 0..scale.rounds {
        sides[0].add(count, none.bare(count));
        sides[1].add(count, none.store(count));
        sides[2].add(count, privacy.bare(count));
        sides[3].add(count, privacy.store(count));
    }
    let [bare_none, store_none, bare_privacy, store_privacy] = &sides;
    let rows = [
        bare_none.row("the bytes of none (limit)", [bare_none, bare_none]),
        store_none.row("store, none", [bare_none, store_none]),
        bare_privacy.row("the bytes of privacy (limit)", [bare_privacy, bare_none]),
        store_privacy.row("store, privacy", [bare_privacy, store_none]),
    ];
    let (small, large) = (none.bytes(), privacy.bytes());
    let title = format!(
        "privacy: {} runs of {count} sessions one after another; {small} bytes each at none, {large} at privacy",
        scale.rounds
    );
    let heading = [
        "what",
        "us/session",
        "ratio to limit",
        "ratio to none",
        "CPU of both ends, us/session",
        "ratio to limit",
        "ratio to none",
    ];
    print(&title, &heading, &rows);
    none.stop();
    privacy.stop();
}

/// A store at one level, and a server that says as much.
struct Measured<'a> {
    runtime: &'a Runtime,
    level: ProtectionLevel,
    handle: StoreHandle,
    store: SocketAddr,
    bare: SocketAddr,
    recorded: Arc<[Exchange]>,
}

impl<'a> Measured<'a> {
    fn start(runtime: &'a Runtime, level: ProtectionLevel) -> Self {
        let handle = runtime.block_on(StoreHandle::start(protected(level))).expect("it starts");
        let store = handle.rpc_address().unwrap();
        let recorded: Arc<[Exchange]> = session(store, level, 0).into();
        let bare = runtime.block_on(serve_bare(Arc::clone(&recorded)));
        Self { runtime, level, handle, store, bare, recorded }
    }

    fn bytes(&self) -> usize {
        self.recorded.iter().map(|exchange| exchange.up.len() + exchange.down.len()).sum()
    }

    fn store(&self, count: usize) -> (Duration, Duration) {
        measured(count, |number| {
            let exchanged = session(self.store, self.level, number);
            assert_eq!(exchanged.len(), self.recorded.len());
        })
    }

    fn bare(&self, count: usize) -> (Duration, Duration) {
        measured(count, |_| bare_session(self.bare, &self.recorded))
    }

    fn stop(self) {
        self.runtime.block_on(self.handle.stop()).unwrap();
    }
}

fn measured(count: usize, mut one: impl FnMut(u64)) -> (Duration, Duration) {
    let (start, processor) = (Instant::now(), cpu::used());
    (1..=count as u64).for_each(&mut one);
    (start.elapsed(), cpu::used() - processor)
}

/// A store with one user, that takes clients at this level at least.
fn protected(level: ProtectionLevel) -> StoreOptions {
    let mut directory = Directory::default();
    let name = AccountName::parse(USER).unwrap();
    let user = User::new(name, NtHash::of_password(PASSWORD), UserRights::default()).unwrap();
    directory.put(user).unwrap();
    let anonymous = level == ProtectionLevel::None;
    let authentication = Authentication { anonymous, min_level: level };
    let settings = Settings { authentication, ..Settings::default() };
    StoreOptions { directory, settings, ..options() }
}

/// Reads as many bytes as a client wrote, and writes as many as it was answered.
async fn serve_bare(recorded: Arc<[Exchange]>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let recorded = Arc::clone(&recorded);
            drop(tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                let mut asked = Vec::new();
                for Exchange { up, down } in recorded.iter() {
                    asked.resize(up.len(), 0);
                    stream.read_exact(&mut asked).await.unwrap();
                    stream.write_all(down).await.unwrap();
                }
                // The client's end, or its reset.
                drop(stream.read(&mut [0]).await);
            }));
        }
    }));
    address
}

fn dial(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_nodelay(true).unwrap();
    // A reset at its end, so that no port is left waiting.
    let socket = socket2::SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    stream
}

fn bare_session(server: SocketAddr, recorded: &[Exchange]) {
    let mut stream = dial(server);
    let mut answer = Vec::new();
    for Exchange { up, down } in recorded {
        stream.write_all(up).unwrap();
        answer.resize(down.len(), 0);
        stream.read_exact(&mut answer).unwrap();
    }
}

/// A whole session with a store; what passed.
fn session(server: SocketAddr, level: ProtectionLevel, number: u64) -> Vec<Exchange> {
    let mut client = Client::bind(server, level, number);
    let connect = client.call(opnum::EC_DO_CONNECT_EX, &connect_request().encode());
    let connected = EcDoConnectExResponse::decode(&connect).expect("a response");
    assert_eq!(connected.result, ErrorCode::EC_NONE);
    let handle = connected.handle;
    let disconnect = EcDoDisconnectRequest { handle }.encode();
    let closed = client.call(opnum::EC_DO_DISCONNECT, &disconnect);
    assert_eq!(closed, EcDoDisconnectResponse::CLOSED.encode());
    client.exchanged
}

struct Client {
    stream: TcpStream,
    association: ClientAssociation,
    exchanged: Vec<Exchange>,
}

impl Client {
    fn bind(server: SocketAddr, level: ProtectionLevel, number: u64) -> Self {
        let (major, minor) = EMSMDB_VERSION;
        let interface = SyntaxId { uuid: Uuid::from_u128(EMSMDB_UUID), major, minor };
        let security = (level == ProtectionLevel::Privacy).then(|| security(number));
        let options = ClientOptions { security, ..ClientOptions::default() };
        let association = ClientAssociation::new(interface, options);
        let mut client = Self { stream: dial(server), association, exchanged: Vec::new() };
        client.association.bind(None);
        let bound = client.next();
        assert!(matches!(bound, ClientEvent::Bound { .. }), "{bound:?}");
        client
    }

    fn call(&mut self, opnum: u16, stub: &[u8]) -> Vec<u8> {
        self.association.call(Opnum(opnum), stub);
        let event = self.next();
        let ClientEvent::Response { stub, .. } = event else {
            panic!("a call was answered with {event:?}")
        };
        stub
    }

    /// Sends what there is to send, and reads until something has happened. An auth3 waits for the call behind it.
    fn next(&mut self) -> ClientEvent {
        let mut exchange = Exchange::default();
        while self.association.poll_transmit(&mut exchange.up) {}
        self.stream.write_all(&exchange.up).unwrap();
        let mut bytes = [0; 4_096];
        let event = loop {
            if let Some(event) = self.association.poll_event() {
                break event;
            }
            let count = self.stream.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "the store has closed the connection");
            exchange.down.extend(&bytes[..count]);
            self.association.handle_bytes(&bytes[..count]).unwrap();
        };
        self.exchanged.push(exchange);
        event
    }
}

/// NTLMv2, with nonces of the session's own.
fn security(number: u64) -> ClientSecurity {
    let credentials = Credentials::User {
        domain: Directory::default().domain().as_str().to_owned(),
        user: USER.to_owned(),
        workstation: "BENCH".to_owned(),
        hash: NtHash::of_password(PASSWORD),
    };
    let session_key = (u128::from(number) << 64 | 0x5A5A).to_le_bytes();
    let nonces = Nonces { client_challenge: number.to_le_bytes(), session_key, filetime: number };
    let ntlm = Initiator::new(credentials, NegotiateFlags::PRIVACY, ResponseVersion::V2, nonces);
    ClientSecurity {
        provider: ClientProvider::Ntlm(ntlm),
        level: AuthLevel::PACKET_PRIVACY,
        context: AuthContextId(0),
    }
}

fn connect_request() -> EcDoConnectExRequest {
    let process = AuxBlock::ProcessInfo(AuxPerfProcessInfo {
        version: 2,
        process_id: 1,
        process_guid: [7; 16],
        name: Some(PROCESS.encode_utf16().collect()),
    });
    EcDoConnectExRequest {
        user_dn: format!("{PREFIX}{USER}").into_bytes(),
        flags: 0,
        con_mod: 0x2A2A_2A2A,
        limit: 0,
        code_page: 1252,
        lcid_string: 1033,
        lcid_sort: 1033,
        link: 0xFFFF_FFFF,
        can_convert_code_pages: 1,
        client_version: WireVersion([0x000B, 0x15E8, 0]),
        time_stamp: 0,
        aux_in: encode_aux(&[process], HeaderFlags::LAST),
        aux_out_max: 0x1008,
    }
}
