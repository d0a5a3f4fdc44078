//! `exstore report`: what a journal tells, as text, as JSON, and as one page.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use control::recording::Entries;
use simulator::{JournalReport, LineError, Tally};

use crate::exit::{Code, Failure};
use crate::output::{self, Output, Telling};
use crate::progress;
use crate::report_text;

/// Shown with the help.
pub(crate) const HELP: &str = "Examples:
  exstore report store.journal
  exstore report store.journal --html report.html
  zcat store.journal.gz | exstore report - -o json";

/// What `report` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Report {
    /// The journal, as `serve --journal` or `scenario run --journal` writes it; `-` is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the report to this file too, as a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

/// Reads the journal, and tells what is in it.
pub(crate) fn run(args: &Report) -> Result<(), Failure> {
    let report = progress::awaiting("reading the journal", || read(&args.file))?;
    // Whoever has closed stdout has read enough.
    tell(&report, args.html.as_deref(), args.telling.output).map(drop)
}

/// Writes a report to stdout, and as a page to a file where one is wanted. False when nobody reads any more.
pub(crate) fn tell(
    report: &JournalReport,
    page: Option<&Path>,
    output: Output,
) -> Result<bool, Failure> {
    if let Some(path) = page {
        let written = fs::write(path, simulator::report_page(report));
        written.map_err(|error| {
            let what = format!("can't write `{}`: {error}", path.display());
            Failure::new(Code::BadInput, what)
        })?;
    }
    Ok(match output {
        Output::Text => output::lines(report_text::lines(report)),
        Output::Json => output::out(&json(serde_json::to_string_pretty(report))?),
        Output::Jsonl => output::out(&json(serde_json::to_string(report))?),
    })
}

fn json(text: Result<String, serde_json::Error>) -> Result<String, Failure> {
    text.map_err(|error| Failure::from_error(Code::Internal, &error))
}

/// The report of a file, or of stdin.
fn read(path: &Path) -> Result<JournalReport, Failure> {
    if path == Path::new("-") {
        return tally(io::stdin().lock(), "stdin");
    }
    let name = format!("`{}`", path.display());
    let file = File::open(path).map_err(|error| {
        let what = format!("can't read {name}: {error}");
        Failure::new(Code::BadInput, what).hint("`exstore serve --journal FILE` writes a journal")
    })?;
    tally(BufReader::new(file), &name)
}

/// Counts entry by entry: no more of the file is kept than one line.
fn tally(file: impl BufRead, name: &str) -> Result<JournalReport, Failure> {
    let (mut tally, mut entries) = (Tally::new(), Entries::new(file));
    for entry in entries.by_ref() {
        let entry = entry.map_err(|error| bad_line(&format!("{name} {error}")))?;
        match tally.add_line(&entry.json) {
            Ok(()) => {}
            // A server that is killed leaves its last line as far as it was written.
            Err(LineError::Entry(error)) if error.is_eof() && !entry.is_whole => tally.cut_off(),
            Err(error) => {
                let what = format!("{name} line {}: {}", entry.line, explained(&error));
                return Err(bad_line(&what));
            }
        }
    }
    if entries.is_cut_off() {
        tally.cut_off();
    }
    Ok(tally.report())
}

fn bad_line(what: &str) -> Failure {
    Failure::new(Code::BadInput, what).hint(
        "a journal is what `exstore serve --journal FILE` or `exstore scenario run --journal FILE` writes, an entry a line",
    )
}

/// What is wrong with a line, and where in it.
fn explained(error: &LineError) -> String {
    let source = core::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    // Each line is read by itself, so that the line of the JSON says nothing.
    format!("{error}: {}", source.replace(" at line 1 column ", " at column "))
}
