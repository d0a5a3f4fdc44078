//! Programs by name: when each was first seen, how many sessions it has, and who names none.

use std::collections::{BTreeMap, HashMap};

use clock::SimTime;

use super::axis::{Factor, Gauge, Step};
use super::journal_report::{At, FirstSeen, Limited, Unnamed, UnnamedVersion};
use super::names::{NameId, Names, base_name, key};

/// Programs that are told apart.
const PROGRAMS: usize = 4_096;

/// Spellings that are remembered, so that each need be understood once.
const SPELLINGS: usize = 16_384;

/// Programs, and versions, that a report lists.
const LISTED: usize = 500;

/// Where and when something happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) seq: u64,
    pub(super) at: SimTime,
    /// The step of the sessions' axis.
    pub(super) fine: Step,
    /// The step of the counts' axis.
    pub(super) coarse: Step,
}

/// Every program that was seen, and the sessions that are open.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    spellings: Names,
    /// The program of each spelling, in their order.
    spelt: Vec<NameId>,
    keys: Names,
    /// In the order of their keys.
    programs: Vec<Program>,
    unnamed: Gauge,
    others: Gauge,
    all: Gauge,
    /// The program of each open session.
    live: HashMap<u64, NameId>,
    unknown_ends: u64,
    nameless: Nameless,
}

/// A program.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// As it was first reported, without its path.
    pub(super) name: String,
    pub(super) first: First,
    pub(super) connected: u64,
    pub(super) refused: u64,
    pub(super) sessions: Gauge,
}

/// When something was first seen, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    pub(super) at: SimTime,
    seq: u64,
    by: By,
    after_a_list: bool,
}

/// How a program is seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    Connected,
    Refused,
    Named,
}

/// Sessions and clients without a name.
#[derive(Clone, Default, Debug)]
struct Nameless {
    sessions: u64,
    named_later: u64,
    /// Clients and sessions by version.
    versions: BTreeMap<NameId, (u64, u64)>,
}

impl Programs {
    pub(super) fn new() -> Self {
        Self {
            spellings: Names::new(SPELLINGS),
            spelt: Vec::new(),
            keys: Names::new(PROGRAMS),
            programs: Vec::new(),
            unnamed: Gauge::default(),
            others: Gauge::default(),
            all: Gauge::default(),
            live: HashMap::new(),
            unknown_ends: 0,
            nameless: Nameless::default(),
        }
    }

    /// The program that is reported, which is seen here for the first time or again.
    pub(super) fn see(&mut self, reported: Option<&str>, first: First) -> NameId {
        let Some(reported) = reported else { return NameId::NONE };
        let spelling = self.spellings.id(Some(reported));
        let known = spelling.place().and_then(|place| self.spelt.get(place));
        if let Some(program) = known {
            return *program;
        }
        let base = base_name(reported);
        let program = self.keys.id(Some(&key(base)));
        if program.place() == Some(self.programs.len()) {
            self.programs.push(Program::new(base, first));
        }
        if spelling.place() == Some(self.spelt.len()) {
            self.spelt.push(program);
        }
        program
    }

    pub(super) fn connected(&mut self, session: Option<u64>, program: NameId, moment: Moment) {
        if let Some(seen) = self.of_mut(program) {
            seen.connected = seen.connected.saturating_add(1);
        }
        let Some(session) = session else { return };
        if self.live.insert(session, program).is_none() {
            self.all.rise(moment.fine);
            self.gauge(program).rise(moment.fine);
        }
    }

    pub(super) fn refused(&mut self, program: NameId) {
        if let Some(seen) = self.of_mut(program) {
            seen.refused = seen.refused.saturating_add(1);
        }
    }

    /// A session says what it is, which may be what it said before.
    pub(super) fn named(&mut self, session: Option<u64>, program: NameId, moment: Moment) {
        let Some(before) = session.and_then(|session| self.live.get_mut(&session)) else { return };
        let before = core::mem::replace(before, program);
        if before == program {
            return;
        }
        if before == NameId::NONE {
            self.nameless.named_later = self.nameless.named_later.saturating_add(1);
        }
        self.gauge(before).fall(moment.fine);
        self.gauge(program).rise(moment.fine);
    }

    pub(super) fn ended(&mut self, session: Option<u64>, moment: Moment) {
        let program = session.and_then(|session| self.live.remove(&session));
        match program {
            Some(program) => {
                self.all.fall(moment.fine);
                self.gauge(program).fall(moment.fine);
            }
            None => self.unknown_ends = self.unknown_ends.saturating_add(1),
        }
    }

