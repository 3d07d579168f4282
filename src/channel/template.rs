//! A reply inside an approved template: what WhatsApp takes for a customer who last wrote more than a day ago, at Meta as at
//! Twilio (<https://developers.facebook.com/docs/whatsapp/message-templates/guidelines>).

use super::SendError;
use crate::domain::split::length;

/// The most characters of the variable: a whole template has 1024 with its own words.
const MAX_VARIABLE: usize = 900;

/// The reply as the variable of a template, which may have no line breaks.
///
/// # Errors
/// [`SendError::WindowClosed`] when it does not fit: nothing is cut from it, it waits.
pub(super) fn variable(text: &str) -> Result<String, SendError> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if length(&line) <= MAX_VARIABLE {
        return Ok(line);
    }
    let message = format!(
        "the customer last wrote more than 24 hours ago, and the reply is longer than the {MAX_VARIABLE} characters that \
         go into a template; it waits until they write again"
    );
    Err(SendError::WindowClosed { message })
}

/// There is no template.
pub(super) fn missing(setting: &str) -> SendError {
    let message = format!(
        "the customer last wrote more than 24 hours ago, when WhatsApp only takes an approved template; the reply waits \
         until they write again; configure {setting} to reach them before"
    );
    SendError::WindowClosed { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_one_line_and_nothing_is_cut_from_it() {
        assert_eq!(variable("Hola\n\n*Ana*   bien"), Ok("Hola *Ana* bien".to_owned()));
        assert!(variable(&"ñ".repeat(MAX_VARIABLE)).is_ok());
        assert!(matches!(variable(&"ñ".repeat(MAX_VARIABLE + 1)), Err(SendError::WindowClosed { .. })));
    }
}
