//! WhatsApp at Meta, through the real daemon and against a fake of the Graph API.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    fake_llm::{Act, FakeLlm},
    fake_meta::{
        APP_SECRET, Fail, FakeMeta, NUMBER, SECOND_NUMBER, VERIFY_TOKEN, post_raw, post_signed, sign, text,
        webhook,
    },
    fake_twilio::{FakeTwilio, PUBLIC_URL},
    fake_webhook::FakeWebhook,
    harness::{Daemon, PATIENCE, Site},
    media::voice_note,
};

const PATH: &str = "/webhooks/meta/acme";
const ANA: &str = "573001112201";

/// What every tenant of these tests has besides its channel.
const TENANT: &str = "name = \"La Tuerca\"\n[business]\naddress = \"Calle 5 # 10-20\"\n[limits]\n\
                      messages_per_minute = 10000\n[handoff]\nloop_similarity = 1.0\n";

fn site(meta: &FakeMeta, channel: &str, more: &str) -> Site {
    let site = Site::new(&[]);
    let config = format!(
        "[worker]\nburst_quiet_ms = 0\n[outbox]\nfirst_retry_ms = 10\nmax_retry_s = 1\nmax_attempts = 6\n{more}"
    );
    site.write("chatbot.toml", &config);
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}", meta.config(channel)));
    site
}

fn keys(llm: &FakeLlm, more: &str) -> String {
    format!(
        "[[llm.keys]]\nid = \"a\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n{more}",
        llm.base_url()
    )
}

async fn write(daemon: &Daemon, webhook: &Value) {
    assert_eq!(post_signed(daemon, PATH, webhook).await, 200);
}

