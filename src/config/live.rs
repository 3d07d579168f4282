//! The configuration of a running daemon: read by everybody, replaced as a whole when a new one is right.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Config, ConfigErrors, ConfigSource};

/// The configuration in force and where the next one comes from.
#[derive(Debug)]
pub struct LiveConfig {
    source: ConfigSource,
    current: ArcSwap<Config>,
}

impl LiveConfig {
    /// Starts with a configuration loaded from `source`.
    pub fn new(source: ConfigSource, config: Arc<Config>) -> Self {
        Self { source, current: ArcSwap::new(config) }
    }

    /// The configuration in force. Whoever needs two values that fit together takes both from one call's result.
    pub fn get(&self) -> Arc<Config> {
        self.current.load_full()
    }

    /// Where it comes from.
    pub fn source(&self) -> &ConfigSource {
        &self.source
    }

    /// Reads the configuration again and puts it in force. Returns the changed settings that need a restart.
    /// Blocking.
    ///
    /// # Errors
    /// All that is wrong with the new one: the old one stays in force then.
    pub fn reload(&self) -> Result<Vec<&'static str>, ConfigErrors> {
        let new = Config::load(&self.source)?;
        let restart = new.needs_restart(&self.get());
        self.current.store(Arc::new(new));
        Ok(restart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;

    #[test]
    fn a_wrong_file_leaves_the_old_configuration_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chatbot.toml");
        std::fs::write(&file, "[worker]\nburst_quiet_ms = 100\n").unwrap();
        let source = ConfigSource::new(Some(file.clone()), Env::fixed([]));
        let live = LiveConfig::new(source.clone(), Arc::new(Config::load(&source).unwrap()));

        std::fs::write(&file, "[worker]\nburst_quiet_ms = 200\nturns = 3\n").unwrap();
        assert!(live.reload().unwrap_err().to_string().contains("chatbot.toml:3"));
        assert_eq!(live.get().worker.burst_quiet.as_millis(), 100);

        std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:1\"\n[worker]\nburst_quiet_ms = 200\n")
            .unwrap();
        assert_eq!(live.reload().unwrap(), ["server.listen"]);
        assert_eq!(live.get().worker.burst_quiet.as_millis(), 200);
    }
}
