//! The article once more, as naively as it can be said: a list of sessions and a set of names. It shares no code with
//! the engine or the policy, and the engine has to agree with it.

use std::collections::BTreeSet;
use std::time::Duration;

use clock::SimTime;
use infostore::{Interface, Limits};
use policy::ClientVersion;
use registry_poll::RegType;

use super::driver::Client;

/// What a poll finds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    Text(String),
    Absent,
    /// A value of this type that is no text.
    NoText(RegType),
    Unreadable,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) version: ClientVersion,
    pub(crate) names: Vec<String>,
    /// Whether it has been said that it would be blocked, and still would be.
    pub(crate) told: bool,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) limits: Limits,
    pub(crate) sessions: Vec<Session>,
    pub(crate) list: BTreeSet<String>,
    pub(crate) last_id: u64,
    pub(crate) open: bool,
    pub(crate) stopped: bool,
    /// Whether the list is only watched.
    pub(crate) audit: bool,
    pub(crate) tick: SimTime,
    pub(crate) interval: Duration,
    /// Reads to come back: the one in flight, and one that was asked for meanwhile.
    pub(crate) reads: usize,
}

impl Model {
    pub(crate) fn connect(&mut self, client: &Client) -> Result<u64, &'static str> {
        let names = distinct(&client.names);
        let class = (client.version, names.clone());
        let too_old = client.interface == Interface::ConnectEx && client.version.major < 11;
        let checks = [
            (!self.open, "not running"),
            (!self.audit && self.lists(&names), "policy"),
            (too_old, "version too old"),
            (self.limits.names_per_session < names.len(), "too many names"),
            (self.sessions.len() == self.limits.sessions, "session limit"),
            (self.classes_with(class) > self.limits.classes, "class limit"),
        ];
        if let Some((_, refusal)) = checks.iter().find(|(applies, _)| *applies) {
            return Err(refusal);
        }
        self.last_id += 1;
        let (id, version) = (self.last_id, client.version);
        let told = self.lists(&names);
        self.sessions.push(Session { id, version, names, told });
        Ok(id)
    }

    /// Why the session ends, when it does.
    pub(crate) fn report(&mut self, id: u64, more: &[String]) -> Option<&'static str> {
        let session = self.end(id)?;
        let names = distinct(&[session.names.clone(), more.to_vec()].concat());
        let class = (session.version, names.clone());
        let limits = self.limits;
        let crowded = self.classes_with(class) > limits.classes;
        let reason = if names.len() == session.names.len() {
            None
        } else if !self.audit && self.lists(&names) {
            Some("policy")
        } else {
            (limits.names_per_session < names.len() || crowded).then_some("limit")
        };
        if reason.is_none() {
            let told = self.lists(&names);
            self.sessions.push(Session { names, told, ..session });
            self.sessions.sort_by_key(|session| session.id);
        }
        reason
    }

    pub(crate) fn end(&mut self, id: u64) -> Option<Session> {
        let at = self.sessions.iter().position(|session| session.id == id)?;
        Some(self.sessions.remove(at))
    }

    /// The sessions that are cut off, in order.
    pub(crate) fn answer(&mut self, found: &Found) -> Vec<u64> {
        if self.stopped || self.reads == 0 {
            return Vec::new();
        }
        self.reads -= 1;
        self.open = true;
        match found {
            Found::Text(text) => self.list = listed(text),
            Found::Absent | Found::NoText(_) => self.list.clear(),
            Found::Unreadable => {}
        }
        self.sweep()
    }

    /// The sessions that are cut off, in order.
    pub(crate) fn set_audit(&mut self, audit: bool) -> Vec<u64> {
        self.audit = audit;
        self.sweep()
    }

    fn sweep(&mut self) -> Vec<u64> {
        let all = self.sessions.clone().into_iter();
        let judged = all.map(|s| Session { told: self.lists(&s.names), ..s });
        let (cut, kept) = judged.partition(|session| session.told && !self.audit);
        self.sessions = kept;
        let cut: Vec<Session> = cut;
        cut.iter().map(|session| session.id).collect()
    }

    /// The sessions of which it has been said that they would be blocked, and that still would be.
    pub(crate) fn told(&self) -> BTreeSet<u64> {
        let told = self.sessions.iter().filter(|session| session.told);
        told.map(|session| session.id).collect()
    }

    pub(crate) fn deadline(&self) -> Option<SimTime> {
        (self.reads == 0 && !self.stopped).then_some(self.tick)
    }

    pub(crate) fn time_out(&mut self, now: SimTime) {
        while self.tick <= now {
            self.tick = self.tick.saturating_add(self.interval);
        }
        self.reads = 1;
    }

    pub(crate) fn stop(&mut self) -> Vec<u64> {
        (self.open, self.stopped) = (false, true);
        self.sessions.drain(..).map(|session| session.id).collect()
    }

    fn lists(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.list.contains(&key(name)))
    }

    fn classes_with(&self, class: (ClientVersion, Vec<String>)) -> usize {
        let classes = self.sessions.iter().map(|s| (s.version, s.names.clone()));
        classes.chain([class]).collect::<BTreeSet<_>>().len()
    }
}

/// The programs of a list that has no quotes, NULs or odd blanks in it.
fn listed(text: &str) -> BTreeSet<String> {
    text.split(';').map(|item| key(item.trim())).filter(|key| !key.is_empty()).collect()
}

fn key(name: &str) -> String {
    name.rsplit(['\\', '/']).next().unwrap_or(name).to_uppercase()
}

/// The names, each program once, as first spelt.
fn distinct(names: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.iter().filter(|name| seen.insert(key(name))).cloned().collect()
}
