//! Phone calls by Twilio Voice: <https://www.twilio.com/docs/voice/twiml>.
//!
//! Twilio posts a form whenever a call needs to know how it goes on, and does what the document says that it is answered
//! with ([`twiml`]). What a caller says comes as text, one message each time; the answer is spoken by whoever waits for
//! it, so nothing is ever sent by itself.

pub mod twiml;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{
    Refused,
    twilio::{Form, is_signed},
};
use crate::{
    config::tenant::channels::Voice,
    domain::{
        contact::Identity,
        conversation::ChannelKind,
        message::{Inbound, MAX_TEXT_BYTES},
    },
};

/// The numbers that stand for callers who hide theirs
/// (<https://help.twilio.com/articles/223179988>).
const HIDDEN: [&str; 5] = ["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"];

/// A call as Twilio tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its id.
    pub sid: String,
    /// How the caller is called: the number, or the call itself where the number is hidden, so that strangers do not meet in
    /// one conversation.
    pub contact: String,
    /// What the caller just said.
    pub speech: Option<String>,
    /// Whether the call is over.
    pub has_ended: bool,
    /// Whether somebody took the call that was put through; `None` when none was.
    pub put_through: Option<bool>,
}

/// Checks that Twilio posted a form to one of these addresses.
///
/// # Errors
/// [`Refused::Signature`].
pub fn verify(
    config: &Voice,
    addresses: &[String],
    form: &Form,
    signature: Option<&str>,
) -> Result<(), Refused> {
    let is_right = signature.is_some_and(|given| is_signed(&config.auth_token, addresses, form, given));
    if is_right { Ok(()) } else { Err(Refused::Signature) }
}

/// What a form tells of a call.
///
/// # Errors
/// [`Refused::Body`] when it is about none.
pub fn read(form: &Form) -> Result<Call, Refused> {
    let sid = form.get("CallSid").ok_or(Refused::Body)?.to_owned();
    let from = form.get("From").unwrap_or_default().trim();
    // An address of an internet phone has a user or a name; everything else that is no number hides one.
    let is_known = (ChannelKind::Voice.phone_of(from).is_some() && !HIDDEN.contains(&from))
        || from.starts_with("sip:")
        || from.starts_with("client:");
    let contact = if is_known { from.to_owned() } else { sid.clone() };
    let speech = form.get("SpeechResult").map(|speech| {
        let speech = speech.trim();
        speech.get(..speech.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default().to_owned()
    });
    let has_ended = form
        .get("CallStatus")
        .is_some_and(|status| ["completed", "busy", "failed", "no-answer", "canceled"].contains(&status));
    let put_through = form.get("DialCallStatus").map(|status| status == "completed" || status == "answered");
    Ok(Call { sid, contact, speech: speech.filter(|speech| !speech.is_empty()), has_ended, put_through })
}

impl Call {
    /// What names what the caller says at this point of the call: its place in the call where the address says it, else the
    /// words themselves. The same request is the same message, however often Twilio sends it.
    pub fn turn(&self, place: Option<&str>) -> String {
        let Some(place) = place else {
            let digest = Sha256::digest(self.speech.as_deref().unwrap_or_default());
            return digest.iter().take(8).fold(String::new(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _written = write!(text, "{byte:02x}");
                text
            });
        };
        place.to_owned()
    }

    /// What the caller said, as a message.
    pub fn message(&self, turn: &str) -> Option<Inbound> {
        let text = self.speech.clone()?;
        Some(Inbound {
            channel: ChannelKind::Voice,
            message_id: self.message_id(turn),
            contact: self.contact.clone(),
            contact_name: None,
            text,
            attachments: Vec::new(),
            route: Some(self.sid.clone()),
            source: None,
            identity: Identity::default(),
            quiet_ms: 0,
        })
    }

    /// The id of the message of a turn.
    pub fn message_id(&self, turn: &str) -> String {
        format!("{}:{turn}", self.sid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(fields: &[(&str, &str)]) -> Result<Call, Refused> {
        read(&Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()))
    }

    #[test]
    fn what_a_caller_says_is_a_message_of_that_number() {
        let call =
            call(&[("CallSid", "CA1"), ("From", "+573001112233"), ("SpeechResult", " ¿A qué hora abren? ")]);
        let message = call.clone().unwrap().message("2").unwrap();
        assert_eq!(
            (message.message_id.as_str(), message.contact.as_str(), message.text.as_str()),
            ("CA1:2", "+573001112233", "¿A qué hora abren?")
        );
        let call = call.unwrap();
        assert_eq!(call.turn(Some("3")), "3");
        assert_eq!(call.turn(None), call.turn(None));
        assert_eq!(call.turn(None).len(), 16);
    }

    #[test]
    fn callers_who_hide_their_number_do_not_meet() {
        let contact = |from: &str| call(&[("CallSid", "CA7"), ("From", from)]).unwrap().contact;
        for hidden in ["", "anonymous", "Restricted", "+266696687", "266696687"] {
            assert_eq!(contact(hidden), "CA7", "{hidden}");
        }
        for known in ["+573001112233", "sip:ana@pbx.example", "client:ana"] {
            assert_eq!(contact(known), known);
        }
    }

    #[test]
    fn the_state_of_a_call_is_understood() {
        let state = |field: &str, value: &str| {
            let call = call(&[("CallSid", "CA1"), (field, value)]).unwrap();
            (call.has_ended, call.put_through)
        };
        assert_eq!(state("CallStatus", "ringing"), (false, None));
        assert_eq!(state("CallStatus", "in-progress"), (false, None));
        assert_eq!(state("CallStatus", "completed"), (true, None));
        assert_eq!(state("DialCallStatus", "completed"), (false, Some(true)));
        assert_eq!(state("DialCallStatus", "no-answer"), (false, Some(false)));
        assert_eq!(call(&[("From", "+573001112233")]), Err(Refused::Body));
        assert_eq!(call(&[("CallSid", "CA1"), ("SpeechResult", "  ")]).unwrap().speech, None);
    }
}
