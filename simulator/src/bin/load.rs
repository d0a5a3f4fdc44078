//! The load generator: many clients of one server, in a process of their own. The benchmarks run it, and it runs by hand.
//!
//! `load churn ADDRESS COUNT PROCESS` says `ready`, waits for a line, opens COUNT sessions as PROCESS one after another,
//! up to [`IN_FLIGHT`] at a time, closes each as soon as it is open, and says `done`.
//! `load hold ADDRESS COUNT PROCESS` opens them all, says `ready`, waits until the server has closed every one, and says
//! `done`. A session that is refused, reset, or sent a byte it did not ask for is an error, and ends the run.
//!
//! The two requests are encoded once, since the server is what is measured.
#![expect(clippy::print_stderr, reason = "a program says on stderr why it failed")]

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use dcerpc::{
    CallId, ClientAssociation, ClientOptions, Header, Opnum, PacketFlags, PacketType, PduTooLong,
    PresentationContextId, Request, SyntaxId, Uuid,
};
use emsmdb::aux::{AuxBlock, AuxPerfProcessInfo, encode_aux};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::{EMSMDB_UUID, EMSMDB_VERSION, EcDoConnectExRequest, WireVersion, opnum};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Clients that connect at the same time.
const IN_FLIGHT: usize = 64;

/// Clients on one source address: with many more, finding a free port takes longer than all the rest.
const PER_SOURCE: usize = 500;

/// Bounds a failure: a run that takes longer is one.
const PATIENCE: Duration = Duration::from_secs(120);

const USAGE: &str = "usage: load churn|hold ADDRESS:PORT COUNT PROCESS";

