//! Widths of the instructions and what they refer to (Dalvik bytecode, Dalvik executable
//! instruction formats).

/// What the index of an instruction refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refers {
    /// To nothing that is looked for.
    Nothing,
    /// `nop`, which may begin a payload.
    Nop,
    /// An opcode that the format leaves free.
    Free,
    /// A method that is called.
    Method,
    /// A field that is read.
    FieldRead,
    /// A field that is written.
    FieldWrite,
    /// A constant string by 16 bits.
    Text,
    /// A constant string by 32 bits.
    TextJumbo,
    /// A class that is instantiated.
    New,
    /// A class that is loaded as a constant.
    ClassConstant,
}

/// One opcode: code units of 16 bits, and what it refers to.
#[derive(Debug, Clone, Copy)]
pub struct Opcode {
    pub width: u8,
    pub refers: Refers,
    /// The bits of the second unit that are an index.
    pub mask: u16,
}

/// Kinds of tables that 16 bits point into, for a quick look at what an instruction refers to.
pub const SECTIONS: usize = 6;

impl Refers {
    /// The section of its table: 0 for nothing, the last for what always needs a closer look.
    #[inline]
    pub const fn section(self) -> usize {
        match self {
            Refers::Nothing => 0,
            Refers::Method => 1,
            Refers::FieldRead | Refers::FieldWrite => 2,
            Refers::Text => 3,
            Refers::New | Refers::ClassConstant => 4,
            Refers::Nop | Refers::Free | Refers::TextJumbo => 5,
        }
    }
}

/// The opcode of a byte.
#[inline]
pub fn opcode(byte: u8) -> Opcode {
    OPCODES.get(usize::from(byte)).copied().unwrap_or(FREE)
}

const FREE: Opcode = Opcode { width: 1, refers: Refers::Free, mask: 0 };
const OPCODES: [Opcode; 256] = table();

/// Opcodes, first to last, with their width.
const WIDTHS: &[(u8, u8, u8)] = &[
    (0x00, 0x01, 1),
    (0x02, 0x02, 2),
    (0x03, 0x03, 3),
    (0x04, 0x04, 1),
    (0x05, 0x05, 2),
    (0x06, 0x06, 3),
    (0x07, 0x07, 1),
    (0x08, 0x08, 2),
    (0x09, 0x09, 3),
    (0x0a, 0x12, 1),
    (0x13, 0x13, 2),
    (0x14, 0x14, 3),
    (0x15, 0x16, 2),
    (0x17, 0x17, 3),
    (0x18, 0x18, 5),
    (0x19, 0x1a, 2),
    (0x1b, 0x1b, 3),
    (0x1c, 0x1c, 2),
    (0x1d, 0x1e, 1),
    (0x1f, 0x20, 2),
    (0x21, 0x21, 1),
    (0x22, 0x23, 2),
    (0x24, 0x26, 3),
    (0x27, 0x28, 1),
    (0x29, 0x29, 2),
    (0x2a, 0x2c, 3),
    (0x2d, 0x3d, 2),
    (0x44, 0x6d, 2),
    (0x6e, 0x72, 3),
    (0x74, 0x78, 3),
    (0x7b, 0x8f, 1),
    (0x90, 0xaf, 2),
    (0xb0, 0xcf, 1),
    (0xd0, 0xe2, 2),
    (0xfa, 0xfb, 4),
    (0xfc, 0xfd, 3),
    (0xfe, 0xff, 2),
];

/// Opcodes, first to last, that refer to something.
const REFERENCES: &[(u8, u8, Refers)] = &[
    (0x00, 0x00, Refers::Nop),
    (0x1a, 0x1a, Refers::Text),
    (0x1b, 0x1b, Refers::TextJumbo),
    (0x1c, 0x1c, Refers::ClassConstant),
    (0x22, 0x22, Refers::New),
    (0x52, 0x58, Refers::FieldRead),
    (0x59, 0x5f, Refers::FieldWrite),
    (0x60, 0x66, Refers::FieldRead),
    (0x67, 0x6d, Refers::FieldWrite),
    (0x6e, 0x72, Refers::Method),
    (0x74, 0x78, Refers::Method),
    (0xfa, 0xfb, Refers::Method),
];

// Runs at compile time, where an index out of range or an overflow is a compile error.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn table() -> [Opcode; 256] {
    let mut table = [FREE; 256];
    let mut row = 0;
    while row < WIDTHS.len() {
        let (first, last, width) = WIDTHS[row];
        let mut at = first as usize;
        while at <= last as usize {
            table[at] = Opcode { width, refers: Refers::Nothing, mask: 0 };
            at += 1;
        }
        row += 1;
    }
    row = 0;
    while row < REFERENCES.len() {
        let (first, last, refers) = REFERENCES[row];
        let mut at = first as usize;
        while at <= last as usize {
            table[at].refers = refers;
            table[at].mask = if matches!(refers.section(), 1..=4) { u16::MAX } else { 0 };
            at += 1;
        }
        row += 1;
    }
    table
}

/// Width of what begins with a `nop` in code units: 1, or that of the payload that `kind`, the
/// second byte of the `nop`, announces. `rest` begins with the `nop`.
pub fn nop_width(kind: u8, rest: &[[u8; 2]]) -> usize {
    let unit = |at: usize| rest.get(at).map_or(0, |u| usize::from(u16::from_le_bytes(*u)));
    match kind {
        // packed-switch-payload: size, first key (2), targets (2 each).
        1 => unit(1).saturating_mul(2).saturating_add(4),
        // sparse-switch-payload: size, keys (2 each), targets (2 each).
        2 => unit(1).saturating_mul(4).saturating_add(2),
        // fill-array-data-payload: bytes of an element, elements (2), data filled up to whole units.
        3 => {
            let elements = unit(3).saturating_mul(1 << 16).saturating_add(unit(2));
            elements.saturating_mul(unit(1)).div_ceil(2).saturating_add(4)
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opcode_has_a_width() {
        let free: Vec<u8> = (0..=255).filter(|b| opcode(*b).refers == Refers::Free).collect();
        let expected: Vec<u8> = (0x3e..=0x43).chain([0x73]).chain(0x79..=0x7a).chain(0xe3..=0xf9).collect();
        assert_eq!(free, expected, "the opcodes that the bytecode leaves free");
        let mut widths = [0; 6];
        for b in 0..=255 {
            widths[usize::from(opcode(b).width)] += 1;
        }
        assert_eq!(widths, [0, 103, 126, 24, 2, 1]);
    }

    #[test]
    fn payloads_are_as_wide_as_they_say() {
        let units = |u: &[u16]| u.iter().map(|u| u.to_le_bytes()).collect::<Vec<_>>();
        assert_eq!(nop_width(0, &units(&[0])), 1);
        assert_eq!(nop_width(1, &units(&[0x100, 3])), 10);
        assert_eq!(nop_width(2, &units(&[0x200, 3])), 14);
        assert_eq!(nop_width(3, &units(&[0x300, 1, 3, 0])), 6);
        assert_eq!(nop_width(3, &units(&[0x300, 8, 0, 1])), 4 + 65536 * 4);
        assert_eq!(nop_width(1, &units(&[0x100])), 4, "cut off");
        assert_eq!(nop_width(9, &units(&[0x900])), 1);
    }
}
