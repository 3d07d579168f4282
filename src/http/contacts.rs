//! Contacts over HTTP: who writes, everything that is kept of one, and forgetting one.
//!
//! A contact is named by its id, by `channel:address`, or by its address alone where only one channel has it.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    ApiError, AppState,
    page::{Page, PageQuery, place},
    select::OpenTenant,
};
use crate::{
    domain::contact::{Contact, ContactMatch},
    store::{
        TenantDb,
        contact::{Forget, Forgotten},
    },
};

/// Who forgets a contact by the API, as the audit log names them.
const ACTOR: &str = "operator";

/// The path of one contact.
#[derive(Debug, Deserialize)]
pub(super) struct ContactPath {
    contact: String,
}

/// `GET …/contacts`: the newest first.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Contact>>, ApiError> {
    let limit = query.limit()?;
    let items = tenant.db().contacts(query.place()?, limit + 1).await?;
    Ok(Json(Page::new(items, limit, |last| place(last.created_at, &last.contact))))
}

/// `GET …/contacts/{contact}`: everything that is kept of it.
pub(super) async fn export(
    OpenTenant(tenant): OpenTenant,
    Path(ContactPath { contact }): Path<ContactPath>,
) -> Result<Json<Value>, ApiError> {
    let id = find(tenant.db(), &contact).await?;
    tenant.db().export_contact(&id).await?.map(Json).ok_or_else(|| unknown(&contact))
}

/// `DELETE …/contacts/{contact}`: forgets it. 409 while a message of it is being answered.
pub(super) async fn forget(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(ContactPath { contact }): Path<ContactPath>,
) -> Result<Json<Forgotten>, ApiError> {
    let id = find(tenant.db(), &contact).await?;
    match tenant.db().forget_contact(&id, ACTOR, state.clock.now_ms()).await? {
        Forget::Done(forgotten) => Ok(Json(forgotten)),
        Forget::NotFound => Err(unknown(&contact)),
        Forget::Answering => Err(ApiError::new(
            StatusCode::CONFLICT,
            "being_answered",
            "a message of this contact is being answered just now; try again in a moment",
        )),
    }
}

async fn find(db: &TenantDb, name: &str) -> Result<String, ApiError> {
    match db.find_contact(name).await? {
        ContactMatch::One(contact) => Ok(contact.contact),
        ContactMatch::Nobody => Err(unknown(name)),
        ContactMatch::Several(contacts) => {
            let names: Vec<String> =
                contacts.iter().map(|contact| format!("{}:{}", contact.channel, contact.address)).collect();
            let message = format!("several contacts have this address; say which: {}", names.join(", "));
            Err(ApiError::new(StatusCode::CONFLICT, "ambiguous_contact", message))
        }
    }
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found("unknown_contact", format!("there is no contact {name:?}"))
}
