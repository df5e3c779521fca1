//! A resource table, read from memory and through the window over a file: both must agree.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use piscope::unpack::arsc::ResourceTable;
use piscope::unpack::source::{Part, Source};

fuzz_target!(|data: &[u8]| {
    let limits = shared::limits();
    // Small ids of the common packages, and four of the input's own at its end.
    let mut ids: Vec<u32> = (0..8).map(|n| 0x7f01_0000 + (n % 4 << 16) + n / 4).collect();
    ids.extend([0x0101_0000, 0x0001_0000]);
    ids.extend(data.as_rchunks::<4>().1.iter().rev().take(4).map(|b| u32::from_le_bytes(*b)));

    let whole: &dyn Source = &data;
    let window = Part::new(whole, 0, data.len() as u64);
    let read = |source: &dyn Source| {
        let mut gaps = Vec::new();
        let rows =
            ResourceTable::open(source, &limits, &mut gaps).map(|mut table| table.resolve(&ids, &mut gaps));
        (rows.ok(), gaps)
    };
    let (rows, gaps) = read(whole);
    let (again, noted) = read(&window);
    assert!(rows == again && gaps == noted, "memory gives {rows:?} {gaps:?}, the window {again:?} {noted:?}");
    shared::check_once(&gaps);
    shared::check_gaps(&gaps, 16);
    let Some(rows) = rows else { return };
    assert_eq!(rows.len(), ids.len());
    let mut bytes = 0;
    for row in &rows {
        for text in [&row.default, &row.zh, &row.en].into_iter().flatten() {
            assert!(text.len() <= limits.string_bytes, "a text of {} bytes", text.len());
            bytes += text.len();
        }
    }
    assert!(bytes <= shared::text_bytes(&limits), "{bytes} bytes of text");
});
