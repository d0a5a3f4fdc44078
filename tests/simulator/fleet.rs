//! What a fleet can be, whom it comes to, and how it is told that it can't.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator::{Catalogue, ClientMode, Fleet, Program, Reaction, Span};

use crate::workspace::{files, root};

fn fleet(text: &str) -> Fleet {
    Fleet::parse(text).unwrap()
}

/// The clients in one group with these lines.
fn clients(lines: &str, seed: u64) -> Vec<Program> {
    let fleet = fleet(&format!("[[groups]]\nname = \"all\"\n{lines}"));
    fleet.members(seed).map(|member| member.program).collect()
}

fn counted<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    keys.fold(BTreeMap::new(), |mut counts, key| {
        *counts.entry(key).or_default() += 1;
        counts
    })
}

#[test]
fn every_fleet_of_the_fixtures_is_read_and_is_written_as_it_is_read() {
    let files = files(&root().join("fixtures/fleets"), ".toml");
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let fleet = Fleet::parse(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let json = serde_json::to_value(&fleet).unwrap();
        assert_eq!(serde_json::from_value::<Fleet>(json).unwrap(), fleet, "{path:?}");
        assert!(!fleet.about().is_empty(), "{path:?}");
    }
}

#[test]
fn the_reference_day_has_a_hundred_thousand_clients_of_ten_calls_each() {
    let text = std::fs::read_to_string(root().join("fixtures/fleets/reference-day.toml")).unwrap();
    let fleet = fleet(&text);
    assert_eq!((fleet.clients(), fleet.connections()), (100_000, 100_000));
    for group in fleet.groups() {
        let habits = serde_json::to_value(&**group.habits()).unwrap();
        assert_eq!(habits["rops"], 10, "{}", group.name());
    }
}

#[test]
fn every_program_of_the_catalogue_can_be_named_and_says_its_name_where_it_would() {
    let catalogue = Catalogue::of_the_fixtures();
    assert_eq!(catalogue.programs().count(), 55);
    for program in catalogue.programs() {
        let text = format!(
            "[[groups]]\nname = \"g\"\nclients = 1\nprogram = \"{}\"",
            program.name.to_uppercase()
        );
        let parsed = Fleet::parse(&text);
        assert_eq!(parsed.is_ok(), program.connects, "{}", program.name);
        let Ok(fleet) = parsed else { continue };
        let member = fleet.members(1).next().unwrap();
        let says = member.program.machine().spec().process().cloned();
        assert_eq!(says, program.process, "{}", program.name);
    }
    let known = |name: &str| catalogue.program(name).unwrap().process.is_some();
    assert!(known("outlook.exe") && !known("store.exe"));
}

#[test]
fn a_program_says_its_name_only_with_a_version_that_can() {
    let shares =
        "versions = [{ client_version = \"11.0.5608.0\" }, { client_version = \"5.0.3121.0\" }]";
    let members = clients(&format!("clients = 200\nprogram = \"OUTLOOK.EXE\"\n{shares}"), 1);
    for program in members {
        let spec = program.machine().spec();
        assert_eq!(spec.process().is_some(), spec.client_version().has_auxiliary_buffer());
    }
}

#[test]
fn versions_and_modes_are_mixed_by_their_weights() {
    let members = clients(
        "clients = 10_000\nprocess = \"a.exe\"\nmodes = { cached = 4, classic = 1 }\n\
         versions = [{ client_version = \"11.0.5608.0\", weight = 3 }, { client_version = \"11.0.8173.0\" }]",
        7,
    );
    let modes = counted(
        members.iter().map(|program| program.machine().spec().mode() == ClientMode::Cached),
    );
    let versions = counted(
        members.iter().map(|program| program.machine().spec().client_version().to_string()),
    );
    let near = |found: usize, wanted: usize| found.abs_diff(wanted) < 200;
    assert!(near(modes[&true], 8_000), "{modes:?}");
    assert!(near(versions["11.0.5608.0"], 7_500), "{versions:?}");
}

#[test]
fn one_seed_gives_one_fleet_and_another_seed_another() {
    let lines = "clients = 100\nmodes = { cached = 1, classic = 1 }\narrive = { over = \"1h\", spread = \"random\" }";
    let made = |seed| {
        let members = clients(lines, seed);
        members.iter().map(|program| format!("{program:?}")).collect::<Vec<_>>()
    };
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
}

#[test]
fn a_client_s_connections_are_of_one_program_that_comes_once() {
    let mut members = clients(
        "clients = 3\nconnections = 2\nprocess = \"a.exe\"\narrive = { over = \"1h\", spread = \"random\" }",
        5,
    );
    assert_eq!(members.len(), 6);
    let now = super::pipe::NOW;
    for program in &mut members {
        program.connect(now);
    }
    let shown: Vec<_> = members
        .iter()
        .map(|program| (program.machine().spec().user().to_string(), program.poll_timeout()))
        .collect();
    let users: Vec<_> = shown.iter().map(|(user, _)| user.as_str()).collect();
    assert_eq!(users, ["user1", "user1", "user2", "user2", "user3", "user3"]);
    assert!(shown.chunks(2).all(|pair| pair[0] == pair[1] && pair[0].1 > Some(now)));
    assert_ne!(shown[0].1, shown[2].1);
}

