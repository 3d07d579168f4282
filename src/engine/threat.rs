//! Whether a text tries to use the assistant for something else than the business it serves: instructions that are to
//! replace its own, secrets, other customers' data, payloads in disguise, threats against people.
//!
//! Three witnesses are heard: phrases, the form of the text, and a head on its meaning. Each says how sure it is, and
//! they are added up like independent evidence. This module only looks; what is done about it is the tenant's policy.

mod decode;
mod document;
mod normal;
mod structure;

use std::sync::LazyLock;

use self::normal::Normal;
use super::{head::Head, phrases::Phrasebook};
use crate::{domain::turn::Threat, text::words};

/// Learnt on the vectors of attacks and of ordinary questions; see `models/README.md`.
static HEAD: Head = Head::new(include_bytes!("../../models/heads/threat.f32"));

static MESSAGES: LazyLock<Phrasebook> = LazyLock::new(|| {
    phrases_of(concat!(include_str!("threat/data/classes.txt"), include_str!("threat/data/message.txt")))
});

#[expect(clippy::expect_used, reason = "a constant list; the tests parse it")]
fn phrases_of(text: &'static str) -> Phrasebook {
    Phrasebook::parse(text).expect("a list of phrases")
}

/// A text of more bytes is looked at in its first three quarters of this and its last quarter.
const MAX_BYTES: usize = 16 * 1024;

/// From this score on a message is flagged. Calibrated with `benches/analysis.rs`.
const THRESHOLD: f32 = 0.5;

/// The most that the head alone is worth.
const HEAD_WEIGHT: f32 = 0.9;

/// The reason that a secret is asked for, and what takes it back: the secret is the customer's own.
const SECRET: &str = "secret_extraction";
const OWN_SECRET: &str = "own_secret";

/// What is evidence of what, each reason with its strongest witness.
#[derive(Debug, Default)]
struct Evidence {
    found: Vec<(&'static str, f32)>,
}

impl Evidence {
    fn add(&mut self, reason: &'static str, weight: f32) {
        match self.found.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, known)) => *known = known.max(weight),
            None => self.found.push((reason, weight)),
        }
    }

    fn add_phrases(&mut self, book: &Phrasebook, words: &[String]) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for found in book.all(&words) {
            if let Some((reason, weight)) = found.label.split_once(' ') {
                self.add(reason, weight.parse().unwrap_or_default());
            }
        }
        if self.found.iter().any(|(reason, _)| *reason == OWN_SECRET) {
            self.found.retain(|(reason, _)| !matches!(*reason, OWN_SECRET | SECRET));
        }
    }

    /// Adds up as if the reasons were independent of each other.
    fn into_threat(mut self) -> Threat {
        let score = 1.0 - self.found.iter().map(|(_, weight)| 1.0 - weight).product::<f32>();
        self.found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let flagged = score >= THRESHOLD;
        let reasons = self.found.iter().map(|(reason, _)| (*reason).to_owned()).collect();
        Threat { score, flagged, reasons }
    }
}

/// Looks at a message of a customer. `vector`: its unit vector by the built-in embedding model; a vector of another
/// length is left out of account. A bounded part of an endless message is looked at.
pub fn examine(text: &str, vector: &[f32]) -> Threat {
    let text = ends(text);
    let mut evidence = Evidence::default();
    let normal = normal::normal(&text);
    add_words(&mut evidence, &MESSAGES, &normal);
    for (reason, weight) in structure::forms(&normal.text) {
        evidence.add(reason, weight);
    }
    if let Some(logit) = HEAD.apply(vector, &[]) {
        let probability = HEAD_WEIGHT / (1.0 + (-logit).exp());
        evidence.add("resembles_attack", probability);
    }
    evidence.into_threat()
}

/// The same for a text that nobody wrote to the assistant, a document of the tenant's or the result of a tool: looks for
/// instructions that are aimed at it all the same, and for hidden text. Every part of a long text is looked at, in pieces
/// that overlap.
pub fn examine_document(text: &str) -> Threat {
    /// How much of a piece is looked at again with the next one, so that no sentence is cut in two.
    const OVERLAP: usize = 512;
    let mut worst = Threat::default();
    let mut start = 0;
    while let Some(piece) = text.get(start..text.floor_char_boundary(start + MAX_BYTES)) {
        let threat = document::examine(piece);
        if threat.score > worst.score {
            worst = threat;
        }
        if start + piece.len() >= text.len() {
            break;
        }
        start = text.floor_char_boundary(start + MAX_BYTES - OVERLAP);
    }
    worst
}

/// Looks for phrases in a text and in whatever it hides.
fn add_words(evidence: &mut Evidence, book: &Phrasebook, normal: &Normal) {
    let plain = words(&normal.text);
    evidence.add_phrases(book, &plain);
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    if structure::longest_repetition(&plain) >= 6 {
        evidence.add("transcript_injection", 0.45);
    }
    let before = evidence.found.len();
    let decoded = decode::decode(&normal.text);
    if decoded.is_signalled {
        evidence.add("encoded_payload", 0.6);
    }
    let mut hidden = decoded.texts;
    hidden.extend(normal::joined(&normal.text));
    hidden.extend(normal::reversed(&normal.text));
    hidden.extend(normal::unleet(&normal.text));
    for text in hidden {
        evidence.add_phrases(book, &words(&text));
    }
    let is_disguised = normal.hidden + normal.disguised > 1;
    if is_disguised || evidence.found.len() > before {
        evidence.add("encoded_payload", if is_disguised { 0.5 } else { 0.4 });
    }
}

/// The beginning and the end of a text of more than [`MAX_BYTES`].
fn ends(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= MAX_BYTES {
        return text.into();
    }
    let start = text.get(..text.floor_char_boundary(MAX_BYTES / 4 * 3)).unwrap_or_default();
    let end = text.get(text.ceil_char_boundary(text.len() - MAX_BYTES / 4)..).unwrap_or_default();
    format!("{start} {end}").into()
}

#[cfg(test)]
mod tests;
