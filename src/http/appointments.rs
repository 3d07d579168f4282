//! Appointments over HTTP: listed, changed by the people of the business, what is free, and the calendar feed.

pub(super) mod making;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    ApiError, AppState,
    auth::same,
    fields::Fields,
    page::{Page, PageQuery},
    select::OpenTenant,
};
use crate::{
    calendar::ics::feed as as_ics,
    config::tenant::booking::BookingProvider,
    domain::{
        appointment::{Appointment, AppointmentRecord, AppointmentStatus, rfc3339},
        tenant::TenantId,
    },
    engine::booking::{
        notices::Notices,
        rules::BookingRules,
        slots::{Search, bookable_days, free},
    },
    store::appointment::{AppointmentFilter, StatusChange},
    tenants::TenantUse,
};

/// The longest name of a status, in bytes.
const MAX_STATUS_BYTES: usize = 40;

/// Who changes an appointment by the API, as the audit log names them.
const ACTOR: &str = "operator";

/// The most free slots in one answer.
const MAX_SLOTS: usize = 1000;

/// How far back a feed goes, in milliseconds: 90 days.
const FEED_BACK_MS: i64 = 90 * 24 * 3_600_000;

/// The most appointments in a feed.
const MAX_FEED: u32 = 5000;

/// Which appointments a client wants to see.
#[derive(Debug, Deserialize)]
pub(super) struct WhichQuery {
    status: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// Which free times a client wants to see.
#[derive(Debug, Deserialize)]
pub(super) struct FreeQuery {
    service: Option<String>,
    staff: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// The path of one appointment.
#[derive(Debug, Deserialize)]
pub(super) struct AppointmentPath {
    appointment: String,
}

/// The path of a feed.
#[derive(Debug, Deserialize)]
pub(super) struct FeedPath {
    tenant: String,
    file: String,
}

/// What is free.
#[derive(Debug, Serialize)]
pub(super) struct Availability {
    service: String,
    slots: Vec<FreeSlot>,
}

#[derive(Debug, Serialize)]
struct FreeSlot {
    start: String,
    end: String,
    resource: String,
    resource_name: String,
}

/// `GET …/appointments`: in the order of their time; `?status=`, `?from=` and `?to=` (RFC 3339) for some of them.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
    Query(which): Query<WhichQuery>,
) -> Result<Json<Page<Appointment>>, ApiError> {
    let filter = AppointmentFilter {
        status: which.status.as_deref().map(status).transpose()?,
        from_ms: which.from.as_deref().map(|text| moment("from", text)).transpose()?,
        to_ms: which.to.as_deref().map(|text| moment("to", text)).transpose()?,
    };
    let limit = query.limit()?;
    let zone = tenant.config.timezone.clone();
    let items = tenant.db().appointments(filter, query.place()?, limit + 1).await?;
    let page = Page::new(items, limit, |last| format!("{}.{}", last.slot.start_ms, last.id));
    Ok(Json(page.map(|record| record.public(&zone))))
}

/// `GET …/appointments/{appointment}`.
pub(super) async fn show(
    OpenTenant(tenant): OpenTenant,
    Path(AppointmentPath { appointment }): Path<AppointmentPath>,
) -> Result<Json<Appointment>, ApiError> {
    let record = one(&tenant, &appointment).await?;
    Ok(Json(record.public(&tenant.config.timezone)))
}

/// `GET …/appointments/{appointment}/ics`: the appointment as a calendar file.
pub(super) async fn ics(
    OpenTenant(tenant): OpenTenant,
    Path(AppointmentPath { appointment }): Path<AppointmentPath>,
) -> Result<Response, ApiError> {
    let record = one(&tenant, &appointment).await?;
    Ok(calendar(&tenant.config.name, &[record]))
}

/// `PATCH …/appointments/{appointment}` with `{"status"}`: cancelled (the customer is told), confirmed, done or no_show;
/// or with `{"start","staff"}`: another time (the customer is told).
pub(super) async fn change(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(AppointmentPath { appointment }): Path<AppointmentPath>,
    fields: Fields,
) -> Result<Json<Appointment>, ApiError> {
    let record = one(&tenant, &appointment).await?;
    if fields.value("start").is_some() {
        return making::change_time(&state, &tenant, record, &fields).await;
    }
    let wanted = status(&fields.text("status", MAX_STATUS_BYTES)?)?;
    let telling = match (&tenant.context.desk.booking, wanted) {
        (Some(rules), AppointmentStatus::Cancelled) if record.status.stands() => {
            let language = tenant.db().conversation_language(&record.conversation).await?;
            let context = &tenant.context;
            let notices = Notices { business: &context.business, prompts: &context.prompts, rules };
            Some(notices.cancelled(&record, language))
        }
        _ => None,
    };
    let remote =
        tenant.config.booking.as_ref().is_some_and(|booking| booking.provider != BookingProvider::Builtin);
    let now_ms = state.clock.now_ms();
    let changed =
        tenant.db().set_appointment_status(&appointment, wanted, remote, ACTOR, telling, now_ms).await?;
    match changed {
        StatusChange::Done(record) => {
            state.outbox.ring(tenant.id());
            state.appointments.ring(tenant.id());
            Ok(Json(record.public(&tenant.config.timezone)))
        }
        StatusChange::Refused(is) => Err(ApiError::field(
            "status",
            format!("an appointment that is {} cannot become {}", is.as_str(), wanted.as_str()),
        )),
        StatusChange::NotFound => Err(unknown(&appointment)),
    }
}

/// `GET …/availability?service=&from=&to=&staff=`: the free slots of a service, dates inclusive; by default the next
/// seven days.
pub(super) async fn availability(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<FreeQuery>,
) -> Result<Json<Availability>, ApiError> {
    let Some(rules) = tenant.context.desk.booking.clone() else {
        return Err(ApiError::not_found("no_booking", "this tenant takes no appointments"));
    };
    let service = query.service.filter(|id| rules.service(id).is_some()).ok_or_else(|| {
        ApiError::field("service", "`service` must be the id of one of [[booking.services]]")
    })?;
    if let Some(staff) = query.staff.as_ref().filter(|id| rules.resource(id).is_none()) {
        return Err(ApiError::field("staff", format!("there is no {staff:?} in [[booking.staff]]")));
    }
    let now_ms = state.clock.now_ms();
    let (today, last) = bookable_days(&rules, now_ms);
    let day = |field: &'static str, text: Option<&str>, default: Date| match text {
        None => Ok(default),
        Some(text) => text.parse::<Date>().map_err(|_| {
            ApiError::field(field, format!("`{field}` must be a date such as 2026-12-24, not {text:?}"))
        }),
    };
    let from = day("from", query.from.as_deref(), today)?;
    let week = from.saturating_add(jiff::Span::new().days(6)).min(last);
    let to = day("to", query.to.as_deref(), week)?;
    let calendar = look(&state, &tenant, &rules, now_ms).await?;
    let services = [service.clone()];
    let search = Search { services: &services, resource: query.staff.as_deref(), from, to, now_ms };
    let slots = free(&rules, &search, &calendar.busy).into_iter().filter(|slot| {
        calendar.open.as_ref().is_none_or(|open| open.contains(&(slot.service.clone(), slot.start_ms)))
    });
    let slots = slots
        .take(MAX_SLOTS)
        .map(|slot| FreeSlot {
            start: rfc3339(slot.start_ms, &rules.zone),
            end: rfc3339(slot.end_ms, &rules.zone),
            resource_name: rules.names(&slot.service, &slot.resource).resource,
            resource: slot.resource,
        })
        .collect();
    Ok(Json(Availability { service, slots }))
}

