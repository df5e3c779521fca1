//! What to look for in code, compiled once and shared by all threads.

use std::collections::HashMap;

use super::{Dex, mutf8};

/// One thing to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Calls of a method, also through a subclass that inherits it. Constructors and static
    /// initialisers (`<init>`, `<clinit>`) are not inherited.
    Method {
        /// Type descriptor of the class, e.g. `Landroid/location/LocationManager;`.
        class: String,
        /// Name, e.g. `getLastKnownLocation`.
        name: String,
        /// Prototype, e.g. `(Ljava/lang/String;)Landroid/location/Location;`; any if `None`.
        proto: Option<String>,
    },
    /// Reads and writes of a field of exactly this class.
    Field {
        /// Type descriptor of the class.
        class: String,
        /// Name, e.g. `SERIAL`.
        name: String,
    },
    /// Instances and class constants of exactly this class.
    Class {
        /// Type descriptor of the class.
        class: String,
    },
    /// Loads of a constant string.
    Text {
        /// The whole string.
        text: String,
    },
    /// Loads of constant strings with this beginning.
    TextPrefix {
        /// The beginning, not empty.
        prefix: String,
    },
}

/// Index of a [`Target`] in the list that a [`Wanted`] was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);

/// A method to look for, below the symbol of its name.
#[derive(Debug)]
pub(super) struct WantedMethod {
    pub class: u32,
    pub proto: Option<String>,
    pub target: TargetId,
}

/// A string that matters, and as what.
#[derive(Debug, Default)]
pub(super) struct Symbol {
    /// Modified UTF-8.
    pub bytes: Vec<u8>,
    /// As the name of methods.
    pub methods: Vec<WantedMethod>,
    /// As the name of fields: the symbol of the class.
    pub fields: Vec<(u32, TargetId)>,
    /// As the descriptor of a class that methods or fields are looked for in.
    pub is_class: bool,
    /// As a class looked for.
    pub classes: Vec<TargetId>,
    /// As a constant string.
    pub texts: Vec<TargetId>,
}

/// The use of a string, as bits.
pub(super) const METHOD_NAME: u8 = 1;
pub(super) const FIELD_NAME: u8 = 2;
pub(super) const CLASS_NAME: u8 = 4;
pub(super) const CONSTANT: u8 = 8;

impl Symbol {
    fn uses(&self) -> u8 {
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        bit(!self.methods.is_empty(), METHOD_NAME)
            | bit(!self.fields.is_empty(), FIELD_NAME)
            | bit(self.is_class || !self.classes.is_empty(), CLASS_NAME)
            | bit(!self.texts.is_empty(), CONSTANT)
    }
}

/// Targets compiled for the search.
#[derive(Debug)]
pub struct Wanted {
    targets: Vec<Target>,
    /// In the order of string tables.
    symbols: Vec<Symbol>,
    /// Descriptor to symbol, of the classes that methods are looked for in.
    classes: HashMap<Vec<u8>, u32>,
    prefixes: Vec<(Vec<u8>, TargetId)>,
}

impl Wanted {
    /// Compiles `targets`; a [`TargetId`] is the index in this list. An empty prefix matches
    /// nothing.
    pub fn new(targets: Vec<Target>) -> Self {
        let mut texts: Vec<&str> = Vec::new();
        for target in &targets {
            match target {
                Target::Method { class, name, .. } | Target::Field { class, name } => {
                    texts.extend([class, name].map(String::as_str))
                }
                Target::Class { class: text } | Target::Text { text } => texts.push(text),
                Target::TextPrefix { .. } => {}
            }
        }
        let mut names: Vec<Vec<u8>> = texts.into_iter().map(mutf8::encode).collect();
        names.sort_by(|a, b| mutf8::order(a, b));
        names.dedup();
        let mut symbols: Vec<Symbol> =
            names.into_iter().map(|bytes| Symbol { bytes, ..Symbol::default() }).collect();
        let mut classes = HashMap::new();
        let mut prefixes = Vec::new();
        for (target, id) in targets.iter().zip((0..).map(TargetId)) {
            let of = |text: &str, symbols: &[Symbol]| {
                let bytes = mutf8::encode(text);
                symbols.binary_search_by(|s| mutf8::order(&s.bytes, &bytes)).unwrap_or_default()
            };
            match target {
                Target::Method { class, name, proto } => {
                    let class_symbol = of(class, &symbols) as u32;
                    classes.insert(mutf8::encode(class), class_symbol);
                    if let Some(s) = symbols.get_mut(class_symbol as usize) {
                        s.is_class = true;
                    }
                    let at = of(name, &symbols);
                    if let Some(s) = symbols.get_mut(at) {
                        s.methods.push(WantedMethod {
                            class: class_symbol,
                            proto: proto.clone(),
                            target: id,
                        });
                    }
                }
                Target::Field { class, name } => {
                    let class = of(class, &symbols);
                    if let Some(s) = symbols.get_mut(class) {
                        s.is_class = true;
                    }
                    let at = of(name, &symbols);
                    if let Some(s) = symbols.get_mut(at) {
                        s.fields.push((class as u32, id));
                    }
                }
                Target::Class { class } => {
                    let at = of(class, &symbols);
                    if let Some(s) = symbols.get_mut(at) {
                        s.classes.push(id);
                    }
                }
                Target::Text { text } => {
                    let at = of(text, &symbols);
                    if let Some(s) = symbols.get_mut(at) {
                        s.texts.push(id);
                    }
                }
                Target::TextPrefix { prefix } if !prefix.is_empty() => {
                    prefixes.push((mutf8::encode(prefix), id));
                }
                Target::TextPrefix { .. } => {}
            }
        }
        prefixes.sort_by(|a, b| mutf8::order(&a.0, &b.0).then(a.1.cmp(&b.1)));
        Self { targets, symbols, classes, prefixes }
    }

