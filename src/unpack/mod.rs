//! The only room that knows containers and binary formats.
//!
//! [`open`] turns a file into an [`AppPackage`]. It reads what Android would install: the central
//! directory counts, not the local headers; attributes count by resource id, not by name. Every
//! limit hit, every sign of tampering and every unread part is a gap in the record.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod archive;
pub mod arsc;
pub mod axml;
mod container;
mod contents;
pub mod dex;
mod error;
pub mod limits;
pub mod manifest;
pub mod pool;
mod saved;
pub mod signature;
pub mod source;
mod texts;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use archive::{Archive, Budget, Buffers};
use contents::{Contents, Landmarks};
pub use error::{Looks, UnpackError, Unreadable};
use limits::Limits;
use manifest::{ManifestData, ManifestError, Room};
use md5::Md5;
use sha2::{Digest, Sha256};
use source::{FileSource, Source};

use crate::package::{AppPackage, FileIdentity, Gap, GapKind, PACKAGE_SCHEMA};
use crate::text::Text;

/// How to read a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What one sample may cost.
    pub limits: Limits,
    /// Whether to hash the whole file, which costs far more than reading the manifest.
    pub hash: bool,
}

/// Opens the package at `path`.
///
/// # Errors
/// See [`UnpackError`].
pub fn open(path: &Path, options: &Options) -> Result<AppPackage, UnpackError> {
    open_source(&FileSource::open(path).map_err(UnpackError::Io)?, options)
}

/// Opens a package from any source.
///
/// # Errors
/// See [`UnpackError`].
pub fn open_source(source: &dyn Source, options: &Options) -> Result<AppPackage, UnpackError> {
    let read = BUFFERS.with_borrow_mut(|spare| {
        let read = Reader::new(&options.limits, spare).package(source);
        // Also where reading failed: a bomb would leave its room behind in every thread.
        spare.entry.truncate(SPARE_ENTRY);
        spare.entry.shrink_to(SPARE_ENTRY);
        read
    });
    let mut package = match read {
        Err(UnpackError::NotAPackage(looks)) => {
            return saved::read(source, &options.limits).unwrap_or(Err(UnpackError::NotAPackage(looks)));
        }
        read => read?,
    };
    package.schema = PACKAGE_SCHEMA.to_owned();
    package.file = identify(source, options.hash).map_err(UnpackError::Io)?;
    Ok(package)
}

/// The decoded manifests of the package at `path`, each by its entry, line by line as places in a
/// record count them: one for an APK, one per readable part for a container.
///
/// # Errors
/// See [`UnpackError`].
pub fn manifest_texts(path: &Path, options: &Options) -> Result<Vec<(String, String)>, UnpackError> {
    let source = FileSource::open(path).map_err(UnpackError::Io)?;
    BUFFERS.with_borrow_mut(|spare| Reader::new(&options.limits, spare).manifest_texts(&source))
}

/// The texts of all resource tables of the package at `path`, in every language; empty where there
/// are none to be read. What could not be read is in the gaps of the record.
pub fn texts(path: &Path, options: &Options) -> Vec<String> {
    let Ok(source) = FileSource::open(path) else { return Vec::new() };
    BUFFERS.with_borrow_mut(|spare| Reader::new(&options.limits, spare).texts(&source))
}

/// Size of a file, and with `hash` its digests, in one pass.
///
/// # Errors
/// What the system reports.
pub fn identify(source: &dyn Source, hash: bool) -> io::Result<FileIdentity> {
    let size = source.len();
    if !hash {
        return Ok(FileIdentity { size, sha256: None, md5: None });
    }
    let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
    let mut buf = vec![0; 256 << 10];
    let mut at = 0_u64;
    loop {
        let n = source.read_at(at, &mut buf)?;
        let Some(bytes) = buf.get(..n).filter(|b| !b.is_empty()) else { break };
        sha256.update(bytes);
        md5.update(bytes);
        at = at.saturating_add(n as u64);
    }
    Ok(FileIdentity { size, sha256: Some(hex(&sha256.finalize())), md5: Some(hex(&md5.finalize())) })
}

