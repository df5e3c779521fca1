//! Binary manifests and resource tables of real and of damaged packages, against what other
//! readers found. The packages are not part of the project: `PISCOPE_CORPUS` names their folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use piscope::package::{AppPackage, Gap, PermissionElement};
use piscope::unpack::arsc::ResourceTable;
use piscope::unpack::limits::Limits;
use piscope::unpack::manifest;
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("PISCOPE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    if path.join("index.json").is_file() {
        Some(path)
    } else {
        eprintln!("skipped: no corpus at {} (set PISCOPE_CORPUS)", path.display());
        None
    }
}

fn index(corpus: &Path) -> Vec<Value> {
    serde_json::from_slice(&fs::read(corpus.join("index.json")).unwrap()).unwrap()
}

/// Manifest and table of a package, by the strict archive reader; `None` where it refuses.
fn extract(path: &Path) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut zip = zip::ZipArchive::new(fs::File::open(path).ok()?).ok()?;
    let mut entry = |name: &str| {
        let mut out = Vec::new();
        zip.by_name(name).ok()?.take(64 << 20).read_to_end(&mut out).ok()?;
        Some(out)
    };
    Some((entry("AndroidManifest.xml")?, entry("resources.arsc")))
}

fn read(
    manifest_bytes: &[u8],
    table: Option<&[u8]>,
) -> Result<(AppPackage, Vec<Gap>), manifest::ManifestError> {
    let limits = Limits::default();
    let mut gaps = Vec::new();
    let data = manifest::read(manifest_bytes, "AndroidManifest.xml", &limits, &mut gaps)?;
    let resolved = table
        .and_then(|t| {
            let mut table = ResourceTable::open(&t, &limits, &mut gaps).ok()?;
            Some(table.resolve(&data.references, &mut gaps))
        })
        .unwrap_or_default();
    Ok((manifest::apply(data, &resolved), gaps))
}

#[test]
fn real_packages_read_as_two_other_readers_read_them() {
    let Some(corpus) = corpus() else { return };
    // Where the other reader is wrong.
    let explained = [
        // `<android:uses-permission>`: the platform looks at the local name only, androguard drops it.
        ("suite_349ab1cb95ec.apk", "uses-permission"),
        ("suite_e56e10ee7ae5.apk", "uses-permission"),
        // A reference, which androguard leaves unresolved.
        ("suite_ce96f299bf1a.apk", "maxSdk"),
    ];
    let (mut compared, mut labels, mut wrong) = (0, 0, Vec::new());
    for row in index(&corpus) {
        let path = row["path"].as_str().unwrap();
        if !path.starts_with("apks/") {
            continue;
        }
        let Some((bytes, table)) = extract(&corpus.join(path)) else { continue };
        let (package, gaps) = match read(&bytes, table.as_deref()) {
            Ok(found) => found,
            Err(e) => {
                wrong.push(format!("{path}: {e}"));
                continue;
            }
        };
        compared += 1;
        if !gaps.is_empty() {
            eprintln!("{path}: {gaps:?}");
        }
        let mut expect = |what: &str, want: Option<String>, got: Option<String>| {
            if want.is_some()
                && want != got
                && !explained.iter().any(|(p, w)| path.ends_with(p) && what == *w)
            {
                wrong.push(format!("{path}: {what}: {got:?}, expected {want:?}"));
            }
        };
        let m = &row["manifest"];
        let text = |v: &Value| v.as_str().map(str::to_owned);
        expect("package", text(&m["package"]), Some(package.package.clone()));
        expect("versionCode", text(&m["versionCode"]), package.version_code.map(|n| n.to_string()));
        expect("minSdk", text(&m["minSdk"]), package.sdk.min.map(|n| n.to_string()));
        expect("targetSdk", text(&m["targetSdk"]), package.sdk.target.map(|n| n.to_string()));
        expect("maxSdk", text(&m["maxSdk"]), package.sdk.max.map(|n| n.to_string()));
        let a = &row["aapt"];
        expect(
            "versionName",
            text(&a["versionName"]),
            Some(package.version_name.clone().unwrap_or_default()),
        );
        for (what, element) in [
            ("uses-permission", PermissionElement::UsesPermission),
            ("uses-permission-sdk-23", PermissionElement::UsesPermissionSdk23),
        ] {
            let key = |name: &str, max: Option<String>| format!("{name} {max:?}");
            let want = m[what].as_array().map(|rows| {
                let mut rows: Vec<_> = rows
                    .iter()
                    .map(|p| key(p["name"].as_str().unwrap_or_default(), text(&p["maxSdkVersion"])))
                    .collect();
                rows.sort();
                rows.dedup();
                rows.join("\n")
            });
            let mut got: Vec<_> = package
                .permissions
                .iter()
                .filter(|p| p.element == element)
                .map(|p| key(&p.name, p.max_sdk.map(|n| n.to_string())))
                .collect();
            got.sort();
            got.dedup();
            expect(what, want, Some(got.join("\n")));
        }
        let label = &package.label;
        for (what, got) in [
            ("label_default", &label.default),
            // aapt prints what a device in that language shows: the default where there is no other.
            ("label_zh_CN", if label.zh.is_some() { &label.zh } else { &label.default }),
            ("label_zh", if label.zh.is_some() { &label.zh } else { &label.default }),
        ] {
            if let Some(want) = a[what].as_str() {
                labels += 1;
                expect(what, Some(want.to_owned()), Some(got.clone().unwrap_or_default()));
            }
        }
    }
    eprintln!("{compared} packages, {labels} labels compared");
    for line in &wrong {
        eprintln!("{line}");
    }
    assert!(compared > 100, "only {compared} packages could be opened");
    assert!(wrong.is_empty(), "{} differences", wrong.len());
}

