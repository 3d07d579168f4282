//! What a model asks of the shop: rows to tell of, and an order that is proposed in the words of the dialogue without one.

use serde_json::{Value, json};

use super::Basket;
use crate::{
    domain::{
        order::OrderRecord,
        product::{Product, ProductSearch, sku_key},
    },
    engine::{
        agent,
        sale::{
            answer::Answer,
            proposal::{self, Counter, Line, Request},
            reading::{self, Act},
        },
        turn::{Call, Step, Turn},
    },
};

/// What a model asked of the shop in a turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Requested {
    /// The rows that were read for it.
    seen: Vec<Product>,
    /// What the catalogue is being read for.
    pending: Option<Request>,
    /// What is to be proposed when the round of tools is over.
    basket: Option<Basket>,
    /// The key of the model whose proposal is being said.
    pub(super) key: Option<String>,
}

impl Turn {
    /// Whether the conversation is about buying something.
    pub(in crate::engine::turn) fn is_shopping(&self) -> bool {
        let standing = &self.input.standing;
        let for_sales = || self.agents().iter().any(|agent| agent.name == agent::SALES);
        let names_it = || !matches!(reading::read(&self.question.text).act, Act::Bare);
        // What is said of an appointment is said alone.
        standing.sells
            && self.booking.plan.is_none()
            && (self.open_order().is_some() || !standing.cart.shown.is_empty() || names_it() || for_sales())
    }

    /// Plans over what a model proposes, where something is sold.
    pub(in crate::engine::turn) fn with_counter<T>(&self, plan: impl FnOnce(Option<&Counter<'_>>) -> T) -> T {
        let standing = &self.input.standing;
        if !standing.sells {
            return plan(None);
        }
        let orders: Vec<&OrderRecord> = standing.order.iter().chain(&standing.orders).collect();
        plan(Some(&Counter {
            seen: &self.sale.requested.seen,
            shown: &standing.cart.shown,
            open: self.open_order(),
            orders: &orders,
        }))
    }

    /// Reads the catalogue for a model.
    pub(in crate::engine::turn) fn request(&mut self, request: Request) -> Call {
        let (queries, skus) = match &request {
            Request::Search(query) => (vec![query.clone()], Vec::new()),
            Request::Price(sku) => (Vec::new(), vec![sku.clone()]),
            Request::Order(lines) => {
                let open = self.open_order().into_iter().flat_map(|order| super::skus(&order.items));
                (Vec::new(), lines.iter().map(|line| line.sku.clone()).chain(open).collect())
            }
        };
        self.sale.requested.pending = Some(request);
        Call::FindProducts { queries, skus }
    }

    /// The catalogue was read for a model: what it is told.
    pub(in crate::engine::turn) fn requested(&mut self, found: &[ProductSearch], known: &[Product]) -> Value {
        match self.sale.requested.pending.take() {
            Some(Request::Search(_)) => {
                let Some(found) = found.first() else { return json!({"products": []}) };
                self.see(proposal::shown(found));
                proposal::found_result(found)
            }
            Some(Request::Price(sku)) => match known.first().filter(|product| product.active) {
                Some(product) => {
                    self.see([product]);
                    proposal::row(product)
                }
                None => json!({"error": format!("there is no product {sku:?}; call search_products")}),
            },
            Some(Request::Order(lines)) => {
                self.put_in(&lines, known);
                json!({"asked_the_customer": true, "sold": false})
            }
            None => json!({"error": "the tool failed"}),
        }
    }

    /// Proposes what a model asked for, in the product's words; `None` when it asked for nothing.
    pub(in crate::engine::turn) fn propose_requested(&mut self, key: String) -> Option<Step> {
        let basket = self.sale.requested.basket.take()?;
        self.sale.requested.key = Some(key);
        Some(self.propose(basket, None))
    }

    fn put_in(&mut self, lines: &[Line], known: &[Product]) {
        let begun = self.sale.requested.basket.take();
        let mut basket = begun.unwrap_or_else(|| match self.open_order() {
            // "No, the other one": what was proposed is not wanted.
            Some(order)
                if self.answer_to(order) == (Answer::Other { refuses: true }) && !changes(order, lines) =>
            {
                Basket::default()
            }
            _ => self.basket(known),
        });
        for Line { sku, name, quantity } in lines {
            if *quantity == 0 {
                basket.take_out(sku, None);
            } else {
                basket.put(known, sku, name, *quantity);
            }
        }
        self.sale.requested.basket = Some(basket);
    }

    fn see<'a>(&mut self, products: impl IntoIterator<Item = &'a Product>) {
        let seen = &mut self.sale.requested.seen;
        for product in products {
            seen.retain(|known| sku_key(&known.sku) != sku_key(&product.sku));
            seen.push(product.clone());
        }
    }
}

/// Whether lines are of products that the order has.
fn changes(order: &OrderRecord, lines: &[Line]) -> bool {
    let has = |sku: &str| order.items.iter().any(|item| sku_key(&item.sku) == sku_key(sku));
    lines.iter().any(|line| has(&line.sku))
}
