//! What models cost a tenant: set aside before they are asked, written down afterwards, and bounded by the month.
//!
//! What is set aside is in the database, because other processes spend from the same budget, and because it must hold
//! whatever happens to this one. It expires, so that a process that was killed takes nothing with it for ever.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::cost::Cost;

/// Months that are kept.
const MAX_MONTHS: usize = 36;

/// What a tenant may spend in a month; zero is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BudgetLimits {
    /// Tokens read and written.
    pub tokens: u64,
    /// Money.
    pub cost: Cost,
    /// Percent of a limit from which it is told.
    pub soft_pct: u8,
}

/// An amount that is spent or set aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Tokens read and written.
    pub tokens: u64,
    /// Money.
    pub cost: Cost,
}

/// What was spent with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySpending {
    /// The key's id.
    pub key_id: String,
    /// Requests.
    pub calls: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Money.
    pub cost: Cost,
}

/// Something set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationId(i64);

/// Whether an amount was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It was.
    Yes(ReservationId),
    /// The budget does not hold it.
    No {
        /// Whether that is told the first time this month.
        is_news: bool,
    },
}

impl BudgetLimits {
    /// Whether there is any.
    pub fn is_limited(&self) -> bool {
        self.tokens > 0 || self.cost > Cost::ZERO
    }

    /// Whether an amount is more than is allowed.
    fn are_exceeded_by(&self, amount: Amount) -> bool {
        self.tokens > 0 && amount.tokens > self.tokens || self.cost > Cost::ZERO && amount.cost > self.cost
    }

    /// How much of the tighter limit an amount is, in percent.
    fn percent(&self, amount: Amount) -> u64 {
        let of = |part: i128, whole: i128| if whole > 0 { part * 100 / whole } else { 0 };
        let tokens = of(i128::from(amount.tokens), i128::from(self.tokens));
        let cost = of(i128::from(amount.cost.nanos), i128::from(self.cost.nanos));
        u64::try_from(tokens.max(cost)).unwrap_or_default()
    }
}

