//! Cuts seeds for the targets from packages: `seeds OUT FOLDER…`. Inputs longer than the targets
//! take are left out; each seed is named by its target, number and kind.

use std::collections::HashSet;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use piscope::unpack::limits::Limits;
use piscope::unpack::{self, Options, manifest};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Longest inputs, as in `run.sh`.
const LONGEST: [(&str, usize); 6] = [
    ("archive", 8 << 10),
    ("axml", 8 << 10),
    ("arsc", 8 << 10),
    ("signature", 4 << 10),
    ("package", 64 << 10),
    ("saved", 16 << 10),
];

struct Seeds {
    out: PathBuf,
    seen: HashSet<(String, Vec<u8>)>,
}

impl Seeds {
    fn add(&mut self, target: &str, bytes: &[u8]) {
        let longest = LONGEST.iter().find(|l| l.0 == target).expect("a known target").1;
        if bytes.is_empty() || bytes.len() > longest || !self.seen.insert((target.to_owned(), bytes.to_vec()))
        {
            return;
        }
        let folder = self.out.join(target);
        fs::create_dir_all(&folder).expect("the folder of seeds can be made");
        fs::write(folder.join(format!("{:05}", self.seen.len())), bytes).expect("a seed can be written");
    }

    /// Everything that one file has for the targets.
    fn cut(&mut self, bytes: &[u8]) {
        self.add("archive", bytes);
        self.add("package", bytes);
        self.add("axml", bytes);
        self.add("arsc", bytes);
        self.signing_block(bytes);
        if let Ok(package) = unpack::open_source(&bytes, &Options::default())
            && let Ok(json) = serde_json::to_vec(&package)
        {
            self.add("saved", &json);
            self.add("package", &json);
        }
        let Ok(mut zip) = ZipArchive::new(Cursor::new(bytes)) else { return };
        let mut files = Vec::new();
        let mut ids = Vec::new();
        for at in 0..zip.len().min(2000) {
            let Ok(entry) = zip.by_index(at) else { continue };
            let Ok(name) = entry.name().map(|n| n.into_owned()) else { continue };
            let signature = name.starts_with("META-INF/")
                && [".RSA", ".DSA", ".EC"].iter().any(|e| name.to_ascii_uppercase().ends_with(e));
            let inner = name.ends_with(".apk");
            if !signature && !inner && name != "AndroidManifest.xml" && name != "resources.arsc" {
                continue;
            }
            let mut content = Vec::new();
            if entry.take(1 << 20).read_to_end(&mut content).is_err() {
                continue;
            }
            if signature {
                self.add("signature", &[&[0], content.as_slice()].concat());
            } else if inner {
                self.cut(&content);
            } else {
                if let Ok(data) =
                    manifest::read(&content, "AndroidManifest.xml", &Limits::default(), &mut Vec::new())
                {
                    ids = data.references;
                }
                self.add("axml", &content);
                files.push((name, content));
            }
        }
        // The target asks for four ids that stand at the end of its input.
        if let Some((_, table)) = files.iter().find(|f| f.0 == "resources.arsc") {
            let mut table = table.clone();
            table.resize(table.len().next_multiple_of(4), 0);
            ids.truncate(4);
            table.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
            self.add("arsc", &table);
        }
        // Stored, so that mutations reach the formats inside.
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let built = archive(&files, method, false);
            self.add("package", &built);
            self.add("archive", &built);
        }
    }

    fn signing_block(&mut self, bytes: &[u8]) {
        let magic = b"APK Sig Block 42";
        let Some(at) = bytes.windows(magic.len()).rposition(|w| w == magic) else { return };
        let size = bytes.get(at.wrapping_sub(8)..at).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        let Some(begin) = size.and_then(|s| (at as u64 + 16).checked_sub(s)) else { return };
        let Some(mut pairs) = usize::try_from(begin).ok().and_then(|b| bytes.get(b..at - 8)) else { return };
        self.add("signature", &[&[1], &bytes[begin as usize - 8..at + 16]].concat());
        self.add("signature", &[&[1 | 1 << 1], pairs].concat());
        // Each pair alone: real blocks are padded to pages.
        let whole = pairs;
        let mut small = Vec::new();
        while let Some((len, rest)) = pairs.split_first_chunk::<8>() {
            let Some(pair) = usize::try_from(u64::from_le_bytes(*len)).ok().and_then(|n| rest.get(..n))
            else {
                break;
            };
            let schemes = [0x7109_871a_u32, 0xf053_68c0, 0x1b93_ad61];
            let id = pair.first_chunk::<4>().map(|id| u32::from_le_bytes(*id));
            if let Some(scheme) = id.and_then(|id| schemes.iter().position(|s| *s == id))
                && let Some(signers) = pair.get(8..)
            {
                self.add("signature", &[&[1 | 2 << 1 | (scheme as u8) << 3], signers].concat());
                small.extend(
                    whole.get(whole.len() - pairs.len()..).unwrap_or_default().iter().take(8 + pair.len()),
                );
            }
            pairs = &rest[pair.len()..];
        }
        self.add("signature", &[&[1 | 1 << 1], small.as_slice()].concat());
    }
}

