//! What is made of a value that can't be used, or can't be read (A8, A9): acceptance test 10.

use infostore::Transport;
use serde_json::{Value, json};

use super::site::{Program, Site};

/// What a list is written with, a client that it hits, and what else there is to say.
const LISTS: [(&str, &str, Program<'static>); 2] = [
    ("processes", "mdl.exe", Program { process: Some("mdl.exe"), version: "11.0.5608.0" }),
    ("versions", "12.0.0-", Program { process: Some("new.exe"), version: "12.0.4518.1014" }),
];

pub(super) fn t10_a_wrong_type_is_off_a_failed_read_is_not_and_both_recover(via: Transport) {
    for (list, text, listed) in LISTS {
        let site = Site::start(via);
        site.write(list, text);
        site.tick();
        site.refuses(listed);
        a_wrong_type(&site, list, text, listed);
        a_failed_read(&site, list, listed);
    }
}

fn a_wrong_type(site: &Site, list: &str, text: &str, listed: Program<'_>) {
    for value in [
        json!({ "type": "REG_DWORD", "data": 1 }),
        json!({ "type": "REG_MULTI_SZ", "data": [text] }),
        json!({ "type": "REG_EXPAND_SZ", "data": text }),
        json!({ "type": "REG_SZ", "hex": "6d0064" }),
    ] {
        let errors = site.events("registry.invalid").len();
        site.write_value(list, &value);
        site.refuses(listed);
        assert_eq!(site.tick(), 0);
        let (injected, mut foreign) = (site.inject(listed), site.foreign(listed));
        assert!(site.is_connected(injected), "{value}");
        assert_eq!(site.events("registry.invalid").len(), errors + 1, "{value}");
        assert_ne!(site.get(&format!("/block-lists/{list}"))["problem"], Value::Null, "{value}");

        site.write(list, text);
        assert_ne!(site.tick(), 0);
        site.is_cut_off(injected);
        foreign.is_closed();
        site.refuses(listed);
    }
}

fn a_failed_read(site: &Site, list: &str, listed: Program<'_>) {
    for kind in ["access_denied", "torn", "busy"] {
        let (generation, failures) = (site.generation(), site.events("poll.failed").len());
        let fault = site.post("/faults", &super::site::registry_fault(kind));
        // What is written meanwhile is not seen.
        site.write(list, "");
        for _ in 0..2 {
            site.tick();
            site.refuses(listed);
        }
        assert_eq!(site.generation(), generation, "{kind}");
        // Both values are read from one key.
        assert_eq!(site.events("poll.failed").len(), failures + 4, "{kind}");
        assert_eq!(site.call("GET", "/healthz/ready", &Value::Null).status, 503);

        site.delete(&format!("/faults/{}", fault["id"]));
        site.tick();
        site.admits(listed);
        assert_eq!(site.generation(), generation + 1, "{kind}");
        assert_eq!(site.call("GET", "/healthz/ready", &Value::Null).status, 200);
        site.write(list, if list == "versions" { "12.0.0-" } else { "mdl.exe" });
        site.tick();
        site.refuses(listed);
    }
}
