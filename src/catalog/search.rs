//! Finding the product that a customer means: by its words, whatever their number or spelling, by its sizes, by what it
//! is called elsewhere, and by what it means. What cannot be sold now is never among what is offered.
//!
//! Candidates come from the full-text index and from the sketches of what names mean; each is then scored on all of its
//! words and sizes. Nothing is held in memory between searches.

#[cfg(test)]
mod labelled_tests;
mod noise;
mod query;
mod score;

use std::collections::{BinaryHeap, HashMap};

use self::{
    query::Query,
    score::{Scored, score},
};
use crate::{
    domain::{
        language::Language,
        product::{ProductHit, ProductSearch, sku_key},
    },
    knowledge::{
        embed::{EmbedError, Embedder},
        vectors,
    },
    store::{StoreError, TenantDb, product_index::ProductIndex},
};

/// Candidates from the words.
const BY_WORDS: usize = 150;

/// Meanings that candidates come from.
const BY_MEANING: usize = 24;

/// Products of one meaning that are candidates.
const PER_MEANING: usize = 12;

/// Products that are looked up, best first, until enough of them can be sold.
const MAX_LOOKED_UP: usize = 80;

/// Below this score a product is not what was asked for.
const LEAST_SCORE: f32 = 0.24;

/// By how much a product that is sold out must fit better than everything offered, to be named.
const BETTER_BY: f32 = 0.04;

/// The longest question that is searched for, in characters.
const MAX_QUERY_CHARS: usize = 400;

/// Why the catalogue could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum CatalogSearchError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedding model.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The search died on its way.
    #[error("the search was interrupted: {0}")]
    Interrupted(String),
}

/// What is searched for.
#[derive(Debug, Clone)]
pub struct ProductQuery {
    /// The customer's words.
    pub text: String,
    /// The language of the catalogue.
    pub language: Language,
    /// The most products.
    pub k: usize,
    /// Now, in milliseconds since 1970: what is set aside until later cannot be sold.
    pub now_ms: i64,
}

/// Whether a folded word is only said around the name of a product.
pub(crate) fn is_noise(word: &str) -> bool {
    noise::is_noise(word)
}

/// Searches a tenant's catalogue. Blocking, a few milliseconds of CPU.
///
/// # Errors
/// [`CatalogSearchError`].
pub fn search(
    db: &TenantDb,
    embedder: &Embedder,
    query: &ProductQuery,
) -> Result<ProductSearch, CatalogSearchError> {
    let text: String = query.text.chars().take(MAX_QUERY_CHARS).collect();
    let vector = embedder.embed_query(&query::subject(&text))?;
    let model = embedder.model_id();
    Ok(db.search_products(query.now_ms, |index| {
        let vector = (index.model()? == model).then_some(vector.as_slice());
        search_in(index, &text, query, vector)
    })?)
}

fn search_in(
    index: &ProductIndex<'_>,
    text: &str,
    wanted: &ProductQuery,
    vector: Option<&[f32]>,
) -> Result<ProductSearch, StoreError> {
    if let Some(id) = index.by_sku(&sku_key(text))?
        && let Some(product) = index.product(id)?
        && product.active
    {
        let hit = ProductHit { product, score: 1.0, coverage: 1.0, complete: true, exact: true };
        let is_offered = hit.product.available() > 0;
        let (offered, sold_out) = if is_offered { (vec![hit], Vec::new()) } else { (Vec::new(), vec![hit]) };
        return Ok(ProductSearch { offered, sold_out });
    }
    let query = Query::read(text, wanted.language, index)?;
    let mut candidates = by_words(&query);
    let meanings = vector.map_or(Ok(HashMap::new()), |vector| by_meaning(index, vector))?;
    for id in meanings.keys() {
        candidates.extend(index.of_meaning(*id, PER_MEANING)?);
    }
    candidates.sort_unstable();
    candidates.dedup();
    let mut scored: Vec<Scored> = Vec::with_capacity(candidates.len());
    let mut similarities = meanings;
    for id in candidates {
        let Some((terms, meaning)) = index.read_terms(id, |terms, meaning| (terms.to_owned(), meaning))?
        else {
            continue;
        };
        let similarity = match (vector, meaning) {
            (Some(vector), Some(meaning)) => {
                let known = similarities.get(&meaning).copied();
                let found = known.map_or_else(|| similarity(index, meaning, vector), Ok)?;
                similarities.insert(meaning, found);
                Some(found)
            }
            _ => None,
        };
        scored.push(score(id, &query, &terms, similarity));
    }
    scored.retain(|scored| scored.score >= LEAST_SCORE);
    scored.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    gather(index, &scored, wanted.k)
}

