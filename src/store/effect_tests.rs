//! What a turn does besides answering: once each, all together or not at all, and what the next turn sees of it.

use serde_json::json;

use crate::{
    domain::{
        effect::{AuditEntry, Delivery, DeliveryEvent, DeliveryTarget, Effect, FactChange, FactKind},
        handoff::{Brief, HandoffReason, Owner},
        lead::{LeadDraft, Urgency},
    },
    store::{fixture::Fixture, turn::TurnCommit, usage::KeyUsage},
};

fn lead(id: &str, name: &str, complete: bool) -> Effect {
    let draft = LeadDraft { name: Some(name.to_owned()), ..LeadDraft::default() };
    Effect::SaveLead { id: id.to_owned(), draft, complete }
}

fn handoff(id: &str, reason: HandoffReason) -> Effect {
    let brief = Brief { summary: format!("brief of {id}"), ..Brief::default() };
    Effect::Handoff { id: id.to_owned(), reason, brief }
}

fn deliver(target: DeliveryTarget, subject: &str) -> Effect {
    Effect::Deliver(Delivery {
        target,
        event: DeliveryEvent::Lead,
        subject: subject.to_owned(),
        payload: json!({"lead_id": subject}),
        urgent: false,
    })
}

fn remember(name: &str, value: &str, message_id: &str, expires_days: Option<u32>) -> Effect {
    Effect::Remember(FactChange {
        kind: FactKind::Fact,
        name: name.to_owned(),
        value: value.to_owned(),
        message_id: message_id.to_owned(),
        expires_days,
    })
}

#[tokio::test]
async fn a_conversation_has_one_lead_that_is_completed_once() {
    let fixture = Fixture::new();
    let conversation = fixture.say("ana", "soy Ana", vec![lead("lead_1", "Ana", false)]).await;
    let context = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap();
    let found = context.lead.unwrap();
    assert_eq!((found.id.as_str(), found.completed_ms), ("lead_1", None));
    fixture.advance(60);
    let completed_ms = fixture.clock.now_ms();
    fixture.say("ana", "ana@x.co", vec![lead("lead_2", "Ana P", true)]).await;
    fixture.advance(60);
    fixture.say("ana", "no, Ana Pérez", vec![lead("lead_1", "Ana Pérez", true)]).await;
    let found = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap().lead.unwrap();
    assert_eq!(found.id, "lead_1", "the first id stays");
    assert_eq!(found.draft.name.as_deref(), Some("Ana Pérez"));
    assert_eq!(found.completed_ms, Some(completed_ms));
    assert_eq!(found.updated_ms, fixture.clock.now_ms());
    assert_eq!(fixture.count("select count(*) from lead"), 1);
}

#[tokio::test]
async fn a_call_for_a_person_silences_the_product_and_is_made_once() {
    let fixture = Fixture::new();
    let calls = vec![handoff("h1", HandoffReason::Loop), handoff("h2", HandoffReason::ExplicitRequest)];
    let conversation = fixture.say("ana", "una persona", calls).await;
    let context = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap();
    assert_eq!((context.owner, context.owner_ms), (Owner::Waiting, fixture.clock.now_ms()));
    assert_eq!(fixture.text("select group_concat(id || reason || priority) from handoff"), "h1loopnormal");

    fixture.say("ana", "me desmayé", vec![handoff("h3", HandoffReason::Emergency)]).await;
    assert_eq!(fixture.text("select group_concat(id || reason || priority) from handoff"), "h1emergencyhigh");
    fixture.say("ana", "sigo aquí", vec![handoff("h4", HandoffReason::Loop)]).await;
    assert_eq!(fixture.text("select reason || (brief ->> 'summary') from handoff"), "emergencybrief of h3");
}

#[tokio::test]
async fn a_turn_without_a_reply_writes_down_only_what_the_customer_said() {
    let fixture = Fixture::new();
    let conversation = fixture.write("ana", "¿sigue ahí?").await;
    let claim = fixture.claim(&conversation).await;
    fixture.commit(fixture.turn(&claim, &[])).await.unwrap();
    let said = fixture.db.history(&conversation, 10).await.unwrap();
    assert_eq!(said.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), ["¿sigue ahí?"]);
    assert_eq!(fixture.count("select count(*) from outbox"), 0);
    assert_eq!(fixture.count("select count(*) from inbox where turn_id is null"), 0);
}

