//! The command line: reads the arguments, loads the configuration, runs one command and turns what came of it into
//! an exit code.
//!
//! One file per command; each has its clap `Args` and a `run(args, &Context) -> anyhow::Result<ExitStatus>`. A
//! command prints only through [`output::Output`] and never calls `exit`.

pub mod analyze;
pub mod appointment;
pub mod audit;
pub mod catalog;
pub mod chat;
pub mod completions;
pub mod config;
pub mod contact;
pub mod context;
pub mod conversation;
pub mod doctor;
pub mod exit;
mod export;
pub mod handoff;
pub mod ingest;
pub mod init;
pub mod knowledge;
pub mod lead;
pub mod man;
pub mod memory;
pub mod model;
pub mod order;
pub mod output;
mod pages;
mod pool;
pub mod serve;
pub mod table;
pub mod tenant;
pub mod ticket;
pub mod webhook;

use std::{ffi::OsString, future::Future, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    cli::{
        context::Context,
        exit::ExitStatus,
        output::{ColorChoice, Output, OutputSettings},
    },
    clock::{Clock, Ids},
    config::{ConfigSource, env::Env},
    crash,
};

/// A customer-service team for a small business in one binary: it answers, sells, books and hands over.
#[derive(Debug, Parser)]
#[command(
    name = "iass",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 ok, 1 failure, 2 usage, 3 nothing found or differences, 4 part failed,\n\
                  69 unavailable, 75 try again, 78 bad configuration."
)]
pub struct Cli {
    /// The flags every command has.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The flags every command has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The configuration file [env: IASS_CONFIG] [default: ./chatbot.toml, or the built-in defaults without one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the databases are [env: IASS_DATA_DIR] [config: paths.data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where the tenants' folders are [env: IASS_TENANTS_DIR] [config: paths.tenants]
    #[arg(long, global = true, value_name = "DIR")]
    pub tenants_dir: Option<PathBuf>,
    /// Print JSON on stdout, one object per line, and errors as JSON on stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// Say less on stderr: only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more on stderr; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour on a terminal; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
}

/// The commands that exist.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Talk with a tenant's bot in the terminal
    Chat(chat::Args),
    /// Fill a folder to begin with: chatbot.toml, one tenant and a sample document
    Init(init::Args),
    /// Run the daemon: take messages, answer them, send the replies
    Serve(serve::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print the manual page
    Man,
    /// Check the configuration, or print what is in effect
    Config(config::Args),
    /// Make, list, check, switch and remove tenants
    Tenant(tenant::Args),
    /// Bring files into a tenant's knowledge
    Ingest(ingest::Args),
    /// Search and tend what a tenant knows
    Knowledge(knowledge::Args),
    /// Import and list the products a tenant sells
    Catalog(catalog::Args),
    /// Show what is seen in a text: language, whom it is for, mood, threats
    ///
    /// Makes no turn and stores nothing. --queries FILE.jsonl has {"id","text"} on each line and prints one line for
    /// each: {"id","language","sentiment","intents","in_scope","chosen","certain","emergency","threat","handoff"}.
    Analyze(analyze::Args),
    /// List and read conversations
    Conversation(conversation::Args),
    /// Who waits for a person: list, take, give back
    Handoff(handoff::Args),
    /// List and export leads
    Lead(lead::Args),
    /// List, export, fulfil and cancel orders
    Order(order::Args),
    /// List, export, cancel and settle appointments
    Appointment(appointment::Args),
    /// List, close and reopen cases
    Ticket(ticket::Args),
    /// List, export and forget contacts
    Contact(contact::Args),
    /// Sum conversations up for the next ones
    Memory(memory::Args),
    /// List and check the audit log
    Audit(audit::Args),
    /// List and fetch embedding models
    Model(model::Args),
    /// Show and plan the keys of the language models
    Pool(pool::Args),
    /// Try a channel without its provider
    Webhook(webhook::Args),
    /// Check the channels of the tenants, and tell what to fix
    ///
    /// Shows each provider its credentials, and compares where it posts with where this daemon listens. Changes nothing
    /// and writes to no customer. Ends with 1 when something is wrong, with 69 when a provider could not be asked, with
    /// 78 when a tenant.toml is wrong. With --json one object per finding:
    /// {"tenant","channel","check","verdict":"ok|skipped|warning|unknown|wrong","message","fix"}.
    Doctor(doctor::Args),
}

