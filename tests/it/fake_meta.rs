//! The Graph API as far as replies, files and checks need it: it checks what it gets as the real one does, keeps it, and
//! can fail on demand. It signs webhooks too.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    fake_server::FakeServer,
    harness::{Daemon, PATIENCE},
};

/// What the app has: its token, what it signs with, what it shows when an address is registered.
pub(crate) const TOKEN: &str = "EAAtoken";
pub(crate) const APP_SECRET: &str = "test_app_secret_0123456789abcdef";
pub(crate) const VERIFY_TOKEN: &str = "verify-me";

/// The business's numbers and its account.
pub(crate) const NUMBER: &str = "106540352242922";
pub(crate) const SECOND_NUMBER: &str = "1122334455667";
pub(crate) const ACCOUNT: &str = "102290129340398";

/// What the fake does with one message instead of looking at it.
#[derive(Debug, Clone)]
pub(crate) enum Fail {
    /// Refuses with a status and a code.
    Refuse(u16, i64),
    /// Takes the request and never answers.
    Hang,
    /// Refuses with something that is no JSON.
    Garbage(u16),
}

/// A message as the fake got it, and what it was answered (0 for nothing).
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) number: String,
    pub(crate) body: Value,
    pub(crate) status: u16,
}

#[derive(Default)]
struct Books {
    fails: VecDeque<Fail>,
    sent: Vec<Sent>,
    /// The number and the message of each receipt.
    reads: Vec<(String, String)>,
    media: BTreeMap<String, Vec<u8>>,
    /// Customers who did not write for a day.
    closed: bool,
    /// Whether the files arrive with a byte changed.
    damages: bool,
    /// Whether the account sends webhooks to the app.
    subscribed: bool,
    /// Whether the token may not see where webhooks go.
    hides_webhook: bool,
}

/// The provider; it stops when dropped.
pub(crate) struct FakeMeta {
    server: FakeServer,
    books: Arc<Mutex<Books>>,
}

struct Place {
    books: Arc<Mutex<Books>>,
}

impl FakeMeta {
    pub(crate) fn start() -> Self {
        let books = Arc::new(Mutex::new(Books { subscribed: true, ..Books::default() }));
        let app = Router::new()
            .route("/v23.0/{id}/messages", post(take))
            .route("/v23.0/{id}/subscribed_apps", get(apps))
            .route("/v23.0/{id}", get(node))
            .route("/files/{name}", get(file))
            .with_state(Arc::new(Place { books: books.clone() }));
        Self { server: FakeServer::start(app), books }
    }

    /// The table of a `tenant.toml` for this business.
    pub(crate) fn config(&self, more: &str) -> String {
        format!(
            "[channels.meta]\nphone_number_id = \"{NUMBER}\"\naccess_token = \"{TOKEN}\"\n\
             app_secret = \"{APP_SECRET}\"\nverify_token = \"{VERIFY_TOKEN}\"\nbusiness_account_id = \"{ACCOUNT}\"\n\
             api_base = \"{}/v23.0\"\n{more}\n[[channels.meta.numbers]]\nphone_number_id = \"{SECOND_NUMBER}\"\n",
            self.server.base()
        )
    }

    pub(crate) fn fail(&self, fails: impl IntoIterator<Item = Fail>) {
        self.books().fails.extend(fails);
    }

    /// From now on only templates are taken.
    pub(crate) fn close_window(&self) {
        self.books().closed = true;
    }

    /// From now on files arrive damaged.
    pub(crate) fn damage_files(&self) {
        self.books().damages = true;
    }

    /// The account no longer sends webhooks to the app.
    pub(crate) fn unsubscribe(&self) {
        self.books().subscribed = false;
    }

    /// The token may not see where webhooks go.
    pub(crate) fn hide_webhook(&self) {
        self.books().hides_webhook = true;
    }

    pub(crate) fn keep(&self, id: &str, bytes: Vec<u8>) {
        self.books().media.insert(id.to_owned(), bytes);
    }

    /// Every message that was tried.
    pub(crate) fn tried(&self) -> Vec<Sent> {
        self.books().sent.clone()
    }

    /// The messages that were taken.
    pub(crate) fn taken(&self) -> Vec<Sent> {
        self.tried().into_iter().filter(|sent| sent.status == 200).collect()
    }

