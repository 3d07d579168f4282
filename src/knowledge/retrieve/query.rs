//! A question as the lexical search sees it: its words, the stems that stand for each, and how much each one tells.

use std::collections::BTreeSet;

use strsim::osa_distance;

use crate::{
    domain::language::Language,
    knowledge::terms::{is_filler, is_stop_word, synonyms, words},
    store::{StoreError, chunk_index::ChunkIndex},
    text::stem,
};

/// A question with more different words is cut: the rest would cost time and tell little.
const MAX_WORDS: usize = 48;

/// What a stem that is one typing mistake away counts, of what the right one would.
const PER_MISTAKE: f32 = 0.8;

/// What another word for the same thing counts, of what the word itself would.
const SYNONYM: f32 = 0.7;

/// Mistyped words are looked for when they are at least this long: shorter ones resemble too much.
const SHORTEST_MISTYPED_CHARS: usize = 4;

/// Words from this length on may have two mistakes.
const TWO_MISTAKES_FROM_CHARS: usize = 8;

/// A word that resembles more stems than this resembles none.
const MAX_RESEMBLING: usize = 6;

/// A question.
pub(super) struct Query {
    /// The language it is in, if it is known.
    pub(super) language: Option<Language>,
    /// Its words that tell something, without repetitions.
    pub(super) words: Vec<QueryWord>,
    /// The chunks there are.
    pub(super) chunks: u64,
    /// The mean number of stems in a chunk.
    pub(super) mean_words: f32,
}

/// A word of a question.
pub(super) struct QueryWord {
    /// The stems that stand for it: one for each language of the tenant, or those it resembles.
    pub(super) stems: Vec<QueryStem>,
    /// Its inverse document frequency; that of a word that nobody uses is the highest.
    pub(super) idf: f32,
    /// What it tells of the question: the `idf`, less for words that only wrap a question.
    pub(super) weight: f32,
    /// Whether it only wraps a question: a greeting, thanks, "I would like to know".
    pub(super) is_filler: bool,
    /// Whether it looks like a name or a number.
    pub(super) is_name: bool,
}

/// A stem to look for.
pub(super) struct QueryStem {
    /// The stem.
    pub(super) text: String,
    /// What a hit counts: 1, or less when it is only resembled.
    pub(super) weight: f32,
    /// Its inverse document frequency.
    pub(super) idf: f32,
    /// The chunks that have it.
    pub(super) chunks: Vec<i64>,
}

impl Query {
    /// Reads a question against a tenant's index.
    pub(super) fn new(
        text: &str,
        language: Option<Language>,
        index: &ChunkIndex<'_>,
    ) -> Result<Self, StoreError> {
        let totals = index.totals()?;
        let chunks: u64 = totals.iter().map(|(_, chunks, _)| chunks).sum();
        let all_words: u64 = totals.iter().map(|(_, _, words)| words).sum();
        let languages: Vec<Language> = totals.iter().map(|(language, ..)| *language).collect();
        let names = names(text);
        let mut query = Self {
            language,
            words: Vec::new(),
            chunks,
            mean_words: (number(all_words) / number(chunks.max(1))).max(1.0),
        };
        let mut seen = BTreeSet::new();
        for word in words(text) {
            let is_stop = language.iter().chain(&languages).any(|language| is_stop_word(&word, *language));
            if is_stop || !seen.insert(word.clone()) || query.words.len() == MAX_WORDS {
                continue;
            }
            let stems = query.stems(&word, &languages, index)?;
            let idf = stems.iter().map(|stem| stem.idf).fold(0.0, f32::max);
            let is_filler = is_filler(&word);
            let weight = if is_filler { idf * FILLER } else { idf };
            query.words.push(QueryWord { stems, idf, weight, is_filler, is_name: names.contains(&word) });
        }
        Ok(query)
    }

    /// The weight of all words together.
    pub(super) fn weight(&self) -> f32 {
        self.words.iter().map(|word| word.weight).sum()
    }

    fn stems(
        &self,
        word: &str,
        languages: &[Language],
        index: &ChunkIndex<'_>,
    ) -> Result<Vec<QueryStem>, StoreError> {
        let exact: BTreeSet<String> = languages.iter().map(|language| stem(word, *language)).collect();
        let mut stems =
            exact.iter().map(|text| self.stem(text, 1.0, index)).collect::<Result<Vec<_>, _>>()?;
        if stems.iter().all(|stem| stem.chunks.is_empty()) {
            // Nobody wrote this word: it may be said otherwise there, or be mistyped here.
            let other_words: BTreeSet<String> = synonyms(word)
                .flat_map(|other| languages.iter().map(move |language| stem(other, *language)))
                .collect();
            let mut others: Vec<(String, f32)> =
                other_words.into_iter().map(|text| (text, SYNONYM)).collect();
            if others.is_empty() {
                others = resembling(word, &exact, index)?;
            }
            let others = others
                .into_iter()
                .map(|(text, weight)| self.stem(&text, weight, index))
                .collect::<Result<Vec<_>, _>>()?;
            // Stems outlive the chunks they came from.
            let others: Vec<_> = others.into_iter().filter(|stem| !stem.chunks.is_empty()).collect();
            if !others.is_empty() {
                stems = others;
            }
        }
        Ok(stems)
    }

