//! Selling in a turn: what a message wants of the shop is looked up, and an order proposed, changed, sold or given up.
//!
//! The plan stands on the rows that were read; the store checks it against them once more in the turn's transaction, and
//! when they changed the turn begins again. Nothing is sold without the customer's own yes to a proposal.

mod basket;
mod buying;
mod changing;
mod picking;
mod proposing;
mod requesting;
mod speaking;
mod supposing;

use serde_json::json;

use self::{basket::Basket, requesting::Requested};
use super::{Call, State, Step, Turn, closing::audit};
use crate::{
    domain::{
        cart::{MAX_CHOICES, Wanted},
        effect::Effect,
        order::{Order, OrderItem, OrderRecord, OrderStatus},
        product::{Product, ProductSearch, sku_key},
    },
    engine::{
        sale::{
            answer::{self, Answer},
            choice,
            reading::{self, Act, Reading, parts},
        },
        smalltalk,
    },
    prompts::Text,
    text::words,
};

/// A message with more words is a story, and what it names in passing is not asked for.
const MAX_WORDS: usize = 60;

/// The most words of a message that names a product and nothing else.
const MAX_BARE_WORDS: usize = 10;

/// What is to happen with orders, and what is said of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sale {
    pub(super) effects: Vec<Effect>,
    /// The order as it is after the turn.
    pub(super) order: Option<Order>,
    /// Answers to choose from.
    pub(super) choices: Vec<String>,
    /// Whether the reply is of an order: then nothing else is asked in it.
    pub(super) spoke: bool,
    /// What somebody wants to buy and the catalogue does not have.
    missed: Option<String>,
    /// What is nearest to what was asked for and not found.
    near: Vec<Product>,
    /// The customer's words for what is shown.
    topic: Option<String>,
    /// What a model asked for.
    requested: Requested,
}

/// A message whose products are being looked up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shopping {
    purpose: Purpose,
    reading: Reading,
    /// Whether the message begins by refusing what was proposed.
    refuses: bool,
}

/// What products are looked up for.
#[derive(Debug, Clone, PartialEq)]
enum Purpose {
    /// The customer said yes.
    Confirm,
    /// The customer wants so many.
    Quantity(u32),
    /// The customer said yes after the time was over; this was proposed.
    Renew(Vec<OrderItem>),
    /// The customer chose this product, so many of it if they said so; the others still wait.
    Chosen(Vec<Wanted>),
    /// The message is to be understood.
    Message,
}

