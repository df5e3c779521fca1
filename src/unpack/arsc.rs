//! The resource table (`resources.arsc`; AOSP `ResourceTypes.h`, `LoadedArsc.cpp`), read through a
//! small window: chunk headers, the entries asked for, and only their strings.

use std::io;

use super::axml::{kind, value_text};
use super::limits::Limits;
use super::pool::{Flaws, POOL_CHUNK, POOL_HEADER, PoolHead, decode, gap_once, needed, u16_at, u32_at};
use super::source::Source;
use crate::package::{Gap, GapKind};

const TABLE: u16 = 0x0002;
const PACKAGE: u16 = 0x0200;
const TYPE: u16 = 0x0201;
/// The largest window.
const WINDOW: usize = 16 << 10;
/// Window after a jump: a walk from chunk to chunk wants only the heads of far-off chunks.
const STEP: usize = 1 << 10;
const PART: &str = "resources.arsc";

const SPARSE: u8 = 0x01;
const OFFSET16: u8 = 0x02;
const COMPLEX: u16 = 0x0001;
const COMPACT: u16 = 0x0008;

/// The text of one resource in the languages that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// In the default configuration.
    pub default: Option<String>,
    /// Chinese, simplified first; absent where no Chinese configuration has it.
    pub zh: Option<String>,
    /// English; absent where no English configuration has it.
    pub en: Option<String>,
}

/// Why a resource table cannot be read at all.
#[derive(Debug)]
pub enum TableError {
    /// The source failed.
    Io(io::Error),
    /// Not a resource table.
    NotTable,
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(e) => write!(f, "the resource table could not be read: {e}"),
            Self::NotTable => f.write_str("resources.arsc is not a resource table"),
        }
    }
}

impl std::error::Error for TableError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            Self::NotTable => None,
        }
    }
}

/// The bytes last read. Memory is not copied.
struct Window<'a> {
    source: &'a dyn Source,
    memory: Option<&'a [u8]>,
    buf: Vec<u8>,
    start: u64,
    /// Bytes of the next read: doubled where one read follows close on the other.
    step: usize,
    error: Option<io::Error>,
}

impl<'a> Window<'a> {
    fn new(source: &'a dyn Source) -> Self {
        Self { source, memory: source.bytes(), buf: Vec::new(), start: 0, step: STEP, error: None }
    }

    /// Up to `len` bytes at `at`, fewer at the end; `len` is a constant or bounded by a limit.
    fn upto(&mut self, at: u64, len: usize) -> &[u8] {
        if let Some(memory) = self.memory {
            let rest = usize::try_from(at).ok().and_then(|at| memory.get(at..)).unwrap_or_default();
            return rest.get(..len).unwrap_or(rest);
        }
        let len = usize::try_from(self.source.len().saturating_sub(at)).unwrap_or(usize::MAX).min(len);
        if !self.holds(at, len) {
            let whole = usize::try_from(self.source.len().saturating_sub(at)).unwrap_or(usize::MAX);
            let end = self.start.saturating_add(self.buf.len() as u64);
            if !self.buf.is_empty() {
                let near = at >= self.start && at <= end.saturating_add(STEP as u64);
                self.step = if near { self.step.saturating_mul(2).min(WINDOW) } else { STEP };
            }
            self.buf.resize(len.max(self.step).min(whole), 0);
            self.start = at;
            match self.source.read_at(at, &mut self.buf) {
                Ok(n) => self.buf.truncate(n),
                Err(e) => {
                    self.buf.clear();
                    self.error = Some(e);
                }
            }
        }
        let from = at.checked_sub(self.start).and_then(|d| usize::try_from(d).ok()).unwrap_or(usize::MAX);
        let rest = self.buf.get(from..).unwrap_or_default();
        rest.get(..len).unwrap_or(rest)
    }

    fn holds(&self, at: u64, len: usize) -> bool {
        let end = self.start.saturating_add(self.buf.len() as u64);
        at >= self.start && at.saturating_add(len as u64) <= end
    }

    fn u16(&mut self, at: u64) -> Option<u16> {
        u16_at(self.upto(at, 2), 0)
    }

    fn u32(&mut self, at: u64) -> Option<u32> {
        u32_at(self.upto(at, 4), 0)
    }

    /// Type, header size and size of the chunk at `at`.
    fn chunk(&mut self, at: u64) -> Option<(u16, u64, u64)> {
        let b = self.upto(at, 8);
        Some((u16_at(b, 0)?, u64::from(u16_at(b, 2)?), u64::from(u32_at(b, 4)?)))
    }
}

