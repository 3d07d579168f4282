//! Scores the candidates: words by BM25, meaning by the closest sentence, and how much of the question one sentence
//! covers. What was measured is in the table of `benches/retrieval_quality.rs`.
//!
//! BM25 is scaled to the best candidate before it is added, because its numbers mean nothing across questions
//! (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). When the question is in another language
//! than the passage, shared words are mostly names, and the weight goes to the meaning.

use std::collections::{BTreeSet, HashMap};

use super::query::{Query, number};
use crate::{
    knowledge::vectors::{self, Similarities},
    store::{StoreError, chunk_index::ChunkIndex},
};

/// How fast a repeated word stops counting (BM25's k1).
const SATURATION: f32 = 1.2;

/// How much a long chunk is held against it (BM25's b).
const LENGTH_PENALTY: f32 = 0.75;

/// The weights of the parts of a score.
struct Weights {
    words: f32,
    sentence: f32,
    passage: f32,
    coverage: f32,
}

/// Question and passage in the same language.
const SAME_LANGUAGE: Weights = Weights { words: 1.0, sentence: 1.5, passage: 0.0, coverage: 0.5 };

/// Question and passage in different languages.
const OTHER_LANGUAGE: Weights = Weights { words: 0.3, sentence: 1.5, passage: 0.5, coverage: 0.0 };

/// The candidates in their order.
pub(super) struct Ranking {
    /// The candidates, best first.
    pub(super) scored: Vec<Scored>,
    /// Chunks whose vectors are no vectors.
    pub(super) malformed: Vec<i64>,
}

/// A candidate with its score and what the score is made of.
#[derive(Debug)]
pub(super) struct Scored {
    /// The chunk.
    pub(super) chunk: i64,
    /// 0..=1, comparable within one search.
    pub(super) score: f32,
    /// Whether it is in another language than the question.
    pub(super) is_other_language: bool,
    /// BM25 in proportion to the best candidate's, 0..=1.
    pub(super) words: f32,
    /// The cosines; `None` until the vectors are made.
    pub(super) similarities: Option<Similarities>,
    /// Which share of the question's weight the best single sentence has, its headings included, 0..=1.
    pub(super) sentence_coverage: f32,
    /// Which share of the question's weight the whole chunk has, 0..=1.
    pub(super) coverage: f32,
    /// Which share of the question's names and numbers the chunk has; `None` when there are none.
    pub(super) names: Option<f32>,
    /// The largest share of the question's weight that a single missing word has, 0..=1.
    pub(super) heaviest_missing: f32,
}

/// What the words say about one candidate.
struct Lexical {
    bm25: f32,
    sentence_coverage: f32,
    coverage: f32,
    names: Option<f32>,
    heaviest_missing: f32,
}

/// Scores the candidates and puts them in order.
pub(super) fn rank(
    index: &ChunkIndex<'_>,
    query: &Query,
    vector: Option<&[f32]>,
    candidates: BTreeSet<i64>,
) -> Result<Ranking, StoreError> {
    let matcher = Matcher::new(query);
    let mut malformed = Vec::new();
    let mut scored = Vec::with_capacity(candidates.len());
    for chunk in candidates {
        let read =
            index.read_terms(chunk, |language, words, terms| (language, matcher.read(terms, words)))?;
        // Until its stems are made again, a chunk is judged by its vectors.
        let (language, lexical) = match read {
            Some((language, lexical)) => (Some(language), lexical),
            None => (None, matcher.read("", 0)),
        };
        let mut similarities = None;
        if let Some(vector) = vector {
            match index.read_vectors(chunk, |packed| vectors::compare(packed, vector))? {
                Some(Some(found)) => similarities = Some(found),
                Some(None) => malformed.push(chunk),
                None => {}
            }
        }
        scored.push(Scored {
            chunk,
            score: 0.0,
            is_other_language: query.language.zip(language).is_some_and(|(asked, written)| asked != written),
            words: lexical.bm25,
            similarities,
            sentence_coverage: lexical.sentence_coverage,
            coverage: lexical.coverage,
            names: lexical.names,
            heaviest_missing: lexical.heaviest_missing,
        });
    }
    let best = scored.iter().map(|scored| scored.words).fold(f32::MIN_POSITIVE, f32::max);
    for scored in &mut scored {
        scored.words /= best;
        scored.score = fuse(scored);
    }
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    Ok(Ranking { scored, malformed })
}

