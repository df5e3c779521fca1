//! Dalvik executables (DEX): tables, classes and code, read in place.
//!
//! Format: source.android.com, "Dalvik executable format" (versions 035 to 041), "Dalvik
//! bytecode". [`Dex::open`] checks the header and takes the tables as slices of the file, cut to
//! what the file holds; nothing is copied and strings are decoded when asked for. A
//! [`SiteFinder`] takes the DEX of one app one after the other, so that no two need to be in
//! memory at once, and finds where the code refers to what is [`Wanted`].
//!
//! Every flaw is a gap of the part. Work is bounded by the size of the file, whatever it states.

mod family;
mod flaw;
mod instruction;
mod mutf8;
mod sites;
#[cfg(test)]
mod small;
mod walk;
mod wanted;

use std::borrow::Cow;
use std::ffi::CStr;
use std::fmt;

use flaw::{Flaw, Flaws};
pub use sites::{Caller, DexPart, Site, SiteFinder, Sites, Usage};
pub use wanted::{Target, TargetId, Wanted};

use crate::package::Gap;

/// No index.
const NONE: u32 = u32::MAX;
/// Instructions name types, prototypes, fields and methods by 16 bits.
const INDEXES: usize = 1 << 16;
/// Bytes of a string that are looked at. Java's compilers make none that is longer.
const STRING_BYTES: usize = 1 << 16;
/// Bytes of a type descriptor that are looked at.
const DESCRIPTOR_BYTES: usize = 4 << 10;
/// DEX of one container.
const LOGICAL: usize = 64;
const HEADER: usize = 0x70;
/// Version 041 adds the bounds of the container.
const HEADER_41: usize = 0x78;

/// Why bytes are not read as a DEX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DexError {
    /// They do not begin as one.
    NotDex,
    /// A version that this reader does not know, as its three digits.
    Version([u8; 3]),
    /// Big-endian, which no Android system loads.
    BigEndian,
    /// Cut off within the header.
    Header,
}

impl DexError {
    /// Stable short code, for a gap.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotDex => "dex.format",
            Self::Version(_) => "dex.version",
            Self::BigEndian => "dex.endian",
            Self::Header => "dex.header",
        }
    }
}

impl fmt::Display for DexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDex => f.write_str("not a Dalvik executable"),
            Self::Version(v) => write!(f, "unknown version {} of the format", v.escape_ascii()),
            Self::BigEndian => f.write_str("big-endian, which no system loads"),
            Self::Header => f.write_str("cut off within the header"),
        }
    }
}

impl std::error::Error for DexError {}

/// One Dalvik executable: a whole file up to version 040, one logical DEX of a container from
/// version 041 on.
#[derive(Debug, Clone)]
pub struct Dex<'a> {
    /// The whole physical file: all offsets count from its start.
    file: &'a [u8],
    part: String,
    version: u16,
    /// How many bytes and units of work reading this DEX may take.
    work: u64,
    strings: &'a [[u8; 4]],
    types: &'a [[u8; 4]],
    protos: &'a [[u8; 12]],
    fields: &'a [[u8; 8]],
    methods: &'a [[u8; 8]],
    classes: &'a [[u8; 32]],
    /// Whether the string table is in order and may be searched by halving.
    ordered: bool,
}

/// A class that a DEX defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class<'a> {
    /// Type descriptor, e.g. `Lcom/example/Main;`.
    pub descriptor: Cow<'a, str>,
    /// Descriptor of the superclass; `None` only for `java.lang.Object`.
    pub superclass: Option<Cow<'a, str>>,
    /// Access flags (`0x200` interface, `0x400` abstract …).
    pub flags: u32,
}

