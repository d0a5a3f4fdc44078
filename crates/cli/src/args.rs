//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use clock::{ClockMode, Scale, SimTime, parse_duration};
use control::{HostName, Origin};
use infostore::{Build, Pacing, PolicyMode, ProtectionLevel};
use registry_poll::AnsiCodePage;
use server::{DomainName, Seed, UserError};
use simulator::Transport;

use crate::colour::Color;
use crate::commands::Noun;
use crate::demo::Open;
use crate::exit;
use crate::fleet::{self, FleetArgs};
use crate::output::{LogFormat, Output, Telling};
use crate::remote::{Server, control_url};
use crate::replay::Until;
use crate::report::{self, Report};
use crate::token::TokenFile;

/// Of `run`, whose exit codes are the program's.
const RUN_HELP: &str = "Examples:
  exstore run -- pytest
  exstore run --clock real --seed 7 -- ./client-test.sh

The exit code is the program's, or 128 and the number of the signal that ended it; 127 when it is not found, 126 when it can't \
be run. When it is not 0, what happened in the stores is told on stderr. A store that does not start is 70, or 2 where the \
command line is wrong.";

/// Of `config`.
const CONFIG_HELP: &str = "Examples:
  exstore config
  exstore config serve --clock manual
  exstore config -o json client list";

/// An Exchange Server 2003 information store that a test can script
#[derive(Parser, Debug)]
#[command(name = "exstore", version, after_help = exit::HELP)]
pub(crate) struct Args {
    /// How logs are written, to stderr; RUST_LOG chooses what is logged
    #[arg(long, global = true, value_enum, default_value = "text", env = "EXSTORE_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
    /// When to write in colours; NO_COLOR and CLICOLOR_FORCE are heard where it is `auto`
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        env = "EXSTORE_COLOR",
        hide_possible_values = true,
        value_name = "auto|always|never"
    )]
    pub(crate) color: Color,
    /// The file that sets flags which are set nowhere else; `exstore.toml` of this folder unless told
    #[arg(long, global = true, value_name = "FILE", env = "EXSTORE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Start a store, with its RPC port and its control plane
    #[command(after_help = exit::HELP)]
    Serve(Serve),
    /// Run a program beside a store of its own: it finds the store by EXSTORE_CONTROL, EXSTORE_STORE and EXSTORE_RPC
    #[command(after_help = RUN_HELP)]
    Run(Run),
    /// Tell Microsoft's article KB 920185 as a timeline: its procedure, then its Note, each on a store of its own; or in a browser
    #[command(after_help = exit::HELP)]
    Demo(Demo),
    /// Run and check scenarios
    #[command(after_help = exit::HELP)]
    Scenario(Scenario),
    /// Describe a company's programs in one file, block some of them, and see who is cut off and what they do next
    #[command(after_help = format!("{}\n\n{}", fleet::HELP, exit::HELP))]
    Fleet(FleetArgs),
    /// Tell out of a journal who was cut off, when, what they did next, and whether the store bore it
    #[command(after_help = format!("{}\n\n{}", report::HELP, exit::HELP))]
    Report(Report),
    /// Do again what was recorded, and see that the store does the same
    #[command(after_help = exit::HELP)]
    Replay(Replay),
    /// Ask a store whether it is ready
    #[command(after_help = exit::HELP)]
    Health(Health),
    /// Show what every flag is set to, and who says so: a flag, a variable, exstore.toml or the default
    #[command(after_help = format!("{CONFIG_HELP}\n\n{}", exit::HELP))]
    Config(Config),
    /// Print the OpenAPI document of a server
    #[command(after_help = exit::HELP)]
    Openapi(Openapi),
    /// Print the completions of a shell: source them, or put them where it looks for them
    #[command(after_help = exit::HELP)]
    Completions(Completions),
    /// Print the manual page, or write one for every command
    #[command(after_help = exit::HELP)]
    Man(ManPages),
    #[command(flatten)]
    Noun(Noun),
}

/// What `openapi` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Openapi {
    #[command(flatten)]
    pub(crate) server: Server,
}

/// What `config` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Config {
    #[command(flatten)]
    pub(crate) telling: Telling,
    /// A command as it would be typed; without one, the flags of many commands, of `serve`, and what is set for any other
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// What `completions` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// What `man` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct ManPages {
    /// The folder to write all pages to; without it the first page goes to stdout
    #[arg(value_name = "FOLDER")]
    pub(crate) directory: Option<PathBuf>,
}

