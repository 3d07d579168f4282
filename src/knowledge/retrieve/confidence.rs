//! Whether the best passage answers the question, as a probability.
//!
//! No single signal tells: a question about something else has near neighbours too, and an answer may use other words
//! than the question. A logistic model over a few signals tells well.

use serde::Serialize;

use super::{query::Query, score::Scored};

/// From this confidence on a question is answered.
pub(super) const ANSWERABLE_FROM: f32 = 0.5;

/// What is known about the best passage of a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Signals {
    /// Whether the passage is in another language than the question.
    pub is_other_language: bool,
    /// The cosine of the question with the passage's closest sentence.
    pub sentence_similarity: f32,
    /// The cosine of the question with the whole passage.
    pub passage_similarity: f32,
    /// The highest cosine with any sentence that was looked at.
    pub best_similarity: f32,
    /// Which share of the question's weight one sentence with its headings has.
    pub sentence_coverage: f32,
    /// Which share of the question's weight the passage has.
    pub coverage: f32,
    /// Which share of the question's names and numbers the passage has; one half when there are none.
    pub names: f32,
    /// The largest share of the question's weight that one missing word has.
    pub heaviest_missing: f32,
    /// How many words of the question tell something.
    pub words: usize,
    /// How far the passage is ahead of the next one.
    pub margin: f32,
    /// How many chunks there are.
    pub chunks: u64,
}

/// The coefficients of a logistic model.
struct Model {
    constant: f32,
    sentence_similarity: f32,
    passage_similarity: f32,
    sentence_coverage: f32,
    coverage: f32,
    names: f32,
    heaviest_missing: f32,
}

const SAME_LANGUAGE: Model = Model {
    constant: -6.0,
    sentence_similarity: 5.0,
    passage_similarity: 5.0,
    sentence_coverage: 3.0,
    coverage: 4.0,
    names: 0.5,
    heaviest_missing: 0.0,
};

const OTHER_LANGUAGE: Model = Model {
    constant: -6.0,
    sentence_similarity: 8.0,
    passage_similarity: 4.0,
    sentence_coverage: 0.0,
    coverage: 0.0,
    names: 1.0,
    heaviest_missing: 0.0,
};

/// Gathers the signals of a search; `None` when it found nothing.
pub(super) fn signals(query: &Query, scored: &[Scored]) -> Option<Signals> {
    let best = scored.first()?;
    let closest = |scored: &Scored| {
        scored.similarities.as_ref().map_or(0.0, crate::knowledge::vectors::Similarities::best)
    };
    Some(Signals {
        is_other_language: best.is_other_language,
        sentence_similarity: closest(best),
        passage_similarity: best.similarities.as_ref().map_or(0.0, |found| found.passage),
        best_similarity: scored.iter().map(closest).fold(0.0, f32::max),
        sentence_coverage: best.sentence_coverage,
        coverage: best.coverage,
        names: best.names.unwrap_or(0.5),
        heaviest_missing: best.heaviest_missing,
        words: query.words.len(),
        margin: best.score - scored.get(1).map_or(0.0, |second| second.score),
        chunks: query.chunks,
    })
}

impl Signals {
    /// How likely the best passage answers the question, 0..=1.
    pub fn confidence(&self) -> f32 {
        let model = if self.is_other_language { &OTHER_LANGUAGE } else { &SAME_LANGUAGE };
        let sum = model.constant
            + model.sentence_similarity * self.sentence_similarity
            + model.passage_similarity * self.passage_similarity
            + model.sentence_coverage * self.sentence_coverage
            + model.coverage * self.coverage
            + model.names * self.names
            + model.heaviest_missing * self.heaviest_missing;
        1.0 / (1.0 + (-sum).exp())
    }
}
