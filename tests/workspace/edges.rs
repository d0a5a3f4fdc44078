//! Only the dependency edges of docs/ARCHITECTURE.md exist (invariant 2).

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// A crate, what it may depend on inside the workspace, and outside.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const CORE: &[&str] = &["clock", "dcerpc", "emsmdb", "infostore", "policy", "registry-poll"];

const ALLOWED: &[Row] = &[
    ("clock", &[], &[]),
    ("policy", &[], &["thiserror", "hashbrown", "foldhash"]),
    (
        "dcerpc",
        &[],
        &["bitflags", "uuid", "thiserror", "crc32fast", "des", "hmac", "md-5", "md4", "subtle"],
    ),
    ("emsmdb", &["dcerpc"], &["thiserror"]),
    ("registry-poll", &["clock"], &["encoding_rs", "thiserror"]),
    ("infostore", &["clock", "policy", "registry-poll"], &["thiserror"]),
    ("server", CORE, &["tokio", "dashmap", "etherparse", "tracing", "rand", "thiserror"]),
    (
        "control",
        &[
            "clock",
            "dcerpc",
            "emsmdb",
            "infostore",
            "policy",
            "registry-poll",
            "server",
            "simulator",
        ],
        &[
            "axum",
            "serde",
            "serde_json",
            "utoipa",
            "utoipa-axum",
            "prometheus-client",
            "tower-http",
            "tower",
            "tokio",
            "tracing",
            "thiserror",
            "hyper",
            "hyper-util",
            "rand",
            "sha2",
            "subtle",
            "bytes",
            "http-body",
            "http-body-util",
            "include_dir",
        ],
    ),
    (
        "simulator",
        &["clock", "dcerpc", "emsmdb"],
        &["tokio", "rand", "rand_pcg", "schemars", "serde", "serde_json", "toml", "thiserror"],
    ),
    (
        "cli",
        &[
            "clock",
            "control",
            "dcerpc",
            "emsmdb",
            "infostore",
            "policy",
            "registry-poll",
            "server",
            "simulator",
        ],
        &[
            "anstream",
            "clap",
            "clap_complete",
            "clap_mangen",
            "open",
            "rlimit",
            "rustix",
            "tracing",
            "tracing-subscriber",
            "serde",
            "serde_json",
            "toml",
            "strsim",
            "indicatif",
            "unicode-width",
            "ureq",
            "tokio",
            "anyhow",
        ],
    ),
    (
        "testing",
        &["clock", "control", "infostore", "server", "simulator"],
        &["axum", "serde", "serde_json", "tokio", "tower"],
    ),
];

fn packages() -> Vec<Package> {
    let manifest = super::root().join("Cargo.toml");
    let metadata =
        MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata");
    metadata.packages
}

/// What a package really depends on, for building and for its own tests: inside and outside the workspace.
fn edges(package: &Package) -> (BTreeSet<String>, BTreeSet<String>) {
    let names = package
        .dependencies
        .iter()
        .filter(|edge| edge.kind != DependencyKind::Build)
        .map(|edge| &edge.name);
    let (inside, outside): (BTreeSet<_>, BTreeSet<_>) =
        names.map(String::clone).partition(|name| name.starts_with("exstore-"));
    (inside.into_iter().map(|name| name.replace("exstore-", "")).collect(), outside)
}

#[test]
fn every_crate_depends_on_what_it_may_and_on_nothing_else() {
    let rows: BTreeMap<_, _> =
        ALLOWED.iter().map(|(name, inside, outside)| (*name, (inside, outside))).collect();
    let mut seen = BTreeSet::new();
    for package in packages() {
        let name = package.name.replace("exstore-", "");
        if name == "tests" {
            continue;
        }
        let (inside, outside) =
            rows.get(name.as_str()).unwrap_or_else(|| panic!("crate {name} has no row"));
        let (real_inside, real_outside) = edges(&package);
        for edge in &real_inside {
            assert!(inside.contains(&edge.as_str()), "{name} must not depend on {edge}");
        }
        for edge in &real_outside {
            assert!(outside.contains(&edge.as_str()), "{name} has no budget for {edge}");
        }
        seen.insert(name);
    }
    assert_eq!(seen.len(), ALLOWED.len(), "a row without a crate: {seen:?}");
}

/// The edges that would dissolve the architecture, whatever the table above comes to say.
#[test]
fn the_edges_that_must_never_exist_do_not() {
    let forbidden: &[(&str, &[&str])] = &[
        ("infostore", &["dcerpc", "emsmdb", "tokio", "serde"]),
        (
            "policy",
            &[
                "clock",
                "dcerpc",
                "emsmdb",
                "infostore",
                "registry-poll",
                "server",
                "simulator",
                "control",
            ],
        ),
        ("emsmdb", &["policy"]),
        ("simulator", &["policy", "infostore", "server", "control"]),
    ];
    for package in packages() {
        let name = package.name.replace("exstore-", "");
        let (inside, outside) = edges(&package);
        for (_, never) in forbidden.iter().filter(|(from, _)| *from == name) {
            for edge in *never {
                assert!(!inside.contains(*edge) && !outside.contains(*edge), "{name} to {edge}");
            }
        }
    }
}
