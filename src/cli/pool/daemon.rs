//! Asks the running daemon over its API.

use std::time::Duration;

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
        let base = context.daemon_url(url);
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
