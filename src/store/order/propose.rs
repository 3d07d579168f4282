//! Proposing an order: its pieces are set aside until the customer answers, or the time is over.

use rusqlite::{OptionalExtension, params};

use super::StoreError;
use crate::{
    domain::{effect::Proposal, order::total_of},
    store::{effect::Applying, product},
};

/// Proposes an order, or puts it in the place of what was proposed before.
///
/// [`StoreError::Stale`] when another proposal came between, or a product is not sold any more, costs something else, or has
/// fewer pieces than the proposal promises.
pub(in crate::store) fn propose(
    applying: &Applying<'_>,
    contact_id: &str,
    proposal: &Proposal,
) -> Result<(), StoreError> {
    let tx = applying.tx;
    super::settle::expire_open(applying)?;
    let open: Option<(String, u32)> = tx
        .prepare_cached(
            "select id, version from sales_order where conversation_id = ?1 and status = 'proposed'",
        )?
        .query_row([applying.conversation.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let version = match (&open, proposal.version) {
        (Some((id, version)), Some(seen)) if *id == proposal.id && *version == seen => seen + 1,
        (None, None) => 1,
        _ => return Err(StoreError::Stale),
    };
    let Some(total) =
        proposal.items.first().and_then(|first| total_of(&proposal.items, first.unit_price.currency))
    else {
        return Err(StoreError::Stale);
    };
    // What this order holds itself is free for it.
    tx.prepare_cached("delete from stock_hold where order_id = ?1")?.execute([&proposal.id])?;
    if version == 1 {
        let taken = tx.prepare_cached("select 1 from sales_order where id = ?1")?.exists([&proposal.id])?;
        if taken {
            // Two numbers in a billion are alike: another try has another one.
            return Err(StoreError::Stale);
        }
        tx.prepare_cached(
            "insert into sales_order (id, conversation_id, contact_id, status, currency, total_minor, version,
                                      expires_ms, created_ms, updated_ms)
             values (?1, ?2, ?3, 'proposed', ?4, ?5, 1, ?6, ?7, ?7)",
        )?
        .execute(params![
            proposal.id,
            applying.conversation.as_str(),
            contact_id,
            total.currency.code(),
            total.minor,
            proposal.expires_ms,
            applying.now_ms,
        ])?;
    } else {
        tx.prepare_cached(
            "update sales_order set currency = ?2, total_minor = ?3, version = ?4, expires_ms = ?5, updated_ms = ?6
             where id = ?1",
        )?
        .execute(params![
            proposal.id,
            total.currency.code(),
            total.minor,
            version,
            proposal.expires_ms,
            applying.now_ms,
        ])?;
        tx.prepare_cached("delete from order_item where order_id = ?1")?.execute([&proposal.id])?;
    }
    for (position, item) in proposal.items.iter().enumerate() {
        let fits = product::find(tx, &item.sku, applying.now_ms)?
            .is_some_and(|product| product.price == item.unit_price && product.available() >= item.quantity);
        if !fits {
            return Err(StoreError::Stale);
        }
        tx.prepare_cached(
            "insert into order_item (order_id, position, sku, name, quantity, unit_minor, total_minor)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            proposal.id,
            position,
            item.sku,
            item.name,
            item.quantity,
            item.unit_price.minor,
            item.total.minor,
        ])?;
        tx.prepare_cached(
            "insert into stock_hold (order_id, product_id, quantity, expires_ms)
             select ?1, id, ?3, ?4 from product where sku_key = ?2",
        )?
        .execute(params![
            proposal.id,
            crate::domain::product::sku_key(&item.sku),
            item.quantity,
            proposal.expires_ms,
        ])?;
    }
    Ok(())
}
