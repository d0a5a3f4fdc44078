//! A store of its own for every test: what it costs until it is of use, and until it is gone.

use std::sync::Arc;
use std::time::Instant;

use exstore_testing::Store;
use server::{StoreHandle, StoreOptions, Stores};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use crate::Scale;
use crate::figures::{Figures, print};
use crate::keep_alive::{KeepAlive, request};
use crate::store::{control_config, options, without_port};

/// The limit: a task that is spawned, asked once over a channel, and ends with it.
async fn bare_task() {
    let (ask, mut asked) = mpsc::channel::<oneshot::Sender<u64>>(64);
    let task = tokio::spawn(async move {
        while let Some(reply) = asked.recv().await {
            let _ = reply.send(7);
        }
    });
    let (reply, answer) = oneshot::channel();
    ask.send(reply).await.unwrap();
    assert_eq!(answer.await, Ok(7));
    drop(ask);
    task.await.unwrap();
}

/// The stores of a process, and a control plane that has them.
struct Process {
    stores: Arc<Stores>,
    url: String,
}

impl Process {
    fn start(runtime: &Runtime) -> Self {
        runtime.block_on(async {
            let default = StoreHandle::start(without_port()).await.unwrap();
            let stores = Arc::new(Stores::new(default));
            let config = control_config(Arc::clone(&stores));
            let bound = control::bind(config).await.unwrap();
            let url = bound.local_addr().to_string();
            tokio::spawn(bound.serve(core::future::pending()));
            Self { stores, url }
        })
    }

    async fn create(&self, options: StoreOptions) {
        drop(self.stores.create("t1".parse().unwrap(), options, None).await.unwrap());
        self.stores.delete("t1").await.unwrap();
    }
}

/// Microseconds of each of `count` times.
fn timed(count: usize, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..count).for_each(|_| work());
    begun.elapsed().as_secs_f64() * 1e6 / count as f64
}

pub(crate) fn run(scale: Scale) {
    let runtime = Runtime::new().unwrap();
    let process = Process::start(&runtime);
    let mut http = KeepAlive::connect(&process.url);
    let count = scale.stores;
    let [mut task, mut pipe, mut port, mut test, mut get, mut post] =
        std::array::from_fn::<_, 6, _>(|_| Figures::default());
    for _ in 0..scale.rounds {
        task.add(timed(count, || runtime.block_on(bare_task())));
        pipe.add(timed(count, || runtime.block_on(process.create(without_port()))));
        port.add(timed(count, || runtime.block_on(process.create(options()))));
        test.add(timed(count, || drop(Store::start())));
        get.add(timed(count, || {
            assert_eq!(http.status(&request("GET", "/healthz/live", "")), 200)
        }));
        post.add(timed(count, || {
            let body = r#"{"name":"t1","clock":{"mode":"manual"}}"#;
            assert_eq!(http.status(&request("POST", "/v1/stores", body)), 201);
            assert_eq!(http.status(&request("DELETE", "/v1/stores/t1", "")), 204);
        }));
    }
    let gets = get.doubled();
    let row = |name: &str, figures: &Figures, limit: &Figures| {
        vec![name.to_owned(), figures.to_string(), figures.ratio(limit)]
    };
    let rows = [
        row("bare task", &task, &task),
        row("store", &pipe, &task),
        row("store with a port", &port, &task),
        row("`Store::start()` of exstore-testing", &test, &task),
    ];
    print("create: a store, made and deleted", &["in process", "us", "ratio"], &rows);
    let rows = [row("two small GETs", &gets, &gets), row("POST and DELETE", &post, &gets)];
    print("create: the same over HTTP, one connection", &["requests", "us", "ratio"], &rows);
}
