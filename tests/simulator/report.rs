//! What a journal tells: each number by a journal written by hand.

use clock::SimTime;
use serde_json::{Value, json};
use simulator::{
    At, EditOutcome, HitRow, JournalReport, LineError, NearBy, Point, SeriesOf, StoreEvent, Tally,
    report_page,
};

const KEY: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSExchangeIS\ParametersSystem";
pub(super) const LIST: &str = "Disable MAPI Client Processes";

/// A journal in the making: entries are numbered as they come.
#[derive(Default)]
pub(super) struct Journal {
    entries: Vec<Value>,
}

/// A client of an entry.
#[derive(Clone, Copy)]
pub(super) struct Client {
    pub(super) id: u64,
    pub(super) program: Option<&'static str>,
    pub(super) version: &'static str,
}

pub(super) fn client(id: u64, program: &'static str) -> Client {
    Client { id, program: Some(program), version: "11.0.5608.0" }
}

fn nameless(id: u64, version: &'static str) -> Client {
    Client { id, program: None, version }
}

/// Seconds after eight o'clock, as a time.
pub(super) fn at(second: u64) -> SimTime {
    let eight: SimTime = "2006-04-22T08:00:00Z".parse().unwrap();
    SimTime::from_micros(eight.as_micros() + second * 1_000_000)
}

impl Journal {
    pub(super) fn add(&mut self, second: u64, fields: Value) -> &mut Self {
        let mut entry = json!({ "seq": self.entries.len() + 1, "at": at(second).to_string(), "cause": "control" });
        entry.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.entries.push(entry);
        self
    }

    fn client(&mut self, second: u64, who: Client, fields: Value) -> &mut Self {
        let Client { id, program, version } = who;
        let mut event = json!({
            "cause": "client", "session": id, "process": program, "processes": [], "client_version": version,
            "user_dn": format!("/o=O/cn=Recipients/cn=user{id}"), "user": null, "machine": format!("WKS{id}"),
            "client_id": id, "group": "beta", "generation": 1,
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.add(second, event)
    }

    pub(super) fn connects(&mut self, second: u64, who: Client) -> &mut Self {
        self.client(second, who, json!({ "type": "session.connected" }))
    }

    pub(super) fn is_refused(&mut self, second: u64, who: Client) -> &mut Self {
        self.is_refused_for(second, who, "policy")
    }

    fn is_refused_for(&mut self, second: u64, who: Client, refusal: &str) -> &mut Self {
        let decision = json!({ "list": "processes", "item": "mdl.exe" });
        let fields = json!({ "type": "session.refused", "session": null, "refusal": refusal, "decision": decision });
        self.client(second, who, fields)
    }

    pub(super) fn is_cut_off(&mut self, second: u64, who: Client) -> &mut Self {
        let decision = json!({ "list": "processes", "item": "mdl.exe" });
        self.is_ended(second, who, "policy", "poll:2", decision)
    }

    fn is_ended(
        &mut self,
        second: u64,
        who: Client,
        reason: &str,
        cause: &str,
        decision: Value,
    ) -> &mut Self {
        let said = json!({ "type": "session.disconnected", "reason": reason, "cause": cause, "decision": decision });
        self.client(second, who, said).ends(second, who, reason)
    }

    pub(super) fn ends(&mut self, second: u64, who: Client, reason: &str) -> &mut Self {
        self.client(second, who, json!({ "type": "session.ended", "reason": reason }))
    }

    pub(super) fn is_edited(&mut self, second: u64, text: Option<&str>) -> &mut Self {
        let value = text.map(|text| json!({ "type": "REG_SZ", "data": text }));
        let fields = json!({ "type": "registry.changed", "node": "NODE1", "key": KEY, "name": LIST, "value": value });
        self.add(second, fields)
    }

    fn polls(&mut self, second: u64, generation: u64, added: &[&str]) -> &mut Self {
        let cause = format!("poll:{}", generation + 1);
        let poll = json!({ "type": "poll.completed", "cause": cause, "changed": true, "generation": generation });
        let programs = json!({ "added": added, "removed": [] });
        let versions = json!({ "added": [], "removed": [] });
        self.add(second, poll).add(second, json!({ "type": "policy.changed", "cause": cause, "generation": generation, "processes": programs, "versions": versions }))
    }

    /// The report, which lines of a file and events make alike.
    pub(super) fn report(&self) -> JournalReport {
        let (mut by_line, mut by_event) = (Tally::new(), Tally::new());
        for entry in &self.entries {
            by_line.add_line(&entry.to_string()).unwrap();
            by_event.add(&serde_json::from_value::<StoreEvent>(entry.clone()).unwrap());
        }
        let (by_line, by_event) = (by_line.report(), by_event.report());
        assert_eq!(json!(by_line), json!(by_event));
        by_line
    }
}

fn points(points: &[Point]) -> Vec<(u64, u64)> {
    let eight = at(0);
    points.iter().map(|point| (point.at.0.since(eight).as_secs(), point.value)).collect()
}

pub(super) fn row<'a>(report: &'a JournalReport, program: Option<&str>) -> &'a HitRow {
    report.hit.rows.iter().find(|row| row.program.as_deref() == program).unwrap()
}

