//! One search's view of the index: a snapshot that is read piece by piece.

use std::ops::Range;

use rusqlite::{OptionalExtension, Transaction, params_from_iter};

use super::{IndexStamp, StoreError, stamp};
use crate::{domain::language::Language, store::document::ranges_from_text};

/// A snapshot of a tenant's index. Ids are those of the chunks.
pub struct ChunkIndex<'tx> {
    tx: &'tx Transaction<'tx>,
}

/// A chunk with the document it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// The document's name.
    pub document: String,
    /// The document's title.
    pub title: Option<String>,
    /// The document's category.
    pub category: Option<String>,
    /// The headings above the chunk.
    pub heading: String,
    /// Its place in the document, from 0.
    pub position: u32,
    /// The words.
    pub text: String,
    /// The sentences as byte ranges of `text`.
    pub sentences: Vec<Range<usize>>,
}

impl<'tx> ChunkIndex<'tx> {
    pub(super) fn new(tx: &'tx Transaction<'tx>) -> Self {
        Self { tx }
    }

    /// What the index was made with.
    pub fn stamp(&self) -> Result<IndexStamp, StoreError> {
        stamp(self.tx)
    }

    /// For each language the number of chunks and of stems.
    pub fn totals(&self) -> Result<Vec<(Language, u64, u64)>, StoreError> {
        let mut statement = self.tx.prepare_cached("select language, chunks, words from language_total")?;
        let rows = statement.query_map([], |row| {
            let language: String = row.get(0)?;
            Ok((Language::from_code(&language).unwrap_or_default(), row.get(1)?, row.get(2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The chunks that have a stem, in the order of their ids.
    pub fn chunks_with(&self, term: &str) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.tx.prepare_cached("select rowid from chunk_fts where chunk_fts match ?1")?;
        let rows = statement.query_map([format!("\"{}\"", term.replace('"', "\"\""))], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `visit` with every stem that begins with `prefix`.
    pub fn terms_with_prefix(&self, prefix: &str, mut visit: impl FnMut(&str)) -> Result<(), StoreError> {
        // The last code point there is ends the range.
        let mut statement = self.tx.prepare_cached("select term from term where term >= ?1 and term < ?2")?;
        let mut rows = statement.query([prefix, &format!("{prefix}\u{10ffff}")])?;
        while let Some(row) = rows.next()? {
            let term = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            visit(term);
        }
        Ok(())
    }

    /// Calls `visit` with the sketch of every chunk.
    pub fn sketches(&self, mut visit: impl FnMut(i64, &[u8])) -> Result<(), StoreError> {
        let mut statement = self.tx.prepare_cached("select chunk_id, bits from chunk_sketch")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let bits = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            visit(row.get(0)?, bits);
        }
        Ok(())
    }

    /// The chunks of the documents filed under any of the categories.
    pub fn chunks_in(&self, categories: &[String]) -> Result<std::collections::HashSet<i64>, StoreError> {
        let marks = vec!["?"; categories.len()].join(", ");
        let mut statement = self.tx.prepare(&format!(
            "select c.id from chunk c join document d on d.id = c.document_id where d.category in ({marks})"
        ))?;
        let rows = statement.query_map(params_from_iter(categories), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `read` with the language of a chunk, the number of its stems and the stems, as
    /// [`super::ChunkTerms::text`]; `None` when they are not made yet.
    pub fn read_terms<T>(
        &self,
        chunk: i64,
        read: impl FnOnce(Language, u32, &str) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("select language, words, terms from chunk_terms where chunk_id = ?1")?;
        Ok(statement
            .query_row([chunk], |row| {
                let language = Language::from_code(row.get_ref(0)?.as_str()?).unwrap_or_default();
                Ok(read(language, row.get(1)?, row.get_ref(2)?.as_str()?))
            })
            .optional()?)
    }

    /// Calls `read` with the packed vectors of a chunk, as [`super::ChunkVectors::sentences`]; `None` when they are
    /// not made yet.
    pub fn read_vectors<T>(
        &self,
        chunk: i64,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut statement =
            self.tx.prepare_cached("select vectors from chunk_vectors where chunk_id = ?1")?;
        Ok(statement.query_row([chunk], |row| Ok(read(row.get_ref(0)?.as_blob()?))).optional()?)
    }

    /// A chunk; `None` if there is none of that id.
    pub fn chunk(&self, chunk: i64) -> Result<Option<StoredChunk>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "select d.name, d.title, d.category, c.heading, c.position, c.text, c.sentences
             from chunk c join document d on d.id = c.document_id where c.id = ?1",
        )?;
        let found = statement
            .query_row([chunk], |row| {
                let sentences: String = row.get(6)?;
                Ok((
                    StoredChunk {
                        document: row.get(0)?,
                        title: row.get(1)?,
                        category: row.get(2)?,
                        heading: row.get(3)?,
                        position: row.get(4)?,
                        text: row.get(5)?,
                        sentences: Vec::new(),
                    },
                    sentences,
                ))
            })
            .optional()?;
        let Some((chunk, sentences)) = found else { return Ok(None) };
        Ok(Some(StoredChunk { sentences: ranges_from_text(&sentences)?, ..chunk }))
    }
}
