//! The OpenAPI document says what is served, no more and no less.

use serde_json::{Map, Value};

use super::Api;

async fn document(api: &Api) -> Value {
    api.get("/v1/openapi.json").await
}

/// Every operation: its path with the parameters filled in, its method, and itself.
fn operations(document: &Value) -> Vec<(String, String, &Map<String, Value>)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        let filled = path
            .replace("{store}", "default")
            .replace("{list}", "processes")
            .replace("{group}", "g")
            .replace("{user}", "u")
            .replace("{key}", "HKLM")
            .replace("{slug}", "internal")
            .replace("{scenario}", "s")
            .replace("{run}", "1")
            .replace("{id}", "1")
            .replace("{number}", "1");
        for (method, operation) in item.as_object().expect("operations") {
            let operation = operation.as_object().expect("an operation");
            operations.push((filled.clone(), method.to_uppercase(), operation));
        }
    }
    operations
}

#[tokio::test]
async fn the_document_is_the_golden_one() {
    let api = Api::new().await;
    let answer = api.call("GET", "/v1/openapi.json", "").await;
    assert_eq!(answer.header("content-type"), "application/json");
    insta::assert_snapshot!(answer.text);
}

#[tokio::test]
async fn every_operation_is_served_and_no_other_method_is() {
    let api = Api::new().await;
    let document = document(&api).await;
    let operations = operations(&document);
    assert!(40 < operations.len(), "{}", operations.len());
    for (path, _, _) in &operations {
        let mut described: Vec<_> = operations
            .iter()
            .filter(|(other, ..)| other == path)
            .map(|(_, m, _)| m.as_str())
            .collect();
        if described.contains(&"GET") {
            described.push("HEAD");
        }
        // TRACE is served nowhere, so the answer lists what is.
        let answer = api.call("TRACE", path, "").await;
        assert_eq!(answer.problem(), "method-not-allowed", "{path}");
        let mut allowed: Vec<_> = answer.header("allow").split(',').collect();
        described.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(described, allowed, "{path}");
    }
}

#[tokio::test]
async fn every_operation_refuses_a_parameter_that_it_does_not_know() {
    let api = Api::new().await;
    let document = document(&api).await;
    for (path, method, _) in operations(&document) {
        let answer = api.call(&method, &format!("{path}?nonsense=1"), "").await;
        assert_eq!(answer.problem(), "invalid-query", "{method} {path}");
        let error = &answer.json()["errors"][0];
        assert_eq!(error["parameter"], "nonsense", "{method} {path}: {error}");
    }
}

#[tokio::test]
async fn every_operation_with_a_body_refuses_a_field_that_it_does_not_know() {
    let api = Api::new().await;
    let document = document(&api).await;
    let mut checked = 0;
    for (path, method, operation) in operations(&document) {
        let is_object = !path.contains("/batch") && !path.ends_with("/registry-import");
        if !operation.contains_key("requestBody") || !is_object {
            continue;
        }
        let path = if path.contains("/registry/") { format!("{path}?value=x") } else { path };
        let answer = api.call(&method, &path, r#"{"nonsense":1}"#).await;
        assert_eq!(answer.problem(), "invalid-body", "{method} {path}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "#/nonsense", "{method} {path}");
        checked += 1;
    }
    assert!(10 < checked, "{checked}");
}

#[tokio::test]
async fn operations_have_ids_and_every_reference_leads_somewhere() {
    let api = Api::new().await;
    let document = document(&api).await;
    let operations = operations(&document);
    let mut ids: Vec<_> = operations.iter().map(|(.., o)| o["operationId"].as_str()).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);

    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}
