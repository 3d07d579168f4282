//! Keeps what is derived from the catalogue up to date: terms when the analyser or the language changed, and the vectors
//! of names, which are made in the background because they take longest. Words find products without them.

use std::time::Duration;

use tokio::time::Instant;

use super::terms::{ANALYZER, Analyst};
use crate::{
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

/// Makes the terms of all products again when they were made by an older program or for another language. Blocking.
///
/// # Errors
/// [`StoreError`]; what was made so far stays.
pub fn refresh_terms(db: &TenantDb, language: Language) -> Result<(), StoreError> {
    let wanted = CatalogStamp { analyzer: ANALYZER, language: language.code().to_owned() };
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

/// Makes vectors of names that have none, until all are there or `most` is over. Returns how many are left. Blocking.
///
/// # Errors
/// [`CatalogIndexError`]; what was made so far stays.
pub fn refresh_meanings(
    db: &TenantDb,
    embedder: &Embedder,
    most: Duration,
) -> Result<u64, CatalogIndexError> {
    let begun = Instant::now();
    let model = embedder.model_id();
    let mut left = db.discard_stale_meanings(model)?;
    while left > 0 && begun.elapsed() < most {
        let meanings = db.meanings_to_make(MEANINGS_BATCH)?;
        if meanings.is_empty() {
            return Ok(0);
        }
        let made = embed(embedder, meanings)?;
        left = left.saturating_sub(made.len() as u64);
        db.put_meanings(&made, model)?;
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
