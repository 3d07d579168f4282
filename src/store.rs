//! Where a tenant's data lives: one SQLite file each, and all the SQL there is.
//!
//! A [`TenantDb`] is one tenant's own handle. It has one write lane and a few read lanes; each runs on a blocking
//! thread, so an async worker never waits for the disk. No function here takes a tenant id: whoever holds the
//! handle can reach this tenant and no other.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

pub mod appointment;
mod audit;
pub mod budget;
pub mod cart;
pub mod chunk_index;
pub mod claim;
pub mod contact;
mod contact_fact;
pub mod conversation;
pub mod dead_letter;
mod deliver;
pub mod delivery;
pub mod delivery_news;
pub mod document;
mod effect;
mod error;
#[cfg(test)]
pub(crate) mod fixture;
pub mod handoff;
mod identity;
pub mod inbox;
mod integrity;
pub mod knowledge_gap;
pub mod lead;
pub mod media_text;
pub mod memory;
mod migrations;
pub mod order;
pub mod outbox;
pub mod product;
pub mod product_import;
pub mod product_index;
mod ticket;
pub mod turn;
pub mod turn_context;
pub mod usage;
pub mod visit;

pub use error::StoreError;

/// How long a statement waits for another process's write before it gives up with [`StoreError::Busy`].
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads that may run at once per tenant. Two cores: more would only cost memory.
const READ_LANES: usize = 2;

/// The page cache of one connection, in KiB. Small, because a daemon keeps dozens of tenants open.
const PAGE_CACHE_KIB: i64 = 512;

/// One tenant's database. Cheap to clone; the file is closed when the last clone goes.
#[derive(Clone)]
pub struct TenantDb {
    lanes: Arc<Lanes>,
}

struct Lanes {
    path: PathBuf,
    /// Guards the read connections that are idle just now; they are opened when first needed.
    ///
    /// Before the writing one, because fields are closed in this order: the last connection of a database writes its
    /// log back into the file, and one that only reads cannot.
    idle_reads: Mutex<Vec<Connection>>,
    /// The only connection of this process that writes.
    write: Arc<AsyncMutex<Connection>>,
    /// Bounds the reads under way.
    reads: Arc<Semaphore>,
    /// Messages waiting for the next group commit.
    inbox: inbox::GroupCommit,
}

impl std::fmt::Debug for TenantDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantDb").field("path", &self.lanes.path).finish_non_exhaustive()
    }
}

impl TenantDb {
    /// Opens a tenant's database, creating it and its folder where they are missing, checks that the file is
    /// sound and brings its schema up to date. Blocking.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the file is not a sound database: nothing is changed then.
    /// [`StoreError::Newer`] when a later version of iass wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| StoreError::io(folder, e))?;
        }
        integrity::check_file(path)?;
        let mut connection = Self::connect(path, Access::Write)?;
        let condition = integrity::check_content(path, &connection)?;
        migrations::run(path, &mut connection)?;
        if condition == integrity::Condition::IndexDamaged {
            write_on(path, &mut connection, chunk_index::rebuild_fts)?;
            write_on(path, &mut connection, product_index::rebuild_fts)?;
        }
        // If it cannot be done now it stays to be done; who needs the database need not wait for it.
        drop(contact::finish_erasure(path, &mut connection));
        Ok(Self {
            lanes: Arc::new(Lanes {
                path: path.to_owned(),
                write: Arc::new(AsyncMutex::new(connection)),
                idle_reads: Mutex::new(Vec::new()),
                reads: Arc::new(Semaphore::new(READ_LANES)),
                inbox: inbox::GroupCommit::default(),
            }),
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.lanes.path
    }

    fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
        let flags = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
            connection.pragma_update(None, "temp_store", "memory")?;
            if matches!(access, Access::Write) {
                connection.pragma_update(None, "journal_mode", "wal")?;
                // The promise that an acknowledged message is on disk rests on this.
                connection.pragma_update(None, "synchronous", "full")?;
                connection.pragma_update(None, "foreign_keys", true)?;
            }
            connection.set_prepared_statement_cache_capacity(64);
            Ok(connection)
        };
        open().map_err(|e| StoreError::sqlite(path, e))
    }

    /// Runs `work` in one immediate transaction on the write lane, and commits it if it returns `Ok`.
    /// A panic inside rolls back and leaves the lane usable.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let mut connection = self.lanes.write.clone().lock_owned().await;
        let db = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            db.commit_waiting(&mut connection);
            write_on(&db.lanes.path, &mut connection, work)
        });
        written.await.map_err(|e| StoreError::lost(&self.lanes.path, &e))?
    }

    /// Runs `work` with the writing connection outside of any transaction, for what cannot be done inside of one.
    pub(crate) async fn exclusive<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Path, &mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let mut connection = self.lanes.write.clone().lock_owned().await;
        let path = self.lanes.path.clone();
        tokio::task::spawn_blocking(move || work(&path, &mut connection))
            .await
            .map_err(|e| StoreError::lost(&self.lanes.path, &e))?
    }

    /// The same as [`Self::write`] from a blocking thread, never from an async one.
    pub(crate) fn write_blocking<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lanes.write.blocking_lock();
        write_on(&self.lanes.path, &mut connection, work)
    }

    /// Runs `work` on a read lane, in one snapshot.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = self.lanes.reads.clone().acquire_owned().await;
        let db = self.clone();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            db.read_blocking(work)
        })
        .await
        .map_err(|e| StoreError::lost(&self.lanes.path, &e))?
    }

    /// The same from a blocking thread, never from an async one.
    pub(crate) fn read_blocking<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let path = &self.lanes.path;
        let idle = self.lanes.idle_reads.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Self::connect(path, Access::Read)?,
        };
        let result = connection
            .transaction()
            .map_err(|e| StoreError::sqlite(path, e))
            .and_then(|tx| work(&tx).map_err(|e| e.at(path)));
        let mut idle = self.lanes.idle_reads.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READ_LANES {
            idle.push(connection);
        }
        result
    }
}

/// What a connection is for.
#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

fn write_on<T>(
    path: &Path,
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let located = |e| StoreError::sqlite(path, e);
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(located)?;
    let value = work(&tx).map_err(|e| e.at(path))?;
    tx.commit().map_err(located)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_write_rolls_back_and_the_lane_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        let lost = db
            .write(|tx| -> Result<(), StoreError> {
                tx.execute_batch("create table t (x integer) strict")?;
                panic!("boom")
            })
            .await;
        assert!(matches!(lost, Err(StoreError::Lost { .. })));
        let tables: i64 = db
            .write(|tx| {
                Ok(tx.query_row("select count(*) from sqlite_schema where name = 't'", [], |r| r.get(0))?)
            })
            .await
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[tokio::test]
    async fn a_closed_database_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let db = TenantDb::open(&path).unwrap();
        db.write(|tx| Ok(tx.execute_batch("create table t (x integer) strict")?)).await.unwrap();
        db.read(|tx| Ok(tx.query_row("select count(*) from t", [], |_| Ok(()))?)).await.unwrap();
        drop(db);
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1);
    }

    #[tokio::test]
    async fn a_read_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        let refused = db.read(|tx| Ok(tx.execute_batch("create table t (x integer) strict")?)).await;
        assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    }
}
