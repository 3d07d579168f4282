//! Chatwoot's interface as far as replies and handoffs need it: it checks what it gets as the real one does, keeps it,
//! and can fail on demand. It signs webhooks too.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    fake_server::FakeServer,
    harness::{Daemon, PATIENCE},
};

/// What writes, and what webhooks are signed with.
const API_TOKEN: &str = "cw_api_token";
pub(crate) const SECRET: &str = "cw_secret_test";

/// What the fake does with one request instead of looking at it.
#[derive(Debug, Clone)]
pub(crate) enum Fail {
    /// Refuses with a status and perhaps a `Retry-After`.
    Refuse(u16, Option<&'static str>),
    /// Takes the request and never answers.
    Hang,
}

/// A message that Chatwoot took.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) conversation: u64,
    pub(crate) content: String,
    pub(crate) private: bool,
}

#[derive(Default)]
struct Books {
    fails: VecDeque<Fail>,
    tries: usize,
    messages: Vec<Message>,
    /// What each conversation was set to.
    statuses: BTreeMap<u64, String>,
    files: BTreeMap<String, Vec<u8>>,
}

/// The provider; it stops when dropped.
pub(crate) struct FakeChatwoot {
    server: FakeServer,
    books: Arc<Mutex<Books>>,
}

impl FakeChatwoot {
    pub(crate) fn start() -> Self {
        let books = Arc::new(Mutex::new(Books::default()));
        let app = Router::new()
            .route("/api/v1/accounts/{account}/conversations/{conversation}/{what}", post(take))
            .route("/rails/{name}", get(file))
            .with_state(books.clone());
        Self { server: FakeServer::start(app), books }
    }

    /// The table of a `tenant.toml` for an account here.
    pub(crate) fn config(&self, account: u64, more: &str) -> String {
        format!(
            "[channels.chatwoot]\nbase_url = \"{}\"\naccount_id = {account}\napi_token = \"{API_TOKEN}\"\n\
             webhook_secret = \"{SECRET}\"\n{more}\n",
            self.server.base()
        )
    }

    pub(crate) fn fail(&self, fails: impl IntoIterator<Item = Fail>) {
        lock(&self.books).fails.extend(fails);
    }

    /// Keeps a file, and says its address.
    pub(crate) fn keep(&self, name: &str, bytes: Vec<u8>) -> String {
        lock(&self.books).files.insert(name.to_owned(), bytes);
        format!("{}/rails/{name}", self.server.base())
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        lock(&self.books).messages.clone()
    }

    pub(crate) fn tries(&self) -> usize {
        lock(&self.books).tries
    }

    pub(crate) fn status(&self, conversation: u64) -> Option<String> {
        lock(&self.books).statuses.get(&conversation).cloned()
    }

    /// Waits until it took `count` messages.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Message> {
        self.wait(|fake| fake.messages().len() >= count).await;
        self.messages()
    }

    pub(crate) async fn wait_for_tries(&self, count: usize) {
        self.wait(|fake| fake.tries() >= count).await;
    }

    async fn wait(&self, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "{} tries, {:?}", self.tries(), self.messages());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(
    State(books): State<Arc<Mutex<Books>>>,
    Path((account, conversation, what)): Path<(u64, u64, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let fail = {
        let mut books = lock(&books);
        books.tries += 1;
        books.fails.pop_front()
    };
    match fail {
        Some(Fail::Hang) => return std::future::pending().await,
        Some(Fail::Refuse(status, retry_after)) => {
            let mut response =
                (StatusCode::from_u16(status).unwrap(), Json(json!({"error": "as told"}))).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.parse().unwrap());
            }
            return response;
        }
        None => {}
    }
    if headers.get("api_access_token").is_none_or(|token| token != API_TOKEN) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "Invalid Access Token"}))).into_response();
    }
    if !(1..=9).contains(&account) {
        return (StatusCode::NOT_FOUND, Json(json!({"error": "Resource could not be found"})))
            .into_response();
    }
    let mut books = lock(&books);
    match what.as_str() {
        "toggle_status" => match body["status"].as_str() {
            Some(status @ ("open" | "resolved" | "pending" | "snoozed")) => {
                books.statuses.insert(conversation, status.to_owned());
                let payload =
                    json!({"success": true, "current_status": status, "conversation_id": conversation});
                Json(json!({"meta": {}, "payload": payload})).into_response()
            }
            _ => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        },
        "messages" => {
            let content = body["content"].as_str().unwrap_or_default();
            let is_right = !content.is_empty()
                && content.chars().count() <= 150_000
                && body["message_type"] == "outgoing"
                && body["private"].is_boolean();
            if !is_right {
                return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"message": "invalid"})))
                    .into_response();
            }
            let id = 5_000 + books.messages.len() as u64;
            let private = body["private"] == true;
            books.messages.push(Message { id, conversation, content: content.to_owned(), private });
            Json(json!({"id": id, "content": content, "conversation_id": conversation})).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn file(
    State(books): State<Arc<Mutex<Books>>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    assert!(!headers.contains_key("api_access_token"), "files need no token");
    match lock(&books).files.get(&name) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The signature of a body that is sent at a time.
pub(crate) fn sign(secret: &str, timestamp: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let signature = mac.finalize().into_bytes();
    signature.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Posts a body as Chatwoot does, signed and of now.
pub(crate) async fn post_signed(daemon: &Daemon, path: &str, body: &Value) -> u16 {
    let (body, now) = (body.to_string(), iass::clock::Clock::System.now().as_second());
    post_raw(daemon, path, &body, Some((&now.to_string(), &sign(SECRET, now, &body)))).await
}

/// Posts a body with a time and a signature, or without.
pub(crate) async fn post_raw(daemon: &Daemon, path: &str, body: &str, proof: Option<(&str, &str)>) -> u16 {
    let mut request = daemon.client.request(Method::POST, path).header("content-type", "application/json");
    if let Some((timestamp, signature)) = proof {
        request = request.header("x-chatwoot-timestamp", timestamp).header("x-chatwoot-signature", signature);
    }
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}