/// A package of the table.
struct Package {
    id: u32,
    start: u64,
    end: u64,
    header: u64,
    type_offset: u32,
    /// Every type chunk that may matter, once it was asked for.
    types: Option<Vec<TypeChunk>>,
}

/// The head of a type chunk (`ResTable_type`), kept because coming back to it costs a read.
#[derive(Debug, Clone, Copy)]
struct TypeChunk {
    id: u8,
    flags: u8,
    /// Position of the table of offsets.
    offsets: u64,
    /// Number of entries, or of pairs in a sparse chunk.
    count: u32,
    /// Position of the first entry.
    entries: u64,
    config: Config,
}

impl TypeChunk {
    /// Reads the head that stands at `at`; `None` for a language that does not matter here.
    fn read(head: &[u8], at: u64) -> Option<Self> {
        Some(Self {
            id: *head.get(8)?,
            flags: *head.get(9)?,
            offsets: at.saturating_add(u64::from(u16_at(head, 2)?)),
            count: u32_at(head, 12)?,
            entries: at.saturating_add(u64::from(u32_at(head, 16)?)),
            config: Config::read(head.get(20..)?)?,
        })
    }
}

/// A resource table, read by offset.
pub struct ResourceTable<'a> {
    table: Window<'a>,
    /// The offsets of the strings.
    slots: Window<'a>,
    strings: Window<'a>,
    pool: Option<(u64, PoolHead)>,
    packages: Vec<Package>,
    flaws: Flaws,
    chunks: u32,
    visits: u64,
    hops: u32,
    string_bytes: usize,
    text_bytes: usize,
    max_strings: u32,
}

/// A value as it stands, with how well its configuration fits; lower is better.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    rank: (bool, u8, u8, u16),
    kind: u8,
    data: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lang {
    Default,
    Zh,
    En,
}

/// The configuration of a type chunk, as far as it matters.
#[derive(Debug, Clone, Copy)]
struct Config {
    lang: Lang,
    /// Order within the language.
    locale: u8,
    /// Bound to a mobile country or network.
    network: bool,
    /// Number of other qualifiers.
    others: u8,
    sdk: u16,
}

impl Config {
    /// Reads a `ResTable_config`; `None` for a language that does not matter here.
    fn read(bytes: &[u8]) -> Option<Self> {
        let length = usize::try_from(u32_at(bytes, 0)?).unwrap_or(usize::MAX);
        let b = bytes.get(..length).unwrap_or(bytes);
        let region: [u8; 2] = b.get(10..12).and_then(|r| r.try_into().ok()).unwrap_or_default();
        let script: [u8; 4] = b.get(36..40).and_then(|r| r.try_into().ok()).unwrap_or_default();
        let language = b.get(8..10).and_then(|l| l.try_into().ok()).map(language).unwrap_or_default();
        let (lang, locale) = match &language {
            [0, 0, 0] => (Lang::Default, 0),
            b"zh\0" | b"zho" | b"chi" | b"cmn" => (Lang::Zh, chinese(region, script)),
            b"en\0" | b"eng" => (
                Lang::En,
                match &region {
                    [0, 0] => 0,
                    b"US" => 1,
                    b"GB" => 2,
                    _ => 3,
                },
            ),
            _ => return None,
        };
        let set = |at| u8::from(u32_at(b, at).is_some_and(|v| v != 0));
        Some(Self {
            lang,
            locale,
            network: u32_at(b, 4).is_some_and(|v| v != 0),
            others: [12, 16, 20, 28, 32, 40, 44, 48].into_iter().map(set).fold(0, u8::saturating_add),
            sdk: u16_at(b, 24).unwrap_or(0),
        })
    }
}

/// The order of Chinese configurations for a reader in mainland China.
fn chinese(region: [u8; 2], script: [u8; 4]) -> u8 {
    match (&script, &region) {
        (b"Hant", b"HK") => 7,
        (b"Hant", _) => 6,
        (b"Hans" | [0, ..], b"CN") => 0,
        (b"Hans", [0, 0]) => 1,
        ([0, ..], [0, 0]) => 2,
        (b"Hans", _) => 3,
        (_, b"SG" | b"MY") => 4,
        (_, b"TW") => 6,
        (_, b"HK" | b"MO") => 7,
        _ => 5,
    }
}

