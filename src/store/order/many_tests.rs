//! A hundred thousand attempts to buy, change, give up and cancel, from several processes and many conversations at once, while
//! files are imported that count the same products anew. However they meet, the books agree.
//!
//! Each attempt is what a turn's commit does with an order, in a transaction of its own; the rest of a turn (messages, outbox,
//! leases) is tested elsewhere and would only make the attempts fewer. What is written need not be on disk at once: what
//! survives a crash is tested by crashing.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;
use crate::{
    catalog::import::{BadRows, ImportOptions, import},
    clock::{Clock, Ids},
    domain::{
        effect::{Confirmation, DeliveryTarget, Effect, Proposal},
        language::Language,
        money::Currency,
        product::Product,
    },
    store::{
        effect::{Applying, apply},
        fixture::Fixture,
        product,
        product_import::{Missing, Mode},
    },
};

/// Attempts in all.
const ATTEMPTS: usize = 100_000;

/// How many processes have the database open: each has its own connections, and SQLite is all they share.
const PROCESSES: usize = 3;

/// Customers who write at the same moment in each of them.
const WRITERS: usize = 2;

/// Conversations, which all writers take part in: what two of them do to one of these at once is as if a message came twice.
const CONVERSATIONS: usize = 40;

/// Products.
const PRODUCTS: usize = 5;

/// How long a proposal is good, in milliseconds.
const RESERVED_MS: i64 = 60_000;

/// The next of a reproducible row of numbers (xorshift64, <https://doi.org/10.18637/jss.v008.i14>).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }
}

/// What the writers saw happen.
#[derive(Default)]
struct Seen {
    /// The orders that somebody was told are sold, each as often as somebody was.
    sold: Vec<OrderRecord>,
    /// Attempts that were refused.
    refused: usize,
    /// Pieces that imports put there, less those that they took away, by product.
    put: BTreeMap<String, i64>,
    /// The prices that there were, by product.
    prices: BTreeMap<String, Vec<i64>>,
    imports: usize,
}

/// A shop that is open in several processes.
struct Shop {
    fixture: Fixture,
    processes: Vec<TenantDb>,
    attempts: AtomicUsize,
    seen: Mutex<Seen>,
}

impl Shop {
    async fn open() -> Self {
        let fixture = Fixture::new();
        for conversation in 0..CONVERSATIONS {
            fixture.write(&format!("c{conversation}"), "hola").await;
        }
        let mut processes = vec![fixture.db.clone()];
        processes.extend((1..PROCESSES).map(|_| TenantDb::open(fixture.db.path()).unwrap()));
        for process in &processes {
            let relax = process.exclusive(|path, connection| {
                connection.pragma_update(None, "synchronous", "off").map_err(|e| StoreError::sqlite(path, e))
            });
            relax.await.unwrap();
        }
        Self { fixture, processes, attempts: AtomicUsize::new(0), seen: Mutex::default() }
    }

    fn now_ms(&self) -> i64 {
        self.fixture.clock.now_ms()
    }

    /// The conversations, each with its contact.
    fn conversations(&self) -> Vec<(ConversationId, String)> {
        let sql = "select id, contact_id from conversation order by id";
        let read = |tx: &Transaction<'_>| {
            let mut statement = tx.prepare(sql)?;
            let rows = statement
                .query_map([], |row| Ok((ConversationId::new(row.get::<_, String>(0)?), row.get(1)?)))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        self.fixture.db.read_blocking(read).unwrap()
    }

    /// Imports a file that counts some products anew, and notes what that put there.
    fn import(&self, db: &TenantDb, chance: &mut Chance, products: usize) {
        let mut file = "sku,name,price,stock\n".to_owned();
        for product in 0..products {
            // Nearly nothing, or plenty; the price changes now and then.
            let stock = if chance.below(3) == 0 { chance.below(5) } else { 50 + chance.below(400) };
            let price = 100 + 10 * (chance.below(12) / 10);
            writeln!(file, "p{product},Producto {product},{price},{stock}").unwrap();
        }
        writeln!(file, "x{},Otro,5,{}", chance.below(50), chance.below(50)).unwrap();
        let options = ImportOptions {
            currency: Currency::parse("COP").unwrap(),
            language: Language::Es,
            missing: Missing::Keep,
            mode: Mode::Apply,
            bad_rows: BadRows::Refuse,
            actor: "operator".to_owned(),
        };
        let report = import(db, file.as_bytes(), options, &Clock::System).unwrap();
        assert!(report.applied, "{report:?}");
        let mut seen = self.seen.lock().unwrap();
        seen.imports += 1;
        for change in &report.changes.changes {
            let fields = &change.fields;
            if let Some([before, after]) = fields.get("stock") {
                *seen.put.entry(change.sku.clone()).or_default() +=
                    after.as_i64().unwrap() - before.as_i64().unwrap();
            }
            if let Some([_, after]) = fields.get("price") {
                seen.prices.entry(change.sku.clone()).or_default().push(after["minor"].as_i64().unwrap());
            }
        }
    }

