//! What is derived from the chunks to find them: stems, the full-text index, sketches and sentence vectors.
//!
//! It holds nothing that could not be made again, so whatever is missing, damaged or made with another model is
//! thrown away and redone in small batches; see [`TenantDb::chunks_without_terms`] and its sisters. A search reads
//! everything in one snapshot through [`ChunkIndex`], so what another process stores is seen by the next search.

mod search;

use std::ops::Range;

use rusqlite::{OptionalExtension, Transaction, params};

pub use self::search::{ChunkIndex, StoredChunk};
use super::{StoreError, TenantDb, document::ranges_from_text};
use crate::domain::language::Language;

/// What an index was made with. Vectors of another model and stems of another analyzer are of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStamp {
    /// The version of the code that makes stems.
    pub analyzer: u32,
    /// The embedding model; empty for none.
    pub model: String,
}

/// The stems of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChunkTerms {
    /// How many there are.
    pub words: u32,
    /// One line for the title and the headings, then one for each sentence; separated by single spaces.
    pub text: String,
}

/// The vectors of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChunkVectors {
    /// One bit for each dimension: the sign of the sum of the sentences' vectors.
    pub sketch: Vec<u8>,
    /// The vectors of the sentences, packed by whoever embeds.
    pub sentences: Vec<u8>,
}

/// A chunk as far as its derived parts are made from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkSource {
    /// Its row.
    pub id: i64,
    /// The title of its document.
    pub title: Option<String>,
    /// The headings above it.
    pub heading: String,
    /// The words.
    pub text: String,
    /// The sentences as byte ranges of `text`.
    pub sentences: Vec<Range<usize>>,
    /// The language of its document.
    pub language: Language,
}

impl TenantDb {
    /// What the index was made with. Blocking, like all of these.
    pub fn index_stamp(&self) -> Result<IndexStamp, StoreError> {
        self.read_blocking(stamp)
    }

    /// Throws away what was made with something else than `wanted`, and what is there only in part.
    ///
    /// Returns the number of chunks whose terms or vectors have to be made. Cheap when nothing has to be done.
    pub fn discard_stale_index(&self, wanted: &IndexStamp) -> Result<u64, StoreError> {
        let missing = self.read_blocking(|tx| if stamp(tx)? == *wanted { missing(tx) } else { Ok(None) })?;
        if missing == Some(0) {
            return Ok(0);
        }
        self.write_blocking(|tx| {
            let current = stamp(tx)?;
            if current.analyzer != wanted.analyzer {
                discard_terms(tx)?;
            }
            if current.model != wanted.model {
                tx.execute_batch("delete from chunk_sketch; delete from chunk_vectors;")?;
            }
            if current != *wanted {
                tx.execute(
                    "update index_stamp set analyzer = ?1, model = ?2",
                    params![wanted.analyzer, wanted.model],
                )?;
            }
            if !fts_is_whole(tx)? {
                rebuild_fts(tx)?;
            }
            missing_of(tx)
        })
    }

