//! What we write on replies that a provider gives back with its news of them, so that a reply is known whose answer was
//! lost on the way.

use crate::domain::{conversation::ConversationId, message::ReplyName};

/// What the mark begins with; the conversation and the place in the outbox follow.
const OURS: &str = "iass:";

/// The mark of a reply.
pub(super) fn write(reply: &ReplyName) -> String {
    format!("{OURS}{}:{}", reply.conversation, reply.seq)
}

/// The reply that a mark of ours names.
pub(super) fn read(mark: &str) -> Option<ReplyName> {
    let (conversation, seq) = mark.strip_prefix(OURS)?.rsplit_once(':')?;
    Some(ReplyName { conversation: ConversationId::new(conversation), seq: seq.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_names_the_reply_that_it_was_written_on() {
        let reply = ReplyName { conversation: ConversationId::new("conv_a:b"), seq: 12 };
        assert_eq!(read(&write(&reply)), Some(reply));
        for strange in ["", "iass:", "iass:conv", "iass:conv:x", "another:conv:1"] {
            assert_eq!(read(strange), None, "{strange}");
        }
    }
}