impl<'a> Dex<'a> {
    /// The DEX in `bytes`: one, or those of a container of version 041. `part` names the file in
    /// gaps; further DEX of a container are `part#2` and so on.
    ///
    /// # Errors
    /// See [`DexError`]. Whatever else is wrong becomes a gap.
    pub fn open(bytes: &'a [u8], part: &str, gaps: &mut Vec<Gap>) -> Result<Vec<Dex<'a>>, DexError> {
        let mut flaws = Flaws::default();
        let version = magic(bytes)?;
        let starts = if version < 41 { vec![0] } else { container(bytes, &mut flaws) };
        let work =
            (bytes.len() as u64).saturating_mul(16).checked_div(starts.len() as u64).unwrap_or_default();
        let mut all = Vec::with_capacity(starts.len());
        for (number, start) in (1_u32..).zip(starts) {
            let part = if number == 1 { part.to_owned() } else { format!("{part}#{number}") };
            let mut dex = Self::tables(bytes, start, version, &mut flaws).ok_or(DexError::Header)?;
            dex.work = work;
            dex.ordered = dex.is_ordered(&mut flaws);
            std::mem::take(&mut flaws).report(&part, gaps);
            dex.part = part;
            all.push(dex);
        }
        Ok(all)
    }

    /// Takes the tables that the header at `start` names.
    fn tables(file: &'a [u8], start: usize, version: u16, flaws: &mut Flaws) -> Option<Self> {
        let header = file.get(start..)?;
        let word = |at: usize| u32_at(header, at);
        let size = word(0x20)?;
        if version < 41 {
            match (size as usize).cmp(&header.len()) {
                std::cmp::Ordering::Greater => flaws.add(Flaw::Truncated, Some(0x20)),
                std::cmp::Ordering::Less => flaws.add(Flaw::Trailing, Some(u64::from(size))),
                std::cmp::Ordering::Equal => {}
            }
        }
        let expected = if version < 41 { HEADER } else { HEADER_41 };
        if word(0x24)? as usize != expected {
            flaws.add(Flaw::HeaderSize, Some((start as u64).saturating_add(0x24)));
        }
        let class_defs = (word(0x60)?, word(0x64)?);
        Some(Self {
            file,
            part: String::new(),
            version,
            work: 0,
            strings: table(file, word(0x38)?, word(0x3c)?, usize::MAX, flaws),
            types: table(file, word(0x40)?, word(0x44)?, INDEXES, flaws),
            protos: table(file, word(0x48)?, word(0x4c)?, INDEXES, flaws),
            fields: table(file, word(0x50)?, word(0x54)?, INDEXES, flaws),
            methods: table(file, word(0x58)?, word(0x5c)?, INDEXES, flaws),
            classes: table(file, class_defs.0, class_defs.1, INDEXES, flaws),
            ordered: true,
        })
    }

    /// Whether the strings stand in order, as the system demands. What cannot be found out within
    /// the work allowed counts as disorder.
    fn is_ordered(&self, flaws: &mut Flaws) -> bool {
        let mut work = self.work;
        let mut before: &[u8] = &[];
        for (index, id) in self.strings.iter().enumerate() {
            let at = u32::from_le_bytes(*id);
            let Some(data) = self.data_at(at) else {
                flaws.add(Flaw::Text, Some(u64::from(at)));
                before = &[];
                continue;
            };
            let (ascending, cost) = mutf8::ascending(before, data);
            work = work.saturating_sub(cost as u64);
            if (index > 0 && !ascending) || work == 0 {
                flaws.add(Flaw::Order, Some(u64::from(at)));
                return false;
            }
            before = data;
        }
        true
    }

    /// Name of the part that this DEX is.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// Version of the format, e.g. 35.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The string of an index, cut to 64 KiB.
    pub fn string(&self, index: u32) -> Option<Cow<'a, str>> {
        self.string_bytes(index).map(mutf8::decode)
    }

