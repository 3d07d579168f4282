//! Twilio's error codes, as far as it matters which one it is: <https://www.twilio.com/docs/api/errors>.

use crate::domain::message::Remedy;

/// What is to be done about a code; `None` when the status of the answer says it.
pub(super) fn remedy(code: u32) -> Option<Remedy> {
    match code {
        // Too many requests, too many messages, a queue that is full, trouble of Twilio's own.
        14107 | 20429 | 20500 | 20503 | 20504 | 30001 | 30002 | 30022 | 63018 | 63038 => Some(Remedy::Again),
        63016 => Some(Remedy::Template),
        // Wrong credentials, a wrong or blocked number, a text that is too long: nothing of it changes by itself.
        14103
        | 20003
        | 20404
        | 21211
        | 21408
        | 21606
        | 21610
        | 21612
        | 21614
        | 21617
        | 21656
        | 30003..=30008
        | 63003
        | 63007
        | 63013
        | 63015
        | 63024
        | 63027
        | 63032
        | 63049 => Some(Remedy::Nothing),
        _ => None,
    }
}

/// A code in words, with what to do where somebody can do something.
pub(super) fn told(code: u32, message: Option<&str>) -> String {
    let known = match code {
        20003 => "the credentials are wrong; set account_sid and auth_token right, then replay",
        21211 | 21614 | 63024 => "the number does not exist or cannot be written to",
        21408 => "messages to this country are switched off at Twilio",
        21606 | 63007 => "`from` is not a number of this account",
        21610 => "the customer unsubscribed",
        14103 | 21617 => "the text is too long",
        63015 => "the customer has not joined the sandbox",
        63016 => "the customer's last message is more than 24 hours old",
        _ => "",
    };
    let message = if known.is_empty() { message.unwrap_or_default() } else { known };
    if message.is_empty() { format!("Twilio {code}") } else { format!("Twilio {code}: {message}") }
}
