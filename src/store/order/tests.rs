use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        effect::{Confirmation, DeliveryTarget, Effect, Proposal},
        money::Currency,
        order::total_of,
    },
    store::{
        fixture::Fixture,
        turn::{Committed, TurnCommit},
    },
};

const RESERVED_S: i64 = 1800;

fn item(sku: &str, quantity: u32, price: i64) -> OrderItem {
    let unit_price = Money { minor: price * 100, currency: Currency::parse("COP").unwrap() };
    OrderItem::new(sku, &format!("Producto {sku}"), quantity, unit_price).unwrap()
}

impl Fixture {
    fn proposal(&self, id: &str, version: Option<u32>, items: Vec<OrderItem>) -> Effect {
        let expires_ms = self.clock.now_ms() + RESERVED_S * 1000;
        Effect::ProposeOrder(Proposal { id: id.to_owned(), version, items, expires_ms })
    }

    /// A customer writes, and the turn ends with these effects, or is refused.
    async fn turn_with(&self, contact: &str, effects: Vec<Effect>) -> Committed {
        let conversation = self.write(contact, "hola").await;
        let claim = self.claim(&conversation).await;
        let commit = TurnCommit { effects, ..self.turn(&claim, &["Con gusto."]) };
        let ended = self.db.commit_turn(commit).await.unwrap();
        if ended == Committed::Stale {
            self.db.release(&conversation, "me").await.unwrap();
        }
        ended
    }

    fn left(&self, sku: &str) -> i64 {
        self.count(&format!("select stock from product where sku = '{sku}'"))
    }

    async fn order_of(&self, id: &str) -> OrderRecord {
        self.db.order(id, self.clock.now_ms()).await.unwrap().unwrap()
    }

    async fn available(&self, sku: &str) -> u32 {
        self.db.product(sku, self.clock.now_ms()).await.unwrap().unwrap().available()
    }
}

fn yes(id: &str, version: u32) -> Effect {
    Effect::ConfirmOrder(Confirmation {
        id: id.to_owned(),
        version,
        low_stock: 3,
        low_stock_targets: vec![DeliveryTarget::Webhook],
    })
}

fn is_done(ended: &Committed) -> bool {
    matches!(ended, Committed::Done(_))
}

#[tokio::test]
async fn a_proposal_sets_aside_and_a_sale_takes_once() {
    let fixture = Fixture::new();
    fixture.stock("m,Martillo,100,7\n");
    assert!(is_done(
        &fixture.turn_with("ana", vec![fixture.proposal("A1", None, vec![item("m", 7, 100)])]).await
    ));
    assert_eq!((fixture.left("m"), fixture.available("m").await), (7, 0));
    let other = fixture.turn_with("luis", vec![fixture.proposal("B1", None, vec![item("m", 1, 100)])]).await;
    assert_eq!(other, Committed::Stale, "what is set aside cannot be proposed to somebody else");
    assert!(is_done(&fixture.turn_with("ana", vec![yes("A1", 1)]).await));
    assert_eq!((fixture.left("m"), fixture.available("m").await), (0, 0));
    assert_eq!(fixture.order_of("a1").await.status, OrderStatus::Confirmed);
    assert_eq!(fixture.turn_with("ana", vec![yes("A1", 1)]).await, Committed::Stale, "nothing is sold twice");
    assert_eq!(fixture.turn_with("ana", vec![yes("A1", 2)]).await, Committed::Stale);
    assert_eq!(fixture.left("m"), 0);
    assert_eq!(fixture.count("select count(*) from delivery where event = 'low_stock'"), 1);
    assert_eq!(fixture.count("select count(*) from stock_hold"), 0);
}

#[tokio::test]
async fn what_changed_since_the_turn_looked_is_refused_as_a_whole() {
    let fixture = Fixture::new();
    fixture.stock("m,Martillo,100,7\nc,Clavo,5,100\n");
    let items = vec![item("c", 10, 5), item("m", 7, 100)];
    assert!(is_done(&fixture.turn_with("ana", vec![fixture.proposal("A1", None, items)]).await));
    for file in ["m,Martillo,120,7\n", "m,Martillo,100,6\n"] {
        fixture.stock(file);
        assert_eq!(fixture.turn_with("ana", vec![yes("A1", 1)]).await, Committed::Stale, "{file}");
        assert_eq!(fixture.left("c"), 100, "the line before it was rolled back");
    }
    fixture.stock("m,Martillo,100,7\n");
    let changed = fixture.proposal("A1", Some(1), vec![item("m", 5, 100)]);
    assert!(is_done(&fixture.turn_with("ana", vec![changed]).await));
    assert_eq!(
        fixture.turn_with("ana", vec![yes("A1", 1)]).await,
        Committed::Stale,
        "not what was agreed to"
    );
    assert_eq!(fixture.available("c").await, 100, "what was taken out is free again");
    assert!(is_done(&fixture.turn_with("ana", vec![yes("A1", 2)]).await));
    assert_eq!((fixture.left("m"), fixture.left("c")), (2, 100));
}

