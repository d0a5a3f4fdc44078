//! Files of other programs, and the imports that policy 8.13 asks for.

use registry_poll::{AnsiCodePage, Edit, KeyPath, RegFile, RegFileVersion, RegValue};

use super::{Keys, keys};

const SOURCE: &[u8] = include_bytes!("../../../fixtures/reg/source.reg");
const WINE_5: &[u8] = include_bytes!("../../../fixtures/reg/wine-regedit5.reg");
const SAMBA_5: &[u8] = include_bytes!("../../../fixtures/reg/samba-regedit5.reg");
const SAMBA_4: &[u8] = include_bytes!("../../../fixtures/reg/samba-regedit4-1252.reg");
const CYRILLIC: &[u8] = include_bytes!("../../../fixtures/reg/source-cyrillic.reg");
const SAMBA_1251: &[u8] = include_bytes!("../../../fixtures/reg/samba-regedit4-1251.reg");
const JAPANESE: &[u8] = include_bytes!("../../../fixtures/reg/source-japanese.reg");
const SAMBA_932: &[u8] = include_bytes!("../../../fixtures/reg/samba-regedit4-932.reg");
const BLOCK_5: &[u8] = include_bytes!("../../../fixtures/reg/hand-block-v5.reg");
const BLOCK_4: &[u8] = include_bytes!("../../../fixtures/reg/hand-block-v4.reg");

fn parse(bytes: &[u8], ansi: AnsiCodePage) -> RegFile {
    RegFile::parse(bytes, ansi).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What a file sets, by name: Wine sorts, Samba does not.
fn sorted(file: &RegFile) -> Keys {
    let mut keys = keys(file);
    keys.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (_, values) in &mut keys {
        values.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    keys
}

#[test]
fn other_programs_files_say_what_they_were_given() {
    let source = sorted(&parse(SOURCE, AnsiCodePage::default()));
    assert_eq!(source.iter().map(|(_, values)| values.len()).collect::<Vec<_>>(), [14, 1, 0]);
    let rows = [
        ("Wine, version 5", WINE_5, RegFileVersion::V5),
        ("Samba, version 5", SAMBA_5, RegFileVersion::V5),
        ("Samba, REGEDIT4", SAMBA_4, RegFileVersion::Regedit4),
    ];
    for (row, bytes, version) in rows {
        let file = parse(bytes, AnsiCodePage::Windows1252);
        assert_eq!(file.version(), version, "{row}");
        assert_eq!(sorted(&file), source, "{row}");
    }
}

#[test]
fn ansi_files_say_what_they_were_given() {
    let rows = [
        ("Cyrillic", CYRILLIC, SAMBA_1251, AnsiCodePage::Windows1251),
        // Its characters have a backslash for their second byte.
        ("Japanese", JAPANESE, SAMBA_932, AnsiCodePage::Windows932),
    ];
    for (row, source, ansi, page) in rows {
        let source = keys(&parse(source, page));
        assert_eq!(source[0].1.len(), 2, "{row}");
        assert_eq!(keys(&parse(ansi, page)), source, "{row}");
    }
}

#[test]
fn wines_export_is_written_again_to_the_byte() {
    let keys = keys(&parse(WINE_5, AnsiCodePage::default()));
    let written = RegFile::write(RegFileVersion::V5, AnsiCodePage::default(), keys);
    assert_eq!(written.as_deref(), Ok(WINE_5));
}

#[test]
fn a_list_is_imported_a_value_deleted_and_no_comment_taken_for_data() {
    let rows = [
        ("version 5", BLOCK_5, "mdl.exe; outlook.exe;Почта.exe"),
        ("REGEDIT4", BLOCK_4, "mdl.exe; outlook.exe;Müller.exe"),
    ];
    for (row, bytes, list) in rows {
        let key = KeyPath::parameters_system();
        let set = Edit::SetValue {
            key: key.clone(),
            name: "Disable MAPI Client Processes".parse().expect("a name"),
            value: RegValue::sz(list),
        };
        let name = "Disable MAPI Clients".parse().expect("a name");
        let delete = Edit::DeleteValue { key: key.clone(), name };
        let file = parse(bytes, AnsiCodePage::default());
        assert_eq!(file.edits(), [Edit::CreateKey(key), set, delete], "{row}");
    }
}
