//! What one sample may cost.

use std::time::Duration;

/// Limits that the caller sets. Whatever they cut becomes a [`crate::package::Gap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Inflated bytes of one entry.
    pub entry_bytes: u64,
    /// Inflated bytes of all entries of one sample.
    pub sample_bytes: u64,
    /// Entries of one archive.
    pub entries: u32,
    /// Names kept per list of the record (assets, other files).
    pub names: usize,
    /// Bytes of names kept per list of the record.
    pub name_bytes: usize,
    /// Element depth of binary XML.
    pub xml_depth: u32,
    /// Elements, attributes and text nodes of one binary XML.
    pub xml_nodes: u32,
    /// Strings of one pool.
    pub strings: u32,
    /// UTF-8 bytes of one decoded string kept in the record; longer ones are cut.
    pub string_bytes: usize,
    /// Hops of one resource reference.
    pub reference_hops: u32,
    /// Chunks visited in one resource table.
    pub table_chunks: u32,
    /// Packages nested in a container (an APK inside an `.apks` is 1).
    pub nesting: u32,
    /// Splits of one container.
    pub splits: u32,
    /// Sites in code that are kept.
    pub sites: u32,
    /// Bytes of names kept for sites in code: callers, what they refer to, classes.
    pub site_bytes: usize,
    /// Wall time of one sample.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entry_bytes: 32 << 20,
            sample_bytes: 512 << 20,
            entries: 200_000,
            names: 20_000,
            name_bytes: 2 << 20,
            xml_depth: 256,
            xml_nodes: 500_000,
            strings: 2_000_000,
            string_bytes: 8 << 10,
            reference_hops: 16,
            table_chunks: 200_000,
            nesting: 1,
            splits: 256,
            sites: 500_000,
            site_bytes: 32 << 20,
            time: Duration::from_secs(30),
        }
    }
}
