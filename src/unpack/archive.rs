//! ZIP read the way Android's installer reads it: the central directory is the truth, local
//! headers only say where the data begins.
//!
//! Layout: PKWARE APPNOTE 6.3.10 §4.3. What Android tolerates: AOSP `system/libziparchive`
//! (`zip_archive.cc`) and `frameworks/base/libs/androidfw/ApkAssets.cpp`.

use std::borrow::Cow;
use std::time::Instant;

use libdeflater::{DecompressionError, Decompressor};

use super::limits::Limits;
use super::source::{Part, Source};
use crate::package::{Gap, GapKind};

const EOCD: [u8; 4] = *b"PK\x05\x06";
const ZIP64_EOCD: [u8; 4] = *b"PK\x06\x06";
const ZIP64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

const EOCD_LEN: usize = 22;
const CENTRAL_LEN: usize = 46;
const LOCAL_LEN: usize = 30;
const MAX_COMMENT: usize = 65_535;

/// A file of this size is read whole.
const SMALL: u64 = 64 << 10;
/// First read from the end of a larger one: it holds many a directory, and says where it begins.
const TAIL: u64 = 16 << 10;
/// Read together with a directory that lies before the tail, for the signing block.
const BEFORE_DIRECTORY: u64 = 8 << 10;
/// A larger directory is read in windows and only its names are kept.
const WHOLE_DIRECTORY: u64 = 2 << 20;
/// Window over a large directory; holds any one record (46 + 3 × 65,535 bytes).
const WINDOW: usize = 512 << 10;
/// Names kept of one directory that is read in windows.
const NAME_BYTES: usize = 16 << 20;
/// The best that deflate can do, byte for byte.
const DEFLATE_RATIO: u64 = 1032;
/// Characters of a name that are shown.
const SHOWN: usize = 512;
/// Room for the extra field of a local header in the read that fetches an entry.
const LOCAL_EXTRA: u64 = 64;

/// General purpose flag: the entry is encrypted. Android ignores it.
const FLAG_ENCRYPTED: u16 = 1;
/// General purpose flag: sizes and CRC follow the data.
const FLAG_DESCRIPTOR: u16 = 1 << 3;

/// The bytes hold no archive: no end-of-directory record, or none that leads to a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotZip;

/// What reading one sample may still cost.
pub struct Budget {
    inflated: u64,
    entry: u64,
    deadline: Option<Instant>,
    inflater: Decompressor,
    raw: Vec<u8>,
}

impl Budget {
    /// Everything that `limits` allow, from now on.
    pub fn new(limits: &Limits) -> Self {
        Self {
            inflated: limits.sample_bytes,
            entry: limits.entry_bytes,
            deadline: Instant::now().checked_add(limits.time),
            inflater: Decompressor::new(),
            raw: Vec::new(),
        }
    }

    /// Whether the time of the sample is used up.
    pub fn is_late(&self) -> bool {
        self.deadline.is_some_and(|d| Instant::now() > d)
    }
}

/// Buffers that outlive an [`Archive`], so that the next one need not allocate.
#[derive(Default)]
pub struct Buffers {
    tail: Vec<u8>,
    entries: Vec<Entry>,
    seen: Vec<u64>,
}

impl Buffers {
    /// Gives memory beyond `bytes` per buffer back.
    pub fn shrink(&mut self, bytes: usize) {
        self.tail.truncate(bytes);
        self.tail.shrink_to(bytes);
        self.entries.clear();
        self.entries.shrink_to(bytes.div_euclid(size_of::<Entry>()));
        self.seen.clear();
        self.seen.shrink_to(bytes.div_euclid(size_of::<u64>()));
    }
}

/// A row of the central directory.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Offset of the local header, as stated (without [`Archive`]'s shift).
    pub header: u64,
    /// Bytes in the archive.
    pub compressed: u64,
    /// Bytes when inflated, as stated.
    pub size: u64,
    /// CRC-32 of the inflated bytes, as stated.
    pub crc: u32,
    /// Compression method; Android takes everything but 8 (deflate) as stored.
    pub method: u16,
    flags: u16,
    name_at: u32,
    name_len: u16,
}

/// The directory of an archive, and access to its entries.
pub struct Archive<'a> {
    source: &'a dyn Source,
    /// Put before entry names in gaps and places: empty, or `split.apk!/`.
    prefix: String,
    tail: Vec<u8>,
    tail_at: u64,
    /// Names, when the directory was not kept whole in `tail`.
    names: Option<Vec<u8>>,
    entries: Vec<Entry>,
    seen: Vec<u64>,
    /// Where the directory begins in the source.
    directory: u64,
    /// Bytes before the archive that its offsets do not count.
    shift: u64,
}

/// The end-of-directory record as it counts.
struct End {
    /// Position of the record.
    at: u64,
    /// Position where the directory must end at the latest.
    directory_end: u64,
    count: u64,
    size: u64,
    offset: u64,
}

impl<'a> Archive<'a> {
    /// Reads the directory of `source`. `prefix` goes before entry names in gaps.
    ///
    /// # Errors
    /// [`NotZip`] if there is no directory to be found; also if the source cannot be read.
    pub fn open(
        source: &'a dyn Source,
        prefix: &str,
        limits: &Limits,
        budget: &Budget,
        buffers: Buffers,
        gaps: &mut Vec<Gap>,
    ) -> Result<Self, NotZip> {
        let mut archive = Self {
            source,
            prefix: prefix.to_owned(),
            tail: buffers.tail,
            tail_at: 0,
            names: None,
            entries: buffers.entries,
            seen: buffers.seen,
            directory: 0,
            shift: 0,
        };
        archive.entries.clear();
        archive.load_tail(if source.len() <= SMALL { SMALL } else { TAIL })?;
        let end = archive.locate_directory(gaps)?;
        archive.scan(&end, limits, budget, gaps)?;
        archive.note_prefix(gaps);
        Ok(archive)
    }

    /// The rows of the directory, in its order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The raw name of a row.
    pub fn name(&self, entry: &Entry) -> &[u8] {
        let from = entry.name_at as usize;
        let to = from.saturating_add(usize::from(entry.name_len));
        self.names.as_ref().unwrap_or(&self.tail).get(from..to).unwrap_or_default()
    }

    /// The name of a row for people: UTF-8, else GB 18030 (what Chinese packers write), else
    /// with replacement characters; cut after 512 characters, because places repeat it.
    pub fn display_name(&self, entry: &Entry) -> String {
        shown(&decode_name(self.name(entry)))
    }

