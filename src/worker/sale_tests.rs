//! Whole talks about a purchase, by the runner that daemon and terminal use, with a clock that is moved by hand.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::runner::TurnRunner;
use crate::{
    alerts::Alerts,
    catalog::import::{BadRows, ImportOptions, import},
    clock::{Clock, Ids, ManualClock},
    config::{Config, ConfigSource, env::Env, live::LiveConfig},
    domain::{
        contact::Identity,
        conversation::ChannelKind,
        language::Language,
        message::Inbound,
        money::Currency,
        order::{Order, OrderStatus},
        tenant::TenantId,
        turn::TurnReport,
    },
    knowledge::embed::Embedder,
    llm::pool::Pool,
    meters::Meters,
    store::{
        inbox::ClaimRules,
        product_import::{Missing, Mode},
    },
    tenants::{TenantUse, Tenants},
};

/// A shop without a model.
struct Shop {
    _folder: tempfile::TempDir,
    tenant: TenantUse,
    runner: TurnRunner,
    clock: Clock,
    hands: ManualClock,
    ids: Ids,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let of_tenant = folder.path().join("tenants/shop");
        std::fs::create_dir_all(&of_tenant).unwrap();
        let tenant = "name = \"La Tuerca\"\ncurrency = \"MXN\"\n[catalog]\nreserve_min = 10\n";
        std::fs::write(of_tenant.join("tenant.toml"), tenant).unwrap();
        let file = folder.path().join("chatbot.toml");
        std::fs::write(&file, "").unwrap();
        let source = ConfigSource::new(Some(file), Env::fixed([]));
        let config = Arc::new(Config::load(&source).unwrap());
        let (clock, hands) = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
        let pool = Pool::new(&config.llm, clock.clone(), Meters::new(), Alerts::logged()).unwrap();
        let live = Arc::new(LiveConfig::new(source, config));
        let tenants = Tenants::list(live, Arc::new(Embedder::builtin().unwrap()), clock.clone()).unwrap();
        let tenant = tenants.get(&TenantId::parse("shop").unwrap()).await.unwrap();
        let ids = Ids::Random;
        let runner = TurnRunner::new(Arc::new(pool), Duration::from_secs(30), clock.clone(), ids.clone());
        let shop = Self { _folder: folder, tenant, runner, clock, hands, ids };
        shop.import(
            "MAR-1,Martillo de goma,98,7\nMAR-2,Martillo de bola,210,9\nBRO-1,Brocha de 4 pulgadas,69,40\n",
        )
        .await;
        shop
    }

    async fn import(&self, lines: &str) {
        let options = ImportOptions {
            currency: Currency::parse("MXN").unwrap(),
            language: Language::Es,
            missing: Missing::Keep,
            mode: Mode::Apply,
            bad_rows: BadRows::Refuse,
            actor: "operator".to_owned(),
        };
        let (db, clock) = (self.tenant.db().clone(), self.clock.clone());
        let file = format!("sku,name,price,stock\n{lines}");
        let work = move || import(&db, file.as_bytes(), options, &clock).unwrap();
        assert!(tokio::task::spawn_blocking(work).await.unwrap().applied);
    }

    async fn say(&self, contact: &str, text: &str) -> TurnReport {
        self.hands.advance(SignedDuration::from_secs(1));
        let message = Inbound {
            channel: ChannelKind::Terminal,
            message_id: self.ids.next("m"),
            contact: contact.to_owned(),
            contact_name: None,
            identity: Identity::default(),
            text: text.to_owned(),
            attachments: Vec::new(),
            route: None,
            source: None,
            quiet_ms: 0,
        };
        let db = self.tenant.db();
        let conversation =
            db.accept(vec![message], &self.clock, &self.ids).await.unwrap().remove(0).conversation;
        let rules = ClaimRules {
            owner: "me".to_owned(),
            channels: vec![ChannelKind::Terminal],
            lease_ms: 60_000,
            max_burst_ms: 0,
            limit: 1,
        };
        let claim = db.claim_conversation(&conversation, &rules, self.clock.now_ms()).await.unwrap().unwrap();
        self.runner.run(&self.tenant.context, claim, "me", None).await.unwrap()
    }

    /// Has a customer say these things and returns what was replied last.
    async fn talk(&self, contact: &str, said: &[&str]) -> TurnReport {
        let mut last = None;
        for text in said {
            last = Some(self.say(contact, text).await);
        }
        last.unwrap()
    }

    fn wait(&self, minutes: i64) {
        self.hands.advance(SignedDuration::from_mins(minutes));
    }

    async fn stock(&self, sku: &str) -> (u32, u32) {
        let product = self.tenant.db().product(sku, self.clock.now_ms()).await.unwrap().unwrap();
        (product.stock, product.available())
    }

    async fn statuses(&self) -> Vec<OrderStatus> {
        let orders = self.tenant.db().orders(None, None, 100, self.clock.now_ms()).await.unwrap();
        orders.into_iter().map(|order| order.status).collect()
    }
}

