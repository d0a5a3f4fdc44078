//! `exstore demo --open`: a store on the morning on which the article begins, for somebody who tries things out in the dashboard.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use clock::ClockMode;
use control::Bundle;
use infostore::{Build, Settings};
use server::{Directory, Seed, StoreOptions};

use super::browser;
use crate::args::Demo;
use crate::exit::{Code, Failure};
use crate::journal_file::JournalTask;
use crate::output;
use crate::serve::{self, Signals};
use crate::startup::{self, Plane, Ready, Running, max_connections};

/// The ports of `exstore serve`.
const CONTROL: SocketAddr = usual(8_135);
const RPC: SocketAddr = usual(8_136);

/// The morning of the hotfix's day, when the article's two acts begin.
const MORNING: &str = "2006-04-22T08:00:00Z";

/// What `--open` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Open {
    /// Start a store on the morning on which the article begins, tell where its dashboard is, and open that in a browser where
    /// there is a display; until SIGINT or SIGTERM
    #[arg(long, conflicts_with_all = ["act", "transport"])]
    pub(super) open: bool,
    /// With --open: open no browser
    #[arg(long)]
    no_browser: bool,
    /// With --open: the program that opens the dashboard, whose argument is the address; what BROWSER names unless told, or else
    /// the system's own
    #[arg(long, env = "EXSTORE_BROWSER", value_name = "PROGRAM", conflicts_with = "no_browser")]
    browser: Option<PathBuf>,
    /// With --open: where the control plane listens; 127.0.0.1:8135 unless told, or any free port when that is taken
    #[arg(long, value_name = "ADDR", value_parser = loopback)]
    control: Option<SocketAddr>,
    /// With --open: where the RPC port is; 127.0.0.1:8136 unless told, or any free port when that is taken
    #[arg(long, value_name = "ADDR")]
    rpc: Option<SocketAddr>,
}

/// Runs the store until it is told to stop.
pub(super) fn run(args: &Demo) -> Result<(), Failure> {
    let runtime = startup::runtime()?;
    let done = runtime.block_on(serve(args));
    // A browser in a terminal keeps nobody from leaving.
    runtime.shutdown_background();
    done
}

async fn serve(args: &Demo) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let control = args.open.control.unwrap_or_else(|| free(CONTROL, "the control plane"));
    let rpc = args.open.rpc.unwrap_or_else(|| free(RPC, "the RPC port"));
    let running = Running::start(options(rpc)?, Plane::on(control)).await?;
    let journal = JournalTask::start(args.journal.as_deref(), &running.store)?;
    let url = running.url();
    let story = begin(args, running.ready(), &url);
    serve::until_told(running, journal, &mut signals, story).await
}

/// Shows the dashboard at the story, which begins as nobody is connected yet. From then on it is somebody else's.
async fn begin(args: &Demo, ready: Ready, url: &str) -> Result<(), Failure> {
    let dashboard = format!("{url}/#/story");
    let mut lines = ready.lines();
    lines.insert(1, format!("  dashboard        {dashboard}"));
    if !output::lines(lines) {
        return Err(Failure::new(
            Code::Internal,
            "where the dashboard is can't be written to stdout",
        ));
    }
    if Bundle::built_in().is_empty() {
        output::err(
            "this program was built without the dashboard: `make demo-web` builds one with it",
        );
    }
    if !args.open.no_browser {
        browser::open(&dashboard, args.open.browser.as_deref()).await;
    }
    core::future::pending().await
}

/// Exchange Server 2003 with Service Pack 2: no hotfix, and no value in the registry.
fn options(rpc: SocketAddr) -> Result<StoreOptions, Failure> {
    let morning = MORNING.parse().map_err(|error| Failure::from_error(Code::Internal, &error))?;
    Ok(StoreOptions {
        settings: Settings { build: Build::SP2, ..Settings::default() },
        clock: ClockMode::Manual,
        start: Some(morning),
        seed: Seed(0),
        rpc: Some(rpc),
        epm: None,
        registry: None,
        directory: Directory::default(),
        capture: None,
        max_connections: max_connections(),
    })
}

/// An address that the machine's own programs alone reach: nobody is asked for a token here.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "it is such as 127.0.0.1:8135".to_owned())?;
    let hint = "other machines are for `exstore serve`, which asks for a token";
    if address.ip().is_loopback() { Ok(address) } else { Err(hint.to_owned()) }
}

const fn usual(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// This address, or any free port where somebody else has it, which is said.
fn free(usual: SocketAddr, what: &str) -> SocketAddr {
    match TcpListener::bind(usual) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            output::err(&format!("{usual} is taken, so {what} gets another port"));
            SocketAddr::new(usual.ip(), 0)
        }
        // Whatever else is wrong is told by whoever listens there in a moment.
        Ok(_) | Err(_) => usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_given_up_for_any_other() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        assert_eq!(free(address, "it"), SocketAddr::new(address.ip(), 0));
        drop(taken);
        assert_eq!(free(address, "it"), address);
    }
}