fn database(site: &Site) -> Connection {
    let db = Connection::open(site.database("acme")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db
}

fn column(site: &Site, sql: &str) -> Vec<String> {
    let db = database(site);
    let mut rows = db.prepare(sql).unwrap();
    let texts = rows.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    texts.map(|text| text.unwrap().unwrap_or_default()).collect()
}

async fn wait_until(site: &Site, sql: &str, expected: &[&str]) {
    let begun = std::time::Instant::now();
    while column(site, sql) != expected {
        assert!(begun.elapsed() < PATIENCE, "{sql} is {:?}", column(site, sql));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

const STATES: &str = "select state from outbox order by seq";

/// A daemon that has answered one message, stopped before its reply went out, so that a test may change the reply.
async fn with_reply_unsent(site: &Site, meta: &FakeMeta) {
    meta.fail([Fail::Hang]);
    let mut daemon = site.start();
    write(&daemon, &text("w1", ANA, "¿Dónde quedan?")).await;
    meta.wait_for_tries(1).await;
    daemon.kill();
}

#[tokio::test]
async fn what_meta_signed_is_taken_and_what_was_changed_is_not() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    let daemon = site.start();
    for line in include_str!("../fixtures/wire/meta/signed_webhooks.jsonl").lines() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| sample[name].as_str().unwrap();
        let (body, signature) = (STANDARD.decode(field("body_b64")).unwrap(), field("x_hub_signature_256"));
        let mut changed = body.clone();
        *changed.iter_mut().rfind(|byte| **byte == b'"').unwrap() = b'\'';
        for (body, signature) in [(&changed, signature), (&body, ""), (&body, &sign("another", &body))] {
            assert_eq!(post_raw(&daemon, PATH, body.clone(), signature).await, 401, "{}", field("name"));
        }
        let path = if field("name").starts_with("fb") { PATH } else { "/webhooks/whatsapp/acme" };
        assert_eq!(post_raw(&daemon, path, body, signature).await, 200, "{}", field("name"));
    }
    let ids = column(&site, "select message_id from inbox order by seq");
    assert_eq!(ids.len(), 17, "{ids:?}");
    wait_until(&site, "select count(*) || '' from inbox where turn_id is null", &["0"]).await;
    wait_until(&site, "select count(*) || '' from outbox where state <> 'sent'", &["0"]).await;
    let customers: Vec<String> =
        meta.taken().iter().map(|sent| sent.body["to"].as_str().unwrap().to_owned()).collect();
    // Two of the samples tell that the customers have other numbers now.
    let known = ["16505551234", "12195555358", "972987654321", "972912345678"];
    assert!(customers.iter().all(|to| known.contains(&to.as_str())), "{customers:?}");
    let log = daemon.log();
    for secret in
        ["16505551234", "972987654321", "Sheena", "another color", APP_SECRET, crate::fake_meta::TOKEN]
    {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test]
async fn only_who_knows_the_word_registers_the_address() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    site.write("tenants/other/tenant.toml", "name = \"Otro\"\n");
    let daemon = site.start();
    let ask = async |tenant: &str, mode: &str, word: &str| {
        let path = format!(
            "/webhooks/whatsapp/{tenant}?hub.mode={mode}&hub.verify_token={word}&hub.challenge=1158201444"
        );
        let response = daemon.client.request(Method::GET, &path).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(ask("acme", "subscribe", VERIFY_TOKEN).await, (200, "1158201444".to_owned()));
    assert_eq!(ask("acme", "subscribe", "guess").await.0, 403);
    assert_eq!(ask("acme", "unsubscribe", VERIFY_TOKEN).await.0, 403);
    assert_eq!(ask("other", "subscribe", VERIFY_TOKEN).await.0, 404);
    assert_eq!(ask("none", "subscribe", VERIFY_TOKEN).await.0, 404);
    assert_eq!(post_raw(&daemon, PATH, b"{".to_vec(), &sign(APP_SECRET, b"{")).await, 400);
    let large = daemon.client.request(Method::POST, PATH).body(vec![b' '; 5 << 20]).send().await;
    // The connection may be closed before all of it is written.
    assert!(large.is_err() || large.is_ok_and(|response| response.status() == 413));
}

#[tokio::test]
async fn a_webhook_that_comes_five_times_in_any_order_has_one_reply() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    let daemon = site.start();
    let webhooks = ["hola", "¿Dónde quedan?", "gracias"]
        .iter()
        .enumerate()
        .map(|(n, question)| text(&format!("w{n}"), ANA, question));
    let webhooks: Vec<Value> = webhooks.collect();
    for (n, webhook) in webhooks.iter().enumerate() {
        futures::future::join_all((0..5).map(|_| write(&daemon, webhook))).await;
        meta.wait_for_taken(n + 1).await;
        for earlier in webhooks[..=n].iter().rev() {
            write(&daemon, earlier).await;
        }
    }
    wait_until(&site, STATES, &["sent", "sent", "sent"]).await;
    let texts = meta.texts();
    assert_eq!((texts.len(), meta.tried().len()), (3, 3));
    assert!(texts[0].starts_with("¡Hola") && texts[1].contains("Calle 5 # 10-20"), "{texts:?}");
    assert!(texts[2] != texts[0], "{texts:?}");
}

#[tokio::test]
async fn the_acknowledgement_does_not_wait_for_the_model_and_the_customer_sees_that_we_write() {
    let meta = FakeMeta::start();
    let llm = FakeLlm::start([Act::Hang]);
    let site = site(&meta, "", &keys(&llm, ""));
    let daemon = site.start();
    write(&daemon, &text("w1", ANA, "¿Abren hoy?")).await;
    assert_eq!(meta.wait_for_reads(1).await, [(NUMBER.to_owned(), "w1".to_owned())]);
    write(&daemon, &text("w1", ANA, "¿Abren hoy?")).await;
    assert_eq!(column(&site, "select turn_id from inbox"), [""]);
    assert!(meta.tried().is_empty());
    assert_eq!(meta.reads().len(), 1, "a copy is not shown as read again");
}

#[tokio::test]
async fn replies_arrive_through_refusals_hangs_and_a_restart() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    let contacts: Vec<String> = (0..6).map(|n| format!("5730011122{n:02}")).collect();
    meta.fail([
        Fail::Refuse(429, 130_429),
        Fail::Refuse(500, 131_016),
        Fail::Hang,
        Fail::Garbage(503),
        Fail::Refuse(400, 131_056),
        Fail::Refuse(400, 4),
        Fail::Refuse(500, 131_000),
    ]);
    let mut daemon = site.start();
    for (n, contact) in contacts.iter().enumerate() {
        write(&daemon, &text(&format!("w{n}"), contact, "hola")).await;
    }
    meta.wait_for_tries(8).await;
    daemon.kill();
    let _next = site.start();
    wait_until(&site, STATES, &["sent"; 6]).await;
    let mut to: Vec<String> =
        meta.taken().iter().map(|sent| sent.body["to"].as_str().unwrap().to_owned()).collect();
    to.sort();
    to.dedup();
    assert_eq!(to, contacts);
}