    /// Calls `each` with the index and the bytes (modified UTF-8) of every string. Strings that
    /// share their bytes so often that looking at all would take too long are a gap.
    pub fn each_string(&self, gaps: &mut Vec<Gap>, mut each: impl FnMut(u32, &'a [u8])) {
        let mut flaws = Flaws::default();
        let mut work = self.work;
        for index in 0..self.strings.len() as u32 {
            let Some(bytes) = self.string_bytes(index) else {
                flaws.add(Flaw::Text, None);
                continue;
            };
            work = work.saturating_sub(bytes.len() as u64);
            if work == 0 {
                flaws.add(Flaw::Work, None);
                break;
            }
            each(index, bytes);
        }
        flaws.report(&self.part, gaps);
    }

    /// The classes that this DEX defines, in its order.
    pub fn classes(&self) -> impl Iterator<Item = Class<'a>> + '_ {
        self.classes.iter().filter_map(|def| {
            let superclass = u32_in(def, 8);
            Some(Class {
                descriptor: self.descriptor(u32_in(def, 0))?,
                superclass: if superclass == NONE { None } else { self.descriptor(superclass) },
                flags: u32_in(def, 4),
            })
        })
    }

    /// Number of class definitions.
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// Which of the classes, given by their descriptors, this DEX defines.
    pub fn defines(&self, descriptors: &[&str]) -> Vec<bool> {
        let defined = self.defined_types();
        let has = |t: usize| defined.get(t).copied().unwrap_or_default();
        let of = |descriptor: &&str| {
            let wanted = mutf8::encode(descriptor);
            if self.ordered {
                let at = self.first_type_from(&wanted);
                return has(at) && self.type_bytes(at as u32) == Some(&*wanted);
            }
            (0..self.types.len()).any(|t| has(t) && self.type_bytes(t as u32) == Some(&*wanted))
        };
        descriptors.iter().map(of).collect()
    }

    /// How many classes this DEX defines whose descriptor begins with each of the prefixes, e.g.
    /// `Lcom/example/`.
    pub fn classes_under(&self, prefixes: &[&str]) -> Vec<u32> {
        let defined = self.defined_types();
        let count = |prefix: &&str| {
            let wanted = mutf8::encode(prefix);
            let under = |t: &usize| self.type_data(*t as u32).is_some_and(|d| d.starts_with(&wanted));
            let is_defined = |t: &usize| defined.get(*t).copied().unwrap_or_default();
            if self.ordered {
                let from = self.first_type_from(&wanted);
                return (from..self.types.len()).take_while(under).filter(is_defined).count() as u32;
            }
            (0..self.types.len()).filter(is_defined).filter(under).count() as u32
        };
        prefixes.iter().map(count).collect()
    }

    /// The number of places in the code that call each method, by index in the method table:
    /// every `invoke` instruction, also with a range of registers and polymorphic ones.
    pub fn calls(&self, gaps: &mut Vec<Gap>) -> Vec<u32> {
        let mut flaws = Flaws::default();
        let mut counts = walk::Calls(vec![0; self.methods.len()]);
        walk::walk(self, &mut counts, &mut flaws);
        flaws.report(&self.part, gaps);
        counts.0
    }

    /// The method of an index as the bytecode writes it, e.g.
    /// `Landroid/location/Location;->getLatitude()D`.
    pub fn method(&self, index: u32) -> Option<String> {
        let id = self.methods.get(index as usize)?;
        let class = self.type_name(u16_in(id, 0));
        let name = self.string(u32_in(id, 4))?;
        Some(format!("{class}->{name}{}", self.proto(u16_in(id, 2))?))
    }

    /// The field of an index as the bytecode writes it, e.g.
    /// `Landroid/os/Build;->SERIAL:Ljava/lang/String;`.
    pub fn field(&self, index: u32) -> Option<String> {
        let id = self.fields.get(index as usize)?;
        let (class, kind) = (self.type_name(u16_in(id, 0)), self.type_name(u16_in(id, 2)));
        Some(format!("{class}->{}:{kind}", self.string(u32_in(id, 4))?))
    }

    /// The descriptor of a type, `?` for one without: a broken name hides no site.
    fn type_name(&self, index: u16) -> Cow<'a, str> {
        self.descriptor(u32::from(index)).unwrap_or(Cow::Borrowed("?"))
    }