    /// The prefix given to [`Archive::open`].
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The first entry named `name`, as Android's first-come table finds it.
    pub fn find(&self, name: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|e| usize::from(e.name_len) == name.len() && self.name(e) == name)
    }

    /// Position of the central directory, which the signing block ends at.
    pub fn directory_at(&self) -> u64 {
        self.directory
    }

    /// Gives the buffers back for the next archive.
    pub fn into_buffers(self) -> Buffers {
        Buffers { tail: self.tail, entries: self.entries, seen: self.seen }
    }

    /// The `len` bytes at `offset`, from what was already read if they lie there. Shorter only
    /// at the end of the source.
    pub fn bytes_at<'b>(&'b self, offset: u64, len: usize, buf: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        if let Some(from) = offset.checked_sub(self.tail_at).and_then(|o| usize::try_from(o).ok())
            && let Some(known) = self.tail.get(from..)
        {
            return Some(known.get(..len).unwrap_or(known));
        }
        let left = usize::try_from(self.source.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(left);
        if buf.len() < len {
            buf.resize(len, 0);
        }
        let n = self.source.read_at(offset, buf.get_mut(..len)?).ok()?;
        buf.get(..n.min(len))
    }

    /// A stored entry as a window of the source, so that it can be read in parts. `None` if it
    /// is deflated or its data is not where it should be.
    pub fn stored_part(&self, entry: &Entry) -> Option<Part<'a>> {
        if entry.method == 8 || (entry.method != 0 && entry.compressed != entry.size) {
            return None;
        }
        let at = entry.header.checked_add(self.shift)?;
        let mut buf = Vec::new();
        let local = Local::parse(self.bytes_at(at, LOCAL_LEN, &mut buf)?)?;
        let start = at.checked_add(local.data_offset())?;
        let end = start.checked_add(entry.size)?;
        (end <= self.source.len()).then(|| Part::new(self.source, start, entry.size))
    }

    /// The bytes of a stored entry of at most `most` bytes, read at once. `None` where
    /// [`Self::stored_part`] has to say what there is.
    pub fn stored_bytes<'b>(&'b self, entry: &Entry, most: u64, buf: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        if entry.method != 0 || entry.size > most || entry.compressed != entry.size {
            return None;
        }
        let at = entry.header.checked_add(self.shift)?;
        let head = (LOCAL_LEN as u64).saturating_add(u64::from(entry.name_len)).saturating_add(LOCAL_EXTRA);
        let want = usize::try_from(head.saturating_add(entry.size)).ok()?;
        let bytes = self.bytes_at(at, want, buf)?;
        let start = usize::try_from(Local::parse(bytes)?.data_offset()).ok()?;
        bytes.get(start..)?.get(..usize::try_from(entry.size).ok()?)
    }

    /// Reads an entry into `out` and returns its bytes.
    ///
    /// # Errors
    /// A gap that says why there is nothing to be read.
    pub fn read<'b>(
        &self,
        entry: &Entry,
        budget: &mut Budget,
        out: &'b mut Vec<u8>,
        gaps: &mut Vec<Gap>,
    ) -> Result<&'b [u8], Gap> {
        let mut raw = std::mem::take(&mut budget.raw);
        let result = self.read_with(entry, budget, &mut raw, out, gaps);
        if raw.capacity() <= WINDOW {
            budget.raw = raw;
        }
        let len = result?;
        Ok(out.get(..len).unwrap_or_default())
    }

    fn read_with(
        &self,
        entry: &Entry,
        budget: &mut Budget,
        raw: &mut Vec<u8>,
        out: &mut Vec<u8>,
        gaps: &mut Vec<Gap>,
    ) -> Result<usize, Gap> {
        let fail = |kind, code: &str, detail: String| Gap {
            kind,
            code: code.to_owned(),
            part: self.part(entry),
            offset: entry.header.checked_add(self.shift),
            detail,
        };
        let stored = entry.method != 8;
        let limit = budget.entry.min(budget.inflated);
        // Deflate cannot shrink below its input by more than the framing of stored blocks.
        let least = if stored && entry.compressed == entry.size {
            entry.size
        } else {
            entry.compressed.min(entry.size)
        };
        if least > limit || entry.compressed > limit.saturating_add(64 << 10) {
            return Err(fail(
                GapKind::Limit,
                "zip.entry-bytes",
                format!("{} bytes stated, {limit} allowed; not read", entry.size.max(entry.compressed)),
            ));
        }
        let at =
            entry.header.checked_add(self.shift).filter(|at| *at < self.source.len()).ok_or_else(|| {
                fail(GapKind::Unread, "zip.offset", "the local header lies outside the file".to_owned())
            })?;
        let longest = if stored { entry.compressed.max(entry.size.min(limit)) } else { entry.compressed };
        let want = (LOCAL_LEN as u64)
            .saturating_add(u64::from(entry.name_len))
            .saturating_add(LOCAL_EXTRA)
            .saturating_add(longest);
        let unread = |detail: &str| fail(GapKind::Unread, "zip.data", detail.to_owned());
        let header = self
            .bytes_at(at, usize::try_from(want).unwrap_or(usize::MAX), raw)
            .ok_or_else(|| unread("the file cannot be read here"))?;
        let local = Local::parse(header).ok_or_else(|| unread("the local header is cut off"))?;
        let differences = self.differences(entry, &local, header);
        let offset = local.data_offset();
        let whole = usize::try_from(offset.saturating_add(longest)).unwrap_or(usize::MAX);
        // An extra field larger than expected needs a second read.
        let mut second = Vec::new();
        let all = if header.len() >= whole {
            header
        } else {
            self.bytes_at(at, whole, &mut second).ok_or_else(|| unread("the file cannot be read here"))?
        };
        let data = all.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let packed = cut(data, entry.compressed);

        let (len, notes) = if stored {
            take_stored(entry, data, packed, budget, out)
        } else {
            inflate(packed, entry.size, budget, out).map(|len| (len, ""))
        }
        .map_err(|e| match e {
            Inflate::Limit => fail(
                GapKind::Limit,
                "zip.entry-bytes",
                format!("inflates to more than {limit} bytes; not read"),
            ),
            Inflate::Broken if (packed.len() as u64) < entry.compressed => {
                unread("the data is cut off by the end of the file")
            }
            Inflate::Broken if entry.flags & FLAG_ENCRYPTED != 0 => {
                unread("flagged as encrypted, and the data does not inflate")
            }
            Inflate::Broken => unread("the data does not inflate"),
        })?;

        if let Some(detail) = differences {
            gaps.push(fail(GapKind::Tampered, "zip.local-header", detail));
        }
        if !notes.is_empty() {
            gaps.push(fail(GapKind::Tampered, "zip.method", format!("method {}: {notes}", entry.method)));
        }
        if len as u64 != entry.size {
            gaps.push(fail(
                GapKind::Tampered,
                "zip.size",
                format!("{} bytes stated, {len} found; read whole", entry.size),
            ));
        }
        let crc = libdeflater::crc32(out.get(..len).unwrap_or_default());
        if crc != entry.crc {
            gaps.push(fail(
                GapKind::Tampered,
                "zip.crc",
                format!("CRC {:08x} stated, {crc:08x} found; Android does not check it here", entry.crc),
            ));
        }
        Ok(len)
    }

    /// How a local header contradicts the directory, in words.
    fn differences(&self, entry: &Entry, local: &Local, header: &[u8]) -> Option<String> {
        let mut found = Vec::new();
        if !local.signed {
            found.push("no signature".to_owned());
        }
        if local.method != entry.method {
            found.push(format!("method {} for {}", local.method, entry.method));
        }
        let name = header.get(LOCAL_LEN..LOCAL_LEN.saturating_add(usize::from(local.name_len)));
        if name != Some(self.name(entry)) {
            found.push("another name".to_owned());
        }
        if local.flags & FLAG_DESCRIPTOR == 0 && u64::from(local.size) != entry.size && local.size != u32::MAX
        {
            found.push(format!("size {} for {}", local.size, entry.size));
        }
        if local.flags & FLAG_DESCRIPTOR == 0
            && u64::from(local.compressed) != entry.compressed
            && local.compressed != u32::MAX
        {
            found.push(format!("compressed size {} for {}", local.compressed, entry.compressed));
        }
        (!found.is_empty()).then(|| {
            format!("local header contradicts the directory ({}); the directory counts", found.join(", "))
        })
    }

    fn part(&self, entry: &Entry) -> String {
        format!("{}{}", self.prefix, self.display_name(entry))
    }

    fn note(&self, gaps: &mut Vec<Gap>, kind: GapKind, code: &str, offset: u64, detail: String) {
        let part = format!("{}central directory", self.prefix);
        gaps.push(Gap { kind, code: code.to_owned(), part, offset: Some(offset), detail });
    }

    /// Makes `tail` the last `len` bytes of the source.
    fn load_tail(&mut self, len: u64) -> Result<(), NotZip> {
        let total = self.source.len();
        let len = len.min(total);
        self.tail_at = total.saturating_sub(len);
        self.tail.resize(usize::try_from(len).map_err(|_| NotZip)?, 0);
        let n = self.source.read_at(self.tail_at, &mut self.tail).map_err(|_| NotZip)?;
        self.tail.truncate(n);
        Ok(())
    }

    /// Finds the end-of-directory record, sets the shift and the begin of the directory.
    fn locate_directory(&mut self, gaps: &mut Vec<Gap>) -> Result<End, NotZip> {
        // Nearly every package has no comment: the record is the last 22 bytes.
        let last = self.tail.len().checked_sub(EOCD_LEN).ok_or(NotZip)?;
        if let Some(end) = self.end_at(last).and_then(|end| self.accept(end)) {
            return self.settle(end, false, gaps);
        }
        if (self.tail.len() as u64) < self.source.len() {
            self.load_tail((MAX_COMMENT + EOCD_LEN) as u64)?;
        }
        let mut decoy = false;
        let mut at = self.tail.len().saturating_sub(EOCD_LEN - 1);
        // A comment of 64 KiB can hold 16,000 false records; each costs a read at most.
        for _ in 0..64 {
            let Some(found) = rfind(&self.tail, at, EOCD) else { break };
            at = found;
            match self.end_at(found).and_then(|end| self.accept(end)) {
                Some(end) => return self.settle(end, decoy, gaps),
                None => decoy = true,
            }
        }
        Err(NotZip)
    }

    /// Decodes the record at `at` of the tail, with its ZIP64 companion.
    fn end_at(&self, at: usize) -> Option<End> {
        let rec: &[u8; EOCD_LEN] = self.tail.get(at..)?.first_chunk()?;
        if rec.first_chunk() != Some(&EOCD) {
            return None;
        }
        let pos = self.tail_at.checked_add(at as u64)?;
        let mut end = End {
            at: pos,
            directory_end: pos,
            count: u64::from(le16(rec[10], rec[11])),
            size: u64::from(le32(rec[12], rec[13], rec[14], rec[15])),
            offset: u64::from(le32(rec[16], rec[17], rec[18], rec[19])),
        };
        let saturated =
            end.count == 0xffff || end.size == u64::from(u32::MAX) || end.offset == u64::from(u32::MAX);
        if saturated && let Some(wide) = self.zip64_end(pos) {
            end = End { at: pos, ..wide };
        }
        Some(end)
    }

    fn zip64_end(&self, eocd: u64) -> Option<End> {
        let mut buf = Vec::new();
        let locator_at = eocd.checked_sub(20)?;
        let locator: [u8; 20] = *self.bytes_at(locator_at, 20, &mut buf)?.first_chunk()?;
        if locator.first_chunk() != Some(&ZIP64_LOCATOR) {
            return None;
        }
        let stated = u64::from_le_bytes(*locator.get(8..)?.first_chunk()?);
        // A shifted archive has the record just before its locator.
        for at in [stated, locator_at.checked_sub(56)?] {
            let Some(bytes) = self.bytes_at(at, 56, &mut buf) else { continue };
            let Some(rec) = bytes.first_chunk::<56>() else { continue };
            if rec.first_chunk() != Some(&ZIP64_EOCD) {
                continue;
            }
            let wide =
                |at: usize| rec.get(at..).and_then(|b| b.first_chunk()).map(|b| u64::from_le_bytes(*b));
            return Some(End { at, directory_end: at, count: wide(32)?, size: wide(40)?, offset: wide(48)? });
        }
        None
    }

    /// Whether the record leads to a directory; sets where it begins and the shift.
    fn accept(&mut self, end: End) -> Option<End> {
        let is_directory = |at: u64| {
            let mut buf = Vec::new();
            at < end.directory_end
                && self.bytes_at(at, 4, &mut buf).is_some_and(|b| b.get(..4) == Some(&CENTRAL))
        };
        let before = end.directory_end.checked_sub(end.size);
        if end.count == 0 && end.size == 0 && before.is_none_or(|b| !is_directory(b)) {
            // 22 bytes that name no directory are an archive only if they stand where they say.
            return (end.directory_end == end.offset).then_some(end);
        }
        if is_directory(end.offset) {
            (self.directory, self.shift) = (end.offset, 0);
        } else if let Some(begin) = before.filter(|b| is_directory(*b)) {
            (self.directory, self.shift) = (begin, begin.checked_sub(end.offset)?);
        } else {
            return None;
        }
        Some(end)
    }

    fn settle(&self, end: End, decoy: bool, gaps: &mut Vec<Gap>) -> Result<End, NotZip> {
        if decoy {
            let detail = "a later end-of-directory signature leads nowhere; the one that leads to the directory was taken";
            self.note(gaps, GapKind::Tampered, "zip.eocd-decoy", end.at, detail.to_owned());
        }
        if self.shift > 0 {
            let detail = format!("{} bytes before the archive that its offsets do not count", self.shift);
            self.note(gaps, GapKind::Tampered, "zip.prefix", 0, detail);
        }
        Ok(end)
    }

    /// Reads the rows of the directory.
    fn scan(
        &mut self,
        end: &End,
        limits: &Limits,
        budget: &Budget,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), NotZip> {
        let total = end.directory_end.saturating_sub(self.directory);
        if self.directory < self.tail_at && total <= WHOLE_DIRECTORY {
            self.extend_tail(self.directory.saturating_sub(BEFORE_DIRECTORY))?;
        }
        let mut scan = Scan {
            entries: std::mem::take(&mut self.entries),
            marks: Marks::default(),
            limit: limits.entries as usize,
            seen: Seen::new(
                std::mem::take(&mut self.seen),
                end.count.min(total.div_euclid(CENTRAL_LEN as u64)),
                limits.entries,
            ),
        };
        let stop = if let Some(from) = self.directory.checked_sub(self.tail_at) {
            let from = usize::try_from(from).map_err(|_| NotZip)?;
            let to = usize::try_from(end.directory_end.saturating_sub(self.tail_at)).map_err(|_| NotZip)?;
            let (at, stop) = scan.records(&self.tail, from, to, None);
            let at = self.tail_at.saturating_add(at as u64);
            (at, stop)
        } else {
            self.scan_windows(end, &mut scan, budget)
        };
        let Scan { entries, marks, seen, .. } = scan;
        self.entries = entries;
        let duplicates = seen.duplicates(&self.entries, |e| self.name(e));
        self.seen = seen.table;
        self.note_directory(end, stop, &marks, duplicates, limits, gaps);
        Ok(())
    }

    /// Puts the bytes from `from` on before the tail.
    fn extend_tail(&mut self, from: u64) -> Result<(), NotZip> {
        let add = usize::try_from(self.tail_at.saturating_sub(from)).map_err(|_| NotZip)?;
        let len = self.tail.len();
        self.tail.resize(len.saturating_add(add), 0);
        self.tail.copy_within(..len, add);
        let front = self.tail.get_mut(..add).ok_or(NotZip)?;
        if self.source.read_at(from, front).map_err(|_| NotZip)? < add {
            return Err(NotZip);
        }
        self.tail_at = from;
        Ok(())
    }

    /// Reads a large directory in windows and keeps only the names.
    fn scan_windows(&mut self, end: &End, scan: &mut Scan, budget: &Budget) -> (u64, Stop) {
        let mut names = Vec::new();
        let mut window = vec![0; WINDOW];
        let mut at = self.directory;
        let stop = loop {
            let left = usize::try_from(end.directory_end.saturating_sub(at)).unwrap_or(usize::MAX);
            let want = window.len().min(left);
            let Some(n) = window.get_mut(..want).and_then(|w| self.source.read_at(at, w).ok()) else {
                break Stop::Cut;
            };
            let (used, stop) = scan.records(&window, 0, n, Some(&mut names));
            at = at.saturating_add(used as u64);
            match stop {
                Stop::Cut if used > 0 && n < left && !budget.is_late() => {}
                Stop::Cut if budget.is_late() => break Stop::Late,
                stop => break stop,
            }
        };
        self.names = Some(names);
        (at, stop)
    }

    fn note_directory(
        &self,
        end: &End,
        (at, stop): (u64, Stop),
        marks: &Marks,
        duplicates: Option<Duplicates>,
        limits: &Limits,
        gaps: &mut Vec<Gap>,
    ) {
        let read = self.entries.len() as u64;
        let stated_end = self.directory.saturating_add(end.size).min(end.directory_end);
        match stop {
            Stop::End => {}
            Stop::Limit => {
                let detail = format!(
                    "more than {} entries or too many bytes of names; the rest was not read",
                    limits.entries.min(self.entries.len() as u32)
                );
                self.note(gaps, GapKind::Limit, "zip.entries", at, detail);
            }
            Stop::Late => {
                let detail = format!("time used up after {read} entries");
                self.note(gaps, GapKind::Limit, "sample.time", at, detail);
            }
            // Bytes after the rows (a directory signature, padding) are no rows.
            Stop::Foreign if at >= stated_end => {}
            Stop::Foreign | Stop::Cut => {
                let detail =
                    format!("{} entries stated, {read} read, then the directory is broken", end.count);
                self.note(gaps, GapKind::Unread, "zip.directory", at, detail);
            }
        }
        if matches!(stop, Stop::End | Stop::Foreign)
            && read != end.count
            && !(read > 0xffff && end.count == read & 0xffff)
        {
            let detail = format!("{} entries stated, {read} found; all were read", end.count);
            self.note(gaps, GapKind::Tampered, "zip.entry-count", end.at, detail);
        }
        if matches!(stop, Stop::End | Stop::Foreign) && at != stated_end {
            let detail = format!(
                "directory of {} bytes stated, {} found",
                end.size,
                at.saturating_sub(self.directory)
            );
            self.note(gaps, GapKind::Tampered, "zip.directory-size", end.at, detail);
        }
        if marks.encrypted > 0 {
            let detail =
                format!("{} entries carry the encryption flag, which Android ignores", marks.encrypted);
            self.note(gaps, GapKind::Tampered, "zip.encryption-flag", self.directory, detail);
        }
        if let Some(d) = duplicates {
            let first = self.entries.get(d.first).map(|e| self.display_name(e)).unwrap_or_default();
            let detail = format!(
                "{} names stand more than once, e.g. {first:?}; the first of each was taken",
                d.count
            );
            self.note(gaps, GapKind::Tampered, "zip.duplicate-name", self.directory, detail);
        }
        for (mark, code, what) in [
            (&marks.nul, "zip.name-control", "hold control characters"),
            (&marks.invalid, "zip.name-encoding", "are not UTF-8"),
            (&marks.path, "zip.name-path", "point outside the archive"),
        ] {
            if let Some((count, first)) = mark {
                let first = self.entries.get(*first).map(|e| self.display_name(e)).unwrap_or_default();
                self.note(
                    gaps,
                    GapKind::Tampered,
                    code,
                    self.directory,
                    format!("{count} entry names {what}, e.g. {first:?}"),
                );
            }
        }
        if let Some(overlaps) = self.overlaps(marks.ascending) {
            let detail = format!("the data of {overlaps} entries overlaps with other entries");
            self.note(gaps, GapKind::Tampered, "zip.overlap", self.directory, detail);
        }
    }

    /// How many entries begin before the one before them ends.
    fn overlaps(&self, ascending: bool) -> Option<u64> {
        if ascending {
            return None;
        }
        let end = |e: &Entry| {
            let head = (LOCAL_LEN as u64).saturating_add(u64::from(e.name_len));
            e.header.saturating_add(head).saturating_add(e.compressed)
        };
        let mut spans: Vec<(u64, u64)> = self.entries.iter().map(|e| (e.header, end(e))).collect();
        spans.sort_unstable();
        let mut count = 0_u64;
        let mut reach = 0;
        for (from, to) in spans {
            if from < reach {
                count = count.saturating_add(1);
            }
            reach = reach.max(to);
        }
        (count > 0).then_some(count)
    }

    /// Says what stands before the first entry.
    fn note_prefix(&self, gaps: &mut Vec<Gap>) {
        let Some(first) = self.entries.iter().map(|e| e.header).min() else { return };
        let first = first.saturating_add(self.shift);
        if first == 0 {
            return;
        }
        let mut buf = Vec::new();
        let head = self.bytes_at(0, 8, &mut buf).unwrap_or_default();
        if head.starts_with(b"dex\n") {
            let detail = "a DEX file stands before the archive (Janus, CVE-2017-13156): old systems run it in place of the signed code";
            self.note(gaps, GapKind::Unread, "zip.prefix-dex", 0, detail.to_owned());
        } else if self.shift == 0 && !head.starts_with(&LOCAL) {
            let detail = format!("{first} bytes stand before the first entry");
            self.note(gaps, GapKind::Tampered, "zip.prefix", 0, detail);
        }
    }
}

