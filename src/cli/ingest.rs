//! `iass ingest`: brings files into a tenant's knowledge.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    cli::{
        Startup,
        context::Context,
        exit::{ExitStatus, Failure},
        knowledge::open::{OpenKnowledge, open},
    },
    domain::tenant::TenantId,
    knowledge::ingest::{IngestOptions, IngestProgress, IngestReport},
};

/// Arguments of `iass ingest`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reads .md .txt .html .pdf .docx .csv .json .jsonl. What did not change is not read again.\n\
                        Ends with 4 when something could not be read; the rest is ingested."
)]
pub struct Args {
    /// Files and folders [default: the tenant's folder in paths.knowledge]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// File everything under this category [default: the name of the first sub-folder]
    #[arg(long, value_name = "C")]
    category: Option<String>,
    /// Remove the documents whose file is gone from below the paths
    #[arg(long)]
    prune: bool,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    tenant: &'a TenantId,
    #[serde(flatten)]
    report: &'a IngestReport,
}

/// Runs `iass ingest`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    let opened = open(&context, &args.tenant)?;
    let paths = if args.paths.is_empty() {
        let folder = context.config.paths.tenant_knowledge(&args.tenant);
        if !folder.is_dir() {
            let message = format!("there is no folder {}", folder.display());
            let hint = "put the documents there, or name files or folders: iass ingest PATH --tenant ID";
            return Err(Failure::new(ExitStatus::Failure, message).hint(hint).into());
        }
        vec![folder]
    } else {
        args.paths
    };
    let options = IngestOptions { category: args.category, prune: args.prune, dry_run: args.dry_run };
    let report = with_bar(&context, &opened, &paths, &options)?;
    if context.output.is_json() {
        context.output.json(&Line { tenant: &args.tenant, report: &report })?;
    }
    for failed in report.failed.iter().filter(|_| !context.output.is_json()) {
        context.output.error(&format!("{}: {}", failed.path, failed.error), None);
    }
    for suspect in report.warnings.iter().filter(|_| !context.output.is_json()) {
        context.output.warn(format!("{}: {}", suspect.path, suspect.warning));
    }
    context.output.note(summary(&args.tenant, &report, args.dry_run));
    Ok(if report.failed.is_empty() { ExitStatus::Ok } else { ExitStatus::PartFailed })
}

/// Ingests with a bar on a terminal and without a word elsewhere.
fn with_bar(
    context: &Context,
    opened: &OpenKnowledge,
    paths: &[PathBuf],
    options: &IngestOptions,
) -> anyhow::Result<IngestReport> {
    let bar = ingest_bar(context);
    let result = opened.ingester.ingest_paths(paths, options, |progress| show(&bar, progress));
    bar.finish_and_clear();
    Ok(result?)
}

/// A bar for an ingest; hidden where no bar may be drawn.
pub(crate) fn ingest_bar(context: &Context) -> ProgressBar {
    if !context.output.shows_progress() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {elapsed}  {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// Moves the bar.
pub(crate) fn show(bar: &ProgressBar, progress: IngestProgress<'_>) {
    bar.set_length(progress.files as u64);
    bar.set_position(progress.files_done as u64);
    bar.set_message(progress.file.to_owned());
}

fn summary(tenant: &TenantId, report: &IngestReport, dry_run: bool) -> String {
    let would = if dry_run { " (nothing was stored)" } else { "" };
    let failed = match report.failed.len() {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!(
        "{tenant}: {} added, {} updated, {} unchanged, {} removed{failed}; {} chunks in {} ms{would}",
        report.added, report.updated, report.unchanged, report.removed, report.chunks, report.took_ms
    )
}