#[test]
fn damaged_packages_read_as_android_reads_them() {
    let Some(corpus) = corpus() else { return };
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in index(&corpus) {
        let path = row["path"].as_str().unwrap();
        if !path.starts_with("malformed/") {
            continue;
        }
        let Some((bytes, table)) = extract(&corpus.join(path)) else { continue };
        let name = path.trim_start_matches("malformed/").to_owned();
        let want = &row["expected"];
        match read(&bytes, table.as_deref()) {
            Err(e) => {
                if want["package"].is_string() {
                    wrong.push(format!("{name}: {e}"));
                }
            }
            Ok((package, gaps)) => {
                if let Some(p) = want["package"].as_str()
                    && p != package.package
                {
                    wrong.push(format!("{name}: {}", package.package));
                }
                if let Some(n) = want["permission_count"].as_u64() {
                    // The index counts the distinct names of `<uses-permission>` alone.
                    let own = |p: &&piscope::package::RequestedPermission| {
                        p.element == PermissionElement::UsesPermission
                    };
                    let mut names: Vec<_> = package.permissions.iter().filter(own).map(|p| &p.name).collect();
                    names.sort();
                    names.dedup();
                    if names.len() as u64 != n {
                        wrong.push(format!("{name}: {n} permissions expected: {names:?}"));
                    }
                }
                if let Some(l) = want["label"].as_str().filter(|l| !l.starts_with('@')) {
                    let l = Some(l.to_owned());
                    if l != package.label.default && l != package.label.zh {
                        wrong.push(format!("{name}: {:?}, expected {l:?}", package.label));
                    }
                }
                if let Some(v) = want["versionName"].as_str()
                    && package.version_name.as_deref() != Some(v)
                {
                    wrong.push(format!("{name}: {:?}, expected {v}", package.version_name));
                }
                let codes: Vec<String> =
                    gaps.into_iter().map(|g| format!("{:?} {}", g.kind, g.code)).collect();
                seen.insert(name, (package.package, package.permissions.len(), codes));
            }
        }
    }
    for (name, row) in &seen {
        if !row.2.is_empty() {
            eprintln!("{name}: {row:?}");
        }
    }
    for line in &wrong {
        eprintln!("WRONG {line}");
    }
    eprintln!("{} read", seen.len());
    assert!(wrong.is_empty(), "{} differences", wrong.len());
}

