//! Chatwoot through the real daemon, against a fake of its interface.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    fake_chatwoot::{Fail, FakeChatwoot, SECRET, post_raw, post_signed, sign},
    fake_llm::{Act, FakeLlm},
    harness::{Daemon, PATIENCE, Site},
    media::voice_note,
};

const PATH: &str = "/webhooks/chatwoot/acme";

const TENANT: &str = "name = \"Benova\"\n[business]\naddress = \"Calle 5 # 10-20\"\n[limits]\n\
                      messages_per_minute = 10000\n[handoff]\nloop_similarity = 1.0\n";

fn site(chatwoot: &FakeChatwoot, channel: &str, more: &str) -> Site {
    let site = Site::new(&[]);
    let config = format!(
        "[worker]\nburst_quiet_ms = 0\n[outbox]\nfirst_retry_ms = 10\nmax_retry_s = 1\nmax_attempts = 6\n{more}"
    );
    site.write("chatbot.toml", &config);
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}", chatwoot.config(1, channel)));
    site
}

fn official() -> Value {
    serde_json::from_str(include_str!("../fixtures/wire/chatwoot/message_created.official.json")).unwrap()
}

/// A customer's message of conversation 10.
fn incoming(id: u64, status: &str, text: &str) -> Value {
    let mut body = official();
    (body["id"], body["content"], body["conversation"]["status"]) = (json!(id), json!(text), json!(status));
    if status == "pending" {
        body["conversation"]["meta"]["assignee"] = Value::Null;
    }
    body
}

/// A message of somebody of the business.
fn outgoing(id: u64, name: &str, text: &str) -> Value {
    let mut body = incoming(id, "open", text);
    body["message_type"] = json!("outgoing");
    body["sender"] = json!({"id": 1, "name": name, "email": "eva@acme.example", "type": "user"});
    body
}

fn status_changed(status: &str) -> Value {
    let text = include_str!("../fixtures/wire/chatwoot/conversation_status_changed.official.json");
    let mut body: Value = serde_json::from_str(text).unwrap();
    (body["status"], body["meta"]["sender"]["id"], body["meta"]["assignee"]) =
        (json!(status), json!(14), Value::Null);
    body
}

async fn tell(daemon: &Daemon, body: &Value) {
    assert_eq!(post_signed(daemon, PATH, body).await, 200);
}

async fn owner(daemon: &Daemon) -> String {
    let conversations = daemon.client.list("/api/v1/tenants/acme/conversations").await;
    conversations[0]["owner"].as_str().unwrap().to_owned()
}

const UNANSWERED: &str = "select count(*) from inbox where turn_id is null";

#[tokio::test]
async fn every_sample_has_its_verdict_when_it_is_of_now() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "", "");
    let daemon = site.start();
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/wire/chatwoot/signed_cases.json")).unwrap();
    let now = iass::clock::Clock::System.now().as_second();
    for (place, case) in cases.iter().enumerate() {
        let name = case["name"].as_str().unwrap();
        let header = |name: &str| case["headers"][name].as_str();
        let body = case["body"].as_str().unwrap();
        // As it is, the sample is of another year.
        let signature = header("X-Chatwoot-Signature").unwrap_or_default();
        let timestamp = header("X-Chatwoot-Timestamp").unwrap_or_default();
        assert_eq!(post_raw(&daemon, PATH, body, Some((timestamp, signature))).await, 401, "{name}");
        assert_eq!(post_raw(&daemon, PATH, body, None).await, 401, "{name}");
        let body = body.replacen("\"id\":118", &format!("\"id\":{}", 200 + place), 1);
        let (time, right) = (now.to_string(), sign(SECRET, now, &body));
        assert_eq!(post_raw(&daemon, PATH, &body, Some((&time, &sign("other", now, &body)))).await, 401);
        let changed = body.replacen('h', "j", 1);
        assert_eq!(post_raw(&daemon, PATH, &changed, Some((&time, &right))).await, 401, "{name}");
        if case["expect"].as_str().unwrap().starts_with("accept") {
            assert_eq!(post_raw(&daemon, PATH, &body, Some((&time, &right))).await, 200, "{name}");
            site.wait_until("acme", UNANSWERED, 0).await;
        }
    }
    // The pending text and the pending voice note, which nobody can hear.
    site.wait_until("acme", UNANSWERED, 0).await;
    site.wait_until("acme", "select count(*) from outbox where state <> 'sent'", 0).await;
    // What John answers in between is heard, and not answered.
    assert_eq!(site.count("acme", "select count(*) from inbox"), 3);
    let said = chatwoot.messages();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|message| message.conversation == 10 && !message.private), "{said:?}");
    assert!(said[1].content.contains("listen to your voice note"), "{said:?}");
}

