//! The program as users meet it: exit codes, messages in both languages, lists, outputs.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use piscope::package::{AppPackage, PACKAGE_SCHEMA, Place, RequestedPermission};
use tempfile::TempDir;

/// A record as `piscope inspect` saves it, of an app that asks for `permissions`.
fn package(name: &str, permissions: &[&str]) -> AppPackage {
    let mut package = AppPackage {
        schema: PACKAGE_SCHEMA.to_owned(),
        package: format!("com.example.{name}"),
        version_name: Some("1.2.3".into()),
        version_code: Some(7),
        ..AppPackage::default()
    };
    package.label.default = Some("每日好物".into());
    package.sdk.min = Some(24);
    package.sdk.target = Some(34);
    for (i, permission) in permissions.iter().enumerate() {
        package.permissions.push(RequestedPermission {
            name: (*permission).to_owned(),
            place: Place {
                entry: "AndroidManifest.xml".into(),
                element: "uses-permission".into(),
                line: Some(i as u32 + 4),
            },
            ..RequestedPermission::default()
        });
    }
    package
}

fn save(folder: &Path, file: &str, package: &AppPackage) {
    fs::write(folder.join(file), serde_json::to_vec_pretty(package).unwrap()).unwrap();
}

const CONTACTS: &str = "android.permission.READ_CONTACTS";

/// A folder with one app that reaches contacts and one that reaches nothing.
fn two_apps() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), "beyond.json", &package("beyond", &[CONTACTS]));
    save(dir.path(), "within.json", &package("within", &["android.permission.VIBRATE"]));
    dir
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_piscope"));
    command.current_dir(folder).args(args).env("PISCOPE_LANG", "zh");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "CI"] {
        command.env_remove(name);
    }
    command
}

