//! Killing the daemon at every step of a sale over a channel, from the question to what the owner is told, and an import of
//! the catalogue in the middle of its transaction: each thing happens once, or not yet.

use reqwest::Method;
use serde_json::json;

use crate::{
    config::{iass, json_lines, stderr},
    fake_business::{FakeBusiness, Place},
    fake_llm::{Act, FakeLlm},
    fake_twilio::{FakeTwilio, PUBLIC_URL, TOKEN, encode, sign},
    harness::{Daemon, Site},
};

const PATH: &str = "/webhooks/twilio/shop";
const CUSTOMER: &str = "whatsapp:+573001112233";

/// The places where taking a message, answering it and sending the answer can be cut off.
const MESSAGE_POINTS: [&str; 10] = [
    "accept.before_commit",
    "accept.after_commit",
    "dispatch.after_claim",
    "turn.before_commit",
    "turn.in_commit",
    "turn.in_commit:3",
    "turn.after_commit",
    "outbox.after_claim",
    "outbox.after_send",
    "outbox.after_mark",
];

/// The same of what the owner is told of a sale.
const NOTICE_POINTS: [&str; 3] = ["turn.in_commit:4", "delivery.before_send", "delivery.after_send"];

/// A shop on WhatsApp whose owner is told of sales at an address of theirs.
struct Shop {
    site: Site,
    twilio: FakeTwilio,
    business: FakeBusiness,
    /// Messages that the customer wrote.
    written: usize,
}

impl Shop {
    fn open(model: Option<&FakeLlm>) -> Self {
        let (site, twilio, business) = (Site::new(&[]), FakeTwilio::start(), FakeBusiness::start());
        let llm = model.map_or(String::new(), |model| {
            format!(
                "[llm]\ntimeout_s = 30\n[[llm.keys]]\nid = \"key_a\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n",
                model.base_url()
            )
        });
        site.write(
            "chatbot.toml",
            &format!(
                "[server]\npublic_url = \"{PUBLIC_URL}\"\n[worker]\nburst_quiet_ms = 0\n[outbox]\nfirst_retry_ms = 10\n{llm}"
            ),
        );
        let webhook = business.url(Place::Webhook);
        site.write(
            "tenants/shop/tenant.toml",
            &format!(
                "name = \"La Tuerca\"\ncurrency = \"MXN\"\n[limits]\nmessages_per_minute = 1000\n\
                 [notify.webhook]\nurl = \"{webhook}\"\nsecret = \"{}\"\n{}",
                crate::fake_business::SECRET,
                twilio.config("")
            ),
        );
        site.write("catalogo.csv", CATALOGUE);
        import(&site, "catalogo.csv", &[]);
        Self { site, twilio, business, written: 0 }
    }

    /// The customer writes; the daemon dies at a point; the channel posts the message again until it is taken, and then once
    /// more. Returns when nothing is left to be done.
    async fn write_and_die(&mut self, text: &str, point: &str) {
        self.written += 1;
        let sid = format!("SM{:032}", self.written);
        let mut daemon = self.site.start_to_die(point).unwrap();
        post(&daemon, &sid, text).await;
        let status = daemon.ended().await;
        assert!(!status.success(), "{point} ended with {status}");
        self.settle(&sid, text, point).await;
    }

    async fn write(&mut self, text: &str) {
        self.written += 1;
        self.settle(&format!("SM{:032}", self.written), text, "no death").await;
    }

    async fn settle(&self, sid: &str, text: &str, point: &str) {
        let daemon = self.site.start();
        for _ in 0..2 {
            assert_eq!(post(&daemon, sid, text).await, Some(200));
        }
        // The comment tells where it was when a test waits in vain.
        let left = format!(
            "select (select count(*) from inbox where turn_id is null)
                         + (select count(*) from outbox where state in ('pending', 'sending'))
                         + (select count(*) from delivery where state in ('pending', 'sending')) -- {point}"
        );
        self.site.wait_until("shop", &left, 0).await;
    }

    fn count(&self, sql: &str) -> usize {
        self.site.count("shop", sql)
    }

