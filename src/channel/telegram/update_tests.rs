use serde_json::{Value, json};

use super::*;

const SAMPLES: &str = include_str!("../../../tests/fixtures/wire/telegram/updates.jsonl");

fn hear_in(update: Value, groups: TelegramGroups) -> Heard {
    let me = Me { id: 42, username: Some("iass_bot".to_owned()) };
    read(update, Ears { me: &me, groups, max_file_bytes: 50_000 })
}

fn hear(update: Value) -> Heard {
    hear_in(update, TelegramGroups::Mentioned)
}

fn sample(name: &str) -> Value {
    let samples = SAMPLES.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    samples.into_iter().find(|sample| sample["name"] == name).unwrap()["body"].clone()
}

fn said(name: &str) -> Inbound {
    hear(sample(name)).message.unwrap()
}

/// A message in a private chat that holds `content`.
fn private(content: Value) -> Value {
    let mut message = json!({
        "message_id": 7, "date": 1_767_614_400,
        "chat": {"id": 99, "type": "private", "first_name": "Ana"},
        "from": {"id": 99, "is_bot": false, "first_name": "Ana"},
    });
    message.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    json!({"update_id": 5, "message": message})
}

/// A message in a group that holds `content`.
fn group(content: Value) -> Value {
    let mut update = private(content);
    update["message"]["chat"] =
        json!({"id": -100, "type": "supergroup", "title": "Ventas", "is_forum": true});
    update
}

fn mention(text: &str) -> Value {
    json!({"text": text, "entities": [{"type": "mention", "offset": 0, "length": 9}]})
}

