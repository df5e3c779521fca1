//! A whole file, whatever it is: the record stays within the limits, is saved and read again
//! without loss; a refusal has a code and a sentence.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use piscope::package::PACKAGE_SCHEMA;
use piscope::unpack::{self, Options, UnpackError};

fuzz_target!(|data: &[u8]| {
    let options = Options { limits: shared::limits(), hash: data.len() % 8 == 0 };
    // Per archive: the directory's, and a few for each entry that is read.
    let most = 60 * (1 + options.limits.splits as usize);
    match unpack::open_source(&data, &options) {
        Ok(package) => {
            shared::check_gaps(&package.gaps, most);
            assert_eq!(package.schema, PACKAGE_SCHEMA);
            // A record that was given as such has been within the limits of whoever made it.
            if data.trim_ascii_start().starts_with(b"{") {
                return;
            }
            shared::check_record(&package, &options.limits);
            assert!(package.splits.len() <= options.limits.splits as usize);
            assert_eq!(package.file.size, data.len() as u64);
            assert_eq!(package.file.sha256.is_some(), options.hash);
            let json = serde_json::to_string(&package).expect("a record can be written");
            let again = unpack::open_source(&json.as_bytes(), &Options::default()).expect("and read again");
            assert_eq!(again, package);
        }
        Err(UnpackError::Unreadable(u)) => {
            shared::check_gaps(&u.gaps, most);
            assert!(!u.code.is_empty() && !u.reason.zh.is_empty() && u.reason.en.len() < 16 << 10);
        }
        Err(e) => assert!(!e.text().zh.is_empty()),
    }
});