#[test]
fn single_documents_and_tables_end_in_a_record_or_an_error() {
    let Some(corpus) = corpus() else { return };
    let limits = Limits::default();
    let (mut records, mut tables) = (BTreeMap::new(), 0);
    for file in fs::read_dir(corpus.join("malformed")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = || fs::read(&path).unwrap();
        if name.ends_with(".xml") {
            let bytes = bytes();
            let found = read(&bytes, None).map(|(p, gaps)| {
                let codes: Vec<_> = gaps.into_iter().map(|g| g.code).collect();
                (p.package, p.permissions.len(), p.components.len(), codes)
            });
            let text = manifest::decode(&bytes, &limits, &mut Vec::new());
            if let Ok((p, ..)) = &found {
                let text = text.unwrap();
                assert_eq!(text.lines().filter(|l| l.starts_with("<manifest")).count(), 1, "{name}: {p}");
            }
            records.insert(name, found);
        } else if name.ends_with(".arsc") {
            let bytes = bytes();
            let mut gaps = Vec::new();
            let source = bytes.as_slice();
            let mut table = ResourceTable::open(&source, &limits, &mut gaps).unwrap();
            let ids: Vec<u32> =
                (0x7f00..0x7f20).flat_map(|t: u32| (0..64).map(move |e| t << 16 | e)).collect();
            let found = table.resolve(&ids, &mut gaps);
            assert!(found.iter().any(|r| r.default.is_some()), "{name}");
            eprintln!("{name}: {} values, {gaps:?}", found.iter().filter(|r| r.default.is_some()).count());
            tables += 1;
        }
    }
    for (name, row) in &records {
        eprintln!("{name}: {row:?}");
    }
    assert!(records.len() > 8 && tables >= 2);
}

/// The lines of a record are those of the decoded text, for every package that opens.
#[test]
fn places_name_lines_of_the_decoded_text() {
    let Some(corpus) = corpus() else { return };
    let mut checked = 0;
    for row in index(&corpus) {
        let path = row["path"].as_str().unwrap();
        let Some((bytes, _)) = path.ends_with(".apk").then(|| extract(&corpus.join(path))).flatten() else {
            continue;
        };
        let Ok((package, _)) = read(&bytes, None) else { continue };
        let text = manifest::decode(&bytes, &Limits::default(), &mut Vec::new()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for p in &package.permissions {
            let line = lines[p.place.line.unwrap() as usize - 1];
            assert!(
                line.trim_start().trim_start_matches('<').starts_with(p.place.element.as_str()),
                "{path}: {line}"
            );
            assert!(line.contains(&format!("name=\"{}\"", p.name)), "{path}: {line}");
            checked += 1;
        }
        for c in &package.components {
            let line = lines[c.place.line.unwrap() as usize - 1];
            assert!(line.trim_start().starts_with(&format!("<{}", c.place.element)), "{path}: {line}");
        }
    }
    assert!(checked > 500, "{checked}");
}

/// Real documents with bytes changed, cut and doubled never panic and end.
#[test]
fn mutated_documents_and_tables_never_panic() {
    let Some(corpus) = corpus() else { return };
    let limits = Limits { xml_nodes: 20_000, table_chunks: 5_000, ..Limits::default() };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % n.max(1) as u64).unwrap()
    };
    let mut runs = 0;
    for row in index(&corpus).iter().filter(|r| r["size"].as_u64().is_some_and(|s| s < 400_000)) {
        let path = row["path"].as_str().unwrap();
        let Some((manifest_bytes, table)) =
            path.ends_with(".apk").then(|| extract(&corpus.join(path))).flatten()
        else {
            continue;
        };
        let mut ids = Vec::new();
        for (which, original) in [Some(manifest_bytes), table].into_iter().flatten().enumerate() {
            if original.len() > 300_000 {
                continue;
            }
            for _ in 0..20 {
                let mut bytes = original.clone();
                for _ in 0..=random(6) {
                    // Headers are where it hurts: prefer the beginning, and numbers at the edges.
                    let span = if random(2) == 0 { 256 } else { bytes.len() };
                    let at = random(span.min(bytes.len()));
                    let value = [0, 1, 0x7f, 0x80, 0xff, random(256) as u8][random(6)];
                    let width = [1, 2, 4][random(3)];
                    for b in bytes.iter_mut().skip(at).take(width) {
                        *b = value;
                    }
                }
                if random(8) == 0 {
                    bytes.truncate(random(bytes.len()));
                }
                let mut gaps = Vec::new();
                if which == 0 {
                    if let Ok(data) = manifest::read(&bytes, "AndroidManifest.xml", &limits, &mut gaps) {
                        ids = data.references.clone();
                        let _ = manifest::apply(data, &[]);
                    }
                    let _ = manifest::decode(&bytes, &limits, &mut gaps);
                } else {
                    let source = bytes.as_slice();
                    if let Ok(mut table) = ResourceTable::open(&source, &limits, &mut gaps) {
                        ids.push(0x7f01_0000);
                        let _ = table.resolve(&ids, &mut gaps);
                    }
                }
                runs += 1;
            }
        }
    }
    assert!(runs > 2_000, "{runs}");
}
