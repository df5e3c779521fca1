//! What the names in an archive say about an app.

use super::archive::{Archive, Entry};
use super::limits::Limits;
use crate::package::{AppPackage, Gap, GapKind, NativeLibrary};

/// File names of an app, gathered over all its parts.
#[derive(Default)]
pub struct Contents {
    assets: Names,
    other: Names,
    /// Name and ABI.
    native: Vec<(String, String)>,
    dex: u32,
}

#[derive(Default)]
struct Names {
    list: Vec<String>,
    bytes: usize,
    cut: bool,
}

impl Names {
    fn add(&mut self, name: String, limits: &Limits) {
        let bytes = self.bytes.saturating_add(name.len());
        if self.list.len() >= limits.names || bytes > limits.name_bytes {
            self.cut = true;
            return;
        }
        self.bytes = bytes;
        self.list.push(name);
    }

    fn finish(mut self, what: &str, gaps: &mut Vec<Gap>) -> Vec<String> {
        if self.cut {
            gaps.push(Gap {
                kind: GapKind::Limit,
                code: "names.count".to_owned(),
                part: what.to_owned(),
                offset: None,
                detail: format!("{} names kept, the others left out", self.list.len()),
            });
        }
        self.list.sort_unstable();
        self.list.dedup();
        self.list
    }
}

/// The entries of one archive that are read beyond the directory.
#[derive(Default)]
pub struct Landmarks {
    /// `AndroidManifest.xml`.
    pub manifest: Option<Entry>,
    /// `resources.arsc`.
    pub resources: Option<Entry>,
    /// `META-INF/*.RSA`, `.DSA`, `.EC`.
    pub signatures: Vec<Entry>,
}

impl Contents {
    /// Adds the names of `archive` and picks out what is to be read.
    pub fn add(&mut self, archive: &Archive<'_>, limits: &Limits, gaps: &mut Vec<Gap>) -> Landmarks {
        let mut marks = Landmarks::default();
        let mut dex = Vec::new();
        for entry in archive.entries() {
            let name = archive.name(entry);
            if name.starts_with(b"res/") || name.ends_with(b"/") {
                continue;
            }
            if let Some(asset) = name.strip_prefix(b"assets/") {
                self.assets.add(super::archive::decode_name(asset).into_owned(), limits);
            } else if let Some(library) = name.strip_prefix(b"lib/") {
                self.add_library(library, limits);
            } else if let Some(file) = name.strip_prefix(b"META-INF/") {
                if is_signature(file) {
                    marks.signatures.push(*entry);
                }
            } else {
                match name {
                    b"AndroidManifest.xml" => _ = marks.manifest.get_or_insert(*entry),
                    b"resources.arsc" => _ = marks.resources.get_or_insert(*entry),
                    _ => dex.extend(dex_number(name)),
                }
                self.other.add(archive.display_name(entry), limits);
            }
        }
        dex.sort_unstable();
        dex.dedup();
        let expected = 1..=u32::try_from(dex.len()).unwrap_or(u32::MAX);
        if let Some(missing) = expected.zip(&dex).find_map(|(n, found)| (n != *found).then_some(n)) {
            let missing = if missing == 1 { String::new() } else { missing.to_string() };
            gaps.push(Gap {
                kind: GapKind::Tampered,
                code: "dex.numbering".to_owned(),
                part: format!("{}classes{missing}.dex", archive.prefix()),
                offset: None,
                detail:
                    "missing before DEX files of higher number, which the system then does not load by itself"
                        .to_owned(),
            });
        }
        self.dex = self.dex.saturating_add(u32::try_from(dex.len()).unwrap_or(u32::MAX));
        marks
    }

    /// Adds what another part of the app holds.
    pub fn merge(&mut self, part: Contents, limits: &Limits) {
        for (to, from) in [(&mut self.assets, part.assets), (&mut self.other, part.other)] {
            to.cut |= from.cut;
            from.list.into_iter().for_each(|name| to.add(name, limits));
        }
        self.native.extend(part.native);
        self.dex = self.dex.saturating_add(part.dex);
    }

    /// Adds only the native libraries of another build of the same app.
    pub fn merge_libraries(&mut self, build: Contents) {
        self.native.extend(build.native);
    }

    /// `path` is `ABI/NAME.so`.
    fn add_library(&mut self, path: &[u8], limits: &Limits) {
        let text = super::archive::decode_name(path);
        if let Some((abi, name)) = text.split_once('/')
            && name.ends_with(".so")
            && !name.contains('/')
            && self.native.len() < limits.names
        {
            self.native.push((name.to_owned(), abi.to_owned()));
        }
    }

    /// Puts everything into the record.
    pub fn finish(mut self, package: &mut AppPackage, gaps: &mut Vec<Gap>) {
        package.assets = self.assets.finish("assets", gaps);
        package.other_files = self.other.finish("other files", gaps);
        package.dex_count = self.dex;
        self.native.sort_unstable();
        self.native.dedup();
        for (name, abi) in self.native {
            match package.native_libraries.last_mut() {
                Some(last) if last.name == name => last.abis.push(abi),
                _ => package.native_libraries.push(NativeLibrary { name, abis: vec![abi] }),
            }
        }
    }
}

/// Number of `classes.dex` (1), `classes2.dex` (2) … as the system counts them.
fn dex_number(name: &[u8]) -> Option<u32> {
    let digits = name.strip_prefix(b"classes")?.strip_suffix(b".dex")?;
    if digits.is_empty() {
        return Some(1);
    }
    if digits.first() == Some(&b'0') || digits.len() > 6 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|n| *n >= 2)
}

/// Whether a file directly in `META-INF/` is a signature block (JAR specification, "Signed JAR
/// File"; case does not matter).
fn is_signature(file: &[u8]) -> bool {
    let Some(dot) = file.iter().rposition(|b| *b == b'.') else { return false };
    let extension = file.get(dot..).unwrap_or_default();
    !file.contains(&b'/') && [&b".RSA"[..], b".DSA", b".EC"].iter().any(|e| extension.eq_ignore_ascii_case(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dex_names_count_as_the_system_counts_them() {
        assert_eq!(dex_number(b"classes.dex"), Some(1));
        assert_eq!(dex_number(b"classes2.dex"), Some(2));
        assert_eq!(dex_number(b"classes10.dex"), Some(10));
        for name in
            [&b"classes1.dex"[..], b"classes0.dex", b"classes02.dex", b"Classes2.dex", b"classes2.dex.bak"]
        {
            assert_eq!(dex_number(name), None, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn signature_files_lie_directly_in_meta_inf() {
        assert!(is_signature(b"CERT.RSA"));
        assert!(is_signature(b"x.ec"));
        assert!(!is_signature(b"maven/a.RSA"));
        assert!(!is_signature(b"CERT.SF"));
        assert!(!is_signature(b"RSA"));
    }
}
