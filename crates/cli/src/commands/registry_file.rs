//! `.reg` files: bytes that go to the server and come from it, and where in the file the server found a fault.

use std::fs;
use std::io::Read;
use std::path::Path;

use clap::ValueEnum;

use super::request::query;
use crate::exit::{Code, Failure};
use crate::http::{Method, Payload, RequestError};
use crate::lints::pointed;
use crate::problem::Problem;
use crate::remote::Remote;
use crate::table::fields;

/// How a .reg file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum ExportFormat {
    /// "Windows Registry Editor Version 5.00", in UTF-16
    V5,
    /// "REGEDIT4", in the code page of old
    Regedit4,
}

/// A key and all below it.
pub(super) fn export(
    remote: &Remote,
    key: &str,
    format: ExportFormat,
    node: &Option<String>,
) -> Result<Vec<u8>, Failure> {
    let format = match format {
        ExportFormat::V5 => "v5",
        ExportFormat::Regedit4 => "regedit4",
    };
    let parameters =
        [("key", &Some(key.to_owned())), ("format", &Some(format.to_owned())), ("node", node)];
    Ok(remote.get(&query("/registry-export", parameters))?.body)
}

/// Writes bytes to a file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| {
        Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
    })
}

/// Has the server take over a file.
pub(super) fn import(remote: &Remote, path: &Path, node: &Option<String>) -> Result<(), Failure> {
    let bytes = read(path)?;
    let payload = Payload::Bytes(bytes.clone());
    let sent = remote.send(Method::Post, &query("/registry-import", [("node", node)]), payload);
    match sent {
        Ok(answer) if answer.body.is_empty() => {
            remote.note("imported");
            Ok(())
        }
        Ok(answer) => remote.show(&answer, fields),
        Err(RequestError::Refused(problem)) if matches!(problem.status, 400 | 422) => {
            let places = places(&problem, path, &bytes);
            let failure = Failure::from(RequestError::Refused(problem));
            Err(failure.with_code(Code::BadInput).notes(places))
        }
        Err(error) => Err(error.into()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map_err(|error| {
        Failure::new(Code::BadInput, format!("can't read `{}`: {error}", path.display()))
    })
}

/// Each fault with its line of the file, and a caret under its column.
fn places(problem: &Problem, path: &Path, bytes: &[u8]) -> Vec<String> {
    let text = decoded(bytes);
    let mut lines = Vec::new();
    for error in &problem.errors {
        let (Some(number), Some(column)) = (error.line, error.column) else { continue };
        let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
        let start = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |at| at.0);
        let place = format!("{}:{number}:{column}: {}", path.display(), error.detail);
        lines.extend(pointed(&place, line, start, start));
    }
    lines
}

/// The text of a file, for showing: UTF-16 when it begins so, else what UTF-8 makes of it.
fn decoded(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let units = rest.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::places;
    use crate::problem::Problem;

    #[test]
    fn a_fault_is_shown_in_its_line_whatever_the_encoding() {
        let text = "REGEDIT4\r\n\r\n[HKLM\\a]\r\n\"b\"=dwrd:1\r\n";
        let wide: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let problem = br#"{"errors":[{"line":4,"column":5,"detail":"`dwrd` is no type"}]}"#;
        let problem = Problem::read(400, problem);
        for (name, bytes) in [("narrow", text.as_bytes()), ("wide", &wide)] {
            let shown = places(&problem, Path::new("a.reg"), bytes);
            let told =
                [" --> a.reg:4:5: `dwrd` is no type", "  |", "  | \"b\"=dwrd:1", "  |     ^"];
            assert_eq!(shown, told, "{name}");
        }
    }
}
