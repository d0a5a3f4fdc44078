//! What protects messages once an exchange has succeeded (MS-NLMP 3.4): signatures and encryption, and the
//! sequence numbers that keep a message from being dropped, repeated or moved.

use std::fmt;
use std::ops::Range;

use super::channel::{Channel, Integrity};
use super::flags::NegotiateFlags;
use super::primitive::{Key, md5};

/// Bytes of every signature.
pub const SIGNATURE_SIZE: usize = 16;

const CLIENT_SIGNING: &[u8] = b"session key to client-to-server signing key magic constant\0";
const SERVER_SIGNING: &[u8] = b"session key to server-to-client signing key magic constant\0";
const CLIENT_SEALING: &[u8] = b"session key to client-to-server sealing key magic constant\0";
const SERVER_SEALING: &[u8] = b"session key to server-to-client sealing key magic constant\0";

/// Which end of an exchange this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Initiator,
    Acceptor,
}

/// A range lies beyond the message that it is of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bytes {} to {} are not in a message of {length}", .range.start, .range.end)]
pub struct OutOfMessage {
    /// The range.
    pub range: Range<usize>,
    /// The message's length, bytes.
    pub length: usize,
}

/// Why a message is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// A signature has another length than [`SIGNATURE_SIZE`].
    #[error("a signature of {length} bytes is not of 16")]
    Length {
        /// Its length, bytes.
        length: usize,
    },
    /// Its version is not 1.
    #[error("the signature's version is not 1")]
    Version,
    /// A message was dropped, repeated or moved.
    #[error("message {actual} came where {expected} was due")]
    Sequence {
        /// The message's number.
        actual: u32,
        /// The number that was due.
        expected: u32,
    },
    /// The message is not the one that was signed.
    #[error("the message does not match its checksum")]
    Checksum,
    /// An earlier message was not believed, so none after it is.
    #[error("an earlier message was not believed")]
    AfterFailure,
    /// What is to be decrypted or verified is not in the message.
    #[error(transparent)]
    OutOfMessage(#[from] OutOfMessage),
}

/// One end's keys and numbers, for both directions.
#[derive(Clone)]
pub struct SessionSecurity {
    flags: NegotiateFlags,
    sending: Box<Channel>,
    /// `None` without extended session security: one cipher and one count serve both directions then.
    receiving: Option<Box<Channel>>,
    /// A message that was not believed came: the peer's key stream and numbers can't be known any more.
    broken: bool,
}

