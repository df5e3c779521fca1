//! A saved record: what is read can be written and read again without loss.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use piscope::package::PACKAGE_SCHEMA;
use piscope::unpack::{self, Options};

fuzz_target!(|data: &[u8]| {
    let Ok(package) = unpack::open_source(&data, &Options { limits: shared::limits(), hash: false }) else {
        return;
    };
    assert_eq!(package.schema, PACKAGE_SCHEMA);
    let json = serde_json::to_string(&package).expect("a record can be written");
    let again = unpack::open_source(&json.as_bytes(), &Options::default()).expect("and read again");
    assert_eq!(again, package);
});
