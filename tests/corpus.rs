//! Real and broken packages of others, against what independent readers got out of them.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use piscope::package::{AppPackage, PermissionElement};
use piscope::unpack::{self, Options, UnpackError};
use serde_json::Value;

/// Where this reader rightly differs from the index: path, field, why.
const ACCEPTED: &[(&str, &str, &str)] = &[
    ("apks/suite_349ab1cb95ec.apk", "uses-permission", PREFIXED),
    ("apks/suite_e56e10ee7ae5.apk", "uses-permission", PREFIXED),
];
const PREFIXED: &str = "three elements are written <android:uses-permission>; Android compares the local name, \
                        the other reader the name with its prefix";

fn index(root: &Path, folder: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root.join("index.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().filter(|row| row["path"].as_str().unwrap().starts_with(folder)).collect()
}

/// Opens a package and holds it to the time that a sample may take.
fn open(path: &Path) -> Result<AppPackage, UnpackError> {
    let begin = Instant::now();
    let result = unpack::open(path, &Options::default());
    let time = begin.elapsed();
    assert!(time < Duration::from_secs(10), "{} took {time:?}", path.display());
    result
}

/// The value of a field, unless the other reader left a resource reference unresolved.
fn answer(value: &Value) -> Option<&str> {
    value.as_str().filter(|v| !v.is_empty() && !v.starts_with('@'))
}

fn permissions(package: &AppPackage, element: PermissionElement) -> Vec<(String, Option<String>)> {
    let asked = package.permissions.iter().filter(|p| p.element == element);
    asked.map(|p| (p.name.clone(), p.max_sdk.map(|n| n.to_string()))).collect()
}

fn expected_permissions(rows: &Value) -> Vec<(String, Option<String>)> {
    let rows = rows.as_array().unwrap();
    let text = |v: &Value| v.as_str().map(str::to_owned);
    rows.iter().map(|p| (text(&p["name"]).unwrap_or_default(), text(&p["maxSdkVersion"]))).collect()
}

/// The fields in which `package` differs from a row of the index, with both values.
fn differences(row: &Value, package: &AppPackage) -> Vec<(&'static str, String)> {
    let (manifest, aapt) = (&row["manifest"], &row["aapt"]);
    let mut found = Vec::new();
    let mut compare = |field, ours: Option<String>, theirs: &Value, other: &Value| {
        let answered = answer(theirs).or(answer(other));
        // A reference that neither reader resolved is no answer.
        let silent = answered.is_none() && theirs.as_str().is_some();
        if !silent && ours.as_deref() != answered {
            found.push((field, format!("{ours:?}, index {answered:?}")));
        }
    };
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    compare("package", Some(package.package.clone()), &manifest["package"], &aapt["package"]);
    compare("versionName", package.version_name.clone(), &manifest["versionName"], &aapt["versionName"]);
    let code = package.version_code.map(|n| n.to_string());
    compare("versionCode", code, &manifest["versionCode"], &aapt["versionCode"]);
    compare("minSdk", number(package.sdk.min), &manifest["minSdk"], &Value::Null);
    compare("targetSdk", number(package.sdk.target), &manifest["targetSdk"], &Value::Null);
    compare("maxSdk", number(package.sdk.max), &manifest["maxSdk"], &Value::Null);
    if let Some(label) = answer(&aapt["label_default"]) {
        compare("label", package.label.default.clone(), &Value::from(label), &Value::Null);
    }
    // The other reader falls back to the default label where there is no Chinese one.
    if let Some(label) = answer(&aapt["label_zh_CN"]).or(answer(&aapt["label_zh"])) {
        let ours = package.label.zh.clone().or(package.label.default.clone());
        compare("label zh", ours, &Value::from(label), &Value::Null);
    }
    for (element, key) in [
        (PermissionElement::UsesPermission, "uses-permission"),
        (PermissionElement::UsesPermissionSdk23, "uses-permission-sdk-23"),
    ] {
        let (ours, theirs) = (permissions(package, element), expected_permissions(&manifest[key]));
        if ours != theirs {
            found.push((key, format!("{ours:?}, index {theirs:?}")));
        }
    }
    found
}

#[test]
fn real_packages_agree_with_the_index() {
    let Some(root) = common::corpus() else { return };
    let (mut checked, mut wrong, mut used) = (0, Vec::new(), Vec::new());
    for row in index(&root, "apks/") {
        let path = row["path"].as_str().unwrap();
        let found = match open(&root.join(path)) {
            Ok(_) if row["manifest"].is_null() => vec![],
            Ok(package) => differences(&row, &package),
            Err(_) if row["manifest"].is_null() => vec![],
            Err(e) => vec![("open", e.to_string())],
        };
        checked += 1;
        for (field, values) in found {
            if ACCEPTED.iter().any(|(p, f, _)| *p == path && *f == field) {
                used.push((path.to_owned(), field));
            } else {
                wrong.push(format!("{path}: {field}: {values}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    for (path, field, why) in ACCEPTED {
        assert!(
            used.iter().any(|(p, f)| p == path && f == field),
            "{path} {field} no longer differs ({why})"
        );
    }
    assert!(checked >= 175, "{checked} packages");
}

#[test]
fn broken_packages_give_what_can_be_had() {
    let Some(root) = common::corpus() else { return };
    let (mut right, mut wrong) = (0, Vec::new());
    for row in index(&root, "malformed/") {
        let path = row["path"].as_str().unwrap();
        let result = open(&root.join(path));
        let expected = &row["expected"];
        if expected["package"].is_null() {
            continue;
        }
        let package = match result {
            Ok(package) => package,
            Err(e) => {
                wrong.push(format!("{path}: {e}"));
                continue;
            }
        };
        let mut faults = Vec::new();
        if Some(package.package.as_str()) != expected["package"].as_str() {
            faults.push(format!("package {:?}", package.package));
        }
        if let Some(label) = answer(&expected["label"]) {
            let labels = [&package.label.default, &package.label.zh, &package.label.en];
            if labels.iter().all(|l| l.as_deref() != Some(label)) {
                faults.push(format!("label {:?} for {label:?}", package.label));
            }
        }
        if let Some(version) = answer(&expected["versionName"])
            && package.version_name.as_deref() != Some(version)
        {
            faults.push(format!("versionName {:?} for {version:?}", package.version_name));
        }
        // The index counts the different names in <uses-permission>.
        let names: BTreeSet<_> = permissions(&package, PermissionElement::UsesPermission)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        if let Some(count) = expected["permission_count"].as_u64()
            && names.len() as u64 != count
        {
            faults.push(format!("{} permissions for {count}", names.len()));
        }
        if faults.is_empty() {
            right += 1;
        } else {
            wrong.push(format!("{path}: {}", faults.join(", ")));
        }
    }
    assert!(right >= 76, "{right} right");
    assert!(wrong.is_empty(), "{right} right, {} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn tampering_that_android_tolerates_is_read_and_said() {
    let Some(root) = common::corpus() else { return };
    for (file, code) in [
        ("d01_badpack_lfh_method_mismatch.apk", "zip.local-header"),
        ("d03_badpack_sizes.apk", "zip.local-header"),
        ("d04_fake_encrypted_flag.apk", "zip.encryption-flag"),
        ("d05_all_entries_fake_encrypted.apk", "zip.encryption-flag"),
        ("d06_lfh_name_differs.apk", "zip.local-header"),
        ("d07_duplicate_manifest_first_wins.apk", "zip.duplicate-name"),
        ("d14_comment_with_fake_eocd.apk", "zip.eocd-decoy"),
        ("d15_prefix_junk.apk", "zip.prefix"),
        ("d18_bad_crc.apk", "zip.crc"),
        ("r07_dex_gap_and_names.apk", "dex.numbering"),
        ("s_apkInspector_truncated-cd.apk", "zip.directory"),
        ("s_apksig_v1-only-with-nul-in-entry-name.apk", "zip.name-control"),
        ("s_fdroidserver_janus.apk", "zip.prefix-dex"),
    ] {
        let package = open(&root.join("malformed").join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert!(package.gaps.iter().any(|g| g.code == code), "{file}: {:?}", package.gaps);
    }
}

#[test]
fn what_cannot_be_read_is_never_a_package() {
    let Some(root) = common::corpus() else { return };
    for (file, code) in [
        ("d20_bomb_manifest_300mb.apk", "manifest.data"),
        ("d27_manifest_missing.apk", "manifest.missing"),
        ("d28_manifest_plain_text.apk", "manifest.textual"),
        ("s_r2_Hello.apk", "manifest.missing"),
        ("w_KsuWebUI.apk_e36d5e.apk", "zip.no-directory"),
    ] {
        match open(&root.join("malformed").join(file)) {
            Err(UnpackError::Unreadable(u)) => assert_eq!(u.code, code, "{file}"),
            other => panic!("{file}: {other:?}"),
        }
    }
    for row in index(&root, "bundles/") {
        let path = row["path"].as_str().unwrap();
        let result = open(&root.join(path));
        if path.ends_with(".hap") || path.ends_with(".aab") {
            assert!(matches!(result, Err(UnpackError::NotAPackage(_))), "{path}: {result:?}");
        } else {
            assert_eq!(result.unwrap_or_else(|e| panic!("{path}: {e}")).package, "com.test.app", "{path}");
        }
    }
}
