//! A counter for the tests of the tools: a hammer and nails, and perhaps an open order.

use super::ToolScene;
use crate::{
    domain::{
        conversation::ConversationId,
        language::Language,
        money::{Currency, Money},
        order::{OrderItem, OrderRecord, OrderStatus},
        product::Product,
    },
    engine::{desk::LeadRules, sale::proposal::Counter},
};

fn price(minor: i64) -> Money {
    Money { minor, currency: Currency::parse("MXN").unwrap() }
}

fn hammer() -> Product {
    Product {
        sku: "MAR-1".to_owned(),
        name: "Martillo".to_owned(),
        description: String::new(),
        price: price(18_900),
        stock: 7,
        reserved: 0,
        category: String::new(),
        active: true,
        image_url: String::new(),
    }
}

fn order() -> OrderRecord {
    let items = vec![
        OrderItem::new("MAR-1", "Martillo", 5, price(18_900)).unwrap(),
        OrderItem::new("CLA-1", "Clavo", 1, price(4_850)).unwrap(),
    ];
    OrderRecord {
        id: "A1B2C3D4".to_owned(),
        contact_id: String::new(),
        contact: "ana".to_owned(),
        contact_name: None,
        conversation: ConversationId::new("conv_1".to_owned()),
        status: OrderStatus::Proposed,
        total: price(99_350),
        items,
        version: 1,
        expires_ms: 1,
        created_ms: 0,
        updated_ms: 0,
    }
}

fn scene<'a>(said: &'a [&'a str], leads: &'a LeadRules, counter: Option<&'a Counter<'a>>) -> ToolScene<'a> {
    ToolScene { customer_said: said, message_id: "m0", language: Language::Es, leads, booking: None, counter }
}

/// Plans where the hammer was found in this turn.
pub(super) fn at_counter<T>(said: &[&str], has_order: bool, plan: impl FnOnce(&ToolScene<'_>) -> T) -> T {
    let (seen, order, leads) = ([hammer()], order(), LeadRules::default());
    let open = has_order.then_some(&order);
    let orders: Vec<&OrderRecord> = open.into_iter().collect();
    let counter = Counter { seen: &seen, shown: &[], open, orders: &orders };
    plan(&scene(said, &leads, Some(&counter)))
}

/// Plans where nothing is sold.
pub(super) fn without_counter<T>(plan: impl FnOnce(&ToolScene<'_>) -> T) -> T {
    plan(&scene(&[], &LeadRules::default(), None))
}
