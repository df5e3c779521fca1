//! String pools of binary XML and resource tables (`ResStringPool_header` of AOSP's
//! `ResourceTypes.h`), decoded one string at a time.

use std::borrow::Cow;

use crate::package::{Gap, GapKind};

/// `RES_STRING_POOL_TYPE`.
pub(super) const POOL_CHUNK: u16 = 0x0001;
/// Bytes of `ResStringPool_header`.
pub(super) const POOL_HEADER: usize = 28;
const UTF8_FLAG: u32 = 1 << 8;
/// Lengths tried for a string of UTF-8 whose length was written short: up to 1 MiB.
const LONGER: usize = 32;

/// Little-endian 16 bits at `at`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let b = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(b.try_into().ok()?))
}

/// Little-endian 32 bits at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(b.try_into().ok()?))
}

/// `u32` as a size; saturates where a `usize` is smaller.
pub(super) fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Adds a gap unless one of the same code and part is there already: a broken structure often
/// repeats itself thousands of times.
pub(super) fn gap_once(
    gaps: &mut Vec<Gap>,
    kind: GapKind,
    code: &str,
    part: &str,
    offset: Option<usize>,
    detail: impl FnOnce() -> String,
) {
    if !gaps.iter().any(|g| g.code == code && g.part == part) {
        gaps.push(Gap {
            kind,
            code: code.to_owned(),
            part: part.to_owned(),
            offset: offset.map(|o| o as u64),
            detail: detail(),
        });
    }
}

/// The fields of a pool's header that reading needs. Offsets are relative to the pool's start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PoolHead {
    pub header_size: usize,
    pub size: usize,
    pub count: u32,
    pub styles: u32,
    pub utf8: bool,
    pub strings_start: usize,
    pub styles_start: usize,
}

impl PoolHead {
    /// Reads the header at the start of `bytes`.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            header_size: usize::from(u16_at(bytes, 2)?),
            size: size(u32_at(bytes, 4)?),
            count: u32_at(bytes, 8)?,
            styles: u32_at(bytes, 12)?,
            utf8: u32_at(bytes, 16)? & UTF8_FLAG != 0,
            strings_start: size(u32_at(bytes, 20)?),
            styles_start: size(u32_at(bytes, 24)?),
        })
    }

    /// Where the string data ends: at the styles where there are any, else at the pool's end.
    pub fn strings_end(&self) -> usize {
        if self.styles > 0 && self.styles_start > self.strings_start {
            self.styles_start.min(self.size)
        } else {
            self.size
        }
    }
}

/// What was wrong with a decoded string; a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flaws(u8);

impl Flaws {
    /// Half of a surrogate pair, dropped.
    pub const SURROGATE: Self = Self(1);
    /// No zero after the stated length.
    pub const UNTERMINATED: Self = Self(2);
    /// Runs beyond the end of the pool; what is there was taken.
    pub const BEYOND: Self = Self(4);
    /// Bytes that are not UTF-8, replaced by U+FFFD.
    pub const ENCODING: Self = Self(8);
    /// Cut at the limit of bytes.
    pub const CUT: Self = Self(16);
    /// No string of that index.
    pub const INDEX: Self = Self(32);
    /// Left out: too much text was decoded before.
    pub const SPENT: Self = Self(64);

    /// Adds the flaws of `other`.
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether all flaws of `other` are there.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// One gap per flaw. `prefix` is the format of the code (`axml`, `arsc`).
    pub fn report(self, prefix: &str, part: &str, gaps: &mut Vec<Gap>) {
        let rows = [
            (
                Self::SURROGATE,
                GapKind::Tampered,
                "surrogate",
                "half of a surrogate pair in a string was dropped",
            ),
            (
                Self::UNTERMINATED,
                GapKind::Tampered,
                "string-end",
                "a string lacks its terminating zero; it was read by its stated length",
            ),
            (
                Self::BEYOND,
                GapKind::Unread,
                "string-range",
                "a string runs beyond its pool; what is there was read",
            ),
            (
                Self::ENCODING,
                GapKind::Tampered,
                "string-encoding",
                "bytes of a string are not UTF-8; U+FFFD stands for them",
            ),
            (Self::CUT, GapKind::Limit, "string-bytes", "a string was cut at the limit of bytes"),
            (Self::INDEX, GapKind::Unread, "string-index", "a string index points outside the pool"),
            (
                Self::SPENT,
                GapKind::Limit,
                "text-bytes",
                "strings were left out: limit of bytes decoded in all reached",
            ),
        ];
        for (flaw, kind, code, detail) in rows {
            if self.has(flaw) {
                gap_once(gaps, kind, &format!("{prefix}.{code}"), part, None, || detail.to_owned());
            }
        }
    }
}

