//! What is made of a registry value that is gone, strange or out of reach: A7 to A10, A26, A28, A30.

use infostore::Transport;
use serde_json::{Value, json};

use crate::acceptance::site::{POLLED_KEY, Program, Site, registry_fault};

/// A store where `mdl.exe` is listed and refused.
fn blocking() -> Site {
    let site = Site::start(Transport::Pipe);
    site.write("processes", "mdl.exe");
    site.tick();
    site.refuses("mdl.exe");
    site
}

fn text(data: &str) -> Value {
    json!({ "type": "REG_SZ", "data": data })
}

fn is_ready(site: &Site) -> bool {
    site.call("GET", "/healthz/ready", &Value::Null).status == 200
}

pub(super) fn a07_a_deleted_value_is_off_at_the_next_poll() {
    let site = blocking();
    let waiting = site.inject("mdl.exe");
    let mut outlook = site.foreign("OUTLOOK.EXE");
    site.delete("/block-lists/processes");
    site.refuses("mdl.exe");
    assert_eq!(site.tick(), 0);
    outlook.is_served();
    assert!(!site.is_connected(waiting), "nobody is brought back");
    site.reconnect(waiting);
    assert!(site.is_connected(waiting));
}

pub(super) fn a08_another_type_is_as_good_as_absent() {
    for value in [
        json!({ "type": "REG_DWORD", "data": 1 }),
        json!({ "type": "REG_MULTI_SZ", "data": ["mdl.exe"] }),
        json!({ "type": "REG_EXPAND_SZ", "data": "mdl.exe" }),
        json!({ "type": "REG_BINARY", "data": "6d0064006c00" }),
    ] {
        let site = blocking();
        site.write_value("processes", &value);
        site.tick();
        site.admits("mdl.exe");
        let told = site.events("registry.invalid").pop().expect("an error");
        assert_eq!(told["value"], "Disable MAPI Client Processes", "{value}");
        assert_eq!(site.get("/policy")["off"], true);
        // The same after a restart: the policy is what the registry says.
        site.restart();
        site.admits("mdl.exe");
    }
}

pub(super) fn a09_an_unreadable_value_keeps_the_last_good_list() {
    let site = blocking();
    site.post("/faults", &registry_fault("access_denied"));
    site.write("processes", "");
    for polls in 1..=3 {
        site.tick();
        site.refuses("mdl.exe");
        // One for each list.
        assert_eq!(site.events("poll.failed").len(), 2 * polls);
    }
    assert!(!is_ready(&site));
    site.delete("/faults/1");
    site.tick();
    site.admits("mdl.exe");
    assert!(is_ready(&site));
}

pub(super) fn a10_the_text_ends_with_the_first_nul_or_with_the_data() {
    const A_EXE: &str = "61002e00650078006500";
    let site = Site::start(Transport::Pipe);
    site.apply("processes", "a.exe\0; b.exe");
    site.refuses("a.exe");
    site.admits("b.exe");
    assert_eq!(site.lint_codes("processes"), ["data-after-nul"]);
    for terminators in 0..3 {
        let hex = A_EXE.to_owned() + &"0000".repeat(terminators);
        site.write_value("processes", &json!({ "type": "REG_SZ", "hex": hex }));
        site.tick();
        site.refuses("a.exe");
        assert_eq!(site.lint_codes("processes"), [""; 0], "{terminators}");
    }
    // An odd number of bytes can't be UTF-16 (A8).
    let odd = A_EXE.strip_suffix("00").expect("an e");
    site.write_value("processes", &json!({ "type": "REG_SZ", "hex": odd }));
    site.tick();
    site.admits("a.exe");
}

pub(super) fn a26_a_list_above_a_mebibyte_is_as_good_as_absent() {
    const MEBIBYTE: usize = 1 << 20;
    let site = Site::start(Transport::Pipe);
    // Two bytes for each character and two for the NUL.
    let list = |bytes: usize| text(&format!("mdl.exe;{}", "x".repeat(bytes / 2 - 9)));
    for (bytes, codes) in [
        (2_050, &[][..]),
        (2_052, &["long-data-2048"]),
        (2 * 16_384, &["long-data-2048"]),
        (2 * 16_385, &["long-data-2048", "long-data-16383"]),
        (MEBIBYTE, &["long-data-2048", "long-data-16383"]),
    ] {
        site.write_value("processes", &list(bytes));
        site.tick();
        site.refuses("mdl.exe");
        let found = site.lint_codes("processes");
        let long: Vec<_> = found.iter().filter(|code| code.starts_with("long")).collect();
        assert_eq!(long, codes, "{bytes}");
    }
    site.write_value("processes", &list(MEBIBYTE + 2));
    site.tick();
    site.admits("mdl.exe");
    assert_eq!(site.events("registry.invalid").len(), 1);
}

pub(super) fn a28_a_misspelt_value_is_ignored_and_what_was_meant_is_said() {
    let site = Site::start(Transport::Pipe);
    for (name, meant) in [
        ("Disable MAPI Client Process", Some("Disable MAPI Client Processes")),
        ("Disable MAPI Client", Some("Disable MAPI Clients")),
        // Names of values have no case.
        ("disable mapi CLIENT PROCESSES", None),
    ] {
        let path = format!("/registry/{POLLED_KEY}?value={}", name.replace(' ', "%20"));
        let hint = site.put(&path, &text("mdl.exe"))["hint"].clone();
        site.tick();
        if let Some(meant) = meant {
            assert!(hint.as_str().is_some_and(|hint| hint.contains(meant)), "{name}: {hint}");
            site.admits("mdl.exe");
        } else {
            site.refuses("mdl.exe");
        }
    }
}

pub(super) fn a30_a_failed_first_read_leaves_the_lists_off_until_the_next() {
    let site = blocking();
    site.write("versions", "12.0.0-");
    let mut fault = registry_fault("busy");
    fault["schedule"] = json!({ "next": 1 });
    site.post("/faults", &fault);
    site.restart();
    let newer = Program::new("a.exe").of_version("12.0.4518.1014");
    let (mut open, mut open_newer) = (site.foreign("mdl.exe"), site.foreign(newer));
    let failed = site.events("poll.failed");
    assert!(failed.iter().all(|event| event["poll"]["trigger"] == "start"), "{failed:?}");
    assert_eq!(failed.len(), 2);
    assert!(!is_ready(&site));

    assert_eq!(site.tick(), 2);
    open.is_closed();
    open_newer.is_closed();
    assert!(is_ready(&site));
    site.refuses("mdl.exe");
}
