//! What the pool knows of a tenant: the keys it brings, whether it may use those of the daemon, and what it may spend.

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use super::error::LlmError;
use crate::{
    alerts::{Alert, Alerts},
    clock::Clock,
    config::{llm::LlmKey, tenant::models::TenantModels},
    domain::{conversation::ConversationId, tenant::TenantId},
    store::{
        StoreError, TenantDb,
        budget::{Amount, BudgetLimits, KeySpending, ReservationId, Reserved},
    },
};

/// How much longer than the question something stays set aside for it.
const RESERVATION_MARGIN: Duration = Duration::from_secs(60);

/// A tenant as a customer of the pool.
#[derive(Debug)]
pub struct TenantAccount {
    id: TenantId,
    /// The keys it brings itself.
    keys: Arc<Vec<LlmKey>>,
    /// Whether it may use the daemon's keys.
    shared_keys: bool,
    /// Where its spending is written down.
    ledger: Option<Ledger>,
}

/// Where a tenant's spending is written down.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Its database.
    pub db: TenantDb,
    /// The zone that its months are of.
    pub zone: TimeZone,
    /// What it may spend.
    pub limits: BudgetLimits,
}

/// Who asks a model.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The tenant.
    pub tenant: &'a TenantAccount,
    /// The conversation, which stays with one key as long as it can.
    pub conversation: &'a ConversationId,
}

impl TenantAccount {
    /// The account of a tenant with what it configured. Nothing it spends is written down.
    pub fn new(id: TenantId, models: &TenantModels) -> Self {
        Self { id, keys: Arc::new(models.keys.clone()), shared_keys: models.shared_keys, ledger: None }
    }

    /// The same account with its spending written down and bounded.
    #[must_use]
    pub fn with_ledger(self, ledger: Ledger) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    /// The tenant.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// Where its spending is written down, if it is.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Whether it may use the daemon's keys.
    pub(super) fn shared_keys(&self) -> bool {
        self.shared_keys
    }

    /// The keys it brings itself.
    pub(super) fn keys(&self) -> &Arc<Vec<LlmKey>> {
        &self.keys
    }

    /// Whether there is a budget that questions must fit into.
    pub(super) fn is_limited(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.limits.is_limited())
    }

    /// Sets aside what a question may cost. Nothing is when there is no limit.
    ///
    /// # Errors
    /// [`LlmError::OverBudget`] when the budget does not hold it, or cannot be read: then the turn's reply could not be
    /// written either, and money is not spent blindly.
    pub(super) async fn reserve(
        &self,
        amount: Amount,
        lasts: Duration,
        clock: &Clock,
        alerts: &Alerts,
    ) -> Result<Option<ReservationId>, LlmError> {
        let Some(ledger) = self.ledger.as_ref().filter(|ledger| ledger.limits.is_limited()) else {
            return Ok(None);
        };
        let now_ms = clock.now_ms();
        let lasts = i64::try_from((lasts + RESERVATION_MARGIN).as_millis()).unwrap_or(i64::MAX);
        let expires_ms = now_ms.saturating_add(lasts);
        let (db, month) = (&ledger.db, ledger.month(now_ms));
        match db.reserve_budget(month, ledger.limits, amount, now_ms, expires_ms).await {
            Ok(Reserved::Yes(reservation)) => Ok(Some(reservation)),
            Ok(Reserved::No { is_news }) => {
                if is_news {
                    alerts.raise(Alert::BudgetSpent { tenant: self.id.clone() });
                }
                Err(LlmError::OverBudget)
            }
            Err(error) => {
                tracing::warn!(tenant = %self.id, %error, "the budget cannot be read, so no model is asked");
                Err(LlmError::OverBudget)
            }
        }
    }

    /// Writes down what was spent and gives back what was set aside.
    pub(super) async fn settle(
        &self,
        reservation: Option<ReservationId>,
        spending: Vec<KeySpending>,
        clock: &Clock,
        alerts: &Alerts,
    ) {
        let Some(ledger) = &self.ledger else { return };
        if reservation.is_none() && spending.is_empty() {
            return;
        }
        let now_ms = clock.now_ms();
        let (db, month) = (&ledger.db, ledger.month(now_ms));
        match db.settle_budget(month, ledger.limits, reservation, spending, now_ms).await {
            Ok(Some(pct)) => alerts.raise(Alert::BudgetNearlySpent { tenant: self.id.clone(), pct }),
            Ok(None) => {}
            // What was set aside stays so until it expires: the limit errs on the safe side meanwhile.
            Err(error) => {
                tracing::warn!(tenant = %self.id, %error, "what a model cost was not written down");
            }
        }
    }
}

impl Ledger {
    /// The month of an instant, in the tenant's zone.
    pub fn month(&self, now_ms: i64) -> String {
        let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        now.to_zoned(self.zone.clone()).strftime("%Y-%m").to_string()
    }

    /// What was spent in the month of an instant, by key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn spending(&self, now_ms: i64) -> Result<Vec<KeySpending>, StoreError> {
        self.db.spending(self.month(now_ms)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_tenants_own() {
        let folder = tempfile::tempdir().unwrap();
        let db = TenantDb::open(&folder.path().join("a.db")).unwrap();
        let zone = jiff::tz::TimeZoneDatabase::bundled().get("America/Bogota").unwrap();
        let ledger = Ledger { db, zone, limits: BudgetLimits::default() };
        let at = |text: &str| ledger.month(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        assert_eq!(at("2026-12-01T04:59:59Z"), "2026-11");
        assert_eq!(at("2026-12-01T05:00:00Z"), "2026-12");
    }
}
