//! The documents a tenant knows and their chunks.
//!
//! A document is replaced in one transaction together with everything derived from it, so a reader sees the old
//! version or the new one. What is derived is handed in ready-made: nothing is computed while the file is locked.

use std::ops::Range;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{
    StoreError, TenantDb,
    chunk_index::{self, ChunkTerms, ChunkVectors, IndexStamp},
};
use crate::domain::language::Language;

/// A document as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// Its name, unique in the tenant.
    pub name: String,
    /// The file it was read from, as an absolute path; `None` when it was posted.
    pub source: Option<String>,
    /// What it calls itself.
    pub title: Option<String>,
    /// What it is filed under.
    pub category: Option<String>,
    /// Whatever else its author attached, as a JSON text.
    pub metadata: Option<String>,
    /// The language of its text.
    pub language: Language,
    /// The format it was read from.
    pub format: String,
    /// A hash of what was read.
    pub content_hash: Vec<u8>,
    /// The size of what was read.
    pub bytes: u64,
    /// The number of its chunks.
    pub chunks: u32,
    /// When it was first stored.
    pub created_ms: i64,
    /// When it was last replaced.
    pub updated_ms: i64,
}

/// A document to store.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// As [`DocumentRow::name`].
    pub name: String,
    /// As [`DocumentRow::source`].
    pub source: Option<String>,
    /// As [`DocumentRow::title`].
    pub title: Option<String>,
    /// As [`DocumentRow::category`].
    pub category: Option<String>,
    /// As [`DocumentRow::metadata`].
    pub metadata: Option<String>,
    /// As [`DocumentRow::language`].
    pub language: Language,
    /// As [`DocumentRow::format`].
    pub format: String,
    /// As [`DocumentRow::content_hash`].
    pub content_hash: Vec<u8>,
    /// As [`DocumentRow::bytes`].
    pub bytes: u64,
    /// Its chunks in reading order.
    pub chunks: Vec<NewChunk>,
}

/// A chunk to store, with what is derived from it.
#[derive(Debug, Clone)]
pub struct NewChunk {
    /// The headings above it.
    pub heading: String,
    /// The words.
    pub text: String,
    /// The sentences as byte ranges of `text`.
    pub sentences: Vec<Range<usize>>,
    /// Its stems.
    pub terms: ChunkTerms,
    /// Its vectors.
    pub vectors: ChunkVectors,
}

impl TenantDb {
    /// All documents by name. Blocking.
    pub fn documents(&self) -> Result<Vec<DocumentRow>, StoreError> {
        self.read_blocking(|tx| {
            let mut statement = tx.prepare_cached(
                "select name, source, title, category, metadata, language, format, content_hash, bytes, chunks,
                        created_ms, updated_ms
                 from document order by name",
            )?;
            let rows = statement.query_map([], document_row)?;
            rows.map(|row| row.map_err(StoreError::from)).collect()
        })
    }

    /// Whether there is any document. Blocking.
    pub fn has_documents(&self) -> Result<bool, StoreError> {
        self.read_blocking(|tx| {
            Ok(tx.query_row("select exists (select 1 from document)", [], |row| row.get(0))?)
        })
    }

    /// One document; `None` if there is none of that name. Blocking.
    pub fn document(&self, name: &str) -> Result<Option<DocumentRow>, StoreError> {
        self.read_blocking(|tx| {
            let mut statement = tx.prepare_cached(
                "select name, source, title, category, metadata, language, format, content_hash, bytes, chunks,
                        created_ms, updated_ms
                 from document where name = ?1",
            )?;
            Ok(statement.query_row([name], document_row).optional()?)
        })
    }