/// What `serve` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Serve {
    /// Where the control plane listens; port 0 takes any free one
    #[arg(
        long,
        default_value = "127.0.0.1:8135",
        env = "EXSTORE_CONTROL_ADDRESS",
        value_name = "ADDR"
    )]
    pub(crate) control: SocketAddr,
    /// Where the RPC port is; port 0 takes any free one
    #[arg(
        long,
        default_value = "127.0.0.1:8136",
        env = "EXSTORE_RPC_ADDRESS",
        value_name = "ADDR"
    )]
    pub(crate) rpc: SocketAddr,
    /// Where the endpoint mapper has a port of its own, as clients look for it on 135; none by default
    #[arg(long, env = "EXSTORE_EPM_ADDRESS", value_name = "ADDR")]
    pub(crate) epm: Option<SocketAddr>,
    /// How store time moves: `real`, `manual`, or `scaled:N` for N times as fast
    #[arg(long, default_value = "real", env = "EXSTORE_CLOCK", value_name = "MODE", value_parser = clock_mode)]
    pub(crate) clock: ClockMode,
    #[command(flatten)]
    pub(crate) setup: Setup,
    /// How it says on stdout that everything listens: for people, or as the ready object; unless told, for people on a
    /// terminal and as the object elsewhere
    #[arg(
        short,
        long,
        value_enum,
        env = "EXSTORE_OUTPUT",
        hide_possible_values = true,
        value_name = "text|json|jsonl"
    )]
    pub(crate) output: Option<Output>,
    /// Write the ready object to this file too, when everything listens
    #[arg(long, env = "EXSTORE_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Let `POST /v1/shutdown` stop the store
    #[arg(long, env = "EXSTORE_ALLOW_SHUTDOWN")]
    pub(crate) allow_shutdown: bool,
    /// Leave when stdin ends, as on SIGTERM: the end of whoever started the server is the end of the server
    #[arg(long, env = "EXSTORE_EXIT_ON_STDIN_CLOSE")]
    pub(crate) exit_on_stdin_close: bool,
    /// Ask every request for the token in this file, which is made when there is none, for you alone to read; EXSTORE_TOKEN
    /// may hold the token itself
    #[arg(long, env = "EXSTORE_TOKEN_FILE", value_name = "FILE", help_heading = "Access")]
    pub(crate) token_file: Option<PathBuf>,
    /// Let whoever reaches the control plane use it, also from other machines
    #[arg(long, env = "EXSTORE_INSECURE", help_heading = "Access")]
    pub(crate) insecure: bool,
    /// Take requests for this host too, besides localhost and addresses; may be given more than once
    #[arg(
        long,
        env = "EXSTORE_ALLOW_HOST",
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Access"
    )]
    pub(crate) allow_host: Vec<HostName>,
    /// Let the pages of this origin use the control plane; may be given more than once
    #[arg(
        long,
        env = "EXSTORE_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        help_heading = "Access"
    )]
    pub(crate) allow_origin: Vec<Origin>,
}

/// What `run` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Run {
    /// Where the control plane listens; port 0 takes any free one
    #[arg(
        long,
        default_value = "127.0.0.1:0",
        env = "EXSTORE_CONTROL_ADDRESS",
        value_name = "ADDR"
    )]
    pub(crate) control: SocketAddr,
    /// Where the RPC port is; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0", env = "EXSTORE_RPC_ADDRESS", value_name = "ADDR")]
    pub(crate) rpc: SocketAddr,
    /// Where the endpoint mapper has a port of its own; none by default
    #[arg(long, env = "EXSTORE_EPM_ADDRESS", value_name = "ADDR")]
    pub(crate) epm: Option<SocketAddr>,
    /// How store time moves: `real`, `manual`, or `scaled:N` for N times as fast
    #[arg(long, default_value = "manual", env = "EXSTORE_CLOCK", value_name = "MODE", value_parser = clock_mode)]
    pub(crate) clock: ClockMode,
    #[command(flatten)]
    pub(crate) setup: Setup,
    /// The program to run, and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// How a store is set up, apart from its ports and its clock.
