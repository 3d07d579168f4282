//! What an update says: the message of a customer, the tap on a button, or nothing that is for the product
//! (<https://core.telegram.org/bots/api#update>).

mod trim;

use serde::de::DeserializeOwned;
use serde_json::Value;
use teloxide_core::types::{
    CallbackQuery, FileMeta, MaybeInaccessibleMessage, Message, MessageEntityKind, MessageEntityRef,
    PhotoSize, User,
};

use super::{Me, markup, route::Route};
use crate::{
    config::tenant::channels::TelegramGroups,
    domain::{
        contact::{Identity, Moved},
        conversation::ChannelKind,
        message::{Attachment, AttachmentKind, Inbound},
    },
};

/// How long after a message its correction is still answered, in seconds. Later ones are housekeeping.
const CORRECTION_S: i64 = 600;

/// How an update is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ears<'a> {
    /// The bot.
    pub(super) me: &'a Me,
    /// When it answers in groups.
    pub(super) groups: TelegramGroups,
    /// The most bytes of a picture that is worth fetching.
    pub(super) max_file_bytes: usize,
}

/// What an update says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// What a customer says.
    pub(super) message: Option<Inbound>,
    /// The tap that Telegram waits to be told was heard.
    pub(super) tap: Option<Tap>,
    /// A group that has another id now.
    pub(super) moved: Option<Moved>,
}

/// A tap on a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// Telegram's id of it.
    pub(super) query: String,
    /// The words on the button.
    pub(super) words: String,
}

/// The words and files of a message.
#[derive(Default)]
struct Content {
    text: String,
    files: Vec<Attachment>,
    source: Option<String>,
}

/// Reads an update. One that cannot be understood says nothing.
pub(super) fn read(mut update: Value, ears: Ears<'_>) -> Heard {
    let id = update.get("update_id").and_then(Value::as_u64).map(|id| id.to_string());
    let Some(id) = id else { return Heard::default() };
    // Field by field: teloxide's own update is read from text only, and gives up at the first field it does not know.
    if let Some(message) = update.get_mut("message") {
        let moved = moved(message);
        let is_content = trim::message(message);
        let message = part::<Message>(message).and_then(|message| {
            let content = content(&message, ears).unwrap_or_else(|| Content {
                // Something that a customer sent and nobody here can read is still worth an answer.
                files: if is_content { vec![Attachment::unknown()] } else { Vec::new() },
                ..Content::default()
            });
            inbound(&message, id, content, ears)
        });
        return Heard { message, tap: None, moved };
    }
    if let Some(message) = update.get_mut("edited_message") {
        trim::message(message);
        let message = part(message).and_then(|message| corrected(&message, id, ears));
        return Heard { message, ..Heard::default() };
    }
    let Some(query) = update.get_mut("callback_query") else { return Heard::default() };
    trim::query(query);
    part(query).map(|query| tapped(&query, id, ears)).unwrap_or_default()
}

/// The group that became a supergroup, which has another id. Both groups are told of it
/// (<https://core.telegram.org/bots/api#message>).
fn moved(message: &Value) -> Option<Moved> {
    let here = message.pointer("/chat/id").and_then(Value::as_i64)?;
    let at = |field: &str| message.get(field).and_then(Value::as_i64);
    let (from, to) = match (at("migrate_from_chat_id"), at("migrate_to_chat_id")) {
        (Some(from), _) => (from, here),
        (None, Some(to)) => (here, to),
        (None, None) => return None,
    };
    Some(Moved { from: from.to_string(), to: to.to_string() })
}

/// Who a customer is besides the chat: in a group the next message is another's.
fn identity(is_private: bool, from: &User) -> Identity {
    Identity { username: from.username.clone().filter(|_| is_private), ..Identity::default() }
}

/// A part of an update as teloxide reads it.
fn part<T: DeserializeOwned>(part: &mut Value) -> Option<T> {
    serde_json::from_value(part.take()).ok()
}

/// The words of a message that its customer corrected, if that was soon.
fn corrected(message: &Message, id: String, ears: Ears<'_>) -> Option<Inbound> {
    // A live location moves by edits, and who edits the picture of a message has said its words before.
    let text = message.text().or(message.caption())?.to_owned();
    let after_s = (*message.edit_date()? - message.date).num_seconds();
    let content = Content { text, ..Content::default() };
    if after_s <= CORRECTION_S { inbound(message, id, content, ears) } else { None }
}

