//! Where the code of an app refers to what is wanted.

use std::collections::HashMap;
use std::sync::Arc;

use super::family::{Family, GENERATIONS, Reach, Signature};
use super::flaw::{Flaw, Flaws};
use super::instruction::{Refers, SECTIONS};
use super::walk::{Place, Visit, walk};
use super::wanted::{CLASS_NAME, CONSTANT, FIELD_NAME, METHOD_NAME, Strings, TargetId, Wanted};
use super::{Dex, INDEXES, NONE, u16_in, u32_in};
use crate::package::Gap;
use crate::unpack::limits::Limits;

/// How an instruction uses what it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// Calls the method (`invoke-…`).
    Call,
    /// Reads the field (`iget…`, `sget…`).
    Read,
    /// Writes the field (`iput…`, `sput…`).
    Write,
    /// Loads the string (`const-string`).
    Text,
    /// Makes an instance of the class (`new-instance`).
    New,
    /// Loads the class (`const-class`).
    ClassConstant,
}

/// One instruction that refers to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// What it refers to.
    pub target: TargetId,
    /// How.
    pub usage: Usage,
    /// Code units (16 bits) from the start of the method's code, as `dexdump` prints it.
    pub offset: u32,
    caller: u32,
    reference: u32,
}

/// A method that holds sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Index in [`Sites::parts`].
    pub part: u32,
    /// Type descriptor of its class.
    pub class: Arc<str>,
    /// Name and prototype, e.g. `onCreate(Landroid/os/Bundle;)V`.
    pub method: String,
}

/// What one DEX holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DexPart {
    /// Name of the part.
    pub name: String,
    /// Version of the format.
    pub version: u16,
    /// Classes that it defines.
    pub classes: u32,
    /// Methods that they define.
    pub methods: u64,
    /// Methods with code.
    pub bodies: u64,
    /// Code units (16 bits) of that code.
    pub units: u64,
}

/// What was found in the code of an app, in the order of the DEX, their classes, methods and
/// instructions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sites {
    /// The DEX read.
    pub parts: Vec<DexPart>,
    /// The sites.
    pub sites: Vec<Site>,
    /// Targets of strings and prefixes that stand in a string table, whether code loads them or
    /// not (they may be values of fields or annotations).
    pub named: Vec<TargetId>,
    callers: Vec<Caller>,
    references: Vec<String>,
}

impl Sites {
    /// The method that holds a site.
    pub fn caller(&self, site: &Site) -> Option<&Caller> {
        self.callers.get(site.caller as usize)
    }

    /// What the instruction names: the method with the class that it is called through
    /// (`Lmy/Tm;->getDeviceId()Ljava/lang/String;`), the field, the class or the string.
    pub fn reference(&self, site: &Site) -> Option<&str> {
        self.references.get(site.reference as usize).map(String::as_str)
    }
}

/// What an entry of a table means.
#[derive(Debug, Clone)]
enum Meaning {
    Nothing,
    Targets(Arc<[TargetId]>),
    /// Known when all DEX are read: index in [`SiteFinder::open`].
    Open(u32),
}

/// A site that may yet prove to be none.
struct Found {
    meaning: Meaning,
    usage: Usage,
    offset: u32,
    caller: u32,
    reference: u32,
}

/// A method called through a class that no DEX so far defines.
struct OpenMethod {
    class: Box<[u8]>,
    method: Signature,
}

/// What is known of a type of the DEX being read.
#[derive(Debug, Clone, Copy)]
struct Type {
    /// The symbol of its descriptor, if that is wanted.
    symbol: u32,
    /// Index of its class definition.
    def: u32,
    /// Whether it may descend from a class with wanted methods.
    matters: Option<bool>,
}

impl Type {
    /// Whether instances and constants of it are looked for.
    fn is_wanted(&self, wanted: &Wanted) -> bool {
        self.symbol != NONE && wanted.symbol(self.symbol).is_some_and(|s| !s.classes.is_empty())
    }
}

/// A method of the DEX being read that has a wanted name and may have a wanted class.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    method: u32,
    class: u32,
    name: u32,
    proto: u16,
}

/// Bits of methods and fields in the DEX being read.
const WANTED: u8 = 1;
const DEFINED: u8 = 2;