#[tokio::test]
async fn what_meta_will_never_take_is_a_dead_letter_with_its_reason_and_the_operator_is_told() {
    let (meta, alerts) = (FakeMeta::start(), FakeWebhook::start().await);
    let site = site(&meta, "", &format!("[alerts]\nwebhook_url = \"{}\"\n", alerts.url()));
    let daemon = site.start();
    meta.fail([Fail::Refuse(400, 131_026)]);
    write(&daemon, &text("w1", ANA, "hola")).await;
    wait_until(&site, STATES, &["dead"]).await;
    write(&daemon, &text("w2", ANA, "¿dónde quedan?")).await;
    wait_until(&site, STATES, &["dead", "sent"]).await;
    assert_eq!(
        column(&site, "select last_error from outbox where state = 'dead'"),
        ["Meta answered 400: error 131026: as told"]
    );
    meta.fail([Fail::Refuse(401, 190)]);
    write(&daemon, &text("w3", ANA, "gracias")).await;
    wait_until(&site, STATES, &["dead", "sent", "dead"]).await;
    let told = alerts.next().await;
    assert!(told.contains("meta (acme)") && told.contains("token"), "{told}");
    assert_eq!(meta.tried().len(), 3, "nothing that lasts is tried again");
}

#[tokio::test]
async fn after_a_day_only_the_template_goes_out() {
    let template = "[channels.meta.template]\nname = \"reply_later\"\nlanguage = \"es\"\n";
    for (channel, expected) in [(template, "sent"), ("", "dead")] {
        let meta = FakeMeta::start();
        let site = site(&meta, channel, "");
        with_reply_unsent(&site, &meta).await;
        let sql = "update outbox set text = 'Estamos en la' || char(10) || 'Calle 5.'; update inbox set received_ms = \
                   received_ms - 25 * 3600 * 1000";
        database(&site).execute_batch(sql).unwrap();
        let _daemon = site.start();
        wait_until(&site, STATES, &[expected]).await;
        let taken = meta.taken();
        if channel.is_empty() {
            assert_eq!((taken.len(), meta.tried().len()), (0, 1), "Meta is not even asked");
            let error = column(&site, "select last_error from outbox").remove(0);
            assert!(error.contains("24 hours") && error.contains("[channels.meta.template]"), "{error}");
        } else {
            let sent = &taken[0].body["template"];
            assert_eq!(
                sent["components"][0]["parameters"],
                json!([{"type": "text", "text": "Estamos en la Calle 5."}])
            );
        }
    }
}

#[tokio::test]
async fn a_window_that_meta_holds_for_closed_is() {
    let meta = FakeMeta::start();
    meta.close_window();
    let site = site(&meta, "[channels.meta.template]\nname = \"reply_later\"\nlanguage = \"es\"\n", "");
    let daemon = site.start();
    write(&daemon, &text("w1", ANA, "hola")).await;
    let taken = meta.wait_for_taken(1).await;
    assert_eq!((taken[0].body["type"].as_str(), meta.tried().len()), (Some("template"), 2));
}

/// What Meta posts of a reply that it took and then did not carry.
fn refused_late(id: &str, mark: &Value, code: i64) -> Value {
    let error = json!({"code": code, "title": "as told", "error_data": {"details": "as told"}});
    let status = json!({"id": id, "status": "failed", "timestamp": "1750000009", "recipient_id": ANA,
                        "biz_opaque_callback_data": mark, "errors": [error]});
    webhook(NUMBER, &json!({"statuses": [status]}))
}

const TEMPLATE: &str = "[channels.meta.template]\nname = \"reply_later\"\nlanguage = \"es\"\n";

