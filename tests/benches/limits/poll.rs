//! One poll that cuts off every client: from the call until the last client has seen its FIN.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::Scale;
use crate::bare::{Answers, BareServer};
use crate::connects::recorded;
use crate::cpu;
use crate::figures::{Figures, print};
use crate::load::{LoadBinary, PROCESS};
use crate::store::BenchStore;

/// One run.
struct Cut {
    /// Until the call returned.
    returned: Duration,
    /// Until the last client had seen its FIN.
    seen: Duration,
    /// Processor time of the server until it had closed every socket.
    processor: Duration,
}

/// The figures of one side.
#[derive(Default)]
struct Side {
    /// Milliseconds.
    returned: Figures,
    /// Milliseconds.
    seen: Figures,
    /// Microseconds for one session.
    processor: Figures,
}

impl Side {
    fn add(&mut self, count: usize, cut: &Cut) {
        self.returned.add(cut.returned.as_secs_f64() * 1e3);
        self.seen.add(cut.seen.as_secs_f64() * 1e3);
        self.processor.add(cut.processor.as_secs_f64() * 1e6 / count as f64);
    }

    fn row(&self, name: &str, limit: &Self) -> Vec<String> {
        vec![
            name.to_owned(),
            self.seen.to_string(),
            self.seen.ratio(&limit.seen),
            self.returned.to_string(),
            self.returned.ratio(&limit.returned),
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
        bare.add(scale.held, &cut_bare(scale.held, load, &answers));
        store.add(scale.held, &cut_store(scale.held, load, &runtime));
    }
    let rows = [
        bare.row("bare loop of shutdown(2), one thread (limit)", &bare),
        store.row("store, block list and poll", &bare),
    ];
    let title = format!("poll: {} runs, each cuts off {} clients", scale.rounds, scale.held);
    let heading = [
        "server",
        "last FIN seen, ms",
        "ratio",
        "call returned, ms",
        "ratio",
        "server CPU, us/session",
        "ratio",
    ];
    print(&title, &heading, &rows);
}

fn cut_bare(count: usize, load: &LoadBinary, answers: &Answers) -> Cut {
    let server = BareServer::start(answers);
    let mut clients = load.hold(server.address(), count);
    let held = server.accept(count);
    clients.says("ready");
    let (start, processor) = (Instant::now(), cpu::used());
    for stream in &held {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    let returned = start.elapsed();
    clients.says("done");
    let seen = start.elapsed();
    drop(held);
    let processor = cpu::used() - processor;
    clients.ends();
    Cut { returned, seen, processor }
}

fn cut_store(count: usize, load: &LoadBinary, runtime: &Runtime) -> Cut {
    let store = BenchStore::start(runtime);
    let mut clients = load.hold(store.address(), count);
    clients.says("ready");
    assert_eq!(store.sessions(), count);
    store.block(PROCESS);
    let (start, processor) = (Instant::now(), cpu::used());
    let advanced = store.next_poll();
    let returned = start.elapsed();
    assert_eq!((advanced.polls_run, advanced.disconnected), (1, count as u64));
    clients.says("done");
    let seen = start.elapsed();
    store.until_closed();
    let processor = cpu::used() - processor;
    assert_eq!((advanced.polls_run, advanced.disconnected), (1, count as u64));
    clients.ends();
    store.stop();
    Cut { returned, seen, processor }
}
