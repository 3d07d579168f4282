//! A question as the search sees it: its words and sizes, what stands for each in the catalogue, and how much each tells.

mod codes;
mod forms;

use std::collections::BTreeSet;

use super::noise::is_noise;
use crate::{
    catalog::{
        measure::{self, Measure, Unit},
        terms::{analyse, is_packing},
    },
    domain::language::Language,
    knowledge::terms::words,
    store::{StoreError, product_index::ProductIndex},
    text::fold,
};

/// A question with more different words is cut.
const MAX_WORDS: usize = 24;

/// What a size tells: as much as a rare word, because it tells one product of a row from the next.
const SIZE_WEIGHT: f32 = 4.0;

/// What a bare number tells; it may be a quantity.
const NUMBER_WEIGHT: f32 = 2.0;

/// What a word tells that nothing in the catalogue has: no more than a rare word that one product has.
const UNKNOWN_WEIGHT: f32 = 5.0;

/// How much more the first word tells, which names the thing in Spanish and Portuguese.
const HEAD: f32 = 1.3;

/// What a word of packing tells, of what it would otherwise.
const PACKING: f32 = 0.3;

/// What a size counts that the product has without its unit.
const WITHOUT_UNIT: f32 = 0.8;

/// What a size counts that the product has in another unit.
const IN_OTHER_UNIT: f32 = 0.75;

/// A question.
pub(super) struct Query {
    /// Its words and sizes that tell something.
    pub(super) parts: Vec<Part>,
}

/// A word or a size of a question.
pub(super) struct Part {
    /// What stands for it in the catalogue.
    pub(super) forms: Vec<Form>,
    /// What it tells of the question.
    pub(super) weight: f32,
    /// The unit and value, if it is a size.
    pub(super) size: Option<Size>,
    /// Whether it is the first word, which names the thing in Spanish and Portuguese.
    pub(super) is_head: bool,
}

impl Part {
    /// Whether nothing in the catalogue stands for it.
    pub(super) fn is_unknown(&self) -> bool {
        self.forms.iter().all(|form| form.products.is_empty())
    }
}

/// A size that was asked for.
pub(super) struct Size {
    /// Its term.
    pub(super) term: String,
    /// How terms of the same unit end.
    pub(super) unit: String,
}

/// Terms that stand for a part, all of them together.
pub(super) struct Form {
    /// The terms.
    pub(super) terms: Vec<String>,
    /// What it counts: 1, or less for what only resembles.
    pub(super) weight: f32,
    /// The products that have them.
    pub(super) products: Vec<i64>,
}

impl Form {
    /// One term.
    fn one(term: String, weight: f32, index: &ProductIndex<'_>) -> Result<Self, StoreError> {
        Ok(Self { products: index.with_term(&term)?, terms: vec![term], weight })
    }

    /// Several terms, of which a product must have each.
    fn all(terms: &[String], weight: f32, index: &ProductIndex<'_>) -> Result<Self, StoreError> {
        Ok(Self { products: index.with_terms(terms)?, terms: terms.to_vec(), weight })
    }
}

/// A question without what is only said around it, to be embedded.
pub(super) fn subject(text: &str) -> String {
    let kept: Vec<&str> = text
        .split_whitespace()
        .filter(|word| {
            let folded = fold(word);
            !words(&folded).iter().all(|word| is_noise(word))
        })
        .collect();
    if kept.is_empty() { text.to_owned() } else { kept.join(" ") }
}

impl Query {
    /// Reads a question against a catalogue.
    pub(super) fn read(text: &str, language: Language, index: &ProductIndex<'_>) -> Result<Self, StoreError> {
        let (mut parts, text) = codes::read(text, index)?;
        let analysed = analyse(&spelled_out(&text), language);
        #[expect(clippy::cast_precision_loss, reason = "counts of products; the last digits do not matter")]
        let all = index.count()? as f32;
        let mut seen = BTreeSet::new();
        let stems: Vec<String> = analysed.words.iter().map(|(_, stem)| stem.clone()).collect();
        for (at, (word, _)) in analysed.words.iter().enumerate() {
            if parts.len() == MAX_WORDS || is_noise(word) || !seen.insert(word.clone()) {
                continue;
            }
            let forms = forms::of_word(word, &stems, at, language, index)?;
            let found = products_with_any(&forms);
            #[expect(clippy::cast_precision_loss, reason = "counts of products")]
            let with = (found as f32).min(all);
            let idf = ((all - with + 0.5) / (with + 0.5)).ln_1p();
            let idf = if found == 0 { idf.min(UNKNOWN_WEIGHT) } else { idf };
            let is_head = parts.is_empty() && !is_packing(word);
            let factor = if is_packing(word) {
                PACKING
            } else if is_head {
                HEAD
            } else {
                1.0
            };
            parts.push(Part { forms, weight: idf * factor, size: None, is_head });
        }
        for measure in analysed.measures {
            if parts.len() < MAX_WORDS && seen.insert(measure.term()) {
                parts.push(size(&measure, index)?);
            }
        }
        Ok(Self { parts })
    }
}

/// How many products have any of the forms.
fn products_with_any(forms: &[Form]) -> usize {
    if let [only] = forms {
        return only.products.len();
    }
    let mut all: Vec<i64> = forms.iter().flat_map(|form| form.products.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// Letters that are said by name: "pilas doble a", "triple a".
fn spelled_out(text: &str) -> String {
    const NAMES: [(&str, &str); 3] = [("doble a", "aa"), ("triple a", "aaa"), ("dupla a", "aa")];
    let mut folded = format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
    for (name, letters) in NAMES {
        folded = folded.replace(&format!(" {name} "), &format!(" {letters} "));
    }
    folded
}

fn size(measure: &Measure, index: &ProductIndex<'_>) -> Result<Part, StoreError> {
    let term = measure.term();
    let unit = term.trim_start_matches(|c: char| c == 'q' || c.is_ascii_digit()).to_owned();
    let mut forms = vec![Form::one(term.clone(), 1.0, index)?];
    match measure.unit {
        // Wheels, clothes and gauges are often written as a bare number among others: "195/65 R15", "calibre 12".
        Some(Unit::Fit | Unit::Gauge | Unit::Rim) => {
            if let Some(bare) = measure.bare_term() {
                forms.push(Form::one(bare, WITHOUT_UNIT, index)?);
            }
        }
        Some(unit) if unit != Unit::Letter => {
            forms.push(Form::one(measure.unitless_term(), WITHOUT_UNIT, index)?);
        }
        _ => {}
    }
    let others = match measure.unit {
        Some(_) => measure::in_other_units(measure),
        None if forms.iter().all(|form| form.products.is_empty()) => measure::as_millimetres(measure),
        None => Vec::new(),
    };
    for other in others {
        forms.push(Form::one(other, IN_OTHER_UNIT, index)?);
    }
    forms.retain(|form| !form.products.is_empty());
    let weight = if measure.is_size { SIZE_WEIGHT } else { NUMBER_WEIGHT };
    let size = measure.unit.map(|_| Size { term, unit });
    Ok(Part { forms, weight, size, is_head: false })
}
