//! `iass tenant show`: what is in effect for a tenant, with the defaults filled in and the secrets masked, and the links
//! that lead customers into the chat.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use super::links::{self, Link, LinkArgs};
use crate::{
    cli::{block_on, context::Context, exit::ExitStatus},
    config::{tenant::TenantConfig, tenant_file::TenantDirectory},
    domain::tenant::TenantId,
};

/// Arguments of `iass tenant show`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tenant
    #[arg(value_name = "ID")]
    id: TenantId,
    #[command(flatten)]
    links: LinkArgs,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    tenant: &'a TenantId,
    file: &'a Path,
    #[serde(flatten)]
    config: &'a TenantConfig,
    links: &'a [Link],
}

pub(super) fn run(args: Args, tenants: &TenantDirectory, context: &Context) -> anyhow::Result<ExitStatus> {
    let Args { id, links: wanted } = args;
    let config = tenants.load(&id, context.source.env())?;
    config.warnings.iter().for_each(|warning| context.output.warn(warning));
    block_on(async move {
        let links = links::find(&wanted, &config, context).await?;
        if context.output.is_json() {
            let file = tenants.file(&id);
            context.output.json(&Shown { tenant: &id, file: &file, config: &config, links: &links })?;
        } else {
            let text = toml::to_string(&config).context("cannot show the tenant as TOML")?;
            context.output.bytes(text.as_bytes())?;
            for link in &links {
                // A comment, so that what is printed stays TOML.
                context.output.line(format_args!("# {}: {}", link.channel, link.url))?;
            }
        }
        links::draw(&wanted, &links, context)?;
        Ok(ExitStatus::Ok)
    })
}