    /// The prototype of an index, e.g. `(ILjava/lang/String;)V`.
    fn proto(&self, index: u16) -> Option<String> {
        let id = self.protos.get(usize::from(index))?;
        let parameters = u32_in(id, 8);
        let mut text = String::from("(");
        if parameters != 0 {
            let list = self.file.get(parameters as usize..)?;
            // A call takes at most 255 words, so a longer list is none.
            let count = u32_at(list, 0)?.min(255) as usize;
            for t in list.get(4..)?.as_chunks::<2>().0.iter().take(count) {
                text.push_str(&self.descriptor(u32::from(u16::from_le_bytes(*t)))?);
                if text.len() > STRING_BYTES {
                    return None;
                }
            }
        }
        text.push(')');
        text.push_str(&self.descriptor(u32_in(id, 4))?);
        Some(text)
    }

    /// The descriptor of a type.
    fn descriptor(&self, index: u32) -> Option<Cow<'a, str>> {
        self.type_bytes(index).map(mutf8::decode)
    }

    fn type_bytes(&self, index: u32) -> Option<&'a [u8]> {
        Some(cut(self.type_data(index)?, DESCRIPTOR_BYTES))
    }

    fn type_data(&self, index: u32) -> Option<&'a [u8]> {
        self.string_data(u32::from_le_bytes(*self.types.get(index as usize)?))
    }

    /// Index of the first type whose descriptor is not before `wanted`.
    fn first_type_from(&self, wanted: &[u8]) -> usize {
        self.types.partition_point(|id| {
            let data = self.string_data(u32::from_le_bytes(*id)).unwrap_or_default();
            mutf8::order(data, wanted).is_lt()
        })
    }

    /// By type, whether a class of this DEX defines it.
    fn defined_types(&self) -> Vec<bool> {
        let mut defined = vec![false; self.types.len()];
        for def in self.classes {
            if let Some(slot) = defined.get_mut(u32_in(def, 0) as usize) {
                *slot = true;
            }
        }
        defined
    }

    /// The bytes of a string (modified UTF-8), without its end mark.
    fn string_bytes(&self, index: u32) -> Option<&'a [u8]> {
        Some(cut(self.string_data(index)?, STRING_BYTES))
    }

    /// The file from the first byte of a string on.
    #[inline]
    fn string_data(&self, index: u32) -> Option<&'a [u8]> {
        self.data_at(u32::from_le_bytes(*self.strings.get(index as usize)?))
    }

    /// Skips the length in UTF-16 units before a string; the end mark ends it anyway.
    #[inline]
    fn data_at(&self, at: u32) -> Option<&'a [u8]> {
        let rest = self.file.get(at as usize..)?;
        match rest {
            [0..=0x7f, data @ ..] | [_, 0..=0x7f, data @ ..] | [_, _, 0..=0x7f, data @ ..] => Some(data),
            [_, _, _, 0..=0x7f, data @ ..] | [_, _, _, _, 0..=0x7f, data @ ..] => Some(data),
            _ => None,
        }
    }
}

/// A string up to its end mark, at most `most` bytes.
fn cut(data: &[u8], most: usize) -> &[u8] {
    let data = data.get(..most).unwrap_or(data);
    CStr::from_bytes_until_nul(data).map_or(data, CStr::to_bytes)
}

/// The version that the magic names.
fn magic(bytes: &[u8]) -> Result<u16, DexError> {
    let Some([b'd', b'e', b'x', b'\n', version @ .., 0]) = bytes.first_chunk::<8>() else {
        return Err(DexError::NotDex);
    };
    // 036 was never published as a version, but builds of its time wrote it.
    let version = match version {
        b"035" => 35,
        b"036" => 36,
        b"037" => 37,
        b"038" => 38,
        b"039" => 39,
        b"040" => 40,
        b"041" => 41,
        _ => return Err(DexError::Version(*version)),
    };
    let header = if version < 41 { HEADER } else { HEADER_41 };
    if bytes.len() < header {
        return Err(DexError::Header);
    }
    match u32_at(bytes, 0x28) {
        Some(0x7856_3412) => Err(DexError::BigEndian),
        _ => Ok(version),
    }
}

