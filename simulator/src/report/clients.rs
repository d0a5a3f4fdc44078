//! Who was hit, and what they did next. A client is the injected one of a number, or else a user's program on a machine; a
//! user on a machine, whatever runs there, is who comes back as something else.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use clock::SimTime;

use super::journal_report::{At, CameAs, HitRow, Limited, Who};
use super::names::NameId;
use super::seen::Seen;

/// Clients, and users on machines, that are told apart.
const PEOPLE: usize = 1_000_000;

/// Rows of the table.
const ROWS: usize = 2_000;

/// Clients that a row names.
const NAMED: usize = 10;

/// What a row says that its clients came back as.
const OTHER_FACES: usize = 50;

/// What one user on a machine has been that is remembered.
const FACES: usize = 8;

/// As what a client appears.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Face {
    pub(super) program: NameId,
    pub(super) version: NameId,
}

impl Face {
    /// Every face that there was no room for.
    const OTHERS: Self = Self { program: NameId::OTHERS, version: NameId::OTHERS };
}

/// What happens to a client that wants a session, or has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    LetIn,
    /// Refused by the policy.
    Refused,
    /// Refused for something else.
    TurnedAway,
    CutOff,
    WouldBlock,
}

/// A client in an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Appearance<'a> {
    pub(super) seen: &'a Seen<'a>,
    pub(super) at: SimTime,
    pub(super) face: Face,
    pub(super) group: NameId,
}

/// Every client that was seen.
#[derive(Clone, Default, Debug)]
pub(super) struct Clients {
    clients: HashMap<u64, Client>,
    people: HashMap<u64, Person>,
    /// Who opened each open session, and as what: some say only later what they are.
    open: HashMap<u64, Opened>,
    places: BTreeMap<(NameId, Face), Place>,
    rows: Vec<Row>,
    /// Clients that the policy hit.
    hit: u64,
    /// Appearances of clients that there was no room to remember.
    untold: u64,
}

/// Who opened a session.
#[derive(Clone, Copy, Debug)]
struct Opened {
    client: u64,
    face: Face,
}

/// A row that a client is in, and as what it had come when it was hit.
#[derive(Clone, Copy, Debug)]
struct InRow {
    place: Place,
    came_as: Face,
}

/// A row's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place(usize);

#[derive(Clone, Default, Debug)]
struct Client {
    /// Who it is, by what it said first: an old MAPI does not name the machine that a new one named.
    person: Option<u64>,
    /// The rows that it is in.
    rows: Vec<InRow>,
    /// Whether it was cut off or refused, and not only would have been.
    is_hit: bool,
    came_back: bool,
    was_let_in_again: bool,
    was_nameless: bool,
}

#[derive(Clone, Default, Debug)]
struct Person {
    hit: Option<Place>,
    faces: Vec<Known>,
    /// Whether it came as something else, and got in as that.
    came_as_another: bool,
    got_in_as_another: bool,
}

/// What somebody has been.
#[derive(Clone, Copy, Debug)]
struct Known {
    face: Face,
    /// Whether that was only after the policy had hit what else it was.
    is_other: bool,
    let_in: bool,
}

#[derive(Clone, Debug)]
struct Row {
    group: NameId,
    face: Face,
    because: Option<String>,
    clients: u64,
    cut_off: u64,
    refused: u64,
    came_back: u64,
    let_in_again: u64,
    would_block: u64,
    came_as_another: u64,
    got_in_as_another: u64,
    came_as: BTreeMap<Face, (u64, u64)>,
    who: Limited<Who>,
}

/// What an appearance is, besides what happens.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Return {
    /// The client was there before.
    pub(super) is_again: bool,
    /// The client names no program, and has not been there without one before.
    pub(super) is_newly_nameless: bool,
}

/// Names for what ids stand for.
pub(super) trait Telling {
    fn group(&self, id: NameId) -> Option<String>;
    fn program(&self, id: NameId) -> Option<String>;
    fn version(&self, id: NameId) -> Option<String>;
}

