//! Whether a store is as a scenario expects it.

use super::Check;
use crate::build::{BuildView, FileView, facts};
use crate::driver::{ClientView, SessionView};
use crate::event::StoreEvent;
use crate::scenario::{
    BuildExpectation, ClientExpectation, EventExpectation, Expectation, FileExpectation,
    SessionExpectation,
};

/// What there is to look at.
pub(super) struct Findings<'a> {
    pub(super) sessions: Vec<SessionView>,
    pub(super) clients: Vec<ClientView>,
    pub(super) events: &'a [StoreEvent],
    /// None when the step does not look at it.
    pub(super) build: Option<BuildView>,
}

/// Looks at everything that a step expects, whether or not one of them is met.
pub(super) fn judge(step: usize, expectation: &Expectation, findings: &Findings<'_>) -> Vec<Check> {
    let sessions = expectation.sessions.iter();
    let clients = expectation.clients.iter();
    let events = expectation.events.iter();
    let unidentified = expectation.unidentified.iter();
    let judged = sessions
        .map(|expected| judge_sessions(expected, &findings.sessions))
        .chain(clients.map(|expected| judge_clients(expected, &findings.clients)))
        .chain(unidentified.map(|expected| judge_unidentified(*expected, &findings.sessions)))
        .chain(events.map(|expected| judge_events(expected, findings.events)))
        .chain(findings.build.iter().flat_map(|found| judge_build(expectation, found)));
    judged.map(|judged| judged.into_check(step)).collect()
}

/// An expectation judged.
struct Judged {
    expected: String,
    found: String,
    met: bool,
}

impl Judged {
    /// `what` is in the singular.
    fn counted(what: &str, expected: u64, found: u64) -> Self {
        Self { expected: counted(expected, what), found: found.to_string(), met: expected == found }
    }

    fn into_check(self, step: usize) -> Check {
        let Self { expected, found, met } = self;
        Check { step, expected, found, met }
    }
}

fn judge_sessions(expected: &SessionExpectation, sessions: &[SessionView]) -> Judged {
    let found = sessions.iter().filter(|session| {
        same_process(expected.process.as_deref(), session.process.as_deref())
            && same(expected.group.as_deref(), session.group.as_deref())
    });
    let what = format!(
        "session{}{}",
        of_process(expected.process.as_deref()),
        of_group(expected.group.as_deref())
    );
    Judged::counted(&what, expected.count, count(found))
}

fn judge_unidentified(expected: u64, sessions: &[SessionView]) -> Judged {
    let found = sessions.iter().filter(|session| session.process.is_none());
    Judged::counted("session without a process name", expected, count(found))
}

fn judge_clients(expected: &ClientExpectation, clients: &[ClientView]) -> Judged {
    let members: Vec<&ClientView> = clients
        .iter()
        .filter(|client| same(expected.group.as_deref(), client.group.as_deref()))
        .collect();
    let found = count(members.iter().filter(|client| {
        client.state == expected.state
            && expected.outcome.as_deref().is_none_or(|part| {
                let outcome = client.outcome.as_deref();
                outcome.is_some_and(|outcome| outcome.contains(part))
            })
    }));
    let all = count(members.iter());
    let outcome = expected.outcome.as_deref().map(|outcome| format!(" by `{outcome}`"));
    let what = format!(
        "client{} {}{}",
        of_group(expected.group.as_deref()),
        expected.state,
        outcome.unwrap_or_default()
    );
    let met = expected.count.map_or(0 < all && found == all, |count| found == count);
    Judged {
        expected: expected
            .count
            .map_or_else(|| format!("every {what}"), |count| counted(count, &what)),
        found: if met {
            found.to_string()
        } else {
            format!("{found} of {all}: {}", states(&members))
        },
        met,
    }
}

fn judge_events(expected: &EventExpectation, events: &[StoreEvent]) -> Judged {
    let of_type = |event: &&StoreEvent| event.event_type == expected.event_type;
    let found = events.iter().filter(of_type).filter(|event| {
        same_process(expected.process.as_deref(), event.process())
            && same(expected.group.as_deref(), event.field("group").text())
            && same(expected.code.as_deref(), event.field("code").field("name").text())
    });
    let found = count(found);
    let code = expected.code.as_deref().map(|code| format!(" with {code}"));
    let what = format!(
        "event `{}`{}{}{}",
        expected.event_type,
        of_process(expected.process.as_deref()),
        of_group(expected.group.as_deref()),
        code.unwrap_or_default()
    );
    match expected.count {
        Some(count) => Judged::counted(&what, count, found),
        None => Judged {
            expected: format!("at least 1 {what}"),
            found: found.to_string(),
            met: 0 < found,
        },
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

/// The states that these clients are in, each with what the first of them says of it.
fn states(clients: &[&ClientView]) -> String {
    let mut states: Vec<(&ClientView, u64)> = Vec::new();
    for client in clients {
        let known = states
            .iter_mut()
            .find(|(other, _)| (other.state, &other.outcome) == (client.state, &client.outcome));
        match known {
            Some((_, count)) => *count = count.saturating_add(1),
            None => states.push((client, 1)),
        }
    }
    let states = states.iter().map(|(client, count)| {
        let outcome = client.outcome.as_deref();
        let outcome = outcome.map(|outcome| format!(" by `{outcome}`"));
        format!("{count} {}{}", client.state, outcome.unwrap_or_default())
    });
    states.collect::<Vec<_>>().join(", ")
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

fn same(expected: Option<&str>, found: Option<&str>) -> bool {
    expected.is_none() || expected == found
}

/// Programs are compared as Windows does.
fn same_process(expected: Option<&str>, found: Option<&str>) -> bool {
    expected.is_none_or(|expected| {
        found.is_some_and(|found| found.to_uppercase() == expected.to_uppercase())
    })
}

/// `2 sessions of mdl.exe`: the first word gets its plural.
fn counted(count: u64, what: &str) -> String {
    let (noun, rest) = what.split_once(' ').unwrap_or((what, ""));
    let plural = if count == 1 { "" } else { "s" };
    let phrase = format!("{count} {noun}{plural} {rest}");
    phrase.trim_end().to_owned()
}

fn of_process(process: Option<&str>) -> String {
    process.map_or_else(String::new, |process| format!(" of {process}"))
}

fn of_group(group: Option<&str>) -> String {
    group.map_or_else(String::new, |group| format!(" in group `{group}`"))
}
