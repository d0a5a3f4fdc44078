//! What the texts mean (A1 to A6, A21, A26 and the forms of a version): acceptance tests 11 and 12.

use infostore::Transport;
use serde_json::{Value, json};

use super::site::{Program, Site};
use crate::policy::fixtures::{clients, process_vectors, sorted, version_vectors};

pub(super) fn t11_lists_that_would_hit_exchange_itself_are_errors(via: Transport) {
    for (list, text, code, listed) in [
        ("versions", "6.0.0-7.0.0", "exchange-version", Program::NAMELESS.of_version("6.0.4712.0")),
        ("versions", "-12.0.0", "exchange-version", Program::NAMELESS.of_version("6.5.7638.0")),
        ("versions", "5.0.0-", "exchange-version", Program::NAMELESS),
        ("processes", "mad.exe", "exchange-component", Program::new("MAD.EXE")),
        ("processes", "a.exe; Store.exe", "exchange-component", Program::new("store.exe")),
        (
            "processes",
            r"C:\exchsrvr\bin\emsmta.exe",
            "exchange-component",
            Program::new("emsmta.exe"),
        ),
    ] {
        let site = Site::start(via);
        let written = site.write(list, text);
        let lints = written["lints"].as_array().expect("a list");
        let lint = lints.iter().find(|lint| lint["code"] == code);
        assert_eq!(lint.map(|lint| &lint["severity"]), Some(&json!("error")), "{text}: {written}");
        site.tick();
        // It is honoured all the same, and the journal has the error.
        site.refuses(listed);
        let invalid = site.events("registry.invalid");
        assert_eq!(invalid[0]["lints"][0]["code"], code, "{text}");
    }
    let site = Site::start(via);
    site.apply("versions", "0.0.0-5.32767.65535; 7.0.0-");
    site.admits(Program::NAMELESS.of_version("6.5.7638.0"));
    site.refuses("a.exe");
    assert!(!site.lint_codes("versions").contains(&"exchange-version".to_owned()));
}

fn texts_of(list: &Value, field: &str) -> Vec<String> {
    let items = list["items"].as_array().expect("a list").iter();
    items.map(|item| item[field].as_str().expect("a text").to_owned()).collect()
}

fn lints_of(list: &Value) -> Vec<String> {
    let lints = list["lints"].as_array().expect("a list").iter();
    lints.map(|lint| lint["code"].as_str().expect("a code").to_owned()).collect()
}

pub(super) fn t12_the_vectors_mean_the_same_on_the_wire(via: Transport) {
    let site = Site::start(via);
    process_lists(&site);
    site.delete("/block-lists/processes?apply=now");
    version_lists(&site);
    reported_and_registered(&site);
}

fn process_lists(site: &Site) {
    for vector in process_vectors() {
        let list = site.apply("processes", &vector.text);
        assert_eq!(texts_of(&list, "key"), vector.keys, "{}", vector.row);
        assert_eq!(sorted(lints_of(&list)), sorted(vector.lints), "{}", vector.row);
        let off = site.get("/policy")["off"] == true;
        assert_eq!(off, vector.keys.is_empty(), "{}", vector.row);
        for text in texts_of(&list, "text") {
            site.refuses(&*text);
        }
        // Neither a part of a name nor one with something before it is the name, and nothing is folded by a locale.
        for other in ["program", "xa.exe", "i.exe", "OUTLOOK.EX", "goog.exe"] {
            site.admits(other);
        }
    }
}

/// Whether three words can say a version.
fn on_the_wire(version: &str) -> bool {
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    parts[2] <= 0x7FFF && (parts[1] == 0 || parts[0].max(parts[1]) <= 0xFF)
}

fn version_lists(site: &Site) {
    let mut judged = 0;
    for vector in version_vectors() {
        let list = site.apply("versions", &vector.text);
        let end = |end: &Option<String>| end.clone().unwrap_or_default();
        let ranges: Vec<_> = vector
            .items
            .iter()
            .map(|range| format!("{}-{}", end(&range.low), end(&range.high)))
            .collect();
        assert_eq!(texts_of(&list, "key"), ranges, "{}", vector.row);
        assert_eq!(sorted(lints_of(&list)), sorted(vector.lints), "{}", vector.row);
        for inside in vector.inside.iter().filter(|version| on_the_wire(version)) {
            site.refuses(Program::NAMELESS.of_version(inside));
            judged += 1;
        }
        for outside in vector.outside.iter().filter(|version| on_the_wire(version)) {
            site.admits(Program::NAMELESS.of_version(outside));
            judged += 1;
        }
    }
    assert!(50 < judged, "{judged}");
}

/// The catalogue: what a client reports as X.0.Y.Z the registry has as X.Y.Z, and it is that version alone.
fn reported_and_registered(site: &Site) {
    let reported = clients().client.into_iter().flat_map(|client| client.reported);
    let mut rows = 0;
    for (version, registry) in reported.filter_map(|row| Some((row.version, row.registry?))) {
        let list = site.apply("versions", &registry);
        let normalised = texts_of(&list, "key");
        let [low, high] = normalised[0].split('-').collect::<Vec<_>>()[..] else {
            panic!("{normalised:?}")
        };
        assert_eq!(low, high, "{registry}");
        if version.split('.').count() == 4 {
            assert_eq!(low, version, "{registry}");
        }
        site.refuses(Program::NAMELESS.of_version(low));
        site.admits(Program::NAMELESS.of_version("11.0.1.0"));
        rows += 1;
    }
    assert!(47 < rows, "{rows}");
}
