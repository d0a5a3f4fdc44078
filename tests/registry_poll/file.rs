//! A `.reg` file as a registry.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use registry_poll::{
    AnsiCodePage, Cluster, ClusterMode, EditError, FileKeyStore, FileOpenError, KeyPath, KeyStore,
    KeyStoreError, MAX_REG_FILE_BYTES, MemoryKeyStore, NodeName, RegType, RegValue, Registry,
    Restored,
};
use tempfile::TempDir;

use super::tree::{create, delete, delete_value, edits, set};
use super::{key, name};

const HEADER: &str = "Windows Registry Editor Version 5.00\r\n";
const AT: &str = "HKLM\\Software\\Acme";

/// A folder with a registry file in it, which goes with it.
struct Scratch(TempDir);

impl Scratch {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let scratch = Self(TempDir::new().expect("a folder"));
        scratch.write(content);
        scratch
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store.reg")
    }

    fn write(&self, content: impl AsRef<[u8]>) {
        fs::write(self.path(), content).expect("it can be written");
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).expect("it can be read")
    }

    fn open(&self) -> FileKeyStore {
        FileKeyStore::open(&self.path(), AnsiCodePage::Windows1252).expect("it is a registry")
    }

    /// Nothing is left over beside the file.
    fn is_tidy(&self) -> bool {
        fs::read_dir(self.0.path()).expect("a folder").count() == 1
    }
}