#[test]
fn arrivals_are_spread_evenly_unless_told() {
    let mut members = clients("clients = 4\narrive = { after = \"10m\", over = \"1h\" }", 1);
    let now = super::pipe::NOW;
    let minutes: Vec<u64> = members
        .iter_mut()
        .map(|program| {
            program.connect(now);
            program.poll_timeout().unwrap().since(now).as_secs() / 60
        })
        .collect();
    assert_eq!(minutes, [10, 25, 40, 55]);
}

#[test]
fn what_is_no_fleet_is_refused_with_its_place_and_what_to_do() {
    let group = |lines: &str| format!("[[groups]]\nname = \"g\"\nclients = 2\n{lines}\n");
    let rows = [
        (String::new(), "line 1, column 1: missing field `groups`"),
        ("groups = []".to_owned(), "the fleet has no clients"),
        (group("proces = \"a.exe\""), "line 4, column 1: unknown field `proces`"),
        (group("program = \"OUTLOK.EXE\""), "did you mean `OUTLOOK.EXE`?"),
        (group("program = \"ExMon.exe\""), "which opens no MAPI session"),
        (group("program = \"OUTLOOK.EXE\"\nprocess = \"a.exe\""), "both name a program"),
        (group("process = \"a.exe\"\nclient_version = \"5.0.3121.0\""), "has no way to say so"),
        (group("connections = 17"), "group `g`: `connections` is 17: use 1 to 16"),
        (group("modes = {}"), "`modes` has no weight"),
        (group("mode = \"cached\"\nmodes = { cached = 1 }"), "leave one out"),
        (
            group("versions = [{ client_version = \"11.0.1.0\", weight = 0 }]"),
            "weight of `11.0.1.0`",
        ),
        (group("rops = 10"), "give `think` or `rops_per_minute`"),
        (group("think = \"10s\"\nrops_per_minute = 6"), "both say how often"),
        (group("think = \"0s\""), "store time would stand still"),
        (group("rops_per_minute = 0"), "`rops_per_minute` is 0: use 0.0001 to 60000"),
        (group("think = { from = \"2m\", to = \"1m\" }"), "line 4, column 9: `from` is `2m`"),
        (group("lifetime = \"8 hours\""), "line 4"),
        (group("on_refused = { reconnect = \"often\" }"), "unknown variant `often`"),
        (group("on_refused = { reconnect = \"fixed\", factor = 2 }"), "`factor` says nothing with"),
        (group("on_refused = { reconnect = \"rename\" }"), "a `rename` needs `process`"),
        (group("on_refused = { reconnect = \"fall_back\" }"), "needs `client_version`"),
        (group("on_refused = { reconnect = \"storm\", delay = \"0s\" }"), "at least `1ms`"),
        (group("on_refused = { reconnect = \"storm\", attempts = 0 }"), "`attempts` is 0"),
        (
            group("on_refused = { reconnect = \"back_off\", delay = \"1h\" }"),
            "`at_most` is `15m`, less than the first `delay` of `1h`",
        ),
        (group("on_refused = { reconnect = \"back_off\", jitter = 2 }"), "`jitter` is 2: use 0"),
        (group("on_refused = { reconnect = \"back_off\", factor = nan }"), "`factor` is NaN"),
        (group("") + &group(""), "two groups are called `g`"),
        (
            group(&format!("versions = [{}]", "{ client_version = \"11.0.1.0\" },".repeat(101))),
            "there are 101 `versions`: use at most 100",
        ),
        (group("").repeat(1_001), "there are 1001 groups: use at most 1000"),
        (
            "[[groups]]\nname = \"g\"\nclients = 100_000\nconnections = 2".to_owned(),
            "200000 connections together: a store takes 100000",
        ),
    ];
    for (text, expected) in rows {
        let error = Fleet::parse(&text).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}\ndoes not say\n{expected}");
    }
}

#[test]
fn reactions_are_written_as_they_are_read() {
    let rows = [
        r#"{"reconnect":"none"}"#,
        r#"{"reconnect":"fixed","delay":"30s"}"#,
        r#"{"reconnect":"fixed","delay":{"from":"10s","to":"20s"},"attempts":3}"#,
        r#"{"reconnect":"back_off","delay":"1s","factor":1.5,"at_most":"10m","jitter":0.25}"#,
        r#"{"reconnect":"storm","delay":"250ms","attempts":9}"#,
        r#"{"reconnect":"rename","delay":"1m","process":"b{k}.exe"}"#,
        r#"{"reconnect":"fall_back","delay":"1m","client_version":"5.0.3121.0"}"#,
    ];
    for row in rows {
        let reaction: Reaction = serde_json::from_str(row).unwrap();
        assert_eq!(serde_json::to_string(&reaction).unwrap(), row);
        assert_eq!(reaction.is_none(), row.contains("none"), "{row}");
    }
    assert_eq!(serde_json::from_str::<Reaction>("{}").unwrap(), Reaction::default());
    let span: Span = serde_json::from_str("\"90s\"").unwrap();
    assert_eq!(span, Span::exactly(Duration::from_secs(90)));
}
