//! `iass config`: what is wrong with the configuration, and what is in effect.

use anyhow::Context as _;
use clap::Subcommand;

use crate::{
    cli::{
        Startup,
        exit::ExitStatus,
        output::Output,
        tenant::check::{FileReport, report_tenants},
    },
    config::{Config, tenant_file::TenantDirectory},
};

/// Arguments of `iass config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check chatbot.toml and every tenant.toml, and tell every mistake with its file and line
    ///
    /// Ends with 78 when something is wrong. With --json one object per file: {"file","ok","errors":[]}.
    Check,
    /// Print the configuration in effect, secrets masked
    ///
    /// It is TOML that could be written in chatbot.toml; with --json one object.
    Show,
}

/// Runs `iass config …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    match args.command {
        ConfigCommand::Check => check(&startup),
        ConfigCommand::Show => {
            let context = startup.load()?;
            show(&context.config, &context.output)
        }
    }
}

fn check(startup: &Startup) -> anyhow::Result<ExitStatus> {
    let Startup { source, output } = startup;
    let file =
        source.file().map_or_else(|| "built-in defaults".to_owned(), |file| file.display().to_string());
    match Config::load(source) {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| output.warn(warning));
            FileReport::right(file).print(output)?;
            let tenants = TenantDirectory::new(&config.paths.tenants);
            report_tenants(&tenants, tenants.ids()?, source.env(), output)
        }
        Err(errors) => {
            FileReport::wrong(file, errors.as_slice()).print(output)?;
            output.note("the tenants were not checked, because their folder is set in this file");
            Ok(ExitStatus::BadConfiguration)
        }
    }
}

fn show(config: &Config, output: &Output) -> anyhow::Result<ExitStatus> {
    if output.is_json() {
        output.json(config)?;
    } else {
        let text = toml::to_string(config).context("cannot show the configuration as TOML")?;
        output.bytes(text.as_bytes())?;
    }
    Ok(ExitStatus::Ok)
}
