//! Opening a session: `EcDoConnectEx` (opnum 10, [MS-OXCRPC] 3.1.4.1) and its predecessor `EcDoConnect` (opnum 0).
//!
//! The predecessor's stub is the successor's without the auxiliary buffer, so its client has no process name.
//! A refused client gets a normal response with a null handle and an error code, never a fault.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::ndr::{NdrError, NdrReader, NdrWriter};

use crate::error_code::ErrorCode;
use crate::interface::NULL_HANDLE;
use crate::version::WireVersion;

/// The most an auxiliary buffer holds, in bytes, `RPC_HEADER_EXT` included: `cbAuxIn` and `pcbAuxOut`.
pub const AUX_MAX: u32 = 0x1008;

/// The most a distinguished or display name takes here, in bytes, its NUL included.
///
/// DEVIATION: the interface sets no limit. `RopLogon` could not name a longer one.
pub const NAME_MAX: u32 = 0xFFFF;

/// `ulIcxrLink` of a session that is to be linked to no other.
pub const NO_LINK: u32 = 0xFFFF_FFFF;

/// Request of `EcDoConnectEx`.
///
/// | parameter | wire |
/// |---|---|
/// | szUserDN | conformant-varying string |
/// | ulFlags, ulConMod, cbLimit, ulCpid, ulLcidString, ulLcidSort, ulIcxrLink | 7 × `u32` |
/// | usFCanConvertCodePages | `u16` |
/// | rgwClientVersion | 3 × `u16` |
/// | pulTimeStamp | `u32` |
/// | rgbAuxIn | conformant bytes, at most `0x1008` |
/// | cbAuxIn | `u32`, the length of rgbAuxIn |
/// | pcbAuxOut | `u32`, at most `0x1008` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoConnectExRequest {
    /// `szUserDN`: the mailbox owner's legacy distinguished name, 8-bit in [`code_page`](Self::code_page), without NUL.
    pub user_dn: Vec<u8>,
    /// `ulFlags`: 0 normal, 1 administrator, `0x8000` ignore that there are no public folders.
    pub flags: u32,
    /// `ulConMod`: a hash of the client's, without meaning to a server.
    pub con_mod: u32,
    /// `cbLimit`: 0.
    pub limit: u32,
    /// `ulCpid`: Windows code page of 8-bit strings.
    pub code_page: u32,
    /// `ulLcidString`: locale for everything but sorting.
    pub lcid_string: u32,
    /// `ulLcidSort`: locale for sorting.
    pub lcid_sort: u32,
    /// `ulIcxrLink`: [`NO_LINK`], or in its low 16 bits the index of the session to link to.
    pub link: u32,
    /// `usFCanConvertCodePages`: 1.
    pub can_convert_code_pages: u16,
    /// `rgwClientVersion`.
    pub client_version: WireVersion,
    /// `pulTimeStamp`: creation stamp of the session to link to, else 0.
    pub time_stamp: u32,
    /// `rgbAuxIn`: `RPC_HEADER_EXT` and auxiliary blocks as sent, for [`decode_aux`](crate::aux::decode_aux). May be
    /// empty.
    pub aux_in: Vec<u8>,
    /// `pcbAuxOut`: the most the client takes in `rgbAuxOut`, in bytes.
    pub aux_out_max: u32,
}

