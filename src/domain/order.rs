//! An order: what a customer wants to buy, from the proposal to the end.
//!
//! `proposed` waits for the customer's word while its pieces are set aside for a time; `confirmed` is sold and its
//! pieces are taken out of the stock; `fulfilled`, `cancelled` and `expired` are the ends.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    conversation::ConversationId,
    money::{Currency, Money},
};

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// The customer was asked whether that is what they want; the pieces are set aside until the proposal expires.
    Proposed,
    /// The customer said yes: it is sold.
    Confirmed,
    /// The business handed the goods over.
    Fulfilled,
    /// It will not be.
    Cancelled,
    /// The customer did not answer in time.
    Expired,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Proposed, Self::Confirmed, Self::Fulfilled, Self::Cancelled, Self::Expired];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Fulfilled => "fulfilled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The status of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether an order of this status may become one of `next`.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Proposed, Self::Confirmed | Self::Cancelled | Self::Expired)
                | (Self::Confirmed, Self::Fulfilled | Self::Cancelled)
        )
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One product of an order, at the price it was proposed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The article number.
    pub sku: String,
    /// What the product was called then.
    pub name: String,
    /// How many; at least one.
    pub quantity: u32,
    /// What one costs.
    pub unit_price: Money,
    /// The price times the quantity.
    pub total: Money,
}

impl OrderItem {
    /// An item whose total follows from the rest. None when there are no pieces, or the total does not fit.
    pub fn new(sku: &str, name: &str, quantity: u32, unit_price: Money) -> Option<Self> {
        let total = unit_price.times(quantity).filter(|_| quantity > 0)?;
        Some(Self { sku: sku.to_owned(), name: name.to_owned(), quantity, unit_price, total })
    }
}

/// The sum of items. None when they are of several currencies, or it does not fit. Of nothing it is nothing.
pub fn total_of(items: &[OrderItem], currency: Currency) -> Option<Money> {
    items.iter().try_fold(Money { minor: 0, currency }, |sum, item| sum.plus(item.total))
}

/// An order as the product knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// The number that customers and the business call it by.
    pub id: String,
    /// The contact who orders.
    pub contact_id: String,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// The conversation it was made in.
    pub conversation: ConversationId,
    /// How far it is.
    pub status: OrderStatus,
    /// What is ordered.
    pub items: Vec<OrderItem>,
    /// What all of it costs.
    pub total: Money,
    /// Counts the changes: who wants to change it must have seen the last one.
    pub version: u32,
    /// Until when the pieces of a proposal are set aside, in milliseconds since 1970.
    pub expires_ms: i64,
    /// When it was proposed, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it changed last, in milliseconds since 1970.
    pub updated_ms: i64,
}

impl OrderRecord {
    /// The order in the contract's shape.
    pub fn public(&self) -> Order {
        Order {
            order: self.id.clone(),
            status: self.status,
            items: self.items.clone(),
            total: self.total,
            contact: self.contact.clone(),
            contact_name: self.contact_name.clone(),
            conversation: self.conversation.clone(),
            created_at: jiff::Timestamp::from_millisecond(self.created_ms).unwrap_or_default(),
            updated_at: jiff::Timestamp::from_millisecond(self.updated_ms).unwrap_or_default(),
            expires_at: (self.status == OrderStatus::Proposed)
                .then(|| jiff::Timestamp::from_millisecond(self.expires_ms).unwrap_or_default()),
        }
    }
}

/// An order as the API and the command line show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub order: String,
    /// How far it is.
    pub status: OrderStatus,
    /// What is ordered.
    pub items: Vec<OrderItem>,
    /// What all of it costs.
    pub total: Money,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// The conversation.
    pub conversation: ConversationId,
    /// When it was proposed.
    pub created_at: jiff::Timestamp,
    /// When it changed last.
    pub updated_at: jiff::Timestamp,
    /// Until when its pieces are set aside, while it waits for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<jiff::Timestamp>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(minor: i64) -> Money {
        Money { minor, currency: Currency::parse("COP").unwrap() }
    }

    #[test]
    fn an_end_is_an_end() {
        for from in [OrderStatus::Fulfilled, OrderStatus::Cancelled, OrderStatus::Expired] {
            assert!(OrderStatus::ALL.into_iter().all(|to| !from.may_become(to)), "{from}");
        }
        assert!(OrderStatus::Proposed.may_become(OrderStatus::Confirmed));
        assert!(!OrderStatus::Proposed.may_become(OrderStatus::Fulfilled));
        assert!(!OrderStatus::Confirmed.may_become(OrderStatus::Expired));
        assert!(!OrderStatus::Confirmed.may_become(OrderStatus::Confirmed), "nothing is sold twice");
    }

    #[test]
    fn no_pieces_and_sums_that_do_not_fit_are_no_item() {
        assert_eq!(OrderItem::new("a", "A", 0, money(5)), None);
        assert_eq!(OrderItem::new("a", "A", 3, money(i64::MAX)), None);
        let item = OrderItem::new("a", "A", 1, money(i64::MAX)).unwrap();
        assert_eq!(total_of(&[item.clone(), item], Currency::parse("COP").unwrap()), None);
        let other =
            OrderItem::new("a", "A", 1, Money { minor: 1, currency: Currency::parse("USD").unwrap() });
        assert_eq!(total_of(&[other.unwrap()], Currency::parse("COP").unwrap()), None);
    }

    proptest! {
        #[test]
        fn money_adds_up(lines in prop::collection::vec((1..10_000_u32, 0..1_000_000_000_i64), 0..20)) {
            let items: Vec<_> =
                lines.iter().map(|(quantity, price)| OrderItem::new("s", "n", *quantity, money(*price)).unwrap()).collect();
            let expected: i64 = lines.iter().map(|(quantity, price)| i64::from(*quantity) * price).sum();
            prop_assert_eq!(total_of(&items, Currency::parse("COP").unwrap()), Some(money(expected)));
        }
    }
}