#[tokio::test]
async fn a_proposal_ends_by_itself_and_its_pieces_are_free_at_once() {
    let fixture = Fixture::new();
    fixture.stock("m,Martillo,100,7\n");
    fixture.turn_with("ana", vec![fixture.proposal("A1", None, vec![item("m", 7, 100)])]).await;
    fixture.advance(RESERVED_S + 1);
    assert_eq!(fixture.available("m").await, 7, "also before anybody marked it");
    assert_eq!(fixture.order_of("A1").await.status, OrderStatus::Expired);
    assert_eq!(fixture.turn_with("ana", vec![yes("A1", 1)]).await, Committed::Stale);
    assert_eq!(fixture.db.expire_orders(fixture.clock.now_ms()).await.unwrap(), (1, None));
    assert_eq!(fixture.text("select status from sales_order"), "expired");
    assert!(is_done(
        &fixture.turn_with("ana", vec![fixture.proposal("A2", None, vec![item("m", 7, 100)])]).await
    ));
    assert_eq!(fixture.count("select count(*) from audit where action = 'order.expired'"), 1);
}

#[tokio::test]
async fn the_business_fulfils_and_cancels_and_cancelled_pieces_come_back() {
    let fixture = Fixture::new();
    fixture.stock("m,Martillo,100,7\n");
    for (contact, id) in [("ana", "A1"), ("luis", "B1")] {
        fixture.turn_with(contact, vec![fixture.proposal(id, None, vec![item("m", 3, 100)])]).await;
        fixture.turn_with(contact, vec![yes(id, 1)]).await;
    }
    let now_ms = fixture.clock.now_ms();
    let settle =
        async |id: &str, wanted| fixture.db.settle_order(id, wanted, "operator", now_ms).await.unwrap();
    assert!(matches!(settle("A1", OrderStatus::Fulfilled).await, OrderChange::Done(_)));
    assert_eq!(settle("A1", OrderStatus::Cancelled).await, OrderChange::Refused(OrderStatus::Fulfilled));
    assert!(matches!(settle("B1", OrderStatus::Cancelled).await, OrderChange::Done(_)));
    assert!(matches!(settle("B1", OrderStatus::Cancelled).await, OrderChange::Done(_)), "once is enough");
    assert_eq!(settle("C1", OrderStatus::Cancelled).await, OrderChange::NotFound);
    assert_eq!(fixture.left("m"), 4, "three were given back, once");
}

#[test]
fn the_database_itself_refuses_negative_stock_and_two_open_orders() {
    let fixture = Fixture::new();
    fixture.stock("m,Martillo,100,7\n");
    let refuses = |sql: &str| fixture.db.write_blocking(|tx| Ok(tx.execute_batch(sql)?)).is_err();
    assert!(refuses("update product set stock = -1"));
    assert!(refuses(
        "insert into contact (id, channel, address, name, created_ms) values ('p', 'api', 'x', null, 1);
         insert into conversation (id, contact_id, created_ms, updated_ms) values ('c', 'p', 1, 2);
         insert into sales_order values ('A', 'c', 'p', 'proposed', 'COP', 0, 1, 9, 1, 1),
                                        ('B', 'c', 'p', 'proposed', 'COP', 0, 1, 9, 1, 1);"
    ));
}

/// One thing that happens in a shop.
#[derive(Debug, Clone)]
enum Happening {
    Propose(usize, usize, u32),
    Confirm(usize),
    GiveUp(usize),
    Wait(i64),
    Import(usize, u32),
    CancelSold,
}

