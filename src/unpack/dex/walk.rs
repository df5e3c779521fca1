//! One pass over the classes, their methods and all their code.

use super::flaw::{Flaw, Flaws};
use super::instruction::{Refers, nop_width, opcode};
use super::{Dex, u32_at, u32_in};

/// The method whose code is walked.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Index of the class definition.
    pub class: u32,
    /// Index in the method table.
    pub method: u32,
}

/// Takes what the walk comes by.
pub trait Visit {
    /// A method that a class defines, with code or without.
    fn defined(&mut self, _method: u32) {}

    /// Code of that many units follows.
    fn code(&mut self, _units: usize) {}

    /// Whether no instruction with this index into a table of a section
    /// ([`Refers::section`]) needs a look. Wrong indexes need one.
    fn skips(&self, section: usize, _index: u16) -> bool {
        section == 0
    }

    /// An instruction, `pc` units from the start of the code, that refers to the entry `index` of
    /// a table. False if the table has no such entry.
    fn refers(&mut self, refers: Refers, index: u32, place: Place, pc: usize) -> bool;
}

/// Counts the calls of each method.
pub struct Calls(pub Vec<u32>);

impl Visit for Calls {
    #[inline]
    fn refers(&mut self, refers: Refers, index: u32, _: Place, _: usize) -> bool {
        if refers != Refers::Method {
            return true;
        }
        let slot = self.0.get_mut(index as usize);
        let found = slot.is_some();
        if let Some(count) = slot {
            *count = count.saturating_add(1);
        }
        found
    }
}

/// Walks all code of `dex`. Methods may share code, and so may, in broken files, whole classes:
/// the work is bounded by [`Dex::work`], in code units and members.
pub fn walk<V: Visit>(dex: &Dex<'_>, visit: &mut V, flaws: &mut Flaws) {
    let mut work = dex.work;
    for (class, def) in (0_u32..).zip(dex.classes) {
        if u32_in(def, 0) as usize >= dex.types.len() {
            flaws.add(Flaw::Class, Some(u64::from(u32_in(def, 0))));
        }
        let at = u32_in(def, 24);
        if at == 0 {
            continue;
        }
        let mut members = Members { rest: dex.file.get(at as usize..).unwrap_or_default() };
        if members.walk(dex, class, visit, &mut work, flaws).is_none() {
            flaws.add(Flaw::ClassData, Some(u64::from(at)));
        }
        if work == 0 {
            flaws.add(Flaw::Work, Some(u64::from(at)));
            return;
        }
    }
}

/// The list of members of one class (`class_data_item`).
struct Members<'a> {
    rest: &'a [u8],
}

impl Members<'_> {
    /// `None` if the list is cut off.
    fn walk<V: Visit>(
        &mut self,
        dex: &Dex<'_>,
        class: u32,
        visit: &mut V,
        work: &mut u64,
        flaws: &mut Flaws,
    ) -> Option<()> {
        let fields = u64::from(self.number()?).saturating_add(u64::from(self.number()?));
        let groups = [self.number()?, self.number()?];
        // Every field takes at least two bytes.
        *work = work.saturating_sub(fields.min(self.rest.len() as u64));
        if *work == 0 {
            return Some(());
        }
        for _ in 0..fields {
            self.number()?;
            self.number()?;
        }
        for count in groups {
            let mut method = 0_u32;
            for _ in 0..count {
                if *work == 0 {
                    return Some(());
                }
                method = method.wrapping_add(self.number()?);
                self.number()?;
                let code = self.number()?;
                *work = work.saturating_sub(1);
                if method as usize >= dex.methods.len() {
                    flaws.add(Flaw::Index, None);
                }
                visit.defined(method);
                if code != 0 {
                    walk_code(dex, code, Place { class, method }, visit, work, flaws);
                }
            }
        }
        Some(())
    }

    /// The next ULEB128 number.
    #[inline]
    fn number(&mut self) -> Option<u32> {
        if let [a @ 0..=0x7f, rest @ ..] = self.rest {
            self.rest = rest;
            return Some(u32::from(*a));
        }
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u32::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
        }
        Some(value)
    }
}

/// Walks the code at an offset (`code_item`): 16 bytes of header, then the instructions.
fn walk_code<V: Visit>(
    dex: &Dex<'_>,
    at: u32,
    place: Place,
    visit: &mut V,
    work: &mut u64,
    flaws: &mut Flaws,
) {
    let item = dex.file.get(at as usize..).unwrap_or_default();
    let (Some(stated), Some(code)) = (u32_at(item, 12), item.get(16..)) else {
        flaws.add(Flaw::Code, Some(u64::from(at)));
        return;
    };
    let units = code.as_chunks::<2>().0;
    let units = units.get(..stated as usize).unwrap_or_else(|| {
        flaws.add(Flaw::Code, Some(u64::from(at)));
        units
    });
    *work = work.saturating_sub(units.len() as u64);
    if *work == 0 {
        return;
    }
    visit.code(units.len());
    let unit = |at: usize| units.get(at).map_or(0, |u| u16::from_le_bytes(*u));
    let mut pc = 0_usize;
    while let Some([op, high]) = units.get(pc) {
        let code = opcode(*op);
        let mut width = usize::from(code.width);
        // One rarely taken branch for all kinds: which kind comes next cannot be predicted.
        if !visit.skips(code.refers.section(), unit(pc.saturating_add(1)) & code.mask) {
            let known = match code.refers {
                Refers::Nop => {
                    if *high != 0 {
                        width = nop_width(*high, units.get(pc..).unwrap_or_default());
                    }
                    true
                }
                Refers::Free => {
                    flaws.add(Flaw::Opcode, Some(u64::from(at)));
                    true
                }
                // The index is the second unit, but for an instruction that the end cuts off.
                _ if pc.saturating_add(width) > units.len() => true,
                refers => {
                    let mut index = u32::from(unit(pc.saturating_add(1)));
                    if refers == Refers::TextJumbo {
                        index |= u32::from(unit(pc.saturating_add(2))) << 16;
                    }
                    visit.refers(refers, index, place, pc)
                }
            };
            if !known {
                flaws.add(Flaw::Index, Some(u64::from(at)));
            }
        }
        pc = pc.saturating_add(width);
    }
    if pc > units.len() {
        flaws.add(Flaw::Opcode, Some(u64::from(at)));
    }
}
