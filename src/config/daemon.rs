//! The sections of `chatbot.toml` about the process itself: where it listens, where it writes, how it works.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    config::{leaf::Leaf, secret::Secret, section::Section, show},
    domain::{language::Language, tenant::TenantId},
};

/// `[server]`: where the daemon listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// `listen`: address and port; port 0 takes a free one. Default 127.0.0.1:8080.
    pub listen: SocketAddr,
    /// `public_url`: how the world reaches this daemon, for webhook registration and links; no slash at the end.
    /// Default empty: unknown.
    #[serde(serialize_with = "show::text_or_empty")]
    pub public_url: Option<String>,
    /// `trusted_proxies`: addresses or networks whose `X-Forwarded-For` is believed. Default none.
    pub trusted_proxies: Vec<IpNet>,
    /// `max_body_kb`: the largest request body but for uploads, in kB. Default 1024, 16 to 65536.
    pub max_body_kb: u32,
    /// `max_upload_mb`: the largest uploaded document or recording, in MB. Default 25, 1 to 1024.
    pub max_upload_mb: u32,
}

/// `[paths]`: where things are on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paths {
    /// `data`: the databases. Default `data`.
    pub data: PathBuf,
    /// `tenants`: a folder with a `tenant.toml` for each tenant. Default `tenants`.
    pub tenants: PathBuf,
    /// `prompts`: prompt templates that replace the built-in ones. Default `prompts`.
    pub prompts: PathBuf,
    /// `knowledge`: a folder of documents for each tenant. Default `knowledge`.
    pub knowledge: PathBuf,
}

/// `[embeddings]`: what turns texts into vectors. A change re-embeds every tenant's knowledge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Embeddings {
    /// `model`: `builtin`, the name of a fastembed model, or the path of a folder with an ONNX model (a path begins
    /// with `.` or `/`). Default `builtin`.
    pub model: EmbeddingModel,
    /// `onnxruntime`: the ONNX Runtime library (libonnxruntime.so), which all models but `builtin` need.
    /// Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onnxruntime: Option<PathBuf>,
    /// `hf_endpoint`: where models are pulled from; also the variable HF_ENDPOINT. Default `https://huggingface.co`.
    pub hf_endpoint: String,
    /// `models`: where pulled models are kept. Default `models` beside the file.
    pub models: PathBuf,
}

/// Which model embeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbeddingModel {
    /// The one inside the binary.
    BuiltIn,
    /// A model by the name `iass model list` shows.
    Named(String),
    /// A folder with an ONNX model and its tokenizer.
    Folder(PathBuf),
}

/// `[worker]`: how turns are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worker {
    /// `burst_quiet_ms`: how long a customer must be silent before the turn begins. Default 1500, 0 to 30000.
    #[serde(rename = "burst_quiet_ms", serialize_with = "show::millis")]
    pub burst_quiet: Duration,
    /// `max_burst_ms`: how long a customer who keeps writing is waited for. Default 10000, 0 to 120000, and not less
    /// than `burst_quiet_ms`.
    #[serde(rename = "max_burst_ms", serialize_with = "show::millis")]
    pub max_burst: Duration,
    /// `concurrent_turns`: turns run at once, over all tenants. Default 64, 1 to 4096.
    pub concurrent_turns: u32,
    /// `turn_deadline_s`: when a turn is ended with what there is. Default 45, 1 to 600.
    #[serde(rename = "turn_deadline_s", serialize_with = "show::seconds")]
    pub turn_deadline: Duration,
    /// `lease_s`: after how long another worker may take over a claimed conversation. Default 60 or the deadline
    /// plus 15, whichever is more; 2 to 3600, and more than `turn_deadline_s`.
    #[serde(rename = "lease_s", serialize_with = "show::seconds")]
    pub lease: Duration,
    /// `shutdown_grace_s`: how long running turns may end on SIGTERM. Default 20, 0 to 600.
    #[serde(rename = "shutdown_grace_s", serialize_with = "show::seconds")]
    pub shutdown_grace: Duration,
    /// `close_idle_tenant_s`: after how long an unused tenant's database is closed. Default 300, 1 to 86400.
    #[serde(rename = "close_idle_tenant_s", serialize_with = "show::seconds")]
    pub close_idle_tenant: Duration,
    /// `max_open_tenants`: how many tenants' databases are open at once. Default 128, 1 to 10000.
    pub max_open_tenants: u32,
}

/// `[outbox]`: how replies are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outbox {
    /// `on_unknown`: what happens to a message of which it is not known whether the provider took it. Default resend.
    pub on_unknown: OnUnknown,
    /// `max_attempts`: how often a message is tried before it is a dead letter. Default 12, 1 to 100.
    pub max_attempts: u32,
    /// `first_retry_ms`: the first pause; it doubles each time. Default 1000, 10 to 600000.
    #[serde(rename = "first_retry_ms", serialize_with = "show::millis")]
    pub first_retry: Duration,
    /// `max_retry_s`: the longest pause. Default 600, 1 to 86400, and not less than `first_retry_ms`.
    #[serde(rename = "max_retry_s", serialize_with = "show::seconds")]
    pub max_retry: Duration,
}

