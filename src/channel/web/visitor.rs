//! Who a visitor is: whoever knows the token that was given to their browser.
//!
//! The token stays with the browser. What is stored, listed and shown to the business is a name made of it, from which
//! nobody finds the way back, so that reading a list of contacts lets nobody into a conversation.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::{clock::Ids, domain::tenant::TenantId};

/// What a browser keeps: 128 random bits as 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct VisitorToken(String);

impl VisitorToken {
    /// A new one. None when the machine has no randomness to give.
    pub fn new(ids: &Ids) -> Option<Self> {
        ids.unguessable().map(Self)
    }

    /// The token that a browser shows. None if it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_token = text.len() == 32
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_token.then(|| Self(text.to_owned()))
    }

    /// What the browser is given.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How the business calls the visitor.
    pub fn contact(&self, tenant: &TenantId) -> String {
        let mut hash = Sha256::new();
        for part in ["iass web visitor", tenant.as_str(), &self.0] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digits =
            hash.finalize().iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        format!("visitor-{digits}")
    }
}

impl fmt::Debug for VisitorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitorToken(…)")
    }
}

/// The longest id that a page gives a message.
const MAX_ID_BYTES: usize = 64;

/// The id under which a visitor's message is known: two visitors may give theirs the same id. None if it is no id.
pub fn message_id(contact: &str, id: &str) -> Option<String> {
    let is_id = (1..=MAX_ID_BYTES).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    is_id.then(|| format!("{contact}:{id}"))
}

/// The id that the page gave a message.
pub fn id_of<'a>(contact: &str, message_id: &'a str) -> Option<&'a str> {
    message_id.strip_prefix(contact)?.strip_prefix(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_differs_and_does_not_show() {
        let tenant = TenantId::parse("acme").unwrap();
        let (one, two) = (VisitorToken::new(&Ids::Random).unwrap(), VisitorToken::new(&Ids::Random).unwrap());
        assert_ne!(one, two);
        assert_eq!(VisitorToken::parse(one.expose()), Some(one.clone()));
        assert_eq!(one.contact(&tenant), one.clone().contact(&tenant));
        assert_ne!(one.contact(&tenant), one.contact(&TenantId::parse("other").unwrap()));
        assert!(!one.contact(&tenant).contains(one.expose()) && !format!("{one:?}").contains(one.expose()));
        for wrong in ["", "abc", "g0000000000000000000000000000000", "../../../../../../../../../../../"] {
            assert_eq!(VisitorToken::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_of_a_message_is_the_visitors_own() {
        let id = message_id("visitor-1", "m-1").unwrap();
        assert_eq!((id.as_str(), id_of("visitor-1", &id)), ("visitor-1:m-1", Some("m-1")));
        assert_eq!(id_of("visitor-2", &id), None);
        let long = "x".repeat(65);
        for wrong in ["", "a b", "a:b", "ñ", long.as_str()] {
            assert_eq!(message_id("v", wrong), None, "{wrong}");
        }
    }
}