    /// Stores documents, each in the place of an older one of its name, all in one transaction. Blocking.
    ///
    /// `stamp` is what the derived parts were made with. When the index was made with something else meanwhile,
    /// they are left out here and made again by whoever brings the index up to date.
    pub fn put_documents(
        &self,
        documents: &[NewDocument],
        stamp: &IndexStamp,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            let current = chunk_index::stamp(tx)?;
            for document in documents {
                put(tx, document, &current, stamp, now_ms)?;
            }
            Ok(())
        })
    }

    /// Files a document elsewhere without touching its text. Blocking.
    pub fn set_document_category(
        &self,
        name: &str,
        category: Option<&str>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            tx.execute(
                "update document set category = ?2, updated_ms = ?3 where name = ?1",
                params![name, category, now_ms],
            )?;
            Ok(())
        })
    }

    /// Notes that a document, unchanged, is read from another place now. Blocking.
    pub fn set_document_source(&self, name: &str, source: Option<&str>) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            tx.execute("update document set source = ?2 where name = ?1", params![name, source])?;
            Ok(())
        })
    }

    /// Removes a document with all that is derived from it; `false` if there is none of that name. Blocking.
    pub fn remove_document(&self, name: &str) -> Result<bool, StoreError> {
        self.write_blocking(|tx| remove(tx, name))
    }
}

fn document_row(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    let language: String = row.get(5)?;
    Ok(DocumentRow {
        name: row.get(0)?,
        source: row.get(1)?,
        title: row.get(2)?,
        category: row.get(3)?,
        metadata: row.get(4)?,
        language: Language::from_code(&language).unwrap_or_default(),
        format: row.get(6)?,
        content_hash: row.get(7)?,
        bytes: row.get(8)?,
        chunks: row.get(9)?,
        created_ms: row.get(10)?,
        updated_ms: row.get(11)?,
    })
}

fn put(
    tx: &Transaction<'_>,
    document: &NewDocument,
    current: &IndexStamp,
    stamp: &IndexStamp,
    now_ms: i64,
) -> Result<(), StoreError> {
    let created_ms: Option<i64> = tx
        .prepare_cached("select created_ms from document where name = ?1")?
        .query_row([&document.name], |row| row.get(0))
        .optional()?;
    remove(tx, &document.name)?;
    tx.prepare_cached(
        "insert into document (name, source, title, category, metadata, language, format, content_hash, bytes,
                               chunks, created_ms, updated_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        document.name,
        document.source,
        document.title,
        document.category,
        document.metadata,
        document.language.code(),
        document.format,
        document.content_hash,
        document.bytes,
        document.chunks.len(),
        created_ms.unwrap_or(now_ms),
        now_ms,
    ])?;
    let document_id = tx.last_insert_rowid();
    for (position, chunk) in document.chunks.iter().enumerate() {
        tx.prepare_cached(
            "insert into chunk (document_id, position, heading, text, sentences, language)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            document_id,
            position,
            chunk.heading,
            chunk.text,
            ranges_to_text(&chunk.sentences),
            document.language.code(),
        ])?;
        let id = tx.last_insert_rowid();
        if current.analyzer == stamp.analyzer {
            chunk_index::put_terms(tx, id, document.language, &chunk.terms)?;
        }
        if current.model == stamp.model {
            chunk_index::put_vectors(tx, id, &chunk.vectors)?;
        }
    }
    Ok(())
}