impl Command {
    /// Runs the command. Those that need no configuration come first, so that they work when it is broken.
    fn run(self, before: Startup) -> anyhow::Result<ExitStatus> {
        match self {
            Self::Chat(args) => chat::run(args, before),
            Self::Serve(args) => serve::run(args, before),
            Self::Completions(args) => completions::run(args, &before.output),
            Self::Man => man::run(&before.output),
            Self::Init(args) => init::run(args, before),
            Self::Config(args) => config::run(args, before),
            Self::Tenant(args) => tenant::run(args, before),
            Self::Ingest(args) => ingest::run(args, before),
            Self::Knowledge(args) => knowledge::run(args, before),
            Self::Catalog(args) => catalog::run(args, before),
            Self::Analyze(args) => analyze::run(args, before),
            Self::Conversation(args) => conversation::run(args, before),
            Self::Handoff(args) => handoff::run(args, before),
            Self::Lead(args) => lead::run(args, before),
            Self::Order(args) => order::run(args, before),
            Self::Appointment(args) => appointment::run(args, before),
            Self::Ticket(args) => ticket::run(args, before),
            Self::Contact(args) => contact::run(args, before),
            Self::Memory(args) => memory::run(args, before),
            Self::Audit(args) => audit::run(args, before),
            Self::Model(args) => model::run(args, before),
            Self::Pool(args) => pool::run(args, before),
            Self::Webhook(args) => webhook::run(args, before),
            Self::Doctor(args) => doctor::run(args, before),
        }
    }
}

/// What is known before the configuration is loaded.
#[derive(Debug)]
pub struct Startup {
    /// Where the configuration comes from.
    pub source: ConfigSource,
    /// Where the command prints.
    pub output: Output,
}

impl Startup {
    /// The same start with another configuration file.
    #[must_use]
    pub fn with_file(self, file: PathBuf) -> Self {
        Self { source: self.source.with_file(file), ..self }
    }

    /// Loads the configuration.
    ///
    /// # Errors
    /// [`crate::config::ConfigErrors`], which ends the command with exit code 78.
    pub fn load(self) -> anyhow::Result<Context> {
        Context::load(self.source, self.output, Clock::System, Ids::Random)
    }
}

/// Runs the process's command line.
pub fn main() -> ExitCode {
    run(std::env::args_os().collect(), Env::from_process()).into()
}

/// Runs one command line in the given environment.
pub fn run(arguments: Vec<OsString>, env: Env) -> ExitStatus {
    crate::tls::install_provider();
    crash::arm(&env);

    let early = early_settings(&arguments);
    let command = Cli::command().color(early.color.for_clap());
    let cli =
        match command.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches)) {
            Ok(cli) => cli,
            Err(error) => return exit::report_usage(&error, &Output::new(early, &env)),
        };
    let global = cli.global;
    let output = Output::new(OutputSettings::of(&global), &env);
    let source = ConfigSource::new(global.config, env)
        .with_override("paths.data", "--data-dir", global.data_dir)
        .with_override("paths.tenants", "--tenants-dir", global.tenants_dir);
    let result = cli.command.run(Startup { source, output: output.clone() });
    exit::report(result, &output)
}

/// How long blocking work may go on after a command has ended.
const RUNTIME_END: Duration = Duration::from_secs(1);

/// Runs an async command to its end on a new runtime. The only place that makes one.
///
/// # Errors
/// What the command returns, or that the runtime could not be started.
pub fn block_on(command: impl Future<Output = anyhow::Result<ExitStatus>>) -> anyhow::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let outcome = runtime.block_on(command);
    // A database that is locked may hold a thread for seconds: nothing is lost by not waiting for it.
    runtime.shutdown_timeout(RUNTIME_END);
    outcome
}

/// Reads `--json` and `--color` from arguments that clap may refuse, so that the refusal already obeys them.
fn early_settings(arguments: &[OsString]) -> OutputSettings {
    let mut settings = OutputSettings::default();
    let mut words = arguments.iter().skip(1).map_while(|word| word.to_str().filter(|word| *word != "--"));
    while let Some(word) = words.next() {
        if word == "--json" {
            settings.json = true;
        } else if let Some(when) = word.strip_prefix("--color") {
            let when = when.strip_prefix('=').or_else(|| words.next()).unwrap_or_default();
            settings.color = clap::ValueEnum::from_str(when, false).unwrap_or_default();
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_and_color_are_known_even_when_the_arguments_are_wrong() {
        let settings =
            |line: &str| early_settings(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        assert!(settings("iass --json nonsense").json);
        assert!(!settings("iass chat -- --json").json);
        assert_eq!(settings("iass --color never x").color, ColorChoice::Never);
        assert_eq!(settings("iass --color=always x").color, ColorChoice::Always);
        assert_eq!(settings("iass --color").color, ColorChoice::Auto);
    }
}
