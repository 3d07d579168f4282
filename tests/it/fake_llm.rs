//! A model provider that does what the test tells it: answers, whole or as a stream, refuses, hangs, breaks off or
//! talks nonsense. It keeps every request it gets.

#![allow(dead_code, unreachable_pub, reason = "two test crates share it, and each uses a part")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

/// What the fake does with one request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers, streamed word by word when that is asked for.
    Answer(String),
    /// Asks for a tool.
    Call(&'static str, Value),
    /// Answers with several system messages' worth of words cut at the token limit.
    CutOff(String),
    /// Answers in one piece even when a stream is asked for.
    AnswerWhole(String),
    /// Refuses with a status, a body and perhaps a `Retry-After`.
    Refuse(u16, &'static str, Option<&'static str>),
    /// Takes the request and never answers.
    Hang,
    /// Begins to stream and closes the connection.
    HalfStream(String),
    /// Streams the first part, waits until it is let go on, and streams the second.
    Paused(String, String, Arc<Notify>),
    /// Says something that is no chat completion.
    Garbage,
}

/// A request as the fake got it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path behind the version, such as `/chat/completions`.
    pub path: String,
    /// The key of the `Authorization` or `x-api-key` header; empty without one.
    pub key: String,
    /// The JSON body; a text for a form.
    pub body: Value,
}

impl Asked {
    /// The system prompt.
    pub fn system(&self) -> &str {
        self.body["messages"][0]["content"].as_str().unwrap_or_default()
    }
}

#[derive(Default)]
struct Script {
    acts: VecDeque<Act>,
    asked: Vec<Asked>,
}

/// The provider; it stops when dropped.
pub struct FakeLlm {
    base_url: String,
    script: Arc<Mutex<Script>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeLlm {
    /// Starts a provider that does these things in this order, and then refuses with 500.
    pub fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let script = Arc::new(Mutex::new(Script { acts: acts.into_iter().collect(), asked: Vec::new() }));
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/messages", post(message))
            .route("/v1/audio/transcriptions", post(transcribe))
            .layer(DefaultBodyLimit::disable())
            .with_state(script.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = axum::serve(listener, app).into_future() => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { base_url, script, stop: Some(stop), thread: Some(thread) }
    }

    /// The address to configure.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.script).asked.clone()
    }

    /// Adds things to do.
    pub fn then(&self, acts: impl IntoIterator<Item = Act>) {
        lock(&self.script).acts.extend(acts);
    }
}

impl Drop for FakeLlm {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a request and says what is to be done with it.
fn next_act(script: &Mutex<Script>, path: &str, headers: &HeaderMap, body: Value) -> Act {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let key = text("authorization").or_else(|| text("x-api-key")).unwrap_or_default();
    let key = key.trim_start_matches("Bearer ").to_owned();
    let mut script = lock(script);
    script.asked.push(Asked { path: path.to_owned(), key, body });
    script.acts.pop_front().unwrap_or(Act::Refuse(500, "nothing more is scripted", None))
}

fn refuse(status: u16, body: &'static str, retry_after: Option<&'static str>) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    if let Some(retry_after) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after.parse().unwrap());
    }
    response
}

/// Anthropic's messages.
async fn message(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(headers["anthropic-version"], "2023-06-01");
    let stream = body["stream"] == json!(true);
    match next_act(&script, "/messages", &headers, body) {
        Act::Answer(text) if stream => {
            let mut events = vec![
                json!({"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 0}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ];
            events.extend(text.split_inclusive(' ').map(|word| {
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}})
            }));
            events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                               "usage": {"output_tokens": 1}}));
            events.push(json!({"type": "message_stop"}));
            let body = events.iter().fold(String::new(), |body, event| {
                body + &format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
            });
            ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
        }
        Act::Answer(text) => axum::Json(json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "fake", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 1, "output_tokens": 1},
        }))
        .into_response(),
        Act::Refuse(status, body, retry_after) => refuse(status, body, retry_after),
        other => panic!("the messages API does not {other:?}"),
    }
}

