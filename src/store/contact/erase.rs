//! Taking what was deleted out of the bytes of the file.
//!
//! Deleting a row frees its place but leaves its bytes, in the pages of the file and in those of the log. So the file is
//! written anew without them (`vacuum`), the log is written back, and the log is emptied. That it has to be done is
//! kept in the database, so that it is done after a crash too.

use std::{path::Path, time::Duration};

use rusqlite::Connection;

use crate::store::{BUSY_TIMEOUT, StoreError, TenantDb};

/// Up to this size a copy of the database is put together in memory, beyond it in a file of the system's temporary
/// folder. The copy never holds what was deleted.
const MEMORY_COPY_BYTES: i64 = 64 * 1024 * 1024;

/// How long others may go on reading before the rest is left for later. A read takes milliseconds.
const WAIT_FOR_READERS: Duration = Duration::from_millis(1500);

impl TenantDb {
    /// Takes what was deleted out of the bytes of the file, if that is still to be done. Says whether nothing is left
    /// to do.
    pub async fn finish_erasure(&self) -> Result<bool, StoreError> {
        let due = self
            .read(|tx| {
                Ok(tx.query_row("select due from erasure where id = 1", [], |row| row.get::<_, bool>(0))?)
            })
            .await?;
        if !due {
            return Ok(true);
        }
        self.exclusive(finish).await
    }
}

/// The same on a connection.
pub(in crate::store) fn finish(path: &Path, connection: &mut Connection) -> Result<bool, StoreError> {
    try_finish(connection).map_err(|e| StoreError::sqlite(path, e))
}

fn try_finish(connection: &Connection) -> rusqlite::Result<bool> {
    let due: bool = connection.query_row("select due from erasure where id = 1", [], |row| row.get(0))?;
    if !due {
        return Ok(true);
    }
    let pages: i64 = connection.query_row("pragma page_count", [], |row| row.get(0))?;
    let page_bytes: i64 = connection.query_row("pragma page_size", [], |row| row.get(0))?;
    let place = if pages.saturating_mul(page_bytes) > MEMORY_COPY_BYTES { "file" } else { "memory" };
    connection.pragma_update(None, "temp_store", place)?;
    let written = connection.execute_batch("vacuum");
    connection.pragma_update(None, "temp_store", "memory")?;
    written?;
    // Refused while another connection reads: then the log still holds the old pages.
    connection.busy_timeout(WAIT_FOR_READERS)?;
    let refused = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if refused? {
        return Ok(false);
    }
    connection.execute("update erasure set due = 0 where id = 1", [])?;
    Ok(true)
}
