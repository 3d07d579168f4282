//! Telegram bots (<https://core.telegram.org/bots/api>): what their updates say, and replies as HTML with buttons.
//!
//! Updates come by asking for them or by webhook; both ways end in [`Bots::hear`]. An update is acknowledged only after
//! what it says is on disk: Telegram hands out everything after the last one that was acknowledged, so that a crash
//! loses nothing, and the inbox knows an update that comes again by its number.

mod bot;
mod markup;
mod route;
mod update;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use teloxide_core::{
    payloads::{
        AnswerCallbackQuery, AnswerCallbackQuerySetters as _, DeleteWebhook, GetMe, GetUpdates,
        GetUpdatesSetters as _, SendChatAction, SendMessage, SendMessageSetters as _, SetWebhook,
        SetWebhookSetters as _,
    },
    types::{
        AllowedUpdate, CallbackQueryId, ChatAction, ChatId, LinkPreviewOptions, ParseMode, ReplyParameters,
    },
};

pub use self::update::Tap;
use self::{
    bot::{Bot, CallError, parsed},
    route::Route,
    update::Ears,
};
use super::{FetchError, Received, SendError, Sent};
use crate::{
    config::tenant::channels::Telegram,
    domain::{
        message::{Attachment, Outbound, OutboundKind},
        tenant::TenantId,
    },
};

/// The header in which Telegram shows the secret of a webhook (<https://core.telegram.org/bots/api#setwebhook>).
pub const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// How long Telegram holds a question for updates open when there are none.
const POLL: Duration = Duration::from_secs(30);

/// How much longer than that an answer may take.
const POLL_MARGIN: Duration = Duration::from_secs(10);

/// The most updates of one answer; Telegram's own limit.
const MAX_UPDATES: u8 = 100;

/// The most characters of the words that a tap is confirmed with (<https://core.telegram.org/bots/api#answercallbackquery>).
const MAX_TOAST_CHARS: usize = 200;

/// How long a courtesy may take that nobody waits for.
const COURTESY_TIMEOUT: Duration = Duration::from_secs(5);

/// The updates that are asked for.
const WANTED: [AllowedUpdate; 3] =
    [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery];

/// Who a bot is: how groups mention it, and who wrote what is replied to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// Its id as a user.
    pub id: u64,
    /// Its name, without the at sign.
    pub username: Option<String>,
}

/// The bots of all tenants, as far as they were introduced.
#[derive(Debug, Default)]
pub struct Bots {
    /// Guards who each tenant's bot is. Held for look-ups only.
    known: Mutex<HashMap<TenantId, Me>>,
}

/// What updates brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// What is for the product.
    pub received: Received,
    /// Taps on buttons, which wait to be told that they were heard.
    pub taps: Vec<Tap>,
}

/// Updates that were asked for, and not acknowledged yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The updates, in their order.
    pub updates: Vec<Value>,
    /// What to ask for next; asking for it acknowledges these.
    pub next: Option<i32>,
}

/// Why a bot cannot be talked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BotError {
    /// Telegram does not know the token: only the owner can change that.
    #[error("Telegram does not know the token of the bot")]
    Token,
    /// Another program asks for the updates of the same bot.
    #[error("another program asks for the messages of the same bot")]
    Taken,
    /// Telegram posts the updates to a webhook, and gives them to nobody who asks.
    #[error("the bot has a webhook")]
    HasWebhook,
    /// It may work later.
    #[error("{message}")]
    Unavailable {
        /// What happened.
        message: String,
        /// How long Telegram asked to be left alone.
        retry_after: Option<Duration>,
    },
}

impl Bots {
    /// What updates say to a tenant's bot. What cannot be understood says nothing.
    pub fn hear(
        &self,
        tenant: &TenantId,
        settings: &Telegram,
        mut updates: Vec<Value>,
        max_file_bytes: usize,
    ) -> Heard {
        updates.sort_by_key(number);
        let me = self.me(tenant, settings);
        let max_file_bytes = max_file_bytes.min(bot::MAX_FILE_BYTES);
        let ears = Ears { me: &me, groups: settings.groups, max_file_bytes };
        let mut heard = Heard::default();
        for update in updates {
            let said = update::read(update, ears);
            let before = heard.received.messages.len();
            heard.received.moves.extend(said.moved.map(|moved| (before, moved)));
            heard.received.messages.extend(said.message);
            heard.taps.extend(said.tap);
        }
        heard
    }

