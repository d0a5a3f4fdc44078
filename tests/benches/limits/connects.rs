//! Sessions opened per second over TCP: connect, bind, EcDoConnectEx, response, close, up to 64 at a time.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::Scale;
use crate::bare::{Answers, BareServer};
use crate::cpu;
use crate::figures::{Figures, print};
use crate::load::LoadBinary;
use crate::store::BenchStore;

/// The figures of one side.
#[derive(Default)]
struct Side {
    per_second: Figures,
    /// Processor time of the server for one session, microseconds.
    processor: Figures,
}

impl Side {
    fn add(&mut self, count: usize, (elapsed, processor): (Duration, Duration)) {
        self.per_second.add(count as f64 / elapsed.as_secs_f64());
        self.processor.add(processor.as_secs_f64() * 1e6 / count as f64);
    }

    fn row(&self, name: &str, limit: &Self) -> Vec<String> {
        vec![
            name.to_owned(),
            self.per_second.to_string(),
            self.per_second.ratio(&limit.per_second),
            self.processor.to_string(),
            self.processor.ratio(&limit.processor),
        ]
    }
}

pub(crate) fn run(scale: Scale, load: &LoadBinary) {
    let runtime = Runtime::new().unwrap();
    let answers = recorded(&runtime, load);
    let (mut bare, mut store) = (Side::default(), Side::default());
    for _ in 0..scale.rounds {
        bare.add(scale.connects, connect_to_bare(scale.connects, load, &answers));
        store.add(scale.connects, connect_to_store(scale.connects, load, &runtime));
    }
    let rows = [bare.row("bare server, one thread (limit)", &bare), store.row("store", &bare)];
    let title = format!("connects: {} runs of {} sessions", scale.rounds, scale.connects);
    print(&title, &["server", "sessions/s", "ratio", "server CPU, us/session", "ratio"], &rows);
}

/// The answers of a store, for the bare server.
pub(crate) fn recorded(runtime: &Runtime, load: &LoadBinary) -> Answers {
    let store = BenchStore::start(runtime);
    let answers = Answers::record(load, store.address());
    store.stop();
    answers
}

fn connect_to_bare(count: usize, load: &LoadBinary, answers: &Answers) -> (Duration, Duration) {
    let mut server = BareServer::start(answers);
    let mut clients = load.churn(server.address(), count);
    clients.says("ready");
    let (start, processor) = (Instant::now(), cpu::used());
    clients.go();
    server.serve(count);
    clients.says("done");
    let measured = (start.elapsed(), cpu::used() - processor);
    clients.ends();
    measured
}

fn connect_to_store(count: usize, load: &LoadBinary, runtime: &Runtime) -> (Duration, Duration) {
    let store = BenchStore::start(runtime);
    let mut clients = load.churn(store.address(), count);
    clients.says("ready");
    let (start, processor) = (Instant::now(), cpu::used());
    clients.go();
    clients.says("done");
    let elapsed = start.elapsed();
    store.until_empty();
    let measured = (elapsed, cpu::used() - processor);
    clients.ends();
    store.stop();
    measured
}
