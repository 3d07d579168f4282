//! Questions that the knowledge had no answer to, so that the owner sees what to write next.

use rusqlite::params;

use super::{StoreError, TenantDb};

/// Gaps that are kept: the rarest of the oldest make room.
const MAX_GAPS: usize = 5_000;

/// A question without an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct KnowledgeGap {
    /// As it was asked last.
    pub question: String,
    /// How often it was asked.
    pub count: u64,
    /// How sure the search was, 0..=1, the last time.
    pub confidence: f32,
    /// When it was asked first, in milliseconds since 1970 UTC.
    pub first_ms: i64,
    /// When it was asked last.
    pub last_ms: i64,
}

impl TenantDb {
    /// Counts a question that found nothing. Questions with the same `normalized` form are one gap. Blocking.
    pub fn record_gap(
        &self,
        question: &str,
        normalized: &str,
        confidence: f32,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write_blocking(|tx| {
            tx.prepare_cached(
                "insert into knowledge_gap (question, normalized, count, confidence, first_ms, last_ms)
                 values (?1, ?2, 1, ?3, ?4, ?4)
                 on conflict (normalized) do update
                 set question = excluded.question, count = count + 1, confidence = excluded.confidence,
                     last_ms = excluded.last_ms",
            )?
            .execute(params![question, normalized, confidence, now_ms])?;
            tx.prepare_cached(
                "delete from knowledge_gap where id in
                 (select id from knowledge_gap order by count desc, last_ms desc limit -1 offset ?1)",
            )?
            .execute([MAX_GAPS])?;
            Ok(())
        })
    }

    /// The questions that found nothing, the most asked first. Blocking.
    pub fn gaps(&self, limit: usize) -> Result<Vec<KnowledgeGap>, StoreError> {
        self.read_blocking(|tx| {
            let mut statement = tx.prepare_cached(
                "select question, count, confidence, first_ms, last_ms from knowledge_gap
                 order by count desc, last_ms desc limit ?1",
            )?;
            let rows = statement.query_map([limit], |row| {
                Ok(KnowledgeGap {
                    question: row.get(0)?,
                    count: row.get(1)?,
                    confidence: row.get(2)?,
                    first_ms: row.get(3)?,
                    last_ms: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
