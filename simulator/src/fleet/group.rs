//! A group of a fleet: so many clients of one kind.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use crate::name::{MachineName, ProcessName, UserName};
use crate::program::chance::Chance;
use crate::program::{Arrival, HabitFields, Habits, Reaction, Span};
use crate::spec::{ClientFields, ClientMode, ClientSpec};
use crate::version::ClientVersion;

/// So many clients of one kind, checked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "GroupFields", into = "GroupFields")]
pub struct FleetGroup {
    fields: GroupFields,
    /// What its clients can be.
    kinds: Kinds,
    habits: Arc<Habits>,
}

/// One kind of client for each version that there can be, with its weight.
#[derive(Clone, PartialEq, Debug)]
struct Kinds {
    first: (ClientSpec, u32),
    others: Vec<(ClientSpec, u32)>,
}

/// The fields of a [`FleetGroup`], each checked, but not against each other.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupFields {
    /// Its name, which is the label of its clients.
    pub name: String,
    /// How many clients, from 1.
    pub clients: u32,
    /// A program of the catalogue. One that sends no name to Exchange 2003 sends none, and neither does any with a version
    /// below 11.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// A program of any name. Without this and `program`, the clients send no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessName>,
    /// The version of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<ClientVersion>,
    /// The versions among which each client has one, by weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<VersionShare>,
    /// How all use their mailboxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ClientMode>,
    /// How many of them use it how, by weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<ModeMix>,
    /// The user; `{n}` stands for the client's number in the fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    /// The computer; `{n}` stands for the client's number in the fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineName>,
    /// How many connections each client opens, as Outlook opens several, each with a session of its own: 1 to 16.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub connections: u32,
    /// When they are started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrive: Option<Arrival>,
    /// The time between a call and the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think: Option<Span>,
    /// Calls a minute on average, on each connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rops_per_minute: Option<f64>,
    /// How many calls in all, on each connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rops: Option<u32>,
    /// How long a session lasts before its program ends it, and stays away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Span>,
    /// What they do when they are refused.
    #[serde(default, skip_serializing_if = "Reaction::is_none")]
    pub on_refused: Reaction,
    /// What they do when they are cut off.
    #[serde(default, skip_serializing_if = "Reaction::is_none")]
    pub on_disconnect: Reaction,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A version, and how often it is found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionShare {
    /// The version.
    pub client_version: ClientVersion,
    /// Its weight beside the others', from 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
}

/// How many clients use their mailboxes how, by weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModeMix {
    /// With a copy of their own.
    pub cached: u32,
    /// Online only.
    pub classic: u32,
}

impl FleetGroup {
    /// Checks the fields against each other.
    ///
    /// # Errors
    /// A clause that names the field and says what to do.
    pub fn new(fields: GroupFields) -> Result<Self, String> {
        let built = Self::checked(&fields);
        let (kinds, habits) =
            built.map_err(|error| format!("group `{}`: {error}", shown(&fields.name)))?;
        Ok(Self { fields, kinds, habits: Arc::new(habits) })
    }

    fn checked(fields: &GroupFields) -> Result<(Kinds, Habits), String> {
        fields.check()?;
        let process = fields.process()?;
        let kind = |VersionShare { client_version, weight }| {
            Ok::<_, String>((fields.spec(&process, client_version)?, weight))
        };
        let (first, others) = fields.shares()?;
        let others = others.into_iter().map(kind).collect::<Result<_, _>>()?;
        Ok((Kinds { first: kind(first)?, others }, Habits::new(fields.habits())?))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.fields.name
    }

    /// How many clients it has.
    #[must_use]
    pub fn clients(&self) -> u64 {
        u64::from(self.fields.clients)
    }

    /// How many connections each of them opens.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.fields.connections
    }

    /// How many they open together.
    #[must_use]
    pub fn all_connections(&self) -> u64 {
        self.clients().saturating_mul(u64::from(self.fields.connections))
    }

    /// What its clients do all day.
    #[must_use]
    pub fn habits(&self) -> &Arc<Habits> {
        &self.habits
    }

    /// What its clients can be, each with its weight.
    pub fn kinds(&self) -> impl Iterator<Item = (&ClientSpec, u32)> {
        let Kinds { first, others } = &self.kinds;
        core::iter::once(first).chain(others).map(|(spec, weight)| (spec, *weight))
    }

    /// What one of them is.
    pub(super) fn kind(&self, chance: &mut Chance) -> &ClientSpec {
        let weights = self.kinds().map(|(_, weight)| u64::from(weight));
        let mut drawn = chance.below(weights.fold(0, u64::saturating_add));
        for (spec, weight) in self.kinds() {
            match drawn.checked_sub(u64::from(weight)) {
                None => return spec,
                Some(rest) => drawn = rest,
            }
        }
        &self.kinds.first.0
    }

    /// Cached mode's weight, and that of all modes.
    pub(super) fn cached_of_all(&self) -> (u64, u64) {
        match (self.fields.modes, self.fields.mode.unwrap_or_default()) {
            (Some(ModeMix { cached, classic }), _) => {
                (u64::from(cached), u64::from(cached).saturating_add(u64::from(classic)))
            }
            (None, ClientMode::Cached) => (1, 1),
            (None, ClientMode::Classic) => (0, 1),
        }
    }
}