#[derive(clap::Args, Debug)]
pub(crate) struct Setup {
    /// Store time at the start, RFC 3339; the wall clock's by default
    #[arg(long, env = "EXSTORE_NOW", value_name = "TIME")]
    pub(crate) now: Option<SimTime>,
    /// Time between two polls of the registry
    #[arg(long, default_value = "15m", env = "EXSTORE_POLL_INTERVAL", value_name = "DURATION", value_parser = interval)]
    pub(crate) poll_interval: Duration,
    /// What everything random is derived from, decimal or 0x…; a random one by default
    #[arg(long, env = "EXSTORE_SEED", value_name = "SEED")]
    pub(crate) seed: Option<Seed>,
    /// The simulated build of Store.exe: 6.5.7638 is SP2, and without the hotfix it honours no list of programs
    #[arg(long, default_value_t = Build::KB_920185, env = "EXSTORE_BUILD", value_name = "BUILD")]
    pub(crate) build: Build,
    /// Keep the registry in this `.reg` file: every poll reads it afresh. An edit through exstore rewrites it: comments and
    /// the order of its lines are not kept
    #[arg(long, env = "EXSTORE_REGISTRY", value_name = "FILE")]
    pub(crate) registry: Option<PathBuf>,
    /// The code page of the registry's file where it is REGEDIT4
    #[arg(long, default_value = "1252", env = "EXSTORE_CODE_PAGE", value_name = "NUMBER", value_parser = code_page)]
    pub(crate) code_page: AnsiCodePage,
    /// Which values a poll reads
    #[arg(long, value_enum, default_value = "always", env = "EXSTORE_REGISTRY_WATCH")]
    pub(crate) registry_watch: Watch,
    /// What "disconnected" means for a connection
    #[arg(long, value_enum, default_value = "connection", env = "EXSTORE_DISCONNECT")]
    pub(crate) disconnect: Disconnect,
    /// Whether the policy is acted on
    #[arg(long, value_enum, default_value = "enforce", env = "EXSTORE_POLICY_MODE")]
    pub(crate) policy_mode: Mode,
    /// Whether clients are taken that do not say who they are
    #[arg(long, action = ArgAction::Set, default_value_t = true, env = "EXSTORE_ANONYMOUS", hide_possible_values = true, value_name = "true|false")]
    pub(crate) anonymous: bool,
    /// How the call that opens a session has to be protected at least
    #[arg(long, value_enum, default_value = "none", env = "EXSTORE_MIN_AUTH_LEVEL")]
    pub(crate) min_auth_level: Level,
    /// Whether a store of Exchange 2007 gives out handles to wait for events with
    #[arg(long, action = ArgAction::Set, default_value_t = true, env = "EXSTORE_ASYNC_NOTIFICATIONS", hide_possible_values = true, value_name = "true|false")]
    pub(crate) async_notifications: bool,
    /// How long clients are told to go at most without asking for events
    #[arg(long, default_value = "60s", env = "EXSTORE_POLLS_MAX", value_name = "DURATION", value_parser = milliseconds)]
    pub(crate) polls_max: u32,
    /// How often clients are told to make a call again that found the server too busy
    #[arg(long, default_value = "6", env = "EXSTORE_RETRY", value_name = "N")]
    pub(crate) retry: u32,
    /// How long they are told to wait before each
    #[arg(long, default_value = "10s", env = "EXSTORE_RETRY_DELAY", value_name = "DURATION", value_parser = milliseconds)]
    pub(crate) retry_delay: u32,
    /// The users of the store: a TOML file with `[[user]]` for each
    #[arg(long, env = "EXSTORE_USERS", value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,
    /// The NetBIOS name of the users' domain
    #[arg(long, default_value = "EXSTORE", env = "EXSTORE_DOMAIN", value_name = "NAME", value_parser = domain)]
    pub(crate) domain: DomainName,
    /// Write the journal to this file as it grows, an entry a line
    #[arg(long, env = "EXSTORE_JOURNAL", value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Record the store in this file: what it is asked, and its journal, to be done again with `exstore replay`. The clock has
    /// to be manual; a registry in a file is read once, and left alone
    #[arg(long, env = "EXSTORE_RECORD", value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Write what goes over the connections into this folder, as captures that Wireshark opens, with the keys of the users
    #[arg(long, env = "EXSTORE_PCAP", value_name = "DIR")]
    pub(crate) pcap: Option<PathBuf>,
}

/// Whether a value that was not there when the service started is followed later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Watch {
    /// Both: no restart is ever needed
    Always,
    /// Those that existed when the service started, as the procedure of the article has it
    #[value(alias = "armed_at_start")]
    ArmedAtStart,
}

/// What happens to a connection whose sessions were ended by the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Disconnect {
    /// It is closed at once when its group holds no live session
    Connection,
    /// It stays, and the next call on a dead handle is told
    Context,
}

/// How a call is protected; each has what those before it have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Level {
    /// Nobody says who calls
    None,
    /// Who calls was proved when the connection was made
    Connect,
    /// As `packet`, which it is taken for
    Call,
    /// Each packet is from whoever it was
    Packet,
    /// No packet was changed on the way
    Integrity,
    /// Nobody has read it either
    Privacy,
}

impl From<Level> for ProtectionLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Connect => Self::Connect,
            Level::Call => Self::Call,
            Level::Packet => Self::Packet,
            Level::Integrity => Self::Integrity,
            Level::Privacy => Self::Privacy,
        }
    }
}

/// Whether the policy is acted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// A client that it forbids is refused, and its session ended
    Enforce,
    /// What it would do is decided and journalled, and done to nobody
    Audit,
}

