//! What is said of products and orders, in the words of the locale files and the figures of the rows.

use super::{Basket, basket::Filled, choices};
use crate::{
    domain::{
        cart::{Asked, Cart, Wanted},
        effect::Effect,
        order::{OrderItem, OrderRecord, OrderStatus},
        product::{Product, ProductSearch},
    },
    engine::{
        sale::{
            choice::{self, Choice, Sureness},
            reading::{Act, Reading},
            words::{counted, listed},
        },
        turn::{AnsweredBy, Step, Turn, reply::Spoken},
    },
    prompts::{SaleFacts, Text},
};

/// The longest words of a customer that are repeated, in characters.
const MAX_ASKED_CHARS: usize = 60;

/// Products that are told of for each question of a message.
const MAX_OF_EACH: usize = 2;

/// Orders that are told of at once.
const MAX_TOLD_ORDERS: usize = 5;

impl Turn {
    /// Ends the turn with words about an order.
    pub(super) fn say_sale(&mut self, text: String) -> Step {
        self.sale.spoke = true;
        let mut spoken = Spoken::builtin(text, Vec::new());
        if let Some(key) = self.sale.requested.key.take() {
            spoken.answered_by = AnsweredBy::Model(key);
        }
        self.commit(spoken)
    }

    pub(super) fn builtin_text(&self, text: Text) -> String {
        self.builtin().text(text, self.question.language)
    }

    /// A sentence with facts of a product or an order.
    pub(super) fn sale_text(&self, text: Text, more: impl FnOnce(&mut SaleFacts)) -> String {
        let mut sale = SaleFacts::default();
        more(&mut sale);
        let shown: String = sale.asked.chars().take(MAX_ASKED_CHARS).collect();
        sale.asked = shown.replace(['«', '»', '“', '”', '\n'], " ");
        self.builtin().text_with(text, self.question.language, |facts| facts.sale = sale)
    }

    /// A sentence about an order.
    pub(super) fn order_text(&self, text: Text, order: &OrderRecord) -> String {
        let lines = self.lines(&order.items);
        let products = listed(&order.items, self.question.language, self.input.business.language);
        let status = self.builtin_text(status_text(order.status));
        self.sale_text(text, |sale| {
            sale.order.clone_from(&order.id);
            sale.total = order.total.to_text();
            sale.lines = lines;
            sale.products = products;
            sale.status = status;
        })
    }

    /// The question whether a proposed order is right.
    pub(super) fn proposal_text(&self, order: &OrderRecord) -> String {
        let (text, price, products) = match order.items.as_slice() {
            [item] => (
                if item.quantity == 1 { Text::SaleProposalOne } else { Text::SaleProposal },
                item.unit_price.to_text(),
                counted(item.quantity, &item.name, self.input.business.language),
            ),
            _ => (Text::SaleProposalList, String::new(), String::new()),
        };
        let lines = self.lines(&order.items);
        let text = self.sale_text(text, |sale| {
            sale.products = products;
            sale.price = price;
            sale.total = order.total.to_text();
            sale.lines = lines;
        });
        first_large(&text)
    }

    /// The same for what was just filled: fewer pieces than wanted are offered in other words.
    pub(super) fn offer_text(&self, order: &OrderRecord, filled: &Filled) -> String {
        match (order.items.as_slice(), filled.reduced.as_slice()) {
            ([item], [_]) => {
                let products = counted(item.quantity, &item.name, self.input.business.language);
                self.sale_text(Text::SaleOfferLess, |sale| {
                    sale.products = products;
                    sale.price = item.unit_price.to_text();
                    sale.total = order.total.to_text();
                })
            }
            (_, reduced) => {
                let mut parts: Vec<String> = reduced
                    .iter()
                    .map(|(name, count)| {
                        self.sale_text(Text::SaleOnlySo, |sale| {
                            sale.product.clone_from(name);
                            sale.quantity = count.to_string();
                        })
                    })
                    .collect();
                parts.push(self.proposal_text(order));
                parts.join("\n")
            }
        }
    }

    /// What could not be had, a line each.
    pub(super) fn notes(&self, sold_out: &[String], missed: &[String]) -> Vec<String> {
        let gone = sold_out
            .iter()
            .map(|name| self.sale_text(Text::SaleSoldOut, |sale| sale.product.clone_from(name)));
        let unknown = missed
            .iter()
            .map(|asked| self.sale_text(Text::SaleNotFound, |sale| sale.asked.clone_from(asked)));
        gone.chain(unknown).collect()
    }

    /// Asks again whether a proposed order is right: the answer could be either.
    pub(super) fn ask_again(&mut self, order: &OrderRecord) -> Step {
        let text = self.order_text(Text::SaleAskAgain, order);
        self.sale.order = Some(order.public());
        self.sale.choices = [Text::SaleYes, Text::SaleNo].map(|text| self.builtin_text(text)).into();
        self.say_sale(text)
    }