fn with_value(text: &str) -> String {
    format!("{HEADER}\r\n[HKEY_LOCAL_MACHINE\\Software\\Acme]\r\n\"v\"=\"{text}\"\r\n\r\n")
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn value(store: &FileKeyStore) -> Result<Option<String>, KeyStoreError> {
    let value = store.query_value(&key(AT), &name("v"))?;
    Ok(value.map(|value| value.text().expect("it is text")))
}

fn reason(error: KeyStoreError) -> String {
    let KeyStoreError::Failed { reason } = error else { panic!("{error}") };
    reason
}

#[test]
fn the_file_is_read_anew_each_time() {
    let scratch = Scratch::new(HEADER);
    let store = scratch.open();
    assert_eq!(value(&store), Ok(None));
    for text in ["first", "second"] {
        scratch.write(with_value(text));
        assert_eq!(value(&store), Ok(Some(text.to_owned())));
    }
    scratch.write(format!("{}\"w\"=dword:1\r\n[-HKEY_LOCAL_MACHINE\\Software]\r\n", HEADER));
    let refused = store.query_value(&key(AT), &name("v")).expect_err("a value before any key");
    assert!(reason(refused).starts_with("`store.reg`: line 2, column 1: "));
}

#[test]
fn several_values_come_from_one_reading() {
    let scratch = Scratch::new(with_value("a") + "[HKEY_USERS\\x]\r\n\"w\"=dword:00000001\r\n");
    let store = scratch.open();
    let reads = store.query_values(&key(AT), &["V", "w"].map(name));
    let results: Vec<_> = reads.into_iter().map(|read| read.result).collect();
    assert_eq!(results, [Ok(Some(RegValue::sz("a"))), Ok(None)]);
    scratch.write("");
    let reads = store.query_values(&key(AT), &["V", "w"].map(name));
    assert_eq!(reads[0].result, reads[1].result);
    assert!(reads[0].result.is_err());
}

#[test]
fn what_can_not_be_read_is_never_not_found() {
    let good = with_value("a");
    let cut = good.trim_end().trim_end_matches('"').to_owned();
    let rows = [
        ("emptied", Vec::new(), "the file is empty"),
        ("cut within a value", cut.into_bytes(), "line 4"),
        ("another format", b"{}\r\n".to_vec(), "line 1, column 1"),
        (
            "a predefined key deleted",
            format!("{HEADER}[-HKEY_LOCAL_MACHINE]\r\n").into_bytes(),
            "line 2: `HKEY_LOCAL_MACHINE` is a predefined key",
        ),
    ];
    let scratch = Scratch::new(&good);
    let store = scratch.open();
    for (row, content, said) in rows {
        scratch.write(content);
        let reason = reason(value(&store).expect_err(row));
        assert!(reason.starts_with("`store.reg`: ") && reason.contains(said), "{row}: {reason}");
        assert!(store.tree().is_err(), "{row}");
    }
    fs::remove_file(scratch.path()).expect("it is there");
    assert_eq!(reason(value(&store).expect_err("gone")), "`store.reg`: there is no such file");
    fs::create_dir(scratch.path()).expect("the name is free");
    assert_eq!(reason(value(&store).expect_err("a folder")), "`store.reg`: it is no file");
    fs::remove_dir(scratch.path()).expect("it is there");
    let file = fs::File::create(scratch.path()).expect("the name is free");
    file.set_len(MAX_REG_FILE_BYTES as u64 + 1).expect("there is room for holes");
    assert_eq!(
        reason(value(&store).expect_err("too long")),
        "`store.reg`: it has 16777217 bytes, and at most 16777216 are read"
    );
    scratch.write(&good);
    assert_eq!(value(&store), Ok(Some("a".to_owned())), "it recovers");
}

#[test]
fn a_file_that_is_no_registry_is_not_opened() {
    let scratch = Scratch::new(format!("{HEADER}[HKEY_MOON\\Crater]\r\n"));
    let open = |path: &Path| FileKeyStore::open(path, AnsiCodePage::Windows1252);
    let error = open(&scratch.path()).expect_err("there is no such key");
    assert!(error.to_string().ends_with("store.reg` can't be used as a registry"), "{error}");
    let source = error.source().expect("it has a cause").to_string();
    assert!(source.contains("line 2, column "), "{source}");

    let missing = scratch.path().with_file_name("none.reg");
    let error = open(&missing).expect_err("there is no file");
    assert!(matches!(error, FileOpenError::Missing { .. }));
    let said = error.to_string();
    assert!(said.contains("none.reg`: export one with regedit, or write one"), "{said}");
    assert!(matches!(open(Path::new("")), Err(FileOpenError::Path { .. })));
}

#[test]
fn an_edit_keeps_the_form_of_the_file_and_everything_else_in_it() {
    let v5 = |end: &str| {
        let lines = [
            HEADER.trim_end(),
            "",
            "[HKEY_LOCAL_MACHINE\\Software\\Acme]",
            "\"v\"=\"gr\u{fc}n\"",
            "",
            "[HKEY_USERS\\Other\\Leaf]",
            "\"odd\"=hex(63):01,02,03",
            "",
            "",
        ];
        lines.join(end)
    };
    let old = v5("\r\n").replace(HEADER, "REGEDIT4\r\n");
    let latin = |text: &str| text.chars().map(|char| char as u8).collect::<Vec<_>>();
    let marked = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let red = |text: &str| text.replace("gr\u{fc}n", "rot & blau \u{df}");
    let rows = [
        ("UTF-16, as regedit exports", utf16(&v5("\r\n")), utf16(&red(&v5("\r\n")))),
        ("UTF-8", v5("\r\n").into_bytes(), red(&v5("\r\n")).into_bytes()),
        ("UTF-8 with bare line feeds", v5("\n").into_bytes(), red(&v5("\n")).into_bytes()),
        ("UTF-8 with a mark", marked(&v5("\r\n")), marked(&red(&v5("\r\n")))),
        ("REGEDIT4", latin(&old), latin(&red(&old))),
    ];
    for (row, before, after) in rows {
        let scratch = Scratch::new(&before);
        let store = scratch.open();
        let edit = set(AT, "v", RegValue::sz("rot & blau \u{df}"));
        assert_eq!(store.edit(&[edit]), Ok(vec![true]), "{row}");
        let (found, expected) = (scratch.bytes(), after);
        assert_eq!(found, expected, "{row}: {}", String::from_utf8_lossy(&found));
        assert_eq!(value(&store), Ok(Some("rot & blau \u{df}".to_owned())), "{row}");
        assert!(scratch.is_tidy(), "{row}");
    }
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let content =
        with_value("a") + "; a comment\r\n[HKEY_LOCAL_MACHINE\\Software\\Acme\\Below]\r\n";
    let scratch = Scratch::new(&content);
    let store = scratch.open();
    let same = [
        set(AT, "v", RegValue::sz("a")),
        create(AT),
        create("HKLM\\Software"),
        delete_value(AT, "w"),
        delete("HKU\\x"),
    ];
    assert_eq!(store.edit(&same), Ok(vec![false; 5]));
    assert_eq!(scratch.bytes(), content.as_bytes(), "the comment is there");
    let and_back = [set(AT, "v", RegValue::sz("b")), set(AT, "v", RegValue::sz("a"))];
    assert_eq!(store.edit(&and_back), Ok(vec![true, true]));
    assert_eq!(scratch.bytes(), content.as_bytes(), "the comment is there");
    assert_eq!(store.edit(&[set(AT, "V", RegValue::sz("a"))]), Ok(vec![true]));
    assert!(String::from_utf8(scratch.bytes()).expect("UTF-8").contains("\"V\"=\"a\""));
}

#[test]
fn a_file_that_can_not_be_understood_is_not_written() {
    let scratch = Scratch::new(with_value("a"));
    let store = scratch.open();
    for broken in ["", "; half a file", with_value("a").trim_end_matches("\"\r\n\r\n")] {
        scratch.write(broken);
        let refused = store.edit(&[set(AT, "v", RegValue::sz("b"))]).expect_err(broken);
        assert!(matches!(refused, EditError::Unreadable(_)), "{refused}");
        assert_eq!(scratch.bytes(), broken.as_bytes());
    }
    fs::remove_file(scratch.path()).expect("it is there");
    assert!(store.edit(&[create(AT)]).is_err(), "no new file hides that the old one is gone");
    assert!(!scratch.path().exists());
}

#[test]
fn what_no_reg_file_can_hold_is_refused_and_the_file_stays() {
    let utf8 = with_value("a").into_bytes();
    let ansi = with_value("a").replace(HEADER, "REGEDIT4\r\n").into_bytes();
    // A byte is `00,` in the file, in UTF-16.
    let long = || RegValue::binary(vec![0; MAX_REG_FILE_BYTES / 6 / 2]);
    let too_long = [set(AT, "1", long()), set(AT, "2", long())];
    let rows = [
        ("a line end", &utf8, vec![set(AT, "a\nb", RegValue::dword(1))], "line end"),
        ("no such character", &ansi, vec![set(AT, "v", RegValue::sz("\u{65e5}"))], "1252"),
        ("too long", &utf16(&with_value("a")), too_long.to_vec(), "at most 16777216"),
    ];
    for (row, content, edits, said) in rows {
        let scratch = Scratch::new(content);
        let refused = scratch.open().edit(&edits).expect_err(row);
        assert!(matches!(refused, EditError::Unwritable { .. }), "{row}: {refused}");
        assert!(refused.to_string().contains(said), "{row}: {refused}");
        assert_eq!(scratch.bytes(), *content, "{row}");
        assert!(scratch.is_tidy(), "{row}");
    }
}

#[test]
fn edits_through_one_store_wait_for_each_other() {
    let scratch = Scratch::new(HEADER);
    let store = scratch.open();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for edit in 0..5 {
                    let value = format!("{thread}-{edit}");
                    let done = store.edit(&[set(AT, &value, RegValue::dword(edit))]);
                    assert_eq!(done, Ok(vec![true]));
                }
            });
        }
    });
    let tree = store.tree().expect("it can be read");
    assert_eq!(tree.key(&key(AT)).expect("it is there").values().count(), 20);
}

