//! How a webhook is known to be Twilio's: `X-Twilio-Signature` is the HMAC-SHA1 of the address that Twilio called and of
//! every field it posted, sorted by name: <https://www.twilio.com/docs/usage/security#validating-requests>.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use url::Url;

use super::Form;
use crate::config::secret::Secret;

/// Whether a form was signed for one of these addresses. Which of them Twilio used is not always known: a proxy may have
/// changed it, and Twilio itself signs with and without the port.
pub(in crate::channel) fn is_signed(
    auth_token: &Secret,
    addresses: &[String],
    form: &Form,
    signature: &str,
) -> bool {
    let Ok(signature) = STANDARD.decode(signature.trim()) else { return false };
    let addresses: BTreeSet<String> =
        addresses.iter().flat_map(|address| with_and_without_port(address)).collect();
    // Compared in constant time.
    let is_of = |address: &String| {
        mac(auth_token, address, form).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    };
    addresses.iter().any(is_of)
}

/// The signature of a form that is posted to an address.
pub fn sign(auth_token: &Secret, address: &str, form: &Form) -> String {
    mac(auth_token, address, form).map(|mac| STANDARD.encode(mac.finalize().into_bytes())).unwrap_or_default()
}

fn mac(auth_token: &Secret, address: &str, form: &Form) -> Option<Hmac<Sha1>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(auth_token.expose().as_bytes()).ok()?;
    // As Twilio's own libraries do it: the same field with the same value counts once.
    let fields: BTreeSet<(&str, &str)> =
        form.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    mac.update(address.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    Some(mac)
}

/// The address as it is, without its port, and with the usual port of its scheme. Nothing else of it is touched.
fn with_and_without_port(address: &str) -> Vec<String> {
    let mut all = vec![address.to_owned()];
    let Some((scheme, rest)) = address.split_once("://") else { return all };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port = Url::parse(address).ok().and_then(|url| url.port_or_known_default());
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let host =
        if has_port { authority.rsplit_once(':').map_or(authority, |(host, _)| host) } else { authority };
    all.push(format!("{scheme}://{host}{path}"));
    if !has_port && let Some(port) = port {
        all.push(format!("{scheme}://{host}:{port}{path}"));
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The samples that Twilio's own library signed.
    fn samples() -> Vec<Value> {
        serde_json::from_str(include_str!("../../../tests/fixtures/wire/twilio/whatsapp_signed_cases.json"))
            .unwrap()
    }

    fn check(token: &str, address: &str, form: &Form, signature: &str) -> bool {
        is_signed(&Secret::from(token.to_owned()), &[address.to_owned()], form, signature)
    }

    #[test]
    fn what_twilio_signed_is_taken_and_nothing_that_was_changed() {
        let samples = samples();
        assert!(samples.len() >= 16);
        for sample in &samples {
            let text = |key: &str| sample[key].as_str().unwrap();
            let (url, token, signature) = (text("url"), text("auth_token"), text("signature"));
            let form = Form::parse(text("form").as_bytes());
            let name = text("name");
            assert!(check(token, url, &form, signature), "{name}");
            assert!(!check("12346", url, &form, signature), "{name}: another token");
            assert!(!check(token, &format!("{url}/x"), &form, signature), "{name}: another address");
            for at in 0..form.0.len() {
                let mut changed = form.clone();
                changed.0[at].1.push('x');
                assert!(!check(token, url, &changed, signature), "{name}: field {at} changed");
                changed.0.remove(at);
                assert!(!check(token, url, &changed, signature), "{name}: field {at} removed");
            }
            let mut other = STANDARD.decode(signature).unwrap();
            other[0] ^= 1;
            assert!(!check(token, url, &form, &STANDARD.encode(other)), "{name}: a bit of the signature");
        }
        for wrong in ["", "=", "%%%", "AAAA"] {
            assert!(!check("12345", "https://x.example", &Form::default(), wrong));
        }
    }

    #[test]
    fn the_example_of_the_documentation_is_taken() {
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../../../tests/fixtures/wire/twilio/official_vector.json"))
                .unwrap();
        for vector in vectors {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let fields = vector["params"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), text(v)));
            let form = Form(fields.collect());
            assert!(check(
                &text(&vector["token"]),
                &text(&vector["url"]),
                &form,
                &text(&vector["signature"])
            ));
        }
    }

    #[test]
    fn a_port_more_or_less_makes_no_difference() {
        let form = Form(vec![("Body".to_owned(), "hola".to_owned())]);
        let sign = |address: &str| {
            let mut mac = Hmac::<Sha1>::new_from_slice(b"t").unwrap();
            mac.update(address.as_bytes());
            mac.update(b"Bodyhola");
            STANDARD.encode(mac.finalize().into_bytes())
        };
        for (signed, asked) in [
            ("https://b.example/w/a", "https://b.example:8443/w/a"),
            ("https://b.example:443/w/a?x=1:2", "https://b.example/w/a?x=1:2"),
            ("http://b.example:80/w", "http://b.example/w"),
            ("https://b.example:8443/w", "https://b.example:8443/w"),
            ("https://[2001:db8::1]:443/w", "https://[2001:db8::1]/w"),
        ] {
            assert!(check("t", asked, &form, &sign(signed)), "{signed} for {asked}");
        }
        assert!(!check("t", "https://b.example/w", &form, &sign("https://b.example:8443/w")));
    }

    #[test]
    fn a_field_that_comes_twice_counts_once_for_each_value() {
        let form = |fields: &[(&str, &str)]| {
            Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        let mut mac = Hmac::<Sha1>::new_from_slice(b"t").unwrap();
        mac.update(b"https://b.exampleA1A2B3");
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let twice = form(&[("B", "3"), ("A", "2"), ("A", "1"), ("A", "2")]);
        assert!(check("t", "https://b.example", &twice, &signature));
    }
}
