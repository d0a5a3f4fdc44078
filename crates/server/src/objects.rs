//! A session's server objects, and the remote operations on them ([MS-OXCROPS] 3.2.5): so far logons.

use std::collections::BTreeMap;

use clock::{CivilTime, SimTime};
use emsmdb::ErrorCode;
use emsmdb::rop::{
    FolderId, LogonFlags, LogonTime, NO_HANDLE, PRIVATE_FOLDERS, RopBuffer, RopId, RopLogonRequest,
    RopLogonResponse, RopRequest, RopResponse, RopResponseBuffer,
};

/// The short form of [`REPLICA_GUID`] in folder ids.
const REPLICA_ID: u16 = 1;
/// The replica that this store's folder ids belong to.
const REPLICA_GUID: [u8; 16] = *b"exstore replica\0";
/// ResponseFlags: the reserved bit that is always set, owner, may send as.
const RESPONSE_FLAGS: u8 = 0x07;

/// The server objects of one session. A logon takes the place of the one with its LogonId, so there are at most 256.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerObjects {
    logons: BTreeMap<u8, u32>,
    last_handle: u32,
}

impl ServerObjects {
    /// Executes the operations of a buffer in order.
    ///
    /// An operation that this store does not implement is answered with `ecNotSupported`. Where it ends is unknown, so
    /// it is the last that is answered.
    pub(crate) fn execute(&mut self, buffer: RopBuffer, now: SimTime) -> RopResponseBuffer {
        let RopBuffer { rops, mut handles } = buffer;
        let responses =
            rops.iter().filter_map(|rop| self.execute_one(rop, &mut handles, now)).collect();
        RopResponseBuffer { responses, handles }
    }

    fn execute_one(
        &mut self,
        rop: &RopRequest,
        handles: &mut [u32],
        now: SimTime,
    ) -> Option<RopResponse> {
        match rop {
            RopRequest::Logon(request) => Some(self.logon(request, handles, now)),
            RopRequest::Release { input_index, .. } => {
                self.release(slot(handles, *input_index));
                None
            }
            RopRequest::Unsupported { rop_id, input_index, .. } => {
                Some(failed(*rop_id, *input_index, ErrorCode::EC_NOT_SUPPORTED))
            }
        }
    }

    fn logon(
        &mut self,
        request: &RopLogonRequest,
        handles: &mut [u32],
        now: SimTime,
    ) -> RopResponse {
        let failed = |code| failed(RopId::LOGON, request.output_index, code);
        let Some(slot) = handles.get_mut(usize::from(request.output_index)) else {
            return failed(ErrorCode::EC_NULL_OBJECT);
        };
        if !request.logon_flags.contains(LogonFlags::PRIVATE) {
            return failed(ErrorCode::EC_NOT_SUPPORTED);
        }
        let Some(essdn) = request.essdn.as_ref().filter(|essdn| !essdn.is_empty()) else {
            return failed(ErrorCode::EC_UNKNOWN_USER);
        };
        *slot = self.open(request.logon_id);
        RopResponse::Logon(RopLogonResponse {
            output_index: request.output_index,
            logon_flags: request.logon_flags,
            folder_ids: folder_ids(),
            response_flags: RESPONSE_FLAGS,
            mailbox_guid: mailbox_guid(essdn),
            repl_id: REPLICA_ID,
            repl_guid: REPLICA_GUID,
            logon_time: logon_time(now),
            gwart_time: 0,
            store_state: 0,
        })
    }

    fn open(&mut self, logon_id: u8) -> u32 {
        // Neither "no handle" nor 0 is ever given out.
        self.last_handle = match self.last_handle.wrapping_add(1) {
            NO_HANDLE | 0 => 1,
            handle => handle,
        };
        self.logons.insert(logon_id, self.last_handle);
        self.last_handle
    }

    /// Releasing what is not there is no error: RopRelease has no response to say so in.
    fn release(&mut self, handle: Option<u32>) {
        self.logons.retain(|_, open| Some(*open) != handle);
    }
}

fn slot(handles: &[u32], index: u8) -> Option<u32> {
    handles.get(usize::from(index)).copied()
}

fn failed(rop_id: RopId, handle_index: u8, error: ErrorCode) -> RopResponse {
    RopResponse::Failed { rop_id, handle_index, error }
}

/// The special folders are numbered from 1 in the order in which the logon names them.
fn folder_ids() -> [FolderId; PRIVATE_FOLDERS] {
    let mut counter = 0_u64;
    [(); PRIVATE_FOLDERS].map(|()| {
        counter = counter.saturating_add(1);
        FolderId::new(REPLICA_ID, counter)
    })
}

fn logon_time(now: SimTime) -> LogonTime {
    let CivilTime { year, month, day, day_of_week, hour, minute, second } = now.civil();
    LogonTime { seconds: second, minutes: minute, hour, day_of_week, day, month, year }
}

/// The same mailbox has the same GUID everywhere: two FNV-1a hashes of its distinguished name, without case.
fn mailbox_guid(essdn: &[u8]) -> [u8; 16] {
    let low = fnv1a(0xCBF2_9CE4_8422_2325, essdn);
    let high = fnv1a(low, essdn);
    let mut guid = [0; 16];
    for (byte, hash) in guid.iter_mut().zip(low.to_le_bytes().into_iter().chain(high.to_le_bytes()))
    {
        *byte = hash;
    }
    guid
}

fn fnv1a(basis: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(basis, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
