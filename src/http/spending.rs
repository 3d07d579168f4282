//! What a tenant's models cost this month.

use axum::{Json, extract::State};
use serde::Serialize;

use super::{ApiError, AppState, select::OpenTenant};
use crate::domain::{
    cost::Cost,
    money::{Currency, Money},
    tenant::TenantId,
};

/// The spending of a month.
#[derive(Debug, Serialize)]
pub(super) struct Spending {
    tenant: TenantId,
    /// Such as 2026-11, in the tenant's zone.
    month: String,
    tokens: u64,
    /// None when the price table has no valid currency.
    cost: Option<Money>,
    limits: Limits,
    keys: Vec<OfKey>,
}

#[derive(Debug, Serialize)]
struct Limits {
    /// Null without a limit.
    tokens_per_month: Option<u64>,
    cost_per_month: Option<Money>,
    soft_pct: u8,
}

#[derive(Debug, Serialize)]
struct OfKey {
    key_id: String,
    calls: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: Option<Money>,
}

/// `GET …/spending`.
pub(super) async fn show(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
) -> Result<Json<Spending>, ApiError> {
    let now_ms = state.clock.now_ms();
    let ledger = tenant.context.account.ledger();
    let Some(ledger) = ledger else {
        return Err(ApiError::not_found("no_ledger", "nothing is written down for this tenant"));
    };
    let spent = ledger.spending(now_ms).await?;
    let currency: Option<Currency> = state.live.get().llm.prices.currency;
    let money = |cost: Cost| currency.map(|currency| cost.to_money(currency));
    let total = spent.iter().fold(Cost::ZERO, |sum, key| sum.plus(key.cost));
    let limits = ledger.limits;
    Ok(Json(Spending {
        tenant: tenant.id().clone(),
        month: ledger.month(now_ms),
        tokens: spent.iter().map(|key| key.prompt_tokens + key.completion_tokens).sum(),
        cost: money(total),
        limits: Limits {
            tokens_per_month: Some(limits.tokens).filter(|tokens| *tokens > 0),
            cost_per_month: Some(limits.cost).filter(|cost| *cost > Cost::ZERO).and_then(money),
            soft_pct: limits.soft_pct,
        },
        keys: spent
            .into_iter()
            .map(|key| OfKey {
                key_id: key.key_id,
                calls: key.calls,
                prompt_tokens: key.prompt_tokens,
                completion_tokens: key.completion_tokens,
                cost: money(key.cost),
            })
            .collect(),
    }))
}
