//! How a webhook is known to be Chatwoot's: `X-Chatwoot-Signature` is `sha256=` and the hex HMAC-SHA256 of the time, a
//! point and the raw body; since version 4.11
//! (<https://github.com/chatwoot/chatwoot/blob/develop/lib/webhooks/trigger.rb>). Older versions sign nothing: who has one
//! may put a secret into the address instead.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    channel::Refused,
    config::{secret::Secret, tenant::channels::Chatwoot},
};

/// How old a webhook may be, and how far its clock may be ahead, in seconds.
const MAX_AGE_S: i64 = 300;

/// What a request shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proof<'a> {
    /// `X-Chatwoot-Timestamp`: seconds since 1970.
    pub timestamp: Option<&'a str>,
    /// `X-Chatwoot-Signature`.
    pub signature: Option<&'a str>,
    /// `?token=` of the address.
    pub token: Option<&'a str>,
}

/// Checks that a request is from the Chatwoot of these settings, and of now.
///
/// # Errors
/// [`Refused::Signature`].
pub fn verify(config: &Chatwoot, proof: &Proof<'_>, body: &[u8], now: Timestamp) -> Result<(), Refused> {
    let is_right = match (&config.webhook_secret, proof.signature) {
        // What is signed stands or falls with its signature.
        (Some(secret), Some(signature)) => {
            proof.timestamp.is_some_and(|timestamp| is_signed(secret, timestamp, signature, body, now))
        }
        _ => match (&config.webhook_token, proof.token) {
            (Some(expected), Some(given)) => is_same(expected.expose(), given),
            _ => false,
        },
    };
    if is_right { Ok(()) } else { Err(Refused::Signature) }
}

fn is_signed(secret: &Secret, timestamp: &str, signature: &str, body: &[u8], now: Timestamp) -> bool {
    let Ok(seconds) = timestamp.parse::<i64>() else { return false };
    if now.as_second().saturating_sub(seconds).saturating_abs() > MAX_AGE_S {
        return false;
    }
    is_same(&sign(secret, timestamp, body), signature.trim())
}

/// The signature of a body that is posted at this time, in seconds since 1970.
pub fn sign(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    let mut signature = "sha256=".to_owned();
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return signature };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    for byte in mac.finalize().into_bytes() {
        // Writing to a string cannot fail.
        let _written = write!(signature, "{byte:02x}");
    }
    signature
}

/// Compares without telling by the time it takes how much was right.
fn is_same(expected: &str, given: &str) -> bool {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(expected).as_slice()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn config(secret: Option<&str>, token: Option<&str>) -> Chatwoot {
        let secret_of = |text: &str| Secret::from(text.to_owned());
        Chatwoot {
            webhook_secret: secret.map(secret_of),
            webhook_token: token.map(secret_of),
            ..super::super::tests::config()
        }
    }

    #[test]
    fn every_signed_sample_has_its_verdict_and_none_survives_a_change() {
        let cases: Vec<Value> =
            serde_json::from_str(include_str!("../../../tests/fixtures/wire/chatwoot/signed_cases.json"))
                .unwrap();
        assert_eq!(cases.len(), 11);
        for case in &cases {
            let name = case["name"].as_str().unwrap();
            let header = |name: &str| case["headers"][name].as_str();
            let proof = Proof {
                timestamp: header("X-Chatwoot-Timestamp"),
                signature: header("X-Chatwoot-Signature"),
                token: None,
            };
            let now = Timestamp::from_second(case["now"].as_i64().unwrap()).unwrap();
            let body = case["body"].as_str().unwrap().as_bytes();
            let config = config(case["secret"].as_str(), None);
            let is_taken = verify(&config, &proof, body, now).is_ok();
            let expected = match case["expect"].as_str().unwrap() {
                "accept" | "accept-ignore" => true,
                // Unsigned: only with the secret in the address.
                "reject" | "policy" => false,
                other => panic!("{other}"),
            };
            assert_eq!(is_taken, expected, "{name}");
            if !expected {
                continue;
            }
            for at in [0, body.len() / 2, body.len() - 1] {
                let mut changed = body.to_vec();
                changed[at] ^= 1;
                assert!(verify(&config, &proof, &changed, now).is_err(), "{name}: byte {at} changed");
            }
            assert!(verify(&self::config(Some("another"), None), &proof, body, now).is_err(), "{name}");
            let sent = Timestamp::from_second(proof.timestamp.unwrap().parse().unwrap()).unwrap();
            for (age_s, is_new) in [(300, true), (301, false), (-300, true), (-301, false)] {
                let now = sent + jiff::SignedDuration::from_secs(age_s);
                assert_eq!(verify(&config, &proof, body, now).is_ok(), is_new, "{name}: {age_s} s old");
            }
            for timestamp in [None, Some(""), Some("now"), Some("1760000001")] {
                assert!(verify(&config, &Proof { timestamp, ..proof }, body, now).is_err(), "{name}");
            }
        }
    }

    #[test]
    fn an_old_chatwoot_needs_the_secret_of_its_address() {
        let unsigned = |token| Proof { token, ..Proof::default() };
        let check = |config: &Chatwoot, proof: &Proof<'_>| {
            verify(config, proof, b"{}", Timestamp::UNIX_EPOCH).is_ok()
        };
        let opted_in = config(None, Some("t0ken"));
        assert!(check(&opted_in, &unsigned(Some("t0ken"))));
        assert!(!check(&opted_in, &unsigned(Some("t0keN"))) && !check(&opted_in, &unsigned(None)));
        assert!(!check(&config(None, None), &unsigned(Some("t0ken"))), "nobody opted in");
        assert!(!check(&config(Some("s"), None), &unsigned(Some("t0ken"))));
        let both = config(Some("s"), Some("t0ken"));
        assert!(check(&both, &unsigned(Some("t0ken"))));
        let wrong = Proof { timestamp: Some("0"), signature: Some("sha256=00"), token: Some("t0ken") };
        assert!(!check(&both, &wrong), "a wrong signature is not made good by the token");
    }
}