    /// The targets, in the order of their ids.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    pub(super) fn symbol(&self, index: u32) -> Option<&Symbol> {
        self.symbols.get(index as usize)
    }

    /// The symbol of a class that methods are looked for in.
    pub(super) fn class(&self, descriptor: &[u8]) -> Option<u32> {
        self.classes.get(descriptor).copied()
    }

    /// The prefixes that `text` begins with.
    pub(super) fn prefixes_of<'w>(&'w self, text: &'w [u8]) -> impl Iterator<Item = TargetId> + 'w {
        self.prefixes.iter().filter(|(prefix, _)| text.starts_with(prefix)).map(|(_, id)| *id)
    }

    /// Finds the wanted strings in the string table of `dex`.
    pub(super) fn locate(&self, dex: &Dex<'_>, into: &mut Strings) {
        into.uses.clear();
        into.uses.resize(dex.strings.len(), 0);
        into.symbols.clear();
        into.prefixed.clear();
        if dex.ordered { self.locate_ordered(dex, into) } else { self.locate_any(dex, into) }
    }

    /// Both lists are in the same order: the place of one symbol bounds that of the next.
    fn locate_ordered(&self, dex: &Dex<'_>, into: &mut Strings) {
        let order =
            |at: usize, bytes: &[u8]| mutf8::order(dex.string_data(at as u32).unwrap_or_default(), bytes);
        // The first index from `low` on whose string is not before `bytes`: in leaps, then halving.
        let seek = |mut low: usize, bytes: &[u8]| {
            let mut leap = 1_usize;
            let mut high = low;
            while high < dex.strings.len() && order(high, bytes).is_lt() {
                low = high.saturating_add(1);
                high = high.saturating_add(leap);
                leap = leap.saturating_mul(2);
            }
            high = high.min(dex.strings.len());
            while low < high {
                let middle = low.midpoint(high);
                if order(middle, bytes).is_lt() { low = middle.saturating_add(1) } else { high = middle }
            }
            low
        };
        let mut at = 0;
        for (index, symbol) in (0_u32..).zip(&self.symbols) {
            at = seek(at, &symbol.bytes);
            if at == dex.strings.len() {
                break;
            }
            if order(at, &symbol.bytes).is_eq() {
                into.add(at as u32, symbol.uses(), index);
            }
        }
        at = 0;
        for (prefix, id) in &self.prefixes {
            at = seek(at, prefix);
            let mut end = at;
            while dex.string_data(end as u32).is_some_and(|d| d.starts_with(prefix)) {
                if let Some(uses) = into.uses.get_mut(end) {
                    *uses |= CONSTANT;
                }
                end = end.saturating_add(1);
            }
            if end > at {
                into.prefixed.push(*id);
            }
        }
    }

    /// The strings are in no order: each is looked up.
    fn locate_any(&self, dex: &Dex<'_>, into: &mut Strings) {
        let longest = self.symbols.iter().map(|s| s.bytes.len()).max().unwrap_or_default();
        let by_bytes: HashMap<&[u8], u32> =
            self.symbols.iter().map(|s| s.bytes.as_slice()).zip(0..).collect();
        for index in 0..dex.strings.len() as u32 {
            let Some(data) = dex.string_data(index) else { continue };
            let head = data.get(..=longest).unwrap_or(data);
            if let Some(end) = head.iter().position(|b| *b == 0)
                && let Some(symbol) = head.get(..end).and_then(|text| by_bytes.get(text))
                && let Some(found) = self.symbol(*symbol)
            {
                into.add(index, found.uses(), *symbol);
            }
            let mut prefixed = false;
            for id in self.prefixes_of(data) {
                prefixed = true;
                into.prefixed.push(id);
            }
            if let (true, Some(uses)) = (prefixed, into.uses.get_mut(index as usize)) {
                *uses |= CONSTANT;
            }
            if into.prefixed.len() > self.prefixes.len().saturating_mul(2) {
                into.prefixed.sort_unstable();
                into.prefixed.dedup();
            }
        }
    }
}

/// What the wanted strings are in one DEX.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// By string index, the uses that it may have.
    pub uses: Vec<u8>,
    /// String index and symbol, ascending.
    pub symbols: Vec<(u32, u32)>,
    /// The prefixes that a string of the table begins with.
    pub prefixed: Vec<TargetId>,
}

impl Strings {
    fn add(&mut self, string: u32, uses: u8, symbol: u32) {
        if let Some(slot) = self.uses.get_mut(string as usize) {
            *slot |= uses;
        }
        self.symbols.push((string, symbol));
    }

    /// Whether the string may have this use.
    #[inline]
    pub fn has(&self, string: u32, using: u8) -> bool {
        self.uses.get(string as usize).is_some_and(|uses| uses & using != 0)
    }

    /// The symbol of a string.
    pub fn symbol(&self, string: u32) -> Option<u32> {
        let at = self.symbols.binary_search_by_key(&string, |(s, _)| *s).ok()?;
        self.symbols.get(at).map(|(_, symbol)| *symbol)
    }
}
