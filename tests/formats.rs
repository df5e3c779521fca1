//! The output formats: stable bytes, valid by their schemas, safe to open and to show.

use std::fs;
use std::path::Path;
use std::process::Command;

use piscope::package::{AppPackage, PACKAGE_SCHEMA, Place, RequestedPermission};
use piscope::report::plain;
use piscope::report::schema::SCHEMAS;
use serde_json::Value;
use tempfile::TempDir;

const HOSTILE: &str = "=cmd|'/C calc'!A0\u{1b}]0;owned\u{7}\u{202e}kpa\r\n";

fn save(folder: &Path, file: &str, label: &str, permissions: &[&str]) {
    let mut package = AppPackage {
        schema: PACKAGE_SCHEMA.to_owned(),
        package: format!("com.example.{}", file.trim_end_matches(".json")),
        version_name: Some("1.0".into()),
        ..AppPackage::default()
    };
    package.label.default = Some(label.to_owned());
    package.sdk.min = Some(24);
    package.sdk.target = Some(34);
    package.permissions = permissions
        .iter()
        .map(|name| RequestedPermission {
            name: (*name).to_owned(),
            place: Place {
                entry: "AndroidManifest.xml".into(),
                element: "uses-permission".into(),
                line: Some(4),
            },
            ..RequestedPermission::default()
        })
        .collect();
    fs::write(folder.join(file), serde_json::to_vec(&package).unwrap()).unwrap();
}

/// Apps with findings, without, hostile, broken, and something that is no app.
fn batch() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let contacts = ["android.permission.READ_CONTACTS", "android.permission.ACCESS_FINE_LOCATION"];
    save(dir.path(), "a.json", "每日好物商城", &contacts);
    save(dir.path(), "b.json", "Plain tool", &["android.permission.VIBRATE", "com.unheard.of.PERMISSION"]);
    save(dir.path(), "c.json", HOSTILE, &contacts);
    save(dir.path(), "d.json", &"长".repeat(1 << 20), &[]);
    fs::write(dir.path().join("e.apk"), b"PK\x03\x04 cut off").unwrap();
    fs::write(dir.path().join("f.jpg"), b"\xff\xd8\xff\xe0 JFIF").unwrap();
    for i in 0..40 {
        save(dir.path(), &format!("many{i:02}.json"), &format!("好物{i}号"), &contacts[..i % 3]);
    }
    dir
}

fn piscope(folder: &Path, args: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_piscope"))
        .current_dir(folder)
        .args(args)
        .env("PISCOPE_LANG", "zh")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output.stdout
}

fn text(folder: &Path, args: &[&str]) -> String {
    String::from_utf8(piscope(folder, args)).unwrap()
}

#[test]
fn same_input_same_bytes_on_any_number_of_threads() {
    let dir = batch();
    for format in ["terminal", "json", "jsonl", "csv"] {
        let run = |threads| piscope(dir.path(), &["scan", ".", "-o", format, "--threads", threads]);
        let first = run("1");
        assert!(!first.is_empty());
        assert!(first == run("1"), "{format} differs between two runs");
        assert!(first == run("4"), "{format} differs between 1 and 4 threads");
    }
}

#[test]
fn documents_follow_their_schemas() {
    let dir = batch();
    let validator = |name: &str| {
        let schema = SCHEMAS.iter().find(|s| s.name == name).unwrap();
        jsonschema::validator_for(&serde_json::from_str(schema.text).unwrap()).unwrap()
    };
    let check = |name: &str, document: &Value| {
        let validator = validator(name);
        let errors: Vec<_> = validator.iter_errors(document).map(|e| e.instance_path().to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    };
    let report: Value = serde_json::from_slice(&piscope(dir.path(), &["scan", ".", "-o", "json"])).unwrap();
    check("report", &report);
    assert_eq!(report["summary"]["samples"], 46);
    let lines = text(dir.path(), &["scan", ".", "-o", "jsonl"]);
    assert_eq!(lines.lines().count(), 48);
    for line in lines.lines() {
        check("line", &serde_json::from_str(line).unwrap());
    }
    check("package", &serde_json::from_slice(&fs::read(dir.path().join("a.json")).unwrap()).unwrap());
    let mut wrong = report;
    wrong["outcomes"][0]["conclusion"] = "clean".into();
    assert!(!validator("report").is_valid(&wrong), "the schema must be able to refuse");
}

#[test]
fn the_table_opens_in_a_spreadsheet() {
    let dir = batch();
    let csv = text(dir.path(), &["scan", ".", "-o", "csv", "--category", "6"]);
    let body = csv.strip_prefix('\u{feff}').expect("byte order mark");
    assert_eq!(body.matches('\n').count(), body.matches("\r\n").count(), "every line ends in CRLF");
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    let heading = reader.headers().unwrap().clone();
    assert_eq!(&heading[0], "样品");
    let column = |name: &str| heading.iter().position(|h| h == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    for row in &rows {
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "formula: {cell}");
            assert!(cell.chars().count() < 32_767, "too long for a cell");
            assert!(!cell.chars().any(|c| c.is_control() || c == '\u{202e}'), "{cell:?}");
        }
    }
    let of = |sample: &str| rows.iter().filter(|r| r[0].ends_with(sample)).collect::<Vec<_>>();
    assert_eq!(of("e.apk").len(), 1, "an unreadable sample has a row");
    assert_eq!(&of("e.apk")[0][1], "未能分析");
    assert_eq!(&of("f.jpg")[0][1], "非安装包");
    assert_eq!(of("d.json").len(), 1, "an app without findings has a row");
    let findings = of("a.json");
    assert!(findings.len() >= 2 && findings.iter().all(|r| !r[column("发现代码")].is_empty()));
    assert!(of("c.json")[0][column("应用名称")].starts_with("'=cmd"));
    let english = text(dir.path(), &["scan", ".", "-o", "csv", "--lang", "en"]);
    assert!(english.starts_with("\u{feff}sample,outcome"));
}

