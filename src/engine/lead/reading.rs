//! A message as words with what stands between them: what the readers of a lead's parts look at.

use crate::text::fold;
use std::{collections::HashMap, sync::OnceLock};

/// A word of a message.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    /// As it was written.
    pub(super) text: &'a str,
    /// As it is compared.
    pub(super) folded: String,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Where it ends, in bytes.
    pub(super) end: usize,
    /// What stands between the word before and this one.
    pub(super) gap: &'a str,
}

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATED: &[&str] =
    &["sr", "sra", "srta", "dr", "dra", "ing", "lic", "arq", "mr", "mrs", "ms", "prof"];

impl Word<'_> {
    /// Whether it begins with a capital letter.
    pub(super) fn is_capitalised(&self) -> bool {
        self.text.starts_with(char::is_uppercase)
    }

    /// Whether it is made of letters only.
    pub(super) fn is_letters(&self) -> bool {
        self.text.chars().all(char::is_alphabetic)
    }
}

/// The words of a text, in order.
pub(super) fn read(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut end_of_last = 0;
    let mut start = None;
    let ends = text.char_indices().map(|(at, c)| (at, c.is_alphanumeric())).chain([(text.len(), false)]);
    for (at, inside) in ends {
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(begin), false) => {
                let slice = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
                let (word, gap) = (slice(begin..at), slice(end_of_last..begin));
                words.push(Word { text: word, folded: fold(word), start: begin, end: at, gap });
                (start, end_of_last) = (None, at);
            }
            _ => {}
        }
    }
    words
}

/// Whether the word at `at` follows the one before it within one phrase: no sign that ends a phrase between them.
pub(super) fn continues(words: &[Word<'_>], at: usize) -> bool {
    let Some(word) = words.get(at) else { return false };
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let abbreviated = before.is_some_and(|before| {
        before.text.chars().count() == 1 || ABBREVIATED.contains(&before.folded.as_str())
    });
    let signs = word.gap.trim();
    match signs {
        "" => !word.gap.contains('\n') && before.is_some(),
        "." => abbreviated && !word.gap.contains('\n'),
        // "O'Connor", "Jean-Pierre"; a dash with spaces around parts phrases.
        "'" | "’" | "-" => word.gap.len() == signs.len(),
        _ => false,
    }
}

/// Whether the words from `at` on are this phrase of folded words.
pub(super) fn says(words: &[Word<'_>], at: usize, phrase: &str) -> bool {
    let parts: Vec<&str> = phrase.split(' ').collect();
    stands_at(words, at, &parts)
}

/// Phrases of folded words that mean the same, with commas between them. They are put in order when they are first
/// looked for.
#[derive(Debug)]
pub(super) struct Phrases {
    text: &'static str,
    by_first_word: OnceLock<HashMap<&'static str, Vec<Vec<&'static str>>>>,
}

impl Phrases {
    /// The phrases of a text.
    pub(super) const fn of(text: &'static str) -> Self {
        Self { text, by_first_word: OnceLock::new() }
    }

    fn beginning_with(&self, folded: &str) -> &[Vec<&'static str>] {
        let by_first_word = self.by_first_word.get_or_init(|| {
            let mut by_first_word: HashMap<&'static str, Vec<Vec<&'static str>>> = HashMap::new();
            for phrase in self.text.split(',') {
                let parts: Vec<&str> = phrase.split_ascii_whitespace().collect();
                if let Some(first) = parts.first() {
                    by_first_word.entry(first).or_default().push(parts);
                }
            }
            by_first_word
        });
        by_first_word.get(folded).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a folded word alone is one of the phrases.
    pub(super) fn has_word(&self, folded: &str) -> bool {
        self.beginning_with(folded).iter().any(|phrase| phrase.len() == 1)
    }

    /// The longest of the phrases that begins at `at`, as its number of words.
    pub(super) fn longest(&self, words: &[Word<'_>], at: usize) -> Option<usize> {
        let phrases = self.beginning_with(&words.get(at)?.folded);
        phrases.iter().filter(|phrase| stands_at(words, at, phrase)).map(Vec::len).max()
    }

    /// Whether one of the phrases stands anywhere in the words.
    pub(super) fn is_in(&self, words: &[Word<'_>]) -> bool {
        (0..words.len()).any(|at| self.longest(words, at).is_some())
    }
}

fn stands_at(words: &[Word<'_>], at: usize, phrase: &[&str]) -> bool {
    phrase.iter().enumerate().all(|(offset, part)| {
        let here = at + offset;
        words.get(here).is_some_and(|word| word.folded == *part) && (offset == 0 || continues(words, here))
    })
}

/// The words of each phrase of a text: what stands between signs that end one.
pub(super) fn phrases<'w, 'a>(words: &'w [Word<'a>]) -> Vec<&'w [Word<'a>]> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for at in 1..=words.len() {
        if at == words.len() || !continues(words, at) {
            parts.extend(words.get(begin..at).filter(|part| !part.is_empty()));
            begin = at;
        }
    }
    parts
}

/// What was written from the first of the words to the last, with single spaces.
pub(super) fn written(text: &str, words: &[Word<'_>]) -> String {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return String::new() };
    let slice = text.get(first.start..last.end).unwrap_or_default();
    slice.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_part_phrases_and_abbreviations_do_not() {
        let parts = |text: &str| -> Vec<String> {
            phrases(&read(text)).into_iter().map(|part| written(text, part)).collect()
        };
        assert_eq!(
            parts("Hola, soy el Sr. O'Connor - de Acme\nSAS"),
            ["Hola", "soy el Sr. O'Connor", "de Acme", "SAS"]
        );
        assert_eq!(parts("Juan P. Gómez. Bogotá"), ["Juan P. Gómez", "Bogotá"]);
        assert!(parts("¡…!").is_empty());
    }
}
