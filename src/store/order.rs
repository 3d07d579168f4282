//! Orders and the stock they take. Every step is checked against the rows in the transaction that takes it: a proposal
//! sets pieces aside, a confirmation takes them, and what cannot be is refused and changes nothing.

mod propose;
mod settle;

use rusqlite::{OptionalExtension, Row, Transaction, params};

pub(super) use self::propose::propose;
pub use self::settle::OrderChange;
pub(super) use self::settle::{cancel_proposed, confirm};
use super::{StoreError, TenantDb, product::currency};
use crate::domain::{
    conversation::ConversationId,
    money::Money,
    order::{OrderItem, OrderRecord, OrderStatus},
};

/// What every reading of orders begins with; [`raw`] reads its columns.
const SELECT: &str = "\
    select o.id, o.contact_id, t.address, t.name, o.conversation_id, o.status, o.currency, o.total_minor, o.version,
           o.expires_ms, o.created_ms, o.updated_ms
    from sales_order o join contact t on t.id = o.contact_id";

impl TenantDb {
    /// Orders in a status (none: in any), the newest first: those before `before` (the time in milliseconds and the id of
    /// the last one seen), at most `limit`. A proposal whose time is over counts as expired.
    pub async fn orders(
        &self,
        status: Option<OrderStatus>,
        before: Option<(i64, String)>,
        limit: u32,
        now_ms: i64,
    ) -> Result<Vec<OrderRecord>, StoreError> {
        self.read(move |tx| {
            let (before_ms, before_id) = before.unwrap_or((i64::MAX, String::new()));
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where (o.created_ms, o.id) < (?1, ?2)
                   and (?3 is null or ?3 = case when o.status = 'proposed' and o.expires_ms <= ?5 then 'expired'
                                                else o.status end)
                 order by o.created_ms desc, o.id desc limit ?4"
            ))?;
            let status = status.map(OrderStatus::as_str);
            let rows = statement.query_map(params![before_ms, before_id, status, limit, now_ms], raw)?;
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(|row| record(tx, row, now_ms)).collect()
        })
        .await
    }

    /// An order by its number, in whichever case.
    pub async fn order(&self, id: &str, now_ms: i64) -> Result<Option<OrderRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |tx| find(tx, &id, now_ms)).await
    }
}

/// An order by its number, in whichever case.
pub(super) fn find(tx: &Transaction<'_>, id: &str, now_ms: i64) -> Result<Option<OrderRecord>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} where o.id = ?1"))?;
    let id = id.trim().trim_start_matches('#').to_uppercase();
    statement.query_row([id], raw).optional()?.map(|raw| record(tx, raw, now_ms)).transpose()
}

/// The order of a conversation that waits for the customer's word; also one whose time is over and that nobody marked
/// yet, which then says so.
pub(super) fn open_of(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    now_ms: i64,
) -> Result<Option<OrderRecord>, StoreError> {
    let mut statement =
        tx.prepare_cached(&format!("{SELECT} where o.conversation_id = ?1 and o.status = 'proposed'"))?;
    let found = statement.query_row([conversation.as_str()], raw).optional()?;
    found.map(|raw| record(tx, raw, now_ms)).transpose()
}

/// The last orders of a contact that are not open, the newest first.
pub(super) fn last_of(
    tx: &Transaction<'_>,
    contact_id: &str,
    limit: u32,
    now_ms: i64,
) -> Result<Vec<OrderRecord>, StoreError> {
    let mut statement = tx.prepare_cached(&format!(
        "{SELECT} where o.contact_id = ?1 and o.status <> 'proposed' order by o.created_ms desc, o.id desc limit ?2"
    ))?;
    let rows = statement.query_map(params![contact_id, limit], raw)?.collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(|row| record(tx, row, now_ms)).collect()
}

/// A stored order, whose names are still to be understood.
struct RawOrder {
    id: String,
    contact_id: String,
    contact: String,
    contact_name: Option<String>,
    conversation: String,
    status: String,
    currency: String,
    total_minor: i64,
    version: u32,
    expires_ms: i64,
    created_ms: i64,
    updated_ms: i64,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawOrder> {
    Ok(RawOrder {
        id: row.get(0)?,
        contact_id: row.get(1)?,
        contact: row.get(2)?,
        contact_name: row.get(3)?,
        conversation: row.get(4)?,
        status: row.get(5)?,
        currency: row.get(6)?,
        total_minor: row.get(7)?,
        version: row.get(8)?,
        expires_ms: row.get(9)?,
        created_ms: row.get(10)?,
        updated_ms: row.get(11)?,
    })
}

fn record(tx: &Transaction<'_>, raw: RawOrder, now_ms: i64) -> Result<OrderRecord, StoreError> {
    let currency = currency(&raw.currency)?;
    let status = OrderStatus::from_name(&raw.status)
        .ok_or_else(|| StoreError::value("status of an order", &raw.status))?;
    let is_over = status == OrderStatus::Proposed && raw.expires_ms <= now_ms;
    let money = |minor| Money { minor, currency };
    let mut statement = tx.prepare_cached(
        "select sku, name, quantity, unit_minor, total_minor from order_item where order_id = ?1 order by position",
    )?;
    let items = statement.query_map([&raw.id], |row| {
        Ok(OrderItem {
            sku: row.get(0)?,
            name: row.get(1)?,
            quantity: row.get(2)?,
            unit_price: money(row.get(3)?),
            total: money(row.get(4)?),
        })
    })?;
    Ok(OrderRecord {
        items: items.collect::<Result<_, _>>()?,
        status: if is_over { OrderStatus::Expired } else { status },
        total: money(raw.total_minor),
        id: raw.id,
        contact_id: raw.contact_id,
        contact: raw.contact,
        contact_name: raw.contact_name,
        conversation: ConversationId::new(raw.conversation),
        version: raw.version,
        expires_ms: raw.expires_ms,
        created_ms: raw.created_ms,
        updated_ms: raw.updated_ms,
    })
}

#[cfg(test)]
#[path = "order/tests.rs"]
mod tests;

#[cfg(test)]
#[path = "order/many_tests.rs"]
mod many_tests;
