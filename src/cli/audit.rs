//! `iass audit`: who did what, and whether the log is still as it was written.

use clap::Subcommand;
use serde_json::json;

use crate::{
    cli::{
        Startup, block_on, context::Context, exit::ExitStatus, knowledge::open::database, pages::for_each,
        table::Table,
    },
    domain::{
        audit::{AuditLine, AuditVerdict},
        tenant::TenantId,
    },
    store::TenantDb,
};

/// Arguments of `iass audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// List the log, the oldest line first
    ///
    /// With --json one object per line: {"seq","at","actor","action","subject","detail","hash"}.
    List(List),
    /// Check the whole log: every line holds the hash of the one before it
    ///
    /// Ends with 3 and names the first bad line when something was changed, removed, added or reordered.
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Only the last lines, the newest first
    #[arg(long, value_name = "N")]
    last: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

/// Runs `iass audit …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        AuditCommand::List(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(list(&context, &db, args.last))
        }
        AuditCommand::Verify(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(verify(&context, &db, &args.tenant))
        }
    }
}

async fn list(context: &Context, db: &TenantDb, last: Option<u32>) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["seq", "at", "actor", "action", "subject", "detail"]);
    let show = |line: AuditLine| {
        if output.is_json() {
            output.json(&line)?;
        } else {
            table.row([
                line.seq.to_string(),
                line.at.to_string(),
                line.actor,
                line.action,
                line.subject,
                line.detail.to_string(),
            ]);
        }
        Ok(())
    };
    let place = |line: &AuditLine| (line.seq, String::new());
    if let Some(last) = last {
        let page = async |before: Option<(i64, String)>, limit| {
            db.audit_newest(before.map(|(seq, _)| seq), limit).await
        };
        for_each(Some(last), page, place, show).await?;
    } else {
        let page = async |after: Option<(i64, String)>, limit| {
            db.audit_oldest(after.map_or(0, |(seq, _)| seq), limit).await
        };
        for_each(None, page, place, show).await?;
    }
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

async fn verify(context: &Context, db: &TenantDb, tenant: &TenantId) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    match db.verify_audit().await? {
        AuditVerdict::Sound { lines } => {
            if output.is_json() {
                output.json(&json!({"tenant": tenant, "ok": true, "lines": lines}))?;
            } else {
                output.line(format_args!("ok: {lines} lines"))?;
            }
            Ok(ExitStatus::Ok)
        }
        AuditVerdict::Broken { seq, problem } => {
            let sentence = format!("line {seq} {}", problem.explain());
            if output.is_json() {
                let first_bad = json!({"seq": seq, "problem": problem, "message": sentence});
                output.json(&json!({"tenant": tenant, "ok": false, "first_bad": first_bad}))?;
            } else {
                output.line(format_args!("broken: {sentence}"))?;
            }
            Ok(ExitStatus::NothingFound)
        }
    }
}
