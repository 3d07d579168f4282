//! Killing the daemon at any moment: every accepted message has exactly one reply, in order, and nothing is doubled.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Client, PATIENCE, Site};

/// Conversations that write at once.
const CONVERSATIONS: usize = 20;

/// What each contact was told is safe, in order.
#[derive(Clone)]
struct Ledger {
    safe: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
    /// A permit for each acknowledgement that nobody waited for yet.
    news: Arc<Semaphore>,
}

impl Ledger {
    fn new() -> Self {
        Self { safe: Arc::default(), news: Arc::new(Semaphore::new(0)) }
    }

    fn of(&self, contact: &str) -> usize {
        self.safe.lock().unwrap().get(contact).map_or(0, Vec::len)
    }

    fn note(&self, contact: &str, id: String) {
        self.safe.lock().unwrap().entry(contact.to_owned()).or_default().push(id);
        self.news.add_permits(1);
    }

    /// Waits for so many more acknowledgements.
    async fn grown_by(&self, count: u32) {
        let _old = self.news.forget_permits(usize::MAX);
        let grown = tokio::time::timeout(PATIENCE, self.news.acquire_many(count)).await;
        grown.expect("nothing is acknowledged").unwrap().forget();
    }

    fn safe(&self) -> BTreeMap<String, Vec<String>> {
        self.safe.lock().unwrap().clone()
    }
}

/// The places where a message, its turn or its reply can be cut off.
const POINTS: [&str; 8] = [
    "accept.before_commit",
    "accept.after_commit",
    "dispatch.after_claim",
    "turn.before_commit",
    "turn.after_commit",
    "outbox.after_claim",
    "outbox.after_send",
    "outbox.after_mark",
];

/// One customer, who sends a message again until it is acknowledged and only then goes on. Ends with the daemon.
async fn write(client: Client, contact: String, ledger: Ledger) {
    loop {
        let number = ledger.of(&contact);
        let id = format!("{contact}-{number}");
        // Some write and wait for the reply, some write on.
        let wait = number.is_multiple_of(3);
        let body = json!({"contact": contact, "message": "gracias", "message_id": id, "wait": wait});
        match client.try_post("/api/v1/tenants/acme/chat", &body).await {
            Ok((StatusCode::OK | StatusCode::ACCEPTED, _)) => {
                ledger.note(&contact, id);
            }
            Ok((StatusCode::SERVICE_UNAVAILABLE, _)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(_) => return,
        }
    }
}

fn customers(client: &Client, ledger: &Ledger) -> tokio::task::JoinSet<()> {
    let contacts = (0..CONVERSATIONS).map(|n| format!("c{n:02}"));
    contacts.map(|contact| write(client.clone(), contact, ledger.clone())).collect()
}

/// Waits until everything is answered and sent, then checks every message against the ledger.
async fn check(site: &Site, ledger: &Ledger) {
    let daemon = site.start();
    let acknowledged = ledger.safe();
    for ids in acknowledged.values() {
        if let Some(last) = ids.last() {
            daemon.client.turn_of("acme", last).await;
        }
    }
    settled(site).await;
    let mut turns: HashMap<String, usize> = HashMap::new();
    for (contact, messages) in daemon.client.conversations("acme").await {
        let text = |message: &Value, field: &str| message[field].as_str().unwrap().to_owned();
        let customer: Vec<String> =
            messages.iter().filter(|m| m["role"] == "customer").map(|m| text(m, "message_id")).collect();
        let expected: Vec<String> = (0..customer.len()).map(|n| format!("{contact}-{n}")).collect();
        assert_eq!(customer, expected, "each message of {contact} once, in the order it was written");
        let safe = acknowledged.get(&contact).map_or(0, Vec::len);
        // The last one may have been stored without the customer having heard of it.
        assert!(customer.len() == safe || customer.len() == safe + 1, "{contact}: {safe} {}", customer.len());
        let mut open: Vec<String> = Vec::new();
        for message in &messages {
            let turn = text(message, "turn");
            if message["role"] == "customer" {
                open.push(turn);
            } else {
                assert!(!open.is_empty() && open.iter().all(|of| *of == turn), "{contact}: {messages:?}");
                open.clear();
                *turns.entry(turn).or_default() += 1;
            }
        }
        assert!(open.is_empty(), "{contact}: {open:?} have no reply");
    }
    assert!(turns.values().all(|replies| *replies == 1), "a turn with two replies");
    // Everything that was decided went out, once, in the order of its conversation.
    let db = rusqlite::Connection::open(site.database("acme")).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, usize>(0)).unwrap();
    assert_eq!(count("select count(*) from outbox where state = 'sent'"), turns.len());
    assert_eq!(count("select count(*) from outbox where state <> 'sent'"), 0);
    assert_eq!(count("select count(distinct turn_id) from outbox"), turns.len());
    assert_eq!(
        count(
            "select count(*) from outbox a join outbox b on a.conversation_id = b.conversation_id
             where a.seq < b.seq and a.sent_ms > b.sent_ms"
        ),
        0,
        "replies overtook each other"
    );
}

/// Waits until the inbox and the outbox are empty.
async fn settled(site: &Site) {
    let db = rusqlite::Connection::open(site.database("acme")).unwrap();
    let begun = Instant::now();
    loop {
        let left: usize = db
            .query_row(
                "select (select count(*) from inbox where turn_id is null)
                      + (select count(*) from outbox where state in ('pending', 'sending'))",
                [],
                |row| row.get(0),
            )
            .unwrap();
        if left == 0 {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{left} are left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The next of a reproducible row of numbers (xorshift64, <https://doi.org/10.18637/jss.v008.i14>).
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_killed_at_a_hundred_moments_loses_and_doubles_nothing() {
    let site = Site::new(&["acme"]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 20\n");
    let ledger = Ledger::new();
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..100 {
        let mut daemon = site.start();
        let mut customers = customers(&daemon.client, &ledger);
        // After some acknowledgements, on a slow machine too, and a random moment later; in some rounds before any.
        ledger.grown_by(u32::try_from(next(&mut seed) % 8).unwrap()).await;
        tokio::time::sleep(Duration::from_micros(next(&mut seed) % 50_000)).await;
        daemon.kill();
        while let Some(customer) = customers.join_next().await {
            customer.unwrap();
        }
    }
    let acknowledged: usize = ledger.safe().values().map(Vec::len).sum();
    assert!(acknowledged > 100, "only {acknowledged} messages were taken");
    check(&site, &ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_dies_at_each_named_point_loses_and_doubles_nothing() {
    let site = Site::new(&["acme"]);
    site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 20\n");
    let ledger = Ledger::new();
    for point in POINTS {
        for hit in [1, 7] {
            // What an earlier death left behind may take it to the point before anybody writes.
            let Ok(mut daemon) = site.start_to_die(&format!("{point}:{hit}")) else { continue };
            let mut customers = customers(&daemon.client, &ledger);
            let status = daemon.ended().await;
            assert!(!status.success(), "{point}:{hit} ended with {status}");
            while let Some(customer) = customers.join_next().await {
                customer.unwrap();
            }
        }
    }
    check(&site, &ledger).await;
}
