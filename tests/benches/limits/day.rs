//! The reference day: a company's clients over the pipe, from 08:00 to 17:00 of store time, with a list at noon.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use control::{journal_line, router};
use infostore::Entry;
use policy::BlockList;
use server::{Advance, ListChange, StoreHandle, Stores, Tap, Told, View};
use simulator::{Fleet, FleetFields, FleetGroup, GroupFields};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::Scale;
use crate::figures::print;
use crate::store::{control_config, without_port};

const FLEET: &str = include_str!("../../../fixtures/fleets/reference-day.toml");

/// Hours of store time from 08:00 on.
const HOURS: u64 = 9;
const NOON: u64 = 4;

/// The store at some hour.
struct Hour {
    took: Duration,
    events: u64,
    calls: u64,
    sessions: usize,
    resident: f64,
}

pub(crate) fn run(scale: Scale) {
    let fleet = scaled(scale.day);
    let connections = fleet.connections();
    let runtime = Runtime::new().unwrap();
    let begun = Instant::now();
    let hours = runtime.block_on(day(fleet));
    let (took, last) = (begun.elapsed(), &hours[hours.len() - 1]);
    let rows: Vec<_> = hours.iter().zip(8..).map(|(hour, clock)| hour.row(clock)).collect();
    let rate = |count: u64| count as f64 / took.as_secs_f64();
    let title = format!(
        "reference day: {connections} clients in {:.1} s, {:.2} of the minute that it may take, {:.0} RPCs/s, {:.0} events/s, \
         {:.2} of 4 GiB",
        took.as_secs_f64(),
        took.as_secs_f64() / 60.0,
        rate(last.calls),
        rate(last.events),
        last.resident / 4_096.0,
    );
    let heading = ["until", "s", "events", "RPCs", "sessions", "resident, MiB"];
    print(&title, &heading, &rows);
}

/// The fleet with a part of each group's clients.
fn scaled(of: u32) -> Fleet {
    let fleet = FleetFields::from(Fleet::parse(FLEET).unwrap());
    let groups = fleet.groups.into_iter().map(|group| {
        let fields = GroupFields::from(group);
        let clients = (fields.clients / of).max(1);
        FleetGroup::new(GroupFields { clients, ..fields }).unwrap()
    });
    Fleet::new(FleetFields { groups: groups.collect(), ..fleet }).unwrap()
}

async fn day(fleet: Fleet) -> Vec<Hour> {
    let store = StoreHandle::start(without_port()).await.unwrap();
    let (to, entries) = mpsc::channel();
    store.tap(Box::new(Taken { entries: Vec::new(), to })).await.unwrap();
    let writer = thread::spawn(move || written(&entries));
    let begun = Instant::now();
    deploy(&store, &fleet).await;
    let mut hours = vec![Hour::of(&store, begun).await];
    for hour in 1..=HOURS {
        store.advance(Advance::By(Duration::from_secs(3_600))).await.unwrap();
        if hour == NOON {
            let change = ListChange::Write("mdl.exe".to_owned());
            store.change_list(BlockList::Processes, change, None).await.unwrap();
        }
        hours.push(Hour::of(&store, begun).await);
    }
    // The end of the service is not of the day: a hundred thousand clients are cut off at once.
    store.tap(Box::new(Nobody)).await.unwrap();
    store.stop().await.unwrap();
    assert_eq!(writer.join().unwrap(), hours[hours.len() - 1].events, "no entry is missed");
    hours
}

/// Hands the journal on, some entries at a time.
struct Taken {
    entries: Vec<Entry>,
    to: mpsc::Sender<Vec<Entry>>,
}

impl Tap for Taken {
    fn take(&mut self, told: Told) -> bool {
        let Told::Entries(entries) = told else { panic!("{told:?}") };
        self.entries.extend(entries);
        if 1_000 <= self.entries.len() {
            self.to.send(std::mem::take(&mut self.entries)).unwrap();
        }
        true
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        drop(self.to.send(std::mem::take(&mut self.entries)));
    }
}

/// Takes nothing.
struct Nobody;

impl Tap for Nobody {
    fn take(&mut self, _: Told) -> bool {
        false
    }
}

/// Writes the journal as a file has it, to nowhere; how many entries it has.
fn written(entries: &mpsc::Receiver<Vec<Entry>>) -> u64 {
    let mut count = 0;
    for entry in entries.iter().flatten() {
        std::hint::black_box(journal_line(&entry));
        count += 1;
    }
    count
}

async fn deploy(store: &StoreHandle, fleet: &Fleet) {
    let plane = router(control_config(Arc::new(Stores::new(store.clone()))));
    let request = Request::post("/v1/stores/default/fleets")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(serde_json::to_vec(fleet).unwrap()))
        .unwrap();
    let answer = plane.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 201);
}

impl Hour {
    async fn of(store: &StoreHandle, begun: Instant) -> Self {
        let read = |view: View<'_>| (view.store().counts().sessions, view.cursor().seq.0);
        let (totals, read) = store.totals_with(read).await;
        let ((sessions, events), calls) = (read.unwrap(), totals.traffic.calls);
        Self { took: begun.elapsed(), events, calls, sessions, resident: resident() }
    }

    fn row(&self, clock: u32) -> Vec<String> {
        vec![
            format!("{clock:02}:00"),
            format!("{:.1}", self.took.as_secs_f64()),
            self.events.to_string(),
            self.calls.to_string(),
            self.sessions.to_string(),
            format!("{:.0}", self.resident),
        ]
    }
}

/// Mebibytes of this process in memory.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux, with /proc mounted");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes / 1024.0
}