impl Turn {
    /// Takes a message that wants something of the shop; `None` for every other.
    pub(super) fn sell(&mut self) -> Option<Step> {
        let standing = &self.input.standing;
        let open = self.open_order().cloned();
        if !standing.sells && open.is_none() {
            return None;
        }
        let text = self.question.text.clone();
        let cart = standing.cart.clone();
        let mut refuses = false;
        if let Some(step) = self.answer_supposed() {
            return Some(step);
        }
        if let Some(order) = &open {
            let said = self.answer_to(order);
            self.keep_language(said);
            match said {
                // A yes is one to what was asked last.
                Answer::Yes if !self.was_asked_about(order) => return Some(self.ask_again(order)),
                Answer::Yes => return Some(self.look_up(Purpose::Confirm, Vec::new(), skus(&order.items))),
                Answer::No => return Some(self.give_up(order)),
                Answer::Quantity(count) if order.items.len() == 1 => {
                    return Some(self.look_up(Purpose::Quantity(count), Vec::new(), skus(&order.items)));
                }
                Answer::Quantity(_) | Answer::Unclear => return Some(self.ask_again(order)),
                Answer::Later => return Some(self.wait_for(order)),
                Answer::Other { refuses: said } => refuses = said,
            }
        } else if let Some(step) = self.answer_without_order(&cart) {
            return Some(step);
        }
        if words(&text).len() > MAX_WORDS {
            return None;
        }
        let reading = reading::read(&text);
        match reading.act {
            Act::Orders => return Some(self.tell_orders(reading.order.as_deref())),
            Act::Cancel => return Some(self.cancel(open.as_ref())),
            Act::Total if open.is_some() => return open.as_ref().map(|order| self.tell_total(order)),
            Act::Total if reading::names_a_cart(&text) && cart.shown.is_empty() => {
                return Some(self.tell_orders(None));
            }
            Act::Remove | Act::Swap if open.is_none() => {
                if let Some(step) = self.change_sold(&reading) {
                    return Some(step);
                }
            }
            Act::Total => return None,
            Act::Bare | Act::Ask | Act::Buy | Act::Suppose | Act::Remove | Act::Swap => {}
        }
        if let (Some(order), [wanted], Act::Buy | Act::Bare) = (&open, reading.wanted.as_slice(), reading.act)
            && let ([item], Some(count)) = (order.items.as_slice(), wanted.quantity)
            && parts::is_empty(&wanted.text)
            && cart.shown.is_empty()
            && (wanted.more || reading::adds(&text))
        {
            let count = item.quantity.saturating_add(count);
            return Some(self.look_up(Purpose::Quantity(count), Vec::new(), skus(&order.items)));
        }
        let is_picking = !cart.shown.is_empty();
        let is_small_talk = smalltalk::recognise(&text, &self.input.business.name).is_some();
        let names = reading.wanted.iter().any(|wanted| !parts::is_empty(&wanted.text));
        let supposes = reading.act == Act::Suppose && open.is_some();
        if !names && !is_picking && !supposes {
            let only_says_so = reading.act == Act::Buy && !words(&text).is_empty() && parts::is_empty(&text);
            return only_says_so.then(|| self.say_sale(self.builtin_text(Text::SaleWhat)));
        }
        let is_long = words(&text).len() > MAX_BARE_WORDS;
        if reading.act == Act::Bare && !is_picking && (is_small_talk || is_long) {
            return None;
        }
        if is_small_talk && !is_picking {
            return None;
        }
        let mut queries: Vec<String> = reading.wanted.iter().map(|wanted| wanted.text.clone()).collect();
        if let (Some(topic), [only], false) =
            (&cart.topic, reading.wanted.as_slice(), is_small_talk || is_long)
        {
            queries.push(format!("{topic} {}", only.text));
        }
        // "Cámbialo por 2 de bola" is of the same kind.
        if let (Act::Swap, [only], Some(order)) = (reading.act, reading.wanted.as_slice(), &open)
            && let Some(kind) = order.items.first().and_then(|item| item.name.split(' ').next())
        {
            queries.truncate(1);
            queries.push(format!("{kind} {}", only.text));
        }
        let mut known = cart.shown;
        known.extend(open.iter().flat_map(|order| skus(&order.items)));
        Some(self.look_up_for(Shopping { purpose: Purpose::Message, reading, refuses }, queries, known))
    }

    /// A word or two tell no language: an answer is in that of the question.
    fn keep_language(&mut self, said: Answer) {
        if let (false, Some(language)) = (matches!(said, Answer::Other { .. }), self.input.previous_language)
        {
            self.question.language = language;
        }
    }

    /// The products of a message were looked up.
    pub(super) fn shopped(&mut self, shopping: Shopping, found: &[ProductSearch], known: &[Product]) -> Step {
        match shopping.purpose {
            Purpose::Confirm => self.confirm(known),
            Purpose::Quantity(count) => {
                let Some(item) = self.open_order().and_then(|order| order.items.first()).cloned() else {
                    return self.after_sale();
                };
                let mut basket = Basket::default();
                basket.put(known, &item.sku, &item.name, count);
                self.propose(basket, None)
            }
            Purpose::Renew(items) => {
                let mut basket = Basket::default();
                for item in &items {
                    basket.put(known, &item.sku, &item.name, item.quantity);
                }
                self.propose(basket, Some(Text::SaleExpired))
            }
            Purpose::Chosen(ref wanted) => {
                let wanted = wanted.clone();
                self.buy(&wanted, found, known, false).unwrap_or_else(|| self.after_sale())
            }
            Purpose::Message => {
                let step = self.understand(&shopping, found, known);
                if step.is_none() && matches!(shopping.reading.act, Act::Buy | Act::Ask) {
                    self.sale.near = found.first().map(choice::nearest).unwrap_or_default();
                }
                step.or_else(|| self.offer_other_sizes(&shopping.reading, found))
                    .unwrap_or_else(|| self.after_sale())
            }
        }
    }

