//! Contacts: who they are, everything that is kept of them, and forgetting them.

mod erase;
mod export;
mod forget;
mod holdings;
mod quotes;

use rusqlite::{Row, Transaction, params};

pub(super) use self::erase::finish as finish_erasure;
pub use self::forget::{Forget, Forgotten};
use super::{StoreError, TenantDb, conversation::timestamp};
use crate::domain::{
    contact::{Contact, ContactMatch},
    conversation::ChannelKind,
};

/// What every reading of contacts begins with; [`raw`] reads its columns.
const SELECT: &str = "select id, channel, address, name, username, created_ms from contact";

/// The most contacts that are told when an address fits several.
const MAX_ALIKE: u32 = 10;

impl TenantDb {
    /// Contacts, the newest first: those before `before` (the time in milliseconds and the id of the last one seen), at
    /// most `limit`.
    pub async fn contacts(
        &self,
        before: Option<(i64, String)>,
        limit: u32,
    ) -> Result<Vec<Contact>, StoreError> {
        self.read(move |tx| {
            let (before_ms, before_id) = before.unwrap_or((i64::MAX, String::new()));
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where (created_ms, id) < (?1, ?2) order by created_ms desc, id desc limit ?3"
            ))?;
            let rows = statement.query_map(params![before_ms, before_id, limit], raw)?;
            rows.map(|row| contact(row?)).collect()
        })
        .await
    }

    /// The contact that a name means: an id, `channel:address`, or an address.
    pub async fn find_contact(&self, name: &str) -> Result<ContactMatch, StoreError> {
        let name = name.to_owned();
        self.read(move |tx| find(tx, &name)).await
    }
}

fn find(tx: &Transaction<'_>, name: &str) -> Result<ContactMatch, StoreError> {
    let mut by_id = tx.prepare_cached(&format!("{SELECT} where id = ?1"))?;
    let known = by_id.query_map([name], raw)?.map(|row| contact(row?)).next().transpose()?;
    if let Some(known) = known {
        return Ok(ContactMatch::One(known));
    }
    let on_channel =
        name.split_once(':').and_then(|(channel, address)| Some((ChannelKind::from_name(channel)?, address)));
    let (channel, address) = match on_channel {
        Some((channel, address)) => (Some(channel.as_str()), address),
        None => (None, name),
    };
    let mut by_address = tx.prepare_cached(&format!(
        "{SELECT} where address = ?1 and (?2 is null or channel = ?2) order by created_ms, id limit ?3"
    ))?;
    let rows = by_address.query_map(params![address, channel, MAX_ALIKE], raw)?;
    let mut found = rows.map(|row| contact(row?)).collect::<Result<Vec<_>, StoreError>>()?;
    Ok(match (found.pop(), found.is_empty()) {
        (None, _) => ContactMatch::Nobody,
        (Some(only), true) => ContactMatch::One(only),
        (Some(last), false) => {
            found.push(last);
            ContactMatch::Several(found)
        }
    })
}

/// A stored contact, whose channel and time are still to be understood.
type RawContact = (String, String, String, Option<String>, Option<String>, i64);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawContact> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn contact((id, channel, address, name, username, created_ms): RawContact) -> Result<Contact, StoreError> {
    Ok(Contact {
        contact: id,
        channel: ChannelKind::from_name(&channel).ok_or_else(|| StoreError::value("channel", channel))?,
        address,
        name,
        username,
        created_at: timestamp(created_ms)?,
    })
}

#[cfg(test)]
#[path = "contact/tests.rs"]
mod tests;
