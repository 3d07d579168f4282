//! "¿Y si llevo 20?" is a question: it is told what that would come to, and only a yes to that makes it a proposal.

use super::{Purpose, Shopping, basket::Basket, skus};
use crate::{
    domain::{
        cart::{Asked, Cart, Wanted},
        effect::Effect,
        product::{Product, ProductSearch},
    },
    engine::{
        sale::{
            answer::{self, Answer},
            choice::{self, Choice, Sureness},
            pointing::{self, Pointed},
            quantity::MAX_PIECES,
            reading::{Act, Reading, parts},
            words::counted,
        },
        turn::{Step, Turn},
    },
    prompts::Text,
};

impl Turn {
    /// Tells what so many of something would come to; nothing is changed by it.
    pub(super) fn suppose(
        &mut self,
        reading: &Reading,
        found: &[ProductSearch],
        known: &[Product],
        shown: &[Product],
    ) -> Option<Step> {
        let [wanted] = reading.wanted.as_slice() else { return None };
        let count = wanted.quantity?;
        let product = if parts::is_empty(&wanted.text) {
            match self.supposed(known, shown, count) {
                Ok(product) => product?,
                Err(step) => return Some(step),
            }
        } else {
            match choice::choose(found.first()?, Sureness::Buying) {
                Choice::One(product) => product,
                Choice::Which(products) => {
                    self.sale.topic = Some(wanted.text.clone());
                    return Some(self.ask_which(&products, Some(count), Vec::new(), &Basket::default()));
                }
                Choice::SoldOut(product, near) => {
                    let mut basket = Basket::default();
                    basket.note_sold_out(&product.name);
                    return Some(self.tell_sold_out(&basket, &near, Some(count)));
                }
                Choice::Nothing => return None,
            }
        };
        Some(self.quote(&product, count))
    }

    /// What is spoken of: the one product of the open order, or the one that was shown.
    fn supposed(
        &mut self,
        known: &[Product],
        shown: &[Product],
        count: u32,
    ) -> Result<Option<Product>, Step> {
        match shown {
            [] => {
                let items = self.open_order().map(|order| order.items.clone()).unwrap_or_default();
                let ordered = |product: &&Product| items.iter().any(|item| item.sku == product.sku);
                let products: Vec<Product> = known.iter().filter(ordered).cloned().collect();
                match products.as_slice() {
                    [] => Ok(None),
                    [only] => Ok(Some(only.clone())),
                    several => Err(self.ask_which(several, Some(count), Vec::new(), &Basket::default())),
                }
            }
            [only] => Ok(Some(only.clone())),
            several => {
                let language = self.input.business.language;
                match pointing::pointed(&self.question.text.replace('?', " "), several, language) {
                    Pointed::At(places) if places.len() == 1 => {
                        Ok(places.first().and_then(|(place, _)| several.get(*place)).cloned())
                    }
                    _ => {
                        let topic = self.input.standing.cart.topic.clone();
                        self.sale.topic = topic;
                        Err(self.ask_which(several, Some(count), Vec::new(), &Basket::default()))
                    }
                }
            }
        }
    }

    /// Says what so many of a product would come to, as far as there are so many, and asks whether they are wanted.
    fn quote(&mut self, product: &Product, count: u32) -> Step {
        if count > MAX_PIECES {
            return self.say_sale(self.builtin_text(Text::SaleTooMany));
        }
        let mut basket = Basket::default();
        basket.want(product, count, false);
        let filled = basket.fill(|sku| self.held(sku));
        let Some(filled) = filled else { return self.say_sale(self.builtin_text(Text::SaleTooMany)) };
        let Some(item) = filled.items.first() else {
            basket.note_sold_out(&product.name);
            return self.tell_sold_out(&basket, &[], Some(count));
        };
        let mut parts: Vec<String> = filled
            .reduced
            .iter()
            .map(|(name, count)| {
                self.sale_text(Text::SaleOnlySo, |sale| {
                    sale.product.clone_from(name);
                    sale.quantity = count.to_string();
                })
            })
            .collect();
        let products = counted(item.quantity, &item.name, self.input.business.language);
        let text = if self.open_order().is_some() { Text::SaleSupposeChange } else { Text::SaleSuppose };
        parts.push(self.sale_text(text, |sale| {
            sale.products = products;
            sale.price = item.unit_price.to_text();
            sale.total = item.total.to_text();
        }));
        self.sale.choices = [Text::SaleYes, Text::SaleNo].map(|text| self.builtin_text(text)).into();
        self.sale.order = self.open_order().map(crate::domain::order::OrderRecord::public);
        self.sale.effects.push(Effect::SaveCart(Cart {
            shown: vec![product.sku.clone()],
            asked: Some(Asked::Supposed),
            quantity: Some(item.quantity),
            ..Cart::default()
        }));
        self.say_sale(parts.join("\n"))
    }

    /// The answer to what was supposed; `None` when the message is none.
    pub(super) fn answer_supposed(&mut self) -> Option<Step> {
        let cart = self.input.standing.cart.clone();
        let ([sku], Some(Asked::Supposed)) = (cart.shown.as_slice(), cart.asked) else { return None };
        let said = answer::answer(&self.question.text, cart.quantity, |_| false);
        self.keep_language(said);
        let reading = Reading { act: Act::Buy, wanted: Vec::new(), order: None };
        let want = |count| Wanted { text: sku.clone(), quantity: Some(count), ..Wanted::default() };
        match (said, cart.quantity) {
            (Answer::Yes, Some(count)) | (Answer::Quantity(count), _) => {
                Some(self.take(vec![want(count)], &reading))
            }
            (Answer::No, _) => {
                let Some(order) = self.open_order().cloned() else {
                    self.sale.effects.push(Effect::SaveCart(Cart::default()));
                    return Some(self.say_sale(self.builtin_text(Text::SaleCancelled)));
                };
                let cart = Cart { asked: Some(Asked::Confirm), ..Cart::default() };
                self.sale.effects.push(Effect::SaveCart(cart));
                Some(self.tell_total(&order))
            }
            (Answer::Unclear | Answer::Later, Some(count)) => {
                let known = self.open_order().map(|order| skus(&order.items)).unwrap_or_default();
                let known = std::iter::once(sku.clone()).chain(known).collect();
                let reading = Reading { act: Act::Suppose, wanted: vec![want(count)], order: None };
                let shopping = Shopping { purpose: Purpose::Message, reading, refuses: false };
                Some(self.look_up_for(shopping, vec![sku.clone()], known))
            }
            _ => None,
        }
    }
}
