//! Chooses the sentences of the passages that answer a question.
//!
//! A sentence scores by how close its vector is to the question, by how many of the question's words it or its
//! heading has (rare words count more, small typing errors are forgiven), by whether it holds the kind of fact that
//! is asked for (a price, a duration), and by how well its passage was found. The best one leads; others follow when
//! they add a kind of fact that is still missing, or belong to it.

mod score;
mod units;

use std::collections::HashSet;

use self::{
    score::{Asked, WEIGHTS},
    units::{Unit, units_of},
};
use super::Question;
use crate::{domain::retrieval::Passage, engine::question::Facet};

/// Passages that are looked at: answers are near the top, and each more is time.
const MAX_PASSAGES: usize = 4;
/// The most sentences, items and rows in an answer.
const MAX_UNITS: usize = 5;
/// The longest answer, in characters: what a person reads on a phone without scrolling.
const MAX_CHARS: usize = 520;
/// The sentences that answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extract {
    /// The words: sentences in a paragraph, items and rows on lines of their own.
    pub(super) text: String,
    /// The passages they come from, the one that leads first.
    pub(super) passages: Vec<usize>,
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
    asked.score(&mut units, passages, &WEIGHTS);
    let best = units.iter().max_by(|a, b| a.score.total_cmp(&b.score))?;
    let chosen = choose(&units, best, &asked.facets);
    Some(compose(chosen))
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
        // Instructions are read from their first step.
        return Some(if unit.position < best.position { 4.0 } else { 3.0 } + part);
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