    fn understand(
        &mut self,
        shopping: &Shopping,
        found: &[ProductSearch],
        known: &[Product],
    ) -> Option<Step> {
        let Shopping { reading, refuses, .. } = shopping;
        let cart = self.input.standing.cart.clone();
        let shown: Vec<Product> = cart
            .shown
            .iter()
            .filter_map(|sku| known.iter().find(|product| sku_key(&product.sku) == sku_key(sku)))
            .cloned()
            .collect();
        let refined = found.get(reading.wanted.len());
        if let Some(step) = self.pick(reading, &cart, &shown, found.first(), refined) {
            return Some(step);
        }
        match reading.act {
            Act::Suppose => self.suppose(reading, found, known, &shown),
            Act::Remove => self.take_out(reading, known),
            Act::Swap => self.swap(reading, found, known),
            Act::Buy => self.buy(&reading.wanted, found, known, *refuses),
            // "3 martillos de uña" wants them.
            Act::Bare if reading.wanted.iter().any(|wanted| wanted.quantity.is_some()) => {
                self.buy(&reading.wanted, found, known, *refuses)
            }
            // "No, the other one": as many of it.
            Act::Bare if *refuses && reading.wanted.len() == 1 => {
                let items = self.open_order().map(|order| order.items.clone()).unwrap_or_default();
                let quantity = if let [item] = items.as_slice() { Some(item.quantity) } else { None };
                let wanted: Vec<Wanted> =
                    reading.wanted.iter().map(|wanted| Wanted { quantity, ..wanted.clone() }).collect();
                self.buy(&wanted, found, known, true)
            }
            Act::Ask | Act::Bare if reading.wanted.len() > 1 => self.tell_several(&reading.wanted, found),
            Act::Ask | Act::Bare => {
                let (wanted, found) = (reading.wanted.first()?, found.first()?);
                self.tell_products(wanted, found)
            }
            Act::Orders | Act::Total | Act::Cancel => None,
        }
    }

    fn look_up(&mut self, purpose: Purpose, queries: Vec<String>, skus: Vec<String>) -> Step {
        let reading = Reading { act: Act::Bare, wanted: Vec::new(), order: None };
        self.look_up_for(Shopping { purpose, reading, refuses: false }, queries, skus)
    }

    fn look_up_for(&mut self, shopping: Shopping, queries: Vec<String>, skus: Vec<String>) -> Step {
        self.state = State::Shopping(Box::new(shopping));
        Step::Run(Call::FindProducts { queries, skus })
    }

    /// The order that waits for the customer's word, if its time is not over.
    pub(super) fn open_order(&self) -> Option<&OrderRecord> {
        self.input.standing.order.as_ref().filter(|order| order.status == OrderStatus::Proposed)
    }

    /// Whether the last reply spoke of the order as it is. Words for the ear say sums otherwise, and are not compared.
    fn was_asked_about(&self, order: &OrderRecord) -> bool {
        let asked_again = self.order_text(Text::SaleAskAgain, order);
        self.is_spoken()
            || self
                .last_reply()
                .is_none_or(|reply| reply.contains(&order.total.to_text()) || reply.contains(&asked_again))
    }

    /// What the customer says to a proposal.
    fn answer_to(&self, order: &OrderRecord) -> Answer {
        let pieces = match order.items.as_slice() {
            [item] => Some(item.quantity),
            items => Some(items.iter().map(|item| item.quantity).fold(0, u32::saturating_add)),
        };
        let language = self.input.business.language;
        let names: Vec<String> =
            order.items.iter().flat_map(|item| basket::stems(&item.name, language)).collect();
        let named = |word: &str| {
            let stems = basket::stems(word, language);
            !stems.is_empty() && stems.iter().all(|stem| names.contains(stem))
        };
        answer::answer(&self.question.text, pieces, named)
    }

    /// Offers what is nearest to what was asked for, when nothing else answers.
    pub(super) fn offer_nearest(&mut self) -> Option<Step> {
        let near = std::mem::take(&mut self.sale.near);
        let is_for_sales = self.agents().iter().any(|agent| agent.name == crate::engine::agent::SALES);
        (is_for_sales && !near.is_empty()).then(|| self.tell_sold_out(&Basket::default(), &near, None))
    }

    /// What nobody found in the catalogue nor anywhere else.
    pub(super) fn not_in_catalogue(&self) -> Option<String> {
        let asked = self.sale.missed.clone()?;
        Some(self.sale_text(Text::SaleNotFound, |sale| sale.asked = asked))
    }
}

/// The numbers of the products of an order.
fn skus(items: &[OrderItem]) -> Vec<String> {
    items.iter().map(|item| item.sku.clone()).collect()
}

/// A line of the audit log about an order.
fn entry(action: &str, order: &str) -> crate::domain::effect::AuditEntry {
    match audit(action, order, json!({})) {
        Effect::Audit(entry) => entry,
        _ => crate::domain::effect::AuditEntry {
            actor: String::new(),
            action: action.to_owned(),
            subject: order.to_owned(),
            detail: json!({}),
        },
    }
}

/// The products that a choice is offered among.
fn choices(products: &[Product]) -> impl Iterator<Item = &Product> {
    products.iter().take(MAX_CHOICES)
}