/// Where the headers of a container stand. From version 041 on, the file size of a header is the
/// distance to the next.
fn container(bytes: &[u8], flaws: &mut Flaws) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0_usize;
    while at < bytes.len() {
        if starts.len() == LOGICAL {
            flaws.add(Flaw::Logical, Some(at as u64));
            break;
        }
        let header = bytes.get(at..).unwrap_or_default();
        let size = u32_at(header, 0x20).unwrap_or_default() as usize;
        let own = u32_at(header, 0x74).unwrap_or_default() as usize;
        if at > 0 && (magic(header) != Ok(41) || own != at) {
            flaws.add(Flaw::Container, Some(at as u64));
            break;
        }
        starts.push(at);
        if size < HEADER_41 {
            flaws.add(Flaw::Container, Some(at as u64));
            break;
        }
        at = at.saturating_add(size);
        if at > bytes.len() {
            flaws.add(Flaw::Truncated, Some(bytes.len() as u64));
        }
    }
    starts
}

/// A table of `count` items at `offset`, cut to what the file holds and the format allows.
fn table<'a, const N: usize>(
    file: &'a [u8],
    count: u32,
    offset: u32,
    most: usize,
    flaws: &mut Flaws,
) -> &'a [[u8; N]] {
    if count == 0 {
        return &[];
    }
    let items = match file.get(offset as usize..) {
        Some(rest) if offset as usize >= HEADER => rest.as_chunks::<N>().0,
        _ => &[],
    };
    let most = most.min(items.len());
    if count as usize > most {
        flaws.add(Flaw::Table, Some(u64::from(offset)));
    }
    items.get(..most.min(count as usize)).unwrap_or_default()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

/// A word of an item of a table; `at` is a constant within it.
#[inline]
fn u32_in<const N: usize>(item: &[u8; N], at: usize) -> u32 {
    u32_at(item, at).unwrap_or_default()
}