/// Finds sites in the DEX of one app, one DEX after the other.
pub struct SiteFinder<'w> {
    wanted: &'w Wanted,
    limits: Limits,
    found: Vec<Found>,
    open: Vec<OpenMethod>,
    family: Family,
    named: Vec<bool>,
    parts: Vec<DexPart>,
    callers: Vec<Caller>,
    references: Vec<String>,
    /// Bytes of names kept.
    bytes: usize,
    strings: Strings,
    types: Vec<Type>,
    methods: Vec<u8>,
    fields: Vec<u8>,
    quick: Vec<u8>,
    candidates: Vec<Candidate>,
}

impl<'w> SiteFinder<'w> {
    /// A finder for one app.
    pub fn new(wanted: &'w Wanted, limits: &Limits) -> Self {
        Self {
            wanted,
            limits: limits.clone(),
            found: Vec::new(),
            open: Vec::new(),
            family: Family::default(),
            named: vec![false; wanted.targets().len()],
            parts: Vec::new(),
            callers: Vec::new(),
            references: Vec::new(),
            bytes: 0,
            strings: Strings::default(),
            types: Vec::new(),
            methods: Vec::new(),
            fields: Vec::new(),
            quick: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Reads the code of one DEX; its bytes may go afterwards. Parts of an app must come in the
    /// order of the class loader (`classes.dex`, `classes2.dex` …): the first definition of a
    /// class counts.
    pub fn read(&mut self, dex: &Dex<'_>, gaps: &mut Vec<Gap>) {
        let mut flaws = Flaws::default();
        let mut strings = std::mem::take(&mut self.strings);
        self.wanted.locate(dex, &mut strings);
        self.strings = strings;
        self.name();
        self.take_types(dex, &mut flaws);
        self.take_candidates(dex, &mut flaws);
        self.take_fields(dex);
        self.take_quick();

        let part = DexPart {
            name: dex.part.clone(),
            version: dex.version,
            classes: dex.classes.len() as u32,
            ..DexPart::default()
        };
        let room = (self.limits.sites as usize).saturating_sub(self.found.len());
        let mut marks = Marks {
            methods: &mut self.methods,
            fields: &self.fields,
            types: &self.types,
            strings: &self.strings,
            wanted: self.wanted,
            quick: &self.quick,
            seen: Vec::new(),
            room,
            cut: false,
            part,
        };
        walk(dex, &mut marks, &mut flaws);
        let Marks { seen, cut, part, .. } = marks;
        if cut {
            flaws.add(Flaw::Sites, None);
        }
        self.parts.push(part);

        let declared = self.declared();
        self.keep(dex, &seen, &declared, &mut flaws);
        self.extend_family(dex, &declared, &mut flaws);
        flaws.report(&dex.part, gaps);
    }

    /// The sites of all DEX read.
    pub fn finish(self) -> Sites {
        let Self { wanted, found, open, family, named, parts, mut callers, mut references, .. } = self;
        let open: Vec<Meaning> = open
            .iter()
            .map(|o| match family.reach(&o.class, &o.method, wanted) {
                Reach::Wanted(class) => targets_of(&o.method, class, wanted),
                Reach::Other | Reach::Unknown(_) => Meaning::Nothing,
            })
            .collect();
        let mut sites = Vec::with_capacity(found.len());
        for f in found {
            let meaning = match f.meaning {
                Meaning::Open(at) => open.get(at as usize).cloned().unwrap_or(Meaning::Nothing),
                known => known,
            };
            if let Meaning::Targets(targets) = meaning {
                sites.extend(targets.iter().map(|target| Site {
                    target: *target,
                    usage: f.usage,
                    offset: f.offset,
                    caller: f.caller,
                    reference: f.reference,
                }));
            }
        }
        retain_used(&mut callers, &mut sites, |s| &mut s.caller);
        retain_used(&mut references, &mut sites, |s| &mut s.reference);
        let named = (0..).map(TargetId).zip(named).filter(|(_, n)| *n).map(|(id, _)| id).collect();
        Sites { parts, sites, named, callers, references }
    }

    /// Notes the targets that the string table names.
    fn name(&mut self) {
        let symbols = self.strings.symbols.iter().filter_map(|(_, s)| self.wanted.symbol(*s));
        for id in symbols.flat_map(|s| &s.texts).chain(&self.strings.prefixed) {
            if let Some(named) = self.named.get_mut(id.0 as usize) {
                *named = true;
            }
        }
    }

    fn take_types(&mut self, dex: &Dex<'_>, flaws: &mut Flaws) {
        let strings = &self.strings;
        self.types.clear();
        self.types.extend(dex.types.iter().map(|id| {
            let string = u32::from_le_bytes(*id);
            if string as usize >= dex.strings.len() {
                flaws.add(Flaw::Index, None);
            }
            let wanted = strings.has(string, CLASS_NAME);
            let symbol = if wanted { strings.symbol(string).unwrap_or(NONE) } else { NONE };
            Type { symbol, def: NONE, matters: None }
        }));
        for (index, def) in (0_u32..).zip(dex.classes) {
            if let Some(t) = self.types.get_mut(u32_in(def, 0) as usize)
                && t.def == NONE
            {
                t.def = index;
            }
        }
    }

    /// Marks the methods with a wanted name whose class may descend from a wanted one.
    fn take_candidates(&mut self, dex: &Dex<'_>, flaws: &mut Flaws) {
        self.methods.clear();
        self.methods.resize(dex.methods.len(), 0);
        self.candidates.clear();
        for (method, id) in (0_u32..).zip(dex.methods) {
            let name = u32_in(id, 4);
            if !self.strings.has(name, METHOD_NAME) {
                continue;
            }
            let class = u32::from(u16_in(id, 0));
            let Some(name) = self.strings.symbol(name) else { continue };
            if self.matters(dex, class, flaws) {
                self.candidates.push(Candidate { method, class, name, proto: u16_in(id, 2) });
                if let Some(mark) = self.methods.get_mut(method as usize) {
                    *mark = WANTED;
                }
            }
        }
    }

    /// Marks the fields that are wanted.
    fn take_fields(&mut self, dex: &Dex<'_>) {
        self.fields.clear();
        self.fields.resize(dex.fields.len(), 0);
        for (id, mark) in dex.fields.iter().zip(&mut self.fields) {
            let name = u32_in(id, 4);
            if self.strings.has(name, FIELD_NAME) {
                let class = self.types.get(usize::from(u16_in(id, 0))).map_or(NONE, |t| t.symbol);
                let symbol = self.strings.symbol(name).and_then(|s| self.wanted.symbol(s));
                if class != NONE && symbol.is_some_and(|s| s.fields.iter().any(|(c, _)| *c == class)) {
                    *mark = WANTED;
                }
            }
        }
    }

    /// Marks what instructions may refer to with 16 bits, section by section: 0 for entries that
    /// exist and are not wanted.
    fn take_quick(&mut self) {
        self.quick.clear();
        self.quick.resize(SECTIONS.saturating_mul(INDEXES), 1);
        let mut sections = self.quick.chunks_exact_mut(INDEXES);
        let mut next = || sections.next().unwrap_or_default();
        next().fill(0);
        next().iter_mut().zip(&self.methods).for_each(|(q, m)| *q = m & WANTED);
        next().iter_mut().zip(&self.fields).for_each(|(q, m)| *q = m & WANTED);
        next().iter_mut().zip(&self.strings.uses).for_each(|(q, u)| *q = u & CONSTANT);
        let wanted = self.wanted;
        next().iter_mut().zip(&self.types).for_each(|(q, t)| *q = u8::from(t.is_wanted(wanted)));
    }

    /// Whether a type may descend from a class that methods are wanted in.
    fn matters(&mut self, dex: &Dex<'_>, start: u32, flaws: &mut Flaws) -> bool {
        let mut class = start;
        let mut answer = None;
        for _ in 0..GENERATIONS {
            let Some(t) = self.types.get(class as usize) else {
                answer = Some(false);
                break;
            };
            let bytes = |index| dex.type_bytes(index).unwrap_or_default();
            answer = if t.symbol != NONE && self.wanted.class(bytes(class)).is_some() {
                Some(true)
            } else if t.matters.is_some() {
                t.matters
            } else if let Some(def) = dex.classes.get(t.def as usize) {
                class = u32_in(def, 8);
                None
            } else {
                Some(Family::may_matter(bytes(class), self.wanted))
            };
            if answer.is_some() {
                break;
            }
        }
        if answer.is_none() {
            flaws.add(Flaw::Superclass, None);
        }
        let answer = answer.unwrap_or_default();
        if let Some(t) = self.types.get_mut(start as usize) {
            t.matters = Some(answer);
        }
        answer
    }

    /// The candidates that classes of the DEX define themselves: class, name and prototype.
    fn declared(&self) -> Vec<(u32, u32, u16)> {
        let is_defined =
            |c: &&Candidate| self.methods.get(c.method as usize).is_some_and(|m| m & DEFINED != 0);
        let mut declared: Vec<_> =
            self.candidates.iter().filter(is_defined).map(|c| (c.class, c.name, c.proto)).collect();
        declared.sort_unstable();
        declared
    }

    /// What a call of a candidate reaches.
    fn meaning(&mut self, dex: &Dex<'_>, candidate: Candidate, declared: &[(u32, u32, u16)]) -> Meaning {
        let Some(proto) = dex.proto(candidate.proto) else { return Meaning::Nothing };
        let method = Signature { name: candidate.name, proto };
        // Constructors and static initialisers are not inherited.
        let inherited = self.wanted.symbol(candidate.name).is_some_and(|s| !s.bytes.starts_with(b"<"));
        let mut class = candidate.class;
        for _ in 0..GENERATIONS {
            let Some(t) = self.types.get(class as usize) else { return Meaning::Nothing };
            if t.symbol != NONE && method.is_wanted_in(t.symbol, self.wanted) {
                return targets_of(&method, t.symbol, self.wanted);
            }
            if !inherited {
                return Meaning::Nothing;
            }
            let Some(def) = dex.classes.get(t.def as usize) else {
                let Some(bytes) = dex.type_bytes(class) else { return Meaning::Nothing };
                return match self.family.reach(bytes, &method, self.wanted) {
                    Reach::Wanted(class) => targets_of(&method, class, self.wanted),
                    Reach::Other => Meaning::Nothing,
                    Reach::Unknown(class) => {
                        self.bytes =
                            self.bytes.saturating_add(class.len()).saturating_add(method.proto.len());
                        let at = self.open.len() as u32;
                        self.open.push(OpenMethod { class: class.into(), method });
                        Meaning::Open(at)
                    }
                };
            };
            if declared.binary_search(&(class, candidate.name, candidate.proto)).is_ok() {
                return Meaning::Nothing;
            }
            class = u32_in(def, 8);
        }
        Meaning::Nothing
    }

    /// What an entry of a table means, and how the instruction writes it.
    fn interpret(
        &mut self,
        dex: &Dex<'_>,
        seen: &Seen,
        declared: &[(u32, u32, u16)],
    ) -> (Meaning, Option<String>) {
        let index = seen.index;
        match seen.usage {
            Usage::Call => {
                let at = self.candidates.binary_search_by_key(&index, |c| c.method);
                let Some(candidate) = at.ok().and_then(|at| self.candidates.get(at).copied()) else {
                    return (Meaning::Nothing, None);
                };
                let meaning = self.meaning(dex, candidate, declared);
                let text = if matches!(meaning, Meaning::Nothing) { None } else { dex.method(index) };
                (meaning, text)
            }
            Usage::Read | Usage::Write => {
                let Some(id) = dex.fields.get(index as usize) else { return (Meaning::Nothing, None) };
                let class = self.types.get(usize::from(u16_in(id, 0))).map_or(NONE, |t| t.symbol);
                let symbol = self.strings.symbol(u32_in(id, 4)).and_then(|s| self.wanted.symbol(s));
                let fields = symbol.map(|s| s.fields.as_slice()).unwrap_or_default();
                let targets = fields.iter().filter(|(c, _)| *c == class).map(|(_, id)| *id);
                (Meaning::Targets(targets.collect()), dex.field(index))
            }
            Usage::Text => {
                let exact = self.strings.symbol(index).and_then(|s| self.wanted.symbol(s));
                let bytes = dex.string_bytes(index).unwrap_or_default();
                let exact = exact.map(|s| s.texts.as_slice()).unwrap_or_default();
                let targets = exact.iter().copied().chain(self.wanted.prefixes_of(bytes));
                let most = bytes.get(..self.limits.string_bytes).unwrap_or(bytes);
                (Meaning::Targets(targets.collect()), Some(super::mutf8::decode(most).into_owned()))
            }
            Usage::New | Usage::ClassConstant => {
                let symbol = self.types.get(index as usize).map_or(NONE, |t| t.symbol);
                let targets = self.wanted.symbol(symbol).map(|s| s.classes.as_slice()).unwrap_or_default();
                (Meaning::Targets(targets.into()), dex.descriptor(index).map(Into::into))
            }
        }
    }

    /// Keeps what the walk has seen, with names, as the bytes of the DEX may go.
    fn keep(&mut self, dex: &Dex<'_>, seen: &[Seen], declared: &[(u32, u32, u16)], flaws: &mut Flaws) {
        let part = self.parts.len().saturating_sub(1) as u32;
        let mut meanings: HashMap<(u8, u32), (Meaning, u32)> = HashMap::new();
        let mut caller: Option<(Place, u32)> = None;
        let mut class: Option<(u32, Arc<str>)> = None;
        for seen in seen {
            if self.bytes > self.limits.site_bytes {
                flaws.add(Flaw::Sites, None);
                return;
            }
            let key = (seen.usage.table(), seen.index);
            let (meaning, reference) = match meanings.get(&key) {
                Some((meaning, reference)) => (meaning.clone(), *reference),
                None => {
                    let (meaning, text) = self.interpret(dex, seen, declared);
                    let reference = self.references.len() as u32;
                    if !matches!(meaning, Meaning::Nothing) {
                        let text = text.unwrap_or_default();
                        self.bytes = self.bytes.saturating_add(text.len());
                        self.references.push(text);
                    }
                    meanings.insert(key, (meaning.clone(), reference));
                    (meaning, reference)
                }
            };
            if matches!(meaning, Meaning::Nothing) {
                continue;
            }
            let place = seen.place;
            let caller = match &caller {
                Some((p, at)) if (p.class, p.method) == (place.class, place.method) => *at,
                _ => {
                    let class = match &class {
                        Some((c, name)) if *c == place.class => name.clone(),
                        _ => {
                            let def = dex.classes.get(place.class as usize);
                            let name = def.and_then(|def| dex.descriptor(u32_in(def, 0))).unwrap_or_default();
                            self.bytes = self.bytes.saturating_add(name.len());
                            class.insert((place.class, name.into())).1.clone()
                        }
                    };
                    let method = signature(dex, place.method, self.limits.string_bytes);
                    self.bytes = self.bytes.saturating_add(method.len());
                    let at = self.callers.len() as u32;
                    self.callers.push(Caller { part, class, method });
                    caller.insert((place, at)).1
                }
            };
            self.found.push(Found { meaning, usage: seen.usage, offset: seen.pc, caller, reference });
        }
    }

    /// Adds the classes of this DEX that later ones may call through.
    fn extend_family(&mut self, dex: &Dex<'_>, declared: &[(u32, u32, u16)], flaws: &mut Flaws) {
        for def in dex.classes {
            let class = u32_in(def, 0);
            if !self.matters(dex, class, flaws) {
                continue;
            }
            let (Some(name), Some(superclass)) = (dex.type_bytes(class), dex.type_bytes(u32_in(def, 8)))
            else {
                continue;
            };
            if self.bytes > self.limits.site_bytes {
                flaws.add(Flaw::Sites, None);
                return;
            }
            let from = declared.partition_point(|(c, ..)| *c < class);
            let own = declared.iter().skip(from).take_while(|(c, ..)| *c == class);
            let own: Vec<Signature> = own
                .filter_map(|(_, name, proto)| Some(Signature { name: *name, proto: dex.proto(*proto)? }))
                .collect();
            let protos = own.iter().map(|s| s.proto.len()).fold(0, usize::saturating_add);
            let names = name.len().saturating_add(superclass.len());
            self.bytes = self.bytes.saturating_add(names).saturating_add(protos);
            self.family.add(name, superclass, own);
        }
    }
}

/// The targets of a method that is wanted in the class of a symbol.
fn targets_of(method: &Signature, class: u32, wanted: &Wanted) -> Meaning {
    let methods = wanted.symbol(method.name).map(|s| s.methods.as_slice()).unwrap_or_default();
    let of =
        methods.iter().filter(|m| m.class == class && m.proto.as_ref().is_none_or(|p| *p == method.proto));
    Meaning::Targets(of.map(|m| m.target).collect())
}

/// Name and prototype of a method, at most `most` bytes.
fn signature(dex: &Dex<'_>, method: u32, most: usize) -> String {
    let Some(id) = dex.methods.get(method as usize) else { return String::new() };
    let name = dex.string(u32_in(id, 4)).unwrap_or_default();
    let mut text = format!("{name}{}", dex.proto(u16_in(id, 2)).unwrap_or_default());
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

/// Drops the items that no site names any more.
fn retain_used<T>(items: &mut Vec<T>, sites: &mut [Site], index: impl Fn(&mut Site) -> &mut u32) {
    let mut places = vec![NONE; items.len()];
    for site in sites.iter_mut() {
        if let Some(place) = places.get_mut(*index(site) as usize) {
            *place = 0;
        }
    }
    let mut next = 0_u32;
    for place in places.iter_mut().filter(|p| **p != NONE) {
        *place = next;
        next = next.saturating_add(1);
    }
    let mut used = places.iter().map(|p| *p != NONE);
    items.retain(|_| used.next().unwrap_or_default());
    for site in sites {
        let at = index(site);
        *at = places.get(*at as usize).copied().unwrap_or(NONE);
    }
}

impl Usage {
    /// The table that its index points into.
    fn table(self) -> u8 {
        match self {
            Usage::Call => 0,
            Usage::Read | Usage::Write => 1,
            Usage::Text => 2,
            Usage::New | Usage::ClassConstant => 3,
        }
    }
}

/// An instruction that may be a site.
struct Seen {
    usage: Usage,
    index: u32,
    place: Place,
    pc: u32,
}

/// Takes from the walk what is marked.
struct Marks<'a> {
    methods: &'a mut [u8],
    fields: &'a [u8],
    types: &'a [Type],
    strings: &'a Strings,
    wanted: &'a Wanted,
    quick: &'a [u8],
    seen: Vec<Seen>,
    room: usize,
    cut: bool,
    part: DexPart,
}

impl Marks<'_> {
    fn add(&mut self, usage: Usage, index: u32, place: Place, pc: usize) {
        if self.seen.len() < self.room {
            self.seen.push(Seen { usage, index, place, pc: pc as u32 });
        } else {
            self.cut = true;
        }
    }
}

impl Visit for Marks<'_> {
    fn defined(&mut self, method: u32) {
        self.part.methods = self.part.methods.saturating_add(1);
        if let Some(mark) = self.methods.get_mut(method as usize) {
            *mark |= DEFINED;
        }
    }

