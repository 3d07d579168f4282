//! The Bot API as far as the product uses it: keeps the bots' updates until they are acknowledged, checks what it is sent
//! as the real one does, and fails when it is told to (<https://core.telegram.org/bots/api>).

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::harness::PATIENCE;

/// How a call of `sendMessage` fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fail {
    /// Flood control, with the seconds to wait.
    Flood(u64),
    /// The server has an error that is not even JSON.
    Broken,
    /// The customer blocked the bot.
    Blocked,
    /// The formatting cannot be read.
    Entities,
    /// The group is another one now.
    Moved(i64),
    /// The message was sent, and the answer has a form that nobody knows.
    SentOddly,
    /// No answer at all.
    Hang,
}

/// One bot at the fake.
#[derive(Default)]
struct Bot {
    id: u64,
    updates: BTreeMap<i64, Value>,
    webhook: Option<Value>,
    /// All calls: the method and its parameters.
    calls: Vec<(String, Value)>,
    /// The messages that were taken, in their order.
    sent: Vec<Value>,
    fails: VecDeque<Fail>,
    /// The number of the question for updates that is open; a newer one ends it.
    asking: u64,
    /// How many questions for updates are answered with a conflict.
    conflicts: u32,
    files: BTreeMap<String, Vec<u8>>,
}

#[derive(Default)]
struct Shared {
    bots: Mutex<BTreeMap<String, Bot>>,
    changed: Notify,
}

/// The fake; it stops with the test's runtime.
#[derive(Clone)]
pub(crate) struct FakeTelegram {
    url: String,
    shared: Arc<Shared>,
}

impl FakeTelegram {
    /// Starts it with these bots: their tokens, each `id:secret`.
    pub(crate) async fn start(tokens: &[&str]) -> Self {
        let shared = Arc::new(Shared::default());
        for token in tokens {
            let id = token.split(':').next().unwrap().parse().unwrap();
            shared.bots.lock().unwrap().insert((*token).to_owned(), Bot { id, ..Bot::default() });
        }
        let app = Router::new()
            .route("/{bot}/{method}", post(call))
            .route("/file/{bot}/{*path}", get(download))
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { url, shared }
    }

    /// The section of a tenant's file for one of its bots.
    pub(crate) fn config(&self, token: &str) -> String {
        format!("[channels.telegram]\ntoken = \"{token}\"\napi_base = \"{}\"\n", self.url)
    }

