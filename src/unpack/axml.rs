//! Binary XML as Android's `ResXMLTree` (AOSP `ResourceTypes.cpp`) reads it: chunk after chunk,
//! attributes known by resource id. Where Android would refuse a document, reading goes on as far
//! as it can and a gap says so.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write as _;

use super::limits::Limits;
use super::pool::{Flaws, POOL_CHUNK, StringPool, gap_once, size, u16_at, u32_at};
use crate::package::{Gap, GapKind};

const RESOURCE_MAP: u16 = 0x0180;
const FIRST_NODE: u16 = 0x0100;
const LAST_NODE: u16 = 0x017f;
const START_NAMESPACE: u16 = 0x0100;
const END_NAMESPACE: u16 = 0x0101;
const START_ELEMENT: u16 = 0x0102;
const END_ELEMENT: u16 = 0x0103;
const CDATA: u16 = 0x0104;
const NODE_HEADER: usize = 16;
const ATTRIBUTE: usize = 20;

/// The namespace of the platform's attributes.
pub const ANDROID_NS: &str = "http://schemas.android.com/apk/res/android";

/// Why a binary XML cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxmlError {
    /// Not a chunk of binary XML, or cut before the first element.
    NotBinaryXml,
}

/// An open document.
pub struct Document<'a> {
    bytes: &'a [u8],
    part: &'a str,
    pool: StringPool<'a>,
    map: &'a [u8],
    first: usize,
    end: usize,
    max: usize,
    /// Bytes of strings that may still be decoded: one string can be named by every node.
    room: Cell<usize>,
    flaws: Cell<Flaws>,
}

/// What a document consists of, in order.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A namespace declared for the next element; indices of prefix and URI.
    Namespace(u32, u32),
    /// A start tag.
    Start(Element<'a>),
    /// The end tag of the innermost element that is open.
    End,
    /// Text; its index.
    Text(u32),
}

/// A start tag.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Index of the namespace URI.
    pub ns: u32,
    /// Index of the name.
    pub name: u32,
    /// Line of the decoded text, from 1.
    pub line: u32,
    /// Byte offset of the chunk.
    pub offset: usize,
    attributes: &'a [u8],
    stride: usize,
    count: usize,
}

/// An attribute as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Index of the namespace URI; `u32::MAX` for none.
    pub ns: u32,
    /// Index of the name.
    pub name: u32,
    /// Index of the value as written; `u32::MAX` for none.
    pub raw: u32,
    /// `Res_value.dataType`.
    pub kind: u8,
    /// `Res_value.data`.
    pub data: u32,
}

/// `Res_value` types.
pub(super) mod kind {
    pub const NULL: u8 = 0x00;
    pub const REFERENCE: u8 = 0x01;
    pub const ATTRIBUTE: u8 = 0x02;
    pub const STRING: u8 = 0x03;
    pub const FLOAT: u8 = 0x04;
    pub const DIMENSION: u8 = 0x05;
    pub const FRACTION: u8 = 0x06;
    pub const DYNAMIC_REFERENCE: u8 = 0x07;
    pub const DYNAMIC_ATTRIBUTE: u8 = 0x08;
    pub const INT_HEX: u8 = 0x11;
    pub const BOOLEAN: u8 = 0x12;
    pub const FIRST_INT: u8 = 0x10;
    pub const LAST_INT: u8 = 0x1f;
    pub const FIRST_COLOR: u8 = 0x1c;
}

