//! Keeps what is derived from the catalogue up to date: terms when the analyser or the language changed, and the vectors
//! of names, which are made in the background because they take longest. Words find products without them.

use std::time::Duration;

use tokio::time::Instant;

use super::terms::{ANALYZER, Analyst};
use crate::{
    crash,
    domain::language::Language,
    knowledge::{
        embed::{EmbedError, Embedder},
        vectors,
    },
    store::{
        StoreError, TenantDb,
        product_index::{CatalogStamp, Meaning},
    },
};

/// Products whose terms are made again between two commits.
const TERMS_BATCH: u32 = 1000;

/// Names that are embedded between two commits.
const MEANINGS_BATCH: usize = 64;

/// Why the index could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CatalogIndexError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedding model.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

/// What the terms of a catalogue in a language are made with by this program.
pub fn stamp(language: Language) -> CatalogStamp {
    CatalogStamp { analyzer: ANALYZER, language: language.code().to_owned() }
}

/// Makes the terms of all products again when they were made by an older program or for another language. Blocking.
///
/// # Errors
/// [`StoreError`]; what was made so far stays.
pub fn refresh_terms(db: &TenantDb, language: Language) -> Result<(), StoreError> {
    let wanted = stamp(language);
    if db.catalog_stamp()? == wanted {
        return Ok(());
    }
    let mut after = 0;
    loop {
        let texts = db.product_texts(after, TERMS_BATCH)?;
        let Some(last) = texts.last() else { break };
        after = last.id;
        let mut analyst = Analyst::new(language);
        let made: Vec<_> = texts
            .into_iter()
            .map(|text| {
                let terms = analyst.terms(&text.sku, &text.name, &text.category, &text.description);
                (text, terms)
            })
            .collect();
        let words: Vec<_> = analyst.into_words().into_iter().collect();
        db.put_product_terms(&made, &words)?;
    }
    db.set_catalog_stamp(&wanted)
}

/// Makes what products are found by and what is not made yet, for at most about `most`. Returns how many names are left to
/// be found by meaning. Blocking.
///
/// # Errors
/// [`CatalogIndexError`]; what was made so far stays.
pub fn finish(
    db: &TenantDb,
    embedder: &Embedder,
    language: Language,
    most: Duration,
    is_over: impl Fn() -> bool,
) -> Result<u64, CatalogIndexError> {
    if db.is_catalog_finished_now(&stamp(language), embedder.model_id())? {
        return Ok(0);
    }
    refresh_terms(db, language)?;
    refresh_meanings_until(db, embedder, most, is_over)
}

/// Makes vectors of names that have none, until all are there or `most` is over. Returns how many are left. Blocking.
///
/// # Errors
/// [`CatalogIndexError`]; what was made so far stays.
pub fn refresh_meanings(
    db: &TenantDb,
    embedder: &Embedder,
    most: Duration,
) -> Result<u64, CatalogIndexError> {
    refresh_meanings_until(db, embedder, most, || false)
}

/// The same, and ends early when `is_over` says so.
///
/// # Errors
/// [`CatalogIndexError`]; what was made so far stays.
fn refresh_meanings_until(
    db: &TenantDb,
    embedder: &Embedder,
    most: Duration,
    is_over: impl Fn() -> bool,
) -> Result<u64, CatalogIndexError> {
    let begun = Instant::now();
    let model = embedder.model_id();
    let mut left = db.discard_stale_meanings(model)?;
    while left > 0 && begun.elapsed() < most && !is_over() {
        let meanings = db.meanings_to_make(MEANINGS_BATCH)?;
        if meanings.is_empty() {
            return Ok(0);
        }
        let made = embed(embedder, meanings)?;
        left = left.saturating_sub(made.len() as u64);
        db.put_meanings(&made, model)?;
        crash::point("catalog.meanings");
    }
    Ok(left)
}

/// Embeds names and descriptions.
fn embed(
    embedder: &Embedder,
    meanings: Vec<Meaning>,
) -> Result<Vec<(Meaning, crate::store::chunk_index::ChunkVectors)>, EmbedError> {
    let texts: Vec<&str> = meanings
        .iter()
        .flat_map(|meaning| meaning.core.split('\n'))
        .filter(|text| !text.trim().is_empty())
        .collect();
    let mut made = embedder.embed_passages(&texts)?.into_iter();
    Ok(meanings
        .iter()
        .map(|meaning| {
            let parts = meaning.core.split('\n').filter(|text| !text.trim().is_empty()).count();
            let own: Vec<Vec<f32>> = made.by_ref().take(parts).collect();
            (meaning.clone(), vectors::pack(None, &own))
        })
        .collect())
}
