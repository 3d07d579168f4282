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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_is_one_gap_and_the_most_asked_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        db.record_gap("¿Hacen tatuajes?", "hacen tatuajes", 0.1, 1).unwrap();
        db.record_gap("¿Venden libros?", "venden libros", 0.2, 2).unwrap();
        db.record_gap("hacen tatuajes", "hacen tatuajes", 0.3, 3).unwrap();
        let gaps = db.gaps(10).unwrap();
        let found: Vec<_> =
            gaps.iter().map(|gap| (gap.question.as_str(), gap.count, gap.first_ms, gap.last_ms)).collect();
        assert_eq!(found, [("hacen tatuajes", 2, 1, 3), ("¿Venden libros?", 1, 2, 2)]);
        assert_eq!(db.gaps(1).unwrap().len(), 1);
    }
}
