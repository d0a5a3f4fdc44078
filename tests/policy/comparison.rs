//! What changed between two policies (A23, A24).

use policy::{ListChange, PolicyChange, compare};

use super::{policy, policy_of};

fn change(added: &[&str], removed: &[&str]) -> PolicyChange {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let processes = ListChange { added: owned(added), removed: owned(removed) };
    PolicyChange { processes, versions: ListChange::default() }
}

#[test]
fn a_change_lists_what_came_and_what_went_as_it_was_written() {
    for (row, old, new, expected) in [
        ("first list", "", "b.exe; A.exe", change(&["b.exe", "A.exe"], &[])),
        ("value deleted", "a.exe", "", change(&[], &["a.exe"])),
        ("one for another", "a.exe; b.exe", "c.exe; B.EXE", change(&["c.exe"], &["a.exe"])),
        ("spelling kept", "", r#""C:\x\a.exe""#, change(&[r#""C:\x\a.exe""#], &[])),
        ("rewritten", "a.exe; b.exe", "B.EXE ;; a.exe", change(&[], &[])),
    ] {
        let (old, new) = (policy(old), policy(new));
        let found = compare(&old, &new);
        assert_eq!(found, expected, "{row}");
        assert_eq!(found.is_empty(), old.same_rules(&new), "{row}");
    }
}

#[test]
fn each_list_has_its_own_changes() {
    let change = compare(
        &policy_of("a.exe; b.exe", "10.0.0, 15.0.0-"),
        &policy_of("b.exe; c.exe", "15.0.0-; 11.0.0-12.0.0"),
    );
    let processes = ListChange { added: vec!["c.exe".into()], removed: vec!["a.exe".into()] };
    let versions =
        ListChange { added: vec!["11.0.0-12.0.0".into()], removed: vec!["10.0.0".into()] };
    assert_eq!(change, PolicyChange { processes, versions });
}

#[test]
fn ranges_are_compared_by_what_they_match() {
    for (row, old, new, added, removed) in [
        ("first list", "", "-5.3164.0, 15.0.0-", &["-5.3164.0", "15.0.0-"][..], &[][..]),
        ("value deleted", "-5.3164.0", "", &[], &["-5.3164.0"]),
        ("rewritten", "11.0.5608.0", "011.5608.0; x", &[], &[]),
        ("cut in two", "11.0.0-12.0.0", "11.5608.0-12.0.0, 11.0.0-11.5607.65535", &[], &[]),
        ("widened", "11.0.0-12.0.0", "11.0.0-13.0.0", &["11.0.0-13.0.0"], &[]),
        ("narrowed", "11.0.0-13.0.0", "11.0.0-12.0.0", &[], &["11.0.0-13.0.0"]),
        ("moved", "11.0.0-12.0.0", "11.5.0-13.0.0", &["11.5.0-13.0.0"], &["11.0.0-12.0.0"]),
        ("one within a range", "11.0.0-12.0.0", "11.0.0-12.0.0, 11.5608.0", &[], &[]),
    ] {
        let (old, new) = (policy_of("a.exe", old), policy_of("a.exe", new));
        let found = compare(&old, &new);
        assert!(found.processes.is_empty(), "{row}");
        assert_eq!(found.versions.added, added, "{row}");
        assert_eq!(found.versions.removed, removed, "{row}");
        assert_eq!(found.is_empty(), old.same_rules(&new), "{row}");
    }
}
