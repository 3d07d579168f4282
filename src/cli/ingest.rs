//! `iass ingest`: brings files into a tenant's knowledge.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    catalog::{
        import::{ImportOptions, ImportReport},
        source::{self, DEFAULT_FILE},
    },
    cli::{
        Startup,
        context::Context,
        exit::{ExitStatus, Failure},
        knowledge::open::{OpenKnowledge, open},
    },
    config::tenant_file::TenantDirectory,
    domain::tenant::TenantId,
    knowledge::ingest::{Failed, IngestOptions, IngestProgress, IngestReport},
    store::product_import::Mode,
};

/// Arguments of `iass ingest`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The tenant's catalogue (catalog.csv) is imported as products, each version of the file once.\n\
                        Reads .md .txt .html .pdf .docx .csv .json .jsonl. What did not change is not read again.\n\
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
    /// What came of the catalogue, if there was a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<&'a ImportReport>,
}

/// The catalogues among what was named: files, and those in the folders themselves.
fn catalogues(paths: &[PathBuf], file: &str) -> Vec<PathBuf> {
    let of_path = |path: &PathBuf| {
        if path.is_dir() {
            return source::in_folder(path, file);
        }
        Some(path.clone()).filter(|path| path.is_file() && source::is_catalog(path, file))
    };
    paths.iter().filter_map(of_path).collect()
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
    let directory = TenantDirectory::new(&context.config.paths.tenants);
    // Documents are read whatever is wrong with the tenant's file; a catalogue needs its currency.
    let config = directory.load(&args.tenant, context.source.env());
    let catalog_file = config.as_ref().map_or(DEFAULT_FILE, |config| config.catalog_file()).to_owned();
    let catalogues = catalogues(&paths, &catalog_file);
    let options = IngestOptions {
        category: args.category,
        prune: args.prune,
        dry_run: args.dry_run,
        catalog_file: Some(catalog_file),
    };
    let mut report = with_bar(&context, &opened, &paths, &options)?;
    let mut imports = Vec::new();
    for file in &catalogues {
        let imported = config.as_ref().map_err(ToString::to_string).and_then(|config| {
            let mode = if options.dry_run { Mode::Preview } else { Mode::Apply };
            let import = ImportOptions { mode, ..ImportOptions::new(config.currency, config.language) };
            source::import_once(opened.knowledge.db(), file, import, &context.clock)
                .map_err(|error| error.to_string())
        });
        match imported {
            Ok(None) => context.output.detail(format!("{}: imported before", file.display())),
            Ok(Some(imported)) => {
                report.failed.extend(imported.failed.iter().map(|problem| Failed {
                    path: format!("{}:{}", file.display(), problem.line),
                    error: format!("{}; nothing of the catalogue was imported", problem.error),
                }));
                imports.push(imported);
            }
            Err(error) => report.failed.push(Failed { path: file.display().to_string(), error }),
        }
    }
    if context.output.is_json() {
        context.output.json(&Line { tenant: &args.tenant, report: &report, catalog: imports.first() })?;
    }
    for failed in report.failed.iter().filter(|_| !context.output.is_json()) {
        context.output.error(&format!("{}: {}", failed.path, failed.error), None);
    }
    for suspect in report.warnings.iter().filter(|_| !context.output.is_json()) {
        context.output.warn(format!("{}: {}", suspect.path, suspect.warning));
    }
    for imported in imports.iter().filter(|imported| imported.failed.is_empty()) {
        let changes = &imported.changes;
        let would = if imported.applied { "" } else { " (nothing was stored)" };
        context.output.note(format!(
            "{}: catalogue: {} products added, {} updated, {} unchanged{would}",
            args.tenant, changes.added, changes.updated, changes.unchanged
        ));
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