impl From<Mode> for PolicyMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Enforce => Self::Enforce,
            Mode::Audit => Self::Audit,
        }
    }
}

impl Mode {
    /// As the control plane writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
        }
    }
}

/// What `demo` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Demo {
    /// What is told
    #[arg(long, value_enum, default_value = "both")]
    pub(crate) act: Acts,
    /// How the clients' bytes travel
    #[arg(long, default_value = "pipe", value_parser = transport)]
    pub(crate) transport: Transport,
    /// Write the journal to this file, an entry a line; that of act two comes after that of act one
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) open: Open,
}

/// The acts of the demo.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Acts {
    /// The procedure: apply the hotfix, create the value, restart the service
    One,
    /// The Note: changes are detected dynamically
    Two,
    /// One after the other
    Both,
}

/// What `scenario` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Scenario {
    #[command(subcommand)]
    pub(crate) command: ScenarioCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ScenarioCommand {
    /// Run scenarios, each on a fresh store, and tell what happened
    Run(ScenarioRun),
    /// Say what is wrong with scenario files, and what looks wrong, with line and column
    Lint(ScenarioLint),
    /// List scenarios with what each is about
    List(ScenarioList),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
}

/// What `scenario lint` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct ScenarioLint {
    /// The files, or names of scenarios that are built in
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) telling: Telling,
}

/// What `scenario list` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct ScenarioList {
    /// A folder of scenario files; those that are built in unless told
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) telling: Telling,
}

/// What `scenario run` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct ScenarioRun {
    /// Scenario files, or names of scenarios that are built in
    #[arg(required = true, value_name = "SCENARIO")]
    pub(crate) files: Vec<PathBuf>,
    /// Run on a store of this server, which is emptied first, and left with a manual clock
    #[arg(long, env = "EXSTORE_CONTROL", value_name = "URL", value_parser = control_url)]
    pub(crate) control: Option<String>,
    /// The store of that server
    #[arg(long, env = "EXSTORE_STORE", default_value = "default", value_name = "NAME")]
    pub(crate) store: String,
    #[command(flatten)]
    pub(crate) token: TokenFile,
    /// How the clients' bytes travel, whatever the scenario says
    #[arg(long, value_parser = transport)]
    pub(crate) transport: Option<Transport>,
    /// Write the journal of the last scenario to this file, an entry a line
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Record the store in this file, to be done again with `exstore replay`
    #[arg(long, env = "EXSTORE_RECORD", value_name = "FILE", conflicts_with = "control")]
    pub(crate) record: Option<PathBuf>,
}

/// What `replay` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Replay {
    /// The recording: what `--record` wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Stop after this entry of the journal: its number, or its cursor such as 2-17 where there were resets
    #[arg(long, value_name = "SEQ", value_parser = Until::parse)]
    pub(crate) until: Option<Until>,
    #[command(flatten)]
    pub(crate) telling: Telling,
}

/// What `health` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Health {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Wait so long for the store to be ready
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) wait: Duration,
    #[command(flatten)]
    pub(crate) telling: Telling,
}

/// The name of a domain.
fn domain(text: &str) -> Result<DomainName, UserError> {
    DomainName::parse(text)
}

/// `real`, `manual` or `scaled:N`.
fn clock_mode(text: &str) -> Result<ClockMode, String> {
    let scaled = |factor: &str| factor.parse().ok().and_then(Scale::new).map(ClockMode::Scaled);
    let mode = match text {
        "real" => Some(ClockMode::Real),
        "manual" => Some(ClockMode::Manual),
        _ => text.strip_prefix("scaled:").and_then(scaled),
    };
    mode.ok_or_else(|| {
        format!("it is `real`, `manual`, or `scaled:N` with N from 1 to {}", Scale::MAX)
    })
}

fn code_page(text: &str) -> Result<AnsiCodePage, String> {
    let page = text.parse().ok().and_then(AnsiCodePage::from_number);
    page.ok_or_else(|| "it is 874, 932, 936, 949, 950, or 1250 to 1258".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).map_err(|error| error.to_string())?;
    if interval.is_zero() {
        Err("a poll without pause would never end".to_owned())
    } else {
        Ok(interval)
    }
}

/// A length as the protocol has it.
fn milliseconds(text: &str) -> Result<u32, String> {
    let length = parse_duration(text).map_err(|error| error.to_string())?;
    let milliseconds = Pacing::milliseconds(length);
    milliseconds.ok_or_else(|| "it is whole milliseconds, 4294967295ms at most".to_owned())
}

pub(crate) fn transport(text: &str) -> Result<Transport, String> {
    match text {
        "pipe" => Ok(Transport::Pipe),
        "tcp" => Ok(Transport::Tcp),
        _ => Err("it is `pipe` or `tcp`".to_owned()),
    }
}
