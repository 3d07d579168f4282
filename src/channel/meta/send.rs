//! A reply as Meta takes it: text, buttons, a list, or the approved template when the customer last wrote more than a day
//! ago (<https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>).

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    CHOICE,
    graph::{self, GraphError, WINDOW_CLOSED},
};
use crate::{
    alerts::Alert,
    channel::{Channels, SendError, Sent, mark, template},
    config::tenant::channels::meta::Meta,
    domain::{
        conversation::ChannelKind,
        message::Outbound,
        split::{length, shorten},
        tenant::TenantId,
    },
};

/// The most characters of a text that has buttons or a list.
const MAX_INTERACTIVE_TEXT: usize = 1024;

/// The most buttons, and the most characters on one.
const MAX_BUTTONS: (usize, usize) = (3, 20);

/// The most rows of a list, and the most characters of a row and of the smaller words below it.
const MAX_ROWS: (usize, usize, usize) = (10, 24, 72);

/// The most characters of the id of a row.
const MAX_ID: usize = 200;

/// The word on the button of a list when the tenant has none, which the daemon fills in.
const LIST_BUTTON: &str = "☰";

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    messages: Vec<Taken>,
}

#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// Sends a reply.
///
/// # Errors
/// [`SendError`].
pub async fn send(
    channels: &Channels,
    tenant: &TenantId,
    meta: &Meta,
    reply: &Outbound,
) -> Result<Sent, SendError> {
    let is_open = reply.is_window_open(channels.clock.now_ms());
    let sent = if is_open {
        post(channels, meta, reply, message(meta, reply)).await
    } else {
        post(channels, meta, reply, in_template(meta, reply)?).await
    };
    // Meta's clock decides.
    let sent = match sent {
        Err(error) if error.code == WINDOW_CLOSED && is_open => {
            post(channels, meta, reply, in_template(meta, reply)?).await
        }
        sent => sent,
    };
    sent.map_err(|error| {
        if let Some(trouble) = error.trouble() {
            channels.alerts.raise(Alert::ChannelFailed {
                tenant: tenant.clone(),
                channel: ChannelKind::Meta,
                trouble,
            });
        }
        error.for_reply(reply.attempts)
    })
}

async fn post(
    channels: &Channels,
    meta: &Meta,
    reply: &Outbound,
    content: Value,
) -> Result<Sent, GraphError> {
    let number =
        reply.route.as_deref().filter(|route| meta.has_number(route)).unwrap_or(&meta.phone_number_id);
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "biz_opaque_callback_data": mark::write(&reply.name()),
    });
    // A phone number, or the user id of a customer who shows none.
    let is_number = reply.contact.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit());
    set(&mut body, if is_number { "to" } else { "recipient" }, Value::from(reply.contact.as_str()));
    if let Value::Object(content) = content {
        content.into_iter().for_each(|(name, value)| set(&mut body, &name, value));
    }
    let answer = graph::post(&channels.http, meta, &format!("{number}/messages"), &body).await?;
    // What was answered with success was taken, whatever the answer says.
    let answer: Option<Answer> = serde_json::from_slice(&answer).ok();
    let taken = answer.and_then(|answer| answer.messages.into_iter().next());
    Ok(Sent { provider_id: taken.map(|taken| taken.id), moved_to: None })
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = body {
        fields.insert(name.to_owned(), value);
    }
}

fn message(meta: &Meta, reply: &Outbound) -> Value {
    let button = meta.list_button.as_deref().unwrap_or(LIST_BUTTON);
    interactive(&reply.text, &reply.choices, button).unwrap_or_else(|| {
        let preview_url = reply.text.contains("https://") || reply.text.contains("http://");
        json!({"type": "text", "text": {"body": reply.text, "preview_url": preview_url}})
    })
}

