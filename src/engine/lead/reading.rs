//! A message as words with what stands between them: what the readers of a lead's parts look at.

use crate::engine::words::fold;

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
    phrase.split(' ').enumerate().all(|(offset, part)| {
        let here = at + offset;
        words.get(here).is_some_and(|word| word.folded == part) && (offset == 0 || continues(words, here))
    })
}

/// The longest of the phrases that begins at `at`, as its number of words.
pub(super) fn longest(words: &[Word<'_>], at: usize, phrases: &[&str]) -> Option<usize> {
    let length = |phrase: &&str| phrase.split(' ').count();
    phrases.iter().filter(|phrase| says(words, at, phrase)).map(length).max()
}

/// Whether one of the phrases stands anywhere in the words.
pub(super) fn has_any(words: &[Word<'_>], phrases: &[&str]) -> bool {
    (0..words.len()).any(|at| longest(words, at, phrases).is_some())
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