/// Whether a program was named, and how.
enum Named {
    /// It says this name, whatever its version.
    Always(Option<ProcessName>),
    /// It says it where its version lets it.
    WherePossible(ProcessName),
}

impl GroupFields {
    fn check(&self) -> Result<(), String> {
        if self.name.is_empty() || NAME_MAX < self.name.chars().count() {
            return Err(format!("`name` is empty or too long: use 1 to {NAME_MAX} characters"));
        }
        if self.name.chars().any(char::is_control) {
            return Err("`name` has a control character: leave it out".to_owned());
        }
        let bounds = [
            ("clients", self.clients, CLIENTS_MAX),
            ("connections", self.connections, CONNECTIONS_MAX),
        ];
        for (field, given, most) in bounds {
            if given == 0 || most < given {
                return Err(format!("`{field}` is {given}: use 1 to {most}"));
            }
        }
        if VERSIONS_MAX < self.versions.len() {
            let count = self.versions.len();
            return Err(format!("there are {count} `versions`: use at most {VERSIONS_MAX}"));
        }
        if self.mode.is_some() && self.modes.is_some() {
            return Err("`mode` and `modes` both say how mailboxes are used: leave one out".into());
        }
        if self.modes == Some(ModeMix::default()) {
            return Err("`modes` has no weight: give `cached` or `classic` at least 1".to_owned());
        }
        Ok(())
    }

    fn process(&self) -> Result<Named, String> {
        match (&self.program, &self.process) {
            (None, process) => Ok(Named::Always(process.clone())),
            (Some(_), Some(_)) => {
                Err("`program` and `process` both name a program: leave one out".to_owned())
            }
            (Some(name), None) => {
                let catalogue = Catalogue::of_the_fixtures();
                let program = catalogue.program(name).ok_or_else(|| unknown(name, catalogue))?;
                if !program.connects {
                    let name = &program.name;
                    return Err(format!("`program` is `{name}`, which opens no MAPI session"));
                }
                Ok(program.process.clone().map_or(Named::Always(None), Named::WherePossible))
            }
        }
    }

    /// The versions: the first, and the others.
    fn shares(&self) -> Result<(VersionShare, Vec<VersionShare>), String> {
        if let Some(VersionShare { client_version, .. }) =
            self.versions.iter().find(|share| share.weight == 0)
        {
            let advice = "use 1 or more, or leave it out";
            return Err(format!("the weight of `{client_version}` is 0: {advice}"));
        }
        match (self.client_version, self.versions.as_slice()) {
            (version, []) => {
                let client_version = version.unwrap_or_default();
                Ok((VersionShare { client_version, weight: 1 }, Vec::new()))
            }
            (None, [first, others @ ..]) => Ok((first.clone(), others.to_vec())),
            (Some(_), _) => {
                Err("`client_version` and `versions` both say it: leave one out".to_owned())
            }
        }
    }

    fn spec(&self, named: &Named, client_version: ClientVersion) -> Result<ClientSpec, String> {
        let process = match named {
            Named::Always(process) => process.clone(),
            Named::WherePossible(process) => {
                client_version.has_auxiliary_buffer().then(|| process.clone())
            }
        };
        let defaults = ClientFields::default();
        let fields = ClientFields {
            process,
            client_version,
            user: self.user.clone().unwrap_or(defaults.user),
            machine: self.machine.clone().unwrap_or(defaults.machine),
            mode: ClientMode::default(),
            note: None,
        };
        ClientSpec::new(fields).map_err(|error| error.to_string())
    }

    fn habits(&self) -> HabitFields {
        HabitFields {
            arrive: self.arrive,
            think: self.think,
            rops_per_minute: self.rops_per_minute,
            rops: self.rops,
            lifetime: self.lifetime,
            on_refused: self.on_refused.clone(),
            on_disconnect: self.on_disconnect.clone(),
        }
    }
}

/// That a program is not in the catalogue, with the names that begin like it.
fn unknown(name: &str, catalogue: &Catalogue) -> String {
    let start: String = name.to_lowercase().chars().take(3).collect();
    let alike =
        catalogue.programs().filter(|program| program.name.to_lowercase().starts_with(&start));
    let alike: Vec<_> = alike.map(|program| format!("`{}`", program.name)).take(4).collect();
    let hint = match alike.as_slice() {
        [] => String::new(),
        alike => format!("did you mean {}? ", alike.join(" or ")),
    };
    let name = shown(name);
    format!(
        "`program` is `{name}`, which is not in the catalogue: {hint}use `process` for any other"
    )
}

/// What is quoted of a text that may be long.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

impl TryFrom<GroupFields> for FleetGroup {
    type Error = String;

    fn try_from(fields: GroupFields) -> Result<Self, String> {
        Self::new(fields)
    }
}

impl From<FleetGroup> for GroupFields {
    fn from(group: FleetGroup) -> Self {
        group.fields
    }
}

/// The most characters of a group's name.
const NAME_MAX: usize = 64;
/// The most versions that a group's clients can have.
const VERSIONS_MAX: usize = 100;
/// The most clients of a group.
const CLIENTS_MAX: u32 = 100_000;
/// The most connections of a client.
const CONNECTIONS_MAX: u32 = 16;
