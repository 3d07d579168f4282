//! Chooses the sentences of the passages that answer a question.
//!
//! A sentence scores by how close its vector is to the question, by how many of the question's words it or its
//! heading has (rare words count more, small typing errors are forgiven), by whether it holds the kind of fact that
//! is asked for (a price, a duration), and by how well its passage was found. The best one leads; others follow when
//! they add a kind of fact that is still missing, or belong to it.

use std::collections::HashSet;

use super::{Question, plain::plain};
use crate::{
    domain::{
        language::Language,
        retrieval::{Passage, Sentence},
    },
    engine::{
        language,
        question::{Facet, facets, subject},
        words::{is_stop_word, stem, words},
    },
};

/// Passages that are looked at: answers are near the top, and each more is time.
const MAX_PASSAGES: usize = 4;
/// The most sentences, items and rows in an answer.
const MAX_UNITS: usize = 5;
/// The longest answer, in characters: what a person reads on a phone without scrolling.
const MAX_CHARS: usize = 520;
/// A sentence longer than this is cut at a word.
const MAX_UNIT_CHARS: usize = 700;

/// What each sign of a good sentence is worth. Tried on the example tenants' questions.
mod weight {
    pub(super) const SIMILARITY: f32 = 1.0;
    pub(super) const COVERAGE: f32 = 0.9;
    pub(super) const FACETS: f32 = 0.5;
    pub(super) const PASSAGE: f32 = 0.7;
    /// Taken off an item or a row: a sentence that says the same reads better.
    pub(super) const ITEM: f32 = 0.1;
    /// A word found in the heading only.
    pub(super) const IN_HEADING: f32 = 0.6;
}

/// The sentences that answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extract {
    /// The words: sentences in a paragraph, items and rows on lines of their own.
    pub(super) text: String,
    /// The passages they come from, the one that leads first.
    pub(super) passages: Vec<usize>,
}

/// A sentence, item or row that may be part of the answer.
struct Unit {
    passage: usize,
    position: usize,
    text: String,
    /// An item of a list or a row of a table, which stays on a line of its own.
    is_item: bool,
    /// A row of a table.
    is_row: bool,
    similarity: f32,
    /// How much of the question's rare words it has, its heading's counted in part.
    coverage: f32,
    /// The same without the heading's.
    own_coverage: f32,
    facets: Vec<Facet>,
    score: f32,
    words: HashSet<String>,
}

impl Unit {
    /// Whether it is one of several that belong together, such as the steps of an instruction.
    fn is_step(&self) -> bool {
        self.is_item && !self.is_row
    }
}

/// The answer in the passages; `None` when they hold no words.
pub(super) fn extract(question: &Question, passages: &[Passage]) -> Option<Extract> {
    let asked = Asked::new(question);
    let mut units: Vec<Unit> = passages
        .iter()
        .take(MAX_PASSAGES)
        .enumerate()
        .flat_map(|(index, passage)| units_of(index, passage))
        .collect();
    asked.score(&mut units, passages);
    let best = units.iter().max_by(|a, b| a.score.total_cmp(&b.score))?;
    let chosen = choose(&units, best, &asked.facets);
    Some(compose(chosen))
}

/// What the question asks for.
struct Asked {
    stems: Vec<String>,
    language: Language,
    facets: Vec<Facet>,
}

impl Asked {
    fn new(question: &Question) -> Self {
        let mut stems = subject(&question.in_context);
        stems.sort();
        stems.dedup();
        let now = facets(&question.text);
        let facets = if now.is_empty() { facets(&question.in_context) } else { now };
        Self { stems, language: question.language, facets }
    }

