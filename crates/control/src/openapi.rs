//! The OpenAPI document, out of the routes themselves. What they have in common is added here, once for all: the store's
//! name, the headers, the problems, and an id for each operation.

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::entity_tag::SINGLE;
use crate::idempotency::ASKED_ANEW;
use crate::problem::{FieldError, ProblemDocument};

type Schemas = Vec<(String, RefOr<Schema>)>;

/// Completes the document that the routes make, and writes it.
#[expect(
    clippy::expect_used,
    reason = "INVARIANT: the document has text keys and no writer that fails"
)]
pub(crate) fn document(mut api: OpenApi, version: &str) -> String {
    let components = api.components.get_or_insert_default();
    components.schemas.extend(problem_schemas());
    let mut document = serde_json::to_value(api).expect("the document can be written");
    if let Value::Object(document) = &mut document {
        document.insert("info".to_owned(), info(version));
        document.get_mut("paths").and_then(Value::as_object_mut).map(complete_paths);
    }
    unsign(&mut document);
    let mut text = serde_json::to_string_pretty(&document).expect("the document can be written");
    text.push('\n');
    text
}

/// A number without a sign goes up to 2^64 - 1, which no format of OpenAPI says: `int64` ends at half of that.
fn unsign(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("format") == Some(&json!("int64"))
                && fields.get("minimum").is_some_and(Value::is_u64)
            {
                fields.remove("format");
            }
            fields.values_mut().for_each(unsign);
        }
        Value::Array(items) => items.iter_mut().for_each(unsign),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn info(version: &str) -> Value {
    json!({ "title": "exstore control plane", "version": version, "description": DESCRIPTION })
}

const DESCRIPTION: &str = "Injects MAPI clients into an Exchange Server 2003 information store, edits the registry that \
     it polls, moves its time, and says why each client was admitted, refused or disconnected. Unknown body fields and \
     query parameters are refused by name.";

fn problem_schemas() -> Schemas {
    let mut schemas = Schemas::new();
    ProblemDocument::schemas(&mut schemas);
    schemas.push((FieldError::name().into_owned(), FieldError::schema()));
    schemas.push((ProblemDocument::name().into_owned(), ProblemDocument::schema()));
    schemas
}

fn complete_paths(paths: &mut Map<String, Value>) {
    for (path, item) in paths {
        let (of_store, is_single) = (path.contains("{store}"), SINGLE.contains(&path.as_str()));
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let Some(operation) = operation.as_object_mut() else { continue };
            complete(operation, of_store);
            if is_single {
                make_conditional(operation, method == "get");
            }
            if method == "post" && !ASKED_ANEW.iter().any(|end| path.ends_with(end)) {
                make_repeatable(operation);
            }
        }
    }
}

/// What is a single resource is shown with a tag, and changed only where the tags say so.
fn make_conditional(operation: &mut Map<String, Value>, is_shown: bool) {
    let conditions = if is_shown { SHOWN_IF } else { DONE_IF };
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Value::Array(parameters) = parameters {
        parameters.extend(conditions.iter().map(|(name, said)| tags_parameter(name, said)));
    }
    let Some(Value::Object(responses)) = operation.get_mut("responses") else { return };
    if is_shown {
        let headers = responses.get_mut("200").and_then(|response| response.get_mut("headers"));
        if let Some(Value::Object(headers)) = headers {
            headers.insert("ETag".to_owned(), tag_header());
            let known = json!({ "description": "It is what `If-None-Match` has: nothing is shown", "headers": headers });
            responses.insert("304".to_owned(), known);
        }
    } else {
        let mut failed = problem_response();
        if let (Some(failed), Some(problem)) = (failed.as_object_mut(), responses.get("default")) {
            failed.extend(
                problem.get("headers").map(|headers| ("headers".to_owned(), headers.clone())),
            );
            let said = "It is not what `If-Match` or `If-None-Match` says; `etag` is what it is. Nothing was done";
            failed.insert("description".to_owned(), json!(said));
        }
        responses.insert("412".to_owned(), failed);
    }
}

