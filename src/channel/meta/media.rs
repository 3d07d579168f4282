//! The files of customers: their address is asked for by their id and lives for minutes; the file is fetched from there
//! with the token, within a bound, and held against its checksum
//! (<https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media>).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::Client;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    graph::{GraphError, get_json},
    signature::from_hex,
};
use crate::{
    channel::{
        FetchError,
        call::{download, is_same_place},
    },
    config::tenant::channels::meta::Meta,
    domain::message::Attachment,
};

#[derive(Deserialize)]
struct Place {
    url: String,
    sha256: Option<String>,
    file_size: Option<serde_json::Value>,
}

/// Fetches a file: at most `most` bytes.
///
/// # Errors
/// [`FetchError`].
pub async fn fetch(http: &Client, meta: &Meta, file: &Attachment, most: usize) -> Result<Bytes, FetchError> {
    let is_id = !file.reference.is_empty() && file.reference.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_id {
        return Err(FetchError::Permanent("it has no id at Meta".to_owned()));
    }
    let place: Place = get_json(http, meta, &file.reference).await.map_err(sort)?;
    if place.size().is_some_and(|size| size > most) {
        return Err(FetchError::TooLarge);
    }
    let url = trusted(&place.url, &meta.api_base).ok_or_else(|| {
        FetchError::Permanent("Meta names an address that the token is not shown to".to_owned())
    })?;
    // A redirect gets no token.
    let bytes =
        download(http, url, |get| get.bearer_auth(meta.access_token.expose()), is_https, most).await?;
    let checksums = [file.checksum.as_deref(), place.sha256.as_deref()];
    let expected = checksums.into_iter().flatten().find_map(checksum);
    if expected.is_some_and(|expected| expected != Sha256::digest(&bytes).as_slice()) {
        return Err(FetchError::Temporary("it arrived damaged: the checksum is another one".to_owned()));
    }
    Ok(bytes)
}

impl Place {
    /// Meta writes the size as a text here and as a number there.
    fn size(&self) -> Option<usize> {
        let size = self.file_size.as_ref()?;
        size.as_str().map_or_else(|| usize::try_from(size.as_u64()?).ok(), |text| text.parse().ok())
    }
}

/// The address of a file, if the token may be shown there: over https, or at the very host that is configured.
fn trusted(url: &str, api_base: &str) -> Option<Url> {
    let (url, base) = (Url::parse(url).ok()?, Url::parse(api_base).ok()?);
    (is_https(&url) || is_same_place(&url, &base)).then_some(url)
}

fn is_https(url: &Url) -> bool {
    url.scheme() == "https"
}

/// A SHA-256 in base64, as webhooks have it, or in hex, as answers have it. What is neither is no checksum.
fn checksum(text: &str) -> Option<Vec<u8>> {
    let is_sum = |bytes: &Vec<u8>| bytes.len() == 32;
    from_hex(text).filter(is_sum).or_else(|| STANDARD.decode(text).ok().filter(is_sum))
}

fn sort(error: GraphError) -> FetchError {
    if error.passes() {
        FetchError::Temporary(error.to_string())
    } else {
        FetchError::Permanent(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_only_shown_over_https_or_where_it_was_configured() {
        let check = |url: &str| trusted(url, "http://127.0.0.1:9000/v23.0").is_some();
        assert!(check("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"));
        assert!(check("http://127.0.0.1:9000/files/1"));
        for wrong in
            ["http://127.0.0.1:9001/x", "http://lookaside.fbsbx.com/x", "file:///etc/passwd", "/x", ""]
        {
            assert!(!check(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_checksum_is_hex_or_base64() {
        let sum = Sha256::digest(b"file").to_vec();
        let hex = sum.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(checksum(&hex), Some(sum.clone()));
        assert_eq!(checksum(&STANDARD.encode(&sum)), Some(sum));
        assert_eq!(checksum("4654+8g="), None);
        assert_eq!(checksum("<HASH>"), None);
    }
}
