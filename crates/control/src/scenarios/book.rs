//! The scenarios of each store, and their runs: what the control plane remembers of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use server::{StoreHandle, Stores};
use simulator::Scenario;

use super::run::Run;
use crate::problem::{Problem, ProblemType};

/// Scenarios that a store holds.
pub(super) const MOST_SCENARIOS: usize = 100;

/// Runs of a scenario that are remembered; the oldest that are over go first.
const MOST_RUNS: usize = 20;

/// Bytes of a scenario's text.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// Everything that is remembered of scenarios.
#[derive(Default)]
pub(crate) struct Books {
    books: Mutex<Vec<Book>>,
}

/// The scenarios of one store. They stay over its resets, and go with it.
struct Book {
    name: String,
    store: StoreHandle,
    scenarios: BTreeMap<String, Kept>,
    /// The run that is under way, or the last that was.
    last: Option<Arc<Run>>,
}

/// A scenario with its runs.
pub(super) struct Kept {
    pub(super) scenario: Arc<Scenario>,
    /// As it was sent.
    pub(super) text: String,
    /// Whether that is TOML, and not JSON.
    pub(super) is_toml: bool,
    pub(super) runs: VecDeque<Arc<Run>>,
    /// The number of the next run.
    next: u64,
}

impl Kept {
    pub(super) fn new(scenario: Scenario, text: String, is_toml: bool) -> Self {
        Self { scenario: Arc::new(scenario), text, is_toml, runs: VecDeque::new(), next: 1 }
    }
}

impl Books {
    /// Does something with the scenarios of a store.
    fn with<T>(
        &self,
        stores: &Stores,
        (name, store): (&str, &StoreHandle),
        work: impl FnOnce(&mut Book) -> T,
    ) -> T {
        let mut books = self.lock();
        // Those of stores that are no more go with them.
        books.retain(|book| stores.get(&book.name).is_some_and(|store| store.is(&book.store)));
        if let Some(book) = books.iter_mut().find(|book| book.store.is(store)) {
            return work(book);
        }
        let mut book = Book {
            name: name.to_owned(),
            store: store.clone(),
            scenarios: BTreeMap::new(),
            last: None,
        };
        let done = work(&mut book);
        books.push(book);
        done
    }

    /// The list is whole after each use, so a poisoned lock still guards a good one.
    fn lock(&self) -> MutexGuard<'_, Vec<Book>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at each scenario of a store, by name, after one of them.
    pub(super) fn list<T>(
        &self,
        stores: &Stores,
        store: (&str, &StoreHandle),
        look: impl FnOnce(&mut dyn Iterator<Item = (&String, &Kept)>) -> T,
    ) -> T {
        self.with(stores, store, |book| look(&mut book.scenarios.iter()))
    }

    /// Looks at a scenario.
    pub(super) fn read<T>(
        &self,
        stores: &Stores,
        store: (&str, &StoreHandle),
        name: &str,
        look: impl FnOnce(&Kept) -> T,
    ) -> Result<T, Problem> {
        self.with(stores, store, |book| book.scenarios.get(name).map(look))
            .ok_or_else(|| no_scenario(name))
    }

    /// Keeps a scenario under its name.
    pub(super) fn add(
        &self,
        stores: &Stores,
        store: (&str, &StoreHandle),
        kept: Kept,
    ) -> Result<(), Problem> {
        self.with(stores, store, |book| {
            let name = kept.scenario.name.clone();
            if book.scenarios.contains_key(&name) {
                let detail = format!("there is a scenario `{name}` already");
                return Err(Problem::new(ProblemType::ScenarioExists, detail)
                    .hint("DELETE it first, or give this one another name"));
            }
            if MOST_SCENARIOS <= book.scenarios.len() {
                let detail = format!("the store holds {MOST_SCENARIOS} scenarios");
                return Err(Problem::new(ProblemType::TooManyScenarios, detail));
            }
            book.scenarios.insert(name, kept);
            Ok(())
        })
    }

    /// Forgets a scenario with its runs, where `may` lets it. One that is under way is cancelled.
    pub(super) fn remove(
        &self,
        stores: &Stores,
        store: (&str, &StoreHandle),
        (name, may): (&str, impl FnOnce(&Kept) -> Result<(), Problem>),
    ) -> Result<(), Problem> {
        let gone = self.with(stores, store, |book| {
            let kept = book.scenarios.get(name).ok_or_else(|| no_scenario(name))?;
            may(kept)?;
            book.scenarios.remove(name).ok_or_else(|| no_scenario(name))
        })?;
        gone.runs.iter().for_each(|run| run.cancel());
        Ok(())
    }

    /// Begins a run of a scenario, unless one is under way on the store.
    pub(super) fn begin(
        &self,
        stores: &Stores,
        (path, store): (&str, &StoreHandle),
        name: &str,
    ) -> Result<(Arc<Run>, Arc<Scenario>), Problem> {
        self.with(stores, (path, store), |book| {
            let Some(kept) = book.scenarios.get_mut(name) else { return Err(no_scenario(name)) };
            if let Some(run) = book.last.as_ref().filter(|run| !run.is_over()) {
                let detail = format!("run {} of `{}` is under way", run.number, run.scenario);
                return Err(Problem::new(ProblemType::ScenarioRunning, detail)
                    .hint("wait for its end, or DELETE it"));
            }
            let run = Arc::new(Run::new(kept.next, &kept.scenario, *store.follow().borrow()));
            kept.next = kept.next.saturating_add(1);
            if MOST_RUNS <= kept.runs.len() {
                kept.runs.pop_front();
            }
            kept.runs.push_back(Arc::clone(&run));
            book.last = Some(Arc::clone(&run));
            Ok((run, Arc::clone(&kept.scenario)))
        })
    }

    /// A run of a scenario.
    pub(super) fn run(
        &self,
        stores: &Stores,
        store: (&str, &StoreHandle),
        (name, number): (&str, &str),
    ) -> Result<Arc<Run>, Problem> {
        let wanted = number.parse().ok();
        let found = self.read(stores, store, name, |kept| {
            kept.runs.iter().find(|run| Some(run.number) == wanted).cloned()
        })?;
        found.ok_or_else(|| {
            let detail = format!("scenario `{name}` has no run `{number}`");
            Problem::new(ProblemType::ScenarioRunNotFound, detail)
        })
    }
}

fn no_scenario(name: &str) -> Problem {
    let name: String = name.chars().take(100).collect();
    Problem::new(ProblemType::ScenarioNotFound, format!("there is no scenario `{name}`"))
}