    fn stem(&self, text: &str, weight: f32, index: &ChunkIndex<'_>) -> Result<QueryStem, StoreError> {
        let chunks = index.chunks_with(text)?;
        let (all, with) = (number(self.chunks), number(chunks.len() as u64).min(number(self.chunks)));
        let idf = ((all - with + 0.5) / (with + 0.5)).ln_1p();
        Ok(QueryStem { text: text.to_owned(), weight, idf, chunks })
    }
}

/// What a word that only wraps the question counts, of what it would count otherwise.
const FILLER: f32 = 0.2;

/// The stems that a mistyped word may mean, with what each counts; empty when there are none or too many.
fn resembling(
    word: &str,
    stems: &BTreeSet<String>,
    index: &ChunkIndex<'_>,
) -> Result<Vec<(String, f32)>, StoreError> {
    let chars = word.chars().count();
    if chars < SHORTEST_MISTYPED_CHARS || word.bytes().any(|byte| byte.is_ascii_digit()) {
        return Ok(Vec::new());
    }
    let most = if chars < TWO_MISTAKES_FROM_CHARS { 1 } else { 2 };
    let forms: BTreeSet<&str> = stems.iter().map(String::as_str).chain([word]).collect();
    let prefixes: BTreeSet<String> = forms.iter().flat_map(|form| beginnings(form)).collect();
    let mut found: Vec<(usize, String)> = Vec::new();
    for prefix in prefixes {
        index.terms_with_prefix(&prefix, |term| {
            let distance = forms
                .iter()
                .filter(|form| form.chars().count().abs_diff(term.chars().count()) <= most)
                .map(|form| osa_distance(form, term))
                .min();
            if let Some(distance) = distance.filter(|distance| *distance <= most) {
                found.push((distance, term.to_owned()));
            }
        })?;
    }
    let Some(closest) = found.iter().map(|(distance, _)| *distance).min() else { return Ok(Vec::new()) };
    let closest_terms: BTreeSet<String> =
        found.into_iter().filter(|(distance, _)| *distance == closest).map(|(_, term)| term).collect();
    if closest_terms.len() > MAX_RESEMBLING {
        return Ok(Vec::new());
    }
    let weight = (0..closest).fold(1.0, |weight, _| weight * PER_MISTAKE);
    Ok(closest_terms.into_iter().map(|term| (term, weight)).collect())
}

/// The first two letters of what a word may mean: its own, and those when the first three are swapped or one is lost.
fn beginnings(word: &str) -> Vec<String> {
    let mut letters = word.chars();
    let (Some(a), Some(b)) = (letters.next(), letters.next()) else { return Vec::new() };
    let mut beginnings = vec![format!("{a}{b}"), format!("{b}{a}")];
    if let Some(c) = letters.next() {
        beginnings.extend([format!("{a}{c}"), format!("{b}{c}")]);
    }
    beginnings
}

/// The folded words that look like names or numbers: a capital inside the sentence, or a digit.
fn names(text: &str) -> BTreeSet<String> {
    text.split_whitespace()
        .enumerate()
        .filter_map(|(place, token)| {
            let token = token.trim_start_matches(|c: char| !c.is_alphanumeric());
            let first = token.chars().next()?;
            (first.is_numeric() || (place > 0 && first.is_uppercase())).then_some(token)
        })
        .flat_map(words)
        .collect()
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts of chunks and words; the last digits do not matter")]
pub(super) fn number(count: u64) -> f32 {
    count as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_capitals_inside_the_sentence_and_numbers() {
        let found = names("¿Cuánto ganó Josh Norman en 2015?");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["2015", "josh", "norman"]);
    }

    #[test]
    fn swapped_first_letters_are_looked_for() {
        assert!(beginnings("ucantos").contains(&"cu".to_owned()));
        assert!(beginnings("cunatos").contains(&"cu".to_owned()));
        assert!(beginnings("cauntos").contains(&"cu".to_owned()));
        assert!(beginnings("a").is_empty());
    }
}
