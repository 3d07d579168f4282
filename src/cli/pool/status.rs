//! `iass pool status`: the keys of the running daemon.

use std::time::Duration;

use super::daemon::Daemon;
use crate::{
    cli::{context::Context, exit::ExitStatus, table::Table},
    llm::pool::status::{KeyState, KeyStatus, PoolStatus},
};

/// How often is looked with `--watch`.
const EVERY: Duration = Duration::from_secs(2);

/// Moves the cursor to the top left and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Arguments of `iass pool status`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the daemon is, such as http://127.0.0.1:8080 [config: server.listen]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Look again every two seconds until interrupted
    #[arg(long)]
    watch: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<ExitStatus> {
    let daemon = Daemon::new(args.url.as_deref(), context)?;
    let clears = args.watch && context.output.colors_stdout();
    loop {
        let status = daemon.pool().await?;
        if context.output.is_json() {
            context.output.json(&status)?;
        } else {
            if clears {
                context.output.bytes(CLEAR.as_bytes())?;
            }
            show(&status, context)?;
        }
        if !args.watch {
            return Ok(ExitStatus::Ok);
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn show(status: &PoolStatus, context: &Context) -> anyhow::Result<()> {
    let output = &context.output;
    if status.pool_status.is_empty() {
        output.note("no keys are configured: the built-in answerer serves");
        return Ok(());
    }
    let mut table =
        Table::new(["key", "model", "tier", "conversations", "full", "requests/min", "in flight", "state"]);
    for key in &status.pool_status {
        table.row([
            key.key_id.clone(),
            key.model.clone(),
            key.tier.to_string(),
            format!("{} of {}", key.active_conversations, key.max_conversations),
            format!("{}%", key.capacity_pct),
            format!("{} of {}", key.requests_last_minute, key.requests_per_minute),
            key.in_flight.to_string(),
            state(key),
        ]);
    }
    output.table(&table)?;
    let traffic = &status.traffic;
    output.line(format!(
        "\n{} conversations hold a place, {}% of the ready places{}",
        status.total_active,
        status.pool_capacity_pct,
        if status.alert { ": add a key or raise its limits" } else { "" }
    ))?;
    if traffic.calls_per_minute > 0.0 {
        output.line(format!(
            "last {:.0} min: {:.1} messages and {:.1} requests a minute, {:.1} requests a message, {:.1} s each",
            traffic.minutes,
            traffic.messages_per_minute,
            traffic.calls_per_minute,
            traffic.calls_per_message,
            traffic.seconds_per_call
        ))?;
    }
    Ok(())
}

fn state(key: &KeyStatus) -> String {
    let reason = key.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    match key.state {
        KeyState::Cooling if key.cooling_s > 0 => format!("cooling {} s{reason}", key.cooling_s),
        KeyState::Cooling => format!("to be probed{reason}"),
        KeyState::Ready | KeyState::Disabled => format!("{}{reason}", key.state.as_str()),
    }
}
