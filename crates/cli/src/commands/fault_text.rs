//! A fault rule in few words: what it does, what it applies to, and how often.

use serde_json::{Value, json};

use crate::table::{Column, number, table, text};

const COLUMNS: [Column; 8] = [
    number("ID", "id"),
    text("EFFECT", "effect"),
    text("MATCH", "match"),
    text("SCHEDULE", "schedule"),
    text("PAUSED", "paused"),
    number("LEFT", "hits_left"),
    number("SEEN", "seen"),
    number("HITS", "hits"),
];

/// Rules as a table.
pub(super) fn rules<'a>(rules: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let rows: Vec<Value> = rules.into_iter().map(row).collect();
    table(&COLUMNS, &rows)
}

fn row(rule: &Value) -> Value {
    let field = |name| rule.get(name).cloned().unwrap_or_default();
    json!({
        "id": field("id"),
        "effect": words(&effect(rule)),
        "match": words(&pairs(rule, "match")),
        "schedule": words(&pairs(rule, "schedule")),
        "paused": field("paused"),
        "hits_left": field("hits_left"),
        "seen": field("seen"),
        "hits": field("hits"),
    })
}

/// What a rule is, by name and value.
pub(super) fn parts(rule: &Value) -> Vec<(String, String)> {
    let mut effect = effect(rule);
    if let Some((name, _)) = effect.first_mut().filter(|(name, _)| name.is_empty()) {
        "effect".clone_into(name);
    }
    [effect, pairs(rule, "match"), pairs(rule, "schedule")].concat()
}

/// What it does: a word without a name, as it is added, and what belongs to it.
fn effect(rule: &Value) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (name, value) in rule.get("effect").and_then(Value::as_object).into_iter().flatten() {
        let unnamed = |word: String| (String::new(), word);
        match (name.as_str(), value) {
            ("registry", value) => parts.push(unnamed(plain(value))),
            ("type" | "delay", value) => parts.push((name.clone(), plain(value))),
            (_, Value::Bool(true)) => parts.push(unnamed(name.clone())),
            (_, Value::Object(fields)) => {
                parts.push(unnamed(name.clone()));
                parts.extend(fields.iter().map(|(name, value)| (name.clone(), plain(value))));
            }
            (_, value) => parts.push(unnamed(format!("{name} {}", plain(value)))),
        }
    }
    // The word comes first, wherever the answer has it.
    parts.sort_by_key(|(name, _)| !name.is_empty());
    parts
}

fn pairs(rule: &Value, field: &str) -> Vec<(String, String)> {
    let fields = rule.get(field).and_then(Value::as_object).into_iter().flatten();
    let given = fields.filter(|(_, value)| !value.is_null());
    given.map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn words(parts: &[(String, String)]) -> String {
    let word = |(name, value): &(String, String)| {
        if name.is_empty() { value.clone() } else { format!("{name}={value}") }
    };
    parts.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{effect, pairs, words};

    #[test]
    fn an_effect_reads_as_it_is_added() {
        for (given, text) in [
            (json!({"reset": true}), "reset"),
            (json!({"latency": "30s"}), "latency 30s"),
            (json!({"close_after": 10}), "close_after 10"),
            (json!({"slow_bytes": {"bytes": 16, "per": "1s"}}), "slow_bytes bytes=16 per=1s"),
            (json!({"corrupt": {}}), "corrupt"),
            (json!({"registry": "slow", "delay": "20m"}), "slow delay=20m"),
        ] {
            assert_eq!(words(&effect(&json!({ "effect": given }))), text);
        }
        let schedule = json!({"schedule": {"sequence": [true, false], "next": 3}});
        assert_eq!(words(&pairs(&schedule, "schedule")), "next=3 sequence=true,false");
    }
}