impl Clients {
    /// A client wants a session, and gets one or does not.
    pub(super) fn comes(&mut self, who: &Appearance<'_>, fate: Fate) -> Return {
        let id = client_id(who);
        let known = self.clients.contains_key(&id);
        if !known && PEOPLE <= self.clients.len() {
            self.untold = self.untold.saturating_add(1);
            return Return::default();
        }
        self.come_back(who, id, fate);
        self.opens(who, id, fate);
        let client = self.clients.entry(id).or_default();
        client.person = client.person.or_else(|| person_id(who));
        let is_nameless = who.face.program == NameId::NONE && fate == Fate::LetIn;
        let is_newly_nameless =
            is_nameless && !core::mem::replace(&mut client.was_nameless, is_nameless);
        self.show_face(who, fate);
        if fate == Fate::Refused {
            self.is_hit(who, fate);
        }
        Return { is_again: known, is_newly_nameless }
    }

    /// The policy cuts a session off, or would.
    pub(super) fn is_hit(&mut self, who: &Appearance<'_>, fate: Fate) {
        let Some(place) = self.place(who) else { return };
        let Opened { client: id, face: came_as } = self.opened(who);
        let client = match self.clients.len() < PEOPLE {
            true => Some(self.clients.entry(id).or_default()),
            false => self.clients.get_mut(&id),
        };
        let told = client.as_ref().map(|client| client.is_told(place));
        let is_new = told == Some(Told::New);
        if told.is_none_or(|told| told == Told::NoRoom) {
            self.untold = self.untold.saturating_add(1);
        }
        if let Some(client) = client {
            if is_new {
                client.rows.push(InRow { place, came_as });
            }
            let is_hit = fate != Fate::WouldBlock;
            self.hit = self.hit.saturating_add(u64::from(is_hit && !client.is_hit));
            client.is_hit |= is_hit;
        }
        if fate != Fate::WouldBlock
            && let Some(person) = self.person(who)
        {
            person.is_also(who.face);
            person.hit = Some(place);
        }
        if let Some(row) = self.rows.get_mut(place.0) {
            row.count(who, fate, is_new);
        }
    }

    /// A session says what it is: that is no other face of its client.
    pub(super) fn is_named(&mut self, who: &Appearance<'_>) {
        if let Some(person) = self.person(who) {
            person.is_also(who.face);
        }
    }

    /// A session is over.
    pub(super) fn ended(&mut self, session: Option<u64>) {
        if let Some(session) = session {
            self.open.remove(&session);
        }
    }

    /// Remembers who opened a session.
    fn opens(&mut self, who: &Appearance<'_>, client: u64, fate: Fate) {
        let Some(session) = who.seen.session.filter(|_| fate == Fate::LetIn) else { return };
        if self.open.len() < PEOPLE || self.open.contains_key(&session) {
            self.open.insert(session, Opened { client, face: who.face });
        }
    }

    /// Who opened the session, and as what; where that is not known, who it is by what it says now.
    fn opened(&self, who: &Appearance<'_>) -> Opened {
        let opened = who.seen.session.and_then(|session| self.open.get(&session));
        opened.copied().unwrap_or_else(|| Opened { client: client_id(who), face: who.face })
    }

    /// Of a client that was hit before as what it is, or had come as: whether it is here again, and whether it gets in.
    fn come_back(&mut self, who: &Appearance<'_>, id: u64, fate: Fate) {
        let Some(client) = self.clients.get_mut(&id).filter(|client| client.is_hit) else { return };
        let rows = &mut self.rows;
        let as_it_is = |hit: &&InRow| {
            let row = rows.get(hit.place.0);
            hit.came_as == who.face || row.is_some_and(|row| row.face == who.face)
        };
        let place = client.rows.iter().find(as_it_is).map(|hit| hit.place);
        let Some(row) = place.and_then(|place| rows.get_mut(place.0)) else { return };
        if !core::mem::replace(&mut client.came_back, true) {
            row.came_back = row.came_back.saturating_add(1);
        }
        if fate == Fate::LetIn && !core::mem::replace(&mut client.was_let_in_again, true) {
            row.let_in_again = row.let_in_again.saturating_add(1);
        }
    }

