//! `exstore serve`: a store that runs until it is told to stop.

use std::fs;
use std::path::Path;

use infostore::{DisconnectMode, Settings};
use server::{Seed, StoreOptions};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::{Disconnect, Serve};
use crate::exit::{Code, Failure};
use crate::journal_file::JournalFile;
use crate::output;
use crate::startup::{self, Ready, Running, max_connections};

/// Runs a store until SIGINT, SIGTERM or a shutdown request; then ends its service and flushes the journal.
pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    startup::runtime()?.block_on(serve(args))
}

async fn serve(args: &Serve) -> Result<(), Failure> {
    if !args.control.ip().is_loopback() {
        let what = format!("`{}` can be reached from other machines", args.control);
        return Err(Failure::new(Code::Usage, what).hint(
            "the control plane has no authentication yet, so it listens on 127.0.0.1 or [::1]",
        ));
    }
    let mut signals = Signals::new()?;
    let running = Running::start(options(args)?, args.control, args.allow_shutdown).await?;
    let journal = match &args.journal {
        Some(path) => {
            let (end, ended) = oneshot::channel();
            let file = JournalFile::create(path)?;
            Some((end, tokio::spawn(file.follow(running.store.clone(), ended))))
        }
        None => None,
    };
    announce(&running.ready(), args.ready_file.as_deref())?;

    let Running { store, control } = running;
    let ending = store.clone();
    let mut shutdown_requested = control.shutdown_requested();
    control
        .serve(async move {
            tokio::select! {
                () = signals.next() => {}
                _ = shutdown_requested.wait_for(|requested| *requested) => {}
            }
            // First, so that requests that wait for the store are answered. It can only have stopped already.
            drop(ending.end_service().await);
        })
        .await
        .map_err(|error| Failure::from_error(Code::Internal, &error))?;
    if let Some((end, journal)) = journal {
        drop(end);
        journal.await.map_err(|error| Failure::from_error(Code::Internal, &error))??;
    }
    drop(store.stop().await);
    Ok(())
}

fn options(args: &Serve) -> Result<StoreOptions, Failure> {
    Ok(StoreOptions {
        settings: Settings {
            poll_interval: args.poll_interval,
            disconnect: match args.disconnect {
                Disconnect::Connection => DisconnectMode::Connection,
                Disconnect::Context => DisconnectMode::Context,
            },
            ..Settings::default()
        },
        clock: args.clock,
        start: args.now,
        seed: args.seed.map_or_else(random_seed, Ok)?,
        rpc: Some(args.rpc),
        epm: args.epm,
        registry: None,
        max_connections: max_connections(),
    })
}

fn random_seed() -> Result<Seed, Failure> {
    Seed::random().map_err(|error| Failure::from_error(Code::Internal, &error))
}

/// Tells that everything listens: the ready object is the first line of stdout.
fn announce(ready: &Ready, file: Option<&Path>) -> Result<(), Failure> {
    let object = serde_json::to_string(ready)
        .map_err(|error| Failure::from_error(Code::Internal, &error))?;
    if let Some(path) = file {
        write_whole(path, &object)?;
    }
    if output::out(&object) {
        return Ok(());
    }
    Err(Failure::new(Code::Internal, "the ready object can't be written to stdout"))
}

/// Whoever waits for the file never sees a part of it.
fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let written = fs::write(&part, format!("{text}\n")).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
    })
}

/// The signals that end a server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|error| Failure::from_error(Code::Internal, &error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
