//! `iass lead`: who showed interest, listed, shown and exported for a spreadsheet or a program.

use clap::Subcommand;

use crate::{
    cli::{
        Startup, block_on,
        context::Context,
        exit::{ExitStatus, Failure},
        export::Format,
        knowledge::open::database,
        pages::for_each,
        table::Table,
    },
    domain::{
        lead::{Lead, LeadRecord},
        tenant::TenantId,
    },
    store::{TenantDb, lead::LeadsOf},
};

/// Arguments of `iass lead`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: LeadCommand,
}

#[derive(Debug, Subcommand)]
enum LeadCommand {
    /// List the leads, the newest first
    ///
    /// With --json one object per line, in the shape that a CRM gets.
    List(List),
    /// Show one lead
    Show(Show),
    /// Print all leads as a table for a spreadsheet, or as a JSON list
    ///
    /// In the table a cell that a spreadsheet would take for a formula begins with an apostrophe.
    Export(Export),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Only those of whom everything required is known
    #[arg(long)]
    complete: bool,
    /// The most to list
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The id of the lead or of its conversation
    #[arg(value_name = "ID")]
    id: String,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

#[derive(Debug, clap::Args)]
struct Export {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// What to print
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
    /// Only those of whom everything required is known
    #[arg(long)]
    complete: bool,
}

/// The columns of the table.
const HEADERS: [&str; 13] = [
    "lead_id",
    "created_at",
    "name",
    "phone_or_username",
    "email",
    "company_name",
    "interest_area",
    "problem_statement",
    "urgency_level",
    "qualification",
    "complete",
    "tenant",
    "conversation",
];

/// Runs `iass lead …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        LeadCommand::List(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(list(&context, &db, &args))
        }
        LeadCommand::Show(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(show(&context, &db, &args))
        }
        LeadCommand::Export(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(export(&context, &db, &args))
        }
    }
}

fn which(complete: bool) -> LeadsOf {
    if complete { LeadsOf::Complete } else { LeadsOf::Everybody }
}

async fn every(
    db: &TenantDb,
    tenant: &TenantId,
    of: LeadsOf,
    limit: Option<u32>,
    mut each: impl FnMut(Lead) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let page = async |before, limit| db.leads(of, before, limit).await;
    let place = |record: &LeadRecord| (record.created_ms, record.id.clone());
    for_each(limit, page, place, |record| each(record.public(tenant))).await
}

async fn list(context: &Context, db: &TenantDb, args: &List) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["lead", "since", "name", "email", "phone", "interest", "state"]);
    every(db, &args.tenant, which(args.complete), args.limit, |lead| {
        if output.is_json() {
            output.json(&lead)?;
            return Ok(());
        }
        let complete = if lead.complete { "complete" } else { "begun" }.to_owned();
        let contact = lead.contact_info;
        table.row([
            lead.lead_id,
            lead.created_at.to_string(),
            contact.name.unwrap_or_default(),
            contact.email.unwrap_or_default(),
            contact.phone_or_username.unwrap_or_default(),
            word(&lead.business_context.interest_area),
            complete,
        ]);
        Ok(())
    })
    .await?;
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

async fn show(context: &Context, db: &TenantDb, args: &Show) -> anyhow::Result<ExitStatus> {
    let Some(record) = db.lead(&args.id).await? else {
        let hint = format!("see `iass lead list --tenant {}`", args.tenant);
        return Err(Failure::new(ExitStatus::NothingFound, format!("there is no lead `{}`", args.id))
            .hint(hint)
            .into());
    };
    let lead = record.public(&args.tenant);
    if context.output.is_json() {
        context.output.json(&lead)?;
    } else {
        for (header, cell) in HEADERS.iter().zip(cells(&lead)) {
            context.output.line(format_args!("{header}: {}", super::handoff::plain(&cell)))?;
        }
    }
    Ok(ExitStatus::Ok)
}

async fn export(context: &Context, db: &TenantDb, args: &Export) -> anyhow::Result<ExitStatus> {
    let mut leads = Vec::new();
    every(db, &args.tenant, which(args.complete), None, |lead| {
        leads.push(lead);
        Ok(())
    })
    .await?;
    match args.format {
        Format::Json => context.output.json(&leads)?,
        Format::Csv => context.output.bytes(&csv(&leads)?)?,
    }
    Ok(ExitStatus::Ok)
}

fn csv(leads: &[Lead]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADERS)?;
    for lead in leads {
        writer.write_record(cells(lead).map(harmless))?;
    }
    Ok(writer.into_inner()?)
}

fn cells(lead: &Lead) -> [String; 13] {
    let contact = &lead.contact_info;
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    [
        lead.lead_id.clone(),
        lead.created_at.to_string(),
        text(&contact.name),
        text(&contact.phone_or_username),
        text(&contact.email),
        text(&lead.business_context.company_name),
        word(&lead.business_context.interest_area),
        text(&lead.problem_statement),
        word(&lead.urgency_level),
        word(&lead.qualification),
        lead.complete.to_string(),
        lead.tenant.to_string(),
        lead.conversation.to_string(),
    ]
}

/// The contract's word for a value.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A cell that no spreadsheet runs as a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>): what customers write ends in it.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        conversation::ConversationId,
        lead::{InterestArea, LeadDraft, Qualification, Urgency},
    };

    #[test]
    fn the_table_is_quoted_and_holds_no_formula() {
        let record = LeadRecord {
            id: "lead_1".to_owned(),
            contact_id: "c".to_owned(),
            conversation: ConversationId::new("conv_1"),
            draft: LeadDraft {
                name: Some("Ana \"la\" Pérez, SAS".to_owned()),
                phone: Some("+57 300 555 0102".to_owned()),
                email: Some("@SUM(A1)".to_owned()),
                company: Some("=HYPERLINK(\"http://x\")".to_owned()),
                interest: Some(InterestArea::Facturacion),
                problem: Some("-1 unidad\ny otra".to_owned()),
                urgency: Some(Urgency::Alto),
                qualification: Some(Qualification::Hot),
                ..LeadDraft::default()
            },
            completed_ms: Some(1),
            created_ms: 1_800_000_000_000,
            updated_ms: 1,
        };
        let lead = record.public(&TenantId::parse("acme").unwrap());
        let text = String::from_utf8(csv(&[lead]).unwrap()).unwrap();
        insta::assert_snapshot!(text, @r#"
        lead_id,created_at,name,phone_or_username,email,company_name,interest_area,problem_statement,urgency_level,qualification,complete,tenant,conversation
        lead_1,2027-01-15T08:00:00Z,"Ana ""la"" Pérez, SAS",'+57 300 555 0102,'@SUM(A1),"'=HYPERLINK(""http://x"")",Facturación,"'-1 unidad
        y otra",Alto,hot,true,acme,conv_1
        "#);
    }
}
