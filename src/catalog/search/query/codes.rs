//! Article numbers and models in a question: "¿tienes el hex-010?", "AIS 002", "PLH-NEG".

use super::{Form, Part};
use crate::{
    catalog::{measure, terms::code_term},
    domain::product::sku_key,
    store::{StoreError, product_index::ProductIndex},
    text::fold,
};

/// What a code tells: nearly everything.
const WEIGHT: f32 = 12.0;

/// What a word with a hyphen in it tells, which may be a code.
const COMPOUND_WEIGHT: f32 = 6.0;

/// What the beginning of an article number counts.
const BEGINNING: f32 = 0.9;

/// The most article numbers that a beginning may mean.
const MAX_BEGUN: usize = 24;

/// A shorter beginning is none.
const SHORTEST_BEGINNING_CHARS: usize = 4;

/// Only digits are a number of an article from this many on.
const SHORTEST_DIGITS: usize = 6;

/// The codes of a question that the catalogue knows, and the question without them.
pub(super) fn read(text: &str, index: &ProductIndex<'_>) -> Result<(Vec<Part>, String), StoreError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut parts = Vec::new();
    let mut rest: Vec<&str> = Vec::with_capacity(words.len());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let bare = trimmed(word);
        let next = words.get(at + 1).map(|next| trimmed(next));
        if let Some(next) = next.filter(|next| is_split_code(bare, next))
            && let Some(part) = known(&format!("{bare}{next}"), WEIGHT, index)?
        {
            parts.push(part);
            at += 2;
            continue;
        }
        at += 1;
        match code(bare, index)? {
            Some(part) => parts.push(part),
            None => rest.push(word),
        }
    }
    Ok((parts, rest.join(" ")))
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether two words may be one code: letters and digits.
fn is_split_code(word: &str, next: &str) -> bool {
    let is_letters = !word.is_empty() && word.len() <= 6 && word.chars().all(|c| c.is_ascii_alphabetic());
    is_letters && next.len() >= 2 && next.bytes().all(|byte| byte.is_ascii_digit())
}

fn code(word: &str, index: &ProductIndex<'_>) -> Result<Option<Part>, StoreError> {
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = word.chars().any(char::is_alphabetic);
    let has_hyphen = word.contains(['-', '_', '.']);
    let is_number = has_digit && !has_letter && word.len() >= SHORTEST_DIGITS;
    let is_model = has_digit && has_letter && word.starts_with(char::is_alphabetic) && !is_size(word);
    if !(is_number || is_model || has_hyphen && has_letter) {
        return Ok(None);
    }
    let weight = if has_digit { WEIGHT } else { COMPOUND_WEIGHT };
    if let Some(part) = known(word, weight, index)? {
        return Ok(Some(part));
    }
    if word.chars().count() < SHORTEST_BEGINNING_CHARS || !(has_hyphen || has_digit) {
        return Ok(None);
    }
    let mut forms = Vec::new();
    for sku in index.skus_beginning(&sku_key(word), MAX_BEGUN)? {
        if let Some(term) = code_term(&sku) {
            forms.push(Form::one(term, BEGINNING, index)?);
        }
    }
    Ok((!forms.is_empty()).then_some(Part { forms, weight, size: None, is_head: false }))
}

/// Whether a word is a size and no model: "R14".
fn is_size(word: &str) -> bool {
    let folded = fold(word);
    matches!(measure::measures(&folded).as_slice(), [only] if only.unit.is_some() && only.range == (0..folded.len()))
}

/// A code that products have.
fn known(code: &str, weight: f32, index: &ProductIndex<'_>) -> Result<Option<Part>, StoreError> {
    let Some(term) = code_term(code) else { return Ok(None) };
    let form = Form::one(term, 1.0, index)?;
    Ok((!form.products.is_empty()).then(|| Part { forms: vec![form], weight, size: None, is_head: false }))
}
