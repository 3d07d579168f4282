//! What a turn starts from besides the words: who speaks in the conversation, the lead, what is known of the contact,
//! and how much was used.

use rusqlite::{Transaction, params};

use super::{
    StoreError, TenantDb, appointment, appointment::BookingContext, cart, contact_fact, lead, order, product,
    usage,
};
use crate::domain::{
    cart::Cart, conversation::ConversationId, effect::ContactFact, handoff::Owner, lead::LeadRecord,
    message::Role, order::OrderRecord,
};

/// Facts that a turn is told.
const MAX_FACTS: u32 = 40;

/// Orders of the contact that a turn is told, besides the open one.
const MAX_ORDERS: u32 = 5;

/// The span in which a contact's messages are counted, in milliseconds.
const MINUTE_MS: i64 = 60_000;

/// What a turn starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnContext {
    /// The contact.
    pub contact_id: String,
    /// The name that people find the contact by at its provider.
    pub username: Option<String>,
    /// Who speaks for the business.
    pub owner: Owner,
    /// When a person was called, came, spoke last, or gave the conversation back, in milliseconds since 1970.
    pub owner_ms: i64,
    /// Answers of "I do not know" in a row.
    pub fallbacks: u32,
    /// The agents of the last turn, best first.
    pub agents: Vec<String>,
    /// The lead of the conversation.
    pub lead: Option<LeadRecord>,
    /// What is known of the contact and has not expired, the newest first; at most 40.
    pub facts: Vec<ContactFact>,
    /// Whether the tenant sells anything.
    pub sells: bool,
    /// The order that waits for the customer's word. Its status says so when its time is over.
    pub order: Option<OrderRecord>,
    /// The last orders of the contact that are not open, the newest first; at most 5.
    pub orders: Vec<OrderRecord>,
    /// What the customer is choosing.
    pub cart: Cart,
    /// How the appointments of the contact stand.
    pub booking: BookingContext,
    /// Messages of the contact within the last minute, those that wait for this turn included.
    pub messages_last_minute: u32,
    /// Tokens that the tenant spent today (UTC).
    pub tokens_today: u64,
    /// Those of them that were spent for this contact.
    pub contact_tokens_today: u64,
}

impl TenantDb {
    /// What a turn of this conversation starts from, in one read.
    pub async fn turn_context(
        &self,
        conversation: &ConversationId,
        now_ms: i64,
    ) -> Result<TurnContext, StoreError> {
        let conversation = conversation.clone();
        self.read(move |tx| read(tx, &conversation, now_ms)).await
    }
}

fn read(tx: &Transaction<'_>, conversation: &ConversationId, now_ms: i64) -> Result<TurnContext, StoreError> {
    let mut statement = tx.prepare_cached(
        "select c.contact_id, c.owner, c.owner_ms, c.fallbacks, c.agents, t.username
         from conversation c join contact t on t.id = c.contact_id where c.id = ?1",
    )?;
    let (contact_id, owner, owner_ms, fallbacks, agents, username) =
        statement.query_row([conversation.as_str()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, u32>(3)?,
                row.get::<_, String>(4)?,
                row.get(5)?,
            ))
        })?;
    let spent = usage::today(tx, &contact_id, now_ms)?;
    Ok(TurnContext {
        owner: Owner::from_name(&owner).ok_or_else(|| StoreError::value("owner", owner))?,
        owner_ms,
        fallbacks,
        agents: serde_json::from_str(&agents).map_err(|e| StoreError::value("list of agents", e))?,
        lead: lead::of_conversation(tx, conversation)?,
        facts: contact_fact::of_contact(tx, &contact_id, now_ms, MAX_FACTS)?,
        sells: product::any_active(tx)?,
        order: order::open_of(tx, conversation, now_ms)?,
        orders: order::last_of(tx, &contact_id, MAX_ORDERS, now_ms)?,
        cart: cart::of_conversation(tx, conversation)?,
        booking: appointment::context(tx, conversation, &contact_id, now_ms)?,
        messages_last_minute: messages_since(tx, &contact_id, now_ms - MINUTE_MS)?,
        tokens_today: spent.tokens,
        contact_tokens_today: spent.contact_tokens,
        contact_id,
        username,
    })
}

/// The messages of a contact that were accepted after `since_ms`, answered or not.
fn messages_since(tx: &Transaction<'_>, contact_id: &str, since_ms: i64) -> Result<u32, StoreError> {
    let mut count: u32 = tx
        .prepare_cached(
            "select count(*) from inbox i join conversation c on c.id = i.conversation_id
             where c.contact_id = ?1 and i.turn_id is null and i.received_ms > ?2",
        )?
        .query_row(params![contact_id, since_ms], |row| row.get(0))?;
    let recent: Vec<String> = tx
        .prepare_cached("select id from conversation where contact_id = ?1 and updated_ms > ?2")?
        .query_map(params![contact_id, since_ms], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for conversation in recent {
        // From the newest back to the first that is too old: a conversation of years has only a few of this minute.
        let mut statement = tx.prepare_cached(
            "select created_ms from message where conversation_id = ?1 and role = ?2 order by id desc",
        )?;
        let times = statement
            .query_map(params![conversation, Role::Customer.as_str()], |row| row.get::<_, i64>(0))?;
        for time in times {
            if time? <= since_ms {
                break;
            }
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}