/// What happens to a message of which it is not known whether the provider took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// It is sent again: the customer may read it twice, but never misses it.
    Resend,
    /// It becomes a dead letter for a person to decide.
    Hold,
}

/// `[alerts]`: when and how the operator is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alerts {
    /// `webhook_url`, `webhook_url_file`: where alerts are posted as `{"text"}`, as Slack and Teams take them.
    /// A secret, since whoever knows it can post. Default none: alerts are only logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<Secret>,
    /// `language`: the language of alerts: es, en or pt. Default es.
    pub language: Language,
    /// `repeat_after_s`: how long the same alert is not repeated. Default 3600, 60 to 604800.
    #[serde(rename = "repeat_after_s", serialize_with = "show::seconds")]
    pub repeat_after: Duration,
    /// `disk_free_mb`: free disk space, in MB, below which the operator is told. Default 500, 0 to 1000000.
    pub disk_free_mb: u32,
    /// `inbox_age_s`: age of the oldest unanswered message from which the operator is told. Default 120, 1 to 86400.
    #[serde(rename = "inbox_age_s", serialize_with = "show::seconds")]
    pub inbox_age: Duration,
}

/// `[backup]`: copies made by the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// `every`: the time between copies, such as "6h" or "1d". Default none: no copies.
    #[serde(serialize_with = "show::span", skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// `keep`: how many copies of each tenant are kept. Default 7, 1 to 1000.
    pub keep: u32,
    /// `dir`: where they are written. Default `backups`.
    pub dir: PathBuf,
}

/// `[retention]`: how long things are kept, in days; 0 keeps them for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// `messages_days`: messages of closed conversations. Default 0, 0 to 36500.
    pub messages_days: u32,
    /// `inbox_days`: inbox and outbox rows that are done. Default 30, 1 to 36500: they are what tells a duplicate.
    pub inbox_days: u32,
    /// `media_days`: voice notes and pictures. Default 30, 0 to 36500.
    pub media_days: u32,
    /// `audit_days`: the audit trail. Default 0, 0 to 36500.
    pub audit_days: u32,
}

/// `[log]`: what is logged, on stderr.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    /// `format`: `auto` is text on a terminal and JSON elsewhere. Default auto.
    pub format: LogFormat,
    /// `level`: the least important thing that is logged. Default info.
    pub level: LogLevel,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// How important a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Someone must act.
    Error,
    /// Something is degraded.
    Warn,
    /// Once per turn.
    Info,
    /// How it came to it.
    Debug,
    /// Everything.
    Trace,
}

impl Server {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            listen: section
                .read("listen", listen_address)
                .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            public_url: section.read("public_url", optional_url).flatten(),
            trusted_proxies: section.list("trusted_proxies", network).unwrap_or_default(),
            max_body_kb: section.read("max_body_kb", |v| v.integer(16..=65_536)).unwrap_or(1024),
            max_upload_mb: section.read("max_upload_mb", |v| v.integer(1..=1024)).unwrap_or(25),
        }
    }
}

impl Paths {
    /// The database of a tenant: `<data>/tenants/<id>.db`.
    pub fn tenant_database(&self, id: &TenantId) -> PathBuf {
        self.data.join("tenants").join(format!("{id}.db"))
    }

    /// The documents of a tenant: `<knowledge>/<id>`.
    pub fn tenant_knowledge(&self, id: &TenantId) -> PathBuf {
        self.knowledge.join(id.as_str())
    }

    pub(super) fn read(section: &Section<'_>, folder: &Path) -> Self {
        let path = |key: &str| section.read(key, Leaf::path).unwrap_or_else(|| folder.join(key));
        Self {
            data: path("data"),
            tenants: path("tenants"),
            prompts: path("prompts"),
            knowledge: path("knowledge"),
        }
    }
}

impl Embeddings {
    pub(super) fn read(section: &Section<'_>, folder: &Path) -> Self {
        Self {
            model: section.read("model", embedding_model).unwrap_or(EmbeddingModel::BuiltIn),
            onnxruntime: section.read("onnxruntime", Leaf::path),
            hf_endpoint: section
                .read("hf_endpoint", Leaf::url)
                .unwrap_or_else(|| "https://huggingface.co".to_owned()),
            models: section.read("models", Leaf::path).unwrap_or_else(|| folder.join("models")),
        }
    }
}

impl Serialize for EmbeddingModel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::BuiltIn => serializer.serialize_str("builtin"),
            Self::Named(name) => serializer.serialize_str(name),
            Self::Folder(path) => path.serialize(serializer),
        }
    }
}

