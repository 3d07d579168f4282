//! The way of a delivery and of a dead letter through the tables.

use rusqlite::params;
use serde_json::json;

use super::*;
use crate::store::dead_letter::{DeadLetter, LetterKind, Replayed};

struct World {
    _folder: tempfile::TempDir,
    db: TenantDb,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
    World { _folder: folder, db }
}

impl World {
    async fn decide(&self, id: &'static str, target: &'static str, urgent: bool, created_ms: i64) {
        let row = (id, target, urgent, created_ms);
        self.insert(row, "lead", json!({"about": id}).to_string()).await;
    }

    async fn insert(
        &self,
        (id, target, urgent, created_ms): (&'static str, &'static str, bool, i64),
        event: &'static str,
        payload: String,
    ) {
        let insert =
            "insert into delivery (id, target, event, subject, payload, urgent, state, due_ms, created_ms)
                      values (?1, ?2, ?3, ?1, ?4, ?5, 'pending', ?6, ?6)";
        let write = move |tx: &Transaction<'_>| {
            tx.execute(insert, params![id, target, event, payload, urgent, created_ms])?;
            Ok(())
        };
        self.db.write(write).await.unwrap();
    }

    async fn claim(&self, owner: &str, busy: &[DeliveryTarget], now_ms: i64) -> DeliveryRound {
        self.db.claim_deliveries(owner, busy, OnUnknown::Resend, now_ms).await.unwrap()
    }

    async fn dead(&self) -> Vec<DeadLetter> {
        self.db.dead_letters(None, 100).await.unwrap()
    }
}

fn ids(round: &DeliveryRound) -> Vec<&str> {
    round.deliveries.iter().map(|delivery| delivery.id.as_str()).collect()
}

#[tokio::test]
async fn each_target_gets_the_urgent_one_first_and_then_the_oldest() {
    let w = world();
    w.decide("old", "slack", false, 1).await;
    w.decide("new", "slack", false, 2).await;
    w.decide("alarm", "slack", true, 3).await;
    w.decide("mail", "email", false, 4).await;
    w.decide("later", "crm", false, 900).await;
    let round = w.claim("one", &[], 10).await;
    assert_eq!(ids(&round), ["alarm", "mail"]);
    assert_eq!(round.deliveries[0].payload, json!({"about": "alarm"}));
    assert_eq!(round.next_due_ms, Some(900));
    let busy = [DeliveryTarget::Slack, DeliveryTarget::Email];
    assert_eq!(w.claim("one", &busy, 10).await.deliveries, [], "these targets have something under way");
    w.db.mark_delivered("alarm", 11).await.unwrap();
    assert_eq!(ids(&w.claim("one", &busy[1..], 11).await), ["old"]);
}

#[tokio::test]
async fn a_delivery_is_one_senders_at_a_time_and_waits_for_its_next_try() {
    let w = world();
    w.decide("a", "webhook", false, 1).await;
    assert_eq!(ids(&w.claim("one", &[], 10).await), ["a"]);
    assert_eq!(w.claim("two", &[], 10).await.deliveries, []);
    w.db.retry_delivery("a", 500, "503".to_owned()).await.unwrap();
    let early = w.claim("two", &[], 499).await;
    assert_eq!((early.deliveries.len(), early.next_due_ms), (0, Some(500)));
    let second = w.claim("two", &[], 500).await;
    assert_eq!(second.deliveries[0].attempts, 1);
    w.db.mark_delivered("a", 501).await.unwrap();
    assert_eq!(w.db.count_undelivered().await.unwrap(), 0);
    assert_eq!(w.claim("two", &[], i64::MAX / 2).await, DeliveryRound::default());
}

#[tokio::test]
async fn what_a_dead_sender_left_is_settled_by_the_policy_and_by_what_the_target_knows() {
    for (policy, slack) in [(OnUnknown::Resend, 2), (OnUnknown::Hold, 1)] {
        let w = world();
        w.decide("s", "slack", false, 1).await;
        w.decide("c", "crm", false, 1).await;
        assert_eq!(w.claim("daemon:old", &[], 10).await.deliveries.len(), 2);
        assert_eq!(w.db.settle_unknown_deliveries("terminal:", policy).await.unwrap(), 0);
        assert_eq!(w.db.settle_unknown_deliveries("daemon:", policy).await.unwrap(), 2);
        assert_eq!(w.claim("daemon:new", &[], 11).await.deliveries.len(), slack, "{policy:?}");
        assert_eq!(w.dead().await.len(), 2 - slack);
    }
}