    /// One customer after another, until there were enough attempts.
    fn write_until_over(&self, db: &TenantDb, conversations: &[(ConversationId, String)], seed: u64) {
        let (mut chance, ids) = (Chance(seed), self.fixture.ids.clone());
        let mut seen = Seen::default();
        loop {
            let (conversation, contact) = &conversations[chance.below(conversations.len())];
            let sold =
                seen.sold.len().checked_sub(1).map(|last| seen.sold[chance.below(last + 1)].id.clone());
            let Some(attempt) = self.plan(db, conversation, sold, &mut chance, &ids) else { continue };
            if self.attempts.fetch_add(1, Ordering::Relaxed) >= ATTEMPTS {
                break;
            }
            let now_ms = self.now_ms();
            let done = match &attempt {
                Attempt::Effect(effect, _) => db.write_blocking(|tx| {
                    let applying = Applying { tx, conversation, now_ms, ids: &ids };
                    apply(&applying, std::slice::from_ref(&**effect))
                }),
                Attempt::GiveBack(id) => db.write_blocking(|tx| {
                    super::settle::settle(tx, id, OrderStatus::Cancelled, "operator", now_ms).map(drop)
                }),
            };
            match (done, attempt) {
                (Ok(()), Attempt::Effect(_, Some(order))) => {
                    assert_eq!(&order.contact_id, contact);
                    seen.sold.push(*order);
                }
                (Ok(()), _) => {}
                (Err(StoreError::Stale), _) => seen.refused += 1,
                (Err(error), attempt) => panic!("{error} at {attempt:?}"),
            }
        }
        let mut all = self.seen.lock().unwrap();
        all.sold.append(&mut seen.sold);
        all.refused += seen.refused;
    }

    /// What a turn would do with what it sees now, when there is anything to be had; when it does it, that may not be so any more.
    fn plan(
        &self,
        db: &TenantDb,
        conversation: &ConversationId,
        sold: Option<String>,
        chance: &mut Chance,
        ids: &Ids,
    ) -> Option<Attempt> {
        let now_ms = self.now_ms();
        let wanted: Vec<(String, u32)> = (0..=chance.below(2))
            .map(|_| (format!("p{}", chance.below(PRODUCTS)), u32::try_from(1 + chance.below(9)).unwrap()))
            .collect();
        let (open, products) = db
            .read_blocking(|tx| {
                let products: Vec<(Option<Product>, u32)> = wanted
                    .iter()
                    .map(|(sku, count)| Ok((product::find(tx, sku, now_ms)?, *count)))
                    .collect::<Result<_, StoreError>>()?;
                Ok((open_of(tx, conversation, now_ms)?, products))
            })
            .unwrap();
        let open = open.filter(|order| order.status == OrderStatus::Proposed);
        Some(match (open, sold, chance.below(20)) {
            (Some(open), _, 0..=11) => {
                let confirmation = Confirmation {
                    id: open.id.clone(),
                    version: open.version,
                    low_stock: 3,
                    low_stock_targets: vec![DeliveryTarget::Webhook],
                };
                Attempt::Effect(Box::new(Effect::ConfirmOrder(confirmation)), Some(Box::new(open)))
            }
            (Some(open), _, 12..=13) => {
                let effect = Effect::CancelOrder { id: open.id, version: open.version };
                Attempt::Effect(Box::new(effect), None)
            }
            (_, Some(sold), 14..=15) => Attempt::GiveBack(sold),
            (open, ..) => {
                let mut items: Vec<OrderItem> = Vec::new();
                for (product, count) in products {
                    let product = product.unwrap();
                    // Now and then more is promised than there is: the store must not believe it.
                    let count = if chance.below(10) == 0 { count } else { count.min(product.available()) };
                    if items.iter().all(|item| item.sku != product.sku) {
                        items.extend(OrderItem::new(&product.sku, &product.name, count, product.price));
                    }
                }
                let (id, version) = match open {
                    Some(open) => (open.id, Some(open.version)),
                    None => (ids.next("o").to_uppercase(), None),
                };
                if items.is_empty() {
                    return None;
                }
                let proposal = Proposal { id, version, items, expires_ms: now_ms + RESERVED_MS };
                Attempt::Effect(Box::new(Effect::ProposeOrder(proposal)), None)
            }
        })
    }

    fn rows<T>(&self, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
        let rows = |tx: &Transaction<'_>| {
            let mut statement = tx.prepare(sql)?;
            let rows = statement.query_map([], |row| read(row))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        self.fixture.db.read_blocking(rows).unwrap()
    }

    fn by_product(&self, sql: &str) -> BTreeMap<String, i64> {
        self.rows(sql, |row| Ok((row.get(0)?, row.get(1)?))).into_iter().collect()
    }
}

