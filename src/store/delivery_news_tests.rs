use super::*;
use crate::{
    domain::{
        conversation::ConversationId,
        message::{Outbound, ReplyName},
    },
    store::fixture::Fixture,
};

const CHANNEL: ChannelKind = ChannelKind::Api;

const AGAIN: Again = Again { max_attempts: 3, first: Duration::from_secs(10), most: Duration::from_secs(15) };

struct World {
    f: Fixture,
    conversation: ConversationId,
}

impl World {
    /// A customer who was answered.
    async fn new() -> Self {
        let f = Fixture::new();
        let conversation = f.say("ana", "hola", Vec::new()).await;
        Self { f, conversation }
    }

    async fn claim(&self) -> Option<Outbound> {
        let now_ms = self.f.clock.now_ms();
        self.f.db.claim_replies("s", &[CHANNEL], now_ms, 1).await.unwrap().replies.pop()
    }

    /// Sends the next reply, and says how it went out.
    async fn send(&self, id: &str) -> Outbound {
        let reply = self.claim().await.expect("something to send");
        self.f.db.mark_sent(reply.seq, Some(id.to_owned()), self.f.clock.now_ms()).await.unwrap();
        reply
    }

    async fn tell_of(
        &self,
        id: &str,
        reply: Option<ReplyName>,
        state: DeliveryState,
        remedy: Remedy,
    ) -> NewsTaken {
        let failure =
            (state == DeliveryState::Failed).then(|| Failure { remedy, told: "as told".to_owned() });
        let news = DeliveryNews { provider_id: id.to_owned(), reply, state, failure };
        self.f.db.note_news(CHANNEL, vec![news], AGAIN, self.f.clock.now_ms()).await.unwrap()
    }

    async fn tell(&self, id: &str, state: DeliveryState) -> usize {
        self.tell_of(id, None, state, Remedy::Nothing).await.known
    }

    async fn fail(&self, id: &str, remedy: Remedy) -> NewsTaken {
        self.tell_of(id, None, DeliveryState::Failed, remedy).await
    }

    fn state(&self) -> String {
        self.f.text("select state || ' ' || coalesce(delivery, '-') || iif(held, ' held', '') from outbox")
    }
}

fn taken(known: usize, again: usize, held: usize) -> NewsTaken {
    NewsTaken { known, again, held }
}

#[tokio::test]
async fn news_of_a_reply_come_in_any_order_and_never_go_back() {
    let w = World::new().await;
    w.send("SM1").await;
    assert_eq!(w.tell("SM1", DeliveryState::Read).await, 1);
    assert_eq!(w.tell("SM1", DeliveryState::Delivered).await, 1);
    assert_eq!(w.state(), "sent read");
    assert_eq!(w.tell("of somebody else", DeliveryState::Failed).await, 0);
}

#[tokio::test]
async fn a_reply_that_will_not_arrive_is_a_dead_letter_that_may_be_replayed() {
    let w = World::new().await;
    w.send("SM1").await;
    assert_eq!(w.fail("SM1", Remedy::Nothing).await, taken(1, 0, 0));
    assert_eq!(w.state(), "dead failed");
    let letters = w.f.db.dead_letters(None, 10).await.unwrap();
    assert_eq!((letters[0].error.as_deref(), letters[0].held), (Some("as told"), false));
    w.f.db.replay_dead_letter(&letters[0].id, w.f.clock.now_ms()).await.unwrap();
    w.send("SM2").await;
    w.fail("SM1", Remedy::Nothing).await;
    assert_eq!(w.state(), "sent -", "news of the first try say nothing of the second");
    w.tell("SM2", DeliveryState::Delivered).await;
    assert_eq!(w.state(), "sent delivered");
}