#[test]
fn every_sample_says_what_it_means() {
    let text = said("text");
    assert_eq!(
        (text.message_id.as_str(), text.contact.as_str(), text.contact_name.as_deref()),
        ("700000000", "987654321", Some("Ana Peña"))
    );
    assert_eq!(text.text, "¿Cuánto cuesta el taladro? 😀");
    assert_eq!((text.route, text.identity.username.as_deref()), (None, Some("anapena")));
    let start = said("start_deeplink");
    assert_eq!((start.text.as_str(), start.source.as_deref()), ("/start", Some("promo_01")));
    let file = |name: &str| {
        let mut message = said(name);
        let file = message.attachments.remove(0);
        (file.kind, file.reference, file.mime, file.name, message.text)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        file("voice"),
        (AttachmentKind::Voice, "AwACAgEAAxk".to_owned(), some("audio/ogg"), None, String::new())
    );
    assert_eq!(
        file("photo_caption"),
        (AttachmentKind::Picture, "AgAC1".to_owned(), None, None, "¿tienen este repuesto?".to_owned()),
        "the largest within the limit"
    );
    assert_eq!(
        file("document"),
        (
            AttachmentKind::File,
            "BQAC".to_owned(),
            some("application/pdf"),
            some("factura.pdf"),
            String::new()
        )
    );
    assert_eq!(said("location").text, "📍 4.71100, -74.07210");
    assert_eq!(said("contact").text, "📱 +573001112233");
    assert_eq!(said("sticker").text, "👍");
    let mentioned = said("group_mention");
    assert_eq!((mentioned.text.as_str(), mentioned.contact.as_str()), ("hola", "-1001234567890"));
    assert_eq!(mentioned.contact_name.as_deref(), Some("Ventas"));
    assert_eq!(mentioned.route.as_deref(), Some(r#"{"reply_to":{"message_id":109}}"#));
    assert_eq!(said("edited").text, "¿Cuánto cuesta el taladro Bosch?");
    let tap = hear(sample("callback"));
    assert_eq!(tap.message.unwrap().text, "slot:2026-01-07T10:00");
    assert_eq!(tap.tap.unwrap().query, "4382bfdwdsb323b2d9");
    for silent in ["blocked_bot", "new_member_service"] {
        assert_eq!(hear(sample(silent)), Heard::default(), "{silent}");
    }
}

#[test]
fn what_a_newer_bot_api_adds_costs_no_word() {
    let mut update = private(json!({
        "text": "hola 12 de mayo",
        "entities": [{"type": "date_time", "offset": 5, "length": 10, "unix_time": 0}],
        "guest_query": {"id": []}, "sender_tag": 5, "reply_markup": {"inline_keyboard": [[{"new": 1}]]},
        "reply_to_message": {"message_id": 1, "date": 0, "chat": {"id": 99, "type": "private"}, "novelty": {}},
    }));
    update["message"]["from"]["can_manage_bots"] = json!("maybe");
    update["message"]["chat"]["first_profile_audio"] = json!(1);
    update["aardvark"] = json!({});
    assert_eq!(hear(update).message.unwrap().text, "hola 12 de mayo");
    for unknown in [
        json!({"update_id": 8, "managed_bot": {"x": 1}}),
        json!({"update_id": 8, "message": {"some": 1}}),
        json!({"update_id": "8"}),
        json!([]),
        json!(null),
        private(json!({"suggested_post_paid": {}})),
    ] {
        assert_eq!(hear(unknown.clone()), Heard::default(), "{unknown}");
    }
}

#[test]
fn other_things_that_customers_send_get_a_sensible_turn() {
    let text = |content: Value| hear(private(content)).message.unwrap().text;
    let venue =
        json!({"location": {"latitude": 4.7, "longitude": -74.0}, "title": "Éxito", "address": "Calle 80"});
    assert_eq!(
        text(json!({"venue": venue, "location": {"latitude": 4.7, "longitude": -74.0}})),
        "📍 Éxito, Calle 80 (4.70000, -74.00000)"
    );
    let live = json!({"latitude": 4.7, "longitude": -74.0, "live_period": 900, "heading": 7});
    assert_eq!(text(json!({"location": live})), "📍 4.70000, -74.00000");
    let other = json!({"phone_number": "573001112233", "first_name": "Luis", "last_name": "Paz"});
    assert_eq!(text(json!({"contact": other})), "👤 Luis Paz: +573001112233");
    let entities = json!([{"type": "bot_command", "offset": 0, "length": 14}]);
    assert_eq!(text(json!({"text": "/help@iass_bot", "entities": entities})), "/help");
    assert_eq!(text(json!({"text": "/start con los precios"})), "/start con los precios", "not a command");

    let file = |content: Value| hear(private(content)).message.unwrap().attachments.remove(0);
    let meta = |more: Value| {
        let mut meta = json!({"file_id": "F", "file_unique_id": "u", "file_size": 9});
        meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        meta
    };
    let note = file(json!({"video_note": meta(json!({"length": 240, "duration": 3}))}));
    assert_eq!((note.kind, note.mime.as_deref()), (AttachmentKind::Voice, Some("video/mp4")));
    let audio = meta(json!({"duration": 3, "mime_type": "audio/mpeg", "file_name": "a.mp3"}));
    assert_eq!(file(json!({"audio": audio})).kind, AttachmentKind::Voice);
    let image = meta(json!({"mime_type": "image/png", "file_name": "a.png"}));
    assert_eq!(file(json!({"document": image})).kind, AttachmentKind::Picture);
    let video = meta(json!({"width": 1, "height": 1, "duration": 3, "mime_type": "video/mp4"}));
    assert_eq!(file(json!({"video": video, "caption": "mira"})).kind, AttachmentKind::File);
    for unread in [
        json!({"poll": {"question": "?"}}),
        json!({"story": {}}),
        json!({"voice": {"file_id": "F", "surprise": true}}),
    ] {
        assert_eq!(file(unread.clone()), Attachment::unknown(), "{unread}");
    }
    let huge =
        json!([{"file_id": "big", "file_unique_id": "u", "file_size": 90_000, "width": 9, "height": 9}]);
    assert_eq!(file(json!({"photo": huge})).reference, "big", "fetching it tells that it is too large");
}

#[test]
fn in_a_group_the_bot_hears_only_who_speaks_to_it() {
    let words = |update: Value| hear(update).message.map(|message| message.text);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(words(group(json!({"text": "hola a todos"}))), None);
    assert_eq!(words(group(mention("@IASS_bot, ¿abren hoy?"))), some("¿abren hoy?"));
    assert_eq!(words(group(mention("@iass_bot"))), some("@iass_bot"));
    assert_eq!(
        words(group(
            json!({"text": "@iass_bota hola", "entities": [{"type": "mention", "offset": 0, "length": 10}]})
        )),
        None
    );
    let emoji =
        json!({"text": "😀😀 @iass_bot precio", "entities": [{"type": "mention", "offset": 5, "length": 9}]});
    assert_eq!(words(group(emoji)), some("😀😀  precio"), "places are counted in UTF-16");
    let user = json!({"id": 42, "is_bot": true, "first_name": "iass"});
    let by_name = json!({"text": "iass hola", "entities": [{"type": "text_mention", "offset": 0, "length": 4, "user": user}]});
    assert_eq!(words(group(by_name)), some("hola"));
    let reply_to = |id: u64| {
        let author = json!({"id": id, "is_bot": true, "first_name": "x"});
        let earlier =
            json!({"message_id": 3, "date": 0, "chat": {"id": -100, "type": "supergroup"}, "from": author});
        group(json!({"text": "sí", "reply_to_message": earlier}))
    };
    assert_eq!(words(reply_to(42)), some("sí"));
    assert_eq!(words(reply_to(43)), None);
    let command = |name: &str| {
        group(
            json!({"text": format!("/help@{name}"), "entities": [{"type": "bot_command", "offset": 0, "length": 6 + name.len()}]}),
        )
    };
    assert_eq!((words(command("iass_bot")), words(command("other_bot"))), (some("/help"), None));
    assert_eq!(words(group(json!({"sticker": {"emoji": "👍"}}))), None);
    assert_eq!(hear_in(group(mention("@iass_bot hola")), TelegramGroups::Never).message, None);
    let all = hear_in(group(json!({"text": "hola a todos"})), TelegramGroups::All);
    assert_eq!(all.message.unwrap().text, "hola a todos");

    let topic = hear(group(
        json!({"text": "@iass_bot hola", "entities": [{"type": "mention", "offset": 0, "length": 9}],
        "message_thread_id": 12, "is_topic_message": true}),
    ));
    let route = Route::read(topic.message.unwrap().route.as_deref());
    assert_eq!((route.thread.unwrap().0.0, route.reply_to.unwrap().0), (12, 7));
    let mut bot = private(json!({"text": "hola"}));
    bot["message"]["from"]["is_bot"] = json!(true);
    assert_eq!(hear(bot), Heard::default(), "bots do not talk with each other");
}

#[test]
fn a_correction_counts_for_a_while_and_a_moving_place_does_not() {
    let edited = |content: Value, after: i64| {
        let mut update = private(content);
        let mut message = update["message"].take();
        message["edit_date"] = json!(1_767_614_400 + after);
        hear(json!({"update_id": 6, "edited_message": message})).message
    };
    assert_eq!(edited(json!({"text": "el azul"}), 30).unwrap().text, "el azul");
    assert_eq!(edited(json!({"text": "el azul"}), 3_600), None);
    assert_eq!(edited(json!({"location": {"latitude": 1.0, "longitude": 2.0}}), 30), None);
}

#[test]
fn a_tap_says_the_words_on_the_button() {
    const LONG: &str = "Limpieza facial profunda con hidratación y masaje de cuello, piel sensible";
    let choices = [LONG, "Hidratación"].map(str::to_owned);
    let keyboard = serde_json::to_value(markup::keyboard(&choices).unwrap()).unwrap();
    let tap = |chat: Value, groups| {
        hear_in(
            json!({"update_id": 9, "callback_query": {"id": "q1", "chat_instance": "1",
                "from": {"id": 99, "is_bot": false, "first_name": "Ana", "username": "ana"},
                "data": keyboard["inline_keyboard"][0][0]["callback_data"],
                "message": {"message_id": 3, "date": 1_767_614_400, "chat": chat, "text": "¿Cuál?", "reply_markup": keyboard}}}),
            groups,
        )
    };
    let heard = tap(json!({"id": 99, "type": "private"}), TelegramGroups::Mentioned);
    let message = heard.message.unwrap();
    assert_eq!((message.text.as_str(), message.contact.as_str()), (LONG, "99"));
    assert_eq!(message.contact_name.as_deref(), Some("Ana"));
    assert_eq!(heard.tap, Some(Tap { query: "q1".to_owned(), words: LONG.to_owned() }));
    let of_group = json!({"id": -100, "type": "group", "title": "Ventas"});
    assert_eq!(tap(of_group.clone(), TelegramGroups::Mentioned).message.unwrap().contact, "-100");
    let ignored = tap(of_group, TelegramGroups::Never);
    assert!(ignored.message.is_none() && ignored.tap.is_some(), "the button stops turning all the same");
    let gone = json!({"update_id": 9, "callback_query": {"id": "q1", "chat_instance": "1", "data": "1|Hidratación",
        "from": {"id": 99, "is_bot": false, "first_name": "Ana"},
        "message": {"message_id": 3, "date": 0, "chat": {"id": 99, "type": "private"}}}});
    assert_eq!(hear(gone).message.unwrap().text, "Hidratación");
}
