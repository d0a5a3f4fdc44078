//! The first line of a recording that a replay does not come to: what was recorded, what came instead, and what was asked last.

use std::collections::BTreeSet;

use control::recording::{Answer, Input, Line, Opportunity, RecordedLine};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::exit::{Code, Failure};

/// Characters of a line that people are shown.
const SHOWN: usize = 400;

/// The first difference.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    /// Its line in the recording.
    line: usize,
    /// The entry that was recorded there, where one was.
    cursor: Option<String>,
    /// What is there; of an entry the entry itself.
    recorded: Value,
    /// What came instead; none where nothing did.
    replayed: Option<Value>,
    /// The fields that differ, where both are entries.
    fields: Vec<Field>,
    /// What was asked last; none while the store started.
    input: Option<Asked>,
}

/// A field that differs; null where there is none.
#[derive(Debug, Serialize)]
struct Field {
    name: String,
    recorded: Value,
    replayed: Value,
}

/// An input.
#[derive(Debug, Serialize)]
struct Asked {
    number: u64,
    line: usize,
    asked: String,
}

impl Difference {
    pub(super) fn new(
        recorded: &RecordedLine,
        replayed: Option<Line>,
        input: Option<RecordedLine>,
    ) -> Self {
        let (recorded_value, replayed_value) =
            (value(&recorded.line), replayed.as_ref().map(value));
        let both_entries = [Some(&recorded.line), replayed.as_ref()]
            .map(|line| matches!(line, Some(Line::Entry(_))));
        let fields = match (&recorded_value, &replayed_value) {
            (Value::Object(recorded), Some(Value::Object(replayed)))
                if both_entries == [true; 2] =>
            {
                fields(recorded, replayed)
            }
            _ => Vec::new(),
        };
        Self {
            line: recorded.number,
            cursor: place(&recorded.line).map(|(epoch, seq)| format!("{epoch}-{seq}")),
            recorded: recorded_value,
            replayed: replayed_value,
            fields,
            input: input.as_ref().and_then(Asked::of),
        }
    }

    /// The same for people.
    pub(super) fn failure(&self) -> Failure {
        let line = self.line;
        let what = match &self.cursor {
            Some(cursor) => format!("entry {cursor} is not what was recorded in line {line}"),
            None => format!("something else happens than what was recorded in line {line}"),
        };
        let mut notes: Vec<String> = self.fields.iter().map(Field::line).collect();
        notes.push(format!("recorded  {}", short(&self.recorded)));
        let replayed = self.replayed.as_ref().map(short);
        notes.push(format!("replayed  {}", replayed.unwrap_or_else(|| "nothing".to_owned())));
        notes.push(match &self.input {
            Some(Asked { number, line, asked }) => {
                format!("after input {number} (line {line}): {asked}")
            }
            None => "while the store started".to_owned(),
        });
        Failure::new(Code::NotMet, what).notes(notes)
    }
}

impl Field {
    fn line(&self) -> String {
        let Self { name, recorded, replayed } = self;
        format!("{name}: recorded {}, replayed {}", short(recorded), short(replayed))
    }
}

impl Asked {
    fn of(line: &RecordedLine) -> Option<Self> {
        let (number, asked) = match &line.line {
            Line::Input(Input { number, method, path, body, .. }) => {
                let body = body.as_deref().unwrap_or_default();
                (*number, format!("{method} {path} {body}"))
            }
            Line::Opportunity(Opportunity { number, method, route, .. }) => {
                (*number, format!("the fault rules of {method} {route}"))
            }
            Line::Recording(_)
            | Line::Entry(_)
            | Line::Answer(_)
            | Line::Broken(_)
            | Line::End(_) => return None,
        };
        Some(Self { number, line: line.number, asked: shortened(asked.trim_end()) })
    }
}

/// The epoch and the number of an entry.
pub(super) fn place(line: &Line) -> Option<(u64, u64)> {
    let Line::Entry(entry) = line else { return None };
    let event: Value = serde_json::from_str(entry.event.get()).ok()?;
    Some((entry.epoch, event.get("seq")?.as_u64()?))
}

/// What a line says: of an entry with its epoch, of an answer in words of its own.
fn value(line: &Line) -> Value {
    match line {
        Line::Entry(entry) => {
            let fields: Option<Map<String, Value>> = serde_json::from_str(entry.event.get()).ok();
            let mut fields = fields.unwrap_or_default();
            fields.insert("epoch".to_owned(), entry.epoch.into());
            Value::Object(fields)
        }
        Line::Answer(Answer { input, status: None, .. }) => {
            Value::String(format!("input {input} is over"))
        }
        Line::Recording(_)
        | Line::Input(_)
        | Line::Opportunity(_)
        | Line::Answer(_)
        | Line::Broken(_)
        | Line::End(_) => serde_json::to_value(line).unwrap_or_default(),
    }
}

fn fields(recorded: &Map<String, Value>, replayed: &Map<String, Value>) -> Vec<Field> {
    let names: BTreeSet<&String> = recorded.keys().chain(replayed.keys()).collect();
    let of = |map: &Map<String, Value>, name: &String| map.get(name).cloned().unwrap_or_default();
    let field = |name: &String| Field {
        name: name.clone(),
        recorded: of(recorded, name),
        replayed: of(replayed, name),
    };
    let all = names.into_iter().map(field);
    all.filter(|field| field.recorded != field.replayed).collect()
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            shortened(&value.to_string())
        }
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(SHOWN).collect();
    format!("{beginning}\u{2026}")
}
