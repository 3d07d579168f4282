//! WhatsApp and SMS at Twilio, through the real daemon and against a fake of Twilio's REST interface.

use serde_json::{Value, json};

use crate::{
    fake_llm::{Act, FakeLlm},
    fake_twilio::{Fail, FakeTwilio, Message, PUBLIC_URL, post_form, post_raw, post_signed, sign},
    fake_webhook::FakeWebhook,
    harness::{Daemon, Site},
    media::voice_note,
};

const PATH: &str = "/webhooks/twilio/acme";
const EMPTY: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#;

/// What every tenant of these tests has besides its channel.
const TENANT: &str = "name = \"La Tuerca\"\n[business]\naddress = \"Calle 5 # 10-20\"\n[limits]\n\
                      messages_per_minute = 10000\n[handoff]\nloop_similarity = 1.0\n";

fn site(twilio: &FakeTwilio, channel: &str, more: &str) -> Site {
    let site = Site::new(&[]);
    let config = format!(
        "[server]\npublic_url = \"{PUBLIC_URL}\"\n[worker]\nburst_quiet_ms = 0\n[outbox]\nfirst_retry_ms = 10\n\
         max_retry_s = 1\nmax_attempts = 6\n{more}"
    );
    site.write("chatbot.toml", &config);
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}", twilio.config(channel)));
    site
}

/// The fields of a text.
fn text<'a>(sid: &'a str, from: &'a str, body: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("MessageSid", sid),
        ("From", from),
        ("To", "whatsapp:+14155238886"),
        ("ProfileName", "Ana"),
        ("Body", body),
        ("NumMedia", "0"),
    ]
}

async fn write(daemon: &Daemon, fields: &[(&str, &str)]) {
    assert_eq!(post_signed(daemon, PATH, fields).await, (200, EMPTY.to_owned()));
}

#[tokio::test]
async fn what_twilio_signed_is_taken_at_once_and_what_was_changed_is_not() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    let daemon = site.start();
    let samples: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/wire/twilio/whatsapp_signed_cases.json")).unwrap();
    let mut messages = 0;
    for sample in &samples {
        let text = |key: &str| sample[key].as_str().unwrap();
        if sample["params"]["MediaUrl0"].is_string() {
            // It names a file at the real Twilio.
            continue;
        }
        let path = text("url").split_once("example.com").unwrap().1;
        // One is signed with a port that this daemon does not know: the request names it, as a proxy passes it on.
        let (path, host) = match path.strip_prefix(":8443") {
            Some(path) => (path, "iass.example.com:8443"),
            None => (path, "10.0.0.7:8080"),
        };
        let post = async |form: String, signature: &str| {
            let request = daemon.client.request(reqwest::Method::POST, path).header("x-forwarded-host", host);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let request = request.header("x-twilio-signature", signature).body(form);
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        let (form, signature) = (text("form"), text("signature"));
        let (status, error) = post(form.replacen("whatsapp", "whatsapq", 1), signature).await;
        assert_eq!(status, 401, "{} {error}", text("name"));
        assert_eq!(serde_json::from_str::<Value>(&error).unwrap()["error"]["code"], "bad_signature");
        assert_eq!(post(form.to_owned(), "").await.0, 401);
        assert_eq!(post(form.to_owned(), signature).await, (200, EMPTY.to_owned()), "{}", text("name"));
        messages += usize::from(!path.ends_with("/status"));
    }
    assert_eq!((messages, site.count("acme", "select count(*) from inbox")), (8, 8), "and nothing else");
    site.wait_until("acme", "select count(*) from inbox where turn_id is null", 0).await;
    let sent = twilio.wait_for_taken(1).await;
    assert_eq!(sent[0].field("To"), "whatsapp:+573001112233");
    assert!(!daemon.log().contains("573001112233") && !daemon.log().contains("taladro"), "{}", daemon.log());
}

