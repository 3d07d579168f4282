//! Appointments that the people of the business make or move by the API. Only free times are taken, as in a chat; a
//! calendar elsewhere is asked afterwards, and until it agreed the appointment is held.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use sha2::{Digest as _, Sha256};

use super::{ACTOR, look, moment};
use crate::{
    domain::{
        appointment::{
            Appointment, AppointmentRecord, AppointmentStatus, BookingChange, OfferedSlot, Slot, zoned,
        },
        contact::Identity,
        conversation::{ChannelKind, ConversationId},
        effect::{AuditEntry, Effect},
        message::Inbound,
    },
    engine::booking::{
        notices::Notices,
        rules::BookingRules,
        slots::{Search, free},
    },
    http::{ApiError, AppState, fields::Fields, select::OpenTenant},
    store::{
        StoreError,
        appointment::{
            desk::{AtDesk, DeskChange, Whose},
            job::Telling,
        },
    },
    tenants::TenantUse,
};

/// The longest id, name or address of a request, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// `POST …/appointments` with `{"service","start"}` and `{"contact"}` or `{"conversation"}`, perhaps `staff`, `name`,
/// `phone`, `email` and `notify` (the customer is told, by default not): 201 with the appointment. The same
/// `Idempotency-Key` again: 200 with the first one.
pub(in crate::http) async fn create(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    headers: HeaderMap,
    fields: Fields,
) -> Result<(StatusCode, Json<Appointment>), ApiError> {
    let rules = rules(&tenant)?;
    let id = match headers.get("idempotency-key").and_then(|key| key.to_str().ok()) {
        Some(key) => format!("appointment_{}", fingerprint(key)),
        None => state.ids.next("appointment"),
    };
    if let Some(before) = tenant.db().appointment(&id).await? {
        return Ok((StatusCode::OK, Json(before.public(&rules.zone))));
    }
    let text = |field| fields.optional_text(field, MAX_NAME_BYTES);
    let service = fields.text("service", MAX_NAME_BYTES)?;
    if rules.service(&service).is_none() {
        return Err(ApiError::field("service", "`service` must be the id of one of [[booking.services]]"));
    }
    let (name, phone, email) = (text("name")?, text("phone")?, text("email")?);
    let whose = whose(&fields, name.clone())?;
    let start_ms = moment("start", &fields.text("start", MAX_NAME_BYTES)?)?;
    let slot =
        free_slot(&state, &tenant, &rules, &service, text("staff")?.as_deref(), start_ms, None).await?;
    let mut details = serde_json::Map::new();
    for (key, value) in [("name", name), ("phone", phone), ("email", email)] {
        details.extend(value.map(|value| (key.to_owned(), value.into())));
    }
    let now_ms = state.clock.now_ms();
    let names = rules.names(&slot.service, &slot.resource);
    let book = BookingChange::Book {
        id: id.clone(),
        slot: slot.clone(),
        names: names.clone(),
        details: serde_json::Value::Object(details.clone()),
        reminders_ms: rules.reminders(slot.start_ms, now_ms),
        remote: rules.remote,
    };
    // A calendar elsewhere agrees first; then the customer is told in any case.
    let telling = (fields.truth("notify", false)? && !rules.remote).then(|| {
        let record = draft(&id, &slot, names.service, names.resource, details, now_ms);
        notices(&tenant, &rules).agreed(&record, false, None)
    });
    let changes = vec![BookingChange::Offer(vec![OfferedSlot { place: 1, slot }]), book];
    let changed = commit(&state, &tenant, &id, whose, changes, "appointment.booked", telling).await?;
    let (status, record) = match changed {
        DeskChange::Done(record) => (StatusCode::CREATED, record),
        DeskChange::Before(record) => (StatusCode::OK, record),
    };
    Ok((status, Json(record.public(&rules.zone))))
}

/// Gives an appointment another time, and tells the customer.
pub(super) async fn change_time(
    state: &AppState,
    tenant: &TenantUse,
    record: AppointmentRecord,
    fields: &Fields,
) -> Result<Json<Appointment>, ApiError> {
    let rules = rules(tenant)?;
    if !record.status.stands() {
        return Err(ApiError::field(
            "start",
            format!("an appointment that is {} cannot be moved", record.status.as_str()),
        ));
    }
    let start_ms = moment("start", &fields.text("start", MAX_NAME_BYTES)?)?;
    let staff = fields.optional_text("staff", MAX_NAME_BYTES)?;
    let service = &record.slot.service;
    if rules.service(service).is_none() {
        return Err(ApiError::field("start", "its service is not one of [[booking.services]] any more"));
    }
    let slot =
        free_slot(state, tenant, &rules, service, staff.as_deref(), start_ms, Some(&record.id)).await?;
    let now_ms = state.clock.now_ms();
    let names = rules.names(&slot.service, &slot.resource);
    let language = tenant.db().conversation_language(&record.conversation).await?;
    let moved =
        AppointmentRecord { slot: slot.clone(), resource_name: names.resource.clone(), ..record.clone() };
    let telling = (!rules.remote).then(|| notices(tenant, &rules).agreed(&moved, true, language));
    let change = BookingChange::Move {
        id: record.id.clone(),
        from_ms: record.slot.start_ms,
        slot: slot.clone(),
        names,
        reminders_ms: rules.reminders(slot.start_ms, now_ms),
        remote: rules.remote,
    };
    let changes = vec![BookingChange::Offer(vec![OfferedSlot { place: 1, slot }]), change];
    let whose = Whose::Conversation(record.conversation.clone());
    let changed = commit(state, tenant, &record.id, whose, changes, "appointment.moved", telling).await?;
    let (DeskChange::Done(record) | DeskChange::Before(record)) = changed;
    Ok(Json(record.public(&rules.zone)))
}

