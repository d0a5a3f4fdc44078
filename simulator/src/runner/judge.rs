//! Whether a store is as a scenario expects it.

use super::Check;
use super::caused::Caused;
use crate::build::{BuildView, FileView, facts};
use crate::driver::{
    BlockList, ClientTally, DriverError, OfProcess, PolicyMode, PolicyView, PollView, Reading,
    Selection, StoreDriver,
};
use crate::scenario::{
    Amount, BuildExpectation, ClientExpectation, EventExpectation, Expectation, FileExpectation,
    LintExpectation, PolicyExpectation, PollExpectation, SessionExpectation,
};

/// Looks at everything that a step expects, whether or not one of them is met. `poll` is the last that is over.
pub(super) fn judge(
    expectation: &Expectation,
    driver: &mut dyn StoreDriver,
    caused: &Caused<'_>,
    poll: Option<&PollView>,
) -> Result<Vec<Judged>, DriverError> {
    let mut judged = Vec::new();
    for expected in &expectation.sessions {
        judged.push(judge_sessions(expected, driver)?);
    }
    for expected in &expectation.clients {
        judged.push(judge_clients(expected, driver)?);
    }
    if let Some(expected) = expectation.unidentified {
        let unnamed = Selection { process: OfProcess::Unnamed, ..Selection::default() };
        let found = driver.count_sessions(&unnamed)?;
        judged.push(Judged::counted("session without a process name", expected, found));
    }
    judged.extend(expectation.events.iter().map(|expected| judge_events(expected, caused)));
    for expected in &expectation.lints {
        judged.push(judge_lints(expected, &driver.lints(expected.list)?));
    }
    judged.extend(expectation.poll.iter().map(|expected| judge_poll(expected, poll)));
    if let Some(expected) = &expectation.policy {
        judged.push(judge_policy(expected, driver.policy()?));
    }
    if expectation.looks_at_build() {
        judged.extend(judge_build(expectation, &driver.build()?));
    }
    Ok(judged)
}

/// An expectation judged.
pub(super) struct Judged {
    expected: String,
    found: String,
    met: bool,
}

impl Judged {
    /// `what` is in the singular.
    fn counted(what: &str, expected: Amount, found: u64) -> Self {
        Self {
            expected: counted(expected, what),
            found: found.to_string(),
            met: expected.has(found),
        }
    }

    pub(super) fn into_check(self, step: usize) -> Check {
        let Self { expected, found, met } = self;
        Check { step, expected, found, met }
    }
}

fn judge_sessions(
    expected: &SessionExpectation,
    driver: &mut dyn StoreDriver,
) -> Result<Judged, DriverError> {
    let SessionExpectation { process, group, client_version, count } = expected;
    let which = Selection {
        process: OfProcess::named(process.as_deref()),
        group: group.clone(),
        client_version: *client_version,
        state: None,
    };
    let found = driver.count_sessions(&which)?;
    Ok(Judged::counted(&format!("session{}", of(&which)), *count, found))
}

fn judge_clients(
    expected: &ClientExpectation,
    driver: &mut dyn StoreDriver,
) -> Result<Judged, DriverError> {
    let ClientExpectation { process, group, state, outcome, count } = expected;
    let all = Selection {
        process: OfProcess::named(process.as_deref()),
        group: group.clone(),
        ..Selection::default()
    };
    let by = outcome.as_deref().map(|outcome| format!(" by `{outcome}`")).unwrap_or_default();
    let what = format!("client{} {state}{by}", of(&all));
    let wanted = count.map_or_else(|| format!("every {what}"), |count| counted(count, &what));
    let is_met = |found: u64, all: u64| {
        count.map_or(0 < all && found == all, |count: Amount| count.has(found))
    };
    if outcome.is_none() {
        // Counted where they are.
        let there = driver.count_clients(&Selection { state: Some(*state), ..all.clone() })?;
        let total = driver.count_clients(&all)?;
        if is_met(there, total) {
            return Ok(Judged { expected: wanted, found: there.to_string(), met: true });
        }
    }
    let tally = driver.tally_clients(&all)?;
    let sum = |places: &mut dyn Iterator<Item = &ClientTally>| {
        places.fold(0_u64, |sum, place| sum.saturating_add(place.count))
    };
    let found = sum(&mut tally.iter().filter(|place| {
        let part = outcome.as_deref();
        let has = |part| place.outcome.as_deref().is_some_and(|outcome| outcome.contains(part));
        place.state == *state && part.is_none_or(has)
    }));
    let total = sum(&mut tally.iter());
    let met = is_met(found, total);
    Ok(Judged {
        expected: wanted,
        found: if met {
            found.to_string()
        } else {
            format!("{found} of {total}: {}", places(&tally))
        },
        met,
    })
}

