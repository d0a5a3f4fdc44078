//! What a server says when it says no ([RFC 9457]), as a person reads it, and the exit code that a script gets.
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use core::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::exit::{Code, Failure};
use crate::filter::pointed_at;
use crate::http::RequestError;
use crate::table::cell;
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
    /// How the conditions stand that were waited for.
    report: Report,
    request_id: Option<String>,
}

/// How the conditions of a wait stand.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    holds: bool,
    near_misses: Vec<NearMiss>,
}

/// An event that came close to being counted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NearMiss {
    event: Value,
    failed: Vec<String>,
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
    /// Of a file the text of the line, shortened around the column.
    pub(crate) excerpt: Option<String>,
    /// The column in the excerpt.
    pub(crate) excerpt_column: Option<usize>,
}

/// What to do next, in the words of this program, by the problem's name. The server's own hints speak of its routes.
const HINTS: &[(&str, &str)] = &[
    ("block-list-not-found", "there are two: `processes` and `versions`"),
    (
        "checkpoint-not-restored",
        "`exstore cluster show` says where the service is; `exstore store restart` starts it when the trouble is over",
    ),
    ("client-group-not-found", "`exstore client group list` shows those there are"),
    ("client-not-connected", "`exstore client connect ID` has it connect again"),
    ("client-not-found", "`exstore client list` shows those there are"),
    ("clock-backwards", "`exstore store reset --now TIME` starts time again"),
    ("clock-not-manual", "make it manual first: `exstore clock set manual`"),
    ("clock-out-of-range", "`exstore store reset --now TIME` starts time again"),
    ("default-store", "`exstore store reset` empties it"),
    ("decision-not-found", "`exstore decisions list` shows those there are"),
    ("fault-not-found", "`exstore fault list` shows those there are"),
    ("recorded", "leave the clock manual, or start the server without --record"),
    ("port-unavailable", "leave the address out, or write 127.0.0.1:0, which takes any free port"),
    ("user-not-found", "`exstore user list` shows those there are"),
    ("too-many-users", "`exstore user delete NAME` takes one away"),
    ("snapshot-not-found", "`exstore snapshot list` shows those there are"),
    ("scenario-exists", "`exstore scenario run FILE --control URL` needs none to be kept"),
    (
        "scenario-not-found",
        "`exstore scenario list` shows those that are built in, which run by their names",
    ),
    ("scenario-run-not-found", "the last runs of a scenario are remembered, and end with it"),
    ("scenario-running", "wait until the run that is under way is over"),
    ("too-many-scenarios", "`exstore scenario run FILE --control URL` needs none to be kept"),
    (
        "snapshots-too-large",
        "`exstore snapshot delete ID` makes room; `exstore snapshot list` shows what each weighs",
    ),
    ("store-exists", "choose another name, or `exstore store delete NAME` first"),
    (
        "too-many-events",
        "its client fetches them with its next call; `exstore session disconnect ID` ends it",
    ),
    ("too-many-stores", "`exstore store list` shows them; `exstore store delete NAME` ends one"),
    (
        "hotfix-installed",
        "`exstore store build show` shows what is installed; `exstore store build set 6.5.7638` goes back to SP2",
    ),
    ("hotfix-needs-sp2", "install SP2 first: `exstore store build set 6.5.7638`"),
    (
        "hotfix-other-product",
        "go back to Exchange Server 2003 SP2 first: `exstore store build set 6.5.7638`",
    ),
    ("invalid-reg-file", "nothing was imported; mend the file and try again"),
    ("invalid-registry-key", "begin with HKLM or its like, and join by backslashes or slashes"),
    ("method-not-allowed", "the server may be of another version than this program"),
    ("no-cluster", "make it one: `exstore cluster set checkpointed`"),
    ("no-rpc-port", "inject the client over the pipe: `--transport pipe`"),
    (
        "node-active",
        "`exstore cluster show` shows the nodes; `exstore cluster failover` moves the service to the other one",
    ),
    ("node-not-found", "`exstore cluster show` shows the nodes"),
    (
        "not-authorised",
        "name the file with the server's token: `--token-file FILE`, or EXSTORE_TOKEN_FILE",
    ),
    (
        "not-registered",
        "its client has to send RopRegisterNotification on a logon; the store's own clients send none",
    ),
    (
        "not-exportable",
        "`--format v5` holds every text; `exstore registry list KEY` shows what no file can hold",
    ),
    ("poll-not-found", "`exstore poll list` shows those that are over and remembered"),
    ("precondition-failed", "look at it again: it is not what it was, or not there any more"),
    (
        "registry-key-not-found",
        "`exstore registry create KEY` makes a key, and so does `exstore registry set`",
    ),
    (
        "registry-unreadable",
        "mend the file of `exstore serve --registry` and try again; `exstore health` says what a poll makes of it",
    ),
    ("registry-value-not-found", "`exstore registry list KEY` shows the values of a key"),
    ("request-timeout", "what was begun goes on: `exstore events list` tells how it went"),
    ("route-not-found", "the server may be of another version than this program"),
    (
        "session-not-found",
        "`exstore session list` shows the live ones; `exstore events list` how others ended",
    ),
    ("service-stopped", "`exstore store restart` starts it, once its registry can be restored"),
    ("store-moved", "look at it again with --preview, or leave --if-cursor out"),
    (
        "store-not-found",
        "`exstore store list` shows those there are; --store names one, `default` unless told",
    ),
    (
        "too-many-connections",
        "inject fewer, use `--transport pipe`, or start the server with more descriptors (ulimit -n)",
    ),
    ("too-many-snapshots", "`exstore snapshot delete ID` makes room for another"),
    ("too-many-faults", "`exstore fault delete ID` takes one away"),
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
            |mut problem: Self| {
                problem.detail = without_place(problem.detail);
                for error in &mut problem.errors {
                    error.detail = without_place(core::mem::take(&mut error.detail));
                }
                Self { status, ..problem }
            },
        )
    }

    /// Whether the problem as a whole says this already.
    pub(crate) fn says(&self, detail: &str) -> bool {
        self.detail.contains(detail)
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
            ("invalid-reg-file", _) => Code::BadInput,
            // The store is there, and the file that holds its registry is not as it has to be.
            ("registry-unreadable", _) => Code::Conflict,
            ("assertion-not-met" | "wait-timeout" | "wait-deadlock" | "wait-hopeless", _) => {
                Code::NotMet
            }
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
        // An error with its line is shown as that.
        let errors = self.errors.iter().filter(|error| error.excerpt.is_none());
        let places = errors.filter_map(|error| error.note(self));
        let filters = self.errors.iter().flat_map(pointed_at);
        let request = self.request_id.iter().map(|id| format!("request: {id}"));
        let open = self.report.conditions.iter().filter(|condition| !condition.holds);
        let near = open.flat_map(|condition| condition.near_misses.iter().map(NearMiss::note));
        let notes = places.chain(near).chain(request).map(|note| visible(&note));
        filters.chain(notes).collect()
    }
}