    fn code(&mut self, units: usize) {
        self.part.bodies = self.part.bodies.saturating_add(1);
        self.part.units = self.part.units.saturating_add(units as u64);
    }

    #[inline]
    fn skips(&self, section: usize, index: u16) -> bool {
        self.quick.get(section << 16 | usize::from(index)) == Some(&0)
    }

    fn refers(&mut self, refers: Refers, index: u32, place: Place, pc: usize) -> bool {
        let at = index as usize;
        let (known, wanted, usage) = match refers {
            Refers::Method => {
                let mark = self.methods.get(at);
                (mark.is_some(), mark.is_some_and(|m| m & WANTED != 0), Usage::Call)
            }
            Refers::FieldRead | Refers::FieldWrite => {
                let usage = if refers == Refers::FieldRead { Usage::Read } else { Usage::Write };
                let mark = self.fields.get(at);
                (mark.is_some(), mark.is_some_and(|m| *m != 0), usage)
            }
            Refers::Text | Refers::TextJumbo => {
                let uses = self.strings.uses.get(at);
                (uses.is_some(), uses.is_some_and(|u| u & CONSTANT != 0), Usage::Text)
            }
            Refers::New | Refers::ClassConstant => {
                let usage = if refers == Refers::New { Usage::New } else { Usage::ClassConstant };
                let entry = self.types.get(at);
                (entry.is_some(), entry.is_some_and(|t| t.is_wanted(self.wanted)), usage)
            }
            Refers::Nothing | Refers::Nop | Refers::Free => (true, false, Usage::Call),
        };
        if wanted {
            self.add(usage, index, place, pc);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::super::small::{Class, Op, dex};
    use super::super::wanted::Target;
    use super::*;

    const TM: &str = "Landroid/telephony/TelephonyManager;";
    const OBJECT: &str = "Ljava/lang/Object;";

    fn method(class: &str, name: &str, proto: Option<&str>) -> Target {
        Target::Method { class: class.into(), name: name.into(), proto: proto.map(str::to_owned) }
    }

    /// The sites of an app with these DEX: target, caller, reference, offset.
    fn find(targets: Vec<Target>, app: &[&[Class<'_>]], limits: &Limits) -> (Vec<String>, Sites, Vec<Gap>) {
        let wanted = Wanted::new(targets);
        let mut finder = SiteFinder::new(&wanted, limits);
        let mut gaps = Vec::new();
        for classes in app {
            let bytes = dex(classes);
            for dex in Dex::open(&bytes, "classes.dex", &mut gaps).unwrap() {
                finder.read(&dex, &mut gaps);
            }
        }
        let sites = finder.finish();
        let row = |s: &Site| {
            let caller = sites.caller(s).unwrap();
            let reference = sites.reference(s).unwrap();
            format!("{} {}.{}@{} {reference}", s.target.0, caller.class, caller.method, s.offset)
        };
        (sites.sites.iter().map(row).collect(), sites.clone(), gaps)
    }

    #[test]
    fn every_use_is_found() {
        let build = "Landroid/os/Build;";
        let targets = vec![
            method(TM, "getDeviceId", None),
            Target::Field { class: build.into(), name: "SERIAL".into() },
            Target::Class { class: "La/Sdk;".into() },
            Target::Text { text: "权限\0".into() },
            Target::TextPrefix { prefix: "content://".into() },
            Target::Text { text: "absent".into() },
        ];
        let code: &[Op<'_>] = &[
            Op::Call("Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;"),
            Op::Read("Landroid/os/Build;->SERIAL:Ljava/lang/String;"),
            Op::Write("Landroid/os/Build;->SERIAL:Ljava/lang/String;"),
            Op::Read("Landroid/os/Build;->MODEL:Ljava/lang/String;"),
            Op::New("La/Sdk;"),
            Op::Class("La/Sdk;"),
            Op::Text("权限\0"),
            Op::Text("content://sms"),
            Op::Text("content:/"),
        ];
        let (rows, sites, gaps) =
            find(targets, &[&[("La/Main;", OBJECT, &[("run(I[La/X;)V", code)])]], &Limits::default());
        assert_eq!(
            rows,
            [
                "0 La/Main;.run(I[La/X;)V@0 Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;",
                "1 La/Main;.run(I[La/X;)V@3 Landroid/os/Build;->SERIAL:Ljava/lang/String;",
                "1 La/Main;.run(I[La/X;)V@5 Landroid/os/Build;->SERIAL:Ljava/lang/String;",
                "2 La/Main;.run(I[La/X;)V@9 La/Sdk;",
                "2 La/Main;.run(I[La/X;)V@11 La/Sdk;",
                "3 La/Main;.run(I[La/X;)V@13 权限\0",
                "4 La/Main;.run(I[La/X;)V@15 content://sms",
            ]
        );
        let usages: Vec<Usage> = sites.sites.iter().map(|s| s.usage).collect();
        use Usage::{Call, ClassConstant, New, Read, Text, Write};
        assert_eq!(usages, [Call, Read, Write, New, ClassConstant, Text, Text]);
        assert_eq!(sites.named, [TargetId(3), TargetId(4)]);
        assert_eq!((sites.parts[0].classes, sites.parts[0].methods, sites.parts[0].bodies), (1, 1, 1));
        assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[test]
    fn subclasses_inherit_unless_they_define() {
        let call: &[Op<'_>] = &[
            Op::Call("La/Tm;->getDeviceId()Ljava/lang/String;"),
            Op::Call("La/Own;->getDeviceId()Ljava/lang/String;"),
            Op::Call("La/Own;->getDeviceId(I)Ljava/lang/String;"),
            Op::Call("La/Below;->getDeviceId()Ljava/lang/String;"),
            Op::Call("La/Other;->getDeviceId()Ljava/lang/String;"),
            Op::Call("Landroid/view/View;->getDeviceId()Ljava/lang/String;"),
            Op::Call("La/Tm;-><init>()V"),
        ];
        let app: &[Class<'_>] = &[
            ("La/Tm;", TM, &[]),
            ("La/Own;", "La/Tm;", &[("getDeviceId()Ljava/lang/String;", &[])]),
            ("La/Below;", "La/Own;", &[]),
            ("La/Other;", OBJECT, &[]),
            ("La/Main;", OBJECT, &[("run()V", call)]),
        ];
        let expected = [
            "0 La/Main;.run()V@0 La/Tm;->getDeviceId()Ljava/lang/String;",
            "0 La/Main;.run()V@6 La/Own;->getDeviceId(I)Ljava/lang/String;",
        ];
        let targets = vec![method(TM, "getDeviceId", None), method(TM, "<init>", None)];
        let limits = Limits::default();
        assert_eq!(find(targets.clone(), &[app], &limits).0, expected);
        // The same over two DEX, in both orders.
        let (family, main) = app.split_at(4);
        assert_eq!(find(targets.clone(), &[family, main], &limits).0, expected);
        let (rows, sites, _) = find(targets.clone(), &[main, family], &limits);
        assert_eq!(rows, expected);
        assert_eq!(
            (sites.callers.len(), sites.references.len()),
            (1, 2),
            "nothing is kept for what is no site"
        );
        // And over three, with the chain in pieces.
        assert_eq!(find(targets, &[main, &family[1..], &family[..1]], &limits).0, expected);
    }

    #[test]
    fn a_platform_subclass_leads_to_its_ancestors() {
        let code: &[Op<'_>] = &[Op::Call("La/Main;->getPackageManager()V")];
        let app: &[Class<'_>] = &[("La/Main;", "Landroid/app/ListActivity;", &[("run()V", code)])];
        let targets = vec![method("Landroid/content/Context;", "getPackageManager", None)];
        assert_eq!(find(targets, &[app], &Limits::default()).0.len(), 1);
    }

    #[test]
    fn a_prototype_narrows() {
        let code: &[Op<'_>] = &[Op::Call("La/B;->get(J)I"), Op::Call("La/B;->get()I")];
        let app: &[Class<'_>] = &[("La/Main;", OBJECT, &[("run()V", code)])];
        let targets = vec![method("La/B;", "get", Some("()I"))];
        assert_eq!(find(targets, &[app], &Limits::default()).0, ["0 La/Main;.run()V@3 La/B;->get()I"]);
    }

    #[test]
    fn data_between_instructions_is_no_code() {
        // A fill-array-data payload of eight bytes that look like a call, then the call.
        let payload: &[u16] = &[0x0300, 1, 8, 0, 0x006e, 0, 0, 0x006e];
        let code: &[Op<'_>] = &[Op::Raw(payload), Op::Call("La/B;->get()I")];
        let app: &[Class<'_>] = &[("La/Main;", OBJECT, &[("run()V", code)])];
        let (rows, _, gaps) = find(vec![method("La/B;", "get", None)], &[app], &Limits::default());
        assert_eq!(rows, ["0 La/Main;.run()V@8 La/B;->get()I"]);
        assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[test]
    fn limits_become_gaps() {
        let code: &[Op<'_>] = &[Op::Text("a"), Op::Text("a"), Op::Text("a")];
        let app: &[Class<'_>] = &[("La/Main;", OBJECT, &[("run()V", code)])];
        for limits in
            [Limits { sites: 2, ..Limits::default() }, Limits { site_bytes: 0, ..Limits::default() }]
        {
            let (rows, _, gaps) = find(vec![Target::Text { text: "a".into() }], &[app], &limits);
            assert!(rows.len() < 3);
            assert_eq!(gaps.iter().map(|g| g.code.as_str()).collect::<Vec<_>>(), ["dex.sites"]);
        }
    }

    #[test]
    fn a_class_without_a_name_hides_no_site() {
        let code: &[Op<'_>] = &[Op::Call("La/Tm;->getDeviceId()I")];
        let mut bytes = dex(&[("La/Tm;", TM, &[("run()V", code)])]);
        let wanted = Wanted::new(vec![method(TM, "getDeviceId", None)]);
        let types = u32::from_le_bytes(bytes[0x44..0x48].try_into().unwrap()) as usize;
        // Types stand in order: I, La/Tm; …
        bytes[types + 4..types + 8].fill(0xff);
        let mut gaps = Vec::new();
        let mut finder = SiteFinder::new(&wanted, &Limits::default());
        finder.read(&Dex::open(&bytes, "classes.dex", &mut gaps).unwrap()[0], &mut gaps);
        let sites = finder.finish();
        assert_eq!(sites.reference(&sites.sites[0]), Some("?->getDeviceId()I"));
        assert_eq!(gaps[0].code, "dex.index");
    }

    #[test]
    fn circles_of_superclasses_end() {
        let code: &[Op<'_>] = &[Op::Call("La/X;->get()I")];
        let app: &[Class<'_>] =
            &[("La/X;", "La/Y;", &[]), ("La/Y;", "La/X;", &[]), ("La/Main;", OBJECT, &[("run()V", code)])];
        let (rows, _, gaps) = find(vec![method("La/B;", "get", None)], &[app], &Limits::default());
        assert!(rows.is_empty());
        assert_eq!(gaps[0].code, "dex.superclass");
    }
}