impl Worker {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let seconds = Duration::from_secs;
        let turn_deadline = section.read("turn_deadline_s", |v| v.seconds(1..=600)).unwrap_or(seconds(45));
        let burst_quiet =
            section.read("burst_quiet_ms", |v| v.millis(0..=30_000)).unwrap_or(Duration::from_millis(1500));
        let worker = Self {
            burst_quiet,
            max_burst: section
                .read("max_burst_ms", |v| v.millis(0..=120_000))
                .unwrap_or(seconds(10).max(burst_quiet)),
            concurrent_turns: section.read("concurrent_turns", |v| v.integer(1..=4096)).unwrap_or(64),
            turn_deadline,
            lease: section
                .read("lease_s", |v| v.seconds(2..=3600))
                .unwrap_or(seconds(60).max(turn_deadline + seconds(15))),
            shutdown_grace: section.read("shutdown_grace_s", |v| v.seconds(0..=600)).unwrap_or(seconds(20)),
            close_idle_tenant: section
                .read("close_idle_tenant_s", |v| v.seconds(1..=86_400))
                .unwrap_or(seconds(300)),
            max_open_tenants: section.read("max_open_tenants", |v| v.integer(1..=10_000)).unwrap_or(128),
        };
        if worker.max_burst < worker.burst_quiet {
            section.error("max_burst_ms", "must not be less than `worker.burst_quiet_ms`");
        }
        if worker.lease <= worker.turn_deadline {
            section.error("lease_s", "must be more than `worker.turn_deadline_s`, or a turn could run twice");
        }
        worker
    }
}

impl Outbox {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let outbox = Self {
            on_unknown: section.read("on_unknown", Leaf::choice).unwrap_or(OnUnknown::Resend),
            max_attempts: section.read("max_attempts", |v| v.integer(1..=100)).unwrap_or(12),
            first_retry: section
                .read("first_retry_ms", |v| v.millis(10..=600_000))
                .unwrap_or(Duration::from_secs(1)),
            max_retry: section
                .read("max_retry_s", |v| v.seconds(1..=86_400))
                .unwrap_or(Duration::from_mins(10)),
        };
        if outbox.max_retry < outbox.first_retry {
            section.error("max_retry_s", "must not be less than `outbox.first_retry_ms`");
        }
        outbox
    }
}

impl Alerts {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let webhook_url = section.secret("webhook_url");
        if let Some(Err(problem)) = webhook_url.as_ref().map(|url| super::leaf::check_url(url.expose())) {
            section.error("webhook_url", &problem);
        }
        Self {
            webhook_url,
            language: section.read("language", Leaf::choice).unwrap_or_default(),
            repeat_after: section
                .read("repeat_after_s", |v| v.seconds(60..=604_800))
                .unwrap_or(Duration::from_hours(1)),
            disk_free_mb: section.read("disk_free_mb", |v| v.integer(0..=1_000_000)).unwrap_or(500),
            inbox_age: section
                .read("inbox_age_s", |v| v.seconds(1..=86_400))
                .unwrap_or(Duration::from_mins(2)),
        }
    }
}

impl Backup {
    pub(super) fn read(section: &Section<'_>, folder: &Path) -> Self {
        Self {
            every: section.read("every", Leaf::span),
            keep: section.read("keep", |v| v.integer(1..=1000)).unwrap_or(7),
            dir: section.read("dir", Leaf::path).unwrap_or_else(|| folder.join("backups")),
        }
    }
}

impl Retention {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let days = |key: &str, least: u32, default: u32| {
            section.read(key, |v| v.integer(least..=36_500)).unwrap_or(default)
        };
        Self {
            messages_days: days("messages_days", 0, 0),
            inbox_days: days("inbox_days", 1, 30),
            media_days: days("media_days", 0, 30),
            audit_days: days("audit_days", 0, 0),
        }
    }
}

impl Log {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            format: section.read("format", Leaf::choice).unwrap_or(LogFormat::Auto),
            level: section.read("level", Leaf::choice).unwrap_or(LogLevel::Info),
        }
    }
}

fn listen_address(leaf: &Leaf<'_>) -> Result<SocketAddr, String> {
    let text = leaf.setting()?;
    text.parse().map_err(|_| {
        format!("must be an IP address and a port such as 127.0.0.1:8080 or [::1]:8080, not {text:?}")
    })
}

fn optional_url(leaf: &Leaf<'_>) -> Result<Option<String>, String> {
    if leaf.setting()?.is_empty() { Ok(None) } else { leaf.url().map(Some) }
}

fn network(leaf: &Leaf<'_>) -> Result<IpNet, String> {
    let text = leaf.setting()?;
    let address = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| address())
        .map_err(|_| format!("must be an IP address or a network such as 10.0.0.0/8, not {text:?}"))
}

fn embedding_model(leaf: &Leaf<'_>) -> Result<EmbeddingModel, String> {
    let text = leaf.setting()?;
    if text == "builtin" {
        Ok(EmbeddingModel::BuiltIn)
    } else if text.starts_with('.') || Path::new(&text).is_absolute() {
        leaf.path().map(EmbeddingModel::Folder)
    } else if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) {
        Ok(EmbeddingModel::Named(text))
    } else {
        Err(format!("must be \"builtin\", the name of a model or the path of a folder, not {text:?}"))
    }
}