impl EcDoConnectExRequest {
    /// Reads the `[in]` parameters; what follows them is ignored.
    ///
    /// # Errors
    /// When the stub ends early, a count or `pcbAuxOut` is out of range, `cbAuxIn` is not the length of
    /// `rgbAuxIn`, or `szUserDN` has no NUL.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoConnectEx request", stub);
        let identity = Identity::read(&mut reader)?;
        let aux_in = reader.conformant_bytes("rgbAuxIn", AUX_MAX)?;
        reader.u32_count_of("cbAuxIn", aux_in)?;
        Ok(Self {
            user_dn: identity.user_dn.to_vec(),
            flags: identity.flags,
            con_mod: identity.con_mod,
            limit: identity.limit,
            code_page: identity.code_page,
            lcid_string: identity.lcid_string,
            lcid_sort: identity.lcid_sort,
            link: identity.link,
            can_convert_code_pages: identity.can_convert_code_pages,
            client_version: identity.client_version,
            time_stamp: identity.time_stamp,
            aux_in: aux_in.to_vec(),
            aux_out_max: reader.u32_at_most("pcbAuxOut", AUX_MAX)?,
        })
    }

    /// Writes the `[in]` parameters.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        Identity {
            user_dn: &self.user_dn,
            flags: self.flags,
            con_mod: self.con_mod,
            limit: self.limit,
            code_page: self.code_page,
            lcid_string: self.lcid_string,
            lcid_sort: self.lcid_sort,
            link: self.link,
            can_convert_code_pages: self.can_convert_code_pages,
            client_version: self.client_version,
            time_stamp: self.time_stamp,
        }
        .write(&mut writer);
        writer.conformant_bytes(&self.aux_in);
        writer.u32_count_of(&self.aux_in);
        writer.u32(self.aux_out_max);
        writer.finish()
    }
}

/// Response of `EcDoConnectEx`.
///
/// | parameter | wire |
/// |---|---|
/// | pcxh | context handle |
/// | pcmsPollsMax, pcRetry, pcmsRetryDelay | 3 × `u32` |
/// | picxr | `u16`, then two zero bytes, since one client reads 32 bits there |
/// | szDNPrefix, szDisplayName | unique pointer, then conformant-varying string |
/// | rgwServerVersion, rgwBestVersion | 3 × `u16` each |
/// | pulTimeStamp | `u32` |
/// | rgbAuxOut | conformant-varying bytes, at most `0x1008` |
/// | pcbAuxOut | `u32`, the length of rgbAuxOut |
/// | return value | `u32` |
///
/// With an error every other field means nothing. Null string pointers, which some servers send then, are read
/// as empty strings; ours are never null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoConnectExResponse {
    /// `pcxh`: the session context handle, all zero when refused.
    pub handle: [u8; 20],
    /// `pcmsPollsMax`: how long the client may go without polling for notifications, in milliseconds.
    pub polls_max_ms: u32,
    /// `pcRetry`: how often the client retries a call that the server was too busy for.
    pub retry: u32,
    /// `pcmsRetryDelay`: how long it waits before each, in milliseconds.
    pub retry_delay_ms: u32,
    /// `picxr`: the session's index, to link further sessions to it.
    pub session_index: u16,
    /// `szDNPrefix`: what distinguished names of users start with, 8-bit, without NUL.
    pub dn_prefix: Vec<u8>,
    /// `szDisplayName`: the user's display name, 8-bit, without NUL.
    pub display_name: Vec<u8>,
    /// `rgwServerVersion`.
    pub server_version: WireVersion,
    /// `rgwBestVersion`: the client's own version, or when refused for its age the lowest that is accepted.
    pub best_version: WireVersion,
    /// `pulTimeStamp`: creation stamp of the session.
    pub time_stamp: u32,
    /// `rgbAuxOut`: `RPC_HEADER_EXT` and auxiliary blocks, or empty.
    pub aux_out: Vec<u8>,
    /// The return value.
    pub result: ErrorCode,
}

impl EcDoConnectExResponse {
    /// The answer to a client that gets no session: null handle, empty strings, everything else zero.
    ///
    /// A version mismatch also names a [`best_version`](Self::best_version):
    /// `EcDoConnectExResponse { best_version, ..EcDoConnectExResponse::refused(code) }`.
    #[must_use]
    pub const fn refused(result: ErrorCode) -> Self {
        Self {
            handle: NULL_HANDLE,
            polls_max_ms: 0,
            retry: 0,
            retry_delay_ms: 0,
            session_index: 0,
            dn_prefix: Vec::new(),
            display_name: Vec::new(),
            server_version: WireVersion([0; 3]),
            best_version: WireVersion([0; 3]),
            time_stamp: 0,
            aux_out: Vec::new(),
            result,
        }
    }

