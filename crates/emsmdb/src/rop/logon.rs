//! `RopLogon`: opens a mailbox ([MS-OXCROPS] 2.2.3.1, [MS-OXCSTOR] 2.2.1.1).
//!
//! Of the responses the private mailbox's is here, and failure. That of a public store and the redirection to
//! another server (`ecWrongServer`, which carries a server's name) are not.
//!
//! [MS-OXCROPS]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrops
//! [MS-OXCSTOR]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcstor

use super::{RopError, RopId};
use crate::error_code::ErrorCode;
use crate::field::{FieldReader, Truncated};

/// How many folder ids a private mailbox's response has.
pub const PRIVATE_FOLDERS: usize = 13;

/// `LogonFlags`. Unknown bits survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LogonFlags(pub u8);

impl LogonFlags {
    /// A private mailbox.
    pub const PRIVATE: Self = Self(0x01);
    /// `Undercover`.
    pub const UNDERCOVER: Self = Self(0x02);
    /// The ghosted public store.
    pub const GHOSTED: Self = Self(0x04);

    /// Whether every bit of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

/// `OpenFlags`. Unknown bits survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct OpenFlags(pub u32);

impl OpenFlags {
    /// As an administrator.
    pub const USE_ADMIN_PRIVILEGE: Self = Self(0x0000_0001);
    /// The public store.
    pub const PUBLIC: Self = Self(0x0000_0002);
    /// The user's home mailbox.
    pub const HOME_LOGON: Self = Self(0x0000_0004);
    /// As the owner.
    pub const TAKE_OWNERSHIP: Self = Self(0x0000_0008);

    /// Whether every bit of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

/// Request of `RopLogon`.
///
/// | size | field | |
/// |---|---|---|
/// | 1 | RopId | `0xFE` |
/// | 1 | LogonId | |
/// | 1 | OutputHandleIndex | |
/// | 1 | LogonFlags | |
/// | 4 | OpenFlags | |
/// | 4 | StoreState | 0 |
/// | 2 | EssdnSize | bytes of Essdn, its NUL included; 0 when there is none |
/// | | Essdn | 8-bit with NUL |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RopLogonRequest {
    /// `LogonId`: the number that later operations name this logon by.
    pub logon_id: u8,
    /// `OutputHandleIndex`: slot that receives the logon object's handle.
    pub output_index: u8,
    /// `LogonFlags`.
    pub logon_flags: LogonFlags,
    /// `OpenFlags`.
    pub open_flags: OpenFlags,
    /// `StoreState`: 0.
    pub store_state: u32,
    /// `Essdn`: the mailbox's legacy distinguished name without NUL; `None` when EssdnSize is 0, as for the public
    /// store.
    pub essdn: Option<Vec<u8>>,
}

impl RopLogonRequest {
    /// Reads what follows LogonId.
    pub(super) fn read(logon_id: u8, reader: &mut FieldReader<'_>) -> Result<Self, RopError> {
        reader.enter(REQUEST);
        let output_index = reader.u8("OutputHandleIndex")?;
        let logon_flags = LogonFlags(reader.u8("LogonFlags")?);
        let open_flags = OpenFlags(reader.u32("OpenFlags")?);
        let store_state = reader.u32("StoreState")?;
        let size = reader.u16("EssdnSize")?;
        let essdn = read_essdn(size, reader)?;
        Ok(Self { logon_id, output_index, logon_flags, open_flags, store_state, essdn })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let flags = self.logon_flags.0;
        out.extend_from_slice(&[RopId::LOGON.0, self.logon_id, self.output_index, flags]);
        out.extend_from_slice(&self.open_flags.0.to_le_bytes());
        out.extend_from_slice(&self.store_state.to_le_bytes());
        let size = self.essdn.as_ref().map_or(0, |essdn| essdn.len().saturating_add(1));
        out.extend_from_slice(&u16::try_from(size).unwrap_or(u16::MAX).to_le_bytes());
        if let Some(essdn) = &self.essdn {
            out.extend_from_slice(essdn);
            out.push(0);
        }
    }
}

/// `FolderId`: 8 bytes, a replica id and a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FolderId(pub [u8; 8]);

impl FolderId {
    /// Replica id as a little-endian `u16`, then the low 48 bits of the counter, most significant byte first.
    #[must_use]
    pub const fn new(replica_id: u16, counter: u64) -> Self {
        let [r0, r1] = replica_id.to_le_bytes();
        let [c0, c1, c2, c3, c4, c5, _, _] = counter.to_le_bytes();
        Self([r0, r1, c5, c4, c3, c2, c1, c0])
    }

    /// The replica id.
    #[must_use]
    pub const fn replica_id(self) -> u16 {
        let [r0, r1, ..] = self.0;
        u16::from_le_bytes([r0, r1])
    }

    /// The counter, below 2^48.
    #[must_use]
    pub const fn counter(self) -> u64 {
        let [_, _, c5, c4, c3, c2, c1, c0] = self.0;
        u64::from_le_bytes([c0, c1, c2, c3, c4, c5, 0, 0])
    }
}

/// `LogonTime`: the server's local time at logon.
///
/// | size | field | |
/// |---|---|---|
/// | 1 | Seconds | |
/// | 1 | Minutes | |
/// | 1 | Hour | 0 to 23 |
/// | 1 | DayOfWeek | 0 is Sunday |
/// | 1 | Day | 1 to 31 |
/// | 1 | Month | 1 to 12 |
/// | 2 | Year | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogonTime {
    /// `Seconds`.
    pub seconds: u8,
    /// `Minutes`.
    pub minutes: u8,
    /// `Hour`, 0 to 23.
    pub hour: u8,
    /// `DayOfWeek`, 0 is Sunday.
    pub day_of_week: u8,
    /// `Day`, 1 to 31.
    pub day: u8,
    /// `Month`, 1 to 12.
    pub month: u8,
    /// `Year`.
    pub year: u16,
}

