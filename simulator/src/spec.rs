//! What a simulated client is: the shape that the control plane and scenario files share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::{MachineName, ProcessName, UserName};
use crate::version::ClientVersion;

/// A client to simulate, checked.
///
/// In JSON or TOML: `{"process":"mdl.exe","client_version":"11.0.5608.0","user":"alice","machine":"WKS1","mode":"cached"}`,
/// every field optional, unknown ones refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "ClientFields", into = "ClientFields")]
pub struct ClientSpec {
    fields: ClientFields,
}

/// The fields of a [`ClientSpec`], each checked, but not against each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientFields {
    /// The program it reports; none sends no auxiliary block at all.
    pub process: Option<ProcessName>,
    /// Its version. One below 11 connects with opnum 0, which has no place for a process name.
    pub client_version: ClientVersion,
    /// The user; `{n}` stands for the client's number.
    pub user: UserName,
    /// The computer; `{n}` stands for the client's number.
    pub machine: MachineName,
    /// How it uses the mailbox.
    pub mode: ClientMode,
    /// For people: what the client is, where it can't say so itself. Never sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a client uses the mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientMode {
    /// With a copy of its own.
    #[default]
    Cached,
    /// Online only.
    Classic,
}

/// Why a [`ClientSpec`] is none: what is wrong, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SpecError {
    /// A field can't have this value.
    #[error("`{field}` is `{}`: {advice}", shortened(.value))]
    Field {
        /// The field's name.
        field: &'static str,
        /// Its value as given.
        value: String,
        /// What to do.
        advice: &'static str,
    },
    /// A client that names a program is too old to be able to.
    #[error(
        "`process` is `{process}`, but a client of version `{version}` has no way to say so: leave `process` out and \
         say in `note` which program it is, or use a `client_version` of at least 11.0.0.0"
    )]
    TooOldForProcess {
        /// The program.
        process: ProcessName,
        /// The version.
        version: ClientVersion,
    },
}

/// What is quoted of a value that may be long.
fn shortened(value: &str) -> String {
    value.chars().take(80).collect()
}

impl ClientSpec {
    /// Checks the fields against each other.
    ///
    /// # Errors
    /// [`SpecError::TooOldForProcess`] when a client below version 11 names a program.
    pub fn new(fields: ClientFields) -> Result<Self, SpecError> {
        let version = fields.client_version;
        match &fields.process {
            Some(process) if !version.has_auxiliary_buffer() => {
                Err(SpecError::TooOldForProcess { process: process.clone(), version })
            }
            _ => Ok(Self { fields }),
        }
    }

    /// The same, used like this.
    #[must_use]
    pub(crate) fn in_mode(self, mode: ClientMode) -> Self {
        Self { fields: ClientFields { mode, ..self.fields } }
    }

    /// The same with `number` in place of each `{n}`.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Self {
        let fields = &self.fields;
        Self {
            fields: ClientFields {
                user: fields.user.numbered(number),
                machine: fields.machine.numbered(number),
                ..fields.clone()
            },
        }
    }

    /// The program it reports.
    #[must_use]
    pub fn process(&self) -> Option<&ProcessName> {
        self.fields.process.as_ref()
    }

    /// Its version.
    #[must_use]
    pub fn client_version(&self) -> ClientVersion {
        self.fields.client_version
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserName {
        &self.fields.user
    }

    /// The computer.
    #[must_use]
    pub fn machine(&self) -> &MachineName {
        &self.fields.machine
    }

    /// How it uses the mailbox.
    #[must_use]
    pub fn mode(&self) -> ClientMode {
        self.fields.mode
    }

    /// What people should know of it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.fields.note.as_deref()
    }

    /// The user's legacy distinguished name, as `szUserDN` carries it.
    #[must_use]
    pub fn user_dn(&self) -> String {
        format!("{RECIPIENTS}{}", self.fields.user)
    }
}

impl ClientMode {
    /// The mode as the control plane spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Classic => "classic",
        }
    }
}

impl Default for ClientFields {
    /// Outlook 2003's MAPI with no program to name, for `user{n}` on `WKS{n}`.
    fn default() -> Self {
        Self {
            process: None,
            client_version: ClientVersion::default(),
            user: UserName::numbered_default(),
            machine: MachineName::numbered_default(),
            mode: ClientMode::default(),
            note: None,
        }
    }
}

impl TryFrom<ClientFields> for ClientSpec {
    type Error = SpecError;

    fn try_from(fields: ClientFields) -> Result<Self, SpecError> {
        Self::new(fields)
    }
}

impl From<ClientSpec> for ClientFields {
    fn from(spec: ClientSpec) -> Self {
        spec.fields
    }
}

/// What every user's distinguished name starts with.
const RECIPIENTS: &str = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=";
