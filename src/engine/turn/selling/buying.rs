//! Putting what a message names into the order.

use super::basket::{self, Basket};
use crate::{
    domain::{
        cart::Wanted,
        product::{Product, ProductSearch},
    },
    engine::{
        sale::{
            choice::{self, Choice, Sureness},
            reading::parts,
        },
        turn::{Step, Turn},
    },
};

impl Turn {
    /// Puts what is wanted into the order; `None` when none of it is in the catalogue.
    pub(super) fn buy(
        &mut self,
        wanted: &[Wanted],
        found: &[ProductSearch],
        known: &[Product],
        refuses: bool,
    ) -> Option<Step> {
        let mut basket = if refuses { Basket::default() } else { self.basket(known) };
        let mut undecided: Vec<(usize, Vec<Product>)> = Vec::new();
        let mut uncounted: Vec<(usize, Product)> = Vec::new();
        let mut alternatives = Vec::new();
        let mut resolved: Vec<Option<String>> = vec![None; wanted.len()];
        let (mut hits, mut missed) = (0, Vec::new());
        for (place, (want, found)) in wanted.iter().zip(found).enumerate() {
            if parts::is_empty(&want.text) {
                continue;
            }
            let choice = basket::narrowed(choice::choose(found, Sureness::Buying), want);
            match choice {
                Choice::One(product) => {
                    hits += 1;
                    if let Some(sku) = resolved.get_mut(place) {
                        *sku = Some(product.sku.clone());
                    }
                    match basket::pieces(want, &product) {
                        Some(count) => basket.want(&product, count, want.more),
                        None => uncounted.push((place, product)),
                    }
                }
                Choice::Which(products) => {
                    hits += 1;
                    undecided.push((place, products));
                }
                Choice::SoldOut(product, near) => {
                    hits += 1;
                    basket.note_sold_out(&product.name);
                    alternatives = near;
                }
                Choice::Nothing => missed.push(want),
            }
        }
        if hits == 0 {
            self.sale.missed = missed.first().map(|want| want.text.clone());
            return None;
        }
        // What is said in passing ("¿me los mandan a Cholula?") is no product that is missing.
        let is_wish = |want: &&&Wanted| want.quantity.is_some() || want.text.split(' ').count() < 3;
        basket.missed = missed.iter().filter(is_wish).map(|want| want.text.clone()).collect();
        // What is asked about comes first; the rest waits by its number.
        let waiting = |but: usize| -> Vec<Wanted> {
            wanted
                .iter()
                .enumerate()
                .filter(|(place, want)| *place != but && !parts::is_empty(&want.text))
                .map(|(place, want)| {
                    let text = resolved.get(place).cloned().flatten().unwrap_or_else(|| want.text.clone());
                    Wanted { text, ..want.clone() }
                })
                .collect()
        };
        if let Some((place, products)) = undecided.into_iter().next() {
            let quantity = wanted.get(place).and_then(|want| want.quantity);
            self.sale.topic = wanted.get(place).map(|want| want.text.clone());
            return Some(self.ask_which(&products, quantity, waiting(place), &basket));
        }
        if let Some((place, product)) = uncounted.into_iter().next() {
            return Some(self.ask_how_many(&product, waiting(place)));
        }
        if basket.is_unchanged() {
            let quantity = wanted.first().and_then(|want| want.quantity);
            return Some(self.tell_sold_out(&basket, &alternatives, quantity));
        }
        Some(self.propose(basket, None))
    }
}
