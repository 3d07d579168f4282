//! The schema, one step a file. A step that has shipped is never edited: the next one changes it.

use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::StoreError;

/// Every step, oldest first.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_conversations.sql")),
    M::up(include_str!("migrations/0002_knowledge.sql")),
];

/// Brings the schema up to date, in one transaction.
pub(super) fn run(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let located = |e| StoreError::sqlite(path, e);
    let found: usize = connection.query_row("pragma user_version", [], |row| row.get(0)).map_err(located)?;
    if found > STEPS.len() {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: STEPS.len() });
    }
    if found == STEPS.len() {
        return Ok(());
    }
    Migrations::from_slice(STEPS).to_latest(connection).map_err(|e| match e {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::sqlite(path, err),
        other => StoreError::Damaged { path: path.to_owned(), detail: other.to_string() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_sound_sql() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }

    #[test]
    fn a_database_of_a_newer_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(run(&path, &mut connection), Err(StoreError::Newer { found: 999, .. })));
    }
}