#[tokio::test]
async fn a_person_who_stays_silent_loses_the_conversation_and_may_be_called_again() {
    let fixture = Fixture::new();
    let conversation = fixture.say("ana", "persona", vec![handoff("h1", HandoffReason::Loop)]).await;
    fixture.advance(9000);
    fixture.write("ana", "¿hola?").await;
    let claim = fixture.claim(&conversation).await;
    let commit = TurnCommit { returned: true, ..fixture.turn(&claim, &["Le atiendo yo."]) };
    fixture.commit(commit).await.unwrap();
    let context = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap();
    assert_eq!((context.owner, context.owner_ms), (Owner::Returned, fixture.clock.now_ms()));
    assert_eq!(fixture.text("select state from handoff"), "released");
    assert_eq!(fixture.text("select action || subject from audit"), "handoff.releasedh1");

    fixture.write("ana", "persona!").await;
    let claim = fixture.claim(&conversation).await;
    let effects = vec![handoff("h2", HandoffReason::ExplicitRequest)];
    let commit = TurnCommit { returned: true, effects, ..fixture.turn(&claim, &[]) };
    fixture.commit(commit).await.unwrap();
    let context = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap();
    assert_eq!(context.owner, Owner::Waiting);
    assert_eq!(fixture.count("select count(*) from handoff where state = 'waiting'"), 1);
}

#[tokio::test]
async fn the_business_is_told_once_for_each_target_and_subject() {
    let fixture = Fixture::new();
    let effects = vec![
        deliver(DeliveryTarget::Crm, "lead_1"),
        deliver(DeliveryTarget::Slack, "lead_1"),
        deliver(DeliveryTarget::Crm, "lead_1"),
    ];
    fixture.say("ana", "mi correo es", effects).await;
    let again = vec![deliver(DeliveryTarget::Crm, "lead_1"), deliver(DeliveryTarget::Crm, "lead_1#2")];
    fixture.say("ana", "perdón, es otro", again).await;
    let rows = fixture.text(
        "select group_concat(row, ' ') from (select target || ':' || subject || ':' || state as row from delivery
         join contact c on c.id = contact_id where due_ms = 1800000000000 and c.address = 'ana' order by 1)",
    );
    assert_eq!(rows, "crm:lead_1#2:pending crm:lead_1:pending slack:lead_1:pending");
}

#[tokio::test]
async fn a_fact_has_one_value_the_last_message_that_said_so_and_an_end() {
    let fixture = Fixture::new();
    let effects = vec![remember("alergia", "maní", "m1", None), remember("viaje", "mañana", "m1", Some(2))];
    fixture.say("ana", "soy alérgica al maní y viajo mañana", effects).await;
    fixture.advance(60);
    let conversation = fixture.say("ana", "y a la penicilina", vec![]).await;
    fixture.say("ana", "al maní no", vec![remember("alergia", "penicilina", "m3", None)]).await;
    fixture.say("eva", "hola", vec![remember("hijos", "dos", "m9", None)]).await;
    let facts = |now_ms| {
        let (db, conversation) = (fixture.db.clone(), conversation.clone());
        async move {
            let facts = db.turn_context(&conversation, now_ms).await.unwrap().facts;
            facts.into_iter().map(|f| format!("{}={} {}", f.name, f.value, f.message_id)).collect::<Vec<_>>()
        }
    };
    assert_eq!(facts(fixture.clock.now_ms()).await, ["alergia=penicilina m3", "viaje=mañana m1"]);
    fixture.advance(2 * 24 * 60 * 60);
    assert_eq!(facts(fixture.clock.now_ms()).await, ["alergia=penicilina m3"]);
}

#[tokio::test]
async fn the_facts_of_a_contact_are_bounded() {
    let fixture = Fixture::new();
    let effects = (0..250).map(|n| remember(&format!("f{n}"), "x", "m", None)).collect();
    let conversation = fixture.say("ana", "mucho", effects).await;
    assert_eq!(fixture.count("select count(*) from contact_fact"), 200);
    let facts = fixture.db.turn_context(&conversation, fixture.clock.now_ms()).await.unwrap().facts;
    assert_eq!((facts.len(), facts[0].name.as_str()), (40, "f249"));
}

