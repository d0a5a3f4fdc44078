//! Whom a policy forbids (policy specification 1.6; A4, A6, A14, A15, A18, A21, A22).

use policy::{BlockList, ClientVersion, Decision, Matched, Policy, Subject};

use super::{client, nameless, policy, policy_of, process_name, version};

#[test]
fn a_client_is_forbidden_exactly_if_a_name_of_it_is_listed() {
    for (row, list, names, forbidden) in [
        ("listed", "mdl.exe; beta.exe", &["MDL.EXE"][..], true),
        ("listed second", "mdl.exe; beta.exe", &["Beta.exe"], true),
        ("client reports a path", "mdl.exe", &[r"C:\Apps\mdl.exe"], true),
        ("list gives a path", r"D:\other\mdl.exe", &[r"C:\Apps\mdl.exe"], true),
        ("any name counts", "mdl.exe", &["outlook.exe", "mdl.exe"], true),
        ("not listed", "mdl.exe", &["outlook.exe"], false),
        ("extension missing in the list", "mdl", &["mdl.exe"], false),
        ("extension missing in the report", "mdl.exe", &["mdl"], false),
        ("part of a listed name", "mdl.exe", &["md.exe"], false),
        ("empty list", " ; ", &["mdl.exe"], false),
        ("Exchange's own program", "store.exe", &["store.exe"], true),
        ("Outlook", "outlook.exe", &["OUTLOOK.EXE"], true),
        ("no name", "mdl.exe", &[], false),
    ] {
        let decision = policy(list).decide(&client(names));
        assert_eq!(matches!(decision, Decision::Forbidden(_)), forbidden, "{row}: {decision:?}");
    }
}

#[test]
fn a_permitted_client_is_said_to_be_identified_or_not() {
    let policy = policy("mdl.exe");
    assert_eq!(policy.decide(&client(&["a.exe"])), Decision::Permitted { identified: true });
    assert_eq!(policy.decide(&client(&[])), Decision::Permitted { identified: false });
}

#[test]
fn the_version_does_not_change_what_the_process_list_says() {
    let policy = policy("mdl.exe");
    for major in [5, 11, 16] {
        let version = ClientVersion::new(major, 0, 0, 0);
        let listed = Subject::new(version, [process_name("mdl.exe")]);
        assert!(matches!(policy.decide(&listed), Decision::Forbidden(_)), "{major}");
    }
}

#[test]
fn the_cause_names_the_item_and_the_first_name_that_met() {
    let decision =
        policy(r"beta.exe; C:\x\Mdl.exe").decide(&client(&["a.exe", "MDL.EXE", "beta.exe"]));
    let Decision::Forbidden(cause) = decision else { panic!("{decision:?}") };
    assert_eq!(cause.list, BlockList::Processes);
    assert_eq!(cause.item.ordinal, 1);
    assert_eq!(&*cause.item.text, r"C:\x\Mdl.exe");
    assert_eq!((cause.item.span.start, cause.item.span.end), (10, 22));
    assert_eq!(cause.matched, Matched::Name(process_name("MDL.EXE")));
    assert_eq!(
        cause.to_string(),
        r"`MDL.EXE` matches item 2 `C:\x\Mdl.exe` of `Disable MAPI Client Processes`",
    );
}

#[test]
fn a_cause_shows_what_a_client_hides_in_its_name_and_cuts_it_short() {
    let name = format!("a\u{202e}\n{}", "x".repeat(1_000));
    let decision = policy(&name).decide(&client(&[&name]));
    let Decision::Forbidden(cause) = decision else { panic!("{decision:?}") };
    let shown = cause.to_string();
    assert!(shown.starts_with(r"`a\u{202e}\u{a}xxx"), "{shown}");
    assert!(shown.chars().count() < 300, "{shown}");
}

/// A14: the lists are evaluated each for itself.
#[test]
fn either_list_is_enough_and_the_process_list_is_named_first() {
    for (row, processes, versions, expected) in [
        ("neither", "a.exe", "12.0.0-", None),
        ("by name", "mdl.exe", "12.0.0-", Some(BlockList::Processes)),
        ("by version", "a.exe", "11.0.0-", Some(BlockList::Versions)),
        ("both", "mdl.exe", "11.0.0-", Some(BlockList::Processes)),
        ("by name, no versions", "mdl.exe", "", Some(BlockList::Processes)),
        ("by version, no names", "", "11.0.0-", Some(BlockList::Versions)),
        ("both off", " ;", "; ,", None),
    ] {
        let list = match policy_of(processes, versions).decide(&client(&["mdl.exe"])) {
            Decision::Forbidden(cause) => Some(cause.list),
            Decision::Permitted { .. } => None,
        };
        assert_eq!(list, expected, "{row}");
    }
}

#[test]
fn a_client_without_a_name_is_judged_by_its_version() {
    let policy = policy_of("mdl.exe", "-9.0.0, 11.5608.0");
    for (client, forbidden) in
        [("5.0.3164.0", true), ("9.0.0.2711", false), ("11.0.5608.0", true), ("11.0.5608.1", false)]
    {
        let decision = policy.decide(&nameless(client));
        if forbidden {
            assert!(matches!(decision, Decision::Forbidden(_)), "{client}");
        } else {
            assert_eq!(decision, Decision::Permitted { identified: false }, "{client}");
        }
    }
}

#[test]
fn the_cause_of_a_version_names_the_first_item_that_holds_it() {
    let decision = policy_of("a.exe", "5.3164.0; 11.0.0-11.5703.0; 11.5608.0").decide(&client(&[]));
    let Decision::Forbidden(cause) = decision else { panic!("{decision:?}") };
    assert_eq!((cause.list, cause.item.ordinal), (BlockList::Versions, 1));
    assert_eq!((cause.item.span.start, cause.item.span.end), (10, 26));
    assert_eq!(cause.matched, Matched::Version(version("11.0.5608.0")));
    assert_eq!(
        cause.to_string(),
        "version 11.0.5608.0 matches item 2 `11.0.0-11.5703.0` of `Disable MAPI Clients`",
    );
}

#[test]
fn a_policy_is_off_until_a_list_has_an_item() {
    assert!(Policy::default().is_off());
    assert!(policy("; ;").is_off());
    assert!(!policy("a.exe").is_off());
    assert!(policy_of("", "11.x.0").is_off());
    assert!(!policy_of("", "11.5608.0").is_off());
    assert_eq!(policy("a.exe").processes().items().len(), 1);
}