    /// A session was opened without a name, by a client that did so before or did not.
    pub(super) fn nameless(&mut self, version: NameId, is_new: bool) {
        self.nameless.sessions = self.nameless.sessions.saturating_add(1);
        let (clients, sessions) = self.nameless.versions.entry(version).or_default();
        *clients = clients.saturating_add(u64::from(is_new));
        *sessions = sessions.saturating_add(1);
    }

    pub(super) fn widen(&mut self, by: Factor) {
        let gauges = self.programs.iter_mut().map(|program| &mut program.sessions);
        let sums = [&mut self.unnamed, &mut self.others, &mut self.all];
        gauges.chain(sums).for_each(|gauge| gauge.widen(by));
    }

    fn of_mut(&mut self, program: NameId) -> Option<&mut Program> {
        program.place().and_then(|place| self.programs.get_mut(place))
    }

    fn gauge(&mut self, program: NameId) -> &mut Gauge {
        if program == NameId::NONE {
            return &mut self.unnamed;
        }
        let seen = program.place().and_then(|place| self.programs.get_mut(place));
        seen.map_or(&mut self.others, |seen| &mut seen.sessions)
    }

    /// The name of a program; none of none.
    pub(super) fn name(&self, program: NameId) -> Option<&str> {
        let seen = program.place().and_then(|place| self.programs.get(place));
        seen.map(|seen| seen.name.as_str()).or_else(|| self.keys.text(program))
    }

    /// The programs with their keys, in the order in which they were first seen.
    pub(super) fn keyed(&self) -> impl Iterator<Item = (&str, &Program)> {
        self.keys.texts().zip(&self.programs)
    }

    pub(super) fn unnamed_sessions(&self) -> &Gauge {
        &self.unnamed
    }

    pub(super) fn other_sessions(&self) -> &Gauge {
        &self.others
    }

    pub(super) fn all_sessions(&self) -> &Gauge {
        &self.all
    }

    /// Ends of sessions whose beginning the journal does not show.
    pub(super) fn unknown_ends(&self) -> u64 {
        self.unknown_ends
    }

    /// Whether some programs are not told apart.
    pub(super) fn is_full(&self) -> bool {
        self.keys.is_full()
    }

    pub(super) fn first_seen(&self) -> Limited<FirstSeen> {
        Limited::first(self.programs.iter().map(Program::first_seen), LISTED)
    }

    /// Who names no program; `version` tells a version's text.
    pub(super) fn unnamed(&self, version: impl Fn(NameId) -> Option<String>) -> Unnamed {
        let rows = self.nameless.versions.iter().map(|(id, (clients, sessions))| UnnamedVersion {
            version: version(*id),
            clients: *clients,
            sessions: *sessions,
        });
        let mut rows: Vec<UnnamedVersion> = rows.collect();
        rows.sort_by_key(|row| (core::cmp::Reverse(row.clients), row.version.clone()));
        let sum = |rows: &mut dyn Iterator<Item = &UnnamedVersion>| {
            rows.fold(0_u64, |sum, row| sum.saturating_add(row.clients))
        };
        let clients = sum(&mut rows.iter());
        let clients_below_11 = sum(&mut rows.iter().filter(|row| is_below_11(row)));
        Unnamed {
            clients,
            clients_below_11,
            clients_others: clients.saturating_sub(clients_below_11),
            sessions: self.nameless.sessions,
            named_later: self.nameless.named_later,
            live: self.unnamed.now(),
            versions: Limited::first(rows, LISTED),
        }
    }
}

fn is_below_11(row: &UnnamedVersion) -> bool {
    let first = row.version.as_deref().and_then(|version| version.split('.').next());
    first.and_then(|first| first.parse().ok()).is_some_and(|major: u32| major < 11)
}

impl Program {
    fn new(name: &str, first: First) -> Self {
        let name = super::names::cut(name).to_owned();
        Self { name, first, connected: 0, refused: 0, sessions: Gauge::default() }
    }

    fn first_seen(&self) -> FirstSeen {
        FirstSeen {
            program: self.name.clone(),
            at: At(self.first.at),
            seq: self.first.seq,
            by: match self.first.by {
                By::Connected => "connected",
                By::Refused => "refused",
                By::Named => "named",
            },
            after_a_list: self.first.after_a_list,
            connected: self.connected,
            refused: self.refused,
            peak: self.sessions.peak(),
        }
    }
}

impl First {
    pub(super) fn new(moment: Moment, by: By, after_a_list: bool) -> Self {
        Self { at: moment.at, seq: moment.seq, by, after_a_list }
    }
}
