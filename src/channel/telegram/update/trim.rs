//! Leaves of an update only what is read here, before teloxide sees it.
//!
//! The Bot API grows every few months. teloxide takes a message for an empty one when any field of it, however
//! unimportant, holds what its version does not know, such as a new kind of entity: the words would be lost.

use serde_json::{Map, Value};

/// The fields of a message that are not what it holds.
const ENVELOPE: [&str; 8] = [
    "message_id",
    "date",
    "edit_date",
    "chat",
    "from",
    "message_thread_id",
    "is_topic_message",
    "reply_to_message",
];

/// What a message may hold and is read.
const CONTENT: [&str; 15] = [
    "text",
    "caption",
    "photo",
    "voice",
    "audio",
    "video_note",
    "video",
    "animation",
    "document",
    "sticker",
    "location",
    "venue",
    "contact",
    "entities",
    "caption_entities",
];

/// What a customer may send and is not read: it is answered all the same, unlike the news of a group.
const UNREADABLE: [&str; 6] = ["story", "game", "paid_media", "checklist", "poll", "invoice"];

/// The entities that mean something here.
const ENTITIES: [&str; 3] = ["mention", "text_mention", "bot_command"];

/// Trims a message in place, and says whether it holds something that a customer sent.
pub(super) fn message(message: &mut Value) -> bool {
    let Some(message) = message.as_object_mut() else { return false };
    let is_content = CONTENT.iter().chain(&UNREADABLE).any(|content| message.contains_key(*content));
    trim_message(message);
    is_content
}

/// Trims the tap on a button in place.
pub(super) fn query(query: &mut Value) {
    let Some(query) = query.as_object_mut() else { return };
    keep(query, &["id", "from", "message", "data"]);
    // teloxide insists on it, and nobody here needs it.
    query.insert("chat_instance".to_owned(), Value::String(String::new()));
    trim_people(query);
    if let Some(message) = query.get_mut("message").and_then(Value::as_object_mut) {
        let keyboard = message.remove("reply_markup").map(trim_keyboard);
        trim_message(message);
        message.extend(keyboard.map(|keyboard| ("reply_markup".to_owned(), keyboard)));
    }
}

fn trim_message(message: &mut Map<String, Value>) {
    message.retain(|key, _| ENVELOPE.contains(&key.as_str()) || CONTENT.contains(&key.as_str()));
    trim_people(message);
    for entities in ["entities", "caption_entities"] {
        if let Some(list) = message.get_mut(entities).and_then(Value::as_array_mut) {
            list.retain(|entity| entity["type"].as_str().is_some_and(|kind| ENTITIES.contains(&kind)));
            for entity in list.iter_mut().filter_map(Value::as_object_mut) {
                trim_user(entity.get_mut("user"));
            }
        }
    }
    // A location that moves is a place like another.
    if let Some(location) = message.get_mut("location").and_then(Value::as_object_mut) {
        keep(location, &["latitude", "longitude"]);
    }
    if let Some(earlier) = message.get_mut("reply_to_message").and_then(Value::as_object_mut) {
        // Only whose it is counts; it need not hold anything.
        keep(earlier, &["message_id", "date", "chat", "from"]);
        trim_people(earlier);
    }
}

/// Trims who wrote and where.
fn trim_people(of: &mut Map<String, Value>) {
    trim_user(of.get_mut("from"));
    if let Some(chat) = of.get_mut("chat").and_then(Value::as_object_mut) {
        keep(chat, &["id", "type", "title", "username", "first_name", "last_name"]);
    }
}

fn trim_user(user: Option<&mut Value>) {
    if let Some(user) = user.and_then(Value::as_object_mut) {
        keep(user, &["id", "is_bot", "first_name", "last_name", "username"]);
    }
}

/// The buttons that send something back, with what they send.
fn trim_keyboard(mut keyboard: Value) -> Value {
    let rows = keyboard.get_mut("inline_keyboard").map(Value::take).unwrap_or_default();
    let rows = rows.as_array().into_iter().flatten().map(|row| {
        let buttons = row.as_array().into_iter().flatten();
        buttons
            .filter(|button| button["callback_data"].is_string())
            .map(|button| serde_json::json!({"text": button["text"], "callback_data": button["callback_data"]}))
            .collect::<Value>()
    });
    serde_json::json!({"inline_keyboard": rows.collect::<Vec<_>>()})
}

fn keep(of: &mut Map<String, Value>, keys: &[&str]) {
    of.retain(|key, _| keys.contains(&key.as_str()));
}
