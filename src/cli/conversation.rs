//! `iass conversation`: what was said.

use clap::Subcommand;
use serde::Serialize;

use crate::{
    cli::{
        Startup, block_on,
        context::Context,
        exit::{ExitStatus, Failure},
        handoff::plain,
        knowledge::open::database,
        pages::for_each,
        table::Table,
    },
    domain::{
        conversation::{ConversationId, ConversationSummary},
        message::Message,
        tenant::TenantId,
    },
    store::TenantDb,
};

/// Messages read at once.
const PAGE: u32 = 500;

/// Arguments of `iass conversation`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: ConversationCommand,
}

#[derive(Debug, Subcommand)]
enum ConversationCommand {
    /// List the conversations, the one in which something happened last first
    ///
    /// With --json one object per line: {"conversation","contact","contact_name","channel","owner","messages",
    /// "created_at","updated_at"}.
    List(List),
    /// Print what was said in one
    ///
    /// With --json one object: the same fields, and `messages` is the list of them.
    Show(Show),
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
struct Show {
    /// The conversation
    #[arg(value_name = "ID")]
    id: String,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

/// A conversation with all that was said in it.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    conversation: &'a ConversationId,
    contact: &'a str,
    contact_name: Option<&'a str>,
    channel: crate::domain::conversation::ChannelKind,
    owner: crate::domain::handoff::Owner,
    messages: &'a [Message],
    created_at: jiff::Timestamp,
    updated_at: jiff::Timestamp,
}

/// Runs `iass conversation …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        ConversationCommand::List(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(list(&context, &db, args.limit))
        }
        ConversationCommand::Show(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(show(&context, &db, &args))
        }
    }
}

async fn list(context: &Context, db: &TenantDb, limit: Option<u32>) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["conversation", "contact", "channel", "owner", "messages", "last"]);
    let show = |found: ConversationSummary| {
        if output.is_json() {
            output.json(&found)?;
        } else {
            table.row([
                found.conversation.to_string(),
                found.contact_name.unwrap_or(found.contact),
                found.channel.to_string(),
                found.owner.as_str().to_owned(),
                found.messages.to_string(),
                found.updated_at.to_string(),
            ]);
        }
        Ok(())
    };
    let page = async |before: Option<(i64, String)>, limit| {
        db.conversations(before.map(|(ms, id)| (ms, ConversationId::new(id))), limit).await
    };
    let place =
        |found: &ConversationSummary| (found.updated_at.as_millisecond(), found.conversation.to_string());
    for_each(limit, page, place, show).await?;
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

async fn show(context: &Context, db: &TenantDb, args: &Show) -> anyhow::Result<ExitStatus> {
    let id = ConversationId::new(args.id.clone());
    let Some(found) = db.conversation(&id).await? else {
        let hint = format!("see `iass conversation list --tenant {}`", args.tenant);
        return Err(Failure::new(ExitStatus::NothingFound, format!("there is no conversation `{id}`"))
            .hint(hint)
            .into());
    };
    let mut messages: Vec<Message> = Vec::new();
    loop {
        let after = messages.last().map_or(0, |last| last.id);
        let more = db.messages(&id, after, PAGE).await?.unwrap_or_default();
        if more.is_empty() {
            break;
        }
        messages.extend(more);
    }
    let output = &context.output;
    if output.is_json() {
        output.json(&Whole {
            conversation: &found.conversation,
            contact: &found.contact,
            contact_name: found.contact_name.as_deref(),
            channel: found.channel,
            owner: found.owner,
            messages: &messages,
            created_at: found.created_at,
            updated_at: found.updated_at,
        })?;
        return Ok(ExitStatus::Ok);
    }
    let contact = found.contact_name.as_deref().unwrap_or(&found.contact);
    output.line(format_args!("{contact} by {}, owner: {}", found.channel, found.owner.as_str()))?;
    for message in &messages {
        output.line(format_args!(
            "{} {}: {}",
            message.created_at,
            message.role.as_str(),
            plain(&message.text)
        ))?;
    }
    Ok(ExitStatus::Ok)
}
