//! Words and stems: what the lexical half of a search compares.
//!
//! Accents, case and the points in `1.250.000` are folded away first, because customers leave them out; then the
//! Snowball stemmer of the text's language applies (<https://snowballstem.org>). Pure.

mod stop_words;
mod synonyms;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub(crate) use self::{
    stop_words::{is_filler, is_stop_word},
    synonyms::synonyms,
};
use crate::domain::language::Language;

/// The version of everything in here. A change of what [`stems`] returns needs another number, so that the stems
/// that are stored are made again.
pub const ANALYZER: u32 = 1;

/// A longer run of letters is no word that anybody types.
const LONGEST_WORD_CHARS: usize = 40;

/// Lower case without accents.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

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

/// The stem of a folded word.
pub fn stem(word: &str, language: Language) -> String {
    if word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    let algorithm = match language {
        Language::Es => Algorithm::Spanish,
        Language::En => Algorithm::English,
        Language::Pt => Algorithm::Portuguese,
    };
    let accented = accented_ending(word, language);
    let stem = Stemmer::create(algorithm).stem(accented.as_deref().unwrap_or(word)).into_owned();
    if stem.is_ascii() { stem } else { fold(&stem) }
}

/// The word with the accent its ending had before it was folded, which its stemmer looks for.
fn accented_ending(word: &str, language: Language) -> Option<String> {
    let endings: &[(&str, &str)] = match language {
        Language::Es => &[("cion", "ción"), ("sion", "sión"), ("logia", "logía"), ("logias", "logías")],
        Language::Pt => {
            &[("cao", "ção"), ("coes", "ções"), ("sao", "são"), ("soes", "sões"), ("encia", "ência")]
        }
        Language::En => &[],
    };
    endings.iter().find_map(|(folded, accented)| Some(format!("{}{accented}", word.strip_suffix(folded)?)))
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
    fn forms_of_a_word_share_their_stem() {
        for (language, a, b) in [
            (Language::Es, "tratamientos", "tratamiento"),
            (Language::Es, "reservacion", "reservaciones"),
            (Language::En, "bookings", "booking"),
            (Language::Pt, "agendamentos", "agendamento"),
            (Language::Pt, "reservacao", "reservacoes"),
        ] {
            assert_eq!(stem(a, language), stem(b, language));
        }
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
