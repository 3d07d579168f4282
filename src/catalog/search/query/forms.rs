//! What stands for a word of a question in the catalogue: itself, other words for the same thing, what is made of the same
//! verb, and, when nobody wrote it so, what sounds like it or resembles it.

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::Form;
use crate::{
    catalog::{
        measure,
        sound::sound,
        synonyms::{self, Synonyms},
    },
    domain::language::Language,
    store::{StoreError, product_index::ProductIndex},
};

/// What another word for the same thing counts, of what the word itself would.
const SYNONYM: f32 = 0.85;

/// What a word that sounds the same counts.
const SAME_SOUND: f32 = 0.95;

/// What a word counts that is made of the verb that was said: "pegamento" of "pegar".
const DERIVED: f32 = 0.6;

/// What the size of a container counts, of what its name would.
const CONTAINED: f32 = 0.5;

/// What a word one mistake away counts; each further mistake costs as much.
const PER_MISTAKE: f32 = 0.85;

/// Mistyped words are looked for when they are at least this long: shorter ones resemble too much.
const SHORTEST_MISTYPED_CHARS: usize = 4;

/// Words from this length on may have two mistakes.
const TWO_MISTAKES_FROM_CHARS: usize = 8;

/// The most stems that a mistyped word may mean.
const MAX_RESEMBLING: usize = 4;

/// The most stems that are taken for made of a verb.
const MAX_DERIVED: usize = 8;

/// What stands for the word at `at` of a question, whose stems are `stems`.
pub(super) fn of_word(
    word: &str,
    stems: &[String],
    at: usize,
    language: Language,
    index: &ProductIndex<'_>,
) -> Result<Vec<Form>, StoreError> {
    let Some(own) = stems.get(at) else { return Ok(Vec::new()) };
    let synonyms = synonyms::in_language(language);
    let mut forms = Forms { list: Vec::new(), seen: BTreeSet::new(), index };
    forms.add(vec![own.clone()], 1.0)?;
    forms.add_others(&synonyms.of_place(stems, at), SYNONYM)?;
    for millilitres in measure::held_by(word) {
        forms.add(vec![format!("q{}ml", millilitres * 1000)], CONTAINED)?;
    }
    forms.add_derived(word)?;
    if forms.is_known() {
        return Ok(forms.list);
    }
    // Nobody wrote this word, nor another one for it: it may be misspelt, here or in the list of other words.
    let heard = sound(word);
    for stem in index.stems_sounding(&heard)? {
        forms.add(vec![stem], SAME_SOUND)?;
    }
    if !forms.is_known() {
        for (stem, weight) in resembling(&heard, &sound(own), index)? {
            forms.add(vec![stem], weight)?;
        }
    }
    if !forms.is_known() {
        forms.add_others(&misspelt(&heard, synonyms), SYNONYM * PER_MISTAKE)?;
    }
    Ok(forms.list)
}

/// The forms of a word as they are gathered, each once.
struct Forms<'a, 'tx> {
    list: Vec<Form>,
    seen: BTreeSet<Vec<String>>,
    index: &'a ProductIndex<'tx>,
}

impl Forms<'_, '_> {
    fn is_known(&self) -> bool {
        self.list.iter().any(|form| !form.products.is_empty())
    }

    fn add(&mut self, terms: Vec<String>, weight: f32) -> Result<(), StoreError> {
        if self.seen.insert(terms.clone()) {
            let form = match <[String; 1]>::try_from(terms) {
                Ok([term]) => Form::one(term, weight, self.index)?,
                Err(terms) => Form::all(&terms, weight, self.index)?,
            };
            if !form.products.is_empty() {
                self.list.push(form);
            }
        }
        Ok(())
    }

    fn add_others(&mut self, others: &[&[String]], weight: f32) -> Result<(), StoreError> {
        others.iter().try_for_each(|terms| self.add(terms.to_vec(), weight))
    }

    /// What is made of a verb: of "pegar" the "pegamento", of "destapar" the "destapacaños", of "cortar" the "corte".
    fn add_derived(&mut self, word: &str) -> Result<(), StoreError> {
        const ENDINGS: [&str; 8] = ["o", "a", "e", "ura", "ada", "ado", "adura", "ito"];
        let Some(root) = ["ar", "er", "ir"].iter().find_map(|ending| word.strip_suffix(ending)) else {
            return Ok(());
        };
        if root.chars().count() < 3 {
            return Ok(());
        }
        let mut stems = self.index.stems_beginning(word.strip_suffix('r').unwrap_or(word), MAX_DERIVED)?;
        for ending in ENDINGS {
            stems.extend(self.index.stem_of(&format!("{root}{ending}"))?);
        }
        stems.into_iter().try_for_each(|stem| self.add(vec![stem], DERIVED))
    }
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

/// The other words for what a misspelt word means: "bonviyo" is a foco.
fn misspelt<'a>(heard: &str, synonyms: &'a Synonyms) -> Vec<&'a [String]> {
    if heard.chars().count() < SHORTEST_MISTYPED_CHARS {
        return Vec::new();
    }
    let first = heard.chars().next();
    let near = synonyms
        .sounds()
        .filter(|(sound, _)| sound.chars().next() == first && osa_distance(sound, heard) <= 1);
    let mut nearest: Vec<(usize, &str)> =
        near.map(|(sound, stem)| (osa_distance(sound, heard), stem)).collect();
    nearest.sort_unstable();
    nearest.first().map(|(_, stem)| synonyms.of_stem(stem)).unwrap_or_default()
}
