//! A client's version: four numbers in text, three words on the wire ([MS-OXCRPC] 3.1.4.1.3.1).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use core::fmt;
use core::str::FromStr;

use emsmdb::WireVersion;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::spec::SpecError;

/// The version of a client, as `11.0.5608.0`: major, minor, build and minor build, each at most 65535, the build at most
/// 32767. With a minor other than 0, major and minor are at most 255.
///
/// It goes onto the wire by the old scheme, as Outlook 2003 writes it, unless it has a minor, which only the new scheme has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientVersion(WireVersion);

impl ClientVersion {
    /// Outlook 2003 as released: 11.0.5608.0.
    pub const OUTLOOK_2003: Self = Self(WireVersion([11, 5608, 0]));

    /// The three words.
    #[must_use]
    pub fn wire(self) -> WireVersion {
        self.0
    }

    /// Whether the client connects with `EcDoConnectEx`, which carries an auxiliary buffer; earlier ones have only
    /// `EcDoConnect`.
    #[must_use]
    pub fn has_auxiliary_buffer(self) -> bool {
        let [major, ..] = self.0.normalised();
        11 <= major
    }
}

impl Default for ClientVersion {
    fn default() -> Self {
        Self::OUTLOOK_2003
    }
}

impl JsonSchema for ClientVersion {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClientVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{1,5}(\\.[0-9]{1,5}){3}$", "examples": ["11.0.5608.0"] })
    }
}

impl fmt::Display for ClientVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ClientVersion {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let error =
            |advice| SpecError::Field { field: "client_version", value: text.to_owned(), advice };
        let parts = parts(text).ok_or_else(|| {
            error("write four numbers up to 65535 with dots, as in `11.0.5608.0`")
        })?;
        let [_, minor, build, _] = parts;
        if BUILD_MAX < build {
            return Err(error("use a build, the third number, of at most 32767"));
        }
        let wire = match minor {
            0 => WireVersion::encode_old(parts),
            _ => WireVersion::encode_new(parts),
        };
        wire.map(Self).map_err(|_| {
            error("use a major and a minor number of at most 255, or 0 for the minor one")
        })
    }
}

impl TryFrom<String> for ClientVersion {
    type Error = SpecError;

    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

impl From<ClientVersion> for String {
    fn from(version: ClientVersion) -> Self {
        version.to_string()
    }
}

fn parts(text: &str) -> Option<[u16; 4]> {
    let mut parts = text.split('.').map(number);
    let [major, minor, build, minor_build] = [(); 4].map(|()| parts.next().flatten());
    let parsed = [major?, minor?, build?, minor_build?];
    parts.next().is_none().then_some(parsed)
}

fn number(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// What both schemes have room for.
const BUILD_MAX: u16 = 0x7FFF;
