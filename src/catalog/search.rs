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

/// Candidates, best by their words first, that are compared by what they mean, too.
const BY_WORDS_AND_MEANING: usize = 96;

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

/// A product that may be meant.
struct Candidate {
    terms: String,
    meaning: Option<i64>,
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
    let mut scored: Vec<(Scored, Candidate)> = Vec::with_capacity(candidates.len());
    for id in candidates {
        let read = index.read_terms(id, |terms, meaning| Candidate { terms: terms.to_owned(), meaning })?;
        let Some(candidate) = read else { continue };
        let known = candidate.meaning.and_then(|meaning| meanings.get(&meaning).copied());
        scored.push((score(id, &query, &candidate.terms, known), candidate));
    }
    let best_first = |a: &(Scored, Candidate), b: &(Scored, Candidate)| {
        b.0.score.total_cmp(&a.0.score).then(a.0.id.cmp(&b.0.id))
    };
    scored.sort_unstable_by(best_first);
    scored.truncate(BY_WORDS_AND_MEANING);
    if let Some(vector) = vector {
        let mut similarities = meanings;
        for (scored, candidate) in &mut scored {
            let Some(meaning) = candidate.meaning else { continue };
            let known = similarities.get(&meaning).copied();
            // A vector that is not made yet is no sign that the product means something else.
            let Some(found) =
                known.map_or_else(|| similarity(index, meaning, vector), |known| Ok(Some(known)))?
            else {
                continue;
            };
            similarities.insert(meaning, found);
            *scored = score(scored.id, &query, &candidate.terms, Some(found));
        }
    }
    let mut scored: Vec<Scored> = scored.into_iter().map(|(scored, _)| scored).collect();
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
    // Sorted lists, because a common word has thousands of products and a table of them is slow to fill.
    let mut values: Vec<(i64, f32)> = Vec::new();
    for part in &query.parts {
        let of_part = part.forms.iter().flat_map(|form| form.products.iter().map(|id| (*id, form.weight)));
        let mut of_part: Vec<(i64, f32)> = of_part.collect();
        // The form that counts most stands first and stays.
        of_part.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        of_part.dedup_by_key(|(id, _)| *id);
        values.extend(of_part.into_iter().map(|(id, value)| (id, value * part.weight)));
    }
    values.sort_unstable_by_key(|(id, _)| *id);
    let sums = values.chunk_by(|a, b| a.0 == b.0);
    let mut ranked: Vec<(f32, i64)> =
        sums.filter_map(|same| Some((same.iter().map(|(_, value)| value).sum(), same.first()?.0))).collect();
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
    let near = nearest.into_iter().map(|(_, id)| Ok(similarity(index, id, vector)?.map(|found| (id, found))));
    near.filter_map(Result::transpose).collect()
}

/// How close a question is to what a name means; `None` while its vector is not made.
fn similarity(index: &ProductIndex<'_>, meaning: i64, vector: &[f32]) -> Result<Option<f32>, StoreError> {
    /// What the description counts beside the name.
    const DESCRIPTION: f32 = 0.8;
    let found = index.read_meaning(meaning, |packed| vectors::compare(packed, vector))?.flatten();
    Ok(found.map(|found| {
        let name = found.sentences.first().copied().unwrap_or_default();
        let description = found.sentences.get(1).copied().unwrap_or_default();
        name.max(description * DESCRIPTION).max(0.0)
    }))
}
