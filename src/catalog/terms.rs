//! What a product is found by: the stems of its words and its sizes, in the catalogue's language. Pure.

use std::collections::{BTreeSet, HashMap};

use super::{
    measure::{self, Measure},
    sound::sound,
};
use crate::{
    domain::language::Language,
    knowledge::terms::is_stop_word,
    store::product_import::CatalogWord,
    text::{fold, stem},
};

/// The version of everything in here. A change of what it returns needs another number, so that the terms that are stored
/// are made again.
pub(crate) const ANALYZER: u32 = 2;

/// A longer run of letters is no word that anybody types.
const LONGEST_WORD_CHARS: usize = 40;

/// Words that say how things are packed or counted rather than what they are.
const PACKING: [&str; 26] = [
    "pieza", "piezas", "pza", "pzas", "pz", "unidad", "unidades", "und", "caja", "cajas", "paquete",
    "paquetes", "bolsa", "bolsas", "rollo", "rollos", "saco", "sacos", "par", "pares", "juego", "juegos",
    "precio", "largo", "diametro", "tipo",
];

/// What a text is found by.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Analysed {
    /// Its words without function words, in order: the folded word and its stem.
    pub(crate) words: Vec<(String, String)>,
    /// Its sizes and numbers.
    pub(crate) measures: Vec<Measure>,
}

/// Takes a question apart.
pub(crate) fn analyse(text: &str, language: Language) -> Analysed {
    let folded = measure::folded(text);
    let measures = measure::measures_asked(&folded);
    analyse_with(&folded, measures, language)
}

/// Takes the name of a product apart.
fn analyse_name(text: &str, language: Language) -> Analysed {
    let folded = measure::folded(text);
    let measures = measure::measures(&folded);
    analyse_with(&folded, measures, language)
}

fn analyse_with(folded: &str, measures: Vec<Measure>, language: Language) -> Analysed {
    let in_measure = |at: usize| measures.iter().any(|measure| measure.range.contains(&at));
    let tokens = measure::tokens(folded);
    let text_at = |at: usize| tokens.get(at).map(|token| token.text);
    let words = tokens
        .iter()
        .enumerate()
        .map(|(at, token)| {
            let before = at.checked_sub(1).and_then(text_at);
            let is_claw = measure::is_claw(token.text, before, text_at(at + 1));
            (token, if is_claw { "unya" } else { token.text })
        })
        .filter(|(token, _)| token.number.is_none() && !in_measure(token.range.start))
        .filter(|(_, word)| word.chars().all(char::is_alphanumeric) && *word != "x")
        .filter(|(_, word)| word.chars().count() <= LONGEST_WORD_CHARS)
        .filter(|(_, word)| !is_stop_word(word, language))
        .map(|(_, word)| (word.to_owned(), stem(word, language)))
        .collect();
    Analysed { words, measures }
}

/// Whether a word says how things are packed rather than what they are.
pub(crate) fn is_packing(word: &str) -> bool {
    PACKING.contains(&word)
}

/// How many of the words and sizes of `asked` are in `name`, from 0 to 1; 0 when `asked` has none.
pub(crate) fn share(asked: &str, name: &str, language: Language) -> f32 {
    let (asked, name) = (analyse(asked, language), analyse_name(name, language));
    let words = asked.words.iter().filter(|(word, _)| !super::search::is_noise(word));
    let has = |stem: &String| name.words.iter().any(|(_, known)| known == stem);
    let (mut all, mut found) = (0_u16, 0_u16);
    for (_, stem) in words {
        all += 1;
        found += u16::from(has(stem));
    }
    for measure in &asked.measures {
        all += 1;
        let is_there = name.measures.iter().any(|known| match measure.unit {
            Some(_) => known.term() == measure.term(),
            None => known.written == measure.written,
        });
        found += u16::from(is_there);
    }
    if all == 0 { 0.0 } else { f32::from(found) / f32::from(all) }
}

/// Whether a name holds just the size that a text states.
pub(crate) fn has_size(name: &str, size: &str) -> bool {
    let (name, size) = (measure::folded(name), measure::folded(size));
    let known = measure::measures(&name);
    let wanted = measure::measures_asked(&size);
    !wanted.is_empty() && wanted.iter().all(|wanted| known.iter().any(|known| known.term() == wanted.term()))
}

/// Makes the terms of many products, remembering the stems of words that come again and again.
pub(crate) struct Analyst {
    language: Language,
    stems: HashMap<String, String>,
    words: BTreeSet<CatalogWord>,
}

