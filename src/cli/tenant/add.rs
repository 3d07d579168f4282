//! `iass tenant add`: a folder and a commented `tenant.toml` from a preset.

use crate::{
    cli::{
        context::Context,
        exit::ExitStatus,
        tenant::{Done, profile::Profile},
    },
    config::tenant_file::TenantDirectory,
    domain::tenant::TenantId,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tenant: 1 to 48 of a-z, 0-9, - and _; it names the folder and the database
    #[arg(value_name = "ID")]
    id: TenantId,
    /// The name customers know
    #[arg(long)]
    name: String,
    #[command(flatten)]
    profile: Profile,
}

pub(super) fn run(args: Args, tenants: &TenantDirectory, context: &Context) -> anyhow::Result<ExitStatus> {
    let written = args.profile.write(&args.name)?;
    let file = tenants.create(&args.id, &written.text, context.source.env())?;
    if let Some(guess) = written.guess {
        context.output.warn(format!("{guess}; change them in {} if they are wrong", file.display()));
    }
    let knowledge = context.config.paths.tenant_knowledge(&args.id);
    let sentence = format!(
        "made {}\nnext: fill in its facts, put documents into {}",
        file.display(),
        knowledge.display()
    );
    Done { tenant: &args.id, file: Some(&file), result: "added" }.print(&sentence, context)
}
