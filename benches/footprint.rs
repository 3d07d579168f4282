//! What the daemon costs: how fast it is up, how much memory it keeps, and what a turn without a model takes.
//!
//! Runs the real binary, so it is only worth reading in a release build: `cargo bench --bench footprint`. Each figure is
//! printed with what it was measured on. Linux only: memory is read from `/proc`.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench may fail, and prints"
)]

#[path = "../tests/it/harness.rs"]
mod harness;

use std::{fs, path::Path, process::Command, time::Instant};

use harness::{Daemon, Site};

const TENANTS: usize = 1000;
const ACTIVE: usize = 64;
const TURNS: usize = 500;

/// Questions to the clinic's documents, in turn.
const QUESTIONS: [&str; 5] = [
    "¿Cuánto dura la limpieza facial y cuánto cuesta?",
    "hola cuanto vale el botox de una sola zona",
    "si cancelo la cita faltando pocas horas pierdo el abono?",
    "How do I prepare for laser hair removal?",
    "¿A qué hora abren los sábados?",
];

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        few().await;
        many().await;
    });
}

/// A daemon with the clinic alone: resting memory, and the time of a turn.
async fn few() {
    let site = Site::new(&["t0000"]);
    let daemon = site.start();
    println!("idle, 1 tenant: {:.1} MB resident", resident_mb(&daemon));
    drop(daemon);
    ingest(&site, "t0000");
    let daemon = site.start();
    ask(&daemon, "t0000", QUESTIONS[0]).await;
    let (mut beyond, mut retrieval, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..TURNS {
        let begun = Instant::now();
        let turn = ask(&daemon, "t0000", QUESTIONS[n % QUESTIONS.len()]).await;
        whole.push(begun.elapsed().as_secs_f64() * 1000.0);
        let latency = |part: &str| turn["latency_ms"][part].as_f64().unwrap();
        beyond.push(latency("total") - latency("retrieval"));
        retrieval.push(latency("retrieval"));
    }
    for (name, values) in
        [("turn without model, beyond retrieval", beyond), ("its retrieval", retrieval), ("request to reply over HTTP", whole)]
    {
        println!("{name}: p50 {:.2} ms, p99 {:.2} ms ({TURNS} turns)", at(&values, 0.5), at(&values, 0.99));
    }
}

/// A daemon with many tenants: start, resting memory, and memory when some of them have answered.
async fn many() {
    let names: Vec<String> = (0..TENANTS).map(|n| format!("t{n:04}")).collect();
    let site = Site::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    ingest(&site, "t0000");
    for name in &names[1..ACTIVE] {
        fs::copy(site.database("t0000"), site.database(name)).unwrap();
    }
    let mut starts = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        let daemon = site.start();
        starts.push(begun.elapsed().as_secs_f64() * 1000.0);
        drop(daemon);
    }
    println!("start to listening, {TENANTS} tenants: median {:.0} ms of 5", at(&starts, 0.5));
    let daemon = site.start();
    println!("just listening, {TENANTS} tenants: {:.1} MB resident", resident_mb(&daemon));
    for question in QUESTIONS {
        for name in &names[..ACTIVE] {
            ask(&daemon, name, question).await;
        }
    }
    println!("{TENANTS} tenants, {ACTIVE} of them active: {:.1} MB resident", resident_mb(&daemon));
    let binary = fs::metadata(env!("CARGO_BIN_EXE_iass")).unwrap().len();
    println!("binary: {:.1} MB", megabytes(binary));
}

/// Gives a tenant the clinic's documents.
fn ingest(site: &Site, tenant: &str) {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge/benova");
    let mut command = Command::new(env!("CARGO_BIN_EXE_iass"));
    site.prepare(&mut command);
    let done = command.args(["ingest", "--tenant", tenant]).arg(documents).status().unwrap();
    assert!(done.success());
}

async fn ask(daemon: &Daemon, tenant: &str, question: &str) -> serde_json::Value {
    let (status, turn) = daemon.client.chat(tenant, "ana", question).await;
    assert!(status.is_success(), "{status}: {turn}");
    turn
}

fn resident_mb(daemon: &Daemon) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    megabytes(kib * 1024)
}

#[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The value below which a share of the values lies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index")]
fn at(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}
