//! `exstore run`: a program beside a store of its own.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::{env, io};

use control::Access;
use server::{DEFAULT_STORE, StoreHandle, StoreOptions, Stores};
use simulator::{StoreEvent, report};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind};

use crate::args::Run;
use crate::exit::{self, Code, Failure};
use crate::journal_file::JournalTask;
use crate::output;
use crate::signals::listen;
use crate::startup::{self, Plane, Running};
use crate::token;

/// A program that is not there, and one that can't be run: as shells say it.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;
/// Of a program that a signal has ended, what its exit code begins at.
const SIGNALLED: i32 = 128;

/// Runs the program, and gives its exit code.
pub(crate) fn run(args: &Run) -> ExitCode {
    let done = startup::runtime().and_then(|runtime| {
        let done = runtime.block_on(beside_a_store(args));
        // Whoever still asks has asked for the program that is gone.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => exit::report(&failure),
    }
}

async fn beside_a_store(args: &Run) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    let options = startup::options(&args.setup, args.clock)?;
    let options = StoreOptions { rpc: Some(args.rpc), epm: args.epm, ..options };
    let access = Access { token: token::of_server(None)?, ..Access::default() };
    let record = args.setup.record.clone();
    let plane = Plane { access, record, ..Plane::on(args.control) };
    let running = Running::start(options, plane).await?;
    let (url, Running { store, stores, control, recording }) = (running.url(), running);
    let journal = JournalTask::start(args.setup.journal.as_deref(), &store)?;
    // It serves until the runtime ends.
    drop(tokio::spawn(control.serve(core::future::pending())));
    let code = match command(args, &url, &store).spawn() {
        Err(error) => cannot_run(args.command.first(), &error),
        Ok(child) => code_of(wait(child, &mut signals).await?),
    };
    if code != 0 {
        tell(&stores).await;
    }
    // What a program that ran into something asked last may be what it ran into.
    if let Some(recording) = recording {
        recording.finish().await?;
    }
    stores.end_services().await;
    journal.finish().await?;
    Ok(code)
}

fn command(args: &Run, url: &str, store: &StoreHandle) -> Command {
    let words = &args.command;
    let mut command = Command::new(words.first().map(OsString::as_os_str).unwrap_or_default());
    command.args(words.iter().skip(1));
    command.env("EXSTORE_CONTROL", url).env("EXSTORE_STORE", DEFAULT_STORE);
    let ports = [("EXSTORE_RPC", store.rpc_address()), ("EXSTORE_EPM", store.epm_address())];
    for (name, address) in ports {
        if let Some(address) = address {
            command.env(name, address.to_string());
        }
    }
    if let Ok(program) = env::current_exe() {
        command.env("EXSTORE_PROGRAM", program);
    }
    command
}

fn cannot_run(program: Option<&OsString>, error: &io::Error) -> u8 {
    let program = program.map(|program| program.display().to_string()).unwrap_or_default();
    exit::tell(&Failure::new(Code::Internal, format!("`{program}` can't be run: {error}")));
    if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_RUN }
}

/// Waits for the program, and hands on the signals that come meanwhile.
async fn wait(mut child: Child, signals: &mut Signals) -> Result<ExitStatus, Failure> {
    loop {
        tokio::select! {
            ended = child.wait() => {
                return ended.map_err(|error| Failure::from_error(Code::Internal, &error));
            }
            signal = signals.next() => hand_on(&child, signal),
        }
    }
}

/// What a terminal sends goes to the program too, of itself.
fn hand_on(child: &Child, signal: rustix::process::Signal) {
    use rustix::process::{Pid, Signal, kill_process};
    let from_terminal = matches!(signal, Signal::INT | Signal::QUIT) && io::stdin().is_terminal();
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(id) = id.filter(|_| !from_terminal) {
        // It may have ended at this moment, and then needs no signal.
        let _ = kill_process(id, signal);
    }
}

fn code_of(status: ExitStatus) -> u8 {
    let signalled = || status.signal().map(|signal| SIGNALLED.saturating_add(signal));
    let code = status.code().or_else(signalled);
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Tells on stderr what happened in every store.
async fn tell(stores: &Stores) {
    for (name, store) in stores.all() {
        let lines = store.read(|view| {
            let entries = view.store().journal().entries();
            entries.map(control::journal_line).collect::<Vec<_>>()
        });
        // One that has stopped has nothing left to tell.
        let lines = lines.await.unwrap_or_default();
        let events = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
        let events: Vec<StoreEvent> = events.collect();
        output::err(report(name.as_str(), &events).trim_end());
    }
}

/// The signals that are for the program.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            quit: listen(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) -> rustix::process::Signal {
        use rustix::process::Signal;
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
            _ = self.quit.recv() => Signal::QUIT,
        }
    }
}
