//! A running store as its users reach it: real HTTP requests, injected clients, and sockets of the test's own.

use dcerpc::AssociationGroupId;
use emsmdb::{ErrorCode, WireVersion, opnum};
use infostore::Transport;
use serde_json::{Value, json};
use server::StoreOptions;

use super::http::{Answer, Http};
use crate::running::{Running, options};
use crate::server::wire_client::{Called, NULL, WireClient, connect_request, process_block};

/// Where the store's resources are.
const STORE: &str = "/v1/stores/default";

/// `HKEY_LOCAL_MACHINE\...\ParametersSystem` as a path has it.
pub(crate) const POLLED_KEY: &str =
    "HKLM%5CSystem%5CCurrentControlSet%5CServices%5CMSExchangeIS%5CParametersSystem";

/// ecClientVerDisallowed as it ends a response: 0x4DF, little-endian.
const DISALLOWED: [u8; 4] = [0xDF, 0x04, 0, 0];

/// A store whose clock stands at 2006-04-22T08:00:00Z, where its first poll has been.
pub(crate) struct Site {
    running: Running,
    http: Http,
    /// What its injected clients travel over.
    via: Transport,
}

/// A client to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program<'a> {
    pub(crate) process: Option<&'a str>,
    pub(crate) version: &'a str,
}

/// An injected client that is `connected`, or whatever its state is.
pub(crate) type Injected = u64;

/// A session of a client that nobody injected, on a connection of its own.
pub(crate) struct Foreign {
    pub(crate) wire: WireClient,
    pub(crate) handle: [u8; 20],
}

impl<'a> Program<'a> {
    /// A nameless client of Outlook 2003.
    pub(crate) const NAMELESS: Self = Self { process: None, version: "11.0.5608.0" };

    /// A program with the MAPI client of Outlook 2003.
    pub(crate) fn new(process: &'a str) -> Self {
        Self { process: Some(process), ..Self::NAMELESS }
    }

    pub(crate) fn of_version(self, version: &'a str) -> Self {
        Self { version, ..self }
    }

    /// The four numbers.
    fn numbers(self) -> [u16; 4] {
        let numbers: Vec<u16> =
            self.version.split('.').map(|part| part.parse().expect("a number")).collect();
        numbers.try_into().expect("four numbers")
    }

    fn wire_version(self) -> WireVersion {
        let numbers = self.numbers();
        WireVersion::encode_old(numbers)
            .or_else(|_| WireVersion::encode_new(numbers))
            .expect("a version that the wire can say")
    }
}

impl<'a> From<&'a str> for Program<'a> {
    fn from(process: &'a str) -> Self {
        Self::new(process)
    }
}

impl Foreign {
    /// Asserts that the session lives: a call on its handle gives the handle back.
    pub(crate) fn is_served(&mut self) {
        assert_eq!(self.wire.touch(self.handle, None), (self.handle, ErrorCode::EC_NONE));
    }

    /// Asserts that the server closed the idle connection with a FIN and not one byte before it.
    pub(crate) fn is_closed(&mut self) {
        self.wire.sees_fin_and_nothing_else();
    }

    /// Asserts that the next call, which brings a late name or none, is answered with a null handle and 0x4DF.
    pub(crate) fn is_told(&mut self, late: Option<&str>) {
        let Called::Response(stub) = self.wire.ext2(self.handle, vec![], late) else {
            panic!("a fault")
        };
        assert_eq!((&stub[..20], &stub[stub.len() - 4..]), (&NULL[..], &DISALLOWED[..]));
    }
}

impl Site {
    pub(crate) fn start(via: Transport) -> Self {
        Self::with(via, options())
    }

    pub(crate) fn with(via: Transport, options: StoreOptions) -> Self {
        let running = Running::with(options);
        Self { http: Http::new(&running.url), running, via }
    }

    /// Where the control plane listens.
    pub(crate) fn control(&self) -> &str {
        self.running.url.strip_prefix("http://").expect("an http URL")
    }

