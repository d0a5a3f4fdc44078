//! `exstore scenario`: scenarios played over HTTP, on a store of their own or on a running one; and files of them looked at.

mod lint;
mod list;
mod source;

use std::net::{Ipv4Addr, SocketAddr};

use clock::{ClockMode, SimTime};
use infostore::{Limits, Settings};
use server::{Directory, Seed, StoreOptions};
use simulator::{
    RunError, RunOptions, Scenario, StoreDriver, TimelineEntry, Transport, run as play, schema,
};

use self::source::Source;
pub(crate) use self::source::pointed_at;
use crate::args::{Scenario as ScenarioArgs, ScenarioCommand, ScenarioRun};
use crate::exit::{Code, Failure};
use crate::http::RequestError;
use crate::http_plane::{self, HttpDriver};
use crate::journal_file::JournalFile;
use crate::output;
use crate::startup::{self, Plane, Running, max_connections};

/// Does what was asked for with scenarios.
pub(crate) fn run(args: &ScenarioArgs) -> Result<(), Failure> {
    match &args.command {
        ScenarioCommand::Run(args) => run_all(args),
        ScenarioCommand::Lint(args) => lint::run(args),
        ScenarioCommand::List(args) => list::run(args),
        ScenarioCommand::Schema => {
            let schema = serde_json::to_string_pretty(&schema());
            let schema = schema.map_err(|error| Failure::from_error(Code::Internal, &error))?;
            output::out(&schema);
            Ok(())
        }
    }
}

/// Runs each scenario, and fails when an expectation is not met.
fn run_all(args: &ScenarioRun) -> Result<(), Failure> {
    let scenarios = args
        .files
        .iter()
        .map(|path| Source::find(path)?.scenario())
        .collect::<Result<Vec<_>, _>>()?;
    match &args.control {
        Some(url) => {
            if let Some(path) = &args.journal {
                return Err(Failure::new(
                    Code::Usage,
                    format!("the journal can't be written to `{}`", path.display()),
                )
                .hint("a server writes its own journal: `exstore serve --journal FILE`"));
            }
            let mut driver = http_plane::driver(url, args.token.read()?, &args.store);
            run_on(&mut driver, &scenarios, args.transport)
        }
        None => run_here(scenarios, args),
    }
}

fn run_here(scenarios: Vec<Scenario>, args: &ScenarioRun) -> Result<(), Failure> {
    let transport = args.transport;
    let journal = args.journal.as_deref().map(JournalFile::create).transpose()?;
    let plane = Plane { record: args.record.clone(), ..Plane::on(any_port()) };
    let run = move |url: &str| {
        run_on(&mut http_plane::driver(url, None, "default"), &scenarios, transport)
    };
    on_a_store_of_its_own(Own { seed: Seed(0), plane, journal }, run).map(drop)
}

/// A store that is started for a command.
pub(crate) struct Own {
    /// What it leaves to chance: a fixed seed makes every run the same.
    pub(crate) seed: Seed,
    pub(crate) plane: Plane,
    /// What takes its journal.
    pub(crate) journal: Option<JournalFile>,
}

/// Does something with the URL of a store that is started for it, on a manual clock, and writes its journal afterwards.
/// The file comes back, for the journal of another store.
pub(crate) fn on_a_store_of_its_own(
    Own { seed, plane, journal }: Own,
    work: impl FnOnce(&str) -> Result<(), Failure> + Send + 'static,
) -> Result<Option<JournalFile>, Failure> {
    startup::runtime()?.block_on(async move {
        let running = Running::start(options(seed), plane).await?;
        let (store, url) = (running.store.clone(), running.url());
        let recording = running.recording;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(running.control.serve(async {
            // Ends when `stop` is dropped, too.
            drop(stopped.await);
        }));
        let done = startup::blocking(move || work(&url)).await;
        if let Some(recording) = recording {
            recording.finish().await?;
        }
        let journal = match journal {
            Some(journal) => Some(journal.take(&store).await?),
            None => None,
        };
        drop(stop);
        served.await.map_err(|error| Failure::from_error(Code::Internal, &error))?;
        done.map(|()| journal)
    })
}

/// Plays the scenarios on a store of a server.
fn run_on(
    driver: &mut HttpDriver,
    scenarios: &[Scenario],
    transport: Option<Transport>,
) -> Result<(), Failure> {
    let mut not_met = Vec::new();
    for scenario in scenarios {
        if !run_one(driver, scenario, transport)? {
            not_met.push(scenario.name.as_str());
        }
    }
    if not_met.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Code::NotMet, format!("not as expected: {}", not_met.join(", "))))
}

/// Plays one scenario and tells it as a timeline; whether everything was as expected.
pub(crate) fn run_one(
    driver: &mut HttpDriver,
    scenario: &Scenario,
    transport: Option<Transport>,
) -> Result<bool, Failure> {
    let Scenario { name, about, start, .. } = scenario;
    let mut told = output::out(&format!("{start}  {name}: {about}"));
    let options = RunOptions { transport, keep_going: false };
    let mut show = |entry: TimelineEntry| told &= output::out(&format!("{entry}"));
    let report = play(scenario, options, driver, &mut show).map_err(|error| cannot_play(&error))?;
    let (met, of) = (report.checks.iter().filter(|check| check.met).count(), report.checks.len());
    let now = driver.clock().map_err(|error| Failure::from_error(Code::Internal, &error))?;
    told &= output::out(&format!("{}  {name}: {met} of {of} expectations met", now.now));
    if !told {
        return Err(Failure::new(Code::Internal, "stdout can't be written"));
    }
    Ok(report.met())
}

/// The failure of a scenario that could not be played to its end.
pub(crate) fn cannot_play(error: &RunError) -> Failure {
    let (RunError::Start(driver) | RunError::Step { source: driver, .. }) = error;
    match driver.get_ref().downcast_ref() {
        Some(RequestError::Unreachable { .. }) => Failure::from_error(Code::Unreachable, error)
            .hint("start a server with `exstore serve`, or leave out --control"),
        Some(RequestError::Refused(problem)) if problem.code() == Code::NotAuthorised => {
            let failure = Failure::from_error(Code::NotAuthorised, error);
            problem.hint().into_iter().fold(failure, Failure::hint)
        }
        Some(RequestError::Refused(_) | RequestError::Unknown(_)) | None => {
            Failure::from_error(Code::Internal, error)
        }
    }
}

/// The scenario sets the clock. Whoever plays it reads the journal minute by minute, and in one of them everybody may go.
fn options(seed: Seed) -> StoreOptions {
    let limits = Limits {
        journal_entries: JOURNAL_ENTRIES,
        journal_bytes: JOURNAL_BYTES,
        ..Limits::default()
    };
    StoreOptions {
        settings: Settings { limits, ..Settings::default() },
        clock: ClockMode::Manual,
        start: Some(SimTime::EPOCH),
        seed,
        rpc: Some(any_port()),
        epm: None,
        registry: None,
        directory: Directory::default(),
        capture: None,
        max_connections: max_connections(),
    }
}

pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// Journal entries of a store that is started for a scenario: a fleet of 100,000 makes seven for each on its day.
const JOURNAL_ENTRIES: usize = 1_000_000;
/// Bytes that they may weigh.
const JOURNAL_BYTES: usize = 1 << 30;
