//! `iass appointment`: appointments listed, exported for a calendar program, cancelled and settled.

use clap::Subcommand;

use crate::{
    calendar::ics,
    cli::{
        Startup, block_on,
        context::Context,
        exit::{ExitStatus, Failure},
        knowledge::open::database,
        pages::for_each,
        table::Table,
    },
    config::{
        tenant::{TenantConfig, booking::BookingProvider},
        tenant_file::TenantDirectory,
    },
    domain::{
        appointment::{AppointmentRecord, AppointmentStatus, zoned},
        tenant::TenantId,
    },
    store::{
        TenantDb,
        appointment::{AppointmentFilter, StatusChange},
    },
};

/// Who changes an appointment at the command line, as the audit log names them.
const ACTOR: &str = "operator";

/// Arguments of `iass appointment`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: AppointmentCommand,
}

#[derive(Debug, Subcommand)]
enum AppointmentCommand {
    /// List the appointments in the order of their time
    ///
    /// With --json one object per line: {"appointment","service","service_name","resource","resource_name","start","end",
    /// "status","contact","channel","contact_name","conversation","details","created_at","updated_at"}.
    List(List),
    /// Show one appointment
    Show(One),
    /// Cancel an appointment; its time is free again
    ///
    /// The customer is not written to: tell them, or use the API, which does.
    Cancel(One),
    /// Note that the customer did not come
    NoShow(One),
    /// Print the appointments for a calendar program
    Export(List),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Only those with this status: held, booked, confirmed, cancelled, done or no_show
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<AppointmentStatus>,
    /// Only those that are still to come
    #[arg(long)]
    upcoming: bool,
    /// The most to list
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// As an iCalendar file (RFC 5545)
    #[arg(long)]
    ics: bool,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The appointment
    #[arg(value_name = "ID")]
    id: String,
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

fn status(name: &str) -> Result<AppointmentStatus, String> {
    AppointmentStatus::from_name(name)
        .ok_or_else(|| "use held, booked, confirmed, cancelled, done or no_show".to_owned())
}

/// Runs `iass appointment …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        AppointmentCommand::List(args) if args.ics => block_on(export(&context, &args)),
        AppointmentCommand::List(args) => block_on(list(&context, &args)),
        AppointmentCommand::Export(args) => block_on(export(&context, &args)),
        AppointmentCommand::Show(one) => {
            let (db, config) = open(&context, &one.tenant)?;
            block_on(async {
                match db.appointment(&one.id).await? {
                    Some(record) => show(&context, &record, &config),
                    None => Err(unknown(&one)),
                }
            })
        }
        AppointmentCommand::Cancel(one) => block_on(change(&context, &one, AppointmentStatus::Cancelled)),
        AppointmentCommand::NoShow(one) => block_on(change(&context, &one, AppointmentStatus::NoShow)),
    }
}

fn open(context: &Context, tenant: &TenantId) -> anyhow::Result<(TenantDb, TenantConfig)> {
    let config = TenantDirectory::new(&context.config.paths.tenants).load(tenant, context.source.env())?;
    Ok((database(context, tenant)?, config))
}

async fn each(
    context: &Context,
    db: &TenantDb,
    args: &List,
    each: impl FnMut(AppointmentRecord) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let filter = AppointmentFilter {
        status: args.status,
        from_ms: args.upcoming.then(|| context.clock.now_ms()),
        to_ms: None,
    };
    let page = async |after, limit| db.appointments(filter.clone(), after, limit).await;
    let place = |record: &AppointmentRecord| (record.slot.start_ms, record.id.clone());
    for_each(args.limit, page, place, each).await
}

async fn list(context: &Context, args: &List) -> anyhow::Result<ExitStatus> {
    let (db, config) = open(context, &args.tenant)?;
    let output = &context.output;
    let mut table = Table::new(["appointment", "start", "service", "with", "status", "contact"]);
    each(context, &db, args, |record| {
        if output.is_json() {
            output.json(&record.public(&config.timezone))?;
        } else {
            let start = zoned(record.slot.start_ms, &config.timezone).strftime("%Y-%m-%d %H:%M").to_string();
            table.row([
                record.id,
                start,
                record.service_name,
                record.resource_name,
                record.status.as_str().to_owned(),
                record.contact_name.unwrap_or(record.contact),
            ]);
        }
        Ok(())
    })
    .await?;
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

async fn export(context: &Context, args: &List) -> anyhow::Result<ExitStatus> {
    let (db, config) = open(context, &args.tenant)?;
    let mut records = Vec::new();
    each(context, &db, args, |record| {
        records.push(record);
        Ok(())
    })
    .await?;
    context.output.bytes(ics::feed(&config.name, &records).as_bytes())?;
    Ok(ExitStatus::Ok)
}

async fn change(context: &Context, one: &One, status: AppointmentStatus) -> anyhow::Result<ExitStatus> {
    let (db, config) = open(context, &one.tenant)?;
    let remote = config.booking.as_ref().is_some_and(|booking| booking.provider != BookingProvider::Builtin);
    let now_ms = context.clock.now_ms();
    let changed = db.set_appointment_status(&one.id, status, remote, ACTOR, None, now_ms).await?;
    match changed {
        StatusChange::Done(record) => show(context, &record, &config),
        StatusChange::Refused(is) => Err(Failure::new(
            ExitStatus::Failure,
            format!("the appointment is {} and cannot become {}", is.as_str(), status.as_str()),
        )
        .into()),
        StatusChange::NotFound => Err(unknown(one)),
    }
}

fn show(context: &Context, record: &AppointmentRecord, config: &TenantConfig) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    if output.is_json() {
        output.json(&record.public(&config.timezone))?;
        return Ok(ExitStatus::Ok);
    }
    let start = zoned(record.slot.start_ms, &config.timezone);
    let who = record.contact_name.as_deref().unwrap_or(&record.contact);
    output.line(format_args!("{} ({})", record.id, record.status.as_str()))?;
    output.line(format_args!("{}, {}", record.service_name, start.strftime("%A %Y-%m-%d %H:%M %Z")))?;
    if !record.resource_name.is_empty() {
        output.line(format_args!("with {}", record.resource_name))?;
    }
    output.line(format_args!("{who} by {} in {}", record.channel, record.conversation))?;
    Ok(ExitStatus::Ok)
}

fn unknown(one: &One) -> anyhow::Error {
    let hint = format!("see `iass appointment list --tenant {}`", one.tenant);
    Failure::new(ExitStatus::NothingFound, format!("there is no appointment `{}`", one.id)).hint(hint).into()
}