    /// Reads the `[out]` parameters and the return value.
    ///
    /// # Errors
    /// When the stub ends early, a count is out of range, `pcbAuxOut` is not the length of `rgbAuxOut`, or a
    /// string has no NUL.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoConnectEx response", stub);
        let session = Session::read(&mut reader, "rgwBestVersion")?;
        let aux_out = reader.conformant_varying_bytes("rgbAuxOut", AUX_MAX)?.bytes;
        reader.u32_count_of("pcbAuxOut", aux_out)?;
        Ok(Self {
            handle: session.handle,
            polls_max_ms: session.polls_max_ms,
            retry: session.retry,
            retry_delay_ms: session.retry_delay_ms,
            session_index: session.session_index,
            dn_prefix: session.dn_prefix.to_vec(),
            display_name: session.display_name.to_vec(),
            server_version: session.server_version,
            best_version: session.client_version,
            time_stamp: session.time_stamp,
            aux_out: aux_out.to_vec(),
            result: ErrorCode(reader.u32("return value")?),
        })
    }

    /// Writes the `[out]` parameters and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        Session {
            handle: self.handle,
            polls_max_ms: self.polls_max_ms,
            retry: self.retry,
            retry_delay_ms: self.retry_delay_ms,
            session_index: self.session_index,
            dn_prefix: &self.dn_prefix,
            display_name: &self.display_name,
            server_version: self.server_version,
            client_version: self.best_version,
            time_stamp: self.time_stamp,
        }
        .write(&mut writer);
        writer.conformant_varying_whole(&self.aux_out);
        writer.u32_count_of(&self.aux_out);
        writer.u32(self.result.0);
        writer.finish()
    }
}

/// Request of `EcDoConnect`: that of [`EcDoConnectExRequest`] up to `pulTimeStamp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoConnectRequest {
    /// `szUserDN`: the mailbox owner's legacy distinguished name, 8-bit in [`code_page`](Self::code_page), without NUL.
    pub user_dn: Vec<u8>,
    /// `ulFlags`: 0 normal, 1 administrator.
    pub flags: u32,
    /// `ulConMod`: a hash of the client's, without meaning to a server.
    pub con_mod: u32,
    /// `cbLimit`: 0.
    pub limit: u32,
    /// `ulCpid`: Windows code page of 8-bit strings.
    pub code_page: u32,
    /// `ulLcidString`: locale for everything but sorting.
    pub lcid_string: u32,
    /// `ulLcidSort`: locale for sorting.
    pub lcid_sort: u32,
    /// `ulIcxrLink`: [`NO_LINK`], or in its low 16 bits the index of the session to link to.
    pub link: u32,
    /// `usFCanConvertCodePages`: 1.
    pub can_convert_code_pages: u16,
    /// `rgwClientVersion`.
    pub client_version: WireVersion,
    /// `pulTimeStamp`: creation stamp of the session to link to, else 0.
    pub time_stamp: u32,
}

impl EcDoConnectRequest {
    /// Reads the `[in]` parameters; what follows them is ignored.
    ///
    /// # Errors
    /// When the stub ends early, `szUserDN`'s counts are out of range, or it has no NUL.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoConnect request", stub);
        let identity = Identity::read(&mut reader)?;
        Ok(Self {
            user_dn: identity.user_dn.to_vec(),
            flags: identity.flags,
            con_mod: identity.con_mod,
            limit: identity.limit,
            code_page: identity.code_page,
            lcid_string: identity.lcid_string,
            lcid_sort: identity.lcid_sort,
            link: identity.link,
            can_convert_code_pages: identity.can_convert_code_pages,
            client_version: identity.client_version,
            time_stamp: identity.time_stamp,
        })
    }

    /// Writes the `[in]` parameters.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        Identity {
            user_dn: &self.user_dn,
            flags: self.flags,
            con_mod: self.con_mod,
            limit: self.limit,
            code_page: self.code_page,
            lcid_string: self.lcid_string,
            lcid_sort: self.lcid_sort,
            link: self.link,
            can_convert_code_pages: self.can_convert_code_pages,
            client_version: self.client_version,
            time_stamp: self.time_stamp,
        }
        .write(&mut writer);
        writer.finish()
    }
}

