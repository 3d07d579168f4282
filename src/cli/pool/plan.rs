//! `iass pool plan`: how many conversations a key carries, and why.

use super::daemon::Daemon;
use crate::{
    cli::{context::Context, exit::ExitStatus},
    llm::pool::plan::{Load, Plan},
};

/// Arguments of `iass pool plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Requests that the provider allows a key within a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rpm: u32,
    /// Messages that a customer sends within a minute while the conversation goes on
    #[arg(long, value_name = "M", value_parser = positive)]
    messages_per_minute: f64,
    /// Where a running daemon is, whose traffic is counted with [config: server.listen]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<ExitStatus> {
    let daemon = Daemon::new(args.url.as_deref(), context)?;
    let traffic = match daemon.pool().await {
        Ok(status) => Some(status.traffic),
        // A daemon that was named must be there; else the usual numbers do.
        Err(failure) if args.url.is_some() => return Err(failure.into()),
        Err(_) => None,
    };
    let plan = Plan::of(Load {
        requests_per_minute: args.rpm,
        messages_per_minute: args.messages_per_minute,
        traffic,
    });
    if context.output.is_json() {
        context.output.json(&plan)?;
    } else {
        explain(&plan, context)?;
    }
    Ok(ExitStatus::Ok)
}

fn explain(plan: &Plan, context: &Context) -> anyhow::Result<()> {
    let output = &context.output;
    let usable = f64::from(plan.requests_per_minute) * f64::from(plan.usable_pct) / 100.0;
    let how = if plan.is_measured { "measured" } else { "usual; nothing was measured" };
    output.line(format!("A key carries {} conversations at once.\n", plan.conversations_per_key))?;
    output.line(format!(
        "  {} requests a minute are allowed; {}% are planned with, so that messages may come together: {usable:.0}",
        plan.requests_per_minute, plan.usable_pct
    ))?;
    output.line(format!(
        "  a conversation takes {:.1} requests a minute: {:.1} messages, {:.1} requests each ({how})",
        plan.calls_per_conversation, plan.messages_per_minute, plan.calls_per_message
    ))?;
    output.line(format!(
        "  {usable:.0} / {:.1} = {}",
        plan.calls_per_conversation, plan.conversations_per_key
    ))?;
    output.line(format!("  about {:.1} requests are under way at that load", plan.requests_in_flight))?;
    if let Some(keys) = plan.keys_for_traffic {
        output.line(format!("\nWhat was measured in the last minutes needs {keys} such keys."))?;
    }
    output.line(format!(
        "\nFor each key: max_conversations = {}  requests_per_minute = {}",
        plan.conversations_per_key, plan.requests_per_minute
    ))?;
    Ok(())
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| *number > 0.0 && *number <= 10_000.0)
        .ok_or_else(|| "must be a number above 0 and up to 10000".to_owned())
}
