//! Asks the running daemon over its API.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use crate::{
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
    },
    llm::pool::status::PoolStatus,
};

/// How long the daemon may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The running daemon.
pub(super) struct Daemon {
    url: String,
    token: Option<String>,
    http: reqwest::Client,
}

impl Daemon {
    /// The daemon at an address, else at the one in the configuration.
    pub(super) fn new(url: Option<&str>, context: &Context) -> anyhow::Result<Self> {
        let base = match url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", reachable(context.config.server.listen)),
        };
        // An address of this machine is never behind a proxy.
        let http = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let token = context.config.admin_token.as_ref().map(|token| token.expose().to_owned());
        Ok(Self { url: format!("{base}/api/v1/pool"), token, http })
    }

    /// How its pool is.
    pub(super) async fn pool(&self) -> Result<PoolStatus, Failure> {
        let unavailable = |problem: String| {
            Failure::new(ExitStatus::Unavailable, format!("no daemon answers at {}: {problem}", self.url))
                .hint("start it with `iass serve`, or say where it is with --url")
        };
        let mut request = self.http.get(&self.url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| unavailable(cause(&error)))?;
        let status = response.status();
        if matches!(status.as_u16(), 401 | 403) {
            let message = format!("the daemon at {} does not let this in (status {status})", self.url);
            return Err(Failure::new(ExitStatus::Failure, message).hint("export its IASS_ADMIN_TOKEN"));
        }
        if !status.is_success() {
            return Err(unavailable(format!("status {status}")));
        }
        response.json().await.map_err(|_| unavailable("what answers there is no iass".to_owned()))
    }
}

/// The innermost reason, which says more than "error sending request".
fn cause(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
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
