//! The journal as a file, an entry a line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use infostore::{Cursor, Entry};
use server::{StoreHandle, Told};
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

    /// Writes every entry that is not written yet. Entries that have been evicted are passed over.
    async fn catch_up(&mut self, store: &StoreHandle) -> Result<(), Failure> {
        loop {
            match store.told_after(self.written, PAGE).await {
                Told::Entries(entries) => self.write(&entries)?,
                Told::Gap(place) | Told::Reset(place) => self.written = place,
                Told::UpToDate | Told::Ended => return Ok(()),
            }
        }
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            writeln!(self.file, "{}", control::journal_line(entry))
                .map_err(|error| self.cannot_write(&error))?;
            self.written.seq = entry.seq;
        }
        self.file.flush().map_err(|error| self.cannot_write(&error))
    }

    fn cannot_write(&self, error: &std::io::Error) -> Failure {
        cannot_write(&self.path, error)
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
}
