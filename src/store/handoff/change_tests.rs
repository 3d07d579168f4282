//! What persons do in a conversation, and what they cannot.

use super::*;
use crate::{
    domain::{effect::Effect, handoff::Owner},
    store::{
        fixture::Fixture,
        turn::{Committed, TurnCommit},
    },
};

async fn called(fixture: &Fixture) -> ConversationId {
    let effect = Effect::Handoff {
        id: "h1".to_owned(),
        reason: HandoffReason::ExplicitRequest,
        brief: Brief { summary: "quiere una persona".to_owned(), ..Brief::default() },
    };
    fixture.say("ana", "quiero una persona", vec![effect]).await
}

impl Fixture {
    async fn take(&self, reference: &str, by: &str) -> HandoffChange<HandoffSummary> {
        self.db.take_handoff(reference, by, self.clock.now_ms(), &self.ids).await.unwrap()
    }

    async fn release(&self, reference: &str, by: &str) -> HandoffChange<HandoffSummary> {
        self.db.release_handoff(reference, by, self.clock.now_ms()).await.unwrap()
    }

    async fn reply(
        &self,
        reference: &str,
        by: Option<&str>,
        text: &str,
        id: Option<&str>,
    ) -> HandoffChange<Message> {
        let reply = PersonReply {
            by: by.map(str::to_owned),
            text: text.to_owned(),
            message_id: id.map(str::to_owned),
        };
        self.db.reply_in_handoff(reference, reply, self.clock.now_ms(), &self.ids).await.unwrap()
    }

    async fn owner(&self, conversation: &ConversationId) -> Owner {
        self.db.turn_context(conversation, self.clock.now_ms()).await.unwrap().owner
    }

    fn log(&self) -> String {
        self.text("select coalesce(group_concat(actor || ' ' || action, ', '), '') from (select * from audit order by seq)")
    }
}