    /// Asks Telegram who a tenant's bot is.
    ///
    /// # Errors
    /// [`BotError`].
    pub async fn introduce(
        &self,
        http: &reqwest::Client,
        tenant: &TenantId,
        settings: &Telegram,
    ) -> Result<Me, BotError> {
        let me = Bot::new(http, settings).call(&GetMe::new()).await?;
        let me: Me = parsed(me).map_err(|message| BotError::Unavailable { message, retry_after: None })?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), me.clone());
        Ok(me)
    }

    /// Who a tenant's bot is; before it was introduced, what its token tells.
    fn me(&self, tenant: &TenantId, settings: &Telegram) -> Me {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned();
        let id = settings.token.expose().split(':').next().and_then(|id| id.parse().ok());
        known.unwrap_or_else(|| Me { id: id.unwrap_or_default(), username: None })
    }
}

/// The number of an update.
fn number(update: &Value) -> i64 {
    update["update_id"].as_i64().unwrap_or_default()
}

/// Whether the header of a webhook shows the tenant's secret. Takes as long whatever it shows.
pub fn is_genuine(settings: &Telegram, shown: Option<&[u8]>) -> bool {
    let secret = settings.secret_token.as_ref().map(|secret| secret.expose().as_bytes()).unwrap_or_default();
    !secret.is_empty() && shown.unwrap_or_default().ct_eq(secret).into()
}

/// Asks for updates from `from` on, and waits a while for one. This acknowledges those before.
///
/// # Errors
/// [`BotError`].
pub async fn updates(
    http: &reqwest::Client,
    settings: &Telegram,
    from: Option<i32>,
) -> Result<Batch, BotError> {
    let ask = GetUpdates::new()
        .timeout(u32::try_from(POLL.as_secs()).unwrap_or_default())
        .limit(MAX_UPDATES)
        .allowed_updates(WANTED);
    let ask = GetUpdates { offset: from, ..ask };
    let answer = Bot::new(http, settings).call_within(&ask, POLL + POLL_MARGIN).await?;
    // Not as teloxide's updates: one that it cannot read would keep all of them.
    let Value::Array(updates) = answer else {
        let message = "the updates are not a list".to_owned();
        return Err(BotError::Unavailable { message, retry_after: None });
    };
    let last = updates.iter().map(number).max().and_then(|last| i32::try_from(last).ok());
    Ok(Batch { updates, next: last.map(|last| last.saturating_add(1)).or(from) })
}

/// Has Telegram post the updates of a bot to an address.
///
/// # Errors
/// [`BotError`].
pub async fn set_webhook(http: &reqwest::Client, settings: &Telegram, address: &str) -> Result<(), BotError> {
    let wrong = |error| BotError::Unavailable { message: format!("{address}: {error}"), retry_after: None };
    let url = url::Url::parse(address).map_err(wrong)?;
    let mut ask = SetWebhook::new(url).allowed_updates(WANTED);
    ask.secret_token = settings.secret_token.as_ref().map(|secret| secret.expose().to_owned());
    Bot::new(http, settings).call(&ask).await?;
    Ok(())
}

/// Has Telegram keep the updates of a bot until they are asked for.
///
/// # Errors
/// [`BotError`].
pub async fn delete_webhook(http: &reqwest::Client, settings: &Telegram) -> Result<(), BotError> {
    Bot::new(http, settings).call(&DeleteWebhook::new()).await?;
    Ok(())
}

