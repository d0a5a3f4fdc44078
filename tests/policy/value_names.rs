//! Names of registry values, right, wrong and nearly right (S11, 2.1, A28).

use policy::{BlockList, PROCESS_LIST_VALUE, VERSION_LIST_VALUE, misspelt_value_name};

#[test]
fn each_list_knows_its_value() {
    let known = BlockList::ALL.map(|list| (list.to_string(), list.value_name()));
    assert_eq!(
        known,
        [("processes".to_owned(), PROCESS_LIST_VALUE), ("versions".to_owned(), VERSION_LIST_VALUE)]
    );
}

/// The names are 10 edits apart, and each list forgives 3.
#[test]
fn one_list_s_name_is_never_a_slip_of_the_other_s() {
    for list in BlockList::ALL {
        for name in [list.value_name().to_owned(), list.value_name().to_lowercase()] {
            assert_eq!(misspelt_value_name(&name), None, "{name}");
        }
    }
    for (name, meant) in [
        ("Disable MAPI Client", BlockList::Versions),
        ("Disable MAPI Clients ", BlockList::Versions),
        ("DisableMAPIClients", BlockList::Versions),
        ("Disabled MAPI Clients", BlockList::Versions),
        ("Disable MAPI Clents", BlockList::Versions),
        ("Disable MAPI Clients Pr", BlockList::Versions),
        ("Disable MAPI Client Proces", BlockList::Processes),
        ("Disable MAPI Clients Process", BlockList::Processes),
    ] {
        assert_eq!(misspelt_value_name(name), Some(meant), "{name}");
    }
    for between in ["Disable MAPI Client Proc", "Disable MAPI Client Versions"] {
        assert_eq!(misspelt_value_name(between), None, "{between}");
    }
}

#[test]
fn a_name_that_is_nearly_the_value_s_is_noticed() {
    for name in [
        "Disable MAPI Client Process",
        "Disable MAPI Clients Processes",
        "Disabled MAPI Client Processes",
        "DisableMAPIClientProcesses",
        "disable mapi client proceses",
        "Disable MAPI Client Processes ",
        "Disable  MAPI Client Processes",
    ] {
        assert_eq!(misspelt_value_name(name), Some(BlockList::Processes), "{name}");
    }
}

#[test]
fn the_value_s_own_name_and_unrelated_names_are_not() {
    for name in [
        "Disable MAPI Client Processes",
        "DISABLE mapi CLIENT processes",
        "Disable MAPI Clients",
        "MaxMAPIClientSessions",
        "",
    ] {
        assert_eq!(misspelt_value_name(name), None, "{name}");
    }
}

#[test]
fn a_name_of_the_greatest_length_is_judged_too() {
    assert_eq!(misspelt_value_name(&"Disable MAPI ".repeat(1_260)), None);
}