/// A half word of an item of a table; `at` is a constant within it.
#[inline]
fn u16_in<const N: usize>(item: &[u8; N], at: usize) -> u16 {
    item.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::small::{Class, Op, container, dex};
    use super::*;

    const CODE: &[Op<'_>] = &[Op::Call("La/B;->get(ILjava/lang/String;)I"), Op::Text("some text")];
    const APP: &[Class<'_>] = &[
        ("La/Main;", "Ljava/lang/Object;", &[("run()V", CODE), ("stop()V", CODE)]),
        ("La/b/Other;", "La/Main;", &[]),
    ];

    fn codes(gaps: &[Gap]) -> Vec<&str> {
        gaps.iter().map(|g| g.code.as_str()).collect()
    }

    /// Opens and walks; the codes of the gaps.
    fn flaws(bytes: &[u8]) -> Vec<String> {
        let mut gaps = Vec::new();
        for dex in Dex::open(bytes, "classes.dex", &mut gaps).unwrap() {
            dex.calls(&mut gaps);
        }
        gaps.into_iter().map(|g| g.code).collect()
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32_at(bytes, at).unwrap()
    }

    fn put(bytes: &mut [u8], at: usize, value: u32) {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    #[test]
    fn tables_are_read_in_place() {
        let bytes = dex(APP);
        let mut gaps = Vec::new();
        let all = Dex::open(&bytes, "classes.dex", &mut gaps).unwrap();
        let one = &all[0];
        assert_eq!((all.len(), one.version(), one.part(), one.class_count()), (1, 35, "classes.dex", 2));
        let classes: Vec<_> = one.classes().map(|c| (c.descriptor, c.superclass.unwrap(), c.flags)).collect();
        assert_eq!(classes[0], ("La/Main;".into(), "Ljava/lang/Object;".into(), 1));
        assert_eq!(classes[1], ("La/b/Other;".into(), "La/Main;".into(), 1));
        assert_eq!(one.defines(&["La/Main;", "La/B;", "Lz;", "La/b/Other;"]), [true, false, false, true]);
        assert_eq!(one.classes_under(&["La/", "La/b/", "L", "Lz", "I"]), [2, 1, 2, 0, 0]);
        let calls = one.calls(&mut gaps);
        let called: Vec<_> =
            (0..).zip(calls).filter(|(_, n)| *n > 0).map(|(i, n)| (one.method(i).unwrap(), n)).collect();
        assert_eq!(called, [("La/B;->get(ILjava/lang/String;)I".to_owned(), 2)]);
        let mut texts = Vec::new();
        one.each_string(&mut gaps, |i, bytes| {
            assert_eq!(one.string(i).unwrap().as_bytes(), bytes);
            texts.push(bytes);
        });
        assert!(texts.contains(&b"some text".as_slice()));
        assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[test]
    fn a_container_holds_several() {
        let bytes = container(&[dex(APP), dex(&APP[..1])]);
        let mut gaps = Vec::new();
        let all = Dex::open(&bytes, "classes.dex", &mut gaps).unwrap();
        assert_eq!(all.iter().map(Dex::part).collect::<Vec<_>>(), ["classes.dex", "classes.dex#2"]);
        assert_eq!(all.iter().map(|d| d.calls(&mut gaps).iter().sum::<u32>()).collect::<Vec<_>>(), [2, 2]);
        assert!(gaps.is_empty(), "{gaps:?}");
        let mut broken = bytes;
        let second = word(&broken, 0x20) as usize;
        broken[second] = 0;
        assert_eq!(Dex::open(&broken, "classes.dex", &mut gaps).unwrap().len(), 1);
        assert_eq!(codes(&gaps), ["dex.container"]);
    }

    #[test]
    fn what_is_no_dex_is_told_apart() {
        let open = |bytes: &[u8]| Dex::open(bytes, "x", &mut Vec::new()).map(|_| ());
        let mut bytes = dex(APP);
        assert_eq!(open(b""), Err(DexError::NotDex));
        assert_eq!(open(b"dey\n035\0"), Err(DexError::NotDex));
        assert_eq!(open(&bytes[..0x6f]), Err(DexError::Header));
        put(&mut bytes, 0x28, 0x7856_3412);
        assert_eq!(open(&bytes), Err(DexError::BigEndian));
        bytes[6] = b'9';
        bytes[4] = b'9';
        assert_eq!(open(&bytes), Err(DexError::Version(*b"939")));
    }

    #[test]
    fn huge_tables_are_cut_to_the_file() {
        for at in (0x38..0x68).step_by(8) {
            let mut bytes = dex(APP);
            put(&mut bytes, at, u32::MAX);
            assert!(flaws(&bytes).contains(&"dex.table".to_owned()), "count at {at:#x}");
            let mut bytes = dex(APP);
            if word(&bytes, at) > 0 {
                put(&mut bytes, at + 4, u32::MAX - 3);
                assert!(flaws(&bytes).contains(&"dex.table".to_owned()), "offset at {at:#x}");
            }
        }
    }

    #[test]
    fn broken_places_are_gaps() {
        let good = dex(APP);
        let defs = word(&good, 0x64) as usize;
        let cases: [(&str, usize, u32); 5] = [
            ("dex.trailing", 0x20, 0x80),
            ("dex.truncated", 0x20, 1 << 30),
            ("dex.header-size", 0x24, 0x80),
            ("dex.class", defs, 1 << 20),
            ("dex.class-data", defs + 24, u32::MAX),
        ];
        for (code, at, value) in cases {
            let mut bytes = good.clone();
            put(&mut bytes, at, value);
            assert_eq!(flaws(&bytes), [code]);
        }
        let mut bytes = good.clone();
        let strings = word(&bytes, 0x3c) as usize;
        put(&mut bytes, strings, u32::MAX);
        assert_eq!(flaws(&bytes), ["dex.string"]);
        let cut = &good[..good.len() - 12];
        assert!(flaws(cut).contains(&"dex.truncated".to_owned()));
    }

    #[test]
    fn broken_code_is_a_gap() {
        let with = |units: &[u16]| {
            flaws(&dex(&[("La/Main;", "Ljava/lang/Object;", &[("run()V", &[Op::Raw(units)])])]))
        };
        assert_eq!(with(&[0x000e]), [""; 0]);
        assert_eq!(with(&[0x003e]), ["dex.opcode"]);
        assert_eq!(with(&[0x006e]), ["dex.opcode"], "cut off");
        assert_eq!(with(&[0x006e, 999, 0]), ["dex.index"]);
        assert_eq!(with(&[0x0300, 4, 0xffff, 0xffff]), ["dex.opcode"], "data beyond the end");
    }

    #[test]
    fn strings_in_disorder_are_found_all_the_same() {
        let mut bytes = dex(APP);
        let (count, strings) = (word(&bytes, 0x38) as usize, word(&bytes, 0x3c) as usize);
        // Turns the table about and points the types, the only users that the search needs, after it.
        let offsets: Vec<u32> = (0..count).map(|i| word(&bytes, strings + 4 * i)).collect();
        for (i, offset) in offsets.iter().rev().enumerate() {
            put(&mut bytes, strings + 4 * i, *offset);
        }
        let (types, at) = (word(&bytes, 0x40) as usize, word(&bytes, 0x44) as usize);
        for i in 0..types {
            let old = word(&bytes, at + 4 * i);
            put(&mut bytes, at + 4 * i, count as u32 - 1 - old);
        }
        let mut gaps = Vec::new();
        let all = Dex::open(&bytes, "classes.dex", &mut gaps).unwrap();
        assert_eq!(codes(&gaps), ["dex.order"]);
        assert_eq!(all[0].defines(&["La/Main;", "La/B;"]), [true, false]);
        assert_eq!(all[0].classes_under(&["La/"]), [2]);
        let wanted = Wanted::new(vec![
            Target::Text { text: "some text".into() },
            Target::TextPrefix { prefix: "some".into() },
        ]);
        let mut finder = SiteFinder::new(&wanted, &crate::unpack::limits::Limits::default());
        finder.read(&all[0], &mut gaps);
        assert_eq!(finder.finish().named, [TargetId(0), TargetId(1)]);
    }

    #[test]
    fn shared_code_cannot_multiply_the_work() {
        let code = vec![0_u16; 4000];
        let names: Vec<String> = (0..200).map(|i| format!("m{i:03}()V")).collect();
        let ops = [Op::Raw(&code)];
        let mut methods: Vec<(&str, &[Op<'_>])> = names.iter().map(|n| (n.as_str(), [].as_slice())).collect();
        methods[0].1 = &ops;
        let mut bytes = dex(&[("La/Main;", "Ljava/lang/Object;", &methods)]);
        assert_eq!(flaws(&bytes), [""; 0]);
        // The first method's code for every method.
        let defs = word(&bytes, 0x64) as usize;
        let list = word(&bytes, defs + 24) as usize;
        let text = bytes[list..].to_vec();
        let first = &text[5 + 2..][..2];
        let first = [first[0], first[1]];
        let mut at = list + 5;
        while at + 3 < bytes.len() && bytes[at] <= 1 {
            let width = 1 + bytes[at + 2..].iter().position(|b| *b < 0x80).unwrap();
            if width == 2 {
                bytes[at + 2..at + 4].copy_from_slice(&first);
            } else {
                bytes[at + 2..at + 5].copy_from_slice(&[first[0], first[1] | 0x80, 0]);
            }
            at += 2 + width;
        }
        assert_eq!(flaws(&bytes), ["dex.work"]);
    }
}
