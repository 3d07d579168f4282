//! The note for the people at a provider's own desk when a conversation becomes theirs, as Markdown.

use serde::Deserialize;

use super::{
    Business,
    words::{self, Notice},
};
use crate::domain::{
    effect::HandoffNotice,
    handoff::{Brief, HandoffReason},
};

/// What the store says of a handoff.
#[derive(Debug, Deserialize)]
struct Called {
    reason: HandoffReason,
    brief: Brief,
}

/// The note for a handoff whose reason and brief are `called`, in the tenant's language. What cannot be read is told as it
/// is: people are needed either way.
pub fn desk_note(business: Business<'_>, called: &str) -> String {
    let Ok(Called { reason, brief }) = serde_json::from_str(called) else { return called.to_owned() };
    let notice = words::handoff(
        business,
        HandoffNotice {
            handoff: String::new(),
            conversation: String::new(),
            channel: String::new(),
            contact: String::new(),
            contact_name: None,
            reason,
            brief,
        },
    );
    written(&notice)
}

fn written(notice: &Notice) -> String {
    let line = |label: &str, value: &str| format!("- **{label}**: {}", value.replace('\n', " "));
    let mut parts = vec![format!("**{}**", notice.title)];
    let fields: Vec<String> = notice.fields.iter().map(|field| line(&field.label, &field.value)).collect();
    parts.extend((!fields.is_empty()).then(|| fields.join("\n")));
    parts.extend(notice.text.as_ref().map(|text| format!("**{}**: {}", text.label, text.value)));
    if !notice.said.is_empty() {
        let said: Vec<String> = notice.said.iter().map(|said| line(&said.label, &said.value)).collect();
        parts.push(format!("**{}**\n{}", notice.said_title, said.join("\n")));
    }
    parts.join("\n\n")
}
