//! `iass catalog`: the products a tenant sells: imported from a file, listed, and a file to begin with.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::Subcommand;
use serde::{Deserialize, Serialize};

use crate::{
    catalog::{
        import::{self, BadRows, ImportError, ImportOptions, ImportReport, MEANINGS_WITHIN},
        index,
        search::{self, ProductQuery},
        table::{MAX_FILE_BYTES, TEMPLATE, TableError},
    },
    cli::{
        Startup, block_on,
        context::Context,
        exit::{ExitStatus, Failure},
        knowledge::open::{database, embedder},
        table::Table,
    },
    config::tenant_file::TenantDirectory,
    domain::{
        product::{ProductSearch, sku_key},
        tenant::TenantId,
    },
    store::product_import::{ChangeKind, Missing, Mode},
};

/// Arguments of `iass catalog`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// Bring a file into the catalogue: all of its rows, or none
    ///
    /// The first row names the columns, in Spanish, English or Portuguese: sku, name, description, price, stock, category,
    /// active, image_url; sku, name, price and stock are needed. Commas, semicolons or tabs, decimal commas or points, any
    /// usual encoding. Ends with 1 when a row is wrong (nothing is changed then), with 4 when rows were skipped.
    Import(Import),
    /// List the products
    ///
    /// With --json one object per line: {"sku","name","price","stock","reserved","active", …}.
    List(List),
    /// Search the products as a customer's question does
    ///
    /// --queries FILE.jsonl has {"id","text"} on each line and prints one line for each:
    /// {"id","offered":[{"sku","name","score", …}],"sold_out":[]}. Ends with 3 when nothing was found.
    Search(Search),
    /// Print an empty catalogue to fill in
    Template,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// The file [default: the tenant's `catalog.file` in its knowledge folder]
    #[arg(value_name = "FILE.csv")]
    file: Option<PathBuf>,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Take out the products that are not in the file
    #[arg(long)]
    replace: bool,
    /// With --replace: change nothing if more than this part of the catalogue would go
    #[arg(long, value_name = "PCT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    max_delete: u8,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
    /// Import the rows that are right and leave out those that are not
    #[arg(long)]
    skip_bad_rows: bool,
}

#[derive(Debug, clap::Args)]
struct List {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// The most to list
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct Search {
    /// What to search for
    #[arg(value_name = "QUERY", required_unless_present = "queries", conflicts_with = "queries")]
    query: Option<String>,
    /// Search for each line of a file
    #[arg(long, value_name = "FILE.jsonl")]
    queries: Option<PathBuf>,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// The most products
    #[arg(short, long, value_name = "N", default_value_t = 5)]
    k: usize,
}

/// One line of a file of queries.
#[derive(Debug, Deserialize)]
struct QueryLine {
    id: serde_json::Value,
    text: String,
}

/// What was found for a line.
#[derive(Debug, Serialize)]
struct FoundLine<'a> {
    id: &'a serde_json::Value,
    #[serde(flatten)]
    found: &'a ProductSearch,
}

/// Products read at once.
const PAGE: u32 = 1000;

/// Changes that are told one by one to people.
const SHOWN_CHANGES: usize = 20;

#[derive(Debug, Serialize)]
struct Line<'a> {
    tenant: &'a TenantId,
    dry_run: bool,
    #[serde(flatten)]
    report: &'a ImportReport,
}

/// Runs `iass catalog …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    match args.command {
        CatalogCommand::Import(args) => bring(&startup.load()?, args),
        CatalogCommand::List(args) => list(&startup.load()?, &args),
        CatalogCommand::Search(args) => find(&startup.load()?, &args),
        CatalogCommand::Template => {
            startup.output.bytes(TEMPLATE.as_bytes())?;
            Ok(ExitStatus::Ok)
        }
    }
}