    /// What must be so after 7 hammers were offered, taken, and agreed to once more; `again` is the point that was died at.
    fn check_one_sale(&self, point: &str) {
        let count = |sql: &str| self.count(sql);
        assert_eq!(count("select count(*) from sales_order"), 1, "{point}");
        let sold = "select count(*) from sales_order o join order_item i on i.order_id = o.id
                    where o.status = 'confirmed' and i.sku = 'MAR-1' and i.quantity = 7 and o.total_minor = 132300";
        assert_eq!(count(sold), 1, "{point}");
        assert_eq!(count("select count(*) from order_item"), 1, "{point}");
        assert_eq!(count("select stock from product where sku = 'MAR-1'"), 0, "{point}");
        assert_eq!(count("select stock from product where sku = 'CLA-2'"), 40, "{point}");
        assert_eq!(count("select count(*) from stock_hold"), 0, "{point}");
        for action in ["order.proposed", "order.confirmed"] {
            let lines = format!("select count(*) from audit where action = '{action}'");
            assert_eq!(count(&lines), 1, "{point} {action}");
        }
        // One reply for each message, each sent; only the one whose sender died before it could write that down went twice.
        let replies = self.written;
        assert_eq!(count("select count(*) from message where role = 'customer'"), replies, "{point}");
        assert_eq!(count("select count(*) from outbox where state = 'sent'"), replies, "{point}");
        assert_eq!(count("select count(*) from outbox"), replies, "{point}");
        let sent = self.twilio.tried().len();
        match point {
            "outbox.after_send" => assert_eq!(sent, replies + 1),
            // The reply may be under way when what tells the owner dies.
            _ if point.starts_with("delivery.") => {
                assert!((replies..=replies + 1).contains(&sent), "{point}: {sent}");
            }
            _ => assert_eq!(sent, replies, "{point}"),
        }
        // The owner heard of one sale and of one product that ran out; a copy names the delivery it is a copy of.
        for event in ["order", "low_stock"] {
            let rows = format!("select count(*) from delivery where event = '{event}' and state = 'sent'");
            assert_eq!(count(&rows), 1, "{point} {event}");
            let mut told: Vec<String> = self
                .business
                .taken(Place::Webhook)
                .iter()
                .filter(|told| told.body["event"] == event)
                .map(|told| told.header("idempotency-key").to_owned())
                .collect();
            told.dedup();
            assert_eq!(told.len(), 1, "{point} {event}");
        }
        assert_eq!(count("select count(*) from delivery"), 2, "{point}");
        let last = &self.twilio.taken().pop().unwrap();
        assert!(last.field("Body").contains("ya está registrado"), "{point} {last:?}");
    }
}

/// Posts a message as Twilio does; none when the daemon died meanwhile.
async fn post(daemon: &Daemon, sid: &str, text: &str) -> Option<u16> {
    let fields = [
        ("MessageSid", sid),
        ("From", CUSTOMER),
        ("To", "whatsapp:+14155238886"),
        ("ProfileName", "Ana"),
        ("Body", text),
        ("NumMedia", "0"),
    ];
    let request = daemon.client.request(Method::POST, PATH);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("x-twilio-signature", sign(TOKEN, PATH, &fields));
    request.body(encode(&fields)).send().await.ok().map(|response| response.status().as_u16())
}

const CATALOGUE: &str = "sku,name,price,stock\nMAR-1,Martillo,189,7\nCLA-2,Clavo de 2 pulgadas,5,40\nSIE-1,Sierra circular,1500,2\n";

fn import(site: &Site, file: &str, env: &[(&str, &str)]) -> bool {
    let output = iass(site.path(), &["catalog", "import", file, "--tenant", "shop", "--json"], env);
    assert!(output.status.success() || !env.is_empty(), "{}", stderr(&output));
    output.status.success()
}

#[tokio::test]
async fn a_daemon_killed_at_any_step_of_a_sale_sells_once_answers_once_and_tells_the_owner_once() {
    let talk = ["Quiero comprar 10 martillos", "Sí", "sí"];
    for (step, message) in talk.iter().enumerate() {
        let notices: &[&str] = if step == 1 { &NOTICE_POINTS } else { &[] };
        // The second yes sells nothing: what it could do is cut off once.
        let points: &[&str] = if step == 2 { &["turn.after_commit"] } else { &MESSAGE_POINTS };
        for point in points.iter().chain(notices) {
            let mut shop = Shop::open(None);
            for before in &talk[..step] {
                shop.write(before).await;
            }
            shop.write_and_die(message, point).await;
            for after in &talk[step + 1..] {
                shop.write(after).await;
            }
            let offer = &shop.twilio.taken()[0];
            assert!(offer.field("Body").starts_with("Puedo ofrecerte 7 martillos"), "{point} {offer:?}");
            shop.check_one_sale(point);
        }
    }
}

/// A wish that names no product, so that it takes a model to see which is meant.
const RIDDLE: &str = "¿Manejan esa herramienta con la que se golpea y se clava? Serían diez";