#[tokio::test]
async fn the_tenant_is_found_by_its_account_or_by_its_name() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "", "");
    site.write("tenants/other/tenant.toml", &format!("name = \"Otra\"\n{}", chatwoot.config(2, "")));
    site.write("tenants/broken/tenant.toml", "name = 1\n");
    let daemon = site.start();
    let path = "/webhooks/chatwoot";
    let of = |account: u64, id: u64| {
        let mut body = incoming(id, "pending", "hola");
        body["account"]["id"] = json!(account);
        body["conversation"]["id"] = json!(account);
        body
    };
    assert_eq!(post_signed(&daemon, path, &of(1, 1)).await, 200);
    assert_eq!(post_signed(&daemon, path, &of(2, 2)).await, 200);
    let said = chatwoot.wait_for(2).await;
    let mut conversations: Vec<u64> = said.iter().map(|message| message.conversation).collect();
    conversations.sort_unstable();
    assert_eq!(conversations, [1, 2]);
    assert_eq!(post_signed(&daemon, path, &of(3, 3)).await, 404);
    let mut named = of(9, 4);
    named["conversation"]["meta"]["tenant_id"] = json!("other");
    assert_eq!(post_signed(&daemon, path, &named).await, 200);
    chatwoot.wait_for(3).await;
    let body = of(1, 5).to_string();
    assert_eq!(post_raw(&daemon, path, &body, None).await, 401);
    assert_eq!(site.count("acme", "select count(*) from inbox"), 1);
}

#[tokio::test]
async fn an_old_chatwoot_is_taken_only_with_the_secret_in_its_address() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "webhook_token = \"t0ken\"", "");
    let daemon = site.start();
    let body = incoming(1, "pending", "hola").to_string();
    for (path, status) in [
        (PATH.to_owned(), 401),
        (format!("{PATH}?token=t0keN"), 401),
        (format!("{PATH}?token=t0ken"), 200),
        ("/webhooks/chatwoot?token=t0ken".to_owned(), 200),
    ] {
        assert_eq!(post_raw(&daemon, &path, &body, None).await, status, "{path}");
    }
    chatwoot.wait_for(1).await;
    assert_eq!(site.count("acme", "select count(*) from inbox"), 1);
    assert!(!daemon.log().contains("t0ken"));
}

#[tokio::test]
async fn a_webhook_that_comes_five_times_in_any_order_has_one_reply() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "", "");
    let daemon = site.start();
    let bodies: Vec<Value> = (1..=8)
        .map(|n| {
            let mut body = incoming(n, "pending", "hola");
            body["conversation"]["id"] = json!(n);
            body["conversation"]["meta"]["sender"]["id"] = json!(1000 + n);
            body
        })
        .collect();
    let copies = bodies.iter().flat_map(|body| std::iter::repeat_n(body, 5));
    futures::future::join_all(copies.map(|body| tell(&daemon, body))).await;
    for body in bodies.iter().rev() {
        tell(&daemon, body).await;
    }
    chatwoot.wait_for(8).await;
    for body in bodies.iter().rev() {
        tell(&daemon, body).await;
    }
    site.wait_until("acme", UNANSWERED, 0).await;
    site.wait_until("acme", "select count(*) from outbox where state <> 'sent'", 0).await;
    let mut conversations: Vec<u64> =
        chatwoot.messages().iter().map(|message| message.conversation).collect();
    conversations.sort_unstable();
    assert_eq!(conversations, (1..=8).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_conversation_goes_on_when_its_contact_gets_a_number_or_is_merged() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "", "");
    let daemon = site.start();
    let of = |id: u64, contact: u64, phone: Value| {
        let mut body = incoming(id, "pending", "gracias");
        body["conversation"]["meta"]["sender"]["id"] = json!(contact);
        body["conversation"]["meta"]["sender"]["phone_number"] = phone;
        body
    };
    for (id, contact, phone) in [(1, 15, Value::Null), (2, 15, json!("+573001112201")), (3, 22, Value::Null)]
    {
        tell(&daemon, &of(id, contact, phone)).await;
        chatwoot.wait_for(usize::try_from(id).unwrap()).await;
    }
    assert_eq!(site.count("acme", "select count(*) from conversation"), 1);
    // A person answers under the name that the contact has now.
    tell(&daemon, &outgoing(4, "Eva", "Aquí estoy")).await;
    assert_eq!(owner(&daemon).await, "human");
}

