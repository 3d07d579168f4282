//! The way of a message through the tables: accepted once, claimed by one, answered once, sent in order.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::{
    contact::Identity,
    language::Language,
    tenant::TenantId,
    turn::{Latency, Threat, TurnReport},
};
use crate::store::{
    outbox::OnUnknown,
    turn::{Committed, Newer, TurnCommit},
};

struct World {
    _folder: tempfile::TempDir,
    db: TenantDb,
    clock: Clock,
    hands: crate::clock::ManualClock,
    ids: Ids,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
    let (clock, hands) = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
    World { _folder: folder, db, clock, hands, ids: Ids::counter() }
}

fn inbound(contact: &str, message_id: &str, quiet_ms: u32) -> Inbound {
    Inbound {
        channel: ChannelKind::Api,
        message_id: message_id.to_owned(),
        contact: contact.to_owned(),
        contact_name: None,
        text: format!("text of {message_id}"),
        attachments: Vec::new(),
        route: None,
        source: None,
        identity: Identity::default(),
        quiet_ms,
    }
}

fn rules(owner: &str) -> ClaimRules {
    ClaimRules {
        owner: owner.to_owned(),
        channels: vec![ChannelKind::Api],
        lease_ms: 60_000,
        max_burst_ms: 5_000,
        limit: 10,
    }
}

impl World {
    async fn accept(&self, contact: &str, message_id: &str, quiet_ms: u32) -> Accepted {
        let mut accepted = self
            .db
            .accept(vec![inbound(contact, message_id, quiet_ms)], &self.clock, &self.ids)
            .await
            .unwrap();
        accepted.remove(0)
    }

    async fn claims(&self, owner: &str) -> Vec<Claim> {
        self.db.claim_due(&rules(owner), self.clock.now_ms()).await.unwrap().claims
    }

    fn commit(&self, claim: &Claim, owner: &str, turn: &str, newer: Newer) -> TurnCommit {
        TurnCommit {
            report: TurnReport {
                tenant: TenantId::parse("a").unwrap(),
                conversation: claim.conversation.clone(),
                turn: turn.to_owned(),
                reply: "hola".to_owned(),
                messages: vec![format!("hola {turn}")],
                choices: Vec::new(),
                language: Language::Es,
                sentiment: 0.0,
                intents: vec![],
                agents: vec![],
                tools: vec![],
                sources: vec![],
                handoff: None,
                lead: None,
                order: None,
                appointment: None,
                threat: Threat::default(),
                answered_by: "builtin".to_owned(),
                latency_ms: Latency::default(),
            },
            owner: owner.to_owned(),
            answered: claim.messages.iter().map(|m| m.seq).collect(),
            newer,
            effects: Vec::new(),
            owner_ms: 0,
            returned: false,
            fallbacks: 0,
            agents: Vec::new(),
            usage: Vec::new(),
            ids: self.ids.clone(),
            now_ms: self.clock.now_ms(),
        }
    }
}

#[tokio::test]
async fn the_second_copy_of_a_message_is_ignored() {
    let w = world();
    let first = w.accept("ana", "m1", 0).await;
    let second = w.accept("ana", "m1", 0).await;
    assert!(!first.duplicate);
    assert!(second.duplicate);
    assert_eq!((first.seq, &first.conversation), (second.seq, &second.conversation));
    assert_eq!(w.db.count_pending().await.unwrap(), 1);
}

