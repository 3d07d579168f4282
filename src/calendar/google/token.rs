//! Google's access tokens: got with an owner's consent or the key of a service account, kept in memory and renewed
//! before they end. <https://developers.google.com/identity/protocols/oauth2>

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, StatusCode};
use ring::{rand::SystemRandom, signature};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::super::{CalendarError, refused, text_of, unreachable};
use crate::{
    clock::Clock,
    config::{
        secret::Secret,
        tenant::booking::google::{Consent, GoogleKeys, ServiceAccount},
    },
};

/// Where tokens are got when nobody says otherwise.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// What is asked for: events only, not the calendars themselves.
const SCOPE: &str = "https://www.googleapis.com/auth/calendar.events";

/// How long an assertion is good for: the longest that Google takes, in seconds.
const ASSERTION_S: i64 = 3600;

/// A token is renewed this long before it ends, so that none ends on its way.
const EARLY: Duration = Duration::from_secs(60);

/// The grant of a signed assertion (RFC 7523, section 2.1).
const ASSERTION_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Gets access tokens and keeps the last one.
pub(crate) struct Tokens {
    grant: Grant,
    url: String,
    clock: Clock,
    /// Guards the token that is used until it ends. Never held while Google is asked: two that ask at once get two.
    kept: Mutex<Option<Kept>>,
}

enum Grant {
    Consent(Consent),
    Account(ServiceAccount),
}

#[derive(Clone)]
struct Kept {
    token: Secret,
    until: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// In seconds.
    #[serde(default)]
    expires_in: u64,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// The tokens of these keys; `None` when there are none.
    pub(crate) fn of(keys: &GoogleKeys) -> Option<Self> {
        let grant = match (&keys.service_account, &keys.consent) {
            (Some(account), _) => Grant::Account(account.clone()),
            (None, Some(consent)) => Grant::Consent(consent.clone()),
            (None, None) => return None,
        };
        let of_account = keys.service_account.as_ref().and_then(|account| account.token_uri.clone());
        let url = keys.token_url.clone().or(of_account).unwrap_or_else(|| TOKEN_URL.to_owned());
        Some(Self { grant, url, clock: Clock::System, kept: Mutex::new(None) })
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    /// [`CalendarError::Permanent`] when Google does not know the keys any more.
    pub(crate) async fn get(&self, client: &Client) -> Result<Secret, CalendarError> {
        let kept = self.kept().clone();
        if let Some(kept) = kept.filter(|kept| Instant::now() < kept.until) {
            return Ok(kept.token);
        }
        let form = match &self.grant {
            Grant::Consent(consent) => vec![
                ("grant_type", "refresh_token".to_owned()),
                ("client_id", consent.client_id.clone()),
                ("client_secret", consent.client_secret.expose().to_owned()),
                ("refresh_token", consent.refresh_token.expose().to_owned()),
            ],
            Grant::Account(account) => vec![
                ("grant_type", ASSERTION_GRANT.to_owned()),
                ("assertion", assertion(account, &self.url, self.clock.now().as_second())?),
            ],
        };
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = client
            .post(&self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send();
        let response = request.await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let text = text_of(response).await?;
        if !status.is_success() {
            return Err(no_token(status, &text));
        }
        // What serde says of an error may hold a part of the token.
        let granted: Granted = serde_json::from_str(&text).map_err(|_| {
            CalendarError::Permanent("Google's answer with a token is not understood".to_owned())
        })?;
        let token = Secret::from(granted.access_token);
        let good_for = Duration::from_secs(granted.expires_in).saturating_sub(EARLY);
        *self.kept() = Some(Kept { token: token.clone(), until: Instant::now() + good_for });
        Ok(token)
    }

    /// Google refused this token: the next one is got anew.
    pub(crate) fn forget(&self, token: &Secret) {
        let mut kept = self.kept();
        if kept.as_ref().is_some_and(|kept| kept.token == *token) {
            *kept = None;
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no token, without anything secret. The codes are those of RFC 6749, section 5.2.
fn no_token(status: StatusCode, text: &str) -> CalendarError {
    #[derive(Deserialize)]
    struct Problem {
        error: String,
    }
    match serde_json::from_str::<Problem>(text) {
        Ok(Problem { error }) if error == "invalid_grant" => CalendarError::Permanent(
            "Google does not take the refresh token or the service account's key any more (invalid_grant); give a new one"
                .to_owned(),
        ),
        Ok(Problem { error }) if error == "invalid_client" || error == "unauthorized_client" => {
            CalendarError::Permanent(format!("Google does not know the OAuth client ({error})"))
        }
        _ => match refused(status) {
            CalendarError::Temporary(_) => {
                CalendarError::Temporary(format!("Google gave no token: {}", status.as_u16()))
            }
            _ => CalendarError::Permanent(format!("Google gave no token: {}", status.as_u16())),
        },
    }
}

/// The signed claim that asks for a token: <https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth>
fn assertion(account: &ServiceAccount, url: &str, now_s: i64) -> Result<String, CalendarError> {
    let wrong = |what: &str| CalendarError::Permanent(format!("the service account's private key {what}"));
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let claims = json!({
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": url,
        "iat": now_s,
        "exp": now_s + ASSERTION_S,
    });
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let der = PrivatePkcs8KeyDer::from_pem_slice(account.private_key.expose().as_bytes())
        .map_err(|_| wrong("is no PKCS #8 in PEM"))?;
    let key = signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        .map_err(|_| wrong("is no RSA key that can be used"))?;
    let mut proof = vec![0; key.public().modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut proof)
        .map_err(|_| wrong("cannot sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(proof)))
}
