//! `/docs`: the OpenAPI document as a page, made once when the server starts. No script, and nothing that is not in the program:
//! every operation with its parameters, bodies and answers, and the request as curl sends it.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value};

use crate::app::App;
use crate::docs_example::{example, request};
use crate::extract::NoQuery;
use crate::html::{self, STYLE_PATH, escaped, prose};

/// The pages. They are no part of the API, and its document does not list them.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/docs", get(docs)).route(STYLE_PATH, get(html::style))
}

async fn docs(_: NoQuery, State(app): State<App>) -> Response {
    html::response(app.docs().to_owned())
}

/// The page for an OpenAPI document.
pub(crate) fn render(openapi: &str) -> String {
    let document: Value = serde_json::from_str(openapi).unwrap_or_default();
    let mut tags: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for operation in operations(&document) {
        tags.entry(operation.tag()).or_default().push(operation);
    }
    let mut body = introduction(&document);
    body.push_str(&contents(&tags));
    for (tag, operations) in &tags {
        body.push_str(&format!("<h2 id=\"{0}\">{0}</h2>\n", escaped(tag)));
        body.extend(operations.iter().map(|operation| operation.section(&document)));
    }
    body.push_str("<h2 id=\"schemas\">Structures</h2>\n");
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    body.extend(schemas.into_iter().flatten().map(|(name, schema)| structure(name, schema)));
    html::page("The control plane", &body)
}

fn introduction(document: &Value) -> String {
    let text = |pointer| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!(
        "<h1>exstore {}: the control plane</h1>\n{}<p>The same as a document for programs: \
         <a href=\"/v1/openapi.json\">OpenAPI 3.1</a>. Whatever is refused is refused with a <a href=\"/v1/problems\">problem</a> that \
         says where and why.</p>\n",
        escaped(text("/info/version")),
        prose(text("/info/description")),
    )
}

fn contents(tags: &BTreeMap<&str, Vec<Operation<'_>>>) -> String {
    let item = |operation: &Operation<'_>| {
        format!(
            "<li><a href=\"#{}\"><code>{} {}</code></a></li>\n",
            escaped(operation.id()),
            operation.method,
            escaped(operation.path)
        )
    };
    let list = tags.values().flatten().map(item).collect::<String>();
    format!("<nav aria-label=\"Operations\"><ul>\n{list}</ul></nav>\n")
}

/// Every operation of a document.
fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.filter_map(move |(method, operation)| {
            let operation = operation.as_object()?;
            Some(Operation { method: method.to_uppercase(), path, operation })
        })
    })
}

/// One operation: a method on a path.
struct Operation<'a> {
    method: String,
    path: &'a str,
    operation: &'a Map<String, Value>,
}

impl<'a> Operation<'a> {
    fn tag(&self) -> &'a str {
        let tags = self.operation.get("tags").and_then(Value::as_array);
        tags.and_then(|tags| tags.first()?.as_str()).unwrap_or("other")
    }

    fn id(&self) -> &'a str {
        self.text("operationId")
    }

    fn text(&self, name: &str) -> &'a str {
        self.operation.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn parameters(&self) -> &'a [Value] {
        self.operation.get("parameters").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn section(&self, document: &Value) -> String {
        let (id, method, path) = (escaped(self.id()), &self.method, escaped(self.path));
        let mut section =
            format!("<h3 id=\"{id}\"><a href=\"#{id}\"><code>{method} {path}</code></a></h3>\n");
        section.push_str(&prose(self.text("summary")));
        section.push_str(&prose(self.text("description")));
        section.push_str(&self.parameter_table());
        section.push_str(&self.body());
        section.push_str(&self.answers());
        let curl = request(document, (method, self.path), self.operation);
        section.push_str(&format!("<pre>{}</pre>\n", escaped(&curl)));
        section
    }

    fn parameter_table(&self) -> String {
        let row = |parameter: &Value| {
            let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
            let schema = parameter.get("schema").map(shape).unwrap_or_default();
            format!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{schema}</td><td>{}</td></tr>\n",
                escaped(text("name")),
                escaped(text("in")),
                prose(text("description"))
            )
        };
        let rows: String = self.parameters().iter().map(row).collect();
        table(["Parameter", "In", "Type", "What it is"], &rows)
    }

    fn body(&self) -> String {
        let Some(body) = self.operation.get("requestBody") else { return String::new() };
        let required = body.get("required").and_then(Value::as_bool).unwrap_or(false);
        let may = if required { "" } else { " It may be left out." };
        format!("<p>Body: {}.{may}</p>\n", content(body))
    }

    fn answers(&self) -> String {
        let responses = self.operation.get("responses").and_then(Value::as_object);
        let row = |(status, response): (&String, &Value)| {
            let said = response.get("description").and_then(Value::as_str).unwrap_or_default();
            let status = if status == "default" { "otherwise" } else { status };
            let content = content(response);
            format!(
                "<tr><td>{}</td><td>{content}</td><td>{}</td></tr>\n",
                escaped(status),
                prose(said)
            )
        };
        let rows: String = responses.into_iter().flatten().map(row).collect();
        table(["Status", "Answer", "What it means"], &rows)
    }
}