/// The first characters of a name.
fn shown(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// The fields of a local header that count.
struct Local {
    signed: bool,
    flags: u16,
    method: u16,
    compressed: u32,
    size: u32,
    name_len: u16,
    extra_len: u16,
}

impl Local {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let h: &[u8; LOCAL_LEN] = bytes.first_chunk()?;
        Some(Self {
            signed: h.first_chunk() == Some(&LOCAL),
            flags: le16(h[6], h[7]),
            method: le16(h[8], h[9]),
            compressed: le32(h[18], h[19], h[20], h[21]),
            size: le32(h[22], h[23], h[24], h[25]),
            name_len: le16(h[26], h[27]),
            extra_len: le16(h[28], h[29]),
        })
    }

    /// From the begin of the header to the data.
    fn data_offset(&self) -> u64 {
        (LOCAL_LEN as u64).saturating_add(u64::from(self.name_len)).saturating_add(u64::from(self.extra_len))
    }
}

/// Why the rows ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// At the end of the directory.
    End,
    /// At bytes that are no row.
    Foreign,
    /// Within a row.
    Cut,
    /// At a limit.
    Limit,
    /// At the deadline.
    Late,
}

/// Signs seen while the rows were read: how often, and the first row.
#[derive(Default)]
struct Marks {
    encrypted: u32,
    nul: Option<(u32, usize)>,
    invalid: Option<(u32, usize)>,
    path: Option<(u32, usize)>,
    /// Whether every entry begins after the end of the one before it.
    ascending: bool,
    reach: u64,
}

