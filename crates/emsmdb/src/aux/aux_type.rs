//! The `Type` of an AUX_HEADER ([MS-OXCRPC] 2.2.2.2), and the three grounds that one kind of measurement comes from.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

/// The `Type` of an AUX_HEADER. Unknown values survive, among them `0x43` and `0x52`, which later products send and nobody
/// has described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuxType(pub u8);

impl AuxType {
    /// `AUX_PERF_REQUESTID`.
    pub const REQUEST_ID: Self = Self(0x01);
    /// `AUX_PERF_CLIENTINFO`.
    pub const CLIENT_INFO: Self = Self(0x02);
    /// `AUX_PERF_SERVERINFO`.
    pub const SERVER_INFO: Self = Self(0x03);
    /// `AUX_PERF_SESSIONINFO`, in version 2 `AUX_PERF_SESSIONINFO_V2`.
    pub const SESSION_INFO: Self = Self(0x04);
    /// `AUX_PERF_DEFMDB_SUCCESS`. This and the next four have siblings: see [`Ground`].
    pub const DEFMDB_SUCCESS: Self = Self(0x05);
    /// `AUX_PERF_DEFGC_SUCCESS`.
    pub const DEFGC_SUCCESS: Self = Self(0x06);
    /// `AUX_PERF_MDB_SUCCESS`, in version 2 `AUX_PERF_MDB_SUCCESS_V2`.
    pub const MDB_SUCCESS: Self = Self(0x07);
    /// `AUX_PERF_GC_SUCCESS`, in version 2 `AUX_PERF_GC_SUCCESS_V2`.
    pub const GC_SUCCESS: Self = Self(0x08);
    /// `AUX_PERF_FAILURE`, in version 2 `AUX_PERF_FAILURE_V2`.
    pub const FAILURE: Self = Self(0x09);
    /// `AUX_CLIENT_CONTROL`.
    pub const CLIENT_CONTROL: Self = Self(0x0A);
    /// `AUX_PERF_PROCESSINFO`.
    pub const PROCESS_INFO: Self = Self(0x0B);
    /// `AUX_OSVERSIONINFO`.
    pub const OS_VERSION_INFO: Self = Self(0x16);
    /// `AUX_EXORGINFO`.
    pub const EX_ORG_INFO: Self = Self(0x17);
    /// `AUX_PERF_ACCOUNTINFO`.
    pub const ACCOUNT_INFO: Self = Self(0x18);
    /// `AUX_SERVER_CAPABILITIES`.
    pub const SERVER_CAPABILITIES: Self = Self(0x46);
    /// `AUX_ENDPOINT_CAPABILITIES`.
    pub const ENDPOINT_CAPABILITIES: Self = Self(0x48);
    /// `AUX_EXCEPTION_TRACE`.
    pub const EXCEPTION_TRACE: Self = Self(0x49);
    /// `AUX_CLIENT_CONNECTION_INFO`.
    pub const CLIENT_CONNECTION_INFO: Self = Self(0x4A);
    /// `AUX_SERVER_SESSION_INFO`.
    pub const SERVER_SESSION_INFO: Self = Self(0x4B);
    /// `AUX_PROTOCOL_DEVICE_IDENTIFICATION`.
    pub const PROTOCOL_DEVICE_IDENTIFICATION: Self = Self(0x4E);
}

/// Where a request was made that a client reports on, which the Type says.
///
/// | ground | DEFMDB_SUCCESS | DEFGC_SUCCESS | MDB_SUCCESS | GC_SUCCESS | FAILURE |
/// |---|---|---|---|---|---|
/// | `Unstated` | `0x05` | `0x06` | `0x07` | `0x08` | `0x09` |
/// | `Background`, BG | `0x0C` | `0x0D` | `0x0E` | `0x0F` | `0x10` |
/// | `Foreground`, FG | `0x11` | `0x12` | `0x13` | `0x14` | `0x15` |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// Not said.
    Unstated,
    /// Behind the user's back, such as the filling of a cache.
    Background,
    /// With the user waiting.
    Foreground,
}

impl Ground {
    /// The ground that a Type stands for; `Unstated` for one that has no siblings.
    pub(super) const fn of(block_type: AuxType) -> Self {
        match block_type.0 {
            0x0C..=0x10 => Self::Background,
            0x11..=0x15 => Self::Foreground,
            _ => Self::Unstated,
        }
    }

    /// The Type for a report from this ground; `plain` is the one of the table's first row.
    pub(super) const fn typed(self, plain: AuxType) -> AuxType {
        AuxType(plain.0.wrapping_add(self.distance()))
    }

    /// The Type of the first row for one of a column, and any other as it is.
    pub(super) const fn untyped(block_type: AuxType) -> AuxType {
        AuxType(block_type.0.wrapping_sub(Self::of(block_type).distance()))
    }

    /// How far down its row lies, in Types.
    const fn distance(self) -> u8 {
        match self {
            Self::Unstated => 0,
            Self::Background => 0x07,
            Self::Foreground => 0x0C,
        }
    }
}
