//! `iass memory`: sums conversations up for the next ones, without waiting for the daemon to do it.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use crate::{
    cli::{
        Startup, block_on,
        context::Context,
        exit::ExitStatus,
        knowledge::open::{OpenKnowledge, open},
    },
    config::tenant_file::TenantDirectory,
    domain::tenant::TenantId,
    llm::pool::Pool,
    tenants,
    worker::summariser::Summariser,
};

/// Conversations taken at once.
const ROUND: u32 = 32;

/// Arguments of `iass memory`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: MemoryCommand,
}

#[derive(Debug, Subcommand)]
enum MemoryCommand {
    /// Sum up every conversation that has something new, and forget facts whose time is over
    ///
    /// The daemon does the same by itself when a conversation has been quiet for `memory.consolidate_after_min`. With
    /// --json: {"tenant","conversations","memories","expired_facts"}.
    Consolidate(Consolidate),
}

#[derive(Debug, clap::Args)]
struct Consolidate {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

/// Runs `iass memory …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        MemoryCommand::Consolidate(args) => consolidate(&context, &args.tenant),
    }
}

fn consolidate(context: &Context, id: &TenantId) -> anyhow::Result<ExitStatus> {
    let config = TenantDirectory::new(&context.config.paths.tenants).load(id, context.source.env())?;
    let OpenKnowledge { knowledge, .. } = open(context, id)?;
    let pool = Pool::new(&context.config.llm).context("cannot prepare to ask the models")?;
    let summariser = Summariser {
        pool: Arc::new(pool),
        embedder: knowledge.embedder().clone(),
        clock: context.clock.clone(),
    };
    let tenant = tenants::context(id, &config, &context.config.paths, knowledge)?;
    block_on(async move {
        let (mut conversations, mut memories) = (0_u64, 0_u64);
        // What is written from now on is for the next time.
        let now_ms = context.clock.now_ms();
        loop {
            let stretches = tenant.db.to_summarise(now_ms, ROUND).await?;
            if stretches.is_empty() {
                break;
            }
            for stretch in &stretches {
                let wording = summariser.wording(&tenant, config.limits.tokens_per_day).await?;
                conversations += 1;
                memories += u64::from(summariser.sum_up(&tenant, stretch, wording).await?);
            }
        }
        let expired = tenant.db.delete_expired_facts(now_ms).await?;
        tenant.db.finish_erasure().await?;
        if context.output.is_json() {
            context.output.json(&json!({
                "tenant": id,
                "conversations": conversations,
                "memories": memories,
                "expired_facts": expired,
            }))?;
        } else {
            context
                .output
                .note(format_args!("{conversations} conversations looked at, {memories} summed up"));
        }
        Ok(ExitStatus::Ok)
    })
}
