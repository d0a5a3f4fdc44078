//! Scenarios played on a store of a control plane, within its process.

use control::{RouterPlane, ScenarioDriver};
use simulator::{RunOptions, Scenario, TimelineEntry, run};
use tokio::runtime::Handle;

use super::Api;
use crate::workspace::{files, root, text};

/// Plays a scenario on a store, and gives what was shown of it.
async fn play(api: &Api, store: &str, scenario: Scenario) -> (simulator::Report, Vec<String>) {
    let plane = RouterPlane::new(api.router.clone(), Handle::current());
    let mut driver = ScenarioDriver::new(plane, store);
    let played = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        let mut show = |entry: TimelineEntry| lines.push(entry.to_string());
        let report = run(&scenario, RunOptions::default(), &mut driver, &mut show);
        (
            report
                .unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error))),
            lines,
        )
    });
    played.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_of_the_fixtures_is_met_on_a_store_beside_the_default_one() {
    let api = Api::new().await;
    api.post("/v1/stores", r#"{"name": "other", "clock": {"mode": "manual"}}"#).await;
    let before = api.events().await;
    for file in files(&root().join("fixtures/scenarios"), ".toml") {
        let scenario = Scenario::parse(&text(&file)).unwrap();
        let (report, lines) = play(&api, "other", scenario).await;
        assert!(report.met(), "{}: {}", file.display(), lines.join("\n"));
    }
    let after = api.events().await;
    assert_eq!(before, after, "nothing of it reaches another store");
}

const EVERYTHING: &str = r#"
name = "everything"
about = "Each step and each expectation that no fixture needs, on a real store."
start = "2006-04-22T08:00:00Z"

[[steps]]
say = "Clients of three kinds."
inject = [
    { process = "mdl.exe", count = 3, group = "beta" },
    { process = "OUTLOOK.EXE", count = 2, group = "outlook" },
    { client_version = "5.0.3121.0", group = "old" },
]

[[steps]]
say = "Watch only."
policy_mode = "audit"

[[steps]]
say = "Both lists, now."
block = { processes = "mdl.exe, b.exe", versions = "5.3121.0", apply = "now" }

[[steps]]
say = "Nobody is cut off, and two items are one."
expect = { lints = [{ list = "processes" }, { list = "versions", count = 0 }], poll = { processes = "text", versions = "text", changed = true, disconnected = 0, would_block = 1 }, policy = { mode = "audit", generation = 1, forbidden = 1, would_block = { at_least = 1 } }, clients = [{ state = "connected", count = 6 }], sessions = [{ client_version = "5.0.3121.0", count = 1 }, { count = { at_least = 6, at_most = 6 } }], events = [{ type = "session.would_block", client_version = "5.0.3121.0", count = 1 }] }

[[steps]]
say = "A snapshot."
snapshot = "watched"

[[steps]]
say = "In earnest."
policy_mode = "enforce"

[[steps]]
say = "The old one is out."
expect = { clients = [{ group = "old", state = "disconnected" }, { process = "MDL.EXE", state = "connected" }], events = [{ type = "session.disconnected", count = 1 }] }

[[steps]]
say = "Back."
restore = "watched"

[[steps]]
say = "It is in again, and the journal begins with that."
expect = { clients = [{ group = "old", state = "connected" }], policy = { mode = "audit" }, events = [{ type = "store.restored", count = 1 }] }

[[steps]]
say = "A short interval."
settings = { poll_interval = "5m" }

[[steps]]
say = "The list of programs goes."
unblock = { lists = ["processes", "versions"] }

[[steps]]
say = "To the next poll."
advance = { next = "poll" }

[[steps]]
say = "It found nothing."
expect = { poll = { processes = "not_found", versions = "not_found", changed = true }, policy = { forbidden = 0 } }

[[steps]]
say = "The registry can't be read."
fault = { match = { value = "Disable MAPI Client Processes" }, effect = { registry = "access_denied" } }

[[steps]]
say = "A poll that fails."
poll = true

[[steps]]
say = "It says so."
expect = { poll = { processes = "unreadable", changed = false }, events = [{ type = "poll.failed", count = 1 }] }

[[steps]]
say = "It can be read again."
clear_faults = true

[[steps]]
say = "To a time."
advance = { to = 2006-04-22T12:00:00Z }

[[steps]]
say = "Polls went on, at each their instant."
expect = { poll = { processes = "not_found" }, events = [{ type = "poll.completed", count = { at_least = 40 } }] }

[[steps]]
say = "Back in time is refused."
advance = { to = "2006-04-22T08:00:00Z" }
refused = "clock-backwards"

[[steps]]
say = "The next poll is waited for."
wait = { until = { event = { type = "poll.completed" } }, within = "10m" }

[[steps]]
say = "Events that came before the wait do not count for it."
expect = { events = [{ type = "poll.completed", count = 1 }] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_step_and_every_expectation_is_had_of_a_real_store() {
    let api = Api::new().await;
    let (report, lines) = play(&api, "default", Scenario::parse(EVERYTHING).unwrap()).await;
    assert!(report.met(), "{}", lines.join("\n"));
    assert_eq!(report.steps, Scenario::parse(EVERYTHING).unwrap().steps.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_not_met_says_why() {
    let steps = r#"{ say = "x", wait = { until = { event = { type = "session.connected" } }, within = "1h" } }"#;
    let text =
        format!("name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\nsteps = [{steps}]");
    let api = Api::new().await;
    let (report, _) = play(&api, "default", Scenario::parse(&text).unwrap()).await;
    assert!(!report.met());
    let found = &report.checks[0].found;
    assert!(found.contains("0 session.connected, at least 1 wanted"), "{found}");
}

/// A journal of a hundred entries, a day with hundreds: each is seen, since the day is made in slices.
#[tokio::test(flavor = "multi_thread")]
async fn no_event_of_a_long_day_is_missed_though_the_journal_holds_few() {
    let mut options = super::options();
    options.settings.limits.journal_entries = 100;
    let api = Api::with(options, control::ControlLimits::default()).await;
    let steps = r#"
        { say = "polls", settings = { poll_interval = "1m" } },
        { say = "a day", advance = "1d" },
        { say = "all", expect = { events = [{ type = "poll.completed", count = 1440 }] } }"#;
    let text =
        format!("name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\nsteps = [{steps}]");
    let (report, lines) = play(&api, "default", Scenario::parse(&text).unwrap()).await;
    assert!(report.met(), "{}", lines.join("\n"));
}
