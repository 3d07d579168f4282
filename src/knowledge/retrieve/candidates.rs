//! Which chunks are worth a closer look: those with the question's rarer words, and those whose sketch is like it.

use std::collections::{BTreeSet, BinaryHeap, HashSet};

use super::query::Query;
use crate::{
    knowledge::vectors,
    store::{StoreError, chunk_index::ChunkIndex},
};

/// Candidates from the words.
const BY_WORDS: usize = 150;

/// Candidates from the meaning.
const BY_MEANING: usize = 150;

/// When the rarer words have this many hits, the more frequent words are left out here; they still count in the score.
const ENOUGH_HITS: usize = 20_000;

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
    // A chunk, the place of the word it has, and what that counts.
    let mut hits: Vec<(i64, usize, f32)> = Vec::new();
    for (place, word) in words.into_iter().enumerate() {
        if hits.len() >= ENOUGH_HITS {
            break;
        }
        for stem in &word.stems {
            let chunks =
                stem.chunks.iter().filter(|chunk| allowed.is_none_or(|allowed| allowed.contains(chunk)));
            hits.extend(chunks.map(|chunk| (*chunk, place, stem.idf * stem.weight)));
        }
    }
    hits.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(b.2.total_cmp(&a.2)));
    // Of several stems of one word the best counts.
    hits.dedup_by(|next, kept| (next.0, next.1) == (kept.0, kept.1));
    let mut ranked: Vec<(f32, i64)> = hits
        .chunk_by(|a, b| a.0 == b.0)
        .filter_map(|of_chunk| Some((of_chunk.iter().map(|hit| hit.2).sum(), of_chunk.first()?.0)))
        .collect();
    ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().take(BY_WORDS).map(|(_, chunk)| chunk).collect()
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