/// The text of a value that is not a string, as the platform's `TypedValue.coerceToString` shapes
/// it; references as `@0x7f010203`. `None` for null.
pub(super) fn value_text(kind: u8, data: u32) -> Option<String> {
    #[allow(clippy::cast_possible_wrap)]
    let signed = data as i32;
    Some(match kind {
        kind::REFERENCE | kind::DYNAMIC_REFERENCE => format!("@0x{data:08x}"),
        kind::ATTRIBUTE | kind::DYNAMIC_ATTRIBUTE => format!("?0x{data:08x}"),
        kind::FLOAT => float(f32::from_bits(data)),
        kind::DIMENSION => {
            let unit = ["px", "dip", "sp", "pt", "in", "mm"].get(size(data & 0xf)).unwrap_or(&"");
            format!("{}{unit}", float(complex(signed)))
        }
        kind::FRACTION => {
            let unit = if data & 0xf == 1 { "%p" } else { "%" };
            format!("{}{unit}", float(complex(signed) * 100.0))
        }
        kind::INT_HEX => format!("0x{data:x}"),
        kind::BOOLEAN => if data != 0 { "true" } else { "false" }.to_owned(),
        kind::FIRST_COLOR..=kind::LAST_INT => format!("#{data:08x}"),
        kind::FIRST_INT..=kind::LAST_INT => signed.to_string(),
        _ => return None,
    })
}

fn float(f: f32) -> String {
    format!("{f:?}")
}

/// `TypedValue.complexToFloat`.
#[allow(clippy::cast_precision_loss)]
fn complex(data: i32) -> f32 {
    let scale = match (data >> 4) & 3 {
        0 => 1.0 / 256.0,
        1 => 1.0 / 32_768.0,
        2 => 1.0 / 8_388_608.0,
        _ => 1.0 / 2_147_483_648.0,
    };
    (data & !0xff) as f32 * scale
}

impl<'a> Element<'a> {
    /// The attributes in order, as many as the chunk holds.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute> + use<'a> {
        let (bytes, stride) = (self.attributes, self.stride);
        (0..self.count).map_while(move |i| {
            let b = bytes.get(i.checked_mul(stride)?..)?.get(..ATTRIBUTE)?;
            Some(Attribute {
                ns: u32_at(b, 0)?,
                name: u32_at(b, 4)?,
                raw: u32_at(b, 8)?,
                kind: *b.get(15)?,
                data: u32_at(b, 16)?,
            })
        })
    }
}

impl<'a> Document<'a> {
    /// Finds string pool, resource map and first node. The type of the root chunk is not looked
    /// at, as Android does not either. `part` names the document in gaps.
    ///
    /// # Errors
    /// [`AxmlError::NotBinaryXml`] if there is no node to read.
    pub fn open(
        bytes: &'a [u8],
        part: &'a str,
        limits: &Limits,
        gaps: &mut Vec<Gap>,
    ) -> Result<Self, AxmlError> {
        let header = u16_at(bytes, 2).map(usize::from).ok_or(AxmlError::NotBinaryXml)?;
        let stated = u32_at(bytes, 4).map(size).ok_or(AxmlError::NotBinaryXml)?;
        if stated > bytes.len() || header > stated {
            gap_once(gaps, GapKind::Unread, "axml.root-size", part, Some(4), || {
                format!("the document states {stated} bytes and has {}; Android refuses it", bytes.len())
            });
        }
        if stated < bytes.len() {
            gap_once(gaps, GapKind::Tampered, "axml.trailing", part, Some(stated), || {
                "bytes follow the document; Android does not read them".to_owned()
            });
        }
        let end = stated.min(bytes.len());
        let mut doc = Self {
            bytes,
            part,
            pool: StringPool::default(),
            map: &[],
            first: end,
            end,
            max: limits.string_bytes,
            room: Cell::new(usize::try_from(limits.entry_bytes).unwrap_or(usize::MAX).saturating_mul(2)),
            flaws: Cell::default(),
        };
        let mut at = header;
        let mut refused = Some("there is no string pool");
        let mut chunks = 0_u32;
        while let (Some(kind), Some(head), Some(len)) =
            (u16_at(bytes, at), u16_at(bytes, at.saturating_add(2)), u32_at(bytes, at.saturating_add(4)))
        {
            chunks = chunks.saturating_add(1);
            if (FIRST_NODE..=LAST_NODE).contains(&kind) || at >= end || chunks > limits.xml_nodes {
                break;
            }
            let (head, len) = (usize::from(head), size(len));
            match kind {
                POOL_CHUNK => (doc.pool, refused) = StringPool::open(bytes, at, end),
                RESOURCE_MAP => {
                    let to = at.saturating_add(len).min(end);
                    doc.map = bytes.get(at.saturating_add(head)..to).unwrap_or_default();
                }
                _ => gap_once(gaps, GapKind::Tampered, "axml.unknown-chunk", part, Some(at), || {
                    format!("a chunk of unknown type 0x{kind:04x} was skipped")
                }),
            }
            if len < 8 || len > end.saturating_sub(at) || head > len {
                gap_once(gaps, GapKind::Unread, "axml.chunk", part, Some(at), || {
                    format!("a chunk states {len} bytes; Android refuses the document")
                });
                // The pool may still be whole where only its size is wrong; without a size there
                // is no way to what follows.
                if len < 8 {
                    break;
                }
            }
            at = at.saturating_add(len);
        }
        doc.first = at.min(end);
        if let Some(why) = refused {
            gap_once(gaps, GapKind::Unread, "axml.pool", part, None, || {
                format!("{why}; Android refuses the document")
            });
        }
        let node = u16_at(bytes, doc.first).filter(|k| (FIRST_NODE..=LAST_NODE).contains(k));
        if node.is_none() || doc.first >= end {
            return Err(AxmlError::NotBinaryXml);
        }
        if doc.pool.count() > limits.strings {
            gap_once(gaps, GapKind::Limit, "axml.strings", part, None, || {
                format!(
                    "{} strings stated; those beyond the limit of {} are not read",
                    doc.pool.count(),
                    limits.strings
                )
            });
        }
        Ok(doc)
    }

