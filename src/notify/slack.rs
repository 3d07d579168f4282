//! A Slack channel, by an incoming webhook: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>
//! and <https://docs.slack.dev/reference/block-kit/blocks>.

use serde::Serialize;

use super::{
    NotifyError,
    post::Outgoing,
    words::{Field, Notice, cut},
};
use crate::config::tenant::notify::ChatWebhook;

/// The longest heading, in characters.
const MAX_HEADER: usize = 150;

/// The longest text of a section, in characters after escaping.
const MAX_SECTION: usize = 3000;

/// The longest field, in characters after escaping.
const MAX_FIELD: usize = 2000;

/// The most fields in a section.
const MAX_FIELDS: usize = 10;

/// Calls everybody in the channel.
const EVERYBODY: &str = "<!channel>";

#[derive(Serialize)]
struct Message {
    /// What a phone shows before the channel is opened.
    text: String,
    blocks: Vec<Block>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Block {
    Header {
        text: TextObject,
    },
    Section {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<TextObject>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fields: Vec<TextObject>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum TextObject {
    PlainText {
        text: String,
        emoji: bool,
    },
    /// `verbatim`: names in it are not turned into links and mentions.
    Mrkdwn {
        text: String,
        verbatim: bool,
    },
}

/// The request that posts a notice.
pub(super) fn request(webhook: &ChatWebhook, notice: &Notice) -> Result<Outgoing, NotifyError> {
    Outgoing::json(webhook.webhook_url.expose(), &message(notice))
}

fn message(notice: &Notice) -> Message {
    let mut blocks = vec![Block::Header {
        text: TextObject::PlainText { text: cut(&notice.title, MAX_HEADER), emoji: true },
    }];
    if notice.urgent {
        blocks.push(section(format!("{EVERYBODY} *{}*", escape(&notice.title))));
    }
    for fields in notice.fields.chunks(MAX_FIELDS) {
        let fields = fields.iter().map(|field| mrkdwn(labelled(field, MAX_FIELD))).collect();
        blocks.push(Block::Section { text: None, fields });
    }
    blocks.extend(notice.text.iter().map(|text| section(labelled(text, MAX_SECTION))));
    if !notice.said.is_empty() {
        blocks.push(section(said(notice)));
    }
    let summary = notice.text.iter().map(|text| format!("\n{}", escape(&text.value)));
    let text = std::iter::once(escape(&notice.title)).chain(summary).collect::<String>();
    Message { text: cut(&text, MAX_SECTION), blocks }
}

/// The last messages, as many of the newest as fit.
fn said(notice: &Notice) -> String {
    let title = format!("*{}*", escape(&notice.said_title));
    let mut lines: Vec<String> = Vec::new();
    let mut chars = title.chars().count();
    for line in notice.said.iter().rev() {
        let text = escape(&line.value).replace('\n', "\n>");
        let line = format!(">*{}:* {text}", escape(&line.label));
        chars += line.chars().count() + 1;
        if chars > MAX_SECTION {
            break;
        }
        lines.push(line);
    }
    lines.push(title);
    lines.reverse();
    lines.join("\n")
}

fn section(text: String) -> Block {
    Block::Section { text: Some(mrkdwn(text)), fields: Vec::new() }
}

fn mrkdwn(text: String) -> TextObject {
    TextObject::Mrkdwn { text, verbatim: true }
}

/// A field with its label, at most `most` characters long. It is cut before it is escaped, so that no escape is cut.
fn labelled(field: &Field, most: usize) -> String {
    let label = format!("*{}*\n", escape(&field.label));
    let room = most.saturating_sub(label.chars().count());
    let mut keep = field.value.chars().count();
    loop {
        let value = escape(&cut(&field.value, keep));
        let over = value.chars().count().saturating_sub(room);
        if over == 0 {
            return label + &value;
        }
        // The longest escape has five characters for one.
        keep = keep.saturating_sub(over.div_ceil(5));
    }
}

/// The three characters with a meaning of their own:
/// <https://docs.slack.dev/messaging/formatting-message-text#escaping>.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(label: &str, value: &str) -> Field {
        Field { label: label.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_customers_words_call_nobody_and_link_nowhere() {
        let notice = Notice {
            title: "Nuevo <!channel>".to_owned(),
            fields: vec![field("Nombre", "<!everyone> & <https://evil.example|hola>")],
            said: vec![field("Cliente", "<@U1>\nhola")],
            ..Notice::default()
        };
        let text = serde_json::to_string(&message(&notice)).unwrap();
        // The heading is plain text, in which nothing has a meaning.
        assert_eq!(text.matches('<').count(), 1, "{text}");
        assert!(text.contains("&lt;!everyone&gt; &amp; &lt;https://evil.example|hola&gt;"), "{text}");
        assert!(text.contains(r">*Cliente:* &lt;@U1&gt;\n>hola"), "{text}");
    }

    #[test]
    fn nothing_is_longer_than_slack_takes() {
        let long = "&".repeat(4000);
        let notice = Notice {
            title: long.clone(),
            fields: (0..23).map(|n| field(&n.to_string(), &long)).collect(),
            text: Some(field("Resumen", &long)),
            said: (0..10).map(|n| field("Cliente", &format!("{n}{}", "<".repeat(499)))).collect(),
            said_title: "Dicho".to_owned(),
            ..Notice::default()
        };
        let message = serde_json::to_value(message(&notice)).unwrap();
        let chars = |value: &serde_json::Value| value["text"].as_str().unwrap().chars().count();
        let blocks = message["blocks"].as_array().unwrap();
        assert_eq!(chars(&blocks[0]["text"]), MAX_HEADER);
        let fields: Vec<usize> = blocks.iter().filter_map(|b| Some(b["fields"].as_array()?.len())).collect();
        assert_eq!(fields, [10, 10, 3]);
        let all_fields = blocks.iter().filter_map(|b| b["fields"].as_array()).flatten();
        assert!(all_fields.into_iter().all(|field| (MAX_FIELD - 5..=MAX_FIELD).contains(&chars(field))));
        for section in blocks.iter().skip(1).filter(|b| b["text"].is_object()) {
            let text = section["text"]["text"].as_str().unwrap();
            assert!(text.chars().count() <= MAX_SECTION, "{text}");
            assert!(!text.trim_end_matches('…').ends_with("&am"), "{text}");
        }
        let said = blocks.last().unwrap()["text"]["text"].as_str().unwrap();
        assert!(said.contains(" 9&lt;") && !said.contains(" 0&lt;"), "the newest are kept: {said}");
    }

    #[test]
    fn an_emergency_calls_everybody_and_nothing_else_does() {
        let of = |urgent| {
            let notice = Notice { title: "Ayuda".to_owned(), urgent, ..Notice::default() };
            serde_json::to_string(&message(&notice)).unwrap()
        };
        assert!(of(true).contains(EVERYBODY));
        assert!(!of(false).contains(EVERYBODY));
    }
}
