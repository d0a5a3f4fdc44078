//! The catalogue of client versions and programs (policy specification 2.4, 2.6 and 5).

use std::collections::BTreeSet;

use policy::{ClientVersion, LintCode, ProcessList, ProcessName, Severity, VersionRanges};

use super::fixtures::{ClientRow, Component, ProcessRow, Reported, clients, processes};
use super::{nameless, policy_of, ranges, version};

/// Whether a version is in the form X.0.Y.Z.
fn is_x_0_y_z(reported: &str) -> bool {
    let parts: Vec<&str> = reported.split('.').collect();
    matches!(parts.as_slice(), [_, "0", _, _])
}

#[test]
fn there_are_55_rows_of_clients_and_55_of_programs() {
    let clients = clients();
    let rows: Vec<usize> = clients.client.iter().map(|client| client.row).collect();
    assert_eq!(rows, (1..=55).collect::<Vec<_>>());
    assert_eq!(clients.component.len(), 8);

    let rows: Vec<usize> = processes().iter().map(|process| process.row).collect();
    assert_eq!(rows, (1..=55).collect::<Vec<_>>());
}

#[test]
fn every_row_has_what_the_legend_promises() {
    for ClientRow { row, label, reported, .. } in clients().client {
        assert!(!label.is_empty() && !reported.is_empty(), "{row}");
        for Reported { version, evidence, .. } in reported {
            let known = |tag: &String| ["G", "K", "P", "F", "M", "D", "B", "L"].contains(&&**tag);
            assert!(!evidence.is_empty() && evidence.iter().all(known), "{version}");
        }
    }
    for ProcessRow { row, what, presents_name, evidence, unverified, note, .. } in processes() {
        assert!(!what.is_empty(), "{row}");
        let known = ["yes", "no", "perhaps not", "unknown", "no session"];
        assert!(known.contains(&&*presents_name), "{row}: {presents_name}");
        assert!(!unverified || note.is_some(), "{row} does not say what is unverified");
        let control = presents_name == "no session";
        assert!(evidence.is_some() || unverified || control, "{row} has no source and hides it");
    }
}

#[test]
fn every_reported_version_is_read_as_its_numbers() {
    for row in clients().client {
        for Reported { version: reported, .. } in row.reported {
            let ClientVersion { major, minor, build, minor_build } = version(&reported);
            let found = [major, minor, build, minor_build];
            let mut numbers: Vec<u16> =
                reported.split('.').map(|part| part.parse().expect("a number")).collect();
            numbers.resize(4, 0);
            assert_eq!(found.as_slice(), numbers, "{reported}");
        }
    }
}

#[test]
fn every_version_of_the_form_x_0_y_z_survives_the_registry_and_back() {
    let rows = clients().client;
    let in_form = |row: &&ClientRow| row.reported.iter().all(|entry| is_x_0_y_z(&entry.version));
    assert_eq!(rows.iter().filter(in_form).count(), 47);
    for entry in rows.iter().filter(in_form).flat_map(|row| &row.reported) {
        let reported = version(&entry.version);
        assert_eq!(reported.to_string(), entry.version);
        assert_eq!(reported.registry_form(), entry.registry, "{}", entry.version);

        let registry = entry.registry.as_deref().expect("X.0.Y.Z has a registry form");
        let parsed = VersionRanges::parse(registry);
        assert_eq!(parsed.lints, [], "{registry}");
        let [item] = parsed.value.items() else { panic!("{registry}") };
        assert_eq!(item.bounds(), (Some(reported), Some(reported)), "{registry}");

        let four = VersionRanges::parse(&entry.version);
        assert_eq!(four.value, parsed.value, "{}", entry.version);
        let codes: Vec<LintCode> = four.lints.iter().map(|lint| lint.code).collect();
        assert_eq!(codes, [LintCode::FourParts], "{}", entry.version);
    }
}

#[test]
fn what_the_registry_cannot_say_has_no_form_there() {
    for reported in ["8.01.3817", "8.04.5619", "8.5.5104.6", "8.5.5603.0", "8.5.7806"] {
        assert_eq!(version(reported).registry_form(), None, "{reported}");
    }
    assert_eq!(ClientVersion::new(11, 0, 32_767, 0).registry_form().as_deref(), Some("11.32767.0"));
    assert_eq!(ClientVersion::new(11, 0, 32_768, 0).registry_form(), None);
}

#[test]
fn the_server_s_own_components_stay_out_of_the_lists_that_block_all_mapi() {
    for text in ["0.0.0-5.9.9; 7.0.0-", "-5.32767.65535; 7.0.0-"] {
        let policy = policy_of("", text);
        assert!(
            VersionRanges::parse(text).lints.iter().all(|lint| lint.severity < Severity::Error)
        );
        for Component { label, version: number, text: name } in clients().component {
            assert!(number.is_some() != name.is_some(), "{label}");
            if let Some(number) = number {
                let decision = policy.decide(&nameless(&number));
                assert!(matches!(decision, policy::Decision::Permitted { .. }), "{text}: {label}");
            }
        }
        let on_the_wire = version("6.0.7651.19");
        assert!(policy.versions().find(on_the_wire).is_none(), "{text}");
    }
}

#[test]
fn a_list_that_matches_a_component_of_the_server_says_so() {
    for Component { label, version: number, .. } in clients().component {
        let Some(ClientVersion { major, build, minor_build, .. }) =
            number.map(|number| version(&number))
        else {
            continue;
        };
        for text in [
            format!("{major}.{build}.{minor_build}"),
            format!("-{major}.{build}.{minor_build}"),
            format!("{major}.{build}.{minor_build}-"),
            format!("5.0.0-{}.0.0", major + 1),
        ] {
            let lints = VersionRanges::parse(&text).lints;
            let code = LintCode::ExchangeVersion;
            assert!(lints.iter().any(|lint| lint.code == code), "{label}: {text}");
        }
    }
}

#[test]
fn a_text_is_no_version_and_no_item() {
    let texts: Vec<String> =
        clients().component.into_iter().filter_map(|component| component.text).collect();
    assert_eq!(texts, ["HTTP", "SMTP", "OLEDB"]);
    for text in texts {
        assert!(text.parse::<ClientVersion>().is_err(), "{text}");
        assert!(ranges(&text).is_empty(), "{text}");
    }
}

/// What the printed list says it does, and what it does: 5.9.9 is lower than every 5.x build.
#[test]
fn the_list_that_is_printed_for_all_mapi_spares_outlook_97_to_2000() {
    let (printed, meant) = (ranges("0.0.0-5.9.9; 7.0.0-"), ranges("-5.32767.65535; 7.0.0-"));
    for row in clients().client {
        for Reported { version: reported, .. } in row.reported {
            let version = version(&reported);
            assert!(meant.find(version).is_some(), "{reported}");
            let spared = version.major == 5;
            assert_eq!(printed.find(version).is_none(), spared, "{reported}");
        }
    }
}

#[test]
fn every_program_is_a_name_that_a_list_of_it_finds() {
    let mut keys = BTreeSet::new();
    for ProcessRow { row, name, .. } in processes() {
        let list = ProcessList::parse(&name).value;
        let reported = ProcessName::parse(&name.to_lowercase()).expect("a program's name");
        assert!(list.find(&reported).is_some(), "{row} {name}");
        assert!(keys.insert(reported.key().to_owned()), "{row} {name} is there twice");
    }
}
