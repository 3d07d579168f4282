//! One ingest at a time for each tenant, across processes.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use super::IngestError;
use crate::store::StoreError;

/// Held while a tenant's knowledge is changed; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct IngestLock {
    _file: File,
}

impl IngestLock {
    /// Takes the lock beside a tenant's database.
    ///
    /// # Errors
    /// [`IngestError::Busy`] when another process holds it.
    pub fn take(database: &Path) -> Result<Self, IngestError> {
        let path = path(database);
        let io = |error| IngestError::Store(StoreError::io(&path, error));
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(IngestError::Busy),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }
}

/// Where the lock of a database is.
fn path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".ingest.lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_ingest_of_a_tenant_is_told_to_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let first = IngestLock::take(&database).unwrap();
        assert!(matches!(IngestLock::take(&database), Err(IngestError::Busy)));
        assert!(IngestLock::take(&folder.path().join("b.db")).is_ok());
        drop(first);
        assert!(IngestLock::take(&database).is_ok());
    }
}
