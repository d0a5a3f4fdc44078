//! Why a client is or is not blocked, item by item.

use policy::{BlockList, Decision, Nearness};

use super::{client, policy};

#[test]
fn every_item_gets_its_verdict() {
    let policy = policy("a.exe; beta.exe; mdl.exe");
    let explanation = policy.explain(&client(&["MDL.EXE", "beta.exe"]));
    let matches: Vec<bool> = explanation.items.iter().map(|verdict| verdict.matches).collect();
    assert_eq!(matches, [false, true, true]);
    assert!(matches!(explanation.decision, Decision::Forbidden(_)));
    for (ordinal, verdict) in explanation.items.iter().enumerate() {
        assert_eq!((verdict.item.ordinal, verdict.list), (ordinal, BlockList::Processes));
    }
}

#[test]
fn near_misses_say_what_keeps_an_item_from_matching() {
    let edits = |edits| Some(Nearness::Spelling { edits });
    for (item, name, expected) in [
        ("mdl", "mdl.exe", Some(Nearness::Extension)),
        ("mdl.exe", "MDL", Some(Nearness::Extension)),
        ("mdl.exe, beta.exe", "beta.exe", Some(Nearness::Joined)),
        ("mdl.exe,beta.exe", "mdl.exe", Some(Nearness::Joined)),
        ("mdl.exe beta.exe", "mdl.exe", Some(Nearness::Joined)),
        (r#""C:\x\mdl.exe", "D:\beta.exe""#, "mdl.exe", Some(Nearness::Joined)),
        (r#""mdl.exe, beta.exe""#, "mdl.exe", Some(Nearness::Joined)),
        ("mdl.exe /quiet", "mdl.exe", Some(Nearness::Path)),
        (r"mdl.exe\x.exe", "mdl.exe", Some(Nearness::Path)),
        ("goog*", "GoogleDesktopIndex.exe", Some(Nearness::Wildcard)),
        ("mdl?.exe", "mdl2.exe", Some(Nearness::Wildcard)),
        ("mdl.exe", "md1.exe", edits(1)),
        ("outlook.exe", "oultook.exe", edits(2)),
        ("\u{200b}mdl.exe", "mdl.exe", edits(1)),
        (r#""mdl.exe"#, "mdl.exe", edits(1)),
        ("mdl.exe", "outlook.exe", None),
        ("goog*", "bing.exe", None),
    ] {
        let explanation = policy(item).explain(&client(&[name]));
        let [verdict] = explanation.items.as_slice() else { panic!("{item}: {explanation:?}") };
        assert!(!verdict.matches, "{item} {name}");
        let nearness = verdict.near_miss.as_ref().map(|miss| miss.nearness);
        assert_eq!(nearness, expected, "{item} {name}");
    }
}

#[test]
fn a_near_miss_reads_as_one_clause() {
    for (item, clause) in [
        ("mdl", "`mdl.exe` differs from the item by `.exe` alone"),
        ("mdl.exe, a.exe", "`mdl.exe` is one of several names that the item joins"),
        ("mdl.exe /x", "`mdl.exe` stands before the last path separator of the item"),
        ("m*", "`mdl.exe` would match if the item's `*` and `?` were wildcards"),
        ("mdl.ex", "`mdl.exe` differs from the item by 1 character"),
        ("ml.ex", "`mdl.exe` differs from the item by 2 characters"),
    ] {
        let explanation = policy(item).explain(&client(&[r"C:\mdl.exe"]));
        let miss = explanation.items[0].near_miss.as_ref().expect("the item is near");
        assert_eq!(miss.to_string(), clause);
    }
}

#[test]
fn an_item_that_matches_is_no_near_miss_of_another_name() {
    let explanation = policy("mdl.exe").explain(&client(&["mdl2.exe", "mdl.exe"]));
    assert!(explanation.items[0].matches);
    assert_eq!(explanation.items[0].near_miss, None);
}

#[test]
fn a_name_beyond_those_looked_at_for_near_misses_still_matches() {
    let mut names: Vec<String> = (0..100).map(|n| format!("program-{n}.exe")).collect();
    names.push("mdl.exe".to_owned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(policy("mdl.exe").explain(&client(&names)).items[0].matches);
}

#[test]
fn a_hostile_list_and_a_hostile_client_are_explained_in_bounded_work() {
    let star_heavy = "*a".repeat(30);
    let list: Vec<String> = (0..1_000).map(|n| format!("{star_heavy}{n}")).collect();
    let huge = format!("{};{}", "b,".repeat(25_000), list.join(";"));
    let names: Vec<String> = (0..1_000).map(|n| format!("{}{n}", "a".repeat(60))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let explanation = policy(&huge).explain(&client(&names));
    assert_eq!(explanation.items.len(), 1_001);
}
