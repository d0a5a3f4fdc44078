//! The journal as a file, an entry a line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use infostore::{Cursor, Entry, Sequence};
use server::StoreHandle;

use crate::exit::{Code, Failure};

/// Entries read at a time.
const PAGE: usize = 1_000;

/// A file that takes the journal.
pub(crate) struct JournalFile {
    path: PathBuf,
    file: BufWriter<File>,
    written: Cursor,
}

impl JournalFile {
    /// Creates the file, or empties the one that is there.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| cannot_write(path, &error))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), written: Cursor::START })
    }

    /// Writes entries as they come, until the service has ended.
    pub(crate) async fn follow(mut self, store: StoreHandle) -> Result<(), Failure> {
        let mut cursor = store.follow();
        loop {
            let service_ended = self.catch_up(&store).await?;
            if service_ended || cursor.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Writes every entry that is not written yet; whether the service has ended with them.
    pub(crate) async fn catch_up(&mut self, store: &StoreHandle) -> Result<bool, Failure> {
        loop {
            let written = self.written;
            let page = store.read(move |view| next_page(&view, written)).await;
            let Ok(Page { entries, end, service_ended }) = page else {
                return Ok(true);
            };
            for entry in &entries {
                writeln!(self.file, "{}", control::journal_line(entry))
                    .map_err(|error| self.cannot_write(&error))?;
            }
            self.file.flush().map_err(|error| self.cannot_write(&error))?;
            self.written = end;
            if entries.len() < PAGE {
                return Ok(service_ended);
            }
        }
    }

    fn cannot_write(&self, error: &std::io::Error) -> Failure {
        cannot_write(&self.path, error)
    }
}

struct Page {
    entries: Vec<Entry>,
    end: Cursor,
    service_ended: bool,
}

/// The entries after `written`, from the oldest that is left when those are gone or the epoch has changed.
fn next_page(view: &server::View<'_>, written: Cursor) -> Page {
    let journal = view.store().journal();
    let cursor = journal.cursor();
    let seq = if written.epoch == cursor.epoch { written.seq } else { Sequence(0) };
    let oldest = Sequence(journal.first().map_or(0, |first| first.0.saturating_sub(1)));
    let after = seq.max(oldest);
    let entries = journal.page(after, PAGE).map_or_else(Vec::new, |page| page.entries);
    let end = Cursor { epoch: cursor.epoch, seq: entries.last().map_or(after, |entry| entry.seq) };
    Page { entries, end, service_ended: view.store().has_stopped() }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
}