struct Scan {
    entries: Vec<Entry>,
    marks: Marks,
    limit: usize,
    seen: Seen,
}

impl Scan {
    /// Reads rows from `buf[at..end]`. With `names`, names are copied there; else they stay in
    /// `buf`. Returns where it stopped, and why.
    fn records(
        &mut self,
        buf: &[u8],
        mut at: usize,
        end: usize,
        mut names: Option<&mut Vec<u8>>,
    ) -> (usize, Stop) {
        let buf = buf.get(..end).unwrap_or(buf);
        if self.entries.is_empty() {
            self.marks.ascending = true;
        }
        loop {
            let Some(rest) = buf.get(at..).filter(|r| !r.is_empty()) else { return (at, Stop::End) };
            let Some(rec) = rest.first_chunk::<CENTRAL_LEN>() else {
                let begins = CENTRAL.starts_with(rest.get(..4).unwrap_or(rest)) || rest.starts_with(&CENTRAL);
                return (at, if begins { Stop::Cut } else { Stop::Foreign });
            };
            if rec.first_chunk() != Some(&CENTRAL) {
                return (at, Stop::Foreign);
            }
            if self.entries.len() >= self.limit {
                return (at, Stop::Limit);
            }
            let (name_len, extra_len) = (le16(rec[28], rec[29]), le16(rec[30], rec[31]));
            let comment_len = le16(rec[32], rec[33]);
            let name_from = CENTRAL_LEN;
            let name_to = name_from.saturating_add(usize::from(name_len));
            let extra_to = name_to.saturating_add(usize::from(extra_len));
            let next = extra_to.saturating_add(usize::from(comment_len));
            let (Some(name), true) = (rest.get(name_from..name_to), next <= rest.len()) else {
                return (at, Stop::Cut);
            };
            let name_at = match names.as_deref_mut() {
                None => at.saturating_add(name_from),
                Some(names) if names.len().saturating_add(name.len()) > NAME_BYTES => {
                    return (at, Stop::Limit);
                }
                Some(names) => {
                    names.extend_from_slice(name);
                    names.len().saturating_sub(name.len())
                }
            };
            let mut entry = Entry {
                header: u64::from(le32(rec[42], rec[43], rec[44], rec[45])),
                compressed: u64::from(le32(rec[20], rec[21], rec[22], rec[23])),
                size: u64::from(le32(rec[24], rec[25], rec[26], rec[27])),
                crc: le32(rec[16], rec[17], rec[18], rec[19]),
                method: le16(rec[10], rec[11]),
                flags: le16(rec[8], rec[9]),
                name_at: u32::try_from(name_at).unwrap_or(u32::MAX),
                name_len,
            };
            let full = u64::from(u32::MAX);
            if entry.header == full || entry.compressed == full || entry.size == full {
                widen(&mut entry, rest.get(name_to..extra_to).unwrap_or_default());
            }
            self.mark(&entry, name);
            self.entries.push(entry);
            at = at.saturating_add(next);
        }
    }

