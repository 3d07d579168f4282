//! Text as people type it: the form in which words are compared, and the language they are in. Whatever reads what
//! somebody wrote, customers, documents or catalogues, reads it by these.

pub mod language;
pub mod numbers;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::domain::language::Language;

/// Lower case without accents: what customers who type in a hurry and documents written with care have in common.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// The folded words of a text, in order: runs of letters and digits.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The stem of a folded word, by the Snowball stemmer of the language (<https://snowballstem.org>). What has a digit in it
/// is its own stem.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_ligatures_are_folded_away() {
        assert_eq!(fold("¿CUÁNTO cuesta el Bótox?"), "¿cuanto cuesta el botox?");
        assert_eq!(fold("ﬁn·año\u{301}"), "fin·ano");
    }

    #[test]
    fn words_are_compared_without_case_accents_and_signs() {
        assert_eq!(words("¿CUÁNTO cuesta el Bótox?"), ["cuanto", "cuesta", "el", "botox"]);
        assert_eq!(words("Preço: R$ 1.250,00"), ["preco", "r", "1", "250", "00"]);
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
}