/// The message as the product takes it, if it is for the product.
fn inbound(message: &Message, id: String, content: Content, ears: Ears<'_>) -> Option<Inbound> {
    let from = message.from.as_ref().filter(|from| !from.is_bot)?;
    let Content { text, files, source } = content;
    if message.chat.is_channel() || (text.trim().is_empty() && files.is_empty()) {
        return None;
    }
    let text = if message.chat.is_private() { text } else { addressed(message, text, ears)? };
    Some(Inbound {
        channel: ChannelKind::Telegram,
        message_id: id,
        contact: message.chat.id.to_string(),
        contact_name: Some(name(message, from)),
        text,
        attachments: files,
        route: Route::of(message).text(),
        source,
        identity: identity(message.chat.is_private(), from),
        quiet_ms: 0,
    })
}

/// The name of who is talked with: a group has its own.
fn name(message: &Message, from: &User) -> String {
    message.chat.title().map_or_else(|| from.full_name(), str::to_owned)
}

/// The words of a message in a group without the mention of the bot, if they are for the bot.
fn addressed(message: &Message, text: String, ears: Ears<'_>) -> Option<String> {
    let mention = ears.me.username.as_deref().map(|name| format!("@{name}"));
    let is_me = |words: &str| mention.as_deref().is_some_and(|mention| words.eq_ignore_ascii_case(mention));
    let all = message.entities().or(message.caption_entities()).unwrap_or_default();
    let entities = MessageEntityRef::parse(message.text().or(message.caption()).unwrap_or_default(), all);
    let mentions = entities.iter().filter(|entity| match entity.kind() {
        MessageEntityKind::Mention => is_me(entity.text()),
        MessageEntityKind::TextMention { user } => user.id.0 == ears.me.id,
        _ => false,
    });
    let mentioned: Vec<&str> = mentions.map(MessageEntityRef::text).collect();
    let commanded = entities.iter().any(|entity| {
        *entity.kind() == MessageEntityKind::BotCommand
            && entity.text().find('@').and_then(|at| entity.text().get(at..)).is_some_and(is_me)
    });
    let is_reply = message
        .reply_to_message()
        .and_then(|earlier| earlier.from.as_ref())
        .is_some_and(|author| author.id.0 == ears.me.id);
    match ears.groups {
        TelegramGroups::Never => return None,
        TelegramGroups::Mentioned if mentioned.is_empty() && !commanded && !is_reply => return None,
        TelegramGroups::Mentioned | TelegramGroups::All => {}
    }
    let bare = mentioned.iter().fold(text.clone(), |text, mention| text.replacen(mention, "", 1));
    let bare = bare.trim().trim_start_matches([',', ':']).trim_start();
    // Who says nothing but the name calls for attention.
    Some(if bare.is_empty() { text } else { bare.to_owned() })
}

/// What a message holds; none if it is nothing that can be read here.
fn content(message: &Message, ears: Ears<'_>) -> Option<Content> {
    let caption = message.caption().unwrap_or_default();
    let file = |kind, meta: &FileMeta, mime: Option<String>, name: Option<&str>| {
        let file = Attachment {
            kind,
            reference: meta.id.to_string(),
            mime,
            name: name.map(str::to_owned),
            checksum: None,
            unread: None,
        };
        Some(Content { text: caption.to_owned(), files: vec![file], source: None })
    };
    let mime = |mime: Option<&dyn ToString>| mime.map(ToString::to_string);
    let said = |text: String| Some(Content { text, ..Content::default() });
    if let Some(text) = message.text() {
        return Some(command(message, text));
    }
    if let Some(sizes) = message.photo() {
        return file(AttachmentKind::Picture, &best(sizes, ears.max_file_bytes)?.file, None, None);
    }
    if let Some(voice) = message.voice() {
        let mime = mime(voice.mime_type.as_ref().map(|mime| mime as &dyn ToString));
        return file(AttachmentKind::Voice, &voice.file, mime, None);
    }
    if let Some(audio) = message.audio() {
        let mime = mime(audio.mime_type.as_ref().map(|mime| mime as &dyn ToString));
        return file(AttachmentKind::Voice, &audio.file, mime, audio.file_name.as_deref());
    }
    if let Some(note) = message.video_note() {
        return file(AttachmentKind::Voice, &note.file, Some("video/mp4".to_owned()), None);
    }
    if let Some(sticker) = message.sticker() {
        return match &sticker.emoji {
            // What a sticker says is its emoji.
            Some(emoji) => said(emoji.clone()),
            None if sticker.is_static() => file(AttachmentKind::Picture, &sticker.file, None, None),
            None => file(AttachmentKind::File, &sticker.file, None, None),
        };
    }
    if let Some(venue) = message.venue() {
        let place = place(venue.location.latitude, venue.location.longitude);
        return said(format!("📍 {}, {} ({place})", venue.title, venue.address));
    }
    if let Some(location) = message.location() {
        return said(format!("📍 {}", place(location.latitude, location.longitude)));
    }
    if let Some(contact) = message.contact() {
        return said(phone(contact, message.from.as_ref()));
    }
    if let Some(video) = message.video() {
        let mime = mime(video.mime_type.as_ref().map(|mime| mime as &dyn ToString));
        return file(AttachmentKind::File, &video.file, mime, video.file_name.as_deref());
    }
    if let Some(animation) = message.animation() {
        return file(AttachmentKind::File, &animation.file, None, animation.file_name.as_deref());
    }
    let document = message.document()?;
    // A picture or a recording sent "as a file" is one all the same.
    let kind = match document.mime_type.as_ref().map(|mime| mime.type_().as_str().to_owned()).as_deref() {
        Some("image") => AttachmentKind::Picture,
        Some("audio") => AttachmentKind::Voice,
        _ => AttachmentKind::File,
    };
    let mime = mime(document.mime_type.as_ref().map(|mime| mime as &dyn ToString));
    file(kind, &document.file, mime, document.file_name.as_deref())
}

