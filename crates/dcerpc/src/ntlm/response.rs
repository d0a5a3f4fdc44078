//! What a client answers to a challenge, and the key that comes of it (MS-NLMP 3.3 and 3.4.5.1), in any of
//! the three ways that use the NT hash.

use super::NtHash;
use super::error::NtlmError;
use super::flags::NegotiateFlags;
use super::primitive::{KEY_SIZE, Key, desl, hmac_md5, md4, md5};

/// `NTLM_RESPONSE`: three blocks of DES.
const NTLM_RESPONSE: usize = 24;
/// `NTLMv2_CLIENT_CHALLENGE` without its pairs: two versions, 6 reserved bytes, time, challenge, 4 reserved.
pub(super) const BLOB_HEAD: usize = 28;

/// The answer that a client should have given, and what key both ends have if it gave it.
pub(super) struct Answer {
    pub(super) response: Vec<u8>,
    /// `KeyExchangeKey`.
    pub(super) key: Key,
}

/// An `NtChallengeResponse`, with what of the rest belongs to it.
#[derive(Debug, Clone, Copy)]
pub(super) enum NtResponse<'a> {
    /// NTLMv2: 16 bytes of proof, and the blob that they prove.
    V2 { blob: &'a [u8] },
    /// NTLM with extended session security: a challenge of the client's own stands in the LM response.
    V1Extended { client_challenge: [u8; 8] },
    /// NTLM as it first was.
    V1,
}

impl<'a> NtResponse<'a> {
    /// Tells from the lengths and flags which of the ways a client went.
    pub(super) fn of(nt: &'a [u8], lm: &[u8], flags: NegotiateFlags) -> Result<Self, NtlmError> {
        let length = nt.len();
        let bad = NtlmError::BadNtResponse { length };
        if length == NTLM_RESPONSE && flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY) {
            let client_challenge = *lm.first_chunk().ok_or(bad)?;
            return Ok(Self::V1Extended { client_challenge });
        }
        if length == NTLM_RESPONSE {
            return Ok(Self::V1);
        }
        let (_, blob) = nt.split_at_checked(KEY_SIZE).ok_or_else(|| bad.clone())?;
        // Both versions are 1; nothing else is known of.
        if blob.len() < BLOB_HEAD || !blob.starts_with(&[1, 1]) {
            return Err(bad);
        }
        Ok(Self::V2 { blob })
    }

    /// The pairs of an NTLMv2 response.
    pub(super) fn pairs(self) -> &'a [u8] {
        match self {
            Self::V2 { blob } => blob.get(BLOB_HEAD..).unwrap_or_default(),
            Self::V1Extended { .. } | Self::V1 => &[],
        }
    }

    /// What the holder of `hash` answers in this way.
    pub(super) fn answer(self, challenge: [u8; 8], account: &Account<'_>) -> Answer {
        let hash = account.hash.key();
        match self {
            Self::V2 { blob } => {
                let key = account.hash.of_user(account.domain, account.user);
                let proof = hmac_md5(&key, &[&challenge, blob]);
                let response = [&proof, blob].concat();
                Answer { response, key: hmac_md5(&key, &[&proof]) }
            }
            Self::V1Extended { client_challenge } => {
                let both = md5(&[&challenge, &client_challenge]);
                let block = both.first_chunk().copied().unwrap_or_default();
                let response = desl(hash, block).to_vec();
                Answer { response, key: hmac_md5(&md4(hash), &[&challenge, &client_challenge]) }
            }
            Self::V1 => Answer { response: desl(hash, challenge).to_vec(), key: md4(hash) },
        }
    }
}

/// Whose answer it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account<'a> {
    pub(super) domain: &'a str,
    pub(super) user: &'a str,
    pub(super) hash: NtHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MS-NLMP 4.2.4.1 and 4.2.4.2: what no message shows.
    #[test]
    fn keys_are_those_of_the_specification() {
        let hash = NtHash::of_password("Password");
        assert_eq!(hex(&hash.to_bytes()), "a4f49c406510bdcab6824ee7c30fd852");
        assert_eq!(hex(&hash.of_user("Domain", "User")), "0c868a403bfd7a93a3001ef22ef02e3f");
        let account = Account { domain: "Domain", user: "User", hash };
        let challenge = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let client_challenge = [0xaa; 8];
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        blob.extend_from_slice(&client_challenge);
        blob.extend_from_slice(&[0; 4]);
        blob.extend_from_slice(b"\x02\0\x0c\0D\0o\0m\0a\0i\0n\0");
        blob.extend_from_slice(b"\x01\0\x0c\0S\0e\0r\0v\0e\0r\0");
        blob.extend_from_slice(&[0; 8]);
        let v2 = NtResponse::V2 { blob: &blob }.answer(challenge, &account);
        assert_eq!(hex(&v2.response[..16]), "68cd0ab851e51c96aabc927bebef6a1c");
        assert_eq!(hex(&v2.key), "8de40ccadbc14a82f15cb0ad0de95ca3");
        let extended = NtResponse::V1Extended { client_challenge }.answer(challenge, &account);
        let response = "7537f803ae367128ca458204bde7caf81e97ed2683267232";
        assert_eq!(hex(&extended.response), response);
        assert_eq!(hex(&extended.key), "eb93429a8bd952f8b89c55b87f475edc");
        let v1 = NtResponse::V1.answer(challenge, &account);
        let response = "67c43011f30298a2ad35ece64f16331c44bdbed927841f94";
        assert_eq!(hex(&v1.response), response);
        assert_eq!(hex(&v1.key), "d87262b0cde4b1cb7499becccdf10784");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
