//! Taking things out of an order, putting others in their place, and giving it up.

use super::{
    basket::{self, Basket},
    entry,
};
use crate::{
    domain::{
        cart::{Cart, Wanted},
        effect::Effect,
        handoff::HandoffReason,
        order::{OrderRecord, OrderStatus},
        product::{Product, ProductSearch},
    },
    engine::{
        sale::{
            choice::{self, Choice, Sureness},
            reading::{Reading, parts},
        },
        turn::{Step, Turn, reply::Spoken},
    },
    prompts::Text,
};

impl Turn {
    /// Takes things out of the order.
    pub(super) fn take_out(&mut self, reading: &Reading, known: &[Product]) -> Option<Step> {
        let order = self.open_order().cloned()?;
        let mut basket = self.basket(known);
        for wanted in reading.wanted.iter().filter(|wanted| !parts::is_empty(&wanted.text)) {
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
    pub(super) fn swap(
        &mut self,
        reading: &Reading,
        found: &[ProductSearch],
        known: &[Product],
    ) -> Option<Step> {
        let order = self.open_order().cloned()?;
        let language = self.input.business.language;
        let (sku, new) = match reading.wanted.as_slice() {
            [old, new] => (basket::named_in(&order.items, &old.text, language), new),
            [new] => (None, new),
            _ => return None,
        };
        let sku = match (sku, order.items.as_slice()) {
            (Some(sku), _) => sku,
            (None, [only]) => only.sku.clone(),
            (None, _) => return None,
        };
        // What is named alone may be another one of the same kind.
        let is_found = |found: &&ProductSearch| choice::choose(found, Sureness::Buying) != Choice::Nothing;
        let found = match reading.wanted.len() {
            1 => found.iter().rev().find(is_found).or(found.first())?,
            _ => found.get(1)?,
        };
        let old_count = order.items.iter().find(|item| item.sku == sku)?.quantity;
        let mut basket = self.basket(known);
        basket.take_out(&sku, None);
        match choice::choose(found, Sureness::Buying) {
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
    pub(super) fn cancel(&mut self, open: Option<&OrderRecord>) -> Step {
        if let Some(order) = open {
            return self.give_up(order);
        }
        let sold = self.input.standing.orders.iter().find(|order| order.status == OrderStatus::Confirmed);
        let Some(order) = sold.cloned() else {
            return self.say_sale(self.builtin_text(Text::SaleNoOrders));
        };
        self.leave_to_a_person(&order)
    }

    /// A change of what is sold already.
    pub(super) fn change_sold(&mut self, reading: &Reading) -> Option<Step> {
        let language = self.input.business.language;
        let named = |order: &&OrderRecord| {
            let of_it = |wanted: &Wanted| basket::named_in(&order.items, &wanted.text, language).is_some();
            order.status == OrderStatus::Confirmed && reading.wanted.iter().any(of_it)
        };
        let order = self.input.standing.orders.iter().find(named).cloned()?;
        Some(self.leave_to_a_person(&order))
    }

    /// What is registered is changed by a person, who is called.
    pub(super) fn leave_to_a_person(&mut self, order: &OrderRecord) -> Step {
        let text = self.order_text(Text::SaleByPerson, order);
        self.sale.spoke = true;
        self.sale.order = Some(order.public());
        self.ledger.handoff = Some(HandoffReason::ExplicitRequest);
        let person = self.handoff_words(HandoffReason::ExplicitRequest).text;
        self.commit(Spoken::builtin(format!("{person}\n\n{text}"), Vec::new()))
    }

    /// The customer does not want what was proposed.
    pub(super) fn give_up(&mut self, order: &OrderRecord) -> Step {
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
}
