//! Calls of the Graph API, and what each of its errors means for another try:
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::webhook::WireError;
use crate::{
    alerts::ChannelTrouble,
    channel::{
        SendError,
        call::{Answer, call},
    },
    config::tenant::channels::meta::Meta,
    domain::message::Remedy,
};

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct GraphError {
    /// The HTTP status; none when there was no answer.
    pub(crate) status: Option<u16>,
    /// Meta's code; 0 without one.
    pub(crate) code: i64,
    /// Whether Meta says that it passes.
    is_transient: bool,
    /// How long to wait, when the answer says so.
    retry_after: Option<Duration>,
    /// What happened, without the token and without who the customer is.
    message: String,
}

/// The codes that pass: unknown and service errors, rate limits of the app, of the account, of the throughput and of one
/// customer, internal errors, and an account under maintenance.
const PASSING: [i64; 11] = [1, 2, 4, 80007, 130_429, 131_000, 131_016, 131_048, 131_056, 131_057, 133_004];

/// Too many messages to one customer.
const PAIR_RATE_LIMIT: i64 = 131_056;

/// The customer did not write within the last 24 hours.
pub(super) const WINDOW_CLOSED: i64 = 131_047;

impl GraphError {
    fn unanswered(message: &str) -> Self {
        let message = format!("Meta did not answer: {message}");
        Self { status: None, code: 0, is_transient: true, retry_after: None, message }
    }

    /// Whether the same call may succeed later.
    pub(crate) fn passes(&self) -> bool {
        match self.status {
            None => true,
            _ if PASSING.contains(&self.code) || self.is_transient => true,
            // A code that is known not to pass keeps its word whatever the status is.
            Some(status) => self.code == 0 && matches!(status, 408 | 425 | 429) || status >= 500,
        }
    }

    /// What somebody has to put right before anything can be sent again.
    pub(crate) fn trouble(&self) -> Option<ChannelTrouble> {
        let is_denied = self.code == 0 && matches!(self.status, Some(401 | 403));
        if is_denied { Some(ChannelTrouble::Refused) } else { trouble(self.code) }
    }

    /// What it means for a reply that was tried `attempts` times before.
    pub(super) fn for_reply(self, attempts: u32) -> SendError {
        if !self.passes() {
            return SendError::Permanent { message: self.message };
        }
        // Meta asks for 4^n seconds between messages to one customer who got too many.
        let pair = (self.code == PAIR_RATE_LIMIT)
            .then(|| Duration::from_secs(4_u64.saturating_pow(attempts.min(8) + 1)));
        SendError::Temporary { retry_after: self.retry_after.max(pair), message: self.message }
    }
}

/// What somebody has to put right before anything can be sent again, by the code that Meta told.
pub(super) fn trouble(code: i64) -> Option<ChannelTrouble> {
    match code {
        3 | 10 | 33 | 190 | 200..=299 | 131_005 | 133_010 => Some(ChannelTrouble::Refused),
        131_042 => Some(ChannelTrouble::Unpaid),
        368 | 131_031 | 130_497 => Some(ChannelTrouble::Blocked),
        _ => None,
    }
}

/// What can be done about a reply that Meta took and then did not carry, by the code that it told.
pub(super) fn remedy(code: i64) -> Remedy {
    match code {
        WINDOW_CLOSED => Remedy::Template,
        code if PASSING.contains(&code) => Remedy::Again,
        _ => Remedy::Nothing,
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalError,
}

#[derive(Deserialize)]
struct RefusalError {
    #[serde(flatten)]
    told: WireError,
    #[serde(default)]
    is_transient: bool,
}

/// Posts JSON below the API's address, and returns the body of the answer. A success whose body breaks off is an empty
/// one: it was taken.
pub(super) async fn post(
    http: &Client,
    meta: &Meta,
    path: &str,
    body: &impl Serialize,
) -> Result<Vec<u8>, GraphError> {
    ask(http.post(format!("{}/{path}", meta.api_base)).json(body), meta).await
}

/// Reads something below the API's address.
pub(crate) async fn get_json<T: DeserializeOwned>(
    http: &Client,
    meta: &Meta,
    path: &str,
) -> Result<T, GraphError> {
    let body = ask(http.get(format!("{}/{path}", meta.api_base)), meta).await?;
    serde_json::from_slice(&body).map_err(|_| GraphError::unanswered("the answer is not what Meta sends"))
}

async fn ask(request: RequestBuilder, meta: &Meta) -> Result<Vec<u8>, GraphError> {
    let answer = call(request.bearer_auth(meta.access_token.expose())).await;
    let Answer { status, retry_after, body } =
        answer.map_err(|error| GraphError::unanswered(&error.to_string()))?;
    if status.is_success() {
        return Ok(body);
    }
    let (told, is_transient) = match serde_json::from_slice::<Refusal>(&body) {
        Ok(Refusal { error }) => (Some(error.told), error.is_transient),
        Err(_) => (None, false),
    };
    let words = told.as_ref().map_or_else(|| "no reason given".to_owned(), WireError::words);
    Err(GraphError {
        status: Some(status.as_u16()),
        code: told.map_or(0, |told| told.code),
        is_transient,
        retry_after,
        message: format!("Meta answered {}: {words}", status.as_u16()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, code: i64) -> GraphError {
        GraphError {
            status: Some(status),
            code,
            is_transient: false,
            retry_after: None,
            message: "no".to_owned(),
        }
    }

    #[test]
    fn each_error_says_whether_another_try_makes_sense() {
        for passing in [
            (429, 0),
            (500, 0),
            (503, 0),
            (400, 4),
            (400, 80007),
            (400, 130_429),
            (400, 131_000),
            (500, 131_016),
        ] {
            assert!(error(passing.0, passing.1).passes(), "{passing:?}");
        }
        for lasting in
            [(400, 0), (401, 190), (400, 131_047), (400, 131_026), (400, 132_000), (404, 0), (429, 368)]
        {
            assert!(!error(lasting.0, lasting.1).passes(), "{lasting:?}");
        }
        assert!(GraphError { is_transient: true, ..error(400, 999) }.passes());
    }

    #[test]
    fn what_only_the_owner_can_put_right_is_told() {
        assert_eq!(error(401, 190).trouble(), Some(ChannelTrouble::Refused));
        assert_eq!(error(403, 0).trouble(), Some(ChannelTrouble::Refused));
        assert_eq!(error(400, 131_042).trouble(), Some(ChannelTrouble::Unpaid));
        assert_eq!(error(400, 131_031).trouble(), Some(ChannelTrouble::Blocked));
        assert_eq!(error(400, 131_026).trouble(), None);
        assert_eq!(error(500, 0).trouble(), None);
    }

    #[test]
    fn a_customer_who_got_too_many_messages_is_left_alone_for_longer_each_time() {
        let wait = |attempts| match error(400, PAIR_RATE_LIMIT).for_reply(attempts) {
            SendError::Temporary { retry_after, .. } => retry_after.unwrap().as_secs(),
            other => panic!("{other}"),
        };
        assert_eq!([wait(0), wait(1), wait(2)], [4, 16, 64]);
    }
}