fn fuse(scored: &Scored) -> f32 {
    let weights = if scored.is_other_language { &OTHER_LANGUAGE } else { &SAME_LANGUAGE };
    let (sentence, passage) = scored
        .similarities
        .as_ref()
        .map_or((0.0, 0.0), |found| (found.best().max(found.heading), found.passage));
    let total = weights.words + weights.sentence + weights.passage + weights.coverage;
    let sum = weights.words * scored.words
        + weights.sentence * sentence
        + weights.passage * passage
        + weights.coverage * scored.sentence_coverage;
    (sum / total).clamp(0.0, 1.0)
}

/// Finds a question's words in the stems of a chunk.
struct Matcher<'a> {
    query: &'a Query,
    /// For each stem the words it stands for, as places in `query.words` and in their `stems`.
    places: HashMap<&'a str, Vec<(usize, usize)>>,
    /// The first bytes of the stems: most stems of a chunk need not be looked up.
    first_bytes: [bool; 256],
    /// The weight of all words.
    weight: f32,
}

impl<'a> Matcher<'a> {
    fn new(query: &'a Query) -> Self {
        let mut places: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        for (word, query_word) in query.words.iter().enumerate() {
            for (stem, query_stem) in query_word.stems.iter().enumerate() {
                places.entry(&query_stem.text).or_default().push((word, stem));
            }
        }
        let mut first_bytes = [false; 256];
        for first in places.keys().filter_map(|stem| stem.bytes().next()) {
            if let Some(is_first) = first_bytes.get_mut(usize::from(first)) {
                *is_first = true;
            }
        }
        Self { query, places, first_bytes, weight: query.weight() }
    }

    /// Reads the stems of a chunk: the first line are its headings, then each line is a sentence.
    fn read(&self, terms: &str, words: u32) -> Lexical {
        let mut counts: Vec<Vec<f32>> =
            self.query.words.iter().map(|word| vec![0.0; word.stems.len()]).collect();
        let mut in_headings = vec![0.0_f32; self.query.words.len()];
        let mut anywhere = in_headings.clone();
        let mut best_sentence = 0.0_f32;
        for (line, text) in terms.lines().enumerate() {
            let mut here = in_headings.clone();
            for term in text.split(' ') {
                let first = term.bytes().next().map_or(0, usize::from);
                if !self.first_bytes.get(first).copied().unwrap_or_default() {
                    continue;
                }
                for (word, stem) in self.places.get(term).into_iter().flatten() {
                    let Some(query_word) = self.query.words.get(*word) else { continue };
                    let hit = query_word.stems.get(*stem).map_or(0.0, |stem| stem.weight);
                    for found in [&mut here, &mut anywhere] {
                        if let Some(best) = found.get_mut(*word) {
                            *best = best.max(hit);
                        }
                    }
                    if let Some(count) = counts.get_mut(*word).and_then(|stems| stems.get_mut(*stem)) {
                        *count += 1.0;
                    }
                }
            }
            if line == 0 {
                in_headings = here;
            } else {
                best_sentence = best_sentence.max(self.weigh(&here));
            }
        }
        let length = number(u64::from(words)) / self.query.mean_words;
        let names: Vec<f32> =
            self.hits(&anywhere).filter(|(word, _)| word.is_name).map(|(_, hit)| hit).collect();
        Lexical {
            bm25: self.bm25(&counts, length),
            sentence_coverage: self.share(best_sentence),
            coverage: self.share(self.weigh(&anywhere)),
            names: (!names.is_empty()).then(|| names.iter().sum::<f32>() / number(names.len() as u64)),
            heaviest_missing: self
                .share(self.hits(&anywhere).map(|(word, hit)| word.weight * (1.0 - hit)).fold(0.0, f32::max)),
        }
    }

    fn bm25(&self, counts: &[Vec<f32>], length: f32) -> f32 {
        let penalty = SATURATION * (1.0 - LENGTH_PENALTY + LENGTH_PENALTY * length);
        let of_word = |(word, counts): (&super::query::QueryWord, &Vec<f32>)| {
            let of_stems =
                word.stems.iter().zip(counts).map(|(stem, count)| {
                    stem.weight * stem.idf * count * (SATURATION + 1.0) / (count + penalty)
                });
            of_stems.fold(0.0, f32::max)
        };
        self.query.words.iter().zip(counts).map(of_word).sum()
    }

    fn hits<'h>(&'h self, found: &'h [f32]) -> impl Iterator<Item = (&'h super::query::QueryWord, f32)> + 'h {
        self.query.words.iter().zip(found.iter().copied())
    }

    fn weigh(&self, found: &[f32]) -> f32 {
        self.hits(found).map(|(word, hit)| word.weight * hit).sum()
    }

    fn share(&self, weight: f32) -> f32 {
        if self.weight > 0.0 { weight / self.weight } else { 0.0 }
    }
}
