//! Words that are known to be parts of names, or known to be none.

use std::{collections::HashSet, sync::LazyLock};

use super::reading::Word;
use crate::engine::words::is_stop_word;

type Set = LazyLock<HashSet<&'static str>>;

static GIVEN_NAMES: Set = LazyLock::new(|| entries(include_str!("data/given_names.txt")));
static SURNAMES: Set = LazyLock::new(|| entries(include_str!("data/surnames.txt")));
static PLACES: Set = LazyLock::new(|| entries(include_str!("data/places.txt")));
static NOT_NAMES: Set = LazyLock::new(|| entries(include_str!("data/not_names.txt")));

fn entries(file: &'static str) -> HashSet<&'static str> {
    file.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace).collect()
}

/// The sounds of the given names, for the many who write theirs in their own way.
static GIVEN_SOUNDS: LazyLock<HashSet<String>> =
    LazyLock::new(|| GIVEN_NAMES.iter().map(|name| sound(name)).collect());

/// Whether a folded word is a given name, also in a spelling of its own ("jhoana", "brayhan", "cinthya").
pub(super) fn is_given_name(folded: &str) -> bool {
    /// Shorter ones sound like too many other words.
    const MIN_CHARS: usize = 5;
    let by_sound =
        || folded.len() >= MIN_CHARS && !NOT_NAMES.contains(folded) && GIVEN_SOUNDS.contains(&sound(folded));
    GIVEN_NAMES.contains(folded) || by_sound()
}

/// A folded word without the letters that Spanish and Portuguese do not hear or do not tell apart.
fn sound(folded: &str) -> String {
    let mut heard = String::new();
    for c in folded.chars() {
        let c = match c {
            'h' => continue,
            'y' => 'i',
            'z' => 's',
            'k' => 'c',
            c => c,
        };
        if !heard.ends_with(c) {
            heard.push(c);
        }
    }
    heard
}

/// Whether a folded word is a given name or a surname.
pub(super) fn is_name(folded: &str) -> bool {
    is_given_name(folded) || SURNAMES.contains(folded)
}

/// Whether a folded word is part of the name of a city, a region or a country.
pub(super) fn is_place(folded: &str) -> bool {
    PLACES.contains(folded)
}

/// Whether a word is one of ordinary speech as it was written: "Domingo" may be a person, "domingo" is a day.
pub(super) fn is_ordinary(word: &Word<'_>) -> bool {
    let folded = word.folded.as_str();
    if is_name(folded) && word.is_capitalised() {
        return false;
    }
    let by_ending = !word.is_capitalised() && has_ordinary_ending(folded) && !is_name(folded);
    is_stop_word(folded) || NOT_NAMES.contains(folded) || by_ending
}

/// Whether an unknown word that stands alone may well be a name: pronounceable, no plural, no acronym and without an
/// ending that names hardly have.
pub(super) fn may_be_name(word: &Word<'_>) -> bool {
    const MIN_CHARS: usize = 3;
    let folded = word.folded.as_str();
    let acronym = word.text.chars().all(char::is_uppercase) && word.text.len() <= 4;
    folded.len() >= MIN_CHARS
        && is_pronounceable(folded)
        && !is_place(folded)
        && !acronym
        && !folded.ends_with('s')
        && !has_ordinary_ending(folded)
}

/// Endings of nouns, adjectives and verb forms that names hardly have; those that do ("Fernando", "Federico", "Omar",
/// "Emily") are in the lists.
fn has_ordinary_ending(folded: &str) -> bool {
    const ENDINGS: [&str; 50] = [
        "cion", "ciones", "sion", "mente", "miento", "mientos", "dad", "dades", "aje", "ajes", "ando",
        "iendo", "able", "ables", "ible", "ibles", "ado", "ada", "ido", "ida", "ivo", "iva", "oso", "osa",
        "ncia", "ncias", "ista", "istas", "ismo", "eria", "ar", "er", "ir", "arse", "irme", "arme", "tion",
        "cao", "coes", "agem", "dade", "ing", "ed", "ment", "ments", "ness", "ance", "ence", "ship", "ful",
    ];
    /// Names in two letters less are too short to be told by their ending.
    const MIN_CHARS: usize = 5;
    folded.len() >= MIN_CHARS
        && ENDINGS.iter().any(|ending| folded.len() > ending.len() + 1 && folded.ends_with(ending))
}

/// Whether letters are put together as in a word: no row of keys, no run of consonants.
pub(super) fn is_pronounceable(folded: &str) -> bool {
    const MAX_CONSONANTS: usize = 4;
    const KEY_ROWS: [&str; 6] = ["qwer", "asdf", "sdfg", "dfgh", "zxcv", "hjkl"];
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let letters: Vec<char> = folded.chars().collect();
    let longest_run = letters.split(|c| is_vowel(*c)).map(<[char]>::len).max().unwrap_or_default();
    let drawn_out = letters.windows(3).any(|run| run.iter().all(|c| Some(c) == run.first()));
    letters.iter().any(|c| is_vowel(*c))
        && longest_run <= MAX_CONSONANTS
        && !drawn_out
        && !KEY_ROWS.iter().any(|row| folded.contains(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_folded_and_read() {
        for (list, least) in [(&GIVEN_NAMES, 900), (&SURNAMES, 500), (&PLACES, 250), (&NOT_NAMES, 3000)] {
            assert!(list.len() > least, "{}", list.len());
            let folded = |word: &&str| crate::text::fold(word) == **word;
            assert_eq!(list.iter().find(|word| !folded(word)), None);
        }
    }

    #[test]
    fn keys_in_a_row_are_no_word() {
        for word in ["ana", "schwartz", "yuleisy", "washington", "bryan"] {
            assert!(is_pronounceable(word), "{word}");
        }
        for word in ["asdfgh", "xkcdrt", "brrr", "jjjj"] {
            assert!(!is_pronounceable(word), "{word}");
        }
    }
}
