//! Which of the product's languages a text is in, also when it is as short and sloppy as a chat message.

use whatlang::{Detector, Lang};

use super::terms::{is_stop_word, words};
use crate::domain::language::Language;

/// A lead smaller than this is no evidence.
const CLEAR_LEAD: f32 = 0.5;

/// The language of a text; `None` when its words do not tell (`"botox"`, `"50 ml"`).
pub fn detect(text: &str) -> Option<Language> {
    let words = words(text);
    let mut scores = Language::ALL.map(|language| (evidence(text, &words, language), language));
    if let Some(info) = Detector::with_allowlist(vec![Lang::Spa, Lang::Eng, Lang::Por]).detect(text) {
        // Its trigrams need some text: they count for more the more there is.
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
        let weight = info.confidence() as f32 * (words.len() as f32 / 6.0).min(4.0);
        let found = match info.lang() {
            Lang::Eng => Language::En,
            Lang::Por => Language::Pt,
            _ => Language::Es,
        };
        for (score, language) in &mut scores {
            if *language == found {
                *score += weight;
            }
        }
    }
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    match scores {
        [(first, language), (second, _), _] if first - second >= CLEAR_LEAD => Some(language),
        _ => None,
    }
}

/// Function words and letters that speak for a language.
fn evidence(text: &str, words: &[String], language: Language) -> f32 {
    let own = words.iter().filter(|word| word.len() > 1 && is_stop_word(word, language));
    let function_words: f32 = own
        .map(|word| {
            let others = Language::ALL.into_iter().filter(|other| is_stop_word(word, *other)).count();
            if others == 1 { 1.0 } else { 0.3 }
        })
        .sum();
    let (letters, words_of_its_own): (&[char], &[&str]) = match language {
        Language::Es => (
            &['ñ', '¿', '¡'],
            &["hola", "cuanto", "gracias", "buenas", "quiero", "precio", "donde", "tienen", "hay", "cuesta"],
        ),
        Language::En => (
            &[],
            &["hello", "hi", "thanks", "please", "price", "much", "many", "open", "hours", "does", "want"],
        ),
        Language::Pt => (
            &['ã', 'õ', 'ç', 'ê'],
            &["ola", "oi", "obrigado", "obrigada", "voce", "quanto", "quero", "preco", "tem", "custa", "bom"],
        ),
    };
    let marks = text.chars().flat_map(char::to_lowercase).any(|c| letters.contains(&c));
    let greetings = words.iter().filter(|word| words_of_its_own.contains(&word.as_str())).count();
    #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
    let greetings = greetings as f32;
    function_words + greetings + if marks { 1.5 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_are_told_apart() {
        for (text, expected) in [
            ("¿Cuánto cuesta la limpieza facial?", Some(Language::Es)),
            ("hola cuanto vale el botox", Some(Language::Es)),
            ("a ke hora abren el sabado", Some(Language::Es)),
            ("How much does a lip filler cost?", Some(Language::En)),
            ("what time do you open", Some(Language::En)),
            ("Quanto custa a limpeza de pele?", Some(Language::Pt)),
            ("vcs abrem no domingo?", Some(Language::Pt)),
            ("oi, quero agendar um horario", Some(Language::Pt)),
            ("botox", None),
            ("50 ml", None),
            ("", None),
        ] {
            assert_eq!(detect(text), expected, "{text}");
        }
    }
}