/// The order that a turn speaks of.
fn order_of(turn: &TurnReport) -> Order {
    let order = turn.order.clone().unwrap_or_else(|| panic!("no order: {}", turn.reply));
    serde_json::from_value(order).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_after_the_time_is_over_is_a_fresh_offer_at_the_price_of_now() {
    let shop = Shop::open().await;
    let offer = shop.say("ana", "quiero 3 martillos de goma").await;
    assert!(offer.reply.contains("$294.00"), "{}", offer.reply);
    assert_eq!(shop.stock("MAR-1").await, (7, 4));
    shop.wait(11);
    shop.import("MAR-1,Martillo de goma,120,2\n").await;
    let fresh = shop.say("ana", "sí").await;
    assert!(
        fresh.reply.starts_with("El tiempo en que el pedido estaba apartado terminó."),
        "{}",
        fresh.reply
    );
    assert!(
        fresh.reply.contains("Puedo ofrecerte 2 martillos") && fresh.reply.contains("$240.00"),
        "{}",
        fresh.reply
    );
    assert_eq!(order_of(&fresh).status, OrderStatus::Proposed);
    assert_eq!(shop.stock("MAR-1").await, (2, 0), "nothing is sold, and two are set aside anew");
    let sold = shop.say("ana", "sí").await;
    assert_eq!(order_of(&sold).total.minor, 24_000, "{}", sold.reply);
    assert_eq!(shop.stock("MAR-1").await, (0, 0));
    assert_eq!(shop.statuses().await, [OrderStatus::Confirmed, OrderStatus::Expired]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_or_a_stock_that_changed_in_time_is_offered_anew_too() {
    let shop = Shop::open().await;
    shop.say("ana", "quiero 3 martillos de goma").await;
    shop.import("MAR-1,Martillo de goma,105,7\n").await;
    let fresh = shop.say("ana", "dale").await;
    assert!(fresh.reply.contains("$315.00") && fresh.reply.contains('?'), "{}", fresh.reply);
    assert_eq!((shop.stock("MAR-1").await, shop.statuses().await), ((7, 4), vec![OrderStatus::Proposed]));
    shop.import("MAR-1,Martillo de goma,105,1\n").await;
    let fresh = shop.say("ana", "dale").await;
    assert!(fresh.reply.contains("Puedo ofrecerte 1 martillo de goma"), "{}", fresh.reply);
    shop.say("ana", "dale").await;
    assert_eq!((shop.stock("MAR-1").await, shop.statuses().await), ((0, 0), vec![OrderStatus::Confirmed]));
    // What somebody else took meanwhile is not sold a second time.
    shop.say("luis", "quiero 9 martillos de bola").await;
    shop.wait(11);
    shop.talk("eva", &["quiero 9 martillos de bola", "sí"]).await;
    let late = shop.say("luis", "sí").await;
    assert!(late.reply.contains("no hay existencia"), "{}", late.reply);
    assert_eq!(shop.stock("MAR-2").await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_to_something_else_sells_nothing() {
    let shop = Shop::open().await;
    shop.talk("ana", &["quiero 2 martillos de goma", "¿y si llevo 5?"]).await;
    let asked = shop.say("ana", "sí").await;
    assert!(asked.reply.contains("$490.00") && asked.reply.contains('?'), "{}", asked.reply);
    assert_eq!(shop.statuses().await, [OrderStatus::Proposed]);
    let back = shop.talk("ana", &["¿y si llevo 7?", "no"]).await;
    assert!(back.reply.contains("$490.00"), "the order stays as it is: {}", back.reply);
    let sold = shop.say("ana", "sí").await;
    assert_eq!(order_of(&sold).items[0].quantity, 5);
    assert_eq!(shop.stock("MAR-1").await, (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pointed_at_changed_put_off_and_given_up_is_so_in_three_languages() {
    let shop = Shop::open().await;
    let check = async |contact: &str, said: &[&str], expected: &[(&str, u32)], status: OrderStatus| {
        let turn = shop.talk(contact, said).await;
        let order = order_of(&turn);
        let items: Vec<(&str, u32)> =
            order.items.iter().map(|item| (item.sku.as_str(), item.quantity)).collect();
        assert_eq!((items.as_slice(), order.status), (expected, status), "{said:?}: {}", turn.reply);
    };
    let (open, sold) = (OrderStatus::Proposed, OrderStatus::Confirmed);
    // Each list is that of the goma and the bola, in this order or the other.
    check("a", &["tienen martillos", "kiero 2 del mas barato xfa"], &[("MAR-1", 2)], open).await;
    check("a", &["agrega 2 brochas"], &[("MAR-1", 2), ("BRO-1", 2)], open).await;
    check("a", &["quita los martillos"], &[("BRO-1", 2)], open).await;
    check("a", &["mejor 5"], &[("BRO-1", 5)], open).await;
    check("a", &["cambia las brochas por martillos de bola", "solo 1"], &[("MAR-2", 1)], open).await;
    check("a", &["agrega 3 mas", "no, solo 1"], &[("MAR-2", 1)], open).await;
    check("a", &["espera"], &[("MAR-2", 1)], open).await;
    check("a", &["¿cuánto llevo?"], &[("MAR-2", 1)], open).await;
    check("a", &["mejor no"], &[("MAR-2", 1)], OrderStatus::Cancelled).await;
    check("e", &["2 martillos de goma", "no, los de bola"], &[("MAR-2", 2)], open).await;
    check("e", &["no gracias"], &[("MAR-2", 2)], OrderStatus::Cancelled).await;
    check("b", &["¿tienen martillos?", "los dos"], &[("MAR-1", 1), ("MAR-2", 1)], open).await;
    check("b", &["no", "martillos", "el más caro", "dale"], &[("MAR-2", 1)], open).await;
    check("b", &["ok 👍"], &[("MAR-2", 1)], sold).await;
    check("b", &["q paso con mi pedido?"], &[("MAR-2", 1)], sold).await;
    check(
        "c",
        &["do you have hammers?", "the cheapest one", "what if I take 3?", "yes"],
        &[("MAR-1", 3)],
        open,
    )
    .await;
    check("c", &["hold on", "yes please"], &[("MAR-1", 3)], sold).await;
    check("d", &["vocês têm martelos?", "o mais barato", "pode ser", "sim"], &[("MAR-1", 1)], sold).await;
    check("d", &["cadê meu pedido?"], &[("MAR-1", 1)], sold).await;
    let cancelled = shop.say("d", "cancela meu pedido").await;
    assert!(cancelled.handoff.is_some(), "what is sold is undone by a person: {}", cancelled.reply);
    assert_eq!((shop.stock("MAR-1").await.0, shop.stock("MAR-2").await.0), (3, 8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_of_another_customers_order() {
    let shop = Shop::open().await;
    let sold = shop.talk("ana", &["quiero 2 martillos de goma", "sí"]).await;
    let number = order_of(&sold).order;
    let asked = shop.say("luis", &format!("¿qué pasó con el pedido {number}?")).await;
    assert!(asked.reply.contains("No encuentro el pedido") && asked.order.is_none(), "{}", asked.reply);
    let asked = shop.say("luis", "mis pedidos").await;
    assert!(asked.reply.contains("no hay pedidos") && asked.order.is_none(), "{}", asked.reply);
    let own = shop.say("ana", "mis pedidos").await;
    assert!(own.reply.contains(&number) && own.reply.contains("$196.00"), "{}", own.reply);
}
