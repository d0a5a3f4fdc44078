//! The ciphers and digests of NTLM in the shapes it uses them in (MS-NLMP section 6).

use des::Des;
use des::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use hmac::{Hmac, Mac as _};
use md4::Md4;
use md5::{Digest as _, Md5};

/// Bytes of each digest and of most keys.
pub(super) const KEY_SIZE: usize = 16;
/// A digest, or a key that is one.
pub(crate) type Key = [u8; KEY_SIZE];

pub(super) fn md4(bytes: &[u8]) -> Key {
    Md4::digest(bytes).into()
}

pub(super) fn md5(parts: &[&[u8]]) -> Key {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

pub(crate) fn hmac_md5(key: &Key, parts: &[&[u8]]) -> Key {
    // A key of a whole block can't have a wrong length, and shorter ones are filled with zeros anyway.
    let mut block = [0; 64];
    if let Some(start) = block.first_chunk_mut() {
        *start = *key;
    }
    let mut mac = Hmac::<Md5>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `DESL` (MS-NLMP 6): the block, encrypted under the key's three thirds of 7 bytes, the last filled with
/// zeros.
pub(super) fn desl(key: &Key, block: [u8; 8]) -> [u8; 24] {
    let mut thirds = [0; 21];
    if let Some(start) = thirds.first_chunk_mut() {
        *start = *key;
    }
    let mut response = [0; 24];
    for (third, out) in thirds.chunks_exact(7).zip(response.chunks_exact_mut(8)) {
        let mut encrypted = block.into();
        Des::new(&spread(third).into()).encrypt_block(&mut encrypted);
        out.copy_from_slice(&encrypted);
    }
    response
}

/// 56 bits of key as DES takes them: seven to a byte, the lowest of each for a parity that nobody checks.
fn spread(third: &[u8]) -> [u8; 8] {
    let mut bits = third.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut key = [0; 8];
    for slot in key.iter_mut().rev() {
        let [low, ..] = bits.to_le_bytes();
        *slot = low << 1;
        bits >>= 7;
    }
    key
}

/// RC4. Ours, since an association with all its ciphers can be cloned, and no maintained crate's RC4 can.
#[derive(Clone)]
pub(super) struct Rc4 {
    permutation: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    pub(super) fn new(key: &Key) -> Self {
        let mut permutation = [0; 256];
        for (slot, value) in permutation.iter_mut().zip(0_u8..=255) {
            *slot = value;
        }
        let mut cipher = Self { permutation, i: 0, j: 0 };
        for (i, key) in (0_u8..=255).zip(key.iter().cycle()) {
            cipher.j = cipher.j.wrapping_add(cipher.at(i)).wrapping_add(*key);
            cipher.permutation.swap(i.into(), cipher.j.into());
        }
        cipher.j = 0;
        cipher
    }

    /// Encrypts or decrypts in place, and moves on in the key stream.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.i = self.i.wrapping_add(1);
            self.j = self.j.wrapping_add(self.at(self.i));
            self.permutation.swap(self.i.into(), self.j.into());
            *byte ^= self.at(self.at(self.i).wrapping_add(self.at(self.j)));
        }
    }

    #[expect(clippy::indexing_slicing, reason = "INVARIANT: no u8 is beyond 255")]
    fn at(&self, index: u8) -> u8 {
        self.permutation[usize::from(index)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6229, the 128-bit key 0102..10, offsets 0, 16 and 240.
    #[test]
    fn rc4_gives_the_key_stream_of_rfc_6229() {
        let key = std::array::from_fn(|i| u8::try_from(i).expect("16 of them") + 1);
        let mut stream = [0; 256];
        Rc4::new(&key).apply(&mut stream);
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&stream[..16]), "9ac7cc9a609d1ef7b2932899cde41b97");
        assert_eq!(hex(&stream[16..32]), "5248c4959014126a6e8a84f11d1a9e1c");
        assert_eq!(hex(&stream[240..]), "065902e4b620f6cc36c8589f66432f2b");
    }
}
