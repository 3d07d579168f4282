//! What a command is given to work with.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

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
    /// The address of the daemon, without a slash at its end: the one that was given, else the one in the configuration.
    pub fn daemon_url(&self, given: Option<&str>) -> String {
        match given {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", reachable(self.config.server.listen)),
        }
    }
}

/// The address to reach a daemon that listens on this one: one that listens everywhere listens here too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_reached_here() {
        let check = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(check("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(check("[::]:8080"), "[::1]:8080");
        assert_eq!(check("10.0.0.7:1"), "10.0.0.7:1");
    }
}
