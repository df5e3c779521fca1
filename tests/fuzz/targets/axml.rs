//! A binary manifest: read into the record, and decoded as text. Every place in the record stands
//! on the line that it names.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use piscope::package::{AppPackage, Place, Query};
use piscope::unpack::arsc::Resolved;
use piscope::unpack::manifest::{self, ManifestError};

const ENTRY: &str = "AndroidManifest.xml";

fuzz_target!(|data: &[u8]| {
    let limits = shared::limits();
    let (mut gaps, mut more) = (Vec::new(), Vec::new());
    let read = manifest::read(data, ENTRY, &limits, &mut gaps);
    let text = manifest::decode(data, &limits, &mut more);
    for gaps in [&gaps, &more] {
        shared::check_once(gaps);
        shared::check_gaps(gaps, 32);
    }
    let (data, text) = match (read, text) {
        (Ok(data), Ok(text)) => (data, text),
        (Err(ManifestError::NotManifest), Ok(_)) => return,
        (Err(a), Err(b)) => return assert_eq!(a, b),
        (read, text) => panic!("{read:?} but {text:?}"),
    };
    // Beyond the budget: one tag that was begun, and the end tags.
    let most =
        limits.entry_bytes as usize + 64 * 8 * limits.string_bytes + (12 + 400) * 8 * limits.string_bytes;
    assert!(text.len() <= most, "{} bytes", text.len());
    assert!(data.references.is_sorted_by(|a, b| a < b));
    shared::check_record(&data.package, &limits);
    if !more.iter().any(|g| g.code == "axml.text-bytes") {
        check_places(&data.package, &text);
    }
    // Texts as long as the table may give them.
    let long = "字".repeat(limits.string_bytes / 3);
    let row = |id: &u32| match id % 4 {
        0 => Resolved { default: Some(long.clone()), zh: Some("0x7fffffff".to_owned()), en: None },
        1 => Resolved { default: Some("-1".to_owned()), zh: None, en: Some(".A;b".to_owned()) },
        2 => Resolved { default: Some("Tiramisu.x".to_owned()), zh: None, en: None },
        _ => Resolved::default(),
    };
    let resolved: Vec<_> = data.references.iter().map(row).collect();
    let (mut room, mut gaps) = (data.room, Vec::new());
    let package = manifest::apply(data, &resolved, &mut room, &mut gaps);
    shared::check_gaps(&gaps, 1);
    shared::check_record(&package, &limits);
});

fn check_places(package: &AppPackage, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let components =
        package.components.iter().flat_map(|c| c.meta_data.iter().map(|m| &m.place).chain([&c.place]));
    let queries = package.queries.iter().map(|q| match q {
        Query::Package { place, .. } | Query::Provider { place, .. } | Query::Intent { place, .. } => place,
    });
    let places = package.permissions.iter().map(|p| &p.place);
    let places = places.chain(package.declared_permissions.iter().map(|p| &p.place));
    let places = places.chain(package.features.iter().map(|f| &f.place));
    let places = places.chain(package.meta_data.iter().map(|m| &m.place));
    for Place { entry, element, line } in places.chain(components).chain(queries) {
        assert_eq!(entry, ENTRY);
        let line = line.expect("an element has a line") as usize;
        let found = line.checked_sub(1).and_then(|n| lines.get(n)).expect("the line exists").trim_start();
        let rest = found.strip_prefix('<').and_then(|f| f.strip_prefix(element.as_str()));
        assert!(rest.is_some_and(|r| r.starts_with([' ', '>'])), "line {line} of <{element}> is {found}");
    }
}