/// Looks up the best until there are enough that can be sold.
fn gather(index: &ProductIndex<'_>, scored: &[Scored], k: usize) -> Result<ProductSearch, StoreError> {
    let mut found = ProductSearch::default();
    for scored in scored.iter().take(MAX_LOOKED_UP) {
        if found.offered.len() >= k {
            break;
        }
        let Some(product) = index.product(scored.id)?.filter(|product| product.active) else { continue };
        let hit = ProductHit {
            score: scored.score,
            coverage: scored.coverage,
            complete: scored.complete,
            exact: scored.exact,
            product,
        };
        if hit.product.available() > 0 {
            found.offered.push(hit);
        } else {
            found.sold_out.push(hit);
        }
    }
    let best = found.offered.first().map(|hit| (hit.score, hit.complete));
    found.sold_out.retain(|hit| {
        best.is_none_or(|(score, complete)| {
            (hit.complete && !complete) || (hit.score > score + BETTER_BY && hit.complete >= complete)
        })
    });
    found.sold_out.truncate(k);
    Ok(found)
}

/// The products with the rarer words of the question.
fn by_words(query: &Query) -> Vec<i64> {
    let mut sums: HashMap<i64, f32> = HashMap::new();
    for part in &query.parts {
        let mut best: HashMap<i64, f32> = HashMap::new();
        for form in &part.forms {
            for id in &form.products {
                let value = best.entry(*id).or_default();
                *value = value.max(form.weight);
            }
        }
        for (id, value) in best {
            *sums.entry(id).or_default() += value * part.weight;
        }
    }
    let mut ranked: Vec<(f32, i64)> = sums.into_iter().map(|(id, sum)| (sum, id)).collect();
    if ranked.len() > BY_WORDS {
        ranked.select_nth_unstable_by(BY_WORDS, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(BY_WORDS);
    }
    ranked.into_iter().map(|(_, id)| id).collect()
}

/// The meanings nearest to the question, with their similarity.
fn by_meaning(index: &ProductIndex<'_>, vector: &[f32]) -> Result<HashMap<i64, f32>, StoreError> {
    let wanted = vectors::sketch(vector);
    // The farthest of the nearest is on top.
    let mut nearest: BinaryHeap<(u32, i64)> = BinaryHeap::with_capacity(BY_MEANING + 1);
    index.sketches(|id, bits| {
        let Some(distance) = vectors::distance(&wanted, bits) else { return };
        if nearest.len() < BY_MEANING || nearest.peek().is_some_and(|(far, _)| distance < *far) {
            nearest.push((distance, id));
            if nearest.len() > BY_MEANING {
                nearest.pop();
            }
        }
    })?;
    nearest.into_iter().map(|(_, id)| Ok((id, similarity(index, id, vector)?))).collect()
}

/// How close a question is to what a name means.
fn similarity(index: &ProductIndex<'_>, meaning: i64, vector: &[f32]) -> Result<f32, StoreError> {
    /// What the description counts beside the name.
    const DESCRIPTION: f32 = 0.8;
    let found = index.read_meaning(meaning, |packed| vectors::compare(packed, vector))?.flatten();
    Ok(found.map_or(0.0, |found| {
        let name = found.sentences.first().copied().unwrap_or_default();
        let description = found.sentences.get(1).copied().unwrap_or_default();
        name.max(description * DESCRIPTION).max(0.0)
    }))
}
