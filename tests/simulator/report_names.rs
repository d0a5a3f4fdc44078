//! Reports of who is called what, and when, and of what was edited meanwhile.

use serde_json::json;
use simulator::EditOutcome;

use super::report::{Journal, LIST, client, row};

#[test]
fn a_foreign_client_that_names_its_program_later_is_one_client_that_comes_back() {
    let mut journal = Journal::default();
    let says = |kind: &str, session: u64, program: Option<&str>| {
        json!({
            "type": kind, "cause": "client", "session": session, "process": program, "reason": "policy",
            "user_dn": "/cn=one", "machine": "WKS1", "client_id": null, "client_version": "11.0.5608.0",
        })
    };
    let program = Some("mdl.exe");
    journal.add(0, says("session.connected", 1, None));
    journal.add(1, says("session.identified", 1, program));
    journal.add(1, says("session.disconnected", 1, program));
    journal.add(1, says("session.ended", 1, program));
    journal.add(9, says("session.connected", 2, None));
    let report = journal.report();
    assert_eq!((report.totals.clients, report.totals.clients_hit), (1, 1));
    let row = row(&report, program);
    assert_eq!((row.clients, row.cut_off, row.came_back, row.let_in_again), (1, 1, 1, 1));
    assert_eq!(row.came_as_another, 0);
}

#[test]
fn one_program_is_cut_off_and_several_are() {
    for (programs, said) in [
        (&["a and b.exe"][..], "`a and b.exe` is cut off"),
        (&["a`b and.exe"][..], r"`a\u{60}b and.exe` is cut off"),
        (&["a.exe", "b.exe"][..], "`a.exe` and `b.exe` are cut off"),
    ] {
        let mut journal = Journal::default();
        for program in programs {
            journal.connects(0, client(1, program)).is_cut_off(1, client(1, program));
        }
        let said_here = &journal.report().summary[0];
        assert!(said_here.starts_with(said), "{said_here}");
    }
}

#[test]
fn an_edit_made_while_a_slow_poll_holds_its_values_waits_for_the_next() {
    let hit = json!({ "type": "fault.hit", "cause": "poll:1", "fault": 1, "stage": "registry", "effect": "slow", "value": LIST });
    let done = |poll: u64| json!({ "type": "poll.completed", "cause": format!("poll:{poll}"), "changed": false, "generation": 0 });
    for (name, slow, outcomes) in [
        ("slow", true, [EditOutcome::NotInForceYet, EditOutcome::NoDifference]),
        ("at once", false, [EditOutcome::NoDifference, EditOutcome::NoDifference]),
    ] {
        let mut journal = Journal::default();
        if slow {
            journal.add(10, hit.clone());
        }
        // At the same instant, and after it all the same.
        journal.is_edited(10, Some("mdl.exe")).add(20, done(1));
        let report = journal.report();
        assert_eq!(report.edits.rows[0].outcome, outcomes[0], "{name}");
        assert_eq!(report.totals.faults, u64::from(slow), "{name}");
        journal.add(900, done(2));
        assert_eq!(journal.report().edits.rows[0].outcome, outcomes[1], "{name}");
    }
}
