//! `iass serve`: the daemon.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use serde::Serialize;
use tracing_subscriber::filter::LevelFilter;

use crate::{
    app::{Ended, Prepared, StartError},
    cli::{
        Startup, block_on,
        exit::{ExitStatus, Failure},
        output::Verbosity,
    },
    config::live::LiveConfig,
    telemetry,
    worker::lock::DataLockError,
};

/// Arguments of `iass serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address and port to listen on; port 0 takes a free one [config: server.listen]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
}

/// Serves until a signal ends it.
pub(crate) fn run(args: Args, before: Startup) -> anyhow::Result<ExitStatus> {
    let source = before.source.with_override("server.listen", "--listen", args.listen.map(PathBuf::from));
    let context = Startup { source, output: before.output }.load()?;
    let least = match context.output.verbosity() {
        Verbosity::Quiet => Some(LevelFilter::ERROR),
        Verbosity::Normal => None,
        Verbosity::Verbose => Some(LevelFilter::DEBUG),
        Verbosity::Trace => Some(LevelFilter::TRACE),
    };
    telemetry::start(&context.config.log, least, context.output.colors_stderr());
    let live = Arc::new(LiveConfig::new(context.source, context.config));
    let embedder = Arc::new(super::knowledge::open::embedder(&live.get().embeddings)?);
    let prepared = Prepared::new(live, embedder, context.clock, context.ids).map_err(explain)?;
    block_on(async move {
        let daemon = prepared.listen().await.map_err(explain)?;
        if context.output.is_json() {
            context.output.json(&Listening { listening: format!("http://{}", daemon.address()) })?;
        }
        Ok(match daemon.run().await {
            Ended::Drained | Ended::Late => ExitStatus::Ok,
            Ended::Forced => ExitStatus::Failure,
        })
    })
}

/// What programs that start the daemon read.
#[derive(Debug, Serialize)]
struct Listening {
    listening: String,
}

/// The exit code of a failed start, and what to do about it.
fn explain(error: StartError) -> anyhow::Error {
    let (status, hint) = match &error {
        StartError::Unprotected(address) => (
            ExitStatus::BadConfiguration,
            Some(format!(
                "export IASS_ADMIN_TOKEN with a long random token, or listen on {}",
                SocketAddr::from(([127, 0, 0, 1], address.port()))
            )),
        ),
        StartError::Data(DataLockError::Taken { .. }) => {
            (ExitStatus::TryAgain, Some("stop it first, or use another --data-dir".to_owned()))
        }
        StartError::Data(DataLockError::Io { .. }) => (
            ExitStatus::Failure,
            Some(
                "check the owner and the permissions of the directory, or use another --data-dir".to_owned(),
            ),
        ),
        StartError::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => (
            ExitStatus::TryAgain,
            Some("another program listens there; stop it or use another --listen".to_owned()),
        ),
        StartError::Tenants(_)
        | StartError::Listen { .. }
        | StartError::Program(_)
        | StartError::Http(_)
        | StartError::Signals(_) => (ExitStatus::Failure, None),
    };
    let message = format!("{:#}", anyhow::Error::from(error));
    let failure = Failure::new(status, message);
    anyhow::Error::new(match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}
