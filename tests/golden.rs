//! Whole outputs, byte for byte. `PISCOPE_BLESS=1 cargo test --test golden` writes them anew; the
//! difference is then read before it is committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Samples whose whole result stands in `tests/golden/`; the CSV and the table hold all of them.
const SELECTED: &[&str] = &[
    "06-online-shopping-beyond.apk",
    "06-online-shopping-within.apk",
    "19-education-beyond.apk",
    "22-vehicle-use-within.apk",
    "38-utility-within.apk",
    "special-dead-permissions.apk",
    "special-outside-government.apk",
    "special-packed-within.apk",
    "special-split-set.apks",
    "special-supply-driver.apk",
    "special-two-categories.apk",
    "special-undetermined-location.apk",
    "special-unknown-permission.apk",
    "special-unsigned.apk",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn all_packages() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("samples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| [".apk", ".apks", ".xapk", ".apkm"].iter().any(|end| name.ends_with(end)))
        .collect();
    names.sort();
    names
}

/// Standard output of a scan of `packages` in `samples/`.
fn scan(packages: &[String], args: &[&str]) -> Vec<u8> {
    let out = Command::new(env!("CARGO_BIN_EXE_piscope"))
        .current_dir(root().join("samples"))
        .env_remove("CLICOLOR_FORCE")
        .env("COLUMNS", "100")
        .args(["scan", "--exit-zero", "--no-progress"])
        .args(args)
        .args(packages)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

fn compare(name: &str, found: &[u8]) -> Result<(), String> {
    let path: PathBuf = root().join("tests/golden").join(name);
    if std::env::var_os("PISCOPE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
        return Ok(());
    }
    let expected = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (String::from_utf8_lossy(&expected), String::from_utf8_lossy(found));
    let line = expected.lines().zip(found.lines()).position(|(a, b)| a != b).unwrap_or_default();
    Err(format!(
        "{name} differs from line {}:\n  expected {:?}\n  found    {:?}",
        line + 1,
        expected.lines().nth(line).unwrap_or_default(),
        found.lines().nth(line).unwrap_or_default()
    ))
}

#[test]
fn outputs_are_as_they_were() {
    let selected: Vec<String> = SELECTED.iter().map(|&s| s.to_owned()).collect();
    let all = all_packages();
    let cases: [(&str, &[String], &[&str]); 8] = [
        ("selected.zh.txt", &selected, &["-v", "--lang", "zh"]),
        ("selected.en.txt", &selected, &["-v", "--lang", "en"]),
        ("selected.json", &selected, &["-q", "-o", "json"]),
        ("selected.jsonl", &selected, &["-q", "-o", "jsonl"]),
        ("all.zh.txt", &all, &["--lang", "zh"]),
        ("all.en.txt", &all, &["--lang", "en"]),
        ("all.zh.csv", &all, &["-q", "--lang", "zh", "-o", "csv"]),
        ("all.en.csv", &all, &["-q", "--lang", "en", "-o", "csv"]),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, packages, args)| compare(name, &scan(packages, args)).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
