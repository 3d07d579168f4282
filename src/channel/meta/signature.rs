//! How Meta shows that a webhook is from Meta: `X-Hub-Signature-256: sha256=` and the hex HMAC-SHA256 of the body, byte
//! for byte, under the app's secret
//! (<https://developers.facebook.com/docs/graph-api/webhooks/getting-started#event-notifications>).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::{channel::Refused, config::secret::Secret};

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// Checks a signature against the body as it came.
///
/// # Errors
/// [`Refused::Signature`].
pub fn verify(app_secret: &Secret, body: &[u8], signature: Option<&str>) -> Result<(), Refused> {
    let hex = signature.and_then(|text| text.strip_prefix("sha256=")).ok_or(Refused::Signature)?;
    let given = from_hex(hex).ok_or(Refused::Signature)?;
    let mac = mac(app_secret, body).ok_or(Refused::Signature)?;
    mac.verify_slice(&given).map_err(|_| Refused::Signature)
}

/// The signature of a body, as it stands in [`SIGNATURE_HEADER`].
pub fn sign(app_secret: &Secret, body: &[u8]) -> String {
    let bytes = mac(app_secret, body).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
    bytes.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether the word that Meta shows when a webhook is registered is the one it was given.
pub fn is_verify_token(expected: &Secret, shown: &str) -> bool {
    bool::from(expected.expose().as_bytes().ct_eq(shown.as_bytes()))
}

fn mac(app_secret: &Secret, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes()).ok()?;
    mac.update(body);
    Some(mac)
}

/// The bytes that hex digits stand for.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_secret_over_the_very_bytes_is_taken() {
        let secret = Secret::from("s3cret".to_owned());
        // printf '{"a":1}' | openssl dgst -sha256 -hmac s3cret
        let signature = sign(&secret, br#"{"a":1}"#);
        assert_eq!(signature, "sha256=5910e62016ef5034272c926c27071992a465c2335cecf41851bda071577f4f6d");
        assert_eq!(verify(&secret, br#"{"a":1}"#, Some(&signature)), Ok(()));
        let refused = Err(Refused::Signature);
        assert_eq!(verify(&secret, br#"{"a": 1}"#, Some(&signature)), refused);
        assert_eq!(verify(&Secret::from("other".to_owned()), br#"{"a":1}"#, Some(&signature)), refused);
        for wrong in [None, Some(""), Some("sha256="), Some("sha256=zz"), signature.strip_prefix("sha256=")] {
            assert_eq!(verify(&secret, br#"{"a":1}"#, wrong), refused, "{wrong:?}");
        }
    }
}