/// Bytes as lower-case hex.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for b in bytes {
        let _ = write!(out, "{b:02x}");
    }
    out
}

thread_local! {
    /// Buffers of the last sample of this thread: allocating them anew costs as much as a small
    /// package.
    static BUFFERS: RefCell<Spare> = RefCell::default();
}

/// A resource table of this size is read at once: a few reads of parts cost as much.
const SMALL_TABLE: u64 = 32 << 10;
/// Larger buffers are not kept from sample to sample.
const SPARE: usize = 512 << 10;
/// As [`SPARE`], for inflated entries: asking the system for the room of a deflated resource
/// table anew costs a good part of inflating it.
const SPARE_ENTRY: usize = 6 << 20;

#[derive(Default)]
struct Spare {
    buffers: Buffers,
    entry: Vec<u8>,
}

/// Reads one sample.
struct Reader<'s> {
    limits: &'s Limits,
    budget: Budget,
    gaps: Vec<Gap>,
    spare: &'s mut Spare,
}

impl<'s> Reader<'s> {
    fn new(limits: &'s Limits, spare: &'s mut Spare) -> Self {
        Self { limits, budget: Budget::new(limits), gaps: Vec::new(), spare }
    }

    fn package(mut self, source: &dyn Source) -> Result<AppPackage, UnpackError> {
        let buffers = std::mem::take(&mut self.spare.buffers);
        let opened = Archive::open(source, "", self.limits, &self.budget, buffers, &mut self.gaps);
        let Ok(archive) = opened else { return Err(not_an_archive(source, self.gaps)) };
        let mut contents = Contents::default();
        let marks = contents.add(&archive, self.limits, &mut self.gaps);
        let mut package = if marks.manifest.is_some() {
            let data = self.manifest(&archive, &marks)?;
            let mut resolved = Vec::new();
            if !data.references.is_empty() {
                resolved = self.resolve(&archive, &marks, &data);
            }
            let mut room = data.room;
            let mut package = manifest::apply(data, &resolved, &mut room, &mut self.gaps);
            package.signing = self.signing(&archive, &marks);
            contents.finish(&mut package, &mut self.gaps);
            package
        } else if let Some(parts) = container::parts(&archive) {
            container::read(&mut self, &archive, parts)?
        } else if let Some(looks) = Looks::of_names(archive.entries().iter().map(|e| archive.name(e)))
            && self.gaps.is_empty()
        {
            return Err(UnpackError::NotAPackage(looks));
        } else {
            return Err(self.unreadable("manifest.missing", MANIFEST, &MANIFEST_MISSING));
        };
        if self.budget.is_late() {
            self.gap(GapKind::Limit, "sample.time", "sample", "the time allowed for one sample was used up");
        }
        package.gaps = self.gaps;
        let mut buffers = archive.into_buffers();
        buffers.shrink(SPARE);
        self.spare.buffers = buffers;
        Ok(package)
    }

    fn manifest_texts(mut self, source: &dyn Source) -> Result<Vec<(String, String)>, UnpackError> {
        let buffers = Buffers::default();
        let opened = Archive::open(source, "", self.limits, &self.budget, buffers, &mut self.gaps);
        let Ok(archive) = opened else { return Err(not_an_archive(source, self.gaps)) };
        let marks = Contents::default().add(&archive, self.limits, &mut self.gaps);
        if marks.manifest.is_none()
            && let Some(parts) = container::parts(&archive)
        {
            return Ok(container::manifest_texts(&mut self, &archive, &parts));
        }
        Ok(vec![self.manifest_text(&archive, &marks)?])
    }

    /// The decoded manifest of one APK, with its entry.
    fn manifest_text(
        &mut self,
        archive: &Archive<'_>,
        marks: &Landmarks,
    ) -> Result<(String, String), UnpackError> {
        let decode = |bytes: &[u8], _: &str, limits: &Limits, gaps: &mut Vec<Gap>| {
            manifest::decode(bytes, limits, gaps)
        };
        let text = self.manifest_with(archive, marks, decode)?;
        Ok((format!("{}{MANIFEST}", archive.prefix()), text))
    }