    /// The customer will say later: until when the pieces are set aside.
    pub(super) fn wait_for(&mut self, order: &OrderRecord) -> Step {
        let left_ms = order.expires_ms.saturating_sub(self.input.now_ms);
        let products = listed(&order.items, self.question.language, self.input.business.language);
        let text = self.sale_text(Text::SaleLater, |sale| {
            sale.products = products;
            sale.total = order.total.to_text();
            sale.quantity = (left_ms / 60_000).max(1).to_string();
        });
        self.sale.order = Some(order.public());
        self.say_sale(text)
    }

    /// None of what was shown is as the customer wants it: what there is.
    pub(super) fn tell_none_such(&mut self, asked: &str, shown: &[Product], cart: &Cart) -> Step {
        self.tell_of_shown(Text::SaleNoneSuch, asked, shown, cart)
    }

    /// What was shown does not come in such a package.
    pub(super) fn tell_not_packed(&mut self, asked: &str, shown: &[Product], cart: &Cart) -> Step {
        self.tell_of_shown(Text::SaleNotPacked, asked, shown, cart)
    }

    fn tell_of_shown(&mut self, text: Text, asked: &str, shown: &[Product], cart: &Cart) -> Step {
        let lines = self.options(shown);
        let text = self.sale_text(text, |sale| {
            asked.clone_into(&mut sale.asked);
            sale.lines = lines;
        });
        self.sale.topic.clone_from(&cart.topic);
        let asked = if shown.len() == 1 { Asked::HowMany } else { Asked::Which };
        self.show(shown, asked, cart.quantity, cart.waiting.clone());
        self.say_sale(text)
    }

    /// Tells what the open order comes to.
    pub(super) fn tell_total(&mut self, order: &OrderRecord) -> Step {
        let text = self.proposal_text(order);
        self.sale.order = Some(order.public());
        self.sale.choices = [Text::SaleYes, Text::SaleNo].map(|text| self.builtin_text(text)).into();
        self.say_sale(text)
    }

    /// After another answer: an order still waits.
    pub(in crate::engine::turn) fn order_reminder(&self) -> Option<String> {
        let order = self.open_order()?;
        Some(self.order_text(Text::SaleReminder, order))
    }

    /// Asks which of several products is meant.
    pub(super) fn ask_which(
        &mut self,
        products: &[Product],
        quantity: Option<u32>,
        waiting: Vec<Wanted>,
        basket: &Basket,
    ) -> Step {
        let mut parts = self.notes(&basket.sold_out, &basket.missed);
        let lines = self.options(products);
        parts.push(self.sale_text(Text::SaleWhich, |sale| sale.lines = lines));
        self.show(products, Asked::Which, quantity, waiting);
        self.say_sale(parts.join("\n"))
    }

    /// Asks how many of a product are wanted.
    pub(super) fn ask_how_many(&mut self, product: &Product, waiting: Vec<Wanted>) -> Step {
        let text = self.sale_text(Text::SaleHowMany, |sale| {
            sale.product.clone_from(&product.name);
            sale.price = product.price.to_text();
        });
        self.show(std::slice::from_ref(product), Asked::HowMany, None, waiting);
        self.sale.choices.clear();
        self.say_sale(text)
    }

    /// Answers a question for products.
    pub(super) fn tell_products(&mut self, wanted: &Wanted, found: &ProductSearch) -> Option<Step> {
        self.sale.topic = Some(wanted.text.clone());
        match choice::choose(found, Sureness::Asking) {
            Choice::One(product) => {
                let few = self.input.desk.shop.low_stock;
                let text = self.sale_text(Text::SalePrice, |sale| {
                    sale.product.clone_from(&product.name);
                    sale.price = product.price.to_text();
                    sale.few = product.available() <= few;
                    sale.quantity = product.available().to_string();
                });
                self.show(&[product], Asked::HowMany, None, Vec::new());
                self.sale.choices.clear();
                Some(self.say_sale(text))
            }
            Choice::Which(products) => {
                let lines = self.options(&products);
                let text = self.sale_text(Text::SaleProducts, |sale| sale.lines = lines);
                self.show(&products, Asked::Which, wanted.quantity, Vec::new());
                Some(self.say_sale(text))
            }
            Choice::SoldOut(product, near) => {
                let mut basket = Basket::default();
                basket.note_sold_out(&product.name);
                Some(self.tell_sold_out(&basket, &near, wanted.quantity))
            }
            Choice::Nothing => None,
        }
    }

    /// Answers a question for several products: those that there are, in one list.
    pub(super) fn tell_several(&mut self, wanted: &[Wanted], found: &[ProductSearch]) -> Option<Step> {
        let (mut products, mut basket): (Vec<Product>, Basket) = (Vec::new(), Basket::default());
        for (wanted, found) in wanted.iter().zip(found) {
            match choice::choose(found, Sureness::Asking) {
                Choice::One(product) => products.push(product),
                Choice::Which(some) => products.extend(some.into_iter().take(MAX_OF_EACH)),
                Choice::SoldOut(product, _) => basket.note_sold_out(&product.name),
                Choice::Nothing => basket.missed.push(wanted.text.clone()),
            }
        }
        if products.is_empty() {
            return None;
        }
        let mut parts = self.notes(&basket.sold_out, &[]);
        let lines = self.options(&products);
        parts.push(self.sale_text(Text::SaleProducts, |sale| sale.lines = lines));
        self.show(&products, Asked::Which, None, Vec::new());
        Some(self.say_sale(parts.join("\n")))
    }

