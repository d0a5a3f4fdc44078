//! `where`: tests on the fields of a resource as it is shown, all of which have to pass.
//!
//! A field is held against a value, against any of several, or against an object whose own fields are. Programs are compared
//! as the policy compares them, whichever of a client's names it is, and versions as numbers. What every event on a client
//! and every session has (program, group, client) is looked up without writing anything out.

use infostore::{ClientId, ClientIdentity, Origin};
use policy::{ClientVersion, ProcessName};
use serde_json::{Map, Value};
use server::ListedClient;

use super::shape::Part;
use crate::problem::{FieldError, Problem};

/// The tests of one `where`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Where {
    /// On what a client is known by.
    client: Vec<ClientTest>,
    /// On everything else, as it is written.
    fields: Vec<FieldTest>,
}

#[derive(Clone, Debug)]
enum ClientTest {
    /// It reported one of these programs; none stands for a client that named no program.
    Process(Vec<Option<ProcessName>>),
    Group(Vec<Option<String>>),
    Client(Vec<Option<ClientId>>),
}

/// A client as what is to be tested knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known<'a> {
    /// By what it said when it connected.
    Connected(&'a ClientIdentity),
    /// As an injected client.
    Injected(&'a ListedClient),
}

#[derive(Clone, Debug)]
struct FieldTest {
    path: Vec<String>,
    wanted: Vec<Value>,
}

impl Where {
    /// Reads tests on the fields that `part` describes. `place` is where they stand in the body.
    pub(crate) fn parse(
        tests: Map<String, Value>,
        part: &Part<'_>,
        place: &str,
    ) -> Result<Self, Problem> {
        let mut parsed = Self::default();
        parsed.read(tests, part, &mut Vec::new(), place)?;
        Ok(parsed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.client.is_empty() && self.fields.is_empty()
    }

    /// Whether a field of this name is tested.
    pub(crate) fn tests(&self, name: &str) -> bool {
        self.fields.iter().any(|test| test.path.first().is_some_and(|first| first == name))
    }

    /// Whether a resource passes: `client` is the client that it is about, `shown` the resource as it is shown.
    pub(crate) fn passes<'v>(
        &self,
        client: Option<Known<'_>>,
        shown: impl FnOnce() -> Option<&'v Value>,
    ) -> bool {
        self.client.iter().all(|test| test.passes(client))
            && (self.fields.is_empty() || {
                let shown = shown();
                self.fields.iter().all(|test| test.passes(shown))
            })
    }

    /// The names of the tests that a resource fails.
    pub(crate) fn failed(&self, client: Option<Known<'_>>, shown: Option<&Value>) -> Vec<String> {
        let client = self.client.iter().filter(|test| !test.passes(client));
        let fields = self.fields.iter().filter(|test| !test.passes(shown));
        let client = client.map(|test| test.name().to_owned());
        client.chain(fields.map(|test| test.path.join("."))).collect()
    }

    fn read(
        &mut self,
        tests: Map<String, Value>,
        part: &Part<'_>,
        path: &mut Vec<String>,
        place: &str,
    ) -> Result<(), Problem> {
        for (name, wanted) in tests {
            let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
            let field = part.field(&name).ok_or_else(|| unknown(&name, part, &place))?;
            path.push(name);
            match wanted {
                Value::Object(tests) => self.read(tests, &field, path, &place)?,
                Value::Array(any) => self.add(path, any, &place)?,
                one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                    self.add(path, vec![one], &place)?;
                }
            }
            path.pop();
        }
        Ok(())
    }

    fn add(&mut self, path: &[String], wanted: Vec<Value>, place: &str) -> Result<(), Problem> {
        if wanted.is_empty() {
            return Err(at(place, "an empty list would pass nothing"));
        }
        if wanted.iter().any(|value| value.is_array() || value.is_object()) {
            return Err(at(place, "a list has texts, numbers, booleans and nulls only"));
        }
        match path {
            [name] if name == "process" => {
                self.client.push(ClientTest::Process(each(&wanted, place, process)?));
            }
            [name] if name == "group" => {
                self.client.push(ClientTest::Group(each(&wanted, place, group)?));
            }
            // A client itself has its number as `id`.
            [name] if name == "client_id" => {
                self.client.push(ClientTest::Client(each(&wanted, place, client_id)?));
            }
            path => {
                let is_version = path.last().is_some_and(|name| name == "client_version");
                let read = |value| if is_version { version(value) } else { value };
                let wanted = wanted.into_iter().map(read).collect();
                self.fields.push(FieldTest { path: path.to_vec(), wanted });
            }
        }
        Ok(())
    }
}

