//! Documents that speak to the assistant instead of to their readers.
//!
//! Such a document is not refused: its owner may have written it so, and a customer who is told nothing is no safer than
//! one who is told what a prompt keeps at a distance. The owner is told which passage to look at.

use crate::{engine::threat, store::document::NewDocument};

/// How much of a passage is shown.
const SHOWN_CHARS: usize = 80;

/// What its owner should know of a document, if anything.
pub(super) fn suspicion(document: &NewDocument) -> Option<String> {
    let (threat, chunk) = document
        .chunks
        .iter()
        .map(|chunk| (threat::examine_document(&format!("{}\n{}", chunk.heading, chunk.text)), chunk))
        .filter(|(threat, _)| threat.flagged)
        .max_by(|(a, _), (b, _)| a.score.total_cmp(&b.score))?;
    // Signs that show nothing are shown, or the owner would look for them in vain.
    let beginning: String = chunk.text.chars().take(SHOWN_CHARS).collect();
    Some(format!(
        "holds what looks like instructions for the assistant ({}) in the passage {beginning:?}; it was ingested, look \
         whether it should be",
        threat.reasons.join(", ")
    ))
}
