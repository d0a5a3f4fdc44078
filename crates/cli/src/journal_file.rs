//! The journal as a file, an entry a line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use infostore::{Cursor, Entry, Sequence};
use server::StoreHandle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::exit::{Code, Failure};

/// Entries read at a time.
const PAGE: usize = 1_000;

/// A file that takes a store's journal while the store runs; none where none was asked for.
pub(crate) struct JournalTask(Option<Writing>);

struct Writing {
    /// Dropped when what is left is to be written.
    end: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Failure>>,
}

impl JournalTask {
    /// Begins to write.
    pub(crate) fn start(path: Option<&Path>, store: &StoreHandle) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = JournalFile::create(path)?;
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(file.follow(store.clone(), ended));
        Ok(Self(Some(Writing { end, task })))
    }

    /// Writes what is left.
    pub(crate) async fn finish(self) -> Result<(), Failure> {
        let Some(Writing { end, task }) = self.0 else { return Ok(()) };
        drop(end);
        task.await.unwrap_or_else(|error| Err(Failure::from_error(Code::Internal, &error)))
    }
}

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

    /// Writes entries as they come, until `end` is sent or dropped; then those that are left.
    pub(crate) async fn follow(
        mut self,
        store: StoreHandle,
        mut end: oneshot::Receiver<()>,
    ) -> Result<(), Failure> {
        let mut cursor = store.follow();
        loop {
            self.catch_up(&store).await?;
            tokio::select! {
                changed = cursor.changed() => if changed.is_err() { return Ok(()) },
                _ = &mut end => return self.catch_up(&store).await,
            }
        }
    }

    /// Writes the whole journal of a store, and is ready for that of another.
    pub(crate) async fn take(mut self, store: &StoreHandle) -> Result<Self, Failure> {
        self.written = Cursor::START;
        self.catch_up(store).await?;
        Ok(self)
    }

    /// Writes every entry that is not written yet.
    async fn catch_up(&mut self, store: &StoreHandle) -> Result<(), Failure> {
        loop {
            let written = self.written;
            // A store that has stopped has nothing left to tell.
            let page = store.read(move |view| next_page(&view, written)).await.ok().flatten();
            let Some(Page { entries, end }) = page else { return Ok(()) };
            for entry in &entries {
                writeln!(self.file, "{}", control::journal_line(entry))
                    .map_err(|error| self.cannot_write(&error))?;
            }
            self.file.flush().map_err(|error| self.cannot_write(&error))?;
            self.written = end;
        }
    }

    fn cannot_write(&self, error: &std::io::Error) -> Failure {
        cannot_write(&self.path, error)
    }
}

struct Page {
    entries: Vec<Entry>,
    end: Cursor,
}

/// What comes after `written`: what is left of its epoch, then the present one. Entries that have been evicted are passed
/// over.
fn next_page(view: &server::View<'_>, written: Cursor) -> Option<Page> {
    let present = Cursor { epoch: view.cursor().epoch, seq: Sequence(0) };
    page_after(view, written)
        .or_else(|| if written.epoch == present.epoch { None } else { page_after(view, present) })
}

fn page_after(view: &server::View<'_>, after: Cursor) -> Option<Page> {
    let journal = view.journal(after.epoch)?;
    let oldest = journal.first()?.0.saturating_sub(1);
    let entries = journal.page(after.seq.max(Sequence(oldest)), PAGE)?.entries;
    let end = Cursor { epoch: after.epoch, seq: entries.last()?.seq };
    Some(Page { entries, end })
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
}