#[tokio::test]
async fn a_claim_whose_time_is_over_is_anothers_to_take() {
    let w = world();
    w.decide("a", "crm", false, 1).await;
    let round = w.claim("terminal:dead", &[], 10).await;
    let over_ms = 10 + CLAIM_MS;
    assert_eq!(ids(&round), ["a"]);
    let waiting = w.claim("daemon:a", &[], over_ms - 1).await;
    assert_eq!((waiting.deliveries.len(), waiting.next_due_ms), (0, Some(over_ms)));
    assert_eq!(ids(&w.claim("daemon:a", &[], over_ms).await), ["a"]);
}

#[tokio::test]
async fn one_that_cannot_be_understood_is_a_dead_letter_and_lets_the_next_one_pass() {
    let w = world();
    w.insert(("odd", "slack", true, 1), "birthday", "{}".to_owned()).await;
    w.insert(("broken", "slack", true, 2), "lead", "{".to_owned()).await;
    w.decide("good", "slack", false, 3).await;
    assert_eq!(ids(&w.claim("one", &[], 10).await), ["good"]);
    let dead = w.dead().await;
    assert_eq!(dead.iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), ["broken", "odd"]);
    assert_eq!(dead[0].payload, Some(json!("{")));
}

#[tokio::test]
async fn dead_letters_are_listed_page_by_page_and_sent_again_on_demand() {
    let w = world();
    let prepare = |tx: &Transaction<'_>| {
        Ok(tx.execute_batch(
            "insert into contact (id, channel, address, created_ms) values ('k', 'api', 'ana', 0);
             insert into conversation (id, contact_id, created_ms, updated_ms) values ('v', 'k', 0, 0);
             insert into outbox (conversation_id, channel, contact, text, state, due_ms, created_ms, attempts)
                 values ('v', 'api', 'ana', 'hola', 'dead', 0, 20, 12), ('v', 'api', 'ana', 'ya', 'sent', 0, 21, 1)",
        )?)
    };
    w.db.write(prepare).await.unwrap();
    for (id, created_ms) in [("a", 10), ("b", 20), ("c", 30)] {
        w.decide(id, "email", false, created_ms).await;
        w.db.bury_delivery(id, "550 no such user".to_owned()).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = w.db.dead_letters(after, 1).await.unwrap();
        let Some(letter) = page.into_iter().next() else { break };
        after = Some((letter.created_at.as_millisecond(), letter.id.clone()));
        seen.push(letter);
    }
    let names: Vec<&str> = seen.iter().map(|letter| letter.id.as_str()).collect();
    assert_eq!(names, ["c", "reply-1", "b", "a"]);
    assert_eq!((seen[1].kind, seen[1].text.as_deref()), (LetterKind::Reply, Some("hola")));
    assert_eq!(seen[0].error.as_deref(), Some("550 no such user"));

    let replay = async |id: &str| w.db.replay_dead_letter(id, 40).await.unwrap();
    assert_eq!(replay("reply-1").await, Replayed::Again(LetterKind::Reply));
    assert_eq!(replay("b").await, Replayed::Again(LetterKind::Delivery));
    assert_eq!(replay("b").await, Replayed::NotDead);
    assert_eq!(replay("reply-2").await, Replayed::NotDead);
    for unknown in ["reply-9", "reply-x", "z", ""] {
        assert_eq!(replay(unknown).await, Replayed::Unknown, "{unknown}");
    }
    assert_eq!(w.dead().await.len(), 2);
    let round = w.claim("one", &[], 40).await;
    assert_eq!((ids(&round), round.deliveries[0].attempts), (vec!["b"], 0));
}

#[tokio::test]
async fn looking_for_work_does_not_read_what_was_sent_long_ago() {
    let w = world();
    let plan = |statement: &'static str| {
        w.db.read(move |tx| {
            let mut explained = tx.prepare(&format!("explain query plan {statement}"))?;
            let steps = explained.raw_query().mapped(|row| row.get(3)).collect::<Result<Vec<String>, _>>()?;
            Ok(steps.join("; "))
        })
    };
    for statement in [DUE, SETTLE] {
        let plan = plan(statement).await.unwrap();
        assert!(plan.contains("delivery_open"), "{plan}");
    }
}
