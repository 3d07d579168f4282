//! How well a part of a passage answers a question.

use std::collections::HashSet;

use super::units::Unit;
use crate::{
    domain::{language::Language, retrieval::Passage},
    engine::{
        builtin::Question,
        question::{Facet, facets},
        words::is_stop_word,
    },
    text::{language, stem, words},
};

/// What each sign of a good sentence is worth.
pub(super) struct Weights {
    /// The cosine to the question.
    pub(super) similarity: f32,
    /// The same when the passages are in another language than the question, so that words say little.
    pub(super) foreign_similarity: f32,
    /// The share of the question's rare words that it has.
    pub(super) coverage: f32,
    /// The share of the kinds of fact asked for that it has.
    pub(super) facets: f32,
    /// How well its passage was found, as a part of the best one's.
    pub(super) passage: f32,
    /// Taken off an item or a row: a sentence that says the same reads better.
    pub(super) item: f32,
    /// A word found in the heading only.
    pub(super) in_heading: f32,
    /// A word found only in another form ("preparación", "prepararse").
    pub(super) related: f32,
}

/// Of 216 combinations one of the best on 95 questions to the example tenants; their neighbours are hardly worse.
pub(super) const WEIGHTS: Weights = Weights {
    similarity: 1.0,
    foreign_similarity: 1.6,
    coverage: 0.7,
    facets: 0.5,
    passage: 0.8,
    item: 0.1,
    in_heading: 0.8,
    related: 0.6,
};

/// What the question asks for.
pub(super) struct Asked {
    /// Its folded words but for those that say nothing.
    words: Vec<String>,
    language: Language,
    pub(super) facets: Vec<Facet>,
}

/// How well a unit has one of the question's words.
#[derive(Clone, Copy, Default)]
struct Hit {
    /// In its own words, 0 to 1.
    own: f32,
    /// In its own words or its headings, 0 to 1.
    any: f32,
}

impl Asked {
    pub(super) fn new(question: &Question) -> Self {
        let mut asked = words(&question.in_context);
        asked.retain(|word| word.len() > 1 && !is_stop_word(word));
        asked.sort();
        asked.dedup();
        let now = facets(&question.text);
        let facets = if now.is_empty() { facets(&question.in_context) } else { now };
        Self { words: asked, language: question.language, facets }
    }

    /// Fills in what the units are worth.
    pub(super) fn score(&self, units: &mut [Unit], passages: &[Passage], weights: &Weights) {
        let written_in =
            passages.first().map_or(self.language, |first| language::detect(&first.text, self.language));
        let stems_of = |text: &str| -> HashSet<String> {
            words(text).iter().filter(|word| !is_stop_word(word)).map(|word| stem(word, written_in)).collect()
        };
        let asked: Vec<String> = self.words.iter().map(|word| stem(word, written_in)).collect();
        let headings: Vec<HashSet<String>> = passages
            .iter()
            .map(|passage| {
                stems_of(&format!("{} {}", passage.title.as_deref().unwrap_or_default(), passage.heading))
            })
            .collect();
        for unit in &mut *units {
            unit.words = stems_of(&unit.text);
        }
        let nothing = HashSet::new();
        let hits: Vec<Vec<Hit>> = units
            .iter()
            .map(|unit| {
                let heading = headings.get(unit.passage).unwrap_or(&nothing);
                asked
                    .iter()
                    .map(|stem| {
                        let own = has(&unit.words, stem, weights);
                        Hit { own, any: own.max(weights.in_heading * has(heading, stem, weights)) }
                    })
                    .collect()
            })
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred sentences at most")]
        let rarity: Vec<f32> = (0..asked.len())
            .map(|word| {
                let having = hits.iter().filter(|row| row.get(word).is_some_and(|hit| hit.any > 0.0)).count();
                // A word that no sentence has tells nothing about which is the best.
                if having == 0 { 0.0 } else { (1.0 + units.len() as f32 / having as f32).ln() }
            })
            .collect();
        let total = rarity.iter().sum::<f32>().max(f32::EPSILON);
        let similarity =
            if written_in == self.language { weights.similarity } else { weights.foreign_similarity };
        let best_passage = passages.iter().map(|passage| passage.score).fold(f32::EPSILON, f32::max);
        for (unit, hits) in units.iter_mut().zip(&hits) {
            let share = |of: fn(&Hit) -> f32| -> f32 {
                hits.iter().zip(&rarity).map(|(hit, rarity)| of(hit) * rarity).sum::<f32>() / total
            };
            unit.coverage = share(|hit| hit.any);
            unit.own_coverage = share(|hit| hit.own);
            unit.facets = self.facets.iter().copied().filter(|facet| facet.is_in(&unit.text)).collect();
            #[expect(clippy::cast_precision_loss, reason = "at most five kinds of fact")]
            let facets = unit.facets.len() as f32 / self.facets.len().max(1) as f32;
            let passage = passages.get(unit.passage).map_or(0.0, |passage| passage.score / best_passage);
            unit.score = similarity * unit.similarity
                + weights.coverage * unit.coverage
                + weights.facets * facets
                + weights.passage * passage
                - if unit.is_item { weights.item } else { 0.0 };
        }
    }
}

/// How well a set of stems has a word: 1 as it is, a little less with a typing error, less in another form.
fn has(stems: &HashSet<String>, word: &str, weights: &Weights) -> f32 {
    /// Shorter words bear no typing error, and their beginnings mean nothing.
    const LONG_ENOUGH: usize = 5;
    const MISTYPED: f32 = 0.9;
    if stems.contains(word) {
        return 1.0;
    }
    if word.len() < LONG_ENOUGH {
        return 0.0;
    }
    let alike = |known: &String| {
        if known.len() < LONG_ENOUGH {
            return 0.0;
        }
        if known.len().abs_diff(word.len()) <= 1 && strsim::osa_distance(known, word) <= 1 {
            return MISTYPED;
        }
        let shared = known.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        let related = shared >= LONG_ENOUGH && shared * 2 >= known.len().max(word.len());
        if related { weights.related } else { 0.0 }
    };
    stems.iter().map(alike).fold(0.0, f32::max)
}
