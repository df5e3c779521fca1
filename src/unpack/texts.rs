//! All texts of a resource table, in every language, as they lie in its global string pool. Costs
//! far more than the record: read only where the record does not tell enough.

use super::limits::Limits;
use super::pool::{Flaws, POOL_CHUNK, StringPool, size, u16_at, u32_at};

/// `RES_TABLE_TYPE`.
const TABLE_CHUNK: u16 = 0x0002;
/// Chunks before the pool that are passed over.
const CHUNKS: usize = 8;
/// Longer strings are documents, not labels.
const LONGEST: usize = 300;

/// Appends the texts in the resource table `table` to `into`, in the pool's order, up to the limits
/// of names in number and bytes. File paths are left out.
pub(super) fn append(table: &[u8], limits: &Limits, into: &mut Vec<String>) {
    let Some(pool) = pool(table) else { return };
    let mut bytes: usize = into.iter().map(String::len).sum();
    let mut flaws = Flaws::default();
    for index in 0..pool.count().min(limits.strings) {
        if into.len() >= limits.names || bytes >= limits.name_bytes {
            break;
        }
        if pool.length(index) > LONGEST.saturating_mul(2) {
            continue;
        }
        let Some(text) = pool.get(index, LONGEST, &mut flaws) else { continue };
        let text = text.trim();
        if !text.is_empty() && !is_path(text) {
            bytes = bytes.saturating_add(text.len());
            into.push(text.to_owned());
        }
    }
}

/// The global string pool: the first pool after the table's header.
fn pool(table: &[u8]) -> Option<StringPool<'_>> {
    if u16_at(table, 0)? != TABLE_CHUNK {
        return None;
    }
    let mut at = usize::from(u16_at(table, 2)?);
    for _ in 0..CHUNKS {
        let (kind, length) = (u16_at(table, at)?, size(u32_at(table, at.checked_add(4)?)?));
        if kind == POOL_CHUNK {
            let end = at.saturating_add(length).min(table.len());
            return Some(StringPool::open(table, at, end).0);
        }
        at = at.checked_add(length.max(8))?;
    }
    None
}

/// `res/layout/main.xml` and the like: the table's references to files.
fn is_path(text: &str) -> bool {
    text.is_ascii() && text.starts_with("res/") && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of nothing but a UTF-8 pool of `strings`.
    fn table(strings: &[&str]) -> Vec<u8> {
        let mut data = Vec::new();
        let mut offsets = Vec::new();
        for s in strings {
            offsets.push(data.len() as u32);
            data.push(s.chars().count() as u8);
            data.push(s.len() as u8);
            data.extend(s.as_bytes());
            data.push(0);
        }
        while data.len() % 4 != 0 {
            data.push(0);
        }
        let start = 28 + 4 * strings.len() as u32;
        let pool_size = start + data.len() as u32;
        let mut out = Vec::new();
        out.extend(2_u16.to_le_bytes());
        out.extend(12_u16.to_le_bytes());
        out.extend((12 + pool_size).to_le_bytes());
        out.extend(0_u32.to_le_bytes());
        out.extend(1_u16.to_le_bytes());
        out.extend(28_u16.to_le_bytes());
        for word in [pool_size, strings.len() as u32, 0, 1 << 8, start, 0] {
            out.extend(word.to_le_bytes());
        }
        for offset in offsets {
            out.extend(offset.to_le_bytes());
        }
        out.extend(data);
        out
    }

    #[test]
    fn texts_come_without_paths() {
        let mut found = Vec::new();
        append(&table(&["加入购物车", "res/layout/a.xml", " ", "Checkout"]), &Limits::default(), &mut found);
        assert_eq!(found, ["加入购物车", "Checkout"]);
    }

    #[test]
    fn limits_and_broken_tables_end_it() {
        let mut found = Vec::new();
        let limits = Limits { names: 1, ..Limits::default() };
        append(&table(&["一", "二"]), &limits, &mut found);
        assert_eq!(found, ["一"]);
        let whole = table(&["一", "二"]);
        for cut in 0..whole.len() {
            append(&whole[..cut], &Limits::default(), &mut Vec::new());
        }
    }
}