    fn texts(mut self, source: &dyn Source) -> Vec<String> {
        let mut found = Vec::new();
        let opened = Archive::open(source, "", self.limits, &self.budget, Buffers::default(), &mut self.gaps);
        let Ok(archive) = opened else { return found };
        match container::parts(&archive).filter(|_| archive.find(MANIFEST.as_bytes()).is_none()) {
            Some(parts) => container::texts(&mut self, &archive, &parts, &mut found),
            None => self.append_texts(&archive, &mut found),
        }
        found
    }

    /// Adds the texts of one APK.
    fn append_texts(&mut self, archive: &Archive<'_>, found: &mut Vec<String>) {
        let Some(entry) = archive.find(RESOURCES.as_bytes()).copied() else { return };
        let bytes = archive.read(&entry, &mut self.budget, &mut self.spare.entry, &mut self.gaps);
        if let Ok(bytes) = bytes {
            texts::append(bytes, self.limits, found);
        }
    }

    /// Reads the manifest of one APK.
    fn manifest(&mut self, archive: &Archive<'_>, marks: &Landmarks) -> Result<ManifestData, UnpackError> {
        self.manifest_with(archive, marks, manifest::read)
    }

    /// Reads the manifest of a split, keeping no more than `room` has.
    fn manifest_into(
        &mut self,
        room: Room,
        archive: &Archive<'_>,
        marks: &Landmarks,
    ) -> Result<ManifestData, UnpackError> {
        self.manifest_with(archive, marks, |bytes, part, limits, gaps| {
            manifest::read_into(room, bytes, part, limits, gaps)
        })
    }

    fn manifest_with<T>(
        &mut self,
        archive: &Archive<'_>,
        marks: &Landmarks,
        read: impl Fn(&[u8], &str, &Limits, &mut Vec<Gap>) -> Result<T, ManifestError>,
    ) -> Result<T, UnpackError> {
        let part = format!("{}{MANIFEST}", archive.prefix());
        let Some(entry) = &marks.manifest else {
            return Err(self.unreadable("manifest.missing", &part, &MANIFEST_MISSING));
        };
        let bytes = match archive.read(entry, &mut self.budget, &mut self.spare.entry, &mut self.gaps) {
            Ok(bytes) => bytes,
            Err(gap) => {
                let reason = if gap.kind == GapKind::Limit { &MANIFEST_LIMIT } else { &MANIFEST_DATA };
                self.gaps.push(gap);
                return Err(self.unreadable("manifest.data", &part, reason));
            }
        };
        match read(bytes, &part, self.limits, &mut self.gaps) {
            Ok(data) => Ok(data),
            Err(ManifestError::Textual) => Err(self.unreadable("manifest.textual", &part, &MANIFEST_TEXTUAL)),
            Err(ManifestError::NotBinaryXml | ManifestError::NotManifest) => {
                Err(self.unreadable("manifest.format", &part, &MANIFEST_FORMAT))
            }
        }
    }

    /// Resolves the references of `data` in the resource table of one APK; empty if there is none
    /// to be read.
    fn resolve(
        &mut self,
        archive: &Archive<'_>,
        marks: &Landmarks,
        data: &ManifestData,
    ) -> Vec<arsc::Resolved> {
        let Some(entry) = &marks.resources else { return Vec::new() };
        let whole = archive.stored_bytes(entry, SMALL_TABLE, &mut self.spare.entry);
        let part = if whole.is_none() { archive.stored_part(entry) } else { None };
        let bytes;
        let source: &dyn Source = if let Some(whole) = whole {
            bytes = whole;
            &bytes
        } else if let Some(part) = &part {
            part
        } else {
            match archive.read(entry, &mut self.budget, &mut self.spare.entry, &mut self.gaps) {
                Ok(inflated) => bytes = inflated,
                Err(gap) => {
                    self.gaps.push(gap);
                    return Vec::new();
                }
            }
            &bytes
        };
        let result = arsc::ResourceTable::open(source, self.limits, &mut self.gaps).map(|mut table| {
            table.resolve_some(&data.references, |id| Some(id) == data.label, &mut self.gaps)
        });
        result.unwrap_or_else(|e| {
            let detail = match e {
                arsc::TableError::Io(e) => format!("cannot be read: {e}"),
                arsc::TableError::NotTable => "not a resource table".to_owned(),
            };
            let part = format!("{}{RESOURCES}", archive.prefix());
            self.gap(GapKind::Unread, "arsc.format", &part, &detail);
            Vec::new()
        })
    }