/// The types that a body or an answer may have, each with its structure.
fn content(holder: &Value) -> String {
    let content = holder.get("content").and_then(Value::as_object);
    let one = |(kind, content): (&String, &Value)| {
        let schema = content.get("schema").map(shape).unwrap_or_default();
        format!("<code>{}</code> {schema}", escaped(kind))
    };
    let all: Vec<String> = content.into_iter().flatten().map(one).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", or ") }
}

/// A structure by its name: its fields, or what it is.
fn structure(name: &str, schema: &Value) -> String {
    let name = escaped(name);
    let mut section =
        format!("<h3 id=\"schema-{name}\"><a href=\"#schema-{name}\">{name}</a></h3>\n");
    section.push_str(&prose(schema.get("description").and_then(Value::as_str).unwrap_or_default()));
    let mut rows = String::new();
    rows_of(schema, &mut rows);
    if rows.is_empty() {
        section.push_str(&format!("<p>{}</p>\n", shape(schema)));
    }
    section.push_str(&table(["Field", "Type", "What it is"], &rows));
    section
}

/// The fields of an object, those of everything that it is made of too.
fn rows_of(schema: &Value, rows: &mut String) {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|n| n == name));
    let fields = schema.get("properties").and_then(Value::as_object);
    for (name, field) in fields.into_iter().flatten() {
        let optional =
            if is_required(name) { "" } else { " <span class=\"quiet\">(optional)</span>" };
        let said = field.get("description").or_else(|| {
            let choices = field.get("oneOf")?.as_array()?;
            choices.iter().find_map(|choice| choice.get("description"))
        });
        let said = prose(said.and_then(Value::as_str).unwrap_or_default());
        let like = example(field).map(|like| {
            format!(
                " <span class=\"quiet\">such as</span> <code>{}</code>",
                escaped(&like.to_string())
            )
        });
        rows.push_str(&format!(
            "<tr><td><code>{}</code>{optional}</td><td>{}{}</td><td>{said}</td></tr>\n",
            escaped(name),
            shape(field),
            like.unwrap_or_default()
        ));
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        rows_of(part, rows);
    }
}

/// What a value is, in a few words, with links to structures.
fn shape(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = escaped(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema.get(several).and_then(Value::as_array) {
            let joint = if several == "allOf" { " with " } else { " or " };
            return choices.iter().map(shape).collect::<Vec<_>>().join(joint);
        }
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let word = |word: &Value| format!("<code>{}</code>", escaped(&word.to_string()));
        return words.iter().map(word).collect::<Vec<_>>().join(" or ");
    }
    if let Some(items) = schema.get("items") {
        return format!("array of {}", shape(items));
    }
    match schema.get("type") {
        Some(Value::String(kind)) => escaped(kind),
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            kinds.map(escaped).collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn table<const COLUMNS: usize>(heads: [&str; COLUMNS], rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    format!("<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}
