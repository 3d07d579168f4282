//! The files of customers, which Chatwoot keeps itself or at a storage that it points to.

use bytes::Bytes;
use reqwest::Client;
use url::{Host, Url};

use crate::{
    channel::{FetchError, call},
    config::tenant::channels::Chatwoot,
    domain::message::Attachment,
};

/// Fetches a file. Its address is signed by Chatwoot and needs no credentials.
pub(in crate::channel) async fn fetch(
    http: &Client,
    config: &Chatwoot,
    file: &Attachment,
    most: usize,
) -> Result<Bytes, FetchError> {
    let may_ask = |url: &Url| is_place_of_files(url, config);
    let Some(url) = Url::parse(&file.reference).ok().filter(may_ask) else {
        return Err(FetchError::Permanent("the file is nowhere that files are fetched from".to_owned()));
    };
    call::download(http, url, |request| request, may_ask, most).await
}

/// The Chatwoot server itself, or a name on the internet over TLS: the address that the server has for the world may be
/// another than the one it is asked at, and storages have names of their own.
fn is_place_of_files(url: &Url, config: &Chatwoot) -> bool {
    let is_chatwoot = Url::parse(&config.base_url).is_ok_and(|base| call::is_same_place(&base, url));
    let is_named = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
    is_chatwoot || (url.scheme() == "https" && url.port().is_none() && is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_at_chatwoot_or_at_a_name_on_the_internet() {
        let config =
            Chatwoot { base_url: "http://chatwoot:3000".to_owned(), ..super::super::tests::config() };
        let may = |url: &str| is_place_of_files(&Url::parse(url).unwrap(), &config);
        for good in
            ["http://chatwoot:3000/rails/x", "https://soporte.example.com/x", "https://x.s3.amazonaws.com/y"]
        {
            assert!(may(good), "{good}");
        }
        for bad in [
            "http://chatwoot:3001/x",
            "http://soporte.example.com/x",
            "https://localhost/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/latest",
            "https://soporte.example.com:8443/x",
            "ftp://x.example.com/y",
        ] {
            assert!(!may(bad), "{bad}");
        }
    }
}