impl fmt::Debug for SessionSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSecurity")
            .field("flags", &self.flags)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl SessionSecurity {
    pub(super) fn new(role: Role, flags: NegotiateFlags, key: &Key) -> Self {
        let (sending, receiving) = if flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY) {
            let masked = flags.contains(NegotiateFlags::KEY_EXCHANGE);
            let channel = |signing, sealing| {
                let integrity = Integrity::Hmac { key: md5(&[key, signing]), masked };
                Box::new(Channel::new(integrity, md5(&[weakened(key, flags), sealing])))
            };
            let client = channel(CLIENT_SIGNING, CLIENT_SEALING);
            let server = channel(SERVER_SIGNING, SERVER_SEALING);
            match role {
                Role::Initiator => (client, Some(server)),
                Role::Acceptor => (server, Some(client)),
            }
        } else {
            (Box::new(Channel::new(Integrity::Crc32, *key)), None)
        };
        Self { flags, sending, receiving, broken: false }
    }

    /// What both ends agreed on.
    #[must_use]
    pub const fn flags(&self) -> NegotiateFlags {
        self.flags
    }

    /// Whether the client negotiated that messages are signed.
    #[must_use]
    pub const fn can_sign(&self) -> bool {
        self.flags.contains(NegotiateFlags::SIGN)
    }

    /// Whether the client negotiated that messages are encrypted.
    #[must_use]
    pub const fn can_seal(&self) -> bool {
        self.flags.contains(NegotiateFlags::SEAL)
    }

    /// Whether session security is extended. Signatures in DCE/RPC cover the whole PDU then, and otherwise
    /// its stub and padding alone.
    #[must_use]
    pub const fn is_extended(&self) -> bool {
        self.flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY)
    }

    /// The signature of `message`, the next that is sent.
    #[must_use = "the message's number is spent"]
    pub fn sign(&mut self, message: &[u8]) -> [u8; SIGNATURE_SIZE] {
        let channel = &mut self.sending;
        let begun = channel.begin(message);
        channel.finish(begun)
    }

    /// Encrypts `confidential` of `message`, the next that is sent, and signs `covered` of it as it was
    /// before.
    ///
    /// # Errors
    /// A range is not in the message, of which nothing has changed then.
    pub fn seal(
        &mut self,
        message: &mut [u8],
        confidential: Range<usize>,
        covered: Range<usize>,
    ) -> Result<[u8; SIGNATURE_SIZE], OutOfMessage> {
        part(message, confidential.clone())?;
        let channel = &mut self.sending;
        let begun = channel.begin(part(message, covered)?);
        channel.cipher.apply(part_mut(message, confidential)?);
        Ok(channel.finish(begun))
    }

    /// Verifies the next message that has come, where its sender may have covered any of `candidates`, and
    /// tells which it was. They cost one number and one piece of key stream together.
    ///
    /// # Errors
    /// No candidate fits the signature; or an earlier message failed, after which none is believed.
    pub fn verify(
        &mut self,
        candidates: &[&[u8]],
        signature: &[u8],
    ) -> Result<usize, BadSignature> {
        if self.broken {
            return Err(BadSignature::AfterFailure);
        }
        let verified = self.receiving().verify(candidates, signature);
        self.broken = verified.is_err();
        verified
    }

    /// Decrypts `confidential` of the next message that has come, and verifies it. Its sender may have
    /// covered the whole of it, or `other_coverage` alone.
    ///
    /// # Errors
    /// As [`Self::verify`], or a range is not in the message. What the message holds then means nothing.
    pub fn unseal(
        &mut self,
        message: &mut [u8],
        confidential: Range<usize>,
        other_coverage: Option<Range<usize>>,
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        if self.broken {
            return Err(BadSignature::AfterFailure);
        }
        // Until the end says otherwise, whichever way it is left.
        self.broken = true;
        let confidential = part_mut(message, confidential)?;
        self.receiving().cipher.apply(confidential);
        let whole: &[u8] = message;
        let other = other_coverage.map(|range| part(whole, range)).transpose()?;
        let candidates = [whole, other.unwrap_or(whole)];
        self.receiving().verify(&candidates, signature)?;
        self.broken = false;
        Ok(())
    }

    /// Starts the ciphers anew, while the numbers go on: what SPNEGO does to NTLM once it has exchanged
    /// checksums of its own negotiation.
    pub(crate) fn restart_ciphers(&mut self) {
        self.sending.restart_cipher();
        if let Some(receiving) = &mut self.receiving {
            receiving.restart_cipher();
        }
    }

    fn receiving(&mut self) -> &mut Channel {
        match &mut self.receiving {
            Some(receiving) => receiving,
            None => &mut self.sending,
        }
    }
}

/// `SEALKEY` (MS-NLMP 3.4.5.3): how much of the key encrypts. Signing keys come of all of it.
fn weakened(key: &Key, flags: NegotiateFlags) -> &[u8] {
    let [short @ .., _, _, _, _, _, _, _, _, _] = key;
    let [shorter @ .., _, _] = short;
    if flags.contains(NegotiateFlags::BITS_128) {
        key
    } else if flags.contains(NegotiateFlags::BITS_56) {
        short
    } else {
        shorter
    }
}

fn part(message: &[u8], range: Range<usize>) -> Result<&[u8], OutOfMessage> {
    let length = message.len();
    message.get(range.clone()).ok_or(OutOfMessage { range, length })
}

fn part_mut(message: &mut [u8], range: Range<usize>) -> Result<&mut [u8], OutOfMessage> {
    let length = message.len();
    message.get_mut(range.clone()).ok_or(OutOfMessage { range, length })
}