    /// Whether there is a resource map, so that attributes are known by id.
    pub fn has_map(&self) -> bool {
        !self.map.is_empty()
    }

    /// The resource id of the attribute name `index`; 0 where there is none.
    pub fn resource_id(&self, index: u32) -> u32 {
        size(index).checked_mul(4).and_then(|at| u32_at(self.map, at)).unwrap_or(0)
    }

    /// The ids of the resource map with the indices of their names.
    pub fn mapped(&self) -> impl Iterator<Item = (u32, u32)> + use<'_, 'a> {
        (0_u32..).zip(self.map.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)))
    }

    /// The string `index`; `None` for an index outside the pool, and once twice the bytes of the
    /// largest entry were decoded; both are noted.
    pub fn string(&self, index: u32) -> Option<Cow<'a, str>> {
        let mut flaws = self.flaws.get();
        let length = self.length(index);
        if length > self.room.get() {
            self.room.set(0);
            flaws.add(Flaws::SPENT);
            self.flaws.set(flaws);
            return None;
        }
        self.room.set(self.room.get().saturating_sub(length));
        let text = self.pool.get(index, self.max, &mut flaws);
        self.flaws.set(flaws);
        text
    }

    /// The string `index` in `buf` if it is short ASCII.
    pub fn ascii<'b>(&self, index: u32, buf: &'b mut [u8; 64]) -> Option<&'b str> {
        self.pool.ascii(index, buf)
    }

    /// An upper bound of the UTF-8 bytes that [`Self::string`] gives for `index`.
    pub fn length(&self, index: u32) -> usize {
        self.pool.length(index).min(self.max)
    }

    /// Whether the string `index` is `text` (short ASCII).
    pub fn is(&self, index: u32, text: &str) -> bool {
        self.ascii(index, &mut [0; 64]) == Some(text)
    }

    /// The text of a typed value; `None` for null and for a string outside the pool.
    pub fn value(&self, a: &Attribute) -> Option<Cow<'a, str>> {
        match a.kind {
            kind::STRING => self.string(a.data),
            _ => value_text(a.kind, a.data).map(Cow::Owned),
        }
    }

    /// Turns what was noted about strings into gaps.
    pub fn report(&self, gaps: &mut Vec<Gap>) {
        self.flaws.get().report("axml", self.part, gaps);
    }

    /// The events from the first node on.
    pub fn events(&self, limits: &Limits) -> Events<'_, 'a> {
        Events {
            doc: self,
            at: self.first,
            depth: 0,
            max_depth: limits.xml_depth.max(1),
            nodes: limits.xml_nodes,
            line: 1,
            state: State::Before,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    After,
    Done,
}

/// Walks a document.
pub struct Events<'d, 'a> {
    doc: &'d Document<'a>,
    at: usize,
    depth: u32,
    max_depth: u32,
    nodes: u32,
    line: u32,
    state: State,
}

impl<'a> Events<'_, 'a> {
    /// The next event. Start and end tags are balanced except that end tags may be missing at the
    /// end; what lies deeper than the limit is left out. Every tag and text is one line.
    pub fn next_event(&mut self, gaps: &mut Vec<Gap>) -> Option<Event<'a>> {
        let part = self.doc.part;
        while self.state != State::Done {
            let at = self.at;
            let bytes = self.doc.bytes.get(..self.doc.end).unwrap_or_default();
            let left = bytes.len().saturating_sub(at);
            let head =
                (u16_at(bytes, at), u16_at(bytes, at.saturating_add(2)), u32_at(bytes, at.saturating_add(4)));
            let (Some(kind), Some(head), Some(len)) = head else {
                self.finish(left, gaps);
                break;
            };
            let (head, stated) = (usize::from(head), size(len));
            if self.nodes == 0 {
                gap_once(gaps, GapKind::Limit, "axml.nodes", part, Some(at), || {
                    "reading stopped at the limit of elements and attributes".to_owned()
                });
                self.state = State::Done;
                break;
            }
            self.nodes = self.nodes.saturating_sub(1);
            if self.state == State::After && (stated < 8 || stated > left) {
                // Android stops at the end of the root element and never comes here.
                self.state = State::Done;
                break;
            }
            if stated < 8 || stated > left || head > stated || head < NODE_HEADER || (head | stated) & 3 != 0
            {
                gap_once(gaps, GapKind::Unread, "axml.chunk", part, Some(at), || {
                    format!(
                        "a node of type 0x{kind:04x} states a header of {head} and {stated} of {left} bytes; Android refuses the document"
                    )
                });
            }
            if stated < 8 {
                self.state = State::Done;
                break;
            }
            self.at = at.saturating_add(stated);
            let chunk = bytes.get(at..).map(|b| b.get(..stated).unwrap_or(b)).unwrap_or_default();
            let body = chunk.get(head..).unwrap_or_default();
            match kind {
                START_ELEMENT => {
                    if let Some(element) = self.start(at, body, gaps) {
                        return Some(Event::Start(element));
                    }
                }
                END_ELEMENT => {
                    if self.end_tag(at, gaps) {
                        return Some(Event::End);
                    }
                }
                START_NAMESPACE => {
                    if let (Some(prefix), Some(uri), true) =
                        (u32_at(body, 0), u32_at(body, 4), self.depth < self.max_depth)
                    {
                        return Some(Event::Namespace(prefix, uri));
                    }
                }
                END_NAMESPACE => {}
                CDATA => {
                    if let (Some(text), State::Inside, true) =
                        (u32_at(body, 0), self.state, self.depth <= self.max_depth)
                    {
                        self.line = self.line.saturating_add(1);
                        return Some(Event::Text(text));
                    }
                }
                _ => gap_once(gaps, GapKind::Tampered, "axml.unknown-chunk", part, Some(at), || {
                    format!("a chunk of unknown type 0x{kind:04x} was skipped")
                }),
            }
        }
        None
    }

    fn start(&mut self, at: usize, body: &'a [u8], gaps: &mut Vec<Gap>) -> Option<Element<'a>> {
        let part = self.doc.part;
        if self.state == State::After {
            gap_once(gaps, GapKind::Tampered, "axml.second-root", part, Some(at), || {
                "elements follow the end of the root element; Android does not read them".to_owned()
            });
            self.state = State::Done;
            return None;
        }
        self.state = State::Inside;
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.max_depth {
            gap_once(gaps, GapKind::Limit, "axml.depth", part, Some(at), || {
                format!("elements deeper than {} levels were not read", self.max_depth)
            });
            return None;
        }
        let (ns, name) = (u32_at(body, 0), u32_at(body, 4));
        let shape = (u16_at(body, 8), u16_at(body, 10), u16_at(body, 12));
        let (Some(start), Some(stride), Some(count)) = shape else {
            gap_once(gaps, GapKind::Unread, "axml.element", part, Some(at), || {
                "an element is cut; Android refuses the document".to_owned()
            });
            self.line = self.line.saturating_add(1);
            return Some(Element {
                ns: ns.unwrap_or(u32::MAX),
                name: name.unwrap_or(u32::MAX),
                line: self.line,
                offset: at,
                attributes: &[],
                stride: 0,
                count: 0,
            });
        };
        let (start, stride, count) = (usize::from(start), usize::from(stride), usize::from(count));
        if start.saturating_add(stride.saturating_mul(count)) > body.len() {
            gap_once(gaps, GapKind::Unread, "axml.attributes", part, Some(at), || {
                format!(
                    "an element states {count} attributes of {stride} bytes in {} bytes; Android refuses the document",
                    body.len()
                )
            });
        }
        if count > 0 && stride < ATTRIBUTE {
            gap_once(gaps, GapKind::Tampered, "axml.attribute-size", part, Some(at), || {
                format!("attributes of {stride} bytes overlap; they were read as Android reads them")
            });
        }
        self.nodes = self.nodes.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        self.line = self.line.saturating_add(1);
        Some(Element {
            ns: ns.unwrap_or(u32::MAX),
            name: name.unwrap_or(u32::MAX),
            line: self.line,
            offset: at,
            attributes: body.get(start..).unwrap_or_default(),
            stride,
            count,
        })
    }

    /// Whether the end tag closes an element that was given out.
    fn end_tag(&mut self, at: usize, gaps: &mut Vec<Gap>) -> bool {
        if self.depth == 0 {
            gap_once(gaps, GapKind::Tampered, "axml.end-tag", self.doc.part, Some(at), || {
                "an end tag without a start tag was skipped".to_owned()
            });
            return false;
        }
        let inside = self.depth <= self.max_depth;
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.state = State::After;
        }
        if inside {
            self.line = self.line.saturating_add(1);
        }
        inside
    }

    fn finish(&mut self, left: usize, gaps: &mut Vec<Gap>) {
        self.state = State::Done;
        if left > 0 {
            gap_once(gaps, GapKind::Unread, "axml.chunk", self.doc.part, Some(self.at), || {
                format!("{left} bytes at the end are no chunk; Android refuses the document")
            });
        }
        if self.depth > 0 {
            gap_once(gaps, GapKind::Tampered, "axml.unclosed", self.doc.part, Some(self.at), || {
                format!("{} elements lack their end tag; Android closes them at the end", self.depth)
            });
        }
    }
}

