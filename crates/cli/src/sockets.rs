//! The program as a helper of its own: it holds the sockets of injected TCP clients where the store's process has no descriptors
//! for them. Nobody types it; a store starts it.

use std::io;
use std::os::fd::AsFd;
use std::process::{ExitCode, Stdio};
use std::{env, process};

use server::{ClientSockets, Helper, HelperSource, hold_sockets};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::process::Command;
use tokio::runtime::Builder;

use crate::exit::{self, Code, Failure};
use crate::startup::descriptors;

/// The word that makes this program a helper.
pub(crate) const HOLD: &str = "hold-sockets";

/// Descriptors of a helper that are no client's.
const RESERVED: u64 = 64;

/// This program.
#[derive(Debug)]
struct Program;

/// Places for the sockets of clients: so many here, the others with helpers.
pub(crate) fn client_sockets(own: usize) -> ClientSockets {
    ClientSockets::new(std::sync::Arc::new(Program), own)
}

impl HelperSource for Program {
    fn start(&self) -> io::Result<Helper> {
        let mut command = Command::new(env::current_exe()?);
        command.arg(HOLD).stdin(Stdio::piped()).stdout(Stdio::piped());
        // What a terminal sends to everybody is for the store, which tells its helpers by going.
        let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
        let gone = || io::Error::other("it has no pipes");
        let (to, from) = (child.stdin.take(), child.stdout.take());
        Ok(Helper {
            to: Box::new(to.ok_or_else(gone)?),
            from: Box::new(from.ok_or_else(gone)?),
            process: Box::new(child),
        })
    }
}

/// Holds sockets until the store's process is gone.
pub(crate) fn hold() -> ExitCode {
    match held() {
        Ok(()) => ExitCode::SUCCESS,
        // Its stdin is no pipe: somebody has typed it.
        Err(error) => {
            let what = format!("process {} holds no sockets: {error}", process::id());
            exit::report(&Failure::new(Code::Usage, what).hint("a store starts it by itself"))
        }
    }
}

fn held() -> io::Result<()> {
    let places = usize::try_from(descriptors().saturating_sub(RESERVED)).unwrap_or(usize::MAX);
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let from = Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
        let to = Sender::from_owned_fd(io::stdout().as_fd().try_clone_to_owned()?)?;
        hold_sockets(from, to, places).await
    })
}
