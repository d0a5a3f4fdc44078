//! What a client would get from chance or from its hardware: derived from its names, so that it is the same every time.
//!
//! The derivation is the 128-bit FNV-1a hash of a word that says what is wanted, then each name, all followed by a NUL.

/// A GUID as on the wire, marked as one of version 8 (RFC 9562): made by a rule of its own.
pub(crate) fn guid(wanted: &str, names: &[&str]) -> [u8; 16] {
    let mut guid = hash(wanted, names).to_le_bytes();
    let [_, _, _, _, _, _, _, version, variant, ..] = &mut guid;
    *version = *version & 0x0F | 0x80;
    *variant = *variant & 0x3F | 0x80;
    guid
}

/// A number.
pub(crate) fn number(wanted: &str, names: &[&str]) -> u32 {
    let [a, b, c, d, ..] = hash(wanted, names).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// A network card's address, locally administered.
pub(crate) fn mac_address(machine: &str) -> [u8; 6] {
    let [_, a, b, c, d, e, ..] = hash("MAC address", &[machine]).to_le_bytes();
    [0x02, a, b, c, d, e]
}

/// An address in 10.0.0.0/8.
pub(crate) fn ip_address(machine: &str) -> [u8; 4] {
    let [a, b, c, ..] = hash("IP address", &[machine]).to_le_bytes();
    [10, a, b, c]
}

fn hash(wanted: &str, names: &[&str]) -> u128 {
    let words = std::iter::once(&wanted).chain(names);
    let bytes = words.flat_map(|word| word.bytes().chain([0]));
    bytes.fold(FNV_OFFSET_BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(FNV_PRIME))
}

const FNV_OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
