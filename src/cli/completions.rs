//! `iass completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, exit::ExitStatus, output::Output};

/// Arguments of `iass completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell; for example: iass completions bash > ~/.local/share/bash-completion/completions/iass
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitStatus> {
    // Written to memory first: the generator panics when its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "iass", &mut script);
    output.bytes(&script)?;
    Ok(ExitStatus::Ok)
}