#[tokio::test]
async fn a_reply_that_meta_refuses_later_goes_out_in_the_template_once() {
    let meta = FakeMeta::start();
    let site = site(&meta, TEMPLATE, "");
    let mut daemon = site.start();
    write(&daemon, &text("w1", ANA, "¿Dónde quedan?")).await;
    let sent = meta.wait_for_taken(1).await.remove(0);
    let mark = &sent.body["biz_opaque_callback_data"];
    wait_until(&site, STATES, &["sent"]).await;
    let refused = refused_late("wamid.out0", mark, 131_047);
    futures::future::join_all((0..5).map(|_| write(&daemon, &refused))).await;
    let again = meta.wait_for_taken(2).await.remove(1);
    assert_eq!(again.body["type"], "template");
    let said = again.body["template"]["components"][0]["parameters"][0]["text"].as_str().unwrap().to_owned();
    assert!(said.contains("Calle 5 # 10-20"), "{said}");
    wait_until(&site, STATES, &["sent"]).await;
    daemon.kill();
    let daemon = site.start();
    write(&daemon, &refused).await;
    // News of the first try that come late are none of the second.
    let late =
        json!({"id": "wamid.out0", "status": "sent", "recipient_id": ANA, "biz_opaque_callback_data": mark});
    write(&daemon, &webhook(NUMBER, &json!({"statuses": [late]}))).await;
    write(&daemon, &text("w2", ANA, "gracias")).await;
    let taken = meta.wait_for_taken(3).await;
    assert_eq!((taken[2].body["type"].as_str(), meta.tried().len()), (Some("text"), 3), "free words again");
    wait_until(&site, "select provider_id from outbox order by seq", &["wamid.out1", "wamid.out2"]).await;
}

#[tokio::test]
async fn a_reply_that_meta_refuses_later_waits_for_its_customer_where_there_is_no_template() {
    let (meta, alerts) = (FakeMeta::start(), FakeWebhook::start().await);
    let site = site(&meta, "", &format!("[alerts]\nwebhook_url = \"{}\"\n", alerts.url()));
    let mut daemon = site.start();
    write(&daemon, &text("w1", ANA, "¿Dónde quedan?")).await;
    let sent = meta.wait_for_taken(1).await.remove(0);
    wait_until(&site, STATES, &["sent"]).await;
    let refused = refused_late("wamid.out0", &sent.body["biz_opaque_callback_data"], 131_047);
    write(&daemon, &refused).await;
    wait_until(&site, STATES, &["dead"]).await;
    let told = alerts.next().await;
    assert!(told.contains("meta (acme)") && told.contains("24 horas"), "{told}");
    let letters = daemon.client.list("/api/v1/tenants/acme/dead-letters").await;
    assert_eq!((letters.len(), &letters[0]["held"]), (1, &json!(true)));
    daemon.kill();
    let daemon = site.start();
    for _ in 0..2 {
        write(&daemon, &refused).await;
    }
    assert_eq!((column(&site, STATES), meta.tried().len()), (vec!["dead".to_owned()], 1));
    write(&daemon, &text("w2", ANA, "¿Siguen ahí?")).await;
    let taken = meta.wait_for_taken(3).await;
    assert_eq!(taken[1].body["text"], sent.body["text"], "what waited goes first");
    wait_until(&site, STATES, &["sent", "sent"]).await;
    write(&daemon, &text("w3", ANA, "gracias")).await;
    meta.wait_for_taken(4).await;
    assert_eq!(meta.tried().len(), 4, "it went out once");
}

#[tokio::test]
async fn what_meta_tells_too_late_that_it_will_not_carry_is_a_dead_letter() {
    let (meta, alerts) = (FakeMeta::start(), FakeWebhook::start().await);
    let site = site(&meta, "", &format!("[alerts]\nwebhook_url = \"{}\"\n", alerts.url()));
    let daemon = site.start();
    for (n, code) in [131_026, 131_042, 131_016].into_iter().enumerate() {
        write(&daemon, &text(&format!("w{n}"), ANA, "gracias")).await;
        meta.wait_for_taken(n + 1).await;
        wait_until(&site, "select state from outbox order by seq desc limit 1", &["sent"]).await;
        write(&daemon, &refused_late(&format!("wamid.out{n}"), &Value::Null, code)).await;
    }
    let told = alerts.next().await;
    assert!(told.contains("meta (acme)"), "{told}");
    // The last one was trouble of Meta's own, which passes.
    meta.wait_for_taken(4).await;
    wait_until(&site, STATES, &["dead", "dead", "sent"]).await;
    let error = column(&site, "select last_error from outbox where seq = 1").remove(0);
    assert_eq!(error, "error 131026: as told");
}