    /// The texts that were taken.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.taken()
            .iter()
            .map(|sent| sent.body["text"]["body"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    pub(crate) fn reads(&self) -> Vec<(String, String)> {
        self.books().reads.clone()
    }

    pub(crate) async fn wait_for_tries(&self, count: usize) -> Vec<Sent> {
        self.wait(|fake| fake.tried().len() >= count).await;
        self.tried()
    }

    pub(crate) async fn wait_for_taken(&self, count: usize) -> Vec<Sent> {
        self.wait(|fake| fake.taken().len() >= count).await;
        self.taken()
    }

    pub(crate) async fn wait_for_reads(&self, count: usize) -> Vec<(String, String)> {
        self.wait(|fake| fake.reads().len() >= count).await;
        self.reads()
    }

    async fn wait(&self, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.tried());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_authorised(headers: &HeaderMap) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|given| *given == format!("Bearer {TOKEN}"))
}

fn refuse(status: u16, code: i64) -> Response {
    let error = json!({"error": {"message": "(#1) as told", "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "as told"}, "fbtrace_id": "A"}});
    (StatusCode::from_u16(status).unwrap(), Json(error)).into_response()
}

async fn take(
    State(place): State<Arc<Place>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    raw: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&raw).unwrap_or_default();
    let (fail, status, code, id) = {
        let mut books = lock(&place.books);
        if body["status"] == "read" {
            return read(&mut books, number, &headers, &body);
        }
        let id = format!("wamid.out{}", books.sent.len());
        let fail = books.fails.pop_front();
        let (status, code) = match &fail {
            Some(Fail::Hang) => (0, 0),
            Some(Fail::Refuse(status, code)) => (*status, *code),
            Some(Fail::Garbage(status)) => (*status, 0),
            None if !is_authorised(&headers) => (401, 190),
            None if number != NUMBER && number != SECOND_NUMBER => (400, 33),
            None => problem(&body, books.closed).map_or((200, 0), |code| (400, code)),
        };
        books.sent.push(Sent { number, body: body.clone(), status });
        (fail, status, code, id)
    };
    match (fail, status) {
        (Some(Fail::Garbage(status)), _) => {
            (StatusCode::from_u16(status).unwrap(), "<html>Sorry</html>").into_response()
        }
        (_, 0) => std::future::pending().await,
        (_, 200) => {
            let to = body["to"].as_str().or(body["recipient"].as_str()).unwrap_or_default();
            Json(json!({"messaging_product": "whatsapp", "contacts": [{"input": to, "wa_id": to}],
                        "messages": [{"id": id}]}))
            .into_response()
        }
        (_, status) => refuse(status, code),
    }
}

fn read(books: &mut Books, number: String, headers: &HeaderMap, body: &Value) -> Response {
    let is_right = is_authorised(headers)
        && body["messaging_product"] == "whatsapp"
        && body["typing_indicator"] == json!({"type": "text"});
    let Some(message) = body["message_id"].as_str().filter(|_| is_right) else { return refuse(400, 100) };
    books.reads.push((number, message.to_owned()));
    Json(json!({"success": true})).into_response()
}

/// The code that Meta refuses such a message with.
fn problem(body: &Value, closed: bool) -> Option<i64> {
    let known = [
        "messaging_product",
        "recipient_type",
        "biz_opaque_callback_data",
        "to",
        "recipient",
        "type",
        "text",
        "interactive",
        "template",
    ];
    let fields = body.as_object()?;
    let kind = body["type"].as_str().unwrap_or_default();
    let is_number = |text: &str| (7..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let receiver_is_right = match (body["to"].as_str(), body["recipient"].as_str()) {
        (Some(to), None) => is_number(to),
        (None, Some(id)) => id.contains('.'),
        _ => false,
    };
    let form_is_right = fields.keys().all(|name| known.contains(&name.as_str()))
        && body["messaging_product"] == "whatsapp"
        && body["recipient_type"] == "individual"
        && chars(&body["biz_opaque_callback_data"]) <= 512
        && receiver_is_right
        && body[kind].is_object();
    if !form_is_right {
        return Some(100);
    }
    if kind == "template" {
        return template(&body["template"]);
    }
    if closed {
        return Some(131_047);
    }
    let is_right = match kind {
        "text" => {
            (1..=4096).contains(&chars(&body["text"]["body"])) && body["text"]["preview_url"].is_boolean()
        }
        "interactive" => interactive(&body["interactive"]),
        _ => false,
    };
    (!is_right).then_some(131_009)
}

fn chars(text: &Value) -> usize {
    text.as_str().map_or(usize::MAX, |text| text.chars().count())
}

fn template(template: &Value) -> Option<i64> {
    if template["name"] != "reply_later" || template["language"]["code"] != "es" {
        return Some(132_001);
    }
    let component = &template["components"][0];
    let parameters = component["parameters"].as_array();
    let count_is_right = component["type"] == "body" && parameters.is_some_and(|all| all.len() == 1);
    if !count_is_right {
        return Some(132_000);
    }
    let text = component["parameters"][0]["text"].as_str().unwrap_or("\n");
    let is_right = !text.contains(['\n', '\t']) && !text.contains("    ") && chars(&json!(text)) <= 1024;
    (!is_right).then_some(132_012)
}

fn interactive(interactive: &Value) -> bool {
    let action = &interactive["action"];
    let all_differ = |values: Vec<&Value>| {
        let count = values.len();
        values.into_iter().map(Value::to_string).collect::<HashSet<_>>().len() == count
    };
    let action_is_right = match interactive["type"].as_str() {
        Some("button") => action["buttons"].as_array().is_some_and(|buttons| {
            (1..=3).contains(&buttons.len())
                && all_differ(buttons.iter().map(|b| &b["reply"]["title"]).collect())
                && all_differ(buttons.iter().map(|b| &b["reply"]["id"]).collect())
                && buttons.iter().all(|button| {
                    let reply = &button["reply"];
                    button["type"] == "reply"
                        && (1..=20).contains(&chars(&reply["title"]))
                        && chars(&reply["id"]) <= 256
                })
        }),
        Some("list") => action["sections"][0]["rows"].as_array().is_some_and(|rows| {
            (1..=10).contains(&rows.len())
                && (1..=20).contains(&chars(&action["button"]))
                && all_differ(rows.iter().map(|row| &row["id"]).collect())
                && rows.iter().all(|row| {
                    (1..=24).contains(&chars(&row["title"]))
                        && chars(&row["id"]) <= 200
                        && row.get("description").is_none_or(|text| chars(text) <= 72)
                })
        }),
        _ => false,
    };
    action_is_right && (1..=1024).contains(&chars(&interactive["body"]["text"]))
}

/// A number or a file, by its id.
async fn node(State(place): State<Arc<Place>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if !is_authorised(&headers) {
        return refuse(401, 190);
    }
    if id == NUMBER || id == SECOND_NUMBER {
        let mut number = json!({"id": id, "display_phone_number": "+57 300 111 2233", "verified_name": "La Tuerca",
            "quality_rating": "GREEN"});
        if !lock(&place.books).hides_webhook {
            number["webhook_configuration"] =
                json!({"application": "https://iass.example.com/webhooks/meta/acme"});
        }
        return Json(number).into_response();
    }
    let Some(bytes) = lock(&place.books).media.get(&id).cloned() else { return refuse(404, 100) };
    let host = headers.get(header::HOST).unwrap().to_str().unwrap();
    let sum = Sha256::digest(&bytes);
    let sum = sum.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    Json(json!({"url": format!("http://{host}/files/{id}"), "mime_type": "audio/ogg", "sha256": sum,
                "file_size": bytes.len().to_string(), "id": id, "messaging_product": "whatsapp"}))
    .into_response()
}

async fn file(State(place): State<Arc<Place>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if !is_authorised(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let books = lock(&place.books);
    let mut bytes = books.media.get(&name).cloned().unwrap_or_default();
    if books.damages {
        *bytes.last_mut().unwrap() ^= 1;
    }
    bytes.into_response()
}

async fn apps(State(place): State<Arc<Place>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if !is_authorised(&headers) {
        return refuse(401, 190);
    }
    if id != ACCOUNT {
        return refuse(400, 100);
    }
    let app = json!({"whatsapp_business_api_data": {"id": "1", "name": "iass", "link": "https://x"}});
    let apps = if lock(&place.books).subscribed { vec![app] } else { Vec::new() };
    Json(json!({"data": apps})).into_response()
}

/// The signature of a body.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Posts a body with a signature, and gives the status.
pub(crate) async fn post_raw(daemon: &Daemon, path: &str, body: Vec<u8>, signature: &str) -> u16 {
    let request = daemon.client.request(Method::POST, path).header("content-type", "application/json");
    let response = request.header("x-hub-signature-256", signature).body(body).send().await.unwrap();
    response.status().as_u16()
}

/// A webhook of a number.
pub(crate) fn webhook(number: &str, more: &Value) -> Value {
    let mut value = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "573001112233", "phone_number_id": number}});
    for (name, part) in more.as_object().unwrap() {
        value[name] = part.clone();
    }
    json!({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": [{"field": "messages", "value": value}]}]})
}

/// A webhook with a text.
pub(crate) fn text(id: &str, from: &str, body: &str) -> Value {
    webhook(
        NUMBER,
        &json!({"contacts": [{"profile": {"name": "Ana"}, "wa_id": from}],
        "messages": [{"from": from, "id": id, "timestamp": "1750000000", "type": "text", "text": {"body": body}}]}),
    )
}

/// Posts a webhook as Meta does, signed.
pub(crate) async fn post_signed(daemon: &Daemon, path: &str, webhook: &Value) -> u16 {
    let body = serde_json::to_vec(webhook).unwrap();
    let signature = sign(APP_SECRET, &body);
    post_raw(daemon, path, body, &signature).await
}