    /// Whether somebody who was hit is here as something else.
    fn show_face(&mut self, who: &Appearance<'_>, fate: Fate) {
        let let_in = fate == Fate::LetIn;
        let Some(person) = self.person(who) else { return };
        let Some((is_new, is_newly_in)) = person.shows(who.face, let_in) else { return };
        let is_first = !core::mem::replace(&mut person.came_as_another, true);
        let is_first_in = is_newly_in && !core::mem::replace(&mut person.got_in_as_another, true);
        let hit = person.hit;
        let Some(row) = hit.and_then(|place| self.rows.get_mut(place.0)) else { return };
        row.came_as_another = row.came_as_another.saturating_add(u64::from(is_first));
        row.got_in_as_another = row.got_in_as_another.saturating_add(u64::from(is_first_in));
        let has_room = row.came_as.len() < OTHER_FACES || row.came_as.contains_key(&who.face);
        let face = if has_room { who.face } else { Face::OTHERS };
        let (clients, let_in) = row.came_as.entry(face).or_default();
        *clients = clients.saturating_add(u64::from(is_new));
        *let_in = let_in.saturating_add(u64::from(is_newly_in));
    }

    /// Who it is; none who says nothing, or for whom there is no more room.
    fn person(&mut self, who: &Appearance<'_>) -> Option<&mut Person> {
        let known = self.clients.get(&self.opened(who).client).and_then(|client| client.person);
        let id = known.or_else(|| person_id(who))?;
        if PEOPLE <= self.people.len() && !self.people.contains_key(&id) {
            return None;
        }
        Some(self.people.entry(id).or_default())
    }

    /// The row of clients like this; none when there is no more room.
    fn place(&mut self, who: &Appearance<'_>) -> Option<Place> {
        let key = (who.group, who.face);
        if let Some(place) = self.places.get(&key) {
            return Some(*place);
        }
        if ROWS <= self.rows.len() {
            self.untold = self.untold.saturating_add(1);
            return None;
        }
        let place = Place(self.rows.len());
        self.rows.push(Row::new(who));
        self.places.insert(key, place);
        Some(place)
    }

    /// Clients that were told apart.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.clients.len()).unwrap_or(u64::MAX)
    }

    /// Clients that the policy cut off or refused.
    pub(super) fn hit_count(&self) -> u64 {
        self.hit
    }

    /// Appearances of clients that there was no room to remember.
    pub(super) fn untold(&self) -> u64 {
        self.untold
    }

    /// Those that were hit most often first.
    pub(super) fn hit(&self, telling: &impl Telling) -> Limited<HitRow> {
        let mut rows: Vec<HitRow> = self.rows.iter().map(|row| row.told(telling)).collect();
        let hits =
            |row: &HitRow| row.cut_off.saturating_add(row.refused).saturating_add(row.would_block);
        // Sorted twice by a stable sort: rows that were hit alike stay in the order in which they came.
        rows.sort_by_key(|row| core::cmp::Reverse((row.clients, hits(row))));
        Limited::first(rows, ROWS)
    }
}

/// Whether a row counts a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    Already,
    New,
    /// It is in too many rows to be told apart in another.
    NoRoom,
}

impl Client {
    fn is_told(&self, place: Place) -> Told {
        match self.rows.iter().any(|hit| hit.place == place) {
            true => Told::Already,
            false if self.rows.len() < FACES => Told::New,
            false => Told::NoRoom,
        }
    }
}

impl Person {
    /// Whether this is a new face of somebody who had been hit before, and whether it is let in for the first time. None of
    /// what it was before that.
    fn shows(&mut self, face: Face, let_in: bool) -> Option<(bool, bool)> {
        let is_other = self.hit.is_some();
        if let Some(known) = self.faces.iter_mut().find(|known| known.face == face) {
            let is_newly_in = let_in && !known.let_in;
            known.let_in |= let_in;
            return known.is_other.then_some((false, is_newly_in));
        }
        if FACES <= self.faces.len() {
            return None;
        }
        self.faces.push(Known { face, is_other, let_in });
        is_other.then_some((true, let_in))
    }

