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
    /// The cosine of the question with the passage's heading; 0 without one.
    pub heading_similarity: f32,
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
    /// Whether the words of the question are all of the kind that wrap one: "hola", "gracias".
    pub is_small_talk: bool,
    /// How far the passage is ahead of the next one.
    pub margin: f32,
    /// How many chunks there are.
    pub chunks: u64,
}

/// The coefficients of a logistic model; one that is 0 is not used.
struct Model {
    constant: f32,
    similarity: f32,
    best_similarity: f32,
    passage_similarity: f32,
    sentence_coverage: f32,
    coverage: f32,
    names: f32,
    heaviest_missing: f32,
    margin: f32,
}

/// Fitted by `benches/confidence.py` on three random halves each of the articles of xquad, squad_es and squad_pt, asked
/// all their questions, and on the questions to the example tenants, which count twice.
const SAME_LANGUAGE: Model = Model {
    constant: -7.59,
    similarity: 4.74,
    best_similarity: 0.0,
    passage_similarity: 6.36,
    sentence_coverage: 3.79,
    coverage: 6.59,
    names: 0.46,
    heaviest_missing: -1.44,
    margin: 0.0,
};

/// Fitted likewise, on English questions to Spanish articles and those to the example tenants in English and
/// Portuguese. Words tell little here, so it is less sure of itself.
const OTHER_LANGUAGE: Model = Model {
    constant: -9.66,
    similarity: 11.18,
    best_similarity: 6.5,
    passage_similarity: 0.0,
    sentence_coverage: 0.0,
    coverage: 0.0,
    names: 4.57,
    heaviest_missing: 0.0,
    margin: 10.02,
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
        heading_similarity: best.similarities.as_ref().map_or(0.0, |found| found.heading),
        passage_similarity: best.similarities.as_ref().map_or(0.0, |found| found.passage),
        best_similarity: scored.iter().map(closest).fold(0.0, f32::max),
        sentence_coverage: best.sentence_coverage,
        coverage: best.coverage,
        names: best.names.unwrap_or(0.5),
        heaviest_missing: best.heaviest_missing,
        words: query.words.len(),
        is_small_talk: !query.words.is_empty() && query.words.iter().all(|word| word.is_filler),
        margin: best.score - scored.get(1).map_or(0.0, |second| second.score),
        chunks: query.chunks,
    })
}

impl Signals {
    /// How likely the best passage answers the question, 0..=1.
    pub fn confidence(&self) -> f32 {
        if self.is_small_talk {
            return 0.0;
        }
        let model = if self.is_other_language { &OTHER_LANGUAGE } else { &SAME_LANGUAGE };
        let sum = model.constant
            + model.similarity * self.sentence_similarity.max(self.heading_similarity)
            + model.best_similarity * self.best_similarity
            + model.passage_similarity * self.passage_similarity
            + model.sentence_coverage * self.sentence_coverage
            + model.coverage * self.coverage
            + model.names * self.names
            + model.heaviest_missing * self.heaviest_missing
            + model.margin * self.margin;
        1.0 / (1.0 + (-sum).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question whose words and meaning are all in the passage.
    const COVERED: Signals = Signals {
        is_other_language: false,
        sentence_similarity: 0.6,
        heading_similarity: 0.0,
        passage_similarity: 0.5,
        best_similarity: 0.6,
        sentence_coverage: 0.8,
        coverage: 0.9,
        names: 0.5,
        heaviest_missing: 0.1,
        words: 4,
        is_small_talk: false,
        margin: 0.2,
        chunks: 100,
    };

    #[test]
    fn meaning_alone_and_words_alone_are_not_enough() {
        assert!(COVERED.confidence() > 0.95);
        let other_words = Signals { sentence_coverage: 0.1, coverage: 0.1, heaviest_missing: 0.6, ..COVERED };
        assert!(other_words.confidence() < 0.5);
        let other_meaning = Signals {
            sentence_similarity: 0.1,
            passage_similarity: 0.05,
            sentence_coverage: 0.4,
            coverage: 0.5,
            ..COVERED
        };
        assert!(other_meaning.confidence() < 0.5);
    }

    #[test]
    fn small_talk_is_never_a_question() {
        assert_eq!(Signals { is_small_talk: true, ..COVERED }.confidence().to_bits(), 0);
    }

    #[test]
    fn a_question_in_another_language_is_judged_by_its_meaning() {
        let foreign = Signals { is_other_language: true, coverage: 0.0, sentence_coverage: 0.0, ..COVERED };
        assert!(foreign.confidence() > 0.8);
        assert!(
            Signals { sentence_similarity: 0.2, best_similarity: 0.2, margin: 0.02, ..foreign }.confidence()
                < 0.2
        );
    }
}
