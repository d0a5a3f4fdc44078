//! What a filter looks at: an item of a list, without writing it out.

use clock::SimTime;
use infostore::{
    ClientId, ClientIdentity, ClientMode, Entry, Event, Origin, SessionId, SessionRecord, Transport,
};
use policy::{ClientVersion, Decision, Policy, ProcessName, Subject};
use server::ListedClient;

use super::Field;
use super::value::{Flag, Pattern, Test};
use crate::event_words::{cause_text, event_type};
use crate::outcome_fields::{disconnect_cause, refusal_cause};

/// An item of a list.
pub(crate) struct Row<'a> {
    who: Who<'a>,
    session: Option<SessionId>,
    at: Option<SimTime>,
    entry: Option<&'a Entry>,
    action: Option<&'static str>,
    policy: Option<&'a Policy>,
}

/// The client that an item is about.
enum Who<'a> {
    Connected(&'a ClientIdentity),
    Injected(&'a ListedClient),
    Nobody,
}

impl<'a> Row<'a> {
    /// A live session, under the policy in force.
    pub(crate) fn session(record: &'a SessionRecord, policy: &'a Policy) -> Self {
        Self {
            who: Who::Connected(&record.identity),
            session: Some(record.id),
            at: Some(record.connected_at),
            entry: None,
            action: None,
            policy: Some(policy),
        }
    }

    /// An injected client, under the policy in force.
    pub(crate) fn client(client: &'a ListedClient, policy: &'a Policy) -> Self {
        Self {
            who: Who::Injected(client),
            session: None,
            at: None,
            entry: None,
            action: None,
            policy: Some(policy),
        }
    }

    /// An entry of the journal.
    pub(crate) fn event(entry: &'a Entry) -> Self {
        let client = entry.event.client();
        Self {
            who: client.map_or(Who::Nobody, |(_, identity)| Who::Connected(identity)),
            session: client.and_then(|(session, _)| session),
            at: Some(entry.at),
            entry: Some(entry),
            action: None,
            policy: None,
        }
    }

    /// A decision that an entry of the journal records.
    pub(crate) fn decision(entry: &'a Entry, action: &'static str) -> Self {
        Self { action: Some(action), ..Self::event(entry) }
    }

    /// Whether the field stands so to the value.
    pub(super) fn passes(&self, field: Field, test: &Test) -> bool {
        match test {
            Test::Text(pattern) => self.has_text(field, pattern),
            Test::Version(comparison, versions) => {
                self.version().is_some_and(|found| comparison.of_version(found, *versions))
            }
            Test::Time(comparison, time) => self.at.is_some_and(|at| comparison.of(&at, time)),
            Test::Number(comparison, number) => {
                self.number(field).is_some_and(|found| comparison.of(&found, number))
            }
            Test::Flag(flag) => self.is(*flag),
        }
    }

    fn has_text(&self, field: Field, pattern: &Pattern) -> bool {
        match field {
            Field::Process => self.has_program(pattern),
            Field::User => self.has_user(pattern),
            Field::Machine => is(self.machine(), pattern),
            Field::Group => is(self.group(), pattern),
            Field::Mode => is(self.mode(), pattern),
            Field::Transport => is(self.transport(), pattern),
            Field::Origin => is(self.origin(), pattern),
            Field::State => is(self.state(), pattern),
            Field::Action => is(self.action, pattern),
            Field::Type => is(self.entry.map(|entry| event_type(&entry.event)), pattern),
            Field::Cause => {
                let cause = self.entry.map(|entry| cause_text(entry.cause));
                is(cause.as_deref(), pattern)
            }
            // These are no texts.
            Field::Version
            | Field::At
            | Field::Client
            | Field::Session
            | Field::Seq
            | Field::Is => false,
        }
    }

    /// Any of the programs that a client reported, as the policy compares them.
    fn has_program(&self, pattern: &Pattern) -> bool {
        match &self.who {
            Who::Connected(client) => {
                let names = client.subject.names();
                names.iter().any(|name| pattern.matches(name.key()))
                    || (names.is_empty() && pattern.is_nothing())
            }
            Who::Injected(client) => {
                let name = client.view.process.as_deref().and_then(ProcessName::parse);
                is(name.as_ref().map(ProcessName::key), pattern)
            }
            Who::Nobody => pattern.is_nothing(),
        }
    }

    /// The distinguished name, or its last part.
    fn has_user(&self, pattern: &Pattern) -> bool {
        match &self.who {
            Who::Connected(client) => {
                let last = client.user_dn.rsplit_once('=').map(|(_, last)| last);
                pattern.matches(&client.user_dn) || last.is_some_and(|last| pattern.matches(last))
            }
            Who::Injected(client) => pattern.matches(&client.view.user),
            Who::Nobody => pattern.is_nothing(),
        }
    }

    fn machine(&self) -> Option<&str> {
        match &self.who {
            Who::Connected(client) => client.machine.as_deref(),
            Who::Injected(client) => Some(client.view.machine.as_str()),
            Who::Nobody => None,
        }
    }

    fn injected(&self) -> Option<(ClientId, Option<&str>)> {
        match &self.who {
            Who::Connected(ClientIdentity {
                origin: Origin::Injected { client, group }, ..
            }) => Some((*client, group.as_deref())),
            Who::Injected(client) => Some((client.id, client.group.as_deref())),
            Who::Connected(ClientIdentity { origin: Origin::Foreign, .. }) | Who::Nobody => None,
        }
    }

    fn group(&self) -> Option<&str> {
        self.injected().and_then(|(_, group)| group)
    }

    fn mode(&self) -> Option<&'static str> {
        match &self.who {
            Who::Connected(client) => Some(match client.mode {
                ClientMode::Unknown => "unknown",
                ClientMode::Classic => "classic",
                ClientMode::Cached => "cached",
            }),
            Who::Injected(client) => Some(client.view.mode),
            Who::Nobody => None,
        }
    }

    fn transport(&self) -> Option<&'static str> {
        let transport = match &self.who {
            Who::Connected(client) => client.transport,
            Who::Injected(client) => client.transport,
            Who::Nobody => return None,
        };
        Some(match transport {
            Transport::Pipe => "pipe",
            Transport::Tcp => "tcp",
        })
    }

    fn origin(&self) -> Option<&'static str> {
        match &self.who {
            Who::Nobody => None,
            Who::Connected(_) | Who::Injected(_) => {
                Some(if self.injected().is_some() { "injected" } else { "foreign" })
            }
        }
    }

    fn state(&self) -> Option<&'static str> {
        match &self.who {
            Who::Injected(client) => Some(client.view.state),
            Who::Connected(_) | Who::Nobody => None,
        }
    }

    fn version(&self) -> Option<ClientVersion> {
        match &self.who {
            Who::Connected(client) => Some(client.subject.version()),
            Who::Injected(client) => client.view.client_version.parse().ok(),
            Who::Nobody => None,
        }
    }

    fn number(&self, field: Field) -> Option<u64> {
        match field {
            Field::Client => self.injected().map(|(ClientId(id), _)| id),
            Field::Session => self.session.map(|SessionId(id)| id),
            Field::Seq => self.entry.map(|entry| entry.seq.0),
            Field::Process
            | Field::Version
            | Field::User
            | Field::Machine
            | Field::Group
            | Field::Mode
            | Field::Transport
            | Field::Origin
            | Field::At
            | Field::State
            | Field::Type
            | Field::Cause
            | Field::Action
            | Field::Is => None,
        }
    }

    fn is(&self, flag: Flag) -> bool {
        match flag {
            Flag::Blocked => self.is_blocked(),
            Flag::Identified => self.identified() == Some(true),
            Flag::Unidentified => self.identified() == Some(false),
            Flag::Injected => self.injected().is_some(),
            Flag::Foreign => self.origin() == Some("foreign"),
        }
    }

    fn identified(&self) -> Option<bool> {
        match &self.who {
            Who::Connected(client) => Some(client.subject.is_identified()),
            Who::Injected(client) => Some(client.view.process.is_some()),
            Who::Nobody => None,
        }
    }

    /// What lives is blocked when the policy in force forbids it; what happened, when the policy was why.
    fn is_blocked(&self) -> bool {
        if let Some(entry) = self.entry {
            return is_the_policy_s(&entry.event);
        }
        let Some(policy) = self.policy else { return false };
        let decide = |subject: &Subject| matches!(policy.decide(subject), Decision::Forbidden(_));
        match &self.who {
            Who::Connected(client) => decide(&client.subject),
            Who::Injected(client) => self.version().is_some_and(|version| {
                let name = client.view.process.as_deref().and_then(ProcessName::parse);
                decide(&Subject::new(version, name))
            }),
            Who::Nobody => false,
        }
    }
}

fn is(found: Option<&str>, pattern: &Pattern) -> bool {
    found.map_or_else(|| pattern.is_nothing(), |found| pattern.matches(found))
}

/// Whether a client was refused or cut off, or would have been, since the policy forbids it.
fn is_the_policy_s(event: &Event) -> bool {
    if let Event::SessionRefused { refusal, .. } = event {
        return refusal_cause(refusal).is_some();
    }
    if let Event::SessionDisconnected { reason, .. } = event {
        return disconnect_cause(reason).is_some();
    }
    matches!(event, Event::SessionWouldBlock { .. })
}