/// A language of two letters, or of three packed into 15 bits.
fn language([a, b]: [u8; 2]) -> [u8; 3] {
    if a & 0x80 == 0 {
        return [a.to_ascii_lowercase(), b.to_ascii_lowercase(), 0];
    }
    let letter = |n: u8| (n & 0x1f).saturating_add(b'a');
    [letter(b), letter(b >> 5 | a << 3), letter(a >> 2)]
}

impl<'a> ResourceTable<'a> {
    /// Finds the string pool and the packages.
    ///
    /// # Errors
    /// [`TableError`] where there is no table; the gap is the caller's to add.
    pub fn open(source: &'a dyn Source, limits: &Limits, gaps: &mut Vec<Gap>) -> Result<Self, TableError> {
        let mut out = Self {
            table: Window::new(source),
            slots: Window::new(source),
            strings: Window::new(source),
            pool: None,
            packages: Vec::new(),
            flaws: Flaws::default(),
            chunks: limits.table_chunks,
            visits: u64::from(limits.table_chunks).saturating_mul(4),
            hops: limits.reference_hops,
            string_bytes: limits.string_bytes,
            text_bytes: limits.name_bytes.saturating_mul(4),
            max_strings: limits.strings,
        };
        let head = out.table.chunk(0).filter(|c| c.0 == TABLE);
        let stated_packages = out.table.u32(8);
        if let Some(e) = out.table.error.take() {
            return Err(TableError::Io(e));
        }
        let (Some((_, header, stated)), Some(stated_packages)) = (head, stated_packages) else {
            return Err(TableError::NotTable);
        };
        if stated > source.len() {
            gap_once(gaps, GapKind::Unread, "arsc.size", PART, Some(4), || {
                format!("the table states {stated} bytes and has {}; Android refuses it", source.len())
            });
        }
        let end = stated.min(source.len());
        let mut at = header.max(8);
        while let Some((kind, header, size)) = out.next_chunk(&mut at, end, gaps) {
            let start = at.saturating_sub(size);
            match kind {
                POOL_CHUNK if out.pool.is_none() => {
                    out.pool = PoolHead::read(out.table.upto(start, POOL_HEADER)).map(|p| (start, p));
                }
                PACKAGE => {
                    let id = out.table.u32(start.saturating_add(8)).unwrap_or(0);
                    // The field came with Android 5; older tables have a shorter header.
                    let type_offset =
                        if header >= 288 { out.table.u32(start.saturating_add(284)).unwrap_or(0) } else { 0 };
                    out.packages.push(Package { id, start, end: at, header, type_offset, types: None });
                }
                _ => {}
            }
        }
        let found = out.packages.len() as u64;
        if u64::from(stated_packages) != found {
            let (kind, what) = if u64::from(stated_packages) < found {
                (GapKind::Unread, "Android refuses the table")
            } else {
                (GapKind::Tampered, "those that exist were read")
            };
            gap_once(gaps, kind, "arsc.package-count", PART, Some(8), || {
                format!("the table states {stated_packages} packages and has {found}; {what}")
            });
        }
        if out.pool.is_none() {
            gap_once(gaps, GapKind::Unread, "arsc.pool", PART, None, || "there is no string pool".to_owned());
        }
        out.note_error(gaps);
        Ok(out)
    }

    /// The chunk at `at`, which moves behind it; the size is cut at `end`.
    fn next_chunk(&mut self, at: &mut u64, end: u64, gaps: &mut Vec<Gap>) -> Option<(u16, u64, u64)> {
        let left = end.saturating_sub(*at);
        if left < 8 {
            return None;
        }
        let offset = usize::try_from(*at).ok();
        let Some(chunks) = self.chunks.checked_sub(1) else {
            gap_once(gaps, GapKind::Limit, "arsc.chunks", PART, offset, || {
                "reading stopped at the limit of chunks".to_owned()
            });
            return None;
        };
        self.chunks = chunks;
        let (kind, header, size) = self.table.chunk(*at)?;
        if size < 8 || size > left || header > size {
            gap_once(gaps, GapKind::Unread, "arsc.chunk", PART, offset, || {
                format!(
                    "a chunk of type 0x{kind:04x} states {size} of {left} bytes; Android refuses the table"
                )
            });
        }
        if size < 8 {
            return None;
        }
        let size = size.min(left);
        *at = at.saturating_add(size);
        Some((kind, header, size))
    }

