//! The oracle `lz77` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| exstore_fuzz::check("lz77", data));
