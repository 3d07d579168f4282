//! One daemon per data directory.
//!
//! The lock is the operating system's, on an open file: it ends with the process however that ends, and there is
//! nothing stale to clean up.

use std::{
    fs::{File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

/// Held by the daemon as long as it lives.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Why the data directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum DataLockError {
    /// Another daemon works there.
    #[error("another iass daemon{} serves the data directory {}", pid_text(*.pid), folder.display())]
    Taken {
        /// The data directory.
        folder: PathBuf,
        /// The process id of the other daemon, if it could be read.
        pid: Option<u32>,
    },
    /// The directory cannot be made or written to.
    #[error("cannot write in the data directory {}", folder.display())]
    Io {
        /// The data directory.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl DataLock {
    /// Takes the data directory, making it where it is missing. Blocking.
    ///
    /// # Errors
    /// [`DataLockError::Taken`] while another daemon holds it.
    pub fn take(folder: &Path) -> Result<Self, DataLockError> {
        let io = |source| DataLockError::Io { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("iass.lock"))
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(DataLockError::Taken { folder: folder.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

fn pid_text(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_told_who_holds_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new/data");
        let first = DataLock::take(&data).unwrap();
        let second = DataLock::take(&data);
        let me = std::process::id();
        assert!(
            matches!(second, Err(DataLockError::Taken { pid: Some(pid), .. }) if pid == me),
            "{second:?}"
        );
        drop(first);
        DataLock::take(&data).unwrap();
    }
}
