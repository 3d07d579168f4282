//! What becomes of an order: sold, cancelled, handed over, or forgotten by the customer.

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::json;

use super::{StoreError, find};
use crate::{
    domain::{
        effect::{AuditEntry, Confirmation, Delivery, DeliveryEvent, LowStockNotice},
        order::{OrderRecord, OrderStatus},
        product::sku_key,
    },
    store::{TenantDb, audit, deliver, effect::Applying},
};

/// Orders that are marked as expired in one transaction.
const MAX_EXPIRED: u32 = 500;

/// How a change of an order by the business ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderChange {
    /// The order as it is now.
    Done(Box<OrderRecord>),
    /// There is no such order.
    NotFound,
    /// An order of this status cannot become what was wanted.
    Refused(OrderStatus),
}

impl TenantDb {
    /// Fulfils or cancels an order. The pieces of a sold order that is cancelled go back into the stock. `actor` is who
    /// does it, as the audit log names them. An order that is already so stays so.
    pub async fn settle_order(
        &self,
        id: &str,
        wanted: OrderStatus,
        actor: &str,
        now_ms: i64,
    ) -> Result<OrderChange, StoreError> {
        let (id, actor) = (id.to_owned(), actor.to_owned());
        self.write(move |tx| settle(tx, &id, wanted, &actor, now_ms)).await
    }

    /// Marks the proposals whose time is over, and tells how many there were and when the next one is due.
    pub async fn expire_orders(&self, now_ms: i64) -> Result<(usize, Option<i64>), StoreError> {
        let due = self
            .read(|tx| {
                let mut statement =
                    tx.prepare_cached("select min(expires_ms) from sales_order where status = 'proposed'")?;
                Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?)
            })
            .await?;
        if due.is_none_or(|due| due > now_ms) {
            return Ok((0, due));
        }
        self.write(move |tx| {
            let over: Vec<String> = tx
                .prepare_cached(
                    "select id from sales_order where status = 'proposed' and expires_ms <= ?1
                     order by expires_ms limit ?2",
                )?
                .query_map(params![now_ms, MAX_EXPIRED], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for id in &over {
                expire(tx, id, now_ms)?;
            }
            let next = tx
                .prepare_cached("select min(expires_ms) from sales_order where status = 'proposed'")?
                .query_row([], |row| row.get(0))?;
            Ok((over.len(), next))
        })
        .await
    }
}

/// Marks the open order of the conversation when its time is over.
pub(super) fn expire_open(applying: &Applying<'_>) -> Result<(), StoreError> {
    let over: Option<String> = applying
        .tx
        .prepare_cached(
            "select id from sales_order where conversation_id = ?1 and status = 'proposed' and expires_ms <= ?2",
        )?
        .query_row(params![applying.conversation.as_str(), applying.now_ms], |row| row.get(0))
        .optional()?;
    over.map_or(Ok(()), |id| expire(applying.tx, &id, applying.now_ms))
}

fn expire(tx: &Transaction<'_>, id: &str, now_ms: i64) -> Result<(), StoreError> {
    set_status(tx, id, OrderStatus::Expired, now_ms)?;
    note(tx, "system", "order.expired", id, now_ms)
}