#[tokio::test]
async fn people_take_over_with_a_note_and_give_back() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "", "");
    let daemon = site.start();
    tell(&daemon, &incoming(1, "pending", "hola")).await;
    chatwoot.wait_for(1).await;
    tell(&daemon, &incoming(2, "pending", "quiero hablar con una persona")).await;
    let said = chatwoot.wait_for(3).await;
    assert!(!said[1].private);
    assert!(said[1].content.contains("persona de nuestro equipo"), "{said:?}");
    let note = &said[2];
    assert!(note.private && note.content.starts_with("**"), "{note:?}");
    for part in ["espera a una persona", "**Motivo**: Pidió hablar con una persona", "**Cliente**: hola"] {
        assert!(note.content.contains(part), "{part} is missing: {}", note.content);
    }
    assert_eq!(chatwoot.status(10).as_deref(), Some("open"));
    assert_eq!(owner(&daemon).await, "waiting");

    // The customer writes on; nobody has come yet.
    tell(&daemon, &incoming(3, "pending", "¿hola?")).await;
    site.wait_until("acme", UNANSWERED, 0).await;
    // A person writes, and the conversation is theirs. Chatwoot tells it twice.
    for _ in 0..2 {
        tell(&daemon, &outgoing(4, "Eva", "Soy Eva, ¿en qué ayudo?")).await;
    }
    assert_eq!(owner(&daemon).await, "human");
    tell(&daemon, &incoming(5, "open", "¿Dónde están?")).await;
    site.wait_until("acme", UNANSWERED, 0).await;
    assert_eq!(chatwoot.messages().len(), 3, "silent");
    let (_, messages) = daemon.client.conversations("acme").await.remove(0);
    let roles: Vec<&str> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["customer", "assistant", "customer", "assistant", "customer", "person", "customer"]);

    tell(&daemon, &status_changed("resolved")).await;
    assert_eq!(owner(&daemon).await, "returned");
    tell(&daemon, &incoming(6, "pending", "¿Dónde están?")).await;
    let said = chatwoot.wait_for(4).await;
    assert!(said[3].content.contains("Calle 5 # 10-20"), "{said:?}");
    let handoffs = daemon.client.list("/api/v1/tenants/acme/handoffs").await;
    assert_eq!((handoffs.len(), &handoffs[0]["taken_by"]), (1, &json!("Eva")));
    assert!(!daemon.log().contains("quiero hablar"));
}

#[tokio::test]
async fn a_person_who_steps_in_unasked_is_not_interrupted() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "", "");
    let daemon = site.start();
    tell(&daemon, &incoming(1, "pending", "hola")).await;
    let own = chatwoot.wait_for(1).await.remove(0);
    site.wait_until("acme", "select count(*) from outbox where state = 'sent'", 1).await;
    // Our own words, told as those of the person whose token is used.
    tell(&daemon, &outgoing(own.id, "Eva", &own.content)).await;
    assert_eq!(owner(&daemon).await, "bot");
    tell(&daemon, &outgoing(2, "Eva", "Yo sigo con esto")).await;
    assert_eq!(owner(&daemon).await, "human");
    tell(&daemon, &incoming(3, "pending", "gracias")).await;
    site.wait_until("acme", UNANSWERED, 0).await;
    assert_eq!(chatwoot.messages().len(), 1);
    // What happens in conversations that this program never had is nothing to it.
    let mut other = outgoing(4, "Eva", "hola");
    other["conversation"]["id"] = json!(99);
    tell(&daemon, &other).await;
    let mut other = incoming(5, "open", "hola");
    other["conversation"]["meta"]["sender"]["id"] = json!(99);
    other["conversation"]["id"] = json!(98);
    tell(&daemon, &other).await;
    assert_eq!(site.count("acme", "select count(*) from inbox"), 2);
    assert_eq!(daemon.client.list("/api/v1/tenants/acme/conversations").await.len(), 1);
}

