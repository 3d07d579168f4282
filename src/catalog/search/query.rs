//! A question as the search sees it: its words and sizes, what stands for each in the catalogue, and how much each tells.

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::noise::is_noise;
use crate::{
    catalog::{
        measure::Measure,
        sound::sound,
        synonyms::synonyms,
        terms::{analyse, is_packing},
    },
    domain::language::Language,
    knowledge::terms::words,
    store::{StoreError, product_index::ProductIndex},
    text::{fold, stem},
};

/// A question with more different words is cut.
const MAX_WORDS: usize = 24;

/// What another word for the same thing counts, of what the word itself would.
const SYNONYM: f32 = 0.85;

/// What a word that sounds the same counts.
const SAME_SOUND: f32 = 0.95;

/// What a word one mistake away counts; each further mistake costs as much.
const PER_MISTAKE: f32 = 0.85;

/// Mistyped words are looked for when they are at least this long: shorter ones resemble too much.
const SHORTEST_MISTYPED_CHARS: usize = 4;

/// Words from this length on may have two mistakes.
const TWO_MISTAKES_FROM_CHARS: usize = 8;

/// The most stems that a mistyped word may mean.
const MAX_RESEMBLING: usize = 4;

/// What a size tells: as much as a rare word, because it tells one product of a row from the next.
const SIZE_WEIGHT: f32 = 4.0;

/// What a bare number tells; it may be a quantity.
const NUMBER_WEIGHT: f32 = 2.0;

/// What a word of packing tells, of what it would otherwise.
const PACKING: f32 = 0.3;

/// What a size counts that the product has without its unit.
const WITHOUT_UNIT: f32 = 0.8;

/// A question.
pub(super) struct Query {
    /// Its words and sizes that tell something.
    pub(super) parts: Vec<Part>,
}

/// A word or a size of a question.
pub(super) struct Part {
    /// What stands for it in the catalogue.
    pub(super) forms: Vec<Form>,
    /// What it tells of the question.
    pub(super) weight: f32,
    /// The unit and value, if it is a size.
    pub(super) size: Option<Size>,
    /// Whether it is the first word, which names the thing in Spanish and Portuguese.
    pub(super) is_head: bool,
}

/// A size that was asked for.
pub(super) struct Size {
    /// Its term.
    pub(super) term: String,
    /// How terms of the same unit end.
    pub(super) unit: String,
}

/// A term that stands for a part.
pub(super) struct Form {
    /// The term.
    pub(super) term: String,
    /// What it counts: 1, or less for what only resembles.
    pub(super) weight: f32,
    /// The products that have it.
    pub(super) products: Vec<i64>,
}

/// A question without what is only said around it, to be embedded.
pub(super) fn subject(text: &str) -> String {
    let kept: Vec<&str> = text
        .split_whitespace()
        .filter(|word| {
            let folded = fold(word);
            !words(&folded).iter().all(|word| is_noise(word))
        })
        .collect();
    if kept.is_empty() { text.to_owned() } else { kept.join(" ") }
}

impl Query {
    /// Reads a question against a catalogue.
    pub(super) fn read(text: &str, language: Language, index: &ProductIndex<'_>) -> Result<Self, StoreError> {
        let analysed = analyse(text, language);
        #[expect(clippy::cast_precision_loss, reason = "counts of products; the last digits do not matter")]
        let all = index.count()? as f32;
        let mut parts: Vec<Part> = Vec::new();
        let mut seen = BTreeSet::new();
        for (word, stem) in analysed.words {
            if !seen.insert(word.clone()) || parts.len() == MAX_WORDS || is_noise(&word) {
                continue;
            }
            let forms = forms(&word, stem, language, index)?;
            let found: BTreeSet<i64> = forms.iter().flat_map(|form| form.products.iter().copied()).collect();
            #[expect(clippy::cast_precision_loss, reason = "counts of products")]
            let with = (found.len() as f32).min(all);
            let idf = ((all - with + 0.5) / (with + 0.5)).ln_1p();
            let weight = if is_packing(&word) { idf * PACKING } else { idf };
            let is_head = parts.is_empty() && !is_packing(&word);
            parts.push(Part { forms, weight, size: None, is_head });
        }
        for measure in analysed.measures {
            let part = size(&measure, index)?;
            if seen.insert(measure.term()) && parts.len() < MAX_WORDS {
                parts.push(part);
            }
        }
        Ok(Self { parts })
    }
}

