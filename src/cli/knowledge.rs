//! `iass knowledge`: searches and tends what a tenant knows.

mod list;
pub(crate) mod open;
mod search;

use clap::Subcommand;

use crate::{
    cli::{Startup, context::Context, exit::ExitStatus, table::Table},
    domain::tenant::TenantId,
    knowledge::ingest::IngestLock,
};

/// Arguments of `iass knowledge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: KnowledgeCommand,
}

#[derive(Debug, Subcommand)]
enum KnowledgeCommand {
    /// Find the passages that answer a question, or those of a file of questions
    ///
    /// Ends with 3 when nothing is found. --queries FILE.jsonl has {"id","text"} on each line and prints one line for
    /// each: {"id","hits":[{"document","chunk","score","text","heading"}],"confidence","answerable"}.
    Search(search::Args),
    /// List the documents
    List(OfTenant),
    /// Remove a document
    Remove(OneDocument),
    /// Make the index again from the stored documents
    Reindex(OfTenant),
    /// List the questions that found nothing, the most asked first
    Gaps(Gaps),
}

/// The tenant of a command.
#[derive(Debug, clap::Args)]
struct OfTenant {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

#[derive(Debug, clap::Args)]
struct OneDocument {
    /// The document's name, as `iass knowledge list` shows it
    #[arg(value_name = "NAME")]
    name: String,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

#[derive(Debug, clap::Args)]
struct Gaps {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// The most questions to list
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// Runs `iass knowledge …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        KnowledgeCommand::Search(args) => search::run(args, &context),
        KnowledgeCommand::List(args) => list::run(&args.tenant, &context),
        KnowledgeCommand::Remove(args) => remove(&args, &context),
        KnowledgeCommand::Reindex(args) => reindex(&args.tenant, &context),
        KnowledgeCommand::Gaps(args) => gaps(&args, &context),
    }
}

fn remove(args: &OneDocument, context: &Context) -> anyhow::Result<ExitStatus> {
    let db = open::database(context, &args.tenant)?;
    let _lock = IngestLock::take(db.path())?;
    let is_removed = db.remove_document(&args.name)?;
    if context.output.is_json() {
        let result = if is_removed { "removed" } else { "not_found" };
        context
            .output
            .json(&serde_json::json!({ "tenant": args.tenant, "document": args.name, "result": result }))?;
    } else if is_removed {
        context.output.note(format!("removed {}", args.name));
    } else {
        context.output.note(format!(
            "there is no document `{}`; see `iass knowledge list --tenant {}`",
            args.name, args.tenant
        ));
    }
    Ok(if is_removed { ExitStatus::Ok } else { ExitStatus::NothingFound })
}

fn reindex(tenant: &TenantId, context: &Context) -> anyhow::Result<ExitStatus> {
    let opened = open::open(context, tenant)?;
    let _lock = IngestLock::take(opened.knowledge.db().path())?;
    opened.knowledge.db().discard_index()?;
    let bar = crate::cli::ingest::ingest_bar(context);
    let chunks = opened.knowledge.refresh(|done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let chunks = chunks?;
    if context.output.is_json() {
        context.output.json(&serde_json::json!({ "tenant": tenant, "chunks": chunks }))?;
    }
    context.output.note(format!("{tenant}: {chunks} chunks indexed again"));
    Ok(ExitStatus::Ok)
}

fn gaps(args: &Gaps, context: &Context) -> anyhow::Result<ExitStatus> {
    let gaps = open::database(context, &args.tenant)?.gaps(args.limit)?;
    let time = |ms| jiff::Timestamp::from_millisecond(ms).map(|time| time.to_string()).unwrap_or_default();
    if context.output.is_json() {
        for gap in &gaps {
            context.output.json(&serde_json::json!({
                "question": gap.question,
                "count": gap.count,
                "confidence": gap.confidence,
                "first": time(gap.first_ms),
                "last": time(gap.last_ms),
            }))?;
        }
    } else {
        let mut table = Table::new(["count", "last", "question"]);
        for gap in &gaps {
            table.row([gap.count.to_string(), time(gap.last_ms), gap.question.clone()]);
        }
        context.output.table(&table)?;
    }
    Ok(if gaps.is_empty() { ExitStatus::NothingFound } else { ExitStatus::Ok })
}
