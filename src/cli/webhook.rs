//! `iass webhook`: tries a channel without its provider.

mod simulate;

use clap::Subcommand;

use crate::cli::{Startup, block_on, exit::ExitStatus};

/// Arguments of `iass webhook`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Sign a message and post it to the running daemon as the provider would
    ///
    /// Prints the status and the body of the answer. Ends with 69 when no daemon answers, 75 when it asks to come again,
    /// and 1 when it refuses. With --json one object: {"tenant","channel","url","status","body"}. The reply goes out by
    /// the provider's own interface, so point `api_base` at a fake to see it, or read it with `iass conversation`.
    Simulate(simulate::Args),
}

/// Runs `iass webhook …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        WebhookCommand::Simulate(args) => block_on(simulate::run(args, context)),
    }
}