/// Successful response of `RopLogon` for a private mailbox: 166 bytes.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 1 | RopId | `0xFE` |
/// | 1 | 1 | OutputHandleIndex | |
/// | 2 | 4 | ReturnValue | 0 |
/// | 6 | 1 | LogonFlags | 1 set |
/// | 7 | 104 | FolderIds | 13 × 8 |
/// | 111 | 1 | ResponseFlags | 1 always, 2 owner, 4 may send as, `0x10` out of office |
/// | 112 | 16 | MailboxGuid | |
/// | 128 | 2 | ReplId | |
/// | 130 | 16 | ReplGuid | |
/// | 146 | 8 | LogonTime | |
/// | 154 | 8 | GwartTime | |
/// | 162 | 4 | StoreState | 0 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RopLogonResponse {
    /// `OutputHandleIndex`, as in the request.
    pub output_index: u8,
    /// `LogonFlags`, as in the request; [`PRIVATE`](LogonFlags::PRIVATE) is set.
    pub logon_flags: LogonFlags,
    /// `FolderIds`: root, deferred action, spooler queue, interpersonal messages, inbox, outbox, sent items,
    /// deleted items, common views, schedule, search, views, shortcuts.
    pub folder_ids: [FolderId; PRIVATE_FOLDERS],
    /// `ResponseFlags`.
    pub response_flags: u8,
    /// `MailboxGuid`, as on the wire.
    pub mailbox_guid: [u8; 16],
    /// `ReplId`: short for the replica GUID.
    pub repl_id: u16,
    /// `ReplGuid`, as on the wire.
    pub repl_guid: [u8; 16],
    /// `LogonTime`.
    pub logon_time: LogonTime,
    /// `GwartTime`: when the routing table last changed, as a FILETIME, in units of 100 ns; 0 unless known.
    pub gwart_time: u64,
    /// `StoreState`: 0.
    pub store_state: u32,
}

impl RopLogonResponse {
    /// Reads what follows ReturnValue; `None` when it is not a private mailbox's.
    pub(super) fn read(
        output_index: u8,
        reader: &mut FieldReader<'_>,
    ) -> Result<Option<Self>, Truncated> {
        reader.enter("RopLogon response");
        let logon_flags = LogonFlags(reader.u8("LogonFlags")?);
        if !logon_flags.contains(LogonFlags::PRIVATE) {
            return Ok(None);
        }
        Ok(Some(Self {
            output_index,
            logon_flags,
            folder_ids: read_folder_ids(reader)?,
            response_flags: reader.u8("ResponseFlags")?,
            mailbox_guid: reader.array("MailboxGuid")?,
            repl_id: reader.u16("ReplId")?,
            repl_guid: reader.array("ReplGuid")?,
            logon_time: LogonTime::read(reader)?,
            gwart_time: reader.u64("GwartTime")?,
            store_state: reader.u32("StoreState")?,
        }))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[RopId::LOGON.0, self.output_index]);
        out.extend_from_slice(&ErrorCode::EC_NONE.0.to_le_bytes());
        out.push(self.logon_flags.0);
        out.extend(self.folder_ids.iter().flat_map(|FolderId(bytes)| bytes));
        out.push(self.response_flags);
        out.extend_from_slice(&self.mailbox_guid);
        out.extend_from_slice(&self.repl_id.to_le_bytes());
        out.extend_from_slice(&self.repl_guid);
        self.logon_time.write(out);
        out.extend_from_slice(&self.gwart_time.to_le_bytes());
        out.extend_from_slice(&self.store_state.to_le_bytes());
    }
}

impl LogonTime {
    fn read(reader: &mut FieldReader<'_>) -> Result<Self, Truncated> {
        let [seconds, minutes, hour, day_of_week, day, month] = reader.array("LogonTime")?;
        let year = reader.u16("LogonTime.Year")?;
        Ok(Self { seconds, minutes, hour, day_of_week, day, month, year })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let Self { seconds, minutes, hour, day_of_week, day, month, year } = *self;
        out.extend_from_slice(&[seconds, minutes, hour, day_of_week, day, month]);
        out.extend_from_slice(&year.to_le_bytes());
    }
}

fn read_folder_ids(reader: &mut FieldReader<'_>) -> Result<[FolderId; PRIVATE_FOLDERS], Truncated> {
    let mut folder_ids = [FolderId([0; 8]); PRIVATE_FOLDERS];
    for folder_id in &mut folder_ids {
        *folder_id = FolderId(reader.array("FolderIds")?);
    }
    Ok(folder_ids)
}

fn read_essdn(size: u16, reader: &mut FieldReader<'_>) -> Result<Option<Vec<u8>>, RopError> {
    if size == 0 {
        return Ok(None);
    }
    let (structure, field, offset) = (REQUEST, "Essdn", reader.position());
    let mut parts = reader.bytes(field, size.into())?.splitn(2, |byte| *byte == 0);
    match (parts.next(), parts.next()) {
        (Some(essdn), Some(_)) => Ok(Some(essdn.to_vec())),
        _ => Err(RopError::Unterminated { structure, field, offset }),
    }
}

const REQUEST: &str = "RopLogon request";
