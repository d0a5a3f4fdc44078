//! Programs that nobody here wrote: impacket tells the story and is hostile, Samba runs its own tests of a server, tshark
//! reads what went over the wire, Python and curl read the stream of events, Prometheus' parser reads the metrics, schemathesis holds the control plane to its
//! document, Chromium opens the report and the dashboard.

use std::path::{Path, PathBuf};
use std::process::Command;

use control::{Access, Secret};
use infostore::{Authentication, ProtectionLevel, Settings};
use server::{AccountName, Directory, DomainName, NtHash, StoreOptions, User, UserRights};

use crate::running::{Running, options};
use crate::simulator::schema::{BROKEN, broken};
use crate::workspace::{root, text};

/// Runs a program of `tests/foreign` in the virtual environment.
fn run(program: &str, arguments: &[&str]) {
    run_with(&root().join(".venv/bin/python"), program, arguments);
}

/// Runs one that needs Samba's bindings, which Debian has for the system's own interpreter alone.
fn run_with_samba(program: &str, arguments: &[&str]) {
    run_with(Path::new("/usr/bin/python3"), program, arguments);
}

/// Runs a program of `tests/foreign`, and shows what it said when it fails.
fn run_with(python: &Path, program: &str, arguments: &[&str]) {
    assert!(python.exists(), "{} is not there: run tests/setup", python.display());
    let script = root().join("tests/foreign").join(program);
    let output = Command::new(python).arg(script).args(arguments).output().expect("python runs");
    let said = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    assert!(output.status.success(), "{program} {}: {said}", output.status);
}

/// A domain and its users, each with a password.
fn directory(domain: &str, users: &[(&str, &str)]) -> Directory {
    let mut directory = Directory::new(DomainName::parse(domain).expect("a domain"));
    for (name, password) in users {
        let name = AccountName::parse(name).expect("a name");
        let user = User::new(name, NtHash::of_password(password), UserRights::default());
        directory.put(user.expect("a user")).expect("there is room");
    }
    directory
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder.join(name)
}

#[test]
fn impacket_is_refused_and_cut_off_and_tshark_reads_every_packet() {
    let server = Running::start();
    let capture = scratch("story.pcap");
    let capture = capture.to_str().expect("a path");
    run("story.py", &[&server.rpc.to_string(), &server.url, "--capture", capture]);
    run("check_capture.py", &[capture]);
}

#[test]
fn impacket_is_told_of_new_mail_by_a_datagram_and_with_the_next_answer() {
    let server = Running::start();
    run("notify.py", &[&server.rpc.to_string(), &server.url]);
}

#[test]
fn whatever_a_hostile_client_sends_has_the_outcome_of_the_rules() {
    let server = Running::start();
    run("hostile.py", &[&server.rpc.to_string(), &server.url]);
}

#[test]
fn impacket_meets_what_fault_rules_do() {
    let server = Running::start();
    run("faults.py", &[&server.rpc.to_string(), &server.url]);
}

#[test]
fn impacket_and_samba_find_the_store_through_the_endpoint_mapper_on_either_port() {
    let server = Running::start();
    let (rpc, epm) = (server.rpc.to_string(), server.epm.to_string());
    let capture = scratch("mapper.pcap");
    let capture = capture.to_str().expect("a path");
    run("mapper.py", &[&rpc, &epm, "--capture", capture]);
    run("check_capture.py", &[capture, "--opnums", "0,1,2,3,4"]);
    run_with_samba("samba_mapper.py", &[&rpc, &epm]);
}

#[test]
fn ten_stores_at_once_tell_a_python_client_the_article_s_story() {
    let server = Running::start();
    run("ten_stores.py", &[&server.url]);
}

#[test]
fn python_and_curl_are_sent_each_event_once_from_every_id() {
    let server = Running::start();
    run("streams.py", &[&server.url]);
}

#[test]
fn a_validator_of_others_agrees_with_the_parser_about_scenarios() {
    let (schema, bad) = (scratch("scenario-schema.json"), scratch("bad-scenarios"));
    std::fs::write(&schema, simulator::schema().to_string()).expect("the schema is written");
    std::fs::create_dir_all(&bad).expect("a scratch folder");
    for (name, rest) in BROKEN {
        std::fs::write(bad.join(format!("{name}.toml")), broken(name, rest))
            .expect("a scenario is written");
    }
    let good = root().join("fixtures/scenarios");
    let paths = [&schema, &good, &bad].map(|path| path.to_str().expect("a path"));
    run("scenarios.py", &paths);
}

#[test]
fn prometheus_s_own_parser_finds_the_story_in_the_metrics() {
    let server = Running::start();
    run("metrics.py", &[&server.url]);
}

/// Its user is `user` with the password `password`, of `DOMAIN`; it is anonymous as well.
#[test]
fn samba_s_own_tests_of_a_server_pass() {
    let directory = directory("DOMAIN", &[("user", "password")]);
    let server = Running::with(StoreOptions { directory, ..options() });
    run_with_samba("samba_raw_suite.py", &["--port", &server.rpc.port().to_string()]);
}

#[test]
fn impacket_authenticates_at_every_level_and_is_cut_off_refused_and_caught_tampering() {
    let server = Running::start();
    run("authenticated.py", &[&server.rpc.to_string(), &server.url]);
}

