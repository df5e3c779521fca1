//! Every crate that ends in the program carries a permissive licence and comes from the registry.
//!
//! Known vulnerabilities are not checked here: the advisory database lies outside the registries
//! and a build must pass without it (`cargo audit` or `cargo deny` do it where there is a network).

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
    "BSL-1.0",
];

/// Whether an SPDX expression can be met with allowed licences alone.
fn permitted(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // All parts of an AND must be allowed; one part of an OR is enough.
    flat.split(" AND ").all(|all| all.split(" OR ").any(|one| ALLOWED.contains(&one.trim())))
}

#[test]
fn expressions_are_understood() {
    assert!(permitted("MIT OR Apache-2.0"));
    assert!(permitted("MIT/GPL-3.0"));
    assert!(permitted("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!permitted("GPL-3.0"));
    assert!(!permitted("MIT AND GPL-3.0"));
}

#[test]
fn every_dependency_is_permissive_and_from_the_registry() {
    let host = {
        let out = Command::new("rustc").arg("-vV").output().expect("rustc runs");
        let text = String::from_utf8(out.stdout).expect("rustc prints text");
        text.lines().find_map(|l| l.strip_prefix("host: ")).expect("rustc names its host").to_owned()
    };
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).expect("cargo metadata prints JSON");

    let nodes = metadata["resolve"]["nodes"].as_array().expect("a resolved graph");
    let mut todo = vec![metadata["resolve"]["root"].as_str().expect("a root").to_owned()];
    let mut shipped = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !shipped.insert(id.clone()) {
            continue;
        }
        let node = nodes.iter().find(|n| n["id"] == id.as_str()).expect("every dependency is in the graph");
        for dep in node["deps"].as_array().into_iter().flatten() {
            let normal = dep["dep_kinds"].as_array().is_some_and(|k| k.iter().any(|k| k["kind"].is_null()));
            if normal {
                todo.push(dep["pkg"].as_str().expect("an id").to_owned());
            }
        }
    }

    let mut bad = Vec::new();
    let mut seen = 0;
    for package in metadata["packages"].as_array().expect("packages") {
        let id = package["id"].as_str().expect("an id");
        if !shipped.contains(id) {
            continue;
        }
        seen += 1;
        let licence = package["license"].as_str().unwrap_or("none stated");
        if package["source"].is_null() {
            continue; // this package itself
        }
        let registry = package["source"].as_str().is_some_and(|s| s.starts_with("registry+"));
        if !permitted(licence) || !registry {
            bad.push(format!("{} {} ({licence})", package["name"], package["version"]));
        }
    }
    assert!(seen > 20, "the graph was read: {seen} packages");
    assert!(bad.is_empty(), "not permitted: {bad:?}");
}