    fn mark(&mut self, entry: &Entry, name: &[u8]) {
        let index = self.entries.len();
        let marks = &mut self.marks;
        marks.encrypted = marks.encrypted.saturating_add(u32::from(entry.flags & FLAG_ENCRYPTED));
        if entry.header < marks.reach {
            marks.ascending = false;
        }
        let head = (LOCAL_LEN as u64).saturating_add(u64::from(entry.name_len));
        marks.reach = entry.header.saturating_add(head).saturating_add(entry.compressed);
        let (hash, odd) = digest(name);
        self.seen.add(hash);
        if odd {
            let count = |mark: &mut Option<(u32, usize)>| match mark {
                Some((n, _)) => *n = n.saturating_add(1),
                None => *mark = Some((1, index)),
            };
            if name.iter().any(|b| *b < 0x20 || *b == 0x7f) {
                count(&mut marks.nul);
            }
            if std::str::from_utf8(name).is_err() {
                count(&mut marks.invalid);
            }
            let outside = name.split(|b| matches!(b, b'/' | b'\\')).any(|part| part == b"..")
                || name.first().is_some_and(|b| matches!(b, b'/' | b'\\'));
            if outside {
                count(&mut marks.path);
            }
        }
    }
}

/// Takes the ZIP64 extra field (APPNOTE §4.5.3): only saturated values stand there, in order.
fn widen(entry: &mut Entry, mut extra: &[u8]) {
    let full = u64::from(u32::MAX);
    while let Some((head, rest)) = extra.split_first_chunk::<4>() {
        let len = usize::from(le16(head[2], head[3]));
        let mut body = rest.get(..len).unwrap_or(rest);
        if le16(head[0], head[1]) == 1 {
            for field in [&mut entry.size, &mut entry.compressed, &mut entry.header] {
                if *field == full
                    && let Some((value, more)) = body.split_first_chunk::<8>()
                {
                    *field = u64::from_le_bytes(*value);
                    body = more;
                }
            }
            return;
        }
        extra = rest.get(len..).unwrap_or_default();
    }
}

