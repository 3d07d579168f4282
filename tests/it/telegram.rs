//! Telegram bots through the real daemon, against a Bot API that keeps and checks as the real one does.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    config::{iass, json_lines},
    fake_llm::{Act, FakeLlm},
    fake_telegram::{Fail, FakeTelegram},
    fake_webhook::FakeWebhook,
    harness::{Daemon, PATIENCE, Site},
};

const BOT: &str = "42:AA-token_of_acme";
const OTHER_BOT: &str = "43:BB-token_of_other";
const SECRET: &str = "tg_secret-ABC_123";

const DAEMON: &str =
    "[worker]\nburst_quiet_ms = 0\n[outbox]\nfirst_retry_ms = 10\nmax_retry_s = 2\nmax_attempts = 4\n";
const TENANT: &str =
    "name = \"Test\"\n[limits]\nmessages_per_minute = 10000\n[handoff]\nloop_similarity = 1.0\n";

/// A site whose tenant `acme` has a bot.
fn site(fake: &FakeTelegram) -> Site {
    let site = Site::new(&[]);
    site.write("chatbot.toml", DAEMON);
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}", fake.config(BOT)));
    site
}

/// The same with a webhook at a public address.
fn site_with_webhook(fake: &FakeTelegram) -> Site {
    let site = site(fake);
    site.write("chatbot.toml", &format!("[server]\npublic_url = \"https://bot.example\"\n{DAEMON}"));
    let more = format!("mode = \"webhook\"\nsecret_token = \"{SECRET}\"\n");
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}{more}", fake.config(BOT)));
    site
}

/// What a customer sends in a private chat.
fn update(id: i64, chat: i64, content: Value) -> Value {
    let mut message = json!({
        "message_id": id, "date": 1_767_614_400,
        "chat": {"id": chat, "type": "private", "first_name": "Ana", "last_name": "Peña", "username": "anapena"},
        "from": {"id": chat, "is_bot": false, "first_name": "Ana", "last_name": "Peña", "username": "anapena"},
    });
    message.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    json!({"update_id": id, "message": message})
}

fn says(id: i64, chat: i64, text: &str) -> Value {
    update(id, chat, json!({"text": text}))
}

