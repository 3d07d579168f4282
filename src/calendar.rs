//! Calendars elsewhere: who keeps the appointments when the tenant's own database is not the last word, and how they
//! are written as iCalendar.
//!
//! One file and one wire each. A calendar is asked which time is taken, to take an appointment, and to let one go; each
//! can be asked twice for the same and does it once. What is told to customers is decided elsewhere.

mod calcom;
mod caldav;
mod google;
pub mod ics;
mod schedule;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use tokio::time::Instant;

use self::google::token::Tokens;
use crate::{
    config::{
        secret::Secret,
        tenant::booking::{Booking, BookingProvider},
    },
    domain::appointment::{AppointmentRecord, Busy},
    engine::booking::talk::Calendar,
};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest that one question may take.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

/// A day, in milliseconds.
const A_DAY_MS: i64 = 24 * 3_600_000;

/// The largest answer that is read, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// Why a calendar did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The time is taken there.
    #[error("the time is taken in the calendar")]
    Conflict,
    /// It may do it later.
    #[error("{0}")]
    Temporary(String),
    /// It will never do it.
    #[error("{0}")]
    Permanent(String),
}

/// What a calendar calls an appointment that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id there.
    pub remote_id: String,
    /// The version of it there, where the calendar has versions.
    pub remote_version: Option<String>,
}

/// Which time is taken there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// What is taken.
    pub busy: Vec<Busy>,
    /// The times that it offers by itself, each a service with a beginning in milliseconds since 1970.
    pub open: Option<Vec<(String, i64)>>,
}

/// The calendar elsewhere of a tenant. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RemoteCalendar {
    client: Client,
    booking: Booking,
    /// Google's access tokens; what is got is shared by the clones.
    tokens: Option<Arc<Tokens>>,
}

impl RemoteCalendar {
    /// The calendar that a tenant's appointments are kept in; `None` when it is its own database.
    ///
    /// # Errors
    /// When nothing can be sent over HTTP.
    pub fn of(booking: Option<&Booking>) -> Result<Option<Self>, reqwest::Error> {
        let Some(booking) = booking.filter(|booking| booking.provider != BookingProvider::Builtin) else {
            return Ok(None);
        };
        crate::tls::install_provider();
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ASK_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("iass/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let tokens = Tokens::of(&booking.google).map(Arc::new);
        Ok(Some(Self { client, booking: booking.clone(), tokens }))
    }

    /// Which time is taken between then and then, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub async fn times(&self, from_ms: i64, to_ms: i64, until: Instant) -> Result<Times, CalendarError> {
        let asked = async {
            match self.booking.provider {
                BookingProvider::Builtin => Ok(Times::default()),
                BookingProvider::Http => schedule::times(self, from_ms, to_ms).await,
                BookingProvider::Caldav => caldav::times(self, from_ms, to_ms).await,
                BookingProvider::Google => google::times(self, from_ms, to_ms).await,
                BookingProvider::Calcom => calcom::times(self, from_ms, to_ms).await,
            }
        };
        in_time(until, asked).await
    }

    /// Takes an appointment. The same one twice is one.
    ///
    /// # Errors
    /// [`CalendarError::Conflict`] when its time is taken there.
    pub async fn create(&self, record: &AppointmentRecord) -> Result<Made, CalendarError> {
        match self.booking.provider {
            BookingProvider::Builtin => Ok(Made { remote_id: record.id.clone(), remote_version: None }),
            BookingProvider::Http => schedule::create(self, record).await,
            BookingProvider::Caldav => caldav::create(self, record).await,
            BookingProvider::Google => google::create(self, record).await,
            BookingProvider::Calcom => calcom::create(self, record).await,
        }
    }