#[tokio::test]
async fn choices_are_buttons_or_a_list() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    with_reply_unsent(&site, &meta).await;
    let choices =
        json!(["jueves 26 de noviembre a las 10:30", "viernes 27 de noviembre a las 09:00"]).to_string();
    database(&site).execute("update outbox set text = '¿Cuándo?', choices = ?1", [choices]).unwrap();
    let daemon = site.start();
    let taken = meta.wait_for_taken(1).await;
    let action = &taken[0].body["interactive"]["action"];
    assert_eq!(action["button"], "Ver opciones");
    let row = &action["sections"][0]["rows"][0];
    let reply = json!({"type": "list_reply", "list_reply": row});
    write(
        &daemon,
        &webhook(
            NUMBER,
            &json!({"messages": [{"from": ANA, "id": "w2", "type": "interactive", "interactive": reply}]}),
        ),
    )
    .await;
    let said = column(&site, "select text from inbox where message_id = 'w2'");
    assert_eq!(said, ["jueves 26 de noviembre a las 10:30"]);
}

#[tokio::test]
async fn a_reply_whose_answer_was_lost_is_not_sent_again_once_its_status_came() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    meta.fail([Fail::Hang]);
    let mut daemon = site.start();
    write(&daemon, &text("w1", ANA, "hola")).await;
    let tried = meta.wait_for_tries(1).await;
    let mark = tried[0].body["biz_opaque_callback_data"].clone();
    let status = |state: &str, mark: &Value| {
        let status = json!({"id": "wamid.lost", "status": state, "recipient_id": ANA, "biz_opaque_callback_data": mark});
        webhook(NUMBER, &json!({"statuses": [status]}))
    };
    write(&daemon, &status("sent", &json!("iass:another:1"))).await;
    assert_eq!(column(&site, STATES), ["sending"]);
    write(&daemon, &status("sent", &mark)).await;
    assert_eq!(column(&site, "select state || ' ' || provider_id from outbox"), ["sent wamid.lost"]);
    write(&daemon, &status("read", &mark)).await;
    write(&daemon, &status("delivered", &mark)).await;
    assert_eq!(column(&site, "select delivery from outbox"), ["read"], "news come in any order");
    daemon.kill();
    let daemon = site.start();
    write(&daemon, &text("w2", ANA, "gracias")).await;
    meta.wait_for_taken(1).await;
    assert_eq!(meta.tried().len(), 2, "the first reply was not sent again");
}

#[tokio::test]
async fn each_number_answers_for_itself_and_strange_ones_are_left_alone() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    let daemon = site.start();
    let message = |number: &str, id: &str, from: &str| {
        let mut webhook = text(id, from, "hola [feria-2026]");
        webhook["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!(number);
        webhook
    };
    write(&daemon, &message("999", "w1", ANA)).await;
    write(&daemon, &message(SECOND_NUMBER, "w2", ANA)).await;
    let sent = meta.wait_for_taken(1).await;
    assert_eq!((sent[0].number.as_str(), sent[0].body["to"].as_str()), (SECOND_NUMBER, Some(ANA)));
    assert_eq!(meta.wait_for_reads(1).await[0].0, SECOND_NUMBER);
    assert_eq!(column(&site, "select message_id || ' ' || text from inbox"), ["w2 hola"]);
    assert_eq!(column(&site, "select source from conversation"), ["feria-2026"]);
    assert!(daemon.log().contains("[[channels.meta.numbers]]"), "{}", daemon.log());

    let by_id = json!({"contacts": [{"profile": {"name": "Leo"}, "user_id": "CO.13491208655302741918"}],
        "messages": [{"from_user_id": "CO.13491208655302741918", "id": "w3", "type": "text", "text": {"body": "hola"}}]});
    write(&daemon, &webhook(NUMBER, &by_id)).await;
    let sent = meta.wait_for_taken(2).await;
    assert_eq!(
        (&sent[1].body["recipient"], &sent[1].body["to"]),
        (&json!("CO.13491208655302741918"), &Value::Null)
    );
}