impl ClientTest {
    fn name(&self) -> &'static str {
        match self {
            Self::Process(_) => "process",
            Self::Group(_) => "group",
            Self::Client(_) => "client_id",
        }
    }

    fn passes(&self, client: Option<Known<'_>>) -> bool {
        let Some(client) = client else { return false };
        match self {
            Self::Process(wanted) => wanted.iter().any(|wanted| client.runs(wanted.as_ref())),
            Self::Group(wanted) => wanted.iter().any(|wanted| wanted.as_deref() == client.group()),
            Self::Client(wanted) => wanted.contains(&client.id()),
        }
    }
}

impl<'a> Known<'a> {
    /// Whether it reports this program, or none.
    fn runs(self, wanted: Option<&ProcessName>) -> bool {
        let is = |name: &ProcessName| wanted.is_some_and(|wanted| wanted.key() == name.key());
        match self {
            Self::Connected(client) => {
                let names = client.subject.names();
                if wanted.is_none() { names.is_empty() } else { names.iter().any(is) }
            }
            Self::Injected(client) => {
                let name = client.view.process.as_deref().and_then(ProcessName::parse);
                name.as_ref().map_or_else(|| wanted.is_none(), is)
            }
        }
    }

    fn group(self) -> Option<&'a str> {
        match self {
            Self::Connected(ClientIdentity { origin: Origin::Injected { group, .. }, .. })
            | Self::Injected(ListedClient { group, .. }) => group.as_deref(),
            Self::Connected(ClientIdentity { origin: Origin::Foreign, .. }) => None,
        }
    }

    fn id(self) -> Option<ClientId> {
        match self {
            Self::Connected(ClientIdentity { origin: Origin::Injected { client, .. }, .. }) => {
                Some(*client)
            }
            Self::Connected(ClientIdentity { origin: Origin::Foreign, .. }) => None,
            Self::Injected(client) => Some(client.id),
        }
    }
}

impl FieldTest {
    fn passes(&self, shown: Option<&Value>) -> bool {
        let found = shown.and_then(|shown| {
            self.path.iter().try_fold(shown, |value, name| value.get(name.as_str()))
        });
        found.is_some_and(|found| self.wanted.contains(found))
    }
}

/// Reads each of several values.
fn each<T>(
    wanted: &[Value],
    place: &str,
    read: impl Fn(&Value) -> Result<T, &'static str>,
) -> Result<Vec<T>, Problem> {
    wanted.iter().map(|value| read(value).map_err(|detail| at(place, detail))).collect()
}

fn process(value: &Value) -> Result<Option<ProcessName>, &'static str> {
    let Some(text) = text(value)? else { return Ok(None) };
    ProcessName::parse(text).map(Some).ok_or("it is the name of a program, or null for none")
}

fn group(value: &Value) -> Result<Option<String>, &'static str> {
    Ok(text(value)?.map(str::to_owned))
}

/// A text, or none for null.
fn text(value: &Value) -> Result<Option<&str>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err("it is a text or null")
        }
    }
}

fn client_id(value: &Value) -> Result<Option<ClientId>, &'static str> {
    if value.is_null() {
        return Ok(None);
    }
    value.as_u64().map(|id| Some(ClientId(id))).ok_or("it is a client's id or null")
}

/// A version as it is shown, whichever of its spellings was given.
fn version(value: Value) -> Value {
    let parsed = value.as_str().and_then(|text| text.parse::<ClientVersion>().ok());
    parsed.map_or(value, |version| Value::String(version.to_string()))
}

fn unknown(name: &str, part: &Part<'_>, place: &str) -> Problem {
    let known: Vec<_> = part.names().into_iter().collect();
    let detail = if known.is_empty() {
        format!("there is no field `{name}`, since this has no fields")
    } else {
        format!("there is no field `{name}`; there are `{}`", known.join("`, `"))
    };
    at(place, detail)
}

fn at(place: &str, detail: impl Into<String>) -> Problem {
    Problem::body(FieldError::at(place, detail))
}
