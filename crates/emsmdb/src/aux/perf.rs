//! What a client measured of calls that it made before: how long they took, or how they failed ([MS-OXCRPC]
//! 2.2.2.2.7 to 2.2.2.2.14).
//!
//! Each kind comes with three types: the plain one, one for calls in the background and one for calls in the foreground;
//! the layout is the same. A DEFMDB concerns the user's own store, an MDB any store, a DEFGC and a GC the directory.
//! Numbers of processes, clients, servers, sessions and requests are those that the client gave them in the blocks of
//! [`AuxPerfProcessInfo`](super::AuxPerfProcessInfo), [`AuxPerfClientInfo`](super::AuxPerfClientInfo),
//! [`AuxPerfServerInfo`](super::AuxPerfServerInfo), [`AuxPerfSessionInfo`](super::AuxPerfSessionInfo) and
//! [`AuxPerfRequestId`](super::AuxPerfRequestId). Reserved fields are ignored, and written as zero.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::block::{Block, BlockWriter};
use super::{AuxType, Ground};
use crate::error_code::ErrorCode;
use crate::field::Truncated;

/// `AUX_PERF_DEFMDB_SUCCESS` and its two siblings: a request to the user's own store that succeeded (2.2.2.2.7).
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x05`, `0x0C` or `0x11` |
/// | 4 | 4 | TimeSinceRequest | |
/// | 8 | 4 | TimeToCompleteRequest | |
/// | 12 | 2 | RequestID | |
/// | 14 | 2 | Reserved | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfDefMdbSuccess {
    /// By the Type: where the request was made.
    pub ground: Ground,
    /// `TimeSinceRequest`: how long ago it was completed, in milliseconds.
    pub time_since_request_ms: u32,
    /// `TimeToCompleteRequest`: how long it took, in milliseconds.
    pub time_to_complete_ms: u32,
    /// `RequestID`.
    pub request_id: u16,
}

impl AuxPerfDefMdbSuccess {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PERF_DEFMDB_SUCCESS");
        let success = Self {
            ground: Ground::of(block.block_type),
            time_since_request_ms: block.u32("TimeSinceRequest")?,
            time_to_complete_ms: block.u32("TimeToCompleteRequest")?,
            request_id: block.u16("RequestID")?,
        };
        block.reserved::<2>("Reserved")?;
        Ok(success)
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(self.ground.typed(AuxType::DEFMDB_SUCCESS), 1);
        writer.u32(self.time_since_request_ms);
        writer.u32(self.time_to_complete_ms);
        writer.u16(self.request_id);
        writer.u16(0);
        writer.finish()
    }
}

/// `AUX_PERF_DEFGC_SUCCESS` and its two siblings: a request to the user's own directory server that succeeded
/// (2.2.2.2.8).
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x06`, `0x0D` or `0x12` |
/// | 4 | 2 | ServerID | |
/// | 6 | 2 | SessionID | |
/// | 8 | 4 | TimeSinceRequest | |
/// | 12 | 4 | TimeToCompleteRequest | |
/// | 16 | 1 | RequestOperation | |
/// | 17 | 3 | Reserved | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfDefGcSuccess {
    /// By the Type: where the request was made.
    pub ground: Ground,
    /// `ServerID`.
    pub server_id: u16,
    /// `SessionID`.
    pub session_id: u16,
    /// `TimeSinceRequest`: how long ago it was completed, in milliseconds.
    pub time_since_request_ms: u32,
    /// `TimeToCompleteRequest`: how long it took, in milliseconds.
    pub time_to_complete_ms: u32,
    /// `RequestOperation`: the client's number for what it asked.
    pub request_operation: u8,
}

impl AuxPerfDefGcSuccess {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PERF_DEFGC_SUCCESS");
        let success = Self {
            ground: Ground::of(block.block_type),
            server_id: block.u16("ServerID")?,
            session_id: block.u16("SessionID")?,
            time_since_request_ms: block.u32("TimeSinceRequest")?,
            time_to_complete_ms: block.u32("TimeToCompleteRequest")?,
            request_operation: block.u8("RequestOperation")?,
        };
        block.reserved::<3>("Reserved")?;
        Ok(success)
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(self.ground.typed(AuxType::DEFGC_SUCCESS), 1);
        writer.u16(self.server_id);
        writer.u16(self.session_id);
        writer.u32(self.time_since_request_ms);
        writer.u32(self.time_to_complete_ms);
        writer.bytes(&[self.request_operation, 0, 0, 0]);
        writer.finish()
    }
}

