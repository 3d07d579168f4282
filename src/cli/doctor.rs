//! `iass doctor`: whether the channels of the tenants would work, and what to fix.

use std::time::Duration;

use serde::Serialize;

use crate::{
    channel::check::{Finding, Verdict, check},
    cli::{Startup, block_on, context::Context, exit::ExitStatus},
    config::tenant_file::{TenantDirectory, TenantFileError},
    domain::tenant::TenantId,
};

/// How long a provider may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Arguments of `iass doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    tenant: &'a TenantId,
    #[serde(flatten)]
    finding: &'a Finding,
}

/// Runs `iass doctor`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    block_on(async move {
        let tenants = TenantDirectory::new(&context.config.paths.tenants);
        let ids = match args.tenant {
            Some(id) => vec![id],
            None => tenants.ids()?,
        };
        examine(&tenants, &ids, &context).await
    })
}

async fn examine(
    tenants: &TenantDirectory,
    ids: &[TenantId],
    context: &Context,
) -> anyhow::Result<ExitStatus> {
    let http = crate::channel::http_client()?;
    let public_url = context.config.server.public_url.as_deref();
    let (mut worst, mut is_misconfigured) = (Verdict::Ok, false);
    for id in ids {
        let config = match tenants.load(id, context.source.env()) {
            Ok(config) => config,
            Err(TenantFileError::Wrong(errors)) => {
                is_misconfigured = true;
                context
                    .output
                    .error(&errors.to_string(), Some("correct the file; its channels were not checked"));
                continue;
            }
            Err(other) => return Err(other.into()),
        };
        let checks = tokio::time::timeout(TIMEOUT * 4, check(&http, &config.channels, public_url, id));
        let Ok(findings) = checks.await else {
            worst = worst.max(Verdict::Unknown);
            context.output.warn(format_args!("{id}: the providers take too long to answer"));
            continue;
        };
        if findings.is_empty() {
            context.output.note(format_args!("{id}: no channel that has a provider"));
        }
        for finding in &findings {
            worst = worst.max(finding.verdict);
            show(id, finding, context)?;
        }
    }
    Ok(match worst {
        _ if is_misconfigured => ExitStatus::BadConfiguration,
        Verdict::Ok | Verdict::Skipped | Verdict::Warning => ExitStatus::Ok,
        Verdict::Unknown => {
            context.output.warn("not everything could be checked: see above");
            ExitStatus::Unavailable
        }
        Verdict::Wrong => ExitStatus::Failure,
    })
}

fn show(tenant: &TenantId, finding: &Finding, context: &Context) -> anyhow::Result<()> {
    if context.output.is_json() {
        return Ok(context.output.json(&Shown { tenant, finding })?);
    }
    let word = match finding.verdict {
        Verdict::Ok => "ok",
        Verdict::Skipped => "skipped",
        Verdict::Warning => "warning",
        Verdict::Unknown => "unknown",
        Verdict::Wrong => "WRONG",
    };
    context.output.line(format_args!(
        "{word:<8} {tenant} {} {}: {}",
        finding.channel, finding.check, finding.message
    ))?;
    if let Some(fix) = &finding.fix {
        context.output.line(format_args!("         fix: {fix}"))?;
    }
    Ok(())
}