fn happening() -> impl Strategy<Value = Happening> {
    let customer = 0..3_usize;
    prop_oneof![
        4 => (customer.clone(), 0..2_usize, 1..6_u32).prop_map(|(c, p, q)| Happening::Propose(c, p, q)),
        4 => customer.clone().prop_map(Happening::Confirm),
        1 => customer.prop_map(Happening::GiveUp),
        1 => (1..2 * RESERVED_S).prop_map(Happening::Wait),
        1 => (0..2_usize, 0..9_u32).prop_map(|(p, q)| Happening::Import(p, q)),
        1 => Just(Happening::CancelSold),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever happens, in whatever order: the books of the stock and of the sales agree, money adds up, and no order
    /// is sold twice.
    #[test]
    fn stock_and_sales_agree(history in prop::collection::vec(happening(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new();
            fixture.stock("p0,Martillo,100,8\np1,Clavo,5,8\n");
            let prices = [100_i64, 5];
            // What the stock must be: as it was counted last, less what was sold since.
            let mut expected: BTreeMap<usize, i64> = BTreeMap::from([(0, 8), (1, 8)]);
            let mut sold: Vec<(String, usize, i64)> = Vec::new();
            let mut made = 0;
            for happening in history {
                let now_ms = fixture.clock.now_ms();
                match happening {
                    Happening::Propose(customer, product, quantity) => {
                        made += 1;
                        let contact = format!("c{customer}");
                        let conversation = fixture.write(&contact, "hola").await;
                        let context = fixture.db.turn_context(&conversation, now_ms).await.unwrap();
                        let open = context.order.filter(|order| order.status == OrderStatus::Proposed);
                        let (id, version) = open.map_or((format!("O{made}"), None), |open| (open.id, Some(open.version)));
                        let items = vec![item(&format!("p{product}"), quantity, prices[product])];
                        let _ended = fixture.turn_with(&contact, vec![fixture.proposal(&id, version, items)]).await;
                    }
                    Happening::Confirm(customer) | Happening::GiveUp(customer) => {
                        let contact = format!("c{customer}");
                        let conversation = fixture.write(&contact, "sí").await;
                        let context = fixture.db.turn_context(&conversation, now_ms).await.unwrap();
                        let Some(open) = context.order else { continue };
                        let effect = match happening {
                            Happening::Confirm(_) => yes(&open.id, open.version),
                            _ => Effect::CancelOrder { id: open.id.clone(), version: open.version },
                        };
                        let ended = fixture.turn_with(&contact, vec![effect]).await;
                        if is_done(&ended) && matches!(happening, Happening::Confirm(_)) {
                            let first = &open.items[0];
                            let product = usize::from(first.sku == "p1");
                            *expected.get_mut(&product).unwrap() -= i64::from(first.quantity);
                            sold.push((open.id, product, i64::from(first.quantity)));
                        }
                    }
                    Happening::Wait(seconds) => fixture.advance(seconds),
                    Happening::Import(product, stock) => {
                        let name = ["Martillo", "Clavo"][product];
                        fixture.stock(&format!("p{product},{name},{},{stock}\n", prices[product]));
                        expected.insert(product, i64::from(stock));
                    }
                    Happening::CancelSold => {
                        let Some((id, product, quantity)) = sold.pop() else { continue };
                        fixture.db.settle_order(&id, OrderStatus::Cancelled, "operator", now_ms).await.unwrap();
                        *expected.get_mut(&product).unwrap() += quantity;
                    }
                }
                for (product, stock) in &expected {
                    assert!(*stock >= 0);
                    assert_eq!(fixture.left(&format!("p{product}")), *stock);
                }
            }
            let orders = fixture.db.orders(None, None, 1000, fixture.clock.now_ms()).await.unwrap();
            for order in &orders {
                assert_eq!(total_of(&order.items, order.total.currency), Some(order.total));
            }
            let confirmed = orders.iter().filter(|order| order.status == OrderStatus::Confirmed).count();
            assert_eq!(confirmed, sold.len());
        });
    }
}

/// Whole turns of many conversations, and imports, at once. Orders alone, and far more of them, are in `many_tests`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn turns_of_many_customers_and_imports_at_once_sell_each_piece_once() {
    let attempts = 1600;
    let fixture = Fixture::new();
    let first = 5000_i64;
    fixture.stock(&format!("m,Martillo,100,{first}\n"));
    let workers = 8;
    let mut tasks = tokio::task::JoinSet::new();
    let fixture = std::sync::Arc::new(fixture);
    for worker in 0..workers {
        let fixture = fixture.clone();
        tasks.spawn(async move {
            let mut sold = 0_i64;
            let contact = format!("c{worker}");
            for attempt in 0..attempts / workers {
                let conversation = fixture.write(&contact, "hola").await;
                let context = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap();
                let open = context.order.filter(|order| order.status == OrderStatus::Proposed);
                let effect = if let Some(open) = &open {
                    yes(&open.id, open.version)
                } else {
                    let quantity = u32::try_from(attempt % 7 + 1).unwrap();
                    fixture.proposal(&format!("{worker}X{attempt}"), None, vec![item("m", quantity, 100)])
                };
                let ended = fixture.turn_with(&contact, vec![effect]).await;
                if let (Committed::Done(_), Some(open)) = (ended, open) {
                    sold += i64::from(open.items[0].quantity);
                }
            }
            sold
        });
    }
    let importing = fixture.clone();
    let imports = tokio::task::spawn_blocking(move || {
        for round in 0..attempts / 200 {
            // Other products come and go meanwhile; the file says nothing of the hammers.
            importing.stock(&format!("x{round},Otro {round},5,{round}\n"));
        }
    });
    let mut sold = 0;
    while let Some(ended) = tasks.join_next().await {
        sold += ended.unwrap();
    }
    imports.await.unwrap();
    assert_eq!(fixture.left("m"), first - sold);
    assert!(fixture.left("m") >= 0);
    let booked = fixture.count(
        "select coalesce(sum(i.quantity), 0) from order_item i join sales_order o on o.id = i.order_id
         where o.status = 'confirmed'",
    );
    assert_eq!(booked, sold, "every sale is one order, and every order one sale");
    assert_eq!(fixture.count("select count(*) from stock_hold h join sales_order o on o.id = h.order_id where o.status <> 'proposed'"), 0);
}
