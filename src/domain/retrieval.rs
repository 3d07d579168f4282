//! What a search of the tenant's knowledge finds.

use std::ops::Range;

use serde::Serialize;

/// The answer of one search, with a verdict on whether the knowledge covers the question at all.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Retrieval {
    /// The passages, best first.
    pub passages: Vec<Passage>,
    /// How likely the best passages answer the question, calibrated to 0..=1.
    pub confidence: f32,
    /// Whether the confidence is enough to answer from these passages. When it is not, nothing may be claimed.
    pub answerable: bool,
}

/// A chunk of a document that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Passage {
    /// The document's name, unique in the tenant: its path or the id it was given.
    pub document: String,
    /// The document's title, where it has one.
    pub title: Option<String>,
    /// The headings above the passage, outermost first, joined by ` › `; empty without any.
    pub heading: String,
    /// The chunk's position in its document, from 0.
    pub chunk: u32,
    /// The category the document was filed under.
    pub category: Option<String>,
    /// The words.
    pub text: String,
    /// How well the passage fits, 0..=1; comparable within one search.
    pub score: f32,
    /// Its sentences in reading order.
    pub sentences: Vec<Sentence>,
}

/// A sentence, list item or table row of a passage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sentence {
    /// Where it stands in the passage's text, in bytes.
    pub range: Range<usize>,
    /// How close it is to the question, as a cosine.
    pub similarity: f32,
}

impl Passage {
    /// The words of one of its sentences; empty if the range is not of this passage.
    pub fn sentence(&self, sentence: &Sentence) -> &str {
        self.text.get(sentence.range.clone()).unwrap_or_default()
    }
}
