//! What several tests need.
#![allow(dead_code)] // Each test binary uses its own part.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The corpus of packages of others, named by `PISCOPE_CORPUS`; `None`, said plainly, where it
/// is absent.
pub fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("PISCOPE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    if root.join("index.json").is_file() {
        return Some(root);
    }
    eprintln!("no corpus at {}: its packages are not tested (set PISCOPE_CORPUS)", root.display());
    None
}

/// A ZIP archive of `files`, deflated or stored.
pub fn archive(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A binary manifest that asks for `permissions`; `split` makes it the manifest of a split.
pub fn manifest(package: &str, split: Option<&str>, permissions: &[&str]) -> Vec<u8> {
    let mut strings =
        vec!["name", "http://schemas.android.com/apk/res/android", "manifest", "package", "split"];
    strings.extend(["uses-permission", package, split.unwrap_or_default()]);
    strings.extend(permissions);
    let index = |s: &str| strings.iter().position(|t| *t == s).unwrap() as u32;
    const NONE: u32 = u32::MAX;

    let mut body = pool(&strings);
    // android:name is resource 0x01010003.
    body.extend(chunk(0x0180, &[], &0x0101_0003_u32.to_le_bytes()));
    let mut root = vec![(NONE, index("package"), index(package))];
    if let Some(split) = split {
        root.push((NONE, index("split"), index(split)));
    }
    body.extend(start(index("manifest"), &root));
    for permission in permissions {
        body.extend(start(index("uses-permission"), &[(1, 0, index(permission))]));
        body.extend(end(index("uses-permission")));
    }
    body.extend(end(index("manifest")));
    chunk(0x0003, &[], &body)
}

/// A chunk: type, header size, size, rest of the header, body.
fn chunk(kind: u16, header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend((8 + header.len() as u16).to_le_bytes());
    out.extend((8 + header.len() as u32 + body.len() as u32).to_le_bytes());
    out.extend(header);
    out.extend(body);
    out
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}

fn pool(strings: &[&str]) -> Vec<u8> {
    let (mut offsets, mut data) = (Vec::new(), Vec::new());
    for s in strings {
        offsets.push(data.len() as u32);
        let units: Vec<u16> = s.encode_utf16().collect();
        data.extend((units.len() as u16).to_le_bytes());
        data.extend(units.iter().flat_map(|u| u.to_le_bytes()));
        data.extend([0, 0]);
    }
    data.resize(data.len().next_multiple_of(4), 0);
    let start = 28 + 4 * strings.len() as u32;
    let mut body = words(&offsets);
    body.extend(data);
    chunk(0x0001, &words(&[strings.len() as u32, 0, 0, start, 0]), &body)
}

fn start(name: u32, attributes: &[(u32, u32, u32)]) -> Vec<u8> {
    let mut body = words(&[u32::MAX, name, 20 << 16 | 20, attributes.len() as u32, 0]);
    for (namespace, name, value) in attributes {
        body.extend(words(&[*namespace, *name, *value, 0x0300_0008, *value]));
    }
    chunk(0x0102, &words(&[1, u32::MAX]), &body)
}

fn end(name: u32) -> Vec<u8> {
    chunk(0x0103, &words(&[1, u32::MAX]), &words(&[u32::MAX, name]))
}