fn main() -> ExitCode {
    match Order::parse(std::env::args().skip(1)).and_then(Order::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("{USAGE}")]
    Usage,
    #[error("the process name does not fit a request")]
    NameTooLong(#[from] PduTooLong),
    #[error("client {client} failed: {source}")]
    Client { client: usize, source: ClientError },
    #[error("the load generator itself failed: {0}")]
    Own(#[from] io::Error),
    #[error("the run took longer than {PATIENCE:?}")]
    TooLong,
}

/// What went wrong with one client.
#[derive(Debug, thiserror::Error)]
enum ClientError {
    #[error("{0}")]
    Socket(#[from] io::Error),
    #[error("the server closed the connection instead of answering")]
    Closed,
    #[error("the answer is of type {0:?}")]
    UnexpectedPacket(PacketType),
    #[error("the session was refused")]
    Refused,
    #[error("a byte came unasked")]
    Unasked,
}

/// What the command line asks for.
struct Order {
    hold: bool,
    count: usize,
    load: Load,
}

impl Order {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, LoadError> {
        let mut word = || words.next().ok_or(LoadError::Usage);
        let hold = match word()?.as_str() {
            "churn" => false,
            "hold" => true,
            _ => return Err(LoadError::Usage),
        };
        let server = word()?.parse().map_err(|_| LoadError::Usage)?;
        let count = word()?.parse().map_err(|_| LoadError::Usage)?;
        let load = Load::new(server, &word()?)?;
        Ok(Self { hold, count, load })
    }

    /// One thread runs all clients: the other processors are the server's.
    fn run(self) -> Result<(), LoadError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (load, count) = (Arc::new(self.load), self.count);
        runtime.block_on(async move {
            let work =
                async { if self.hold { load.hold(count).await } else { load.churn(count).await } };
            timeout(PATIENCE, work).await.map_err(|_| LoadError::TooLong)?
        })
    }
}

/// A server, and what each client says to it.
struct Load {
    server: SocketAddrV4,
    bind: Vec<u8>,
    connect: Vec<u8>,
}

impl Load {
    fn new(server: SocketAddrV4, process: &str) -> Result<Self, LoadError> {
        Ok(Self { server, bind: bind_pdu(), connect: connect_pdu(process)? })
    }

    async fn churn(self: Arc<Self>, count: usize) -> Result<(), LoadError> {
        say("ready")?;
        // A closed input is as good as a line: whoever runs this by hand need not type one.
        io::stdin().read_line(&mut String::new())?;
        self.open(count, drop).await?;
        say("done")?;
        Ok(())
    }

    async fn hold(self: Arc<Self>, count: usize) -> Result<(), LoadError> {
        let mut open = Vec::with_capacity(count);
        self.open(count, |client| open.push(client)).await?;
        let mut closing = JoinSet::new();
        for (client, stream) in open.into_iter().enumerate() {
            stream.sees_nothing().map_err(|source| LoadError::Client { client, source })?;
            closing.spawn(async move { (client, stream.sees_the_end().await) });
        }
        say("ready")?;
        let mut closed = Vec::with_capacity(count);
        while let Some(ended) = closing.join_next().await {
            closed.push(finished(ended)?);
        }
        say("done")?;
        Ok(())
    }

    /// Opens `count` sessions and gives each to `opened`.
    async fn open(
        self: Arc<Self>,
        count: usize,
        mut opened: impl FnMut(Client),
    ) -> Result<(), LoadError> {
        let mut opening = JoinSet::new();
        for number in 0..count {
            if IN_FLIGHT <= opening.len()
                && let Some(ended) = opening.join_next().await
            {
                opened(finished(ended)?);
            }
            let load = Arc::clone(&self);
            opening.spawn(async move { (number, Client::connect(&load, number).await) });
        }
        while let Some(ended) = opening.join_next().await {
            opened(finished(ended)?);
        }
        Ok(())
    }

    /// The address that a client connects from.
    fn source(&self, number: usize) -> SocketAddrV4 {
        let host = number.checked_div(PER_SOURCE).unwrap_or_default() % 250;
        let host = u8::try_from(host).unwrap_or_default().saturating_add(2);
        let address = if self.server.ip().is_loopback() {
            Ipv4Addr::new(127, 0, 0, host)
        } else {
            Ipv4Addr::UNSPECIFIED
        };
        SocketAddrV4::new(address, 0)
    }
}

/// Tells whoever started the program how far it is.
fn say(word: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{word}")
}

/// What came of a client's task.
fn finished(
    ended: Result<(usize, Result<Client, ClientError>), tokio::task::JoinError>,
) -> Result<Client, LoadError> {
    let (client, outcome) = ended.map_err(io::Error::other)?;
    outcome.map_err(|source| LoadError::Client { client, source })
}

/// A client with an open session. Dropping it resets the connection, which leaves no port behind.
struct Client(TcpStream);

impl Client {
    async fn connect(load: &Load, number: usize) -> Result<Self, ClientError> {
        let socket = TcpSocket::new_v4()?;
        socket.set_zero_linger()?;
        socket.bind(load.source(number).into())?;
        let mut client = Self(socket.connect(load.server.into()).await?);
        client.call(&load.bind, PacketType::BIND_ACK).await?;
        let response = client.call(&load.connect, PacketType::RESPONSE).await?;
        // The result is the last field of the response; ecNone is 0.
        if response.ends_with(&[0; 4]) { Ok(client) } else { Err(ClientError::Refused) }
    }

    /// Sends a PDU, and reads the one that answers it.
    async fn call(&mut self, request: &[u8], expected: PacketType) -> Result<Vec<u8>, ClientError> {
        self.0.write_all(request).await?;
        let mut answer = Vec::with_capacity(512);
        loop {
            if self.0.read_buf(&mut answer).await? == 0 {
                return Err(ClientError::Closed);
            }
            let Some(header) = answer.first_chunk().map(Header::decode) else {
                continue;
            };
            let whole = usize::from(header.frag_length());
            if header.packet_type() != expected {
                return Err(ClientError::UnexpectedPacket(header.packet_type()));
            }
            if whole < answer.len() {
                return Err(ClientError::Unasked);
            }
            if whole == answer.len() {
                return Ok(answer);
            }
        }
    }

    fn sees_nothing(&self) -> Result<(), ClientError> {
        match self.0.try_read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
            Ok(0) => Err(ClientError::Closed),
            Ok(_) => Err(ClientError::Unasked),
        }
    }

    /// Waits for the server's FIN. The client keeps its half open, so that closing it is not measured.
    async fn sees_the_end(mut self) -> Result<Self, ClientError> {
        match self.0.read(&mut [0]).await? {
            0 => Ok(self),
            _ => Err(ClientError::Unasked),
        }
    }
}

/// What a client of Windows XP or later binds with.
fn bind_pdu() -> Vec<u8> {
    let (major, minor) = EMSMDB_VERSION;
    let interface = SyntaxId { uuid: Uuid::from_u128(EMSMDB_UUID), major, minor };
    let mut association = ClientAssociation::new(interface, ClientOptions::default());
    association.bind(None);
    let mut pdu = Vec::new();
    while association.poll_transmit(&mut pdu) {}
    pdu
}

/// EcDoConnectEx of Outlook 2003 SP2, running as `process`.
fn connect_pdu(process: &str) -> Result<Vec<u8>, PduTooLong> {
    let block = AuxPerfProcessInfo {
        version: 2,
        process_id: 1,
        process_guid: [7; 16],
        name: Some(process.encode_utf16().collect()),
    };
    let stub = EcDoConnectExRequest {
        user_dn: b"/o=First Organization/cn=janedow".to_vec(),
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
        aux_in: encode_aux(&[AuxBlock::ProcessInfo(block)], HeaderFlags::LAST),
        aux_out_max: 0x1008,
    }
    .encode();
    let request = Request {
        alloc_hint: u32::try_from(stub.len()).unwrap_or(u32::MAX),
        context: PresentationContextId(0),
        opnum: Opnum(opnum::EC_DO_CONNECT_EX),
        object: None,
        stub: &stub,
    };
    request.encode(CallId(2), PacketFlags::WHOLE)
}
