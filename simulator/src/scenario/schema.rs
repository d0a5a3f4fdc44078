//! The JSON Schema of scenarios, made from the types that read them.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::ScenarioTable;

/// The JSON Schema (2020-12) of a scenario, as TOML and as JSON.
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<ScenarioTable>();
    schema.insert("$id".to_owned(), json!("/v1/schemas/scenario"));
    let mut schema = schema.to_value();
    without_null(&mut schema);
    schema
}

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