fn size(measure: &Measure, index: &ProductIndex<'_>) -> Result<Part, StoreError> {
    let term = measure.term();
    let unit = term.trim_start_matches(|c: char| c == 'q' || c.is_ascii_digit()).to_owned();
    let mut forms = vec![Form { products: index.with_term(&term)?, term: term.clone(), weight: 1.0 }];
    if measure.unit.is_some() {
        let bare = measure.bare_term();
        forms.push(Form { products: index.with_term(&bare)?, term: bare, weight: WITHOUT_UNIT });
    }
    let (weight, size) =
        if measure.unit.is_some() { (SIZE_WEIGHT, Some(Size { term, unit })) } else { (NUMBER_WEIGHT, None) };
    Ok(Part { forms, weight, size, is_head: false })
}

/// What stands for a word: itself and its synonyms; what sounds like it or resembles it when nobody wrote it so.
fn forms(
    word: &str,
    own: String,
    language: Language,
    index: &ProductIndex<'_>,
) -> Result<Vec<Form>, StoreError> {
    let form = |term: String, weight: f32| -> Result<Form, StoreError> {
        Ok(Form { products: index.with_term(&term)?, term, weight })
    };
    let mut forms = vec![form(own.clone(), 1.0)?];
    add_synonyms(word, language, &mut forms, index)?;
    if forms.iter().any(|form| !form.products.is_empty()) {
        return Ok(forms);
    }
    // Nobody wrote this word, nor another one for it: it may be misspelt, here or in the list of other words.
    let heard = sound(word);
    for stem in index.stems_sounding(&heard)? {
        forms.push(form(stem, SAME_SOUND)?);
    }
    if forms.iter().all(|form| form.products.is_empty()) {
        for (stem, weight) in resembling(&heard, &sound(&own), index)? {
            forms.push(form(stem, weight)?);
        }
    }
    Ok(forms)
}

fn add_synonyms(
    word: &str,
    language: Language,
    forms: &mut Vec<Form>,
    index: &ProductIndex<'_>,
) -> Result<(), StoreError> {
    // The list has words in the singular.
    let singular = [word, word.trim_end_matches('s'), word.strip_suffix("es").unwrap_or(word)];
    let mut seen: BTreeSet<String> = forms.iter().map(|form| form.term.clone()).collect();
    for word in singular {
        for other in synonyms(word) {
            let term = stem(other, language);
            if seen.insert(term.clone()) {
                forms.push(Form { products: index.with_term(&term)?, term, weight: SYNONYM });
            }
        }
    }
    Ok(())
}

/// The stems of words that sound nearly like a word, with what each counts.
fn resembling(
    heard: &str,
    heard_stem: &str,
    index: &ProductIndex<'_>,
) -> Result<Vec<(String, f32)>, StoreError> {
    let chars = heard.chars().count();
    if chars < SHORTEST_MISTYPED_CHARS || heard.bytes().any(|byte| byte.is_ascii_digit()) {
        return Ok(Vec::new());
    }
    let most = if chars < TWO_MISTAKES_FROM_CHARS { 1 } else { 2 };
    let mut found: Vec<(usize, String)> = Vec::new();
    for prefix in beginnings(heard) {
        index.sounds_with_prefix(&prefix, |sound, stem| {
            if sound.chars().count().abs_diff(chars) > most + 1 {
                return;
            }
            // Plurals: "martilos" is as near to "martillo" as "martilo" is.
            let distance = osa_distance(heard, sound)
                .min(osa_distance(heard.trim_end_matches('s'), sound))
                .min(if heard_stem.len() > 3 { osa_distance(heard_stem, stem) } else { usize::MAX });
            if distance <= most {
                found.push((distance, stem.to_owned()));
            }
        })?;
    }
    let Some(closest) = found.iter().map(|(distance, _)| *distance).min() else { return Ok(Vec::new()) };
    let stems: BTreeSet<String> =
        found.into_iter().filter(|(distance, _)| *distance == closest).map(|(_, stem)| stem).collect();
    if stems.len() > MAX_RESEMBLING {
        return Ok(Vec::new());
    }
    let weight = (0..closest).fold(1.0, |weight, _| weight * PER_MISTAKE);
    Ok(stems.into_iter().map(|stem| (stem, weight)).collect())
}

/// The first letters of what a word may mean: its own, and those when the first are swapped or one is lost.
fn beginnings(word: &str) -> BTreeSet<String> {
    let mut letters = word.chars();
    let (Some(a), Some(b)) = (letters.next(), letters.next()) else { return BTreeSet::new() };
    let mut beginnings = BTreeSet::from([format!("{a}{b}"), format!("{b}{a}")]);
    if let Some(c) = letters.next() {
        beginnings.extend([format!("{a}{c}"), format!("{b}{c}")]);
    }
    beginnings
}
