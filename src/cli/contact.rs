//! `iass contact`: who writes, everything that is kept of one, and forgetting one.

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
        contact::{Contact, ContactMatch, Known},
        tenant::TenantId,
    },
    store::{TenantDb, contact::Forget},
};

/// Who forgets a contact at the command line, as the audit log names them.
const ACTOR: &str = "operator";

/// Arguments of `iass contact`.
#[derive(Debug, clap::Args)]
#[command(after_help = "A contact is named by its id, by channel:address, or by its address alone.")]
pub struct Args {
    #[command(subcommand)]
    command: ContactCommand,
}

#[derive(Debug, Subcommand)]
enum ContactCommand {
    /// List the contacts, the newest first
    ///
    /// With --json one object per line: {"contact","channel","address","name","created_at"}.
    List(List),
    /// Show what is known of a contact: facts, preferences and what earlier conversations were about
    Show(One),
    /// Print everything that is kept of a contact, from every table, as one JSON object
    Export(One),
    /// Delete everything that is kept of a contact, for good
    ///
    /// Nothing of it is left, not even in the bytes of the database file. The audit log keeps its lines, which hold ids
    /// only. Ends with 75 while a message of the contact is being answered.
    Forget(ForgetArgs),
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
struct One {
    /// The contact
    #[arg(value_name = "CONTACT")]
    contact: String,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

#[derive(Debug, clap::Args)]
struct ForgetArgs {
    #[command(flatten)]
    one: One,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// A contact with what is known of it.
#[derive(Debug, Serialize)]
struct Card {
    #[serde(flatten)]
    contact: Contact,
    #[serde(flatten)]
    known: Known,
}

/// Runs `iass contact …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        ContactCommand::List(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(list(&context, &db, args.limit))
        }
        ContactCommand::Show(one) => {
            let db = database(&context, &one.tenant)?;
            block_on(show(&context, &db, &one))
        }
        ContactCommand::Export(one) => {
            let db = database(&context, &one.tenant)?;
            block_on(async {
                let contact = find(&db, &one).await?;
                let all = db.export_contact(&contact.contact).await?.ok_or_else(|| unknown(&one))?;
                context.output.json(&all)?;
                Ok(ExitStatus::Ok)
            })
        }
        ContactCommand::Forget(args) => {
            let db = database(&context, &args.one.tenant)?;
            block_on(forget(&context, &db, &args))
        }
    }
}

async fn list(context: &Context, db: &TenantDb, limit: Option<u32>) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["contact", "channel", "address", "name", "since"]);
    let show = |contact: Contact| {
        if output.is_json() {
            output.json(&contact)?;
        } else {
            table.row([
                contact.contact,
                contact.channel.to_string(),
                contact.address,
                contact.name.unwrap_or_default(),
                contact.created_at.to_string(),
            ]);
        }
        Ok(())
    };
    let page = async |before, limit| db.contacts(before, limit).await;
    let place = |contact: &Contact| (contact.created_at.as_millisecond(), contact.contact.clone());
    for_each(limit, page, place, show).await?;
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

async fn show(context: &Context, db: &TenantDb, one: &One) -> anyhow::Result<ExitStatus> {
    let contact = find(db, one).await?;
    let known = db.known_of(&contact.contact, context.clock.now_ms()).await?;
    let output = &context.output;
    if output.is_json() {
        output.json(&Card { contact, known })?;
        return Ok(ExitStatus::Ok);
    }
    let name = contact.name.as_deref().unwrap_or_default();
    output.line(format_args!("{} {}:{} {name}", contact.contact, contact.channel, contact.address))?;
    for fact in &known.facts {
        output.line(format_args!("- {}: {}", plain(&fact.name), plain(&fact.value)))?;
    }
    for memory in &known.memories {
        output.line(format_args!("\n{}\n{}", memory.created_at, plain(&memory.text)))?;
    }
    Ok(ExitStatus::Ok)
}

async fn forget(context: &Context, db: &TenantDb, args: &ForgetArgs) -> anyhow::Result<ExitStatus> {
    let contact = find(db, &args.one).await?;
    let output = &context.output;
    if !args.yes && output.can_ask() {
        let question = format!(
            "Delete everything that is kept of {}:{} for good? [y/N] ",
            contact.channel, contact.address
        );
        let answer = output.ask(&question)?;
        if !matches!(answer.to_lowercase().as_str(), "y" | "yes" | "s" | "si" | "sí" | "sim") {
            return Err(Failure::new(ExitStatus::Failure, "nothing was deleted").into());
        }
    }
    match db.forget_contact(&contact.contact, ACTOR, context.clock.now_ms()).await? {
        Forget::NotFound => Err(unknown(&args.one).into()),
        Forget::Answering => {
            let message = "a message of this contact is being answered just now";
            Err(Failure::new(ExitStatus::TryAgain, message).hint("try again in a moment").into())
        }
        Forget::Done(forgotten) => {
            if !forgotten.erased {
                output.warn(
                    "another process reads the database just now: the last bytes go when it is next opened",
                );
            }
            if output.is_json() {
                output.json(&forgotten)?;
            } else {
                let rows: usize = forgotten.deleted.values().sum();
                output.note(format_args!("{} is forgotten: {rows} rows deleted", forgotten.contact));
            }
            Ok(ExitStatus::Ok)
        }
    }
}

async fn find(db: &TenantDb, one: &One) -> anyhow::Result<Contact> {
    match db.find_contact(&one.contact).await? {
        ContactMatch::One(contact) => Ok(contact),
        ContactMatch::Nobody => Err(unknown(one).into()),
        ContactMatch::Several(contacts) => {
            let names: Vec<String> =
                contacts.iter().map(|contact| format!("{}:{}", contact.channel, contact.address)).collect();
            let message = format!("several contacts are called `{}`", one.contact);
            Err(Failure::new(ExitStatus::Failure, message)
                .hint(format!("say which: {}", names.join(", ")))
                .into())
        }
    }
}

fn unknown(one: &One) -> Failure {
    Failure::new(ExitStatus::NothingFound, format!("there is no contact `{}`", one.contact))
        .hint(format!("see `iass contact list --tenant {}`", one.tenant))
}
