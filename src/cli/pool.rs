//! `iass pool`: how the model keys of the running daemon are, and how many are needed.

mod daemon;
mod plan;
mod status;

use clap::Subcommand;

use crate::cli::{Startup, block_on, exit::ExitStatus};

/// Arguments of `iass pool`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: PoolCommand,
}

#[derive(Debug, Subcommand)]
enum PoolCommand {
    /// Show the keys of the running daemon
    ///
    /// Ends with 69 when no daemon answers. With --json the object of GET /api/v1/pool, with --watch one a line.
    Status(status::Args),
    /// Tell how many conversations a key carries
    ///
    /// Counts with what the running daemon measured in the last minutes, if there is one.
    Plan(plan::Args),
}

/// Runs `iass pool …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    block_on(async move {
        match args.command {
            PoolCommand::Status(args) => status::run(args, &context).await,
            PoolCommand::Plan(args) => plan::run(&args, &context).await,
        }
    })
}