/// Writes a document as text, one line per tag and text; the first line is the XML declaration.
/// `name` gives the platform's name of a resource id. Control and direction characters are
/// numeric references, so that the text shows as it is.
pub fn write_text(
    doc: &Document<'_>,
    limits: &Limits,
    gaps: &mut Vec<Gap>,
    name: impl Fn(u32) -> Option<&'static str>,
) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let budget = usize::try_from(limits.entry_bytes).unwrap_or(usize::MAX);
    let mut events = doc.events(limits);
    let mut open: Vec<String> = Vec::new();
    let mut pending: Vec<(u32, u32)> = Vec::new();
    let mut prefixes: Vec<(u32, String)> = Vec::new();
    while let Some(event) = events.next_event(gaps) {
        if out.len() > budget {
            gap_once(gaps, GapKind::Limit, "axml.text-bytes", doc.part, None, || {
                "the decoded text was cut at the limit of bytes".to_owned()
            });
            break;
        }
        match event {
            Event::Namespace(prefix, uri) => {
                if pending.len() < 64 {
                    pending.push((prefix, uri));
                }
            }
            Event::Start(e) => {
                indent(&mut out, open.len());
                let tag = xml_name(&doc.string(e.name).unwrap_or_default());
                out.push('<');
                out.push_str(&tag);
                for (prefix, uri) in pending.drain(..) {
                    let text = doc.string(uri).unwrap_or_default();
                    let prefix = xml_name(&doc.string(prefix).unwrap_or_default());
                    let _ = write!(out, " xmlns:{prefix}=\"");
                    escape(&mut out, &text);
                    out.push('"');
                    if prefixes.len() < 256 {
                        prefixes.push((uri, prefix));
                    }
                }
                for a in e.attributes() {
                    if out.len() > budget {
                        break;
                    }
                    out.push(' ');
                    if let Some(known) = name(doc.resource_id(a.name)) {
                        let _ = write!(out, "android:{known}=\"");
                    } else {
                        if a.ns != u32::MAX {
                            match prefixes.iter().rev().find(|(uri, _)| *uri == a.ns) {
                                Some((_, prefix)) => out.push_str(prefix),
                                None if doc.is(a.ns, ANDROID_NS) => out.push_str("android"),
                                None => out.push_str("ns"),
                            }
                            out.push(':');
                        }
                        let text = doc.string(a.name).unwrap_or_default();
                        match doc.resource_id(a.name) {
                            id if text.is_empty() && id != 0 => {
                                let _ = write!(out, "attr_0x{id:08x}");
                            }
                            _ => out.push_str(&xml_name(&text)),
                        }
                        out.push_str("=\"");
                    }
                    escape(&mut out, &doc.value(&a).unwrap_or_default());
                    out.push('"');
                }
                out.push_str(">\n");
                open.push(tag);
            }
            Event::End => {
                if let Some(tag) = open.pop() {
                    close(&mut out, &tag, open.len());
                }
            }
            Event::Text(text) => {
                indent(&mut out, open.len());
                escape(&mut out, &doc.string(text).unwrap_or_default());
                out.push('\n');
            }
        }
    }
    while let Some(tag) = open.pop() {
        close(&mut out, &tag, open.len());
    }
    doc.report(gaps);
    out
}