#[tokio::test]
async fn a_wrong_token_a_foreign_tenant_and_a_body_without_a_message_are_refused() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    site.write("tenants/other/tenant.toml", "name = \"Otro\"\n");
    let daemon = site.start();
    let fields = text("SM1", "whatsapp:+573001112233", "hola");
    assert_eq!(post_form(&daemon, PATH, &fields, &sign("another", PATH, &fields)).await.0, 401);
    let path = "/webhooks/twilio/other";
    assert_eq!(post_signed(&daemon, path, &fields).await.0, 404, "no such channel");
    assert_eq!(post_signed(&daemon, "/webhooks/twilio/none", &fields).await.0, 404);
    assert_eq!(post_signed(&daemon, PATH, &[("Body", "hola")]).await.0, 400);
    assert_eq!(post_raw(&daemon, PATH, "x".repeat(5 << 20), "x").await.0, 413);
    assert_eq!(site.count("acme", "select count(*) from inbox"), 0);
}

#[tokio::test]
async fn a_webhook_that_comes_five_times_in_any_order_has_one_reply() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    let daemon = site.start();
    let contacts: Vec<(String, String)> =
        (0..8).map(|n| (format!("SM{n}"), format!("whatsapp:+5730011122{n:02}"))).collect();
    let one = async |(sid, from): &(String, String)| write(&daemon, &text(sid, from, "hola")).await;
    let copies = contacts.iter().flat_map(|contact| std::iter::repeat_n(contact, 5));
    futures::future::join_all(copies.map(one)).await;
    for contact in contacts.iter().rev() {
        one(contact).await;
    }
    let mut to: Vec<String> =
        twilio.wait_for_taken(8).await.iter().map(|message| message.field("To").to_owned()).collect();
    for contact in contacts.iter().rev() {
        one(contact).await;
    }
    to.sort();
    assert_eq!(to, contacts.into_iter().map(|(_, from)| from).collect::<Vec<_>>());
    site.wait_until("acme", "select count(*) from inbox where turn_id is null", 0).await;
    assert_eq!((site.count("acme", "select count(*) from outbox"), twilio.tried().len()), (8, 8));
}

#[tokio::test]
async fn a_customer_is_answered_from_the_number_and_on_the_app_that_was_chosen() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    let daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "¿Dónde están?")).await;
    let sent = twilio.wait_for_taken(1).await.remove(0);
    assert_eq!((sent.field("From"), sent.field("To")), ("whatsapp:+14155238886", "whatsapp:+573001112233"));
    assert!(sent.field("Body").contains("Calle 5 # 10-20"), "{sent:?}");
    let (address, query) = sent.field("StatusCallback").split_once('?').unwrap();
    assert_eq!(address, format!("{PUBLIC_URL}{PATH}/status"));
    assert!(query.starts_with("reply=iass%3A") && query.ends_with("%3A1"), "{query}");

    let sms = [("MessageSid", "SM2"), ("From", "+573001112233"), ("To", "+15005550006"), ("Body", "hola")];
    write(&daemon, &sms).await;
    let sent = twilio.wait_for_taken(2).await.remove(1);
    assert_eq!((sent.field("From"), sent.field("To")), ("+15005550006", "+573001112233"));
    let conversations = daemon.client.conversations("acme").await;
    assert_eq!(conversations.len(), 1, "the same person");
    assert_eq!(conversations[0].0, "+573001112233");
}

#[tokio::test]
async fn failures_and_a_restart_cost_nothing_but_time() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    twilio.fail([
        Fail::Refuse(429, 20429, Some("0")),
        Fail::Refuse(500, 20500, None),
        Fail::Refuse(503, 0, None),
        Fail::Hang,
    ]);
    let mut daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "hola")).await;
    twilio.wait_for_tries(4).await;
    write(&daemon, &text("SM2", "whatsapp:+573001112233", "¿Dónde están?")).await;
    site.wait_until("acme", "select count(*) from outbox", 2).await;
    // What hangs is not known to have arrived: the next daemon sends it again.
    daemon.kill();
    let _next = site.start();
    let sent = twilio.wait_for_taken(2).await;
    assert!(sent[0].field("Body").starts_with("¡Hola"), "{sent:?}");
    assert!(sent[1].field("Body").contains("Calle 5"), "in their order: {sent:?}");
    site.wait_until("acme", "select count(*) from outbox where state = 'sent'", 2).await;
    assert_eq!(twilio.tried().len(), 6);
}

