//! Every order in which admissions, late names, ends, edits, polls and a restart can reach the engine (A17, A25, S14 to
//! S16). Each actor's steps stay in their order; how the actors mix is exhausted, and after each step the store has to be
//! as the article says.

use std::collections::{BTreeMap, BTreeSet};

use infostore::{
    Admission, Command, Event, PolicyMode, Refusal, Sequence, SessionId, Settings, StopReason,
};
use policy::Decision;
use registry_poll::ValueRead;

use super::driver::{Client, Driver, Hive, Read, nameless, program, replayed};

const LISTED: &str = "mdl.exe";

/// A client of the model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Who {
    /// Says at once that it is the listed program.
    Open,
    /// Says so only later.
    Late,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Connect(Who),
    ReportLate,
    Leave(Who),
    Edit(&'static str),
    /// Somebody polls, or the tick falls due: a read begins.
    Poll,
    /// The registry is read, for the read that began last.
    Read,
    /// What was read reaches the store.
    Deliver,
    Stop,
    Start,
    Mode(PolicyMode),
}

/// What became of a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fate {
    Away,
    Refused,
    Shut,
    Live,
    Cut,
    Restarted,
    Left,
}

struct World {
    driver: Driver,
    /// Reads that have seen the registry, oldest first.
    seen: Vec<(Read, Vec<ValueRead>, String)>,
    /// The text in the registry.
    text: &'static str,
    /// The text that the policy in force was read from.
    in_force: String,
    sessions: BTreeMap<Who, SessionId>,
    fates: BTreeMap<Who, Fate>,
    /// Up to where the journal's ends are in `fates`.
    noted: Sequence,
    ended: BTreeSet<SessionId>,
    /// The sessions of which the journal has said that they would be blocked.
    told: BTreeSet<SessionId>,
}

impl World {
    fn new() -> Self {
        let mut driver = Driver::start(Settings::default(), Hive::with(""));
        driver.held = true;
        let fates = BTreeMap::from([(Who::Open, Fate::Away), (Who::Late, Fate::Away)]);
        Self {
            driver,
            seen: Vec::new(),
            text: "",
            in_force: String::new(),
            sessions: BTreeMap::new(),
            fates,
            noted: Sequence(0),
            ended: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Connect(who) => self.connect(who),
            Step::ReportLate => {
                if let Some(id) = self.sessions.get(&Who::Late).copied() {
                    self.driver.report(id, &[LISTED]);
                }
            }
            Step::Leave(who) => {
                if let Some(id) = self.sessions.get(&who).copied() {
                    self.driver.end(id, infostore::EndReason::Client);
                }
            }
            Step::Edit(text) => {
                self.text = text;
                self.driver.hive.list(text);
            }
            Step::Poll => drop(self.driver.execute(Command::Poll)),
            Step::Read => self.read(),
            Step::Deliver => self.deliver(),
            Step::Stop => drop(self.driver.execute(Command::Stop(StopReason::Restart))),
            Step::Start => drop(self.driver.execute(Command::Start)),
            Step::Mode(mode) => drop(self.driver.execute(Command::SetPolicyMode(mode))),
        }
        self.note_ends();
        self.check(step);
    }

    fn connect(&mut self, who: Who) {
        let client: Client = match who {
            Who::Open => program(LISTED),
            Who::Late => nameless(),
        };
        let fate = match self.driver.connect(&client) {
            Admission::Admitted(admitted) => {
                self.sessions.insert(who, admitted.session);
                Fate::Live
            }
            Admission::Refused(Refusal::Policy(_)) => Fate::Refused,
            Admission::Refused(Refusal::NotRunning) => Fate::Shut,
            Admission::Refused(refusal) => panic!("{refusal:?}"),
        };
        self.fates.insert(who, fate);
    }

    fn read(&mut self) {
        if let Some(read) = self.driver.reads.pop_back() {
            let values = self.driver.hive.values(&read.names);
            self.seen.push((read, values, self.text.to_owned()));
        }
    }

    fn deliver(&mut self) {
        if self.seen.is_empty() {
            return;
        }
        let (read, values, text) = self.seen.remove(0);
        let in_flight = self.driver.store.schedule().in_flight().map(|poll| poll.number);
        self.driver.answer_token(read.token, values);
        if in_flight == Some(read.token.0) {
            self.in_force = text;
        }
    }

