//! The samples as they lie in the tree: every package has its source, its row in `expected.csv`,
//! and was built from that source. Own readers take no part here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::Event;

struct Row {
    file: String,
    name: String,
    package: String,
    label: String,
    category: String,
    conclusion: String,
    capabilities: String,
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn expected() -> Vec<Row> {
    let mut reader = csv::Reader::from_path(samples().join("expected.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let cell = |heading: &str| {
            let column = headers.iter().position(|h| h == heading).unwrap();
            record[column].to_owned()
        };
        let file = cell("file");
        let (name, _) = file.rsplit_once('.').unwrap();
        Row {
            name: name.to_owned(),
            package: cell("package"),
            label: cell("label_zh"),
            category: cell("category"),
            conclusion: cell("conclusion"),
            capabilities: cell("capabilities"),
            file,
        }
    });
    rows.collect()
}

/// Values of `attribute` on all elements of a textual XML, in order, with the element's name.
fn attributes(xml: &str, attribute: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return found,
            Event::Start(element) | Event::Empty(element) => {
                if let Some(value) = element.try_get_attribute(attribute).unwrap() {
                    found.push((element.name().as_ref().to_owned(), value.value.into_owned()));
                }
            }
            _ => {}
        }
    }
}

/// Inflated `AndroidManifest.xml` of an APK, or of the base inside a split container.
fn binary_manifest(bytes: Vec<u8>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let is_base = |name: &&String| name.ends_with(".apk") && !name.contains("config.");
    let wanted = names
        .iter()
        .find(|name| *name == "AndroidManifest.xml" || name.ends_with("base-master.apk"))
        .or_else(|| names.iter().find(is_base))
        .unwrap();
    let mut inner = Vec::new();
    archive.by_name(wanted).unwrap().read_to_end(&mut inner).unwrap();
    if wanted == "AndroidManifest.xml" { inner } else { binary_manifest(inner) }
}

fn contains_string(pool: &[u8], text: &str) -> bool {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    pool.windows(utf16.len()).any(|window| window == utf16)
}

#[test]
fn packages_rows_and_sources_match() {
    let rows = expected();
    let listed: BTreeSet<String> = rows.iter().map(|row| row.file.clone()).collect();
    let named: BTreeSet<String> = rows.iter().map(|row| row.name.clone()).collect();
    let in_folder = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let built: BTreeSet<String> = in_folder(samples())
        .into_iter()
        .filter(|name| [".apk", ".apks", ".xapk"].iter().any(|end| name.ends_with(end)))
        .collect();
    assert_eq!(built, listed);
    assert_eq!(in_folder(samples().join("sources")), named);
    assert_eq!(rows.iter().map(|row| &row.package).collect::<BTreeSet<_>>().len(), rows.len());
}

#[test]
fn every_category_has_a_pair() {
    let rows = expected();
    for number in 1..=39 {
        let of = |end: &str| {
            let mut pair = rows
                .iter()
                .filter(|row| row.name.starts_with(&format!("{number:02}-")) && row.name.ends_with(end));
            let row = pair.next().unwrap_or_else(|| panic!("category {number} has no sample {end}"));
            assert!(pair.next().is_none(), "category {number} has two samples {end}");
            assert_eq!(row.category, number.to_string(), "{}", row.file);
            row
        };
        let (within, beyond) = (of("-within"), of("-beyond"));
        assert_eq!(
            (within.conclusion.as_str(), within.capabilities.as_str()),
            ("nothing-beyond", ""),
            "{}",
            within.file
        );
        assert!(["to-verify", "suspected"].contains(&beyond.conclusion.as_str()), "{}", beyond.file);
        assert!(!beyond.capabilities.is_empty(), "{}", beyond.file);
    }
}

#[test]
fn packages_are_built_from_their_sources() {
    for row in expected() {
        let source = samples().join("sources").join(&row.name);
        let manifest = fs::read_to_string(source.join("AndroidManifest.xml")).unwrap();
        let package = &attributes(&manifest, "package")[0].1;
        assert_eq!(package, &row.package, "{}", row.file);

        let label = &attributes(&manifest, "android:label")[0].1;
        if label == "@string/app_name" {
            let zh = source.join("res/values-zh/strings.xml");
            let default = source.join("res/values/strings.xml");
            let strings = fs::read_to_string(if zh.exists() { zh } else { default }).unwrap();
            assert!(strings.contains(&format!(">{}<", row.label)), "{}", row.file);
        } else {
            assert_eq!(label, &row.label, "{}", row.file);
        }

        let built = binary_manifest(fs::read(samples().join(&row.file)).unwrap());
        assert!(contains_string(&built, package), "{}: {package}", row.file);
        for (element, name) in attributes(&manifest, "android:name") {
            assert!(contains_string(&built, &name), "{}: {element} {name}", row.file);
        }
        let asked = attributes(&manifest, "android:name")
            .iter()
            .filter(|(element, _)| element.starts_with("uses-permission"))
            .count();
        let marker: Vec<u8> = "permission.".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let in_source = manifest.matches("permission.").count();
        let in_built = built.windows(marker.len()).filter(|window| *window == marker).count();
        assert!(asked >= 2, "{}", row.file);
        assert!(
            in_built <= in_source,
            "{}: the package names permissions that its source does not",
            row.file
        );
    }
}