#[test]
fn a_subtree_is_replaced_and_everything_deleted() {
    let scratch = Scratch::new(with_value("old"));
    let store = scratch.open();
    let other = MemoryKeyStore::new();
    other.edit(&[set(&format!("{AT}\\Below"), "w", RegValue::dword(1))]).expect("there is room");
    let other = other.tree().expect("memory can be read");
    assert_eq!(store.replace(&key(AT), &other), Ok(true));
    assert_eq!(store.replace(&key(AT), &other), Ok(false));
    assert_eq!(store.tree().expect("it can be read"), other);
}

#[test]
fn a_checkpoint_is_restored_into_a_file() {
    let scratch = Scratch::new(utf16(HEADER));
    let store: Arc<dyn Registry> = Arc::new(scratch.open());
    let mut cluster = Cluster::new(store);
    let list = |text| set(KeyPath::parameters_system().as_str(), "v", RegValue::sz(text));
    cluster.set_mode(ClusterMode::Checkpointed).expect("the first node is active");
    cluster.take_offline();
    cluster.bring_online(&NodeName::second()).expect("it is offline");
    cluster.edit(None, &[list("on the second")]).expect("there is room");
    cluster.take_offline();
    assert_eq!(cluster.bring_online(&NodeName::first()), Ok(Restored::Overwritten));
    let value = scratch.open().query_value(&KeyPath::parameters_system(), &name("v"));
    assert_eq!(value, Ok(Some(RegValue::sz("on the second"))));
}

