//! The code reader against an independent disassembler: `dexdump -d` (Debian package `dexdump`).

mod common;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use piscope::unpack::dex::{Dex, SiteFinder, Target, Usage, Wanted};
use piscope::unpack::limits::Limits;

/// Methods whose sites are compared one by one: every app calls some of them.
const COMPARED: &[(&str, &str)] = &[
    ("Landroid/content/Context;", "getSystemService"),
    ("Landroid/content/ContentResolver;", "query"),
    ("Landroid/content/pm/PackageManager;", "getPackageInfo"),
    ("Landroid/location/Location;", "getLatitude"),
    ("Landroid/telephony/TelephonyManager;", "getDeviceId"),
    ("Landroid/util/Log;", "e"),
    ("Ljava/lang/Object;", "<init>"),
    ("Ljava/lang/StringBuilder;", "append"),
    ("Ljava/lang/reflect/Method;", "invoke"),
];

/// What `dexdump -d` says of one DEX.
#[derive(Default)]
struct Dump {
    /// Calls by method index.
    calls: BTreeMap<u32, u32>,
    /// Class, method and offset of each call of a compared method, with the class and the name.
    sites: Vec<(String, String, u32, String)>,
}

fn has_dexdump() -> bool {
    let found = Command::new("dexdump").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("dexdump is not installed: call sites are not compared (apt-get install dexdump)");
    }
    found
}

