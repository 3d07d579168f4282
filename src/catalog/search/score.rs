//! How well one product is what was asked for. Pure.

use super::query::{Part, Query, Size};

/// What a word counts that only the category has.
const IN_CATEGORY: f32 = 0.5;

/// What a word counts that only the description has.
const IN_DESCRIPTION: f32 = 0.45;

/// What it costs when the product has a size of the same kind, and not the one that was asked for.
const OTHER_SIZE: f32 = -0.4;

/// From this much on a part counts as being in the product.
const PRESENT: f32 = 0.4;

/// From this weight on a form is the word that was said, and not another one for the same.
const OWN_WORD: f32 = 0.9;

/// The weights of the score's parts.
const COVERAGE: f32 = 0.62;
const DENSITY: f32 = 0.12;
const HEAD: f32 = 0.08;
const MEANING: f32 = 0.22;

/// A product and how well it fits.
pub(super) struct Scored {
    /// Its row.
    pub(super) id: i64,
    /// How well it fits.
    pub(super) score: f32,
    /// How much of the question is in it.
    pub(super) coverage: f32,
    /// Whether everything asked for is in it.
    pub(super) complete: bool,
    /// Whether every word of the name was asked for.
    pub(super) exact: bool,
}

/// The terms of a product by where they stand.
struct Terms<'a> {
    name: Vec<&'a str>,
    category: Vec<&'a str>,
    description: Vec<&'a str>,
    codes: Vec<&'a str>,
}

/// What the meaning of a product counts for a word that the catalogue does not have, from a similarity that tells
/// something on.
const UNKNOWN_FROM: f32 = 0.3;
const UNKNOWN_STEEPNESS: f32 = 1.5;
const UNKNOWN_MOST: f32 = 0.7;

/// Scores a product by its terms (a line each for the name, the category, the description and the codes) and what its
/// name means.
pub(super) fn score(id: i64, query: &Query, terms: &str, similarity: Option<f32>) -> Scored {
    let mut lines = terms.split('\n').map(|line| line.split(' ').filter(|term| !term.is_empty()).collect());
    let mut line = || lines.next().unwrap_or_default();
    let terms = Terms { name: line(), category: line(), description: line(), codes: line() };
    let unknown = ((similarity.unwrap_or(0.0) - UNKNOWN_FROM) * UNKNOWN_STEEPNESS).clamp(0.0, UNKNOWN_MOST);
    let all: f32 = query.parts.iter().map(|part| part.weight).sum();
    let (mut sum, mut complete, mut head) = (0.0, !query.parts.is_empty(), 0.0);
    for part in &query.parts {
        let is_unknown = part.size.is_none() && part.is_unknown();
        let value = if is_unknown { unknown } else { matches(part, &terms) };
        complete &= value >= PRESENT && !is_unknown;
        sum += value * part.weight;
        if part.is_head
            && part
                .forms
                .iter()
                .any(|form| form.terms.first().map(String::as_str) == terms.name.first().copied())
        {
            head = 1.0;
        }
    }
    let coverage = if all > 0.0 { sum / all } else { 0.0 };
    let named: Vec<&&str> = terms.name.iter().filter(|term| !is_number(term)).collect();
    let matched = named.iter().filter(|term| is_asked(query, term)).count();
    #[expect(clippy::cast_precision_loss, reason = "a name has a few words")]
    let density = if named.is_empty() { 0.0 } else { matched as f32 / named.len() as f32 };
    let meaning = similarity.unwrap_or(coverage.max(0.0));
    let score = COVERAGE * coverage + DENSITY * density + HEAD * head + MEANING * meaning;
    let exact = complete && matched == named.len();
    Scored { id, score, coverage: coverage.clamp(0.0, 1.0), complete, exact }
}

/// Whether a word of a name was asked for by itself, not by another word for the same.
fn is_asked(query: &Query, term: &str) -> bool {
    let is_form = |part: &Part| {
        part.forms.iter().any(|form| form.weight >= OWN_WORD && form.terms.iter().any(|own| own == term))
    };
    query.parts.iter().any(is_form)
}

/// Whether a term is a size or a number.
fn is_number(term: &str) -> bool {
    term.strip_prefix(['q', 'n', 'u']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// How much of a part is in the product, from −0.4 to 1.
fn matches(part: &Part, terms: &Terms<'_>) -> f32 {
    let best = part
        .forms
        .iter()
        .map(|form| {
            let places = form.terms.iter().map(|term| place(term, terms));
            places.fold(1.0, f32::min) * form.weight
        })
        .fold(0.0, f32::max);
    match &part.size {
        Some(size) => of_size(part, size, terms, best),
        None => best,
    }
}

/// What a term counts where it stands.
fn place(term: &str, terms: &Terms<'_>) -> f32 {
    if terms.name.contains(&term) || terms.codes.contains(&term) {
        1.0
    } else if terms.category.contains(&term) {
        IN_CATEGORY
    } else if terms.description.contains(&term) {
        IN_DESCRIPTION
    } else {
        0.0
    }
}

/// A size that is there counts; another one of the same kind in the name counts against the product.
fn of_size(part: &Part, size: &Size, terms: &Terms<'_>, best: f32) -> f32 {
    if terms.name.contains(&size.term.as_str()) {
        return 1.0;
    }
    let is_other = |term: &&str| {
        term.strip_prefix('q')
            .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()) == size.unit)
    };
    // A number alone does not make up for another size in the unit that was asked for.
    let is_size = |term: &String| term.starts_with('q') && terms.name.contains(&term.as_str());
    let is_converted = part.forms.iter().any(|form| form.terms.iter().all(is_size));
    if !is_converted && terms.name.iter().any(is_other) { OTHER_SIZE } else { best }
}