/// Decodes the string whose length prefix starts `bytes`; `bytes` ends where the pool's strings
/// end. At most `max` bytes of text are produced.
pub(super) fn decode(bytes: &[u8], utf8: bool, max: usize) -> (Cow<'_, str>, Flaws) {
    let mut flaws = Flaws::default();
    let Some((body, wanted)) = body(bytes, utf8, &mut flaws) else {
        flaws.add(Flaws::BEYOND);
        return (Cow::Borrowed(""), flaws);
    };
    if body.len() < wanted {
        flaws.add(Flaws::BEYOND);
    }
    let text = if utf8 { decode_utf8(body, max, &mut flaws) } else { decode_utf16(body, max, &mut flaws) };
    (text, flaws)
}

/// How many bytes from the string's start are needed to decode it fully; 0 if the prefix is cut.
pub(super) fn needed(bytes: &[u8], utf8: bool) -> usize {
    let prefix = if utf8 {
        length8(bytes, 0).and_then(|(_, p)| length8(bytes, p))
    } else {
        length16(bytes).map(|(n, p)| (n.saturating_mul(2), p))
    };
    prefix.map_or(0, |(n, p)| n.saturating_add(p).saturating_add(2))
}

/// The raw bytes of a string without prefix and terminator, and the length that the prefix states.
fn body<'a>(bytes: &'a [u8], utf8: bool, flaws: &mut Flaws) -> Option<(&'a [u8], usize)> {
    if utf8 {
        let (_, at) = length8(bytes, 0)?;
        let (stated, at) = length8(bytes, at)?;
        let rest = bytes.get(at..)?;
        let mut n = stated;
        if rest.get(n) != Some(&0) {
            // Lengths above 0x7fff lose their upper bits when written; the zero tells which.
            let first = if stated >= 0x4000 { stated | 0x8000 } else { usize::MAX };
            let longer = (0..LONGER).map(|i: usize| first.saturating_add(i.saturating_mul(0x8000)));
            match longer.take_while(|n| *n < rest.len()).find(|n| rest.get(*n) == Some(&0)) {
                Some(longer) => n = longer,
                None => flaws.add(Flaws::UNTERMINATED),
            }
        }
        Some((rest.get(..n).unwrap_or(rest), n))
    } else {
        let (units, at) = length16(bytes)?;
        let n = units.saturating_mul(2);
        let rest = bytes.get(at..)?;
        if u16_at(rest, n) != Some(0) {
            flaws.add(Flaws::UNTERMINATED);
        }
        Some((rest.get(..n).unwrap_or(rest), n))
    }
}

/// One or two bytes of length, and the offset behind them.
fn length8(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.get(at)?);
    let next = at.checked_add(1)?;
    if first & 0x80 == 0 {
        return Some((first, next));
    }
    let second = usize::from(*bytes.get(next)?);
    Some(((first & 0x7f) << 8 | second, next.checked_add(1)?))
}

/// One or two units of length, and the offset behind them.
fn length16(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(u16_at(bytes, 0)?);
    if first & 0x8000 == 0 {
        return Some((first, 2));
    }
    let second = usize::from(u16_at(bytes, 2)?);
    Some(((first & 0x7fff) << 16 | second, 4))
}

fn decode_utf8<'a>(body: &'a [u8], max: usize, flaws: &mut Flaws) -> Cow<'a, str> {
    let (part, cut) = match body.get(..max) {
        Some(head) if body.len() > max => (head, true),
        _ => (body, false),
    };
    if cut {
        flaws.add(Flaws::CUT);
    }
    match std::str::from_utf8(part) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = decode_modified(part, cut, flaws);
            // U+FFFD takes three bytes for one.
            while text.len() > max {
                flaws.add(Flaws::CUT);
                text.pop();
            }
            Cow::Owned(text)
        }
    }
}

/// UTF-8 in which characters beyond U+FFFF are pairs of three-byte surrogates, as aapt2 writes it.
fn decode_modified(bytes: &[u8], cut: bool, flaws: &mut Flaws) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                out.push_str(text);
                break;
            }
            Err(e) => {
                let (good, bad) = rest.split_at_checked(e.valid_up_to()).unwrap_or((&[], rest));
                out.push_str(std::str::from_utf8(good).unwrap_or_default());
                let skip = match surrogate8(bad) {
                    Some(high) if high < 0xdc00 => {
                        match bad.get(3..).and_then(surrogate8).filter(|l| *l >= 0xdc00) {
                            Some(low) => {
                                let pair = [high, low];
                                out.extend(char::decode_utf16(pair).flatten());
                                6
                            }
                            None => {
                                flaws.add(Flaws::SURROGATE);
                                3
                            }
                        }
                    }
                    Some(_) => {
                        flaws.add(Flaws::SURROGATE);
                        3
                    }
                    // A character that the limit cut in two.
                    None if cut && e.error_len().is_none() => bad.len(),
                    None => {
                        flaws.add(Flaws::ENCODING);
                        out.push(char::REPLACEMENT_CHARACTER);
                        e.error_len().unwrap_or(bad.len())
                    }
                };
                rest = bad.get(skip.max(1)..).unwrap_or_default();
            }
        }
    }
    out
}

