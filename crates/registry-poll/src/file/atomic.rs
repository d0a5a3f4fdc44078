//! Reading a file of bounded size, and replacing one in a single step.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::MAX_REG_FILE_BYTES;

/// Reads a file that is no longer than a `.reg` file may be.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    // Opening a pipe waits for its other end.
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let limit = u64::try_from(MAX_REG_FILE_BYTES).unwrap_or(u64::MAX);
    if limit < metadata.len() {
        let length = metadata.len();
        let reason = format!("it has {length} bytes, and at most {MAX_REG_FILE_BYTES} are read");
        return Err(io::Error::other(reason));
    }
    let mut bytes = Vec::new();
    // A byte more than may be, so that one that has grown meanwhile is found to be too long.
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces the file, or the one that a symbolic link leads to, which has to be `before`. False when it is not.
pub(super) fn replace(path: &Path, before: &[u8], after: &[u8]) -> io::Result<bool> {
    let target = fs::canonicalize(path)?;
    let metadata = fs::metadata(&target)?;
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let mut beside = Beside::create(&target)?;
    beside.keep_access(&metadata)?;
    beside.file.write_all(after)?;
    beside.file.sync_all()?;
    if read(&target)? != before {
        return Ok(false);
    }
    beside.take_the_place_of(&target)?;
    Ok(true)
}

/// A new file in the folder of another, which goes away unless it takes the other's place.
struct Beside {
    file: File,
    path: PathBuf,
    placed: bool,
}

impl Beside {
    fn create(target: &Path) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let ordinal = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = target.file_name().unwrap_or_default().display();
        let name = format!(".{name}.{}-{ordinal}.tmp", std::process::id());
        let path = target.with_file_name(name);
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Self { file, path, placed: false })
    }

    /// Gives it the owner and the permissions of the other, before it has any content to be read.
    fn keep_access(&self, of: &Metadata) -> io::Result<()> {
        keep_owner(&self.file, of)?;
        self.file.set_permissions(of.permissions())
    }

    fn take_the_place_of(&mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.placed = true;
        sync_folder(target);
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.placed {
            // Whoever has it removed already has done what is wanted.
            drop(fs::remove_file(&self.path));
        }
    }
}

#[cfg(unix)]
fn keep_owner(file: &File, of: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let is = file.metadata()?;
    if (is.uid(), is.gid()) == (of.uid(), of.gid()) {
        return Ok(());
    }
    fchown(file, Some(of.uid()), Some(of.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Writes the folder's entry to the disk, where folders can be opened. The file is in its place whether or not this works:
/// some network file systems know no such thing.
fn sync_folder(target: &Path) {
    if let Some(folder) = target.parent().filter(|_| cfg!(unix)) {
        drop(File::open(folder).and_then(|folder| folder.sync_all()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in a folder of its own, which goes with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(test: &str, content: &[u8]) -> Self {
            let name = format!("exstore-{test}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("a.reg"), content).unwrap();
            Self(folder)
        }

        fn file(&self) -> PathBuf {
            self.0.join("a.reg")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn a_file_that_changed_since_it_was_read_is_not_replaced() {
        let scratch = Scratch::new("changed", b"somebody else's");
        assert!(!replace(&scratch.file(), b"what was read", b"mine").unwrap());
        assert_eq!(read(&scratch.file()).unwrap(), b"somebody else's");
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_is_as_it_was_read_is_replaced() {
        let scratch = Scratch::new("replaced", b"what was read");
        assert!(replace(&scratch.file(), b"what was read", b"mine").unwrap());
        assert_eq!(read(&scratch.file()).unwrap(), b"mine");
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "nothing is left beside it");
    }
}
