//! The requests that `/docs` shows: an operation as curl sends it, with the smallest body that fits.

use serde_json::{Map, Value, json};

/// Structures within structures; deeper ones are left out.
const DEEPEST: usize = 8;

/// An operation as a line of curl. What it needs is filled in with examples.
pub(crate) fn request(
    document: &Value,
    (method, path): (&str, &str),
    operation: &Map<String, Value>,
) -> String {
    let mut url = path.to_owned();
    let mut query = Vec::new();
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for parameter in parameters {
        let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
        let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
        let value = plain(&parameter_value(document, parameter));
        match text("in") {
            "path" => url = url.replace(&format!("{{{}}}", text("name")), &value),
            "query" if required => query.push(format!("{}={value}", text("name"))),
            _ => {}
        }
    }
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    let body = operation.get("requestBody").and_then(|body| smallest_body(document, body));
    let way = match (method, &body) {
        ("GET", _) | ("POST", Some(_)) => String::new(),
        _ => format!(" -X {method}"),
    };
    let body = body.map(|(kind, data)| format!(" \\\n  -H 'content-type: {kind}' -d '{data}'"));
    format!("curl -fsS{way} 'http://127.0.0.1:8135{url}'{}", body.unwrap_or_default())
}

fn parameter_value(document: &Value, parameter: &Value) -> Value {
    let schema = parameter.get("schema").cloned().unwrap_or_default();
    example(parameter).unwrap_or_else(|| value_of(document, &schema, DEEPEST))
}

/// A value as it stands in a URL.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The body, where there has to be one.
fn smallest_body<'a>(document: &Value, body: &'a Value) -> Option<(&'a str, String)> {
    body.get("required").and_then(Value::as_bool).filter(|required| *required)?;
    let content = body.get("content")?.as_object()?;
    match content.get_key_value("application/json") {
        Some((kind, content)) => {
            let schema = content.get("schema")?;
            Some((kind, value_of(document, schema, DEEPEST).to_string()))
        }
        None => Some((content.keys().next_back()?, "REGEDIT4".to_owned())),
    }
}

/// The example that a schema or a parameter has.
pub(crate) fn example(schema: &Value) -> Option<Value> {
    let several = schema.get("examples").and_then(Value::as_array);
    let example = schema.get("example").or_else(|| several?.first());
    example.or_else(|| schema.get("default")).cloned()
}

/// A value that fits a schema: its example, or the least that it asks for.
fn value_of(document: &Value, schema: &Value, deep: usize) -> Value {
    if let Some(example) = example(schema) {
        return example;
    }
    let Some(deep) = deep.checked_sub(1) else { return Value::Null };
    let inner = |schema: &Value| value_of(document, schema, deep);
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return document.pointer(reference.trim_start_matches('#')).map(inner).unwrap_or_default();
    }
    let first =
        |name| schema.get(name).and_then(Value::as_array).and_then(|choices| choices.first());
    if let Some(choice) = first("oneOf").or_else(|| first("anyOf")).or_else(|| first("allOf")) {
        return inner(choice);
    }
    if let Some(word) = first("enum") {
        return word.clone();
    }
    let kind = schema.get("type");
    let kind = kind.and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
    match kind {
        Some("object") => object_of(schema, inner),
        Some("array") => {
            schema.get("items").map_or_else(|| json!([]), |items| json!([inner(items)]))
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(true),
        _ => json!("text"),
    }
}

/// An object with the fields that it has to have; where it has to have none, with the first one.
fn object_of(schema: &Value, inner: impl Fn(&Value) -> Value) -> Value {
    let fields = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|n| n == name));
    let fields: Vec<_> = fields.into_iter().flatten().collect();
    let valued = fields.iter().map(|(name, field)| (*name, inner(field)));
    let needed: Map<_, _> = valued
        .clone()
        .filter(|(name, _)| is_required(name))
        .map(|(name, value)| (name.clone(), value))
        .collect();
    if !needed.is_empty() {
        return needed.into();
    }
    let first = valued.into_iter().find(|(_, value)| !value.is_null());
    first.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
}