#[tokio::test]
async fn what_twilio_refuses_for_good_is_a_dead_letter_and_keeps_nothing_else_back() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    twilio.fail([Fail::Refuse(400, 21610, None)]);
    let daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "hola")).await;
    site.wait_until("acme", "select count(*) from outbox where state = 'dead'", 1).await;
    write(&daemon, &text("SM2", "whatsapp:+573001112233", "gracias")).await;
    twilio.wait_for_taken(1).await;
    assert_eq!(twilio.tried().len(), 2, "never tried again");
    let letters = daemon.client.list("/api/v1/tenants/acme/dead-letters").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["error"], "Twilio 21610: the customer unsubscribed");
    let id = letters[0]["id"].as_str().map_or_else(|| letters[0]["id"].to_string(), str::to_owned);
    let replay = format!("/api/v1/tenants/acme/dead-letters/{id}/replay");
    assert_eq!(daemon.client.post(&replay, &json!({})).await.0, 202);
    twilio.wait_for_taken(2).await;
}

#[tokio::test]
async fn after_the_window_has_closed_the_reply_goes_out_in_a_template_or_waits_for_a_person() {
    let twilio = FakeTwilio::start();
    twilio.close_window();
    let with_template = site(&twilio, "content_sid = \"HX1\"", "");
    let daemon = with_template.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "¿Dónde están?")).await;
    let sent = twilio.wait_for_taken(1).await.remove(0);
    let variables: Value = serde_json::from_str(sent.field("ContentVariables")).unwrap();
    assert_eq!((sent.field("ContentSid"), sent.field("Body")), ("HX1", ""));
    assert!(variables["1"].as_str().unwrap().contains("Calle 5 # 10-20"), "{variables}");
    drop(daemon);

    let without = site(&twilio, "", "");
    let daemon = without.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "hola")).await;
    without.wait_until("acme", "select count(*) from outbox where state = 'dead'", 1).await;
    let letters = daemon.client.list("/api/v1/tenants/acme/dead-letters").await;
    assert!(letters[0]["error"].as_str().unwrap().contains("channels.twilio.content_sid"), "{letters:?}");
}

/// Posts news of a reply as Twilio does, to the address that the reply named.
async fn tell(daemon: &Daemon, reply: &Message, status: &str, code: &str) {
    let path = reply.field("StatusCallback").strip_prefix(PUBLIC_URL).unwrap();
    let fields = [
        ("MessageSid", reply.sid.as_str()),
        ("MessageStatus", status),
        ("From", "whatsapp:+14155238886"),
        ("To", "whatsapp:+573001112233"),
        ("ErrorCode", code),
    ];
    assert_eq!(post_signed(daemon, path, &fields).await, (200, EMPTY.to_owned()));
}

const STATES: &str = "select count(*) from outbox where state = ";

#[tokio::test]
async fn a_reply_that_whatsapp_refuses_later_goes_out_in_the_template_once() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "content_sid = \"HX1\"", "");
    let mut daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "¿Dónde están?")).await;
    let first = twilio.wait_for_taken(1).await.remove(0);
    futures::future::join_all((0..5).map(|_| tell(&daemon, &first, "undelivered", "63016"))).await;
    let second = twilio.wait_for_taken(2).await.remove(1);
    assert_eq!((second.field("ContentSid"), second.field("Body")), ("HX1", ""));
    assert!(second.field("ContentVariables").contains("Calle 5 # 10-20"), "{second:?}");
    site.wait_until("acme", &format!("{STATES}'sent'"), 1).await;
    daemon.kill();
    let daemon = site.start();
    tell(&daemon, &first, "failed", "63016").await;
    tell(&daemon, &second, "delivered", "").await;
    tell(&daemon, &first, "sent", "").await;
    assert_eq!(site.count("acme", "select count(*) from outbox where delivery = 'delivered'"), 1);
    write(&daemon, &text("SM2", "whatsapp:+573001112233", "gracias")).await;
    let third = twilio.wait_for_taken(3).await.remove(2);
    assert_eq!((third.field("ContentSid"), twilio.tried().len()), ("", 3), "free words again");
}

