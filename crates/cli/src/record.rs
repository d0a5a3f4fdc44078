//! `--record`: what a store is asked and what it does, written as it happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use control::recording::{Chain, Happenings, Header, Line, Recorder, Setup, SetupError};
use server::{StoreHandle, StoreOptions};

use crate::exit::{Code, Failure};
use crate::startup::blocking;

/// The file of a recording, with its first line.
pub(crate) struct RecordFile {
    path: PathBuf,
    file: BufWriter<File>,
    chain: Chain,
}

/// A store that is recorded.
pub(crate) struct Recording {
    pub(crate) recorder: Recorder,
    writer: JoinHandle<Result<(), Failure>>,
}

impl RecordFile {
    /// Creates the file, or empties the one that is there, and makes the store's options ready to be recorded.
    pub(crate) fn create(path: &Path, options: &mut StoreOptions) -> Result<Self, Failure> {
        let store = Setup::of(options).map_err(|error| cannot_record(&error))?;
        let file = File::create(path).map_err(|error| cannot_write(path, &error))?;
        let file = BufWriter::new(file);
        let mut recording = Self { path: path.to_owned(), file, chain: Chain::default() };
        let (format, exstore) = (Header::FORMAT, env!("CARGO_PKG_VERSION").to_owned());
        recording.write(&Line::Recording(Box::new(Header { format, exstore, store })))?;
        recording.flush()?;
        Ok(recording)
    }

    /// Records a store that was started with those options.
    pub(crate) async fn record(self, store: &StoreHandle) -> Result<Recording, Failure> {
        let started = Recorder::start(store).await;
        let (recorder, happenings) =
            started.map_err(|error| Failure::from_error(Code::Internal, &error))?;
        // A thread of its own: the store waits for it when the disk is slow.
        let writer = thread::spawn(move || {
            let written = self.follow(happenings);
            if written.is_err() {
                tracing::error!("the recording can't be written, and ends here");
            }
            written
        });
        Ok(Recording { recorder, writer })
    }

    fn follow(mut self, happenings: Happenings) -> Result<(), Failure> {
        for line in happenings {
            self.write(&line)?;
            match line {
                Line::Broken(broken) => {
                    self.flush()?;
                    return Err(Failure::new(Code::Internal, broken.reason)
                        .hint("what was recorded before that can be replayed"));
                }
                // So that a crash leaves whole inputs.
                Line::Answer(_) | Line::End(_) => self.flush()?,
                Line::Recording(_) | Line::Input(_) | Line::Opportunity(_) | Line::Entry(_) => {}
            }
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<(), Failure> {
        let sealed = self.chain.seal(line);
        writeln!(self.file, "{sealed}").map_err(|error| cannot_write(&self.path, &error))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| cannot_write(&self.path, &error))
    }
}

impl Recording {
    /// Ends the recording, when the input under way is over.
    pub(crate) async fn finish(self) -> Result<(), Failure> {
        let Self { recorder, writer } = self;
        recorder.finish().await;
        let joined = move || writer.join();
        blocking(move || {
            let broke = |_| Err(Failure::new(Code::Internal, "the recording's thread broke"));
            joined().unwrap_or_else(broke)
        })
        .await
    }
}

fn cannot_record(error: &SetupError) -> Failure {
    match error {
        SetupError::NotManual => Failure::from_error(Code::Usage, error)
            .hint("add --clock manual: what comes at an instant of the wall can't be done again"),
        SetupError::Registry(_) | SetupError::User { .. } | SetupError::Domain(_) => {
            Failure::from_error(Code::BadInput, error)
        }
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
}
