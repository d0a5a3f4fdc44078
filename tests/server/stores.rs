//! Stores of one process over TCP: their ports, their connections, and what is left of one that is gone.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use server::{CreateError, StartError, StoreHandle, StoreOptions, Stores};
use tokio::runtime::Runtime;

use super::options;
use super::wire_client::WireClient;

struct Process {
    runtime: Runtime,
    stores: Arc<Stores>,
}

impl Process {
    fn start(max_connections: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = StoreOptions { max_connections, ..options() };
        let default = runtime.block_on(StoreHandle::start(options)).expect("the store starts");
        Self { runtime, stores: Arc::new(Stores::new(default)) }
    }

    fn try_create(&self, name: &str, rpc: SocketAddr) -> Result<StoreHandle, CreateError> {
        let options = StoreOptions { rpc: Some(rpc), ..options() };
        self.runtime.block_on(self.stores.create(name.parse().unwrap(), options, None))
    }

    fn create(&self, name: &str) -> SocketAddr {
        let store = self.try_create(name, SocketAddr::from(([127, 0, 0, 1], 0)));
        store.expect("the store starts").rpc_address().expect("it has a port")
    }

    fn delete(&self, name: &str) {
        self.runtime.block_on(self.stores.delete(name)).expect("it is there");
    }
}

#[test]
fn when_a_store_is_deleted_every_connection_to_it_is_closed() {
    let process = Process::start(100);
    let address = process.create("t1");
    let mut connected = WireClient::bind(address, None);
    connected.connect(Some("OUTLOOK.EXE"));
    let mut bound = WireClient::bind(address, None);
    let mut silent = TcpStream::connect(address).unwrap();
    let mut deaf = WireClient::bind(address, None);
    deaf.connect(Some("deaf.exe"));
    deaf.send_until_full();

    process.delete("t1");
    connected.sees_fin_and_nothing_else();
    bound.sees_fin_and_nothing_else();
    // It may have been accepted or not; either way it is over.
    assert!(matches!(silent.read(&mut [0]), Ok(0) | Err(_)));
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

/// Of some 14,000 ports that a system gives away, 600 in a row hit one twice as good as always.
#[test]
fn a_straggler_of_a_deleted_store_reaches_no_other() {
    let process = Process::start(100);
    let mut seen = BTreeSet::new();
    for number in 0..600 {
        let name = format!("t{number}");
        let address = process.create(&name);
        assert!(seen.insert(address.port()), "{address} was the port of a store before");
        if number % 100 == 0 {
            // One that has connected, one that is in the backlog, and one that dials again.
            let mut straggler = WireClient::bind(address, None);
            let mut waiting = TcpStream::connect(address).unwrap();
            process.delete(&name);
            process.create("successor");
            straggler.sees_fin_and_nothing_else();
            assert!(matches!(waiting.read(&mut [0]), Ok(0) | Err(_)));
            assert!(TcpStream::connect(address).is_err());
            process.delete("successor");
        } else {
            process.delete(&name);
        }
    }
}

#[test]
fn a_port_that_is_named_is_had_again_and_one_in_use_is_not() {
    let process = Process::start(100);
    let address = process.create("t1");
    let error = process.try_create("t2", address).expect_err("it is in use");
    assert!(
        matches!(error, CreateError::Start(StartError::Bind { address: tried, .. }) if tried == address)
    );
    process.delete("t1");
    let store = process.try_create("t2", address).expect("it is free, and asked for by its number");
    assert_eq!(store.rpc_address(), Some(address));
    let mut client = WireClient::bind(address, None);
    client.connect(Some("OUTLOOK.EXE"));
}

#[test]
fn no_store_takes_the_connections_of_all() {
    let process = Process::start(8);
    let default = process.stores.get("default").unwrap().rpc_address().unwrap();
    let address = process.create("t1");
    let mut greedy: Vec<_> = (0..6).map(|_| WireClient::bind(default, None)).collect();
    let mut seventh = TcpStream::connect(default).unwrap();
    assert!(matches!(seventh.read(&mut [0]), Ok(0) | Err(_)), "the last quarter is for others");
    let mut modest: Vec<_> = (0..2).map(|_| WireClient::bind(address, None)).collect();
    for client in greedy.iter_mut().chain(&mut modest) {
        client.connect(Some("OUTLOOK.EXE"));
    }
}

#[test]
fn a_name_is_given_once_however_many_want_it() {
    let process = Process::start(100);
    let made = process.runtime.block_on(async {
        let mut making = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let stores = Arc::clone(&process.stores);
            let options = StoreOptions { rpc: None, epm: None, ..options() };
            making.spawn(async move { stores.create("t1".parse().unwrap(), options, None).await });
        }
        making.join_all().await
    });
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 15));
    assert!(
        refused
            .iter()
            .all(|r| matches!(r, Err(CreateError::Exists(name)) if name.as_str() == "t1"))
    );
}
