//! What changed between two policies (A23, A24).

use policy::{ListChange, PolicyChange, compare};

use super::policy;

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