fn all<T: rusqlite::types::FromSql>(site: &Site, sql: &str) -> Vec<T> {
    let db = Connection::open(site.database("acme")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

async fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn wait_for_dead(site: &Site, count: usize) -> Vec<String> {
    let sql = "select last_error from outbox where state = 'dead'";
    wait_until("no dead letter", || all::<String>(site, sql).len() >= count).await;
    all(site, sql)
}

async fn post(daemon: &Daemon, secret: Option<&str>, update: &Value) -> StatusCode {
    let request = daemon.client.request(Method::POST, "/webhooks/telegram/acme").json(update);
    let header = "X-Telegram-Bot-Api-Secret-Token";
    let request = secret.into_iter().fold(request, |request, secret| request.header(header, secret));
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn two_bots_are_polled_and_each_customer_gets_one_answer_in_their_own_chat() {
    let fake = FakeTelegram::start(&[BOT, OTHER_BOT]).await;
    let site = site(&fake);
    site.write("tenants/other/tenant.toml", &format!("{TENANT}{}", fake.config(OTHER_BOT)));
    fake.give(BOT, [says(10, 1, "hola"), says(11, 2, "gracias"), json!({"update_id": 12, "novelty": {}})]);
    fake.give(OTHER_BOT, [says(10, 1, "hola")]);
    let daemon = site.start();
    let mut sent = fake.wait_for_sent(BOT, 2).await;
    sent.sort_unstable();
    assert_eq!((sent[0].0, sent[1].0), (1, 2));
    assert_eq!(fake.wait_for_sent(OTHER_BOT, 1).await[0].0, 1);
    for token in [BOT, OTHER_BOT] {
        fake.wait_for_empty(token).await;
    }
    let first = &fake.calls(BOT, "getUpdates")[0];
    assert_eq!(first["allowed_updates"], json!(["message", "edited_message", "callback_query"]));
    let message = &fake.calls(BOT, "sendMessage")[0];
    assert_eq!(
        (&message["parse_mode"], &message["link_preview_options"]["is_disabled"]),
        (&json!("HTML"), &json!(true))
    );

    // The same updates again, and later ones among them: only those are answered, and in their order.
    let again = (0..5).flat_map(|_| [says(10, 1, "hola"), says(11, 2, "gracias")]);
    fake.give(BOT, again.chain([says(20, 1, "gracias"), says(19, 1, "hola")]));
    fake.wait_for_empty(BOT).await;
    wait_until("the messages have no turn", || {
        all::<i64>(&site, "select count(*) from inbox where turn_id is null") == [0]
    })
    .await;
    let ids: Vec<String> = all(&site, "select message_id from inbox order by seq");
    assert_eq!(ids, ["10", "11", "19", "20"]);
    let turns = all::<i64>(&site, "select count(distinct turn_id) from inbox")[0];
    let sent = fake.wait_for_sent(BOT, usize::try_from(turns).unwrap()).await;
    assert_eq!(sent.len(), usize::try_from(turns).unwrap(), "nothing else was sent");
    let names: Vec<String> = all(&site, "select name from contact");
    assert_eq!(names, ["Ana Peña", "Ana Peña"]);
    assert!(!daemon.log().contains("AA-token"), "a log never holds a token");
}

#[tokio::test]
async fn a_daemon_that_dies_while_it_takes_an_update_answers_it_once() {
    for point in ["accept.before_commit", "accept.after_commit", "turn.after_commit", "outbox.after_claim"] {
        let fake = FakeTelegram::start(&[BOT]).await;
        let site = site(&fake);
        fake.give(BOT, (0..6).map(|n| says(100 + n, 1 + n % 3, "gracias")));
        if let Ok(mut daemon) = site.start_to_die(point) {
            assert!(!daemon.ended().await.success(), "{point}");
        }
        let daemon = site.start();
        fake.wait_for_empty(BOT).await;
        let open = "select (select count(*) from inbox where turn_id is null)
                         + (select count(*) from outbox where state <> 'sent')";
        wait_until("work is left", || all::<i64>(&site, open) == [0]).await;
        assert_eq!(all::<i64>(&site, "select count(*) from inbox"), [6], "{point}");
        let replies = all::<i64>(&site, "select count(*) from outbox")[0];
        assert_eq!(fake.sent(BOT).len(), usize::try_from(replies).unwrap(), "{point}");
        assert_eq!(all::<i64>(&site, "select count(distinct turn_id) from outbox"), [replies], "{point}");
        drop(daemon);
    }
}

#[tokio::test]
async fn a_reply_waits_as_long_as_telegram_asks_and_survives_errors() {
    let fake = FakeTelegram::start(&[BOT]).await;
    let site = site(&fake);
    let _daemon = site.start();
    fake.fail(BOT, [Fail::Flood(1), Fail::Broken]);
    let begun = Instant::now();
    fake.give(BOT, [says(1, 7, "gracias")]);
    assert_eq!(fake.wait_for_sent(BOT, 1).await.len(), 1);
    assert!(begun.elapsed() >= Duration::from_secs(1), "it asked to be left alone for a second");
    fake.fail(BOT, [Fail::Entities, Fail::SentOddly]);
    fake.give(BOT, [says(2, 7, "gracias")]);
    fake.wait_for_sent(BOT, 2).await;
    let calls = fake.calls(BOT, "sendMessage");
    assert_eq!(
        (calls.len(), &calls[3]["parse_mode"], &calls[4]["parse_mode"]),
        (5, &json!("HTML"), &json!(null))
    );
    wait_until("not marked as sent", || {
        all::<String>(&site, "select distinct state from outbox") == ["sent"]
    })
    .await;
    fake.give(BOT, [says(3, 7, "gracias")]);
    fake.wait_for_sent(BOT, 3).await;
    assert_eq!(fake.calls(BOT, "sendMessage").len(), 6, "what was sent is not sent again");
}

#[tokio::test]
async fn a_call_that_is_never_answered_is_made_again_and_holds_up_nobody_else() {
    let fake = FakeTelegram::start(&[BOT]).await;
    let site = site(&fake);
    let _daemon = site.start();
    fake.fail(BOT, [Fail::Hang]);
    fake.give(BOT, [says(1, 7, "gracias")]);
    fake.wait_for_calls(BOT, "sendMessage", 1).await;
    fake.give(BOT, [says(2, 8, "gracias")]);
    assert_eq!(fake.wait_for_sent(BOT, 1).await[0].0, 8, "another customer does not wait");
    assert_eq!(fake.wait_for_sent(BOT, 2).await[1].0, 7);
}

#[tokio::test]
async fn a_customer_who_blocked_the_bot_is_a_dead_letter_and_a_group_that_moved_is_not() {
    let fake = FakeTelegram::start(&[BOT]).await;
    let site = site(&fake);
    let _daemon = site.start();
    fake.fail(BOT, [Fail::Blocked]);
    fake.give(BOT, [says(1, 7, "gracias")]);
    fake.wait_for_calls(BOT, "sendMessage", 1).await;
    assert!(wait_for_dead(&site, 1).await[0].contains("blocked by the user"));
    assert_eq!(fake.calls(BOT, "sendMessage").len(), 1, "asking again would not help");

    fake.fail(BOT, [Fail::Moved(-1009)]);
    let mut group = update(
        2,
        7,
        json!({"text": "@bot42_bot gracias", "entities": [{"type": "mention", "offset": 0, "length": 10}]}),
    );
    group["message"]["chat"] = json!({"id": -9, "type": "group", "title": "Ventas"});
    let mut chatter = update(3, 7, json!({"text": "gracias"}));
    chatter["message"]["chat"] = group["message"]["chat"].clone();
    fake.give(BOT, [group, chatter]);
    assert_eq!(fake.wait_for_sent(BOT, 1).await[0].0, -1009);
    let tried = &fake.calls(BOT, "sendMessage")[1];
    assert_eq!((&tried["chat_id"], &tried["reply_parameters"]["message_id"]), (&json!(-9), &json!(2)));
    fake.wait_for_empty(BOT).await;
    let heard: Vec<String> = all(&site, "select text from inbox order by seq");
    assert_eq!(heard, ["gracias", "gracias"], "what is not for the bot is not stored");
    let names = "select name from contact where address = '-1009'";
    wait_until("the group has its new id", || all::<String>(&site, names) == ["Ventas"]).await;
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_and_a_customer_without_a_number_stay_who_they_are() {
    let fake = FakeTelegram::start(&[BOT]).await;
    let site = site(&fake);
    let _daemon = site.start();
    let of_group = |id: i64, chat: i64, mut content: Value| {
        if content["text"].is_string() {
            content["entities"] = json!([{"type": "mention", "offset": 0, "length": 10}]);
        }
        let mut update = update(id, 7, content);
        update["message"]["chat"] = json!({"id": chat, "type": "group", "title": "Ventas"});
        update
    };
    fake.give(BOT, [of_group(1, -9, json!({"text": "@bot42_bot gracias"}))]);
    fake.wait_for_sent(BOT, 1).await;
    // Both groups are told, and what is written at once is in the same answer.
    fake.give(
        BOT,
        [
            of_group(2, -9, json!({"migrate_to_chat_id": -1009})),
            of_group(3, -1009, json!({"migrate_from_chat_id": -9})),
            of_group(4, -1009, json!({"text": "@bot42_bot gracias"})),
        ],
    );
    assert_eq!(fake.wait_for_sent(BOT, 2).await[1].0, -1009);
    let groups = "select address || ' ' || (select count(*) from conversation c where c.contact_id = t.id) from contact t";
    assert_eq!(all::<String>(&site, groups), ["-1009 1"]);

    fake.give(BOT, [says(5, 7, "Quiero cotizar, soy Ana Peña y mi correo es ana@example.com")]);
    fake.wait_for_sent(BOT, 3).await;
    let lead = iass(site.path(), &["lead", "list", "--tenant", "acme", "--json"], &[]);
    let lead = &json_lines(&lead)[0];
    assert_eq!(lead["contact_info"]["phone_or_username"], "@anapena", "{lead}");
}

#[tokio::test]
async fn a_tapped_button_says_its_words_and_where_a_customer_comes_from_is_kept() {
    let fake = FakeTelegram::start(&[BOT]).await;
    let site = site(&fake);
    let daemon = site.start();
    let entities = json!([{"type": "bot_command", "offset": 0, "length": 6}]);
    fake.give(BOT, [update(1, 7, json!({"text": "/start promo_01", "entities": entities}))]);
    let (_, greeting) = fake.wait_for_sent(BOT, 1).await.remove(0);
    assert!(greeting.starts_with("¡Hola!") || greeting.contains("Test"), "a greeting, not {greeting:?}");
    fake.give(BOT, [update(2, 7, json!({"text": "/start promo_02", "entities": entities}))]);
    fake.wait_for_sent(BOT, 2).await;
    assert_eq!(all::<String>(&site, "select source from conversation"), ["promo_01"], "the first one counts");
    assert_eq!(all::<String>(&site, "select text from inbox order by seq"), ["/start", "/start"]);
    drop(daemon);

    // A reply with answers to choose from, as a turn leaves it.
    let long = "Limpieza facial profunda con hidratación y masaje de cuello y de manos, piel sensible";
    let choices = json!([long, "Otra cosa"]).to_string();
    Connection::open(site.database("acme"))
        .unwrap()
        .execute(
            "insert into outbox (conversation_id, turn_id, channel, contact, kind, text, choices, state, due_ms, created_ms)
             select conversation_id, turn_id, channel, contact, kind, '¿Cuál *quiere*? <1> o <2> & ya', ?1, 'pending', 0, 0
             from outbox limit 1",
            [&choices],
        )
        .unwrap();
    let _daemon = site.start();
    let (_, question) = fake.wait_for_sent(BOT, 3).await.remove(2);
    assert_eq!(question, "¿Cuál quiere? <1> o <2> & ya");
    let asked = fake.calls(BOT, "sendMessage").remove(2);
    assert!(asked["text"].as_str().unwrap().contains("<b>quiere</b>"));
    let keyboard = &asked["reply_markup"];
    let button = &keyboard["inline_keyboard"][0][0];
    assert_eq!(button["text"], long);
    let chat = json!({"id": 7, "type": "private"});
    fake.give(
        BOT,
        [json!({"update_id": 3, "callback_query": {"id": "q1", "chat_instance": "1", "data": button["callback_data"],
            "from": {"id": 7, "is_bot": false, "first_name": "Ana"},
            "message": {"message_id": 3, "date": 1_767_614_400, "chat": chat, "text": question, "reply_markup": keyboard}}})],
    );
    let confirmed = fake.wait_for_calls(BOT, "answerCallbackQuery", 1).await.remove(0);
    assert_eq!(confirmed, json!({"callback_query_id": "q1", "text": long}));
    fake.wait_for_sent(BOT, 4).await;
    assert_eq!(all::<String>(&site, "select text from inbox where message_id = '3'"), [long]);
}

#[tokio::test]
async fn a_voice_note_becomes_words_and_without_a_model_an_honest_sentence() {
    let page =
        |position: u64, body: &[u8]| [b"OggS\0\0", &position.to_le_bytes()[..], &[0; 14], body].concat();
    let note = [page(0, b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0"), page(48_312, &[7; 200])].concat();
    let voice = |id: i64, file: &str| {
        let voice = json!({"file_id": file, "file_unique_id": "u", "duration": 1, "mime_type": "audio/ogg"});
        update(id, 7, json!({"voice": voice}))
    };
    let fake = FakeTelegram::start(&[BOT]).await;
    fake.give_file(BOT, "F1", note);
    fake.give_file(BOT, "F2", vec![0; 2 * 1024 * 1024]);
    let site = site(&fake);
    let daemon = site.start();
    fake.give(BOT, [voice(1, "F1")]);
    let (_, sentence) = fake.wait_for_sent(BOT, 1).await.remove(0);
    assert!(sentence.contains("nota de voz"), "{sentence}");
    // A daemon killed before it noted that a message was taken would send it again.
    site.wait_until("acme", "select count(*) from outbox where state = 'sent'", 1).await;
    drop(daemon);

    let model = FakeLlm::start([Act::Answer("muchas gracias".to_owned())]);
    let llm = format!(
        "[[llm.keys]]\nid = \"ears\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n[llm.speech]\nkey = \"ears\"\n\
         model = \"whisper-1\"\n",
        model.base_url()
    );
    site.write("chatbot.toml", &format!("{DAEMON}{llm}"));
    let limits = TENANT.replace("[limits]\n", "[limits]\nmedia_mb = 1\n");
    site.write("tenants/acme/tenant.toml", &format!("{limits}{}", fake.config(BOT)));
    let _daemon = site.start();
    fake.give(BOT, [voice(2, "F1")]);
    fake.wait_for_sent(BOT, 2).await;
    assert_eq!(all::<String>(&site, "select text from inbox where message_id = '2'"), ["muchas gracias"]);
    assert!(model.asked()[0].body.as_str().unwrap().contains("OpusHead"), "the note itself was listened to");
    for (id, file) in [(3, "F2"), (4, "gone")] {
        fake.give(BOT, [voice(id, file)]);
        let sent = fake.wait_for_sent(BOT, usize::try_from(id).unwrap()).await;
        assert!(sent.last().unwrap().1.contains("nota de voz"), "{file}: {sent:?}");
    }
}

#[tokio::test]
async fn a_webhook_shows_its_secret_and_counts_once_however_often_it_is_posted() {
    let fake = FakeTelegram::start(&[BOT]).await;
    let site = site_with_webhook(&fake);
    let daemon = site.start();
    wait_until("no webhook was registered", || fake.webhook(BOT).is_some()).await;
    let hook = fake.webhook(BOT).unwrap();
    assert_eq!(
        (&hook["url"], &hook["secret_token"]),
        (&json!("https://bot.example/webhooks/telegram/acme"), &json!(SECRET))
    );
    for wrong in [None, Some(""), Some("tg_secret-ABC_124"), Some("tg_secret-ABC_12")] {
        assert_eq!(post(&daemon, wrong, &says(1, 7, "hola")).await, StatusCode::UNAUTHORIZED, "{wrong:?}");
    }
    let updates: Vec<Value> = (1..=4).map(|n| says(n, 7 + n % 2, "gracias")).collect();
    for update in &updates {
        assert_eq!(post(&daemon, Some(SECRET), update).await, StatusCode::OK);
    }
    let copies = (0..5).flat_map(|_| updates.iter().rev()).map(|update| post(&daemon, Some(SECRET), update));
    assert!(join_all(copies).await.iter().all(|status| *status == StatusCode::OK));
    for odd in [json!({"update_id": 9, "novelty": {}}), json!({"update_id": 9, "message": {}}), json!(5)] {
        assert_eq!(post(&daemon, Some(SECRET), &odd).await, StatusCode::OK, "it would be posted for ever");
    }
    let open = "select (select count(*) from inbox where turn_id is null)
                     + (select count(*) from outbox where state <> 'sent')";
    wait_until("work is left", || all::<i64>(&site, open) == [0]).await;
    assert_eq!(all::<String>(&site, "select message_id from inbox order by seq"), ["1", "2", "3", "4"]);
    let replies = all::<i64>(&site, "select count(*) from outbox")[0];
    assert_eq!(fake.sent(BOT).len(), usize::try_from(replies).unwrap());
    assert!(fake.calls(BOT, "getUpdates").is_empty());
    let path = "/webhooks/telegram/nobody";
    assert_eq!(daemon.client.post(path, &json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_bot_begins_and_ends_with_its_configuration() {
    let fake = FakeTelegram::start(&[BOT, OTHER_BOT]).await;
    let alerts = FakeWebhook::start().await;
    let site = site(&fake);
    site.write("chatbot.toml", &format!("{DAEMON}[alerts]\nwebhook_url = \"{}\"\n", alerts.url()));
    site.write("tenants/lost/tenant.toml", &format!("{TENANT}{}", fake.config("44:unknown")));
    fake.hook(BOT);
    let daemon = site.start();
    assert!(alerts.next().await.contains("no reconoce el token del bot de lost"));
    fake.give(BOT, [says(1, 7, "gracias")]);
    fake.wait_for_sent(BOT, 1).await;
    assert_eq!(fake.webhook(BOT), None, "a webhook that stood in the way was removed");

    fake.conflict(BOT, 3);
    assert!(alerts.next().await.contains("Otro programa recibe los mensajes del bot de Telegram de acme"));
    fake.give(BOT, [says(2, 7, "gracias")]);
    fake.wait_for_sent(BOT, 2).await;

    // Another bot, then none.
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}", fake.config(OTHER_BOT)));
    daemon.client.post("/api/v1/reload", &json!({})).await;
    fake.give(OTHER_BOT, [says(1_000, 8, "gracias")]);
    assert_eq!(fake.wait_for_sent(OTHER_BOT, 1).await[0].0, 8);
    site.write("tenants/acme/tenant.toml", &format!("enabled = false\n{TENANT}{}", fake.config(OTHER_BOT)));
    daemon.client.post("/api/v1/reload", &json!({})).await;
    fake.give(OTHER_BOT, [says(1_001, 8, "gracias")]);
    // By now nobody asks for the first bot's messages: this one waits for it.
    fake.give(BOT, [says(3, 7, "gracias")]);
    site.write("tenants/acme/tenant.toml", &format!("{TENANT}{}", fake.config(BOT)));
    daemon.client.post("/api/v1/reload", &json!({})).await;
    fake.wait_for_sent(BOT, 3).await;
    assert_eq!(fake.sent(OTHER_BOT).len(), 1, "a bot that was switched off is not asked");
}

#[tokio::test]
async fn typing_is_shown_while_a_model_thinks() {
    let fake = FakeTelegram::start(&[BOT]).await;
    let model = FakeLlm::start([Act::Hang]);
    let site = site(&fake);
    let llm = format!(
        "[llm]\ntimeout_s = 2\n[[llm.keys]]\nid = \"a\"\nbase_url = \"{}\"\napi_key = \"sk-a\"\nmodel = \"fake\"\n",
        model.base_url()
    );
    site.write(
        "chatbot.toml",
        &format!("{DAEMON}turn_deadline_s = 3\n{llm}")
            .replace("[outbox]\n", "")
            .replace("first_retry_ms = 10\nmax_retry_s = 2\nmax_attempts = 4\n", ""),
    );
    site.write("knowledge/acme/precios.md", "# Precios\n\nEl taladro cuesta $420.000 pesos.\n");
    let _daemon = site.start();
    fake.give(BOT, [says(1, 7, "¿cuánto cuesta el taladro?")]);
    let shown = fake.wait_for_calls(BOT, "sendChatAction", 1).await.remove(0);
    assert_eq!(shown, json!({"chat_id": 7, "action": "typing"}));
    assert!(fake.sent(BOT).is_empty(), "it was shown before the answer");
    fake.wait_for_sent(BOT, 1).await;
}