    /// What the journal says of the ends, each of which comes once.
    fn note_ends(&mut self) {
        let entries = self.driver.entries_after(self.noted);
        self.noted = self.driver.cursor();
        for entry in entries {
            if let Event::SessionWouldBlock { session, .. } = &entry.event {
                assert!(self.told.insert(session.id), "{:?} is told of twice", session.id);
            }
            let Event::SessionEnded { session, reason } = &entry.event else { continue };
            assert!(self.ended.insert(session.id), "{:?} ended twice", session.id);
            let who = self.sessions.iter().find(|(_, id)| **id == session.id);
            let fate = match reason {
                infostore::EndReason::Policy => Fate::Cut,
                infostore::EndReason::Restart => Fate::Restarted,
                infostore::EndReason::Client => Fate::Left,
                reason => panic!("{reason}"),
            };
            self.fates.insert(*who.expect("it was opened").0, fate);
        }
    }

    fn check(&self, step: Step) {
        let store = &self.driver.store;
        let enforced = store.settings().policy_mode == PolicyMode::Enforce;
        for session in store.sessions_after(None) {
            assert!(store.is_running(), "{step:?}: {session:?} lives in a stopped service");
            let decision = store.policy().decide(&session.identity.subject);
            let forbidden = matches!(decision, Decision::Forbidden(_));
            assert!(!(enforced && forbidden), "{step:?}: {session:?}");
            assert!(!forbidden || self.told.contains(&session.id), "{step:?}: {session:?}");
        }
        let blocks = store.policy().processes().items().iter().any(|item| item.text() == LISTED);
        assert_eq!(blocks, self.in_force == LISTED, "{step:?}: the policy is what was read last");
        let told = store.counts().disconnected;
        assert_eq!(u64::try_from(self.driver.dropped.len()).unwrap(), told, "{step:?}");
        for (who, id) in &self.sessions {
            let live = self.fates[who] == Fate::Live;
            assert_eq!(
                store.session(*id).is_some(),
                live,
                "{step:?}: {who:?} {:?}",
                self.fates[who]
            );
        }
    }

    fn check_journal(&self) {
        let journal = self.driver.store.journal();
        assert_eq!(replayed(journal, journal.cursor().seq), Some(self.driver.image()));
    }
}

/// Plays every way to mix the actors; what became of the clients in each.
fn exhaust(actors: &[&[Step]]) -> (usize, BTreeSet<Vec<Fate>>) {
    exhaust_after(&[], actors)
}

/// The same, after some steps that are always first.
fn exhaust_after(first: &[Step], actors: &[&[Step]]) -> (usize, BTreeSet<Vec<Fate>>) {
    let mut fates = BTreeSet::new();
    let mut played = 0;
    let mut pending = vec![(vec![0_usize; actors.len()], Vec::new())];
    while let Some((at, order)) = pending.pop() {
        let mut over = true;
        for (actor, steps) in actors.iter().enumerate() {
            if at[actor] < steps.len() {
                over = false;
                let (mut at, mut order) = (at.clone(), order.clone());
                at[actor] += 1;
                order.push(actor);
                pending.push((at, order));
            }
        }
        if over {
            played += 1;
            fates.insert(play(first, actors, &order));
        }
    }
    (played, fates)
}

fn play(first: &[Step], actors: &[&[Step]], order: &[usize]) -> Vec<Fate> {
    let mut world = World::new();
    for step in first {
        world.take(*step);
    }
    let mut at = vec![0; actors.len()];
    for actor in order {
        world.take(actors[*actor][at[*actor]]);
        at[*actor] += 1;
    }
    world.check_journal();
    world.fates.values().copied().collect()
}

/// (n1 + n2 + ...)! / (n1! n2! ...), so that a test knows that nothing was left out.
fn mixtures(actors: &[&[Step]]) -> usize {
    let mut count: u64 = 1;
    let mut placed: u64 = 0;
    for steps in actors {
        for step in 1..=u64::try_from(steps.len()).unwrap() {
            placed += 1;
            count = count * placed / step;
        }
    }
    usize::try_from(count).unwrap()
}

