//! Words and stems: what the lexical half of a search compares.
//!
//! Accents, case and the points in `1.250.000` are folded away first, because customers leave them out; then the
//! stemmer of the text's language applies. Pure.

mod stop_words;
mod synonyms;

pub(crate) use self::{
    stop_words::{is_filler, is_stop_word},
    synonyms::synonyms,
};
use crate::{
    domain::language::Language,
    text::{fold, stem},
};

/// The version of everything in here. A change of what [`stems`] returns needs another number, so that the stems
/// that are stored are made again.
pub const ANALYZER: u32 = 1;

/// A longer run of letters is no word that anybody types.
const LONGEST_WORD_CHARS: usize = 40;

/// The folded words and numbers of a text, in order. `1.250.000` is one number.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words = Vec::new();
    let mut word = String::new();
    let mut rest = folded.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let after = folded.get(at + c.len_utf8()..).unwrap_or_default();
        if c.is_alphanumeric() {
            word.push(c);
        } else if (c == '.' || c == ',') && is_digits(&word) && begins_with_thousands(after) {
            // The digits go on.
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if rest.peek().is_none() && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.retain(|word| word.chars().count() <= LONGEST_WORD_CHARS);
    words
}

/// The stems of a text's words without the function words, in order.
pub fn stems(text: &str, language: Language) -> Vec<String> {
    words(text)
        .into_iter()
        .filter(|word| !is_stop_word(word, language))
        .map(|word| stem(&word, language))
        .collect()
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether exactly three digits follow, as after the separator of thousands.
fn begins_with_thousands(text: &str) -> bool {
    text.bytes().take_while(u8::is_ascii_digit).count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_case_accents_and_thousands_points() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
        check("¿Cuánto CUESTA la limpieza?", &["cuanto", "cuesta", "la", "limpieza"]);
        check("$1.250.000 o 1,250,000", &["1250000", "o", "1250000"]);
        check("3.5 cm, 12.30", &["3", "5", "cm", "12", "30"]);
        check("Super_Bowl_50", &["super", "bowl", "50"]);
        check("", &[]);
        check("ﬁn·año\u{301}", &["fin", "ano"]);
        check(&"x".repeat(100), &[]);
    }

    #[test]
    fn function_words_have_no_stem() {
        assert_eq!(stems("¿Cuánto dura la limpieza?", Language::Es), ["dur", "limpiez"]);
    }

    proptest::proptest! {
        #[test]
        fn a_stem_never_has_white_space_in_it(text in "\\PC{0,80}") {
            for language in Language::ALL {
                for stem in stems(&text, language) {
                    proptest::prop_assert!(!stem.chars().any(|c| c.is_whitespace() || c == '"'), "{stem:?}");
                }
            }
        }
    }
}
