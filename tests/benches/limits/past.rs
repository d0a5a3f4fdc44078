//! The store as it was: a page of sessions at a cursor, beside a page of those that are live.

use std::hint::black_box;
use std::time::Instant;

use clock::SimTime;
use infostore::{
    AssociationRef, ClientIdentity, ClientMode, ConnectFaults, ConnectRequest, ConnectionId, Epoch,
    GroupId, InfoStore, Interface, Limits, Origin, PollToken, PollValues, Sequence, SessionId,
    Settings, Transport,
};
use policy::{ClientVersion, ProcessName, Subject};
use registry_poll::PollNumber;

use crate::Scale;
use crate::figures::{Figures, print};

/// Sessions of a page, the most that one request is shown.
const PAGE: usize = 1_000;

pub(crate) fn run(scale: Scale) {
    let store = full_house(scale.crowd);
    let journal = store.journal();
    let (oldest, newest) = (journal.evicted(), journal.cursor().seq.0);
    let middle = u64::midpoint(oldest, newest);
    let mut figures = vec![Figures::default(); 4];
    for _ in 0..scale.rounds {
        figures[0].add(timed(|| live_page(&store)));
        for (at, figures) in [oldest, middle, newest].into_iter().zip(&mut figures[1..]) {
            figures.add(timed(|| past_page(&store, at)));
        }
    }
    let (entries, sessions) = (journal.entries().len(), store.counts().sessions);
    let names = ["live", "at the oldest cursor", "in the middle", "at the newest cursor"];
    let row = |(name, cell): (&str, &Figures)| {
        vec![name.to_owned(), cell.to_string(), cell.ratio(&figures[0])]
    };
    let rows: Vec<_> = names.into_iter().zip(&figures).map(row).collect();
    let title = format!(
        "past: µs for a page of {PAGE} of {sessions} sessions, the journal keeping {entries} entries"
    );
    print(&title, &["page", "time", "ratio"], &rows);
}

fn timed(work: impl FnOnce() -> usize) -> f64 {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed().as_secs_f64() * 1e6
}

fn live_page(store: &InfoStore) -> usize {
    store.sessions_after(None).take(PAGE).map(|session| session.identity.user_dn.len()).sum()
}

fn past_page(store: &InfoStore, at: u64) -> usize {
    let past = store.journal().past(Sequence(at)).expect("it is kept");
    black_box((past.session_count(), past.unidentified(), past.generation()));
    past.sessions_after(None).take(PAGE).map(|session| session.identity.user_dn.len()).sum()
}

/// As many sessions as a store takes, and then as many comings and goings as its journal keeps.
fn full_house(sessions: usize) -> InfoStore {
    let limits = Limits { sessions, journal_entries: sessions, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let now = SimTime::EPOCH;
    let mut store = InfoStore::start(settings, Epoch(1), now);
    while store.poll_effect().is_some() {}
    let token = PollToken(PollNumber(1));
    store.handle_values(now, PollValues { token, reads: Vec::new(), faults: Vec::new() });
    let count = u64::try_from(sessions).expect("it fits");
    for client in 1..=count {
        connect(&mut store, client);
    }
    for client in 1..=count {
        // All over the table, so that what is shown differs everywhere from what the checkpoint has.
        store.handle_disconnect(now, SessionId(client * 7_919 % (count * 2) + 1));
        connect(&mut store, client);
    }
    store
}

fn connect(store: &mut InfoStore, client: u64) {
    let name = ProcessName::parse(&format!("program{}.exe", client % 100)).expect("a name");
    let group = u32::try_from(client).expect("it fits");
    let identity = ClientIdentity {
        subject: Subject::new(ClientVersion::new(11, 0, 5_608, 0), [name]),
        user_dn: format!("/o=First Organization/ou=First Administrative Group/cn=user{client}"),
        user: None,
        machine: Some(format!("WKS{client}")),
        mode: ClientMode::Cached,
        address: None,
        origin: Origin::Foreign,
        transport: Transport::Pipe,
        interface: Interface::ConnectEx,
    };
    let association = AssociationRef { group: GroupId(group), connection: ConnectionId(client) };
    let faults = ConnectFaults::default();
    let request = ConnectRequest { association, identity, link: None, faults, denied: None };
    store.connect(SimTime::EPOCH, request);
}