fn judge_events(expected: &EventExpectation, caused: &Caused<'_>) -> Judged {
    let which = Selection {
        process: OfProcess::named(expected.process.as_deref()),
        group: expected.group.clone(),
        client_version: expected.client_version,
        state: None,
    };
    let code = expected.code.as_deref().map(|code| format!(" with {code}")).unwrap_or_default();
    let what = format!("event `{}`{}{code}", expected.event_type, of(&which));
    let amount = expected.count.unwrap_or(Amount::at_least(1));
    Judged::counted(&what, amount, caused.count(expected))
}

fn judge_lints(expected: &LintExpectation, codes: &[String]) -> Judged {
    let LintExpectation { list, code, count } = expected;
    let found = codes.iter().filter(|found| code.is_none() || code.as_ref() == Some(found));
    let found = u64::try_from(found.count()).unwrap_or(u64::MAX);
    let named = code.as_deref().map(|code| format!(" `{code}`")).unwrap_or_default();
    let what = format!("lint{named} of the {}", list_words(*list));
    let mut judged = Judged::counted(&what, count.unwrap_or(Amount::at_least(1)), found);
    if !judged.met && !codes.is_empty() {
        judged.found = format!("{found} of {}: {}", codes.len(), codes.join(", "));
    }
    judged
}

fn judge_poll(expected: &PollExpectation, found: Option<&PollView>) -> Judged {
    let PollExpectation { processes, versions, changed, generation, disconnected, would_block } =
        expected;
    let read = |list| {
        let read = found.and_then(|poll| poll.reads.iter().find(|read| read.list == list));
        read.map(|read| reading_words(list, read.reading))
    };
    let facts = [
        Fact::same(
            processes.map(|reading| reading_words(BlockList::Processes, reading)),
            read(BlockList::Processes),
        ),
        Fact::same(
            versions.map(|reading| reading_words(BlockList::Versions, reading)),
            read(BlockList::Versions),
        ),
        Fact::same(changed.map(change_words), found.map(|poll| change_words(poll.changed))),
        Fact::counted("generation", *generation, found.map(|poll| poll.generation)),
        Fact::counted("disconnected", *disconnected, found.map(|poll| poll.disconnected)),
        Fact::counted("would be blocked", *would_block, found.map(|poll| poll.would_block)),
    ];
    let judged = Fact::all("the last poll", facts);
    if found.is_some() { judged } else { Judged { found: "no poll yet".to_owned(), ..judged } }
}

fn judge_policy(expected: &PolicyExpectation, found: PolicyView) -> Judged {
    let PolicyExpectation { mode, generation, forbidden, would_block } = *expected;
    let facts = [
        Fact::same(mode.map(mode_words), Some(mode_words(found.mode))),
        Fact::counted("generation", generation, Some(found.generation)),
        Fact::counted("forbidden", forbidden, Some(found.forbidden)),
        Fact::counted("would be blocked", would_block, Some(found.would_block)),
    ];
    Fact::all("the policy", facts)
}

/// One of several things that are expected of one thing.
struct Fact {
    /// None when nothing is.
    expected: Option<String>,
    found: String,
    met: bool,
}

impl Fact {
    fn same(expected: Option<String>, found: Option<String>) -> Self {
        let met = expected.is_none() || expected == found;
        Self { expected, found: found.unwrap_or_default(), met }
    }

    fn counted(what: &str, expected: Option<Amount>, found: Option<u64>) -> Self {
        let met = expected.is_none_or(|amount| found.is_some_and(|found| amount.has(found)));
        let found = found.map(|found| format!("{what} {found}"));
        Self {
            expected: expected.map(|amount| format!("{what} {amount}")),
            found: found.unwrap_or_default(),
            met,
        }
    }

    /// Everything that is expected of `what`, and what was found in its place.
    fn all<const N: usize>(what: &str, facts: [Self; N]) -> Judged {
        let met = facts.iter().all(|fact| fact.met);
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        for fact in facts {
            if let Some(wanted) = fact.expected {
                expected.push(wanted);
                found.push(fact.found);
            }
        }
        let expected = format!("{what}: {}", expected.join(", "));
        Judged { expected, found: found.join(", "), met }
    }
}

