//! `exstore serve`: a store that runs until it is told to stop.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use control::{Access, Secret};
use server::{StoreOptions, Stores};
use tokio::signal::unix::{Signal, SignalKind};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::args::Serve;
use crate::colour;
use crate::exit::{Code, Failure};
use crate::journal_file::JournalTask;
use crate::output::{self, Output};
use crate::record::Recording;
use crate::signals::listen;
use crate::startup::{self, Plane, Ready, Running};
use crate::token;

/// How long the input that a recorded store has in hand is waited for.
const RECORDING: Duration = Duration::from_millis(1_000);
/// How long requests under way, then the journal, then the stores' tasks are waited for: two seconds together.
const REQUESTS: Duration = Duration::from_millis(1_000);
const JOURNAL: Duration = Duration::from_millis(700);
const TASKS: Duration = Duration::from_millis(300);

/// Runs a store, and those that are made beside it, until SIGINT, SIGTERM or a shutdown request; then ends their services
/// and flushes the journal.
pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    let runtime = startup::runtime()?;
    let done = runtime.block_on(serve(args));
    // A read of a registry that hangs keeps nobody from leaving.
    runtime.shutdown_background();
    done
}

async fn serve(args: &Serve) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let access = access(args)?;
    let ticket = access.ticket.clone();
    warn_of_insecurity(args, &access);
    let plane = Plane {
        address: args.control,
        access,
        allow_shutdown: args.allow_shutdown,
        record: args.setup.record.clone(),
    };
    let running = Running::start(options(args)?, plane).await?;
    let journal = JournalTask::start(args.setup.journal.as_deref(), &running.store)?;
    announce(&running.ready(), args)?;
    if let Some(ticket) = ticket {
        let link = running.login_link(&ticket);
        output::err(&format!("to use it in a browser, open this link, which is good once: {link}"));
    }

    let left = async {
        stdin_closed(args.exit_on_stdin_close).await;
        Ok(())
    };
    until_told(running, journal, &mut signals, left).await
}

/// Waits for the end of stdin, where that was asked for.
async fn stdin_closed(asked: bool) {
    if !asked {
        return core::future::pending().await;
    }
    // One that can't be read has no end to wait for.
    let read = || drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
    drop(tokio::task::spawn_blocking(read).await);
}
/// Who may use the control plane.
fn access(args: &Serve) -> Result<Access, Failure> {
    let token = token::of_server(args.token_file.as_deref())?;
    let ticket = token.as_ref().map(|_| Secret::random()).transpose();
    Ok(Access {
        ticket: ticket.map_err(|error| Failure::from_error(Code::Internal, &error))?,
        token,
        insecure: args.insecure,
        hosts: args.allow_host.clone(),
        origins: args.allow_origin.clone(),
    })
}

/// `--insecure` is said out loud.
fn warn_of_insecurity(args: &Serve, access: &Access) {
    if access.insecure && access.token.is_none() && !args.control.ip().is_loopback() {
        output::err(&format!(
            "{} whoever reaches {} can do anything with this store: --insecure asks nobody for a token",
            colour::label("warning:"),
            args.control
        ));
    }
}

/// Serves until the first signal, a shutdown request or the end of what goes on `beside`; then ends the service of every store, lets
/// what is under way come to its end and flushes the journal, all within two seconds. A second signal leaves at once.
pub(crate) async fn until_told(
    Running { stores, control, recording, .. }: Running,
    journal: JournalTask,
    signals: &mut Signals,
    beside: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut requested = control.shutdown_requested();
    let (stop, mut stopping) = watch::channel(false);
    let ending = Arc::clone(&stores);
    let mut serving = pin!(control.serve(async move {
        // The sender lives as long as the server.
        drop(stopping.wait_for(|stopping| *stopping).await);
        // First, so that requests that wait for a store are answered.
        ending.end_services().await;
    }));
    let mut done = Ok(());
    tokio::select! {
        () = &mut serving => return Err(Failure::new(Code::Internal, "the control plane has stopped")),
        () = signals.next() => {}
        left = beside => done = left,
        _ = requested.wait_for(|requested| *requested) => {}
    }
    let recorded = end_recording(recording, signals).await?;
    stop.send_replace(true);
    tokio::select! {
        biased;
        () = signals.next() => {
            Err(told_twice())
        }
        ended = end(serving, journal, &stores) => done.and(ended).and(recorded),
    }
}

/// Ends the recording before the services, so that it holds what was asked and nothing of the end.
async fn end_recording(
    recording: Option<Recording>,
    signals: &mut Signals,
) -> Result<Result<(), Failure>, Failure> {
    let Some(recording) = recording else { return Ok(Ok(())) };
    tokio::select! {
        biased;
        () = signals.next() => Err(told_twice()),
        ended = timeout(RECORDING, recording.finish()) => Ok(ended.unwrap_or_else(|_| {
            Err(Failure::new(Code::Internal, "the recording could not be ended in time")
                .hint("what is in the file can be replayed"))
        })),
    }
}

fn told_twice() -> Failure {
    Failure::new(Code::Interrupted, "told twice to leave, so nothing was waited for")
}

/// Waits for what is under way, and then for the journal.
async fn end(
    serving: impl Future<Output = ()>,
    journal: JournalTask,
    stores: &Stores,
) -> Result<(), Failure> {
    let served = timeout(REQUESTS, serving).await;
    if served.is_err() {
        tracing::warn!("requests were still under way, and are given up");
    }
    let flushed = timeout(JOURNAL, journal.finish()).await.unwrap_or_else(|_| {
        Err(Failure::new(Code::Internal, "the journal could not be written in time"))
    });
    // Their tasks end with the process, if not before.
    drop(timeout(TASKS, stores.stop()).await);
    flushed
}

fn options(args: &Serve) -> Result<StoreOptions, Failure> {
    let options = startup::options(&args.setup, args.clock)?;
    Ok(StoreOptions { rpc: Some(args.rpc), epm: args.epm, ..options })
}

/// Tells that everything listens. For programs the ready object is the first line of stdout.
fn announce(ready: &Ready, args: &Serve) -> Result<(), Failure> {
    let object = serde_json::to_string(ready)
        .map_err(|error| Failure::from_error(Code::Internal, &error))?;
    if let Some(path) = &args.ready_file {
        write_whole(path, &object)?;
    }
    let said = match args.output.unwrap_or_else(Output::of_stdout) {
        Output::Text => output::lines(ready.lines()),
        Output::Json | Output::Jsonl => output::out(&object),
    };
    if said {
        return Ok(());
    }
    Err(Failure::new(Code::Internal, "that the store is ready can't be written to stdout"))
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
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn new() -> Result<Self, Failure> {
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