/// Hash of a name, and whether it needs a closer look (not plain ASCII without `..`).
fn digest(name: &[u8]) -> (u64, bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = name.len() as u64;
    let mut odd = name.first().is_some_and(|b| matches!(b, b'/' | b'\\'));
    let mut dot_before = false;
    let mut take = |word: u64| {
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(K);
        // Bytes below 0x20 or above 0x7e, and two dots side by side.
        let control = word.wrapping_sub(ONES.wrapping_mul(0x20)) | word.wrapping_add(ONES) | word;
        let zero_if_dot = word ^ ONES.wrapping_mul(0x2e);
        let dots = zero_if_dot.wrapping_sub(ONES) & !zero_if_dot & HIGH;
        odd |= control & HIGH != 0 || dots & (dots >> 8) != 0 || (dot_before && dots & 0x80 != 0);
        dot_before = dots >> 63 != 0;
    };
    let mut words = name.chunks_exact(8);
    for word in words.by_ref() {
        if let Some(word) = word.first_chunk() {
            take(u64::from_le_bytes(*word));
        }
    }
    let mut last = [b' '; 8];
    for (to, from) in last.iter_mut().zip(words.remainder()) {
        *to = *from;
    }
    take(u64::from_le_bytes(last));
    (hash ^ (hash >> 32), odd)
}

/// Rows with a name that an earlier row has.
struct Duplicates {
    count: u32,
    /// The first of them.
    first: usize,
}

/// Tells cheaply that no name stands twice. Where it cannot, the names are sorted.
struct Seen {
    /// Open addressing by hash; 0 is empty.
    table: Vec<u64>,
    mask: u64,
    room: usize,
    doubt: bool,
}

impl Seen {
    fn new(mut table: Vec<u64>, expected: u64, limit: u32) -> Self {
        let slots = expected.min(u64::from(limit)).saturating_add(1).saturating_mul(2).next_power_of_two();
        let slots = usize::try_from(slots).unwrap_or(64).max(64);
        table.clear();
        table.resize(slots, 0);
        Self { table, mask: (slots as u64).saturating_sub(1), room: slots / 2, doubt: false }
    }

    fn add(&mut self, hash: u64) {
        if self.doubt || self.room == 0 {
            self.doubt = true;
            return;
        }
        self.room = self.room.saturating_sub(1);
        let key = hash | 1;
        let mut at = hash >> 8;
        // A chain this long is built by hand.
        for _ in 0..64 {
            let slot = usize::try_from(at & self.mask).ok().and_then(|i| self.table.get_mut(i));
            match slot {
                Some(slot) if *slot == 0 => {
                    *slot = key;
                    return;
                }
                Some(slot) if *slot != key => at = at.wrapping_add(1),
                _ => break,
            }
        }
        self.doubt = true;
    }

    fn duplicates<'n>(&self, entries: &[Entry], name: impl Fn(&Entry) -> &'n [u8]) -> Option<Duplicates> {
        if !self.doubt {
            return None;
        }
        let mut order: Vec<(&[u8], usize)> = entries.iter().enumerate().map(|(i, e)| (name(e), i)).collect();
        order.sort_unstable();
        let repeated = order.windows(2).filter_map(|pair| match pair {
            [(a, _), (b, i)] if a == b => Some(*i),
            _ => None,
        });
        let (count, first) =
            repeated.fold((0_u32, usize::MAX), |(n, first), i| (n.saturating_add(1), first.min(i)));
        (count > 0).then_some(Duplicates { count, first })
    }
}