    /// The type chunks of package `index`.
    fn index(&mut self, index: usize, gaps: &mut Vec<Gap>) {
        let Some(package) = self.packages.get(index).filter(|p| p.types.is_none()) else { return };
        let (mut at, end) = (package.start.saturating_add(package.header.max(8)), package.end);
        let mut types = Vec::new();
        while let Some((kind, _, size)) = self.next_chunk(&mut at, end, gaps) {
            if kind == TYPE {
                let start = at.saturating_sub(size);
                types.extend(TypeChunk::read(self.table.upto(start, 72), start));
            }
        }
        if let Some(package) = self.packages.get_mut(index) {
            package.types = Some(types);
        }
    }

    /// Resolves `ids`, one row each in their order. References are followed up to the limit of
    /// hops. Strings are taken; other simple values as text; bags and plurals are nothing.
    pub fn resolve(&mut self, ids: &[u32], gaps: &mut Vec<Gap>) -> Vec<Resolved> {
        self.resolve_some(ids, |_| true, gaps)
    }

    /// As [`Self::resolve`], but other languages are looked for only where `all` says so or the
    /// default configuration has nothing.
    pub fn resolve_some(
        &mut self,
        ids: &[u32],
        all: impl Fn(u32) -> bool,
        gaps: &mut Vec<Gap>,
    ) -> Vec<Resolved> {
        let mut out = Vec::with_capacity(ids.len());
        for &id in ids {
            if !all(id) {
                let first = self.candidates(id, true, gaps);
                let default = self.chase(first, Lang::Default, gaps);
                if default.is_some() {
                    out.push(Resolved { default, ..Resolved::default() });
                    continue;
                }
            }
            let first = self.candidates(id, false, gaps);
            out.push(Resolved {
                default: self.chase(first, Lang::Default, gaps),
                zh: self.chase(first, Lang::Zh, gaps),
                en: self.chase(first, Lang::En, gaps),
            });
        }
        self.flaws.report("arsc", PART, gaps);
        self.note_error(gaps);
        out
    }

    /// Follows the best values for `lang`; nothing where no step is in that language.
    fn chase(
        &mut self,
        mut found: [Option<Candidate>; 3],
        lang: Lang,
        gaps: &mut Vec<Gap>,
    ) -> Option<String> {
        let mut spoken = false;
        for _ in 0..=self.hops {
            let [default, zh, en] = found;
            let own = match lang {
                Lang::Default => default,
                Lang::Zh => zh,
                Lang::En => en,
            };
            spoken |= own.is_some();
            let value = own.or(default)?;
            match value.kind {
                kind::REFERENCE | kind::DYNAMIC_REFERENCE if value.data != 0 => {
                    found = self.candidates(value.data, lang == Lang::Default, gaps);
                }
                // No step ahead can be in the language any more.
                _ if !spoken => return None,
                kind::STRING => return self.string(value.data, gaps),
                kind::REFERENCE | kind::DYNAMIC_REFERENCE | kind::ATTRIBUTE | kind::DYNAMIC_ATTRIBUTE => {
                    return None;
                }
                other => return value_text(other, value.data),
            }
        }
        gap_once(gaps, GapKind::Limit, "arsc.hops", PART, None, || {
            "a reference was not followed beyond the limit of hops (a cycle, most likely)".to_owned()
        });
        None
    }

    /// The best values of resource `id` in the default, Chinese and English configurations, or
    /// only in the default one.
    fn candidates(&mut self, id: u32, only_default: bool, gaps: &mut Vec<Gap>) -> [Option<Candidate>; 3] {
        let mut best = [None; 3];
        let [package_id, type_id, ..] = id.to_be_bytes();
        let entry = id & 0xffff;
        // Package 0 of a reference is the package itself.
        let own = package_id == 0 && !self.packages.iter().any(|p| p.id == 0);
        // A table may have as many packages as chunks.
        self.visits = self.visits.saturating_sub(self.packages.len() as u64 / 64);
        if self.visits == 0 {
            gap_once(gaps, GapKind::Limit, "arsc.chunks", PART, None, || {
                "reading stopped at the limit of chunks".to_owned()
            });
            return best;
        }
        for index in 0..self.packages.len() {
            let Some(package) = self.packages.get(index) else { break };
            if package.id != u32::from(package_id) && !own {
                continue;
            }
            let wanted = u32::from(type_id).checked_sub(package.type_offset);
            self.index(index, gaps);
            let types = self.packages.get_mut(index).and_then(|p| p.types.take()).unwrap_or_default();
            // Passing over the others is cheap, but not free where a table has very many.
            self.visits = self.visits.saturating_sub(types.len() as u64 / 256);
            for chunk in &types {
                if Some(u32::from(chunk.id)) == wanted
                    && (!only_default || chunk.config.lang == Lang::Default)
                {
                    let Some(visits) = self.visits.checked_sub(1) else {
                        gap_once(gaps, GapKind::Limit, "arsc.chunks", PART, None, || {
                            "reading stopped at the limit of chunks".to_owned()
                        });
                        break;
                    };
                    self.visits = visits;
                    self.consider(chunk, entry, &mut best);
                }
            }
            if let Some(package) = self.packages.get_mut(index) {
                package.types = Some(types);
            }
        }
        best
    }

