//! Builds small DEX for the tests of this room.

use super::mutf8;

/// One instruction.
pub enum Op<'a> {
    /// `invoke-virtual` of `Lclass;->name(…)…`.
    Call(&'a str),
    /// `const-string`.
    Text(&'a str),
    /// `new-instance`.
    New(&'a str),
    /// `const-class`.
    Class(&'a str),
    /// `sget-object` of `Lclass;->name:type`.
    Read(&'a str),
    /// `sput-object`.
    Write(&'a str),
    /// Code units as they are.
    Raw(&'a [u16]),
}

/// A class: descriptor, superclass, methods (`name(…)…`) with their code.
pub type Class<'a> = (&'a str, &'a str, &'a [(&'a str, &'a [Op<'a>])]);

type Method = (u32, u32, u32);

#[derive(Default)]
struct Tables {
    strings: Vec<String>,
    types: Vec<String>,
    /// Return type and parameters.
    protos: Vec<(String, Vec<String>)>,
    /// Class, name, type.
    fields: Vec<(String, String, String)>,
    /// Class, name, prototype.
    methods: Vec<(String, String, (String, Vec<String>))>,
}

/// `name(Ia;I)V` as name, return type and parameters.
fn split(method: &str) -> (String, (String, Vec<String>)) {
    let (name, rest) = method.split_once('(').unwrap();
    let (list, result) = rest.split_once(')').unwrap();
    let (mut parameters, mut one) = (Vec::new(), String::new());
    for c in list.chars() {
        one.push(c);
        let in_class = one.trim_start_matches('[').starts_with('L') && c != ';';
        if !in_class && c != '[' {
            parameters.push(std::mem::take(&mut one));
        }
    }
    (name.to_owned(), (result.to_owned(), parameters))
}

impl Tables {
    fn method(&mut self, class: &str, method: &str) {
        let (name, proto) = split(method);
        self.kind(class);
        self.kind(&proto.0);
        proto.1.iter().for_each(|p| self.kind(p));
        self.strings.push(name.clone());
        self.protos.push(proto.clone());
        self.methods.push((class.to_owned(), name, proto));
    }

    fn kind(&mut self, descriptor: &str) {
        self.strings.push(descriptor.to_owned());
        self.types.push(descriptor.to_owned());
    }

    fn field(&mut self, field: &str) {
        let (class, name, kind) = split_field(field);
        self.kind(&class);
        self.kind(&kind);
        self.strings.push(name.clone());
        self.fields.push((class, name, kind));
    }

    fn sort(&mut self) {
        let order = |a: &String, b: &String| a.encode_utf16().cmp(b.encode_utf16());
        self.strings.push(String::new());
        self.strings.sort_by(order);
        self.strings.dedup();
        self.types.sort_by(order);
        self.types.dedup();
        let of = |list: &[String], s: &String| list.iter().position(|x| x == s).unwrap();
        let types = self.types.clone();
        let strings = self.strings.clone();
        let proto_key = |p: &(String, Vec<String>)| {
            (of(&types, &p.0), p.1.iter().map(|t| of(&types, t)).collect::<Vec<_>>())
        };
        self.protos.sort_by_key(proto_key);
        self.protos.dedup();
        let protos = self.protos.clone();
        self.fields.sort_by_key(|f| (of(&types, &f.0), of(&strings, &f.1), of(&types, &f.2)));
        self.fields.dedup();
        self.methods
            .sort_by_key(|m| (of(&types, &m.0), of(&strings, &m.1), protos.iter().position(|p| *p == m.2)));
        self.methods.dedup();
    }

    fn string_at(&self, s: &str) -> u32 {
        self.strings.iter().position(|x| x == s).unwrap() as u32
    }

    fn type_at(&self, s: &str) -> u32 {
        self.types.iter().position(|x| x == s).unwrap() as u32
    }

    fn method_at(&self, class: &str, method: &str) -> u32 {
        let (name, proto) = split(method);
        self.methods.iter().position(|m| m.0 == class && m.1 == name && m.2 == proto).unwrap() as u32
    }

    fn field_at(&self, field: &str) -> u32 {
        let wanted = split_field(field);
        self.fields.iter().position(|f| *f == wanted).unwrap() as u32
    }
}

fn split_field(field: &str) -> (String, String, String) {
    let (class, rest) = field.split_once("->").unwrap();
    let (name, kind) = rest.split_once(':').unwrap();
    (class.to_owned(), name.to_owned(), kind.to_owned())
}

fn uleb(mut n: u32, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A DEX of version 035 with these classes.
pub fn dex(classes: &[Class<'_>]) -> Vec<u8> {
    let mut t = Tables::default();
    for (class, superclass, methods) in classes {
        t.kind(class);
        t.kind(superclass);
        for (method, code) in *methods {
            t.method(class, method);
            for op in *code {
                match op {
                    Op::Call(called) => {
                        let (class, method) = called.split_once("->").unwrap();
                        t.method(class, method);
                    }
                    Op::Text(text) => t.strings.push((*text).to_owned()),
                    Op::New(class) | Op::Class(class) => t.kind(class),
                    Op::Read(field) | Op::Write(field) => t.field(field),
                    Op::Raw(_) => {}
                }
            }
        }
    }
    t.sort();

    let words = |list: &[u32]| list.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let halves = |list: &[u32]| list.iter().flat_map(|w| (*w as u16).to_le_bytes()).collect::<Vec<u8>>();
    let counts =
        [t.strings.len(), t.types.len(), t.protos.len(), t.fields.len(), t.methods.len(), classes.len()];
    let sizes = [4, 4, 12, 8, 8, 32];
    let mut offsets = Vec::new();
    let mut at = 0x70;
    for (count, size) in counts.iter().zip(sizes) {
        offsets.push(at as u32);
        at += count * size;
    }
    let base = at;
    let mut data = Vec::new();
    let align = |data: &mut Vec<u8>| data.resize(data.len().next_multiple_of(4), 0);

    let mut strings = Vec::new();
    for s in &t.strings {
        strings.push((base + data.len()) as u32);
        uleb(s.encode_utf16().count() as u32, &mut data);
        data.extend(mutf8::encode(s));
        data.push(0);
    }
    let mut protos = Vec::new();
    for (result, parameters) in &t.protos {
        align(&mut data);
        let list = if parameters.is_empty() { 0 } else { (base + data.len()) as u32 };
        if list != 0 {
            data.extend(words(&[parameters.len() as u32]));
            data.extend(halves(&parameters.iter().map(|p| t.type_at(p)).collect::<Vec<_>>()));
        }
        protos.extend(words(&[0, t.type_at(result), list]));
    }
    let mut defs = Vec::new();
    for (class, superclass, methods) in classes {
        let mut members: Vec<(Method, Vec<u16>)> = Vec::new();
        for (method, code) in *methods {
            let mut units: Vec<u16> = Vec::new();
            for op in *code {
                match op {
                    Op::Call(called) => {
                        let (class, method) = called.split_once("->").unwrap();
                        units.extend([0x006e, t.method_at(class, method) as u16, 0]);
                    }
                    Op::Text(text) => units.extend([0x001a, t.string_at(text) as u16]),
                    Op::New(class) => units.extend([0x0022, t.type_at(class) as u16]),
                    Op::Class(class) => units.extend([0x001c, t.type_at(class) as u16]),
                    Op::Read(field) => units.extend([0x0062, t.field_at(field) as u16]),
                    Op::Write(field) => units.extend([0x0069, t.field_at(field) as u16]),
                    Op::Raw(raw) => units.extend(*raw),
                }
            }
            members.push(((t.method_at(class, method), 0, 0), units));
        }
        members.sort();
        for (member, units) in &mut members {
            align(&mut data);
            member.2 = (base + data.len()) as u32;
            data.extend(halves(&[1, 1, 1, 0]));
            data.extend(words(&[0, units.len() as u32]));
            data.extend(units.iter().flat_map(|u| u.to_le_bytes()));
        }
        let list = (base + data.len()) as u32;
        data.extend([0, 0, 0]);
        uleb(members.len() as u32, &mut data);
        let mut before = 0;
        for ((method, flags, code), _) in &members {
            uleb(method - before, &mut data);
            uleb(*flags, &mut data);
            uleb(*code, &mut data);
            before = *method;
        }
        let list = if members.is_empty() { 0 } else { list };
        defs.extend(words(&[t.type_at(class), 1, t.type_at(superclass), 0, u32::MAX, 0, list, 0]));
    }

    let mut out = b"dex\n035\0".to_vec();
    out.extend([0; 24]);
    out.extend(words(&[(base + data.len()) as u32, 0x70, 0x1234_5678, 0, 0, 0]));
    for (count, offset) in counts.iter().zip(&offsets) {
        out.extend(words(&[*count as u32, *offset]));
    }
    out.extend(words(&[data.len() as u32, base as u32]));
    out.extend(words(&strings));
    out.extend(words(&t.types.iter().map(|s| t.string_at(s)).collect::<Vec<_>>()));
    out.extend(protos);
    for (class, name, kind) in &t.fields {
        out.extend(halves(&[t.type_at(class), t.type_at(kind)]));
        out.extend(words(&[t.string_at(name)]));
    }
    for (class, name, proto) in &t.methods {
        let proto = t.protos.iter().position(|p| p == proto).unwrap() as u32;
        out.extend(halves(&[t.type_at(class), proto]));
        out.extend(words(&[t.string_at(name)]));
    }
    out.extend(defs);
    assert_eq!(out.len(), base);
    out.extend(data);
    out
}

/// The DEX joined as a container of version 041 would hold them: offsets count from its start.
pub fn container(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let total: usize = parts.iter().map(|p| p.len() + 8).sum();
    for part in parts {
        let start = out.len() as u32;
        let mut part = part.clone();
        // Eight bytes of header more move everything.
        let moved = start + 8;
        let word = |part: &[u8], at: usize| u32::from_le_bytes(part[at..at + 4].try_into().unwrap());
        let shift = |part: &mut [u8], at: usize| {
            let old = word(part, at);
            if old != 0 {
                part[at..at + 4].copy_from_slice(&(old + moved).to_le_bytes());
            }
        };
        let table = |part: &[u8], at: usize| (word(part, at) as usize, word(part, at + 4) as usize);
        let (strings, protos, classes) = (table(&part, 0x38), table(&part, 0x48), table(&part, 0x60));
        for i in 0..classes.0 {
            let list = word(&part, classes.1 + 32 * i + 24) as usize;
            if list != 0 {
                rewrite_code(&mut part, list, moved);
            }
            shift(&mut part, classes.1 + 32 * i + 24);
        }
        (0..strings.0).for_each(|i| shift(&mut part, strings.1 + 4 * i));
        (0..protos.0).for_each(|i| shift(&mut part, protos.1 + 12 * i + 8));
        (0x3c..0x68).step_by(8).for_each(|at| shift(&mut part, at));
        part[4..7].copy_from_slice(b"041");
        let size = part.len() as u32 + 8;
        part[0x20..0x24].copy_from_slice(&size.to_le_bytes());
        part[0x24..0x28].copy_from_slice(&0x78_u32.to_le_bytes());
        let bounds = [(total as u32).to_le_bytes(), start.to_le_bytes()].concat();
        part.splice(0x70..0x70, bounds);
        out.extend(part);
    }
    out
}

/// Moves the code offsets in a list of members; the test data keeps them as wide as they were.
fn rewrite_code(part: &mut [u8], list: usize, moved: u32) {
    let read = |part: &[u8], at: &mut usize| {
        let (mut value, mut shift) = (0_u32, 0);
        loop {
            let byte = part[*at];
            *at += 1;
            value |= u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    };
    let mut at = list + 3;
    let count = read(part, &mut at);
    for _ in 0..count {
        read(part, &mut at);
        read(part, &mut at);
        let from = at;
        let code = read(part, &mut at);
        let mut new = Vec::new();
        uleb(code + moved, &mut new);
        assert_eq!(new.len(), at - from, "choose test data whose offsets stay as wide");
        part[from..at].copy_from_slice(&new);
    }
}
