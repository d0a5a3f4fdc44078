//! `serve --registry FILE.reg`: a file that people and programs write, read afresh at every poll (A7, A9, A30).

use std::fs;
use std::path::{Path, PathBuf};

use super::process::{Serving, run, scratch};

const KEY: &str =
    r"[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\MSExchangeIS\ParametersSystem]";

/// The key with this line in it, as a hand-written version 5 file.
fn version_5(line: &str) -> Vec<u8> {
    format!("Windows Registry Editor Version 5.00\r\n\r\n{KEY}\r\n{line}\r\n").into_bytes()
}

/// The same as regedit writes it: UTF-16LE with a mark.
fn utf_16(line: &str) -> Vec<u8> {
    let text = String::from_utf8(version_5(line)).unwrap();
    let units = core::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// A server whose registry is a file.
struct Filed {
    serving: Serving,
    file: PathBuf,
}

impl Filed {
    fn start(name: &str, bytes: &[u8]) -> Self {
        let file = scratch(name);
        fs::write(&file, bytes).unwrap();
        let arguments = ["--clock", "manual", "--registry", file.to_str().unwrap()];
        Self { serving: Serving::start(&arguments), file }
    }

    fn exstore(&self, arguments: &[&str]) -> String {
        let output = run(&[arguments, &["--control", self.serving.control()]].concat());
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn next_poll(&self) {
        self.exstore(&["clock", "advance", "--next", "poll"]);
    }

    /// Whether a new client of this program is refused.
    fn refuses(&self, process: &str) -> bool {
        let added = self.exstore(&["client", "add", "--process", process, "-o", "json"]);
        let added: serde_json::Value = serde_json::from_str(&added).unwrap();
        match added["items"][0]["state"].as_str().or_else(|| added["state"].as_str()) {
            Some("refused") => true,
            Some("connected") => false,
            state => panic!("{state:?}: {added}"),
        }
    }

    /// What the readiness check says of the registry; none when it is well.
    fn trouble(&self) -> Option<String> {
        let health = run(&["health", "--control", self.serving.control()]);
        let said = String::from_utf8_lossy(&health.stdout).into_owned();
        (!health.status.success()).then_some(said)
    }
}

#[test]
fn the_file_is_read_before_the_first_client_and_at_every_poll() {
    let store =
        Filed::start("polled.reg", &utf_16("\"Disable MAPI Client Processes\"=\"mdl.exe\""));
    assert!(store.refuses("MDL.EXE"));
    assert!(!store.refuses("beta.exe"));

    fs::write(&store.file, version_5("\"Disable MAPI Client Processes\"=\"beta.exe\"")).unwrap();
    assert!(!store.refuses("beta.exe"), "not before the poll");
    store.next_poll();
    assert!(store.refuses("beta.exe"));
    assert!(!store.refuses("mdl.exe"));

    fs::write(&store.file, version_5("\"Disable MAPI Client Processes\"=-")).unwrap();
    store.next_poll();
    assert!(!store.refuses("beta.exe"), "deleted");
}

#[test]
fn a_file_that_can_not_be_read_keeps_the_list_until_the_service_starts() {
    let good = version_5("\"Disable MAPI Client Processes\"=\"mdl.exe\"");
    let store = Filed::start("broken.reg", &good);
    // Cut within the value, as by a writer that was caught at it.
    fs::write(&store.file, &good[..good.len() - 5]).unwrap();
    store.next_poll();
    let trouble = store.trouble().expect("it can't be read");
    assert!(trouble.contains("line 4") && trouble.contains("as it was last read"), "{trouble}");
    let list = run(&["registry", "list", "--control", store.serving.control()]);
    let said = String::from_utf8_lossy(&list.stderr).into_owned();
    assert_eq!(list.status.code(), Some(5), "{said}");
    assert!(said.contains("line 4") && said.contains("hint: mend the file"), "{said}");
    assert!(store.refuses("mdl.exe"), "A9");

    store.exstore(&["store", "restart"]);
    let trouble = store.trouble().expect("it still can't be read");
    assert!(trouble.contains("so the list is off"), "{trouble}");
    assert!(!store.refuses("mdl.exe"), "A30");

    fs::remove_file(&store.file).unwrap();
    store.next_poll();
    assert!(store.trouble().is_some(), "a file that is gone is no empty registry");
    fs::write(&store.file, &good).unwrap();
    store.next_poll();
    assert_eq!(store.trouble(), None);
    assert!(store.refuses("mdl.exe"));
}

#[test]
fn an_edit_is_written_to_the_file_whole_and_in_its_own_form() {
    let store = Filed::start("edited.reg", &utf_16("\"Other\"=dword:0000002a"));
    store.exstore(&["block-list", "set", "processes", "mdl.exe; \"b\".exe"]);
    let written = fs::read(&store.file).unwrap();
    let expected =
        "\"Disable MAPI Client Processes\"=\"mdl.exe; \\\"b\\\".exe\"\r\n\"Other\"=dword:0000002a";
    assert_eq!(text(&written), text(&[&utf_16(expected)[..], &[13, 0, 10, 0]].concat()));
    assert!(leftovers(&store.file).is_empty(), "{:?}", leftovers(&store.file));
    store.exstore(&["store", "reset"]);
    assert_eq!(fs::read(&store.file).unwrap(), written, "a reset begins with the file as it is");
}

fn text(bytes: &[u8]) -> String {
    let units = bytes.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    String::from_utf16(&units.collect::<Vec<_>>()).expect("UTF-16LE")
}

/// Files beside this one that begin with its name.
fn leftovers(file: &Path) -> Vec<PathBuf> {
    let name = file.file_name().unwrap().to_str().unwrap();
    let beside = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let ours =
        |path: &PathBuf| path != file && path.file_name().unwrap().to_str().unwrap().contains(name);
    beside.filter(ours).collect()
}

#[test]
fn a_file_that_is_missing_or_wrong_stops_the_start_and_says_where() {
    let wrong = scratch("wrong.reg");
    fs::write(&wrong, "Windows Registry Editor Version 5.00\n\n[HKEY_NOWHERE\\Key]\n").unwrap();
    let missing = scratch("missing.reg");
    let rows = [(&missing, "there is no registry file"), (&wrong, "line 3, column")];
    for (file, said) in rows {
        let output = run(&[
            "serve",
            "--control",
            "127.0.0.1:0",
            "--rpc",
            "127.0.0.1:0",
            "--registry",
            file.to_str().unwrap(),
        ]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
