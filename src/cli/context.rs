//! What a command is given to work with.

use std::sync::Arc;

use crate::{
    cli::output::Output,
    clock::{Clock, Ids},
    config::{Config, ConfigSource},
};

/// The wiring of one command: everything it may use from outside itself.
#[derive(Debug, Clone)]
pub struct Context {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// Where it came from, to load it again.
    pub source: ConfigSource,
    /// Where the command prints.
    pub output: Output,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
}

impl Context {
    /// Loads the configuration and puts the parts together.
    ///
    /// # Errors
    /// [`crate::config::ConfigErrors`], which ends the command with exit code 78.
    pub fn load(source: ConfigSource, output: Output, clock: Clock, ids: Ids) -> anyhow::Result<Self> {
        let config = Arc::new(Config::load(&source)?);
        for warning in &config.warnings {
            output.warn(warning);
        }
        Ok(Self { config, source, output, clock, ids })
    }
}
