//! The files of customers, which Twilio keeps: <https://www.twilio.com/docs/messaging/api/media-resource>.

use bytes::Bytes;
use reqwest::Client;
use url::Url;

use crate::{
    channel::{FetchError, call},
    config::tenant::channels::Twilio,
    domain::message::Attachment,
};

/// Where Twilio sends who asks for a file: its own network, and the storage that it rents.
const STORAGE: [&str; 3] = ["twilio.com", "twiliocdn.com", "amazonaws.com"];

/// Fetches a file. The credentials go to Twilio alone, not to the storage it points to.
pub(in crate::channel) async fn fetch(
    http: &Client,
    config: &Twilio,
    file: &Attachment,
    most: usize,
) -> Result<Bytes, FetchError> {
    let url = Url::parse(&file.reference).ok();
    let Some(url) = url.filter(|url| is_configured(url, config) || is_under(url, &["twilio.com"])) else {
        return Err(FetchError::Permanent("the file is not at Twilio".to_owned()));
    };
    let authorise = |request: reqwest::RequestBuilder| {
        request.basic_auth(&config.account_sid, Some(config.auth_token.expose()))
    };
    let may_follow = |next: &Url| is_configured(next, config) || is_under(next, &STORAGE);
    call::download(http, url, authorise, may_follow, most).await
}

fn is_configured(url: &Url, config: &Twilio) -> bool {
    Url::parse(&config.api_base).is_ok_and(|base| call::is_same_place(&base, url))
}

/// Whether an address is at one of these domains or below, over TLS.
fn is_under(url: &Url, domains: &[&str]) -> bool {
    let Some(host) = url.domain().filter(|_| url.scheme() == "https" && url.port().is_none()) else {
        return false;
    };
    let is_in =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    domains.iter().any(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_fetched_from_twilio_and_from_nowhere_else() {
        let config = Twilio {
            account_sid: "AC1".to_owned(),
            auth_token: "t".to_owned().into(),
            from: String::new(),
            content_sid: None,
            api_base: "http://127.0.0.1:9".to_owned(),
        };
        let may = |url: &str| {
            let url = Url::parse(url).unwrap();
            is_configured(&url, &config) || is_under(&url, &["twilio.com"])
        };
        for good in ["https://api.twilio.com/x", "https://twilio.com/", "http://127.0.0.1:9/media"] {
            assert!(may(good), "{good}");
        }
        for bad in [
            "http://api.twilio.com/x",
            "https://api.twilio.com.evil.example/x",
            "https://eviltwilio.com/x",
            "https://twilio.com:8443/x",
            "https://twilio.com@evil.example/x",
            "http://127.0.0.1:10/media",
            "https://127.0.0.1:9/media",
            "http://169.254.169.254/latest",
        ] {
            assert!(!may(bad), "{bad}");
        }
    }
}
