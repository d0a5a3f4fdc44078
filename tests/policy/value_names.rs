//! Names of registry values, right, wrong and nearly right (S11, A28).

use policy::{BlockList, PROCESS_LIST_VALUE, misspelt_value_name};

#[test]
fn the_list_knows_its_value() {
    assert_eq!(BlockList::Processes.value_name(), PROCESS_LIST_VALUE);
    assert_eq!(BlockList::Processes.to_string(), "processes");
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
