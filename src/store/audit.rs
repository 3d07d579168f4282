//! The audit log: who did what, when, to what. Lines are only ever added, and each holds the hash of the one before.
//!
//! A line's hash is SHA-256 over its fields, each preceded by its length in bytes as eight bytes, the most significant
//! first: the word `iass-audit-1`, then `seq` and `at_ms` as decimal digits, `actor`, `action`, `subject`, `detail` and
//! the hash of the line before (empty for the first). Lengths make every list of fields a text of its own, so that
//! nothing can be moved from one field into the next. The hash is written in lower-case hexadecimal digits.
//!
//! Where the log ends is kept apart from it, so that lines cut off at the end are missed too.

use rusqlite::{Transaction, params};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use crate::domain::effect::AuditEntry;

/// What the encoding of a line begins with: another encoding would have another name.
const ENCODING: &str = "iass-audit-1";

/// A line as it is hashed.
struct Line<'a> {
    seq: i64,
    at_ms: i64,
    actor: &'a str,
    action: &'a str,
    subject: &'a str,
    detail: &'a str,
    previous: &'a str,
}

impl Line<'_> {
    fn hash(&self) -> String {
        let (seq, at_ms) = (self.seq.to_string(), self.at_ms.to_string());
        let fields =
            [ENCODING, &seq, &at_ms, self.actor, self.action, self.subject, self.detail, self.previous];
        let mut hash = Sha256::new();
        for field in fields {
            hash.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(field);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Adds a line to the log.
pub(super) fn append(tx: &Transaction<'_>, at_ms: i64, entry: &AuditEntry) -> Result<(), StoreError> {
    let (last, previous): (i64, String) = tx
        .prepare_cached("select seq, hash from audit_head where id = 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let seq = last + 1;
    let detail = entry.detail.to_string();
    let line = Line {
        seq,
        at_ms,
        actor: &entry.actor,
        action: &entry.action,
        subject: &entry.subject,
        detail: &detail,
        previous: &previous,
    };
    let hash = line.hash();
    tx.prepare_cached(
        "insert into audit (seq, at_ms, actor, action, subject, detail, previous, hash)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![seq, at_ms, entry.actor, entry.action, entry.subject, detail, previous, hash])?;
    tx.prepare_cached("update audit_head set seq = ?1, hash = ?2 where id = 1")?
        .execute(params![seq, hash])?;
    Ok(())
}
