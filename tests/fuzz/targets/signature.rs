//! The signers of an APK: the input is its PKCS#7 file and, in a frame or bare, its signing block.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use piscope::unpack::archive::{Archive, Budget, Buffers};
use piscope::unpack::signature;

const NAME: &[u8] = b"META-INF/A.RSA";

fuzz_target!(|data: &[u8]| {
    let Some((&shape, data)) = data.split_first() else { return };
    let apk = apk(data, shape);
    let limits = shared::limits();
    let mut budget = Budget::new(&limits);
    let mut gaps = Vec::new();
    let bytes = apk.as_slice();
    let archive = Archive::open(&bytes, "", &limits, &budget, Buffers::default(), &mut gaps)
        .expect("the archive around the input is sound");
    let known = gaps.len();
    let v1: Vec<_> = archive.entries().to_vec();
    let signing = signature::read(&archive, &v1, &mut budget, &mut Vec::new(), &mut gaps);
    shared::check_gaps(&gaps[known..], 8);
    let mut schemes = signing.schemes.clone();
    schemes.sort();
    schemes.dedup();
    assert_eq!(schemes.len(), signing.schemes.len(), "every scheme once");
    assert!(signing.schemes.iter().all(|s| ["v1", "v2", "v3", "v3.1"].contains(&s.as_str())));
    assert!(signing.certificates.len() <= 40, "{} certificates", signing.certificates.len());
    for c in &signing.certificates {
        assert!(signing.schemes.contains(&c.scheme));
        assert_eq!(c.sha256.len(), 64);
        assert!(c.subject.as_ref().is_none_or(|s| s.len() <= 8 << 10), "{c:?}");
    }
});

/// One stored entry, the signing block, the directory.
fn apk(data: &[u8], shape: u8) -> Vec<u8> {
    let entry = if shape & 1 == 0 { data } else { &[] };
    let mut out = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0".to_vec();
    let mut sizes = [[0; 4]; 3];
    sizes[1] = (entry.len() as u32).to_le_bytes();
    sizes[2] = sizes[1];
    let name_len = (NAME.len() as u16).to_le_bytes();
    out.extend(sizes.concat());
    out.extend(name_len);
    out.extend([0; 2]);
    out.extend(NAME);
    out.extend(entry);
    if shape & 1 == 1 {
        match shape >> 1 & 3 {
            // The bytes before the directory as they are.
            0 => out.extend(data),
            // The pairs of a block.
            1 => block(&mut out, data),
            // The signers of one scheme.
            _ => {
                let id = [0x7109_871a_u32, 0xf053_68c0, 0x1b93_ad61][usize::from(shape >> 3) % 3];
                let signers = [&(data.len() as u32).to_le_bytes(), data].concat();
                let pair =
                    [&(signers.len() as u64 + 4).to_le_bytes()[..], &id.to_le_bytes(), &signers].concat();
                block(&mut out, &pair);
            }
        }
    }
    let directory = out.len() as u32;
    out.extend(b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0");
    out.extend(sizes.concat());
    out.extend(name_len);
    out.extend([0; 16]);
    out.extend(NAME);
    let size = out.len() as u32 - directory;
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend(size.to_le_bytes());
    out.extend(directory.to_le_bytes());
    out.extend([0; 2]);
    out
}

fn block(out: &mut Vec<u8>, pairs: &[u8]) {
    let size = (pairs.len() as u64 + 24).to_le_bytes();
    out.extend(size);
    out.extend(pairs);
    out.extend(size);
    out.extend(b"APK Sig Block 42");
}