#[tokio::test]
async fn a_reply_that_whatsapp_refuses_later_waits_for_its_customer_where_there_is_no_template() {
    let (twilio, alerts) = (FakeTwilio::start(), FakeWebhook::start().await);
    let site = site(&twilio, "", &format!("[alerts]\nwebhook_url = \"{}\"\n", alerts.url()));
    let mut daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "¿Dónde están?")).await;
    let first = twilio.wait_for_taken(1).await.remove(0);
    tell(&daemon, &first, "failed", "63016").await;
    site.wait_until("acme", "select count(*) from outbox where held", 1).await;
    let told = alerts.next().await;
    assert!(told.contains("twilio (acme)") && told.contains("24 horas"), "{told}");
    daemon.kill();
    let daemon = site.start();
    tell(&daemon, &first, "failed", "63016").await;
    write(&daemon, &text("SM2", "whatsapp:+573001112233", "¿Siguen ahí?")).await;
    let taken = twilio.wait_for_taken(3).await;
    assert_eq!(taken[1].field("Body"), first.field("Body"), "what waited goes first");
    tell(&daemon, &first, "failed", "63016").await;
    site.wait_until("acme", &format!("{STATES}'sent'"), 2).await;
    write(&daemon, &text("SM3", "whatsapp:+573001112233", "gracias")).await;
    twilio.wait_for_taken(4).await;
    assert_eq!(twilio.tried().len(), 4, "it went out once");
}

#[tokio::test]
async fn a_reply_whose_answer_was_lost_is_not_sent_again_once_its_news_came() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    twilio.fail([Fail::Hang]);
    let mut daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "hola")).await;
    twilio.wait_for_tries(1).await;
    tell(&daemon, &twilio.tried()[0], "delivered", "").await;
    assert_eq!(site.count("acme", &format!("{STATES}'sent'")), 1);
    daemon.kill();
    let daemon = site.start();
    write(&daemon, &text("SM2", "whatsapp:+573001112233", "gracias")).await;
    twilio.wait_for_taken(1).await;
    assert_eq!(twilio.tried().len(), 2, "the first reply was not sent again");
}

#[tokio::test]
async fn news_of_a_reply_are_kept_in_whatever_order_they_come() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    let daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "hola")).await;
    let sid = twilio.wait_for_taken(1).await.remove(0).sid;
    let path = format!("{PATH}/status");
    for status in ["queued", "delivered", "sent", "read", "delivered"] {
        let fields =
            [("MessageSid", sid.as_str()), ("MessageStatus", status), ("From", "whatsapp:+14155238886")];
        assert_eq!(post_signed(&daemon, &path, &fields).await, (200, EMPTY.to_owned()));
    }
    assert_eq!(site.count("acme", "select count(*) from outbox where delivery = 'read'"), 1);
    let failed = [("MessageSid", sid.as_str()), ("MessageStatus", "undelivered"), ("ErrorCode", "63015")];
    assert_eq!(post_signed(&daemon, &path, &failed).await.0, 200);
    let told =
        "select count(*) from outbox where delivery = 'failed' and last_error like 'Twilio 63015: %sandbox%'";
    assert_eq!(site.count("acme", told), 1);
    assert_eq!(twilio.tried().len(), 1, "news are no messages");
}

#[tokio::test]
async fn a_long_reply_is_several_messages_in_their_order_that_end_with_a_sentence() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    let daemon = site.start();
    write(&daemon, &text("SM1", "whatsapp:+573001112233", "hola")).await;
    twilio.wait_for_taken(1).await;
    let conversations = daemon.client.list("/api/v1/tenants/acme/conversations").await;
    let path =
        format!("/api/v1/tenants/acme/handoffs/{}", conversations[0]["conversation"].as_str().unwrap());
    daemon.client.post(&format!("{path}/take"), &json!({"by": "Eva"})).await;
    let sentences: Vec<String> = (0..60)
        .map(|n| format!("El modelo número {n} del taladro 😀 tiene *garantía* de dos años."))
        .collect();
    let long = sentences.join(" ");
    daemon.client.post(&format!("{path}/reply"), &json!({"by": "Eva", "message": long})).await;
    let sent = twilio.wait_for_taken(4).await;
    let pieces: Vec<&str> = sent.iter().skip(1).map(|message| message.field("Body")).collect();
    assert_eq!((pieces.len(), pieces.join(" ")), (3, long));
    assert!(
        pieces.iter().all(|piece| piece.chars().count() <= 1600 && piece.ends_with("años.")),
        "{pieces:?}"
    );
}

