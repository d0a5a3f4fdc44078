//! ETags: what a `GET` of a single resource shows has one, and whoever knows it already is told 304 (RFC 9110 8.8.3, 13.1.2).
//!
//! A tag is a hash of the bytes that are shown, so that the same tag means the same bytes, whatever happened in between.

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::{Problem, ProblemType};

/// The paths of what is one thing, and no list of things.
pub(crate) const SINGLE: [&str; 21] = [
    "/v1/info",
    "/v1/problems/{slug}",
    "/v1/stores/{store}",
    "/v1/stores/{store}/block-lists/{list}",
    "/v1/stores/{store}/build",
    "/v1/stores/{store}/client-groups/{group}",
    "/v1/stores/{store}/clients/{id}",
    "/v1/stores/{store}/clock",
    "/v1/stores/{store}/cluster",
    "/v1/stores/{store}/decisions/{id}",
    "/v1/stores/{store}/faults/{id}",
    "/v1/stores/{store}/policy",
    "/v1/stores/{store}/policy/mode",
    "/v1/stores/{store}/polls/schedule",
    "/v1/stores/{store}/polls/{number}",
    "/v1/stores/{store}/registry/{key}",
    "/v1/stores/{store}/scenarios/{scenario}",
    "/v1/stores/{store}/scenarios/{scenario}/runs/{run}",
    "/v1/stores/{store}/sessions/{id}",
    "/v1/stores/{store}/snapshots/{id}",
    "/v1/stores/{store}/users/{user}",
];

/// Bytes of the hash that a tag has.
const HASH: usize = 16;

/// The tag of what is shown, as it stands in an ETag header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// The tag of bytes that are sent.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let hash = Sha256::digest(bytes);
        let digits = hash.iter().take(HASH).map(|byte| format!("{byte:02x}"));
        Self(format!("\"{}\"", digits.collect::<String>()))
    }

    /// The tag of what a handler would answer.
    pub(crate) fn of_shown(shown: &impl Serialize) -> Self {
        // What can't be written is never sent, so no request has its tag.
        Self::of(&serde_json::to_vec(shown).unwrap_or_default())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The tags of `If-Match` or `If-None-Match`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Tags {
    /// `*`: whatever there is.
    Any,
    /// One of these.
    These(Vec<Listed>),
}

/// A tag that a request names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    is_weak: bool,
    /// With its quotes.
    tag: String,
}

impl Tags {
    /// What the header says; none when the request has no such header.
    ///
    /// # Errors
    /// A problem when it is neither `*` nor tags with commas between them.
    pub(crate) fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut tags = Vec::new();
        let (mut is_given, mut is_any) = (false, false);
        for value in headers.get_all(name) {
            is_given = true;
            match value.to_str().map(str::trim) {
                Ok("*") => is_any = true,
                Ok(text) => tags.extend(listed(text).ok_or_else(|| malformed(name))?),
                Err(_) => return Err(malformed(name)),
            }
        }
        match (is_given, is_any, tags.is_empty()) {
            (false, ..) => Ok(None),
            (true, true, true) => Ok(Some(Self::Any)),
            (true, false, false) => Ok(Some(Self::These(tags))),
            (true, ..) => Err(malformed(name)),
        }
    }

    /// Whether the bytes are the same, which a weak tag does not say (RFC 9110 8.8.3.2, strong comparison).
    pub(crate) fn has_strong(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|listed| !listed.is_weak && listed.tag == tag.0),
        }
    }

    /// Whether the meaning is the same (weak comparison).
    pub(crate) fn has_weak(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|listed| listed.tag == tag.0),
        }
    }
}

/// Tags with commas between them; none when anything else is there, or nothing. A tag may have commas in it.
fn listed(text: &str) -> Option<Vec<Listed>> {
    let (mut tags, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags).filter(|tags| !tags.is_empty());
        }
        let unweak = rest.strip_prefix("W/");
        let quoted = unweak.unwrap_or(rest).strip_prefix('"')?;
        let (opaque, after) = quoted.split_once('"')?;
        // RFC 9110 8.8.3, etagc: neither blanks nor controls.
        if opaque.bytes().any(|byte| byte <= b' ' || byte == 0x7F) {
            return None;
        }
        tags.push(Listed { is_weak: unweak.is_some(), tag: format!("\"{opaque}\"") });
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

fn malformed(name: &HeaderName) -> Problem {
    let name = if name == header::IF_MATCH { "If-Match" } else { "If-None-Match" };
    let detail =
        "it is `*`, or ETags as GET answers them, in their quotes and with commas between them";
    Problem::header(name, detail)
}

/// Puts a tag on what is shown of a single resource, or says that it is what the request knows already.
pub(crate) async fn add_tag(mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let is_single = path.is_some_and(|path| SINGLE.contains(&path));
    if !is_single || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let known = match Tags::of(request.headers(), &header::IF_NONE_MATCH) {
        Ok(known) => known,
        Err(problem) => return problem.into_response(),
    };
    // What HEAD tells is what GET would: the router takes the body off again further out.
    *request.method_mut() = Method::GET;
    let response = next.run(request).await;
    if response.status() == StatusCode::OK { tagged(response, known).await } else { response }
}

async fn tagged(response: Response, known: Option<Tags>) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::new(ProblemType::Internal, "the answer broke off").into_response();
    };
    let tag = EntityTag::of(&bytes);
    if let Ok(value) = HeaderValue::from_str(tag.as_str()) {
        parts.headers.insert(header::ETAG, value);
    }
    if known.is_some_and(|known| known.has_weak(&tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header's text, and the tags in it, each with whether it is weak.
    type Row = (&'static str, Option<&'static [(bool, &'static str)]>);

    #[test]
    fn tags_are_read_as_the_rfc_writes_them() {
        let rows: &[Row] = &[
            ("\"a\"", Some(&[(false, "\"a\"")])),
            ("W/\"a\"", Some(&[(true, "\"a\"")])),
            ("\"a\", W/\"b\" ,\"c\"", Some(&[(false, "\"a\""), (true, "\"b\""), (false, "\"c\"")])),
            (",, \"a\" ,", Some(&[(false, "\"a\"")])),
            ("\"a,b\"", Some(&[(false, "\"a,b\"")])),
            ("\"\"", Some(&[(false, "\"\"")])),
            ("", None),
            (" , ", None),
            ("a", None),
            ("\"a", None),
            ("\"a\" \"b\"", None),
            ("w/\"a\"", None),
            ("\"a b\"", None),
            ("*, \"a\"", None),
        ];
        for (text, expected) in rows {
            let found = listed(text);
            let found: Option<Vec<_>> = found
                .as_ref()
                .map(|tags| tags.iter().map(|tag| (tag.is_weak, tag.tag.as_str())).collect());
            assert_eq!(found.as_deref(), *expected, "{text}");
        }
    }
}
