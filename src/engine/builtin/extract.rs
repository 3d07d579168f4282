//! Chooses the sentences of the passages that answer a question.
//!
//! A sentence scores by how close its vector is to the question, by how many of the question's words it or its
//! heading has (rare words count more, small typing errors are forgiven), by whether it holds the kind of fact that
//! is asked for (a price, a duration), and by how well its passage was found. The best one leads; others follow when
//! they add a kind of fact that is still missing, or belong to it.

use std::collections::HashSet;

use super::{Question, plain::plain};
use crate::{
    domain::{language::Language, retrieval::Passage},
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
    is_item: bool,
    similarity: f32,
    coverage: f32,
    facets: Vec<Facet>,
    score: f32,
    words: HashSet<String>,
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
                unit.coverage =
                    found.iter().zip(&rarity).map(|(hit, rarity)| hit * rarity).sum::<f32>() / total;
            }
            unit.facets = self.facets.iter().copied().filter(|facet| facet.is_in(&unit.text)).collect();
            #[expect(clippy::cast_precision_loss, reason = "at most five kinds of fact")]
            let facets = unit.facets.len() as f32 / self.facets.len().max(1) as f32;
            let passage = passages.get(unit.passage).map_or(0.0, |passage| passage.score / best_passage);
            unit.score = weight::SIMILARITY * unit.similarity
                + weight::COVERAGE * unit.coverage
                + weight::FACETS * facets
                + weight::PASSAGE * passage;
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
    let sentences: Vec<(&str, f32)> = if passage.sentences.is_empty() {
        passage.text.lines().map(|line| (line, passage.score)).collect()
    } else {
        passage.sentences.iter().map(|sentence| (passage.sentence(sentence), sentence.similarity)).collect()
    };
    sentences
        .into_iter()
        .enumerate()
        .filter_map(|(position, (sentence, similarity))| {
            let line = plain(sentence);
            let text: String = line.text.chars().take(MAX_UNIT_CHARS).collect();
            text.chars().any(char::is_alphanumeric).then(|| Unit {
                passage: index,
                position,
                text,
                is_item: line.is_item,
                similarity,
                coverage: 0.0,
                facets: Vec::new(),
                score: 0.0,
                words: HashSet::new(),
            })
        })
        .collect()
}

/// The best unit and those that belong to it.
fn choose<'a>(units: &'a [Unit], best: &'a Unit, asked: &[Facet]) -> Vec<&'a Unit> {
    /// How good another sentence must be, as a part of the best one's score.
    const AS_GOOD: f32 = 0.85;
    /// The same for one right beside a chosen one.
    const BESIDE: f32 = 0.6;
    /// The same for one that brings a kind of fact still missing.
    const MISSING_FACT: f32 = 0.55;
    let mut chosen: Vec<&Unit> = vec![best];
    let is_intro = |unit: &Unit| unit.text.ends_with(':');
    while chosen.len() < MAX_UNITS {
        let used: usize = chosen.iter().map(|unit| unit.text.chars().count()).sum();
        let room = MAX_CHARS.saturating_sub(used);
        let missing = |unit: &Unit| {
            asked
                .iter()
                .any(|facet| unit.facets.contains(facet) && !chosen.iter().any(|c| c.facets.contains(facet)))
        };
        let beside = |unit: &Unit| {
            chosen.iter().any(|c| c.passage == unit.passage && c.position.abs_diff(unit.position) == 1)
        };
        let introduced = |unit: &Unit| {
            chosen.iter().any(|c| c.passage == unit.passage && c.position + 1 == unit.position && is_intro(c))
                || (unit.is_item
                    && chosen
                        .iter()
                        .any(|c| is_intro(c) && c.passage == unit.passage && c.position < unit.position)
                    && beside(unit))
        };
        let next = units
            .iter()
            .filter(|unit| !chosen.iter().any(|c| std::ptr::eq(*c, *unit)))
            .filter(|unit| unit.text.chars().count() <= room && !says_nothing_new(unit, &chosen))
            .filter_map(|unit| {
                let part = unit.score / best.score.max(f32::EPSILON);
                let same_passage = unit.passage == best.passage;
                // A price of something else is worse than none.
                let same_subject = unit.coverage + 0.05 >= best.coverage * 0.7;
                let wanted = introduced(unit)
                    || (missing(unit)
                        && part >= MISSING_FACT
                        && (same_subject || same_passage && beside(unit)))
                    || (same_passage && beside(unit) && part >= BESIDE)
                    || (part >= AS_GOOD && same_subject);
                let order = part
                    + if introduced(unit) {
                        2.0
                    } else if missing(unit) {
                        1.0
                    } else {
                        0.0
                    };
                wanted.then_some((order, unit))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, unit)) = next else { break };
        chosen.push(unit);
    }
    chosen
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