fn rules(tenant: &TenantUse) -> Result<BookingRules, ApiError> {
    let rules = tenant.context.desk.booking.clone();
    rules
        .map(|rules| (*rules).clone())
        .ok_or_else(|| ApiError::not_found("no_booking", "this tenant takes no appointments"))
}

fn notices<'a>(tenant: &'a TenantUse, rules: &'a BookingRules) -> Notices<'a> {
    Notices { business: &tenant.context.business, prompts: &tenant.context.prompts, rules }
}

/// Whose appointment a request is about.
fn whose(fields: &Fields, name: Option<String>) -> Result<Whose, ApiError> {
    if let Some(conversation) = fields.optional_text("conversation", MAX_NAME_BYTES)? {
        return Ok(Whose::Conversation(ConversationId::new(conversation)));
    }
    Ok(Whose::Contact(Box::new(Inbound {
        channel: ChannelKind::Api,
        message_id: String::new(),
        contact: fields.text("contact", MAX_NAME_BYTES)?,
        contact_name: name,
        identity: Identity::default(),
        text: String::new(),
        attachments: Vec::new(),
        route: None,
        source: None,
        quiet_ms: 0,
    })))
}

/// The slot that begins then, if it is free.
async fn free_slot(
    state: &AppState,
    tenant: &TenantUse,
    rules: &BookingRules,
    service: &str,
    staff: Option<&str>,
    start_ms: i64,
    moved: Option<&str>,
) -> Result<Slot, ApiError> {
    if let Some(staff) = staff.filter(|id| rules.resource(id).is_none()) {
        return Err(ApiError::field("staff", format!("there is no {staff:?} in [[booking.staff]]")));
    }
    let now_ms = state.clock.now_ms();
    let mut calendar = look(state, tenant, rules, now_ms).await?;
    calendar.busy.retain(|busy| moved.is_none() || busy.appointment.as_deref() != moved);
    let day = zoned(start_ms, &rules.zone).date();
    let services = [service.to_owned()];
    let search = Search { services: &services, resource: staff, from: day, to: day, now_ms };
    let is_open = |slot: &Slot| {
        calendar.open.as_ref().is_none_or(|open| open.contains(&(slot.service.clone(), slot.start_ms)))
    };
    free(rules, &search, &calendar.busy)
        .into_iter()
        .find(|slot| slot.start_ms == start_ms && is_open(slot))
        .ok_or_else(taken)
}

fn taken() -> ApiError {
    let message = "this time is not free; ask …/availability for those that are";
    ApiError::new(StatusCode::CONFLICT, "slot_taken", message).about("start")
}

async fn commit(
    state: &AppState,
    tenant: &TenantUse,
    id: &str,
    whose: Whose,
    changes: Vec<BookingChange>,
    action: &str,
    telling: Option<Telling>,
) -> Result<DeskChange, ApiError> {
    if let Whose::Conversation(conversation) = &whose
        && tenant.db().conversation(conversation).await?.is_none()
    {
        let message = format!("there is no conversation {:?}", conversation.as_str());
        return Err(ApiError::field("conversation", message));
    }
    let audit = AuditEntry {
        actor: ACTOR.to_owned(),
        action: action.to_owned(),
        subject: id.to_owned(),
        detail: serde_json::json!({}),
    };
    let others = vec![Effect::Audit(audit)];
    let order = AtDesk { id: id.to_owned(), whose, changes, others, telling };
    let changed = tenant
        .db()
        .change_at_desk(order, state.ids.clone(), state.clock.now_ms())
        .await
        .map_err(|error| if matches!(error, StoreError::Stale) { taken() } else { error.into() })?;
    state.outbox.ring(tenant.id());
    state.appointments.ring(tenant.id());
    Ok(changed)
}

/// The appointment as its words need it, before it is stored.
fn draft(
    id: &str,
    slot: &Slot,
    service_name: String,
    resource_name: String,
    details: serde_json::Map<String, serde_json::Value>,
    now_ms: i64,
) -> AppointmentRecord {
    let contact_name = details.get("name").and_then(serde_json::Value::as_str).map(str::to_owned);
    AppointmentRecord {
        id: id.to_owned(),
        conversation: ConversationId::new(String::new()),
        channel: ChannelKind::Api,
        contact: String::new(),
        contact_name,
        slot: slot.clone(),
        service_name,
        resource_name,
        status: AppointmentStatus::Booked,
        held_until_ms: None,
        details: serde_json::Value::Object(details),
        sequence: 0,
        created_ms: now_ms,
        updated_ms: now_ms,
    }
}

/// An id that the same key always gives.
fn fingerprint(key: &str) -> String {
    Sha256::digest(key.as_bytes())
        .iter()
        .take(16)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