#[test]
fn samba_authenticates_with_ntlm_and_spnego_and_is_cut_off_and_refused() {
    let server = Running::start();
    run_with_samba("samba_authenticated.py", &[&server.rpc.to_string(), &server.url]);
}

/// What a program does with a store that captures is the same to tshark, which has the keys, and to the store.
fn both_read(name: &str, python: &Path, program: &str, more: &[&str]) {
    let folder = scratch(name);
    let server = Running::with(StoreOptions { capture: Some(folder.clone()), ..options() });
    run_with(python, program, &[&server.rpc.to_string(), &server.url]);
    let (port, folder) = (server.rpc.port().to_string(), folder.to_str().expect("a path"));
    let arguments = [&[server.url.as_str(), &port, folder], more].concat();
    run("compare_transcript.py", &arguments);
}

#[test]
fn tshark_agrees_with_the_transcript_of_the_story() {
    both_read("story", &root().join(".venv/bin/python"), "story.py", &[]);
}

#[test]
fn tshark_opens_what_impacket_sealed_and_agrees_with_the_transcript() {
    both_read("impacket", &root().join(".venv/bin/python"), "authenticated.py", &["--sealed"]);
}

#[test]
fn tshark_opens_what_samba_sealed_and_agrees_with_the_transcript() {
    both_read("samba", Path::new("/usr/bin/python3"), "samba_authenticated.py", &["--sealed"]);
}

#[test]
fn chromium_opens_the_report_with_no_error_no_request_and_nothing_for_axe_to_find() {
    let exstore = crate::cli::process::exstore();
    let exstore = exstore.get_program().to_str().expect("a path");
    let folder = scratch("report");
    run("report.py", &[exstore, folder.to_str().expect("a path")]);
}

#[test]
fn chromium_is_logged_in_by_the_link_and_reads_the_pages() {
    let secret = |text| Some(Secret::parse(text).expect("a secret"));
    let (token, ticket) = (secret("correct-horse-battery-staple"), secret("0123456789-ticket"));
    let access = Access { token, ticket, ..Access::default() };
    let server = Running::for_whom(options(), access);
    let link = format!("{}/login?ticket=0123456789-ticket", server.url);
    run("pages.py", &[&link, &Running::start().url]);
}

/// Opens a screen of the dashboard, which `make dashboard` builds and this binary has inside.
fn dashboard(screen: &str) {
    let server = Running::start();
    run("dashboard", &[&server.url, screen]);
}

#[test]
fn dashboard_shell_tells_the_time_and_survives_lost_connections() {
    dashboard("shell");
}

#[test]
fn dashboard_tells_its_story_to_the_keyboard_alone() {
    dashboard("story");
}

#[test]
fn dashboard_live_shows_a_policy_act() {
    dashboard("live");
}

#[test]
fn dashboard_clock_moves_time_and_shows_what_each_poll_read() {
    dashboard("clock");
}

#[test]
fn dashboard_sessions_filters_as_the_server_does_among_ten_thousand() {
    dashboard("sessions");
}

#[test]
fn dashboard_why_explains_a_decision_down_to_the_bytes() {
    dashboard("why");
}

#[test]
fn dashboard_events_follows_the_journal_and_loses_nothing() {
    dashboard("events");
}

#[test]
fn dashboard_policy_shows_whom_a_list_would_cut_off() {
    dashboard("policy");
}

#[test]
fn dashboard_registry_edits_values_as_the_store_reads_them() {
    dashboard("registry");
}

#[test]
fn dashboard_faults_are_made_and_seen_to_hit() {
    dashboard("faults");
}

#[test]
fn dashboard_scenarios_play_and_snapshots_bring_back_what_was() {
    dashboard("scenarios");
}

#[test]
fn dashboard_screens_are_for_every_reader() {
    dashboard("every");
}

/// More examples with SCHEMATHESIS_EXAMPLES, as `make deep` has it.
#[test]
fn schemathesis_finds_the_control_plane_as_its_document_says() {
    let server = Running::start();
    let examples = std::env::var_os("SCHEMATHESIS_EXAMPLES").unwrap_or_else(|| "5".into());
    run("schema.py", &[&server.url, "--examples", examples.to_str().expect("a number")]);
}

/// The example of docs/authentication.md, as its reader would run it.
#[test]
fn impacket_proves_who_it_is_and_opens_its_own_mailbox_alone() {
    let directory = directory("CORP", &[("alice", "correct horse battery"), ("root", "root's")]);
    let authentication = Authentication { anonymous: false, min_level: ProtectionLevel::Privacy };
    let settings = Settings { authentication, ..Settings::default() };
    let server = Running::with(StoreOptions { directory, settings, ..options() });
    let document = text(&root().join("docs/authentication.md"));
    let (_, rest) = document.split_once("```python\n").expect("the example");
    let (example, _) = rest.split_once("```").expect("its end");
    let script = scratch("authenticate.py");
    std::fs::write(&script, example).expect("the script is written");
    let python = root().join(".venv/bin/python");
    let (ip, port) = (server.rpc.ip().to_string(), server.rpc.port().to_string());
    let output = Command::new(python).arg(script).args([ip, port]).output().expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "alice: 0x0, root: 0x80070005\n", "{wrong}");
}
