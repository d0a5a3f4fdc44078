//! A client that authenticates itself with NTLM and signs or seals what it sends, PDU by PDU.

use std::sync::Arc;

use dcerpc::ntlm::{
    Accounts, Credentials, Initiator, NegotiateFlags, Nonces, NtHash, ResponseVersion, ServerNames,
    SessionSecurity,
};
use dcerpc::{Association, AssociationConfig, ChallengeKey, SecurityOptions};

use super::raw::{BIND, Server, config, pdu, request};

pub(crate) const CONNECT: u8 = 2;
pub(crate) const PACKET: u8 = 4;
pub(crate) const INTEGRITY: u8 = 5;
pub(crate) const PRIVACY: u8 = 6;
/// Every level that a client can ask NTLM for.
pub(crate) const LEVELS: [u8; 5] = [CONNECT, 3, PACKET, INTEGRITY, PRIVACY];

/// `RPC_S_SEC_PKG_ERROR`.
pub(crate) const SEC_PKG_ERROR: u32 = 0x721;

/// Two users whose passwords are known.
#[derive(Debug)]
pub(crate) struct TwoUsers;

impl Accounts for TwoUsers {
    fn nt_hash(&self, _domain: &str, user: &str) -> Option<NtHash> {
        ["alice", "bob"].contains(&user).then(|| NtHash::of_password(&format!("{user}'s")))
    }

    fn lets_anonymous_in(&self) -> bool {
        false
    }
}

pub(crate) fn secure_config() -> AssociationConfig {
    let names = ServerNames {
        netbios_domain: "EXSTORE".to_owned(),
        netbios_computer: "STORE".to_owned(),
        dns_domain: "exstore.test".to_owned(),
        dns_computer: "store.exstore.test".to_owned(),
    };
    let security = SecurityOptions {
        accounts: Arc::new(TwoUsers),
        names: Arc::new(names),
        max_contexts: SecurityOptions::MAX_CONTEXTS,
    };
    AssociationConfig { security: Some(security), ..config() }
}

pub(crate) fn secure_server() -> Server {
    secure_server_of(secure_config())
}

pub(crate) fn secure_server_of(config: AssociationConfig) -> Server {
    let challenges = ChallengeKey::of_connection(&[7; 16], 1);
    let association = Association::new(config).authenticating(challenges);
    Server { association, calls: Vec::new(), asked: Vec::new() }
}

/// A client's end of one security context.
#[derive(Clone)]
pub(crate) struct Secured {
    pub(crate) session: SessionSecurity,
    pub(crate) auth_type: u8,
    pub(crate) level: u8,
    pub(crate) id: u32,
    /// What the stub is padded to, bytes, and with what.
    pub(crate) padding: (usize, u8),
}

/// Adds a trailer with `value` to a PDU that needs no padding, or has it.
pub(crate) fn with_value(
    mut pdu: Vec<u8>,
    (auth_type, level): (u8, u8),
    id: u32,
    value: &[u8],
) -> Vec<u8> {
    with_padded_value(&mut pdu, (auth_type, level, 0), id, value);
    pdu
}

fn with_padded_value(
    pdu: &mut Vec<u8>,
    (auth_type, level, pad): (u8, u8, u8),
    id: u32,
    value: &[u8],
) {
    pdu.extend([auth_type, level, pad, 0]);
    pdu.extend(id.to_le_bytes());
    pdu.extend(value);
    let size = u16::try_from(pdu.len()).unwrap();
    let length = u16::try_from(value.len()).unwrap();
    pdu[8..10].copy_from_slice(&size.to_le_bytes());
    pdu[10..12].copy_from_slice(&length.to_le_bytes());
}

/// The value behind the trailer of a PDU.
pub(crate) fn value_of(pdu: &[u8]) -> &[u8] {
    let length = usize::from(u16::from_le_bytes([pdu[10], pdu[11]]));
    &pdu[pdu.len() - length..]
}

pub(crate) fn initiator(user: &str, password: &str, level: u8) -> Initiator {
    initiator_wanting(user, password, wanted(level))
}

