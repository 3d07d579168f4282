//! Runs the real daemon in a folder of its own, and talks to it as a program would.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// How long anything may take before the test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What every turn has as JSON, over HTTP and at the terminal.
pub(crate) const TURN_FIELDS: [&str; 18] = [
    "tenant",
    "conversation",
    "turn",
    "reply",
    "messages",
    "language",
    "sentiment",
    "intents",
    "agents",
    "tools",
    "sources",
    "handoff",
    "lead",
    "order",
    "appointment",
    "threat",
    "answered_by",
    "latency_ms",
];

/// A folder with configuration, tenants and data, that outlives the daemons run in it.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    /// Set for the daemon only.
    pub(crate) variables: Vec<(String, String)>,
}

impl Site {
    /// A site with these tenants and short pauses. The tenants have no documents.
    pub(crate) fn new(tenants: &[&str]) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        site.write("chatbot.toml", "[worker]\nburst_quiet_ms = 50\n");
        for tenant in tenants {
            site.write(
                &format!("tenants/{tenant}/tenant.toml"),
                "name = \"Test\"\n[limits]\nmessages_per_minute = 10000\n[handoff]\nloop_similarity = 1.0\n",
            );
        }
        site
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let file = self.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(crate) fn database(&self, tenant: &str) -> PathBuf {
        self.path().join(format!("data/tenants/{tenant}.db"))
    }

    /// A number out of a tenant's database; 0 while there is none.
    pub(crate) fn count(&self, tenant: &str, sql: &str) -> usize {
        let file = self.database(tenant);
        if !file.exists() {
            return 0;
        }
        let db = rusqlite::Connection::open(file).unwrap();
        db.busy_timeout(PATIENCE).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Waits until a number in a tenant's database is what is expected.
    pub(crate) async fn wait_until(&self, tenant: &str, sql: &str, expected: usize) {
        let begun = Instant::now();
        while self.count(tenant, sql) != expected {
            assert!(begun.elapsed() < PATIENCE, "{sql} is {}", self.count(tenant, sql));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The command that runs the daemon on a free port.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iass"));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]);
        self.prepare(&mut command);
        command
    }

    /// Gives a command this site's folder and variables, and nothing of the machine's.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    /// Starts the daemon and waits until it listens.
    pub(crate) fn start(&self) -> Daemon {
        Daemon::start(self.command(), self.path()).unwrap()
    }

    /// Starts a daemon that dies at a crash point. It may die before it listens: then there is none.
    pub(crate) fn start_to_die(&self, point: &str) -> Result<Daemon, String> {
        let mut command = self.command();
        command.env("IASS_CRASH_POINT", point);
        Daemon::start(command, self.path())
    }
}

/// A running daemon, killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) client: Client,
    log: PathBuf,
}

impl Daemon {
    /// Runs a command that is to become a daemon, with its log in the folder.
    pub(crate) fn start(mut command: Command, folder: &Path) -> Result<Self, String> {
        let log = folder.join("daemon.log");
        let file = fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            drop(tell.send(read.map(|_| line)));
        });
        let line = told.recv_timeout(PATIENCE).map(Result::unwrap_or_default).unwrap_or_default();
        if let Ok(listening) = serde_json::from_str::<Value>(&line) {
            let url = listening["listening"].as_str().unwrap().to_owned();
            return Ok(Self { child, client: Client::new(url), log });
        }
        drop(child.kill());
        let status = child.wait().unwrap();
        Err(format!("{status}: {}", fs::read_to_string(&log).unwrap_or_default()))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "still running: {}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A client of the API.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    http: reqwest::Client,
}

/// An answer: its status and its JSON.
pub(crate) type Answer = (StatusCode, Value);

impl Client {
    fn new(url: String) -> Self {
        iass::tls::install_provider();
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { url, http }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn try_get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// Sends a message and waits for its turn.
    pub(crate) async fn chat(&self, tenant: &str, contact: &str, message: &str) -> Answer {
        let body = json!({"contact": contact, "message": message});
        self.post(&format!("/api/v1/tenants/{tenant}/chat"), &body).await
    }

    /// Sends a message without waiting for its turn.
    pub(crate) async fn leave(&self, tenant: &str, contact: &str, id: &str, message: &str) -> Answer {
        let body = json!({"contact": contact, "message": message, "message_id": id, "wait": false});
        self.post(&format!("/api/v1/tenants/{tenant}/chat"), &body).await
    }

    /// Waits until a message has its turn.
    pub(crate) async fn turn_of(&self, tenant: &str, id: &str) -> Value {
        let path = format!("/api/v1/tenants/{tenant}/chat/{id}");
        let begun = Instant::now();
        loop {
            let (status, turn) = self.get(&path).await;
            if status == StatusCode::OK {
                return turn;
            }
            assert_eq!(status, StatusCode::ACCEPTED, "{turn}");
            assert!(begun.elapsed() < PATIENCE, "{id} never got its turn");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// All items of a list, page by page.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let (status, page) = self.get(&format!("{path}?limit=100{cursor}")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// What was said in all conversations of a tenant: of each its contact and its messages.
    pub(crate) async fn conversations(&self, tenant: &str) -> Vec<(String, Vec<Value>)> {
        let path = format!("/api/v1/tenants/{tenant}/conversations");
        let mut all = Vec::new();
        for conversation in self.list(&path).await {
            let id = conversation["conversation"].as_str().unwrap();
            let contact = conversation["contact"].as_str().unwrap().to_owned();
            all.push((contact, self.list(&format!("{path}/{id}/messages")).await));
        }
        all
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
