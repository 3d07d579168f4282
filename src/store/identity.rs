//! Who a message is from, where a channel calls the same contact by several names or by another one than before.
//!
//! Only what a provider states in so many words makes two names one contact; two that are known as two stay two.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::{
    contact::{Identity, Moved},
    conversation::ChannelKind,
    phone::twin,
};

impl TenantDb {
    /// Notes that a contact is called otherwise from now on, and has what waits for it go there. Not when somebody is
    /// called so already. Gives whether there was such a contact.
    pub async fn move_contact(&self, channel: ChannelKind, moved: Moved) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let Some(contact) = find(tx, channel, &moved.from, &Identity::default())? else {
                return Ok(false);
            };
            if !rename(tx, channel, &contact, &moved.to)? {
                return Ok(false);
            }
            tx.prepare_cached(
                "update outbox set contact = ?2
                 where conversation_id in (select id from conversation where contact_id = ?1)
                   and state in ('pending', 'dead')",
            )?
            .execute(params![contact, moved.to])?;
            Ok(true)
        })
        .await
    }
}

/// The contact that a channel calls so: by its conversation at the provider, by this name, by the other way to write it, by
/// any other name of it.
pub(super) fn find(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    name: &str,
    identity: &Identity,
) -> Result<Option<String>, StoreError> {
    if let Some(thread) = &identity.thread
        && let Some(known) = by_alias(tx, channel, thread)?
    {
        return Ok(Some(known));
    }
    if let Some(known) = by_address(tx, channel, name)? {
        return Ok(Some(known));
    }
    if channel.phone_of(name).is_some()
        && let Some(other) = twin(name)
        && let Some(known) = by_address(tx, channel, &other)?
    {
        return Ok(Some(known));
    }
    for alias in identity.aliases.iter().map(String::as_str).chain([name]) {
        if let Some(known) = by_alias(tx, channel, alias)? {
            return Ok(Some(known));
        }
    }
    for alias in &identity.aliases {
        if let Some(known) = by_address(tx, channel, alias)? {
            return Ok(Some(known));
        }
    }
    Ok(None)
}

/// Notes what a message tells of its contact: how it is called now, its username and its other names.
pub(super) fn note(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    contact: &str,
    name: &str,
    identity: &Identity,
) -> Result<(), StoreError> {
    let (address, username): (String, Option<String>) = tx
        .prepare_cached("select address, username from contact where id = ?1")?
        .query_row([contact], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // A number says more than an id that hides it.
    let is_better = channel.phone_of(name).is_some() || channel.phone_of(&address).is_none();
    if address != name && is_better {
        rename(tx, channel, contact, name)?;
    }
    if username != identity.username {
        tx.prepare_cached("update contact set username = ?2 where id = ?1")?
            .execute(params![contact, identity.username])?;
    }
    for alias in identity.aliases.iter().chain(&identity.thread) {
        tx.prepare_cached(
            "insert into contact_alias (channel, alias, contact_id) values (?1, ?2, ?3) on conflict do nothing",
        )?
        .execute(params![channel.as_str(), alias, contact])?;
    }
    Ok(())
}

/// Calls a contact otherwise, unless somebody is called so.
fn rename(tx: &Transaction<'_>, channel: ChannelKind, contact: &str, name: &str) -> Result<bool, StoreError> {
    let renamed = tx
        .prepare_cached(
            "update contact set address = ?2
             where id = ?1 and not exists (select 1 from contact other where other.channel = ?3 and other.address = ?2)",
        )?
        .execute(params![contact, name, channel.as_str()])?;
    Ok(renamed > 0)
}

fn by_address(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    address: &str,
) -> Result<Option<String>, StoreError> {
    let mut statement = tx.prepare_cached("select id from contact where channel = ?1 and address = ?2")?;
    Ok(statement.query_row(params![channel.as_str(), address], |row| row.get(0)).optional()?)
}

fn by_alias(tx: &Transaction<'_>, channel: ChannelKind, alias: &str) -> Result<Option<String>, StoreError> {
    let mut statement =
        tx.prepare_cached("select contact_id from contact_alias where channel = ?1 and alias = ?2")?;
    Ok(statement.query_row(params![channel.as_str(), alias], |row| row.get(0)).optional()?)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