/// Sells an open order: the pieces leave the stock, once.
///
/// [`StoreError::Stale`] when it is not the order that the customer saw, its time is over, or a product of it is not there any
/// more at that price and in that number.
pub(in crate::store) fn confirm(
    applying: &Applying<'_>,
    contact_id: &str,
    confirmation: &Confirmation,
) -> Result<(), StoreError> {
    let Some(order) = open(applying, &confirmation.id, confirmation.version)? else {
        return Err(StoreError::Stale);
    };
    for item in &order.items {
        let left: Option<u32> = applying
            .tx
            .prepare_cached(
                "update product set stock = stock - ?2, updated_ms = ?4
                 where sku_key = ?1 and active = 1 and stock >= ?2 and price_minor = ?3 and currency = ?5
                 returning stock",
            )?
            .query_row(
                params![
                    sku_key(&item.sku),
                    item.quantity,
                    item.unit_price.minor,
                    applying.now_ms,
                    item.unit_price.currency.code(),
                ],
                |row| row.get(0),
            )
            .optional()?;
        let Some(left) = left else { return Err(StoreError::Stale) };
        let limit = confirmation.low_stock;
        if left <= limit && left.saturating_add(item.quantity) > limit {
            let notice = LowStockNotice { sku: item.sku.clone(), name: item.name.clone(), stock: left };
            for target in &confirmation.low_stock_targets {
                let delivery = Delivery {
                    target: *target,
                    event: DeliveryEvent::LowStock,
                    // Once for each sale that takes it below the limit.
                    subject: format!("{}#{}", item.sku, order.id),
                    payload: json!(notice),
                    urgent: false,
                };
                deliver::insert(applying, contact_id, &delivery)?;
            }
        }
    }
    set_status(applying.tx, &order.id, OrderStatus::Confirmed, applying.now_ms)?;
    Ok(())
}

/// Gives up an open order: the customer does not want it.
pub(in crate::store) fn cancel_proposed(
    applying: &Applying<'_>,
    id: &str,
    version: u32,
) -> Result<(), StoreError> {
    let Some(order) = open(applying, id, version)? else { return Err(StoreError::Stale) };
    set_status(applying.tx, &order.id, OrderStatus::Cancelled, applying.now_ms)?;
    Ok(())
}

/// The open order of the conversation, when it is the one that was seen and its time is not over.
fn open(applying: &Applying<'_>, id: &str, version: u32) -> Result<Option<OrderRecord>, StoreError> {
    let found = super::open_of(applying.tx, applying.conversation, applying.now_ms)?;
    Ok(found
        .filter(|order| order.id == id && order.version == version && order.status == OrderStatus::Proposed))
}

pub(super) fn settle(
    tx: &Transaction<'_>,
    id: &str,
    wanted: OrderStatus,
    actor: &str,
    now_ms: i64,
) -> Result<OrderChange, StoreError> {
    let Some(order) = find(tx, id, now_ms)? else { return Ok(OrderChange::NotFound) };
    if order.status == wanted {
        return Ok(OrderChange::Done(Box::new(order)));
    }
    if !order.status.may_become(wanted) || !matches!(wanted, OrderStatus::Fulfilled | OrderStatus::Cancelled)
    {
        return Ok(OrderChange::Refused(order.status));
    }
    if order.status == OrderStatus::Confirmed && wanted == OrderStatus::Cancelled {
        for item in &order.items {
            tx.prepare_cached("update product set stock = stock + ?2, updated_ms = ?3 where sku_key = ?1")?
                .execute(params![sku_key(&item.sku), item.quantity, now_ms])?;
        }
    }
    set_status(tx, &order.id, wanted, now_ms)?;
    let action = if wanted == OrderStatus::Fulfilled { "order.fulfilled" } else { "order.cancelled" };
    note(tx, actor, action, &order.id, now_ms)?;
    Ok(find(tx, &order.id, now_ms)?.map_or(OrderChange::NotFound, |order| OrderChange::Done(Box::new(order))))
}

fn set_status(tx: &Transaction<'_>, id: &str, status: OrderStatus, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "update sales_order set status = ?2, version = version + 1, updated_ms = ?3 where id = ?1",
    )?
    .execute(params![id, status.as_str(), now_ms])?;
    tx.prepare_cached("delete from stock_hold where order_id = ?1")?.execute([id])?;
    Ok(())
}

fn note(tx: &Transaction<'_>, actor: &str, action: &str, id: &str, now_ms: i64) -> Result<(), StoreError> {
    let entry = AuditEntry {
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: id.to_owned(),
        detail: json!({}),
    };
    audit::append(tx, now_ms, &entry)
}
