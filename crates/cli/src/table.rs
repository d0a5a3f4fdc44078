//! JSON for people: lists as tables, single things as a field a line. What the server does not say is a dash.

use serde_json::Value;

use crate::colour;
use crate::visible::{visible, width};

/// Columns of the terminal that a cell of a table takes at the most.
const WIDEST: usize = 60;

/// A column of a table, or a line of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    head: &'static str,
    /// Where the value is: names joined by dots.
    field: &'static str,
    right: bool,
    /// Where all values are, of which `field` has the first: those behind it are counted.
    all: Option<&'static str>,
}

/// A column of text.
pub(crate) const fn text(head: &'static str, field: &'static str) -> Column {
    Column { head, field, right: false, all: None }
}

/// A column of numbers.
pub(crate) const fn number(head: &'static str, field: &'static str) -> Column {
    Column { head, field, right: true, all: None }
}

/// A column of text that is the first of several; the others are counted, as in `a.exe +1`.
pub(crate) const fn first(head: &'static str, field: &'static str, all: &'static str) -> Column {
    Column { head, field, right: false, all: Some(all) }
}

/// A table with a head, a row for each value.
pub(crate) fn table<'a>(
    columns: &[Column],
    values: impl IntoIterator<Item = &'a Value>,
) -> Vec<String> {
    let head = columns.iter().map(|column| column.head.to_owned()).collect();
    let last = columns.last().map(|column| column.head);
    let cell = |value: &Value, column: &Column| {
        let text = cell(value, column.field);
        let text = if last == Some(column.head) { text } else { cut(text) };
        format!("{text}{}", others(value, column))
    };
    let row = |value: &'a Value| columns.iter().map(|column| cell(value, column)).collect();
    let rows = values.into_iter().map(row);
    let rows: Vec<Vec<String>> = core::iter::once(head).chain(rows).collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|place| rows.iter().filter_map(|row| row.get(place)).map(|text| width(text)).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut lines: Vec<String> = rows.iter().map(|row| line(columns, row, &widths)).collect();
    if let Some(head) = lines.first_mut() {
        *head = colour::head(head);
    }
    lines
}

/// A field a line: what it is called, then its value.
pub(crate) fn block(columns: &[Column], value: &Value) -> Vec<String> {
    let widest = columns.iter().map(|column| width(column.head)).max().unwrap_or_default();
    let line = |column: &Column| {
        let padding = padding(widest, column.head);
        format!("{}{padding}  {}", column.head, cell(value, column.field))
    };
    columns.iter().map(line).collect()
}

/// The same for every field that a value has.
pub(crate) fn fields(value: &Value) -> Vec<String> {
    let named: Vec<_> = value.as_object().into_iter().flatten().collect();
    let widest = named.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
    let line = |(name, value): &(&String, &Value)| {
        format!("{}{}  {}", visible(name), padding(widest, name), shown(value))
    };
    named.iter().map(line).collect()
}

/// The value at a place of names joined by dots.
fn at<'a>(value: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(value, |value, name| value.get(name))
}

/// A value as text, which can be printed.
pub(crate) fn cell(value: &Value, field: &str) -> String {
    shown(at(value, field).unwrap_or(&Value::Null))
}

/// How many more there are than the one that a column shows.
fn others(value: &Value, column: &Column) -> String {
    let all = column.all.and_then(|all| at(value, all)).and_then(Value::as_array);
    match all.map_or(0, Vec::len).saturating_sub(1) {
        0 => String::new(),
        more => format!(" +{more}"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => visible(text),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Number(_) | Value::Object(_) => visible(&value.to_string()),
    }
}

fn line(columns: &[Column], row: &[String], widths: &[usize]) -> String {
    let cells = columns.iter().zip(row).zip(widths).map(|((column, text), wide)| {
        let padding = padding(*wide, text);
        if column.right { format!("{padding}{text}") } else { format!("{text}{padding}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn padding(wide: usize, text: &str) -> String {
    " ".repeat(wide.saturating_sub(width(text)))
}

/// A text that is too wide loses its end.
fn cut(text: String) -> String {
    if width(&text) <= WIDEST {
        return text;
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if WIDEST <= width(&kept).saturating_add(1) {
            break;
        }
    }
    kept.push('\u{2026}');
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{block, first, number, table, text};

    #[test]
    fn columns_are_aligned_whatever_they_hold() {
        let columns = [number("ID", "id"), text("PROCESS", "process"), text("CODE", "code.name")];
        let values = [
            json!({"id": 1, "process": "\u{65e5}\u{672c}.exe", "code": {"name": "ecNone"}}),
            json!({"id": 10, "process": "e\x1b.exe", "code": null}),
            json!({"id": 100}),
            json!({"id": 7, "process": "x".repeat(61)}),
        ];
        let lines = table(&columns, &values);
        let long = format!(" {} {}\u{2026}  -", " 7", "x".repeat(59));
        let wide = |text: &str| format!("{text}{}", " ".repeat(60 - text.len()));
        assert_eq!(lines[0], format!(" ID  {}  CODE", wide("PROCESS")));
        assert_eq!(lines[1], format!("  1  \u{65e5}\u{672c}.exe{}  ecNone", " ".repeat(52)));
        assert_eq!(lines[2], format!(" 10  e\u{241b}.exe{}  -", " ".repeat(54)));
        assert_eq!(lines[3], format!("100  {}  -", wide("-")));
        assert_eq!(lines[4], long.replacen("  7 ", "  7  ", 1));
        assert_eq!(block(&columns, &values[0])[2], "CODE     ecNone");
    }

    #[test]
    fn of_several_names_the_first_is_shown_and_the_others_are_counted() {
        let long = "x".repeat(61);
        let rows = [
            ("no name", json!({"process": null, "processes": []}), "-".to_owned()),
            ("one", json!({"process": "a.exe", "processes": ["a.exe"]}), "a.exe".to_owned()),
            (
                "three",
                json!({"process": "a.exe", "processes": ["a.exe", "b.exe", "c.exe"]}),
                "a.exe +2".to_owned(),
            ),
            (
                "a long one",
                json!({"process": long, "processes": [long, "b.exe"]}),
                format!("{}\u{2026} +1", "x".repeat(59)),
            ),
        ];
        let columns = [first("PROCESS", "process", "processes"), text("USER", "user")];
        for (name, value, shown) in rows {
            assert_eq!(table(&columns, [&value])[1], format!("{shown:7}  -"), "{name}");
        }
    }
}
