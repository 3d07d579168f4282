//! `iass tenant check`: every mistake of every `tenant.toml`.

use serde::Serialize;

use crate::{
    cli::{
        context::Context,
        exit::ExitStatus,
        output::{Output, OutputError},
    },
    config::{
        env::Env,
        errors::ConfigError,
        tenant_file::{TenantDirectory, TenantFileError},
    },
    domain::tenant::TenantId,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tenant; left out, all are checked
    #[arg(value_name = "ID")]
    id: Option<TenantId>,
}

/// What was found in one file.
#[derive(Debug, Serialize)]
pub(crate) struct FileReport<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a TenantId>,
    file: String,
    ok: bool,
    errors: &'a [ConfigError],
}

impl<'a> FileReport<'a> {
    /// Nothing is wrong.
    pub(crate) fn right(file: String) -> Self {
        Self { tenant: None, file, ok: true, errors: &[] }
    }

    /// Something is.
    pub(crate) fn wrong(file: String, errors: &'a [ConfigError]) -> Self {
        Self { tenant: None, file, ok: false, errors }
    }

    /// Prints it: a line when all is right, else a line for each error.
    pub(crate) fn print(&self, output: &Output) -> Result<(), OutputError> {
        if output.is_json() {
            return output.json(self);
        }
        if self.ok {
            return output.line(format_args!("{}: ok", self.file));
        }
        self.errors.iter().try_for_each(|error| output.line(error))
    }
}

pub(super) fn run(args: Args, tenants: &TenantDirectory, context: &Context) -> anyhow::Result<ExitStatus> {
    let ids = match args.id {
        Some(id) => vec![id],
        None => tenants.ids()?,
    };
    report_tenants(tenants, ids, context.source.env(), &context.output)
}

/// Checks these tenants and prints what is found.
pub(crate) fn report_tenants(
    tenants: &TenantDirectory,
    ids: Vec<TenantId>,
    env: &Env,
    output: &Output,
) -> anyhow::Result<ExitStatus> {
    let (mut right, mut wrong) = (0, 0);
    for error in tenants.misnamed()? {
        wrong += 1;
        let file = error.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        FileReport::wrong(file, &[error]).print(output)?;
    }
    for id in ids {
        let file = tenants.file(&id).display().to_string();
        match tenants.load(&id, env) {
            Ok(config) => {
                right += 1;
                config.warnings.iter().for_each(|warning| output.warn(warning));
                FileReport { tenant: Some(&id), ..FileReport::right(file) }.print(output)?;
            }
            Err(TenantFileError::Wrong(errors)) => {
                wrong += 1;
                FileReport { tenant: Some(&id), ..FileReport::wrong(file, errors.as_slice()) }
                    .print(output)?;
            }
            Err(other) => return Err(other.into()),
        }
    }
    if wrong > 0 {
        output.note(format_args!("{wrong} of {} tenants are wrong", right + wrong));
        return Ok(ExitStatus::BadConfiguration);
    }
    Ok(ExitStatus::Ok)
}