/// What is sent again with the same key is answered again, and not done again.
fn make_repeatable(operation: &mut Map<String, Value>) {
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Value::Array(parameters) = parameters {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A name of the request, of 1 to 255 characters: when it is sent again it is answered as the first time, and not done again",
            "schema": { "type": "string" },
        }));
    }
    let Some(Value::Object(responses)) = operation.get_mut("responses") else { return };
    for response in responses.values_mut() {
        if let Some(Value::Object(headers)) = response.get_mut("headers") {
            headers.insert("Idempotency-Replayed".to_owned(), replayed_header());
        }
    }
    let mut reused = problem_response();
    if let (Some(reused), Some(problem)) = (reused.as_object_mut(), responses.get("default")) {
        reused
            .extend(problem.get("headers").map(|headers| ("headers".to_owned(), headers.clone())));
        let said = "What was asked for can't be done, or the Idempotency-Key is another request's";
        reused.insert("description".to_owned(), json!(said));
    }
    responses.entry("422").or_insert(reused);
}

fn replayed_header() -> Value {
    json!({
        "description": "`true` when this is the first answer again",
        "schema": { "type": "string" },
    })
}

const SHOWN_IF: &[(&str, &str)] =
    &[("If-None-Match", "Show it only if it has none of these ETags")];

const DONE_IF: &[(&str, &str)] = &[
    ("If-Match", "Do it only to what has one of these ETags; `*` is whatever is there"),
    ("If-None-Match", "Do it only to what has none of these ETags; `*` is where nothing is there"),
];

/// Tags as GET answers them.
fn tags_parameter(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "header", "required": false, "description": description,
        "schema": { "type": "string" },
    })
}

fn tag_header() -> Value {
    json!({
        "description": "The tag of what is shown: the same tag, the same bytes",
        "schema": { "type": "string" },
    })
}

fn complete(operation: &mut Map<String, Value>, of_store: bool) {
    let id = operation_id(operation);
    operation.insert("operationId".to_owned(), Value::String(id));
    if of_store {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Value::Array(parameters) = parameters {
            parameters.insert(0, store_parameter());
        }
    }
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        responses.insert("default".to_owned(), problem_response());
        for response in responses.values_mut().filter_map(Value::as_object_mut) {
            response.insert("headers".to_owned(), headers(of_store));
            // A response without a description is no response of OpenAPI.
            response.entry("description").or_insert_with(|| json!("What was asked for"));
        }
    }
}

/// The tag and the handler's name: `sessions_list`.
fn operation_id(operation: &Map<String, Value>) -> String {
    let tags = operation.get("tags").and_then(Value::as_array);
    let tag = tags.and_then(|tags| tags.first()?.as_str()).unwrap_or_default();
    let handler = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    format!("{}_{handler}", tag.replace(' ', "_"))
}

fn store_parameter() -> Value {
    json!({
        "name": "store", "in": "path", "required": true,
        "description": "The store's name; `default` always exists",
        "schema": { "type": "string" }, "example": "default",
    })
}

fn problem_response() -> Value {
    json!({
        "description": "A problem; its `type` leads to an explanation",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn headers(of_store: bool) -> Value {
    let mut headers = json!({
        "Exstore-Request-Id": {
            "description": "The id of the request, which the log has too", "schema": { "type": "string" },
        },
        "Exstore-Run": {
            "description": "The run of the server: another one after a restart, when cursors that were told before mean nothing",
            "schema": { "type": "string" },
        },
    });
    if let Some(headers) = headers.as_object_mut().filter(|_| of_store) {
        let cursor = json!({
            "description": "The journal position that the response reflects, `<epoch>-<seq>`",
            "schema": { "$ref": "#/components/schemas/Cursor" },
        });
        headers.insert("Exstore-Cursor".to_owned(), cursor);
    }
    headers
}
