//! Events: `RopRegisterNotification`, `RopNotify` and `RopPending` ([MS-OXCROPS] 2.2.14, [MS-OXCNOTIF] 2.2.1).
//!
//! The latter two have no request: a server appends them to the responses of a call.
//!
//! [MS-OXCROPS]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrops
//! [MS-OXCNOTIF]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcnotif

use super::{FolderId, RopError, RopId};
use crate::error_code::ErrorCode;
use crate::field::{FieldReader, Truncated};

/// `NotificationTypes`: the kinds of events that a client wants to hear of. Unknown bits survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NotificationTypes(pub u16);

impl NotificationTypes {
    /// A message has come in.
    pub const NEW_MAIL: Self = Self(0x0002);
    /// An object was made.
    pub const OBJECT_CREATED: Self = Self(0x0004);
    /// An object was deleted.
    pub const OBJECT_DELETED: Self = Self(0x0008);
    /// An object was changed.
    pub const OBJECT_MODIFIED: Self = Self(0x0010);
    /// The extended form, with a reserved byte behind the types.
    pub const EXTENDED: Self = Self(0x0400);

    /// Whether every bit of `types` is set.
    #[must_use]
    pub const fn contains(self, types: Self) -> bool {
        self.0 & types.0 == types.0
    }
}

/// `MessageId`: 8 bytes, laid out as a [`FolderId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(pub [u8; 8]);

impl MessageId {
    /// Replica id and counter, as of a [`FolderId`].
    #[must_use]
    pub const fn new(replica_id: u16, counter: u64) -> Self {
        let FolderId(bytes) = FolderId::new(replica_id, counter);
        Self(bytes)
    }
}

/// What of a mailbox a client wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationScope {
    /// Everything.
    WholeStore,
    /// A folder, or a message in it.
    Object {
        /// `FolderId`.
        folder: FolderId,
        /// `MessageId`; all zero for the folder.
        message: MessageId,
    },
}

/// Request of `RopRegisterNotification`.
///
/// | size | field | |
/// |---|---|---|
/// | 1 | RopId | `0x29` |
/// | 1 | LogonId | |
/// | 1 | InputHandleIndex | slot of the logon |
/// | 1 | OutputHandleIndex | slot that receives the notification object's handle |
/// | 2 | NotificationTypes | |
/// | 1 | Reserved | where NotificationTypes has `0x0400` |
/// | 1 | WantWholeStore | |
/// | 16 | FolderId, MessageId | where WantWholeStore is 0 |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RopRegisterNotificationRequest {
    /// `LogonId`.
    pub logon_id: u8,
    /// `InputHandleIndex`: slot of the logon.
    pub input_index: u8,
    /// `OutputHandleIndex`: slot that receives the notification object's handle.
    pub output_index: u8,
    /// `NotificationTypes`.
    pub types: NotificationTypes,
    /// `WantWholeStore`, and what is wanted instead of it.
    pub scope: NotificationScope,
}

impl RopRegisterNotificationRequest {
    /// Reads what follows LogonId.
    pub(super) fn read(logon_id: u8, reader: &mut FieldReader<'_>) -> Result<Self, Truncated> {
        reader.enter("RopRegisterNotification request");
        let input_index = reader.u8("InputHandleIndex")?;
        let output_index = reader.u8("OutputHandleIndex")?;
        let types = NotificationTypes(reader.u16("NotificationTypes")?);
        if types.contains(NotificationTypes::EXTENDED) {
            reader.u8("Reserved")?;
        }
        let scope = match reader.u8("WantWholeStore")? {
            0 => NotificationScope::Object {
                folder: FolderId(reader.array("FolderId")?),
                message: MessageId(reader.array("MessageId")?),
            },
            _ => NotificationScope::WholeStore,
        };
        Ok(Self { logon_id, input_index, output_index, types, scope })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Self { logon_id, input_index, output_index, types, scope } = *self;
        out.extend_from_slice(&[
            RopId::REGISTER_NOTIFICATION.0,
            logon_id,
            input_index,
            output_index,
        ]);
        out.extend_from_slice(&types.0.to_le_bytes());
        if types.contains(NotificationTypes::EXTENDED) {
            out.push(0);
        }
        match scope {
            NotificationScope::WholeStore => out.push(1),
            NotificationScope::Object { folder, message } => {
                out.push(0);
                out.extend_from_slice(&folder.0);
                out.extend_from_slice(&message.0);
            }
        }
    }
}

