//! Where in a chat a reply belongs, kept with the conversation in words only this channel understands.

use serde::{Deserialize, Serialize};
use teloxide_core::types::{Message, MessageId, ThreadId};

/// The place of a reply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Route {
    /// The topic of a forum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) thread: Option<ThreadId>,
    /// The message in a group that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<MessageId>,
}

impl Route {
    /// Where the reply to a message belongs.
    pub(super) fn of(message: &Message) -> Self {
        let is_private = message.chat.is_private();
        Self {
            thread: message.thread_id.filter(|_| message.is_topic_message),
            reply_to: (!is_private).then_some(message.id),
        }
    }

    /// As it is kept; none when there is nothing to keep.
    pub(super) fn text(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// As it was kept; what cannot be read is nowhere in particular.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}
