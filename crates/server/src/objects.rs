//! A session's server objects, and the remote operations on them ([MS-OXCROPS] 3.2.5): so far logons and notifications.
//!
//! [MS-OXCROPS]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrops

use std::collections::{BTreeMap, VecDeque};

use clock::{CivilTime, SimTime};
use emsmdb::ErrorCode;
use emsmdb::rop::{
    FolderId, LogonFlags, LogonTime, MessageId, NO_HANDLE, NotificationScope, NotificationTypes,
    PRIVATE_FOLDERS, RopBuffer, RopId, RopLogonRequest, RopLogonResponse, RopNotifyNewMail,
    RopRegisterNotificationRequest, RopRequest, RopResponse, RopResponseBuffer,
};

/// The short form of [`REPLICA_GUID`] in folder ids.
const REPLICA_ID: u16 = 1;
/// The replica that this store's folder ids belong to.
const REPLICA_GUID: [u8; 16] = *b"exstore replica\0";
/// ResponseFlags: the reserved bit that is always set, owner, may send as.
const RESPONSE_FLAGS: u8 = 0x07;

/// Notification objects that a session has at the most.
pub const MAX_SUBSCRIPTIONS: usize = 256;
/// Events that wait for a session's client at the most.
pub const MAX_PENDING_EVENTS: usize = 1_000;
/// The folder where new mail arrives, by its place among the special folders.
const INBOX: FolderId = FolderId::new(REPLICA_ID, 5);
/// Messages are numbered from here, above every folder.
const FIRST_MESSAGE: u64 = 0x1_0000;

/// The server objects of one session. A logon takes the place of the one with its LogonId, so there are at most 256.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerObjects {
    logons: BTreeMap<u8, u32>,
    /// The notification objects, by their handles.
    subscriptions: BTreeMap<u32, Subscription>,
    /// What the client is to be told, oldest first.
    events: VecDeque<RopNotifyNewMail>,
    /// Messages that have come in.
    messages: u64,
    last_handle: u32,
}

/// What a notification object is for.
#[derive(Clone, Copy, Debug)]
struct Subscription {
    logon_id: u8,
    types: NotificationTypes,
    scope: NotificationScope,
}

/// Why an event is not queued for a session's client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotQueued {
    /// The client has no notification object that it is for.
    NotRegistered,
    /// There are as many events as a session keeps.
    Full,
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
            RopRequest::RegisterNotification(request) => Some(self.subscribe(request, handles)),
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

    fn subscribe(
        &mut self,
        request: &RopRegisterNotificationRequest,
        handles: &mut [u32],
    ) -> RopResponse {
        let RopRegisterNotificationRequest { logon_id, input_index, output_index, types, scope } =
            *request;
        let failed = |code| failed(RopId::REGISTER_NOTIFICATION, output_index, code);
        let logon = slot(handles, input_index);
        if logon.is_none() || self.logons.get(&logon_id).copied() != logon {
            return failed(ErrorCode::EC_NULL_OBJECT);
        }
        let Some(slot) = handles.get_mut(usize::from(output_index)) else {
            return failed(ErrorCode::EC_NULL_OBJECT);
        };
        if MAX_SUBSCRIPTIONS <= self.subscriptions.len() {
            return failed(ErrorCode::EC_SERVER_OOM);
        }
        *slot = self.next_handle();
        self.subscriptions.insert(*slot, Subscription { logon_id, types, scope });
        RopResponse::NotificationRegistered { output_index }
    }

    /// A message of this class comes in: tells every notification object that it is for, and says how many there were.
    pub(crate) fn new_mail(&mut self, message_class: &str) -> Result<usize, NotQueued> {
        let message = MessageId::new(REPLICA_ID, FIRST_MESSAGE.saturating_add(self.messages));
        let told = self.subscriptions.iter().filter(|(_, of)| of.wants_new_mail());
        let told: Vec<_> = told.map(|(handle, of)| (*handle, of.logon_id)).collect();
        if told.is_empty() {
            return Err(NotQueued::NotRegistered);
        }
        if MAX_PENDING_EVENTS < self.events.len().saturating_add(told.len()) {
            return Err(NotQueued::Full);
        }
        self.messages = self.messages.saturating_add(1);
        for (notification_handle, logon_id) in &told {
            self.events.push_back(RopNotifyNewMail {
                notification_handle: *notification_handle,
                logon_id: *logon_id,
                folder: INBOX,
                message,
                message_flags: 0,
                message_class: message_class.encode_utf16().collect(),
            });
        }
        Ok(told.len())
    }

    /// Whether the client is to be told something.
    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Takes the oldest events that fit so many bytes, with room for saying that there are more where there are.
    pub(crate) fn take_events(&mut self, mut room: usize) -> Vec<RopResponse> {
        let mut taken = Vec::new();
        while let Some(event) = self.events.pop_front() {
            let response = RopResponse::NotifyNewMail(event.clone());
            let pending = if self.events.is_empty() { 0 } else { PENDING_BYTES };
            match room.checked_sub(response.encoded_len()) {
                Some(left) if pending <= left => room = left,
                Some(_) | None => {
                    self.events.push_front(event);
                    break;
                }
            }
            taken.push(response);
        }
        taken
    }

    fn open(&mut self, logon_id: u8) -> u32 {
        let replaced = self.logons.get(&logon_id).copied();
        self.release(replaced);
        let handle = self.next_handle();
        self.logons.insert(logon_id, handle);
        handle
    }

    fn next_handle(&mut self) -> u32 {
        // Neither "no handle" nor 0 is ever given out.
        self.last_handle = match self.last_handle.wrapping_add(1) {
            NO_HANDLE | 0 => 1,
            handle => handle,
        };
        self.last_handle
    }

    /// Releasing what is not there is no error: RopRelease has no response to say so in. With a logon go its notification
    /// objects, and with these what they had to tell.
    fn release(&mut self, handle: Option<u32>) {
        let Some(handle) = handle else { return };
        self.logons.retain(|_, open| *open != handle);
        let Self { logons, subscriptions, events, .. } = self;
        subscriptions.retain(|id, of| *id != handle && logons.contains_key(&of.logon_id));
        events.retain(|event| subscriptions.contains_key(&event.notification_handle));
    }
}

impl Subscription {
    /// Whether it is for new mail in the inbox.
    fn wants_new_mail(&self) -> bool {
        let in_scope = match self.scope {
            NotificationScope::WholeStore => true,
            NotificationScope::Object { folder, message } => {
                folder == INBOX && message == NO_MESSAGE
            }
        };
        in_scope && self.types.contains(NotificationTypes::NEW_MAIL)
    }
}

/// MessageId of a notification that is for a folder.
const NO_MESSAGE: MessageId = MessageId([0; 8]);
/// Bytes of a RopPending.
const PENDING_BYTES: usize = 3;

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