/// Speech to text.
async fn transcribe(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Value::String(String::from_utf8_lossy(&body).into_owned());
    match next_act(&script, "/audio/transcriptions", &headers, form) {
        Act::Answer(text) => axum::Json(json!({"text": text})).into_response(),
        Act::Refuse(status, body, retry_after) => refuse(status, body, retry_after),
        Act::Hang => std::future::pending().await,
        other => panic!("a transcription does not {other:?}"),
    }
}

async fn complete(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let stream = body["stream"] == json!(true);
    match next_act(&script, "/chat/completions", &headers, body) {
        Act::Call(name, arguments) if stream => called_events(name, &arguments),
        Act::Call(name, arguments) => called(name, &arguments),
        Act::Answer(text) if stream => events(&text, Some("stop")),
        Act::CutOff(text) if stream => events(&text, Some("length")),
        Act::CutOff(text) => whole(&text, "length"),
        Act::Answer(text) | Act::AnswerWhole(text) => whole(&text, "stop"),
        Act::HalfStream(text) => events(&text, None),
        Act::Paused(first, second, go_on) => {
            let (first, second) = (events(&first, None), events(&second, Some("stop")));
            let rest = futures::stream::once(async move {
                go_on.notified().await;
                second.into_body().into_data_stream()
            });
            let body = futures::StreamExt::chain(
                first.into_body().into_data_stream(),
                futures::StreamExt::flatten(rest),
            );
            ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response()
        }
        Act::Garbage if stream => {
            ([(header::CONTENT_TYPE, "text/event-stream")], "data: {]\n\n").into_response()
        }
        Act::Garbage => ([(header::CONTENT_TYPE, "application/json")], "<html>").into_response(),
        Act::Hang => std::future::pending().await,
        Act::Refuse(status, body, retry_after) => refuse(status, body, retry_after),
    }
}

fn whole(text: &str, finish_reason: &str) -> Response {
    axum::Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fake",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }))
    .into_response()
}

fn called(name: &str, arguments: &Value) -> Response {
    let call = json!({
        "id": "call_a", "type": "function", "function": {"name": name, "arguments": arguments.to_string()},
    });
    axum::Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fake",
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": null, "tool_calls": [call]},
            "finish_reason": "tool_calls",
        }],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }))
    .into_response()
}

/// A call of a tool as an event stream: the name first, then the arguments in two halves.
fn called_events(name: &str, arguments: &Value) -> Response {
    let event = |delta: Value, finish: Option<&str>| {
        let part = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        });
        format!("data: {part}\n\n")
    };
    let arguments = arguments.to_string();
    let (first, second) = arguments.split_at(arguments.len() / 2);
    let part = |function: Value| json!({"tool_calls": [{"index": 0, "function": function}]});
    let mut body = event(
        json!({
            "role": "assistant",
            "tool_calls": [{"index": 0, "id": "call_a", "type": "function", "function": {"name": name, "arguments": ""}}],
        }),
        None,
    );
    body.push_str(&event(part(json!({"arguments": first})), None));
    body.push_str(&event(part(json!({"arguments": second})), None));
    body.push_str(&event(json!({}), Some("tool_calls")));
    body.push_str("data: [DONE]\n\n");
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from(body)).into_response()
}

/// The answer as an event stream, a word each; without a reason to finish it just ends.
fn events(text: &str, finish_reason: Option<&str>) -> Response {
    let event = |delta: Value, finish: Option<&str>| {
        let part = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        });
        format!("data: {part}\n\n")
    };
    let mut body = event(json!({"role": "assistant", "content": ""}), None);
    for word in text.split_inclusive(' ') {
        body.push_str(&event(json!({"content": word}), None));
    }
    if finish_reason.is_some() {
        body.push_str(&event(json!({}), finish_reason));
        body.push_str("data: [DONE]\n\n");
    }
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from(body)).into_response()
}
