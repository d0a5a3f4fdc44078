//! What a server says when it says no ([RFC 9457]), as a person reads it, and the exit code that a script gets.
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use core::fmt;

use serde::Deserialize;

use crate::exit::{Code, Failure};
use crate::http::RequestError;
use crate::visible::visible;

/// A problem, as far as it is shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// Which it is: a path whose last segment is its stable name.
    r#type: String,
    title: String,
    pub(crate) status: u16,
    detail: String,
    pub(crate) errors: Vec<FieldError>,
    hint: Option<String>,
    /// Where reading can begin, when a cursor is gone.
    pub(crate) first_available: Option<String>,
    request_id: Option<String>,
}

/// A place in a request, and what is wrong there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FieldError {
    pointer: Option<String>,
    parameter: Option<String>,
    pub(crate) detail: String,
    pub(crate) line: Option<usize>,
    pub(crate) column: Option<usize>,
}

/// What to do next, in the words of this program, by the problem's name. The server's own hints speak of its routes.
const HINTS: [(&str, &str); 15] = [
    ("client-not-connected", "`exstore client connect ID` has it connect again"),
    ("client-not-found", "`exstore client list` shows those there are"),
    ("clock-backwards", "`exstore store reset --now TIME` starts time again"),
    ("clock-not-manual", "make it manual first: `exstore clock set manual`"),
    ("decision-not-found", "`exstore decisions list` shows those there are"),
    ("invalid-registry-key", "begin with HKLM or its like, and join by backslashes or slashes"),
    ("method-not-allowed", "the server may be of another version than this program"),
    ("no-rpc-port", "inject the client over the pipe: `--transport pipe`"),
    ("poll-not-found", "`exstore poll list` shows those that are remembered"),
    ("registry-key-not-found", "`exstore registry set KEY NAME DATA` makes a key"),
    ("registry-value-not-found", "`exstore registry list KEY` shows the values of a key"),
    ("route-not-found", "the server may be of another version than this program"),
    (
        "session-not-found",
        "`exstore session list` shows the live ones; `exstore events list` how others ended",
    ),
    ("store-not-found", "name another with --store; the store that always exists is `default`"),
    (
        "too-many-connections",
        "inject fewer, use `--transport pipe`, or start the server with more descriptors (ulimit -n)",
    ),
];

/// The stable name in a problem's type, which is a URI: its last segment.
pub(crate) fn problem_name(problem_type: &str) -> &str {
    problem_type.rsplit('/').next().unwrap_or_default()
}

impl Problem {
    /// What came with this status: a problem, or whatever somebody else answered.
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        serde_json::from_slice(body).map_or_else(
            |_| Self {
                status,
                title: format!("HTTP {status}"),
                detail: String::from_utf8_lossy(body).chars().take(200).collect(),
                ..Self::default()
            },
            |problem| Self { status, ..problem },
        )
    }

    /// Its stable name, in kebab case.
    pub(crate) fn name(&self) -> &str {
        problem_name(&self.r#type)
    }

    /// The exit code that stands for it.
    pub(crate) fn code(&self) -> Code {
        match (self.name(), self.status) {
            // The server does not speak this program's API; nothing that was asked about is missing.
            ("route-not-found" | "method-not-allowed", _) => Code::Internal,
            (_, 400 | 413 | 415 | 422 | 428) => Code::Usage,
            (_, 401 | 403 | 421) => Code::NotAuthorised,
            (_, 404 | 410) => Code::NotFound,
            (_, 409 | 412) => Code::Conflict,
            _ => Code::Internal,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        if let Some(first) = &self.first_available {
            return Some(format!("begin with `--after {first}`"));
        }
        let ours = HINTS.iter().find(|(name, _)| *name == self.name());
        ours.map(|(_, hint)| (*hint).to_owned()).or_else(|| self.hint.clone())
    }

    /// What is wrong with the request, place by place, and under which id the server's log has it.
    fn notes(&self) -> Vec<String> {
        let places = self.errors.iter().filter_map(|error| error.note(&self.detail));
        let request = self.request_id.iter().map(|id| format!("request: {id}"));
        places.chain(request).map(|note| visible(&note)).collect()
    }
}

impl FieldError {
    /// Its place, and what is wrong there unless the problem has said it already.
    fn note(&self, said: &str) -> Option<String> {
        let parameter = self.parameter.as_ref().map(|name| format!("?{name}"));
        let line = || Some(format!("line {}, column {}", self.line?, self.column?));
        // The lines of a body are this program's own; only those of a file mean something to people.
        let place = match self.pointer.as_deref() {
            Some("#") => None,
            Some(pointer) => Some(pointer.to_owned()),
            None => parameter.or_else(line),
        };
        match (place, said.contains(&self.detail)) {
            (None, true) => None,
            (None, false) => Some(self.detail.clone()),
            (Some(place), true) => Some(format!("at {place}")),
            (Some(place), false) => Some(format!("at {place}: {}", self.detail)),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.title.as_str(), self.detail.as_str()) {
            ("", "") => write!(f, "HTTP {}", self.status),
            (title, "") => f.write_str(title),
            ("", detail) => f.write_str(detail),
            (title, detail) => write!(f, "{title}: {detail}"),
        }
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        // A line of what the server says can't pose as one of this program.
        let what = visible(&error.to_string());
        match error {
            RequestError::Unreachable { .. } => Self::new(Code::Unreachable, what).hint(
                "start a store with `exstore serve`, or say where it is with --control URL or EXSTORE_CONTROL",
            ),
            RequestError::Refused(problem) => {
                let failure = Self::new(problem.code(), what).notes(problem.notes());
                match problem.hint() {
                    Some(hint) => failure.hint(visible(&hint)),
                    None => failure,
                }
            }
            RequestError::Unknown(_) => Self::new(Code::Internal, what)
                .hint("the server may be of another version than this program, or no exstore at all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HINTS;

    #[test]
    fn every_hint_is_for_a_problem_that_there_is() {
        for (name, _) in HINTS {
            let known = control::ProblemType::ALL.iter().any(|kind| kind.slug() == name);
            assert!(known, "the server has no problem `{name}`");
        }
    }
}
