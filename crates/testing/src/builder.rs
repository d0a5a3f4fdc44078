//! How a test's store is set up.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::store::Store;

/// How a store is set up that a test starts: [`Store::builder`].
///
/// ```
/// use exstore_testing::Store;
///
/// let store = Store::builder().build("6.5.7638").now("2006-05-01T00:00:00Z").start();
/// store.inject("mdl.exe");
/// store.block_processes("mdl.exe");
/// assert_eq!(store.advance_to_next_poll().disconnected, 0, "SP2 alone knows of no such list");
/// ```
#[derive(Clone)]
#[must_use = "nothing starts before `start` is called"]
pub struct Builder {
    clock: Map<String, Value>,
    fields: Map<String, Value>,
}

/// Without what the fields hold: there are passwords among them.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&String> = self.fields.keys().collect();
        f.debug_struct("Builder").field("clock", &self.clock).field("fields", &fields).finish()
    }
}

impl Default for Builder {
    fn default() -> Self {
        let builder = Self { clock: Map::new(), fields: Map::new() };
        builder.field("seed", json!("0x0")).clock("manual").now("2006-04-22T08:00:00Z")
    }
}

impl Builder {
    /// Store time at the start, RFC 3339; 2006-04-22T08:00:00Z unless told.
    pub fn now(mut self, now: &str) -> Self {
        self.clock.insert("now".to_owned(), json!(now));
        self
    }

    /// How time moves: `manual` unless told, `real`, or `scaled:N`.
    pub fn clock(mut self, mode: &str) -> Self {
        self.clock.insert("mode".to_owned(), json!(mode));
        self
    }

    /// What everything random is derived from; 0 unless told.
    pub fn seed(self, seed: u64) -> Self {
        self.field("seed", json!(seed.to_string()))
    }

    /// The simulated build of Store.exe; that of the hotfix unless told.
    pub fn build(self, build: &str) -> Self {
        self.field("build", json!(build))
    }

    /// Time between two polls; 15 minutes unless told.
    pub fn poll_interval(self, interval: Duration) -> Self {
        self.field("poll_interval", json!(clock::format_duration(interval)))
    }

    /// Opens an RPC port on a free port of this machine; [`Store::rpc_address`] tells which. None unless told.
    pub fn rpc(self) -> Self {
        self.field("rpc", json!("127.0.0.1:0"))
    }

    /// A user of the store, who proves to be that with a password; several for several.
    pub fn user(self, name: &str, password: &str) -> Self {
        self.with_user(json!({ "name": name, "password": password }))
    }

    /// A user who may ask for the rights of an administrator, and open everybody's mailbox.
    pub fn administrator(self, name: &str, password: &str) -> Self {
        self.with_user(json!({ "name": name, "password": password, "admin": true }))
    }

    /// Whether clients are taken that do not say who they are; they are, unless told.
    pub fn anonymous(self, anonymous: bool) -> Self {
        self.field("anonymous", json!(anonymous))
    }

    fn with_user(mut self, user: Value) -> Self {
        let users = self.fields.entry("users").or_insert_with(|| json!([]));
        if let Value::Array(users) = users {
            users.push(user);
        }
        self
    }

    /// Any field of `POST /v1/stores`, such as `limits`.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// Starts the store. It is of use when this returns.
    ///
    /// # Panics
    /// When the store can't be had as it is described.
    #[must_use]
    #[track_caller]
    pub fn start(mut self) -> Store {
        self.fields.insert("clock".to_owned(), Value::Object(self.clock));
        Store::create(self.fields)
    }
}