async fn look(
    state: &AppState,
    tenant: &TenantUse,
    rules: &BookingRules,
    now_ms: i64,
) -> Result<crate::engine::booking::talk::Calendar, ApiError> {
    let (_, last) = bookable_days(rules, now_ms);
    let to_ms = last.tomorrow().ok().and_then(|end| end.to_zoned(rules.zone.clone()).ok());
    let to_ms = to_ms.map_or(i64::MAX, |end| end.timestamp().as_millisecond());
    let busy = tenant.db().busy(now_ms, to_ms, now_ms).await?;
    let Some(calendar) = &tenant.context.calendar else {
        return Ok(crate::engine::booking::talk::Calendar { busy, ..Default::default() });
    };
    let until = tokio::time::Instant::now() + state.live.get().worker.turn_deadline;
    calendar.together(busy, now_ms, to_ms, until).await.map_err(|error| {
        tracing::warn!(tenant = %tenant.id(), %error, "a calendar elsewhere cannot be looked at");
        ApiError::busy("calendar_unreachable", "the calendar does not answer; try again in a moment")
    })
}

/// `GET /calendar/{tenant}/{secret}.ics`: the appointments of a tenant for a calendar program; `{appointment}.ics`: one of
/// them, for the customer who was told its address. Nobody guesses the id of an appointment (74 random bits, RFC 9562), and
/// whoever knows neither sees nothing, not even whether there is such a tenant.
pub(super) async fn feed(
    State(state): State<AppState>,
    Path(FeedPath { tenant, file }): Path<FeedPath>,
) -> Result<Response, ApiError> {
    let nothing = || ApiError::not_found("not_found", "there is nothing at this address");
    let id = TenantId::parse(&tenant).map_err(|_| nothing())?;
    let tenant = state.tenants.get(&id).await.map_err(|_| nothing())?;
    let given = file.strip_suffix(".ics").unwrap_or(&file);
    if let Some(record) =
        tenant.db().appointment(given).await?.filter(|record| record.held_until_ms.is_none())
    {
        return Ok(calendar(&tenant.config.name, &[record]));
    }
    let secret =
        tenant.config.booking.as_ref().and_then(|booking| booking.feed_token.as_ref()).ok_or_else(nothing)?;
    if !same(given, secret.expose()) {
        return Err(nothing());
    }
    let filter = AppointmentFilter {
        from_ms: Some(state.clock.now_ms() - FEED_BACK_MS),
        ..AppointmentFilter::default()
    };
    let records = tenant.db().appointments(filter, None, MAX_FEED).await?;
    let told: Vec<AppointmentRecord> =
        records.into_iter().filter(|record| record.held_until_ms.is_none()).collect();
    Ok(calendar(&tenant.config.name, &told))
}

fn calendar(name: &str, records: &[AppointmentRecord]) -> Response {
    let kind = (header::CONTENT_TYPE, "text/calendar; charset=utf-8");
    let keep = (header::CACHE_CONTROL, "private, no-store");
    ([kind, keep], as_ics(name, records)).into_response()
}

async fn one(tenant: &TenantUse, id: &str) -> Result<AppointmentRecord, ApiError> {
    tenant.db().appointment(id).await?.ok_or_else(|| unknown(id))
}

fn status(name: &str) -> Result<AppointmentStatus, ApiError> {
    AppointmentStatus::from_name(name).ok_or_else(|| {
        let all: Vec<&str> = AppointmentStatus::ALL.into_iter().map(AppointmentStatus::as_str).collect();
        ApiError::field("status", format!("`status` must be one of {}, not {name:?}", all.join(", ")))
    })
}

fn moment(field: &'static str, text: &str) -> Result<i64, ApiError> {
    text.parse::<Timestamp>().map(Timestamp::as_millisecond).map_err(|_| {
        ApiError::field(
            field,
            format!("`{field}` must be a moment such as 2026-12-24T00:00:00Z, not {text:?}"),
        )
    })
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found("unknown_appointment", format!("there is no appointment {id:?}"))
}
