//! A registry in a `.reg` file, which whoever likes edits with whatever they like (docs/adr/0012-registry-stores.md).

mod atomic;
mod document;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use self::document::Document;
use crate::{
    AnsiCodePage, Edit, EditError, KeyPath, KeyStore, KeyStoreError, KeyTree, RegValue, Registry,
    ValueName, ValueRead,
};

/// A `.reg` file as a registry: what it would make of an empty registry is what is in this one.
///
/// The file is read anew each time. One that is not there any more, can't be read or can't be understood is a registry that
/// can't say what it holds (policy A9); so an editor that empties a file before it writes it takes no policy away. A file that
/// was cut between two lines is a shorter file, and nobody can tell.
///
/// An edit reads the file, and writes it anew beside itself: under another name in the same folder, then to the disk, then to
/// its own name in one step. So a reader sees the old file or the new one, and a crash leaves one of them. A symbolic link
/// stays one; permissions and the owner are kept, or nothing is written; hard links and extended attributes are not kept. The
/// format, the encoding and, in UTF-8, the line ends stay as they were, and so does every other key and value; comments, the
/// order of the lines and keys that only others below them imply are not kept. An edit that changes nothing writes nothing.
///
/// Edits through one `FileKeyStore` wait for each other. Between it and anyone else, another process or a second one on the
/// same file, the file is compared with what was read directly before it is replaced: what was written until then is not
/// lost, and the edit is refused. What is written in the moment between that and the replacement is.
#[derive(Debug)]
pub struct FileKeyStore {
    path: PathBuf,
    ansi: AnsiCodePage,
    edits: Mutex<()>,
}

/// Why a file can't be opened as a registry.
#[derive(Debug, thiserror::Error)]
pub enum FileOpenError {
    /// There is none.
    #[error(
        "there is no registry file `{path}`: export one with regedit, or write one with the line \
         `Windows Registry Editor Version 5.00`", path = .path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The path can't be made absolute.
    #[error("`{path}` is no path of a registry file", path = .path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is there and can't be read or understood.
    #[error("`{path}` can't be used as a registry", path = .path.display())]
    Unusable {
        /// Where it is.
        path: PathBuf,
        /// Why not, with the line and column in it.
        source: KeyStoreError,
    },
}

impl FileKeyStore {
    /// Opens the `.reg` file at this path. `ansi` is the code page of a `REGEDIT4` file.
    ///
    /// # Errors
    /// [`FileOpenError`] when it is not there or can't be used as it is now: at the start that is a mistake in the command,
    /// and later a failed read.
    pub fn open(path: &Path, ansi: AnsiCodePage) -> Result<Self, FileOpenError> {
        let absolute = std::path::absolute(path)
            .map_err(|source| FileOpenError::Path { path: path.to_owned(), source })?;
        if matches!(absolute.try_exists(), Ok(false)) {
            return Err(FileOpenError::Missing { path: path.to_owned() });
        }
        let store = Self { path: absolute, ansi, edits: Mutex::new(()) };
        match store.read() {
            Ok(_) => Ok(store),
            Err(source) => Err(FileOpenError::Unusable { path: path.to_owned(), source }),
        }
    }

    fn read(&self) -> Result<(Vec<u8>, Document), KeyStoreError> {
        let failed = |reason: String| KeyStoreError::Failed { reason: self.about(&reason) };
        let bytes = atomic::read(&self.path).map_err(|error| failed(clause(&error)))?;
        let document = Document::parse(&bytes, self.ansi).map_err(failed)?;
        Ok((bytes, document))
    }

    /// Reads, changes, and writes when that changed anything.
    fn update<T>(
        &self,
        change: impl FnOnce(&mut KeyTree) -> Result<T, EditError>,
    ) -> Result<T, EditError> {
        // It guards nothing but the order, so a poisoned one is as good.
        let _one_at_a_time = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, document) = self.read()?;
        let mut tree = document.tree().clone();
        let done = change(&mut tree)?;
        if !tree.is_spelt_like(document.tree()) {
            self.write(&before, &document, &tree)?;
        }
        Ok(done)
    }

    fn write(&self, before: &[u8], document: &Document, tree: &KeyTree) -> Result<(), EditError> {
        let unwritable = |reason: String| EditError::Unwritable { reason: self.about(&reason) };
        let after = document.with(tree).map_err(unwritable)?;
        match atomic::replace(&self.path, before, &after) {
            Ok(true) => Ok(()),
            Ok(false) => Err(unwritable("somebody else wrote it at the same time".to_owned())),
            Err(error) => Err(unwritable(clause(&error))),
        }
    }

    /// The reason with the file's name; where it is may differ from machine to machine, and the journal does not.
    fn about(&self, reason: &str) -> String {
        let name = self.path.file_name().unwrap_or_default();
        format!("`{}`: {reason}", name.display())
    }
}

/// What went wrong, in the same words on every system.
fn clause(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(_) if error.kind() == io::ErrorKind::NotFound => "there is no such file".to_owned(),
        Some(code) => format!("{} (os error {code})", error.kind()),
        None => error.to_string(),
    }
}

impl KeyStore for FileKeyStore {
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError> {
        let (_, document) = self.read()?;
        Ok(document.tree().value(key, name).cloned())
    }

    fn query_values(&self, key: &KeyPath, names: &[ValueName]) -> Vec<ValueRead> {
        match self.read() {
            Ok((_, document)) => document.tree().read_values(key, names),
            Err(error) => {
                let failed =
                    |name: &ValueName| ValueRead { name: name.clone(), result: Err(error.clone()) };
                names.iter().map(failed).collect()
            }
        }
    }
}

impl Registry for FileKeyStore {
    fn tree(&self) -> Result<Arc<KeyTree>, KeyStoreError> {
        let (_, document) = self.read()?;
        Ok(Arc::new(document.into_tree()))
    }

    fn edit(&self, edits: &[Edit]) -> Result<Vec<bool>, EditError> {
        self.update(|tree| tree.apply_all(edits))
    }

    fn replace(&self, key: &KeyPath, from: &KeyTree) -> Result<bool, EditError> {
        self.update(|tree| tree.replace(key, from))
    }
}
