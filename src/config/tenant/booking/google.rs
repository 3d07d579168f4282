//! The keys of a Google calendar: a service account that the calendar is shared with, or an owner's consent.

use serde::{Deserialize, Serialize};

use crate::config::{leaf::Leaf, secret::Secret, section::Section};

/// How Google knows us. At most one of the two ways is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GoogleKeys {
    /// `service_account`, `service_account_file`: the key file of a service account, in JSON, as Google's console gives
    /// it. The calendar is shared with its `client_email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccount>,
    /// `client_id`, `client_secret`, `refresh_token`: an owner's consent to an OAuth client.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// `token_url`: where access tokens are got. Default Google's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
}

/// An owner's consent to an OAuth client: <https://developers.google.com/identity/protocols/oauth2/web-server#offline>
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// `client_id`: the OAuth client.
    pub client_id: String,
    /// `client_secret`: its secret.
    pub client_secret: Secret,
    /// `refresh_token`: what the owner's consent was answered with.
    pub refresh_token: Secret,
}

/// A service account: <https://developers.google.com/identity/protocols/oauth2/service-account>
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceAccount {
    /// Who it is; the calendar is shared with this address.
    pub client_email: String,
    /// Its private key: PKCS #8 in PEM.
    pub private_key: Secret,
    /// Where its tokens are got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_uri: Option<String>,
}

impl GoogleKeys {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let service_account = section.secret("service_account").and_then(|text| {
            let account = ServiceAccount::parse(text.expose());
            account.map_err(|problem| section.error("service_account", &problem)).ok()
        });
        let client_id = section.read("client_id", Leaf::words);
        let secrets = (section.secret("client_secret"), section.secret("refresh_token"));
        let any = client_id.is_some() || secrets.0.is_some() || secrets.1.is_some();
        let consent = match (client_id, secrets) {
            (Some(client_id), (Some(client_secret), Some(refresh_token))) => {
                Some(Consent { client_id, client_secret, refresh_token })
            }
            _ => None,
        };
        if any && consent.is_none() {
            section
                .error("refresh_token", "goes together with `client_id` and `client_secret`; one is missing");
        }
        if consent.is_some() && service_account.is_some() {
            section.error("service_account", "and `refresh_token` are both set: remove one");
        }
        Self { service_account, consent, token_url: section.read("token_url", Leaf::url) }
    }

    /// Whether there is something to get access tokens with.
    pub fn are_given(&self) -> bool {
        self.service_account.is_some() || self.consent.is_some()
    }
}

impl ServiceAccount {
    /// The account of a key file.
    fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct KeyFile {
            #[serde(rename = "type")]
            kind: Option<String>,
            client_email: Option<String>,
            private_key: Option<String>,
            token_uri: Option<String>,
        }
        // What serde says of an error may hold a part of the text, which is a secret.
        let file: KeyFile = serde_json::from_str(text).map_err(|error| {
            format!("must be the JSON key file of a service account; line {} is not", error.line())
        })?;
        if file.kind.as_deref().is_some_and(|kind| kind != "service_account") {
            return Err("is a key file of another type than service_account".to_owned());
        }
        let has = |part: Option<String>, name: &str| {
            part.filter(|text| !text.is_empty()).ok_or_else(|| format!("has no `{name}`"))
        };
        Ok(Self {
            client_email: has(file.client_email, "client_email")?,
            private_key: Secret::from(has(file.private_key, "private_key")?),
            token_uri: file.token_uri,
        })
    }
}
