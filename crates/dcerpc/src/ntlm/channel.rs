//! One direction of a session's security: its cipher, its count of messages, and its signatures
//! (MS-NLMP 2.2.2.9 and 3.4.4).

use subtle::ConstantTimeEq as _;

use super::primitive::{Key, Rc4, hmac_md5};
use super::session::{BadSignature, SIGNATURE_SIZE};

/// `Version` of every signature.
const VERSION: [u8; 4] = 1_u32.to_le_bytes();
/// What of a signature stands before its number, the version left out.
const CHECKSUM: usize = 8;
/// All of a signature but its version.
const BODY: usize = 12;

/// How a signature comes about.
#[derive(Clone)]
pub(super) enum Integrity {
    /// With extended session security. The cipher hides the checksum where a key was exchanged.
    Hmac { key: Key, masked: bool },
    /// Without it: four bytes of nothing and a CRC32. The cipher hides all.
    Crc32,
}

#[derive(Clone)]
pub(super) struct Channel {
    integrity: Integrity,
    sealing_key: Key,
    pub(super) cipher: Rc4,
    /// The number of the next message.
    sequence: u32,
}

/// A signature that nothing hides yet.
pub(super) struct Begun {
    checksum: [u8; CHECKSUM],
    sequence: u32,
}

impl Channel {
    pub(super) fn new(integrity: Integrity, sealing_key: Key) -> Self {
        Self { integrity, sealing_key, cipher: Rc4::new(&sealing_key), sequence: 0 }
    }

    pub(super) fn restart_cipher(&mut self) {
        self.cipher = Rc4::new(&self.sealing_key);
    }

    /// Starts the signature of the next message, of which it covers `covered`.
    pub(super) fn begin(&mut self, covered: &[u8]) -> Begun {
        let sequence = self.next();
        Begun { checksum: self.checksum(sequence, covered), sequence }
    }

    /// Finishes a signature. The cipher takes what is encrypted of its message before.
    pub(super) fn finish(&mut self, begun: Begun) -> [u8; SIGNATURE_SIZE] {
        let Begun { checksum, sequence } = begun;
        let number = sequence.to_le_bytes();
        let mut body = self.mask();
        for (byte, plain) in body.iter_mut().zip(checksum.into_iter().chain(number)) {
            *byte ^= plain;
        }
        self.clear_pad(&mut body);
        let mut signature = [0; SIGNATURE_SIZE];
        for (byte, value) in signature.iter_mut().zip(VERSION.into_iter().chain(body)) {
            *byte = value;
        }
        signature
    }

    /// Which of `candidates` the signature of the next message covers.
    pub(super) fn verify(
        &mut self,
        candidates: &[&[u8]],
        signature: &[u8],
    ) -> Result<usize, BadSignature> {
        let wrong_length = BadSignature::Length { length: signature.len() };
        let (version, body) = signature.split_first_chunk().ok_or_else(|| wrong_length.clone())?;
        let mut body: [u8; BODY] = body.try_into().map_err(|_| wrong_length)?;
        if *version != VERSION {
            return Err(BadSignature::Version);
        }
        for (byte, mask) in body.iter_mut().zip(self.mask()) {
            *byte ^= mask;
        }
        self.clear_pad(&mut body);
        let [checksum @ .., a, b, c, d] = body;
        let (actual, expected) = (u32::from_le_bytes([a, b, c, d]), self.next());
        if actual != expected {
            return Err(BadSignature::Sequence { actual, expected });
        }
        let fits = |covered: &&[u8]| self.checksum(expected, covered).ct_eq(&checksum).into();
        candidates.iter().position(fits).ok_or(BadSignature::Checksum)
    }

    fn next(&mut self) -> u32 {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        sequence
    }

    fn checksum(&self, sequence: u32, covered: &[u8]) -> [u8; CHECKSUM] {
        match &self.integrity {
            Integrity::Hmac { key, .. } => {
                let [checksum @ .., _, _, _, _, _, _, _, _] =
                    hmac_md5(key, &[&sequence.to_le_bytes(), covered]);
                checksum
            }
            Integrity::Crc32 => {
                let [a, b, c, d] = crc32fast::hash(covered).to_le_bytes();
                [0, 0, 0, 0, a, b, c, d]
            }
        }
    }

    /// The piece of key stream that hides a signature, with zeros where it hides nothing.
    fn mask(&mut self) -> [u8; BODY] {
        let mut mask = [0; BODY];
        match self.integrity {
            Integrity::Hmac { masked: false, .. } => (),
            Integrity::Hmac { masked: true, .. } => {
                if let Some(checksum) = mask.first_chunk_mut::<CHECKSUM>() {
                    self.cipher.apply(checksum);
                }
            }
            Integrity::Crc32 => self.cipher.apply(&mut mask),
        }
        mask
    }

    /// `RandomPad` is sent as zeros, though it takes its part of the key stream; what comes of others in its
    /// place is not looked at.
    fn clear_pad(&self, body: &mut [u8; BODY]) {
        if let (Integrity::Crc32, Some(pad)) = (&self.integrity, body.first_chunk_mut::<4>()) {
            *pad = [0; 4];
        }
    }
}
