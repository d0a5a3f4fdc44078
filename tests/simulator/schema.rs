//! The JSON Schema of scenarios, and the texts that it refuses with the parser. A validator of others holds it against files:
//! `foreign::a_validator_of_others_agrees_with_the_parser_about_scenarios`.

use serde_json::Value;
use simulator::{Scenario, schema};

const HEAD: &str = "about = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\n";

/// A name, and what is wrong with a scenario by its shape alone: the schema can say it.
pub(crate) const BROKEN: &[(&str, &str)] = &[
    ("no-steps", ""),
    ("no-sentence", "steps = [{ poll = true }]"),
    ("no-action", "steps = [{ say = \"x\" }]"),
    ("two-actions", "steps = [{ say = \"x\", poll = true, restart = true }]"),
    ("an-unknown-action", "steps = [{ say = \"x\", await = true }]"),
    ("no-poll", "steps = [{ say = \"x\", poll = false }]"),
    ("a-bad-duration", "steps = [{ say = \"x\", advance = \"15\" }]"),
    ("an-advance-to-nothing", "steps = [{ say = \"x\", advance = {} }]"),
    (
        "two-advances",
        "steps = [{ say = \"x\", advance = { next = \"poll\", to = 2006-04-22T09:00:00Z } }]",
    ),
    ("an-advance-to-no-time", "steps = [{ say = \"x\", advance = { to = \"noon\" } }]"),
    ("nobody", "steps = [{ say = \"x\", inject = [] }]"),
    ("a-bad-count", "steps = [{ say = \"x\", inject = [{ count = 0 }] }]"),
    ("too-great-a-count", "steps = [{ say = \"x\", inject = [{ count = 100001 }] }]"),
    ("a-bad-version", "steps = [{ say = \"x\", inject = [{ client_version = \"11\" }] }]"),
    ("an-unknown-field", "steps = [{ say = \"x\", inject = [{ proces = \"a.exe\" }] }]"),
    ("an-unknown-mode", "steps = [{ say = \"x\", inject = [{ mode = \"online\" }] }]"),
    ("a-bad-build", "steps = [{ say = \"x\", install_build = \"SP2\" }]"),
    ("a-cluster-that-is-none", "steps = [{ say = \"x\", cluster = \"yes\" }]"),
    ("a-failover-to-something-else", "steps = [{ say = \"x\", fail_over = \"NODE2\" }]"),
    ("a-value-of-no-type", "steps = [{ say = \"x\", set_value = { name = \"n\", data = true } }]"),
    ("a-value-without-data", "steps = [{ say = \"x\", set_value = { name = \"n\" } }]"),
    ("a-list-that-is-none", "steps = [{ say = \"x\", unblock = { lists = [\"programs\"] } }]"),
    ("no-list", "steps = [{ say = \"x\", unblock = { lists = [] } }]"),
    (
        "a-block-some-time",
        "steps = [{ say = \"x\", block = { processes = \"a\", apply = \"soon\" } }]",
    ),
    ("a-block-of-nothing", "steps = [{ say = \"x\", block = {} }]"),
    ("a-mode-that-is-none", "steps = [{ say = \"x\", policy_mode = \"off\" }]"),
    ("a-fault-without-an-effect", "steps = [{ say = \"x\", fault = { match = {} } }]"),
    ("a-wait-without-an-end", "steps = [{ say = \"x\", wait = { until = { quiescent = true } } }]"),
    ("nothing-expected", "steps = [{ say = \"x\", expect = {} }]"),
    (
        "a-state-that-is-none",
        "steps = [{ say = \"x\", expect = { clients = [{ state = \"gone\" }] } }]",
    ),
    ("sessions-without-a-count", "steps = [{ say = \"x\", expect = { sessions = [{}] } }]"),
    ("fewer-than-none", "steps = [{ say = \"x\", expect = { unidentified = -1 } }]"),
    ("bounds-that-are-none", "steps = [{ say = \"x\", expect = { unidentified = {} } }]"),
    (
        "an-unknown-event",
        "steps = [{ say = \"x\", expect = { events = [{ type = \"session.lost\" }] } }]",
    ),
    ("a-poll-of-nothing", "steps = [{ say = \"x\", expect = { poll = {} } }]"),
    ("a-build-of-nothing", "steps = [{ say = \"x\", expect = { build = {} } }]"),
];

/// The text of a broken scenario.
pub(crate) fn broken(name: &str, rest: &str) -> String {
    format!("name = \"{name}\"\n{HEAD}{rest}\n")
}

#[test]
fn what_the_schema_refuses_the_parser_refuses() {
    for (name, rest) in BROKEN {
        assert!(Scenario::parse(&broken(name, rest)).is_err(), "{name}");
    }
}

/// Whoever writes a file in an editor is told what each field is.
#[test]
fn every_field_of_the_schema_is_described() {
    fn look(place: &str, schema: &Value, silent: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            if property["description"].is_null() {
                silent.push(place.clone());
            }
            look(&place, property, silent);
        }
    }
    let schema = schema();
    let mut silent = Vec::new();
    look("", &schema, &mut silent);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        look(name, definition, &mut silent);
    }
    assert_eq!(silent, Vec::<String>::new());
}