    /// Throws away the whole index; the stamp is kept. Everything has to be made again.
    pub fn discard_index(&self) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            discard_terms(tx)?;
            tx.execute_batch("delete from chunk_sketch; delete from chunk_vectors; delete from term;")?;
            Ok(())
        })
    }

    /// Makes the full-text index again from the stems.
    pub fn rebuild_full_text(&self) -> Result<(), StoreError> {
        self.write_blocking(rebuild_fts)
    }

    /// Some chunks whose stems are missing; empty when all are there.
    pub fn chunks_without_terms(&self, limit: usize) -> Result<Vec<ChunkSource>, StoreError> {
        self.read_blocking(|tx| {
            sources(
                tx,
                "select c.id, d.title, c.heading, c.text, c.sentences, c.language
                 from chunk c join document d on d.id = c.document_id
                 where not exists (select 1 from chunk_terms t where t.chunk_id = c.id)
                 order by c.id limit ?1",
                limit,
            )
        })
    }

    /// Some chunks whose vectors are missing; empty when all are there.
    pub fn chunks_without_vectors(&self, limit: usize) -> Result<Vec<ChunkSource>, StoreError> {
        self.read_blocking(|tx| {
            sources(
                tx,
                "select c.id, d.title, c.heading, c.text, c.sentences, c.language
                 from chunk c join document d on d.id = c.document_id
                 where not exists (select 1 from chunk_sketch s where s.chunk_id = c.id)
                    or not exists (select 1 from chunk_vectors v where v.chunk_id = c.id)
                 order by c.id limit ?1",
                limit,
            )
        })
    }

    /// Stores the stems of chunks that had none. A chunk that is gone meanwhile is left out.
    pub fn put_chunk_terms(
        &self,
        made: &[(ChunkSource, ChunkTerms)],
        wanted: &IndexStamp,
    ) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            if stamp(tx)?.analyzer != wanted.analyzer {
                return Ok(());
            }
            for (chunk, terms) in made {
                if is_same(tx, chunk)? && !has_terms(tx, chunk.id)? {
                    put_terms(tx, chunk.id, chunk.language, terms)?;
                }
            }
            Ok(())
        })
    }

    /// Stores the vectors of chunks that had none. A chunk that is gone meanwhile is left out.
    pub fn put_chunk_vectors(
        &self,
        made: &[(ChunkSource, ChunkVectors)],
        wanted: &IndexStamp,
    ) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            if stamp(tx)?.model != wanted.model {
                return Ok(());
            }
            for (chunk, vectors) in made {
                if is_same(tx, chunk)? {
                    put_vectors(tx, chunk.id, vectors)?;
                }
            }
            Ok(())
        })
    }

    /// Throws away the derived parts of one chunk, which a search found to be malformed.
    pub fn discard_chunk_index(&self, chunk_id: i64) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            forget_terms(tx, chunk_id)?;
            tx.execute("delete from chunk_sketch where chunk_id = ?1", [chunk_id])?;
            tx.execute("delete from chunk_vectors where chunk_id = ?1", [chunk_id])?;
            Ok(())
        })
    }

    /// Runs a search in one snapshot. Blocking.
    pub fn search_index<T, E: From<StoreError>>(
        &self,
        search: impl FnOnce(&ChunkIndex<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // The lane speaks `StoreError`; what the search says beyond it passes through as a value.
        let mut outcome = None;
        self.read_blocking(|tx| match search(&ChunkIndex::new(tx)) {
            Ok(found) => {
                outcome = Some(Ok(found));
                Ok(())
            }
            Err(error) => {
                outcome = Some(Err(error));
                Ok(())
            }
        })?;
        outcome.unwrap_or_else(|| {
            Err(StoreError::Lost {
                path: self.path().to_owned(),
                detail: "the search did not run".to_owned(),
            }
            .into())
        })
    }
}

/// What the index was made with.
pub(super) fn stamp(tx: &Transaction<'_>) -> Result<IndexStamp, StoreError> {
    Ok(tx
        .prepare_cached("select analyzer, model from index_stamp")?
        .query_row([], |row| Ok(IndexStamp { analyzer: row.get(0)?, model: row.get(1)? }))?)
}

/// Stores the stems of a chunk that has none.
pub(super) fn put_terms(
    tx: &Transaction<'_>,
    chunk_id: i64,
    language: Language,
    terms: &ChunkTerms,
) -> Result<(), StoreError> {
    tx.prepare_cached("insert into chunk_terms (chunk_id, language, words, terms) values (?1, ?2, ?3, ?4)")?
        .execute(params![chunk_id, language.code(), terms.words, terms.text])?;
    tx.prepare_cached("insert into chunk_fts (rowid, terms) values (?1, ?2)")?
        .execute(params![chunk_id, terms.text])?;
    let mut remember = tx.prepare_cached("insert or ignore into term (term) values (?1)")?;
    for term in terms.text.split_ascii_whitespace() {
        remember.execute([term])?;
    }
    tx.prepare_cached(
        "insert into language_total (language, chunks, words) values (?1, 1, ?2)
         on conflict (language) do update set chunks = chunks + 1, words = words + excluded.words",
    )?
    .execute(params![language.code(), terms.words])?;
    Ok(())
}

/// Stores the vectors of a chunk.
pub(super) fn put_vectors(
    tx: &Transaction<'_>,
    chunk_id: i64,
    vectors: &ChunkVectors,
) -> Result<(), StoreError> {
    tx.prepare_cached("insert or replace into chunk_sketch (chunk_id, bits) values (?1, ?2)")?
        .execute(params![chunk_id, vectors.sketch])?;
    tx.prepare_cached("insert or replace into chunk_vectors (chunk_id, vectors) values (?1, ?2)")?
        .execute(params![chunk_id, vectors.sentences])?;
    Ok(())
}

