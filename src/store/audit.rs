//! The audit log: who did what, when, to what. Lines are only ever added, and each holds the hash of the one before.
//!
//! A line's hash is SHA-256 over its fields, each preceded by its length in bytes as eight bytes, the most significant
//! first: the word `iass-audit-1`, then `seq` and `at_ms` as decimal digits, `actor`, `action`, `subject`, `detail` and
//! the hash of the line before (empty for the first). Lengths make every list of fields a text of its own, so that
//! nothing can be moved from one field into the next. The hash is written in lower-case hexadecimal digits.
//!
//! Where the log ends is kept apart from it, so that lines cut off at the end are missed too.

use rusqlite::{OptionalExtension, Transaction, params, types::ValueRef};
use sha2::{Digest as _, Sha256};

use super::{StoreError, TenantDb, conversation::timestamp};
use crate::domain::{
    audit::{AuditLine, AuditProblem, AuditVerdict},
    effect::AuditEntry,
};

/// What the encoding of a line begins with: another encoding would have another name.
const ENCODING: &str = "iass-audit-1";

/// A line as it is hashed. Bytes, because a log that was tampered with may hold anything.
struct Line<'a> {
    seq: i64,
    at_ms: i64,
    actor: &'a [u8],
    action: &'a [u8],
    subject: &'a [u8],
    detail: &'a [u8],
    previous: &'a [u8],
}

impl Line<'_> {
    fn hash(&self) -> String {
        let (seq, at_ms) = (self.seq.to_string(), self.at_ms.to_string());
        let numbers = [ENCODING.as_bytes(), seq.as_bytes(), at_ms.as_bytes()];
        let texts = [self.actor, self.action, self.subject, self.detail, self.previous];
        let mut hash = Sha256::new();
        for field in numbers.into_iter().chain(texts) {
            hash.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(field);
        }
        hash.finalize().iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect()
    }
}

/// A hexadecimal digit.
fn digit(value: u8) -> Option<char> {
    char::from_digit(u32::from(value), 16)
}

impl TenantDb {
    /// Lines before `before` (none: from the end), the newest first, at most `limit`.
    pub async fn audit_newest(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "select seq, at_ms, actor, action, subject, detail, hash from audit
                 where seq < ?1 order by seq desc limit ?2",
            )?;
            let rows = statement.query_map(params![before.unwrap_or(i64::MAX), limit], raw)?;
            rows.map(|row| line(row?)).collect()
        })
        .await
    }

    /// Lines after `after` (0: from the beginning), the oldest first, at most `limit`.
    pub async fn audit_oldest(&self, after: i64, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "select seq, at_ms, actor, action, subject, detail, hash from audit
                 where seq > ?1 order by seq limit ?2",
            )?;
            let rows = statement.query_map(params![after, limit], raw)?;
            rows.map(|row| line(row?)).collect()
        })
        .await
    }

    /// Whether the whole log is as it was written.
    pub async fn verify_audit(&self) -> Result<AuditVerdict, StoreError> {
        self.read(verify).await
    }
}

/// A stored line, whose time and detail are still to be understood.
type RawLine = (i64, i64, String, String, String, String, String);

fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawLine> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn line((seq, at_ms, actor, action, subject, detail, hash): RawLine) -> Result<AuditLine, StoreError> {
    // What was tampered with is shown as it is.
    let detail = serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail));
    Ok(AuditLine { seq, at: timestamp(at_ms)?, actor, action, subject, detail, hash })
}

fn verify(tx: &Transaction<'_>) -> Result<AuditVerdict, StoreError> {
    let broken = |seq, problem| Ok(AuditVerdict::Broken { seq, problem });
    let end: Option<(i64, Vec<u8>)> = tx
        .query_row("select seq, hash from audit_head where id = 1", [], |row| {
            Ok((row.get(0)?, bytes(row.get_ref(1)?).to_vec()))
        })
        .optional()?;
    let mut statement = tx.prepare(
        "select seq, at_ms, actor, action, subject, detail, previous, hash from audit order by seq",
    )?;
    let mut rows = statement.query([])?;
    let (mut last, mut previous) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        if seq != last + 1 {
            // A line in front of the first one has no place at all.
            let problem = if seq <= last { AuditProblem::OutOfOrder } else { AuditProblem::Missing };
            return broken((last + 1).min(seq), problem);
        }
        let line = Line {
            seq,
            at_ms: row.get(1)?,
            actor: bytes(row.get_ref(2)?),
            action: bytes(row.get_ref(3)?),
            subject: bytes(row.get_ref(4)?),
            detail: bytes(row.get_ref(5)?),
            previous: bytes(row.get_ref(6)?),
        };
        let hash = bytes(row.get_ref(7)?);
        if line.hash().as_bytes() != hash {
            return broken(seq, AuditProblem::Changed);
        }
        if line.previous != previous {
            return broken(seq, AuditProblem::OutOfOrder);
        }
        (last, previous) = (seq, hash.to_vec());
    }
    match end {
        Some((seq, hash)) if seq == last && hash == previous => {
            Ok(AuditVerdict::Sound { lines: u64::try_from(last).unwrap_or_default() })
        }
        Some((seq, _)) if seq < last => broken(seq + 1, AuditProblem::Added),
        // The record of the end itself was changed, or what it tells of is gone.
        Some((seq, _)) if seq == last => broken(seq, AuditProblem::Changed),
        Some(_) | None => broken(last + 1, AuditProblem::CutOff),
    }
}

