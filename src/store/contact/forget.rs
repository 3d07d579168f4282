//! Forgetting a contact: everything that is kept of it goes, in one transaction, and then from the bytes of the file.
//!
//! The audit log stays whole: it holds ids only, and gets a line that says that this id was forgotten. What was spent
//! with models stays in the tenant's sum, without whom it was spent for.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde_json::json;

use super::{
    holdings::HOLDINGS,
    quotes::{Quotes, gaps_that_quote},
};
use crate::{
    crash,
    domain::effect::AuditEntry,
    store::{StoreError, TenantDb, audit},
};

/// What forgetting a contact came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// The id it had.
    pub contact: String,
    /// How many rows of each table are gone.
    pub deleted: BTreeMap<&'static str, usize>,
    /// Whether nothing is left in the bytes of the file either. If not, somebody reads the database just now, or the
    /// disk is full: then it is done with the next opening.
    pub erased: bool,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// The contact is forgotten.
    Done(Forgotten),
    /// A message of the contact is being answered just now: nothing changed, try again in a moment.
    Answering,
    /// There is no contact with this id.
    NotFound,
}

impl TenantDb {
    /// Forgets the contact with this id. `actor` is who does it, as the audit log names them.
    pub async fn forget_contact(&self, id: &str, actor: &str, now_ms: i64) -> Result<Forget, StoreError> {
        let (id, actor) = (id.to_owned(), actor.to_owned());
        self.exclusive(move |path, connection| {
            let located = |e| StoreError::sqlite(path, e);
            // Rows are deleted by whose they are. Looking for rows that point to each of them would read whole tables.
            connection.pragma_update(None, "foreign_keys", false).map_err(located)?;
            connection.pragma_update(None, "secure_delete", true).map_err(located)?;
            let forgotten = in_one_transaction(path, connection, &id, &actor, now_ms);
            connection.pragma_update(None, "secure_delete", false).map_err(located)?;
            connection.pragma_update(None, "foreign_keys", true).map_err(located)?;
            let mut forgotten = forgotten?;
            if let Forget::Done(done) = &mut forgotten {
                crash::point("forget.before_erase");
                done.erased = super::erase::finish(path, connection).unwrap_or(false);
            }
            Ok(forgotten)
        })
        .await
    }
}

fn in_one_transaction(
    path: &Path,
    connection: &mut Connection,
    id: &str,
    actor: &str,
    now_ms: i64,
) -> Result<Forget, StoreError> {
    let located = |e| StoreError::sqlite(path, e);
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(located)?;
    let forgotten = forget(&tx, id, actor, now_ms).map_err(|e| e.at(path))?;
    crash::point("forget.before_commit");
    tx.commit().map_err(located)?;
    Ok(forgotten)
}

fn forget(tx: &Transaction<'_>, id: &str, actor: &str, now_ms: i64) -> Result<Forget, StoreError> {
    if !tx.prepare("select 1 from contact where id = ?1")?.exists([id])? {
        return Ok(Forget::NotFound);
    }
    let answering = tx
        .prepare(
            "select 1 from conversation where contact_id = ?1 and lease_owner is not null and lease_until_ms > ?2",
        )?
        .exists(params![id, now_ms])?;
    if answering {
        return Ok(Forget::Answering);
    }
    let mut deleted = BTreeMap::new();
    // Before what they are told by is gone.
    let gaps = gaps_that_quote(tx, &Quotes::of(tx, id)?)?;
    let mut delete_gap = tx.prepare("delete from knowledge_gap where id = ?1")?;
    for gap in &gaps {
        delete_gap.execute([gap.id])?;
    }
    deleted.insert("knowledge_gaps", gaps.len());
    // What their voice notes and pictures were read as stands in their messages, word for word.
    let texts = tx.execute(
        "delete from media_text where exists (
             select 1 from inbox i join conversation c on c.id = i.conversation_id
             where c.contact_id = ?1 and instr(i.text, trim(media_text.text)) > 0)",
        [id],
    )?;
    deleted.insert("media_texts", texts);
    tx.execute(
        "insert into usage (day, contact_id, key_id, calls, prompt_tokens, completion_tokens)
         select day, '', key_id, calls, prompt_tokens, completion_tokens from usage where contact_id = ?1
         on conflict (day, contact_id, key_id) do update
         set calls = calls + excluded.calls, prompt_tokens = prompt_tokens + excluded.prompt_tokens,
             completion_tokens = completion_tokens + excluded.completion_tokens",
        [id],
    )?;
    for holding in &HOLDINGS {
        let rows = tx.execute(&format!("delete from {} where {}", holding.table, holding.whose), [id])?;
        deleted.insert(holding.name, rows);
    }
    tx.execute("update erasure set due = 1 where id = 1", [])?;
    let entry = AuditEntry {
        actor: actor.to_owned(),
        action: "contact.forgotten".to_owned(),
        subject: id.to_owned(),
        detail: json!({"deleted": deleted}),
    };
    audit::append(tx, now_ms, &entry)?;
    Ok(Forget::Done(Forgotten { contact: id.to_owned(), deleted, erased: false }))
}
