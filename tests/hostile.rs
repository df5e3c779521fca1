//! Damaged packages: whatever the bytes, reading ends, within its limits, without a panic.

mod common;

use std::io::{Cursor, Read};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use piscope::unpack::limits::Limits;
use piscope::unpack::{self, Options};
use proptest::prelude::*;
use zip::CompressionMethod;

/// Packages to damage: our own, and the small ones of the corpus as they are and stored, so that
/// damage reaches the formats inside.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let permissions = ["android.permission.READ_CONTACTS", "android.permission.CAMERA"];
    let base = common::manifest("com.example.app", None, &permissions);
    let split = common::manifest("com.example.app", Some("config.zh"), &[]);
    let files: [(&str, &[u8]); 4] = [
        ("AndroidManifest.xml", &base),
        ("classes.dex", b"dex\n035\0"),
        ("lib/arm64-v8a/libmain.so", b"\x7fELF"),
        ("assets/a.txt", b"a"),
    ];
    let stored = common::archive(&files, CompressionMethod::Stored);
    let config = common::archive(&[("AndroidManifest.xml", &split)], CompressionMethod::Deflated);
    let container = common::archive(
        &[("base.apk", &stored), ("split_config.zh.apk", &config)],
        CompressionMethod::Stored,
    );
    let mut seeds = vec![stored, common::archive(&files, CompressionMethod::Deflated), container];
    if let Some(root) = common::corpus() {
        for folder in ["malformed", "apks", "bundles"] {
            let mut paths: Vec<_> =
                std::fs::read_dir(root.join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
            paths.sort();
            paths.retain(|p| p.metadata().unwrap().len() < 60_000);
            for bytes in paths.iter().map(|p| std::fs::read(p).unwrap()) {
                seeds.extend(restored(&bytes));
                seeds.push(bytes);
            }
        }
    }
    seeds
});

/// The manifest and resource table of a package, stored.
fn restored(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut files = Vec::new();
    for name in ["AndroidManifest.xml", "resources.arsc"] {
        let mut content = Vec::new();
        if let Ok(entry) = zip.by_name(name) {
            entry.take(1 << 20).read_to_end(&mut content).ok()?;
            files.push((name, content));
        }
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, c)| (*n, c.as_slice())).collect();
    Some(common::archive(&files, CompressionMethod::Stored))
}