#[tokio::test]
async fn who_takes_another_number_goes_on_with_the_same_conversation() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    let daemon = site.start();
    let (old, new) = ("5215512345678", "573001112299");
    write(&daemon, &text("w1", old, "hola")).await;
    meta.wait_for_taken(1).await;
    // The same line, written as the network does.
    write(&daemon, &text("w2", "525512345678", "¿Dónde quedan?")).await;
    meta.wait_for_taken(2).await;
    let system = json!({"from": old, "id": "w3", "timestamp": "1750000000", "type": "system", "system": {
        "body": format!("User Ana changed from {old} to {new}"), "wa_id": new, "type": "user_changed_number"}});
    let changed = webhook(NUMBER, &json!({"messages": [system]}));
    for _ in 0..3 {
        write(&daemon, &changed).await;
    }
    write(&daemon, &text("w4", new, "gracias")).await;
    let taken = meta.wait_for_taken(3).await;
    assert_eq!(taken[2].body["to"], new);
    let conversations = daemon.client.conversations("acme").await;
    assert_eq!((conversations.len(), conversations[0].0.as_str(), conversations[0].1.len()), (1, new, 6));
    // Whoever gets the old number is somebody else.
    write(&daemon, &text("w5", old, "hola")).await;
    meta.wait_for_taken(4).await;
    assert_eq!(daemon.client.conversations("acme").await.len(), 2);
    assert!(!daemon.log().contains(new), "{}", daemon.log());
}

#[tokio::test]
async fn a_person_who_has_the_conversation_reads_in_their_own_time() {
    let meta = FakeMeta::start();
    let site = site(&meta, "", "");
    let daemon = site.start();
    write(&daemon, &text("w1", ANA, "hola")).await;
    meta.wait_for_taken(1).await;
    meta.wait_for_reads(1).await;
    let conversations = daemon.client.list("/api/v1/tenants/acme/conversations").await;
    let conversation = conversations[0]["conversation"].as_str().unwrap();
    let take = format!("/api/v1/tenants/acme/handoffs/{conversation}/take");
    assert_eq!(daemon.client.post(&take, &json!({"by": "Eva"})).await.0, 200);
    write(&daemon, &text("w2", ANA, "¿sigue ahí?")).await;
    wait_until(&site, "select count(*) || '' from inbox where turn_id is null", &["0"]).await;
    write(&daemon, &text("w3", "573001112299", "hola")).await;
    let reads = meta.wait_for_reads(2).await;
    assert_eq!(reads.iter().map(|read| read.1.as_str()).collect::<Vec<_>>(), ["w1", "w3"]);
    assert_eq!(meta.wait_for_taken(2).await.len(), 2);
}

#[tokio::test]
async fn a_voice_note_is_fetched_and_heard_and_a_damaged_one_is_not() {
    for damaged in [false, true] {
        let meta = FakeMeta::start();
        meta.keep("4711", voice_note());
        if damaged {
            meta.damage_files();
        }
        let llm = FakeLlm::start([Act::Answer("¿Dónde quedan?".to_owned())]);
        let speech = "[llm.speech]\nkey = \"a\"\nmodel = \"whisper-1\"\n";
        let site = site(&meta, "", &keys(&llm, speech));
        let daemon = site.start();
        let audio = json!({"id": "4711", "mime_type": "audio/ogg; codecs=opus", "voice": true});
        let message = json!({"from": ANA, "id": "w1", "type": "audio", "audio": audio});
        write(&daemon, &webhook(NUMBER, &json!({"messages": [message]}))).await;
        meta.wait_for_taken(1).await;
        let said = column(&site, "select text from message where role = 'customer'");
        assert_eq!(said[0].contains("¿Dónde quedan?"), !damaged, "{said:?}");
        let heard = llm.asked().iter().filter(|asked| asked.path == "/audio/transcriptions").count();
        assert_eq!(heard, usize::from(!damaged));
    }
}

#[tokio::test]
async fn meta_and_twilio_share_an_address_and_are_told_apart() {
    let (meta, twilio) = (FakeMeta::start(), FakeTwilio::start());
    let site = site(&meta, "", &format!("[server]\npublic_url = \"{PUBLIC_URL}\"\n"));
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}{}", meta.config(""), twilio.config("")));
    let daemon = site.start();
    let path = "/webhooks/whatsapp/acme";
    assert_eq!(post_signed(&daemon, path, &text("w1", ANA, "hola")).await, 200);
    let form = [
        ("MessageSid", "SM1"),
        ("From", "whatsapp:+573001112299"),
        ("To", "whatsapp:+14155238886"),
        ("Body", "hola"),
        ("NumMedia", "0"),
    ];
    assert_eq!(crate::fake_twilio::post_signed(&daemon, path, &form).await.0, 200);
    assert_eq!(meta.wait_for_taken(1).await[0].body["to"], ANA);
    assert_eq!(twilio.wait_for_taken(1).await[0].field("To"), "whatsapp:+573001112299");
}