/// What a writer tries.
#[derive(Debug)]
enum Attempt {
    /// What a turn does; the order that it sells, if it does.
    Effect(Box<Effect>, Option<Box<OrderRecord>>),
    /// The business cancels what was sold.
    GiveBack(String),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_attempts_and_imports_at_once_sell_each_piece_once() {
    let shop = Shop::open().await;
    tokio::task::spawn_blocking(move || run(&shop)).await.unwrap();
}

fn run(shop: &Shop) {
    let mut first = String::new();
    for product in 0..PRODUCTS {
        writeln!(first, "p{product},Producto {product},100,300").unwrap();
    }
    shop.fixture.stock(&first);
    {
        let mut seen = shop.seen.lock().unwrap();
        seen.put = (0..PRODUCTS).map(|product| (format!("p{product}"), 300)).collect();
        seen.prices = (0..PRODUCTS).map(|product| (format!("p{product}"), vec![10_000])).collect();
    }
    let conversations = shop.conversations();
    assert_eq!(conversations.len(), CONVERSATIONS);
    // Whoever imports is a process of its own.
    let importing = TenantDb::open(shop.fixture.db.path()).unwrap();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..PROCESSES * WRITERS)
            .map(|writer| {
                let (db, conversations) = (&shop.processes[writer % PROCESSES], &conversations);
                let seed = 0x9e37_79b9_7f4a_7c15 ^ u64::try_from(writer + 1).unwrap();
                scope.spawn(move || shop.write_until_over(db, conversations, seed))
            })
            .collect();
        let mut chance = Chance(0x2545_f491);
        while writers.iter().any(|writer| !writer.is_finished()) {
            shop.import(&importing, &mut chance, PRODUCTS);
            // Proposals run out meanwhile.
            shop.fixture.advance(i64::try_from(chance.below(20)).unwrap());
        }
    });
    check(shop);
}

fn check(shop: &Shop) {
    let seen = shop.seen.lock().unwrap();
    let stock = shop.by_product("select sku, stock from product where sku like 'p%'");
    let held = shop.by_product(
        "select p.sku, sum(h.quantity) from stock_hold h join product p on p.id = h.product_id group by p.sku",
    );
    let sold = shop.by_product(
        "select i.sku, sum(i.quantity) from order_item i join sales_order o on o.id = i.order_id
         where o.status = 'confirmed' group by i.sku",
    );
    let proposed = shop.by_product(
        "select i.sku, sum(i.quantity) from order_item i join sales_order o on o.id = i.order_id
         where o.status = 'proposed' group by i.sku",
    );
    assert_eq!(stock.len(), PRODUCTS);
    for (sku, stock) in &stock {
        assert!(*stock >= 0, "{sku}");
        let of = |books: &BTreeMap<String, i64>| books.get(sku).copied().unwrap_or_default();
        let free = stock - of(&held);
        assert_eq!(free + of(&held) + of(&sold), of(&seen.put), "{sku}: what imports put there, and no more");
        assert_eq!(of(&held), of(&proposed), "{sku}: what is set aside is what is proposed");
    }
    // No order was sold twice, and every sale that somebody was told of is one.
    let mut told: Vec<&str> = seen.sold.iter().map(|order| order.id.as_str()).collect();
    let times = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), times, "an order was sold twice");
    let ended = "select id from sales_order where status = 'confirmed'
                 union select o.id from sales_order o join audit a on a.subject = o.id
                       where o.status = 'cancelled' and a.action = 'order.cancelled' and a.actor = 'operator'
                 order by 1";
    let confirmed: Vec<String> = shop.rows(ended, |row| row.get(0));
    assert_eq!(confirmed, told);
    // Money adds up, at prices that there were.
    let sums = "select o.total_minor, (select sum(i.quantity * i.unit_minor) from order_item i where i.order_id = o.id)
                from sales_order o";
    for (total, sum) in shop.rows(sums, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))) {
        assert_eq!(total, sum);
    }
    for item in seen.sold.iter().flat_map(|order| &order.items) {
        assert!(seen.prices[&item.sku].contains(&item.unit_price.minor), "{item:?}");
    }
    let revenue: i64 = seen.sold.iter().map(|order| order.total.minor).sum();
    let kept = shop
        .rows("select total_minor from sales_order where status = 'confirmed'", |row| row.get::<_, i64>(0));
    let given_back = shop.rows(
        "select o.total_minor from sales_order o join audit a on a.subject = o.id
             where o.status = 'cancelled' and a.action = 'order.cancelled' and a.actor = 'operator'",
        |row| row.get::<_, i64>(0),
    );
    assert_eq!(revenue, kept.iter().sum::<i64>() + given_back.iter().sum::<i64>());
    // All of it happened often enough to have met.
    let (sales, refused, imports, back) = (seen.sold.len(), seen.refused, seen.imports, given_back.len());
    assert!(
        sales > 5_000 && refused > 1_000 && imports > 50 && back > 1_000,
        "{sales} {refused} {imports} {back}"
    );
}