/// Tells Telegram that taps were heard, so that the buttons stop turning, and shows what was chosen. A courtesy: who taps
/// is answered in any case.
pub async fn confirm(http: &reqwest::Client, settings: &Telegram, taps: Vec<Tap>) {
    for Tap { query, words } in taps {
        let toast: String = words.chars().take(MAX_TOAST_CHARS).collect();
        let confirmation = AnswerCallbackQuery::new(CallbackQueryId(query)).text(toast);
        let called = Bot::new(http, settings).call_within(&confirmation, COURTESY_TIMEOUT).await;
        if let Err(error) = called {
            tracing::debug!(%error, "a tap was not confirmed");
        }
    }
}

/// Shows in a chat for five seconds that somebody is typing. A courtesy.
pub(super) async fn show_typing(http: &reqwest::Client, settings: &Telegram, chat: &str) {
    let Ok(chat) = chat.parse().map(ChatId) else { return };
    let action = SendChatAction::new(chat, ChatAction::Typing);
    if let Err(error) = Bot::new(http, settings).call_within(&action, COURTESY_TIMEOUT).await {
        tracing::debug!(%error, "the typing was not shown");
    }
}

/// Sends a reply.
///
/// # Errors
/// [`SendError`].
pub(super) async fn send(
    http: &reqwest::Client,
    settings: &Telegram,
    reply: &Outbound,
) -> Result<Sent, SendError> {
    if reply.kind == OutboundKind::Handoff {
        return Ok(Sent::default());
    }
    let Ok(chat) = reply.contact.parse().map(ChatId) else {
        return Err(SendError::Permanent { message: "the contact is not a chat of Telegram".to_owned() });
    };
    let bot = Bot::new(http, settings);
    let mut moved_to = None;
    let sent = match bot.call(&message(chat, reply)).await {
        Err(CallError::Moved(to)) => {
            // The message that is answered stayed behind in the old group.
            let moved = Outbound { route: None, ..reply.clone() };
            moved_to = Some(to.to_string());
            bot.call(&message(to, &moved)).await
        }
        Err(CallError::Refused { code: 400, description })
            if description.contains("can't parse entities") =>
        {
            tracing::warn!(description, "Telegram cannot read the formatting of a reply; it goes without");
            let plain = SendMessage { parse_mode: None, ..message(chat, reply).text(reply.text.clone()) };
            bot.call(&plain).await
        }
        sent => sent,
    };
    // It was sent whatever else the answer says.
    let id = sent?.get("message_id").and_then(Value::as_i64);
    let chat = moved_to.as_ref().unwrap_or(&reply.contact);
    Ok(Sent { provider_id: id.map(|id| format!("{chat}:{id}")), moved_to })
}

fn message(chat: ChatId, reply: &Outbound) -> SendMessage {
    let route = Route::read(reply.route.as_deref());
    let preview = LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    };
    let mut message = SendMessage::new(chat, markup::html(&reply.text))
        .parse_mode(ParseMode::Html)
        .link_preview_options(preview);
    message.message_thread_id = route.thread;
    message.reply_parameters =
        route.reply_to.map(|earlier| ReplyParameters::new(earlier).allow_sending_without_reply());
    message.reply_markup = markup::keyboard(&reply.choices).map(Into::into);
    message
}

/// Fetches a file of a customer.
///
/// # Errors
/// [`FetchError`].
pub(super) async fn fetch(
    http: &reqwest::Client,
    settings: &Telegram,
    file: &Attachment,
    most: usize,
) -> Result<Bytes, FetchError> {
    Bot::new(http, settings).download(&file.reference, most).await
}

impl From<CallError> for BotError {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            // Telegram answers "Not Found" when a token has not even the form of one.
            CallError::Refused { code: 401 | 404, .. } => Self::Token,
            CallError::Refused { code: 409, description } if description.contains("webhook") => {
                Self::HasWebhook
            }
            CallError::Refused { code: 409, .. } => Self::Taken,
            CallError::Flood(wait) => Self::Unavailable { message, retry_after: Some(wait) },
            CallError::Moved(_) | CallError::Refused { .. } | CallError::Unavailable(_) => {
                Self::Unavailable { message, retry_after: None }
            }
        }
    }
}