#[derive(Debug, Clone)]
enum Damage {
    /// Sets one byte.
    Byte(u32, u8),
    /// Sets a 32-bit number, as sizes, counts and offsets are.
    Number(u32, u32),
    /// The same near the end, where the directory is.
    Tail(u16, u32),
    /// Cuts the end off.
    Cut(u32),
    /// Puts bytes in.
    Insert(u32, Vec<u8>),
    /// Copies a piece to another place.
    Copy(u32, u32, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let number = prop_oneof![
        any::<u32>(),
        Just(0),
        Just(1),
        Just(u32::MAX),
        Just(0x7fff_ffff),
        Just(0x8000_0000),
        0_u32..0x10000
    ];
    prop_oneof![
        3 => (any::<u32>(), any::<u8>()).prop_map(|(at, b)| Damage::Byte(at, b)),
        4 => (any::<u32>(), number.clone()).prop_map(|(at, n)| Damage::Number(at, n)),
        3 => (0_u16..600, number).prop_map(|(at, n)| Damage::Tail(at, n)),
        1 => any::<u32>().prop_map(Damage::Cut),
        1 => (any::<u32>(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, b)| Damage::Insert(at, b)),
        1 => (any::<u32>(), any::<u32>(), any::<u8>()).prop_map(|(a, b, n)| Damage::Copy(a, b, n)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let len = bytes.len();
    if len < 8 {
        return;
    }
    let at = |n: u32| n as usize % (len - 4);
    match damage {
        Damage::Byte(n, b) => bytes[at(*n)] = *b,
        // Chunks and their fields lie at multiples of 4.
        Damage::Number(n, value) => {
            let at = at(*n) & !3;
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        Damage::Tail(n, value) => {
            let at = len - 4 - (*n as usize % (len - 4));
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        Damage::Cut(n) => bytes.truncate(at(*n)),
        Damage::Insert(n, new) => {
            let at = at(*n);
            bytes.splice(at..at, new.iter().copied());
        }
        Damage::Copy(from, to, n) => {
            let piece = bytes[at(*from)..].iter().take(usize::from(*n)).copied().collect::<Vec<_>>();
            let to = at(*to);
            let end = (to + piece.len()).min(len);
            bytes[to..end].copy_from_slice(&piece[..end - to]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics_and_ends_in_time(
        seed in any::<prop::sample::Index>(),
        steps in prop::collection::vec(damage(), 1..6),
    ) {
        let mut bytes = seed.get(&SEEDS).clone();
        for step in &steps {
            apply(&mut bytes, step);
        }
        let limits = Limits { names: 50, name_bytes: 2000, time: Duration::from_secs(2), ..Limits::default() };
        let begin = Instant::now();
        let result = unpack::open_source(&bytes.as_slice(), &Options { limits: limits.clone(), hash: false });
        prop_assert!(begin.elapsed() < Duration::from_secs(10), "took {:?}", begin.elapsed());
        if let Ok(package) = result {
            prop_assert!(package.assets.len() <= limits.names);
            prop_assert!(package.other_files.len() <= limits.names);
            prop_assert_eq!(package.file.size, bytes.len() as u64);
            for text in package.permissions.iter().map(|p| &p.name).chain([&package.package]) {
                prop_assert!(text.len() <= limits.string_bytes, "{} bytes of text", text.len());
            }
        }
    }
}

#[test]
fn a_container_merges_its_splits() {
    let base = common::manifest("com.example.app", None, &["android.permission.CAMERA"]);
    let feature = common::manifest("com.example.app", Some("feature"), &["android.permission.READ_CONTACTS"]);
    let foreign = common::manifest("com.other", None, &["android.permission.SEND_SMS"]);
    let apk = |manifest: &[u8], extra: &str| {
        common::archive(&[("AndroidManifest.xml", manifest), (extra, b"x")], CompressionMethod::Deflated)
    };
    let (base, feature) = (apk(&base, "classes.dex"), apk(&feature, "lib/x86/liba.so"));
    let foreign = apk(&foreign, "classes.dex");
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let bytes = common::archive(
            &[
                ("manifest.json", br#"{"xapk_version":2,"package_name":"com.example.app"}"#),
                ("a_feature.apk", &feature),
                ("com.example.app.apk", &base),
                ("zz.apk", &foreign),
            ],
            method,
        );
        let package = unpack::open_source(&bytes.as_slice(), &Options::default()).unwrap();
        assert_eq!(package.format, piscope::package::PackageFormat::Xapk);
        assert_eq!(package.splits, ["feature"]);
        let asked: Vec<_> =
            package.permissions.iter().map(|p| (p.name.as_str(), p.place.entry.as_str())).collect();
        assert_eq!(
            asked,
            [
                ("android.permission.CAMERA", "com.example.app.apk!/AndroidManifest.xml"),
                ("android.permission.READ_CONTACTS", "a_feature.apk!/AndroidManifest.xml"),
            ]
        );
        assert_eq!(package.dex_count, 1);
        assert_eq!(package.native_libraries[0].name, "liba.so");
        assert!(package.gaps.iter().any(|g| g.code == "container.other-app"), "{:?}", package.gaps);
    }
}

#[test]
fn a_corrupt_split_is_a_gap_and_a_lone_split_no_app() {
    let base = common::manifest("com.example.app", None, &[]);
    let base = common::archive(&[("AndroidManifest.xml", &base)], CompressionMethod::Stored);
    let bytes =
        common::archive(&[("base.apk", &base), ("split_x.apk", b"PK broken")], CompressionMethod::Stored);
    let package = unpack::open_source(&bytes.as_slice(), &Options::default()).unwrap();
    assert!(package.gaps.iter().any(|g| g.code == "container.part" && g.kind.hides_evidence()));

    let split = common::manifest("com.example.app", Some("config.zh"), &[]);
    let split = common::archive(&[("AndroidManifest.xml", &split)], CompressionMethod::Stored);
    let bytes = common::archive(&[("split_config.zh.apk", &split)], CompressionMethod::Stored);
    match unpack::open_source(&bytes.as_slice(), &Options::default()) {
        Err(unpack::UnpackError::Unreadable(u)) => assert_eq!(u.code, "container.base-missing"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn hashes_are_those_of_the_whole_file() {
    let manifest = common::manifest("com.example.app", None, &[]);
    let bytes = common::archive(&[("AndroidManifest.xml", &manifest)], CompressionMethod::Stored);
    let file = unpack::identify(&&bytes[..0], true).unwrap();
    assert_eq!(
        file.sha256.as_deref(),
        Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    assert_eq!(file.md5.as_deref(), Some("d41d8cd98f00b204e9800998ecf8427e"));
    let package =
        unpack::open_source(&bytes.as_slice(), &Options { hash: true, ..Options::default() }).unwrap();
    assert_eq!(package.file, unpack::identify(&bytes.as_slice(), true).unwrap());
}