/// Response of `EcDoConnect`: that of [`EcDoConnectExResponse`] without the auxiliary buffer, the client's version
/// in place of the best one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoConnectResponse {
    /// `pcxh`: the session context handle, all zero when refused.
    pub handle: [u8; 20],
    /// `pcmsPollsMax`: how long the client may go without polling for notifications, in milliseconds.
    pub polls_max_ms: u32,
    /// `pcRetry`: how often the client retries a call that the server was too busy for.
    pub retry: u32,
    /// `pcmsRetryDelay`: how long it waits before each, in milliseconds.
    pub retry_delay_ms: u32,
    /// `picxr`: the session's index, to link further sessions to it.
    pub session_index: u16,
    /// `szDNPrefix`: what distinguished names of users start with, 8-bit, without NUL.
    pub dn_prefix: Vec<u8>,
    /// `szDisplayName`: the user's display name, 8-bit, without NUL.
    pub display_name: Vec<u8>,
    /// `rgwServerVersion`.
    pub server_version: WireVersion,
    /// `rgwClientVersion`: the client's own version.
    pub client_version: WireVersion,
    /// `pulTimeStamp`: creation stamp of the session.
    pub time_stamp: u32,
    /// The return value.
    pub result: ErrorCode,
}

impl EcDoConnectResponse {
    /// The answer to a client that gets no session: null handle, empty strings, everything else zero.
    ///
    /// UNVERIFIED: how the real store fills these fields then; the layout follows opnum 10.
    #[must_use]
    pub const fn refused(result: ErrorCode) -> Self {
        Self {
            handle: NULL_HANDLE,
            polls_max_ms: 0,
            retry: 0,
            retry_delay_ms: 0,
            session_index: 0,
            dn_prefix: Vec::new(),
            display_name: Vec::new(),
            server_version: WireVersion([0; 3]),
            client_version: WireVersion([0; 3]),
            time_stamp: 0,
            result,
        }
    }

    /// Reads the `[out]` parameters and the return value.
    ///
    /// # Errors
    /// When the stub ends early, a count is out of range, or a string has no NUL.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoConnect response", stub);
        let session = Session::read(&mut reader, "rgwClientVersion")?;
        Ok(Self {
            handle: session.handle,
            polls_max_ms: session.polls_max_ms,
            retry: session.retry,
            retry_delay_ms: session.retry_delay_ms,
            session_index: session.session_index,
            dn_prefix: session.dn_prefix.to_vec(),
            display_name: session.display_name.to_vec(),
            server_version: session.server_version,
            client_version: session.client_version,
            time_stamp: session.time_stamp,
            result: ErrorCode(reader.u32("return value")?),
        })
    }

    /// Writes the `[out]` parameters and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        Session {
            handle: self.handle,
            polls_max_ms: self.polls_max_ms,
            retry: self.retry,
            retry_delay_ms: self.retry_delay_ms,
            session_index: self.session_index,
            dn_prefix: &self.dn_prefix,
            display_name: &self.display_name,
            server_version: self.server_version,
            client_version: self.client_version,
            time_stamp: self.time_stamp,
        }
        .write(&mut writer);
        writer.u32(self.result.0);
        writer.finish()
    }
}

