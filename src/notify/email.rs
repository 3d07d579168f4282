//! E-mail: a notice as a plain letter (RFC 5322, RFC 2045 to 2047), handed to the tenant's mail server.
//!
//! Nothing that a customer wrote gets into a header but inside of the encoded subject, and every line break there is
//! gone by then.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, Zoned, fmt::rfc2822};

use super::{
    Business, NotifyError,
    smtp::{Letter, Server, Transfer},
    words::Notice,
};
use crate::{
    calendar::ics,
    config::tenant::notify::Email,
    domain::effect::{AppointmentNotice, DeliveryEvent},
    store::delivery::ClaimedDelivery,
};

/// The head of the text.
const TEXT: &str = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable";

/// The head of a calendar file.
const CALENDAR: &str = "Content-Type: text/calendar; charset=utf-8; name=\"appointment.ics\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"appointment.ics\"";

/// The longest line of a letter, in characters without the line break (RFC 2045, 6.7).
const MAX_LINE: usize = 76;

/// The most bytes of text in one encoded word: with its frame it must stay within 75 characters (RFC 2047, 2).
const ENCODED_WORD_BYTES: usize = 45;

/// How long looking a mail server's name up may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The time for one letter. Less than what the caller allows, so that the thread that sends it ends first.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(9);

/// The letter of a notice.
pub(super) fn compose(
    email: &Email,
    business: Business<'_>,
    delivery: &ClaimedDelivery,
    notice: &Notice,
    now: Timestamp,
) -> Letter {
    let host = email.from.rsplit_once('@').map_or("localhost", |(_, host)| host);
    let zoned = now.to_zoned(business.config.timezone.clone());
    let mut lines = vec![
        format!("Date: {}", date(&zoned)),
        format!("From: {} <{}>", encoded(&business.config.name), email.from),
        format!("To: {}", email.to.join(",\r\n ")),
        format!("Subject: {}", encoded(&notice.title)),
        // The same at every try: a mail program shows a second copy as the first.
        format!("Message-ID: <{}@{host}>", id(&delivery.id)),
        // Nobody's holiday notice answers a notice (RFC 3834).
        "Auto-Submitted: auto-generated".to_owned(),
        "MIME-Version: 1.0".to_owned(),
    ];
    if notice.urgent {
        lines.push("Importance: high".to_owned());
        lines.push("X-Priority: 1".to_owned());
    }
    let head = lines.join("\r\n");
    let text = format!("{TEXT}\r\n\r\n{}\r\n", quoted_printable(&body(notice)));
    let data = match calendar_file(delivery, now) {
        Some(file) => format!("{head}\r\n{}", with_file(&id(&delivery.id), &text, &file)),
        None => format!("{head}\r\n{text}"),
    };
    Letter { from: email.from.clone(), to: email.to.clone(), data }
}

/// The file of the appointment that a notice is about.
fn calendar_file(delivery: &ClaimedDelivery, now: Timestamp) -> Option<String> {
    if delivery.event != DeliveryEvent::Appointment {
        return None;
    }
    let notice: AppointmentNotice = serde_json::from_value(delivery.payload.clone()).ok()?;
    ics::of_notice(&notice, now)
}

/// A text with a calendar file beside it (RFC 2046, 5.1.3). The boundary is in neither: both are encoded, and neither
/// encoding ever has an equals sign before an underscore.
fn with_file(name: &str, text: &str, file: &str) -> String {
    let boundary = format!("=_{name}");
    let encoded = STANDARD.encode(file);
    let lines: Vec<String> =
        encoded.as_bytes().chunks(MAX_LINE).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!(
        "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n{text}--{boundary}\r\n{CALENDAR}\r\n\r\n{}\r\n--{boundary}--\r\n",
        lines.join("\r\n")
    )
}

