//! Text to rows of the embedding table, exactly as sentencepiece does it for this model.
//!
//! The text is normalised by the model's own rules (NFKC with additions for machine translation), spaces become `▁`, and
//! the most probable sequence of pieces is chosen ([unigram language model]). The generic crates keep the vocabulary
//! on the heap, which costs more memory than the rest of the program; here the tries are walked in place.
//!
//! [unigram language model]: https://arxiv.org/abs/1804.10959

use super::MAX_TEXT_BYTES;
use super::weights::Weights;

/// The row of whatever is not in the vocabulary.
const UNKNOWN: u32 = 0;
/// The row that starts every text.
const START: u32 = 1;
/// The row that ends every text.
const END: u32 = 2;

/// The most rows that a text gets, start and end included (about 350 words); the rest of the text is not embedded.
pub(super) const MAX_TOKENS: usize = 512;

const SPACE: &[u8] = "▁".as_bytes();

/// The best way to reach a byte of the text.
#[derive(Clone, Copy)]
struct Step {
    score: f32,
    row: u32,
    from: usize,
}

const NOT_REACHED: Step = Step { score: f32::NEG_INFINITY, row: UNKNOWN, from: 0 };

/// Turns texts into rows; keeps its buffers between texts.
pub(super) struct Tokenizer<'a> {
    weights: &'a Weights,
    normal: Vec<u8>,
    steps: Vec<Step>,
}

impl<'a> Tokenizer<'a> {
    pub(super) fn new(weights: &'a Weights) -> Self {
        Self { weights, normal: Vec::new(), steps: Vec::new() }
    }

    /// Appends the rows of `text` to `rows`: start, pieces, end; at most [`MAX_TOKENS`].
    pub(super) fn tokenize(&mut self, text: &str, rows: &mut Vec<u32>) {
        let text = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default();
        self.normalize(text);
        let first = rows.len();
        rows.push(START);
        self.segment(rows);
        rows.truncate(first + MAX_TOKENS - 1);
        rows.push(END);
    }

    /// Writes the normal form: rules applied, runs of spaces reduced to one `▁`, one at the front and none at the end.
    fn normalize(&mut self, text: &str) {
        self.normal.clear();
        let bytes = text.as_bytes();
        let mut position = 0;
        let mut after_space = true;
        while let Some(rest) = bytes.get(position..).filter(|rest| !rest.is_empty()) {
            let mut longest = None;
            self.weights.normaliser.prefixes(rest, |length, value| longest = Some((length, value)));
            let (length, replacement) = match longest {
                Some((length, value)) => (length, self.weights.replacement(value)),
                None => rest
                    .split_at_checked(character_length(rest))
                    .map_or((1, rest), |(own, _)| (own.len(), own)),
            };
            position += length;
            for &byte in replacement {
                let is_space = byte == b' ';
                if !is_space || !after_space {
                    if self.normal.is_empty() || is_space {
                        self.normal.extend_from_slice(SPACE);
                    }
                    if !is_space {
                        self.normal.push(byte);
                    }
                }
                after_space = is_space;
            }
        }
        while self.normal.ends_with(SPACE) {
            self.normal.truncate(self.normal.len() - SPACE.len());
        }
    }

    /// Appends the rows of the most probable pieces of the normal form (Viterbi over its bytes).
    fn segment(&mut self, rows: &mut Vec<u32>) {
        let text = self.normal.as_slice();
        self.steps.clear();
        self.steps.resize(text.len() + 1, NOT_REACHED);
        let mut start = 0;
        let mut score = 0.0;
        while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
            let own_length = character_length(rest);
            let mut is_known = false;
            let mut reach = |length: usize, row: u32| {
                let candidate = score + self.weights.score(row);
                if let Some(step) = self.steps.get_mut(start + length)
                    && candidate > step.score
                {
                    *step = Step { score: candidate, row, from: start };
                }
            };
            self.weights.vocabulary.prefixes(rest, |length, row| {
                is_known |= length == own_length;
                reach(length, row);
            });
            if !is_known {
                reach(own_length, UNKNOWN);
            }
            start += own_length;
            score = self.steps.get(start).map_or(score, |step| step.score);
        }

        let first = rows.len();
        let mut end = text.len();
        while let Some(step) = self.steps.get(end).filter(|_| end > 0) {
            // Neighbouring unknown characters count as one piece.
            if step.row != UNKNOWN || rows.len() == first || rows.last() != Some(&UNKNOWN) {
                rows.push(step.row);
            }
            end = step.from;
        }
        if let Some(pieces) = rows.get_mut(first..) {
            pieces.reverse();
        }
    }
}

/// How many bytes the first character takes; at least one, so that a loop over characters always moves on.
fn character_length(text: &[u8]) -> usize {
    let length = match text.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..) => 4,
        _ => 1,
    };
    length.min(text.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<u32> {
        let weights = Weights::builtin().unwrap();
        let mut rows = Vec::new();
        Tokenizer::new(&weights).tokenize(text, &mut rows);
        rows
    }

    #[test]
    fn rows_equal_those_of_sentencepiece() {
        let texts = include_str!("../../../../tests/fixtures/embedding/texts.jsonl").lines();
        let expected = include_str!("../../../../tests/fixtures/embedding/rows.jsonl").lines();
        let weights = Weights::builtin().unwrap();
        let mut tokenizer = Tokenizer::new(&weights);
        for (text, expected) in texts.zip(expected) {
            let text: serde_json::Value = serde_json::from_str(text).unwrap();
            let mut rows = Vec::new();
            tokenizer.tokenize(text["text"].as_str().unwrap(), &mut rows);
            assert_eq!(rows, serde_json::from_str::<Vec<u32>>(expected).unwrap(), "{text}");
        }
    }

    #[test]
    fn spaces_and_compatible_characters_do_not_matter() {
        let expected = rows("el numero 10");
        for text in ["  el   numero 10 ", "el\tnumero\n10", "el\u{a0}numero １０", "ｅｌ numero ⑩"] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_run_of_unknown_characters_is_one_unknown() {
        assert_eq!(rows("приветы"), rows("ⵣⵣⵣⵣ"));
        assert_eq!(rows("ⵣⵣ").iter().filter(|&&row| row == UNKNOWN).count(), 1);
    }

    #[test]
    fn a_text_without_characters_is_start_and_end() {
        for text in ["", " ", "\n\t  "] {
            assert_eq!(rows(text), [START, END], "{text:?}");
        }
    }

    #[test]
    fn a_very_long_text_is_cut() {
        let long = rows(&"ñandú ".repeat(100_000));
        assert_eq!(long.len(), MAX_TOKENS);
        assert_eq!(long.last(), Some(&END));
    }

    proptest::proptest! {
        #[test]
        fn any_text_gets_rows_within_the_bounds(text in "\\PC{0,300}|[\\x00-\\x7f\u{300}-\u{310}▁ ]{0,300}") {
            let rows = rows(&text);
            proptest::prop_assert!((2..=MAX_TOKENS).contains(&rows.len()));
            proptest::prop_assert_eq!((rows.first(), rows.last()), (Some(&START), Some(&END)));
        }
    }
}
