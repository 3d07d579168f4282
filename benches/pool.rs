//! What the pool of keys does under load, and what it costs: `cargo bench --bench pool -- [load] [failing] [overhead]`.
//!
//! - load: the real daemon, 3 keys x 60 requests a minute at a provider that counts strictly and answers in 50-800 ms,
//!   40 conversations that begin at once and go on for a minute and a half: failures, 429s, moves, evenness;
//! - failing: one key that answers 500, one that hangs and one that works: the slowest turn against its deadline;
//! - overhead: acquisitions and releases a second on one core, and what a call through the pool takes longer than the
//!   same call by a plain client.

#![allow(missing_docs, reason = "nobody imports a bench")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench may fail, and prints"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use futures::future::join_all;
use iass::{
    alerts::Alerts,
    clock::{Chance, Clock},
    config::{Config, ConfigSource, env::Env, tenant::models::TenantModels},
    domain::{conversation::ConversationId, message::Role, tenant::TenantId},
    engine::{
        guard::Grounds,
        prompt::{ModelRequest, Said},
    },
    llm::{
        account::{Asker, TenantAccount},
        pool::Pool,
    },
    meters::Meters,
};
use serde_json::{Value, json};

const CONVERSATIONS: usize = 40;
/// Messages of each conversation.
const MESSAGES: usize = 6;
/// The pause between two messages of a conversation, on average.
const PAUSE: Duration = Duration::from_secs(17);
/// Requests a minute of each key.
const LIMIT: usize = 60;
const DEADLINE_S: u64 = 20;
const DOCUMENT: &str = "# Servicios\n\n## Limpieza facial\n\nLa limpieza facial dura 90 minutos e incluye mascarilla. \
                        No se hace a menores de 15 años. Se usa vapor y crema de avena. Conviene repetirla cada mes.\n";
const REPLY: &str = "La limpieza facial dura 90 minutos.";
/// What customers ask, one after the other: nobody asks the same twice, which would call a person, and the document
/// answers each, so that each takes one request.
const QUESTIONS: [&str; MESSAGES] = [
    "¿Cuánto dura la limpieza facial?",
    "¿La limpieza facial incluye mascarilla?",
    "¿Se hace la limpieza facial a menores de 15 años?",
    "¿Usan vapor en la limpieza facial?",
    "¿La limpieza facial se hace con crema de avena?",
    "¿Conviene repetir la limpieza facial cada mes?",
];

#[tokio::main]
async fn main() {
    iass::tls::install_provider();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs benches too, to see that they work.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let chosen = |name: &str| {
        let mut named = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
        named.peek().is_none() || named.any(|argument| argument == name)
    };
    if chosen("overhead") {
        overhead().await;
    }
    if chosen("failing") {
        failing().await;
    }
    if chosen("load") {
        load().await;
    }
}

/// What a key of the provider does.
#[derive(Clone, Copy)]
enum Manner {
    /// Answers in 50 to 800 ms, and refuses what is beyond its limit.
    Works,
    /// Answers at once.
    Instant,
    Fails,
    Hangs,
}

/// A provider that counts as a strict one does: within any minute.
#[derive(Clone)]
struct Provider {
    manners: Arc<BTreeMap<String, Manner>>,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    /// When each key was asked within the last minute.
    asked: BTreeMap<String, VecDeque<Instant>>,
    refused: usize,
    /// The keys that each conversation came over, in order.
    keys: BTreeMap<String, Vec<String>>,
}

impl Provider {
    async fn start(manners: &[(&str, Manner)]) -> (Self, String) {
        let manners = manners.iter().map(|(key, manner)| ((*key).to_owned(), *manner)).collect();
        let provider = Self { manners: Arc::new(manners), books: Arc::default() };
        let app = Router::new().route("/v1/chat/completions", post(complete)).with_state(provider.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, app).into_future());
        (provider, url)
    }
}

