//! Replies and handoffs by Chatwoot's interface: <https://developers.chatwoot.com/api-reference/messages/create-new-message>.

use reqwest::Client;
use serde_json::{Value, json};

use super::MARK;
use crate::{
    channel::{SendError, Sent, call},
    config::tenant::channels::Chatwoot,
    domain::message::{Outbound, OutboundKind},
};

/// Sends a reply, or hands the conversation to the people at the desk with a note that only they see.
pub(in crate::channel) async fn send(
    http: &Client,
    config: &Chatwoot,
    reply: &Outbound,
) -> Result<Sent, SendError> {
    let Some(route) = reply.route.as_deref().filter(|route| route.bytes().all(|byte| byte.is_ascii_digit()))
    else {
        return Err(SendError::Permanent {
            message: "the conversation has no number at Chatwoot".to_owned(),
        });
    };
    let desk = Desk { http, config, route };
    match reply.kind {
        OutboundKind::Reply => desk.say(&markdown(&reply.text), false, reply.seq).await,
        OutboundKind::Handoff => {
            // Opening it again changes nothing, a second note would be one too many: so the note comes last.
            desk.post("toggle_status", &json!({"status": "open"})).await?;
            desk.say(&reply.text, true, reply.seq).await
        }
    }
}

struct Desk<'a> {
    http: &'a Client,
    config: &'a Chatwoot,
    route: &'a str,
}

impl Desk<'_> {
    async fn say(&self, content: &str, private: bool, seq: i64) -> Result<Sent, SendError> {
        let message = json!({
            "content": content,
            "message_type": "outgoing",
            "private": private,
            "content_attributes": {MARK: seq},
        });
        let answer = self.post("messages", &message).await?;
        let id = answer.get("id").and_then(super::words_of);
        Ok(Sent { provider_id: id, moved_to: None })
    }

    async fn post(&self, what: &str, body: &Value) -> Result<Value, SendError> {
        let Self { config, route, .. } = self;
        let url =
            format!("{}/api/v1/accounts/{}/conversations/{route}/{what}", config.base_url, config.account_id);
        let request = self.http.post(url).header("api_access_token", config.api_token.expose()).json(body);
        let answer = call::call(request).await?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status.is_success() {
            return Ok(said);
        }
        let told =
            ["error", "message", "description"].into_iter().find_map(|key| super::words_of(said.get(key)?));
        Err(answer.refusal(&told.unwrap_or_default()))
    }
}

/// A reply as Chatwoot's Markdown has it: `*bold*` of the chats is `**bold**` there.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once('*') {
        out.push_str(before);
        let bold = marked.split_once('*').filter(|(inner, _)| is_bold(before, inner));
        if let Some((inner, after)) = bold {
            out.push_str("**");
            out.push_str(inner);
            out.push_str("**");
            rest = after;
        } else {
            out.push('*');
            rest = marked;
        }
    }
    out.push_str(rest);
    out
}

/// Whether asterisks around `inner` mean bold letters, and not a multiplication.
fn is_bold(before: &str, inner: &str) -> bool {
    let touches = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
    !inner.contains('\n')
        && touches(inner.chars().next())
        && touches(inner.chars().last())
        && !before.chars().last().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_is_written_as_markdown_has_it() {
        for (chat, expected) in [
            ("*Botox*: desde *$900.000*.", "**Botox**: desde **$900.000**."),
            ("Sin marcas", "Sin marcas"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("3*4*5", "3*4*5"),
            ("un * solo", "un * solo"),
            ("*dos\nlíneas*", "*dos\nlíneas*"),
            ("", ""),
        ] {
            assert_eq!(markdown(chat), expected);
        }
    }
}