    /// Says what cannot be had, and what is nearest to it.
    pub(super) fn tell_sold_out(&mut self, basket: &Basket, near: &[Product], quantity: Option<u32>) -> Step {
        let mut parts = self.notes(&basket.sold_out, &basket.missed);
        if !near.is_empty() {
            let lines = self.options(near);
            parts.push(self.sale_text(Text::SaleAlternatives, |sale| sale.lines = lines));
            self.show(near, Asked::Which, quantity, Vec::new());
        }
        self.say_sale(parts.join("\n"))
    }

    /// Offers what somebody wants in the sizes that there are.
    pub(super) fn offer_other_sizes(&mut self, reading: &Reading, found: &[ProductSearch]) -> Option<Step> {
        let ([wanted], Act::Buy | Act::Ask | Act::Bare) = (reading.wanted.as_slice(), reading.act) else {
            return None;
        };
        let there = choice::other_sizes(found.first()?, &wanted.text, self.input.business.language);
        let lines = (!there.is_empty()).then(|| self.options(&there))?;
        let asked = wanted.text.clone();
        let said = [
            self.sale_text(Text::SaleOtherSizes, |sale| sale.asked = asked),
            self.sale_text(Text::SaleAlternatives, |sale| sale.lines = lines),
        ];
        self.show(&there, Asked::Which, None, Vec::new());
        Some(self.say_sale(said.join("\n")))
    }

    /// Tells how orders are: one that is named, or the last ones.
    pub(super) fn tell_orders(&mut self, named: Option<&str>) -> Step {
        let standing = &self.input.standing;
        let all: Vec<&OrderRecord> = standing.order.iter().chain(&standing.orders).collect();
        let told: Vec<&OrderRecord> = match named {
            Some(id) => all.into_iter().filter(|order| order.id == id).collect(),
            None => all.into_iter().take(MAX_TOLD_ORDERS).collect(),
        };
        let text = match (told.as_slice(), named) {
            ([], Some(id)) => self.sale_text(Text::SaleUnknownOrder, |sale| id.clone_into(&mut sale.order)),
            ([], None) => self.builtin_text(Text::SaleNoOrders),
            (orders, _) => {
                let lines: Vec<String> =
                    orders.iter().map(|order| self.order_text(Text::SaleStatusLine, order)).collect();
                self.sale_text(Text::SaleStatus, |sale| sale.lines = lines.join("\n"))
            }
        };
        let reminder = self.order_reminder().filter(|_| named.is_none());
        let order = told.first().map(|order| order.public());
        self.sale.order = order;
        self.say_sale(match reminder {
            Some(reminder) => format!("{text}\n\n{reminder}"),
            None => text,
        })
    }

    /// Remembers what is shown.
    fn show(&mut self, products: &[Product], asked: Asked, quantity: Option<u32>, waiting: Vec<Wanted>) {
        let shown: Vec<String> = choices(products).map(|product| product.sku.clone()).collect();
        self.sale.choices = (1..=shown.len()).map(|place| place.to_string()).collect();
        let topic = self.sale.topic.take();
        self.sale.effects.push(Effect::SaveCart(Cart {
            shown,
            asked: Some(asked),
            quantity,
            topic,
            waiting,
        }));
    }

    /// Products to choose from, a line each.
    fn options(&self, products: &[Product]) -> String {
        let lines: Vec<String> = choices(products)
            .zip(1..)
            .map(|(product, place)| {
                self.sale_text(Text::SaleOption, |sale| {
                    sale.place = i32::to_string(&place);
                    sale.product.clone_from(&product.name);
                    sale.price = product.price.to_text();
                })
            })
            .collect();
        lines.join("\n")
    }

    /// The lines of an order.
    fn lines(&self, items: &[OrderItem]) -> String {
        let lines: Vec<String> = items
            .iter()
            .map(|item| {
                self.sale_text(Text::SaleLine, |sale| {
                    sale.quantity = item.quantity.to_string();
                    sale.product.clone_from(&item.name);
                    sale.price = item.unit_price.to_text();
                    sale.total = item.total.to_text();
                })
            })
            .collect();
        lines.join("\n")
    }
}

fn status_text(status: OrderStatus) -> Text {
    match status {
        OrderStatus::Proposed => Text::OrderProposed,
        OrderStatus::Confirmed => Text::OrderConfirmed,
        OrderStatus::Fulfilled => Text::OrderFulfilled,
        OrderStatus::Cancelled => Text::OrderCancelled,
        OrderStatus::Expired => Text::OrderExpired,
    }
}

/// The text with its first letter large.
fn first_large(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |c| c.to_uppercase().chain(letters).collect())
}
