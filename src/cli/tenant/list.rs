//! `iass tenant list`: all tenants, also those whose file is wrong.

use serde::Serialize;

use crate::{
    cli::{context::Context, exit::ExitStatus, table::Table},
    config::{
        errors::ConfigError,
        tenant::TenantConfig,
        tenant_file::{TenantDirectory, TenantFileError},
    },
    domain::{language::Language, money::Currency, tenant::TenantId},
};

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Right {
        tenant: &'a TenantId,
        ok: bool,
        name: &'a str,
        language: Language,
        timezone: Option<&'a str>,
        currency: Currency,
        enabled: bool,
    },
    Wrong {
        tenant: &'a TenantId,
        ok: bool,
        errors: &'a [ConfigError],
    },
}

impl<'a> Line<'a> {
    fn right(tenant: &'a TenantId, config: &'a TenantConfig) -> Self {
        Self::Right {
            tenant,
            ok: true,
            name: &config.name,
            language: config.language,
            timezone: config.timezone.iana_name(),
            currency: config.currency,
            enabled: config.enabled,
        }
    }
}

pub(super) fn run(tenants: &TenantDirectory, context: &Context) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["tenant", "name", "language", "time zone", "currency", "state"]);
    for (id, config) in tenants.load_all(context.source.env())? {
        match &config {
            Ok(config) if output.is_json() => output.json(&Line::right(&id, config))?,
            Err(TenantFileError::Wrong(errors)) if output.is_json() => {
                output.json(&Line::Wrong { tenant: &id, ok: false, errors: errors.as_slice() })?;
            }
            Ok(config) => table.row([
                id.to_string(),
                config.name.clone(),
                config.language.code().to_owned(),
                config.timezone.iana_name().unwrap_or_default().to_owned(),
                config.currency.to_string(),
                if config.enabled { "enabled" } else { "disabled" }.to_owned(),
            ]),
            Err(error) => {
                let state = match error {
                    TenantFileError::Wrong(errors) => match errors.as_slice().len() {
                        1 => "wrong: 1 error".to_owned(),
                        count => format!("wrong: {count} errors"),
                    },
                    other => other.to_string(),
                };
                table.row([
                    id.to_string(),
                    String::new(),
                    String::new(),
                    String::new(),
                    String::new(),
                    state,
                ]);
            }
        }
    }
    if table.is_empty() && !output.is_json() {
        output.note(format_args!("there are no tenants in {}", tenants.root().display()));
    }
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}
