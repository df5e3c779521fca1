//! `piscope inspect`: the saved record stands for the package, and its places point into the
//! decoded manifest.

use std::path::{Path, PathBuf};
use std::process::Command;

use piscope::analyze::{Analyzer, Options};
use piscope::package::AppPackage;
use piscope::report::model::Outcome;
use piscope::rules::Ruleset;
use piscope::sample::Sample;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn inspect(args: &[&str], path: &Path) -> String {
    let out =
        Command::new(env!("CARGO_BIN_EXE_piscope")).arg("inspect").args(args).arg(path).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn places_point_into_the_decoded_manifest() {
    let path = sample("19-education-beyond.apk");
    let package: AppPackage = serde_json::from_str(&inspect(&[], &path)).unwrap();
    let manifest = inspect(&["--manifest"], &path);
    let lines: Vec<&str> = manifest.lines().collect();
    let mut seen = 0;
    let places = package.permissions.iter().map(|p| (&p.name, &p.place));
    for (name, place) in places {
        let line = lines[place.line.unwrap() as usize - 1];
        assert!(
            line.contains(&format!("<{}", place.element)) && line.contains(name.as_str()),
            "{name}: {line}"
        );
        seen += 1;
    }
    for component in &package.components {
        let line = lines[component.place.line.unwrap() as usize - 1];
        let short = component.name.rsplit('.').next().unwrap();
        assert!(line.contains(short), "{}: {line}", component.name);
        seen += 1;
    }
    assert!(seen > 4);
}

#[test]
fn every_part_of_a_container_is_decoded() {
    let text = inspect(&["--manifest"], &sample("special-split-set.apks"));
    let heads: Vec<&str> = text.lines().filter(|l| l.starts_with("==> ")).collect();
    assert_eq!(heads.len(), 3, "{heads:?}");
    assert_eq!(heads[0], "==> splits/base-master.apk!/AndroidManifest.xml <==");
}

#[test]
fn a_saved_record_gives_the_same_report() {
    let dir = tempfile::tempdir().unwrap();
    let analyzer = Analyzer::new(Ruleset::embedded(), Options::default()).unwrap();
    for name in ["06-online-shopping-beyond.apk", "special-split-set.apks", "special-packed-within.apk"] {
        let saved = dir.path().join("saved.json");
        std::fs::write(&saved, inspect(&["--no-hash"], &sample(name))).unwrap();
        let analyze = |path: &Path| {
            let path = path.to_str().unwrap().to_owned();
            match analyzer.analyze(&Sample { path, ..Sample::default() }) {
                Outcome::Analysed(mut app) => {
                    app.sample.path.clear();
                    app
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(analyze(&saved), analyze(&sample(name)), "{name}");
    }
}