#[tokio::test]
async fn failures_and_a_restart_cost_nothing_but_time_and_hand_over_once() {
    let chatwoot = FakeChatwoot::start();
    let site = site(&chatwoot, "", "");
    chatwoot.fail([Fail::Refuse(429, Some("0")), Fail::Refuse(500, None), Fail::Hang]);
    let mut daemon = site.start();
    tell(&daemon, &incoming(1, "pending", "hola")).await;
    chatwoot.wait_for_tries(3).await;
    tell(&daemon, &incoming(2, "pending", "quiero hablar con una persona")).await;
    site.wait_until("acme", "select count(*) from outbox", 3).await;
    daemon.kill();
    chatwoot.fail([Fail::Refuse(502, None)]);
    let daemon = site.start();
    let said = chatwoot.wait_for(3).await;
    site.wait_until("acme", "select count(*) from outbox where state <> 'sent'", 0).await;
    assert_eq!(said.iter().map(|message| message.private).collect::<Vec<_>>(), [false, false, true]);
    assert!(said[0].content.starts_with("¡Hola"), "in their order: {said:?}");
    assert_eq!((chatwoot.status(10).as_deref(), chatwoot.messages().len()), (Some("open"), 3));

    chatwoot.fail([Fail::Refuse(404, None)]);
    tell(&daemon, &status_changed("resolved")).await;
    tell(&daemon, &incoming(3, "pending", "gracias")).await;
    site.wait_until("acme", "select count(*) from outbox where state = 'dead'", 1).await;
    let letters = daemon.client.list("/api/v1/tenants/acme/dead-letters").await;
    assert_eq!(letters[0]["error"], "answered 404: as told");
}

#[tokio::test]
async fn an_answer_comes_at_once_whatever_the_model_does() {
    let chatwoot = FakeChatwoot::start();
    let llm = FakeLlm::start([Act::Hang, Act::Hang]);
    let more = format!(
        "[[llm.keys]]\nid = \"k\"\nbase_url = \"{}\"\napi_key = \"sk\"\nmodel = \"fake\"\n",
        llm.base_url()
    );
    let site = site(&chatwoot, "", &more);
    let daemon = site.start();
    tell(&daemon, &incoming(1, "pending", "hola")).await;
    chatwoot.wait_for(1).await;
    tell(&daemon, &incoming(2, "pending", "¿Qué me recomiendan para la piel seca?")).await;
    let begun = Instant::now();
    while llm.asked().is_empty() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for id in 3..20 {
        let begun = Instant::now();
        tell(&daemon, &incoming(id, "pending", "¿y entonces?")).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_voice_note_becomes_text_and_is_answered() {
    let chatwoot = FakeChatwoot::start();
    let llm = FakeLlm::start([Act::Answer("¿Dónde están ustedes?".to_owned())]);
    let more = format!(
        "[[llm.keys]]\nid = \"ears\"\nbase_url = \"{}\"\napi_key = \"sk\"\nmodel = \"fake\"\n[llm.speech]\n\
         key = \"ears\"\nmodel = \"whisper-1\"\n",
        llm.base_url()
    );
    let site = site(&chatwoot, "", &more);
    let daemon = site.start();
    let mut body = incoming(1, "pending", "");
    body["content"] = Value::Null;
    let url = chatwoot.keep("nota.ogg", voice_note());
    body["attachments"] = json!([{"id": 1, "file_type": "audio", "data_url": url}]);
    tell(&daemon, &body).await;
    let said = chatwoot.wait_for(1).await;
    assert!(said[0].content.contains("Calle 5 # 10-20"), "{said:?}");
}