fn close(out: &mut String, tag: &str, depth: usize) {
    indent(out, depth);
    out.push_str("</");
    out.push_str(tag);
    out.push_str(">\n");
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// The name with everything that XML does not take in a name replaced.
fn xml_name(name: &str) -> String {
    let mut out: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' })
        .collect();
    if !out.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        out.insert(0, '_');
    }
    out
}

/// Escapes what is markup and what does not show as it is: controls, spaces other than the plain
/// one, direction marks and other characters without a width.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{61c}'
            | '\u{ad}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' => {
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
pub(super) mod build {
    //! Writes small documents for tests.

    use super::kind;

    /// A string pool of `strings`.
    pub fn pool(strings: &[String], utf8: bool) -> Vec<u8> {
        let (mut offsets, mut data) = (Vec::new(), Vec::new());
        for s in strings {
            offsets.extend((data.len() as u32).to_le_bytes());
            if utf8 {
                data.extend([s.chars().count() as u8, s.len() as u8]);
                data.extend(s.as_bytes());
                data.push(0);
            } else {
                let units: Vec<u16> = s.encode_utf16().collect();
                data.extend((units.len() as u16).to_le_bytes());
                data.extend(units.iter().flat_map(|u| u.to_le_bytes()));
                data.extend([0, 0]);
            }
        }
        data.resize(data.len().next_multiple_of(4), 0);
        let start = 28 + offsets.len() as u32;
        let mut out = vec![1, 0, 28, 0];
        out.extend((start + data.len() as u32).to_le_bytes());
        for n in [strings.len() as u32, 0, if utf8 { 1 << 8 } else { 0 }, start, 0] {
            out.extend(n.to_le_bytes());
        }
        out.extend(offsets);
        out.extend(data);
        out
    }

    /// A document in the making. Attribute names of `ids` come first, as in real documents.
    pub struct Axml {
        strings: Vec<String>,
        ids: Vec<u32>,
        nodes: Vec<u8>,
    }

    impl Axml {
        pub fn new(names: &[(&str, u32)]) -> Self {
            Self {
                strings: names.iter().map(|n| n.0.to_owned()).collect(),
                ids: names.iter().map(|n| n.1).collect(),
                nodes: Vec::new(),
            }
        }

        fn string(&mut self, text: &str) -> u32 {
            let at = self.strings.iter().position(|s| s == text).unwrap_or_else(|| {
                self.strings.push(text.to_owned());
                self.strings.len() - 1
            });
            at as u32
        }

        fn node(&mut self, kind: u16, body: &[u8]) {
            self.nodes.extend(kind.to_le_bytes());
            self.nodes.extend([16, 0]);
            self.nodes.extend((16 + body.len() as u32).to_le_bytes());
            self.nodes.extend([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
            self.nodes.extend(body);
        }

        /// Values: `@7f010001` a reference, `#12` an integer, `!true` a boolean, else a string.
        pub fn start(mut self, tag: &str, attributes: &[(&str, &str)]) -> Self {
            let mut body = u32::MAX.to_le_bytes().to_vec();
            body.extend(self.string(tag).to_le_bytes());
            body.extend([20, 0, 20, 0, attributes.len() as u8, 0, 0, 0, 0, 0, 0, 0]);
            for (name, value) in attributes {
                let name = self.string(name);
                let (kind, data) = match value.split_at_checked(1) {
                    Some(("@", id)) => (kind::REFERENCE, u32::from_str_radix(id, 16).unwrap()),
                    Some(("#", n)) => (0x10, n.parse().unwrap()),
                    Some(("!", b)) => (kind::BOOLEAN, u32::from(*b == *"true") * u32::MAX),
                    _ => (kind::STRING, self.string(value)),
                };
                for n in [u32::MAX, name, u32::MAX, u32::from(kind) << 24 | 8, data] {
                    body.extend(n.to_le_bytes());
                }
            }
            self.node(0x102, &body);
            self
        }

        pub fn end(mut self) -> Self {
            self.node(0x103, &[0xff; 8]);
            self
        }

        pub fn text(mut self, text: &str) -> Self {
            let mut body = self.string(text).to_le_bytes().to_vec();
            body.extend([8, 0, 0, 0, 0, 0, 0, 0]);
            self.node(0x104, &body);
            self
        }

        pub fn raw(mut self, bytes: &[u8]) -> Self {
            self.nodes.extend(bytes);
            self
        }

        pub fn finish(self, utf8: bool) -> Vec<u8> {
            let mut body = pool(&self.strings, utf8);
            if !self.ids.is_empty() {
                body.extend([0x80, 1, 8, 0]);
                body.extend((8 + 4 * self.ids.len() as u32).to_le_bytes());
                body.extend(self.ids.iter().flat_map(|i| i.to_le_bytes()));
            }
            body.extend(self.nodes);
            let mut out = vec![3, 0, 8, 0];
            out.extend((8 + body.len() as u32).to_le_bytes());
            out.extend(body);
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::build::Axml;
    use super::*;

    fn events(bytes: &[u8], limits: &Limits) -> (Vec<String>, Vec<String>) {
        let mut gaps = Vec::new();
        let doc = Document::open(bytes, "t", limits, &mut gaps).unwrap();
        let mut events = doc.events(limits);
        let mut out = Vec::new();
        while let Some(e) = events.next_event(&mut gaps) {
            out.push(match e {
                Event::Start(e) => {
                    format!(
                        "+{}:{}:{}",
                        e.line,
                        doc.string(e.name).unwrap_or_default(),
                        e.attributes().count()
                    )
                }
                Event::End => "-".to_owned(),
                Event::Text(t) => doc.string(t).unwrap_or_default().into_owned(),
                Event::Namespace(..) => "ns".to_owned(),
            });
        }
        (out, gaps.into_iter().map(|g| format!("{:?} {}", g.kind, g.code)).collect())
    }

    #[test]
    fn every_tag_and_text_is_one_line() {
        let axml = Axml::new(&[]).start("a", &[("x", "1"), ("y", "2")]).text("t").start("b", &[]).end().end();
        let (out, gaps) = events(&axml.finish(true), &Limits::default());
        assert_eq!(out, ["+2:a:2", "t", "+4:b:0", "-", "-"]);
        assert!(gaps.is_empty());
    }

    #[test]
    fn depth_beyond_the_limit_is_left_out_without_recursion() {
        let mut axml = Axml::new(&[]);
        for _ in 0..200_000 {
            axml = axml.start("a", &[]);
        }
        let (out, gaps) = events(&axml.finish(true), &Limits::default());
        assert_eq!(out.len(), 256);
        assert_eq!(gaps, ["Limit axml.depth", "Tampered axml.unclosed"]);
    }

    #[test]
    fn what_stands_behind_a_deep_element_is_read() {
        let limits = Limits { xml_depth: 2, ..Limits::default() };
        let axml = Axml::new(&[]).start("a", &[]).start("b", &[]).start("c", &[]).end().end();
        let (out, gaps) = events(&axml.start("d", &[]).end().end().finish(true), &limits);
        assert_eq!(out, ["+2:a:0", "+3:b:0", "-", "+5:d:0", "-", "-"]);
        assert_eq!(gaps, ["Limit axml.depth"]);
    }

    #[test]
    fn unknown_chunks_and_a_second_root_are_noted() {
        let junk = [0x99, 0x99, 16, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let bytes = Axml::new(&[]).start("a", &[]).raw(&junk).end().start("b", &[]).end().finish(false);
        let (out, gaps) = events(&bytes, &Limits::default());
        assert_eq!(out, ["+2:a:0", "-"]);
        assert_eq!(gaps, ["Tampered axml.unknown-chunk", "Tampered axml.second-root"]);
    }

    #[test]
    fn a_chunk_of_size_zero_ends_the_reading() {
        let bytes = Axml::new(&[]).start("a", &[]).raw(&[3, 1, 16, 0, 0, 0, 0, 0]).finish(false);
        let (out, gaps) = events(&bytes, &Limits::default());
        assert_eq!(out, ["+2:a:0"]);
        assert_eq!(gaps, ["Unread axml.chunk"]);
    }

    #[test]
    fn a_node_limit_stops_the_reading() {
        let limits = Limits { xml_nodes: 3, ..Limits::default() };
        let bytes = Axml::new(&[]).start("a", &[("x", "1")]).start("b", &[]).start("c", &[]).finish(true);
        let (out, gaps) = events(&bytes, &limits);
        assert_eq!(out, ["+2:a:1", "+3:b:0"]);
        assert_eq!(gaps, ["Limit axml.nodes"]);
    }

    #[test]
    fn text_is_escaped_and_shows_what_is_there() {
        let attributes = [("", "<\u{202e}\n\"&"), ("bad name", "#7")];
        let bytes = Axml::new(&[("", 0x0101_0003)]).start("a", &attributes).end().finish(true);
        let limits = Limits::default();
        let doc = Document::open(&bytes, "t", &limits, &mut Vec::new()).unwrap();
        let text = write_text(&doc, &limits, &mut Vec::new(), |id| (id == 0x0101_0003).then_some("name"));
        let second = text.lines().nth(1).unwrap();
        assert_eq!(second, r#"<a android:name="&lt;&#x202E;&#xA;&quot;&amp;" bad_name="7">"#);
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn values_read_as_the_platform_writes_them() {
        let cases = [
            (kind::FLOAT, 1.5_f32.to_bits(), Some("1.5")),
            (kind::BOOLEAN, u32::MAX, Some("true")),
            (kind::INT_HEX, 0x30, Some("0x30")),
            (0x10, u32::MAX, Some("-1")),
            (kind::REFERENCE, 0x7f01_0203, Some("@0x7f010203")),
            (kind::DIMENSION, 0x1001, Some("16.0dip")),
            (0x1c, 0xff00_ff00, Some("#ff00ff00")),
            (kind::NULL, 0, None),
        ];
        for (kind, data, want) in cases {
            assert_eq!(value_text(kind, data).as_deref(), want, "{kind:#x}");
        }
    }

    #[test]
    fn nothing_to_read_is_an_error() {
        for bytes in [&b""[..], b"PK\x03\x04", &[3, 0, 8, 0, 8, 0, 0, 0], &[0; 64]] {
            assert!(Document::open(bytes, "t", &Limits::default(), &mut Vec::new()).is_err());
        }
    }
}