/// A text, which may be a command: `/start` with where the customer comes from
/// (<https://core.telegram.org/bots/features#deep-linking>), or one with the bot's name behind it.
fn command(message: &Message, text: &str) -> Content {
    let said = |text: &str, source: Option<&str>| Content {
        text: text.to_owned(),
        source: source.map(str::to_owned),
        ..Content::default()
    };
    let is_command = message
        .entities()
        .unwrap_or_default()
        .iter()
        .any(|entity| entity.kind == MessageEntityKind::BotCommand && entity.offset == 0);
    if !is_command {
        return said(text, None);
    }
    let (command, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (command, rest) = (command.split('@').next().unwrap_or(command), rest.trim());
    match (command, rest) {
        ("/start", "") => said(command, None),
        ("/start", payload) => said(command, Some(payload)),
        (_, "") => said(command, None),
        _ => said(&format!("{command} {rest}"), None),
    }
}

/// The largest picture within the limit, or the smallest there is.
fn best(sizes: &[PhotoSize], most: usize) -> Option<&PhotoSize> {
    let fits = |size: &&PhotoSize| usize::try_from(size.file.size).is_ok_and(|bytes| bytes <= most);
    let area = |size: &&PhotoSize| u64::from(size.width) * u64::from(size.height);
    sizes.iter().filter(fits).max_by_key(area).or_else(|| sizes.iter().min_by_key(area))
}

/// A place as maps take it, to about a metre.
fn place(latitude: f64, longitude: f64) -> String {
    format!("{latitude:.5}, {longitude:.5}")
}

/// A shared contact: the customer's own is a phone number, another's has a name to it.
fn phone(contact: &teloxide_core::types::Contact, from: Option<&User>) -> String {
    // Some apps write it without the plus.
    let number = format!("+{}", contact.phone_number.trim_start_matches('+'));
    if contact.user_id.is_some_and(|id| from.is_some_and(|from| from.id == id)) {
        return format!("📱 {number}");
    }
    let name = [Some(contact.first_name.as_str()), contact.last_name.as_deref()];
    format!("👤 {}: {number}", name.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// A tap is as if the customer had written the words on the button.
fn tapped(query: &CallbackQuery, id: String, ears: Ears<'_>) -> Heard {
    let data = query.data.as_deref().unwrap_or_default();
    let message = query.regular_message();
    let words = markup::tapped(message.and_then(Message::reply_markup), data);
    let tap = Some(Tap { query: query.id.0.clone(), words: words.clone() });
    let chat = query.message.as_ref().map(MaybeInaccessibleMessage::chat);
    let is_private = chat.is_none_or(teloxide_core::types::Chat::is_private);
    let is_heard = is_private || ears.groups != TelegramGroups::Never;
    if query.from.is_bot || words.trim().is_empty() || !is_heard {
        return Heard { tap, ..Heard::default() };
    }
    let title = chat.and_then(|chat| chat.title());
    let message = Inbound {
        channel: ChannelKind::Telegram,
        message_id: id,
        // In a private chat the chat has the customer's id.
        contact: chat.map_or_else(|| query.from.id.to_string(), |chat| chat.id.to_string()),
        contact_name: Some(title.map_or_else(|| query.from.full_name(), str::to_owned)),
        text: words,
        attachments: Vec::new(),
        route: message.and_then(|message| Route::of(message).text()),
        source: None,
        identity: identity(is_private, &query.from),
        quiet_ms: 0,
    };
    Heard { message: Some(message), tap, moved: None }
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