fn done<T: std::fmt::Debug>(change: HandoffChange<T>) -> T {
    match change {
        HandoffChange::Done(value) => value,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_person_takes_a_conversation_and_gives_it_back() {
    let fixture = Fixture::new();
    let conversation = called(&fixture).await;
    fixture.advance(5);
    let taken = done(fixture.take("h1", "Eva").await);
    assert_eq!((taken.state, taken.taken_by.as_deref()), (HandoffState::Taken, Some("Eva")));
    assert_eq!(taken.taken_at.unwrap().as_millisecond(), fixture.clock.now_ms());
    assert_eq!(fixture.owner(&conversation).await, Owner::Human);
    assert_eq!(done(fixture.take("h1", "Eva").await), taken, "asking again changes nothing");

    let released = done(fixture.release(conversation.as_str(), "Eva").await);
    assert_eq!((released.handoff.as_str(), released.state), ("h1", HandoffState::Released));
    assert_eq!(fixture.owner(&conversation).await, Owner::Returned);
    assert_eq!(done(fixture.release("h1", "Eva").await), released);
    assert_eq!(fixture.log(), "person:Eva handoff.taken, person:Eva handoff.released");
}

#[tokio::test]
async fn what_another_has_or_gave_back_cannot_be_taken() {
    let fixture = Fixture::new();
    let conversation = called(&fixture).await;
    done(fixture.take("h1", "Eva").await);
    let HandoffChange::Conflict(found) = fixture.take("h1", "Leo").await else { panic!("taken twice") };
    assert_eq!(found.taken_by.as_deref(), Some("Eva"));
    assert!(matches!(fixture.take(conversation.as_str(), "Leo").await, HandoffChange::Conflict(_)));
    assert!(matches!(fixture.reply("h1", Some("Leo"), "hola", None).await, HandoffChange::Conflict(_)));
    done(fixture.release("h1", "Eva").await);
    assert!(matches!(fixture.take("h1", "Leo").await, HandoffChange::Conflict(_)));
    assert!(matches!(fixture.reply("h1", None, "hola", None).await, HandoffChange::Conflict(_)));
    for unknown in [fixture.take("h9", "Leo").await, fixture.release("h9", "Leo").await] {
        assert_eq!(unknown, HandoffChange::NotFound);
    }
    assert_eq!(fixture.reply("h9", None, "hola", None).await, HandoffChange::NotFound);
    assert_eq!(fixture.log(), "person:Eva handoff.taken, person:Eva handoff.released");
    assert_eq!(fixture.count("select count(*) from message where role = 'person'"), 0);
}

#[tokio::test]
async fn a_person_steps_in_where_nobody_called() {
    let fixture = Fixture::new();
    let conversation = fixture.say("ana", "¿cuánto cuesta?", vec![]).await;
    let taken = done(fixture.take(conversation.as_str(), "Eva").await);
    assert_eq!((taken.reason, taken.state), (HandoffReason::Takeover, HandoffState::Taken));
    let said: Vec<_> = taken.brief.last_messages.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(said, ["¿cuánto cuesta?", "Con gusto."]);
    assert_eq!(fixture.owner(&conversation).await, Owner::Human);
    done(fixture.release(&taken.handoff, "Eva").await);
    let second = done(fixture.take(conversation.as_str(), "Leo").await);
    assert_ne!(second.handoff, taken.handoff);
}

#[tokio::test]
async fn what_a_person_says_goes_to_the_customer_once() {
    let fixture = Fixture::new();
    let conversation = called(&fixture).await;
    fixture.advance(60);
    let first = done(fixture.reply("h1", Some("Eva"), "Soy Eva", Some("m1")).await);
    assert_eq!(fixture.owner(&conversation).await, Owner::Human, "who answers takes it");
    fixture.advance(60);
    let again = done(fixture.reply(conversation.as_str(), Some("Eva"), "Soy Eva", Some("m1")).await);
    assert_eq!(again, first);
    done(fixture.reply("h1", None, "¿En qué ayudo?", None).await);
    let context = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap();
    assert_eq!(context.owner_ms, fixture.clock.now_ms(), "the person spoke last now");
    let out = fixture.text(
        "select group_concat(contact || ' ' || channel || ' ' || text, '|') from outbox where turn_id is null order by seq",
    );
    assert_eq!(out, "ana api Soy Eva|ana api ¿En qué ayudo?");
    let roles: Vec<_> =
        fixture.db.history(&conversation, 9).await.unwrap().into_iter().map(|m| m.role).collect();
    assert_eq!(roles, [Role::Customer, Role::Assistant, Role::Person, Role::Person]);
    let log = fixture.log();
    assert_eq!(log, "person:Eva handoff.taken, person:Eva handoff.replied, person:Eva handoff.replied");
    assert_eq!(fixture.count("select count(*) from audit where detail like '%Soy%'"), 0);
}

#[tokio::test]
async fn a_turn_under_way_says_nothing_when_a_person_came_meanwhile() {
    let fixture = Fixture::new();
    let conversation = fixture.write("ana", "¿cuánto cuesta?").await;
    let claim = fixture.claim(&conversation).await;
    let commit = fixture.turn(&claim, &["Cuesta 10."]);
    fixture.advance(1);
    let taken = done(fixture.take(conversation.as_str(), "Eva").await);
    assert_eq!(fixture.db.commit_turn(commit.clone()).await.unwrap(), Committed::OwnerChanged);
    assert_eq!(fixture.count("select count(*) from outbox"), 0);
    assert_eq!(fixture.count("select count(*) from inbox where turn_id is null"), 1);
    let quiet = TurnCommit { owner_ms: fixture.clock.now_ms(), ..fixture.turn(&claim, &[]) };
    fixture.commit(quiet).await.unwrap();
    assert_eq!(done(fixture.take(&taken.handoff, "Eva").await).state, HandoffState::Taken);
}

#[tokio::test]
async fn calls_are_listed_newest_first_and_by_state() {
    let fixture = Fixture::new();
    called(&fixture).await;
    fixture.advance(10);
    let other = fixture.say("leo", "hola", vec![]).await;
    let taken = done(fixture.take(other.as_str(), "Eva").await);
    let list = |state, before| {
        let db = fixture.db.clone();
        async move {
            let found = db.handoffs(state, before, 10).await.unwrap();
            found.into_iter().map(|found| found.handoff).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(None, None).await, [taken.handoff.clone(), "h1".to_owned()]);
    assert_eq!(list(Some(HandoffState::Waiting), None).await, ["h1"]);
    assert_eq!(list(Some(HandoffState::Released), None).await, Vec::<String>::new());
    let before = Some((taken.created_at.as_millisecond(), taken.handoff));
    assert_eq!(list(None, before).await, ["h1"]);
}

#[tokio::test]
async fn who_speaks_at_the_providers_desk_has_the_conversation_and_is_not_repeated() {
    let fixture = Fixture::new();
    let conversation = called(&fixture).await;
    let unsent = fixture.db.count_unsent().await.unwrap();
    let say = async |by: &str, text: &str, id: &str| {
        let said =
            PersonReply { by: Some(by.to_owned()), text: text.to_owned(), message_id: Some(id.to_owned()) };
        fixture.db.heard_at_desk(&conversation, said, fixture.clock.now_ms(), &fixture.ids).await.unwrap();
    };
    say("Eva", "hola, soy Eva", "1").await;
    say("Eva", "hola, soy Eva", "1").await;
    // At a desk everybody may write, whoever has it.
    say("Leo", "y yo Leo", "2").await;
    assert_eq!(fixture.owner(&conversation).await, Owner::Human);
    let history = fixture.db.history(&conversation, 10).await.unwrap();
    let said: Vec<&str> =
        history.iter().filter(|m| m.role == Role::Person).map(|m| m.text.as_str()).collect();
    assert_eq!(said, ["hola, soy Eva", "y yo Leo"]);
    assert_eq!(fixture.db.count_unsent().await.unwrap(), unsent, "the customer has the words already");
    assert!(
        fixture
            .log()
            .ends_with("person:Eva handoff.taken, person:Eva handoff.replied, person:Leo handoff.replied")
    );
    assert!(!fixture.db.is_held_in_silence(&conversation).await.unwrap());

    done(fixture.release(conversation.as_str(), "Eva").await);
    fixture.advance(1);
    done(fixture.take(conversation.as_str(), "Eva").await);
    assert!(
        fixture.db.is_held_in_silence(&conversation).await.unwrap(),
        "not a word since it was taken again"
    );
}
