//! The table of dependencies (who may use whom, and what each must never use) against the real
//! graph. A new edge is a design change: it is made here, in the same commit.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// `(crate, ours that it may use, others that it must never use)`.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    (
        "domain",
        &[],
        &["tokio", "tonic", "prost", "serde", "sled", "rdkafka", "rand", "futures", "hyper"],
    ),
    ("merkle", &[], &["tokio", "tonic", "prost", "serde", "sled", "rdkafka", "rand"]),
    ("event-store", &["merkle"], &["tonic", "prost", "rdkafka"]),
    ("proto", &["domain"], &["sled", "rdkafka"]),
    ("record", &["proto", "domain", "merkle"], &["tokio", "tonic", "sled", "rdkafka"]),
    ("fuzz", &["record", "proto", "domain"], &["tokio", "tonic", "sled", "rdkafka"]),
    ("agreements", &["domain"], &["tokio", "tonic", "sled", "rdkafka"]),
    ("messaging", &[], &["tonic", "sled"]),
    ("runtime", &["domain", "proto"], &["sled", "rdkafka"]),
    ("ledger", &["event-store", "record", "domain", "proto", "runtime"], &["sled", "rdkafka"]),
    (
        "exchange",
        &["messaging", "record", "agreements", "domain", "proto", "runtime"],
        &["sled", "rdkafka"],
    ),
    (
        "reintegration",
        &["messaging", "record", "agreements", "domain", "proto", "runtime"],
        &["sled", "rdkafka"],
    ),
    ("requests", &["record", "agreements", "domain", "proto", "runtime"], &["sled", "rdkafka"]),
    ("identity", &["record", "agreements", "domain", "proto", "runtime"], &["sled", "rdkafka"]),
    ("oversight", &["record", "agreements", "domain", "proto", "runtime"], &["sled", "rdkafka"]),
    (
        "node",
        &[
            "requests",
            "identity",
            "reintegration",
            "exchange",
            "oversight",
            "ledger",
            "runtime",
            // The operator's own commands, below any service: store check, bundles, ceremonies.
            "event-store",
            "record",
            "agreements",
            "domain",
            "messaging",
            "proto",
        ],
        &["sled", "rdkafka"],
    ),
];

/// What may use everything, and is used by nothing.
const OUTSIDE: &[&str] = &["integration-tests", "bench"];

/// The one crate that may use each of these directly.
const CONFINED: &[(&str, &str)] = &[("sled", "event-store"), ("rdkafka", "messaging")];

/// The graph for this platform alone: what only others need is not there on a new machine.
fn metadata() -> Metadata {
    let platform = format!("--filter-platform={}-unknown-linux-gnu", std::env::consts::ARCH);
    MetadataCommand::new()
        .manifest_path(super::root().join("Cargo.toml"))
        .other_options(["--offline".to_owned(), platform])
        .exec()
        .unwrap()
}

/// What a crate uses when it runs (tests may use more).
fn used(package: &Package) -> BTreeSet<String> {
    let normal = |kind| kind == DependencyKind::Normal || kind == DependencyKind::Build;
    let used = package.dependencies.iter().filter(|dependency| normal(dependency.kind));
    used.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn the_graph_of_crates_is_the_table() {
    let metadata = metadata();
    let members: BTreeMap<String, BTreeSet<String>> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.to_string(), used(package)))
        .collect();
    let mut wrong = Vec::new();
    for (name, used) in members.iter().filter(|(name, _)| !OUTSIDE.contains(&name.as_str())) {
        let Some((_, may, never)) = TABLE.iter().find(|(known, ..)| known == name) else {
            wrong.push(format!("`{name}` is not in the table"));
            continue;
        };
        for other in used {
            if members.contains_key(other) && !may.contains(&other.as_str()) {
                wrong.push(format!("`{name}` uses `{other}`, which the table does not have"));
            }
            if never.contains(&other.as_str()) {
                wrong.push(format!("`{name}` must never use `{other}`"));
            }
            if OUTSIDE.contains(&other.as_str()) {
                wrong.push(format!("`{name}` uses `{other}`, which nothing may use"));
            }
        }
        for (confined, home) in CONFINED {
            if used.contains(*confined) && name != home {
                wrong.push(format!("`{confined}` is confined to `{home}`, and `{name}` uses it"));
            }
        }
    }
    for (name, ..) in TABLE {
        if !members.contains_key(*name) {
            wrong.push(format!("the table has `{name}`, and the workspace has not"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn versions_and_lints_come_from_the_root_manifest() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let text = std::fs::read_to_string(&package.manifest_path).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        if manifest.get("lints").and_then(|lints| lints.get("workspace")).is_none() {
            wrong.push(format!("`{}` does not inherit the lints", package.name));
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let entries = manifest.get(section).and_then(toml::Value::as_table);
            for (name, entry) in entries.into_iter().flatten() {
                let inherits = entry.get("workspace").and_then(toml::Value::as_bool);
                if inherits != Some(true) {
                    wrong.push(format!("`{}` names its own version of `{name}`", package.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