    fn signing(&mut self, archive: &Archive<'_>, marks: &Landmarks) -> crate::package::Signing {
        let entry = &mut self.spare.entry;
        signature::read(archive, &marks.signatures, &mut self.budget, entry, &mut self.gaps)
    }

    fn gap(&mut self, kind: GapKind, code: &str, part: &str, detail: &str) {
        let (code, part, detail) = (code.to_owned(), part.to_owned(), detail.to_owned());
        self.gaps.push(Gap { kind, code, part, offset: None, detail });
    }

    /// The error that ends the sample, with all gaps found so far.
    fn unreadable(&mut self, code: &str, part: &str, (zh, en): &(&str, &str)) -> UnpackError {
        let gaps = std::mem::take(&mut self.gaps);
        UnpackError::Unreadable(Box::new(Unreadable {
            code: code.to_owned(),
            part: part.to_owned(),
            offset: gaps.iter().rev().find(|g| g.part == part).and_then(|g| g.offset),
            reason: Text::new(format!("{part}：{zh}"), format!("{part}: {en}")),
            gaps,
        }))
    }
}

const MANIFEST: &str = "AndroidManifest.xml";
const RESOURCES: &str = "resources.arsc";

const MANIFEST_MISSING: (&str, &str) = (
    "缺少清单文件，系统不会安装这样的包；请确认文件完整，并从原渠道重新获取",
    "the manifest is missing, and no system installs such a package; make sure that the file is whole and obtain it again",
);
const MANIFEST_LIMIT: (&str, &str) = (
    "解压后超过允许的大小（可能为压缩炸弹）；如确需读取，请调高上限后重试",
    "inflates beyond the limit (possibly a bomb); raise the limit and try again if it must be read",
);
const MANIFEST_DATA: (&str, &str) =
    ("数据损坏或被截断；请从原渠道重新获取文件", "its data is broken or cut off; obtain the file again");
const MANIFEST_TEXTUAL: (&str, &str) = (
    "清单是文本而不是二进制格式，系统不会安装；请用构建工具重新打包",
    "the manifest is text, not binary XML, and no system installs it; build the package again",
);
const MANIFEST_FORMAT: (&str, &str) = (
    "清单不是可读的二进制 XML；请从原渠道重新获取文件，或人工分析",
    "the manifest is no readable binary XML; obtain the file again or analyse it by hand",
);
const NO_DIRECTORY: (&str, &str) = (
    "以 ZIP 开头但没有中央目录，文件可能未下载完整；请重新获取",
    "it begins as a ZIP archive but has no central directory, so it may be incomplete; obtain it again",
);

/// Why a file without a directory is no package: cut off, empty, or something else.
fn not_an_archive(source: &dyn Source, gaps: Vec<Gap>) -> UnpackError {
    let mut head = [0; 512];
    let n = match source.read_at(0, &mut head) {
        Ok(n) => n,
        Err(e) => return UnpackError::Io(e),
    };
    let head = head.get(..n).unwrap_or_default();
    if !head.starts_with(b"PK\x03\x04") && !head.starts_with(b"PK\x05\x06") {
        return UnpackError::NotAPackage(Looks::of(head));
    }
    let (zh, en) = NO_DIRECTORY;
    UnpackError::Unreadable(Box::new(Unreadable {
        code: "zip.no-directory".to_owned(),
        part: "central directory".to_owned(),
        offset: None,
        reason: Text::new(zh, en),
        gaps,
    }))
}