    /// Fills in coverage, facets and score of all units.
    fn score(&self, units: &mut [Unit], passages: &[Passage]) {
        let written_in =
            passages.first().map_or(self.language, |first| language::detect(&first.text, self.language));
        let asked: Vec<(String, String)> =
            self.stems.iter().map(|word| (word.clone(), stem(word, written_in))).collect();
        let headings: Vec<HashSet<String>> = passages
            .iter()
            .map(|passage| {
                let title = passage.title.as_deref().unwrap_or_default();
                words(&format!("{title} {}", passage.heading))
                    .iter()
                    .map(|word| stem(word, written_in))
                    .collect()
            })
            .collect();
        for unit in &mut *units {
            unit.words = words(&unit.text)
                .into_iter()
                .filter(|word| !is_stop_word(word))
                .map(|word| stem(&word, written_in))
                .collect();
        }
        let nobody = HashSet::new();
        let found: Vec<Vec<f32>> = units
            .iter()
            .map(|unit| {
                let heading = headings.get(unit.passage).unwrap_or(&nobody);
                asked
                    .iter()
                    .map(|(word, stem)| {
                        if has(&unit.words, word, stem) {
                            1.0
                        } else if has(heading, word, stem) {
                            weight::IN_HEADING
                        } else {
                            0.0
                        }
                    })
                    .collect()
            })
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred sentences at most")]
        let rarity: Vec<f32> = (0..asked.len())
            .map(|term| {
                let having = found.iter().filter(|row| row.get(term).is_some_and(|hit| *hit > 0.0)).count();
                // A word that no sentence has tells nothing about which is the best.
                if having == 0 { 0.0 } else { (1.0 + units.len() as f32 / having as f32).ln() }
            })
            .collect();
        let total: f32 = rarity.iter().sum();
        let best_passage = passages.iter().map(|passage| passage.score).fold(f32::EPSILON, f32::max);
        for (unit, found) in units.iter_mut().zip(&found) {
            if total > 0.0 {
                let sum = |least: f32| -> f32 {
                    let hits = found.iter().zip(&rarity).filter(|(hit, _)| **hit >= least);
                    hits.map(|(hit, rarity)| hit * rarity).sum()
                };
                unit.coverage = sum(0.0) / total;
                unit.own_coverage = sum(1.0) / total;
            }
            unit.facets = self.facets.iter().copied().filter(|facet| facet.is_in(&unit.text)).collect();
            #[expect(clippy::cast_precision_loss, reason = "at most five kinds of fact")]
            let facets = unit.facets.len() as f32 / self.facets.len().max(1) as f32;
            let passage = passages.get(unit.passage).map_or(0.0, |passage| passage.score / best_passage);
            unit.score = weight::SIMILARITY * unit.similarity
                + weight::COVERAGE * unit.coverage
                + weight::FACETS * facets
                + weight::PASSAGE * passage
                - if unit.is_item { weight::ITEM } else { 0.0 };
        }
    }
}

/// Whether a set of stems has a word, small typing errors forgiven in words long enough to bear them.
fn has(stems: &HashSet<String>, word: &str, stem: &str) -> bool {
    const LONG_ENOUGH: usize = 5;
    stems.contains(stem)
        || (word.len() >= LONG_ENOUGH
            && stems.iter().any(|known| {
                known.len() + 1 >= LONG_ENOUGH
                    && known.len().abs_diff(stem.len()) <= 1
                    && strsim::osa_distance(known, stem) <= 1
            }))
}

fn units_of(index: usize, passage: &Passage) -> Vec<Unit> {
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
    // The first one has no line break before it: it is an item if all the others are.
    let others_alone = alone.len() > 1 && alone.iter().skip(1).all(|alone| *alone);
    let introduces =
        sentences.first().is_some_and(|first| gap(first.range.start, first.range.end).ends_with(':'));
    if let Some(first) = alone.first_mut() {
        *first = others_alone && !introduces;
    }
    alone
}

/// The best unit and those that belong to it: its neighbours first, then sentences of other passages that bring a
/// kind of fact that is still missing.
fn choose<'a>(units: &'a [Unit], best: &'a Unit, asked: &[Facet]) -> Vec<&'a Unit> {
    let mut chosen: Vec<&Unit> = vec![best];
    while chosen.len() < MAX_UNITS {
        let used: usize = chosen.iter().map(|unit| unit.text.chars().count()).sum();
        let next = units
            .iter()
            .filter(|unit| !chosen.iter().any(|c| std::ptr::eq(*c, *unit)))
            .filter(|unit| used + unit.text.chars().count() <= MAX_CHARS && !says_nothing_new(unit, &chosen))
            .filter_map(|unit| wanted(unit, best, &chosen, asked).map(|rank| (rank, unit)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, unit)) = next else { break };
        chosen.push(unit);
    }
    chosen
}

