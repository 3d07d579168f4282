//! What the daemon takes and what it costs, measured from outside on the real binary:
//! `cargo bench --bench daemon --profile release`.
//!
//! - durable accepts through HTTP: 16 clients, each with one message on its way at a time, one tenant;
//! - what a turn without a model takes, its retrieval and what is beyond it;
//! - the time from start to listening with 1,000 tenants;
//! - resident memory idle, and with 64 tenants of these answering from the clinic's documents;
//! - the size of the binary.

#![allow(missing_docs, reason = "nobody imports a bench")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench may fail, and prints"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Clients that write at once.
const CLIENTS: usize = 16;

/// Customers of the load: each writes now and then, as a burst.
const CONTACTS: usize = 2000;

/// How long the load lasts.
const LOAD: Duration = Duration::from_secs(10);

const TENANTS: usize = 1000;

const ACTIVE: usize = 64;

/// Turns that are timed.
const TURNS: usize = 1000;

/// Questions to the clinic's documents.
const QUESTIONS: [&str; 5] = [
    "¿Cuánto dura la limpieza facial y cuánto cuesta?",
    "hola cuanto vale el botox de una sola zona",
    "si cancelo la cita faltando pocas horas pierdo el abono?",
    "How do I prepare for laser hair removal?",
    "¿A qué hora abren los sábados?",
];

fn main() {
    // `cargo test --benches` runs benches too, to see that they work.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    accept_load();
    turns();
    footprint();
    let bytes = fs::metadata(env!("CARGO_BIN_EXE_iass")).unwrap().len();
    println!("binary: {:.1} MB", bytes as f64 / 1e6);
}

struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    fn start(folder: &Path) -> (Self, Duration) {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_iass"))
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "-q"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let took = begun.elapsed();
        let address = line.split("http://").nth(1).unwrap().trim_end_matches(['"', '}', '\n']).to_owned();
        (Self { child, address }, took)
    }

    /// Resident memory in MB.
    fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A connection that is kept. Written by hand: the clients share the machine with the daemon.
struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, answer: vec![0; 64 * 1024] }
    }

    /// Sends a message and returns the answer: its status and its body.
    fn chat(&mut self, tenant: &str, body: &str) -> (u16, String) {
        let request = format!(
            "POST /api/v1/tenants/{tenant}/chat HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut read = 0;
        loop {
            let bytes = self.stream.read(&mut self.answer[read..]).unwrap();
            assert!(bytes > 0, "the daemon closed the connection");
            read += bytes;
            let text = String::from_utf8_lossy(&self.answer[..read]);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                return (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned());
            }
        }
    }
}

fn tenant(folder: &Path, name: &str) {
    let folder = folder.join("tenants").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("tenant.toml"), "name = \"Ferretería Central\"\n").unwrap();
}

fn accept_load() {
    let folder = tempfile::tempdir().unwrap();
    tenant(folder.path(), "acme");
    let (daemon, _) = Daemon::start(folder.path());
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let mut connection = Connection::open(&daemon.address);
            thread::spawn(move || {
                let mut took = Vec::new();
                for n in 0.. {
                    if begun.elapsed() > LOAD {
                        break;
                    }
                    let contact = (n * CLIENTS + client) % CONTACTS;
                    let body = format!(
                        "{{\"contact\":\"+57300{contact:07}\",\"message\":\"¿Tienen tornillos de {n} mm?\",\
                         \"message_id\":\"{client}-{n}\",\"wait\":false}}"
                    );
                    let sent = Instant::now();
                    assert_eq!(connection.chat("acme", &body).0, 202);
                    took.push(sent.elapsed().as_secs_f64() * 1000.0);
                }
                took
            })
        })
        .collect();
    let mut took: Vec<f64> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let elapsed = begun.elapsed();
    took.sort_by(f64::total_cmp);
    println!(
        "durable accept, {CLIENTS} clients: {:.0} messages/s, p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        took.len() as f64 / elapsed.as_secs_f64(),
        at(&took, 0.5),
        at(&took, 0.99),
        at(&took, 1.0)
    );
}

/// Gives a tenant the clinic's documents.
fn ingest(folder: &Path, tenant: &str) {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge/benova");
    let mut command = Command::new(env!("CARGO_BIN_EXE_iass"));
    let done =
        command.current_dir(folder).args(["ingest", "--tenant", tenant]).arg(documents).status().unwrap();
    assert!(done.success());
}

fn message(contact: &str, text: &str) -> String {
    serde_json::json!({"contact": contact, "message": text}).to_string()
}

/// The value below which a share of the sorted values lies.
fn at(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let index = ((sorted.len() - 1) as f64 * share) as usize;
    sorted[index]
}

fn turns() {
    let folder = tempfile::tempdir().unwrap();
    tenant(folder.path(), "clinic");
    ingest(folder.path(), "clinic");
    let (daemon, _) = Daemon::start(folder.path());
    let mut connection = Connection::open(&daemon.address);
    let mut times: [(&str, Vec<f64>); 3] =
        [("beyond retrieval", vec![]), ("retrieval", vec![]), ("request to reply", vec![])];
    for n in 0..TURNS {
        let body = message(&format!("c{}", n % 50), QUESTIONS[n % QUESTIONS.len()]);
        let sent = Instant::now();
        let (status, answer) = connection.chat("clinic", &body);
        let whole = sent.elapsed().as_secs_f64() * 1000.0;
        assert_eq!(status, 200, "{answer}");
        let turn: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let part = |name: &str| turn["latency_ms"][name].as_f64().unwrap();
        let values = [part("total") - part("retrieval"), part("retrieval"), whole];
        for ((_, times), value) in times.iter_mut().zip(values) {
            times.push(value);
        }
    }
    for (name, times) in &mut times {
        times.sort_by(f64::total_cmp);
        println!("turn without model, {name}: p50 {:.2} ms, p99 {:.2} ms", at(times, 0.5), at(times, 0.99));
    }
}

fn footprint() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..TENANTS {
        tenant(folder.path(), &format!("t{n}"));
    }
    ingest(folder.path(), "t0");
    let database = |n: usize| folder.path().join(format!("data/tenants/t{n}.db"));
    for n in 1..ACTIVE {
        fs::copy(database(0), database(n)).unwrap();
    }
    let mut started: Vec<Duration> = (0..5).map(|_| Daemon::start(folder.path()).1).collect();
    started.sort_unstable();
    println!("start to listening, {TENANTS} tenants: median {:.0} ms", started[2].as_secs_f64() * 1000.0);
    let (daemon, _) = Daemon::start(folder.path());
    thread::park_timeout(Duration::from_secs(2));
    println!("resident, idle: {:.0} MB", daemon.resident_mb());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let mut connection = Connection::open(&daemon.address);
            thread::spawn(move || {
                for n in 0..20 {
                    for active in (client..ACTIVE).step_by(CLIENTS) {
                        let body = message(&format!("c{n}"), QUESTIONS[n % QUESTIONS.len()]);
                        assert_eq!(connection.chat(&format!("t{active}"), &body).0, 200);
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    println!("resident, {TENANTS} tenants, {ACTIVE} of them active: {:.0} MB", daemon.resident_mb());
}
