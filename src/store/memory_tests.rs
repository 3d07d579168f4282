//! Summing up once, and recalling what is relevant of whose it is.

use serde::Deserialize;

use super::*;
use crate::{
    domain::{
        contact::ContactMatch,
        effect::{Effect, FactChange, FactKind},
    },
    knowledge::{embed::BuiltinEmbedder, vectors::pack},
    store::fixture::Fixture,
};

fn memory_of(model: &BuiltinEmbedder, text: &str) -> NewMemory {
    let lines: Vec<Vec<f32>> = text.lines().map(|line| model.embed(line)).collect();
    NewMemory { text: text.to_owned(), vectors: pack(Some(&model.embed(text)), &lines).sentences }
}

impl Fixture {
    async fn quiet(&self) -> Vec<Stretch> {
        self.db.to_summarise(self.clock.now_ms() - 60_000, 10).await.unwrap()
    }

    async fn id_of(&self, address: &str) -> String {
        match self.db.find_contact(address).await.unwrap() {
            ContactMatch::One(contact) => contact.contact,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_conversation_is_summed_up_once_it_is_quiet_and_again_when_it_goes_on() {
    let fixture = Fixture::new();
    let text = |text: &str| Some(NewMemory { text: text.to_owned(), vectors: vec![1] });
    let conversation = fixture.say("ana", "¿cuánto cuesta?", vec![]).await;
    assert_eq!(fixture.quiet().await, vec![], "it is not quiet yet");
    fixture.advance(61);
    fixture.say("leo", "hola", vec![]).await;
    assert_eq!(fixture.db.oldest_to_summarise().await.unwrap(), Some(fixture.clock.now_ms() - 61_000));
    let stretch = fixture.quiet().await.remove(0);
    assert_eq!((&stretch.conversation, stretch.messages.len()), (&conversation, 2));
    let now_ms = fixture.clock.now_ms();
    assert!(fixture.db.keep_summary(&stretch, text("uno"), now_ms).await.unwrap());
    assert!(!fixture.db.keep_summary(&stretch, text("otra vez"), now_ms).await.unwrap());
    assert_eq!(fixture.quiet().await, vec![]);

    fixture.say("ana", "¿y mañana?", vec![]).await;
    fixture.advance(61);
    let stretches = fixture.quiet().await;
    let of_ana = stretches.iter().find(|stretch| stretch.conversation == conversation).unwrap();
    let said: Vec<_> = of_ana.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(said, ["¿y mañana?", "Con gusto."], "only what is new");
    for stretch in &stretches {
        assert!(fixture.db.keep_summary(stretch, None, now_ms).await.unwrap());
    }
    assert_eq!(fixture.db.oldest_to_summarise().await.unwrap(), None);
    assert_eq!(fixture.text("select group_concat(text) from memory"), "uno");
}

#[tokio::test]
async fn a_long_stretch_is_summed_up_in_parts() {
    let fixture = Fixture::new();
    let conversation = fixture.say("ana", "hola", vec![]).await;
    let id = conversation.clone();
    fixture
        .db
        .write(move |tx| {
            let mut insert = tx.prepare(
                "insert into message (conversation_id, turn_id, role, text, created_ms) values (?1, null, 'person', ?2, 1)",
            )?;
            for n in 0..700 {
                insert.execute([id.as_str(), &format!("mensaje {n}")])?;
            }
            Ok(())
        })
        .await
        .unwrap();
    fixture.advance(61);
    let mut parts = Vec::new();
    while let Some(stretch) = fixture.quiet().await.pop() {
        parts.push(stretch.messages.len());
        assert!(fixture.db.keep_summary(&stretch, None, 1).await.unwrap());
    }
    assert_eq!(parts, [300, 300, 102]);
}

#[tokio::test]
async fn a_contact_forgotten_meanwhile_gets_no_summary() {
    let fixture = Fixture::new();
    fixture.say("ana", "¿cuánto cuesta?", vec![]).await;
    fixture.advance(61);
    let stretch = fixture.quiet().await.remove(0);
    let id = fixture.id_of("ana").await;
    fixture.db.forget_contact(&id, "operator", 1).await.unwrap();
    let memory = NewMemory { text: "secreto".to_owned(), vectors: vec![] };
    assert!(!fixture.db.keep_summary(&stretch, Some(memory), 1).await.unwrap());
    assert_eq!(fixture.count("select count(*) from memory"), 0);
}

#[tokio::test]
async fn quiet_conversations_are_found_by_an_index() {
    let fixture = Fixture::new();
    for sql in [
        "select id from conversation where summarised_ms < updated_ms and updated_ms <= 5 order by updated_ms limit 9",
        "select min(updated_ms) from conversation where summarised_ms < updated_ms",
    ] {
        let plan = fixture.db.read_blocking(|tx| {
            Ok(tx.query_row(&format!("explain query plan {sql}"), [], |row| row.get::<_, String>(3))?)
        });
        assert!(plan.as_ref().unwrap().contains("conversation_to_summarise"), "{plan:?}");
    }
}

#[tokio::test]
async fn expired_facts_are_deleted() {
    let fixture = Fixture::new();
    let fact = |name: &str, expires_days| {
        Effect::Remember(FactChange {
            kind: FactKind::Preference,
            name: name.to_owned(),
            value: "x".to_owned(),
            message_id: "m".to_owned(),
            expires_days,
        })
    };
    fixture
        .say("ana", "hola", vec![fact("corto", Some(1)), fact("largo", Some(90)), fact("siempre", None)])
        .await;
    let id = fixture.id_of("ana").await;
    fixture.advance(2 * 24 * 60 * 60);
    let known = fixture.db.known_of(&id, fixture.clock.now_ms()).await.unwrap();
    assert_eq!(known.facts.len(), 2);
    assert_eq!(fixture.db.delete_expired_facts(fixture.clock.now_ms()).await.unwrap(), 1);
    assert_eq!(fixture.db.delete_expired_facts(fixture.clock.now_ms()).await.unwrap(), 0);
    assert_eq!(fixture.count("select count(*) from contact_fact"), 2);
}

/// One contact's summaries of one business, and messages that are about one of them or about none.
#[derive(Deserialize)]
struct Case {
    business: String,
    #[serde(default)]
    memory: String,
    #[serde(default)]
    relevant: Vec<String>,
    #[serde(default)]
    unrelated: Vec<String>,
}

#[tokio::test]
async fn what_a_message_is_about_is_recalled_and_nothing_else() {
    let cases: Vec<Case> = include_str!("../../tests/fixtures/memory/recall.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let model = BuiltinEmbedder::new().unwrap();
    let fixture = Fixture::new();
    let mut conversations = std::collections::BTreeMap::new();
    for case in cases.iter().filter(|case| !case.memory.is_empty()) {
        let conversation = fixture.say(&case.business, &case.memory, vec![]).await;
        fixture.advance(61);
        let stretches = fixture.quiet().await;
        let stretch = stretches.iter().find(|stretch| stretch.conversation == conversation).unwrap();
        let memory = memory_of(&model, &case.memory);
        assert!(fixture.db.keep_summary(stretch, Some(memory), fixture.clock.now_ms()).await.unwrap());
        conversations.insert(case.business.clone(), fixture.id_of(&case.business).await);
    }
    let scored = |business: &str, text: &str| {
        let (id, vector) = (conversations[business].clone(), model.embed(text));
        fixture.db.read_blocking(move |tx| scored(tx, &id, &vector)).unwrap()
    };
    let (mut asked, mut recalled, mut compared, mut confused) = (0, 0, 0, 0);
    for case in &cases {
        for text in &case.relevant {
            let found = scored(&case.business, text);
            asked += 1;
            recalled += usize::from(found[0].text == case.memory && found[0].score >= RELEVANT);
            let others = found.iter().filter(|memory| memory.text != case.memory);
            compared += found.len() - 1;
            confused += others.filter(|memory| memory.score >= RELEVANT).count();
        }
        for text in &case.unrelated {
            let closest = &scored(&case.business, text)[0];
            assert!(closest.score < RELEVANT, "{text:?} recalls {:?} ({})", closest.text, closest.score);
        }
    }
    assert!(recalled * 100 >= asked * 80, "{recalled} of {asked} are recalled");
    assert!(confused * 100 <= compared * 2, "{confused} of {compared} are confused");
    println!("recalled {recalled} of {asked}, confused {confused} of {compared}");
}

#[tokio::test]
async fn summaries_of_another_contact_are_never_recalled() {
    let model = BuiltinEmbedder::new().unwrap();
    let fixture = Fixture::new();
    let text = "«¿Cuánto cuesta la limpieza facial?» → Cuesta $180.000.";
    for contact in ["ana", "leo"] {
        fixture.say(contact, "hola", vec![]).await;
    }
    fixture.advance(61);
    let stretch = fixture.quiet().await.remove(0);
    assert!(fixture.db.keep_summary(&stretch, Some(memory_of(&model, text)), 7).await.unwrap());
    let recall = |contact: &'static str| {
        let (fixture, vector) = (&fixture, model.embed("¿cuánto era la limpieza facial?"));
        async move { fixture.db.recall(&fixture.id_of(contact).await, vector, 3).await.unwrap() }
    };
    let found = recall("ana").await;
    assert_eq!(
        found.iter().map(|memory| (memory.text.as_str(), memory.created_ms)).collect::<Vec<_>>(),
        [(text, 7)]
    );
    assert_eq!(found[0].conversation, stretch.conversation);
    assert_eq!(recall("leo").await, vec![]);
}

#[tokio::test]
async fn the_summaries_of_a_contact_are_bounded() {
    let fixture = Fixture::new();
    for n in 0..MAX_MEMORIES + 5 {
        fixture.say("ana", &format!("pregunta {n}"), vec![]).await;
        fixture.advance(61);
        let stretch = fixture.quiet().await.remove(0);
        let memory = NewMemory { text: format!("memoria {n}"), vectors: vec![] };
        assert!(fixture.db.keep_summary(&stretch, Some(memory), 1).await.unwrap());
    }
    assert_eq!(fixture.count("select count(*) from memory"), i64::from(MAX_MEMORIES));
    assert_eq!(
        fixture.count("select count(*) from memory where text in ('memoria 4', 'memoria 5')"),
        1,
        "the oldest go"
    );
}
