//! The JSON Schema of scenarios, made from the types that read them.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::ScenarioTable;
use crate::event::EVENT_TYPES;

/// The JSON Schema (2020-12) of a scenario, as TOML and as JSON.
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<ScenarioTable>();
    schema.insert("$id".to_owned(), json!("/v1/schemas/scenario"));
    let mut schema = schema.to_value();
    without_null(&mut schema);
    for name in NEVER_EMPTY {
        if let Some(definition) = schema.pointer_mut(&format!("/$defs/{name}")) {
            definition["minProperties"] = json!(1);
        }
    }
    if let Some(event_type) = schema.pointer_mut("/$defs/EventExpectation/properties/type") {
        event_type["enum"] = json!(EVENT_TYPES);
    }
    if let Some(block) = schema.pointer_mut("/$defs/Block") {
        block["anyOf"] = json!([{ "required": ["processes"] }, { "required": ["versions"] }]);
    }
    schema
}

/// Tables whose fields can all be left out, but not together.
const NEVER_EMPTY: [&str; 4] =
    ["Expectation", "BuildExpectation", "PollExpectation", "PolicyExpectation"];

/// What is optional is left out, and never null: TOML has none, and a slip is not to pass for nothing.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = fields.get_mut("anyOf") {
                any.retain(|schema| schema != &json!({ "type": "null" }));
            }
            fields.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