#[tokio::test]
async fn a_case_is_opened_with_its_urgency() {
    let fixture = Fixture::new();
    let effect = Effect::OpenTicket {
        id: "ticket_1".to_owned(),
        subject: "No llegó".to_owned(),
        detail: "mi pedido no llegó".to_owned(),
        urgency: Urgency::Alto,
    };
    fixture.say("ana", "mi pedido no llegó", vec![effect]).await;
    assert_eq!(
        fixture.text("select id || subject || detail || urgency || state from ticket"),
        "ticket_1No llegómi pedido no llegóAltoopen"
    );
}

#[tokio::test]
async fn a_turn_whose_last_effect_fails_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let conversation = fixture.write("ana", "hola").await;
    let claim = fixture.claim(&conversation).await;
    let ticket = |id: &str| Effect::OpenTicket {
        id: id.to_owned(),
        subject: String::new(),
        detail: String::new(),
        urgency: Urgency::Bajo,
    };
    let audit = Effect::Audit(AuditEntry {
        actor: "bot".to_owned(),
        action: "ticket.opened".to_owned(),
        subject: "t1".to_owned(),
        detail: json!({}),
    });
    let effects = vec![
        lead("l", "Ana", true),
        handoff("h", HandoffReason::Loop),
        deliver(DeliveryTarget::Crm, "l"),
        remember("a", "b", "m", None),
        audit,
        ticket("t1"),
        ticket("t1"),
    ];
    let usage = vec![KeyUsage { key_id: "k".to_owned(), prompt_tokens: 1, completion_tokens: 1 }];
    let commit = TurnCommit { effects, usage, ..fixture.turn(&claim, &["hola"]) };
    fixture.commit(commit).await.unwrap_err();
    for sql in [
        "select count(*) from lead",
        "select count(*) from handoff",
        "select count(*) from delivery",
        "select count(*) from contact_fact",
        "select count(*) from audit",
        "select seq from audit_head",
        "select count(*) from ticket",
        "select count(*) from message",
        "select count(*) from outbox",
        "select count(*) from usage",
        "select count(*) from conversation where owner <> 'bot'",
    ] {
        assert_eq!(fixture.count(sql), 0, "{sql}");
    }
}

#[tokio::test]
async fn the_next_turn_sees_what_the_last_one_left() {
    let fixture = Fixture::new();
    let conversation = fixture.write("ana", "¿tienen X?").await;
    let claim = fixture.claim(&conversation).await;
    let used = |tokens| KeyUsage { key_id: "k".to_owned(), prompt_tokens: tokens, completion_tokens: 1 };
    let commit = TurnCommit {
        fallbacks: 2,
        agents: vec!["sales".to_owned(), "support".to_owned()],
        usage: vec![used(10), used(20)],
        ..fixture.turn(&claim, &["no sé"])
    };
    fixture.commit(commit).await.unwrap();
    let other = fixture.say("eva", "hola", vec![]).await;
    fixture.db.add_usage(&other, vec![used(100)], fixture.clock.now_ms()).await.unwrap();
    fixture.advance(30);
    fixture.write("ana", "¿y Y?").await;
    fixture.write("ana", "¿y Z?").await;
    let read = || fixture.db.turn_context(&conversation, fixture.clock.now_ms());
    let context = read().await.unwrap();
    assert_eq!((context.owner, context.fallbacks), (Owner::Bot, 2));
    assert_eq!(context.agents, ["sales", "support"]);
    assert_eq!((context.tokens_today, context.contact_tokens_today), (133, 32));
    assert_eq!(context.messages_last_minute, 3);
    fixture.advance(31);
    assert_eq!(read().await.unwrap().messages_last_minute, 2);
    fixture.advance(24 * 60 * 60);
    let tomorrow = read().await.unwrap();
    assert_eq!((tomorrow.messages_last_minute, tomorrow.tokens_today), (0, 0));
}