impl NearMiss {
    fn note(&self) -> String {
        let Self { event, failed } = self;
        let what = [cell(event, "type"), cell(event, "seq")].join(" ");
        let why = failed.iter().map(|field| format!("{field} is {}", cell(event, field)));
        format!("close: {what}, but {}", why.collect::<Vec<_>>().join(" and "))
    }
}

impl FieldError {
    /// Whether it is about the filter of a list.
    pub(crate) fn is_of_filter(&self) -> bool {
        self.parameter.as_deref() == Some("q")
    }

    /// Its place, and what is wrong there unless the problem has said it already.
    fn note(&self, problem: &Problem) -> Option<String> {
        let parameter = self.parameter.as_ref().map(|name| format!("?{name}"));
        let line = || Some(format!("line {}, column {}", self.line?, self.column?));
        // The lines of a body are this program's own; only those of a file mean something to people.
        let place = match self.pointer.as_deref() {
            Some("#") => None,
            Some(pointer) => Some(pointer.to_owned()),
            None => parameter.or_else(line),
        };
        match (place, problem.says(&self.detail)) {
            (None, true) => None,
            (None, false) => Some(self.detail.clone()),
            (Some(place), true) if problem.says(&place) => None,
            (Some(place), true) => Some(format!("at {place}")),
            (Some(place), false) => Some(format!("at {place}: {}", self.detail)),
        }
    }
}

/// A text without the place that ends it: it is one of a body that this program wrote, and means nothing to people.
fn without_place(text: String) -> String {
    let number = |text: &str| text.parse::<usize>().is_ok();
    let told = text.rsplit_once(" at line ").filter(|(_, place)| {
        place.split_once(" column ").is_some_and(|(line, column)| number(line) && number(column))
    });
    told.map_or_else(|| text.clone(), |(told, _)| told.to_owned())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.title.as_str(), self.detail.as_str()) {
            ("", "") => write!(f, "HTTP {}", self.status),
            (title, "") => f.write_str(title),
            ("", detail) => f.write_str(detail),
            (title, detail) if detail.to_lowercase().starts_with(&title.to_lowercase()) => {
                f.write_str(detail)
            }
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
    use control::ProblemType;

    use super::{HINTS, without_place};

    #[test]
    fn whoever_meets_a_missing_thing_or_a_conflict_is_told_what_to_do() {
        // A place in the journal has a hint of its own, of problems only the server speaks, and what became of a
        // condition the server tells best: in its report, and when something is due next.
        let others = [
            "cursor-gone",
            "problem-not-found",
            "assertion-not-met",
            "wait-timeout",
            "wait-deadlock",
            "wait-hopeless",
        ];
        let kinds = ProblemType::ALL.iter().filter(|kind| {
            matches!(kind.status().as_u16(), 404 | 409 | 410 | 412)
                && !others.contains(&kind.slug())
        });
        for kind in kinds {
            let slug = kind.slug();
            assert!(HINTS.iter().any(|(name, _)| *name == slug), "no hint for `{slug}`");
        }
    }

    #[test]
    fn a_place_in_a_body_is_not_shown() {
        let rows = [
            ("unknown field `a` at line 1 column 9", "unknown field `a`"),
            ("look at line 7", "look at line 7"),
            ("it is at line 1 column two", "it is at line 1 column two"),
        ];
        for (text, told) in rows {
            assert_eq!(without_place(text.to_owned()), told);
        }
    }

    #[test]
    fn every_hint_is_for_a_problem_that_there_is() {
        for (name, _) in HINTS {
            let known = ProblemType::ALL.iter().any(|kind| kind.slug() == *name);
            assert!(known, "the server has no problem `{name}`");
        }
    }
}