async fn complete(State(provider): State<Provider>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let manner = provider.manners[&key];
    {
        let mut books = provider.books.lock().unwrap();
        let text = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
        if let Some(customer) = text.split("cliente ").nth(1) {
            books.keys.entry(customer.trim_end_matches('.').to_owned()).or_default().push(key.clone());
        }
        let asked = books.asked.entry(key).or_default();
        while asked.front().is_some_and(|at| at.elapsed() > Duration::from_secs(60)) {
            asked.pop_front();
        }
        if matches!(manner, Manner::Works) && asked.len() >= LIMIT {
            books.refused += 1;
            return (StatusCode::TOO_MANY_REQUESTS, "slow down").into_response();
        }
        asked.push_back(Instant::now());
    }
    match manner {
        Manner::Works => {
            let ms = 50.0 + Chance::System.next() * 750.0;
            tokio::time::sleep(Duration::from_millis(ms as u64)).await;
        }
        Manner::Instant => {}
        Manner::Fails => return (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
        Manner::Hangs => std::future::pending().await,
    }
    Json(json!({
        "choices": [{"index": 0, "message": {"role": "assistant", "content": REPLY}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 12},
    }))
    .into_response()
}

struct Daemon {
    child: Child,
    url: String,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Daemon {
    fn start(url: &str, keys: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            "tenants/spa/tenant.toml",
            "name = \"Spa\"\n[agents]\nstrategy = \"single\"\n[handoff]\nloop_similarity = 1.0\n",
        );
        write(folder.path(), "knowledge/spa/servicios.md", DOCUMENT);
        let mut config = format!("[worker]\nburst_quiet_ms = 0\nturn_deadline_s = {DEADLINE_S}\n");
        for key in keys {
            write!(
                config,
                "[[llm.keys]]\nid = \"{key}\"\nbase_url = \"{url}\"\napi_key = \"{key}\"\nmodel = \"m\"\n\
                 max_conversations = 15\nrequests_per_minute = {LIMIT}\n"
            )
            .unwrap();
        }
        write(folder.path(), "chatbot.toml", &config);
        let mut child = Command::new(env!("CARGO_BIN_EXE_iass"))
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "-q"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap();
        let url = listening["listening"].as_str().unwrap().to_owned();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { child, url, http, _folder: folder }
    }

    async fn say(&self, customer: usize, message: usize) -> (StatusCode, Value, f64) {
        let body = json!({"contact": format!("c{customer}"), "message": format!("{} (cliente {customer}.)", QUESTIONS[message])});
        let begun = Instant::now();
        let url = format!("{}/api/v1/tenants/spa/chat", self.url);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap_or_default(), begun.elapsed().as_secs_f64())
    }

    async fn pool(&self) -> Value {
        self.http.get(format!("{}/api/v1/pool", self.url)).send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn write(folder: &Path, file: &str, text: &str) {
    let file = folder.join(file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// The value below which a share of the values lies.
fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

async fn load() {
    let (provider, url) =
        Provider::start(&[("a", Manner::Works), ("b", Manner::Works), ("c", Manner::Works)]).await;
    let daemon = Daemon::start(&url, &["a", "b", "c"]);
    // The documents are read before the first turn, which is not what is measured.
    daemon.say(999, 0).await;
    provider.books.lock().unwrap().keys.clear();
    let begun = Instant::now();
    let conversations = (0..CONVERSATIONS).map(|customer| {
        let daemon = &daemon;
        async move {
            let mut turns = Vec::new();
            for message in 0..MESSAGES {
                if message > 0 {
                    tokio::time::sleep(PAUSE.mul_f64(0.8 + 0.4 * Chance::System.next())).await;
                }
                turns.push(daemon.say(customer, message).await);
            }
            turns
        }
    });
    let turns: Vec<_> = join_all(conversations).await.into_iter().flatten().collect();
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    let failures = turns.iter().filter(|(status, ..)| *status != StatusCode::OK).count();
    let builtin = turns.iter().filter(|(_, turn, _)| turn["answered_by"] == "builtin").count();
    let mut seconds: Vec<f64> = turns.iter().map(|(.., seconds)| *seconds).collect();
    let active: Vec<u64> = daemon.pool().await["pool_status"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["active_conversations"].as_u64().unwrap())
        .collect();
    let books = provider.books.lock().unwrap();
    let pairs: Vec<bool> =
        books.keys.values().flat_map(|keys| keys.windows(2).map(|pair| pair[0] == pair[1])).collect();
    let stable = pairs.iter().filter(|same| **same).count() as f64 / pairs.len() as f64 * 100.0;
    println!(
        "load: {} turns in {minutes:.1} min ({:.0} a minute over 3 keys x {LIMIT}), {failures} failures, \
         {builtin} answered without a model, {} answers of 429 by the provider",
        turns.len(),
        turns.len() as f64 / minutes,
        books.refused
    );
    println!(
        "load: pins {stable:.2}% stable, conversations per key {active:?}; a turn takes p50 {:.2} s, p99 {:.2} s, \
         max {:.2} s",
        at(&mut seconds, 0.5),
        at(&mut seconds, 0.99),
        at(&mut seconds, 1.0)
    );
}

async fn failing() {
    let (_provider, url) =
        Provider::start(&[("a", Manner::Fails), ("b", Manner::Hangs), ("c", Manner::Works)]).await;
    let daemon = Daemon::start(&url, &["a", "b", "c"]);
    daemon.say(999, 0).await;
    let conversations = (0..CONVERSATIONS).map(|customer| {
        let daemon = &daemon;
        async move { [daemon.say(customer, 0).await, daemon.say(customer, 1).await] }
    });
    let turns: Vec<_> = join_all(conversations).await.into_iter().flatten().collect();
    let by = |who: &str| turns.iter().filter(|(_, turn, _)| turn["answered_by"] == who).count();
    let mut seconds: Vec<f64> = turns.iter().map(|(.., seconds)| *seconds).collect();
    println!(
        "one key failing, one hanging: {} turns, {} by the key that works, {} by the built-in answerer; the slowest \
         took {:.1} s of {DEADLINE_S} s, p50 {:.2} s",
        turns.len(),
        by("c"),
        by("builtin"),
        at(&mut seconds, 1.0),
        at(&mut seconds, 0.5)
    );
}

fn pool(url: &str, keys: usize) -> Pool {
    let mut text = String::new();
    for n in 0..keys {
        write!(
            text,
            "[[llm.keys]]\nid = \"k{n}\"\nbase_url = \"{url}\"\napi_key = \"k\"\nmodel = \"m\"\n\
             max_conversations = 10000\nrequests_per_minute = 1000000\n"
        )
        .unwrap();
    }
    let config = Config::parse(&text, &ConfigSource::new(Some("x".into()), Env::default())).unwrap();
    Pool::new(&config.llm, Clock::System, Meters::new(), Alerts::logged()).unwrap()
}

async fn overhead() {
    let (_provider, url) = Provider::start(&[("k", Manner::Instant)]).await;
    let tenant = TenantAccount::new(TenantId::parse("spa").unwrap(), &TenantModels::default());
    let conversations: Vec<_> = (0..40).map(|n| ConversationId::new(format!("c{n}"))).collect();

    let books = pool(&url, 3);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(600);
    let (begun, mut rounds) = (Instant::now(), 0.0);
    while begun.elapsed() < Duration::from_secs(2) {
        for conversation in &conversations {
            books.rehearse(&Asker { tenant: &tenant, conversation }, deadline).await.unwrap();
            rounds += 1.0;
        }
    }
    println!(
        "books: {:.0} acquisitions and releases a second on one core",
        rounds / begun.elapsed().as_secs_f64()
    );

    let request = ModelRequest {
        system: "Reglas ".repeat(400),
        messages: vec![Said { role: Role::Customer, text: "¿Cuánto dura la limpieza facial?".to_owned() }],
        tools: Vec::new(),
        rounds: Vec::new(),
        heard: false,
        grounds: Arc::new(Grounds::default()),
    };
    let body = json!({
        "model": "m", "temperature": 0.2, "max_tokens": 500, "stream": false,
        "messages": [
            {"role": "system", "content": request.system}, {"role": "user", "content": request.messages[0].text},
        ],
    });
    let plain = reqwest::Client::builder().build().unwrap();
    let pool = pool(&url, 3);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    // In turns, so that whatever else the machine does falls on both.
    for n in 0..3000 {
        let asker = Asker { tenant: &tenant, conversation: &conversations[n % conversations.len()] };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        let begun = Instant::now();
        pool.ask(&asker, &request, deadline, None).await.unwrap();
        with.push(begun.elapsed().as_secs_f64() * 1000.0);
        let begun = Instant::now();
        let sent = plain.post(format!("{url}/chat/completions")).bearer_auth("k").json(&body).send();
        let answer: Value = sent.await.unwrap().json().await.unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], REPLY);
        without.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    let (with, without) = (at(&mut with, 0.5), at(&mut without, 0.5));
    println!(
        "a call: p50 {with:.3} ms through the pool, {without:.3} ms plain: {:.3} ms more",
        with - without
    );
}
