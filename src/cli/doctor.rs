//! `iass doctor`: whether the channels and calendars of the tenants would work, and what to fix.

use std::time::Duration;

use serde::Serialize;

use crate::{
    calendar::{CalendarError, RemoteCalendar},
    channel::check::{Finding, Verdict, check},
    cli::{Startup, block_on, context::Context, exit::ExitStatus},
    clock::Clock,
    config::{
        tenant::booking::{Booking, BookingProvider},
        tenant_file::{TenantDirectory, TenantFileError},
    },
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
struct Shown<'a, T: Serialize> {
    tenant: &'a TenantId,
    #[serde(flatten)]
    finding: &'a T,
}

/// What was found of a calendar elsewhere.
#[derive(Debug, Serialize)]
struct CalendarFinding {
    calendar: BookingProvider,
    check: &'static str,
    verdict: Verdict,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'static str>,
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
        if let Some(finding) = check_calendar(config.booking.as_ref()).await? {
            worst = worst.max(finding.verdict);
            show_calendar(id, &finding, context)?;
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

/// Shows the credentials of a calendar elsewhere to it.
async fn check_calendar(booking: Option<&Booking>) -> anyhow::Result<Option<CalendarFinding>> {
    let (Some(calendar), Some(booking)) = (RemoteCalendar::of(booking)?, booking) else { return Ok(None) };
    let (verdict, message) = match calendar.check(Clock::System.now_ms()).await {
        Ok(()) => (Verdict::Ok, "lets us in".to_owned()),
        Err(error @ CalendarError::Temporary(_)) => (Verdict::Unknown, error.to_string()),
        Err(error) => (Verdict::Wrong, error.to_string()),
    };
    let fix = (verdict == Verdict::Wrong)
        .then_some("check the address and the credentials in [booking]; docs/booking-http.md says what each calendar needs");
    Ok(Some(CalendarFinding { calendar: booking.provider, check: "credentials", verdict, message, fix }))
}

fn show_calendar(tenant: &TenantId, finding: &CalendarFinding, context: &Context) -> anyhow::Result<()> {
    if context.output.is_json() {
        return Ok(context.output.json(&Shown { tenant, finding })?);
    }
    let CalendarFinding { verdict, check, message, fix, .. } = finding;
    context.output.line(format_args!("{:<8} {tenant} calendar {check}: {message}", word(*verdict)))?;
    if let Some(fix) = fix {
        context.output.line(format_args!("         fix: {fix}"))?;
    }
    Ok(())
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Skipped => "skipped",
        Verdict::Warning => "warning",
        Verdict::Unknown => "unknown",
        Verdict::Wrong => "WRONG",
    }
}

fn show(tenant: &TenantId, finding: &Finding, context: &Context) -> anyhow::Result<()> {
    if context.output.is_json() {
        return Ok(context.output.json(&Shown { tenant, finding })?);
    }
    let word = word(finding.verdict);
    context.output.line(format_args!(
        "{word:<8} {tenant} {} {}: {}",
        finding.channel, finding.check, finding.message
    ))?;
    if let Some(fix) = &finding.fix {
        context.output.line(format_args!("         fix: {fix}"))?;
    }
    Ok(())
}