fn archive(files: &[(String, Vec<u8>)], method: CompressionMethod, wide: bool) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method).large_file(wide);
        zip.start_file(name.as_str(), options).expect("memory can be written");
        zip.write_all(bytes).expect("memory can be written");
    }
    zip.finish().expect("memory can be written").into_inner()
}

/// ZIP64 end records around the directory of an archive that needs none.
fn zip64(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.split_off(bytes.len() - 22);
    let at = (bytes.len() as u64).to_le_bytes();
    let number = |b: &[u8]| b.iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b)).to_le_bytes();
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(
        [number(&end[8..10]), number(&end[10..12]), number(&end[12..16]), number(&end[16..20])].concat(),
    );
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(at);
    bytes.extend([1, 0, 0, 0]);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([0xff; 12]);
    bytes.extend([0, 0]);
    bytes
}

/// A table with one string and a type chunk of each shape: dense, sparse, 16-bit offsets, compact.
fn table(utf8: bool) -> Vec<u8> {
    let text: &[u8] =
        if utf8 { b"\x02\x06\xe5\xa4\xa9\xe6\xb0\x94\0\0\0\0" } else { b"\x02\0\x29\x59\x14\x6c\0\0" };
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let chunk = |kind: u16, header: &[u8], body: &[u8]| {
        let size = 8 + header.len() + body.len();
        [&words(&[u32::from(kind) | (8 + header.len() as u32) << 16, size as u32])[..], header, body].concat()
    };
    let pool = chunk(1, &words(&[1, 0, if utf8 { 256 } else { 0 }, 32, 0]), &[&[0; 4], text].concat());
    let mut package = chunk(0x0202, &words(&[1, 1]), &[0; 4]);
    for (id, flags, zh, entry) in [
        (1, 0, false, words(&[0, 8, 0, 0x0300_0008, 0])),
        (1, 0, true, words(&[0, 8, 0, 0x0100_0008, 0x7f01_0000])),
        (2, 1, false, words(&[0, 8, 0, 0x0300_0008, 0])),
        (3, 2, false, words(&[0xffff_0000, 8, 0, 0x0300_0008, 0])),
        (4, 0, false, words(&[0, 0x0308_0000, 0])),
    ] {
        let mut config = vec![0; 64];
        config[0] = 64;
        if zh {
            config[8..12].copy_from_slice(b"zhCN");
        }
        let header = [words(&[id | flags << 8, 1, 88]), config].concat();
        package.extend(chunk(0x0201, &header, &entry));
    }
    let package = chunk(0x0200, &[words(&[0x7f]), vec![0; 276]].concat(), &package);
    chunk(2, &words(&[1]), &[pool, package].concat())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn main() {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(out) = args.next() else {
        eprintln!("usage: seeds OUT FOLDER…");
        std::process::exit(2);
    };
    let mut seeds = Seeds { out, seen: HashSet::new() };
    for folder in args {
        let mut paths = Vec::new();
        files(&folder, &mut paths);
        if paths.is_empty() {
            eprintln!("nothing in {}: no seeds from there", folder.display());
        }
        paths.sort();
        for path in paths {
            if path.metadata().is_ok_and(|m| m.len() < 4 << 20)
                && let Ok(bytes) = fs::read(&path)
            {
                seeds.cut(&bytes);
            }
        }
    }
    let tables = [table(false), table(true)];
    for table in &tables {
        seeds.add("arsc", table);
    }
    let files = [("AndroidManifest.xml".to_owned(), tables[0].clone()), ("a".to_owned(), vec![1; 9])];
    for wide in [false, true] {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let built = archive(&files, method, wide);
            seeds.add("archive", &zip64(built.clone()));
            seeds.add("archive", &built);
        }
    }
    println!("{} seeds", seeds.seen.len());
}