/// A surrogate written as three bytes.
fn surrogate8(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [0xed, b @ 0xa0..=0xbf, c @ 0x80..=0xbf, ..] => {
            Some(0xd000 | u16::from(b & 0x3f) << 6 | u16::from(c & 0x3f))
        }
        _ => None,
    }
}

fn decode_utf16<'a>(body: &[u8], max: usize, flaws: &mut Flaws) -> Cow<'a, str> {
    let pairs = body.as_chunks::<2>().0;
    // Nearly all names are ASCII: their low bytes are the text.
    if pairs.len() <= max && pairs.iter().all(|[low, high]| *high == 0 && low.is_ascii()) {
        let text = String::from_utf8(pairs.iter().map(|[low, _]| *low).collect());
        return Cow::Owned(text.unwrap_or_default());
    }
    let mut out = String::with_capacity(pairs.len().min(max));
    let units = pairs.iter().map(|b| u16::from_le_bytes(*b));
    // Half pairs give no text, so the number of characters is bounded too.
    for (n, c) in char::decode_utf16(units).enumerate() {
        match c {
            _ if n >= max => {
                flaws.add(Flaws::CUT);
                break;
            }
            Ok(c) if out.len().saturating_add(c.len_utf8()) > max => {
                flaws.add(Flaws::CUT);
                break;
            }
            Ok(c) => out.push(c),
            Err(_) => flaws.add(Flaws::SURROGATE),
        }
    }
    Cow::Owned(out)
}

/// A pool that lies in memory.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StringPool<'a> {
    offsets: &'a [u8],
    strings: &'a [u8],
    utf8: bool,
    count: u32,
}

impl<'a> StringPool<'a> {
    /// Opens the pool that starts at `at` of `bytes` (a document that ends with its data) and
    /// says why Android refuses it, if it does.
    pub fn open(bytes: &'a [u8], at: usize, end: usize) -> (Self, Option<&'static str>) {
        let chunk = bytes.get(at..end).unwrap_or_default();
        let Some(head) = PoolHead::read(chunk) else {
            return (Self::default(), Some("the header of the string pool is cut"));
        };
        let chunk = chunk.get(..head.size).unwrap_or(chunk);
        let offsets = chunk.get(head.header_size..).unwrap_or_default();
        let table = size(head.count).saturating_mul(4);
        let refused = if head.header_size < POOL_HEADER {
            Some("the header of the string pool is too small")
        } else if table > offsets.len() {
            Some("the string pool states more strings than it has room for")
        } else if head.strings_start >= chunk.len() && head.count > 0 {
            Some("the string data starts outside the string pool")
        } else if head.styles > 0
            && (head.styles_start >= chunk.len()
                || head.styles_start <= head.strings_start
                || size(head.styles).saturating_mul(4) > offsets.len().saturating_sub(table))
        {
            Some("the string pool states styles that it does not have")
        } else {
            None
        };
        let strings = chunk.get(head.strings_start..head.strings_end()).unwrap_or_default();
        let offsets = offsets.get(..table).unwrap_or(offsets);
        (Self { offsets, strings, utf8: head.utf8, count: head.count }, refused)
    }