fn with_ears(llm: &FakeLlm) -> String {
    format!(
        "[[llm.keys]]\nid = \"ears\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n[llm.speech]\n\
         key = \"ears\"\nmodel = \"whisper-1\"\n",
        llm.base_url()
    )
}

#[tokio::test]
async fn a_voice_note_becomes_text_and_is_answered() {
    let twilio = FakeTwilio::start();
    let llm = FakeLlm::start([Act::Answer("¿Dónde están ustedes?".to_owned())]);
    let site = site(&twilio, "", &with_ears(&llm));
    let daemon = site.start();
    let url = twilio.keep("ME1", voice_note());
    let fields = [
        ("MessageSid", "SM1"),
        ("From", "whatsapp:+573001112233"),
        ("To", "whatsapp:+14155238886"),
        ("Body", ""),
        ("NumMedia", "1"),
        ("MediaUrl0", url.as_str()),
        ("MediaContentType0", "audio/ogg"),
    ];
    write(&daemon, &fields).await;
    let sent = twilio.wait_for_taken(1).await;
    assert!(sent[0].field("Body").contains("Calle 5 # 10-20"), "{sent:?}");
    assert_eq!(llm.asked()[0].path, "/audio/transcriptions");
    let heard = "select count(*) from message where role = 'customer' and text = '¿Dónde están ustedes?'";
    assert_eq!(site.count("acme", heard), 1);
}

#[tokio::test]
async fn a_voice_note_that_nobody_can_hear_is_answered_honestly() {
    let twilio = FakeTwilio::start();
    let site = site(&twilio, "", "");
    let daemon = site.start();
    let url = twilio.keep("ME1", voice_note());
    for (sid, url) in [("SM1", url.as_str()), ("SM2", "https://evil.example/x")] {
        let fields = [
            ("MessageSid", sid),
            ("From", "whatsapp:+573001112233"),
            ("To", "whatsapp:+14155238886"),
            ("NumMedia", "1"),
            ("MediaUrl0", url),
            ("MediaContentType0", "audio/ogg"),
        ];
        write(&daemon, &fields).await;
    }
    site.wait_until("acme", "select count(*) from inbox where turn_id is null", 0).await;
    let sent = twilio.wait_for_taken(1).await;
    for message in &sent {
        assert!(message.field("Body").contains("no pude escuchar su nota de voz"), "{sent:?}");
    }
    let (_, messages) = daemon.client.conversations("acme").await.remove(0);
    let text = |at: usize| messages[at]["text"].as_str().unwrap();
    assert_eq!(text(0), "🎤", "the conversation shows what came");
    assert!(messages.iter().any(|m| m["role"] == "assistant" && m["text"] == sent[0].field("Body")));
}

#[tokio::test]
async fn of_several_files_those_that_can_be_read_are_and_the_others_are_named() {
    let twilio = FakeTwilio::start();
    let llm = FakeLlm::start([Act::Answer("¿Dónde están ustedes?".to_owned())]);
    let site = site(&twilio, "", &with_ears(&llm));
    let daemon = site.start();
    let url = twilio.keep("ME1", voice_note());
    let fields = [
        ("MessageSid", "SM1"),
        ("From", "whatsapp:+573001112233"),
        ("To", "whatsapp:+14155238886"),
        ("NumMedia", "2"),
        ("MediaUrl0", url.as_str()),
        ("MediaContentType0", "audio/ogg"),
        ("MediaUrl1", url.as_str()),
        ("MediaContentType1", "application/pdf"),
    ];
    write(&daemon, &fields).await;
    let body = twilio.wait_for_taken(1).await.remove(0).field("Body").to_owned();
    assert!(body.starts_with("Por ahora no puedo abrir archivos") && body.contains("Calle 5"), "{body}");
    let said = "select count(*) from message where text = '¿Dónde están ustedes?' || char(10) || '📎'";
    assert_eq!(site.count("acme", said), 1);
}
