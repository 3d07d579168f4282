//! Selling in a turn: what a message wants of the shop is looked up, and an order proposed, changed, sold or given up.
//!
//! The plan stands on the rows that were read; the store checks it against them once more in the turn's transaction, and
//! when they changed the turn begins again. Nothing is sold without the customer's own yes to a proposal.

mod basket;
mod proposing;
mod requesting;
mod speaking;

use serde_json::json;

use self::{basket::Basket, requesting::Requested};
use super::{Call, State, Step, Turn, closing::audit, reply::Spoken};
use crate::{
    domain::{
        cart::{Asked, Cart, MAX_CHOICES, Wanted},
        effect::Effect,
        handoff::HandoffReason,
        order::{Order, OrderItem, OrderRecord, OrderStatus},
        product::{Product, ProductSearch, sku_key},
    },
    engine::{
        sale::{
            answer::{self, Answer},
            choice::{self, Choice, Sureness},
            reading::{self, Act, Reading},
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
        if let Some(order) = &open {
            let said = self.answer_to(order);
            self.keep_language(said);
            match said {
                Answer::Yes => return Some(self.look_up(Purpose::Confirm, Vec::new(), skus(&order.items))),
                Answer::No => return Some(self.give_up(order)),
                Answer::Quantity(count) if order.items.len() == 1 => {
                    return Some(self.look_up(Purpose::Quantity(count), Vec::new(), skus(&order.items)));
                }
                Answer::Quantity(_) | Answer::Unclear => return Some(self.ask_again(order)),
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
            Act::Total => return open.as_ref().map(|order| self.tell_total(order)),
            Act::Bare | Act::Ask | Act::Buy | Act::Remove | Act::Swap => {}
        }
        let is_picking = !cart.shown.is_empty();
        let is_small_talk = smalltalk::recognise(&text, &self.input.business.name).is_some();
        let names = reading.wanted.iter().any(|wanted| !reading::is_empty(&wanted.text));
        if !names && !is_picking {
            let only_says_so =
                reading.act == Act::Buy && !words(&text).is_empty() && reading::is_empty(&text);
            return only_says_so.then(|| self.say_sale(self.builtin_text(Text::SaleWhat)));
        }
        let is_long = words(&text).len() > MAX_BARE_WORDS;
        if reading.act == Act::Bare && !is_picking && (is_small_talk || is_long) {
            return None;
        }
        if is_small_talk && !is_picking {
            return None;
        }
        let queries = reading.wanted.iter().map(|wanted| wanted.text.clone()).collect();
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
                step.unwrap_or_else(|| self.after_sale())
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
        if let Some(step) = self.pick(reading, &cart, &shown) {
            return Some(step);
        }
        match reading.act {
            Act::Remove => self.take_out(reading, known),
            Act::Swap => self.swap(reading, found, known),
            Act::Buy => self.buy(&reading.wanted, found, known, *refuses),
            // "3 martillos de uña" wants them.
            Act::Bare if reading.wanted.iter().any(|wanted| wanted.quantity.is_some()) => {
                self.buy(&reading.wanted, found, known, *refuses)
            }
            Act::Ask | Act::Bare => {
                let (wanted, found) = (reading.wanted.first()?, found.first()?);
                self.tell_products(wanted, found)
            }
            Act::Orders | Act::Total | Act::Cancel => None,
        }
    }

    /// An answer where nothing is proposed any more: the time is over, or it is sold already.
    fn answer_without_order(&mut self, cart: &Cart) -> Option<Step> {
        let said = answer::answer(&self.question.text, None, |_| false);
        if !cart.shown.is_empty() || cart.asked.is_some() {
            self.keep_language(said);
        }
        let last = self.input.standing.orders.first().cloned();
        let is_sold =
            |order: &OrderRecord| matches!(order.status, OrderStatus::Confirmed | OrderStatus::Fulfilled);
        if said == Answer::Yes
            && let Some(order) = last.as_ref().filter(|order| is_sold(order))
            && self.last_reply().is_some_and(|reply| reply.contains(&order.id))
        {
            let text = self.order_text(Text::SaleAlready, order);
            self.sale.order = Some(order.public());
            return Some(self.say_sale(text));
        }
        if cart.asked != Some(Asked::Confirm) {
            return None;
        }
        let over = self.input.standing.order.clone().or(last);
        let over = over.filter(|order| order.status == OrderStatus::Expired)?;
        match said {
            Answer::Yes => {
                let skus = skus(&over.items);
                Some(self.look_up(Purpose::Renew(over.items), Vec::new(), skus))
            }
            Answer::Quantity(count) if over.items.len() == 1 => {
                let items: Vec<OrderItem> = over
                    .items
                    .iter()
                    .filter_map(|item| OrderItem::new(&item.sku, &item.name, count, item.unit_price))
                    .collect();
                let skus = skus(&items);
                Some(self.look_up(Purpose::Renew(items), Vec::new(), skus))
            }
            Answer::No => {
                self.sale.effects.push(Effect::SaveCart(Cart::default()));
                Some(self.say_sale(self.builtin_text(Text::SaleCancelled)))
            }
            Answer::Quantity(_) | Answer::Unclear | Answer::Other { .. } => None,
        }
    }

    /// A choice among what was shown, or how many of it.
    fn pick(&mut self, reading: &Reading, cart: &Cart, shown: &[Product]) -> Option<Step> {
        if shown.is_empty() || reading.wanted.len() > 1 || matches!(reading.act, Act::Remove | Act::Swap) {
            return None;
        }
        let text = self.question.text.clone();
        let said = answer::answer(&text, None, |_| false);
        let wanted = reading.wanted.first();
        let quantity = wanted.and_then(|wanted| wanted.quantity);
        let names = wanted.is_some_and(|wanted| !reading::is_empty(&wanted.text));
        let chosen = match (cart.asked, shown) {
            (_, [only]) if !names => match (said, quantity) {
                (Answer::No, _) => {
                    self.sale.effects.push(Effect::SaveCart(Cart::default()));
                    return Some(self.say_sale(self.builtin_text(Text::SaleCancelled)));
                }
                (Answer::Quantity(count), _) => Some((only, Some(count))),
                (_, Some(count)) => Some((only, Some(count))),
                (Answer::Yes, None) => return Some(self.ask_how_many(only, cart.waiting.clone())),
                _ => None,
            },
            (Some(Asked::Which | Asked::Nothing), several) => {
                if said == Answer::No {
                    self.sale.effects.push(Effect::SaveCart(Cart::default()));
                    return Some(self.say_sale(self.builtin_text(Text::SaleCancelled)));
                }
                if matches!(said, Answer::Yes | Answer::Unclear) {
                    return Some(self.ask_which(
                        several,
                        cart.quantity,
                        cart.waiting.clone(),
                        &Basket::default(),
                    ));
                }
                let bare_count = match said {
                    Answer::Quantity(count) if usize::try_from(count).is_ok_and(|n| n > several.len()) => {
                        Some(count)
                    }
                    _ => None,
                };
                if let Some(count) = bare_count.filter(|_| !names) {
                    // How many is known now, and not yet of which.
                    return Some(self.ask_which(
                        several,
                        Some(count),
                        cart.waiting.clone(),
                        &Basket::default(),
                    ));
                }
                let product = choice::among(&text, several, self.input.business.language)?;
                // A bare number names the place, not the quantity.
                let count = quantity.filter(|_| names || several.len() == 1).or(cart.quantity);
                Some((product, count))
            }
            _ => None,
        };
        let (product, count) = chosen?;
        let mut all = vec![Wanted {
            text: product.sku.clone(),
            quantity: count.or(cart.quantity),
            ..Wanted::default()
        }];
        all.extend(cart.waiting.iter().cloned());
        let queries = all.iter().map(|wanted| wanted.text.clone()).collect();
        let known = self.open_order().map(|order| skus(&order.items)).unwrap_or_default();
        let shopping = Shopping { purpose: Purpose::Chosen(all), reading: reading.clone(), refuses: false };
        Some(self.look_up_for(shopping, queries, known))
    }

    /// Puts what is wanted into the order; `None` when none of it is in the catalogue.
    fn buy(
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
            if reading::is_empty(&want.text) {
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
                Choice::Nothing => missed.push(want.text.clone()),
            }
        }
        if hits == 0 {
            self.sale.missed = missed.into_iter().next();
            return None;
        }
        basket.missed = missed;
        // What is asked about comes first; the rest waits by its number.
        let waiting = |but: usize| -> Vec<Wanted> {
            wanted
                .iter()
                .enumerate()
                .filter(|(place, want)| *place != but && !reading::is_empty(&want.text))
                .map(|(place, want)| {
                    let text = resolved.get(place).cloned().flatten().unwrap_or_else(|| want.text.clone());
                    Wanted { text, ..want.clone() }
                })
                .collect()
        };
        if let Some((place, products)) = undecided.into_iter().next() {
            let quantity = wanted.get(place).and_then(|want| want.quantity);
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

    /// Takes things out of the order.
    fn take_out(&mut self, reading: &Reading, known: &[Product]) -> Option<Step> {
        let order = self.open_order().cloned()?;
        let mut basket = self.basket(known);
        for wanted in reading.wanted.iter().filter(|wanted| !reading::is_empty(&wanted.text)) {
            let Some(sku) = basket::named_in(&order.items, &wanted.text, self.input.business.language) else {
                let text = self.sale_text(Text::SaleNotInOrder, |sale| sale.asked.clone_from(&wanted.text));
                return Some(self.say_sale(format!("{text} {}", self.proposal_text(&order))));
            };
            basket.take_out(&sku, wanted.quantity);
        }
        if basket.is_empty() {
            return Some(self.give_up(&order));
        }
        Some(self.propose(basket, None))
    }

    /// Puts one product in the place of another.
    fn swap(&mut self, reading: &Reading, found: &[ProductSearch], known: &[Product]) -> Option<Step> {
        let order = self.open_order().cloned()?;
        let [old, new] = reading.wanted.as_slice() else { return None };
        let language = self.input.business.language;
        let sku = match basket::named_in(&order.items, &old.text, language) {
            Some(sku) => sku,
            None if order.items.len() == 1 => order.items.first()?.sku.clone(),
            None => return None,
        };
        let old_count = order.items.iter().find(|item| item.sku == sku)?.quantity;
        let mut basket = self.basket(known);
        basket.take_out(&sku, None);
        match choice::choose(found.get(1)?, Sureness::Buying) {
            Choice::One(product) => {
                let count = basket::pieces(new, &product).unwrap_or(old_count);
                basket.want(&product, count, false);
                Some(self.propose(basket, None))
            }
            Choice::Which(products) => {
                let quantity = new.quantity.or(Some(old_count));
                Some(self.ask_which(&products, quantity, Vec::new(), &basket))
            }
            Choice::SoldOut(product, near) => {
                let mut nothing = Basket::default();
                nothing.note_sold_out(&product.name);
                Some(self.tell_sold_out(&nothing, &near, new.quantity))
            }
            Choice::Nothing => {
                let text = self.sale_text(Text::SaleNotFound, |sale| sale.asked.clone_from(&new.text));
                Some(self.say_sale(text))
            }
        }
    }

    /// Gives an order up that the customer wants cancelled: what is sold already is for a person to undo.
    fn cancel(&mut self, open: Option<&OrderRecord>) -> Step {
        if let Some(order) = open {
            return self.give_up(order);
        }
        let sold = self.input.standing.orders.iter().find(|order| order.status == OrderStatus::Confirmed);
        let Some(order) = sold.cloned() else {
            return self.say_sale(self.builtin_text(Text::SaleNoOrders));
        };
        let text = self.order_text(Text::SaleByPerson, &order);
        self.sale.spoke = true;
        self.ledger.handoff = Some(HandoffReason::ExplicitRequest);
        let person = self.handoff_words(HandoffReason::ExplicitRequest).text;
        self.commit(Spoken::builtin(format!("{text} {person}"), Vec::new()))
    }

    /// The customer does not want what was proposed.
    fn give_up(&mut self, order: &OrderRecord) -> Step {
        self.sale.effects.push(Effect::CancelOrder { id: order.id.clone(), version: order.version });
        self.sale.effects.push(Effect::SaveCart(Cart::default()));
        self.sale.effects.push(Effect::Audit(crate::domain::effect::AuditEntry {
            actor: "customer".to_owned(),
            ..entry("order.cancelled", &order.id)
        }));
        let cancelled = OrderRecord { status: OrderStatus::Cancelled, ..order.clone() };
        self.sale.order = Some(cancelled.public());
        self.say_sale(self.builtin_text(Text::SaleCancelled))
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
