//! Words and phrases that tell a mood, with what each is worth.
//!
//! The lists are in `data/`, one file per language: condensed from AFINN and ML-SentiCon (see `data/NOTICE.md`) to what
//! judges something, with the phrases of customers added and words that name a business's trade left out.

use std::sync::LazyLock;

use crate::{domain::language::Language, engine::phrases::Phrasebook};

/// A phrase that was found: how many words it takes and what it is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match {
    pub(super) words: usize,
    /// -5 (furious) to 3 (delighted); 0 where the words judge nothing together.
    pub(super) value: f32,
}

static ES: LazyLock<Phrasebook> = LazyLock::new(|| book(include_str!("data/es.txt")));
static EN: LazyLock<Phrasebook> = LazyLock::new(|| book(include_str!("data/en.txt")));
static PT: LazyLock<Phrasebook> = LazyLock::new(|| book(include_str!("data/pt.txt")));

#[expect(clippy::expect_used, reason = "a constant list; the tests parse it")]
fn book(text: &'static str) -> Phrasebook {
    Phrasebook::parse(text).expect("a list of phrases")
}

/// The longest phrase of a language that begins with the folded word at `at`.
pub(super) fn longest_at(words: &[&str], at: usize, language: Language) -> Option<Match> {
    let book = match language {
        Language::Es => &ES,
        Language::En => &EN,
        Language::Pt => &PT,
    };
    let found = book.longest_at(words, at)?;
    Some(Match { words: found.words, value: found.label.parse().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_of_the_lists_is_worth_something_and_no_phrase_stands_twice() {
        for (book, text) in [
            (&*ES, include_str!("data/es.txt")),
            (&*EN, include_str!("data/en.txt")),
            (&*PT, include_str!("data/pt.txt")),
        ] {
            for label in book.labels() {
                let value: f32 = label.parse().unwrap();
                assert!(value.fract() == 0.0 && (-5.0..=3.0).contains(&value), "{label:?}");
            }
            let mut seen = HashSet::new();
            let phrases =
                text.lines().filter_map(|line| line.split_once(": ")).flat_map(|(_, p)| p.split(", "));
            let twice: Vec<&str> = phrases.filter(|phrase| !seen.insert(*phrase)).collect();
            assert!(twice.is_empty(), "{twice:?}");
        }
    }

    #[test]
    fn the_longest_phrase_of_the_language_wins() {
        let check = |text: &str, words: usize, value: f32| {
            let text: Vec<&str> = text.split(' ').collect();
            assert_eq!(longest_at(&text, 0, Language::Es), Some(Match { words, value }), "{text:?}");
        };
        check("pesimo servicio", 1, -5.0);
        check("mal servicio el suyo", 2, -4.0);
        check("llevo ya tres dias", 4, -3.0);
        check("buenas tardes", 2, 0.0);
        let far = ["nadie", "de", "todo", "su", "equipo", "contesta"];
        assert_eq!(longest_at(&far, 0, Language::Es), None);
        assert_eq!(longest_at(&["pesimo"], 0, Language::En), None);
    }
}
