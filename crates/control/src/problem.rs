//! Problems: the one table of everything that this server says no with ([RFC 9457]).
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Declares the types in one table, so that none can lack a slug, a status, a title or an explanation.
macro_rules! problem_types {
    ($($kind:ident, $status:ident, $slug:literal, $title:literal, $explanation:literal;)+) => {
        /// A kind of problem. Its slug is stable, and `/v1/problems/{slug}` explains it.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum ProblemType {
            $(#[doc = $title] $kind,)+
        }

        impl ProblemType {
            /// Every type, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The stable name, in kebab case.
            pub const fn slug(self) -> &'static str {
                match self {
                    $(Self::$kind => $slug,)+
                }
            }

            /// The HTTP status that it is answered with.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$kind => StatusCode::$status,)+
                }
            }

            /// What it is, in a few words.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$kind => $title,)+
                }
            }

            /// What it means and what to do about it.
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$kind => $explanation,)+
                }
            }
        }
    };
}

problem_types! {
    RouteNotFound, NOT_FOUND, "route-not-found", "No such route",
        "Nothing is served at this path. GET /v1/openapi.json lists every path and method.";
    MethodNotAllowed, METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed",
        "The path exists, and serves other methods than this one. The Allow header lists them.";
    InvalidJson, BAD_REQUEST, "invalid-json", "The body is not JSON",
        "The body breaks off or is not written as JSON. `errors` has the line and the column.";
    InvalidBody, BAD_REQUEST, "invalid-body", "The body does not fit",
        "The body is JSON and not what this route takes: a field is unknown, missing, of another type or out of range. \
         `errors` points at each place.";
    InvalidQuery, BAD_REQUEST, "invalid-query", "The query does not fit",
        "A query parameter is unknown, missing, given twice or out of range. `errors` names it.";
    InvalidHeader, BAD_REQUEST, "invalid-header", "A header does not fit",
        "A header of the request does not say what it can say. `errors` names it.";
    InvalidKey, BAD_REQUEST, "invalid-registry-key", "Not a registry key",
        "The path of a key begins with a predefined key such as HKEY_LOCAL_MACHINE or HKLM and joins its components by \
         backslashes. It is one segment of the URL, in which a backslash is written %5C.";
    InvalidUserName, BAD_REQUEST, "invalid-user-name", "Not a user's name",
        "The name of a user has 1 to 64 characters, none of them a control character or one that a name of Active Directory can't \
         have, and it comes without its domain.";
    InvalidRegFile, BAD_REQUEST, "invalid-reg-file", "The .reg file is not understood",
        "A .reg file is imported as a whole or not at all, and something in this one is not as it has to be. `errors` has \
         the line and column of each, and the line's text.";
    InvalidScenario, BAD_REQUEST, "invalid-scenario", "The scenario is not understood",
        "The file is no TOML, or not a scenario: a field is unknown or of another type, a step has not one action, or names what no step \
         before it brings. `errors` has the line and the column. GET /v1/schemas/scenario has the JSON Schema.";
    InvalidHost, BAD_REQUEST, "invalid-host", "Not one host",
        "A request says in one Host header, and nowhere otherwise, which host it is for.";
    NotAuthorised, UNAUTHORIZED, "not-authorised", "Not authorised",
        "The server was started with a token. Requests carry it as `Authorization: Bearer`; a browser gets in by the link that \
         `exstore serve` prints when it starts, once. GET /healthz/live needs none.";
    OriginNotAllowed, FORBIDDEN, "origin-not-allowed", "Not from this origin",
        "A browser sent this request from a page of another origin. The control plane takes requests from programs, from \
         its own pages, and from those of origins that were allowed when it was started.";
    ShutdownNotAllowed, FORBIDDEN, "shutdown-not-allowed", "Shutting down is not allowed",
        "The server was started without the permission to be shut down over HTTP.";
    StoreNotFound, NOT_FOUND, "store-not-found", "No such store",
        "There is no store of this name. GET /v1/stores lists them; `default` always exists.";
    ClientNotFound, NOT_FOUND, "client-not-found", "No such client",
        "No injected client has this id: it never had one, was deleted, or a reset has emptied the store.";
    ClientGroupNotFound, NOT_FOUND, "client-group-not-found", "No such client group",
        "No group of injected clients has this name: it was never set, was deleted, or a reset has emptied the store. A label \
         of clients makes no group; PUT /client-groups/{group} does.";
    SessionNotFound, NOT_FOUND, "session-not-found", "No such session",
        "No live session has this id. GET /events says how a session ended.";
    PollNotFound, NOT_FOUND, "poll-not-found", "No such poll",
        "No poll has this number, it is still running, or it has left the ledger.";
    DecisionNotFound, NOT_FOUND, "decision-not-found", "No such decision",
        "The id of a decision is the sequence number of its event. This event is no decision, has left the journal, or \
         has not happened.";
    RegistryKeyNotFound, NOT_FOUND, "registry-key-not-found", "No such registry key",
        "The registry has no such key. Writing a value creates its key.";
    RegistryValueNotFound, NOT_FOUND, "registry-value-not-found", "No such registry value",
        "The key has no value of this name.";
    BlockListNotFound, NOT_FOUND, "block-list-not-found", "No such block list",
        "There are two: `processes` and `versions`.";
    NodeNotFound, NOT_FOUND, "node-not-found", "No such node",
        "The store's cluster has no node of this name. Without a cluster there is one, NODE1. GET /cluster lists them.";
    FaultNotFound, NOT_FOUND, "fault-not-found", "No such fault rule",
        "No fault rule has this id: it never had one, was taken away, or a reset has emptied the store.";
    ScenarioNotFound, NOT_FOUND, "scenario-not-found", "No such scenario",
        "The store keeps no scenario of this name. GET /scenarios lists those it keeps.";
    ScenarioRunNotFound, NOT_FOUND, "scenario-run-not-found", "No such run",
        "The scenario has no run of this number: it never had one, or has had so many since that it is forgotten.";
    UserNotFound, NOT_FOUND, "user-not-found", "No such user",
        "The store has no user of this name: it never had, the user was taken away, or a reset or restored snapshot brought back a \
         store that did not have it.";
    SnapshotNotFound, NOT_FOUND, "snapshot-not-found", "No such snapshot",
        "No snapshot of the store has this id: it never had one, or was deleted. A reset leaves snapshots.";
    ProblemNotFound, NOT_FOUND, "problem-not-found", "No such problem",
        "No problem has this name. GET /v1/problems lists them.";
    StoreExists, CONFLICT, "store-exists", "The store exists",
        "There is a store of this name, or one that is starting or being deleted. The name is free when DELETE has answered.";
    DefaultStore, CONFLICT, "default-store", "The store `default` stays",
        "The store `default` always exists: it can be neither deleted nor given a time to live. POST /reset empties it.";
    TooManyStores, CONFLICT, "too-many-stores", "Too many stores",
        "The server has as many stores as it takes, which GET /v1/info tells. DELETE ends one, and a store that is made with \
         a `ttl` ends by itself.";
    PortUnavailable, CONFLICT, "port-unavailable", "The port can't be had",
        "The system does not give the address asked for in `rpc`: it is in use, not one of this machine, or not for this user. \
         No store was made.";
    ClockNotManual, CONFLICT, "clock-not-manual", "The clock is not manual",
        "Only a manual clock is moved by hand. PATCH /clock with {\"mode\":\"manual\"} makes it one.";
    Recorded, CONFLICT, "recorded", "The store is recorded",
        "The server was started with --record, and a recording holds nothing that can't be done again. Time that moves by itself \
         is such a thing: the clock stays manual.";
    NoRpcPort, CONFLICT, "no-rpc-port", "The store has no RPC port",
        "A TCP client needs a port to connect to, and this store has none. Pipe clients need none.";
    ClientNotConnected, CONFLICT, "client-not-connected", "The client is not connected",
        "Only a client with a session makes calls. Its `outcome` says how it lost it, or why it never had one.";
    NotRegistered, CONFLICT, "not-registered", "The client has not asked to be told",
        "A client is told of what happens in its mailbox when it has sent RopRegisterNotification for it. This one has not, or          has released what it got. Nothing was done.";
    TooManyEvents, CONFLICT, "too-many-events", "Too many events wait for the client",
        "A session keeps 1,000 events that its client has not fetched, and has that many. Nothing was done.";
    TooManyConnections, CONFLICT, "too-many-connections", "Too many connections",
        "Each TCP client needs a connection, and the store has fewer left than were asked for. None was injected.";
    HotfixNeedsSp2, CONFLICT, "hotfix-needs-sp2", "The hotfix needs Service Pack 2",
        "KB 920185 is installed on Exchange Server 2003 SP2, build 6.5.7638. The build installed is older, and nothing was \
         done.";
    HotfixInstalled, CONFLICT, "hotfix-installed", "The hotfix is installed already",
        "The build installed is that of KB 920185 or a later one of Exchange Server 2003, which has it. Nothing was done.";
    HotfixOtherProduct, CONFLICT, "hotfix-other-product", "The hotfix is for Exchange Server 2003",
        "The build installed is that of a later product, which has the version list and no process list. Nothing was done.";
    NoCluster, CONFLICT, "no-cluster", "The store is no cluster",
        "There is one node, and nowhere to move the service to. PATCH /cluster with a mode makes it a cluster of two.";
    NodeActive, CONFLICT, "node-active", "The service is on this node",
        "What was asked for would take away the node that the service runs on, or move it to where it is.";
    CheckpointNotRestored, CONFLICT, "checkpoint-not-restored", "The checkpoint can't be restored",
        "The service comes online only where its checkpoint could be restored. It is where it was, and if it could not be \
         restored there either, it has stopped until POST /restart succeeds.";
    ServiceStopped, CONFLICT, "service-stopped", "The store service has stopped",
        "The service could not start again, since the checkpoint of its registry could not be restored, so there is no poll. \
         Nothing was done. POST /restart starts it once that can be.";
    TooManyFaults, CONFLICT, "too-many-faults", "Too many fault rules",
        "The store holds as many fault rules as it takes, those that are used up among them.";
    ScenarioExists, CONFLICT, "scenario-exists", "The scenario exists",
        "The store keeps a scenario of this name. DELETE it first, or give this one another name.";
    ScenarioRunning, CONFLICT, "scenario-running", "A scenario is running",
        "One run of a store is under way at a time. Wait for its end, or DELETE it. Nothing was done.";
    TooManyScenarios, CONFLICT, "too-many-scenarios", "Too many scenarios",
        "The store keeps as many scenarios as it takes. DELETE takes one away.";
    TooManyUsers, CONFLICT, "too-many-users", "Too many users",
        "The store has as many users as it takes. DELETE /users/{user} takes one away.";
    TooManySnapshots, CONFLICT, "too-many-snapshots", "Too many snapshots",
        "The store holds as many snapshots as it takes. None was taken. GET /v1/stores/{store} tells the limit.";
    SnapshotsTooLarge, CONFLICT, "snapshots-too-large", "The snapshots would take too much memory",
        "With this one the snapshots of the store would weigh more than it holds. None was taken. GET /v1/stores/{store} tells \
         the limit, and each snapshot its bytes.";
    NotExportable, CONFLICT, "not-exportable", "A .reg file can't hold this",
        "A name has a line end or ends its own brackets, or REGEDIT4 has no form for a text or value. Format v5 holds every \
         text; a key that no format can hold can be read one by one.";
    BodyTooSlow, REQUEST_TIMEOUT, "body-too-slow", "The body took too long",
        "The bytes of a body have to come within the time that GET /v1/info tells. Nothing was done.";
    AssertionNotMet, CONFLICT, "assertion-not-met", "The assertion does not hold",
        "The condition was looked at once and does not hold. `report` tells how each part of it stands, and which events came \
         close.";
    WaitTimeout, CONFLICT, "wait-timeout", "What was waited for did not come in time",
        "The condition did not hold within `timeout`, time of the wall, or `within`, store time. `report` tells how each part of \
         it stands, which events came close, and when something is due next. A manual clock moves only when told: `\"clock\":\"auto\"` \
         lets the wait move it.";
    WaitDeadlock, CONFLICT, "wait-deadlock", "Nothing is due that could bring what is waited for",
        "The wait moves the store's clock, and within the store time that it has, nothing is due: time would pass and nothing \
         happen. `report` tells how each part of the condition stands.";
    WaitHopeless, CONFLICT, "wait-hopeless", "What is waited for can't come any more",
        "Something came that must not, or came too often. `report` tells how each part of the condition stands.";
    CursorGone, GONE, "cursor-gone", "The journal no longer goes back that far",
        "The entries after this cursor have left the journal, so what happened since, or how the store was then, can't be \
         told whole; or the store was reset and began a new epoch. `first_available` is where reading can begin.";
    PreconditionFailed, PRECONDITION_FAILED, "precondition-failed", "It is not as the request says",
        "The request was to be done only to a resource whose ETag is in `If-Match`, or only where `If-None-Match` lets it. `etag` is \
         the tag of what is there now. Nothing was done.";
    StoreMoved, PRECONDITION_FAILED, "store-moved", "The store has moved on",
        "The journal has grown since the cursor in `if_cursor`, so what a preview said then need not hold any more. Nothing \
         was done.";
    TooManyWaits, TOO_MANY_REQUESTS, "too-many-waits", "Too many requests wait",
        "The store has as many waits as it takes. Wait for some of them to end.";
    PayloadTooLarge, PAYLOAD_TOO_LARGE, "payload-too-large", "The body is too large",
        "The body has more bytes than are taken. GET /v1/info tells the limit.";
    UnsupportedMediaType, UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body has another type",
        "Bodies are application/json; a batch may be application/x-ndjson too, and a .reg file is text/x-ms-regedit or \
         application/octet-stream. The Content-Type header has to say so.";
    HostNotAllowed, MISDIRECTED_REQUEST, "host-not-allowed", "Not this host",
        "The Host header names neither a loopback address nor the address that the server is bound to, nor a name that was \
         allowed when it was started. This keeps web pages from reaching the server by a name of their own.";
    ClockBackwards, UNPROCESSABLE_ENTITY, "clock-backwards", "Time goes forwards only",
        "The time asked for lies before the store's. A reset starts time again.";
    ClockOutOfRange, UNPROCESSABLE_ENTITY, "clock-out-of-range", "Past the end of store time",
        "Store time ends with the year 9999.";
    RegistryEditRefused, UNPROCESSABLE_ENTITY, "registry-edit-refused", "The registry refuses this edit",
        "A value's data is too long, the registry is full, or a predefined key would be deleted. Nothing of the request was \
         done.";
    IdempotencyKeyReused, UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key is another request's",
        "An Idempotency-Key is good for one request: the same path, query, type and body. Another request to this path had it. \
         Nothing was done.";
    TooManyRequests, TOO_MANY_REQUESTS, "too-many-requests", "Too much at a time",
        "More is under way than the server takes at a time; `detail` says of what. Nothing was done. Retry-After says when to \
         try again.";
    TooManyStreams, TOO_MANY_REQUESTS, "too-many-streams", "Too many streams",
        "As many streams of events are open as the server takes, over all its stores; GET /v1/info tells the limit. Retry-After \
         says when to try again. Pages of /events with `wait` need no stream.";
    Internal, INTERNAL_SERVER_ERROR, "internal", "Something broke",
        "This is a defect of the server. Its log has the details, under the request id.";
    RegistryUnreadable, SERVICE_UNAVAILABLE, "registry-unreadable", "The registry can't be read or written",
        "The file that holds the registry is missing, locked, read-only or written wrongly; `detail` says where. The store \
         keeps the lists that it read last, and nothing of the request was done. Mend the file and try again.";
    ServerBusy, SERVICE_UNAVAILABLE, "server-busy", "Every connection is busy",
        "The server has as many connections as it takes, and a request is being answered on each. Nothing was done. \
         Retry-After says when to try again; GET /v1/info tells the limit.";
    StoreStopped, SERVICE_UNAVAILABLE, "store-stopped", "The store has stopped",
        "The store is stopping or has stopped, and takes no more requests.";
    RequestTimeout, SERVICE_UNAVAILABLE, "request-timeout", "The request took too long",
        "The answer was not there in time. What was begun goes on, and the events tell how it went; \
         an advance of the clock stops where it has got to.";
}