fn judge_build(expected: &Expectation, found: &BuildView) -> Vec<Judged> {
    let build = expected.build.iter().map(|expected| judge_number(expected, found));
    let files = expected.files.iter().map(|expected| judge_file(expected, &found.files));
    build.chain(files).collect()
}

fn judge_number(expected: &BuildExpectation, found: &BuildView) -> Judged {
    let BuildExpectation { installed, running } = *expected;
    let words = |installed: Option<_>, running: Option<_>| {
        let installed = installed.map(|build| format!("build {build} installed"));
        let running = running.map(|build| format!("build {build} running"));
        let words: Vec<String> = [installed, running].into_iter().flatten().collect();
        words.join(", ")
    };
    Judged {
        expected: words(installed, running),
        found: words(Some(found.installed), Some(found.running)),
        met: installed.is_none_or(|build| build == found.installed)
            && running.is_none_or(|build| build == found.running),
    }
}

fn judge_file(expected: &FileExpectation, files: &[FileView]) -> Judged {
    let FileExpectation { name, version, bytes, built } = expected;
    let of_name = files.iter().find(|file| file.name.eq_ignore_ascii_case(name));
    let known = |facts: [Option<String>; 3]| {
        facts.into_iter().flatten().map(|fact| format!(", {fact}")).collect::<String>()
    };
    Judged {
        expected: format!("{name}{}", known(facts(*version, *bytes, *built))),
        found: of_name.map_or_else(
            || "no such file".to_owned(),
            |file| format!("{}{}", file.name, known(facts(file.version, file.bytes, file.built))),
        ),
        met: of_name.is_some_and(|file| {
            (version.is_none() || *version == file.version)
                && (bytes.is_none() || *bytes == file.bytes)
                && (built.is_none() || *built == file.built)
        }),
    }
}

/// Where these clients stand, and by what.
fn places(tally: &[ClientTally]) -> String {
    let places = tally.iter().map(|ClientTally { state, outcome, count }| {
        let outcome = outcome.as_deref().map(|outcome| format!(" by `{outcome}`"));
        format!("{count} {state}{}", outcome.unwrap_or_default())
    });
    places.collect::<Vec<_>>().join(", ")
}

pub(super) fn same(expected: Option<&str>, found: Option<&str>) -> bool {
    expected.is_none() || expected == found
}

/// Programs are compared as Windows does.
pub(super) fn same_process(expected: Option<&str>, found: Option<&str>) -> bool {
    expected.is_none_or(|expected| {
        found.is_some_and(|found| found.to_uppercase() == expected.to_uppercase())
    })
}

/// `2 sessions of mdl.exe`: the first word gets its plural.
fn counted(count: Amount, what: &str) -> String {
    let (noun, rest) = what.split_once(' ').unwrap_or((what, ""));
    let is_one = count == Amount::exactly(1) || count == Amount::at_least(1);
    let plural = if is_one { "" } else { "s" };
    let phrase = format!("{count} {noun}{plural} {rest}");
    phrase.trim_end().to_owned()
}

/// Which ones are meant, in words.
fn of(which: &Selection) -> String {
    let process = match &which.process {
        OfProcess::Any => String::new(),
        OfProcess::Unnamed => " without a process name".to_owned(),
        OfProcess::Named(process) => format!(" of {process}"),
    };
    let version = which.client_version.map(|version| format!(" of version {version}"));
    let group = which.group.as_deref().map(|group| format!(" in group `{group}`"));
    format!("{process}{}{}", version.unwrap_or_default(), group.unwrap_or_default())
}

fn list_words(list: BlockList) -> &'static str {
    match list {
        BlockList::Processes => "process list",
        BlockList::Versions => "version list",
    }
}

fn reading_words(list: BlockList, reading: Reading) -> String {
    let read = match reading {
        Reading::Text => "text",
        Reading::NotFound => "not there",
        Reading::Invalid => "no text",
        Reading::Unreadable => "unreadable",
        Reading::NotWatched => "not watched",
    };
    format!("the {} {read}", list_words(list))
}

fn change_words(changed: bool) -> String {
    let words = if changed { "another policy" } else { "the same policy" };
    words.to_owned()
}

fn mode_words(mode: PolicyMode) -> String {
    let words = match mode {
        PolicyMode::Enforce => "enforced",
        PolicyMode::Audit => "watched only",
    };
    words.to_owned()
}