/// Two listed clients and one that is not; the list comes into force after a quarter of an hour.
fn story() -> Journal {
    let mut journal = Journal::default();
    let (one, two, other) = (client(1, "mdl.exe"), client(2, "mdl.exe"), client(3, "OUTLOOK.EXE"));
    journal.add(0, json!({ "type": "store.started" }));
    journal.connects(0, one).connects(10, two).connects(10, other);
    journal.is_edited(60, Some("mdl.exe")).polls(900, 1, &["mdl.exe"]);
    journal.is_cut_off(900, one).is_cut_off(901, two);
    journal.is_refused(905, one).is_refused(925, one).is_refused(965, two);
    journal
}

#[test]
fn the_answer_names_who_is_cut_off_and_when_and_what_they_did_next() {
    let report = story().report();
    assert_eq!(report.format, "exstore-report/1");
    assert_eq!(
        report.summary,
        [
            "`mdl.exe` is cut off: 2 sessions at 2006-04-22T08:15:00Z, 14m1s after the edit.",
            "Of 2 clients that were hit, 2 came back, at most 2 attempts a minute of all clients: none got in again as what it was.",
            "The store bore it, with 3 sessions at most: it refused nobody for want of room, and every poll read.",
        ]
    );
    let totals = &report.totals;
    assert_eq!((totals.clients, totals.connected, totals.live, totals.live_peak), (3, 3, 1, 3));
    assert_eq!(totals.reconnect_attempts, 3);
    assert_eq!(totals.refused["policy"], 3);
    assert_eq!(totals.disconnected["policy"], 2);
    let busiest = totals.busiest_minute.unwrap();
    assert_eq!((busiest.at, busiest.count), (At(at(900)), 2));
}

#[test]
fn sessions_are_counted_by_program_and_refusals_and_attempts_by_minute() {
    let report = story().report();
    let over_time = &report.over_time;
    assert_eq!(over_time.session_step.to_string(), "5s");
    let series: Vec<_> = over_time
        .sessions
        .iter()
        .map(|series| (series.program.as_deref(), series.peak, points(&series.points)))
        .collect();
    assert_eq!(
        series,
        [
            (Some("mdl.exe"), Some(2), vec![(0, 1), (10, 2), (900, 0)]),
            (Some("OUTLOOK.EXE"), Some(1), vec![(10, 1)])
        ]
    );
    assert_eq!(over_time.step.to_string(), "1m");
    assert_eq!(points(&over_time.refused[0].points), [(900, 2), (960, 1)]);
    assert_eq!(points(&over_time.disconnected[0].points), [(900, 2)]);
    assert_eq!(points(&over_time.reconnect_attempts), [(900, 2), (960, 1)]);
}

#[test]
fn an_edit_is_told_with_the_poll_that_read_it_and_the_last_disconnect_that_came_of_it() {
    let mut journal = story();
    journal.is_edited(1_000, None).is_edited(1_100, Some("x.exe"));
    let report = journal.report();
    let edits = &report.edits.rows;
    let first = &edits[0];
    assert_eq!(
        (first.outcome, first.generation, first.cut_off),
        (EditOutcome::InForce, Some(1), 2)
    );
    assert_eq!(first.until_read.unwrap().to_string(), "14m");
    assert_eq!(first.until_last_cut_off.unwrap().to_string(), "14m1s");
    assert_eq!(edits[1].outcome, EditOutcome::Superseded);
    assert_eq!(edits[1].text, None);
    assert_eq!(edits[2].outcome, EditOutcome::NotInForceYet);
    assert!(report.summary.iter().any(|line| line.contains("08:18:20Z is not in force yet")));
    let policy = &report.policies.rows[0];
    assert_eq!((policy.generation, policy.cut_off, policy.refused), (1, 2, 3));
    assert_eq!(policy.added.rows, ["mdl.exe"]);
}

