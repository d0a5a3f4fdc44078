//! Who may use the control plane: with which token, under which names, and from pages of which origins.

use core::fmt;
use core::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Authority;

use crate::secret::Secret;

/// Who may use the control plane. By default whoever reaches it, at a loopback address or the address that it is bound to, and
/// no page of another origin.
#[derive(Clone, Default, Debug)]
pub struct Access {
    /// What a request has to know; without one, none has to.
    pub token: Option<Secret>,
    /// What `/login` exchanges for a cookie, once. It is of no use without a token.
    pub ticket: Option<Secret>,
    /// Whether it may listen beyond loopback without a token.
    pub insecure: bool,
    /// Names that the Host header may have, besides `localhost` and addresses.
    pub hosts: Vec<HostName>,
    /// Origins whose pages may use it.
    pub origins: Vec<Origin>,
}

impl Access {
    /// Whether an address may be listened on: beyond loopback only with a token, or where that was waived.
    pub(crate) fn protects(&self, address: std::net::IpAddr) -> bool {
        address.is_loopback() || self.token.is_some() || self.insecure
    }
}

/// A name of this host, in lower case and without a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostName(String);

/// Why a text is no name of a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is a name such as `exstore.example`, without scheme and port")]
pub struct HostNameError;

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = !text.is_empty() && text.len() <= 253 && text.bytes().all(of_name);
        let is_name = is_name && !text.starts_with('.') && !text.ends_with('.');
        if is_name { Ok(Self(text.to_ascii_lowercase())) } else { Err(HostNameError) }
    }
}

impl HostName {
    /// Whether a host is the one of this name.
    pub(crate) fn names(&self, host: &str) -> bool {
        self.0.eq_ignore_ascii_case(host)
    }
}

/// The origin of a page, as browsers write it: scheme, host, and the port where it is not the scheme's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin(String);

/// Why a text is no origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is an origin such as `http://localhost:3000`, without a path")]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(OriginError)?;
        let own_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return Err(OriginError),
        };
        // A path, even `/`, would parse too; a browser sends none.
        let authority: Authority = rest.parse().map_err(|_| OriginError)?;
        let whole =
            authority.as_str() == rest && !rest.contains('@') && !authority.host().is_empty();
        let is_uri = text.parse::<Uri>().is_ok();
        let rest = rest.strip_suffix(own_port).unwrap_or(rest);
        if whole && is_uri { Ok(Self(format!("{scheme}://{rest}"))) } else { Err(OriginError) }
    }
}

impl Origin {
    /// Whether the Origin header names it. Browsers write it in lower case, as this is.
    pub(crate) fn is(&self, header: &str) -> bool {
        self.0 == header
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{HostName, Origin};

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        for (text, kept) in [
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("HTTP://LocalHost", Some("http://localhost")),
            ("http://localhost:80", Some("http://localhost")),
            ("https://a.example:443", Some("https://a.example")),
            ("http://[::1]:1", Some("http://[::1]:1")),
            ("http://localhost/", None),
            ("http://me@localhost", None),
            ("http://", None),
            ("localhost:3000", None),
            ("file://x", None),
            ("null", None),
            ("*", None),
            ("", None),
        ] {
            let origin = text.parse::<Origin>().ok();
            assert_eq!(origin.map(|origin| origin.to_string()).as_deref(), kept, "{text}");
        }
    }

    #[test]
    fn a_host_s_name_has_neither_scheme_nor_port() {
        for (text, is_name) in [
            ("exstore", true),
            ("Exstore.example", true),
            ("a_b.local", true),
            ("exstore:8135", false),
            ("http://exstore", false),
            ("exstore.", false),
            (".exstore", false),
            ("*.example", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<HostName>().is_ok(), is_name, "{text}");
        }
    }
}