/// Takes a document's chunks out of the full-text index and the totals; the rest goes with their rows.
pub(super) fn forget_document(tx: &Transaction<'_>, document_id: i64) -> Result<(), StoreError> {
    let chunks = tx
        .prepare_cached("select id from chunk where document_id = ?1")?
        .query_map([document_id], |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    chunks.into_iter().try_for_each(|chunk| forget_terms(tx, chunk))
}

fn forget_terms(tx: &Transaction<'_>, chunk_id: i64) -> Result<(), StoreError> {
    let known: Option<(u32, String)> = tx
        .prepare_cached("select words, language from chunk_terms where chunk_id = ?1")?
        .query_row([chunk_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((words, language)) = known else { return Ok(()) };
    tx.prepare_cached("delete from chunk_terms where chunk_id = ?1")?.execute([chunk_id])?;
    tx.prepare_cached("delete from chunk_fts where rowid = ?1")?.execute([chunk_id])?;
    tx.prepare_cached(
        "update language_total set chunks = chunks - 1, words = words - ?2 where language = ?1",
    )?
    .execute(params![language, words])?;
    tx.prepare_cached("delete from language_total where language = ?1 and chunks <= 0")?
        .execute([language])?;
    Ok(())
}

fn discard_terms(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch("delete from chunk_terms; delete from language_total; delete from term;")?;
    empty_fts(tx)
}

/// Makes an empty full-text index whatever state the old one is in.
fn empty_fts(tx: &Transaction<'_>) -> Result<(), StoreError> {
    if tx.execute("insert into chunk_fts (chunk_fts) values ('delete-all')", []).is_ok() {
        return Ok(());
    }
    // Too damaged to be asked: the tables behind it are made anew.
    tx.execute_batch("drop table if exists chunk_fts")?;
    tx.execute_batch(
        "create virtual table chunk_fts using fts5 (
             terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
         )",
    )?;
    Ok(())
}

/// Fills the full-text index and the totals from the stems.
pub(super) fn rebuild_fts(tx: &Transaction<'_>) -> Result<(), StoreError> {
    empty_fts(tx)?;
    tx.execute_batch(
        "insert into chunk_fts (rowid, terms) select chunk_id, terms from chunk_terms;
         delete from language_total;
         insert into language_total (language, chunks, words)
             select language, count(*), sum(words) from chunk_terms group by language;",
    )?;
    Ok(())
}

/// Whether the full-text index and the totals count as many chunks as have stems.
fn fts_is_whole(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    Ok(tx.query_row(
        "select (select count(*) from chunk_terms) = (select count(*) from chunk_fts_docsize)
            and (select count(*) from chunk_terms) = (select coalesce(sum(chunks), 0) from language_total)",
        [],
        |row| row.get(0),
    )?)
}

/// Chunks without terms or vectors; `None` when the full-text index is not whole.
fn missing(tx: &Transaction<'_>) -> Result<Option<u64>, StoreError> {
    if fts_is_whole(tx)? { missing_of(tx).map(Some) } else { Ok(None) }
}

fn missing_of(tx: &Transaction<'_>) -> Result<u64, StoreError> {
    Ok(tx.query_row(
        "select max(0, (select count(*) from chunk)
                     - min((select count(*) from chunk_terms), (select count(*) from chunk_sketch),
                           (select count(*) from chunk_vectors)))",
        [],
        |row| row.get(0),
    )?)
}

fn has_terms(tx: &Transaction<'_>, chunk_id: i64) -> Result<bool, StoreError> {
    Ok(tx
        .prepare_cached("select exists (select 1 from chunk_terms where chunk_id = ?1)")?
        .query_row([chunk_id], |row| row.get(0))?)
}

/// Whether the chunk still says what it said: its row may belong to another document by now.
fn is_same(tx: &Transaction<'_>, chunk: &ChunkSource) -> Result<bool, StoreError> {
    Ok(tx
        .prepare_cached("select exists (select 1 from chunk where id = ?1 and text = ?2 and heading = ?3)")?
        .query_row(params![chunk.id, chunk.text, chunk.heading], |row| row.get(0))?)
}

fn sources(tx: &Transaction<'_>, sql: &str, limit: usize) -> Result<Vec<ChunkSource>, StoreError> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([limit])?;
    let mut chunks = Vec::new();
    while let Some(row) = rows.next()? {
        let language: String = row.get(5)?;
        chunks.push(ChunkSource {
            id: row.get(0)?,
            title: row.get(1)?,
            heading: row.get(2)?,
            text: row.get(3)?,
            sentences: ranges_from_text(&row.get::<_, String>(4)?)?,
            language: Language::from_code(&language).unwrap_or_default(),
        });
    }
    Ok(chunks)
}
