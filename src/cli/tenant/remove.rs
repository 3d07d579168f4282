//! `iass tenant remove`: deletes a tenant for good, after asking.

use crate::{
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
        tenant::Done,
    },
    config::tenant_file::TenantDirectory,
    domain::tenant::TenantId,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tenant
    #[arg(value_name = "ID")]
    id: TenantId,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: Args, tenants: &TenantDirectory, context: &Context) -> anyhow::Result<ExitStatus> {
    let (id, paths) = (&args.id, &context.config.paths);
    let database = paths.tenant_database(id);
    if !args.yes {
        if !context.output.can_ask() {
            return Err(Failure::new(
                ExitStatus::Usage,
                format!("removing `{id}` needs --yes, since nobody can be asked"),
            )
            .hint("it deletes the tenant's folder and its database for good")
            .into());
        }
        let question = format!(
            "Delete {} and {} for good? Type the tenant's name: ",
            tenants.path(id).display(),
            database.display()
        );
        if context.output.ask(&question)? != id.as_str() {
            return Err(Failure::new(ExitStatus::Failure, format!("`{id}` was not removed")).into());
        }
    }
    tenants.remove(id, paths)?;
    let sentence =
        format!("removed {id}; its documents are still in {}", paths.tenant_knowledge(id).display());
    Done { tenant: id, file: None, result: "removed" }.print(&sentence, context)
}
