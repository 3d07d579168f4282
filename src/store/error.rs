//! What can go wrong with a tenant's database, by what the caller can do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A failure of a tenant's database. Other tenants are never concerned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process kept the file locked for longer than a statement waits: trying again will do.
    #[error("{}: the database is locked by another process; try again in a moment", path.display())]
    Busy {
        /// The database file.
        path: PathBuf,
    },
    /// No room is left: nothing was written.
    #[error("{}: the disk is full; free some space, nothing was lost", path.display())]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// The file or its folder cannot be written.
    #[error("{}: the database cannot be written; check the owner and the permissions of the file and its folder", path.display())]
    ReadOnly {
        /// The database file.
        path: PathBuf,
    },
    /// The file is not a sound database.
    #[error("{}: the database is damaged ({detail}); move it aside and restore it from a backup", path.display())]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file was written by a later version of iass.
    #[error("{}: the database was written by a newer iass (schema {found}, this one knows {known}); upgrade iass", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The schema version in the file.
        found: usize,
        /// The newest schema version this program knows.
        known: usize,
    },
    /// The file system refused something.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The file system's word.
        source: std::io::Error,
    },
    /// What a turn's effect stands on has changed since the turn looked: nothing was written, and the turn begins again.
    #[error("what the turn decided on has changed meanwhile; it begins again")]
    Stale,
    /// A stored value is not one that this program writes.
    #[error("a stored {what} cannot be understood: {detail}")]
    Value {
        /// The kind of value.
        what: &'static str,
        /// What was found.
        detail: String,
    },
    /// The work died on its way (a panic or a shutdown): nothing was written.
    #[error("{}: the database work was interrupted: {detail}", path.display())]
    Lost {
        /// The database file.
        path: PathBuf,
        /// What is known of the end.
        detail: String,
    },
    /// Anything else SQLite says.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The database file; empty until the lane that ran the statement names it.
        path: PathBuf,
        /// SQLite's word.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Whether the same call may succeed a little later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Full { .. } | Self::Lost { .. })
    }

    /// Sorts a SQLite error of the database at `path`.
    pub(crate) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::ReadOnly { path }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, detail: source.to_string() }
            }
            _ => Self::Sqlite { path, source },
        }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full { path },
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path }
            }
            _ => Self::Io { path, source },
        }
    }

    pub(crate) fn value(what: &'static str, detail: impl std::fmt::Display) -> Self {
        Self::Value { what, detail: detail.to_string() }
    }

    pub(crate) fn lost(path: &Path, join: &tokio::task::JoinError) -> Self {
        Self::Lost { path: path.to_owned(), detail: join.to_string() }
    }

    /// Names the database in an error that a statement gave without it.
    pub(crate) fn at(self, path: &Path) -> Self {
        match self {
            Self::Sqlite { path: empty, source } if empty.as_os_str().is_empty() => {
                Self::sqlite(path, source)
            }
            other => other,
        }
    }
}

/// So that `?` works inside a transaction; the lane adds the path and sorts the error.
impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite { path: PathBuf::new(), source }
    }
}
