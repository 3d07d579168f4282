//! `iass order`: what was sold, listed, shown, exported, handed over and cancelled.

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
        order::{Order, OrderRecord, OrderStatus},
        tenant::TenantId,
    },
    store::{TenantDb, order::OrderChange},
};

/// Who changes an order on the command line, as the audit log names them.
const ACTOR: &str = "operator";

/// Arguments of `iass order`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: OrderCommand,
}

#[derive(Debug, Subcommand)]
enum OrderCommand {
    /// List the orders, the newest first
    ///
    /// With --json one object per line: {"order","status","items","total","contact","created_at", …}.
    List(List),
    /// Show one order
    Show(Named),
    /// Print all orders for a spreadsheet, a row for each product, or as a JSON list
    Export(Export),
    /// The goods were handed over
    Fulfil(Named),
    /// Cancel an order; what was sold goes back into the stock
    Cancel(Named),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The tenant
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// Only those of this status: proposed, confirmed, fulfilled, cancelled, expired
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<OrderStatus>,
    /// The most to list
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct Named {
    /// The number of the order
    #[arg(value_name = "ORDER")]
    order: String,
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
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv")]
    format: Format,
    /// Only those of this status
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<OrderStatus>,
}

fn status(name: &str) -> Result<OrderStatus, String> {
    OrderStatus::from_name(name)
        .ok_or_else(|| "must be proposed, confirmed, fulfilled, cancelled or expired".to_owned())
}

/// Runs `iass order …`.
pub(crate) fn run(args: Args, startup: Startup) -> anyhow::Result<ExitStatus> {
    let context = startup.load()?;
    match args.command {
        OrderCommand::List(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(list(&context, &db, &args))
        }
        OrderCommand::Show(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(show(&context, &db, &args))
        }
        OrderCommand::Export(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(export(&context, &db, &args))
        }
        OrderCommand::Fulfil(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(settle(&context, &db, &args, OrderStatus::Fulfilled))
        }
        OrderCommand::Cancel(args) => {
            let db = database(&context, &args.tenant)?;
            block_on(settle(&context, &db, &args, OrderStatus::Cancelled))
        }
    }
}

async fn every(
    context: &Context,
    db: &TenantDb,
    status: Option<OrderStatus>,
    limit: Option<u32>,
    mut each: impl FnMut(Order) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let now_ms = context.clock.now_ms();
    let page = async |before, limit| db.orders(status, before, limit, now_ms).await;
    let place = |order: &OrderRecord| (order.created_ms, order.id.clone());
    for_each(limit, page, place, |order| each(order.public())).await
}

async fn list(context: &Context, db: &TenantDb, args: &List) -> anyhow::Result<ExitStatus> {
    let output = &context.output;
    let mut table = Table::new(["order", "since", "status", "contact", "products", "total"]);
    every(context, db, args.status, args.limit, |order| {
        if output.is_json() {
            output.json(&order)?;
            return Ok(());
        }
        let products: Vec<String> =
            order.items.iter().map(|item| format!("{} {}", item.quantity, item.sku)).collect();
        table.row([
            order.order,
            order.created_at.to_string(),
            order.status.to_string(),
            order.contact_name.unwrap_or(order.contact),
            products.join(", "),
            order.total.to_text(),
        ]);
        Ok(())
    })
    .await?;
    output.table(&table)?;
    Ok(ExitStatus::Ok)
}

async fn show(context: &Context, db: &TenantDb, args: &Named) -> anyhow::Result<ExitStatus> {
    let Some(order) = db.order(&args.order, context.clock.now_ms()).await? else {
        return Err(unknown(args));
    };
    print(context, &order)?;
    Ok(ExitStatus::Ok)
}

async fn settle(
    context: &Context,
    db: &TenantDb,
    args: &Named,
    wanted: OrderStatus,
) -> anyhow::Result<ExitStatus> {
    match db.settle_order(&args.order, wanted, ACTOR, context.clock.now_ms()).await? {
        OrderChange::Done(order) => {
            print(context, &order)?;
            Ok(ExitStatus::Ok)
        }
        OrderChange::NotFound => Err(unknown(args)),
        OrderChange::Refused(status) => {
            let message = format!("the order {} is {status} and cannot become {wanted}", args.order);
            Err(Failure::new(ExitStatus::Failure, message).into())
        }
    }
}

fn unknown(args: &Named) -> anyhow::Error {
    let hint = format!("see `iass order list --tenant {}`", args.tenant);
    Failure::new(ExitStatus::NothingFound, format!("there is no order `{}`", args.order)).hint(hint).into()
}

fn print(context: &Context, order: &OrderRecord) -> anyhow::Result<()> {
    let (output, order) = (&context.output, order.public());
    if output.is_json() {
        output.json(&order)?;
        return Ok(());
    }
    output.line(format!("order    {}", order.order))?;
    output.line(format!("status   {}", order.status))?;
    output.line(format!("contact  {}", order.contact_name.as_deref().unwrap_or(&order.contact)))?;
    output.line(format!("since    {}", order.created_at))?;
    for item in &order.items {
        output.line(format!(
            "         {} × {} ({}) = {}",
            item.quantity,
            item.name,
            item.sku,
            item.total.to_text()
        ))?;
    }
    output.line(format!("total    {}", order.total.to_text()))?;
    Ok(())
}

async fn export(context: &Context, db: &TenantDb, args: &Export) -> anyhow::Result<ExitStatus> {
    let mut orders = Vec::new();
    every(context, db, args.status, None, |order| {
        orders.push(order);
        Ok(())
    })
    .await?;
    match args.format {
        Format::Json => context.output.json(&orders)?,
        Format::Csv => context.output.bytes(&csv(&orders)?)?,
    }
    Ok(ExitStatus::Ok)
}

fn csv(orders: &[Order]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "order",
        "status",
        "created_at",
        "contact",
        "contact_name",
        "sku",
        "name",
        "quantity",
        "unit_price",
        "total",
        "order_total",
        "currency",
    ])?;
    for order in orders {
        for item in &order.items {
            let row = [
                order.order.clone(),
                order.status.to_string(),
                order.created_at.to_string(),
                order.contact.clone(),
                order.contact_name.clone().unwrap_or_default(),
                item.sku.clone(),
                item.name.clone(),
                item.quantity.to_string(),
                item.unit_price.to_main(),
                item.total.to_main(),
                order.total.to_main(),
                order.total.currency.code().to_owned(),
            ];
            writer.write_record(row.map(harmless))?;
        }
    }
    Ok(writer.into_inner()?)
}

/// A cell that no spreadsheet runs as a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>): what customers write ends in it.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{cell}") } else { cell }
}
