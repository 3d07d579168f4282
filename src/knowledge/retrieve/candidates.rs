//! Which chunks are worth a closer look: those with the question's rarer words, and those whose sketch is like it.

use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use super::query::Query;
use crate::{
    knowledge::vectors,
    store::{StoreError, chunk_index::ChunkIndex},
};

/// Candidates from the words.
const BY_WORDS: usize = 200;

/// Candidates from the meaning.
const BY_MEANING: usize = 200;

/// When this many chunks have one of the rarer words, the more frequent words add no new ones.
const ENOUGH_CHUNKS: usize = 5_000;

/// Chooses the candidates among all chunks, or those of the categories if any are named.
pub(super) fn choose(
    index: &ChunkIndex<'_>,
    query: &Query,
    vector: Option<&[f32]>,
    categories: &[String],
) -> Result<BTreeSet<i64>, StoreError> {
    let allowed = if categories.is_empty() { None } else { Some(index.chunks_in(categories)?) };
    let mut chosen = by_words(query, allowed.as_ref());
    if let Some(vector) = vector {
        chosen.extend(by_meaning(index, vector, allowed.as_ref())?);
    }
    Ok(chosen)
}

fn by_words(query: &Query, allowed: Option<&HashSet<i64>>) -> BTreeSet<i64> {
    let mut words: Vec<_> = query.words.iter().collect();
    words.sort_by(|a, b| b.idf.total_cmp(&a.idf));
    let mut scores: HashMap<i64, f32> = HashMap::new();
    for word in words {
        let add_new = scores.len() < ENOUGH_CHUNKS;
        let mut of_word: HashMap<i64, f32> = HashMap::new();
        for stem in &word.stems {
            let score = stem.idf * stem.weight;
            for chunk in &stem.chunks {
                let known = scores.contains_key(chunk);
                if (known || add_new) && allowed.is_none_or(|allowed| allowed.contains(chunk)) {
                    let best = of_word.entry(*chunk).or_default();
                    *best = best.max(score);
                }
            }
        }
        for (chunk, score) in of_word {
            *scores.entry(chunk).or_default() += score;
        }
    }
    let mut ranked: Vec<_> = scores.into_iter().collect();
    ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked.into_iter().take(BY_WORDS).map(|(chunk, _)| chunk).collect()
}

fn by_meaning(
    index: &ChunkIndex<'_>,
    vector: &[f32],
    allowed: Option<&HashSet<i64>>,
) -> Result<BTreeSet<i64>, StoreError> {
    let wanted = vectors::sketch(vector);
    // The farthest of the nearest is on top.
    let mut nearest: BinaryHeap<(u32, i64)> = BinaryHeap::with_capacity(BY_MEANING + 1);
    index.sketches(|chunk, bits| {
        let Some(distance) = vectors::distance(&wanted, bits) else { return };
        let is_near = nearest.len() < BY_MEANING || nearest.peek().is_some_and(|(far, _)| distance < *far);
        if is_near && allowed.is_none_or(|allowed| allowed.contains(&chunk)) {
            nearest.push((distance, chunk));
            if nearest.len() > BY_MEANING {
                nearest.pop();
            }
        }
    })?;
    Ok(nearest.into_iter().map(|(_, chunk)| chunk).collect())
}
