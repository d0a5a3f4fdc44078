//! The interface's identity and its operation numbers ([MS-OXCRPC] 1.9 and 3.1.4).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

/// EMSMDB, `a4f1db00-ca47-1067-b31f-00dd010662da`, most significant digit first.
pub const EMSMDB_UUID: u128 = 0xa4f1db00_ca47_1067_b31f_00dd010662da;

/// The interface's version, major and minor: 0.81.
pub const EMSMDB_VERSION: (u16, u16) = (0, 81);

/// AsyncEMSMDB, `5261574a-4572-206e-b268-6b199213b4e4`, most significant digit first. Exchange 2007 and later have it.
pub const ASYNC_EMSMDB_UUID: u128 = 0x5261574a_4572_206e_b268_6b199213b4e4;

/// That interface's version, major and minor: 0.1.
pub const ASYNC_EMSMDB_VERSION: (u16, u16) = (0, 1);

/// The null context handle.
pub const NULL_HANDLE: [u8; 20] = [0; 20];

/// Operation numbers of EMSMDB that are used on the wire: with Exchange 2003 all but the last.
pub mod opnum {
    /// `EcDoConnect`, of clients up to Outlook XP, and of Outlook 2003 when opnum 10 is refused by a fault.
    pub const EC_DO_CONNECT: u16 = 0;
    /// `EcDoDisconnect`.
    pub const EC_DO_DISCONNECT: u16 = 1;
    /// `EcDoRpc`, for sessions that opnum 0 opened.
    pub const EC_DO_RPC: u16 = 2;
    /// `EcRRegisterPushNotification`, of clients that take datagrams.
    pub const EC_R_REGISTER_PUSH_NOTIFICATION: u16 = 4;
    /// `EcDummyRpc`.
    pub const EC_DUMMY_RPC: u16 = 6;
    /// `EcDoConnectEx`, of Outlook 2003 and later.
    pub const EC_DO_CONNECT_EX: u16 = 10;
    /// `EcDoRpcExt2`, for sessions that opnum 10 opened.
    pub const EC_DO_RPC_EXT2: u16 = 11;
    /// `EcDoAsyncConnectEx`, of Exchange 2007 and later.
    pub const EC_DO_ASYNC_CONNECT_EX: u16 = 14;
}

/// Operation numbers of AsyncEMSMDB.
pub mod async_opnum {
    /// `EcDoAsyncWaitEx`.
    pub const EC_DO_ASYNC_WAIT_EX: u16 = 0;
}