    /// Whether `bytes` more of text may be given out: every id can name the same long string. Once
    /// they may not, no string is looked at any more.
    fn allow(&mut self, bytes: usize, gaps: &mut Vec<Gap>) -> bool {
        let left = self.text_bytes.checked_sub(bytes);
        self.text_bytes = left.unwrap_or(0);
        let enough = left.is_some_and(|n| n > 0);
        if !enough {
            gap_once(gaps, GapKind::Limit, "arsc.text-bytes", PART, None, || {
                "strings were left out: limit of bytes reached".to_owned()
            });
        }
        enough
    }

    /// Takes the entry from `chunk` if it has it and fits better than `best`.
    fn consider(&mut self, chunk: &TypeChunk, entry: u32, best: &mut [Option<Candidate>; 3]) {
        let config = chunk.config;
        let rank = (config.network, config.locale, config.others, config.sdk);
        let Some(slot) = best.get_mut(config.lang as usize) else { return };
        if slot.is_some_and(|b| b.rank <= rank) {
            return;
        }
        if let Some((kind, data)) = self.value(chunk, entry) {
            *slot = Some(Candidate { rank, kind, data });
        }
    }

    /// Type and data of entry `entry` in `chunk`.
    fn value(&mut self, chunk: &TypeChunk, entry: u32) -> Option<(u8, u32)> {
        let place = chunk.entries.saturating_add(self.entry_offset(chunk, entry)?);
        let b = self.table.upto(place, 16);
        let (size, flags) = (u16_at(b, 0)?, u16_at(b, 2)?);
        if flags & COMPACT != 0 {
            let [_, kind] = flags.to_le_bytes();
            return Some((kind, u32_at(b, 4)?));
        }
        if flags & COMPLEX != 0 {
            return None;
        }
        let b =
            if size == 8 { b.get(8..)? } else { self.table.upto(place.saturating_add(u64::from(size)), 8) };
        Some((*b.get(3)?, u32_at(b, 4)?))
    }

    /// Where the entry stands, from the start of the entries.
    fn entry_offset(&mut self, chunk: &TypeChunk, entry: u32) -> Option<u64> {
        let slot = |n: u32, width: u64| chunk.offsets.saturating_add(u64::from(n).saturating_mul(width));
        if chunk.flags & SPARSE != 0 {
            // Pairs of index and offset, ascending by index.
            let (mut low, mut high) = (0, chunk.count);
            while low < high {
                let middle = low.midpoint(high);
                // Each step may be a read of its own.
                self.visits = self.visits.checked_sub(1)?;
                let pair = self.table.upto(slot(middle, 4), 4);
                let (index, offset) = (u32::from(u16_at(pair, 0)?), u16_at(pair, 2)?);
                match index.cmp(&entry) {
                    std::cmp::Ordering::Equal => return Some(u64::from(offset).saturating_mul(4)),
                    std::cmp::Ordering::Less => low = middle.saturating_add(1),
                    std::cmp::Ordering::Greater => high = middle,
                }
            }
            return None;
        }
        if entry >= chunk.count {
            return None;
        }
        if chunk.flags & OFFSET16 != 0 {
            let offset = self.table.u16(slot(entry, 2))?;
            return (offset != u16::MAX).then(|| u64::from(offset).saturating_mul(4));
        }
        let offset = self.table.u32(slot(entry, 4))?;
        (offset != u32::MAX).then_some(u64::from(offset))
    }

