//! `iass ticket`: cases for the people who help, listed, closed and opened again.

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
        tenant::TenantId,
        ticket::{Ticket, TicketState},
    },
    store::TenantDb,
};

/// Who changes a case at the command line, as the audit log names them.
const ACTOR: &str = "operator";

/// Arguments of `iass ticket`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: TicketCommand,
}

#[derive(Debug, Subcommand)]
enum TicketCommand {
    /// List the cases, the newest first
    ///
    /// With --json one object per line: {"ticket","conversation","channel","contact","contact_name","subject",
    /// "detail","urgency","state","created_at","updated_at"}.
    List(List),
    /// Show one case
    Show(One),
    /// Close a case
    Close(One),
    /// Open a closed case again
    Reopen(One),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Only those that are open or closed
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<TicketState>,
    /// The most to list
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The case
    #[arg(value_name = "ID")]
    id: String,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

fn state(name: &str) -> Result<TicketState, String> {
    TicketState::from_name(name).ok_or_else(|| "use open or closed".to_owned())
}

/// Runs `iass ticket …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        TicketCommand::List(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(list(&context, &db, &args))
        }
        TicketCommand::Show(one) => {
            let db = database(&context, &one.tenant)?;
            block_on(async {
                let found = db.ticket(&one.id).await?;
                show(&context, found, &one)
            })
        }
        TicketCommand::Close(one) => change(&context, &one, TicketState::Closed),
        TicketCommand::Reopen(one) => change(&context, &one, TicketState::Open),
    }
}

fn change(context: &Context, one: &One, state: TicketState) -> anyhow::Result<ExitStatus> {
    let db = database(context, &one.tenant)?;
    block_on(async {
        let changed = db.set_ticket_state(&one.id, state, ACTOR, context.clock.now_ms()).await?;
        show(context, changed, one)
    })
}

async fn list(context: &Context, db: &TenantDb, args: &List) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["ticket", "state", "urgency", "contact", "since", "subject"]);
    let show = |ticket: Ticket| {
        if output.is_json() {
            output.json(&ticket)?;
        } else {
            table.row([
                ticket.ticket,
                ticket.state.as_str().to_owned(),
                ticket.urgency.as_str().to_owned(),
                ticket.contact_name.unwrap_or(ticket.contact),
                ticket.created_at.to_string(),
                ticket.subject,
            ]);
        }
        Ok(())
    };
    let page = async |before, limit| db.tickets(args.state, before, limit).await;
    let place = |ticket: &Ticket| (ticket.created_at.as_millisecond(), ticket.ticket.clone());
    for_each(args.limit, page, place, show).await?;
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

fn show(context: &Context, found: Option<Ticket>, one: &One) -> anyhow::Result<ExitStatus> {
    let Some(ticket) = found else {
        let hint = format!("see `iass ticket list --tenant {}`", one.tenant);
        return Err(Failure::new(ExitStatus::NothingFound, format!("there is no ticket `{}`", one.id))
            .hint(hint)
            .into());
    };
    let output = &context.output;
    if output.is_json() {
        output.json(&ticket)?;
        return Ok(ExitStatus::Ok);
    }
    let contact = ticket.contact_name.as_deref().unwrap_or(&ticket.contact);
    let (state, urgency) = (ticket.state.as_str(), ticket.urgency.as_str());
    output.line(format_args!("{} ({state}, {urgency})", ticket.ticket))?;
    output.line(format_args!(
        "{contact} by {} in {}, {}",
        ticket.channel, ticket.conversation, ticket.created_at
    ))?;
    output.line(format_args!("\n{}", super::handoff::plain(&ticket.subject)))?;
    output.line(super::handoff::plain(&ticket.detail))?;
    Ok(ExitStatus::Ok)
}