/// `AUX_PERF_MDB_SUCCESS`, `AUX_PERF_MDB_SUCCESS_V2` and their siblings: a request to a store that succeeded (2.2.2.2.9
/// and 2.2.2.2.10).
///
/// | version 1 | version 2 | size | field | |
/// |---|---|---|---|---|
/// | 0 | 0 | 4 | AUX_HEADER | Type `0x07`, `0x0E` or `0x13` |
/// | – | 4 | 2 | ProcessID | |
/// | 4 | 6 | 2 | ClientID | |
/// | 6 | 8 | 2 | ServerID | |
/// | 8 | 10 | 2 | SessionID | |
/// | 10 | 12 | 2 | RequestID | |
/// | – | 14 | 2 | Reserved | |
/// | 12 | 16 | 4 | TimeSinceRequest | |
/// | 16 | 20 | 4 | TimeToCompleteRequest | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfMdbSuccess {
    /// By the Type: where the request was made.
    pub ground: Ground,
    /// `ProcessID`: present in version 2, and so decides the version.
    pub process_id: Option<u16>,
    /// `ClientID`.
    pub client_id: u16,
    /// `ServerID`.
    pub server_id: u16,
    /// `SessionID`.
    pub session_id: u16,
    /// `RequestID`.
    pub request_id: u16,
    /// `TimeSinceRequest`: how long ago it was completed, in milliseconds.
    pub time_since_request_ms: u32,
    /// `TimeToCompleteRequest`: how long it took, in milliseconds.
    pub time_to_complete_ms: u32,
}

impl AuxPerfMdbSuccess {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter_version("AUX_PERF_MDB_SUCCESS", "AUX_PERF_MDB_SUCCESS_V2");
        let process_id = read_process_id(block)?;
        let (client_id, server_id) = (block.u16("ClientID")?, block.u16("ServerID")?);
        let (session_id, request_id) = (block.u16("SessionID")?, block.u16("RequestID")?);
        if process_id.is_some() {
            block.reserved::<2>("Reserved")?;
        }
        Ok(Self {
            ground: Ground::of(block.block_type),
            process_id,
            client_id,
            server_id,
            session_id,
            request_id,
            time_since_request_ms: block.u32("TimeSinceRequest")?,
            time_to_complete_ms: block.u32("TimeToCompleteRequest")?,
        })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = versioned(self.ground.typed(AuxType::MDB_SUCCESS), self.process_id);
        for id in [self.client_id, self.server_id, self.session_id, self.request_id] {
            writer.u16(id);
        }
        if self.process_id.is_some() {
            writer.u16(0);
        }
        writer.u32(self.time_since_request_ms);
        writer.u32(self.time_to_complete_ms);
        writer.finish()
    }
}

/// `AUX_PERF_GC_SUCCESS`, `AUX_PERF_GC_SUCCESS_V2` and their siblings: a request to a directory server that succeeded
/// (2.2.2.2.11 and 2.2.2.2.12).
///
/// | version 1 | version 2 | size | field | |
/// |---|---|---|---|---|
/// | 0 | 0 | 4 | AUX_HEADER | Type `0x08`, `0x0F` or `0x14` |
/// | – | 4 | 2 | ProcessID | |
/// | 4 | 6 | 2 | ClientID | |
/// | 6 | 8 | 2 | ServerID | |
/// | 8 | 10 | 2 | SessionID | |
/// | 10 | – | 2 | Reserved_1 | |
/// | 12 | 12 | 4 | TimeSinceRequest | |
/// | 16 | 16 | 4 | TimeToCompleteRequest | |
/// | 20 | 20 | 1 | RequestOperation | |
/// | 21 | 21 | 3 | Reserved_2, in version 2 Reserved | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfGcSuccess {
    /// By the Type: where the request was made.
    pub ground: Ground,
    /// `ProcessID`: present in version 2, and so decides the version.
    pub process_id: Option<u16>,
    /// `ClientID`.
    pub client_id: u16,
    /// `ServerID`.
    pub server_id: u16,
    /// `SessionID`.
    pub session_id: u16,
    /// `TimeSinceRequest`: how long ago it was completed, in milliseconds.
    pub time_since_request_ms: u32,
    /// `TimeToCompleteRequest`: how long it took, in milliseconds.
    pub time_to_complete_ms: u32,
    /// `RequestOperation`: the client's number for what it asked.
    pub request_operation: u8,
}