/// The `[in]` parameters both calls start with.
struct Identity<'a> {
    user_dn: &'a [u8],
    flags: u32,
    con_mod: u32,
    limit: u32,
    code_page: u32,
    lcid_string: u32,
    lcid_sort: u32,
    link: u32,
    can_convert_code_pages: u16,
    client_version: WireVersion,
    time_stamp: u32,
}

impl<'a> Identity<'a> {
    fn read(reader: &mut NdrReader<'a>) -> Result<Self, NdrError> {
        Ok(Self {
            user_dn: reader.conformant_varying_string("szUserDN", NAME_MAX)?,
            flags: reader.u32("ulFlags")?,
            con_mod: reader.u32("ulConMod")?,
            limit: reader.u32("cbLimit")?,
            code_page: reader.u32("ulCpid")?,
            lcid_string: reader.u32("ulLcidString")?,
            lcid_sort: reader.u32("ulLcidSort")?,
            link: reader.u32("ulIcxrLink")?,
            can_convert_code_pages: reader.u16("usFCanConvertCodePages")?,
            client_version: read_version(reader, "rgwClientVersion")?,
            time_stamp: reader.u32("pulTimeStamp")?,
        })
    }

    fn write(&self, writer: &mut NdrWriter) {
        writer.conformant_varying_string(self.user_dn);
        for value in [
            self.flags,
            self.con_mod,
            self.limit,
            self.code_page,
            self.lcid_string,
            self.lcid_sort,
            self.link,
        ] {
            writer.u32(value);
        }
        writer.u16(self.can_convert_code_pages);
        write_version(writer, self.client_version);
        writer.u32(self.time_stamp);
    }
}

/// The `[out]` parameters both calls start with; `client_version` is `rgwBestVersion` or `rgwClientVersion`.
struct Session<'a> {
    handle: [u8; 20],
    polls_max_ms: u32,
    retry: u32,
    retry_delay_ms: u32,
    session_index: u16,
    dn_prefix: &'a [u8],
    display_name: &'a [u8],
    server_version: WireVersion,
    client_version: WireVersion,
    time_stamp: u32,
}

impl<'a> Session<'a> {
    fn read(
        reader: &mut NdrReader<'a>,
        client_version_field: &'static str,
    ) -> Result<Self, NdrError> {
        Ok(Self {
            handle: reader.context_handle("pcxh")?,
            polls_max_ms: reader.u32("pcmsPollsMax")?,
            retry: reader.u32("pcRetry")?,
            retry_delay_ms: reader.u32("pcmsRetryDelay")?,
            session_index: reader.u16("picxr")?,
            dn_prefix: read_name(reader, "szDNPrefix")?,
            display_name: read_name(reader, "szDisplayName")?,
            server_version: read_version(reader, "rgwServerVersion")?,
            client_version: read_version(reader, client_version_field)?,
            time_stamp: reader.u32("pulTimeStamp")?,
        })
    }

    fn write(&self, writer: &mut NdrWriter) {
        writer.context_handle(&self.handle);
        writer.u32(self.polls_max_ms);
        writer.u32(self.retry);
        writer.u32(self.retry_delay_ms);
        writer.u16(self.session_index);
        for name in [self.dn_prefix, self.display_name] {
            writer.unique_pointer(true);
            writer.conformant_varying_string(name);
        }
        write_version(writer, self.server_version);
        write_version(writer, self.client_version);
        writer.u32(self.time_stamp);
    }
}

fn read_name<'a>(reader: &mut NdrReader<'a>, field: &'static str) -> Result<&'a [u8], NdrError> {
    if reader.unique_pointer(field)? {
        return reader.conformant_varying_string(field, NAME_MAX);
    }
    Ok(&[])
}

fn read_version(reader: &mut NdrReader<'_>, field: &'static str) -> Result<WireVersion, NdrError> {
    Ok(WireVersion([reader.u16(field)?, reader.u16(field)?, reader.u16(field)?]))
}

fn write_version(writer: &mut NdrWriter, WireVersion(words): WireVersion) {
    for word in words {
        writer.u16(word);
    }
}