#[test]
fn an_edit_that_changes_no_rule_and_one_on_another_node_are_told_apart() {
    let mut journal = Journal::default();
    journal.add(0, json!({ "type": "cluster.changed", "active": "NODE1", "mode": "per_node" }));
    journal.is_edited(1, Some(" "));
    let elsewhere = json!({ "type": "registry.changed", "node": "NODE2", "key": KEY, "name": LIST, "value": null });
    journal.add(2, elsewhere);
    journal.add(3, json!({ "type": "poll.failed", "cause": "poll:1", "value": LIST }));
    journal.add(
        4,
        json!({ "type": "poll.completed", "cause": "poll:2", "changed": false, "generation": 0 }),
    );
    let report = journal.report();
    let told: Vec<_> =
        report.edits.rows.iter().map(|edit| (edit.outcome, edit.failed_polls)).collect();
    assert_eq!(told, [(EditOutcome::NoDifference, 1), (EditOutcome::Elsewhere, 0)]);
    assert_eq!((report.totals.polls, report.totals.polls_failed), (1, 1));
    assert!(report.summary.last().unwrap().contains("1 poll that could not read"));
}

#[test]
fn who_says_only_later_what_it_is_does_not_lengthen_the_time_from_the_edit() {
    let mut journal = story();
    let late = client(9, "mdl.exe");
    journal.connects(970, nameless(9, "11.0.5608.0"));
    journal.client(5_000, late, json!({ "type": "session.identified", "kept": false }));
    let decision = json!({ "list": "processes", "item": "mdl.exe" });
    journal.is_ended(5_000, late, "policy", "client", decision);
    let report = journal.report();
    assert_eq!(report.edits.rows[0].until_last_cut_off.unwrap().to_string(), "14m1s");
    let policy = &report.policies.rows[0];
    assert_eq!((policy.cut_off, policy.cut_off_later), (2, 1));
    let unnamed = &report.blind_spots.unnamed;
    assert_eq!(
        (unnamed.clients, unnamed.sessions, unnamed.named_later, unnamed.live),
        (1, 1, 1, 0)
    );
    assert_eq!(report.totals.identified_late, 1);
}

#[test]
fn who_was_hit_is_a_row_for_each_group_program_and_version() {
    let mut journal = story();
    journal.is_refused(970, Client { version: "12.0.4518.0", ..client(7, "mdl.exe") });
    let report = journal.report();
    let rows: Vec<_> = report
        .hit
        .rows
        .iter()
        .map(|row| (row.version.as_deref().unwrap(), row.clients, row.cut_off, row.refused))
        .collect();
    assert_eq!(rows, [("11.0.5608.0", 2, 2, 3), ("12.0.4518.0", 1, 0, 1)]);
    let row = &report.hit.rows[0];
    assert_eq!(row.group.as_deref(), Some("beta"));
    assert_eq!(row.because.as_deref(), Some("processes: mdl.exe"));
    assert_eq!((row.came_back, row.let_in_again), (2, 0));
    let who = &row.who.rows[0];
    assert_eq!((who.user.as_deref(), who.machine.as_deref()), (Some("user1"), Some("WKS1")));
    assert_eq!((who.client_id, who.at), (Some(1), At(at(900))));
}

#[test]
fn who_comes_back_as_something_else_is_counted_once_for_each_face() {
    let mut journal = story();
    let face = |program| Client { program, ..client(1, "") };
    // Refused under another name at first, let in under it later, then without a name, then as a newer version.
    journal.is_refused_for(1_000, face(Some("renamed.exe")), "session_limit");
    journal.connects(1_010, face(Some("renamed.exe"))).connects(1_020, face(Some("renamed.exe")));
    journal.connects(1_030, face(None));
    journal.is_refused(1_040, Client { version: "12.0.4518.0", ..client(2, "mdl.exe") });
    // What somebody was before it was hit is no disguise.
    journal.connects(1_050, client(3, "OUTLOOK.EXE"));
    let report = journal.report();
    let row = row(&report, Some("mdl.exe"));
    let others: Vec<_> = row
        .came_as
        .rows
        .iter()
        .map(|other| {
            let version = other.version.as_deref().unwrap();
            (other.program.as_deref(), version, other.clients, other.let_in)
        })
        .collect();
    assert_eq!(
        others,
        [
            (Some("mdl.exe"), "12.0.4518.0", 1, 0),
            (Some("renamed.exe"), "11.0.5608.0", 1, 1),
            (None, "11.0.5608.0", 1, 1),
        ]
    );
    assert_eq!((row.came_as_another, row.got_in_as_another), (2, 1));
    // Both came back as what they were before they came as something else; the client's number is not what it is.
    assert_eq!((row.came_back, row.let_in_again, report.totals.clients_hit), (2, 0, 2));
    assert!(report.summary[1].contains("2 came as something else, of whom 1 got in"));
}

