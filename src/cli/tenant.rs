//! `iass tenant`: the tenants on disk, made, listed, checked and removed.

mod add;
pub(crate) mod check;
mod links;
mod list;
pub(crate) mod profile;
mod remove;
mod show;
mod switch;

use clap::Subcommand;

use crate::{
    cli::{Startup, context::Context, exit::ExitStatus},
    config::tenant_file::TenantDirectory,
    domain::tenant::TenantId,
};

/// Arguments of `iass tenant`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: TenantCommand,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Make a tenant: a folder with a commented tenant.toml
    Add(add::Args),
    /// List the tenants
    ///
    /// With --json one object per line: {"tenant","ok","name","language","timezone","currency","enabled"}, or
    /// {"tenant","ok":false,"errors":[]} for one whose file is wrong.
    List,
    /// Print what is in effect for a tenant, secrets masked, and the links that lead into its chat
    ///
    /// The links (wa.me, t.me) come as comments behind the TOML, with --json as "links":[{"channel","url"}]; their QR codes
    /// are drawn on stderr.
    Show(show::Args),
    /// Check one tenant.toml or all, and tell every mistake with its file and line
    ///
    /// Ends with 78 when something is wrong. With --json one object per file: {"tenant","file","ok","errors":[]}.
    Check(check::Args),
    /// Answer the tenant's customers
    Enable(OneTenant),
    /// Stop answering the tenant's customers; nothing is deleted
    Disable(OneTenant),
    /// Delete a tenant: its folder and its database with all conversations
    Remove(remove::Args),
}

/// The arguments of a command about one tenant.
#[derive(Debug, clap::Args)]
struct OneTenant {
    /// The tenant
    #[arg(value_name = "ID")]
    id: TenantId,
}

/// Runs `iass tenant …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    let tenants = TenantDirectory::new(&context.config.paths.tenants);
    match args.command {
        TenantCommand::Add(args) => add::run(args, &tenants, &context),
        TenantCommand::List => list::run(&tenants, &context),
        TenantCommand::Show(args) => show::run(args, &tenants, &context),
        TenantCommand::Check(args) => check::run(args, &tenants, &context),
        TenantCommand::Enable(OneTenant { id }) => switch::run(&id, true, &tenants, &context),
        TenantCommand::Disable(OneTenant { id }) => switch::run(&id, false, &tenants, &context),
        TenantCommand::Remove(args) => remove::run(args, &tenants, &context),
    }
}

/// What a command did with a tenant, as JSON.
#[derive(Debug, serde::Serialize)]
struct Done<'a> {
    tenant: &'a TenantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a std::path::Path>,
    result: &'static str,
}

impl Done<'_> {
    /// Prints the object, or says `sentence` to people.
    fn print(&self, sentence: &str, context: &Context) -> anyhow::Result<ExitStatus> {
        if context.output.is_json() {
            context.output.json(self)?;
        } else {
            context.output.note(sentence);
        }
        Ok(ExitStatus::Ok)
    }
}
