//! The EMSMDB codecs, against the vectors in `fixtures/wire` and against garbage.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test that goes wrong should stop where it does"
)]

mod asynchronous;
mod aux_blocks;
pub(crate) mod aux_layouts;
mod connect;
pub(crate) mod direct2;
mod garbage;
mod lz77;
mod ndr;
mod notifications;
mod push;
mod rop;
mod rpc;
mod truncation;
mod values;

/// A vector of `fixtures/wire`, whose field walk is in the `.md` beside it.
macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/wire/", $name, ".bin")).as_slice()
    };
}
use vector;

/// The session context handle of all vectors.
const HANDLE: [u8; 20] = [
    0, 0, 0, 0, 0, 0xEE, 0xFF, 0xC0, 0x34, 0x12, 0x78, 0x56, 0x9A, 0xBC, 0xDE, 0xF0, 0x12, 0x34,
    0x56, 0x78,
];

/// The mailbox of all requests.
const USER_DN: &[u8] =
    b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=janedow";

/// Bytes from hexadecimal digits; blanks are skipped.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
