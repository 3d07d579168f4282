//! Twilio's REST interface as far as replies and files need it: it checks what it gets as the real one does, keeps it,
//! and can fail on demand. It signs webhooks too.

use std::{
    collections::{BTreeMap, VecDeque},
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
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::json;
use sha1::Sha1;
use url::form_urlencoded;

use crate::{
    fake_server::FakeServer,
    harness::{Daemon, PATIENCE},
};

/// The account, and what it signs with.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000000";
pub(crate) const TOKEN: &str = "12345";

/// How the world reaches the daemon.
pub(crate) const PUBLIC_URL: &str = "https://iass.example.com";

/// What the fake does with one message instead of looking at it.
#[derive(Debug, Clone)]
pub(crate) enum Fail {
    /// Refuses with a status, a code and perhaps a `Retry-After`.
    Refuse(u16, u32, Option<&'static str>),
    /// Takes the request and never answers.
    Hang,
}

/// A message as the fake got it: its fields and what it was answered (0 for nothing).
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) status: u16,
    pub(crate) sid: String,
}

impl Message {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct Books {
    fails: VecDeque<Fail>,
    messages: Vec<Message>,
    /// The files, by name.
    media: BTreeMap<String, Vec<u8>>,
    /// Whether WhatsApp takes templates only.
    templates_only: bool,
}

/// The provider; it stops when dropped.
pub(crate) struct FakeTwilio {
    server: FakeServer,
    books: Arc<Mutex<Books>>,
}

impl FakeTwilio {
    pub(crate) fn start() -> Self {
        let books = Arc::new(Mutex::new(Books::default()));
        let app = Router::new()
            .route("/2010-04-01/Accounts/{account}/Messages.json", post(take))
            .route("/media/{name}", get(media))
            .route("/storage/{name}", get(storage))
            .with_state(books.clone());
        Self { server: FakeServer::start(app), books }
    }

    /// The table of a `tenant.toml` for this account.
    pub(crate) fn config(&self, more: &str) -> String {
        format!(
            "[channels.twilio]\naccount_sid = \"{ACCOUNT}\"\nauth_token = \"{TOKEN}\"\n\
             from = \"whatsapp:+14155238886\"\napi_base = \"{}\"\n{more}\n",
            self.server.base()
        )
    }

    pub(crate) fn fail(&self, fails: impl IntoIterator<Item = Fail>) {
        lock(&self.books).fails.extend(fails);
    }

    /// From now on WhatsApp takes templates only.
    pub(crate) fn close_window(&self) {
        lock(&self.books).templates_only = true;
    }

    /// Keeps a file, and says its address.
    pub(crate) fn keep(&self, name: &str, bytes: Vec<u8>) -> String {
        lock(&self.books).media.insert(name.to_owned(), bytes);
        format!("{}/media/{name}", self.server.base())
    }

    /// Every message that was tried.
    pub(crate) fn tried(&self) -> Vec<Message> {
        lock(&self.books).messages.clone()
    }

    /// The messages that were taken.
    pub(crate) fn taken(&self) -> Vec<Message> {
        self.tried().into_iter().filter(|message| message.status == 201).collect()
    }

    pub(crate) async fn wait_for_tries(&self, count: usize) {
        self.wait(|fake| fake.tried().len() >= count).await;
    }

    pub(crate) async fn wait_for_taken(&self, count: usize) -> Vec<Message> {
        self.wait(|fake| fake.taken().len() >= count).await;
        self.taken()
    }