    /// Lets an appointment go. One that is not there is gone. Without the id that the calendar gave, it is found by ours:
    /// so a try whose answer was lost is taken back.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub async fn cancel(
        &self,
        record: &AppointmentRecord,
        remote_id: Option<&str>,
    ) -> Result<(), CalendarError> {
        match self.booking.provider {
            BookingProvider::Builtin => Ok(()),
            BookingProvider::Http => schedule::cancel(self, record, remote_id).await,
            BookingProvider::Caldav => caldav::cancel(self, record, remote_id).await,
            BookingProvider::Google => google::cancel(self, record, remote_id).await,
            BookingProvider::Calcom => calcom::cancel(self, record, remote_id).await,
        }
    }

    /// What is taken here and there. What the calendar there knows of our own appointments is not taken twice.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub async fn together(
        &self,
        own: Vec<Busy>,
        from_ms: i64,
        to_ms: i64,
        until: Instant,
    ) -> Result<Calendar, CalendarError> {
        let Times { busy, open } = self.times(from_ms, to_ms, until).await?;
        // These tell our own appointments from others by themselves; what else is there at the same time counts.
        let tells_ours = matches!(self.booking.provider, BookingProvider::Caldav | BookingProvider::Google);
        let mut all = if tells_ours { busy } else { without(busy, &own) };
        all.extend(own);
        Ok(Calendar { busy: all, open, unreachable: false })
    }

    /// Whether the calendar lets us in, for `iass doctor`. `now_ms` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub async fn check(&self, now_ms: i64) -> Result<(), CalendarError> {
        let asked = async {
            match self.booking.provider {
                BookingProvider::Google => google::check(self).await,
                _ => self.times(now_ms, now_ms + A_DAY_MS, Instant::now() + ASK_TIMEOUT).await.map(|_| ()),
            }
        };
        in_time(Instant::now() + ASK_TIMEOUT, asked).await
    }

    fn base(&self, default: &str) -> String {
        self.booking.url.as_deref().unwrap_or(default).trim_end_matches('/').to_owned()
    }

    /// The request with the token that the owner gave.
    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        match (&self.booking.user, &self.booking.token) {
            (Some(user), token) => request.basic_auth(user, token.as_ref().map(Secret::expose)),
            (None, Some(token)) => request.bearer_auth(token.expose()),
            (None, None) => request,
        }
    }

    /// What the calendar elsewhere calls a service.
    fn remote_service<'a>(&'a self, id: &'a str) -> &'a str {
        let service = self.booking.services.iter().find(|service| service.id == id);
        service.and_then(|service| service.remote.as_deref()).unwrap_or(id)
    }
}

/// What is asked, unless it takes longer than there is time.
async fn in_time<T>(
    until: Instant,
    asked: impl Future<Output = Result<T, CalendarError>>,
) -> Result<T, CalendarError> {
    tokio::time::timeout_at(until, asked)
        .await
        .unwrap_or_else(|_| Err(CalendarError::Temporary("the calendar did not answer in time".to_owned())))
}

/// Taken time without that of our own appointments.
fn without(busy: Vec<Busy>, own: &[Busy]) -> Vec<Busy> {
    let mut left = busy;
    for mine in own {
        left = left
            .into_iter()
            .flat_map(|other| {
                let applies = other.resource.is_none() || other.resource == mine.resource;
                if !applies || mine.to_ms <= other.from_ms || mine.from_ms >= other.to_ms {
                    return vec![other];
                }
                let before = Busy { to_ms: mine.from_ms, ..other.clone() };
                let after = Busy { from_ms: mine.to_ms, ..other };
                [before, after].into_iter().filter(|part| part.from_ms < part.to_ms).collect()
            })
            .collect();
    }
    left
}

/// A stretch of time that is taken for everybody, or for one resource.
fn taken(resource: Option<String>, from_ms: i64, to_ms: i64) -> Busy {
    Busy { appointment: None, resource, service: None, start_ms: from_ms, from_ms, to_ms }
}

/// A failure of the network, without an address or a secret.
fn unreachable(error: &reqwest::Error) -> CalendarError {
    let what = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
    CalendarError::Temporary(format!("the calendar {what}"))
}

/// What an answer that is no success means.
fn refused(status: StatusCode) -> CalendarError {
    let message = format!("the calendar answered {}", status.as_u16());
    match status.as_u16() {
        409 | 412 => CalendarError::Conflict,
        408 | 425 | 429 | 500..=599 => CalendarError::Temporary(message),
        _ => CalendarError::Permanent(message),
    }
}

/// The words of an answer, up to a bound.
async fn text_of(mut response: Response) -> Result<String, CalendarError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_BYTES {
            return Err(CalendarError::Permanent("the calendar answered far too much".to_owned()));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An answer in JSON.
async fn json_of<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, CalendarError> {
    let text = text_of(response).await?;
    serde_json::from_str(&text).map_err(|error| {
        CalendarError::Permanent(format!("the calendar's answer is not understood: {error}"))
    })
}

/// A moment of an answer, in milliseconds since 1970.
fn moment(text: &str) -> Result<i64, CalendarError> {
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_| CalendarError::Permanent(format!("the calendar's time {text:?} is not understood")))
}

/// A moment as RFC 3339 in UTC.
fn utc(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}
