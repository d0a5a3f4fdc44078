//! The three messages of NTLM (MS-NLMP 2.2.1).
//!
//! Each starts with `NTLMSSP\0` and its type. Texts and responses lie behind the fixed part, each told by a
//! field of its length, its length again, and its offset.

use super::error::NtlmError;
use super::flags::NegotiateFlags;
use super::primitive::KEY_SIZE;
use crate::reader::{PduError, Reader};

const SIGNATURE: [u8; 8] = *b"NTLMSSP\0";
/// NTLMSSP_REVISION_W2K3, the last byte of every version.
const REVISION: u8 = 15;

/// The `VERSION` of Windows Server 2003, 5.2 build 3790.
pub(super) const SERVER_2003: [u8; 8] = [5, 2, 0xce, 0x0e, 0, 0, 0, REVISION];
/// The `VERSION` of Windows XP with its second service pack, 5.1 build 2600.
pub(super) const WINDOWS_XP: [u8; 8] = [5, 1, 0x28, 0x0a, 0, 0, 0, REVISION];

/// The types of the messages.
pub(super) const NEGOTIATE: u32 = 1;
pub(super) const CHALLENGE: u32 = 2;
pub(super) const AUTHENTICATE: u32 = 3;

/// Whether a token is NTLM's own, not wrapped into another protocol.
pub(crate) fn is_ntlm(token: &[u8]) -> bool {
    token.starts_with(&SIGNATURE)
}

fn open<'a>(
    structure: &'static str,
    message: &'a [u8],
    expected: u32,
) -> Result<Reader<'a>, NtlmError> {
    let mut reader = Reader::new(structure, message, 0);
    if reader.array("Signature") != Ok(SIGNATURE) {
        return Err(NtlmError::NotNtlm);
    }
    let actual = reader.u32("MessageType")?;
    if actual != expected {
        return Err(NtlmError::WrongMessage { actual, expected });
    }
    Ok(reader)
}

fn flags(reader: &mut Reader<'_>) -> Result<NegotiateFlags, PduError> {
    reader.u32("NegotiateFlags").map(NegotiateFlags::from_bits_retain)
}

/// Where a part of the payload is.
#[derive(Debug, Clone, Copy)]
struct Field {
    length: usize,
    offset: usize,
}

impl Field {
    fn read(reader: &mut Reader<'_>, name: &'static str) -> Result<Self, PduError> {
        let length = reader.u16(name)?.into();
        reader.skip(name, 2)?;
        let offset = usize::try_from(reader.u32(name)?).unwrap_or(usize::MAX);
        Ok(Self { length, offset })
    }

    /// What the field tells of. One without a length may point anywhere.
    fn of<'a>(self, name: &'static str, message: &'a [u8]) -> Result<&'a [u8], PduError> {
        if self.length == 0 {
            return Ok(&[]);
        }
        Reader::new("ntlm payload", message, self.offset).take(name, self.length)
    }

    /// Where it says that the fixed part has ended at the latest.
    fn least(self, end: usize) -> usize {
        if self.length == 0 { end } else { end.min(self.offset) }
    }
}

/// Writes the fixed part with its fields first, then the payload.
#[derive(Debug)]
struct Writer {
    fixed: Vec<u8>,
    payload: Vec<u8>,
    payload_start: usize,
    /// What a field can't tell the length of, bytes.
    too_long: Option<usize>,
}

impl Writer {
    fn new(message_type: u32, payload_start: usize) -> Self {
        let mut fixed = SIGNATURE.to_vec();
        fixed.extend_from_slice(&message_type.to_le_bytes());
        Self { fixed, payload: Vec::new(), payload_start, too_long: None }
    }

    fn field(&mut self, value: &[u8]) {
        let length = u16::try_from(value.len());
        if length.is_err() {
            self.too_long = Some(value.len());
        }
        let length = length.unwrap_or(u16::MAX).to_le_bytes();
        let offset = self.payload_start.saturating_add(self.payload.len());
        let offset = u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes();
        self.fixed.extend_from_slice(&length);
        self.fixed.extend_from_slice(&length);
        self.fixed.extend_from_slice(&offset);
        self.payload.extend_from_slice(value);
    }

    fn flags(&mut self, flags: NegotiateFlags) {
        self.fixed.extend_from_slice(&flags.bits().to_le_bytes());
    }

    fn version(&mut self, flags: NegotiateFlags, version: [u8; 8]) {
        let told = flags.contains(NegotiateFlags::VERSION);
        self.fixed.extend_from_slice(&if told { version } else { [0; 8] });
    }

    fn finish(self) -> Result<Vec<u8>, NtlmError> {
        debug_assert_eq!(self.fixed.len(), self.payload_start, "the fixed part is as long as told");
        match self.too_long {
            Some(length) => Err(NtlmError::FieldTooLong { length }),
            None => Ok([self.fixed, self.payload].concat()),
        }
    }
}

/// The client's first message: what it can do. The names that it may tell are not looked at: what is
/// believed of them comes with the third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Negotiate {
    pub(super) flags: NegotiateFlags,
}