    async fn wait(&self, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.tried());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_authorised(headers: &HeaderMap) -> bool {
    let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    headers.get(header::AUTHORIZATION).is_some_and(|given| given == expected.as_str())
}

async fn take(
    State(books): State<Arc<Mutex<Books>>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let (status, code, retry_after, sid) = {
        let mut books = lock(&books);
        let sid = format!("SM{:032}", books.messages.len());
        let (status, code, retry_after) = match books.fails.pop_front() {
            Some(Fail::Hang) => (0, 0, None),
            Some(Fail::Refuse(status, code, retry_after)) => (status, code, retry_after),
            None if account != ACCOUNT || !is_authorised(&headers) => (401, 20003, None),
            None => match problem(&fields, books.templates_only) {
                Some(code) => (400, code, None),
                None => (201, 0, None),
            },
        };
        books.messages.push(Message { fields, status, sid: sid.clone() });
        (status, code, retry_after, sid)
    };
    if status == 0 {
        return std::future::pending().await;
    }
    if status == 201 {
        return (StatusCode::CREATED, Json(json!({"sid": sid, "status": "queued"}))).into_response();
    }
    let refusal = json!({"code": code, "message": "as told", "more_info": "https://x", "status": status});
    let mut response = (StatusCode::from_u16(status).unwrap(), Json(refusal)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.parse().unwrap());
    }
    response
}

/// The code that Twilio refuses such a message with.
fn problem(fields: &BTreeMap<String, String>, templates_only: bool) -> Option<u32> {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let known =
        ["To", "From", "MessagingServiceSid", "Body", "ContentSid", "ContentVariables", "StatusCallback"];
    let number = |text: &str| {
        let number = text.strip_prefix("whatsapp:").unwrap_or(text).to_owned();
        number
            .strip_prefix('+')
            .is_some_and(|digits| digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let (to, from, body) = (field("To"), field("From"), field("Body"));
    let on_whatsapp = |text: &str| text.starts_with("whatsapp:");
    if fields.keys().any(|name| !known.contains(&name.as_str())) {
        return Some(21_600);
    }
    if !number(to) {
        return Some(21_211);
    }
    if !number(from) && !field("MessagingServiceSid").starts_with("MG") {
        return Some(21_603);
    }
    if !from.is_empty() && on_whatsapp(to) != on_whatsapp(from) {
        return Some(21_910);
    }
    if body.is_empty() == field("ContentSid").is_empty() {
        return Some(21_602);
    }
    if body.chars().count() > 1600 {
        return Some(21_617);
    }
    if !field("ContentSid").is_empty() {
        let variables: Option<BTreeMap<String, String>> =
            serde_json::from_str(field("ContentVariables")).ok();
        let is_right = variables.is_some_and(|values| values.values().all(|value| !value.contains('\n')));
        return (!is_right).then_some(21_656);
    }
    (templates_only && on_whatsapp(to)).then_some(63_016)
}

/// A file: whoever may have it is sent to the storage.
async fn media(
    State(books): State<Arc<Mutex<Books>>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !is_authorised(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if !lock(&books).media.contains_key(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, format!("/storage/{name}?signed=1"))])
        .into_response()
}

/// The storage refuses who shows credentials that are not its own, as Amazon's does.
async fn storage(
    State(books): State<Arc<Mutex<Books>>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    lock(&books).media.get(&name).cloned().unwrap_or_default().into_response()
}

/// The signature of a form that is posted to a path.
pub(crate) fn sign(token: &str, path: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(format!("{PUBLIC_URL}{path}").as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Posts a form as Twilio does, signed: the status and the document it is answered.
pub(crate) async fn post_signed(daemon: &Daemon, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    post_form(daemon, path, fields, &sign(TOKEN, path, fields)).await
}

/// Posts a form with a signature.
pub(crate) async fn post_form(
    daemon: &Daemon,
    path: &str,
    fields: &[(&str, &str)],
    signature: &str,
) -> (u16, String) {
    post_raw(daemon, path, encode(fields), signature).await
}

/// The fields as a form's body.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Posts a body as it is.
pub(crate) async fn post_raw(daemon: &Daemon, path: &str, body: String, signature: &str) -> (u16, String) {
    let request = daemon
        .client
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
        .header("x-twilio-signature", signature)
        .body(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}
