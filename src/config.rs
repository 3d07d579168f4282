//! The configuration: what the owner wrote, checked once and typed. The only reader of the environment.
//!
//! A value comes from a flag, else from an `IASS_<SECTION>_<KEY>` variable, else from `chatbot.toml`, else from the
//! default. Relative paths in a file are relative to the folder of that file; those of flags and variables to the
//! current folder. Loading is pure over files and [`Env`], so that a running daemon can load again and keep what it
//! has when the new files are wrong.

pub mod daemon;
pub mod env;
pub mod errors;
mod leaf;
pub mod live;
pub mod llm;
pub mod preset;
mod reader;
pub mod secret;
mod section;
mod show;
pub mod tenant;
pub mod tenant_file;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::errors::ConfigErrors;
use self::{
    daemon::{Alerts, Backup, Embeddings, Log, Outbox, Paths, Retention, Server, Worker},
    env::Env,
    errors::ConfigError,
    llm::Llm,
    reader::{Document, Flag, MAX_FILE_BYTES, nearest, read_bounded, variables_of},
};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "chatbot.toml";

/// Variables that begin with `IASS_` but set no key.
const OTHER_VARIABLES: &[&str] = &["IASS_CONFIG", "IASS_ADMIN_TOKEN", crate::crash::VARIABLE];

/// Where a configuration comes from: a file or none, the environment, and flags.
#[derive(Debug, Clone)]
pub struct ConfigSource {
    file: Option<PathBuf>,
    env: Env,
    flags: Vec<Flag>,
}

impl ConfigSource {
    /// The file named by a flag, else by `IASS_CONFIG`, else [`DEFAULT_FILE`] in the current folder if it exists,
    /// else no file.
    pub fn new(file: Option<PathBuf>, env: Env) -> Self {
        let named = || env.get("IASS_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from);
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        Self { file: file.or_else(named).or_else(default), env, flags: Vec::new() }
    }

    /// Sets a key from a flag, which wins over the environment and the file.
    #[must_use]
    pub fn with_override(mut self, key: &'static str, flag: &'static str, value: Option<PathBuf>) -> Self {
        self.flags.extend(value.map(|value| Flag {
            key,
            name: flag,
            value: value.to_string_lossy().into_owned(),
        }));
        self
    }

    /// The same source with another file.
    #[must_use]
    pub fn with_file(self, file: PathBuf) -> Self {
        Self { file: Some(file), ..self }
    }

    /// The configuration file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The environment.
    pub fn env(&self) -> &Env {
        &self.env
    }
}

/// The checked configuration of a process: `chatbot.toml`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// `[server]`: where the daemon listens.
    pub server: Server,
    /// `[paths]`: where things are on disk.
    pub paths: Paths,
    /// `[llm]`: the models and their keys.
    pub llm: Llm,
    /// `[embeddings]`: what turns texts into vectors.
    pub embeddings: Embeddings,
    /// `[worker]`: how turns are run.
    pub worker: Worker,
    /// `[outbox]`: how replies are sent.
    pub outbox: Outbox,
    /// `[alerts]`: when the operator is told.
    pub alerts: Alerts,
    /// `[backup]`: copies made by the daemon.
    pub backup: Backup,
    /// `[retention]`: how long things are kept.
    pub retention: Retention,
    /// `[log]`: what is logged.
    pub log: Log,
    /// `IASS_ADMIN_TOKEN`: a token with every right, which only the environment can give.
    #[serde(skip)]
    pub admin_token: Option<secret::Secret>,
    /// What is odd but not wrong, to be told once.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All that is wrong, with file, line and column.
    pub fn load(source: &ConfigSource) -> Result<Self, ConfigErrors> {
        let text = source.file().map(read_file).transpose()?.unwrap_or_default();
        Self::parse(&text, source)
    }

    /// Checks a text as if it were the file of `source`.
    ///
    /// # Errors
    /// All that is wrong, with file, line and column.
    pub fn parse(text: &str, source: &ConfigSource) -> Result<Self, ConfigErrors> {
        Self::parse_and_list(text, source).map(|(config, _)| config)
    }

    /// As [`Self::parse`], with the keys that are known.
    fn parse_and_list(
        text: &str,
        source: &ConfigSource,
    ) -> Result<(Self, std::collections::BTreeSet<String>), ConfigErrors> {
        let mut document = Document::new(source.file(), text, source.env());
        document.flags = &source.flags;
        document.variables_set_keys = true;
        let mut config = document.read(|root| {
            Some(Self {
                server: Server::read(&root.section("server")),
                paths: Paths::read(&root.section("paths"), &document.folder()),
                llm: Llm::read(&root.section("llm")),
                embeddings: Embeddings::read(&root.section("embeddings"), &document.folder()),
                worker: Worker::read(&root.section("worker")),
                outbox: Outbox::read(&root.section("outbox")),
                alerts: Alerts::read(&root.section("alerts")),
                backup: Backup::read(&root.section("backup"), &document.folder()),
                retention: Retention::read(&root.section("retention")),
                log: Log::read(&root.section("log")),
                admin_token: None,
                warnings: Vec::new(),
            })
        })?;
        let known = document.known.take();
        config.warnings = document.warnings.take();
        config.warnings.extend(unknown_variables(source.env(), &known));
        config.admin_token = source
            .env()
            .get("IASS_ADMIN_TOKEN")
            .filter(|token| !token.is_empty())
            .map(|token| secret::Secret::from(token.to_owned()));
        Ok((config, known))
    }

    /// The settings that differ from `old` and take effect only when the daemon starts again.
    pub fn needs_restart(&self, old: &Self) -> Vec<&'static str> {
        let (new_worker, old_worker) = (&self.worker, &old.worker);
        [
            ("server.listen", self.server.listen != old.server.listen),
            ("paths", self.paths != old.paths),
            ("embeddings", self.embeddings != old.embeddings),
            ("worker.concurrent_turns", new_worker.concurrent_turns != old_worker.concurrent_turns),
            ("worker.max_open_tenants", new_worker.max_open_tenants != old_worker.max_open_tenants),
            ("log", self.log != old.log),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// Reads a configuration file. The error names it.
fn read_file(path: &Path) -> Result<String, ConfigErrors> {
    read_bounded(path, MAX_FILE_BYTES).map_err(|problem| {
        ConfigErrors::one(ConfigError {
            file: Some(path.to_owned()),
            line: None,
            column: None,
            key: String::new(),
            message: format!("the file {problem}"),
        })
    })
}

/// Warnings about `IASS_*` variables that set nothing: usually a typing mistake.
fn unknown_variables(env: &Env, known: &std::collections::BTreeSet<String>) -> Vec<String> {
    let setting: Vec<String> = known.iter().flat_map(|key| variables_of(key)).collect();
    let known = || setting.iter().map(String::as_str).chain(OTHER_VARIABLES.iter().copied());
    env.names_with_prefix("IASS_")
        .filter(|name| known().all(|known| known != *name))
        .map(|name| match nearest(name, known()) {
            Some(alike) => {
                format!("the environment variable {name} sets nothing; did you mean {alike}?")
            }
            None => format!("the environment variable {name} sets nothing"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
