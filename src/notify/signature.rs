//! How a business knows that what it was told comes from here: an HMAC over the time and the exact body.
//!
//! `X-Iass-Signature: sha256=` and the hex HMAC-SHA256 of `<X-Iass-Timestamp>.<body>`. Whoever checks it should refuse
//! times that are long ago, so that nobody can send a copy later.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::{NotifyError, post::Outgoing};
use crate::{config::secret::Secret, store::delivery::ClaimedDelivery};

/// Names a delivery in the headers of a request, so that a copy is known for one, and signs the request if there is a
/// secret.
pub(super) fn mark(
    outgoing: &mut Outgoing,
    delivery: &ClaimedDelivery,
    secret: Option<&Secret>,
    now: Timestamp,
) -> Result<(), NotifyError> {
    let time = now.as_second().to_string();
    outgoing.set("x-iass-event", delivery.event.as_str())?;
    outgoing.set("x-iass-delivery", &delivery.id)?;
    outgoing.set("idempotency-key", &delivery.id)?;
    outgoing.set("x-iass-timestamp", &time)?;
    if let Some(secret) = secret {
        let signature = sign(secret.expose().as_bytes(), &time, &outgoing.body)?;
        outgoing.set("x-iass-signature", &signature)?;
    }
    Ok(())
}

fn sign(secret: &[u8], time: &str, body: &[u8]) -> Result<String, NotifyError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)
        .map_err(|_| NotifyError::permanent("the secret cannot be signed with"))?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    let mut signature = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}")
            .map_err(|_| NotifyError::permanent("the signature cannot be written"))?;
    }
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_time_point_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac s3cret
        assert_eq!(
            sign(b"s3cret", "1700000000", br#"{"a":1}"#).unwrap(),
            "sha256=1698a50bc74d1ff1db85c4e0a5297c2ad9fdba245d5737cdb789e4cc6e098940"
        );
    }
}
