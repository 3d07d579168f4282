//! The schema, one step a file. A step that has shipped is never edited: the next one changes it.

use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::StoreError;

/// Every step, oldest first.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_conversations.sql")),
    M::up(include_str!("migrations/0002_knowledge.sql")),
    M::up(include_str!("migrations/0003_service.sql")),
    M::up(include_str!("migrations/0004_budget.sql")),
    M::up(include_str!("migrations/0005_media.sql")),
    M::up(include_str!("migrations/0006_channels.sql")),
    M::up(include_str!("migrations/0007_catalog.sql")),
    M::up(include_str!("migrations/0008_booking.sql")),
    M::up(include_str!("migrations/0009_delivery_news.sql")),
    M::up(include_str!("migrations/0010_identity.sql")),
    M::up(include_str!("migrations/0011_catalog_sketch.sql")),
];

/// Brings the schema up to date, in one transaction. Another process may be at it at the same moment.
pub(super) fn run(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let found = version(path, connection)?;
    if found > STEPS.len() {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: STEPS.len() });
    }
    if found == STEPS.len() {
        return Ok(());
    }
    let Err(error) = Migrations::from_slice(STEPS).to_latest(connection) else { return Ok(()) };
    if version(path, connection)? > found {
        // The other process was faster; what is left to do is less each time.
        return run(path, connection);
    }
    Err(match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::sqlite(path, err),
        other => StoreError::Damaged { path: path.to_owned(), detail: other.to_string() },
    })
}

/// How many steps a database has behind it.
fn version(path: &Path, connection: &Connection) -> Result<usize, StoreError> {
    let read = connection.query_row("pragma user_version", [], |row| row.get(0));
    read.map_err(|e| StoreError::sqlite(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_sound_sql() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }

    #[test]
    fn a_new_database_may_be_opened_by_many_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let barrier = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut connection = Connection::open(&path).unwrap();
                    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
                    barrier.wait();
                    run(&path, &mut connection).unwrap();
                    assert_eq!(version(&path, &connection).unwrap(), STEPS.len());
                });
            }
        });
    }

    #[test]
    fn knowledge_comes_into_a_database_whose_messages_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        Migrations::from_slice(STEPS).to_version(&mut connection, 1).unwrap();
        connection
            .execute_batch(
                "insert into contact values ('p', 'api', 'ana', null, 1);
                 insert into conversation (id, contact_id, created_ms, updated_ms) values ('c', 'p', 1, 2);
                 insert into turn values ('t', 'c', '{}', 2);
                 insert into inbox (channel, message_id, conversation_id, text, received_ms, ready_ms, turn_id)
                 values ('api', 'm1', 'c', 'hola', 1, 1, 't'), ('api', 'm2', 'c', 'precio?', 3, 3, null);
                 insert into message (conversation_id, turn_id, role, text, created_ms)
                 values ('c', 't', 'customer', 'hola', 1);
                 insert into outbox (conversation_id, turn_id, channel, contact, text, state, due_ms, created_ms)
                 values ('c', 't', 'api', 'ana', 'buenas', 'pending', 2, 2);",
            )
            .unwrap();
        run(&path, &mut connection).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("select count(*) from inbox where turn_id is null and text = 'precio?'"), 1);
        assert_eq!(count("select count(*) from outbox where state = 'pending' and text = 'buenas'"), 1);
        assert_eq!(count("select count(*) from message where text = 'hola' and turn_id = 't'"), 1);
        assert_eq!(count("select count(*) from document"), 0);
        assert_eq!(count("pragma user_version"), i64::try_from(STEPS.len()).unwrap());
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