/// How much a unit is wanted beside the chosen ones; `None` if it is not.
fn wanted(unit: &Unit, best: &Unit, chosen: &[&Unit], asked: &[Facet]) -> Option<f32> {
    /// How good a neighbour must be, as a part of the best one's score, when all that was asked for is answered.
    const ENOUGH_SAID: f32 = 0.75;
    /// The same while something is missing, or when the question asks for no figure at all and a whole section is the
    /// answer.
    const GO_ON: f32 = 0.35;
    /// How good a sentence elsewhere must be that brings a kind of fact still missing.
    const ELSEWHERE: f32 = 0.55;
    /// How much of the best one's share of the question's words a row needs to be about the same thing.
    const SAME_SUBJECT: f32 = 0.7;
    let part = unit.score / best.score.max(f32::EPSILON);
    let covered = |facet: &Facet| chosen.iter().any(|unit| unit.facets.contains(facet));
    let brings_missing = unit.facets.iter().any(|facet| !covered(facet));
    let all_answered = !asked.is_empty() && asked.iter().all(covered);
    if unit.passage != best.passage {
        // A price of something else is worse than none.
        let same_subject = unit.coverage + 0.05 >= best.coverage * SAME_SUBJECT;
        return (brings_missing && same_subject && part >= ELSEWHERE).then_some(part);
    }
    let beside = chosen.iter().any(|c| c.passage == unit.passage && c.position.abs_diff(unit.position) == 1);
    let introduced = chosen.iter().any(|c| {
        c.passage == unit.passage
            && c.position < unit.position
            && (c.text.ends_with(':') || (c.is_step() && unit.is_step()))
    });
    if unit.is_row {
        // The rows around the one that was asked for are about other things.
        let about_it = unit.own_coverage + 0.05 >= best.own_coverage * SAME_SUBJECT;
        return (about_it && (beside || brings_missing) && part >= ELSEWHERE).then_some(part);
    }
    if beside && (introduced || (unit.is_step() && best.is_step())) {
        return Some(3.0 + part);
    }
    let least = if all_answered { ENOUGH_SAID } else { GO_ON };
    let continues = beside && part >= least;
    let missing_here = brings_missing && part >= ELSEWHERE;
    (continues || missing_here).then_some(part + if missing_here { 1.0 } else { 0.0 })
}

/// Whether all figures and words of a unit are already said, as when a table repeats the text.
fn says_nothing_new(unit: &Unit, chosen: &[&Unit]) -> bool {
    let said: HashSet<&String> = chosen.iter().flat_map(|unit| &unit.words).collect();
    let figures = |unit: &Unit| {
        unit.words.iter().filter(|w| w.bytes().any(|b| b.is_ascii_digit())).cloned().collect::<Vec<_>>()
    };
    let new_words = unit.words.iter().filter(|word| !said.contains(word)).count();
    let has_figures = !figures(unit).is_empty();
    let new_figures = figures(unit).iter().any(|figure| !said.contains(figure));
    (has_figures && !new_figures && new_words <= 4) || new_words == 0
}

/// Puts the units in reading order, passages in the order in which they were chosen.
fn compose(chosen: Vec<&Unit>) -> Extract {
    let mut passages: Vec<usize> = Vec::new();
    for unit in &chosen {
        if !passages.contains(&unit.passage) {
            passages.push(unit.passage);
        }
    }
    let mut text = String::new();
    for passage in &passages {
        let mut of_passage: Vec<&&Unit> = chosen.iter().filter(|unit| unit.passage == *passage).collect();
        of_passage.sort_by_key(|unit| unit.position);
        for unit in of_passage {
            let own_line = unit.is_item && chosen.len() > 1;
            if !text.is_empty() {
                let after_item = text.rsplit('\n').next().is_some_and(|line| line.starts_with("- "));
                text.push_str(if own_line || after_item { "\n" } else { " " });
            }
            if own_line {
                text.push_str("- ");
            }
            text.push_str(&unit.text);
        }
    }
    Extract { text, passages }
}