/// Why an entry gave nothing.
enum Inflate {
    Limit,
    Broken,
}

/// Takes an entry that is not deflated. The note says what was unusual.
fn take_stored(
    entry: &Entry,
    data: &[u8],
    packed: &[u8],
    budget: &mut Budget,
    out: &mut Vec<u8>,
) -> Result<(usize, &'static str), Inflate> {
    let stated = cut(data, entry.size);
    let fits = stated.len() as u64 == entry.size;
    if entry.method != 0 && entry.compressed != entry.size && libdeflater::crc32(stated) != entry.crc {
        // Only the CRC can tell that an unknown method number hides deflate.
        if let Ok(len) = inflate(packed, entry.size, budget, out)
            && libdeflater::crc32(out.get(..len).unwrap_or_default()) == entry.crc
        {
            return Ok((len, "unknown, but the data inflates to what the directory states; read so"));
        }
    }
    let (bytes, note) = match (fits, entry.method) {
        (true, 0) => (stated, ""),
        (true, _) => (stated, "unknown; taken as stored, as Android does"),
        (false, _) => (packed, "the stated size does not fit; the stored bytes were taken"),
    };
    if (bytes.len() as u64) < entry.size.min(entry.compressed) {
        return Err(Inflate::Broken);
    }
    let cost = bytes.len() as u64;
    if cost > budget.entry.min(budget.inflated) {
        return Err(Inflate::Limit);
    }
    budget.inflated = budget.inflated.saturating_sub(cost);
    out.clear();
    out.extend_from_slice(bytes);
    Ok((bytes.len(), note))
}

/// Inflates `packed` into `out` (which only grows); returns the length.
fn inflate(packed: &[u8], stated: u64, budget: &mut Budget, out: &mut Vec<u8>) -> Result<usize, Inflate> {
    let possible = (packed.len() as u64).saturating_mul(DEFLATE_RATIO).saturating_add(64);
    let mut size = stated.min(possible).min(budget.entry);
    loop {
        // Every attempt is paid for, so that false sizes cost no more than true ones.
        budget.inflated = budget.inflated.checked_sub(size).ok_or(Inflate::Limit)?;
        let len = usize::try_from(size).map_err(|_| Inflate::Limit)?;
        if out.len() < len {
            out.resize(len, 0);
        }
        let room = out.get_mut(..len).ok_or(Inflate::Limit)?;
        match budget.inflater.deflate_decompress(packed, room) {
            Ok(len) => return Ok(len),
            Err(DecompressionError::BadData) => return Err(Inflate::Broken),
            Err(DecompressionError::InsufficientSpace) if size >= possible => return Err(Inflate::Broken),
            Err(DecompressionError::InsufficientSpace) if size >= budget.entry => return Err(Inflate::Limit),
            Err(DecompressionError::InsufficientSpace) => {
                size = size.saturating_mul(4).max(64 << 10).min(possible).min(budget.entry);
            }
        }
    }
}

/// The first `len` bytes, or what there is.
fn cut(bytes: &[u8], len: u64) -> &[u8] {
    usize::try_from(len).ok().and_then(|len| bytes.get(..len)).unwrap_or(bytes)
}

/// The last place of `needle` in `hay[..end]`.
fn rfind(hay: &[u8], end: usize, needle: [u8; 4]) -> Option<usize> {
    // The needle may reach past `end`, which bounds where it begins.
    let hay = hay.get(..end.saturating_add(3)).unwrap_or(hay);
    hay.windows(4).rposition(|w| w == needle)
}

/// A raw entry name as text.
pub fn decode_name(name: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(name) {
        Ok(name) => Cow::Borrowed(name),
        Err(_) => encoding_rs::GB18030
            .decode_without_bom_handling_and_without_replacement(name)
            .unwrap_or_else(|| String::from_utf8_lossy(name)),
    }
}

fn le16(a: u8, b: u8) -> u16 {
    u16::from_le_bytes([a, b])
}

