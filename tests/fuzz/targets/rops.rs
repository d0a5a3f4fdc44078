//! The oracle `rops` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| exstore_fuzz::check("rops", data));
