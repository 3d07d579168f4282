//! What is chosen among the products that were shown, and what is said where nothing is proposed any more.

use super::{Purpose, Shopping, basket::Basket, skus};
use crate::{
    domain::{
        cart::{Asked, Cart, Wanted},
        effect::Effect,
        order::{OrderItem, OrderRecord, OrderStatus},
        product::Product,
    },
    engine::{
        sale::{
            answer::{self, Answer},
            choice,
            reading::{Act, Reading, parts},
        },
        turn::{Step, Turn},
    },
    prompts::Text,
};

impl Turn {
    /// An answer where nothing is proposed any more: the time is over, or it is sold already.
    pub(super) fn answer_without_order(&mut self, cart: &Cart) -> Option<Step> {
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
    pub(super) fn pick(&mut self, reading: &Reading, cart: &Cart, shown: &[Product]) -> Option<Step> {
        if shown.is_empty() || reading.wanted.len() > 1 || matches!(reading.act, Act::Remove | Act::Swap) {
            return None;
        }
        let text = self.question.text.clone();
        let said = answer::answer(&text, None, |_| false);
        let wanted = reading.wanted.first();
        let quantity = wanted.and_then(|wanted| wanted.quantity);
        let names = wanted.is_some_and(|wanted| !parts::is_empty(&wanted.text));
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
}
