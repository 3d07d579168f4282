//! `iass tenant show`: what is in effect for a tenant, with the defaults filled in and the secrets masked.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    cli::{context::Context, exit::ExitStatus},
    config::{tenant::TenantConfig, tenant_file::TenantDirectory},
    domain::tenant::TenantId,
};

#[derive(Debug, Serialize)]
struct Shown<'a> {
    tenant: &'a TenantId,
    file: &'a Path,
    #[serde(flatten)]
    config: &'a TenantConfig,
}

pub(super) fn run(id: &TenantId, tenants: &TenantDirectory, context: &Context) -> anyhow::Result<ExitStatus> {
    let config = tenants.load(id, context.source.env())?;
    config.warnings.iter().for_each(|warning| context.output.warn(warning));
    if context.output.is_json() {
        context.output.json(&Shown { tenant: id, file: &tenants.file(id), config: &config })?;
    } else {
        let text = toml::to_string(&config).context("cannot show the tenant as TOML")?;
        context.output.bytes(text.as_bytes())?;
    }
    Ok(ExitStatus::Ok)
}
