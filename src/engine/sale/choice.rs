//! Which of the products that were found, or shown before, a customer means. Pure.

use crate::{
    catalog::terms,
    domain::{
        cart::MAX_CHOICES,
        language::Language,
        product::{Product, ProductHit, ProductSearch},
    },
    text::words,
};

/// How sure a search must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sureness {
    /// The customer said that they buy.
    Buying,
    /// The customer asked, or named something bare: every word must be a product's.
    Asking,
}

/// What a customer means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Choice {
    /// This product.
    One(Product),
    /// One of these, best first.
    Which(Vec<Product>),
    /// This one, which cannot be sold now; what is nearest to it.
    SoldOut(Product, Vec<Product>),
    /// Nothing that is sold, as far as can be told.
    Nothing,
}

/// How much worse a product may fit and still be meant as well.
const RIVAL_SCORE: f32 = 0.14;

/// The same for how much of the question is in it.
const RIVAL_COVERAGE: f32 = 0.08;

/// How much of what somebody who buys says must be in a product.
const BUYING_COVERAGE: f32 = 0.66;

/// The same of what somebody who asks says.
const ASKING_COVERAGE: f32 = 0.7;

/// How near the alternatives of what is sold out must be.
const ALTERNATIVE_SCORE: f32 = 0.4;

/// The most alternatives.
const MAX_ALTERNATIVES: usize = 3;

/// Decides what is meant by a search.
pub(crate) fn choose(found: &ProductSearch, sureness: Sureness) -> Choice {
    let is_sure = |hit: &ProductHit| match sureness {
        Sureness::Buying => hit.complete || hit.coverage >= BUYING_COVERAGE,
        Sureness::Asking => hit.complete && hit.coverage >= ASKING_COVERAGE,
    };
    if let Some(gone) = found.sold_out.first().filter(|hit| is_sure(hit)) {
        let near = found.offered.iter().filter(|hit| hit.score >= ALTERNATIVE_SCORE);
        let near = near.take(MAX_ALTERNATIVES).map(|hit| hit.product.clone()).collect();
        return Choice::SoldOut(gone.product.clone(), near);
    }
    let Some(best) = found.offered.first().filter(|hit| is_sure(hit)) else { return Choice::Nothing };
    let rivals: Vec<&ProductHit> = found
        .offered
        .iter()
        .filter(|hit| {
            hit.complete == best.complete
                && hit.score >= best.score - RIVAL_SCORE
                && hit.coverage >= best.coverage - RIVAL_COVERAGE
        })
        .collect();
    let exact: Vec<&&ProductHit> = rivals.iter().filter(|hit| hit.exact).collect();
    match (rivals.as_slice(), exact.as_slice()) {
        ([one], _) => Choice::One(one.product.clone()),
        (_, [exact]) => Choice::One(exact.product.clone()),
        (several, _) => {
            Choice::Which(several.iter().take(MAX_CHOICES).map(|hit| hit.product.clone()).collect())
        }
    }
}

/// What is nearest to something that was asked for and not found as it was said.
pub(crate) fn nearest(found: &ProductSearch) -> Vec<Product> {
    let near = found.offered.iter().filter(|hit| hit.score >= ALTERNATIVE_SCORE);
    near.take(MAX_ALTERNATIVES).map(|hit| hit.product.clone()).collect()
}

/// Which of the products that were shown is meant: by its place, by its number or by words that only it has.
pub(crate) fn among<'a>(text: &str, shown: &'a [Product], language: Language) -> Option<&'a Product> {
    let said = words(text);
    let joined = format!(" {} ", said.join(" "));
    let named = |list: &[&str]| list.iter().any(|word| joined.contains(&format!(" {word} ")));
    if named(&["ultimo", "ultima", "last"]) {
        return shown.last();
    }
    for (place, words) in ORDINALS.iter().enumerate() {
        if named(words) {
            return shown.get(place);
        }
    }
    if let [only] = shown
        && named(&["ese", "esa", "este", "esta", "eso", "that one", "this one", "esse", "essa"])
    {
        return Some(only);
    }
    let numbers: Vec<usize> = said.iter().filter_map(|word| word.parse().ok()).collect();
    let bare = said.iter().all(|word| {
        word.parse::<usize>().is_ok()
            || matches!(
                word.as_str(),
                "el" | "la"
                    | "opcion"
                    | "numero"
                    | "option"
                    | "number"
                    | "the"
                    | "o"
                    | "a"
                    | "opcao"
                    | "quiero"
                    | "dame"
                    | "por"
                    | "favor"
                    | "porfa"
                    | "please"
                    | "num"
                    | "no"
                    | "si"
                    | "sim"
                    | "yes"
            )
    });
    if let ([place], true) = (numbers.as_slice(), bare) {
        return place.checked_sub(1).and_then(|place| shown.get(place));
    }
    let mut scored: Vec<(f32, &Product)> =
        shown.iter().map(|product| (terms::share(text, &product.name, language), product)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    match scored.as_slice() {
        [(best, product)] if *best >= 0.5 => Some(product),
        [(best, product), (next, _), ..] if *best >= 0.5 && best > next => Some(product),
        _ => None,
    }
}

/// "The first", "the second" …
const ORDINALS: [&[&str]; 5] = [
    &["primero", "primera", "primer", "first", "primeiro", "primeira"],
    &["segundo", "segunda", "second"],
    &["tercero", "tercera", "tercer", "third", "terceiro", "terceira"],
    &["cuarto", "cuarta", "fourth", "quarto"],
    &["quinto", "quinta", "fifth"],
];