fn bring(context: &Context, args: Import) -> anyhow::Result<ExitStatus> {
    let config =
        TenantDirectory::new(&context.config.paths.tenants).load(&args.tenant, context.source.env())?;
    let db = database(context, &args.tenant)?;
    let folder = context.config.paths.tenant_knowledge(&args.tenant);
    let file = args.file.clone().unwrap_or_else(|| folder.join(config.catalog_file()));
    let shown = file.display();
    let size = std::fs::metadata(&file).with_context(|| format!("cannot read {shown}"))?.len();
    if size > MAX_FILE_BYTES {
        let message = format!("{shown} has {size} bytes; at most {MAX_FILE_BYTES} are taken");
        return Err(Failure::new(ExitStatus::Failure, message).hint("split the file").into());
    }
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {shown}"))?;
    let options = ImportOptions {
        currency: config.currency,
        language: config.language,
        missing: if args.replace { Missing::Remove { max_pct: args.max_delete } } else { Missing::Keep },
        mode: if args.dry_run { Mode::Preview } else { Mode::Apply },
        bad_rows: if args.skip_bad_rows { BadRows::Skip } else { BadRows::Refuse },
        actor: "operator".to_owned(),
    };
    let report =
        import::import(&db, &bytes, options, &context.clock).map_err(|error| refused(error, &args, &file))?;
    if report.applied {
        make_meanings(context, &db, MEANINGS_WITHIN);
    }
    tell(context, &args, &file, &report)
}

/// Makes the vectors of names as far as there is time. Products are found by their words without them.
fn make_meanings(context: &Context, db: &crate::store::TenantDb, within: Duration) {
    let made = embedder(&context.config.embeddings)
        .and_then(|embedder| Ok(index::refresh_meanings(db, &embedder, within)?));
    match made {
        Ok(0) => {}
        Ok(left) => context.output.detail(format!(
            "the products are found by their words now; {left} names are searched by meaning once the daemon or a chat made their vectors"
        )),
        Err(error) => context.output.warn(format!("the products are found by their words only: {error:#}")),
    }
}

fn refused(error: ImportError, args: &Import, file: &Path) -> anyhow::Error {
    let hint = match &error {
        ImportError::TooManyRemoved { .. } => format!(
            "check the file; to take them out use --max-delete with more than {}, to keep them leave --replace out",
            args.max_delete
        ),
        ImportError::Table(TableError::Header { .. } | TableError::Empty) => {
            "`iass catalog template` prints a file to begin with".to_owned()
        }
        ImportError::Table(_) => String::new(),
        ImportError::Store(_) => return error.into(),
    };
    let failure = Failure::new(ExitStatus::Failure, format!("{}: {error}", file.display()));
    if hint.is_empty() { failure.into() } else { failure.hint(hint).into() }
}

fn tell(context: &Context, args: &Import, file: &Path, report: &ImportReport) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    if output.is_json() {
        output.json(&Line { tenant: &args.tenant, dry_run: args.dry_run, report })?;
    } else {
        for problem in &report.failed {
            let sku = problem.sku.as_ref().map_or(String::new(), |sku| format!(" ({sku})"));
            output.error(&format!("{}:{}{sku}: {}", file.display(), problem.line, problem.error), None);
        }
        for problem in &report.warnings {
            let sku = problem.sku.as_ref().map_or(String::new(), |sku| format!(" ({sku})"));
            output.warn(format!("{}:{}{sku}: {}", file.display(), problem.line, problem.error));
        }
        if args.dry_run {
            for change in report.changes.changes.iter().take(SHOWN_CHANGES) {
                output.line(change_line(change))?;
            }
        }
    }
    let is_refused = !report.failed.is_empty() && !args.skip_bad_rows;
    let done = if report.applied { "" } else { " (nothing was stored)" };
    let changes = &report.changes;
    output.note(format!(
        "{}: {} added, {} updated, {} unchanged, {} removed, {} rows wrong; {} rows in {} ms{done}",
        args.tenant,
        changes.added,
        changes.updated,
        changes.unchanged,
        changes.removed,
        report.failed.len(),
        report.rows,
        report.took_ms
    ));
    if is_refused {
        let message = format!("{} rows are wrong, and nothing was imported", report.failed.len());
        let hint = "correct them, or leave them out with --skip-bad-rows";
        return Err(Failure::new(ExitStatus::Failure, message).hint(hint).into());
    }
    Ok(if report.failed.is_empty() { ExitStatus::Ok } else { ExitStatus::PartFailed })
}

