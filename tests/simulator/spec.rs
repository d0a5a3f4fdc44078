//! What a client can be, and how it is told that it can't.

use serde_json::json;
use simulator::{ClientFields, ClientMode, ClientSpec, ClientVersion};

#[test]
fn a_client_without_fields_is_outlook_2003s_mapi_with_no_program_to_name() {
    let spec: ClientSpec = serde_json::from_value(json!({})).unwrap();
    assert_eq!(spec, ClientSpec::new(ClientFields::default()).unwrap());
    assert_eq!(spec.process(), None);
    assert_eq!(spec.client_version(), ClientVersion::OUTLOOK_2003);
    assert_eq!(spec.mode(), ClientMode::Cached);
    let third = spec.numbered(3);
    assert_eq!((third.user().as_str(), third.machine().as_str()), ("user3", "WKS3"));
    let dn = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=user3";
    assert_eq!(third.user_dn(), dn);
}

#[test]
fn a_client_is_written_as_it_is_read() {
    let written = json!({
        "process": "mdl.exe", "client_version": "11.0.5608.0", "user": "alice", "machine": "WKS1",
        "mode": "classic", "note": "a beta",
    });
    let spec: ClientSpec = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(spec.note(), Some("a beta"));
    assert_eq!(serde_json::to_value(&spec).unwrap(), written);
    let silent: ClientSpec = serde_json::from_value(json!({ "process": null })).unwrap();
    assert_eq!(serde_json::to_value(&silent).unwrap()["process"], json!(null));
}

#[test]
fn what_is_no_client_is_refused_with_the_field_the_value_and_what_to_do() {
    let version = |value: &str| {
        format!(
            "`client_version` is `{value}`: write four numbers up to 65535 with dots, as in `11.0.5608.0`"
        )
    };
    let (long, shown) = ("x".repeat(300), "x".repeat(80));
    let long_process =
        format!("`process` is `{shown}`: use at most 260 characters, as a path on Windows has");
    let long_machine = format!("`machine` is `{shown}`: use at most 64 characters");
    let rows = [
        (json!({ "client_version": "11.0.5608" }), version("11.0.5608")),
        (json!({ "client_version": "11.0.5608.0.1" }), version("11.0.5608.0.1")),
        (json!({ "client_version": "11.0.+5608.0" }), version("11.0.+5608.0")),
        (json!({ "client_version": "11.0.65536.0" }), version("11.0.65536.0")),
        (json!({ "client_version": "" }), version("")),
        (
            json!({ "client_version": "11.0.32768.0" }),
            "`client_version` is `11.0.32768.0`: use a build, the third number, of at most 32767".to_owned(),
        ),
        (
            json!({ "client_version": "256.1.1.1" }),
            "`client_version` is `256.1.1.1`: use a major and a minor number of at most 255, or 0 for the minor one"
                .to_owned(),
        ),
        (
            json!({ "process": "mdl.exe", "client_version": "5.0.3121.0" }),
            "`process` is `mdl.exe`, but a client of version `5.0.3121.0` has no way to say so: leave `process` out and \
             say in `note` which program it is, or use a `client_version` of at least 11.0.0.0"
                .to_owned(),
        ),
        (
            json!({ "process": "" }),
            "`process` is ``: leave it out for a client that names no program".to_owned(),
        ),
        (
            json!({ "process": "a\u{0}b" }),
            "`process` is `a\u{0}b`: leave out the control characters".to_owned(),
        ),
        (json!({ "process": long }), long_process),
        (
            json!({ "user": "a/cn=b" }),
            "`user` is `a/cn=b`: use ASCII letters, digits and signs other than `/`: it is part of a distinguished name"
                .to_owned(),
        ),
        (
            json!({ "user": "" }),
            "`user` is ``: give it at least one character, or leave it out for the default".to_owned(),
        ),
        (json!({ "machine": long }), long_machine),
    ];
    for (written, error) in rows {
        let found = serde_json::from_value::<ClientSpec>(written).unwrap_err();
        assert_eq!(found.to_string(), error);
    }
}

#[test]
fn an_unknown_field_is_refused_by_its_name() {
    let error = serde_json::from_value::<ClientSpec>(json!({ "proces": "a.exe" })).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `proces`"), "{error}");
}

#[test]
fn a_version_goes_onto_the_wire_as_the_scheme_with_room_for_it() {
    let rows = [
        ("11.0.5608.0", [0x000B, 0x15E8, 0], true),
        ("12.0.4518.1014", [0x000C, 4518, 1014], true),
        ("6.5.7651.19", [0x0605, 0x8000 | 7651, 19], false),
        ("5.0.3121.0", [5, 3121, 0], false),
        ("10.0.0.6626", [10, 0, 6626], false),
    ];
    for (text, words, has_auxiliary_buffer) in rows {
        let version: ClientVersion = text.parse().unwrap();
        assert_eq!(version.wire().0, words, "{text}");
        assert_eq!(version.has_auxiliary_buffer(), has_auxiliary_buffer, "{text}");
        assert_eq!(version.to_string(), text);
    }
}