fn le32(a: u8, b: u8, c: u8, d: u8) -> u32 {
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of stored entries, as plain as can be; `edit` may change each directory row.
    fn zip(files: &[(&[u8], &[u8])], comment: &[u8], edit: impl Fn(usize, &mut Vec<u8>)) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (i, (name, data)) in files.iter().enumerate() {
            let at = out.len() as u32;
            let mut fields = vec![10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            fields.extend(libdeflater::crc32(data).to_le_bytes());
            fields.extend((data.len() as u32).to_le_bytes());
            fields.extend((data.len() as u32).to_le_bytes());
            fields.extend((name.len() as u16).to_le_bytes());
            fields.extend([0, 0]);
            out.extend(LOCAL);
            out.extend(&fields);
            out.extend(*name);
            out.extend(*data);
            let mut row = CENTRAL.to_vec();
            row.extend([10, 0]);
            row.extend(&fields);
            row.extend([0; 10]);
            row.extend(at.to_le_bytes());
            row.extend(*name);
            edit(i, &mut row);
            directory.extend(row);
        }
        let (at, size, count) = (out.len() as u32, directory.len() as u32, files.len() as u16);
        out.extend(directory);
        out.extend(EOCD);
        out.extend([0; 4]);
        out.extend(count.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(size.to_le_bytes());
        out.extend(at.to_le_bytes());
        out.extend((comment.len() as u16).to_le_bytes());
        out.extend(comment);
        out
    }

    fn unchanged(_: usize, _: &mut Vec<u8>) {}

    /// The bytes of an entry, or the code of what prevents them.
    type Content = Result<Vec<u8>, String>;

    /// Names and contents.
    type Files = Vec<(String, Content)>;

    /// What an archive holds, and the codes of the gaps.
    fn read_all(bytes: &[u8], limits: &Limits) -> Option<(Files, Vec<String>)> {
        let mut gaps = Vec::new();
        let mut budget = Budget::new(limits);
        let archive = Archive::open(&bytes, "", limits, &budget, Buffers::default(), &mut gaps).ok()?;
        let mut files = Vec::new();
        for entry in archive.entries() {
            let mut out = Vec::new();
            let content = archive.read(entry, &mut budget, &mut out, &mut gaps);
            files.push((archive.display_name(entry), content.map(<[u8]>::to_vec).map_err(|g| g.code)));
        }
        Some((files, gaps.into_iter().map(|g| g.code).collect()))
    }

    fn one(bytes: &[u8]) -> (Content, Vec<String>) {
        let (files, gaps) = read_all(bytes, &Limits::default()).unwrap();
        (files[0].1.clone(), gaps)
    }

    #[test]
    fn a_plain_archive_has_no_gap() {
        let bytes = zip(&[(b"a", b"1"), (b"dir/b.xml", b"22")], b"", unchanged);
        let (files, gaps) = read_all(&bytes, &Limits::default()).unwrap();
        assert_eq!(
            files,
            [("a".to_owned(), Ok(b"1".to_vec())), ("dir/b.xml".to_owned(), Ok(b"22".to_vec()))]
        );
        assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[test]
    fn a_directory_before_the_tail_is_read_whole() {
        let names: Vec<Vec<u8>> =
            (0..3000).map(|i| format!("res/layout/a_long_file_name_{i}.xml").into()).collect();
        let files: Vec<(&[u8], &[u8])> = names.iter().map(|n| (n.as_slice(), &b"x"[..])).collect();
        let bytes = zip(&files, b"", unchanged);
        let (files, gaps) = read_all(&bytes, &Limits::default()).unwrap();
        assert_eq!((files.len(), gaps.len()), (3000, 0));
        assert!(files.iter().all(|(_, content)| content.as_deref() == Ok(b"x")));
    }

    #[test]
    fn a_huge_directory_is_read_in_windows_up_to_the_limit() {
        let names: Vec<Vec<u8>> = (0..40_000).map(|i| format!("res/{i:060}").into()).collect();
        let files: Vec<(&[u8], &[u8])> = names.iter().map(|n| (n.as_slice(), &b""[..])).collect();
        let bytes = zip(&files, b"", unchanged);
        assert!(bytes.len() as u64 > WHOLE_DIRECTORY);
        let (files, gaps) = read_all(&bytes, &Limits::default()).unwrap();
        assert_eq!((files.len(), gaps.len()), (40_000, 0));
        assert_eq!(files[39_999].0, format!("res/{:060}", 39_999));
        let (files, gaps) = read_all(&bytes, &Limits { entries: 1000, ..Limits::default() }).unwrap();
        assert_eq!((files.len(), gaps), (1000, vec!["zip.entries".to_owned()]));
    }

    #[test]
    fn prefixes_comments_and_decoys_are_seen_through() {
        let files: [(&[u8], &[u8]); 1] = [(b"a", b"1")];
        let shifted = [&b"junk"[..], &zip(&files, b"", unchanged)].concat();
        assert_eq!(one(&shifted), (Ok(b"1".to_vec()), vec!["zip.prefix".to_owned()]));
        let commented = zip(&files, &[b'c'; MAX_COMMENT], unchanged);
        assert_eq!(one(&commented), (Ok(b"1".to_vec()), vec![]));
        let decoy = zip(&files, &[&EOCD[..], &[0; 60]].concat(), unchanged);
        assert_eq!(one(&decoy), (Ok(b"1".to_vec()), vec!["zip.eocd-decoy".to_owned()]));
    }

    #[test]
    fn the_directory_counts_not_the_local_header() {
        let files: [(&[u8], &[u8]); 1] = [(b"a", b"1")];
        let mut bytes = zip(&files, b"", unchanged);
        bytes[8] = 8;
        assert_eq!(one(&bytes), (Ok(b"1".to_vec()), vec!["zip.local-header".to_owned()]));
    }

    #[test]
    fn flags_and_unknown_methods_do_not_hide_data() {
        let files: [(&[u8], &[u8]); 1] = [(b"a", b"1")];
        let encrypted = zip(&files, b"", |_, row| row[8] = 1);
        assert_eq!(one(&encrypted), (Ok(b"1".to_vec()), vec!["zip.encryption-flag".to_owned()]));
        let (content, gaps) = one(&zip(&files, b"", |_, row| row[10] = 99));
        assert_eq!(content, Ok(b"1".to_vec()));
        assert_eq!(gaps, ["zip.local-header", "zip.method"]);
        let (content, gaps) = one(&zip(&files, b"", |_, row| row[16] ^= 1));
        assert_eq!((content, gaps), (Ok(b"1".to_vec()), vec!["zip.crc".to_owned()]));
    }

    #[test]
    fn names_out_of_order_are_kept_and_said() {
        let gbk: &[u8] = b"assets/\xd2\xfe\xcb\xbd.txt";
        let files: [(&[u8], &[u8]); 5] =
            [(gbk, b""), (b"../x", b""), (b"a\0b", b""), (b"same", b"1"), (b"same", b"2")];
        let (files, gaps) = read_all(&zip(&files, b"", unchanged), &Limits::default()).unwrap();
        assert_eq!(files[0].0, "assets/隐私.txt");
        assert_eq!(gaps, ["zip.duplicate-name", "zip.name-control", "zip.name-encoding", "zip.name-path"]);
    }

    #[test]
    fn sizes_that_lie_are_bounded() {
        let limits = Limits { entry_bytes: 100_000, sample_bytes: 300_000, ..Limits::default() };
        let mut packed = vec![0; 4096];
        let n = libdeflater::Compressor::new(libdeflater::CompressionLvl::best())
            .deflate_compress(&vec![0; 1 << 20], &mut packed)
            .unwrap();
        packed.truncate(n);
        let bytes = zip(&[(b"a", &packed)], b"", |_, row| row[10] = 8);
        let (files, _) = read_all(&bytes, &limits).unwrap();
        assert_eq!(files[0].1, Err("zip.entry-bytes".to_owned()));
        // The same with room: the stated size is corrected.
        let (content, gaps) = one(&bytes);
        assert_eq!(content.map(|c| c.len()), Ok(1 << 20));
        assert!(gaps.contains(&"zip.size".to_owned()), "{gaps:?}");
    }

    #[test]
    fn a_cut_directory_gives_the_rows_that_are_there() {
        let files: [(&[u8], &[u8]); 2] = [(b"a", b"1"), (b"b", b"2")];
        let mut bytes = zip(&files, b"", unchanged);
        let last = bytes.len() - EOCD_LEN - 1;
        bytes.remove(last);
        let (files, gaps) = read_all(&bytes, &Limits::default()).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(gaps, ["zip.directory"]);
        assert!(read_all(b"PK\x03\x04 no directory at all, only text", &Limits::default()).is_none());
    }
}