    /// String `index` of the table's pool.
    fn string(&mut self, index: u32, gaps: &mut Vec<Gap>) -> Option<String> {
        if !self.allow(0, gaps) {
            return None;
        }
        let (start, pool) = self.pool?;
        if index >= pool.count || index >= self.max_strings {
            self.flaws.add(Flaws::INDEX);
            return None;
        }
        let slot =
            start.saturating_add(pool.header_size as u64).saturating_add(u64::from(index).saturating_mul(4));
        let offset = self.slots.u32(slot)?;
        let at = start.saturating_add(pool.strings_start as u64).saturating_add(u64::from(offset));
        let end = start.saturating_add(pool.strings_end() as u64);
        let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
        let most = self.string_bytes.saturating_mul(2).saturating_add(8);
        let want = needed(self.strings.upto(at, left.min(8)), pool.utf8);
        let bytes = self.strings.upto(at, left.min(want).min(most));
        let (text, mut flaws) = decode(bytes, pool.utf8, self.string_bytes);
        if want > most {
            flaws = Flaws::CUT;
        }
        self.flaws.add(flaws);
        let text = text.into_owned();
        self.allow(text.len(), gaps).then_some(text)
    }

    fn note_error(&mut self, gaps: &mut Vec<Gap>) {
        let failed = [&mut self.table, &mut self.slots, &mut self.strings].map(|w| w.error.take());
        if let Some(e) = failed.into_iter().flatten().next() {
            gap_once(gaps, GapKind::Unread, "arsc.io", PART, None, || format!("reading failed: {e}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::axml::build::pool;
    use super::*;

    #[derive(Clone, Copy, PartialEq)]
    enum Shape {
        Dense,
        Sparse,
        Offset16,
        Compact,
    }

    /// Language, region and script of a configuration of 64 bytes.
    fn config(lang: &[u8; 2], region: &[u8; 2], script: &[u8; 4], sdk: u8) -> Vec<u8> {
        let mut c = vec![0; 64];
        c[0] = 64;
        c[8..10].copy_from_slice(lang);
        c[10..12].copy_from_slice(region);
        c[24] = sdk;
        c[36..40].copy_from_slice(script);
        c
    }

    fn plain(lang: &[u8; 2], region: &[u8; 2]) -> Vec<u8> {
        config(lang, region, &[0; 4], 0)
    }

    /// A type chunk; entries are index, value type and data.
    fn chunk(id: u8, config: &[u8], shape: Shape, entries: &[(u16, u8, u32)]) -> Vec<u8> {
        let count = entries.iter().map(|e| e.0 + 1).max().unwrap_or(0);
        let (mut table, mut data) = (Vec::new(), Vec::new());
        let mut offsets = vec![u32::MAX; usize::from(count)];
        for (index, kind, value) in entries {
            offsets[usize::from(*index)] = data.len() as u32;
            if shape == Shape::Sparse {
                table.extend(index.to_le_bytes());
                table.extend((data.len() as u16 / 4).to_le_bytes());
            }
            if shape == Shape::Compact {
                data.extend([0, 0, 8, *kind]);
            } else {
                data.extend([8, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, *kind]);
            }
            data.extend(value.to_le_bytes());
        }
        match shape {
            Shape::Sparse => {}
            Shape::Offset16 => {
                table.extend(offsets.iter().flat_map(|o| {
                    ((o / 4) as u16 | if *o == u32::MAX { u16::MAX } else { 0 }).to_le_bytes()
                }));
                table.resize(table.len().next_multiple_of(4), 0);
            }
            _ => table.extend(offsets.iter().flat_map(|o| o.to_le_bytes())),
        }
        let header = 20 + config.len();
        let mut out = vec![1, 2, header as u8, 0];
        out.extend(((header + table.len() + data.len()) as u32).to_le_bytes());
        let flags = match shape {
            Shape::Sparse => SPARSE,
            Shape::Offset16 => OFFSET16,
            _ => 0,
        };
        let stated = if shape == Shape::Sparse { entries.len() as u32 } else { u32::from(count) };
        out.extend([id, flags, 0, 0]);
        out.extend(stated.to_le_bytes());
        out.extend(((header + table.len()) as u32).to_le_bytes());
        out.extend(config);
        out.extend(table);
        out.extend(data);
        out
    }

    fn table(strings: &[&str], type_offset: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
        let strings: Vec<String> = strings.iter().map(|s| (*s).to_owned()).collect();
        let body: Vec<u8> = chunks.concat();
        let mut package = vec![0, 2, 0x20, 1];
        package.extend((288 + body.len() as u32).to_le_bytes());
        package.extend(0x7f_u32.to_le_bytes());
        package.resize(284, 0);
        package.extend(type_offset.to_le_bytes());
        package.extend(body);
        let pool = pool(&strings, true);
        let mut out = vec![2, 0, 12, 0];
        out.extend((12 + pool.len() as u32 + package.len() as u32).to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend(pool);
        out.extend(package);
        out
    }

    /// The same bytes without a view of them, so that the window is used.
    struct Hidden(Vec<u8>);

    impl Source for Hidden {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.0.as_slice().read_at(offset, buf)
        }
    }

    fn resolve(bytes: &[u8], ids: &[u32]) -> (Vec<Resolved>, Vec<String>) {
        let limits = Limits::default();
        let mut gaps = Vec::new();
        let found = ResourceTable::open(&bytes, &limits, &mut gaps).unwrap().resolve(ids, &mut gaps);
        let hidden = Hidden(bytes.to_vec());
        let again =
            ResourceTable::open(&hidden, &limits, &mut Vec::new()).unwrap().resolve(ids, &mut Vec::new());
        assert_eq!(found, again, "the window reads the same as memory");
        (found, gaps.into_iter().map(|g| format!("{:?} {}", g.kind, g.code)).collect())
    }

    fn texts(r: &Resolved) -> [Option<&str>; 3] {
        [r.default.as_deref(), r.zh.as_deref(), r.en.as_deref()]
    }

    const S: u8 = kind::STRING;
    const R: u8 = kind::REFERENCE;

    #[test]
    fn simplified_chinese_comes_before_traditional_in_whatever_order_they_stand() {
        let strings = ["Default", "臺灣", "大陆", "English", "British", "简", "v21"];
        let none = plain(&[0, 0], &[0, 0]);
        let mut chunks = vec![
            chunk(1, &config(&[0, 0], &[0, 0], &[0; 4], 21), Shape::Dense, &[(0, S, 6)]),
            chunk(1, &none, Shape::Dense, &[(0, S, 0)]),
            chunk(1, &plain(b"zh", b"TW"), Shape::Dense, &[(0, S, 1)]),
            chunk(1, &plain(b"zh", b"CN"), Shape::Dense, &[(0, S, 2)]),
            chunk(1, &plain(b"en", b"GB"), Shape::Dense, &[(0, S, 4)]),
            chunk(1, &plain(b"en", &[0, 0]), Shape::Dense, &[(0, S, 3)]),
        ];
        for _ in 0..2 {
            let (r, gaps) = resolve(&table(&strings, 0, &chunks), &[0x7f01_0000]);
            assert_eq!(texts(&r[0]), [Some("Default"), Some("大陆"), Some("English")]);
            assert!(gaps.is_empty());
            chunks.reverse();
        }
        let hans = chunk(1, &config(b"zh", &[0, 0], b"Hans", 0), Shape::Dense, &[(0, S, 5)]);
        let tw = chunk(1, &plain(b"zh", b"TW"), Shape::Dense, &[(0, S, 1)]);
        let (r, _) = resolve(&table(&strings, 0, &[tw.clone(), hans]), &[0x7f01_0000]);
        assert_eq!(texts(&r[0]), [None, Some("简"), None]);
        let (r, _) = resolve(&table(&strings, 0, &[tw]), &[0x7f01_0000]);
        assert_eq!(texts(&r[0]), [None, Some("臺灣"), None]);
    }

    #[test]
    fn every_shape_of_entries_is_read() {
        for shape in [Shape::Dense, Shape::Sparse, Shape::Offset16, Shape::Compact] {
            let entries = [(1, S, 0), (5, 0x10, 42), (9, S, 1)];
            let bytes = table(&["a", "b"], 0, &[chunk(2, &plain(&[0, 0], &[0, 0]), shape, &entries)]);
            let ids =
                [0x7f02_0001, 0x7f02_0005, 0x7f02_0009, 0x7f02_0002, 0x7f02_ffff, 0x7f03_0001, 0x0102_0001];
            let (r, gaps) = resolve(&bytes, &ids);
            let found: Vec<_> = r.iter().map(|r| r.default.as_deref()).collect();
            assert_eq!(found, [Some("a"), Some("42"), Some("b"), None, None, None, None]);
            assert!(gaps.is_empty());
        }
    }

    #[test]
    fn references_are_followed_and_a_cycle_ends() {
        let none = plain(&[0, 0], &[0, 0]);
        let chunks = [
            chunk(
                1,
                &none,
                Shape::Dense,
                &[(0, R, 0x7f01_0001), (1, S, 0), (2, R, 0x7f01_0003), (3, R, 0x7f01_0002)],
            ),
            chunk(1, &plain(b"zh", &[0, 0]), Shape::Dense, &[(1, S, 1)]),
        ];
        let (r, gaps) = resolve(&table(&["Name", "名"], 0, &chunks), &[0x7f01_0000, 0x7f01_0002]);
        assert_eq!(texts(&r[0]), [Some("Name"), Some("名"), None]);
        assert_eq!(r[1], Resolved::default());
        assert_eq!(gaps, ["Limit arsc.hops"]);
    }

    #[test]
    fn type_ids_of_a_feature_split_are_shifted() {
        let none = plain(&[0, 0], &[0, 0]);
        let bytes = table(&["x"], 3, &[chunk(1, &none, Shape::Dense, &[(0, S, 0)])]);
        let (r, _) = resolve(&bytes, &[0x7f04_0000, 0x7f01_0000]);
        assert_eq!((r[0].default.as_deref(), r[1].default.as_deref()), (Some("x"), None));
    }

    #[test]
    fn wrong_counts_and_sizes_are_noted_and_what_is_there_is_read() {
        let none = plain(&[0, 0], &[0, 0]);
        let mut bytes = table(&["x"], 0, &[chunk(1, &none, Shape::Dense, &[(0, S, 0)])]);
        bytes[8..12].fill(0xff);
        let size = bytes.len() as u32 + 100;
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        let (r, gaps) = resolve(&bytes, &[0x7f01_0000]);
        assert_eq!(r[0].default.as_deref(), Some("x"));
        assert_eq!(gaps, ["Unread arsc.size", "Tampered arsc.package-count"]);
        let (r, gaps) =
            resolve(&table(&[], 0, &[chunk(1, &none, Shape::Dense, &[(0, S, 7)])]), &[0x7f01_0000]);
        assert_eq!((r[0].default.as_deref(), gaps), (None, vec!["Unread arsc.string-index".to_owned()]));
    }

    #[test]
    fn the_sum_of_texts_and_of_work_is_bounded() {
        let none = plain(&[0, 0], &[0, 0]);
        let entries: Vec<_> = (0..300).map(|n| (n, S, 0)).collect();
        let bytes = table(&["0123456789"], 0, &[chunk(1, &none, Shape::Dense, &entries)]);
        let ids: Vec<u32> = (0..300).map(|n| 0x7f01_0000 + n).collect();
        let read = |bytes: &[u8], limits: &Limits| {
            let mut gaps = Vec::new();
            let rows = ResourceTable::open(&bytes, limits, &mut gaps).unwrap().resolve(&ids, &mut gaps);
            let found = rows.iter().filter(|r| r.default.is_some()).count();
            (found, gaps.into_iter().map(|g| g.code).collect::<Vec<_>>())
        };
        let limits = Limits { name_bytes: 100, ..Limits::default() };
        assert_eq!(read(&bytes, &limits), (39, vec!["arsc.text-bytes".to_owned()]));

        // Thousands of empty packages, each looked at for every id.
        let mut many = bytes.clone();
        many.extend([0, 2, 8, 0, 8, 0, 0, 0].repeat(6400));
        let size = many.len() as u32;
        many[4..8].copy_from_slice(&size.to_le_bytes());
        let limits = Limits { table_chunks: 6410, ..Limits::default() };
        let (found, gaps) = read(&many, &limits);
        assert!(found < 300 && gaps.contains(&"arsc.chunks".to_owned()), "{found} {gaps:?}");
    }

    #[test]
    fn packed_languages_have_three_letters() {
        // `fil` as aapt packs it: 15 bits, first letter lowest.
        let (f, i, l) = (5_u8, 8_u8, 11_u8);
        assert_eq!(language([0x80 | l << 2 | i >> 3, i << 5 | f]), *b"fil");
        assert_eq!(language(*b"zh"), *b"zh\0");
    }

    #[test]
    fn what_is_no_table_is_an_error() {
        for bytes in [&b""[..], &[2, 0, 12], &[0x55; 400]] {
            assert!(ResourceTable::open(&bytes, &Limits::default(), &mut Vec::new()).is_err());
        }
    }
}
