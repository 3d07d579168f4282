//! Other words for the same thing: what a product is called in the next country, and in another language.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use super::sound::sound;
use crate::{domain::language::Language, knowledge::terms::is_stop_word, text::stem};

/// The groups, one a line; what stands in a group stands for each other.
const GROUPS: &str = include_str!("data/synonyms.txt");

/// The most words of one name.
const LONGEST_NAME_WORDS: usize = 3;

/// The names of one thing, each as its stems.
type Group = Vec<Vec<String>>;

/// The list in the stems of one language, which is that of the catalogue: only equal stems are compared.
#[derive(Debug, Default)]
pub(crate) struct Synonyms {
    groups: Vec<Group>,
    /// The groups that have a name, by its stems joined by a blank.
    by_name: HashMap<String, Vec<usize>>,
    /// How the names of one word sound, and their stems.
    sounds: Vec<(String, String)>,
}

static SPANISH: LazyLock<Synonyms> = LazyLock::new(|| Synonyms::new(Language::Es));
static ENGLISH: LazyLock<Synonyms> = LazyLock::new(|| Synonyms::new(Language::En));
static PORTUGUESE: LazyLock<Synonyms> = LazyLock::new(|| Synonyms::new(Language::Pt));

/// The list for a catalogue of this language.
pub(crate) fn in_language(language: Language) -> &'static Synonyms {
    match language {
        Language::Es => &SPANISH,
        Language::En => &ENGLISH,
        Language::Pt => &PORTUGUESE,
    }
}

impl Synonyms {
    fn new(language: Language) -> Self {
        let mut synonyms = Self::default();
        let mut sounds = BTreeSet::new();
        for line in lines() {
            let mut group = Group::new();
            for name in line.split_whitespace() {
                let words: Vec<&str> = name.split('_').collect();
                let kept = words.iter().filter(|word| words.len() == 1 || !is_stop_word(word, language));
                let stems: Vec<String> = kept.map(|word| stem(word, language)).collect();
                // "Sem fio" without its "sem" would be any wire.
                if stems.len() < words.len().min(2) || group.contains(&stems) {
                    continue;
                }
                synonyms.by_name.entry(stems.join(" ")).or_default().push(synonyms.groups.len());
                if let ([word], [stem]) = (words.as_slice(), stems.as_slice()) {
                    sounds.insert((sound(word), stem.clone()));
                }
                group.push(stems);
            }
            synonyms.groups.push(group);
        }
        synonyms.sounds = sounds.into_iter().collect();
        synonyms
    }

    /// What stands for the word at `at` of a text, alone or as a part of a name of several words, as stems.
    pub(crate) fn of_place(&self, stems: &[String], at: usize) -> Vec<&[String]> {
        let mut found = Vec::new();
        for length in (1..=LONGEST_NAME_WORDS).rev() {
            for first in (at + 1).saturating_sub(length)..=at {
                if let Some(name) = stems.get(first..first + length) {
                    found.extend(self.others(&name.join(" ")));
                }
            }
        }
        found
    }

    /// What stands for a stem.
    pub(crate) fn of_stem(&self, stem: &str) -> Vec<&[String]> {
        let own = self.by_name.get(stem).into_iter().flatten().filter_map(|group| self.groups.get(*group));
        own.flatten().map(Vec::as_slice).collect()
    }

    /// How the words of the list sound, each with its stem.
    pub(crate) fn sounds(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sounds.iter().map(|(sound, stem)| (sound.as_str(), stem.as_str()))
    }

    fn others(&self, name: &str) -> impl Iterator<Item = &[String]> {
        self.of_stem(name).into_iter().filter(move |other| other.join(" ") != name)
    }
}

fn lines() -> impl Iterator<Item = &'static str> {
    GROUPS.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    #[test]
    fn the_list_is_folded_and_says_nothing_twice() {
        for line in lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let mut once = words.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), words.len(), "{line}");
            assert!(words.len() > 1, "{line}");
            assert!(words.iter().all(|word| fold(word) == *word), "{line}");
            assert!(words.iter().all(|word| word.split('_').count() <= LONGEST_NAME_WORDS + 1), "{line}");
        }
    }

    #[test]
    fn names_of_one_and_of_several_words_stand_for_each_other() {
        let check = |text: &str, at: usize, other: &str| {
            let stems = |text: &str| -> Vec<String> {
                text.split(' ').map(|word| stem(word, Language::Es)).collect()
            };
            let all = stems(text);
            let found = in_language(Language::Es).of_place(&all, at);
            assert!(found.contains(&stems(other).as_slice()), "{text}: {found:?}");
        };
        check("destornillador", 0, "desarmador");
        check("destornilladores", 0, "desarmador");
        check("hammer", 0, "martillo");
        check("un toilet paper", 1, "papel higienico");
        check("un toilet paper", 2, "papel higienico");
        check("bloqueador", 0, "protector solar");
    }
}