#[tokio::test]
async fn a_reply_refused_after_the_window_closed_goes_out_once_more_whatever_is_told_of_the_first_try() {
    let w = World::new().await;
    let first = w.send("SM1").await;
    assert!(first.is_window_open(w.f.clock.now_ms()));
    assert_eq!(w.fail("SM1", Remedy::Template).await, taken(1, 1, 0));
    for _ in 0..3 {
        assert_eq!(w.fail("SM1", Remedy::Template).await, taken(1, 0, 0), "the same news again");
    }
    let second = w.claim().await.unwrap();
    assert!(!second.is_window_open(w.f.clock.now_ms()), "nothing but the template");
    // The mark on both tries is the same: a late "sent" of the first is none of the second.
    let known = w.tell_of("SM1", Some(first.name()), DeliveryState::Sent, Remedy::Nothing).await;
    assert_eq!((known, w.state()), (taken(1, 0, 0), "sending -".to_owned()));
    w.f.db.mark_sent(second.seq, Some("SM2".to_owned()), w.f.clock.now_ms()).await.unwrap();
    w.fail("SM1", Remedy::Template).await;
    assert_eq!((w.tell("SM2", DeliveryState::Delivered).await, w.state()), (1, "sent delivered".to_owned()));
    assert!(w.claim().await.is_none());
}

#[tokio::test]
async fn a_template_that_is_refused_as_well_waits_for_the_customer_and_goes_out_once() {
    let w = World::new().await;
    w.send("SM1").await;
    w.fail("SM1", Remedy::Template).await;
    w.send("SM2").await;
    assert_eq!(w.fail("SM2", Remedy::Template).await, taken(1, 0, 1));
    assert_eq!(w.fail("SM2", Remedy::Template).await, taken(1, 0, 0));
    assert_eq!(w.state(), "dead failed held");
    assert!(w.f.db.dead_letters(None, 10).await.unwrap()[0].held);
    w.f.advance(3600);
    assert!(w.claim().await.is_none());
    assert_eq!(w.f.write("ana", "¿hola?").await, w.conversation);
    let free = w.send("SM3").await;
    assert!(free.is_window_open(w.f.clock.now_ms()));
    assert_eq!(w.f.count("select count(*) from outbox where held"), 0);
    w.f.write("ana", "gracias").await;
    assert!(w.claim().await.is_none(), "it went out");
}

#[tokio::test]
async fn news_that_overtake_the_answer_count() {
    for remedy in [Remedy::Template, Remedy::Again] {
        let w = World::new().await;
        let reply = w.claim().await.unwrap();
        let taken_in = w.tell_of("SM1", Some(reply.name()), DeliveryState::Failed, remedy).await;
        assert_eq!((taken_in, w.state()), (taken(1, 1, 0), "sending -".to_owned()));
        w.f.db.mark_sent(reply.seq, Some("SM1".to_owned()), w.f.clock.now_ms()).await.unwrap();
        assert_eq!(w.state(), "pending -");
        w.f.advance(60);
        w.send("SM2").await;
        assert_eq!(w.state(), "sent -");
    }
    let w = World::new().await;
    let reply = w.claim().await.unwrap();
    w.tell_of("SM1", Some(reply.name()), DeliveryState::Sent, Remedy::Nothing).await;
    w.f.db.mark_retry(reply.seq, 0, "no answer".to_owned()).await.unwrap();
    assert!(w.claim().await.is_none(), "it arrived, whatever its sender heard");
    let other = ReplyName { conversation: ConversationId::new("another"), ..reply.name() };
    let known = w.tell_of("SM9", Some(other), DeliveryState::Sent, Remedy::Nothing).await.known;
    assert_eq!(known, 0, "a mark of another conversation names nothing");
}

#[tokio::test]
async fn what_may_pass_is_tried_again_after_growing_pauses_and_not_for_ever() {
    let w = World::new().await;
    for (id, pause_s) in [("SM1", 10), ("SM2", 15)] {
        w.send(id).await;
        assert_eq!(w.fail(id, Remedy::Again).await, taken(1, 1, 0));
        w.f.advance(pause_s - 1);
        assert!(w.claim().await.is_none());
        w.f.advance(1);
    }
    w.send("SM3").await;
    assert_eq!((w.fail("SM3", Remedy::Again).await, w.state()), (taken(1, 0, 0), "dead failed".to_owned()));
}
