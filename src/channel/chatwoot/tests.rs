use serde_json::json;

use super::*;

/// Settings of a Chatwoot.
pub(super) fn config() -> Chatwoot {
    Chatwoot {
        base_url: "https://soporte.example.com".to_owned(),
        account_id: 1,
        api_token: "api".to_owned().into(),
        webhook_secret: None,
        webhook_token: None,
        answers: ChatwootAnswers::Pending,
    }
}

fn official(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

macro_rules! official {
    ($name:literal) => {
        official(include_str!(concat!("../../../tests/fixtures/wire/chatwoot/", $name, ".official.json")))
    };
}

fn happened(body: Value) -> Happened {
    read(&config(), &Body(body))
}

/// The official message with changes (a place and what is there).
fn message(changes: &[(&str, Value)]) -> Value {
    let mut body = official!("message_created");
    for (place, value) in changes {
        match body.pointer_mut(place) {
            Some(found) => *found = value.clone(),
            None => body[&place[1..]] = value.clone(),
        }
    }
    body
}

fn at(contact: &str) -> Place {
    Place { contact: contact.to_owned(), identity: identity(contact), route: "10".to_owned() }
}

fn identity(contact: &str) -> Identity {
    Identity {
        username: None,
        aliases: vec![format!("account:1/contact:{contact}")],
        thread: Some("account:1/conversation:10".to_owned()),
    }
}

#[test]
fn a_message_is_ours_while_the_conversation_is_pending() {
    let pending = message(&[("/conversation/status", json!("pending"))]);
    let Happened::Wrote { message: inbound, ours, .. } = happened(pending) else { panic!() };
    assert!(ours);
    assert_eq!(
        *inbound,
        Inbound {
            channel: ChannelKind::Chatwoot,
            message_id: "118".to_owned(),
            contact: "14".to_owned(),
            contact_name: Some("little-haze-776".to_owned()),
            text: "hi".to_owned(),
            attachments: Vec::new(),
            route: Some("10".to_owned()),
            source: Some("http://localhost:3000/widget_tests".to_owned()),
            identity: identity("14"),
            quiet_ms: 0,
        }
    );
    let assignee = |body| match happened(body) {
        Happened::Wrote { ours: false, assignee, .. } => assignee,
        other => panic!("{other:?}"),
    };
    assert_eq!(assignee(message(&[])).as_deref(), Some("John"));
    for status in ["open", "resolved", "snoozed"] {
        assignee(message(&[("/conversation/status", json!(status))]));
    }
}

#[test]
fn without_an_agent_bot_open_conversations_that_nobody_has_are_ours() {
    let config = Chatwoot { answers: ChatwootAnswers::Unassigned, ..config() };
    let ours = |changes: &[(&str, Value)]| match read(&config, &Body(message(changes))) {
        Happened::Wrote { ours, .. } => ours,
        other => panic!("{other:?}"),
    };
    let nobody = ("/conversation/meta/assignee", Value::Null);
    assert!(ours(std::slice::from_ref(&nobody)));
    assert!(ours(&[("/conversation/meta/assignee/type", json!("agent_bot"))]));
    assert!(ours(&[("/conversation/status", json!("pending"))]));
    assert!(!ours(&[]));
    assert!(!ours(&[nobody, ("/conversation/status", json!("resolved"))]));
}

#[test]
fn a_contact_is_its_number_where_there_is_one() {
    let contact =
        |number: Value| match happened(message(&[("/conversation/meta/sender/phone_number", number)])) {
            Happened::Wrote { message, .. } => message.contact,
            other => panic!("{other:?}"),
        };
    assert_eq!(contact(json!("+573001112233")), "+573001112233");
    assert_eq!(contact(json!("n/a")), "14");
    assert_eq!(contact(Value::Null), "14");
}

#[test]
fn files_and_places_keep_their_meaning() {
    let files = json!([
        {"id": 1, "file_type": "audio", "data_url": "https://x/y.ogg"},
        {"id": 2, "file_type": "image", "data_url": "https://x/y.jpg"},
        {"id": 3, "file_type": "location", "coordinates_lat": 4.711, "coordinates_long": -74.0721, "fallback_title": "Tienda"},
        {"id": 4, "file_type": "ig_reel"},
        {"id": 5},
    ]);
    let body = message(&[("/content", Value::Null), ("/attachments", files)]);
    let Happened::Wrote { message, .. } = happened(body) else { panic!() };
    assert_eq!(message.text, "📍 Tienda (4.711, -74.0721)");
    let kinds: Vec<_> = message.attachments.iter().map(|file| file.kind).collect();
    assert_eq!(kinds, [AttachmentKind::Voice, AttachmentKind::Picture, AttachmentKind::File]);
    assert_eq!(message.attachments[0].reference, "https://x/y.ogg");
}

#[test]
fn a_person_who_writes_is_told_from_a_bot_a_note_and_ourselves() {
    let outgoing = ("/message_type", json!("outgoing"));
    let by_person = [outgoing.clone(), ("/sender/type", json!("user")), ("/sender/name", json!("Eva"))];
    assert_eq!(
        happened(message(&by_person)),
        Happened::Answered {
            place: at("14"),
            by: "Eva".to_owned(),
            text: "hi".to_owned(),
            message_id: "118".to_owned()
        }
    );
    let with = |change: (&'static str, Value)| {
        let mut changes = by_person.to_vec();
        changes.push(change);
        happened(message(&changes))
    };
    assert_eq!(with(("/private", json!(true))), Happened::Nothing);
    assert_eq!(with(("/sender/type", json!("agent_bot"))), Happened::Nothing);
    assert_eq!(with(("/sender/type", json!("contact"))), Happened::Nothing);
    assert_eq!(with(("/content_attributes", json!({"iass": 7}))), Happened::Nothing);
    assert_eq!(with(("/message_type", json!("template"))), Happened::Nothing);
    assert_eq!(with(("/event", json!("message_updated"))), Happened::Nothing);
}

#[test]
fn our_own_words_are_known_by_their_id_or_as_long_as_it_is_not_known_by_themselves() {
    let replies = [(Some("118".to_owned()), "a".to_owned()), (None, "*Hola*".to_owned())];
    assert!(is_our_own("118", "whatever", &replies));
    assert!(is_our_own("119", "**Hola**", &replies));
    assert!(!is_our_own("119", "a", &replies), "that one has another id");
    assert!(!is_our_own("119", "Hola", &replies));
}

#[test]
fn a_conversation_is_taken_and_given_back() {
    let taken = Happened::Taken { place: at("12"), by: "John".to_owned() };
    assert_eq!(happened(official!("conversation_status_changed")), taken);
    assert_eq!(happened(official!("conversation_opened")), taken);
    assert_eq!(happened(official!("conversation_resolved")), Happened::GivenBack { place: at("12") });
    let changed = |status: &str, event: &str| {
        let mut body = official!("conversation_status_changed");
        (body["status"], body["event"]) = (json!(status), json!(event));
        happened(body)
    };
    let back = Happened::GivenBack { place: at("12") };
    assert_eq!(changed("resolved", "conversation_status_changed"), back);
    assert_eq!(changed("pending", "conversation_status_changed"), back);
    // Whatever else changes in a pending conversation gives nothing back: a handoff may be on its way.
    assert_eq!(changed("pending", "conversation_updated"), Happened::Nothing);
    assert_eq!(changed("open", "conversation_updated"), taken);
    let mut nobody = official!("conversation_status_changed");
    nobody["meta"]["assignee"] = Value::Null;
    assert_eq!(happened(nobody), Happened::Nothing);
}

#[test]
fn what_does_not_matter_is_nothing() {
    for body in [
        official!("message_updated"),
        official!("webwidget_triggered"),
        json!({}),
        json!({"event": "message_created"}),
        json!({"event": "message_created", "message_type": "incoming", "conversation": 7}),
        json!({"event": "conversation_resolved", "meta": []}),
    ] {
        assert_eq!(happened(body), Happened::Nothing);
    }
    assert!(Body::parse(b"[]").is_err() && Body::parse(b"x").is_err());
}

#[test]
fn a_body_says_whose_it_is() {
    let addressee = |body: Value| Body(body).addressee();
    let account = |id| Addressee { account_id: Some(id), tenant: None };
    assert_eq!(addressee(official!("message_created")), account(1));
    assert_eq!(addressee(official!("conversation_resolved")), account(1));
    assert_eq!(addressee(json!({"conversation": {"account_id": 7}})), account(7));
    assert_eq!(addressee(json!({"account": {"id": "8"}})), account(8));
    let named = addressee(json!({"conversation": {"meta": {"tenant_id": "acme"}}}));
    assert_eq!(named, Addressee { account_id: None, tenant: Some("acme".to_owned()) });
    assert_eq!(addressee(json!({"conversation": {"meta": {"company_id": "acme"}}})), named);
    assert_eq!(addressee(json!({})), Addressee::default());
}
