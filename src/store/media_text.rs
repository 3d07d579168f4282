//! What voice notes and pictures were read as. The files themselves are not kept.

use rusqlite::{OptionalExtension as _, params};

use super::{StoreError, TenantDb};

/// Texts that are kept; those that were not used for the longest time make room.
const MAX_TEXTS: usize = 2_000;

/// What a file was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaText {
    /// The words in it, or what it shows.
    pub text: String,
    /// The id of the key whose model read it.
    pub key_id: String,
}

impl TenantDb {
    /// What a file was read as before, if it was read since `since_ms`.
    pub async fn media_text(
        &self,
        hash: String,
        since_ms: i64,
        now_ms: i64,
    ) -> Result<Option<MediaText>, StoreError> {
        let found = {
            let hash = hash.clone();
            self.read(move |tx| {
                let mut statement = tx.prepare_cached(
                    "select text, key_id from media_text where hash = ?1 and created_ms >= ?2",
                )?;
                let row = statement.query_row(params![hash, since_ms], |row| {
                    Ok(MediaText { text: row.get(0)?, key_id: row.get(1)? })
                });
                Ok(row.optional()?)
            })
            .await?
        };
        if found.is_some() {
            self.write(move |tx| {
                tx.prepare_cached("update media_text set used_ms = ?2 where hash = ?1")?
                    .execute(params![hash, now_ms])?;
                Ok(())
            })
            .await?;
        }
        Ok(found)
    }

    /// Keeps what a file was read as, and lets go of what was read before `since_ms` and of what is too much.
    pub async fn keep_media_text(
        &self,
        hash: String,
        media: MediaText,
        since_ms: i64,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("insert or replace into media_text values (?1, ?2, ?3, ?4, ?4)")?
                .execute(params![hash, media.text, media.key_id, now_ms])?;
            tx.prepare_cached("delete from media_text where created_ms < ?1")?.execute([since_ms])?;
            tx.prepare_cached(
                "delete from media_text where hash in
                 (select hash from media_text order by used_ms desc limit -1 offset ?1)",
            )?
            .execute([MAX_TEXTS])?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: usize) -> MediaText {
        MediaText { text: format!("texto {n}"), key_id: "a".to_owned() }
    }

    #[tokio::test]
    async fn what_is_old_or_was_not_used_for_long_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        let keep = async |n: usize, now_ms: i64| {
            db.keep_media_text(n.to_string(), text(n), 0, now_ms).await.unwrap();
        };
        let find = async |n: usize, since_ms: i64, now_ms: i64| {
            db.media_text(n.to_string(), since_ms, now_ms).await.unwrap()
        };
        keep(0, 10).await;
        keep(1, 20).await;
        assert_eq!(find(0, 10, 30).await, Some(text(0)));
        assert_eq!(find(0, 11, 30).await, None, "too old");
        for n in 2..=MAX_TEXTS {
            keep(n, 100).await;
        }
        assert_eq!(find(1, 0, 200).await, None, "the one that was not used for the longest time");
        assert_eq!(find(0, 0, 200).await, Some(text(0)));
        db.keep_media_text("new".to_owned(), text(0), 100, 300).await.unwrap();
        assert_eq!(find(0, 0, 300).await, None, "older than is kept");
        assert!(find(2, 0, 300).await.is_some());
    }
}