impl TenantDb {
    /// Sets an amount aside until it is settled or `expires_ms`, if the month's budget holds it.
    pub async fn reserve_budget(
        &self,
        month: String,
        limits: BudgetLimits,
        amount: Amount,
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<Reserved, StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("delete from budget_reservation where expires_ms <= ?1")?.execute([now_ms])?;
            let (spent, aside) = (spent(tx, &month)?, set_aside(tx)?);
            let all = Amount {
                tokens: spent.tokens.saturating_add(aside.tokens).saturating_add(amount.tokens),
                cost: spent.cost.plus(aside.cost).plus(amount.cost),
            };
            if limits.are_exceeded_by(all) {
                // Others' answers may turn out cheaper; only what is really spent is worth an alert.
                let without = Amount {
                    tokens: spent.tokens.saturating_add(amount.tokens),
                    cost: spent.cost.plus(amount.cost),
                };
                let is_spent = limits.are_exceeded_by(without);
                return Ok(Reserved::No { is_news: is_spent && note(tx, &month, "hard", limits, now_ms)? });
            }
            tx.prepare_cached(
                "insert into budget_reservation (tokens, cost_nanos, expires_ms) values (?1, ?2, ?3)",
            )?
            .execute(params![amount.tokens, amount.cost.nanos, expires_ms])?;
            Ok(Reserved::Yes(ReservationId(tx.last_insert_rowid())))
        })
        .await
    }

    /// Writes down what was spent and gives back what was set aside for it. Returns how much of the budget is spent, in
    /// percent, when that is to be told: once a month.
    pub async fn settle_budget(
        &self,
        month: String,
        limits: BudgetLimits,
        reservation: Option<ReservationId>,
        spending: Vec<KeySpending>,
        now_ms: i64,
    ) -> Result<Option<u8>, StoreError> {
        self.write(move |tx| {
            if let Some(ReservationId(id)) = reservation {
                tx.prepare_cached("delete from budget_reservation where id = ?1")?.execute([id])?;
            }
            for spent in &spending {
                add(tx, &month, spent)?;
            }
            let pct = limits.percent(spent(tx, &month)?);
            let is_told = limits.is_limited()
                && pct >= u64::from(limits.soft_pct)
                && note(tx, &month, "soft", limits, now_ms)?;
            Ok(is_told.then(|| u8::try_from(pct).unwrap_or(u8::MAX)))
        })
        .await
    }

    /// What was spent in a month, by key.
    pub async fn spending(&self, month: String) -> Result<Vec<KeySpending>, StoreError> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "select key_id, calls, prompt_tokens, completion_tokens, cost_nanos
                 from spending where month = ?1 order by key_id",
            )?;
            let rows = statement.query_map([month], |row| {
                Ok(KeySpending {
                    key_id: row.get(0)?,
                    calls: row.get(1)?,
                    prompt_tokens: row.get(2)?,
                    completion_tokens: row.get(3)?,
                    cost: Cost::from_nanos(row.get(4)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

fn add(tx: &Transaction<'_>, month: &str, spent: &KeySpending) -> Result<(), StoreError> {
    let added = tx
        .prepare_cached(
            "update spending set calls = calls + ?3, prompt_tokens = prompt_tokens + ?4,
                                 completion_tokens = completion_tokens + ?5, cost_nanos = cost_nanos + ?6
             where month = ?1 and key_id = ?2",
        )?
        .execute(params![
            month,
            spent.key_id,
            spent.calls,
            spent.prompt_tokens,
            spent.completion_tokens,
            spent.cost.nanos
        ])?;
    if added == 0 {
        tx.prepare_cached("insert into spending values (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            month,
            spent.key_id,
            spent.calls,
            spent.prompt_tokens,
            spent.completion_tokens,
            spent.cost.nanos
        ])?;
        // A new row is rare: the time to let go of the oldest months.
        tx.prepare_cached(
            "delete from spending where month in
             (select distinct month from spending order by month desc limit -1 offset ?1)",
        )?
        .execute([MAX_MONTHS])?;
    }
    Ok(())
}

fn spent(tx: &Transaction<'_>, month: &str) -> Result<Amount, StoreError> {
    let mut statement = tx.prepare_cached(
        "select coalesce(sum(prompt_tokens + completion_tokens), 0), coalesce(sum(cost_nanos), 0)
         from spending where month = ?1",
    )?;
    Ok(statement
        .query_row([month], |row| Ok(Amount { tokens: row.get(0)?, cost: Cost::from_nanos(row.get(1)?) }))?)
}

fn set_aside(tx: &Transaction<'_>) -> Result<Amount, StoreError> {
    let mut statement = tx.prepare_cached(
        "select coalesce(sum(tokens), 0), coalesce(sum(cost_nanos), 0) from budget_reservation",
    )?;
    Ok(statement
        .query_row([], |row| Ok(Amount { tokens: row.get(0)?, cost: Cost::from_nanos(row.get(1)?) }))?)
}

/// Notes that something is told about the month's limits, and says whether it was not before.
fn note(
    tx: &Transaction<'_>,
    month: &str,
    level: &str,
    limits: BudgetLimits,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let told: Option<(u64, i64)> = tx
        .prepare_cached("select tokens, cost_nanos from budget_notice where month = ?1 and level = ?2")?
        .query_row([month, level], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if told == Some((limits.tokens, limits.cost.nanos)) {
        return Ok(false);
    }
    tx.prepare_cached("insert or replace into budget_notice values (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![month, level, limits.tokens, limits.cost.nanos, now_ms])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: &str = "2026-11";
    const LIMITS: BudgetLimits = BudgetLimits { tokens: 1000, cost: Cost::ZERO, soft_pct: 80 };

    fn open() -> (tempfile::TempDir, TenantDb) {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        (folder, db)
    }

    fn tokens(tokens: u64) -> Amount {
        Amount { tokens, cost: Cost::ZERO }
    }

    fn spending(tokens: u64, nanos: i64) -> Vec<KeySpending> {
        vec![KeySpending {
            key_id: "a".to_owned(),
            calls: 1,
            prompt_tokens: tokens,
            completion_tokens: 0,
            cost: Cost::from_nanos(nanos),
        }]
    }

    async fn reserve(db: &TenantDb, limits: BudgetLimits, amount: Amount, now_ms: i64) -> Reserved {
        db.reserve_budget(MONTH.to_owned(), limits, amount, now_ms, now_ms + 100).await.unwrap()
    }

    async fn settle(db: &TenantDb, reserved: Reserved, spent: Vec<KeySpending>) -> Option<u8> {
        let id = match reserved {
            Reserved::Yes(id) => Some(id),
            Reserved::No { .. } => None,
        };
        db.settle_budget(MONTH.to_owned(), LIMITS, id, spent, 0).await.unwrap()
    }

    #[tokio::test]
    async fn a_limit_is_never_exceeded_by_what_is_under_way_together() {
        let (_folder, db) = open();
        let first = reserve(&db, LIMITS, tokens(600), 0).await;
        assert!(matches!(first, Reserved::Yes(_)));
        assert_eq!(reserve(&db, LIMITS, tokens(600), 0).await, Reserved::No { is_news: false });
        // The first one turned out cheaper.
        assert_eq!(settle(&db, first, spending(100, 0)).await, None);
        assert!(matches!(reserve(&db, LIMITS, tokens(600), 0).await, Reserved::Yes(_)));
    }

    #[tokio::test]
    async fn what_a_killed_process_set_aside_comes_back_when_it_expires() {
        let (folder, db) = open();
        assert!(matches!(reserve(&db, LIMITS, tokens(1000), 0).await, Reserved::Yes(_)));
        drop(db);
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        assert_eq!(reserve(&db, LIMITS, tokens(1), 99).await, Reserved::No { is_news: false });
        assert!(matches!(reserve(&db, LIMITS, tokens(1000), 100).await, Reserved::Yes(_)));
    }

    #[tokio::test]
    async fn each_level_is_told_once_and_again_with_other_limits() {
        let (_folder, db) = open();
        let free = Reserved::No { is_news: false };
        assert_eq!(settle(&db, free, spending(799, 0)).await, None);
        assert_eq!(settle(&db, free, spending(1, 0)).await, Some(80));
        assert_eq!(settle(&db, free, spending(150, 0)).await, None);
        assert_eq!(reserve(&db, LIMITS, tokens(51), 0).await, Reserved::No { is_news: true });
        assert_eq!(reserve(&db, LIMITS, tokens(51), 0).await, Reserved::No { is_news: false });
        let raised = BudgetLimits { tokens: 1100, ..LIMITS };
        assert!(matches!(reserve(&db, raised, tokens(51), 0).await, Reserved::Yes(_)));
        assert_eq!(reserve(&db, raised, tokens(151), 0).await, Reserved::No { is_news: true });
    }

    #[tokio::test]
    async fn money_is_a_limit_of_its_own_and_months_are_apart() {
        let (_folder, db) = open();
        let limits = BudgetLimits { tokens: 0, cost: Cost::from_main(1.0), soft_pct: 80 };
        settle(&db, Reserved::No { is_news: false }, spending(1_000_000, 999_999_999)).await;
        let nanos = |nanos| Amount { tokens: 5, cost: Cost::from_nanos(nanos) };
        assert!(matches!(reserve(&db, limits, nanos(1), 0).await, Reserved::Yes(_)));
        assert_eq!(reserve(&db, limits, nanos(1), 0).await, Reserved::No { is_news: false });
        let next = db.reserve_budget("2026-12".to_owned(), limits, nanos(1000), 0, 1).await.unwrap();
        assert!(matches!(next, Reserved::Yes(_)));
        assert_eq!(db.spending(MONTH.to_owned()).await.unwrap()[0].prompt_tokens, 1_000_000);
        assert_eq!(db.spending("2026-12".to_owned()).await.unwrap(), []);
    }

    #[tokio::test]
    async fn old_months_are_let_go() {
        let (_folder, db) = open();
        for n in 0..40 {
            let month = format!("{}-{:02}", 2020 + n / 12, n % 12 + 1);
            db.settle_budget(month, LIMITS, None, spending(1, 1), 0).await.unwrap();
        }
        assert_eq!(db.spending("2020-04".to_owned()).await.unwrap(), []);
        assert_eq!(db.spending("2020-05".to_owned()).await.unwrap().len(), 1);
    }
}
