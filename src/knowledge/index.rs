//! Makes what a search needs from the chunks: stems and vectors. Nothing here decides what is relevant.
//!
//! The index carries the stamp of what made it. When the stemmer or the embedding model changes, or parts are missing
//! or damaged, [`refresh`] makes them again from the chunks in small batches, while searches go on with what is there.

use std::ops::Range;

use super::{
    chunk::HEADING_SEPARATOR,
    embed::{EmbedError, Embedder},
    terms::{ANALYZER, stems},
    vectors,
};
use crate::{
    domain::language::Language,
    store::{
        StoreError, TenantDb,
        chunk_index::{ChunkSource, ChunkTerms, ChunkVectors, IndexStamp},
    },
};

/// Chunks that are made again between two commits.
const BATCH: usize = 64;

/// Why an index could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedding model.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

/// What an index that is made now carries.
pub fn stamp(embedder: &Embedder) -> IndexStamp {
    IndexStamp { analyzer: ANALYZER, model: embedder.model_id().to_owned() }
}

/// The stems of a chunk.
pub fn chunk_terms(
    title: Option<&str>,
    heading: &str,
    text: &str,
    sentences: &[Range<usize>],
    language: Language,
) -> ChunkTerms {
    let mut header: Vec<String> = Vec::new();
    for stem in stems(heading, language).into_iter().chain(stems(title.unwrap_or_default(), language)) {
        // A title often is the first heading as well, and says it once.
        if !header.contains(&stem) {
            header.push(stem);
        }
    }
    let mut count = header.len();
    let mut lines = header.join(" ");
    for range in sentences {
        let stems = stems(text.get(range.clone()).unwrap_or_default(), language);
        count += stems.len();
        lines.push('\n');
        lines.push_str(&stems.join(" "));
    }
    ChunkTerms { words: u32::try_from(count).unwrap_or(u32::MAX), text: lines }
}

/// What of a chunk is embedded.
#[derive(Debug, Clone, Copy)]
pub struct ChunkText<'a> {
    /// The headings above it.
    pub heading: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The sentences as byte ranges of the text.
    pub sentences: &'a [Range<usize>],
}

/// Embeds the headings and sentences of several chunks at once, on all cores.
///
/// # Errors
/// As the embedder.
pub fn embed_chunks(embedder: &Embedder, chunks: &[ChunkText<'_>]) -> Result<Vec<ChunkVectors>, EmbedError> {
    let mut texts: Vec<&str> = Vec::new();
    for chunk in chunks {
        // The heading next to the text says what it is about; those above are the same for many chunks.
        texts.extend(chunk.heading.rsplit(HEADING_SEPARATOR).next().filter(|heading| !heading.is_empty()));
        texts.extend(chunk.sentences.iter().map(|range| chunk.text.get(range.clone()).unwrap_or_default()));
    }
    let mut vectors = embedder.embed_passages(&texts)?.into_iter();
    Ok(chunks
        .iter()
        .map(|chunk| {
            let heading = if chunk.heading.is_empty() { None } else { vectors.next() };
            let sentences: Vec<_> = vectors.by_ref().take(chunk.sentences.len()).collect();
            vectors::pack(heading.as_deref(), &sentences)
        })
        .collect())
}

/// Brings the index up to date; returns the number of chunks that had to be made again. Blocking.
///
/// `progress` is told the chunks done and the chunks to do, first of all 0. Safe beside other processes, and when it
/// is killed the next call goes on where it was.
///
/// # Errors
/// [`IndexError`]; what was made so far stays.
pub fn refresh(
    db: &TenantDb,
    embedder: &Embedder,
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, IndexError> {
    let wanted = stamp(embedder);
    let total = db.discard_stale_index(&wanted)?;
    if total == 0 {
        return Ok(0);
    }
    progress(0, total);
    loop {
        let chunks = db.chunks_without_terms(BATCH)?;
        if chunks.is_empty() {
            break;
        }
        let made: Vec<_> = chunks.into_iter().map(|chunk| (terms_of(&chunk), chunk)).collect();
        db.put_chunk_terms(
            &made.into_iter().map(|(terms, chunk)| (chunk, terms)).collect::<Vec<_>>(),
            &wanted,
        )?;
        if db.index_stamp()? != wanted {
            // Another process with another model took over: it goes on until all is there.
            return Ok(0);
        }
    }
    let mut done = 0;
    loop {
        let chunks = db.chunks_without_vectors(BATCH)?;
        if chunks.is_empty() || db.index_stamp()? != wanted {
            break;
        }
        let parts: Vec<_> = chunks.iter().map(text_of).collect();
        let made = embed_chunks(embedder, &parts)?;
        done += made.len() as u64;
        db.put_chunk_vectors(&chunks.into_iter().zip(made).collect::<Vec<_>>(), &wanted)?;
        progress(done.min(total), total);
    }
    Ok(total)
}

fn text_of(chunk: &ChunkSource) -> ChunkText<'_> {
    ChunkText { heading: &chunk.heading, text: &chunk.text, sentences: &chunk.sentences }
}

fn terms_of(chunk: &ChunkSource) -> ChunkTerms {
    chunk_terms(chunk.title.as_deref(), &chunk.heading, &chunk.text, &chunk.sentences, chunk.language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_a_line_of_stems_for_its_headings_and_for_each_sentence() {
        let text = "Dura 90 minutos. Cuesta $180.000.";
        let terms = chunk_terms(
            Some("Faciales"),
            "Faciales › Limpieza",
            text,
            &[0..16, 17..text.len()],
            Language::Es,
        );
        assert_eq!(
            terms,
            ChunkTerms { words: 7, text: "facial limpiez\ndur 90 minut\ncuest 180000".to_owned() }
        );
    }
}