impl Analyst {
    pub(crate) fn new(language: Language) -> Self {
        Self { language, stems: HashMap::new(), words: BTreeSet::new() }
    }

    /// The terms of a product: a line each for its name, its category, its description and its codes.
    pub(crate) fn terms(&mut self, sku: &str, name: &str, category: &str, description: &str) -> String {
        let [name_line, category, description] = [name, category, description].map(|text| self.line(text));
        [name_line, category, description, codes(sku, name)].join("\n")
    }

    /// All words seen so far.
    pub(crate) fn into_words(self) -> BTreeSet<CatalogWord> {
        self.words
    }

    fn line(&mut self, text: &str) -> String {
        let folded = measure::folded(text);
        let measures = measure::measures(&folded);
        let mut line = String::with_capacity(folded.len());
        let mut push = |term: &str| {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(term);
        };
        for token in measure::tokens(&folded) {
            let word = token.text;
            let is_size = measures.iter().any(|measure| measure.range.contains(&token.range.start));
            if is_size
                || token.number.is_some()
                || word == "x"
                || !word.chars().all(char::is_alphanumeric)
                || word.chars().count() > LONGEST_WORD_CHARS
                || is_stop_word(word, self.language)
            {
                continue;
            }
            if let Some(stem) = self.stems.get(word) {
                push(stem);
                continue;
            }
            let stem = stem(word, self.language);
            push(&stem);
            self.words.insert(CatalogWord { word: word.to_owned(), stem: stem.clone(), sound: sound(word) });
            self.stems.insert(word.to_owned(), stem);
        }
        for measure in &measures {
            push(&measure.term());
            match (measure.unit, measure.bare_term()) {
                (Some(_), Some(bare)) => push(&bare),
                (None, _) => push(&measure.unitless_term()),
                (Some(_), None) => {}
            }
        }
        line
    }
}

/// A code in the form in which codes are compared: people leave out its hyphens and blanks. `None` for what is too short
/// to tell anything.
pub(crate) fn code_term(code: &str) -> Option<String> {
    let squashed: String = fold(code).chars().filter(|c| c.is_alphanumeric()).collect();
    let count = squashed.chars().count();
    (3..=LONGEST_WORD_CHARS).contains(&count).then(|| format!("k{squashed}"))
}

/// What a product is found by beside words: its number, and the models in its name ("TN-1060", "USB-C").
fn codes(sku: &str, name: &str) -> String {
    let models = name.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let models = models.filter(|word| {
        let has_digit = word.chars().any(|c| c.is_ascii_digit());
        let has_letter = word.chars().any(char::is_alphabetic);
        has_letter && (has_digit || word.contains('-'))
    });
    let terms: BTreeSet<String> = std::iter::once(sku).chain(models).filter_map(code_term).collect();
    terms.into_iter().collect::<Vec<_>>().join(" ")
}

/// What a product means without its sizes: the name, and the description in the line below. Products that differ in
/// sizes only have it in common.
pub(crate) fn core(name: &str, description: &str) -> String {
    format!("{}\n{}", without_sizes(name), without_sizes(description))
}

fn without_sizes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    // Sizes are found in the folded text, so whole words are dropped by what they fold to.
    for word in text.split_whitespace() {
        let folded = fold(word);
        let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
        let is_size = bare.chars().any(|c| c.is_ascii_digit()) || measure::is_unit(bare) || bare == "x";
        if !is_size {
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_found_by_stems_and_sizes() {
        let mut analyst = Analyst::new(Language::Es);
        let name = "Tornillos para madera 1/8 x 1/2 pulgadas T-25";
        let terms = analyst.terms("TOR 01", name, "Tornillería", "Acero.");
        assert_eq!(
            terms,
            "tornill mader t q125in n125 q500in n500 n25000 u25000\ntornilleri\nacer\nkt25 ktor01"
        );
        assert!(analyst.into_words().iter().any(|word| word.word == "tornillos" && word.sound == "torniyos"));
    }

    #[test]
    fn products_that_differ_in_sizes_mean_the_same() {
        let core = |name| core(name, "Largo 1 pulgadas.");
        assert_eq!(
            core("Tornillo para madera 1/8 x 1/2 pulgadas"),
            core("Tornillo para madera 3/16 x 2 pulgadas")
        );
        assert_eq!(core("Foco LED 9 W luz cálida"), "Foco LED luz cálida\nLargo");
    }
}
