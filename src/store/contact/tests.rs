//! Finding, exporting and forgetting contacts.

use std::path::PathBuf;

use serde_json::json;

use super::{forget::Forget, *};
use crate::{
    domain::{
        appointment::{BookingChange, OfferedSlot, Slot, SlotNames},
        audit::AuditVerdict,
        cart::Cart,
        effect::{Delivery, DeliveryEvent, DeliveryTarget, Effect, FactChange, FactKind, Proposal},
        handoff::{Brief, HandoffReason},
        lead::{LeadDraft, Urgency},
        money::{Currency, Money},
        order::OrderItem,
    },
    store::{fixture::Fixture, turn::TurnCommit, usage::KeyUsage},
};

/// Words that only Ana's data holds, in the forms in which they are stored.
const TRACES: [&str; 9] = [
    "+573005550102",
    "Ana Zurbarán",
    "zurbaran@correo.example",
    "tatuajes de henna",
    "alérgica a la mostaza",
    "Recuerdo zafiro",
    "Caso turquesa",
    "Respuesta bermellón",
    "pregunta esmeralda",
];

/// What a fact once said before it was put right: no table holds it any more, but freed places in pages do.
const ONCE: &str = "alergia carmesí que ya no es cierta";

/// An appointment that a calendar elsewhere is asked for, and another time that was offered.
fn booked() -> Vec<BookingChange> {
    let start_ms = 1_800_600_000_000;
    let slot = Slot {
        service: "henna".to_owned(),
        resource: "main".to_owned(),
        start_ms,
        end_ms: start_ms + 1_800_000,
        blocked_from_ms: start_ms,
        blocked_to_ms: start_ms + 1_800_000,
        capacity: 1,
    };
    let offered = || BookingChange::Offer(vec![OfferedSlot { place: 1, slot: slot.clone() }]);
    let book = BookingChange::Book {
        id: "appointment_ana".to_owned(),
        slot: slot.clone(),
        names: SlotNames { service: TRACES[3].to_owned(), resource: String::new() },
        details: json!({"name": TRACES[1]}),
        reminders_ms: vec![start_ms - 7_200_000],
        remote: true,
    };
    let talk = BookingChange::Talk(Some(json!({"name": TRACES[1]})));
    vec![offered(), book, offered(), talk]
}

/// Ana has left something in every table, between others of whom as much is kept.
async fn full() -> Fixture {
    let fixture = Fixture::new();
    for n in 0..40 {
        fixture
            .say(&format!("otro{n}"), &format!("pregunta {n} {}", "de otra persona ".repeat(20)), vec![])
            .await;
    }
    fixture.stock("h,Henna,5,9\n");
    let currency = Currency::parse("COP").unwrap();
    let ana = TRACES[0];
    let draft = LeadDraft {
        name: Some(TRACES[1].to_owned()),
        email: Some(TRACES[2].to_owned()),
        wanted: true,
        ..LeadDraft::default()
    };
    let effects = vec![
        Effect::SaveLead { id: "lead_ana".to_owned(), draft: draft.clone(), complete: true },
        Effect::OpenTicket {
            id: "ticket_ana".to_owned(),
            subject: TRACES[6].to_owned(),
            detail: TRACES[3].to_owned(),
            urgency: Urgency::Alto,
        },
        Effect::Handoff {
            id: "handoff_ana".to_owned(),
            reason: HandoffReason::ExplicitRequest,
            brief: Brief { summary: format!("Pregunta por {}", TRACES[3]), ..Brief::default() },
        },
        Effect::Remember(FactChange {
            kind: FactKind::Fact,
            name: "alergia".to_owned(),
            value: TRACES[4].to_owned(),
            message_id: "m1".to_owned(),
            expires_days: None,
        }),
        Effect::Deliver(Delivery {
            target: DeliveryTarget::Crm,
            event: DeliveryEvent::Lead,
            subject: "lead_ana".to_owned(),
            payload: json!({"email": TRACES[2]}),
            urgent: false,
        }),
        Effect::ProposeOrder(Proposal {
            id: "A1B2C3D4".to_owned(),
            version: None,
            items: vec![OrderItem::new("h", "Henna", 2, Money { minor: 500, currency }).unwrap()],
            expires_ms: 1_900_000_000_000,
        }),
        Effect::SaveCart(Cart { shown: vec![TRACES[3].to_owned()], ..Cart::default() }),
    ];
    let effects = effects.into_iter().chain(booked().into_iter().map(Effect::Booking)).collect();
    let outdated = FactChange {
        kind: FactKind::Fact,
        name: "alergia".to_owned(),
        value: ONCE.to_owned(),
        message_id: "m0".to_owned(),
        expires_days: None,
    };
    fixture.say(ana, TRACES[3], vec![Effect::Remember(outdated)]).await;
    // A long message spills over several pages of the file.
    let long = format!("¿Hacen {}? {}", TRACES[3], TRACES[7].repeat(900));
    let conversation = fixture.write(ana, &long).await;
    let claim = fixture.claim(&conversation).await;
    let usage = vec![KeyUsage { key_id: "k".to_owned(), prompt_tokens: 7, completion_tokens: 3 }];
    let commit = TurnCommit { effects, usage, ..fixture.turn(&claim, &[&TRACES[7].repeat(500)]) };
    fixture.commit(commit).await.unwrap();
    let name = TRACES[1];
    let memory = TRACES[5];
    let id = conversation.clone();
    fixture
        .db
        .write(move |tx| {
            tx.execute("update contact set name = ?1, username = ?1 where address = ?2", [name, ana])?;
            tx.execute(
                "insert into contact_alias select 'api', ?1, id from contact where address = ?2",
                [format!("{name} also"), ana.to_owned()],
            )?;
            tx.execute(
                "insert into memory (conversation_id, contact_id, text, vector, first_id, last_id, created_ms)
                 select id, contact_id, ?2, x'0102', 1, 2, 3 from conversation where id = ?1",
                [id.as_str(), memory],
            )?;
            tx.execute(
                "insert into knowledge_gap (question, normalized, count, confidence, first_ms, last_ms)
                 values ('¿' || ?1 || '?', ?1, 1, 0.5, 1, 1), ('¿Venden libros?', 'venden libros', 1, 0.5, 1, 1)",
                [TRACES[8]],
            )?;
            tx.execute(
                "insert into media_text values ('h1', ?1 || ' ', 'k', 1, 1), ('h2', 'una foto de otra persona', 'k', 1, 1)",
                [TRACES[3]],
            )?;
            Ok(())
        })
        .await
        .unwrap();
    // One more waits for its turn.
    fixture.write(ana, TRACES[8]).await;
    for n in 40..80 {
        fixture
            .say(&format!("otro{n}"), &format!("pregunta {n} {}", "de otra persona ".repeat(20)), vec![])
            .await;
    }
    fixture
}