/// The MAPI of Outlook 2000 names neither its program nor its machine.
#[test]
fn a_client_that_falls_back_to_an_old_mapi_is_told_from_others_by_its_number() {
    let mut journal = story();
    let old = nameless(1, "5.0.3121.0");
    journal.client(1_000, old, json!({ "type": "session.connected", "machine": null }));
    let report = journal.report();
    let row = row(&report, Some("mdl.exe"));
    let others: Vec<_> = row
        .came_as
        .rows
        .iter()
        .map(|other| (other.program.as_deref(), other.version.as_deref(), other.let_in))
        .collect();
    assert_eq!(others, [(None, Some("5.0.3121.0"), 1)]);
    assert_eq!((row.came_as_another, report.blind_spots.unnamed.clients_below_11), (1, 1));
}

#[test]
fn a_client_of_its_own_number_comes_back_whatever_it_is_called_and_others_by_their_program() {
    let mut journal = Journal::default();
    let foreign = |program: &str, user: &str| {
        json!({
            "type": "session.connected", "cause": "client", "session": null, "process": program, "user_dn": user,
            "machine": "WKS1", "client_id": null,
        })
    };
    journal.add(0, foreign("a.exe", "/cn=one")).add(1, foreign("A.EXE", "/cn=one"));
    journal.add(2, foreign("b.exe", "/cn=one")).add(3, foreign("a.exe", "/cn=two"));
    journal.connects(4, client(1, "a.exe")).connects(5, client(1, "c.exe"));
    let totals = journal.report().totals;
    assert_eq!((totals.clients, totals.reconnect_attempts), (4, 2));
}

#[test]
fn an_audit_hits_nobody_and_tells_whom_it_would() {
    let mut journal = Journal::default();
    let who = client(1, "mdl.exe");
    journal.add(0, json!({ "type": "policy.mode_changed", "mode": "audit", "generation": 0 }));
    journal.connects(1, who).polls(2, 1, &["mdl.exe"]);
    let decision = json!({ "list": "processes", "item": "mdl.exe" });
    journal.client(2, who, json!({ "type": "session.would_block", "decision": decision }));
    journal.ends(3, who, "client").connects(4, who);
    let report = journal.report();
    assert_eq!(report.totals.would_block, 1);
    let row = &report.hit.rows[0];
    assert_eq!((row.clients, row.would_block, row.cut_off, row.came_back), (1, 1, 0, 0));
    assert_eq!(report.policies.rows[0].would_block, 1);
    assert!(report.summary[0].contains("would have blocked 1 session of `mdl.exe`"));
    assert_eq!(report.totals.left, 1);
}

#[test]
fn ends_and_refusals_are_counted_by_their_reason() {
    let mut journal = Journal::default();
    let (one, two) = (client(1, "a.exe"), client(2, "b.exe"));
    journal.connects(0, one).connects(0, two).is_ended(60, one, "restart", "control", Value::Null);
    journal.ends(61, two, "transport").is_refused_for(62, one, "not_running");
    journal.is_refused_for(63, one, "session_limit").is_refused_for(64, two, "class_limit");
    for reason in ["a`b", "c", "version_too_old", "version_too_old", "d"] {
        journal.is_refused_for(65, one, reason);
    }
    let report = journal.report();
    assert_eq!(report.totals.disconnected["restart"], 1);
    assert_eq!(report.totals.left, 1);
    assert_eq!(report.totals.refused.len(), 7);
    assert_eq!(report.hit.rows.len(), 0);
    assert_eq!(
        report.summary,
        [
            "The policy cut nobody off and refused nobody.",
            "For other reasons, 5 connections were refused (2 for `version_too_old`, 1 for `a\\u{60}b`, 1 for `c`, 1 for others) and the store ended 1 session (1 for `restart`).",
            "The store was strained, with 2 sessions at most: 2 connections refused for want of room, 1 refused while the service was stopped.",
        ]
    );
}