/// Runs `dexdump -d`; `None` if it refuses the file.
fn dump(path: &Path) -> Option<Dump> {
    let mut child = Command::new("dexdump")
        .args(["-i", "-d"])
        .arg(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
    let (mut line, mut dump) = (Vec::new(), Dump::default());
    let (mut class, mut name, mut proto) = (String::new(), String::new(), String::new());
    while lines.read_until(b'\n', &mut line).unwrap() > 0 {
        let text = line.trim_ascii();
        if let Some(id) = method_id(text) {
            *dump.calls.entry(id).or_default() += 1;
            let text = std::str::from_utf8(text).unwrap_or_default();
            if let Some((class_called, method)) = called(text)
                && COMPARED.contains(&(class_called, method))
            {
                let offset = text.split('|').nth(1).and_then(|s| s.get(..4)).unwrap();
                let offset = u32::from_str_radix(offset, 16).unwrap();
                let called = format!("{class_called}->{method}");
                dump.sites.push((class.clone(), format!("{name}{proto}"), offset, called));
            }
        } else if let Some(field) = text.strip_prefix(b"name          : '") {
            name = String::from_utf8_lossy(field).trim_end_matches('\'').to_owned();
        } else if let Some(field) = text.strip_prefix(b"type          : '") {
            proto = String::from_utf8_lossy(field).trim_end_matches('\'').to_owned();
        } else if text.starts_with(b"#") {
            let text = String::from_utf8_lossy(text);
            if let Some((_, rest)) = text.split_once(": (in ") {
                class = rest.trim_end_matches(')').to_owned();
            }
        }
        line.clear();
    }
    child.wait().unwrap().success().then_some(dump)
}

/// The index in `… // method@0012` and `… // method@0012, proto@0003`.
fn method_id(line: &[u8]) -> Option<u32> {
    let from = line.len().saturating_sub(40);
    let tail = &line[from..];
    let at = tail.windows(10).rposition(|w| w == b"// method@")?;
    let digits: Vec<u8> = tail[at + 10..].iter().copied().take_while(u8::is_ascii_hexdigit).collect();
    let rest = &tail[at + 10 + digits.len()..];
    if !rest.is_empty() && !rest.starts_with(b", proto@") {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).ok()
}

/// Class and name in `invoke-virtual {v0}, Landroid/content/Context;.getSystemService:(…)… // …`.
fn called(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("}, ")?;
    let (class, rest) = rest.split_once(";.")?;
    let class = line.get(line.find(class)?..).and_then(|l| l.get(..=class.len()))?;
    Some((class, rest.split_once(':')?.0))
}

/// Calls `each` with the name and the bytes of every DEX in the packages under `paths` that can
/// be read with a plain ZIP reader; each content once.
fn each_dex(paths: &[PathBuf], mut each: impl FnMut(&str, &[u8])) {
    let mut seen = HashSet::new();
    for path in paths {
        let Ok(mut archive) = zip::ZipArchive::new(File::open(path).unwrap()) else { continue };
        for index in 0..archive.len() {
            let Ok(mut entry) = archive.by_index(index) else { continue };
            let name = entry.name().unwrap_or_default().into_owned();
            let mut bytes = Vec::new();
            if !name.ends_with(".dex") || entry.read_to_end(&mut bytes).is_err() {
                continue;
            }
            let mut hash = DefaultHasher::new();
            bytes.hash(&mut hash);
            if seen.insert(hash.finish()) {
                each(&format!("{} {name}", path.display()), &bytes);
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.retain(|f| f.is_file());
    files.sort();
    files
}

/// Compares every DEX of the packages; returns how many were compared.
fn compare(paths: &[PathBuf]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.dex");
    let method = |(class, name): &(&str, &str)| Target::Method {
        class: (*class).to_owned(),
        name: (*name).to_owned(),
        proto: None,
    };
    let wanted = Wanted::new(COMPARED.iter().map(method).collect());
    let (mut compared, mut refused, mut calls, mut sites) = (0, Vec::new(), 0_u64, 0);
    each_dex(paths, |name, bytes| {
        let mut gaps = Vec::new();
        // dexdump refuses version 036, which old builds of the platform wrote; it is laid out as 035.
        let mut copy = bytes.to_vec();
        if copy.starts_with(b"dex\n036") {
            copy[6] = b'5';
        }
        std::fs::write(&file, copy).unwrap();
        let Some(dump) = dump(&file) else {
            refused.push(name.to_owned());
            // Whatever it is, it must be read to an end.
            for dex in Dex::open(bytes, name, &mut gaps).unwrap_or_default() {
                dex.calls(&mut gaps);
            }
            return;
        };
        let dexes = Dex::open(bytes, name, &mut gaps).unwrap();
        let [dex] = dexes.as_slice() else { panic!("{name} holds {} DEX", dexes.len()) };
        let ours: BTreeMap<u32, u32> = (0..).zip(dex.calls(&mut gaps)).filter(|(_, n)| *n > 0).collect();
        assert_eq!(ours, dump.calls, "calls by method in {name}");

        let mut finder = SiteFinder::new(&wanted, &Limits::default());
        finder.read(dex, &mut gaps);
        let found = finder.finish();
        let mut ours = Vec::new();
        for site in &found.sites {
            assert_eq!(site.usage, Usage::Call);
            let caller = found.caller(site).unwrap();
            let (class, method) = COMPARED[site.target.0 as usize];
            // Calls through a subclass are sites too, but name another class.
            if found.reference(site).unwrap().starts_with(&format!("{class}->")) {
                let row = (caller.class.to_string(), caller.method.clone(), site.offset);
                ours.push((row.0, row.1, row.2, format!("{class}->{method}")));
            }
        }
        assert_eq!(ours, dump.sites, "sites in {name}");
        assert!(gaps.is_empty(), "{name}: {gaps:?}");
        compared += 1;
        calls += dump.calls.values().map(|n| u64::from(*n)).sum::<u64>();
        sites += ours.len();
    });
    eprintln!("{compared} DEX, {calls} calls and {sites} sites agree with dexdump; it refuses {refused:?}");
    compared
}

#[test]
fn calls_in_the_samples_agree_with_dexdump() {
    if has_dexdump() {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        assert!(compare(&files(&samples)) > 0);
    }
}

#[test]
fn calls_in_the_corpus_agree_with_dexdump() {
    let Some(corpus) = common::corpus() else { return };
    if has_dexdump() {
        let folders = ["apks", "bundles", "malformed"];
        let paths: Vec<PathBuf> = folders.iter().flat_map(|f| files(&corpus.join(f))).collect();
        assert!(compare(&paths) > 100);
    }
}

/// Every DEX that can be had is read to an end, also where dexdump is not there to compare.
#[test]
fn classes_of_the_samples_are_listed() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut read = 0;
    each_dex(&files(&samples), |name, bytes| {
        let mut gaps = Vec::new();
        for dex in Dex::open(bytes, name, &mut gaps).unwrap() {
            for class in dex.classes() {
                assert!(class.descriptor.starts_with('L') && class.descriptor.ends_with(';'), "{class:?}");
                assert_eq!(dex.defines(&[&class.descriptor, "Lno/such/Class;"]), [true, false]);
                assert!(class.superclass.is_some());
                read += 1;
            }
        }
        assert!(gaps.is_empty(), "{name}: {gaps:?}");
    });
    assert!(read > 0);
}