impl ProblemType {
    /// The header that goes with every problem of its status.
    pub(crate) fn header(self) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = match self.status() {
            StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, "Bearer realm=\"exstore\""),
            StatusCode::TOO_MANY_REQUESTS => (header::RETRY_AFTER, "1"),
            // What is left of the body would be taken for a request.
            StatusCode::REQUEST_TIMEOUT => (header::CONNECTION, "close"),
            _ => return None,
        };
        Some((name, HeaderValue::from_static(value)))
    }
}

/// A place in a request, and what is wrong there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The place in the body, a JSON pointer in fragment form such as `#/client_version`; null for a query parameter.
    pub pointer: Option<String>,
    /// The query parameter or the header; null for a place in the body.
    pub parameter: Option<String>,
    /// What is wrong, one clause.
    pub detail: String,
    /// The line in the body, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in the line, from 1: in bytes, and in a .reg file in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Of a .reg file the text of the line, shortened around the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// The column in the excerpt, from 1 in characters: where a caret goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt_column: Option<usize>,
}

impl FieldError {
    /// Something is wrong at a place of the body.
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::new(detail) }
    }

    /// Something is wrong with a query parameter.
    pub(crate) fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { parameter: Some(name.into()), ..Self::new(detail) }
    }

    /// Something is wrong in a body that is no JSON.
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: None,
            detail: detail.into(),
            line: None,
            column: None,
            excerpt: None,
            excerpt_column: None,
        }
    }

    fn shortened(self) -> Self {
        let short = |text: Option<String>| text.map(shortened);
        Self {
            pointer: short(self.pointer),
            parameter: short(self.parameter),
            detail: shortened(self.detail),
            ..self
        }
    }
}