#[test]
fn blind_spots_are_the_nameless_the_new_and_the_nearly_listed() {
    let mut journal = Journal::default();
    journal.connects(0, nameless(1, "5.0.3121.0")).connects(0, nameless(2, "11.0.5608.0"));
    journal.ends(1, nameless(1, "5.0.3121.0"), "client").connects(2, nameless(1, "5.0.3121.0"));
    journal.polls(10, 1, &["mdl.exe", "crm.exe"]);
    for (id, program) in [
        (3, "mdI.exe"),
        (4, "C:\\Beta\\CRM.EXE"),
        (5, "crm"),
        (6, "dml.exe"),
        (7, "far.exe"),
        (8, "crm.exe"),
    ] {
        journal.connects(20, client(id, program));
    }
    let blind = journal.report().blind_spots;
    let unnamed = &blind.unnamed;
    assert_eq!((unnamed.clients, unnamed.clients_below_11, unnamed.clients_others), (2, 1, 1));
    assert_eq!((unnamed.sessions, unnamed.live), (3, 2));
    assert_eq!(unnamed.versions.rows[1].sessions, 2);
    let seen: Vec<_> = blind.first_seen.rows.iter().map(|seen| seen.program.as_str()).collect();
    assert_eq!(seen, ["mdI.exe", "CRM.EXE", "crm", "dml.exe", "far.exe"]);
    assert!(blind.first_seen.rows[0].after_a_list);
    let near: Vec<_> = blind
        .near_misses
        .rows
        .iter()
        .map(|near| (near.program.as_str(), near.listed.as_str(), near.by))
        .collect();
    assert_eq!(
        near,
        [
            ("mdI.exe", "mdl.exe", NearBy::OneLetter),
            ("crm", "crm.exe", NearBy::Exe),
            ("dml.exe", "mdl.exe", NearBy::OneLetter),
        ]
    );
}

#[test]
fn what_the_store_finds_wrong_with_a_list_is_told() {
    let mut journal = Journal::default();
    let lints = json!([
        { "code": "wildcard", "message": "`*` stands for itself" },
        { "code": "duplicate", "message": "`a`b`` means what `A`b`` does" },
    ]);
    journal.add(0, json!({ "type": "registry.invalid", "value": LIST, "problem": "it has items", "lints": lints }));
    let lints = journal.report().blind_spots.lints;
    let whole = r"`a\u{60}b\u{60}` means what `A\u{60}b\u{60}` does";
    assert_eq!(lints.rows[0].problem, ["it has items", "`*` stands for itself", whole]);
}

#[test]
fn sessions_that_name_themselves_later_move_to_their_program() {
    let mut journal = Journal::default();
    journal.connects(0, nameless(1, "11.0.5608.0"));
    journal.client(
        30,
        client(1, "notes.exe"),
        json!({ "type": "session.identified", "kept": true }),
    );
    journal.ends(40, client(1, "notes.exe"), "client");
    let series = journal.report().over_time.sessions;
    assert_eq!(points(&series[0].points), [(30, 1), (40, 0)]);
    assert_eq!(
        (series[1].of, points(&series[1].points)),
        (SeriesOf::Unnamed, vec![(0, 1), (30, 0)])
    );
}

#[test]
fn a_line_that_is_no_entry_says_so_and_counts_for_nothing() {
    let mut tally = Tally::new();
    tally.add_line("  \n").unwrap();
    let rows = [
        ("no JSON", "mdl.exe", "it is no entry of a journal"),
        ("no type", r#"{"seq":1,"at":"2006-04-22T08:00:00Z","cause":"start"}"#, "it is no entry"),
        ("no time", r#"{"seq":1,"at":"today","cause":"start","type":"x"}"#, "its `at` is no time"),
    ];
    for (name, line, said) in rows {
        let error: LineError = tally.add_line(line).unwrap_err();
        assert!(error.to_string().starts_with(said), "{name}: {error}");
    }
    assert_eq!(tally.entries(), 0);
    let report = tally.report();
    assert_eq!(report.summary, ["The journal is empty: nothing has happened."]);
    assert_eq!(report.journal.start, None);
    assert!(report_page(&report).contains("nothing happened"));
}
