//! Dalvik executables: opening, counting and finding sites end, within bounds, and agree.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use piscope::package::GapKind;
use piscope::unpack::dex::{Dex, SiteFinder, Target, Usage, Wanted};
use piscope::unpack::limits::Limits;

static WANTED: LazyLock<Wanted> = LazyLock::new(|| {
    let method = |class: &str, name: &str, proto: Option<&str>| Target::Method {
        class: class.to_owned(),
        name: name.to_owned(),
        proto: proto.map(str::to_owned),
    };
    Wanted::new(vec![
        method("Ljava/lang/Object;", "<init>", None),
        method("Landroid/app/Activity;", "onCreate", Some("(Landroid/os/Bundle;)V")),
        method("Landroid/content/Context;", "getSystemService", None),
        method("Landroid/location/LocationManager;", "getLastKnownLocation", None),
        Target::Field { class: "Landroid/os/Build;".to_owned(), name: "SERIAL".to_owned() },
        Target::Class { class: "Ljava/lang/String;".to_owned() },
        Target::Text { text: "phone".to_owned() },
        Target::TextPrefix { prefix: "content://".to_owned() },
        Target::TextPrefix { prefix: "a".to_owned() },
    ])
});

fuzz_target!(|data: &[u8]| {
    let limits = Limits { sites: 2000, site_bytes: 64 << 10, ..Limits::default() };
    let mut gaps = Vec::new();
    let Ok(dexes) = Dex::open(data, "classes.dex", &mut gaps) else {
        assert!(gaps.is_empty());
        return;
    };
    assert!(!dexes.is_empty() && dexes.len() <= 64);
    let mut finder = SiteFinder::new(&WANTED, &limits);
    for dex in &dexes {
        let calls = dex.calls(&mut gaps);
        assert!(calls.len() <= data.len() / 8);
        assert!(calls.iter().map(|n| u64::from(*n)).sum::<u64>() <= data.len() as u64 * 16);
        let classes = dex.classes().take(20).map(|c| c.descriptor.into_owned()).collect::<Vec<_>>();
        let names: Vec<&str> = classes.iter().map(String::as_str).collect();
        assert_eq!(dex.defines(&names).len(), names.len());
        assert!(dex.classes_under(&["L", "", "Landroid/"]).iter().all(|n| *n as usize <= dex.class_count()));
        dex.each_string(&mut gaps, |_, bytes| assert!(bytes.len() <= data.len() && !bytes.contains(&0)));
        finder.read(dex, &mut gaps);
    }
    let found = finder.finish();
    let targets = WANTED.targets();
    assert_eq!(found.parts.len(), dexes.len());
    for site in &found.sites {
        let caller = found.caller(site).unwrap();
        assert!((caller.part as usize) < found.parts.len());
        let reference = found.reference(site).unwrap();
        let fits = match &targets[site.target.0 as usize] {
            Target::Method { .. } => site.usage == Usage::Call && reference.contains("->"),
            Target::Field { .. } => matches!(site.usage, Usage::Read | Usage::Write),
            Target::Class { class } => reference == class,
            Target::Text { text } => reference == text,
            Target::TextPrefix { prefix } => reference.starts_with(prefix.as_str()),
        };
        assert!(fits, "{site:?} {reference:?}");
    }
    assert!(found.named.is_sorted());
    let mut again = SiteFinder::new(&WANTED, &limits);
    let mut same = Vec::new();
    for dex in &dexes {
        again.read(dex, &mut same);
    }
    assert_eq!(again.finish(), found, "the same input gives the same sites");
    // Each part reports each flaw once per pass: open, count, strings, sites.
    assert!(gaps.len() <= dexes.len() * 40, "{} gaps", gaps.len());
    assert!(gaps.iter().all(|g| g.kind != GapKind::Limit || g.code.starts_with("dex.")));
});