/// What is said of a request may quote it, and that may be long: of such a text the beginning and the end are left.
fn shortened(text: String) -> String {
    const BEGINNING: usize = 400;
    const END: usize = 200;
    let length = text.chars().count();
    if length <= BEGINNING.saturating_add(END) {
        return text;
    }
    let beginning: String = text.chars().take(BEGINNING).collect();
    let end: String = text.chars().skip(length.saturating_sub(END)).collect();
    format!("{beginning}\u{2026}{end}")
}

/// A problem on its way to the client. It travels as a response extension; [`crate::finish`] writes it out, since only
/// there the request's id is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemType,
    pub(crate) detail: String,
    errors: Vec<FieldError>,
    hint: Option<String>,
    first_available: Option<Box<str>>,
    etag: Option<Box<str>>,
    /// Boxed, since problems travel far and few have one.
    report: Option<Box<Value>>,
    by_wall: bool,
}

impl Problem {
    pub(crate) fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            hint: None,
            first_available: None,
            etag: None,
            report: None,
            by_wall: false,
        }
    }

    /// The body has this one fault.
    pub(crate) fn body(error: FieldError) -> Self {
        Self::new(ProblemType::InvalidBody, error.detail.clone()).with(error)
    }

    /// The query has this one fault.
    pub(crate) fn query(name: &str, detail: impl Into<String>) -> Self {
        let error = FieldError::parameter(name, detail);
        Self::new(ProblemType::InvalidQuery, format!("`{name}`: {}", error.detail)).with(error)
    }

    /// The header has this one fault.
    pub(crate) fn header(name: &str, detail: impl Into<String>) -> Self {
        let error = FieldError::parameter(name, detail);
        Self::new(ProblemType::InvalidHeader, format!("`{name}`: {}", error.detail)).with(error)
    }

    pub(crate) fn with(mut self, error: FieldError) -> Self {
        self.errors.push(error);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn first_available(mut self, cursor: String) -> Self {
        self.first_available = Some(cursor.into());
        self
    }

    /// The tag of what is there, when it is not what the request says.
    pub(crate) fn etag(self, etag: Option<String>) -> Self {
        Self { etag: etag.map(String::into), ..self }
    }

    /// How what was waited for stands.
    pub(crate) fn report(mut self, report: Value) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// The wall's time made it a problem: on another machine it might be none.
    pub(crate) fn by_wall(self) -> Self {
        Self { by_wall: true, ..self }
    }

    pub(crate) fn is_by_wall(&self) -> bool {
        self.by_wall
    }

    /// The same problem with its body pointers below `pointer`.
    pub(crate) fn below(mut self, pointer: &str) -> Self {
        for error in &mut self.errors {
            if let Some(place) = &mut error.pointer {
                *place = format!("{pointer}{}", place.trim_start_matches('#'));
            }
        }
        self
    }

    /// The same problem on this line of the body, or on one that is not known.
    pub(crate) fn on_line(mut self, line: Option<usize>) -> Self {
        for error in &mut self.errors {
            error.column = error.column.filter(|_| line.is_some());
            error.line = line;
        }
        self
    }

    pub(crate) fn document(self, instance: String, request_id: String) -> ProblemDocument {
        ProblemDocument {
            r#type: format!("/v1/problems/{}", self.kind.slug()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: shortened(self.detail),
            instance,
            errors: self.errors.into_iter().map(FieldError::shortened).collect(),
            hint: self.hint,
            first_available: self.first_available.map(String::from),
            etag: self.etag.map(String::from),
            report: self.report,
            request_id,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem as RFC 9457 writes it, `application/problem+json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// A relative URI that this server answers with an explanation.
    #[schema(example = "/v1/problems/invalid-body")]
    r#type: String,
    /// What kind of problem it is, the same words each time.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: String,
    /// The path of the request.
    instance: String,
    /// What is wrong with the request, place by place; may be empty.
    errors: Vec<FieldError>,
    /// What to do next.
    hint: Option<String>,
    /// Where reading can begin, when a cursor is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_available: Option<String>,
    /// The ETag of the resource as it is, when it is not what `If-Match` or `If-None-Match` says; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// How each condition stands that was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::waits::Report>)]
    report: Option<Box<Value>>,
    /// The id of the request, also in the Exstore-Request-Id header; the log has it too.
    request_id: String,
}
