//! What the build decides (S1, S2, S7): acceptance test 9.

use infostore::Transport;
use serde_json::{Value, json};

use super::site::{Program, Site};

pub(super) fn t09_a_build_without_the_hotfix_honours_the_versions_alone(via: Transport) {
    let listed = Program::new("mdl.exe").of_version("12.0.4518.1014");
    let of_version = Program::new("OUTLOOK.EXE");
    let site = Site::start(via);
    site.patch("/build", &json!({ "build": "6.5.7638" }));
    site.write("processes", "mdl.exe");
    site.write("versions", "11.5608.0");
    // The build that runs is the one that was there when the service started.
    site.tick();
    site.refuses(listed);
    site.restart();

    assert_eq!(site.get("/build")["running"], "6.5.7638");
    site.refuses(of_version);
    let (injected, mut foreign) = (site.inject(listed), site.foreign(listed));
    site.tick();
    assert!(site.is_connected(injected));
    foreign.is_served();
    assert_eq!(site.lint_codes("processes"), ["ignored-by-build"]);
    assert_eq!(site.lint_codes("versions"), [""; 0]);
    let ignored = site.events("registry.invalid").pop().expect("the store says so");
    assert_eq!(ignored["value"], "Disable MAPI Client Processes");

    // S7: with the hotfix the service stops and starts, and the list that lay there counts from the first call on.
    let installed = site.post("/build/install-hotfix", &Value::Null);
    assert_eq!(installed["running"], "6.5.7651.19");
    foreign.is_closed();
    site.is_cut_off(injected);
    site.refuses(listed);
    site.refuses(of_version);
    assert_eq!(site.lint_codes("processes"), [""; 0]);
    let ended = site.events("session.ended");
    assert!(ended.iter().any(|event| event["reason"] == "restart"), "{ended:?}");

    // S2: below SP2 it is refused, and nothing happens.
    site.patch("/build", &json!({ "build": "6.5.7226" }));
    let refused = site.call("POST", "/build/install-hotfix", &Value::Null);
    assert_eq!(refused.problem(), "hotfix-needs-sp2");
    assert_eq!(site.get("/build")["running"], "6.5.7651.19");
}