/// The text with buttons or a list for the choices, if they fit; the text names them anyway.
fn interactive(text: &str, choices: &[String], list_button: &str) -> Option<Value> {
    let mut seen = HashSet::new();
    let choices: Vec<String> = choices
        .iter()
        .map(|choice| choice.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|choice| !choice.is_empty() && seen.insert(choice.clone()))
        .collect();
    let id = |choice: &str| format!("{CHOICE}{choice}");
    let fit =
        length(text) <= MAX_INTERACTIVE_TEXT && choices.iter().all(|choice| length(&id(choice)) <= MAX_ID);
    if choices.is_empty() || !fit {
        return None;
    }
    let (kind, action) = if choices.len() <= MAX_BUTTONS.0
        && choices.iter().all(|choice| length(choice) <= MAX_BUTTONS.1)
    {
        let button = |choice: &String| json!({"type": "reply", "reply": {"id": id(choice), "title": choice}});
        ("button", json!({"buttons": choices.iter().map(button).collect::<Vec<_>>()}))
    } else if choices.len() <= MAX_ROWS.0 {
        let row = |choice: &String| {
            let title = shorten(choice, MAX_ROWS.1);
            if title == *choice {
                json!({"id": id(choice), "title": title})
            } else {
                json!({"id": id(choice), "title": title, "description": shorten(choice, MAX_ROWS.2)})
            }
        };
        let rows: Vec<Value> = choices.iter().map(row).collect();
        ("list", json!({"button": list_button, "sections": [{"rows": rows}]}))
    } else {
        return None;
    };
    Some(
        json!({"type": "interactive", "interactive": {"type": kind, "body": {"text": text}, "action": action}}),
    )
}

/// The reply in the approved template, if there is one.
fn in_template(meta: &Meta, reply: &Outbound) -> Result<Value, SendError> {
    let template = meta.template.as_ref();
    let template = template.ok_or_else(|| template::missing("[channels.meta.template]"))?;
    let text = template::variable(&reply.text)?;
    let parameters = json!([{"type": "text", "text": text}]);
    Ok(json!({"type": "template", "template": {
        "name": template.name,
        "language": {"code": template.language},
        "components": [{"type": "body", "parameters": parameters}],
    }}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices<const N: usize>(words: [&str; N]) -> Vec<String> {
        words.map(str::to_owned).to_vec()
    }

    #[test]
    fn few_short_choices_are_buttons() {
        let sent = interactive("¿Cuándo?", &choices(["Hoy", "Mañana", "Hoy"]), "Ver").unwrap();
        assert_eq!(
            sent["interactive"]["action"],
            json!({"buttons": [
                {"type": "reply", "reply": {"id": "iass:Hoy", "title": "Hoy"}},
                {"type": "reply", "reply": {"id": "iass:Mañana", "title": "Mañana"}},
            ]})
        );
    }

    #[test]
    fn many_or_long_choices_are_a_list_whose_rows_keep_the_whole_words() {
        let long = "jueves 26 de noviembre a las 10:30";
        let sent = interactive("¿Cuándo?", &choices(["Hoy", long]), "Ver opciones").unwrap();
        let action = &sent["interactive"]["action"];
        assert_eq!(
            (&sent["interactive"]["type"], &action["button"]),
            (&json!("list"), &json!("Ver opciones"))
        );
        let row = &action["sections"][0]["rows"][1];
        assert_eq!(row["title"], "jueves 26 de noviembre…");
        assert_eq!((&row["description"], &row["id"]), (&json!(long), &json!(format!("iass:{long}"))));
        let ten: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        assert_eq!(interactive("?", &ten, "Ver").unwrap()["interactive"]["type"], "list");
    }

    #[test]
    fn choices_that_do_not_fit_are_left_to_the_text() {
        let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        assert_eq!(interactive("?", &eleven, "Ver"), None);
        assert_eq!(interactive(&"a".repeat(1025), &choices(["Hoy"]), "Ver"), None);
        assert_eq!(interactive("?", &choices([" "]), "Ver"), None);
        assert_eq!(interactive("?", &["a".repeat(200)], "Ver"), None);
    }
}
