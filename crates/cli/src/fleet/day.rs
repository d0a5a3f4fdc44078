//! `exstore fleet run`: a day of a fleet as a scenario of four steps, of which a report is made while it is played.

use clock::SimTime;
use indicatif::ProgressBar;
use simulator::{
    Advance, Apply, Audience, BlockList, Fleet, JournalReport, Progress, RunOptions, Scenario,
    Step, StepAction, StoreEvent, Tally, TimelineEntry, run as play,
};

use super::FleetRun;
use crate::exit::{Code, Failure};
use crate::http_plane::{self, HttpDriver};
use crate::journal_file::JournalFile;
use crate::progress;
use crate::report;
use crate::scenario::{Own, any_port, cannot_play, on_a_store_of_its_own};
use crate::startup::Plane;

/// Plays the day on a store of its own or on a running one, and tells what came of it.
pub(super) fn run(args: &FleetRun) -> Result<(), Failure> {
    let fleet = super::read(&args.file)?;
    let scenario = args.scenario(fleet)?;
    if let Some(url) = &args.control {
        let mut driver = http_plane::driver(url, args.token.read()?, &args.store);
        return told(args, &played(args, &scenario, &mut driver)?);
    }
    let journal = args.journal.as_deref().map(JournalFile::create).transpose()?;
    let plane = Plane { record: args.record.clone(), ..Plane::on(any_port()) };
    let own = Own { seed: args.seed, plane, journal };
    let args = args.clone();
    let work = move |url: &str| {
        let mut driver = http_plane::driver(url, None, "default");
        told(&args, &played(&args, &scenario, &mut driver)?)
    };
    on_a_store_of_its_own(own, work).map(drop)
}

impl FleetRun {
    /// The day as a scenario.
    fn scenario(&self, fleet: Fleet) -> Result<Scenario, Failure> {
        let usage = |what: &str| Err(Failure::new(Code::Usage, what));
        let lists: Vec<_> = [
            (BlockList::Processes, self.block.clone()),
            (BlockList::Versions, self.block_versions.clone()),
        ]
        .into_iter()
        .filter_map(|(list, text)| Some((list, text?)))
        .collect();
        if !lists.is_empty() && self.lasts <= self.block_after {
            return usage(
                "the lists are written after the day is over: shorten --block-after, or lengthen --for",
            );
        }
        let Some(end) = self.start.checked_add(self.lasts) else {
            return usage("the day ends later than store time goes: shorten --for");
        };
        let step = |say: &str, action| Step { say: say.to_owned(), action, refused: None };
        let mut steps = vec![step("The fleet comes.", StepAction::Fleet(Box::new(fleet.clone())))];
        if !lists.is_empty() {
            let until = StepAction::Advance(Advance::By(self.block_after));
            let block = StepAction::Block { lists, apply: Apply::NextPoll };
            steps.push(step("It works.", until));
            steps.push(step("The lists are written.", block));
        }
        steps.push(step("The day goes on to its end.", StepAction::Advance(Advance::To(end))));
        let name = if fleet.name().is_empty() { "fleet" } else { fleet.name() };
        Ok(Scenario {
            name: name.to_owned(),
            about: fleet.about().to_owned(),
            start: self.start,
            build: None,
            steps,
        })
    }
}

/// Plays the scenario, with a bar for the day on a terminal; what the journal told.
fn played(
    args: &FleetRun,
    scenario: &Scenario,
    driver: &mut HttpDriver,
) -> Result<JournalReport, Failure> {
    let options = RunOptions { transport: args.transport, keep_going: false };
    let minutes = usize::try_from(args.lasts.as_secs() / 60).unwrap_or(usize::MAX);
    progress::steps(&format!("minutes of {}", scenario.name), minutes, |bar| {
        let mut watcher = Watcher { tally: Tally::new(), start: scenario.start, bar };
        let ran = play(scenario, options, driver, &mut watcher);
        ran.map_err(|error| cannot_play(&error))?;
        Ok(watcher.tally.report())
    })
}

/// Writes the report where it is wanted.
fn told(args: &FleetRun, report: &JournalReport) -> Result<(), Failure> {
    if report::tell(report, args.html.as_deref(), args.telling.output)? {
        return Ok(());
    }
    Err(Failure::new(Code::Internal, "stdout can't be written"))
}

/// Counts what happens, and moves the bar.
struct Watcher<'a> {
    tally: Tally,
    start: SimTime,
    bar: &'a ProgressBar,
}

impl Audience for Watcher<'_> {
    fn show(&mut self, _: TimelineEntry) {}

    fn event(&mut self, event: &StoreEvent) {
        self.tally.add(event);
    }

    fn progress(&mut self, progress: Progress) {
        self.bar.set_position(progress.now.since(self.start).as_secs() / 60);
    }
}