fn remove(tx: &Transaction<'_>, name: &str) -> Result<bool, StoreError> {
    let id: Option<i64> = tx
        .prepare_cached("select id from document where name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(false) };
    chunk_index::forget_document(tx, id)?;
    tx.prepare_cached("delete from document where id = ?1")?.execute([id])?;
    Ok(true)
}

/// Byte ranges as `start-end` pairs separated by spaces.
pub(super) fn ranges_to_text(ranges: &[Range<usize>]) -> String {
    ranges.iter().map(|range| format!("{}-{}", range.start, range.end)).collect::<Vec<_>>().join(" ")
}

/// The ranges of [`ranges_to_text`].
pub(super) fn ranges_from_text(text: &str) -> Result<Vec<Range<usize>>, StoreError> {
    text.split_ascii_whitespace()
        .map(|pair| {
            let (start, end) = pair.split_once('-')?;
            Some(start.parse().ok()?..end.parse().ok()?)
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| StoreError::value("list of sentences", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> IndexStamp {
        IndexStamp { analyzer: 1, model: "m".to_owned() }
    }

    fn document(name: &str, texts: &[&str]) -> NewDocument {
        let chunk = |text: &&str| NewChunk {
            heading: String::new(),
            text: (*text).to_owned(),
            sentences: std::iter::once(0..text.len()).collect(),
            terms: ChunkTerms { words: 2, text: format!("\n{text}") },
            vectors: ChunkVectors { sketch: vec![1], sentences: vec![2] },
        };
        NewDocument {
            name: name.to_owned(),
            source: None,
            title: None,
            category: None,
            metadata: None,
            language: Language::Es,
            format: "md".to_owned(),
            content_hash: vec![7],
            bytes: 3,
            chunks: texts.iter().map(chunk).collect(),
        }
    }

    fn database() -> (tempfile::TempDir, TenantDb) {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        db.discard_stale_index(&stamp()).unwrap();
        (folder, db)
    }

    fn chunks_with(db: &TenantDb, term: &str) -> usize {
        db.search_index(|index| index.chunks_with(term)).unwrap().len()
    }

    fn totals(db: &TenantDb) -> Vec<(Language, u64, u64)> {
        let mut found = Vec::new();
        db.search_index(|index| -> Result<(), StoreError> {
            found = index.totals()?;
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn a_replaced_document_leaves_nothing_of_its_old_version() {
        let (_folder, db) = database();
        db.put_documents(&[document("a", &["uno dos", "tres"]), document("b", &["uno"])], &stamp(), 5)
            .unwrap();
        assert_eq!((chunks_with(&db, "uno"), chunks_with(&db, "tres")), (2, 1));
        db.put_documents(&[document("a", &["cuatro"])], &stamp(), 9).unwrap();
        assert_eq!(["uno", "tres", "cuatro"].map(|term| chunks_with(&db, term)), [1, 0, 1]);
        let row = db.document("a").unwrap().unwrap();
        assert_eq!((row.chunks, row.created_ms, row.updated_ms), (1, 5, 9));
        assert_eq!(totals(&db), [(Language::Es, 2, 4)]);
        assert!(db.remove_document("a").unwrap() && !db.remove_document("a").unwrap());
        assert!(db.remove_document("b").unwrap());
        assert!(totals(&db).is_empty());
        let mut sketches = 0;
        db.search_index(|index| index.sketches(|_, _| sketches += 1)).unwrap();
        assert_eq!((sketches, db.discard_stale_index(&stamp()).unwrap()), (0, 0));
    }

    #[test]
    fn vectors_of_another_model_are_not_stored_beside_those_of_this_one() {
        let (_folder, db) = database();
        let other = IndexStamp { model: "other".to_owned(), ..stamp() };
        db.put_documents(&[document("a", &["uno"])], &other, 5).unwrap();
        assert_eq!(db.chunks_without_vectors(9).unwrap().len(), 1);
        assert!(db.chunks_without_terms(9).unwrap().is_empty());
        assert_eq!(db.discard_stale_index(&stamp()).unwrap(), 1);
        assert_eq!(db.discard_stale_index(&other).unwrap(), 1, "the other model finds nothing of its own");
    }

    #[test]
    fn another_connection_sees_what_was_stored_at_once() {
        let (folder, db) = database();
        let daemon = TenantDb::open(&folder.path().join("a.db")).unwrap();
        assert_eq!(chunks_with(&daemon, "uno"), 0);
        db.put_documents(&[document("a", &["uno"])], &stamp(), 5).unwrap();
        assert_eq!(chunks_with(&daemon, "uno"), 1);
    }

    #[test]
    fn ranges_survive_the_way_to_the_disk() {
        for ranges in [vec![], vec![0..4, 5..90], vec![0..4, 5..90, 90..120]] {
            assert_eq!(ranges_from_text(&ranges_to_text(&ranges)).unwrap(), ranges);
        }
        assert!(ranges_from_text("0-4 5").is_err());
    }
}