/// The bytes of a text; of anything else none, which no hash was made of.
fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
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
        actor: entry.actor.as_bytes(),
        action: entry.action.as_bytes(),
        subject: entry.subject.as_bytes(),
        detail: detail.as_bytes(),
        previous: previous.as_bytes(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::fixture::Fixture;

    fn log(lines: i64) -> Fixture {
        let fixture = Fixture::new();
        for n in 1..=lines {
            let entry = AuditEntry {
                actor: "bot".to_owned(),
                action: "lead.saved".to_owned(),
                subject: format!("lead_{n}"),
                detail: json!({"n": n}),
            };
            fixture.db.write_blocking(|tx| append(tx, 1000 + n, &entry)).unwrap();
        }
        fixture
    }

    /// What a check finds after somebody ran `sql` on the file.
    fn after(lines: i64, sql: &str) -> Option<(i64, AuditProblem)> {
        let fixture = log(lines);
        fixture.db.write_blocking(|tx| Ok(tx.execute_batch(sql)?)).unwrap();
        match fixture.db.read_blocking(verify).unwrap() {
            AuditVerdict::Sound { lines: found } => {
                assert_eq!(found, u64::try_from(lines).unwrap());
                None
            }
            AuditVerdict::Broken { seq, problem } => Some((seq, problem)),
        }
    }

    #[test]
    fn a_log_nobody_touched_is_sound() {
        assert_eq!(after(0, ""), None);
        assert_eq!(after(5, ""), None);
    }

    #[test]
    fn every_changed_field_of_every_line_is_found_and_named() {
        for seq in 1..=4 {
            for change in [
                "at_ms = at_ms + 1",
                "actor = 'bot '",
                "actor = 'b', action = 'otlead.saved'",
                "action = 'lead.save'",
                "subject = replace(subject, 'lead', 'Lead')",
                "detail = replace(detail, ':', ': ')",
                "detail = cast(x'ff' as text)",
                "previous = upper(previous) || ' '",
                "hash = '0' || substr(hash, 2)",
                "hash = upper(hash)",
                "hash = ''",
            ] {
                let sql = format!("update audit set {change} where seq = {seq}");
                assert_eq!(after(4, &sql), Some((seq, AuditProblem::Changed)), "{sql}");
            }
        }
    }

    #[test]
    fn removed_added_and_reordered_lines_are_found_and_named() {
        use AuditProblem::{Added, Changed, CutOff, Missing, OutOfOrder};
        let check =
            |sql: &str, expected: (i64, AuditProblem)| assert_eq!(after(4, sql), Some(expected), "{sql}");
        check("delete from audit where seq = 1", (1, Missing));
        check("delete from audit where seq = 3", (3, Missing));
        check("delete from audit where seq = 4", (4, CutOff));
        check("delete from audit where seq > 1", (2, CutOff));
        check("delete from audit", (1, CutOff));
        check("delete from audit_head", (5, CutOff));
        check("update audit_head set seq = 3", (4, Added));
        check("update audit_head set hash = ''", (4, Changed));
        check(
            "update audit set seq = 100 where seq = 2; update audit set seq = 2 where seq = 3;
             update audit set seq = 3 where seq = 100",
            (2, Changed),
        );
        check("update audit set seq = 0 where seq = 2", (0, OutOfOrder));
        check(
            "insert into audit select 5, at_ms, actor, action, subject, detail, previous, hash from audit where seq = 4",
            (5, Changed),
        );
    }

    #[test]
    fn a_line_of_another_log_is_found_though_its_own_hash_fits() {
        let fixture = log(3);
        let other = Line {
            seq: 2,
            at_ms: 1,
            actor: b"bot",
            action: b"lead.saved",
            subject: b"lead_2",
            detail: b"{}",
            previous: b"0000",
        };
        let hash = other.hash();
        let sql = format!(
            "update audit set at_ms = 1, detail = '{{}}', previous = '0000', hash = '{hash}' where seq = 2"
        );
        fixture.db.write_blocking(|tx| Ok(tx.execute_batch(&sql)?)).unwrap();
        let verdict = fixture.db.read_blocking(verify).unwrap();
        assert_eq!(verdict, AuditVerdict::Broken { seq: 2, problem: AuditProblem::OutOfOrder });
    }

    /// The encoding is a promise: a log written today is checked by every later version.
    #[test]
    fn the_hash_of_a_line_is_what_the_documentation_says() {
        let line = Line {
            seq: 1,
            at_ms: 1_800_000_000_000,
            actor: b"system",
            action: b"contact.forgotten",
            subject: b"contact_1",
            detail: b"{}",
            previous: b"",
        };
        // python3: hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in fields)).hexdigest()
        insta::assert_snapshot!(line.hash(), @"c7d3f941a0bb69dd570317f688751d088287b4f5e05ecefc82dc7dbbc26c9039");
    }

    #[tokio::test]
    async fn the_log_is_read_from_both_ends() {
        let fixture = tokio::task::spawn_blocking(|| log(5)).await.unwrap();
        let seqs = |lines: Vec<AuditLine>| lines.into_iter().map(|line| line.seq).collect::<Vec<_>>();
        assert_eq!(seqs(fixture.db.audit_newest(None, 2).await.unwrap()), [5, 4]);
        assert_eq!(seqs(fixture.db.audit_newest(Some(4), 9).await.unwrap()), [3, 2, 1]);
        assert_eq!(seqs(fixture.db.audit_oldest(0, 2).await.unwrap()), [1, 2]);
        assert_eq!(seqs(fixture.db.audit_oldest(4, 9).await.unwrap()), [5]);
    }
}
