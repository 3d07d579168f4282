//! The HTTP side of the daemon: routes, limits and who may call them.
//!
//! A handler checks a request and looks into the tenant's database; it never runs a turn.

mod agents;
mod appointments;
mod audit;
mod auth;
mod chat;
mod client_address;
mod contacts;
mod conversations;
mod dead_letters;
mod documents;
mod error;
mod fields;
mod handoffs;
mod health;
mod leads;
mod media;
mod orders;
mod page;
mod pool;
mod products;
mod select;
mod spending;
mod tenants;
mod tickets;
mod webhooks;
mod widget;

use std::{any::Any, ops::Deref, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

pub use self::error::ApiError;
use crate::{
    channel::{Channels, api::ReplyDesk, web::WebHub},
    clock::{Clock, Ids},
    config::live::LiveConfig,
    llm::{media::MediaReader, pool::Pool},
    tenants::Tenants,
    worker::{bell::Bell, indexing::Indexer, intake::Intake},
};

/// Requests under way at once. Beyond it a client is told to come again.
const MAX_REQUESTS: usize = 4096;

/// How much longer than a turn a request may take.
const REQUEST_MARGIN: Duration = Duration::from_secs(10);

/// What the handlers work with.
#[derive(Debug)]
pub struct Parts {
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
    /// The tenants.
    pub tenants: Tenants,
    /// Rung when a message was accepted.
    pub dispatcher: Arc<Bell>,
    /// Rung when there is something to send.
    pub outbox: Arc<Bell>,
    /// Rung when a delivery is to be made again.
    pub deliveries: Arc<Bell>,
    /// Rung when a calendar elsewhere is to be told.
    pub appointments: Arc<Bell>,
    /// Rung when a catalogue was imported.
    pub catalogue: Arc<Bell>,
    /// What adds documents.
    pub indexer: Arc<Indexer>,
    /// The models.
    pub pool: Arc<Pool>,
    /// What reads voice notes and pictures.
    pub media: MediaReader,
    /// The ways to the providers.
    pub channels: Channels,
    /// Where requests wait for replies.
    pub desk: Arc<ReplyDesk>,
    /// The chats on the businesses' own sites.
    pub web: Arc<WebHub>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Cancelled when the daemon begins to stop.
    pub stopping: CancellationToken,
}

/// The same, shared by all handlers.
#[derive(Debug, Clone)]
pub struct AppState {
    parts: Arc<Parts>,
    /// A place for each request under way.
    places: Arc<Semaphore>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl AppState {
    /// Where messages go.
    fn intake(&self) -> Intake {
        Intake {
            live: self.live.clone(),
            dispatcher: self.dispatcher.clone(),
            outbox: self.outbox.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }
}

/// All routes.
pub fn router(parts: Parts) -> Router {
    let state = AppState { parts: Arc::new(parts), places: Arc::new(Semaphore::new(MAX_REQUESTS)) };
    // The same under a tenant's path and, with the tenant named elsewhere, without.
    let of_tenant = Router::new()
        .route("/chat", post(chat::post))
        .route("/chat/{message_id}", get(chat::get))
        .route("/documents", get(documents::list).post(documents::add).layer(DefaultBodyLimit::disable()))
        .route("/documents/search", post(documents::search))
        .route("/documents/{*document}", delete(documents::remove))
        .route("/media/voice", post(media::voice).layer(DefaultBodyLimit::disable()))
        .route("/media/image", post(media::image).layer(DefaultBodyLimit::disable()))
        .route("/spending", get(spending::show))
        .route("/conversations", get(conversations::list))
        .route("/conversations/{conversation}", get(conversations::show))
        .route("/conversations/{conversation}/messages", get(conversations::messages))
        .route("/handoffs", get(handoffs::list))
        .route("/handoffs/{handoff}", get(handoffs::show))
        .route("/handoffs/{handoff}/take", post(handoffs::take))
        .route("/handoffs/{handoff}/release", post(handoffs::release))
        .route("/handoffs/{handoff}/reply", post(handoffs::reply))
        .route("/products", get(products::list))
        .route("/products/search", post(products::search))
        .route("/products/{*sku}", get(products::show))
        .route(
            "/products/import",
            post(products::import).layer(DefaultBodyLimit::max(products::MAX_UPLOAD_BYTES)),
        )
        .route("/orders", get(orders::list))
        .route("/orders/{order}", get(orders::show).patch(orders::change))
        .route("/leads", get(leads::list))
        .route("/leads/{lead}", get(leads::show))
        .route("/tickets", get(tickets::list))
        .route("/tickets/{ticket}", get(tickets::show).patch(tickets::change))
        .route("/availability", get(appointments::availability))
        .route("/appointments", get(appointments::list).post(appointments::making::create))
        .route("/appointments/{appointment}", get(appointments::show).patch(appointments::change))
        .route("/appointments/{appointment}/ics", get(appointments::ics))
        .route("/contacts", get(contacts::list))
        .route("/contacts/{contact}", get(contacts::export).delete(contacts::forget))
        .route("/agents", get(agents::list))
        .route("/audit", get(audit::list))
        .route("/dead-letters", get(dead_letters::list))
        .route("/dead-letters/{letter}/replay", post(dead_letters::replay));
    let api = Router::new()
        .route("/tenants", get(tenants::list))
        .route("/tenants/{tenant}", get(tenants::show))
        .nest("/tenants/{tenant}", of_tenant.clone())
        .merge(of_tenant)
        .route("/reload", post(tenants::reload))
        .route("/pool", get(pool::status))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(state.clone(), auth::require));
    Router::new()
        .nest("/api/v1", api)
        .route("/calendar/{tenant}/{file}", get(appointments::feed))
        .merge(webhooks::routes())
        .route("/metrics", get(pool::metrics))
        .nest("/widget/{tenant}", widget::routes())
        .route("/health", get(health::live))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/health/tenants", get(health::tenants))
        .route("/health/tenants/{tenant}", get(health::tenant))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(state.clone(), limit))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(state)
}

/// Bounds how many requests are under way and how long each takes.
async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Ok(_place) = state.places.try_acquire() else {
        return ApiError::busy("overloaded", "too many requests are under way; try again in a moment")
            .into_response();
    };
    let most = state.live.get().worker.turn_deadline + REQUEST_MARGIN;
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_late) => {
            ApiError::busy("timeout", format!("no answer within {} s", most.as_secs())).into_response()
        }
    }
}

async fn no_route() -> ApiError {
    ApiError::not_found("not_found", "there is nothing at this address")
}

async fn no_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take this method",
    )
}

/// The request of a handler that panicked; the daemon goes on.
fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request handler panicked");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong; it was logged")
        .into_response()
}