#[tokio::test]
async fn with_a_model_that_proposes_a_daemon_killed_at_any_step_sells_once() {
    for (point, kills_the_yes) in MESSAGE_POINTS
        .into_iter()
        .map(|point| (point, false))
        .chain(["turn.before_commit", "turn.in_commit", "turn.after_commit"].map(|point| (point, true)))
    {
        let proposal = [
            Act::Answer("sales".to_owned()),
            Act::Call("search_products", json!({"query": "martillo"})),
            Act::Call("propose_order", json!({"items": [{"sku": "MAR-1", "quantity": 10}]})),
        ];
        // Asked again after a crash it says the same.
        let model = FakeLlm::start(proposal.iter().chain(&proposal).cloned());
        let mut shop = Shop::open(Some(&model));
        if kills_the_yes {
            shop.write(RIDDLE).await;
            shop.write_and_die("sí", point).await;
        } else {
            shop.write_and_die(RIDDLE, point).await;
            shop.write("sí").await;
        }
        shop.write("sí").await;
        shop.check_one_sale(point);
        assert!(model.asked().len() <= proposal.len() * 2, "{point}: a yes is heard by code alone");
    }
}

#[test]
fn an_import_killed_at_any_step_changes_nothing_and_happens_once_when_it_is_done_again() {
    for point in ["import.in_commit", "import.before_commit"] {
        let site = Site::new(&[]);
        site.write("tenants/shop/tenant.toml", "name = \"La Tuerca\"\ncurrency = \"MXN\"\n");
        site.write("catalogo.csv", CATALOGUE);
        import(&site, "catalogo.csv", &[]);
        // Somebody is being offered hammers meanwhile.
        let say = |text: &str| {
            let line = ["chat", "--tenant", "shop", "--contact", "ana", "--json", "-m", text];
            json_lines(&iass(site.path(), &line, &[])).remove(0)
        };
        say("quiero 3 martillos");
        let list = || json_lines(&iass(site.path(), &["catalog", "list", "--tenant", "shop", "--json"], &[]));
        let before = list();
        site.write("nuevo.csv", "sku,name,price,stock\nMAR-1,Martillo,210,5\nTAL-1,Taladro percutor,900,4\n");
        assert!(!import(&site, "nuevo.csv", &[("IASS_CRASH_POINT", point)]), "{point} was not died at");
        assert_eq!(list(), before, "{point}");
        assert_eq!(site.count("shop", "select count(*) from audit where action = 'catalog.imported'"), 1);
        let found = iass(site.path(), &["catalog", "search", "taladro", "--tenant", "shop"], &[]);
        assert_eq!(found.status.code(), Some(3), "{point}");

        import(&site, "nuevo.csv", &[]);
        assert_eq!(list().len(), 4, "{point}");
        assert_eq!(site.count("shop", "select count(*) from audit where action = 'catalog.imported'"), 2);
        assert_eq!(site.count("shop", "select coalesce(sum(quantity), 0) from stock_hold"), 3, "{point}");
        let found = iass(site.path(), &["catalog", "search", "taladro", "--tenant", "shop"], &[]);
        assert!(found.status.success(), "{point}: found at once");
        // The price that was agreed to is not the price any more.
        let turn = say("sí");
        assert!(turn["reply"].as_str().unwrap().contains("$630.00"), "{turn}");
        assert_eq!(turn["order"]["status"], "proposed");
        assert_eq!(say("sí")["order"]["status"], "confirmed");
        assert_eq!(site.count("shop", "select stock from product where sku = 'MAR-1'"), 2);
    }
}

#[tokio::test]
async fn a_daemon_killed_in_an_import_by_the_api_changes_nothing_and_takes_it_again() {
    for point in ["import.in_commit", "import.before_commit"] {
        let site = Site::new(&[]);
        site.write("tenants/shop/tenant.toml", "name = \"La Tuerca\"\ncurrency = \"MXN\"\n");
        site.write("catalogo.csv", CATALOGUE);
        import(&site, "catalogo.csv", &[]);
        let path = "/api/v1/tenants/shop/products/import?replace=true&max_delete=100";
        let file = "sku,name,price,stock\nTAL-1,Taladro percutor,900,4\n";
        let mut daemon = site.start_to_die(point).unwrap();
        let request = daemon.client.request(Method::POST, path).body(file);
        assert!(request.send().await.is_err(), "{point} was not died at");
        assert!(!daemon.ended().await.success());
        let daemon = site.start();
        assert_eq!(daemon.client.list("/api/v1/tenants/shop/products").await.len(), 3, "{point}");
        for expected in [(1, 0), (0, 1)] {
            let response = daemon.client.request(Method::POST, path).body(file).send().await.unwrap();
            let report: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            assert_eq!((&report["added"], &report["unchanged"]), (&expected.0.into(), &expected.1.into()));
        }
        let products = daemon.client.list("/api/v1/tenants/shop/products").await;
        assert_eq!((products.len(), &products[0]["sku"]), (1, &json!("TAL-1")), "{point}");
    }
}
