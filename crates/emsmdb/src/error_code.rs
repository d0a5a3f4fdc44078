//! The `ec...` codes that calls and remote operations return ([MS-OXCDATA] 2.4, [MS-OXCRPC] 2.2.1).
//!
//! [MS-OXCDATA]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcdata
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::fmt;

/// A 32-bit result, in a call's return value or in a remote operation's response. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u32);

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $spelling:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The code that Microsoft spells so.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                [$(($spelling, Self::$name)),*]
                    .into_iter()
                    .find_map(|(known, code)| (known == name).then_some(code))
            }

            /// Microsoft's spelling of the code, for the codes this module names.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($spelling),)*
                    _ => None,
                }
            }
        }
    };
}

error_codes! {
    /// Success.
    EC_NONE = 0x0000_0000, "ecNone";
    /// The profile does not name this mailbox's server.
    EC_PROFILE_NOT_CONFIGURED = 0x0000_011C, "ecProfileNotConfigured";
    /// `szUserDN` names no enabled mailbox.
    EC_UNKNOWN_USER = 0x0000_03EB, "ecUnknownUser";
    /// The server is stopping.
    EC_EXITING = 0x0000_03ED, "ecExiting";
    /// The code page is not installed.
    EC_UNKNOWN_CODE_PAGE = 0x0000_03EF, "ecUnknownCodePage";
    /// The server is out of memory.
    EC_SERVER_OOM = 0x0000_03F0, "ecServerOOM";
    /// The user lacks the rights, or asked for administrator rights without the privilege.
    EC_LOGIN_PERM = 0x0000_03F2, "ecLoginPerm";
    /// The mailbox is on another server.
    EC_WRONG_SERVER = 0x0000_0478, "ecWrongServer";
    /// The responses do not fit the client's buffer.
    EC_BUFFER_TOO_SMALL = 0x0000_047D, "ecBufferTooSmall";
    /// The store is paused.
    EC_SERVER_PAUSED = 0x0000_047F, "ecServerPaused";
    /// The server is too busy.
    EC_SERVER_BUSY = 0x0000_0480, "ecServerBusy";
    /// A buffer header or a buffer of remote operations is malformed.
    EC_RPC_FORMAT = 0x0000_04B6, "ecRpcFormat";
    /// A remote operation names a handle that does not exist.
    EC_NULL_OBJECT = 0x0000_04B9, "ecNullObject";
    /// The caller is not authenticated as the user.
    ///
    /// UNVERIFIED: [MS-OXCRPC]'s table gives `0x4B6`, which is `ecRpcFormat`; independent servers use this value.
    ///
    /// [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc
    EC_RPC_AUTHENTICATION = 0x0000_04BC, "ecRpcAuthentication";
    /// The administrator blocks this client; also stands in for codes that the client is too old to know.
    EC_CLIENT_VER_DISALLOWED = 0x0000_04DF, "ecClientVerDisallowed";
    /// The user may not connect by RPC over HTTP.
    EC_RPC_HTTP_DISALLOWED = 0x0000_04E0, "ecRpcHttpDisallowed";
    /// The user may connect in cached mode only.
    EC_CACHED_MODE_REQUIRED = 0x0000_04E1, "ecCachedModeRequired";
    /// The mailbox is being moved.
    EC_MAILBOX_IN_TRANSIT = 0x0000_050C, "ecMailboxInTransit";
    /// MAPI is disabled for the user.
    EC_PROTOCOL_DISABLED = 0x0000_07D8, "ecProtocolDisabled";
    /// The request is refused as things stand.
    EC_REJECTED = 0x0000_07EE, "ecRejected";
    /// The mailbox is disabled.
    EC_MAILBOX_DISABLED = 0x0000_096C, "ecMailboxDisabled";
    /// The server requires encryption.
    EC_NOT_ENCRYPTED = 0x0000_0970, "ecNotEncrypted";
    /// The operation is not implemented.
    EC_NOT_SUPPORTED = 0x8004_0102, "ecNotSupported";
    /// The versions of client and server do not fit together.
    EC_VERSION_MISMATCH = 0x8004_0110, "ecVersionMismatch";
    /// The logon failed.
    EC_LOGIN_FAILURE = 0x8004_0111, "ecLoginFailure";
    /// Too many sessions.
    EC_SESSION_LIMIT = 0x8004_0112, "ecSessionLimit";
    /// The call failed.
    EC_RPC_FAILED = 0x8004_0115, "ecRpcFailed";
    /// Something is larger than allowed.
    EC_TOO_BIG = 0x8004_0305, "ecTooBig";
    /// The authenticated user may not act as `szUserDN`.
    EC_ACCESS_DENIED = 0x8007_0005, "ecAccessDenied";
    /// A parameter is wrong.
    EC_INVALID_PARAM = 0x8007_0057, "ecInvalidParam";
}

impl ErrorCode {
    /// Whether this is `ecNone`.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == Self::EC_NONE.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}
