//! docs/fidelity.md: every rule says what it rests on and which tests show it, and they exist.

use super::docs::{Sources, tests_named};
use super::{root, text};

/// What a rule can rest on.
const EVIDENCE: &[&str] = &["spec", "seen", "seen for 2007", "peer", "choice"];

/// The cells of the rows of the tables that have so many columns, without their heads.
fn rows(document: &str, columns: usize) -> Vec<Vec<String>> {
    let rows = document.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|row| {
        row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let heads = ["rule", "what", "question", "evidence"];
    cells.filter(|row| row.len() == columns && !heads.contains(&row[0].as_str())).collect()
}

#[test]
fn every_rule_names_its_evidence_and_tests_that_exist() {
    let document = text(&root().join("docs/fidelity.md"));
    let sources = Sources::read();
    let rules = rows(&document, 3);
    assert!(60 <= rules.len(), "{} rules", rules.len());
    for rule in &rules {
        for evidence in rule[1].split(", ") {
            assert!(EVIDENCE.contains(&evidence), "`{}` rests on `{evidence}`", rule[0]);
        }
        let tests = tests_named(&rule[2]);
        assert!(!tests.is_empty(), "`{}` names no test", rule[0]);
        for test in tests {
            assert!(sources.have(test), "`{}`: there is no test `{test}`", rule[0]);
        }
    }
}
