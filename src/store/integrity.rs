//! Whether a database file can be trusted, asked before anything is written to it.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use rusqlite::Connection;

use super::StoreError;

/// Up to this size a file is checked page by page when it is opened (about 10 ms); a larger one is left to
/// `iass doctor`, because a daemon that reads gigabytes before it answers is not up.
const FULL_CHECK_BYTES: u64 = 24 * 1024 * 1024;

/// The first bytes of every SQLite database, <https://www.sqlite.org/fileformat2.html#the_database_header>.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Looks at the header and the length: a file cut short is found without reading it.
pub(super) fn check_file(path: &Path) -> Result<(), StoreError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(StoreError::io(path, e)),
    };
    let bytes = file.metadata().map_err(|e| StoreError::io(path, e))?.len();
    if bytes == 0 {
        return Ok(());
    }
    let damaged = |detail: String| StoreError::Damaged { path: path.to_owned(), detail };
    let mut header = [0_u8; 100];
    if let Err(e) = file.read_exact(&mut header) {
        return match e.kind() {
            ErrorKind::UnexpectedEof => Err(damaged(format!("only {bytes} bytes long"))),
            _ => Err(StoreError::io(path, e)),
        };
    }
    if !header.starts_with(MAGIC) {
        return Err(damaged("not a SQLite file".to_owned()));
    }
    if has_log(path)? {
        // A checkpoint that was cut off may have written the new header and not yet all pages: they are in the log,
        // and only SQLite can put the two together.
        return Ok(());
    }
    let [.., p0, p1] = *header.first_chunk::<18>().unwrap_or(&[0; 18]);
    let page_bytes = match u16::from_be_bytes([p0, p1]) {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = header.get(28..32).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    let expected = page_bytes * u64::from(pages);
    if bytes < expected {
        return Err(damaged(format!("{bytes} bytes long where the header says {expected}")));
    }
    Ok(())
}

/// The full-text indexes, whose damage costs nothing but the time to make them again.
const DERIVED: [&str; 2] = ["chunk_fts", "product_fts"];

/// Problems that are looked at before a verdict.
const MAX_PROBLEMS: usize = 20;

/// What a sound file may still need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing.
    Sound,
    /// A full-text index is damaged, and only that.
    IndexDamaged,
}

/// Whether there is a write-ahead log with something in it.
fn has_log(path: &Path) -> Result<bool, StoreError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = Path::new(&log);
    match std::fs::metadata(log) {
        Ok(file) => Ok(file.len() > 0),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StoreError::io(log, e)),
    }
}

/// Lets SQLite check the structure of a file of ordinary size.
pub(super) fn check_content(path: &Path, connection: &Connection) -> Result<Condition, StoreError> {
    let check = || -> rusqlite::Result<Vec<String>> {
        let pages: u64 = connection.query_row("pragma page_count", [], |row| row.get(0))?;
        let page_bytes: u64 = connection.query_row("pragma page_size", [], |row| row.get(0))?;
        if pages * page_bytes > FULL_CHECK_BYTES {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare(&format!("pragma quick_check({MAX_PROBLEMS})"))?;
        let problems = statement.query_map([], |row| row.get(0))?;
        problems.collect()
    };
    let problems = check().map_err(|e| StoreError::sqlite(path, e))?;
    let mut serious = problems.iter().filter(|problem| *problem != "ok");
    match serious.clone().find(|problem| !DERIVED.iter().any(|index| problem.contains(index))) {
        Some(detail) => Err(StoreError::Damaged { path: path.to_owned(), detail: detail.clone() }),
        None if serious.next().is_some() => Ok(Condition::IndexDamaged),
        None => Ok(Condition::Sound),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{StoreError, TenantDb};

    #[test]
    fn a_file_cut_short_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(TenantDb::open(&path).unwrap());
        let whole = std::fs::read(&path).unwrap();
        for keep in [whole.len() / 2, whole.len() - 4096, 50] {
            std::fs::write(&path, &whole[..keep]).unwrap();
            let refused = TenantDb::open(&path);
            assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{keep}: {refused:?}");
            assert_eq!(std::fs::read(&path).unwrap(), &whole[..keep]);
        }
    }

    /// What `kill -9` in the middle of a checkpoint leaves: the first page is the new one, the last ones are missing.
    #[test]
    fn a_file_whose_checkpoint_was_cut_off_is_whole_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(TenantDb::open(&path).unwrap());
        let before = std::fs::metadata(&path).unwrap().len();
        let writer = rusqlite::Connection::open(&path).unwrap();
        writer
            .execute_batch("create table big (x blob); insert into big values (randomblob(40000))")
            .unwrap();
        let log = std::fs::read(folder.path().join("a.db-wal")).unwrap();
        drop(writer);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        assert!(file.metadata().unwrap().len() > before);
        file.set_len(before).unwrap();
        assert!(matches!(TenantDb::open(&path), Err(StoreError::Damaged { .. })), "without its log");
        std::fs::write(folder.path().join("a.db-wal"), log).unwrap();
        let db = TenantDb::open(&path).unwrap();
        let bytes =
            db.read_blocking(|tx| Ok(tx.query_row("select length(x) from big", [], |r| r.get::<_, i64>(0))?));
        assert_eq!(bytes.unwrap(), 40_000);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        std::fs::write(&path, "lista de precios ".repeat(20)).unwrap();
        assert!(matches!(TenantDb::open(&path), Err(StoreError::Damaged { .. })));
    }

    #[test]
    fn an_overwritten_page_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(TenantDb::open(&path).unwrap());
        let mut bytes = std::fs::read(&path).unwrap();
        for byte in &mut bytes[4096..4096 + 64] {
            *byte = 0xa5;
        }
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(TenantDb::open(&path), Err(StoreError::Damaged { .. })));
    }
}