pub(crate) fn initiator_wanting(user: &str, password: &str, flags: NegotiateFlags) -> Initiator {
    let credentials = Credentials::User {
        domain: "EXSTORE".to_owned(),
        user: user.to_owned(),
        workstation: "WKS1".to_owned(),
        hash: NtHash::of_password(password),
    };
    let nonces =
        Nonces { client_challenge: [1; 8], session_key: [2; 16], filetime: 0x01c6_65d2_0000_0000 };
    Initiator::new(credentials, flags, ResponseVersion::V2, nonces)
}

pub(crate) fn wanted(level: u8) -> NegotiateFlags {
    use NegotiateFlags as F;
    let base = F::UNICODE | F::NTLM | F::EXTENDED_SESSION_SECURITY | F::BITS_128 | F::KEY_EXCHANGE;
    match level {
        CONNECT => base,
        PRIVACY => base | F::SIGN | F::SEAL,
        _ => base | F::SIGN,
    }
}

impl Secured {
    /// Binds with NTLM in three legs, of which the last is an auth3.
    pub(crate) fn bind(server: &mut Server, (user, password): (&str, &str), level: u8) -> Self {
        let initiator = initiator(user, password, level);
        let ack = server.feed(&with_value(BIND.to_vec(), (10, level), 1, &initiator.negotiate()));
        assert_eq!(ack[2], 12, "a bind_ack");
        let (token, session) = initiator.authenticate(value_of(&ack)).unwrap();
        let auth3 = with_value(pdu(16, 3, 1, &[0xab; 4]), (10, level), 1, &token);
        assert!(server.feed(&auth3).is_empty(), "nothing answers an auth3");
        Self { session, auth_type: 10, level, id: 1, padding: (16, 0) }
    }

    /// The trailer, and the signature, of a request.
    pub(crate) fn request(&mut self, flags: u8, call: u32, opnum: u16, stub: &[u8]) -> Vec<u8> {
        let (align, fill) = self.padding;
        let padded = stub.len().next_multiple_of(align);
        let mut padded_stub = stub.to_vec();
        padded_stub.resize(padded, fill);
        let mut out = request(flags, call, 0, opnum, &padded_stub);
        let pad = u8::try_from(padded - stub.len()).unwrap();
        with_padded_value(&mut out, (self.auth_type, self.level, pad), self.id, &[0; 16]);
        let signed = out.len() - 16;
        let (message, room) = out.split_at_mut(signed);
        room.copy_from_slice(&match self.level {
            CONNECT => [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            PRIVACY => self.session.seal(message, 24..24 + padded, 0..signed).unwrap(),
            _ => self.session.sign(message),
        });
        out
    }

    /// The stub of a response fragment, verified.
    pub(crate) fn stub_of(&mut self, response: &[u8]) -> Vec<u8> {
        assert_eq!(response[2], 2, "a response");
        if self.level == CONNECT {
            assert_eq!(&response[10..12], [0, 0], "at level connect nothing is signed");
            return response[24..].to_vec();
        }
        let signed = response.len() - 16;
        let trailer = &response[signed - 8..signed];
        assert_eq!((trailer[0], trailer[1], trailer[3]), (self.auth_type, self.level, 0));
        assert_eq!(trailer[4..], self.id.to_le_bytes());
        let end = signed - 8 - usize::from(trailer[2]);
        assert_eq!((signed - 8 - 24) % 16, 0, "the stub is padded to 16 bytes");
        let mut message = response[..signed].to_vec();
        let signature = &response[signed..];
        if self.level == PRIVACY {
            self.session.unseal(&mut message, 24..signed - 8, None, signature).unwrap();
        } else {
            self.session.verify(&[&message], signature).unwrap();
        }
        assert!(message[end..signed - 8].iter().all(|byte| *byte == 0), "our padding is zero");
        message[24..end].to_vec()
    }
}

/// Cuts what a server sent into PDUs.
pub(crate) fn pdus(mut sent: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let [_, _, _, _, _, _, _, _, low, high, ..] = *sent {
        let (pdu, rest) = sent.split_at(u16::from_le_bytes([low, high]).into());
        found.push(pdu);
        sent = rest;
    }
    found
}
