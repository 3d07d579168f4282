//! Proposing an order and selling it.

use serde_json::json;

use super::{Basket, basket::Filled, entry};
use crate::{
    domain::{
        cart::{Asked, Cart},
        conversation::ConversationId,
        effect::{AuditEntry, Confirmation, DeliveryEvent, Effect, OrderNotice, Proposal},
        order::{OrderItem, OrderRecord, OrderStatus, total_of},
        product::{Product, sku_key},
    },
    engine::{
        sale::quantity::MAX_PIECES,
        turn::{Step, Turn, closing::deliver},
    },
    prompts::Text,
};

/// The most lines of an order that is taken without a person.
const MAX_LINES: usize = 40;

impl Turn {
    /// What the open order has, as it is now.
    pub(super) fn basket(&self, known: &[Product]) -> Basket {
        let mut basket = Basket::default();
        for item in self.open_order().into_iter().flat_map(|order| &order.items) {
            basket.keep(known, item);
        }
        basket
    }

    /// Proposes what is in the basket, as far as there is stock, and asks whether that is right.
    pub(super) fn propose(&mut self, basket: Basket, before: Option<Text>) -> Step {
        let filled = if basket.most() > MAX_PIECES { None } else { basket.fill(|sku| self.held(sku)) };
        let Some(filled) = filled.filter(|filled| filled.items.len() <= MAX_LINES) else {
            return self.say_sale(self.builtin_text(Text::SaleTooMany));
        };
        let total = filled.items.first().map(|first| total_of(&filled.items, first.unit_price.currency));
        let total = match total {
            None => return self.nothing_left(&filled),
            Some(None) => return self.say_sale(self.builtin_text(Text::SaleTooMany)),
            Some(Some(total)) => total,
        };
        let standing = &self.input.standing;
        let open = self.open_order().cloned();
        let reserve_ms = i64::try_from(self.input.desk.shop.reserve.as_millis()).unwrap_or(i64::MAX);
        let expires_ms = self.input.now_ms.saturating_add(reserve_ms);
        let order = OrderRecord {
            id: open.as_ref().map_or_else(|| self.input.fresh.order.clone(), |open| open.id.clone()),
            contact_id: String::new(),
            contact: standing.contact.clone(),
            contact_name: self.contact_name().map(str::to_owned),
            conversation: ConversationId::new(standing.conversation.clone()),
            status: OrderStatus::Proposed,
            items: filled.items.clone(),
            total,
            version: 0,
            expires_ms,
            created_ms: open.as_ref().map_or(self.input.now_ms, |open| open.created_ms),
            updated_ms: self.input.now_ms,
        };
        self.sale.effects.push(Effect::ProposeOrder(Proposal {
            id: order.id.clone(),
            version: open.map(|open| open.version),
            items: filled.items.clone(),
            expires_ms,
        }));
        self.sale.effects.push(Effect::Audit(AuditEntry {
            detail: json!({"lines": filled.items.len()}),
            ..entry("order.proposed", &order.id)
        }));
        self.sale.effects.push(Effect::SaveCart(Cart { asked: Some(Asked::Confirm), ..Cart::default() }));
        let mut parts: Vec<String> = before.map(|text| self.builtin_text(text)).into_iter().collect();
        parts.extend(self.notes(&filled.sold_out, &basket.missed));
        parts.push(self.offer_text(&order, &filled));
        self.sale.order = Some(order.public());
        self.sale.choices = [Text::SaleYes, Text::SaleNo].map(|text| self.builtin_text(text)).into();
        self.say_sale(parts.join("\n"))
    }

    /// The customer said yes: it is sold, if the rows are as they were when it was proposed.
    pub(super) fn confirm(&mut self, known: &[Product]) -> Step {
        let Some(order) = self.open_order().cloned() else { return self.after_sale() };
        let is_there = |item: &OrderItem| {
            known.iter().any(|product| {
                sku_key(&product.sku) == sku_key(&item.sku)
                    && product.active
                    && product.stock >= item.quantity
                    && product.price == item.unit_price
            })
        };
        if !order.items.iter().all(is_there) {
            // Another price or fewer pieces: the customer agreed to something else.
            let basket = self.basket(known);
            return self.propose(basket, None);
        }
        let shop = self.input.desk.shop.clone();
        self.sale.effects.push(Effect::ConfirmOrder(Confirmation {
            id: order.id.clone(),
            version: order.version,
            low_stock: shop.low_stock,
            low_stock_targets: shop.low_stock_targets,
        }));
        self.sale.effects.push(Effect::SaveCart(Cart::default()));
        self.sale.effects.push(Effect::Audit(AuditEntry {
            actor: "customer".to_owned(),
            ..entry("order.confirmed", &order.id)
        }));
        let standing = &self.input.standing;
        let notice = json!(OrderNotice {
            order: order.id.clone(),
            conversation: standing.conversation.clone(),
            channel: standing.channel.clone(),
            contact: standing.contact.clone(),
            contact_name: self.contact_name().map(str::to_owned),
            items: order.items.clone(),
            total: order.total,
        });
        let (id, mut effects) = (order.id.clone(), Vec::new());
        deliver(&shop.order_targets, DeliveryEvent::Order, &id, &notice, false, &mut effects);
        self.sale.effects.extend(effects);
        let sold = OrderRecord { status: OrderStatus::Confirmed, updated_ms: self.input.now_ms, ..order };
        self.sale.order = Some(sold.public());
        let text = self.order_text(Text::SaleConfirmed, &sold);
        self.say_sale(text)
    }

    /// Nothing of what was wanted can be had any more.
    fn nothing_left(&mut self, filled: &Filled) -> Step {
        if let Some(open) = self.open_order().cloned() {
            self.sale.effects.push(Effect::CancelOrder { id: open.id.clone(), version: open.version });
            self.sale.effects.push(Effect::Audit(entry("order.cancelled", &open.id)));
            let cancelled = OrderRecord { status: OrderStatus::Cancelled, ..open };
            self.sale.order = Some(cancelled.public());
        }
        self.sale.effects.push(Effect::SaveCart(Cart::default()));
        let notes = self.notes(&filled.sold_out, &[]);
        self.say_sale(notes.join("\n"))
    }

    /// How many pieces of a product the open order has set aside.
    pub(super) fn held(&self, sku: &str) -> u32 {
        let items = self.open_order().into_iter().flat_map(|order| &order.items);
        items.filter(|item| sku_key(&item.sku) == sku_key(sku)).map(|item| item.quantity).sum()
    }
}
