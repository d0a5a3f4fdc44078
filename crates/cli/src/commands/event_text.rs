//! An entry of the journal as a line: when, where in the journal, why, what, and the fields that matter for its type.

use serde_json::Value;

use super::fault_text::parts;
use super::list_text::changed;
use crate::table::cell;

/// What each kind of event is shown with; names are joined by dots as the API nests them.
const FIELDS: [(&str, &[&str]); 9] = [
    (
        "session.",
        &[
            "session",
            "process",
            "client_version",
            "machine",
            "client_id",
            "group",
            "kept",
            "kind",
            "push",
            "trigger",
            "reason",
            "refusal",
            "code.name",
            "decision.item",
        ],
    ),
    (
        "enforcement.",
        &["generation", "mode", "disconnected", "would_block", "kept", "unidentified"],
    ),
    ("poll.skipped", &["due"]),
    ("poll.", &["poll.number", "poll.trigger", "value", "error", "changed", "generation"]),
    ("registry.invalid", &["value", "problem", "lints"]),
    ("registry.", &["node", "action", "name", "value.type", "value.data", "value.hex", "key"]),
    ("cluster.", &["mode", "active"]),
    (
        "fault.hit",
        &[
            "fault",
            "effect",
            "value",
            "stage",
            "session",
            "process",
            "client_id",
            "group",
            "opnum",
            "method",
            "route",
        ],
    ),
    ("fault.removed", &["fault"]),
];

/// Of every other type, which may be one that this program does not know, everything but what begins the line.
const BEGINNING: [&str; 4] = ["seq", "at", "cause", "type"];

/// The line.
pub(super) fn line(event: &Value) -> String {
    let kind = cell(event, "type");
    let fields: Vec<String> = match FIELDS.iter().find(|(prefix, _)| kind.starts_with(prefix)) {
        None if kind.starts_with("fault.") => fault(event),
        Some((_, fields)) => fields.iter().filter_map(|field| named(event, field)).collect(),
        None => {
            let names = event.as_object().into_iter().flat_map(|fields| fields.keys());
            let names = names.filter(|name| !BEGINNING.contains(&name.as_str()));
            names.filter_map(|name| named(event, name)).collect()
        }
    };
    let (at, seq, cause) = (cell(event, "at"), cell(event, "seq"), cell(event, "cause"));
    let line = format!("{at}  {seq:>5}  {cause:<9}  {kind:<21}  {}", fields.join(" "));
    line.trim_end().to_owned()
}

/// A rule that was added or changed.
fn fault(event: &Value) -> Vec<String> {
    let beside = ["fault", "paused"].into_iter().filter_map(|field| named(event, field));
    beside.chain(parts(event).into_iter().map(|(name, value)| pair(&name, value))).collect()
}

/// `name=value`, quoted where it has spaces; nothing for what is not there.
fn named(event: &Value, field: &str) -> Option<String> {
    let value = match event.get(field) {
        Some(change @ Value::Object(fields)) if fields.contains_key("added") => changed(change)?,
        Some(Value::Array(lints)) if lints.iter().any(Value::is_object) => {
            lints.iter().map(|lint| cell(lint, "code")).collect::<Vec<_>>().join(",")
        }
        _ => cell(event, field),
    };
    // What a name or an effect is of says more than the word itself.
    let name = field.strip_suffix(".name").or_else(|| field.strip_suffix(".registry"));
    let name = name.unwrap_or(field).rsplit('.').next().unwrap_or(field);
    (value != "-").then(|| pair(name, value))
}

fn pair(name: &str, value: String) -> String {
    let quoted = value.contains([' ', '"', '=']);
    let value = if quoted { Value::from(value).to_string() } else { value };
    format!("{name}={value}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn what_a_policy_changed_is_short_however_long_the_list() {
        let added: Vec<String> = (1..=9).map(|number| format!("{number}.exe")).collect();
        let event = json!({
            "seq": 6, "at": "2006-04-22T08:00:00Z", "cause": "poll:2", "type": "policy.changed",
            "generation": 1, "processes": {"added": added, "removed": ["mdl.exe"]},
            "versions": {"added": [], "removed": []},
        });
        let told = "policy.changed         generation=1 processes=\"+ 1.exe; + 2.exe; + 3.exe; + 4.exe; + 5.exe; + 6.exe; and 4 more\"";
        assert!(line(&event).ends_with(told), "{}", line(&event));
    }

    #[test]
    fn an_event_of_an_unknown_type_shows_all_that_it_has() {
        let event = json!({
            "seq": 7, "at": "2006-04-22T08:00:00Z", "cause": "control", "type": "moon.rose",
            "phase": "nearly full", "tide": 3, "clouds": null,
        });
        let told = "2006-04-22T08:00:00Z      7  control    moon.rose              phase=\"nearly full\" tide=3";
        assert_eq!(line(&event), told);
    }
}
