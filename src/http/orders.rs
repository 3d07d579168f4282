//! Orders over HTTP.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    ApiError, AppState,
    fields::Fields,
    page::{Page, PageQuery, place},
    select::OpenTenant,
};
use crate::{
    domain::order::{Order, OrderRecord, OrderStatus},
    store::order::OrderChange,
};

/// The longest name of a status, in bytes.
const MAX_STATUS_BYTES: usize = 40;

/// Who changes an order by the API, as the audit log names them.
const ACTOR: &str = "operator";

/// Which orders a client wants to see.
#[derive(Debug, Deserialize)]
pub(super) struct StatusQuery {
    status: Option<String>,
}

/// The path of one order.
#[derive(Debug, Deserialize)]
pub(super) struct OrderPath {
    order: String,
}

/// `GET …/orders`: the newest first; `?status=` for those of one status.
pub(super) async fn list(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
    Query(StatusQuery { status }): Query<StatusQuery>,
) -> Result<Json<Page<Order>>, ApiError> {
    let status = status.as_deref().map(parse).transpose()?;
    let limit = query.limit()?;
    let found = tenant.db().orders(status, query.place()?, limit + 1, state.clock.now_ms()).await?;
    let page = Page::new(found, limit, |last: &OrderRecord| {
        place(jiff::Timestamp::from_millisecond(last.created_ms).unwrap_or_default(), &last.id)
    });
    Ok(Json(page.map(|order| order.public())))
}

/// `GET …/orders/{order}`.
pub(super) async fn show(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(OrderPath { order }): Path<OrderPath>,
) -> Result<Json<Order>, ApiError> {
    let found = tenant.db().order(&order, state.clock.now_ms()).await?;
    found.map(|order| Json(order.public())).ok_or_else(|| unknown(&order))
}

/// `PATCH …/orders/{order}` with `{"status":"fulfilled"|"cancelled"}`.
pub(super) async fn change(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(OrderPath { order }): Path<OrderPath>,
    fields: Fields,
) -> Result<Json<Order>, ApiError> {
    let wanted = parse(&fields.text("status", MAX_STATUS_BYTES)?)?;
    match tenant.db().settle_order(&order, wanted, ACTOR, state.clock.now_ms()).await? {
        OrderChange::Done(order) => Ok(Json(order.public())),
        OrderChange::NotFound => Err(unknown(&order)),
        OrderChange::Refused(status) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "order_status",
            format!("the order is {status} and cannot become {wanted}"),
        )
        .about("status")),
    }
}

fn parse(status: &str) -> Result<OrderStatus, ApiError> {
    OrderStatus::from_name(status).ok_or_else(|| {
        let message = "`status` must be proposed, confirmed, fulfilled, cancelled or expired";
        ApiError::field("status", message)
    })
}

fn unknown(order: &str) -> ApiError {
    ApiError::not_found("unknown_order", format!("there is no order {order:?}"))
}
