//! Which of the products that were found a customer means. Pure.

use crate::{
    catalog::{search::is_noise, terms},
    domain::{
        cart::MAX_CHOICES,
        language::Language,
        product::{Product, ProductHit, ProductSearch},
    },
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

/// What is of the very kind that was asked for, in other sizes than the one that was said: all other words are in its name.
/// Nothing when no size was said.
pub(crate) fn other_sizes(found: &ProductSearch, asked: &str, language: Language) -> Vec<Product> {
    let stems = |words: Vec<(String, String)>| {
        words.into_iter().filter(|(word, _)| !is_noise(word)).map(|(_, stem)| stem).collect::<Vec<_>>()
    };
    let asked = terms::analyse(asked, language);
    let has_size = asked.measures.iter().any(|measure| measure.is_size);
    let kind = stems(asked.words);
    if kind.is_empty() || !has_size {
        return Vec::new();
    }
    let is_of_kind = |product: &Product| {
        let name = stems(terms::analyse(&product.name, language).words);
        kind.iter().all(|stem| name.contains(stem))
    };
    let of_kind = found.offered.iter().map(|hit| &hit.product).filter(|product| is_of_kind(product));
    of_kind.take(MAX_ALTERNATIVES).cloned().collect()
}

/// What is nearest to something that was asked for and not found as it was said.
pub(crate) fn nearest(found: &ProductSearch) -> Vec<Product> {
    let near = found.offered.iter().filter(|hit| hit.score >= ALTERNATIVE_SCORE);
    near.take(MAX_ALTERNATIVES).map(|hit| hit.product.clone()).collect()
}
