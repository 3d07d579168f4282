//! What customers are choosing: one object for each conversation, replaced as a whole.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{StoreError, effect::Applying};
use crate::domain::{cart::Cart, conversation::ConversationId};

/// What a conversation left open about a purchase.
pub(super) fn of_conversation(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
) -> Result<Cart, StoreError> {
    let stored: Option<String> = tx
        .prepare_cached("select content from cart where conversation_id = ?1")?
        .query_row([conversation.as_str()], |row| row.get(0))
        .optional()?;
    stored.map_or(Ok(Cart::default()), |json| {
        serde_json::from_str(&json).map_err(|e| StoreError::value("cart", e))
    })
}

/// Replaces it; one with nothing in it is no row.
pub(super) fn save(applying: &Applying<'_>, cart: &Cart) -> Result<(), StoreError> {
    if *cart == Cart::default() {
        applying
            .tx
            .prepare_cached("delete from cart where conversation_id = ?1")?
            .execute([applying.conversation.as_str()])?;
        return Ok(());
    }
    let content = serde_json::to_string(cart).map_err(|e| StoreError::value("cart", e))?;
    applying
        .tx
        .prepare_cached(
            "insert into cart (conversation_id, content, updated_ms) values (?1, ?2, ?3)
             on conflict (conversation_id) do update set content = excluded.content, updated_ms = excluded.updated_ms",
        )?
        .execute(params![applying.conversation.as_str(), content, applying.now_ms])?;
    Ok(())
}