    fn bots(&self) -> MutexGuard<'_, BTreeMap<String, Bot>> {
        self.shared.bots.lock().unwrap()
    }

    fn with<T>(&self, token: &str, look: impl FnOnce(&mut Bot) -> T) -> T {
        let result = look(self.bots().get_mut(token).unwrap());
        self.shared.changed.notify_waiters();
        result
    }

    /// Puts updates among those that wait, as if customers had just written.
    pub(crate) fn give(&self, token: &str, updates: impl IntoIterator<Item = Value>) {
        self.with(token, |bot| {
            for update in updates {
                bot.updates.insert(update["update_id"].as_i64().unwrap(), update);
            }
        });
    }

    pub(crate) fn give_file(&self, token: &str, id: &str, bytes: Vec<u8>) {
        self.with(token, |bot| bot.files.insert(id.to_owned(), bytes));
    }

    pub(crate) fn fail(&self, token: &str, fails: impl IntoIterator<Item = Fail>) {
        self.with(token, |bot| bot.fails.extend(fails));
    }

    /// Has the next questions for updates be ended by another listener's.
    pub(crate) fn conflict(&self, token: &str, times: u32) {
        self.with(token, |bot| {
            bot.conflicts = times;
            bot.asking += 1;
        });
    }

    /// Registers a webhook, as another program would.
    pub(crate) fn hook(&self, token: &str) {
        self.with(token, |bot| bot.webhook = Some(json!({"url": "https://elsewhere.example"})));
    }

    pub(crate) fn webhook(&self, token: &str) -> Option<Value> {
        self.with(token, |bot| bot.webhook.clone())
    }

    /// The messages that were taken so far: the chat and the words without their formatting.
    pub(crate) fn sent(&self, token: &str) -> Vec<(i64, String)> {
        let messages = self.with(token, |bot| bot.sent.clone());
        let text = |message: &Value| message["plain"].as_str().unwrap().to_owned();
        messages.iter().map(|message| (message["chat_id"].as_i64().unwrap(), text(message))).collect()
    }

    /// The parameters of all calls of a method.
    pub(crate) fn calls(&self, token: &str, method: &str) -> Vec<Value> {
        let calls = self.with(token, |bot| bot.calls.clone());
        calls.into_iter().filter(|(of, _)| of == method).map(|(_, parameters)| parameters).collect()
    }

    /// Waits until so many messages were taken, and gives them.
    pub(crate) async fn wait_for_sent(&self, token: &str, count: usize) -> Vec<(i64, String)> {
        self.wait(|| self.bots()[token].sent.len() >= count, || format!("{:?}", self.sent(token))).await;
        self.sent(token)
    }

    /// Waits until a method was called so often.
    pub(crate) async fn wait_for_calls(&self, token: &str, method: &str, count: usize) -> Vec<Value> {
        let done = || self.bots()[token].calls.iter().filter(|(of, _)| of == method).count() >= count;
        self.wait(done, || format!("{method} was not called {count} times")).await;
        self.calls(token, method)
    }

    /// Waits until everything was acknowledged.
    pub(crate) async fn wait_for_empty(&self, token: &str) {
        self.wait(|| self.bots()[token].updates.is_empty(), || "updates are left".to_owned()).await;
    }

    async fn wait(&self, done: impl Fn() -> bool, what: impl Fn() -> String) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < PATIENCE, "{}", what());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn refuse(code: u16, description: &str, parameters: Value) -> Response {
    let body = json!({"ok": false, "error_code": code, "description": description, "parameters": parameters});
    (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
}

fn ok(result: Value) -> Response {
    Json(json!({"ok": true, "result": result})).into_response()
}

async fn call(
    State(shared): State<Arc<Shared>>,
    Path((bot, method)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let token = bot.strip_prefix("bot").unwrap_or_default().to_owned();
    let parameters: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let asked = {
        let mut bots = shared.bots.lock().unwrap();
        let Some(bot) = bots.get_mut(&token) else { return refuse(401, "Unauthorized", json!({})) };
        bot.calls.push((method.clone(), parameters.clone()));
        match method.as_str() {
            "getMe" => {
                return ok(json!({"id": bot.id, "is_bot": true, "first_name": "iass",
                    "username": format!("bot{}_bot", bot.id), "can_join_groups": true}));
            }
            "setWebhook" => {
                if !parameters["url"].as_str().is_some_and(|url| url.starts_with("https://")) {
                    return refuse(400, "Bad Request: bad webhook: An HTTPS URL must be provided", json!({}));
                }
                bot.webhook = Some(parameters);
                return ok(json!(true));
            }
            "deleteWebhook" => {
                bot.webhook = None;
                return ok(json!(true));
            }
            "answerCallbackQuery" | "sendChatAction" => return ok(json!(true)),
            "sendMessage" => {
                let fail = bot.fails.pop_front();
                if !matches!(fail, Some(Fail::Hang)) {
                    return send_message(bot, parameters, fail);
                }
                0
            }
            "getFile" => {
                let id = parameters["file_id"].as_str().unwrap_or_default();
                return match bot.files.get(id) {
                    Some(bytes) if bytes.len() > 20 * 1024 * 1024 => {
                        refuse(400, "Bad Request: file is too big", json!({}))
                    }
                    Some(bytes) => ok(json!({"file_id": id, "file_unique_id": "u", "file_size": bytes.len(),
                        "file_path": format!("voice/nota de {id}.oga")})),
                    None => refuse(400, "Bad Request: invalid file_id", json!({})),
                };
            }
            "getUpdates" => {
                if bot.webhook.is_some() {
                    let why = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
                    return refuse(409, why, json!({}));
                }
                let offset = parameters["offset"].as_i64().unwrap_or_default();
                bot.updates.retain(|id, _| *id >= offset);
                bot.asking += 1;
                bot.asking
            }
            _ => return refuse(404, "Not Found: method not found", json!({})),
        }
    };
    if method == "sendMessage" {
        return std::future::pending().await;
    }
    let most = Duration::from_secs(parameters["timeout"].as_u64().unwrap_or_default());
    let begun = Instant::now();
    loop {
        let changed = shared.changed.notified();
        {
            let mut bots = shared.bots.lock().unwrap();
            let bot = bots.get_mut(&token).unwrap();
            if bot.conflicts > 0 || bot.asking != asked {
                bot.conflicts = bot.conflicts.saturating_sub(1);
                let why = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
                return refuse(409, why, json!({}));
            }
            let left = most.saturating_sub(begun.elapsed());
            if !bot.updates.is_empty() || left.is_zero() {
                // In whatever order, to see that it does not matter.
                let limit = usize::try_from(parameters["limit"].as_u64().unwrap_or(100)).unwrap();
                let mut some: Vec<Value> = bot.updates.values().take(limit).cloned().collect();
                some.reverse();
                return ok(Value::Array(some));
            }
        }
        drop(tokio::time::timeout(most.saturating_sub(begun.elapsed()), changed).await);
    }
}

fn send_message(bot: &mut Bot, mut parameters: Value, fail: Option<Fail>) -> Response {
    match fail {
        Some(Fail::Flood(seconds)) => {
            let why = format!("Too Many Requests: retry after {seconds}");
            return refuse(429, &why, json!({"retry_after": seconds}));
        }
        Some(Fail::Broken) => {
            return (StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>").into_response();
        }
        Some(Fail::Blocked) => return refuse(403, "Forbidden: bot was blocked by the user", json!({})),
        Some(Fail::Entities) if parameters["parse_mode"] == "HTML" => {
            return refuse(400, "Bad Request: can't parse entities: Unsupported start tag", json!({}));
        }
        Some(Fail::Moved(to)) if parameters["chat_id"].as_i64() != Some(to) => {
            let why = "Bad Request: group chat was upgraded to a supergroup chat";
            return refuse(400, why, json!({"migrate_to_chat_id": to}));
        }
        _ => {}
    }
    let text = parameters["text"].as_str().unwrap_or_default();
    let plain = match parameters["parse_mode"].as_str() {
        Some("HTML") => match plain(text) {
            Ok(plain) => plain,
            Err(why) => return refuse(400, &format!("Bad Request: can't parse entities: {why}"), json!({})),
        },
        None => text.to_owned(),
        Some(_) => return refuse(400, "Bad Request: unsupported parse_mode", json!({})),
    };
    if parameters["chat_id"].as_i64().is_none() {
        return refuse(400, "Bad Request: chat not found", json!({}));
    }
    match plain.encode_utf16().count() {
        0 => return refuse(400, "Bad Request: message text is empty", json!({})),
        1..=4096 => {}
        _ => return refuse(400, "Bad Request: message is too long", json!({})),
    }
    let rows = parameters["reply_markup"]["inline_keyboard"].as_array().cloned().unwrap_or_default();
    for button in rows.iter().flat_map(|row| row.as_array().unwrap()) {
        let data = button["callback_data"].as_str().unwrap_or_default();
        if data.is_empty() || data.len() > 64 || button["text"].as_str().unwrap_or_default().is_empty() {
            return refuse(400, "Bad Request: BUTTON_DATA_INVALID", json!({}));
        }
    }
    parameters["plain"] = json!(plain);
    bot.sent.push(parameters);
    if matches!(fail, Some(Fail::SentOddly)) {
        return ok(json!({"message": "of a later version"}));
    }
    ok(
        json!({"message_id": bot.sent.len(), "date": 0, "chat": {"id": 1, "type": "private"}, "novelty": {"x": 1}}),
    )
}

/// The words of an HTML text: only `<b>`, balanced, and the entities that Telegram knows.
fn plain(html: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut rest = html;
    let mut is_open = false;
    while let Some(at) = rest.find(['<', '>', '&']) {
        let (words, from) = rest.split_at(at);
        plain.push_str(words);
        let (mark, instead) =
            [("<b>", ""), ("</b>", ""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\"")]
                .into_iter()
                .find(|(mark, _)| from.starts_with(mark))
                .ok_or_else(|| format!("Unexpected character at {}", html.len() - from.len()))?;
        match mark {
            "<b>" if !is_open => is_open = true,
            "</b>" if is_open => is_open = false,
            "<b>" | "</b>" => return Err("Unmatched tag".to_owned()),
            _ => plain.push_str(instead),
        }
        rest = &from[mark.len()..];
    }
    if is_open {
        return Err("Can't find end tag".to_owned());
    }
    plain.push_str(rest);
    Ok(plain)
}

async fn download(State(shared): State<Arc<Shared>>, Path((bot, path)): Path<(String, String)>) -> Response {
    let token = bot.strip_prefix("bot").unwrap_or_default();
    let id = path.strip_prefix("voice/nota de ").and_then(|path| path.strip_suffix(".oga"));
    let bots = shared.bots.lock().unwrap();
    let file = id.and_then(|id| bots.get(token)?.files.get(id).cloned());
    file.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}
