//! Fuzzes the import with bytes for `slos`; the body lives beside the parsers so that ordinary tests run it too.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mainstay_catalog::import::fuzz::slos(bytes));
