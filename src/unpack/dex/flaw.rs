//! What may be wrong with a DEX.

use crate::package::{Gap, GapKind};

/// One kind of flaw. Each is reported once per DEX, with its first place and how often it came:
/// a hostile file could otherwise fill memory with gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    HeaderSize,
    Truncated,
    Trailing,
    Container,
    Logical,
    Table,
    Order,
    Text,
    Class,
    ClassData,
    Code,
    Opcode,
    Index,
    Superclass,
    Work,
    Sites,
}

impl Flaw {
    fn describe(self) -> (GapKind, &'static str, &'static str) {
        use GapKind::{Limit, Tampered, Unread};
        match self {
            Flaw::HeaderSize => (
                Tampered,
                "dex.header-size",
                "the header states an unusual size; it was read as the format lays it out",
            ),
            Flaw::Truncated => (Unread, "dex.truncated", "the header states more bytes than there are"),
            Flaw::Trailing => {
                (Tampered, "dex.trailing", "bytes follow after the end that the header states; not read")
            }
            Flaw::Container => (
                Unread,
                "dex.container",
                "the container holds something that is no DEX; what follows was not read",
            ),
            Flaw::Logical => (Limit, "dex.container-count", "more DEX in one container than are read"),
            Flaw::Table => (
                Unread,
                "dex.table",
                "a table reaches beyond the file or the format's bounds; read as far as it goes",
            ),
            Flaw::Order => (
                Tampered,
                "dex.order",
                "the strings are not in order, as the system demands; searched one by one",
            ),
            Flaw::Text => (Unread, "dex.string", "a string lies outside the file or has no end"),
            Flaw::Class => (Unread, "dex.class", "a class definition names a type that does not exist"),
            Flaw::ClassData => (
                Unread,
                "dex.class-data",
                "the list of members of a class is cut off or lies outside the file",
            ),
            Flaw::Code => (Unread, "dex.code", "the code of a method lies partly or wholly outside the file"),
            Flaw::Opcode => {
                (Unread, "dex.opcode", "code holds opcodes that do not exist or is cut off in an instruction")
            }
            Flaw::Index => (Unread, "dex.index", "code refers to an entry that its table does not have"),
            Flaw::Superclass => (
                Tampered,
                "dex.superclass",
                "a class descends from itself or from too many classes; followed no further",
            ),
            Flaw::Work => {
                (Limit, "dex.work", "classes share code so often that walking all of it was given up")
            }
            Flaw::Sites => (Limit, "dex.sites", "more sites than are kept"),
        }
    }
}

/// The flaws found in one DEX.
#[derive(Debug, Default)]
pub struct Flaws {
    found: Vec<(Flaw, Option<u64>, u64)>,
}

impl Flaws {
    /// Notes a flaw, at an offset in the file if it has one.
    #[cold]
    pub fn add(&mut self, flaw: Flaw, offset: Option<u64>) {
        match self.found.iter_mut().find(|(f, ..)| *f == flaw) {
            Some((.., count)) => *count = count.saturating_add(1),
            None => self.found.push((flaw, offset, 1)),
        }
    }

    /// Reports them as gaps of `part`.
    pub fn report(self, part: &str, gaps: &mut Vec<Gap>) {
        for (flaw, offset, count) in self.found {
            let (kind, code, detail) = flaw.describe();
            let detail = if count > 1 { format!("{detail} ({count} times)") } else { detail.to_owned() };
            gaps.push(Gap { kind, code: code.to_owned(), part: part.to_owned(), offset, detail });
        }
    }
}