fn piscope(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Runs `args` in both languages and expects `code`, one message that holds all of `zh` or `en`,
/// and no panic.
#[track_caller]
fn refused(folder: &Path, args: &[&str], code: i32, zh: &[&str], en: &[&str]) {
    for (lang, parts) in [("zh", zh), ("en", en)] {
        let mut all = args.to_vec();
        all.extend(["--lang", lang]);
        let output = piscope(folder, &all);
        assert_eq!(output.status.code(), Some(code), "{all:?}: {}", stderr(&output));
        for part in parts {
            assert!(stderr(&output).contains(part), "{all:?}: no {part:?} in {}", stderr(&output));
        }
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
}

#[test]
fn exit_codes() {
    let dir = two_apps();
    let code = |args: &[&str]| piscope(dir.path(), args).status.code();
    let shop = ["--category", "网上购物"];
    assert_eq!(code(&[&["scan", "."], &shop[..]].concat()), Some(0));
    assert_eq!(code(&[&["scan", ".", "--fail-on", "verify"], &shop[..]].concat()), Some(1));
    assert_eq!(code(&[&["scan", ".", "--fail-on", "verify", "--exit-zero"], &shop[..]].concat()), Some(0));
    assert_eq!(code(&["scan", ".", "--fail-on", "nonsense"]), Some(2));
    assert_eq!(code(&["scan", "gone"]), Some(3));

    fs::write(dir.path().join("photo.jpg"), b"\xff\xd8\xff\xe0 JFIF").unwrap();
    assert_eq!(code(&[&["scan", "."], &shop[..]].concat()), Some(0), "met on the way: skipped");
    assert_eq!(
        code(&[&["scan", "photo.jpg", "within.json"], &shop[..]].concat()),
        Some(4),
        "named: never clean"
    );
    fs::write(dir.path().join("cut.apk"), b"PK\x03\x04 and no more").unwrap();
    assert_eq!(code(&[&["scan", ".", "--fail-on", "verify"], &shop[..]].concat()), Some(4), "outranks 1");
    assert_eq!(code(&[&["scan", ".", "--exit-zero"], &shop[..]].concat()), Some(0));
    assert_eq!(code(&["scan", "within.json", "gone.apk"]), Some(4));
}

#[test]
fn bad_input_gets_one_clear_sentence() {
    let dir = two_apps();
    let at = dir.path();
    refused(at, &["scan", "gone.apk"], 3, &["gone.apk", "请检查"], &["gone.apk", "Check the spelling"]);
    refused(at, &["scan"], 2, &["没有指定"], &["Nothing to analyse"]);
    refused(
        at,
        &["scan", ".", "--category", "网购大全"],
        2,
        &["网购大全", "rules list"],
        &["网购大全", "rules list"],
    );
    refused(at, &["scan", ".", "-o", "xml"], 2, &["xml", "terminal, json"], &["xml", "terminal, json"]);
    refused(
        at,
        &["scan", ".", "-o", "csv=no/where.csv"],
        2,
        &["no/where.csv", "文件夹不存在"],
        &["no/where.csv", "Create it"],
    );
    refused(at, &["scan", ".", "-o", "csv=."], 2, &["是文件夹"], &["is a folder"]);
    refused(
        at,
        &["scan", ".", "--files-from", "no.txt"],
        2,
        &["no.txt", "不存在"],
        &["no.txt", "does not exist"],
    );
    refused(at, &["scan", ".", "--limit-entry-bytes", "huge"], 2, &["huge", "32M"], &["huge", "32M"]);
    refused(at, &["scan", ".", "--fail-on", "suspekt"], 2, &["suspekt", "suspect"], &["suspekt", "suspect"]);
    refused(at, &["scna", "."], 2, &["scna", "scan"], &["scna", "scan"]);
    refused(at, &["scan", ".", "--recursive"], 2, &["--recursive"], &["--recursive"]);

    fs::create_dir(at.join("empty")).unwrap();
    refused(at, &["scan", "-q", "empty"], 3, &["空的"], &["is empty"]);
    fs::create_dir(at.join("photos")).unwrap();
    for name in ["a.jpg", "b.jpg"] {
        fs::write(at.join("photos").join(name), b"\xff\xd8\xff\xe0 JFIF").unwrap();
    }
    refused(
        at,
        &["scan", "-q", "photos"],
        3,
        &["2 个文件", "a.jpg", "APK"],
        &["None of the 2", "a.jpg", "APK"],
    );
}

#[test]
fn a_broken_list_names_its_line() {
    let dir = two_apps();
    let at = dir.path();
    let list = |text: &[u8]| fs::write(at.join("s.csv"), text).unwrap();
    let args = ["scan", ".", "--samples", "s.csv"];
    list("文件,备注\nbeyond.json,a,b\n".as_bytes());
    refused(at, &args, 2, &["s.csv", "第 2 行"], &["s.csv", "line 2"]);
    list("文件,应用类型\nbeyond.json,网购大全\n".as_bytes());
    refused(at, &args, 2, &["第 2 行", "网购大全"], &["line 2", "网购大全"]);
    list(b"PK\x03\x04 workbook");
    refused(at, &args, 2, &["Excel", "CSV UTF-8"], &["Excel", "CSV UTF-8"]);
    refused(at, &["scan", ".", "--samples", "none.csv"], 2, &["none.csv"], &["none.csv"]);
}

#[test]
fn a_rule_with_a_typo_names_its_file() {
    let dir = two_apps();
    let rules = dir.path().join("rules");
    fs::create_dir(&rules).unwrap();
    fs::write(rules.join("06-online-shopping.toml"), "number = 6\nnmae = \"网上购物类\"\n").unwrap();
    let output = piscope(dir.path(), &["scan", ".", "--rules", "rules"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("06-online-shopping.toml"), "{}", stderr(&output));
    let output = piscope(dir.path(), &["rules", "check", "rules"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_list_adds_what_the_package_cannot_know() {
    let dir = two_apps();
    let text = "文件,应用名称,应用开发者,应用来源,App备案号,属地,应用类型\r\n\
                beyond.json,每日好物,好物公司,某商店,京ICP备1号-1A,北京,网上购物\r\n\
                lost.apk,丢失,,,,,\r\n";
    let (gb18030, ..) = encoding_rs::GB18030.encode(text);
    fs::write(dir.path().join("s.csv"), &gb18030).unwrap();
    let output = piscope(dir.path(), &["scan", ".", "--samples", "s.csv", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed = &report["outcomes"][0]["sample"]["listed"];
    assert_eq!(listed["developer"], "好物公司");
    assert_eq!(listed["line"], 2);
    assert_eq!(report["outcomes"][0]["placement"]["categories"][0]["number"], 6);
    assert_eq!(report["summary"]["samples"], 2, "the list itself is no sample");
    assert!(
        stderr(&output).contains("lost.apk") && stderr(&output).contains("within.json"),
        "{}",
        stderr(&output)
    );

    let output = piscope(dir.path(), &["scan", "--samples", "s.csv", "-o", "jsonl", "-q"]);
    assert_eq!(output.status.code(), Some(4), "a listed file that is missing is not analysed");
    assert_eq!(stdout(&output).lines().count(), 4);
}

#[test]
fn paths_come_from_a_stream() {
    let dir = two_apps();
    for (args, list) in [
        (&["scan", "-", "-o", "jsonl"][..], "within.json\r\n\nbeyond.json\nwithin.json\n"),
        (&["scan", "-0", "-", "-o", "jsonl"][..], "within.json\0beyond.json\0"),
    ] {
        let mut child = command(dir.path(), args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let lines: Vec<serde_json::Value> =
            stdout(&output).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let paths: Vec<_> =
            lines[1..lines.len() - 1].iter().map(|l| l["sample"]["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["within.json", "beyond.json"]);
        assert_eq!(lines[1]["sample"]["explicit"], true);
    }
    fs::write(dir.path().join("list.txt"), "beyond.json\n").unwrap();
    let output = piscope(dir.path(), &["scan", "--files-from", "list.txt", "-o", "jsonl"]);
    assert_eq!(stdout(&output).lines().count(), 3);
}

#[test]
fn several_outputs_in_one_run() {
    let dir = two_apps();
    let args = ["scan", "beyond.json", "-o", "json=r.json", "-o", "csv=r.csv", "-o", "jsonl=r.jsonl"];
    let output = piscope(dir.path(), &args);
    assert!(stdout(&output).contains("com.example.beyond"), "the terminal format is there as well");
    let names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    for file in ["r.json", "r.csv", "r.jsonl"] {
        assert!(names.iter().any(|n| n == file), "{names:?}");
    }
    assert!(!names.iter().any(|n| n.ends_with(".partial")), "{names:?}");

    let again = piscope(
        dir.path(),
        &["scan", ".", "-q", "-o", "json=r.json", "-o", "csv=r.csv", "-o", "jsonl=r.jsonl"],
    );
    assert_eq!(stdout(&again), "", "-q writes only what -o asks for");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join("r.json")).unwrap()).unwrap();
    assert_eq!(report["summary"]["samples"], 2, "outputs are no samples");

    for pair in [["json=x", "csv=./x"], ["json", "csv"]] {
        let output = piscope(dir.path(), &["scan", ".", "-o", pair[0], "-o", pair[1]]);
        assert_eq!(output.status.code(), Some(2), "{pair:?}");
    }
    assert!(!dir.path().join("x").exists());
}

#[test]
fn an_interrupted_reader_is_no_error() {
    let dir = two_apps();
    let mut child =
        command(dir.path(), &["scan", "."]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        !stderr(&output).contains("panicked") && !stderr(&output).contains("错误"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn colour_only_where_it_is_wanted() {
    let dir = two_apps();
    let colours = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = command(dir.path(), &[&["scan", "."], args].concat());
        let output = command.envs(env.iter().copied()).output().unwrap();
        stdout(&output).contains('\u{1b}')
    };
    assert!(!colours(&[], &[]), "not a terminal");
    assert!(colours(&["--color", "always"], &[]));
    assert!(colours(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colours(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colours(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn the_language_follows_option_then_variable() {
    let dir = two_apps();
    let run = |args: &[&str], lang: &str| {
        let output =
            command(dir.path(), &[&["scan", "."], args].concat()).env("PISCOPE_LANG", lang).output().unwrap();
        stdout(&output).to_owned()
    };
    assert!(run(&[], "zh").contains("合计"));
    assert!(run(&[], "en").contains("Total"));
    assert!(run(&["--lang", "zh"], "en").contains("合计"));
    for (lang, usage) in [("zh", "用法"), ("en", "Usage")] {
        let output = piscope(dir.path(), &["scan", "--help", "--lang", lang]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains(usage), "{}", stdout(&output));
    }
}

#[test]
fn explains_words_and_offers_near_ones() {
    let dir = tempfile::tempdir().unwrap();
    for word in ["6", "网上购物", "网上购物类", "online-shopping", "第五条第(六)项"] {
        let output = piscope(dir.path(), &["explain", word]);
        assert!(stdout(&output).contains("第五条第(六)项"), "{word}: {}", stderr(&output));
    }
    for word in ["READ_CONTACTS", CONTACTS] {
        assert!(stdout(&piscope(dir.path(), &["explain", word])).contains(CONTACTS), "{word}");
    }
    assert!(
        stdout(&piscope(dir.path(), &["explain", "suspect", "--lang", "en"]))
            .contains("Suspected beyond scope")
    );
    assert!(stdout(&piscope(dir.path(), &["explain", "待核实能力"])).contains("verify"));
    refused(dir.path(), &["explain", "READ_CONTACT"], 2, &["READ_CONTACTS"], &["READ_CONTACTS"]);
}

#[test]
fn prints_schemas_and_rules() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["report", "line", "package"] {
        let output = piscope(dir.path(), &["schema", name]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    }
    assert_eq!(piscope(dir.path(), &["schema", "nothing"]).status.code(), Some(2));
    let list = piscope(dir.path(), &["rules", "list"]);
    assert!(stdout(&list).lines().count() >= 40, "{}", stdout(&list));
    assert_eq!(piscope(dir.path(), &["rules", "check"]).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_not_clean() {
    use std::os::unix::fs::PermissionsExt;
    let dir = two_apps();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read anything.
    let superuser = fs::read_dir(&closed).is_ok();
    let output = piscope(dir.path(), &["scan", ".", "--category", "6"]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(output.status.code(), Some(if superuser { 0 } else { 4 }), "{}", stderr(&output));
}

#[test]
fn a_quiet_run_still_reads_every_sample() {
    let dir = two_apps();
    save(dir.path(), "a.json", &package("a", &[]));
    let output = piscope(dir.path(), &["scan", ".", "-q", "--category", "6", "--fail-on", "verify"]);
    assert_eq!(output.status.code(), Some(1), "the first sample is clean, the second is not");
}