    fn is_also(&mut self, face: Face) {
        let is_known = self.faces.iter().any(|known| known.face == face);
        if !is_known && self.faces.len() < FACES {
            self.faces.push(Known { face, is_other: false, let_in: true });
        }
    }
}

impl Row {
    fn new(who: &Appearance<'_>) -> Self {
        let list = who.seen.list.unwrap_or("a list");
        Self {
            group: who.group,
            face: who.face,
            because: who.seen.item.map(|item| format!("{list}: {}", super::names::cut(item))),
            clients: 0,
            cut_off: 0,
            refused: 0,
            came_back: 0,
            let_in_again: 0,
            would_block: 0,
            came_as_another: 0,
            got_in_as_another: 0,
            came_as: BTreeMap::new(),
            who: Limited::default(),
        }
    }

    fn count(&mut self, who: &Appearance<'_>, fate: Fate, is_new: bool) {
        let count = match fate {
            Fate::Refused => Some(&mut self.refused),
            Fate::CutOff => Some(&mut self.cut_off),
            Fate::WouldBlock => Some(&mut self.would_block),
            Fate::LetIn | Fate::TurnedAway => None,
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        if is_new {
            self.clients = self.clients.saturating_add(1);
            self.who.push(Who::of(who), NAMED);
        }
    }

    fn told(&self, telling: &impl Telling) -> HitRow {
        let came_as = self.came_as.iter().map(|(face, (clients, let_in))| CameAs {
            program: telling.program(face.program),
            version: telling.version(face.version),
            clients: *clients,
            let_in: *let_in,
        });
        let mut came_as: Vec<CameAs> = came_as.collect();
        came_as.sort_by_key(|other| core::cmp::Reverse(other.clients));
        HitRow {
            group: telling.group(self.group),
            program: telling.program(self.face.program),
            version: telling.version(self.face.version),
            because: self.because.clone(),
            clients: self.clients,
            cut_off: self.cut_off,
            refused: self.refused,
            came_back: self.came_back,
            let_in_again: self.let_in_again,
            came_as_another: self.came_as_another,
            got_in_as_another: self.got_in_as_another,
            came_as: Limited::first(came_as, OTHER_FACES.saturating_add(1)),
            would_block: self.would_block,
            who: self.who.clone(),
        }
    }
}

impl Who {
    fn of(who: &Appearance<'_>) -> Self {
        let owned = |text: &str| super::names::cut(text).to_owned();
        Self {
            user: user(who.seen).map(|user| owned(user.rsplit("/cn=").next().unwrap_or(user))),
            machine: who.seen.machine.map(owned),
            client_id: who.seen.client_id,
            at: At(who.at),
        }
    }
}

fn user<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    seen.user.or(seen.user_dn).filter(|user| !user.is_empty())
}

/// Of an injected client its number, or else of the user's program on the machine.
fn client_id(who: &Appearance<'_>) -> u64 {
    match who.seen.client_id {
        Some(id) => hash(&(true, id)),
        None => hash(&(false, user(who.seen), who.seen.machine, who.face.program)),
    }
}

/// Of the user on the machine, or else of the injected client. None of a client that says neither.
fn person_id(who: &Appearance<'_>) -> Option<u64> {
    match (user(who.seen), who.seen.machine, who.seen.client_id) {
        (Some(user), Some(machine), _) => Some(hash(&(true, user, machine))),
        (_, _, Some(id)) => Some(hash(&(false, id))),
        (_, _, None) => None,
    }
}

/// The same in every run, so that a report is. Whoever finds two names with one hash has its own clients counted as one.
fn hash(who: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    who.hash(&mut hasher);
    hasher.finish()
}