impl Negotiate {
    pub(super) fn decode(message: &[u8]) -> Result<Self, NtlmError> {
        let mut reader = open("NEGOTIATE_MESSAGE", message, NEGOTIATE)?;
        Ok(Self { flags: flags(&mut reader)? })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = Writer::new(NEGOTIATE, 40);
        writer.flags(self.flags);
        // Neither domain nor workstation.
        writer.fixed.extend_from_slice(&[0; 16]);
        writer.version(self.flags, WINDOWS_XP);
        writer.fixed
    }
}

/// The server's message: what it grants, who it is, and what the client must answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) flags: NegotiateFlags,
    pub(super) challenge: [u8; 8],
    pub(super) target_name: Vec<u8>,
    pub(super) target_info: Vec<u8>,
}

impl Challenge {
    pub(super) fn decode(message: &[u8]) -> Result<Self, NtlmError> {
        let mut reader = open("CHALLENGE_MESSAGE", message, CHALLENGE)?;
        let target_name = Field::read(&mut reader, "TargetName")?;
        let flags = flags(&mut reader)?;
        let challenge = reader.array("ServerChallenge")?;
        let target_info = if flags.contains(NegotiateFlags::TARGET_INFO) {
            reader.skip("Reserved", 8)?;
            Field::read(&mut reader, "TargetInfo")?.of("TargetInfo", message)?
        } else {
            &[]
        };
        Ok(Self {
            flags,
            challenge,
            target_name: target_name.of("TargetName", message)?.to_vec(),
            target_info: target_info.to_vec(),
        })
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, NtlmError> {
        let mut writer = Writer::new(CHALLENGE, 56);
        writer.field(&self.target_name);
        writer.flags(self.flags);
        writer.fixed.extend_from_slice(&self.challenge);
        writer.fixed.extend_from_slice(&[0; 8]);
        writer.field(&self.target_info);
        writer.version(self.flags, SERVER_2003);
        writer.finish()
    }
}

/// Where the MIC is in an AUTHENTICATE that has one, bytes from its start.
pub(super) const MIC_OFFSET: usize = 72;
/// Where the payload of an AUTHENTICATE starts that has room for a MIC.
const AFTER_MIC: usize = MIC_OFFSET + KEY_SIZE;
/// Where it starts at the earliest in one that has flags. Windows 95 and its kin leave them out.
const AFTER_FLAGS: usize = 64;

/// The client's second message: who it is, and its answer to the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authenticate<'a> {
    pub(super) lm: &'a [u8],
    pub(super) nt: &'a [u8],
    pub(super) domain: &'a [u8],
    pub(super) user: &'a [u8],
    pub(super) workstation: &'a [u8],
    pub(super) session_key: &'a [u8],
    /// `None` in the short form.
    pub(super) flags: Option<NegotiateFlags>,
    /// `None` where there is no room for one. What is there need not be one.
    pub(super) mic: Option<[u8; KEY_SIZE]>,
}

impl<'a> Authenticate<'a> {
    pub(super) fn decode(message: &'a [u8]) -> Result<Self, NtlmError> {
        let mut reader = open("AUTHENTICATE_MESSAGE", message, AUTHENTICATE)?;
        let mut payload_start = message.len();
        let mut field = |name| -> Result<&'a [u8], PduError> {
            let field = Field::read(&mut reader, name)?;
            payload_start = field.least(payload_start);
            field.of(name, message)
        };
        let lm = field("LmChallengeResponse")?;
        let nt = field("NtChallengeResponse")?;
        let domain = field("DomainName")?;
        let user = field("UserName")?;
        let workstation = field("Workstation")?;
        let mut decoded =
            Self { lm, nt, domain, user, workstation, session_key: &[], flags: None, mic: None };
        if AFTER_FLAGS <= payload_start {
            let key = Field::read(&mut reader, "EncryptedRandomSessionKey")?;
            payload_start = key.least(payload_start);
            decoded.session_key = key.of("EncryptedRandomSessionKey", message)?;
            decoded.flags = Some(flags(&mut reader)?);
        }
        if AFTER_MIC <= payload_start {
            decoded.mic = message.get(MIC_OFFSET..).and_then(|rest| rest.first_chunk().copied());
        }
        Ok(decoded)
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, NtlmError> {
        let flags = self.flags.unwrap_or(NegotiateFlags::empty());
        let payload_start = if self.mic.is_some() { AFTER_MIC } else { MIC_OFFSET };
        let mut writer = Writer::new(AUTHENTICATE, payload_start);
        for value in [self.lm, self.nt, self.domain, self.user, self.workstation, self.session_key]
        {
            writer.field(value);
        }
        writer.flags(flags);
        writer.version(flags, WINDOWS_XP);
        writer.fixed.extend(self.mic.into_iter().flatten());
        writer.finish()
    }
}

/// `message`, an AUTHENTICATE with a MIC, with zeros in its place: what the MIC itself is over.
pub(super) fn without_mic(message: &[u8]) -> [&[u8]; 3] {
    let (before, rest) = message.split_at_checked(MIC_OFFSET).unwrap_or((message, &[]));
    let (_, after) = rest.split_at_checked(KEY_SIZE).unwrap_or((rest, &[]));
    [before, &[0; KEY_SIZE], after]
}
