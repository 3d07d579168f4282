//! Whether a customer wishes to be served by a person: said in so many words, not a person that is merely mentioned.

use std::sync::LazyLock;

use super::{
    phrases::{Found, Phrasebook},
    words::undrawn,
};
use crate::text::words;

/// The most words that are looked at, from the beginning and from the end: who wants a person says so at once or last.
const MAX_WORDS: usize = 120;

/// A message of no more words may be nothing but a name for a person: "real person please".
const SHORT: usize = 8;

/// Words that may follow "I want an adviser" without saying what sort of adviser.
const TAIL: &[&str] = &[
    "por", "porfa", "porfavor", "favor", "please", "pls", "ya", "ahora", "agora", "now", "mismo", "urgente",
    "gracias", "thanks", "obrigado", "obrigada", "real", "humano", "humana", "y", "e", "and", "para", "no",
    "nao", "not", "esto", "isso", "right", "today", "hoy", "hoje", "aqui", "here",
];

static PHRASES: LazyLock<Phrasebook> = LazyLock::new(book);

#[expect(clippy::expect_used, reason = "a constant list; the tests parse it")]
fn book() -> Phrasebook {
    Phrasebook::parse(include_str!("person/data/phrases.txt")).expect("a list of phrases")
}

/// An explicit wish for a person, in Spanish, English or Portuguese. `extra` are words and phrases of the tenant's that
/// mean the same; one typing mistake in a long word is forgiven in both.
pub fn asks_for_person(text: &str, extra: &[String]) -> bool {
    let all: Vec<String> = words(text).iter().map(|word| undrawn(word)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (start, end) = if all.len() <= MAX_WORDS {
        (all.as_slice(), [].as_slice())
    } else {
        let half = MAX_WORDS / 2;
        (all.get(..half).unwrap_or_default(), all.get(all.len() - half..).unwrap_or_default())
    };
    [start, end].into_iter().any(|words| wishes(words) || extra.iter().any(|phrase| says(words, phrase)))
}

/// Whether a wish stands in the words and nothing takes it back.
fn wishes(words: &[&str]) -> bool {
    let found: Vec<Found> = PHRASES.all(words).collect();
    let overlaps = |a: &Found, b: &Found| a.at < b.at + b.words && b.at < a.at + a.words;
    let taken_back = |wish: &Found| found.iter().any(|other| other.label == "not" && overlaps(other, wish));
    let counts = |wish: &Found| match wish.label {
        "wish" => true,
        "short" => words.len() <= SHORT,
        "bare" => words.len() == 1,
        "end" => words.get(wish.at + wish.words).is_none_or(|next| TAIL.contains(next)),
        _ => false,
    };
    found.iter().any(|wish| counts(wish) && !taken_back(wish))
}

/// Whether the words hold a phrase of the tenant's, each of its words or one mistyped by a letter.
fn says(words: &[&str], phrase: &str) -> bool {
    /// A shorter word mistyped is another word.
    const MIN_LETTERS: usize = 6;
    let phrase = crate::text::words(phrase);
    let alike = |word: &str, wanted: &str| {
        word == wanted || (wanted.len() >= MIN_LETTERS && strsim::osa_distance(word, wanted) <= 1)
    };
    !phrase.is_empty()
        && words
            .windows(phrase.len())
            .any(|window| window.iter().zip(&phrase).all(|(word, wanted)| alike(word, wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(file: &str, label: &str) -> (usize, usize) {
        let rows: Vec<serde_json::Value> =
            file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let texts: Vec<&str> = rows
            .iter()
            .filter(|row| row["label"] == label)
            .map(|row| row["text"].as_str().unwrap())
            .collect();
        (texts.iter().filter(|text| asks_for_person(text, &[])).count(), texts.len())
    }

    /// The bars hold for messages that the lists were not made with.
    #[test]
    fn held_out_wishes_are_heard_and_mentions_are_not() {
        let held_out = include_str!("../../tests/fixtures/person/held_out.jsonl");
        let (wishes, of_wishes) = heard(held_out, "wish");
        let (others, of_others) = heard(held_out, "other");
        println!("heard {wishes} of {of_wishes} wishes and {others} of {of_others} others");
        assert!(of_wishes > 30 && wishes * 10 >= of_wishes * 9, "{wishes} of {of_wishes}");
        assert!(of_others > 25 && others * 50 <= of_others, "{others} of {of_others}");
    }

    #[test]
    fn known_wishes_are_heard_and_mentions_are_not() {
        let train = include_str!("../../tests/fixtures/person/train.jsonl");
        let (wishes, all) = heard(train, "wish");
        assert_eq!(wishes, all);
        assert_eq!(heard(train, "other").0, 0);
    }

    #[test]
    fn a_tenants_own_words_count_as_a_whole_and_forgive_a_typing_mistake() {
        let extra =
            ["hablar con Doña Marta".to_owned(), "recepción".to_owned(), String::new(), "ya".to_owned()];
        let check =
            |text: &str, expected: bool| assert_eq!(asks_for_person(text, &extra), expected, "{text:?}");
        check("quisiera hablar con doña marta por favor", true);
        check("me pasa a RECEPCION", true);
        check("me pasa a recepcon", true);
        check("¿Marta está?", false);
        check("la yarda", false);
        check("", false);
    }

    #[test]
    fn the_end_of_an_endless_message_is_heard() {
        let text = format!("{} quiero hablar con una persona", "bla ".repeat(10_000));
        assert!(asks_for_person(&text, &[]));
        assert!(!asks_for_person(&"bla ".repeat(10_000), &[]));
    }
}