/// `RopNotify` of a message that has come in.
///
/// | size | field | |
/// |---|---|---|
/// | 1 | RopId | `0x2A` |
/// | 4 | NotificationHandle | of the notification object |
/// | 1 | LogonId | |
/// | 2 | NotificationFlags | `0x8002`: a message, new mail |
/// | 8 | FolderId | |
/// | 8 | MessageId | |
/// | 4 | MessageFlags | |
/// | 1 | UnicodeFlag | 1: MessageClass is UTF-16LE; 0: 8-bit |
/// | | MessageClass | with its NUL |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RopNotifyNewMail {
    /// `NotificationHandle`: the handle that `RopRegisterNotification` gave.
    pub notification_handle: u32,
    /// `LogonId` of the logon that it was given for.
    pub logon_id: u8,
    /// `FolderId`: where the message is.
    pub folder: FolderId,
    /// `MessageId`.
    pub message: MessageId,
    /// `MessageFlags`, PidTagMessageFlags of the message.
    pub message_flags: u32,
    /// `MessageClass` in UTF-16 code units, without NUL. Always written with UnicodeFlag 1; read from either form.
    pub message_class: Vec<u16>,
}

impl RopNotifyNewMail {
    /// Reads what follows RopId; none when it tells of something else.
    pub(super) fn read(reader: &mut FieldReader<'_>) -> Result<Option<Self>, RopError> {
        reader.enter("RopNotify");
        let notification_handle = reader.u32("NotificationHandle")?;
        let logon_id = reader.u8("LogonId")?;
        if reader.u16("NotificationFlags")? != NEW_MESSAGE {
            return Ok(None);
        }
        Ok(Some(Self {
            notification_handle,
            logon_id,
            folder: FolderId(reader.array("FolderId")?),
            message: MessageId(reader.array("MessageId")?),
            message_flags: reader.u32("MessageFlags")?,
            message_class: match reader.u8("UnicodeFlag")? {
                0 => read_class(reader, |reader| reader.u8("MessageClass").map(u16::from))?,
                _ => read_class(reader, |reader| reader.u16("MessageClass"))?,
            },
        }))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(RopId::NOTIFY.0);
        out.extend_from_slice(&self.notification_handle.to_le_bytes());
        out.push(self.logon_id);
        out.extend_from_slice(&NEW_MESSAGE.to_le_bytes());
        out.extend_from_slice(&self.folder.0);
        out.extend_from_slice(&self.message.0);
        out.extend_from_slice(&self.message_flags.to_le_bytes());
        out.push(1);
        out.extend(self.message_class.iter().chain(&[0]).flat_map(|unit| unit.to_le_bytes()));
    }
}

/// Writes the success of a `RopRegisterNotification`.
pub(super) fn write_registered(output_index: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[RopId::REGISTER_NOTIFICATION.0, output_index]);
    out.extend_from_slice(&ErrorCode::EC_NONE.0.to_le_bytes());
}

/// Reads the SessionIndex of a `RopPending`, which is all that follows RopId.
pub(super) fn read_pending(reader: &mut FieldReader<'_>) -> Result<u16, Truncated> {
    reader.enter("RopPending");
    reader.u16("SessionIndex")
}

pub(super) fn write_pending(session_index: u16, out: &mut Vec<u8>) {
    out.push(RopId::PENDING.0);
    out.extend_from_slice(&session_index.to_le_bytes());
}

fn read_class(
    reader: &mut FieldReader<'_>,
    mut unit: impl FnMut(&mut FieldReader<'_>) -> Result<u16, Truncated>,
) -> Result<Vec<u16>, Truncated> {
    let mut class = Vec::new();
    loop {
        match unit(reader)? {
            0 => return Ok(class),
            unit => class.push(unit),
        }
    }
}

/// NotificationFlags of new mail: it is about a message (`0x8000`).
const NEW_MESSAGE: u16 = 0x8000 | NotificationTypes::NEW_MAIL.0;