    /// Number of strings as stated.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The string's bytes from its length prefix to the end of the pool.
    fn at(&self, index: u32) -> Option<&'a [u8]> {
        let offset = size(u32_at(self.offsets, size(index).checked_mul(4)?)?);
        self.strings.get(offset..).filter(|s| !s.is_empty())
    }

    /// The string `index`, at most `max` bytes of it; `None` for an index outside the pool.
    pub fn get(&self, index: u32, max: usize, flaws: &mut Flaws) -> Option<Cow<'a, str>> {
        let Some(bytes) = self.at(index) else {
            flaws.add(Flaws::INDEX);
            return None;
        };
        let (text, found) = decode(bytes, self.utf8, max);
        flaws.add(found);
        Some(text)
    }

    /// An upper bound of the UTF-8 bytes of the string `index`.
    pub fn length(&self, index: u32) -> usize {
        self.at(index)
            .map_or(0, |b| needed(b, self.utf8).min(b.len()).saturating_mul(if self.utf8 { 1 } else { 2 }))
    }

    /// The string `index` in `buf` if it is ASCII and fits: for comparing names without allocating.
    pub fn ascii<'b>(&self, index: u32, buf: &'b mut [u8; 64]) -> Option<&'b str> {
        let (body, wanted) = body(self.at(index)?, self.utf8, &mut Flaws::default())?;
        if body.len() < wanted {
            return None;
        }
        let n = if self.utf8 {
            buf.get_mut(..body.len())?.copy_from_slice(body);
            body.len()
        } else {
            let n = body.len() / 2;
            for (to, from) in buf.get_mut(..n)?.iter_mut().zip(body.as_chunks::<2>().0) {
                let [low, 0] = *from else { return None };
                *to = low;
            }
            n
        };
        let text = std::str::from_utf8(buf.get(..n)?).ok()?;
        text.is_ascii().then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_utf8_length_takes_two_bytes() {
        let mut b = vec![0x81, 0x2c, 0x81, 0x2c];
        b.extend(std::iter::repeat_n(b'a', 300));
        b.push(0);
        let (text, flaws) = decode(&b, true, 1 << 20);
        assert_eq!((text.len(), flaws), (300, Flaws::default()));
        assert_eq!(needed(&b, true), 306);
    }

    #[test]
    fn utf8_length_beyond_15_bits_is_found_by_its_zero() {
        let n = 0x8000 + 0x4001;
        let mut b = vec![0xc0, 0x01, 0xc0, 0x01];
        b.extend(std::iter::repeat_n(b'a', n));
        b.push(0);
        let (text, flaws) = decode(&b, true, 1 << 20);
        assert_eq!((text.len(), flaws), (n, Flaws::default()));
    }

    #[test]
    fn modified_utf8_pairs_become_one_character_and_halves_are_dropped() {
        let b = [3, 10, b'x', 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80, 0xed, 0xa0, 0xbd, 0];
        let (text, flaws) = decode(&b, true, 99);
        assert_eq!(text, "x😀");
        assert_eq!(flaws, Flaws::SURROGATE);
    }

    #[test]
    fn utf16_long_length_lone_surrogate_and_cut() {
        let mut b = vec![0x00, 0x80, 0x03, 0x00];
        for u in ['天' as u16, 0xd83d, 'x' as u16, 0] {
            b.extend(u.to_le_bytes());
        }
        let (text, flaws) = decode(&b, false, 99);
        assert_eq!((text.as_ref(), flaws), ("天x", Flaws::SURROGATE));
        let (text, flaws) = decode(&b, false, 3);
        assert_eq!(text, "天");
        assert!(flaws.has(Flaws::CUT));
    }

    #[test]
    fn replaced_bytes_do_not_grow_beyond_the_limit() {
        let b = [&[30, 30][..], &[0xff; 30], &[0]].concat();
        let (text, flaws) = decode(&b, true, 30);
        assert_eq!(text.len(), 30);
        assert!(flaws.has(Flaws::CUT) && flaws.has(Flaws::ENCODING));
    }

    #[test]
    fn utf16_of_ascii_is_read_whole_and_cut_like_any_other() {
        let mut b = vec![3, 0];
        for u in "abc\0".encode_utf16() {
            b.extend(u.to_le_bytes());
        }
        assert_eq!(decode(&b, false, 3), (Cow::Borrowed("abc"), Flaws::default()));
        assert_eq!(decode(&b, false, 2), (Cow::Borrowed("ab"), Flaws::CUT));
    }

    #[test]
    fn half_pairs_do_not_keep_decoding_going() {
        let mut b = vec![0x00, 0x80, 0xe8, 0x03];
        b.extend([0x00, 0xd8].repeat(1000));
        b.extend([b'x', 0]);
        let (text, flaws) = decode(&b, false, 10);
        assert_eq!(text, "");
        assert!(flaws.has(Flaws::CUT));
    }

    #[test]
    fn a_string_that_runs_out_of_the_pool_gives_what_is_there() {
        let (text, flaws) = decode(&[9, 9, b'a', b'b'], true, 99);
        assert_eq!(text, "ab");
        assert!(flaws.has(Flaws::BEYOND));
        assert!(decode(&[], false, 9).1.has(Flaws::BEYOND));
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        let b = [2, 6, 0xe5, 0xa4, 0xa9, 0xe6, 0xb0, 0x94, 0];
        let (text, flaws) = decode(&b, true, 4);
        assert_eq!((text.as_ref(), flaws), ("天", Flaws::CUT));
    }
}