#[test]
fn hostile_text_does_not_steer_the_terminal() {
    let dir = batch();
    for args in [&["scan", "c.json", "d.json"][..], &["scan", "."], &["scan", ".", "-v"]] {
        let shown = text(dir.path(), args);
        assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{args:?}");
        assert!(shown.contains("\\u{1b}"), "{args:?}: shown as its code");
        assert!(shown.lines().all(|l| plain::width(l) < 700), "{args:?}: a name is cut");
    }
}

#[test]
fn columns_line_up_with_chinese_in_them() {
    let dir = batch();
    for lang in ["zh", "en"] {
        let table = text(dir.path(), &["scan", ".", "--lang", lang, "--category", "6"]);
        let mut lines = table.lines();
        let heading = lines.next().unwrap();
        let (before, _) = heading.split_once(if lang == "zh" { "应用 (" } else { "App (" }).unwrap();
        let column = plain::width(before);
        let mut rows = 0;
        for line in lines.take_while(|l| !l.is_empty()) {
            let app = line
                .find("每日好物")
                .or_else(|| line.find("好物"))
                .or_else(|| line.find("Plain"))
                .or_else(|| line.find("./e.apk"));
            if let Some(at) = app {
                assert_eq!(plain::width(&line[..at]), column, "{line}");
                rows += 1;
            }
        }
        assert!(rows > 40, "{rows} rows\n{table}");
    }
}

#[test]
fn the_summary_adds_up() {
    let dir = batch();
    let shown = text(dir.path(), &["scan", ".", "--lang", "zh"]);
    for (start, total) in [("合计", 46), ("已分析", 44)] {
        let line = shown.lines().find(|l| l.trim_start().starts_with(start) && l.contains('=')).unwrap();
        let (left, right) = line.split_once('=').unwrap();
        let numbers = |s: &str| -> Vec<u64> { s.split_whitespace().filter_map(|w| w.parse().ok()).collect() };
        assert_eq!(numbers(left), [total], "{line}");
        assert_eq!(numbers(right).iter().sum::<u64>(), total, "{line}");
    }
    assert!(shown.replace('\n', "").contains("不构成对违法违规行为的认定"));
}

/// Words that would say more than static analysis can know, outside the fixed notes that limit it.
#[test]
fn our_own_text_does_not_judge() {
    const BANNED: [&str; 8] = ["违法", "违规", "认定", "非法", "窃取", "强制", "合规", "illegal"];
    let dir = batch();
    for lang in ["zh", "en"] {
        for args in [&["scan", ".", "-v"][..], &["scan", "--help"], &["--help"], &["explain", "suspect"]] {
            let shown = text(dir.path(), &[args, &["--lang", lang]].concat());
            // Wrapped lines are joined, or a note would hide its own words.
            let shown: String = shown.lines().map(str::trim).collect();
            let shown = shown.replace("不构成对违法违规行为的认定", "").replace("不等于合规认定", "");
            // Titles of laws are quoted as they are.
            let shown: String =
                shown.split('《').map(|part| part.rsplit('》').next().unwrap_or(part)).collect();
            for word in BANNED {
                assert!(!shown.contains(word), "{args:?} {lang} says {word}");
            }
        }
    }
}
