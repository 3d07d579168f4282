//! The parts of a passage that an answer can be made of.

use std::collections::HashSet;

use crate::{
    domain::retrieval::{Passage, Sentence},
    engine::{builtin::plain::plain, question::Facet},
};

/// A longer sentence is cut.
const MAX_UNIT_CHARS: usize = 700;

/// A sentence, item or row that may be part of the answer.
pub(super) struct Unit {
    pub(super) passage: usize,
    pub(super) position: usize,
    pub(super) text: String,
    /// An item of a list or a row of a table, which stays on a line of its own.
    pub(super) is_item: bool,
    /// A row of a table.
    pub(super) is_row: bool,
    pub(super) similarity: f32,
    /// How much of the question's rare words it has, its heading's counted in part.
    pub(super) coverage: f32,
    /// The same without the heading's.
    pub(super) own_coverage: f32,
    pub(super) facets: Vec<Facet>,
    pub(super) score: f32,
    pub(super) words: HashSet<String>,
}

impl Unit {
    /// Whether it is one of several that belong together, such as the steps of an instruction.
    pub(super) fn is_step(&self) -> bool {
        self.is_item && !self.is_row
    }
}

/// The sentences, items and rows of a passage.
pub(super) fn units_of(index: usize, passage: &Passage) -> Vec<Unit> {
    let whole = [Sentence { range: 0..passage.text.len(), similarity: passage.score }];
    let sentences: &[Sentence] = if passage.sentences.is_empty() { &whole } else { &passage.sentences };
    let on_own_line = own_lines(&passage.text, sentences);
    sentences
        .iter()
        .zip(on_own_line)
        .enumerate()
        .filter_map(|(position, (sentence, on_own_line))| {
            let line = plain(passage.sentence(sentence));
            let text: String = line.text.chars().take(MAX_UNIT_CHARS).collect();
            text.chars().any(char::is_alphanumeric).then(|| Unit {
                passage: index,
                position,
                text,
                is_item: line.is_item || on_own_line,
                is_row: line.is_row,
                similarity: sentence.similarity,
                coverage: 0.0,
                own_coverage: 0.0,
                facets: Vec::new(),
                score: 0.0,
                words: HashSet::new(),
            })
        })
        .collect()
}

/// Which sentences stand alone on a line, as the items of a list do.
fn own_lines(text: &str, sentences: &[Sentence]) -> Vec<bool> {
    let gap = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let after_line_break: Vec<bool> = (0..sentences.len())
        .map(|index| {
            let start = sentences.get(index).map_or(0, |sentence| sentence.range.start);
            let before = index.checked_sub(1).and_then(|index| sentences.get(index));
            before.is_some_and(|before| gap(before.range.end, start) == "\n")
        })
        .collect();
    let mut alone: Vec<bool> = (0..sentences.len())
        .map(|index| {
            let breaks = after_line_break.get(index).copied().unwrap_or_default();
            let ends_line = match (sentences.get(index), sentences.get(index + 1)) {
                (Some(this), Some(next)) => gap(this.range.end, next.range.start).contains('\n'),
                _ => true,
            };
            breaks && ends_line
        })
        .collect();
    // The first one has no line break before it: it is an item if the next one is and it does not introduce it.
    let next_alone = alone.get(1).copied().unwrap_or_default();
    let introduces =
        sentences.first().is_some_and(|first| gap(first.range.start, first.range.end).ends_with(':'));
    if let Some(first) = alone.first_mut() {
        *first = next_alone && !introduces;
    }
    alone
}
