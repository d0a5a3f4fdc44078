//! `exstore fleet`: a company's programs in one file, checked, played for a day, or brought into a store that runs.

mod day;
mod show;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use clock::{SimTime, parse_duration};
use server::Seed;
use simulator::{Fleet, Transport};

use crate::args::transport;
use crate::exit::{Code, Failure};
use crate::http::Payload;
use crate::output::Telling;
use crate::remote::{Remote, Target, control_url};
use crate::scenario::pointed_at;
use crate::token::TokenFile;

/// Shown with the help.
pub(crate) const HELP: &str = "Examples:
  exstore fleet lint company.toml
  exstore fleet run company.toml --block mdl.exe --html report.html
  exstore fleet run company.toml --block \"mdl.exe; b.exe\" --block-after 2h --for 12h -o json
  exstore fleet deploy company.toml";

/// What `fleet` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct FleetArgs {
    #[command(subcommand)]
    command: FleetCommand,
}

#[derive(Subcommand, Debug)]
enum FleetCommand {
    /// Play a fleet's day on a store, block what is to be blocked, and tell who was hit and what they did
    Run(Box<FleetRun>),
    /// Say what is wrong with a fleet file, or who is in it
    Lint(FleetLint),
    /// Bring a fleet into a store that runs, which goes on as it is
    Deploy(FleetDeploy),
}

/// What `fleet run` takes.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct FleetRun {
    /// The fleet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Programs to block, as the registry value has them
    #[arg(long, value_name = "LIST")]
    block: Option<String>,
    /// Versions to block, as the registry value has them
    #[arg(long, value_name = "LIST")]
    block_versions: Option<String>,
    /// When the lists are written, after the start; the store sees them at its next poll
    #[arg(long, value_name = "DURATION", default_value = "4h", value_parser = parse_duration)]
    block_after: Duration,
    /// How long the day is
    #[arg(long = "for", value_name = "DURATION", default_value = "9h", value_parser = parse_duration)]
    lasts: Duration,
    /// When it starts, in store time
    #[arg(long, value_name = "TIME", default_value = "2006-04-22T08:00:00Z")]
    start: SimTime,
    /// What the fleet leaves to chance; one seed gives one day
    #[arg(
        long,
        env = "EXSTORE_SEED",
        value_name = "SEED",
        default_value = "0x0",
        conflicts_with = "control"
    )]
    seed: Seed,
    /// How the clients' bytes travel, whatever the file says
    #[arg(long, value_parser = transport)]
    transport: Option<Transport>,
    /// Run on a store of this server, which is emptied first, and left with a manual clock
    #[arg(long, env = "EXSTORE_CONTROL", value_name = "URL", value_parser = control_url)]
    control: Option<String>,
    /// The store of that server
    #[arg(long, env = "EXSTORE_STORE", default_value = "default", value_name = "NAME")]
    store: String,
    #[command(flatten)]
    token: TokenFile,
    /// Write the journal to this file, an entry a line
    #[arg(long, value_name = "FILE", conflicts_with = "control")]
    journal: Option<PathBuf>,
    /// Record the store in this file, to be done again with `exstore replay`
    #[arg(long, env = "EXSTORE_RECORD", value_name = "FILE", conflicts_with = "control")]
    record: Option<PathBuf>,
    /// Write the report to this file too, as a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

/// What `fleet lint` takes.
#[derive(clap::Args, Debug)]
struct FleetLint {
    /// The fleets
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

/// What `fleet deploy` takes.
#[derive(clap::Args, Debug)]
struct FleetDeploy {
    #[command(flatten)]
    target: Target,
    /// The fleet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Does what was asked for with a fleet.
pub(crate) fn run(args: &FleetArgs) -> Result<(), Failure> {
    match &args.command {
        FleetCommand::Run(args) => day::run(args),
        FleetCommand::Lint(args) => lint(args),
        FleetCommand::Deploy(args) => deploy(args),
    }
}

/// Tells who is in each fleet; the first that is none fails, once the others have been told.
fn lint(args: &FleetLint) -> Result<(), Failure> {
    let mut wrong = None;
    for path in &args.files {
        match read(path) {
            Ok(fleet) => show::fleet(path, &fleet, args.telling.output)?,
            Err(failure) if wrong.is_none() => wrong = Some(failure),
            Err(failure) => drop(crate::exit::report(&failure)),
        }
    }
    wrong.map_or(Ok(()), Err)
}

fn deploy(args: &FleetDeploy) -> Result<(), Failure> {
    let fleet = read(&args.file)?;
    let body = serde_json::to_value(&fleet);
    let body = body.map_err(|error| Failure::from_error(Code::Internal, &error))?;
    let remote = Remote::new(&args.target)?.awaiting("bringing the fleet in");
    let answer = remote.send(crate::http::Method::Post, "/fleets", Payload::Json(body))?;
    remote.show(&answer, show::deployed)
}

/// A fleet file, read.
fn read(path: &Path) -> Result<Fleet, Failure> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(Code::BadInput, format!("can't read `{name}`: {error}"))
            .hint("docs/fleets.md says what a fleet is")
    })?;
    Fleet::parse(&text).map_err(|error| {
        let failure = Failure::new(Code::BadInput, format!("{name}: {error}"));
        failure.notes(pointed_at(&name, &text, &error))
    })
}
