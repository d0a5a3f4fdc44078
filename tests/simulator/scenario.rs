//! Scenario files: what they say, and where they are wrong.

use std::time::Duration;

use simulator::{Advance, ClusterMode, RegistryData, Scenario, StepAction, Transport};

use crate::workspace::{files, root, text};

const HEAD: &str = "name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\n";

fn parse(steps: &str) -> Result<Scenario, String> {
    Scenario::parse(&format!("{HEAD}{steps}")).map_err(|error| error.to_string())
}

#[test]
fn every_action_is_read() {
    let scenario = parse(
        r#"
steps = [
    { say = "1", inject = [{ process = "a.exe", count = 3, transport = "tcp", group = "g" }, {}] },
    { say = "2", connect = { group = "g" } },
    { say = "3", disconnect = { group = "g" } },
    { say = "4", report = { group = "g", process = "b.exe" } },
    { say = "5", touch = { group = "g" } },
    { say = "6", set_value = { name = "n", data = "d" } },
    { say = "7", delete_value = { name = "n" } },
    { say = "8", advance = "1h30m" },
    { say = "9", poll = true },
    { say = "10", expect = { unidentified = 0 } },
    { say = "11", set_value = { name = "n", type = "REG_MULTI_SZ", data = ["a", "b"] } },
    { say = "12", install_build = "6.5.7638" },
    { say = "13", install_hotfix = true, refused = "hotfix-needs-sp2" },
    { say = "14", restart = true },
    { say = "15", cluster = "checkpointed" },
    { say = "16", fail_over = true },
    { say = "17", fail_over = { to = "NODE2" } },
    { say = "18", expect = { build = { running = "6.5.7638" }, files = [{ name = "Store.exe", bytes = 5256704 }] } },
]"#,
    )
    .unwrap();
    assert_eq!(scenario.start.to_string(), "2006-04-22T08:00:00Z");
    let said: Vec<_> = scenario.steps.iter().map(|step| step.say.as_str()).collect();
    assert_eq!(said, (1..=18).map(|number| number.to_string()).collect::<Vec<_>>());
    let StepAction::Inject(entries) = &scenario.steps[0].action else {
        panic!("{:?}", scenario.steps[0])
    };
    assert_eq!((entries[0].count, entries[0].transport), (3, Transport::Tcp));
    assert_eq!((entries[1].count, entries[1].transport), (1, Transport::Pipe));
    assert_eq!(entries[1].spec.process(), None);
    let ninety_minutes = Duration::from_secs(5_400);
    assert_eq!(scenario.steps[7].action, StepAction::Advance(Advance::By(ninety_minutes)));
    let StepAction::SetValue { at, value } = &scenario.steps[10].action else {
        panic!("{:?}", scenario.steps[10])
    };
    let texts = RegistryData::Texts(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(
        (at.node.as_ref(), value.kind.as_str(), &value.data),
        (None, "REG_MULTI_SZ", &texts)
    );
    assert_eq!(scenario.steps[11].action, StepAction::InstallBuild("6.5.7638.0".parse().unwrap()));
    assert_eq!(scenario.steps[12].refused.as_deref(), Some("hotfix-needs-sp2"));
    assert_eq!(scenario.steps[14].action, StepAction::Cluster(ClusterMode::Checkpointed));
    let to = |to: Option<&str>| StepAction::FailOver { to: to.map(ToOwned::to_owned) };
    assert_eq!(scenario.steps[15].action, to(None));
    assert_eq!(scenario.steps[16].action, to(Some("NODE2")));
}

#[test]
fn every_scenario_of_the_fixtures_is_one() {
    let files = files(&root().join("fixtures/scenarios"), ".toml");
    assert!(!files.is_empty());
    for file in files {
        let scenario = Scenario::parse(&text(&file)).unwrap_or_else(|error| panic!("{error}"));
        let stem = file.file_stem().unwrap();
        assert_eq!(stem, scenario.name.as_str(), "a scenario has the name of its file");
    }
}

#[test]
fn a_scenario_may_begin_on_another_build() {
    let start = |build: &str| {
        format!("name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\n{build}steps = []")
    };
    let build = Scenario::parse(&start("build = \"6.5.7638\"\n")).unwrap().build;
    assert_eq!(build, Some("6.5.7638".parse().unwrap()));
    assert_eq!(Scenario::parse(&start("")).unwrap().build, None);
    let error = Scenario::parse(&start("build = \"6.5\"\n")).unwrap_err().to_string();
    assert!(error.starts_with("line 4, column 9: `6.5` is no build: "), "{error}");
}

#[test]
fn a_start_may_be_written_in_tomls_own_form() {
    let text = "name = \"s\"\nabout = \"a\"\nstart = 2006-04-22T10:00:00+02:00\nsteps = []";
    let scenario = Scenario::parse(text).unwrap();
    assert_eq!(scenario.start.to_string(), "2006-04-22T08:00:00Z");
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_column() {
    let rows = [
        ("no toml", "steps = [", "line 4, column 10: unclosed array, expected `]`"),
        (
            "an unknown field",
            "[[steps]]\nsay = \"x\"\nawait = true",
            "line 6, column 1: unknown field `await`, expected one of `say`, `inject`, `fleet`, `connect`, `disconnect`, `report`, `touch`, `set_value`, `delete_value`, `block`, `unblock`, `policy_mode`, `settings`, `fault`, `clear_faults`, `install_build`, `install_hotfix`, `restart`, `cluster`, `fail_over`, `snapshot`, `restore`, `advance`, `poll`, `wait`, `expect`, `refused`",
        ),
        ("no sentence", "[[steps]]\npoll = true", "line 4, column 1: missing field `say`"),
        (
            "no action",
            "[[steps]]\nsay = \"x\"",
            "line 5, column 7: this step does nothing: give it one of `inject`, `fleet`, `connect`, `disconnect`, `report`, `touch`, `set_value`, `delete_value`, `block`, `unblock`, `policy_mode`, `settings`, `fault`, `clear_faults`, `install_build`, `install_hotfix`, `restart`, `cluster`, `fail_over`, `snapshot`, `restore`, `advance`, `poll`, `wait`, `expect`",
        ),
        (
            "two actions",
            "[[steps]]\nsay = \"x\"\npoll = true\nadvance = \"15m\"",
            "line 5, column 7: this step has `advance` and `poll`: make it a step for each",
        ),
        (
            "no poll",
            "[[steps]]\nsay = \"x\"\npoll = false",
            "line 6, column 8: `false` does nothing: leave the field out, or set it to `true`",
        ),
        (
            "a bad duration",
            "[[steps]]\nsay = \"x\"\nadvance = \"15\"",
            "line 6, column 11: `15` is not a duration such as `15m`, `1h30m` or `250ms`: its units are `d`, `h`, `m`, `s`, `ms` and `us`",
        ),
        (
            "a bad version",
            "[[steps]]\nsay = \"x\"\ninject = [\n    { process = \"ä.exe\", client_version = \"11\" },\n]",
            "line 7, column 43: `client_version` is `11`: write four numbers up to 65535 with dots, as in `11.0.5608.0`",
        ),
        (
            "a program too old to name itself",
            "[[steps]]\nsay = \"x\"\ninject = [{ process = \"a.exe\", client_version = \"5.0.3121.0\" }]",
            "line 6, column 11: `process` is `a.exe`, but a client of version `5.0.3121.0` has no way to say so: leave \
             `process` out and say in `note` which program it is, or use a `client_version` of at least 11.0.0.0",
        ),
        (
            "a bad count",
            "[[steps]]\nsay = \"x\"\ninject = [{ count = 0 }]",
            "line 6, column 21: `count` is `0`: use 1 to 100000",
        ),
        (
            "nobody",
            "[[steps]]\nsay = \"x\"\ninject = []",
            "line 5, column 7: this step injects nobody: give `inject` at least one entry",
        ),
        (
            "a group that is not there",
            "[[steps]]\nsay = \"x\"\nconnect = { group = \"g\" }",
            "line 6, column 21: this step names group `g`, which no step before it injects",
        ),
        (
            "an expected group that is not there",
            "[[steps]]\nsay = \"x\"\nexpect = { sessions = [{ group = \"g\", count = 0 }] }",
            "line 6, column 34: this step names group `g`, which no step before it injects",
        ),
        (
            "nothing expected",
            "[[steps]]\nsay = \"x\"\nexpect = {}",
            "line 5, column 7: this step expects nothing: give `expect` at least one of `sessions`, `clients`, \
             `unidentified`, `events`, `lints`, `poll`, `policy`, `build`, `files`",
        ),
        (
            "no build expected",
            "[[steps]]\nsay = \"x\"\nexpect = { build = {} }",
            "line 6, column 20: this step expects no build: give `build` at least one of `installed`, `running`",
        ),
        (
            "a bad build",
            "[[steps]]\nsay = \"x\"\ninstall_build = \"SP2\"",
            "line 6, column 17: `SP2` is no build: write three or four numbers up to 65535 with dots, as in `6.5.7638` or \
             `6.5.7651.19`",
        ),
        (
            "a bad time of a file",
            "[[steps]]\nsay = \"x\"\nexpect = { files = [{ name = \"Store.exe\", built = \"22-Apr-2006\" }] }",
            "line 6, column 51: `22-Apr-2006` is not an RFC 3339 time such as `2006-04-22T08:00:00Z`, from 1970 to 9999",
        ),
        (
            "a look that is refused",
            "[[steps]]\nsay = \"x\"\nexpect = { unidentified = 0 }\nrefused = \"a\"",
            "line 5, column 7: this step looks at the store, which refuses nothing by it: leave out `refused`",
        ),
        (
            "no failover",
            "[[steps]]\nsay = \"x\"\nfail_over = false",
            "line 6, column 13: `false` does nothing: leave the field out, or set it to `true`",
        ),
        (
            "a failover to something else",
            "[[steps]]\nsay = \"x\"\nfail_over = \"NODE2\"",
            "line 6, column 13: invalid type: string \"NODE2\", expected `true` or a table such as `{ to = \"NODE2\" }`",
        ),
        (
            "a failover to nobody",
            "[[steps]]\nsay = \"x\"\nfail_over = { node = \"NODE2\" }",
            "line 6, column 15: unknown field `node`, expected `to`",
        ),
        (
            "a cluster that is none",
            "[[steps]]\nsay = \"x\"\ncluster = \"yes\"",
            "line 6, column 11: unknown variant `yes`, expected one of `none`, `per_node`, `checkpointed`",
        ),
        (
            "a value of no type",
            "[[steps]]\nsay = \"x\"\nset_value = { name = \"n\", data = true }",
            "line 6, column 34: `data` is none: write a text, a number from 0 to 4294967295 for a REG_DWORD, or texts for a \
             REG_MULTI_SZ",
        ),
        (
            "an advance to nothing",
            "[[steps]]\nsay = \"x\"\nadvance = {}",
            "line 6, column 11: give exactly one of `to`, `next`",
        ),
        (
            "an amount that no number is",
            "[[steps]]\nsay = \"x\"\nexpect = { unidentified = { at_least = 2, at_most = 1 } }",
            "line 6, column 27: no number is at least as great and at most as great: `at_most` is below `at_least`",
        ),
        (
            "an amount of nothing",
            "[[steps]]\nsay = \"x\"\nexpect = { unidentified = -1 }",
            "line 6, column 27: invalid value: integer `-1`, expected a number from 0 on, or bounds such as `{ at_least = \
             1, at_most = 3 }`",
        ),
        (
            "a block of nothing",
            "[[steps]]\nsay = \"x\"\nblock = {}",
            "line 5, column 7: this step blocks nothing: give `block` one of `processes`, `versions`",
        ),
        (
            "a list that is none",
            "[[steps]]\nsay = \"x\"\nunblock = { lists = [\"programs\"] }",
            "line 6, column 22: unknown variant `programs`, expected `processes` or `versions`",
        ),
        (
            "a fault without an effect",
            "[[steps]]\nsay = \"x\"\nfault = { match = {} }",
            "line 6, column 9: missing field `effect`",
        ),
        (
            "a snapshot that was not taken",
            "[[steps]]\nsay = \"x\"\nrestore = \"s\"",
            "line 6, column 11: there is no snapshot `s`: take it in a step before",
        ),
        (
            "a wait without an end",
            "[[steps]]\nsay = \"x\"\nwait = { until = { quiescent = true } }",
            "line 6, column 8: missing field `within`",
        ),
        (
            "a poll that is looked at and nothing of it",
            "[[steps]]\nsay = \"x\"\nexpect = { poll = {} }",
            "line 6, column 19: this step expects nothing of it: give `poll` at least one of `processes`, `versions`, \
             `changed`, `generation`, `disconnected`, `would_block`",
        ),
        (
            "a state that is none",
            "[[steps]]\nsay = \"x\"\nexpect = { clients = [{ state = \"gone\" }] }",
            "line 6, column 33: unknown variant `gone`, expected one of `idle`, `connecting`, `connected`, `refused`, \
             `disconnected`, `failed`",
        ),
    ];
    for (name, steps, error) in rows {
        assert_eq!(parse(steps).unwrap_err(), error, "{name}");
    }
}

#[test]
fn an_event_type_that_does_not_exist_is_refused_with_those_that_do() {
    let error = parse(
        "[[steps]]\nsay = \"x\"\nexpect = { events = [{ type = \"session.conected\", count = 0 }] }",
    )
    .unwrap_err();
    let start =
        "line 6, column 31: no event is of type `session.conected`: there are `store.started`, ";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn a_bad_head_is_refused() {
    let rows = [
        (
            "no about",
            "name = \"s\"\nstart = \"2006-04-22T08:00:00Z\"\nsteps = []",
            "line 1, column 1: missing field `about`",
        ),
        (
            "a bad start",
            "name = \"s\"\nabout = \"a\"\nstart = \"today\"\nsteps = []",
            "line 3, column 9: `today` is not an RFC 3339 time such as `2006-04-22T08:00:00Z`, from 1970 to 9999",
        ),
        (
            "a start that is a number",
            "name = \"s\"\nabout = \"a\"\nstart = 5\nsteps = []",
            "line 3, column 9: a time is expected, not a value of type integer",
        ),
    ];
    for (name, text, error) in rows {
        assert_eq!(Scenario::parse(text).unwrap_err().to_string(), error, "{name}");
    }
}
