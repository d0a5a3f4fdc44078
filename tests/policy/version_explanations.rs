//! Why a version is or is not blocked, item by item (policy specification 2.1, 2.2).

use policy::{BlockList, Decision, Matched, Nearness, Subject};

use super::{nameless, policy_of, process_name, version};

#[test]
fn an_explanation_has_the_items_of_both_lists() {
    let policy = policy_of("a.exe; mdl.exe", "10.0.0-; 11.0.0-12.0.0; 15.0.0-");
    let client = Subject::new(version("11.0.5608.0"), [process_name("mdl.exe")]);
    let explanation = policy.explain(&client);
    let found: Vec<_> = explanation
        .items
        .iter()
        .map(|verdict| (verdict.list, verdict.item.ordinal, verdict.matches))
        .collect();
    assert_eq!(
        found,
        [
            (BlockList::Processes, 0, false),
            (BlockList::Processes, 1, true),
            (BlockList::Versions, 0, true),
            (BlockList::Versions, 1, true),
            (BlockList::Versions, 2, false),
        ]
    );
    let Decision::Forbidden(cause) = explanation.decision else { panic!("both lists match") };
    assert_eq!(cause.list, BlockList::Processes);
}

#[test]
fn near_misses_say_what_keeps_an_item_from_matching() {
    for (row, item, client, expected) in [
        ("0 kept", "11.0.5608", "11.0.5608.0", Some(Nearness::ReportedForm)),
        ("0 kept in a range", "11.0.5604-11.0.8173", "11.0.5608.0", Some(Nearness::ReportedForm)),
        ("0 kept in a bound", "-11.0.8173", "11.0.5608.0", Some(Nearness::ReportedForm)),
        ("0 kept, later client", "-11.0.5604", "11.0.5608.0", None),
        ("0 in place", "9.0.2711", "9.0.0.3011", Some(Nearness::OneVersion)),
        ("just above a range", "15.0.0-15.4737.999", "15.0.4737.1000", Some(Nearness::JustAbove)),
        ("just below a range", "15.4737.1000-", "15.0.4737.999", Some(Nearness::JustBelow)),
        ("just above a version", "11.5608.0", "11.0.5608.5", Some(Nearness::JustAbove)),
        ("a build above", "-11.5607.0", "11.0.5608.0", Some(Nearness::JustAbove)),
        ("a few builds below", "11.5608.0-", "11.0.5604.0", Some(Nearness::JustBelow)),
        ("ten builds above", "-11.5608.0", "11.0.5618.0", Some(Nearness::JustAbove)),
        ("eleven builds above", "-11.5608.0", "11.0.5619.0", None),
        ("a bound without build", "-11.0.0", "11.0.5.0", None),
        ("a later build of the product", "11.5608.0", "11.0.6353.0", Some(Nearness::OneVersion)),
        ("an earlier build", "11.5608.0", "11.0.5604.0", Some(Nearness::JustBelow)),
        ("another product", "11.5608.0", "12.0.4518.1014", None),
        ("a range of one", "11.5608.0-11.5608.0", "11.0.6353.0", Some(Nearness::OneVersion)),
        ("another range", "12.0.0-13.0.0", "11.0.5608.0", None),
        ("builds of Outlook 2000", "9.0.2711-9.0.3011", "9.0.0.3821", None),
    ] {
        let explanation = policy_of("", item).explain(&nameless(client));
        let [verdict] = explanation.items.as_slice() else { panic!("{row}: {explanation:?}") };
        assert!(!verdict.matches, "{row}");
        let miss = verdict.near_miss.as_ref();
        assert_eq!(miss.map(|miss| miss.nearness), expected, "{row}");
        if let Some(miss) = miss {
            assert_eq!(miss.reported, Matched::Version(version(client)), "{row}");
        }
    }
}

/// Some books read bounds as exclusive. Here they match, so there is nothing near about them.
#[test]
fn a_client_at_a_bound_matches() {
    for (item, client) in [
        ("-11.5608.0", "11.0.5608.0"),
        ("11.5608.0-", "11.0.5608.0"),
        ("11.5604.0-11.5608.0", "11.0.5604.0"),
        ("11.5604.0-11.5608.0", "11.0.5608.0"),
    ] {
        let explanation = policy_of("", item).explain(&nameless(client));
        assert!(explanation.items[0].matches, "{item} {client}");
        assert_eq!(explanation.items[0].near_miss, None, "{item} {client}");
    }
}

#[test]
fn a_near_miss_reads_as_one_clause() {
    for (item, client, clause) in [
        (
            "11.0.5608",
            "11.0.5608.0",
            "version 11.0.5608.0 would match if the item left out the 0 in second place",
        ),
        ("-15.4737.999", "15.0.4737.1000", "version 15.0.4737.1000 is just above the item"),
        ("15.4737.1000-", "15.0.4737.999", "version 15.0.4737.999 is just below the item"),
        (
            "11.5608.0",
            "11.0.6353.0",
            "version 11.0.6353.0 would match a range, and the item is one version alone",
        ),
    ] {
        let explanation = policy_of("", item).explain(&nameless(client));
        let miss = explanation.items[0].near_miss.as_ref().expect("the item is near");
        assert_eq!(miss.to_string(), clause);
    }
}
