//! `.reg` files: bytes that go to the server and come from it, and where in a file the server found a fault.

use std::fs;
use std::io::Read;
use std::path::Path;

use clap::ValueEnum;

use super::request::query;
use crate::exit::{Code, Failure};
use crate::http::{Method, Payload, RequestError};
use crate::lints::pointed;
use crate::problem::{FieldError, Problem};
use crate::remote::Remote;
use crate::table::{Column, text};
use crate::visible::visible;

/// How a .reg file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum ExportFormat {
    /// "Windows Registry Editor Version 5.00", in UTF-16
    V5,
    /// "REGEDIT4", in the code page of old
    Regedit4,
}

/// Whose registry it is, and how its files of the old format are encoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) node: &'a Option<String>,
    pub(super) code_page: Option<u16>,
}

const IMPORTED: [Column; 3] =
    [text("edits", "edits"), text("changed", "changed"), text("keys", "keys")];

/// A key and all below it.
pub(super) fn export(
    remote: &Remote,
    key: &str,
    format: ExportFormat,
    source: Source<'_>,
) -> Result<Vec<u8>, Failure> {
    let format = match format {
        ExportFormat::V5 => "v5",
        ExportFormat::Regedit4 => "regedit4",
    };
    let (key, format) = (Some(key.to_owned()), Some(format.to_owned()));
    let path = source.path("/registry-export", [("key", &key), ("format", &format)]);
    Ok(remote.get(&path)?.body)
}

impl Source<'_> {
    fn path<const N: usize>(
        &self,
        path: &str,
        parameters: [(&'static str, &Option<String>); N],
    ) -> String {
        let page = self.code_page.map(|page| page.to_string());
        query(path, parameters.into_iter().chain([("code_page", &page), ("node", self.node)]))
    }
}

/// Writes bytes to a file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| {
        Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
    })
}

/// Has the server take over a file.
pub(super) fn import(remote: &Remote, path: &Path, source: Source<'_>) -> Result<(), Failure> {
    let payload = Payload::Bytes("application/octet-stream", read(path)?);
    let remote = remote.awaiting(format!("importing {}", visible(&path.display().to_string())));
    match remote.send(Method::Post, &source.path("/registry-import", []), payload) {
        Ok(answer) => remote.show_block(&answer, &IMPORTED),
        Err(RequestError::Refused(problem)) => {
            let places = places(&problem, path);
            Err(Failure::from(RequestError::Refused(problem)).notes(places))
        }
        Err(error) => Err(error.into()),
    }
}

/// The bytes of a file, or of stdin when it is `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
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

/// Each fault with its line of the file as the server shows it, and a caret under its column.
fn places(problem: &Problem, path: &Path) -> Vec<String> {
    let place = |error: &FieldError| {
        let (line, column) = (error.line?, error.column?);
        let shown = error.excerpt_column.unwrap_or(column);
        let cut = if shown < column { "\u{2026}" } else { "" };
        let excerpt = format!("{cut}{}", error.excerpt.as_ref()?);
        let skipped = shown.saturating_sub(1).saturating_add(cut.chars().count());
        let start = excerpt.char_indices().nth(skipped).map_or(excerpt.len(), |at| at.0);
        // What the problem has said already is not said again.
        let detail = if problem.says(&error.detail) { "" } else { &error.detail };
        let colon = if detail.is_empty() { "" } else { ": " };
        let place = format!("{}:{line}:{column}{colon}{detail}", path.display());
        Some(pointed(&place, &excerpt, start, start))
    };
    problem.errors.iter().filter_map(place).flatten().collect()
}