async fn ana(fixture: &Fixture) -> Contact {
    match fixture.db.find_contact(TRACES[0]).await.unwrap() {
        ContactMatch::One(contact) => contact,
        other => panic!("{other:?}"),
    }
}

/// The traces that are in the bytes of the database and the files beside it.
fn traces(fixture: &Fixture) -> Vec<String> {
    let files: Vec<PathBuf> =
        std::fs::read_dir(fixture.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.iter().any(|file| file.to_string_lossy().ends_with("-wal")), "{files:?}");
    let holds = |bytes: &[u8], trace: &str| bytes.windows(trace.len()).any(|w| w == trace.as_bytes());
    files
        .iter()
        .flat_map(|file| {
            let bytes = std::fs::read(file).unwrap();
            TRACES
                .iter()
                .chain([&ONCE])
                .filter(|trace| holds(&bytes, trace))
                .map(|t| format!("{t} in {}", file.display()))
                .collect::<Vec<_>>()
        })
        .collect()
}

async fn forget(fixture: &Fixture, id: &str) -> Forget {
    fixture.db.forget_contact(id, "operator", fixture.clock.now_ms()).await.unwrap()
}

#[tokio::test]
async fn a_contact_is_found_by_id_channel_and_address() {
    let fixture = Fixture::new();
    fixture.say("ana", "hola", vec![]).await;
    fixture
        .db
        .write(|tx| {
            Ok(tx.execute_batch(
                "insert into contact (id, channel, address, created_ms)
                 values ('other', 'terminal', 'ana', 2), ('third', 'terminal', 'api:x', 3)",
            )?)
        })
        .await
        .unwrap();
    let find = |name: &'static str| {
        let db = fixture.db.clone();
        async move {
            match db.find_contact(name).await.unwrap() {
                ContactMatch::One(contact) => vec![contact.contact],
                ContactMatch::Several(contacts) => contacts.into_iter().map(|c| c.contact).collect(),
                ContactMatch::Nobody => vec![],
            }
        }
    };
    assert_eq!(find("other").await, ["other"]);
    assert_eq!(find("terminal:ana").await, ["other"]);
    assert_eq!(find("ana").await.len(), 2);
    assert_eq!(find("terminal:api:x").await, ["third"]);
    assert_eq!(find("nobody").await, Vec::<String>::new());
    let listed = fixture.db.contacts(None, 2).await.unwrap();
    assert_eq!((listed.len(), listed[0].address.as_str()), (2, "ana"));
    let last = listed.last().map(|c| (c.created_at.as_millisecond(), c.contact.clone()));
    assert_eq!(fixture.db.contacts(last, 2).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_export_shows_what_every_table_holds_of_the_contact_and_nothing_of_others() {
    let fixture = full().await;
    let all = fixture.db.export_contact(&ana(&fixture).await.contact).await.unwrap().unwrap();
    let text = all.to_string();
    for trace in TRACES {
        assert!(text.contains(trace), "{trace} is not exported");
    }
    for holding in holdings::HOLDINGS.iter().filter(|holding| holding.table != "contact") {
        let rows = all[holding.name].as_array().unwrap();
        assert!(!rows.is_empty(), "{} is empty", holding.name);
    }
    assert_eq!(all["knowledge_gaps"], json!([{"question": "¿pregunta esmeralda?"}]));
    assert_eq!(all["leads"][0]["draft"]["email"], json!(TRACES[2]));
    assert_eq!(all["leads"][0]["created_at"], json!("2027-01-15T08:00:00Z"));
    assert_eq!(all["memories"][0]["vector"], json!("AQI="));
    assert!(!text.contains("otra persona") && !text.contains("venden libros"), "of others");
    assert_eq!(fixture.db.export_contact("none").await.unwrap(), None);
}

#[tokio::test]
async fn a_forgotten_contact_leaves_no_trace_in_the_bytes_of_the_file() {
    let fixture = full().await;
    let id = ana(&fixture).await.contact;
    assert!(traces(&fixture).len() >= TRACES.len(), "the search finds what is there: {:?}", traces(&fixture));
    let Forget::Done(done) = forget(&fixture, &id).await else { panic!("not done") };
    assert!(done.erased, "{done:?}");
    assert_eq!(traces(&fixture), Vec::<String>::new());
    for holding in &holdings::HOLDINGS {
        assert!(done.deleted[holding.name] > 0, "{} was not there", holding.name);
        let left = format!(
            "select count(*) from {} where {}",
            holding.table,
            holding.whose.replace("?1", &format!("'{id}'"))
        );
        assert_eq!(fixture.count(&left), 0, "{}", holding.table);
    }
    assert_eq!(done.deleted["knowledge_gaps"], 1);
    assert_eq!(done.deleted["media_texts"], 1);
    assert_eq!(fixture.text("select group_concat(hash) from media_text"), "h2");
    assert_eq!(fixture.db.find_contact(TRACES[0]).await.unwrap(), ContactMatch::Nobody);
}

#[tokio::test]
async fn forgetting_one_keeps_the_others_the_sums_and_the_chain() {
    let fixture = full().await;
    let id = ana(&fixture).await.contact;
    let before = fixture.count("select count(*) from message");
    assert_eq!(fixture.count("select count(*) from knowledge_gap"), 2);
    let Forget::Done(done) = forget(&fixture, &id).await else { panic!("not done") };
    let gone = i64::try_from(done.deleted["messages"]).unwrap();
    assert_eq!(fixture.count("select count(*) from message"), before - gone);
    assert_eq!(fixture.count("select count(*) from contact"), 80);
    assert_eq!(fixture.count("select count(*) from knowledge_gap"), 1);
    assert_eq!(fixture.count("select sum(prompt_tokens) from usage where contact_id = ''"), 7);
    assert_eq!(
        fixture.text("select action || subject || actor from audit order by seq desc limit 1"),
        format!("contact.forgotten{id}operator")
    );
    assert!(matches!(fixture.db.verify_audit().await.unwrap(), AuditVerdict::Sound { .. }));
    assert_eq!(fixture.count("select count(*) from pragma_foreign_key_check"), 0);
    let kept =
        fixture.db.write(|tx| Ok(tx.query_row("pragma foreign_keys", [], |row| row.get::<_, i64>(0))?)).await;
    assert_eq!(kept.unwrap(), 1, "the writing lane checks again");
    assert_eq!(forget(&fixture, &id).await, Forget::NotFound);
    fixture.say(TRACES[0], "hola de nuevo", vec![]).await;
    assert_ne!(ana(&fixture).await.contact, id);
}

#[tokio::test]
async fn a_contact_who_is_being_answered_is_not_forgotten_yet() {
    let fixture = Fixture::new();
    let conversation = fixture.write("ana", "hola").await;
    let claim = fixture.claim(&conversation).await;
    let ContactMatch::One(contact) = fixture.db.find_contact("ana").await.unwrap() else { panic!() };
    assert_eq!(forget(&fixture, &contact.contact).await, Forget::Answering);
    assert_eq!(fixture.count("select count(*) from audit"), 0);
    fixture.commit(fixture.turn(&claim, &["hola"])).await.unwrap();
    assert!(matches!(forget(&fixture, &contact.contact).await, Forget::Done(_)));
}

#[tokio::test]
async fn what_a_reader_held_back_is_erased_with_the_next_opening() {
    let fixture = full().await;
    let id = ana(&fixture).await.contact;
    let reader = rusqlite::Connection::open(fixture.db.path()).unwrap();
    reader.execute_batch("begin; select count(*) from message").unwrap();
    let Forget::Done(done) = forget(&fixture, &id).await else { panic!("not done") };
    assert!(!done.erased);
    assert_ne!(traces(&fixture), Vec::<String>::new());
    drop(reader);
    let again = TenantDb::open(fixture.db.path()).unwrap();
    assert_eq!(traces(&fixture), Vec::<String>::new());
    assert!(again.finish_erasure().await.unwrap());
}
