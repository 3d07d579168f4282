//! `iass handoff`: who waits for a person, taking a conversation and giving it back. Works beside the daemon.

use clap::Subcommand;

use crate::{
    cli::{
        Startup, block_on,
        context::Context,
        exit::{ExitStatus, Failure},
        knowledge::open::database,
        pages::for_each,
        table::Table,
    },
    domain::{
        handoff::{HandoffState, HandoffSummary},
        tenant::TenantId,
    },
    store::{TenantDb, handoff::HandoffChange},
};

/// Who takes a conversation when nobody says and the environment names nobody.
const DEFAULT_PERSON: &str = "operator";

/// Arguments of `iass handoff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: HandoffCommand,
}

#[derive(Debug, Subcommand)]
enum HandoffCommand {
    /// List the calls for a person, the newest first
    ///
    /// With --json one object per line: {"handoff","conversation","channel","contact","contact_name","reason",
    /// "priority","state","taken_by","brief","created_at","taken_at","released_at"}.
    List(List),
    /// Show one call with what the person needs to know
    Show(One),
    /// Take a conversation: the bot is silent until it is given back
    ///
    /// With the id of a conversation you may step in where nobody called. Ends with 1 when somebody else has it.
    Take(Change),
    /// Give a conversation back to the bot
    Release(Change),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Only those that are waiting, taken or released
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<HandoffState>,
    /// The most to list
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The id of the handoff or of its conversation
    #[arg(value_name = "ID")]
    id: String,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

#[derive(Debug, clap::Args)]
struct Change {
    #[command(flatten)]
    one: One,
    /// Who you are [default: $USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

fn state(name: &str) -> Result<HandoffState, String> {
    HandoffState::from_name(name).ok_or_else(|| "use waiting, taken or released".to_owned())
}

/// Runs `iass handoff …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        HandoffCommand::List(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(list(&context, &db, &args))
        }
        HandoffCommand::Show(one) => {
            let db = database(&context, &one.tenant)?;
            block_on(async {
                let found = db.handoff(&one.id).await?.ok_or_else(|| unknown(&one))?;
                show(&context, &found)
            })
        }
        HandoffCommand::Take(change) => {
            let db = database(&context, &change.one.tenant)?;
            let by = person(&change, &context);
            block_on(async {
                let now_ms = context.clock.now_ms();
                let taken = db.take_handoff(&change.one.id, &by, now_ms, &context.ids).await?;
                done(&context, taken, &change.one, "is yours; the bot is silent")
            })
        }
        HandoffCommand::Release(change) => {
            let db = database(&context, &change.one.tenant)?;
            let by = person(&change, &context);
            block_on(async {
                let released = db.release_handoff(&change.one.id, &by, context.clock.now_ms()).await?;
                done(&context, released, &change.one, "is the bot's again")
            })
        }
    }
}

async fn list(context: &Context, db: &TenantDb, args: &List) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["handoff", "state", "priority", "reason", "contact", "since", "taken by"]);
    let show = |found: HandoffSummary| {
        if output.is_json() {
            output.json(&found)?;
        } else {
            table.row([
                found.handoff,
                found.state.as_str().to_owned(),
                found.priority.as_str().to_owned(),
                found.reason.as_str().to_owned(),
                found.contact_name.unwrap_or(found.contact),
                found.created_at.to_string(),
                found.taken_by.unwrap_or_default(),
            ]);
        }
        Ok(())
    };
    let page = async |before, limit| db.handoffs(args.state, before, limit).await;
    let place = |found: &HandoffSummary| (found.created_at.as_millisecond(), found.handoff.clone());
    for_each(args.limit, page, place, show).await?;
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

fn show(context: &Context, found: &HandoffSummary) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    if output.is_json() {
        output.json(found)?;
        return Ok(ExitStatus::Ok);
    }
    let contact = found.contact_name.as_deref().unwrap_or(&found.contact);
    output.line(format_args!("{} ({}, {})", found.handoff, found.state.as_str(), found.priority.as_str()))?;
    output.line(format_args!("{} by {} in {}", contact, found.channel, found.conversation))?;
    output.line(format_args!("reason: {}, {}", found.reason.as_str(), found.created_at))?;
    if let Some(by) = &found.taken_by {
        output.line(format_args!("taken by {by}"))?;
    }
    if !found.brief.summary.is_empty() {
        output.line(format_args!("\n{}", plain(&found.brief.summary)))?;
    }
    if let Some(lead) = &found.brief.lead {
        output.line(format_args!("\nlead: {lead}"))?;
    }
    if !found.brief.last_messages.is_empty() {
        output.line("")?;
    }
    for line in &found.brief.last_messages {
        output.line(format_args!("{}: {}", line.role, plain(&line.text)))?;
    }
    Ok(ExitStatus::Ok)
}

/// A customer's words without what could move a terminal's cursor.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

fn done(
    context: &Context,
    change: HandoffChange<HandoffSummary>,
    one: &One,
    sentence: &str,
) -> anyhow::Result<ExitStatus> {
    match change {
        HandoffChange::Done(found) => {
            if context.output.is_json() {
                context.output.json(&found)?;
            } else {
                context.output.note(format_args!("{} {sentence}", found.conversation));
            }
            Ok(ExitStatus::Ok)
        }
        HandoffChange::NotFound => Err(unknown(one).into()),
        HandoffChange::Conflict(found) => {
            let failure = match (found.state, &found.taken_by) {
                (HandoffState::Taken, Some(by)) => {
                    Failure::new(ExitStatus::Failure, format!("{by} has this conversation"))
                }
                _ => Failure::new(ExitStatus::Failure, "this conversation was given back to the bot")
                    .hint(format!("step in again with `iass handoff take {}`", found.conversation)),
            };
            Err(failure.into())
        }
    }
}

fn person(change: &Change, context: &Context) -> String {
    let environment = context.source.env().get("USER").filter(|user| !user.is_empty());
    change.by.as_deref().or(environment).unwrap_or(DEFAULT_PERSON).trim().to_owned()
}

fn unknown(one: &One) -> Failure {
    Failure::new(ExitStatus::NothingFound, format!("there is no handoff or conversation `{}`", one.id))
        .hint(format!("see `iass handoff list --tenant {}`", one.tenant))
}
