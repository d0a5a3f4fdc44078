//! Where in a JSON text a reader stopped, as a JSON pointer ([RFC 6901]): serde says the line and the column only.
//!
//! [RFC 6901]: https://www.rfc-editor.org/rfc/rfc6901

/// The place of the last byte of `read`, the part of a JSON text that a reader had taken when it stopped: the value that
/// was being read or just ended, or the field whose name just ended.
pub(crate) fn pointer_at(read: &[u8]) -> String {
    let mut walk = Walk::default();
    for (at, byte) in read.iter().enumerate() {
        walk.step(read, at, *byte);
    }
    let mut pointer = "#".to_owned();
    for place in &walk.places {
        match place {
            Place::Object(None) => {}
            Place::Object(Some(key)) => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Place::Array(index) => pointer.push_str(&format!("/{index}")),
        }
    }
    pointer
}

/// The part of `text` up to a line and a column, both from 1, the column in bytes.
pub(crate) fn up_to(text: &[u8], line: usize, column: usize) -> &[u8] {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    text.get(..before.saturating_add(column)).unwrap_or(text)
}

/// A walk through a JSON text, as deep as its nesting.
#[derive(Default)]
struct Walk {
    places: Vec<Place>,
    /// Where the string began that is being read.
    string: Option<usize>,
    escaped: bool,
    /// Whether the next string is a field's name.
    name_next: bool,
}

/// A container, and where in it the walk stands.
enum Place {
    Object(Option<String>),
    Array(usize),
}

impl Walk {
    fn step(&mut self, text: &[u8], at: usize, byte: u8) {
        match self.string {
            Some(_) if self.escaped => self.escaped = false,
            Some(_) if byte == b'\\' => self.escaped = true,
            Some(start) if byte == b'"' => {
                self.string = None;
                self.end_string(text.get(start..=at).unwrap_or_default());
            }
            Some(_) => {}
            None => self.step_outside(at, byte),
        }
    }

    fn step_outside(&mut self, at: usize, byte: u8) {
        match byte {
            b'"' => self.string = Some(at),
            b'{' => self.enter(Place::Object(None)),
            b'[' => self.enter(Place::Array(0)),
            b'}' | b']' => {
                self.places.pop();
                self.name_next = false;
            }
            b',' => self.next(),
            _ => {}
        }
    }

    fn enter(&mut self, place: Place) {
        self.name_next = matches!(place, Place::Object(_));
        self.places.push(place);
    }

    fn next(&mut self) {
        match self.places.last_mut() {
            Some(Place::Object(name)) => {
                *name = None;
                self.name_next = true;
            }
            Some(Place::Array(index)) => *index = index.saturating_add(1),
            None => {}
        }
    }

    fn end_string(&mut self, quoted: &[u8]) {
        if let Some(Place::Object(name)) = self.places.last_mut().filter(|_| self.name_next) {
            *name = serde_json::from_slice(quoted).ok();
            self.name_next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{pointer_at, up_to};

    #[test]
    fn a_pointer_leads_to_where_the_text_ends() {
        for (read, pointer) in [
            ("", "#"),
            ("{", "#"),
            (r#"{"a""#, "#/a"),
            (r#"{"a":1"#, "#/a"),
            (r#"{"a":1}"#, "#"),
            (r#"{"a":1,"#, "#"),
            (r#"{"a":"b","c""#, "#/c"),
            (r#"{"a":{"b":[10,{"c""#, "#/a/b/1/c"),
            (r#"{"a":{"b":1}"#, "#/a"),
            (r#"{"a":[[],[1,2"#, "#/a/1/1"),
            (r#"{"\u0061~/\"}":1"#, "#/a~0~1\"}"),
            (r#"{"a":"},{\\","b""#, "#/b"),
            ("]]]}}}", "#"),
        ] {
            assert_eq!(pointer_at(read.as_bytes()), pointer, "{read}");
        }
    }

    #[test]
    fn a_line_and_a_column_lead_into_the_text() {
        let text = b"ab\ncd\n\nef";
        for (line, column, expected) in [
            (1, 0, ""),
            (1, 2, "ab"),
            (2, 1, "ab\nc"),
            (4, 2, "ab\ncd\n\nef"),
            (9, 9, "ab\ncd\n\nef"),
        ] {
            assert_eq!(up_to(text, line, column), expected.as_bytes(), "{line}:{column}");
        }
    }
}
