//! From the words of the protocol to the terms of the policy and the engine, and back: the one place where layers meet.

use std::net::IpAddr;

use emsmdb::aux::{self, AuxBlock};
use emsmdb::{EcDoConnectExRequest, EcDoConnectRequest, ErrorCode, WireVersion};
use infostore::{
    ClientIdentity, ClientMode, ConnectionId, Denial, DisconnectReason, Interface, LateAux, Origin,
    Refusal, SessionIndex, SessionLink, TimeStamp, Transport,
};
use policy::{ClientVersion, ProcessName, Subject};

/// Where a connection comes from: labels for the engine's records.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) connection: ConnectionId,
    pub(crate) origin: Origin,
    pub(crate) transport: Transport,
    pub(crate) address: Option<IpAddr>,
    /// The store's own address that it came to; none for the pipe.
    pub(crate) reached: Option<IpAddr>,
}

/// What the auxiliary buffer of a call says of its client.
#[derive(Debug, Default)]
pub(crate) struct AuxIdentity {
    pub(crate) names: Vec<ProcessName>,
    machine: Option<String>,
    mode: Option<ClientMode>,
}

/// Reads an auxiliary buffer. A broken one says nothing, and never fails the call it came with.
pub(crate) fn read_aux(rgb_aux_in: &[u8]) -> AuxIdentity {
    let reading = aux::decode_aux(rgb_aux_in);
    if let Some(problem) = &reading.problem {
        tracing::debug!(%problem, "the auxiliary buffer is broken");
    }
    let mut identity = AuxIdentity::default();
    for block in reading.blocks {
        if let AuxBlock::ProcessInfo(info) = block {
            identity.names.extend(info.name_lossy().as_deref().and_then(ProcessName::parse));
        } else if let AuxBlock::ClientInfo(info) = block {
            identity.machine = info
                .machine_name
                .map(|name| String::from_utf16_lossy(&name))
                .filter(|name| !name.is_empty());
            identity.mode = Some(client_mode(info.client_mode));
        } else if let AuxBlock::Skipped(skipped) = block {
            tracing::debug!(block = %skipped, "an auxiliary block is not read");
        }
    }
    identity
}

/// The client of an EcDoConnectEx.
pub(crate) fn of_connect_ex(request: &EcDoConnectExRequest, peer: &Peer) -> ClientIdentity {
    let aux = read_aux(&request.aux_in);
    ClientIdentity {
        subject: Subject::new(client_version(request.client_version), aux.names),
        user_dn: ansi(&request.user_dn),
        user: None,
        machine: aux.machine,
        mode: aux.mode.unwrap_or(ClientMode::Unknown),
        address: peer.address,
        origin: peer.origin.clone(),
        transport: peer.transport,
        interface: Interface::ConnectEx,
    }
}

/// The client of an EcDoConnect, which has no auxiliary buffer and so no name.
pub(crate) fn of_connect(request: &EcDoConnectRequest, peer: &Peer) -> ClientIdentity {
    ClientIdentity {
        subject: Subject::new(client_version(request.client_version), []),
        user_dn: ansi(&request.user_dn),
        user: None,
        machine: None,
        mode: ClientMode::Unknown,
        address: peer.address,
        origin: peer.origin.clone(),
        transport: peer.transport,
        interface: Interface::Connect,
    }
}

/// Takes the process names out of a connect, as a fault rule says; those that come later.
pub(crate) fn withhold(identity: &mut ClientIdentity, late: LateAux) -> Vec<ProcessName> {
    let nameless = Subject::new(identity.subject.version(), []);
    let named = core::mem::replace(&mut identity.subject, nameless);
    match late {
        LateAux::NextCall => named.names().to_vec(),
        LateAux::Dropped => Vec::new(),
    }
}

/// The session that a client asks to be linked to.
pub(crate) fn link(ul_icxr_link: u32, time_stamp: u32) -> Option<SessionLink> {
    if ul_icxr_link == emsmdb::NO_LINK {
        return None;
    }
    let index = u16::try_from(ul_icxr_link & u32::from(u16::MAX)).ok()?;
    Some(SessionLink { index: SessionIndex(index), time_stamp: TimeStamp(time_stamp) })
}

/// The code that a refused client gets. Every refusal on the wire comes from this table.
pub fn refusal_code(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::Denied(denial) => denial_code(*denial),
        Refusal::Policy(_) => ErrorCode::EC_CLIENT_VER_DISALLOWED,
        Refusal::VersionTooOld => ErrorCode::EC_VERSION_MISMATCH,
        Refusal::TooManyNames => ErrorCode::EC_INVALID_PARAM,
        Refusal::SessionLimit => ErrorCode::EC_SESSION_LIMIT,
        Refusal::ClassLimit => ErrorCode::EC_SERVER_OOM,
        Refusal::NotRunning => ErrorCode::EC_SERVER_PAUSED,
        Refusal::Fault(code) => ErrorCode(code.0),
    }
}

/// \[MS-OXCRPC\] 3.1.4.1 names the codes for a client that does not encrypt, for a szUserDN that is nobody's or another's, and for the
/// rights of an administrator. That the rest is ecAccessDenied is a choice (ADR 0029).
fn denial_code(denial: Denial) -> ErrorCode {
    match denial {
        Denial::NotEncrypted { knows_code: true } => ErrorCode::EC_NOT_ENCRYPTED,
        Denial::NotEncrypted { knows_code: false } => ErrorCode::EC_CLIENT_VER_DISALLOWED,
        Denial::UnknownUser => ErrorCode::EC_UNKNOWN_USER,
        Denial::NotAdmin => ErrorCode::EC_LOGIN_PERM,
        Denial::LevelTooLow | Denial::Anonymous | Denial::AccountGone | Denial::OtherUser => {
            ErrorCode::EC_ACCESS_DENIED
        }
    }
}

/// The code beside the null handle that the client of an ended session gets with its next answer. The null handle is the
/// message; which code a real store sends with it is nowhere documented.
pub fn disconnect_code(reason: &DisconnectReason) -> ErrorCode {
    match reason {
        DisconnectReason::Policy(_) => ErrorCode::EC_CLIENT_VER_DISALLOWED,
        DisconnectReason::Admin | DisconnectReason::Shutdown | DisconnectReason::Restart => {
            ErrorCode::EC_EXITING
        }
        DisconnectReason::Limit => ErrorCode::EC_INVALID_PARAM,
    }
}

fn client_version(wire: WireVersion) -> ClientVersion {
    let [major, minor, build, minor_build] = wire.normalised();
    ClientVersion::new(major, minor, build, minor_build)
}

fn client_mode(mode: aux::ClientMode) -> ClientMode {
    match mode {
        aux::ClientMode::CLASSIC => ClientMode::Classic,
        aux::ClientMode::CACHED => ClientMode::Cached,
        _ => ClientMode::Unknown,
    }
}

/// Bytes of szUserDN that are remembered. No decision sees it, and what a peer sends would fill the journal.
const USER_DN_KEPT: usize = 1_024;

/// 8-bit characters, one for one: the code page is the client's affair.
fn ansi(bytes: &[u8]) -> String {
    bytes.iter().take(USER_DN_KEPT).copied().map(char::from).collect()
}