    // Requests. A path is the store's, unless it begins at the top.

    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let top = path.starts_with("/v1") || path.starts_with("/healthz");
        let path = if top { path.to_owned() } else { format!("{STORE}{path}") };
        self.http.send(method, &path, kind, body)
    }

    /// A request with a JSON body, or without one when that is null.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        match body {
            Value::Null => self.send(method, path, "", b""),
            body => self.send(method, path, "application/json", body.to_string().as_bytes()),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.call("GET", path, &Value::Null).ok()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, body).ok()
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Value {
        self.call("PUT", path, body).ok()
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Value {
        self.call("PATCH", path, body).ok()
    }

    pub(crate) fn delete(&self, path: &str) -> Value {
        self.call("DELETE", path, &Value::Null).ok()
    }

    // The lists and the clock.

    /// Writes the text of a list, `processes` or `versions`. The store learns of it when it polls.
    pub(crate) fn write(&self, list: &str, text: &str) -> Value {
        self.put(&format!("/block-lists/{list}"), &json!({ "data": text }))
    }

    /// The same with a poll at once.
    pub(crate) fn apply(&self, list: &str, text: &str) -> Value {
        self.put(&format!("/block-lists/{list}?apply=now"), &json!({ "data": text }))
    }

    /// Writes the registry value of a list as it is given.
    pub(crate) fn write_value(&self, list: &str, value: &Value) {
        self.put(&value_path(list), value);
    }

    /// Advances the clock until so many seconds after the start, 8:00.
    pub(crate) fn go_to(&self, second: u64) -> Value {
        let (hours, minutes) = (8 + second / 3_600, second / 60 % 60);
        let to = format!("2006-04-22T{hours:02}:{minutes:02}:{:02}Z", second % 60);
        self.post("/clock/advance", &json!({ "to": to }))
    }

    /// Advances the clock to the next poll; the sessions that it disconnected.
    pub(crate) fn tick(&self) -> u64 {
        let advanced = self.post("/clock/advance", &json!({ "next": "poll" }));
        assert_eq!(advanced["polls_run"], 1, "{advanced}");
        advanced["disconnected"].as_u64().expect("a number")
    }

    pub(crate) fn restart(&self) {
        self.post("/restart", &Value::Null);
    }

    pub(crate) fn generation(&self) -> u64 {
        self.get("/policy")["generation"].as_u64().expect("a number")
    }

    /// The events of a type, oldest first; of every type when it is empty.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let kind = if kind.is_empty() { String::new() } else { format!("&type={kind}") };
        let (mut events, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/events?limit=1000{kind}{after}"));
            events.extend_from_slice(page["items"].as_array().expect("a list"));
            if page["more"] == false {
                return events;
            }
            after = format!("&after={}", page["next"].as_str().expect("a cursor"));
        }
    }

    /// Sessions that the store has disconnected so far.
    pub(crate) fn disconnects(&self) -> u64 {
        self.get(STORE)["counts"]["disconnected"].as_u64().expect("a number")
    }

    /// The codes of a list's lints.
    pub(crate) fn lint_codes(&self, list: &str) -> Vec<String> {
        let lints = self.get(&format!("/block-lists/{list}"))["lints"].clone();
        let lints = lints.as_array().expect("a list").iter();
        lints.map(|lint| lint["code"].as_str().expect("a code").to_owned()).collect()
    }

    // Clients.

    /// Injects a client over the site's transport.
    pub(crate) fn inject<'a>(&self, program: impl Into<Program<'a>>) -> Injected {
        let Program { process, version } = program.into();
        let via = if self.via == Transport::Pipe { "pipe" } else { "tcp" };
        let body = json!({ "process": process, "client_version": version, "transport": via });
        self.post("/clients", &body)["id"].as_u64().expect("an id")
    }

    /// Has a client connect again.
    pub(crate) fn reconnect(&self, client: Injected) {
        self.post(&format!("/clients/{client}/connect"), &Value::Null);
    }

    /// Where a client stands, and how it came there.
    pub(crate) fn state(&self, client: Injected) -> (String, Value) {
        let shown = self.get(&format!("/clients/{client}"));
        (shown["state"].as_str().expect("a state").to_owned(), shown["outcome"].clone())
    }

    pub(crate) fn is_connected(&self, client: Injected) -> bool {
        self.state(client).0 == "connected"
    }

    /// Asserts that the store cut a client off.
    pub(crate) fn is_cut_off(&self, client: Injected) {
        assert_eq!(self.state(client).0, "disconnected");
    }

    /// A foreign client that has bound to the interface and not connected yet.
    pub(crate) fn bind(&self) -> WireClient {
        WireClient::bind(self.running.rpc, None)
    }

    /// A connection on which nothing has been sent.
    pub(crate) fn dial(&self) -> WireClient {
        WireClient::dial(self.running.rpc, None)
    }

    /// The same to the endpoint mapper's own port.
    pub(crate) fn dial_mapper(&self) -> WireClient {
        WireClient::dial(self.running.epm, None)
    }

    pub(crate) fn bind_beside(&self, group: AssociationGroupId) -> WireClient {
        WireClient::bind(self.running.rpc, Some(group))
    }

    /// A foreign client's attempt to connect, on a connection that may be closed at any time: the code, if it got one.
    pub(crate) fn attempt(&self, process: &str) -> Option<ErrorCode> {
        WireClient::attempt(self.running.rpc, process)
    }

    /// A foreign client with a session.
    pub(crate) fn foreign<'a>(&self, program: impl Into<Program<'a>>) -> Foreign {
        let program = program.into();
        let mut wire = self.bind();
        let answer = wire.connect_as(program.process, program.wire_version());
        assert_eq!(answer.result, ErrorCode::EC_NONE, "{program:?}");
        assert_ne!(answer.handle, NULL);
        Foreign { wire, handle: answer.handle }
    }

    /// Asserts that a program gets in, over both ways.
    pub(crate) fn admits<'a>(&self, program: impl Into<Program<'a>>) {
        let program = program.into();
        let client = self.inject(program);
        assert_eq!(self.state(client), ("connected".to_owned(), Value::Null), "{program:?}");
        // EcDoConnectEx has a least version; below it injected clients use EcDoConnect.
        if 11 <= program.numbers()[0] {
            drop(self.foreign(program));
        }
    }

    /// Asserts that a program is refused with 0x4DF and a null handle, over both ways.
    pub(crate) fn refuses<'a>(&self, program: impl Into<Program<'a>>) {
        let program = program.into();
        let client = self.inject(program);
        let refused = ("refused".to_owned(), json!("ecClientVerDisallowed"));
        assert_eq!(self.state(client), refused, "{program:?}");
        if 11 <= program.numbers()[0] {
            let aux = program.process.map_or_else(Vec::new, process_block);
            let request = connect_request(aux, program.wire_version());
            let answer = self.bind().call(opnum::EC_DO_CONNECT_EX, &request.encode());
            assert_is_refusal(&answer);
        }
    }
}

/// The bytes of a refusal: the context handle comes first, and the code last.
pub(crate) fn assert_is_refusal(answer: &Called) {
    let Called::Response(stub) = answer else { panic!("{answer:?}") };
    assert_eq!((&stub[..20], &stub[stub.len() - 4..]), (&NULL[..], &DISALLOWED[..]));
}

/// The path of the registry value of a list.
pub(crate) fn value_path(list: &str) -> String {
    let name = match list {
        "processes" => "Disable%20MAPI%20Client%20Processes",
        "versions" => "Disable%20MAPI%20Clients",
        list => panic!("`{list}` is no list"),
    };
    format!("/registry/{POLLED_KEY}?value={name}")
}

/// A rule that disturbs every read of the registry until it is taken away.
pub(crate) fn registry_fault(effect: &str) -> Value {
    json!({ "effect": { "registry": effect } })
}
