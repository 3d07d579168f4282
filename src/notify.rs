//! Tells the people and the systems of the business: a person is needed, there is a lead, there is a case.
//!
//! Each place has a file with its wire. What is told was decided in a turn's transaction and is sent by the delivery
//! worker alone; nothing here decides anything or remembers what was sent.

mod crm;
mod desk;
mod email;
mod hubspot;
mod post;
mod signature;
mod slack;
mod smtp;
mod teams;
mod webhook;
mod words;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use jiff::Timestamp;

pub use self::desk::desk_note;
use crate::{
    config::tenant::{TenantConfig, notify::NotifyKind},
    domain::{
        effect::{DeliveryEvent, DeliveryTarget},
        tenant::TenantId,
    },
    prompts::Prompts,
    store::delivery::ClaimedDelivery,
    tls,
};

/// The longest that one place may take for one delivery.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a place did not take a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// It may take it later.
    #[error("{message}")]
    Temporary {
        /// What it said; never an address or a secret.
        message: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// It will never take it.
    #[error("{message}")]
    Permanent {
        /// What it said; never an address or a secret.
        message: String,
    },
}

impl NotifyError {
    fn temporary(message: impl Into<String>) -> Self {
        Self::Temporary { message: message.into(), retry_after: None }
    }

    fn permanent(message: impl Into<String>) -> Self {
        Self::Permanent { message: message.into() }
    }
}

/// The business in whose name is told.
#[derive(Debug, Clone, Copy)]
pub struct Business<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// Where it wants to be told, and in which language.
    pub config: &'a TenantConfig,
    /// Its words.
    pub prompts: &'a Prompts,
}

/// The places that an event is told at: every `[notify]` section that is set up, but of handoffs only those that
/// `handoff.notify` names, if it names any; of leads also the CRMs.
pub fn targets(config: &TenantConfig, event: DeliveryEvent) -> Vec<DeliveryTarget> {
    let wanted = |kind: NotifyKind| {
        let named = match event {
            DeliveryEvent::Handoff => config.handoff.notify.as_deref(),
            DeliveryEvent::Lead
            | DeliveryEvent::Ticket
            | DeliveryEvent::Order
            | DeliveryEvent::LowStock
            | DeliveryEvent::Alert
            | DeliveryEvent::Appointment => None,
        };
        config.notify.has(kind) && named.is_none_or(|named| named.contains(&kind))
    };
    let is_lead = event == DeliveryEvent::Lead;
    let is_target = |target: &DeliveryTarget| match target {
        DeliveryTarget::Slack => wanted(NotifyKind::Slack),
        DeliveryTarget::Teams => wanted(NotifyKind::Teams),
        DeliveryTarget::Email => wanted(NotifyKind::Email),
        DeliveryTarget::Webhook => wanted(NotifyKind::Webhook),
        DeliveryTarget::Crm => is_lead && config.leads.crm.is_some(),
        DeliveryTarget::Hubspot => is_lead && config.leads.hubspot_token.is_some(),
    };
    DeliveryTarget::ALL.into_iter().filter(is_target).collect()
}

/// Sends deliveries. Cheap to clone; the connections are shared.
#[derive(Debug, Clone)]
pub struct Notifier {
    http: reqwest::Client,
    mail: Arc<Mail>,
}

/// What e-mail needs besides a tenant's settings.
#[derive(Debug)]
struct Mail {
    /// A file of certificates to trust instead of the system's.
    certificates: Option<PathBuf>,
    /// Whom to trust; read when the first e-mail is sent.
    trust: OnceLock<Arc<rustls::ClientConfig>>,
}

impl Notifier {
    /// A sender that has no connection yet. `certificates` is a file of certificates that mail servers are checked
    /// against; without one it is the system's.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(certificates: Option<PathBuf>) -> Result<Self, reqwest::Error> {
        Ok(Self { http: post::client()?, mail: Arc::new(Mail { certificates, trust: OnceLock::new() }) })
    }

    /// Sends a delivery to its target, within [`SEND_TIMEOUT`].
    ///
    /// # Errors
    /// [`NotifyError`] says whether another try makes sense.
    pub async fn send(
        &self,
        business: Business<'_>,
        delivery: &ClaimedDelivery,
        now: Timestamp,
    ) -> Result<(), NotifyError> {
        let sent = tokio::time::timeout(SEND_TIMEOUT, self.try_send(business, delivery, now)).await;
        let late = |_| NotifyError::temporary(format!("no answer within {} s", SEND_TIMEOUT.as_secs()));
        sent.map_err(late)?
    }

    async fn try_send(
        &self,
        business: Business<'_>,
        delivery: &ClaimedDelivery,
        now: Timestamp,
    ) -> Result<(), NotifyError> {
        let (notify, leads) = (&business.config.notify, &business.config.leads);
        let gone = |setting: &str| NotifyError::permanent(format!("`{setting}` is not set up any more"));
        match delivery.target {
            DeliveryTarget::Slack => {
                let slack = notify.slack.as_ref().ok_or_else(|| gone("notify.slack"))?;
                let notice = words::notice(business, delivery)?;
                post::send(&self.http, slack::request(slack, &notice)?).await.map(drop)
            }
            DeliveryTarget::Teams => {
                let teams = notify.teams.as_ref().ok_or_else(|| gone("notify.teams"))?;
                let notice = words::notice(business, delivery)?;
                post::send(&self.http, teams::request(teams, &notice)?).await.map(drop)
            }
            DeliveryTarget::Email => {
                let email = notify.email.as_ref().ok_or_else(|| gone("notify.email"))?;
                let notice = words::notice(business, delivery)?;
                let letter = email::compose(email, business, delivery, &notice, now);
                let trust = self.trust().await?;
                email::send(email, letter, trust).await
            }
            DeliveryTarget::Webhook => {
                let webhook = notify.webhook.as_ref().ok_or_else(|| gone("notify.webhook"))?;
                let request = webhook::request(webhook, business.tenant, delivery, now)?;
                post::send(&self.http, request).await.map(drop)
            }
            DeliveryTarget::Crm => {
                let url = leads.crm.as_deref().ok_or_else(|| gone("leads.crm"))?;
                post::send(&self.http, crm::request(url, leads, delivery, now)?).await.map(drop)
            }
            DeliveryTarget::Hubspot => {
                let token = leads.hubspot_token.as_ref().ok_or_else(|| gone("leads.hubspot_token"))?;
                let request = hubspot::request(&leads.hubspot_base_url, token, delivery)?;
                hubspot::check(post::send(&self.http, request).await?).await
            }
        }
    }

    /// Whom mail servers are checked against.
    async fn trust(&self) -> Result<Arc<rustls::ClientConfig>, NotifyError> {
        let mail = self.mail.clone();
        let read = move || {
            if let Some(trust) = mail.trust.get() {
                return Ok(trust.clone());
            }
            let trust = tls::client_config(mail.certificates.as_deref())?;
            Ok(mail.trust.get_or_init(|| trust).clone())
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|join| {
                NotifyError::temporary(format!("reading the certificates was interrupted: {join}"))
            })?
            .map_err(|error: tls::TrustError| NotifyError::temporary(error.to_string()))
    }
}

#[cfg(test)]
#[path = "../tests/it/fake_mail.rs"]
mod fake_mail;
#[cfg(test)]
mod tests;
