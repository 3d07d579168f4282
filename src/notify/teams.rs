//! A Teams channel, by the webhook of a workflow: an Adaptive Card inside of a message.
//! <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>,
//! <https://adaptivecards.io/explorer/RichTextBlock.html>.
//!
//! What customers wrote goes into text runs, which know no Markdown: a link in it stays a text.

use serde::Serialize;

use super::{
    NotifyError,
    post::Outgoing,
    words::{Field, Notice, cut},
};
use crate::config::tenant::notify::ChatWebhook;

/// The largest message that Teams takes, in bytes: 28 kB, less a little.
const MAX_BYTES: usize = 27 * 1024;

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    content_type: &'static str,
    content_url: Option<&'static str>,
    content: Card<'a>,
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    version: &'static str,
    /// The card uses the whole width of the channel.
    msteams: Width,
    body: Vec<Element<'a>>,
}

#[derive(Serialize)]
struct Width {
    width: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Element<'a> {
    RichTextBlock { inlines: Vec<Run<'a>>, separator: bool },
}

#[derive(Serialize)]
struct Run<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'static str>,
}

/// The request that posts a notice.
pub(super) fn request(webhook: &ChatWebhook, notice: &Notice) -> Result<Outgoing, NotifyError> {
    let url = webhook.webhook_url.expose();
    let mut notice = notice.clone();
    loop {
        let outgoing = Outgoing::json(url, &message(&notice))?;
        if outgoing.body.len() <= MAX_BYTES || !shorten(&mut notice) {
            return Ok(outgoing);
        }
    }
}

/// Leaves out what can be missed most. Says whether there was something.
fn shorten(notice: &mut Notice) -> bool {
    if !notice.said.is_empty() {
        notice.said.remove(0);
        return true;
    }
    let values = notice.text.iter_mut().chain(&mut notice.fields).map(|field| &mut field.value);
    let Some(longest) = values.max_by_key(|value| value.len()).filter(|value| value.len() > 1) else {
        return false;
    };
    *longest = cut(longest, longest.chars().count() / 2);
    true
}

fn message(notice: &Notice) -> Message<'_> {
    let mut title = bold(&notice.title);
    title.size = Some("Large");
    title.color = notice.urgent.then_some("Attention");
    let mut body = vec![block(vec![title])];
    body.extend(notice.fields.iter().map(|field| block(line(field, ": "))));
    body.extend(notice.text.iter().map(|text| separated(line(text, "\n"))));
    if !notice.said.is_empty() {
        body.push(separated(vec![bold(&notice.said_title)]));
        body.extend(notice.said.iter().map(|said| block(line(said, ": "))));
    }
    Message {
        kind: "message",
        attachments: [Attachment {
            content_type: "application/vnd.microsoft.card.adaptive",
            content_url: None,
            content: Card {
                schema: "http://adaptivecards.io/schemas/adaptive-card.json",
                kind: "AdaptiveCard",
                version: "1.4",
                msteams: Width { width: "Full" },
                body,
            },
        }],
    }
}

fn line<'a>(field: &'a Field, between: &str) -> Vec<Run<'a>> {
    let mut label = bold(&field.label);
    label.text = format!("{}{between}", field.label).into();
    vec![label, run(&field.value)]
}

fn block(inlines: Vec<Run<'_>>) -> Element<'_> {
    Element::RichTextBlock { inlines, separator: false }
}

fn separated(inlines: Vec<Run<'_>>) -> Element<'_> {
    Element::RichTextBlock { inlines, separator: true }
}

fn bold(text: &str) -> Run<'_> {
    Run { weight: Some("Bolder"), ..run(text) }
}

fn run(text: &str) -> Run<'_> {
    Run { kind: "TextRun", text: text.into(), size: None, weight: None, color: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;

    fn webhook() -> ChatWebhook {
        ChatWebhook { webhook_url: Secret::from("https://example.com/hook".to_owned()) }
    }

    fn field(label: &str, value: &str) -> Field {
        Field { label: label.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_message_is_never_larger_than_teams_takes() {
        let huge = "\u{1f600}".repeat(600);
        let notice = Notice {
            title: "Nuevo".to_owned(),
            fields: (0..11).map(|n| field(&n.to_string(), &huge)).collect(),
            text: Some(field("Resumen", &"\u{1f600}".repeat(1500))),
            said: (0..10).map(|n| field("Cliente", &format!("{n} {huge}"))).collect(),
            ..Notice::default()
        };
        let body = request(&webhook(), &notice).unwrap().body;
        assert!((MAX_BYTES / 2..=MAX_BYTES).contains(&body.len()), "{}", body.len());
        let text = String::from_utf8(body).unwrap();
        assert!(text.contains("Nuevo") && text.contains("Resumen"), "{text}");
    }

    #[test]
    fn a_customers_words_are_only_ever_plain_text_runs() {
        let evil = "[gana dinero](https://evil.example) **ya**";
        let notice = Notice {
            title: "Nuevo".to_owned(),
            fields: vec![field("Nombre", evil)],
            text: Some(field("Resumen", evil)),
            said: vec![field("Cliente", evil)],
            ..Notice::default()
        };
        let message = serde_json::to_value(message(&notice)).unwrap();
        let body = message["attachments"][0]["content"]["body"].as_array().unwrap().clone();
        let of_kind = |value: &serde_json::Value, kind: &str| value["type"] == kind;
        assert!(body.iter().all(|block| of_kind(block, "RichTextBlock")), "{message}");
        let runs = body.iter().flat_map(|block| block["inlines"].as_array().unwrap());
        let evil_runs = runs.clone().filter(|run| run["text"] == evil).count();
        assert_eq!(evil_runs, 3, "{message}");
        assert!(runs.into_iter().all(|run| of_kind(run, "TextRun")), "{message}");
    }
}