#[test]
fn every_mixture_of_admission_and_sweep_leaves_no_listed_session() {
    let actors: [&[Step]; 4] = [
        &[Step::Connect(Who::Open), Step::Leave(Who::Open)],
        &[Step::Connect(Who::Late), Step::ReportLate],
        &[Step::Edit(LISTED), Step::Edit("")],
        &[Step::Poll, Step::Read, Step::Deliver],
    ];
    let (played, fates) = exhaust(&actors);
    assert_eq!(played, mixtures(&actors));
    let open: BTreeSet<Fate> = fates.iter().map(|fates| fates[0]).collect();
    let late: BTreeSet<Fate> = fates.iter().map(|fates| fates[1]).collect();
    // Everything that can become of them does, so the mixtures are what they claim to be.
    assert_eq!(open, BTreeSet::from([Fate::Refused, Fate::Cut, Fate::Left]));
    assert_eq!(late, BTreeSet::from([Fate::Live, Fate::Cut]));
}

#[test]
fn every_mixture_with_a_second_poll_leaves_no_listed_session() {
    let actors: [&[Step]; 3] = [
        &[Step::Connect(Who::Open)],
        &[Step::Connect(Who::Late), Step::ReportLate, Step::Leave(Who::Late)],
        &[
            Step::Edit(LISTED),
            Step::Poll,
            Step::Read,
            Step::Edit(""),
            Step::Poll,
            Step::Deliver,
            Step::Read,
            Step::Deliver,
        ],
    ];
    let (played, fates) = exhaust(&actors);
    assert_eq!(played, mixtures(&actors));
    let open: BTreeSet<Fate> = fates.iter().map(|fates| fates[0]).collect();
    assert_eq!(open, BTreeSet::from([Fate::Refused, Fate::Cut, Fate::Live]));
}

#[test]
fn every_mixture_with_a_restart_leaves_no_session_and_no_policy_behind() {
    let actors: [&[Step]; 4] = [
        &[Step::Connect(Who::Open)],
        &[Step::Connect(Who::Late), Step::ReportLate],
        &[Step::Edit(LISTED), Step::Poll, Step::Read, Step::Deliver],
        &[Step::Stop, Step::Start, Step::Read, Step::Deliver],
    ];
    let (played, fates) = exhaust(&actors);
    assert_eq!(played, mixtures(&actors));
    let open: BTreeSet<Fate> = fates.iter().map(|fates| fates[0]).collect();
    let expected = [Fate::Refused, Fate::Shut, Fate::Cut, Fate::Restarted, Fate::Live];
    assert_eq!(open, BTreeSet::from(expected));
}

#[test]
fn every_mixture_with_an_audit_cuts_nobody_while_it_lasts_and_nobody_is_left_after_it() {
    let actors: [&[Step]; 4] = [
        &[Step::Connect(Who::Open)],
        &[Step::Connect(Who::Late), Step::ReportLate],
        &[Step::Edit(LISTED), Step::Poll, Step::Read, Step::Deliver],
        &[Step::Mode(PolicyMode::Audit), Step::Mode(PolicyMode::Enforce)],
    ];
    let (played, fates) = exhaust(&actors);
    assert_eq!(played, mixtures(&actors));
    let open: BTreeSet<Fate> = fates.iter().map(|fates| fates[0]).collect();
    assert_eq!(open, BTreeSet::from([Fate::Refused, Fate::Cut]));
    let late: BTreeSet<Fate> = fates.iter().map(|fates| fates[1]).collect();
    assert_eq!(late, BTreeSet::from([Fate::Cut]));
}

#[test]
fn every_mixture_within_an_audit_cuts_nobody() {
    let actors: [&[Step]; 4] = [
        &[Step::Connect(Who::Open), Step::Leave(Who::Open)],
        &[Step::Connect(Who::Late), Step::ReportLate],
        &[Step::Edit(LISTED)],
        &[Step::Poll, Step::Read, Step::Deliver],
    ];
    let audit: &[Step] = &[Step::Mode(PolicyMode::Audit)];
    let (played, fates) = exhaust_after(audit, &actors);
    assert_eq!(played, mixtures(&actors));
    assert_eq!(fates, BTreeSet::from([vec![Fate::Left, Fate::Live]]));
}
