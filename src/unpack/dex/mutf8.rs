//! Modified UTF-8 as DEX strings use it: every UTF-16 code unit is encoded by itself, U+0000 as
//! `C0 80`, and a zero byte ends the string.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The bytes of `text` in modified UTF-8, without the end mark.
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let low = |shift: u32| 0x80 | (unit >> shift) as u8 & 0x3f;
        match unit {
            1..=0x7f => out.push(unit as u8),
            0 | 0x80..=0x7ff => out.extend([0xc0 | (unit >> 6) as u8, low(0)]),
            _ => out.extend([0xe0 | (unit >> 12) as u8, low(6), low(0)]),
        }
    }
    out
}

/// The text of `bytes`; what is no modified UTF-8 becomes U+FFFD.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let low = |b: u8| u16::from(b & 0x3f);
        rest = match rest {
            [] => break,
            [a @ 0..=0x7f, rest @ ..] => {
                units.push(u16::from(*a));
                rest
            }
            [a @ 0xc0..=0xdf, b @ 0x80..=0xbf, rest @ ..] => {
                units.push(u16::from(a & 0x1f) << 6 | low(*b));
                rest
            }
            [a @ 0xe0..=0xef, b @ 0x80..=0xbf, c @ 0x80..=0xbf, rest @ ..] => {
                units.push(u16::from(a & 0x0f) << 12 | low(*b) << 6 | low(*c));
                rest
            }
            [_, rest @ ..] => {
                units.push(0xfffd);
                rest
            }
        };
    }
    Cow::Owned(String::from_utf16_lossy(&units))
}

/// Order of two strings by UTF-16 code units, which is the order of the string table. Each ends
/// at its zero byte or at the end of the slice.
pub fn order(a: &[u8], b: &[u8]) -> Ordering {
    let at = common(a, b);
    rank(a, at).cmp(&rank(b, at))
}

/// Whether `a` comes before `b`, and how many bytes that took.
pub fn ascending(a: &[u8], b: &[u8]) -> (bool, usize) {
    let at = common(a, b);
    (rank(a, at) < rank(b, at), at.saturating_add(1))
}

/// Rank of the byte at `at`. Bytes rank as the units that they begin, but for the end of the
/// string, which comes first, and U+0000, whose first byte is `C0`.
fn rank(bytes: &[u8], at: usize) -> u16 {
    match bytes.get(at) {
        None | Some(0) => 0,
        Some(0xc0) => 1,
        Some(b) => u16::from(*b).saturating_add(1),
    }
}

/// How many bytes the two strings have in common, up to the end of the shorter one.
fn common(a: &[u8], b: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (wide_a, wide_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let mut at = 0_usize;
    for (x, y) in wide_a.iter().zip(wide_b) {
        let word = u64::from_le_bytes(*x);
        // The second term has a bit where a byte of `word` is zero.
        if x != y || word.wrapping_sub(ONES) & !word & (ONES << 7) != 0 {
            break;
        }
        at = at.saturating_add(8);
    }
    let (a, b) = (a.get(at..).unwrap_or_default(), b.get(at..).unwrap_or_default());
    let rest = a.iter().zip(b).take_while(|(x, y)| x == y && **x != 0).count();
    at.saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_the_round_trip() {
        for text in ["", "a", "权限", "a\0b", "é", "😀 smile", "\u{ffff}"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(encode("\0"), [0xc0, 0x80]);
        assert_eq!(encode("😀"), [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]);
    }

    #[test]
    fn broken_bytes_become_replacements() {
        assert_eq!(decode(&[0x61, 0xff, 0x62]), "a\u{fffd}b");
        assert_eq!(decode(&[0xe4, 0xb8]), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn order_is_that_of_utf16_units() {
        let texts = [
            "",
            "\0",
            "\0a",
            "a",
            "a\0",
            "a\0b",
            "ab",
            "abcdefgh",
            "abcdefghi",
            "z",
            "é",
            "权",
            "😀",
            "\u{fffd}",
        ];
        for (i, a) in texts.iter().enumerate() {
            for (j, b) in texts.iter().enumerate() {
                let units = |s: &str| s.encode_utf16().collect::<Vec<_>>();
                assert_eq!(units(a).cmp(&units(b)), i.cmp(&j), "{a:?} {b:?}");
                let (mut a, b) = (encode(a), encode(b));
                assert_eq!(order(&a, &b), i.cmp(&j));
                a.extend(b"\0what follows in the file");
                assert_eq!(order(&a, &b), i.cmp(&j), "an end mark ends the string");
            }
        }
    }
}