fn change_line(change: &crate::store::product_import::ProductChange) -> String {
    let sign = match change.change {
        ChangeKind::Added => "+",
        ChangeKind::Updated => "~",
        ChangeKind::Removed => "-",
    };
    let fields: Vec<String> =
        change.fields.iter().map(|(name, [before, after])| format!("{name}: {before} -> {after}")).collect();
    format!("{sign} {} {}", change.sku, fields.join(", ")).trim_end().to_owned()
}

fn find(context: &Context, args: &Search) -> anyhow::Result<ExitStatus> {
    let config =
        TenantDirectory::new(&context.config.paths.tenants).load(&args.tenant, context.source.env())?;
    let db = database(context, &args.tenant)?;
    let embedder = embedder(&context.config.embeddings)?;
    index::finish(&db, &embedder, config.language, MEANINGS_WITHIN, || false)?;
    let search = |text: &str| {
        let query = ProductQuery {
            text: text.to_owned(),
            language: config.language,
            k: args.k,
            now_ms: context.clock.now_ms(),
        };
        search::search(&db, &embedder, &query)
    };
    let output = &context.output;
    if let Some(file) = &args.queries {
        let lines =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: QueryLine = serde_json::from_str(line)
                .with_context(|| format!("{}:{}: not {{\"id\",\"text\"}}", file.display(), number + 1))?;
            output.json(&FoundLine { id: &line.id, found: &search(&line.text)? })?;
        }
        return Ok(ExitStatus::Ok);
    }
    let found = search(args.query.as_deref().unwrap_or_default())?;
    if output.is_json() {
        output.json(&found)?;
    } else {
        let mut table = Table::new(["score", "sku", "name", "price", "available"]);
        for hit in found.offered.iter().chain(&found.sold_out) {
            table.row([
                format!("{:.3}", hit.score),
                hit.product.sku.clone(),
                hit.product.name.clone(),
                hit.product.price.to_text(),
                hit.product.available().to_string(),
            ]);
        }
        output.table(&table)?;
    }
    let is_empty = found.offered.is_empty() && found.sold_out.is_empty();
    Ok(if is_empty { ExitStatus::NothingFound } else { ExitStatus::Ok })
}

fn list(context: &Context, args: &List) -> anyhow::Result<ExitStatus> {
    let db = database(context, &args.tenant)?;
    let output = &context.output;
    block_on(async {
        let now_ms = context.clock.now_ms();
        let mut table = Table::new(["sku", "name", "price", "stock", "reserved", "active"]);
        let (mut left, mut after) = (args.limit.unwrap_or(u32::MAX), None);
        while left > 0 {
            let wanted = left.min(PAGE);
            let products = db.products(after.take(), wanted, now_ms).await?;
            after = products.last().map(|product| sku_key(&product.sku));
            let count = u32::try_from(products.len()).unwrap_or(u32::MAX);
            for product in products {
                if output.is_json() {
                    output.json(&product)?;
                } else {
                    table.row([
                        product.sku,
                        product.name,
                        product.price.to_text(),
                        product.stock.to_string(),
                        product.reserved.to_string(),
                        product.active.to_string(),
                    ]);
                }
            }
            if count < wanted {
                break;
            }
            left -= count;
        }
        output.table(&table)?;
        Ok(ExitStatus::Ok)
    })
}