#[tokio::test]
async fn many_accepts_at_once_are_all_stored_once() {
    let w = world();
    let all =
        (0..200).map(|n| {
            let (db, clock, ids) = (w.db.clone(), w.clock.clone(), w.ids.clone());
            async move {
                db.accept(vec![inbound(&format!("c{}", n % 7), &format!("m{n}"), 0)], &clock, &ids).await
            }
        });
    let stored = futures::future::join_all(all).await;
    let mut seqs: Vec<_> = stored.into_iter().map(|r| r.unwrap()[0].seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    assert_eq!(w.claims("daemon:1").await.len(), 7);
}

#[tokio::test]
async fn a_conversation_has_one_owner_until_its_lease_ends() {
    let w = world();
    w.accept("ana", "m1", 0).await;
    let mine = w.claims("daemon:1").await;
    assert_eq!(mine.len(), 1);
    assert_eq!(w.claims("daemon:2").await, vec![]);
    w.hands.advance(SignedDuration::from_secs(61));
    let theirs = w.claims("daemon:2").await;
    assert_eq!(theirs[0].messages[0].attempts, 1);
    let late = w.db.commit_turn(w.commit(&mine[0], "daemon:1", "t1", Newer::Leave)).await.unwrap();
    assert_eq!(late, Committed::LeaseLost);
    let done = w.db.commit_turn(w.commit(&theirs[0], "daemon:2", "t2", Newer::Leave)).await.unwrap();
    assert_eq!(done, Committed::Done(vec![1]));
    assert_eq!(w.db.history(&mine[0].conversation, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_burst_is_claimed_together_when_it_is_quiet_or_has_lasted() {
    let w = world();
    w.accept("ana", "m1", 1500).await;
    let round = w.db.claim_due(&rules("d"), w.clock.now_ms()).await.unwrap();
    assert_eq!(round.claims, vec![]);
    assert_eq!(round.next_due_ms, Some(w.clock.now_ms() + 1500));
    w.hands.advance(SignedDuration::from_millis(1000));
    w.accept("ana", "m2", 1500).await;
    w.hands.advance(SignedDuration::from_millis(1000));
    assert_eq!(w.claims("d").await, vec![], "the second message began a new quiet period");
    w.hands.advance(SignedDuration::from_millis(500));
    let claims = w.claims("d").await;
    assert_eq!(claims[0].messages.iter().map(|m| m.message_id.as_str()).collect::<Vec<_>>(), ["m1", "m2"]);

    let w = world();
    for n in 0..5 {
        w.accept("ana", &format!("m{n}"), 1500).await;
        assert_eq!(w.claims("d").await, vec![]);
        w.hands.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(w.claims("d").await.len(), 1, "someone who never stops typing is answered all the same");
}

#[tokio::test]
async fn a_message_that_comes_during_a_turn_supersedes_it() {
    let w = world();
    w.accept("ana", "m1", 0).await;
    let claim = w.claims("d").await.remove(0);
    w.accept("ana", "m2", 0).await;
    let outcome = w.db.commit_turn(w.commit(&claim, "d", "t1", Newer::Supersede)).await.unwrap();
    let Committed::Superseded(waiting) = outcome else { panic!("{outcome:?}") };
    assert_eq!(waiting.len(), 2);
    assert_eq!(w.db.count_unsent().await.unwrap(), 0);
    let outcome = w.db.commit_turn(w.commit(&claim, "d", "t1", Newer::Leave)).await.unwrap();
    assert_eq!(outcome, Committed::Done(vec![1]));
    assert_eq!(w.claims("d").await[0].messages[0].message_id, "m2");
}

#[tokio::test]
async fn replies_of_one_conversation_go_out_one_at_a_time_and_in_order() {
    let w = world();
    for n in 0..2 {
        w.accept("ana", &format!("m{n}"), 0).await;
        let claim = w.claims("d").await.remove(0);
        w.db.commit_turn(w.commit(&claim, "d", &format!("t{n}"), Newer::Leave)).await.unwrap();
    }
    let send = || async { w.db.claim_replies("d", &[ChannelKind::Api], w.clock.now_ms(), 10).await.unwrap() };
    let first = send().await.replies;
    assert_eq!(first.iter().map(|r| r.text.as_str()).collect::<Vec<_>>(), ["hola t0"]);
    assert_eq!(send().await.replies, vec![], "the second one waits for the first");
    w.db.mark_retry(first[0].seq, w.clock.now_ms() + 500, "429".to_owned()).await.unwrap();
    assert_eq!(send().await.next_due_ms, Some(w.clock.now_ms() + 500));
    w.hands.advance(SignedDuration::from_millis(500));
    let again = send().await.replies;
    assert_eq!((again[0].seq, again[0].attempts), (first[0].seq, 1));
    w.db.mark_sent(first[0].seq, None, w.clock.now_ms()).await.unwrap();
    assert_eq!(send().await.replies[0].text, "hola t1");
    assert_eq!(w.db.settle_unknown("d", OnUnknown::Resend).await.unwrap(), 1);
    assert_eq!(send().await.replies[0].text, "hola t1");
}
