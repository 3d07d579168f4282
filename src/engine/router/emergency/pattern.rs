//! Phrases with room for the words that people put between: `me|le cuesta .. respirar`.
//!
//! A phrase is words in a row. `a|b` is either, `sangr*` any word that begins so, `..` up to three words of any kind. In a
//! forgiving list, a word of six letters or more may have a slip of the finger.

use strsim::damerau_levenshtein;

/// The most words that `..` stands for.
const MAX_GAP: usize = 3;

/// Shorter words must be written right: "gas" and "has".
const MIN_LETTERS_FOR_SLIP: usize = 6;

/// A phrase to look for.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

/// Whether slips of the finger are overlooked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forgiving {
    Yes,
    No,
}

#[derive(Debug, Clone)]
enum Part {
    Gap,
    Word(Vec<Choice>),
}

#[derive(Debug, Clone)]
enum Choice {
    Whole(&'static str),
    Slipped(&'static str),
    Beginning(&'static str),
}

impl Choice {
    fn parse(text: &'static str, forgiving: Forgiving) -> Self {
        match text.strip_suffix('*') {
            Some(beginning) => Self::Beginning(beginning),
            None if forgiving == Forgiving::Yes && text.len() >= MIN_LETTERS_FOR_SLIP => Self::Slipped(text),
            None => Self::Whole(text),
        }
    }

    fn first_letter(&self) -> Option<char> {
        match self {
            Self::Whole(word) | Self::Slipped(word) | Self::Beginning(word) => word.chars().next(),
        }
    }

    fn is(&self, spoken: &str) -> bool {
        match self {
            Self::Beginning(beginning) => spoken.starts_with(beginning),
            Self::Whole(word) => *word == spoken,
            Self::Slipped(word) => {
                *word == spoken
                    || word.len().abs_diff(spoken.len()) <= 1
                        && word.chars().next() == spoken.chars().next()
                        && damerau_levenshtein(word, spoken) <= 1
            }
        }
    }
}

impl Pattern {
    fn parse(text: &'static str, forgiving: Forgiving) -> Self {
        let part = |word: &'static str| match word {
            ".." => Part::Gap,
            word => Part::Word(word.split('|').map(|choice| Choice::parse(choice, forgiving)).collect()),
        };
        Self { parts: text.split_ascii_whitespace().map(part).collect() }
    }

    /// Whether the words begin with the phrase.
    fn begins<S: AsRef<str>>(&self, words: &[S]) -> bool {
        Self::follows(&self.parts, words)
    }

    fn follows<S: AsRef<str>>(parts: &[Part], words: &[S]) -> bool {
        match parts.split_first() {
            None => true,
            Some((Part::Gap, rest)) => (0..=MAX_GAP.min(words.len()))
                .any(|skipped| words.get(skipped..).is_some_and(|words| Self::follows(rest, words))),
            Some((Part::Word(choices), rest)) => words.split_first().is_some_and(|(word, words)| {
                choices.iter().any(|choice| choice.is(word.as_ref())) && Self::follows(rest, words)
            }),
        }
    }
}

/// Phrases by the letter they begin with, so that a long message is looked through quickly.
#[derive(Debug)]
pub(super) struct Patterns {
    by_letter: Vec<(char, Vec<Pattern>)>,
}

impl Patterns {
    /// The phrases of a list, one in a line; slips of the finger are overlooked.
    pub(super) fn forgiving(list: &'static str) -> Self {
        Self::compile(list, Forgiving::Yes)
    }

    /// The phrases of a list, one in a line; words must be written as they are.
    pub(super) fn exact(list: &'static str) -> Self {
        Self::compile(list, Forgiving::No)
    }

    fn compile(list: &'static str, forgiving: Forgiving) -> Self {
        let mut by_letter: Vec<(char, Vec<Pattern>)> = Vec::new();
        for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let pattern = Pattern::parse(line, forgiving);
            let Some(Part::Word(choices)) = pattern.parts.first() else { continue };
            let mut letters: Vec<char> = choices.iter().filter_map(Choice::first_letter).collect();
            letters.sort_unstable();
            letters.dedup();
            for letter in letters {
                match by_letter.iter_mut().find(|(known, _)| *known == letter) {
                    Some((_, patterns)) => patterns.push(pattern.clone()),
                    None => by_letter.push((letter, vec![pattern.clone()])),
                }
            }
        }
        Self { by_letter }
    }

    /// Where in the words any of the phrases begin.
    pub(super) fn places<'a, S: AsRef<str>>(&'a self, words: &'a [S]) -> impl Iterator<Item = usize> + 'a {
        (0..words.len()).filter(move |at| {
            let rest = words.get(*at..).unwrap_or_default();
            let letter = rest.first().and_then(|word| word.as_ref().chars().next());
            let patterns = self.by_letter.iter().find(|(known, _)| Some(*known) == letter);
            patterns.is_some_and(|(_, patterns)| patterns.iter().any(|pattern| pattern.begins(rest)))
        })
    }

    /// Whether any of the phrases is in the words.
    pub(super) fn are_in<S: AsRef<str>>(&self, words: &[S]) -> bool {
        self.places(words).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(list: &'static str, text: &str) -> Vec<usize> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Patterns::forgiving(list).places(&words).collect()
    }

    #[test]
    fn phrases_are_found_with_gaps_choices_and_slips() {
        const LIST: &str = "me|le cuesta .. respirar\nsangr*\nincendio";
        assert_eq!(places(LIST, "hola me cuesta mucho respirar"), [1]);
        assert_eq!(places(LIST, "le cuesta respirar"), [0]);
        assert_eq!(places(LIST, "estoy sangrando por un insendio"), [1, 4]);
        assert_eq!(places(LIST, "me cuesta una dos tres cuatro respirar"), Vec::<usize>::new());
        assert_eq!(places(LIST, "incandio indicio compendio cuesta"), [0]);
        assert_eq!(places("", "incendio"), Vec::<usize>::new());
    }

    #[test]
    fn an_exact_list_overlooks_nothing() {
        let found = |word: &str| Patterns::exact("tienen").are_in(&[word]);
        assert!(found("tienen") && !found("tiene"));
    }

    #[test]
    fn a_choice_of_first_words_is_found_under_each_letter() {
        assert_eq!(places("hay|veo humo", "veo humo y hay humo"), [0, 3]);
    }
}