impl AuxPerfGcSuccess {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter_version("AUX_PERF_GC_SUCCESS", "AUX_PERF_GC_SUCCESS_V2");
        let process_id = read_process_id(block)?;
        let (client_id, server_id) = (block.u16("ClientID")?, block.u16("ServerID")?);
        let session_id = block.u16("SessionID")?;
        if process_id.is_none() {
            block.reserved::<2>("Reserved_1")?;
        }
        let success = Self {
            ground: Ground::of(block.block_type),
            process_id,
            client_id,
            server_id,
            session_id,
            time_since_request_ms: block.u32("TimeSinceRequest")?,
            time_to_complete_ms: block.u32("TimeToCompleteRequest")?,
            request_operation: block.u8("RequestOperation")?,
        };
        block.reserved::<3>(if process_id.is_some() { "Reserved" } else { "Reserved_2" })?;
        Ok(success)
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = versioned(self.ground.typed(AuxType::GC_SUCCESS), self.process_id);
        for id in [self.client_id, self.server_id, self.session_id] {
            writer.u16(id);
        }
        if self.process_id.is_none() {
            writer.u16(0);
        }
        writer.u32(self.time_since_request_ms);
        writer.u32(self.time_to_complete_ms);
        writer.bytes(&[self.request_operation, 0, 0, 0]);
        writer.finish()
    }
}

/// `AUX_PERF_FAILURE`, `AUX_PERF_FAILURE_V2` and their siblings: a request that failed (2.2.2.2.13 and 2.2.2.2.14).
///
/// | version 1 | version 2 | size | field | |
/// |---|---|---|---|---|
/// | 0 | 0 | 4 | AUX_HEADER | Type `0x09`, `0x10` or `0x15` |
/// | – | 4 | 2 | ProcessID | |
/// | 4 | 6 | 2 | ClientID | |
/// | 6 | 8 | 2 | ServerID | |
/// | 8 | 10 | 2 | SessionID | |
/// | 10 | 12 | 2 | RequestID | |
/// | – | 14 | 2 | Reserved_1 | |
/// | 12 | 16 | 4 | TimeSinceRequest | |
/// | 16 | 20 | 4 | TimeToFailRequest | |
/// | 20 | 24 | 4 | ResultCode | |
/// | 24 | 28 | 1 | RequestOperation | |
/// | 25 | 29 | 3 | Reserved, in version 2 Reserved_2 | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfFailure {
    /// By the Type: where the request was made.
    pub ground: Ground,
    /// `ProcessID`: present in version 2, and so decides the version.
    pub process_id: Option<u16>,
    /// `ClientID`.
    pub client_id: u16,
    /// `ServerID`.
    pub server_id: u16,
    /// `SessionID`.
    pub session_id: u16,
    /// `RequestID`.
    pub request_id: u16,
    /// `TimeSinceRequest`: how long ago it failed, in milliseconds.
    pub time_since_request_ms: u32,
    /// `TimeToFailRequest`: how long it took to fail, in milliseconds.
    pub time_to_fail_ms: u32,
    /// `ResultCode`: how it failed.
    pub result_code: ErrorCode,
    /// `RequestOperation`: the client's number for what it asked.
    pub request_operation: u8,
}

impl AuxPerfFailure {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter_version("AUX_PERF_FAILURE", "AUX_PERF_FAILURE_V2");
        let process_id = read_process_id(block)?;
        let (client_id, server_id) = (block.u16("ClientID")?, block.u16("ServerID")?);
        let (session_id, request_id) = (block.u16("SessionID")?, block.u16("RequestID")?);
        if process_id.is_some() {
            block.reserved::<2>("Reserved_1")?;
        }
        let failure = Self {
            ground: Ground::of(block.block_type),
            process_id,
            client_id,
            server_id,
            session_id,
            request_id,
            time_since_request_ms: block.u32("TimeSinceRequest")?,
            time_to_fail_ms: block.u32("TimeToFailRequest")?,
            result_code: ErrorCode(block.u32("ResultCode")?),
            request_operation: block.u8("RequestOperation")?,
        };
        block.reserved::<3>(if process_id.is_some() { "Reserved_2" } else { "Reserved" })?;
        Ok(failure)
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = versioned(self.ground.typed(AuxType::FAILURE), self.process_id);
        for id in [self.client_id, self.server_id, self.session_id, self.request_id] {
            writer.u16(id);
        }
        if self.process_id.is_some() {
            writer.u16(0);
        }
        writer.u32(self.time_since_request_ms);
        writer.u32(self.time_to_fail_ms);
        writer.u32(self.result_code.0);
        writer.bytes(&[self.request_operation, 0, 0, 0]);
        writer.finish()
    }
}

/// The field that version 2 begins with.
fn read_process_id(block: &mut Block<'_>) -> Result<Option<u16>, Truncated> {
    if block.is_second() { block.u16("ProcessID").map(Some) } else { Ok(None) }
}

/// Starts a block in the version that has `process_id`, or has it not.
fn versioned(block_type: AuxType, process_id: Option<u16>) -> BlockWriter {
    let version = if process_id.is_some() { 2 } else { 1 };
    let mut writer = BlockWriter::new(block_type, version);
    if let Some(process_id) = process_id {
        writer.u16(process_id);
    }
    writer
}
