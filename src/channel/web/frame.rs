//! What a page and the daemon say to each other over the socket: one JSON object a message, told apart by `type`.

use serde::{Deserialize, Serialize};

use crate::domain::{handoff::Owner, message::Role};

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum FromPage {
    /// The first thing it says.
    Hello {
        /// The token it was given before; none for a new visitor.
        visitor: Option<String>,
        /// The last message it has; 0 for none.
        #[serde(default)]
        seen: i64,
        /// The language of the page, as a code.
        language: Option<String>,
        /// The campaign that the visitor came by.
        source: Option<String>,
    },
    /// The visitor wrote something.
    Say {
        /// The page's own id of it: the same id is the same message.
        id: String,
        /// The words.
        text: String,
    },
    /// The visitor pressed "talk to a person".
    Person {
        /// As with [`Self::Say`].
        id: String,
    },
    /// Something of a later version.
    #[serde(other)]
    Other,
}

/// What the daemon says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ToPage<'a> {
    /// The answer to the hello. What was missed follows, then [`Self::Ready`].
    Welcome {
        /// The token to show the next time.
        visitor: &'a str,
    },
    /// Everything that was missed is told.
    Ready,
    /// A message is safe: it need not be sent again.
    Accepted {
        /// The page's id of it.
        id: &'a str,
    },
    /// A message was not taken.
    Refused {
        /// The page's id of it.
        id: &'a str,
        /// Why.
        code: Refusal,
        /// Whether the same may be taken later.
        again: bool,
    },
    /// A message of the visitor's that has no turn yet.
    Pending {
        /// The page's id of it.
        client: &'a str,
        /// The words.
        text: &'a str,
    },
    /// Something that was said.
    Message {
        /// Its place: what came later has a higher one.
        id: i64,
        /// Who said it.
        role: Role,
        /// The words.
        text: &'a str,
        /// When, in milliseconds since 1970.
        at: i64,
        /// The page's id of it, for what the visitor said.
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<&'a str>,
        /// Answers to choose from.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        choices: &'a [String],
    },
    /// Who speaks for the business.
    State {
        /// `bot`, `waiting` for a person, or `human`.
        owner: Owner,
    },
    /// Whether an answer is under way.
    Typing {
        /// Whether it is.
        on: bool,
    },
    /// More of the answer that is being written.
    Delta {
        /// Whether it begins here.
        begins: bool,
        /// The words.
        text: &'a str,
    },
    /// What was shown of the answer does not count.
    Withdrawn,
    /// The connection is alive.
    Beat,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It has no words, or no id that could be one.
    Invalid,
    /// It has too many bytes.
    TooLong,
    /// Too many came in a short time.
    TooMany,
    /// It could not be stored just now.
    Unavailable,
}

impl ToPage<'_> {
    /// The text of the frame.
    pub fn text(&self) -> String {
        // Nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_as_the_page_writes_them() {
        let read = |text: &str| serde_json::from_str::<FromPage>(text);
        let hello = read(r#"{"type":"hello","visitor":null,"seen":0,"language":"es"}"#).unwrap();
        assert!(matches!(hello, FromPage::Hello { visitor: None, seen: 0, source: None, .. }), "{hello:?}");
        assert!(matches!(read(r#"{"type":"hello"}"#).unwrap(), FromPage::Hello { .. }));
        let say = FromPage::Say { id: "1".to_owned(), text: "hola".to_owned() };
        assert_eq!(read(r#"{"type":"say","id":"1","text":"hola","new":true}"#).unwrap(), say);
        assert_eq!(read(r#"{"type":"dance"}"#).unwrap(), FromPage::Other);
        assert!(read(r#"{"type":"say","id":1}"#).is_err() && read("[]").is_err());
        let message =
            ToPage::Message { id: 7, role: Role::Assistant, text: "Sí", at: 1, client: None, choices: &[] };
        insta::assert_snapshot!(message.text(), @r#"{"type":"message","id":7,"role":"assistant","text":"Sí","at":1}"#);
        let refused = ToPage::Refused { id: "1", code: Refusal::TooLong, again: false };
        insta::assert_snapshot!(refused.text(), @r#"{"type":"refused","id":"1","code":"too_long","again":false}"#);
    }
}
