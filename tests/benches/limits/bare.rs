//! The limit of the network benches: one thread that waits for sockets and answers with bytes it was given.
//!
//! It does not decode, decide or remember anything, so what it costs is what the kernel costs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener as Blocking};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::load::LoadBinary;

/// What a store answered to the two requests of one client, to the byte.
#[derive(Clone)]
pub(crate) struct Answers([Vec<u8>; 2]);

impl Answers {
    /// Lets a client through to the store at `server`, and writes down what the store says.
    pub(crate) fn record(load: &LoadBinary, server: SocketAddr) -> Self {
        let between = Blocking::bind("127.0.0.1:0").unwrap();
        let mut clients = load.churn(between.local_addr().unwrap(), 1);
        clients.says("ready");
        clients.go();
        let (mut client, _) = between.accept().unwrap();
        let mut store = std::net::TcpStream::connect(server).unwrap();
        let answers = [(); 2].map(|()| {
            store.write_all(&pdu(&mut client)).unwrap();
            let answer = pdu(&mut store);
            client.write_all(&answer).unwrap();
            answer
        });
        clients.says("done");
        clients.ends();
        Self(answers)
    }
}

/// Reads one PDU.
fn pdu(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    stream.read_exact(&mut bytes).unwrap();
    bytes.resize(fragment_length(&bytes), 0);
    stream.read_exact(&mut bytes[16..]).unwrap();
    bytes
}

/// `frag_length` of the common header (C706 12.6.3.1).
fn fragment_length(header: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([header[8], header[9]]))
}

/// The bare server.
pub(crate) struct BareServer {
    poll: Poll,
    listener: TcpListener,
    answers: Answers,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    answered: usize,
    closed: usize,
    scratch: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the PDU under way that have yet to come.
    missing: usize,
    answered: usize,
}

const LISTENER: Token = Token(usize::MAX);

impl BareServer {
    pub(crate) fn start(answers: &Answers) -> Self {
        let poll = Poll::new().unwrap();
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE).unwrap();
        Self {
            poll,
            listener,
            answers: answers.clone(),
            connections: Vec::new(),
            free: Vec::new(),
            answered: 0,
            closed: 0,
            scratch: vec![0; 16 * 1024],
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Serves `count` clients until they have closed their connections.
    pub(crate) fn serve(&mut self, count: usize) {
        self.run_while(|server| server.closed < count);
    }

    /// Serves `count` clients until they have had both answers, and hands their connections over.
    pub(crate) fn accept(mut self, count: usize) -> Vec<TcpStream> {
        self.run_while(|server| server.answered < count);
        self.connections.into_iter().flatten().map(|connection| connection.stream).collect()
    }

    fn run_while(&mut self, more: impl Fn(&Self) -> bool) {
        let mut events = Events::with_capacity(1_024);
        while more(self) {
            self.poll.poll(&mut events, None).unwrap();
            for event in &events {
                match event.token() {
                    LISTENER => self.accept_all(),
                    Token(place) => self.read(place),
                }
            }
        }
    }

    fn accept_all(&mut self) {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("the bare server can't accept: {error}"),
            };
            let place = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            self.poll.registry().register(&mut stream, Token(place), Interest::READABLE).unwrap();
            self.connections[place] = Some(Connection { stream, missing: 0, answered: 0 });
        }
    }

    /// Reads once. What fills less than the buffer was all there was, so a new event tells of more.
    fn read(&mut self, place: usize) {
        // The event may tell of a connection that an earlier one of the same batch ended.
        let Some(connection) = &mut self.connections[place] else {
            return;
        };
        match connection.stream.read(&mut self.scratch) {
            Ok(count) if 0 < count => {
                if connection.take(&self.scratch[..count]) {
                    let answer = &self.answers.0[connection.answered];
                    connection.stream.write_all(answer).unwrap();
                    connection.answered += 1;
                    self.answered += usize::from(connection.answered == self.answers.0.len());
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            ended => self.close(place, ended),
        }
    }

    fn close(&mut self, place: usize, ended: io::Result<usize>) {
        let reset = |error: &io::Error| error.kind() == ErrorKind::ConnectionReset;
        assert!(ended.as_ref().err().is_none_or(reset), "a client broke off: {ended:?}");
        self.connections[place] = None;
        self.free.push(place);
        self.closed += 1;
    }
}

impl Connection {
    /// Whether these bytes complete a PDU.
    fn take(&mut self, bytes: &[u8]) -> bool {
        if self.missing == 0 {
            self.missing = fragment_length(bytes);
        }
        self.missing -= bytes.len();
        self.missing == 0
    }
}
