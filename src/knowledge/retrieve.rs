//! Finds the passages that answer a question, and says how sure it is that they do.
//!
//! Two searches look for candidates: one for the question's words ([`query`]), one for its meaning. The candidates of
//! both are scored alike, by BM25, by the closest sentence and by how much of the question one sentence covers
//! ([`score`]); [`confidence`] then judges the best one. A search reads one snapshot of the database and keeps
//! nothing, so what another process stores is found by the next search. It never reaches another tenant's database.

mod candidates;
mod confidence;
mod query;
mod score;

use std::sync::Arc;

pub use self::confidence::Signals;
use self::{
    query::Query,
    score::{Ranking, Scored},
};
use super::{
    embed::{EmbedError, Embedder},
    index::{self, IndexError},
    terms,
};
use crate::{
    domain::{
        language::Language,
        retrieval::{Passage, Retrieval, Sentence},
    },
    store::{StoreError, TenantDb, chunk_index::ChunkIndex},
    text::language,
};

/// A longer question is cut: more words do not make it clearer, only slower.
const LONGEST_QUERY_CHARS: usize = 1000;

/// The most passages a search returns.
pub const MAX_K: usize = 100;

/// What a tenant knows, ready to be searched. Cheap to clone.
#[derive(Clone)]
pub struct Knowledge {
    db: TenantDb,
    embedder: Arc<Embedder>,
}

/// What to search for beyond the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOptions {
    /// How many passages at most, up to [`MAX_K`].
    pub k: usize,
    /// The language of the question; `None`: its words tell.
    pub language: Option<Language>,
    /// Only documents of these categories; empty: all.
    pub categories: Vec<String>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { k: 5, language: None, categories: Vec::new() }
    }
}

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnowledgeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedding model.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The search died on its way (a panic or a shutdown).
    #[error("the search was interrupted: {0}")]
    Interrupted(String),
}

impl From<IndexError> for KnowledgeError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Store(error) => Self::Store(error),
            IndexError::Embed(error) => Self::Embed(error),
        }
    }
}

impl std::fmt::Debug for Knowledge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Knowledge").field("db", &self.db).finish_non_exhaustive()
    }
}

impl Knowledge {
    /// The knowledge in a tenant's database. [`Self::refresh`] brings its index up to date.
    pub fn new(db: TenantDb, embedder: Arc<Embedder>) -> Self {
        Self { db, embedder }
    }

    /// The tenant's database.
    pub fn db(&self) -> &TenantDb {
        &self.db
    }

    /// The embedding model.
    pub fn embedder(&self) -> &Arc<Embedder> {
        &self.embedder
    }

    /// Makes again whatever of the index is missing, damaged or of another model; see [`index::refresh`]. Blocking,
    /// and a few milliseconds when there is nothing to do. Until it is done, searches find chunks by their words.
    ///
    /// # Errors
    /// [`KnowledgeError`]; what was made so far stays.
    pub fn refresh(&self, progress: impl FnMut(u64, u64)) -> Result<u64, KnowledgeError> {
        Ok(index::refresh(&self.db, &self.embedder, progress)?)
    }

    /// Finds the passages that answer `query`. Blocking, a few milliseconds of CPU.
    ///
    /// An index that turns out to be damaged is made again on the way.
    ///
    /// # Errors
    /// [`KnowledgeError`].
    pub fn search(&self, query: &str, options: &SearchOptions) -> Result<Retrieval, KnowledgeError> {
        self.examine(query, options).map(|(retrieval, _)| retrieval)
    }

    /// The same away from async worker threads.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn search_async(
        &self,
        query: impl Into<String>,
        options: SearchOptions,
    ) -> Result<Retrieval, KnowledgeError> {
        let (knowledge, query) = (self.clone(), query.into());
        tokio::task::spawn_blocking(move || knowledge.search(&query, &options))
            .await
            .map_err(|error| KnowledgeError::Interrupted(error.to_string()))?
    }

    /// As [`Self::search`], with the signals the confidence was made of; `None` when nothing was found.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn examine(
        &self,
        query: &str,
        options: &SearchOptions,
    ) -> Result<(Retrieval, Option<Signals>), KnowledgeError> {
        let query: String = query.chars().take(LONGEST_QUERY_CHARS).collect();
        let vector = self.embedder.embed_query(&query)?;
        match self.search_once(&query, &vector, options) {
            Ok(found) if found.malformed.is_empty() => Ok(found.answer),
            Ok(found) => {
                for chunk in found.malformed {
                    self.db.discard_chunk_index(chunk)?;
                }
                self.refresh(|_, _| ())?;
                self.search_once(&query, &vector, options).map(|found| found.answer)
            }
            Err(KnowledgeError::Store(StoreError::Damaged { .. })) => {
                self.db.rebuild_full_text()?;
                self.refresh(|_, _| ())?;
                self.search_once(&query, &vector, options).map(|found| found.answer)
            }
            Err(error) => Err(error),
        }
    }

    /// Counts a question that found nothing, for `iass knowledge gaps`. Blocking.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_gap(&self, question: &str, confidence: f32, now_ms: i64) -> Result<(), StoreError> {
        let question: String = question.chars().take(LONGEST_QUERY_CHARS).collect();
        self.db.record_gap(&question, &terms::words(&question).join(" "), confidence, now_ms)
    }

    fn search_once(
        &self,
        text: &str,
        vector: &[f32],
        options: &SearchOptions,
    ) -> Result<Found, KnowledgeError> {
        let model = self.embedder.model_id();
        self.db.search_index(|index| {
            // Vectors of another model are noise: until they are made again, words alone decide.
            let vector = (index.stamp()?.model == model).then_some(vector);
            let language = options.language.or_else(|| language::tell(text));
            let query = Query::new(text, language, index)?;
            let candidates = candidates::choose(index, &query, vector, &options.categories)?;
            let Ranking { scored, malformed } = score::rank(index, &query, vector, candidates)?;
            let signals = confidence::signals(&query, &scored);
            let best = scored.into_iter().take(options.k.clamp(1, MAX_K));
            let passages = best
                .filter_map(|scored| passage(index, scored).transpose())
                .collect::<Result<Vec<_>, StoreError>>()?;
            let confidence = signals.as_ref().map_or(0.0, Signals::confidence);
            let answerable = confidence >= confidence::ANSWERABLE_FROM;
            Ok(Found { answer: (Retrieval { passages, confidence, answerable }, signals), malformed })
        })
    }
}

/// What one search found.
struct Found {
    answer: (Retrieval, Option<Signals>),
    /// Chunks whose vectors could not be read.
    malformed: Vec<i64>,
}

fn passage(index: &ChunkIndex<'_>, scored: Scored) -> Result<Option<Passage>, StoreError> {
    let Some(chunk) = index.chunk(scored.chunk)? else { return Ok(None) };
    let similarities = scored.similarities.map(|found| found.sentences).unwrap_or_default();
    let similarities = similarities.into_iter().chain(std::iter::repeat(0.0));
    Ok(Some(Passage {
        document: chunk.document,
        title: chunk.title,
        heading: chunk.heading,
        chunk: chunk.position,
        category: chunk.category,
        text: chunk.text,
        score: scored.score,
        sentences: chunk
            .sentences
            .into_iter()
            .zip(similarities)
            .map(|(range, similarity)| Sentence { range, similarity })
            .collect(),
    }))
}

#[cfg(test)]
mod tests;
