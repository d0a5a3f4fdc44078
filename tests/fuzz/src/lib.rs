//! The oracles of the test binary `oracles`, for the fuzz targets.
#![allow(dead_code, reason = "what the tests of areas share is not all needed here")]

#[path = "../../oracles/decoders/mod.rs"]
mod decoders;

/// Gives the decoder of this name bytes, and panics when what must hold does not.
pub fn check(name: &str, data: &[u8]) {
    let decoder = decoders::DECODERS.iter().find(|decoder| decoder.name == name);
    (decoder.expect("a target is named after its decoder").check)(data);
}