#[test]
fn data_of_any_type_and_length_is_kept_byte_by_byte() {
    let scratch = Scratch::new(HEADER);
    let store = scratch.open();
    let rows = [
        ("", RegValue::sz("unnamed")),
        ("a \"quoted\" \\ name", RegValue::sz("C:\\a \"b\"; c")),
        ("no NUL", RegValue::new(RegType::SZ, b"a\0".to_vec())),
        ("half a unit", RegValue::new(RegType::SZ, b"abc".to_vec())),
        ("a line end", RegValue::sz("a\r\nb\nc")),
        ("short DWORD", RegValue::new(RegType::DWORD, vec![1])),
        ("unknown", RegValue::new(RegType(0xffff_0011), vec![0, 255])),
        ("long", RegValue::binary((0..=255).collect())),
    ];
    let edits: Vec<_> = rows.iter().map(|(name, to)| set(AT, name, to.clone())).collect();
    assert_eq!(store.edit(&edits), Ok(vec![true; rows.len()]));
    for (value, expected) in rows {
        assert_eq!(store.query_value(&key(AT), &name(value)), Ok(Some(expected)), "{value}");
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn mode(scratch: &Scratch) -> u32 {
        fs::metadata(scratch.path()).expect("it is there").permissions().mode() & 0o7777
    }

    #[test]
    fn a_file_that_is_edited_keeps_its_permissions_and_owner() {
        let scratch = Scratch::new(with_value("a"));
        fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o620)).expect("it is ours");
        let before = fs::metadata(scratch.path()).expect("it is there");
        scratch.open().edit(&[set(AT, "v", RegValue::sz("b"))]).expect("it can be written");
        let after = fs::metadata(scratch.path()).expect("it is there");
        assert_ne!(before.ino(), after.ino(), "it is another file");
        assert_eq!((mode(&scratch), after.uid(), after.gid()), (0o620, before.uid(), before.gid()));
    }

    #[test]
    fn a_read_only_file_is_not_edited() {
        let scratch = Scratch::new(with_value("a"));
        fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o444)).expect("it is ours");
        let refused = scratch.open().edit(&[set(AT, "v", RegValue::sz("b"))]).expect_err("refused");
        let said = "the registry can't be written: `store.reg`: it is read-only";
        assert_eq!(refused.to_string(), said);
        assert_eq!(scratch.bytes(), with_value("a").as_bytes());
        assert!(scratch.is_tidy());
    }

    #[test]
    fn a_symbolic_link_stays_one_and_the_file_it_leads_to_is_edited() {
        let scratch = Scratch::new(with_value("a"));
        let links = TempDir::new().expect("a folder");
        let link = links.path().join("link.reg");
        symlink(scratch.path(), &link).expect("the name is free");
        let store = FileKeyStore::open(&link, AnsiCodePage::Windows1252).expect("a registry");
        store.edit(&[set(AT, "v", RegValue::sz("b"))]).expect("it can be written");
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
        assert_eq!(value(&scratch.open()), Ok(Some("b".to_owned())));
        assert!(scratch.is_tidy());

        let other = Scratch::new(with_value("elsewhere"));
        fs::remove_file(&link).expect("it is there");
        symlink(other.path(), &link).expect("the name is free");
        assert_eq!(value(&store), Ok(Some("elsewhere".to_owned())), "a link may be turned");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever the edits, the file holds what a registry in memory does and answers them alike.
    #[test]
    fn a_file_does_as_memory_does(
        edits in prop::collection::vec(prop::collection::vec(edits(), 1..4), 0..8),
    ) {
        let scratch = Scratch::new(HEADER);
        let (file, memory) = (scratch.open(), MemoryKeyStore::new());
        for edits in &edits {
            prop_assert_eq!(file.edit(edits), memory.edit(edits));
            prop_assert_eq!(file.tree(), memory.tree());
        }
        prop_assert!(scratch.is_tidy());
    }
}