/// Hands a letter to the mail server.
///
/// # Errors
/// [`NotifyError`] by the server's answer (RFC 5321, 4.2.1): 4yz is temporary, 5yz is for good.
pub(super) async fn send(
    email: &Email,
    letter: Letter,
    trust: Arc<rustls::ClientConfig>,
) -> Result<(), NotifyError> {
    let lookup = tokio::net::lookup_host((email.smtp_host.as_str(), email.smtp_port));
    let addresses = match tokio::time::timeout(RESOLVE_TIMEOUT, lookup).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(error)) => {
            return Err(NotifyError::temporary(format!("the mail server is not found: {error}")));
        }
        Err(_) => return Err(NotifyError::temporary("looking the mail server up took too long")),
    };
    let login = email
        .username
        .as_ref()
        .zip(email.password.as_ref())
        .map(|(name, password)| (name.clone(), password.clone()));
    let server = Server { name: email.smtp_host.clone(), addresses, login };
    let transfer =
        Transfer { server, letter, trust, security: Server::security(&email.smtp_host, email.smtp_port) };
    tokio::task::spawn_blocking(move || transfer.run(TRANSFER_TIMEOUT))
        .await
        .map_err(|join| NotifyError::temporary(format!("sending the letter was interrupted: {join}")))?
}

/// The letter's text.
fn body(notice: &Notice) -> String {
    let mut lines = vec![notice.title.clone(), String::new()];
    lines.extend(notice.fields.iter().map(|field| format!("{}: {}", field.label, indented(&field.value))));
    if let Some(text) = &notice.text {
        lines.extend([String::new(), format!("{}:", text.label), text.value.clone()]);
    }
    if !notice.said.is_empty() {
        lines.extend([String::new(), format!("{}:", notice.said_title)]);
        let quoted = |value: &str| value.replace('\n', "\n> ");
        lines.extend(notice.said.iter().map(|said| format!("> {}: {}", said.label, quoted(&said.value))));
    }
    lines.extend([String::new(), "-- ".to_owned(), notice.footer.clone()]);
    lines.join("\n")
}

/// A value of several lines, so that none of them looks like a field of its own.
fn indented(value: &str) -> String {
    value.replace('\n', "\n    ")
}

/// The time as a header has it. Only years that no clock has cannot be written so.
fn date(now: &Zoned) -> String {
    rfc2822::to_string(now).unwrap_or_else(|_| "Thu, 1 Jan 1970 00:00:00 +0000".to_owned())
}

/// The characters that a message id may have without quotes.
fn id(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect()
}

/// A text as a header has it: as encoded words, always, so that nothing in it has a meaning (RFC 2047).
fn encoded(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > ENCODED_WORD_BYTES {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let framed = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    framed.collect::<Vec<_>>().join("\r\n ")
}

/// Text as lines of ASCII (RFC 2045, 6.7).
fn quoted_printable(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut out = String::new();
        let mut bytes = line.bytes().peekable();
        while let Some(byte) = bytes.next() {
            let at_end = bytes.peek().is_none();
            let plain = (byte.is_ascii_graphic() && byte != b'=') || (byte == b' ' && !at_end);
            let piece = if plain { char::from(byte).to_string() } else { format!("={byte:02X}") };
            // One place is kept for the mark that the line goes on.
            if out.len() + piece.len() > MAX_LINE - 1 {
                out.push('=');
                lines.push(std::mem::take(&mut out));
            }
            out.push_str(&piece);
        }
        lines.push(out);
    }
    lines.join("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_encoded_words_of_at_most_75_characters() {
        let text = "🚨 EMERGENCIA: Ñandú\r\nBcc: everybody@example.com ".repeat(3);
        let header = encoded(&text);
        let mut decoded = String::new();
        for word in header.split("\r\n ") {
            assert!(word.len() <= 75 && word.is_ascii(), "{word}");
            let base64 = word.strip_prefix("=?utf-8?B?").and_then(|word| word.strip_suffix("?=")).unwrap();
            decoded.push_str(&String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap());
        }
        assert_eq!(decoded, text);
        assert!(!header.to_lowercase().contains("bcc"));
    }

    #[test]
    fn a_body_is_short_lines_of_ascii() {
        let check = |text: &str, expected: &str| assert_eq!(quoted_printable(text), expected);
        check("Ñandú = 1", "=C3=91and=C3=BA =3D 1");
        check("a \nb\t", "a=20\r\nb=09");
        check(&"x".repeat(80), &format!("{}=\r\n{}", "x".repeat(75), "x".repeat(5)));
        let long = quoted_printable(&"ñ".repeat(400));
        assert!(long.split("\r\n").all(|line| line.len() <= MAX_LINE && line.is_ascii()));
    }
}
