//! What handlers take: the store and the ids of the path, the query, the body. Each failure is a problem that says where.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use infostore::{ClientId, Sequence, SessionId, SnapshotId};
use registry_poll::{FaultId, PollNumber};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use server::StoreHandle;

use crate::app::App;
use crate::body::body_bytes;
use crate::json_place::{pointer_at, up_to};
use crate::problem::{FieldError, Problem, ProblemType};

/// The store that the path names.
pub(crate) struct Store(pub(crate) StoreHandle);

/// The store that the path names, with its name.
pub(crate) struct NamedStore {
    pub(crate) name: String,
    pub(crate) handle: StoreHandle,
}

impl FromRequestParts<App> for Store {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let NamedStore { handle, .. } = NamedStore::from_request_parts(parts, app).await?;
        Ok(Self(handle))
    }
}

impl FromRequestParts<App> for NamedStore {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let name = path_parameter(parts, "store").await?;
        match app.stores().get(&name) {
            Some(handle) => Ok(Self { name, handle }),
            None => {
                let detail = format!("there is no store `{name}`");
                Err(Problem::new(ProblemType::StoreNotFound, detail)
                    .hint("the store that always exists is `default`"))
            }
        }
    }
}

/// Something that a path names by number.
pub(crate) trait Numbered: Sized {
    /// The path's parameter.
    const PARAMETER: &'static str;
    /// What it is called.
    const NOUN: &'static str;
    /// The problem when there is none.
    const MISSING: ProblemType;

    fn numbered(number: u64) -> Self;

    /// There is none of this number.
    fn missing(number: impl std::fmt::Display) -> Problem {
        Problem::new(Self::MISSING, format!("there is no {} `{number}`", Self::NOUN))
    }
}

/// The number that the path has for a resource. What is no number names none.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: Numbered> FromRequestParts<App> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let text = path_parameter(parts, T::PARAMETER).await?;
        text.parse().map(|number| Self(T::numbered(number))).map_err(|_| T::missing(text))
    }
}

/// A path's parameter, decoded. A path that is no UTF-8 names nothing that could be served.
pub(crate) async fn path_parameter(parts: &mut Parts, name: &str) -> Result<String, Problem> {
    let path = parts.uri.path().to_owned();
    let parameters = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| {
        Problem::new(
            ProblemType::RouteNotFound,
            format!("`{path}` is not UTF-8 when it is decoded"),
        )
    })?;
    let found = parameters.iter().find(|(key, _)| *key == name);
    Ok(found.map(|(_, value)| value.to_owned()).unwrap_or_default())
}

macro_rules! numbered {
    ($($id:ty, $parameter:literal, $noun:literal, $missing:ident;)+) => {
        $(impl Numbered for $id {
            const PARAMETER: &'static str = $parameter;
            const NOUN: &'static str = $noun;
            const MISSING: ProblemType = ProblemType::$missing;

            fn numbered(number: u64) -> Self {
                Self(number)
            }
        })+
    };
}

numbered! {
    ClientId, "id", "client", ClientNotFound;
    SessionId, "id", "session", SessionNotFound;
    PollNumber, "number", "poll", PollNotFound;
    Sequence, "id", "decision", DecisionNotFound;
    FaultId, "id", "fault rule", FaultNotFound;
    SnapshotId, "id", "snapshot", SnapshotNotFound;
}

/// The query's parameters; unknown ones are refused by name.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let query = Query::try_from_uri(&parts.uri);
        query.map(|Query(query)| Self(query)).map_err(|rejection| query_problem(&rejection))
    }
}

/// A route that takes no parameter at all.
pub(crate) type NoQuery = Params<Nothing>;

/// A query or body without any field.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Empty)]
pub(crate) struct Nothing {}

/// axum says `limit: what is wrong`, or of an unknown parameter its name in backticks too.
fn query_problem(rejection: &QueryRejection) -> Problem {
    let text = rejection.body_text();
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
    let is_name = |name: &&str| name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
    let named = text.split_once(": ").filter(|(name, _)| is_name(name));
    let (name, detail) = named.unwrap_or_else(|| (quoted(text).unwrap_or_default(), text));
    Problem::query(name, query_detail(detail))
}

/// What serde says of a query, in its own words: its fields are parameters, and its numbers are text.
fn query_detail(detail: &str) -> String {
    match detail {
        "invalid digit found in string"
        | "cannot parse integer from empty string"
        | "number too large to fit in target type" => "it has to be a whole number".to_owned(),
        other => other.replace(" field `", " parameter `"),
    }
}

/// A JSON body; unknown fields are refused by name.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        let bytes = body_bytes(request, app).await?;
        require_json(&kind)?;
        parse_object(&bytes).map(Self)
    }
}

/// A body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<App> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        let bytes = body_bytes(request, app).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        require_json(&kind)?;
        parse_object(&bytes).map(Self)
    }
}

/// The media type that the request says its body has, in lower case, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let text = text.unwrap_or_default().split(';').next().unwrap_or_default();
    text.trim().to_ascii_lowercase()
}

fn require_json(media_type: &str) -> Result<(), Problem> {
    let hint = "send JSON with `Content-Type: application/json`";
    if media_type == "application/json" { Ok(()) } else { Err(unsupported(media_type).hint(hint)) }
}

/// The body's type is not one that the route takes.
pub(crate) fn unsupported(media_type: &str) -> Problem {
    let detail = match media_type {
        "" => "the request has no Content-Type".to_owned(),
        other => format!("the body is `{other}`"),
    };
    Problem::new(ProblemType::UnsupportedMediaType, detail)
}

/// Reads a JSON object. Without this, serde would take an array for its fields in order.
pub(crate) fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        parse_json::<IgnoredAny>(bytes)?;
        return Err(Problem::body(FieldError::at("#", "a JSON object is expected here")));
    }
    parse_json(bytes)
}

/// Reads JSON, and nothing after it.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| json_problem(bytes, &error))
}

fn json_problem(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let whole = error.to_string();
    let place = format!(" at line {line} column {column}");
    let clause = whole.strip_suffix(&place).unwrap_or(&whole);
    let kind = if error.is_data() { ProblemType::InvalidBody } else { ProblemType::InvalidJson };
    let mut field = FieldError::at(pointer_at(up_to(bytes, line, column)), clause);
    (field.line, field.column) = (Some(line), Some(column));
    Problem::new(kind, whole).with(field)
}

/// The first text in backticks.
fn quoted(clause: &str) -> Option<&str> {
    clause.split('`').nth(1)
}
