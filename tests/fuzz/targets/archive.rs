//! The directory of an archive, and every entry of it.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use piscope::unpack::archive::{Archive, Budget, Buffers};
use piscope::unpack::source::Source;

fuzz_target!(|data: &[u8]| {
    let limits = shared::limits();
    let mut budget = Budget::new(&limits);
    let mut gaps = Vec::new();
    let opened = Archive::open(&data, "", &limits, &budget, Buffers::default(), &mut gaps);
    shared::check_once(&gaps);
    let Ok(archive) = opened else { return };
    assert!(archive.entries().len() <= limits.entries as usize);
    assert!(archive.directory_at() <= data.len() as u64);
    let mut out = Vec::new();
    let mut inflated = 0;
    for entry in archive.entries() {
        let name = archive.name(entry);
        let first = archive.find(name).expect("an entry is found by its name");
        assert_eq!(archive.name(first), name);
        assert!(archive.display_name(entry).len() <= 3 * name.len().max(1) + 8);
        let known = gaps.len();
        let read = archive.read(entry, &mut budget, &mut out, &mut gaps);
        // Local header, method, size and checksum.
        assert!(gaps.len() <= known + 4);
        let Ok(bytes) = read else { continue };
        assert!(bytes.len() as u64 <= limits.entry_bytes);
        inflated += bytes.len() as u64;
        if let Some(part) = archive.stored_part(entry) {
            let mut window = vec![0; bytes.len()];
            let n = part.read_at(0, &mut window).expect("memory can be read");
            assert_eq!(part.len(), bytes.len() as u64, "the window has the size of the entry");
            assert_eq!(&window[..n], bytes, "the window shows what reading gives");
        }
    }
    assert!(inflated <= limits.sample_bytes);
    shared::check_gaps(&gaps, 16 + 5 * limits.entries as usize);
});
