//! `iass tenant enable` and `disable`: whether a tenant's customers are answered.

use crate::{
    cli::{context::Context, exit::ExitStatus, tenant::Done},
    config::tenant_file::TenantDirectory,
    domain::tenant::TenantId,
};

pub(super) fn run(
    id: &TenantId,
    enabled: bool,
    tenants: &TenantDirectory,
    context: &Context,
) -> anyhow::Result<ExitStatus> {
    let changed = tenants.set_enabled(id, enabled, context.source.env())?;
    let word = if enabled { "enabled" } else { "disabled" };
    let sentence = if changed { format!("{id} is {word} now") } else { format!("{id} was {word} already") };
    let file = tenants.file(id);
    Done { tenant: id, file: Some(&file), result: if changed { word } else { "unchanged" } }
        .print(&sentence, context)
}
