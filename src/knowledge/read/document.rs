//! What every reader produces.

use serde::{Deserialize, Serialize};

/// A document as read: blocks in reading order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What the document calls itself: its metadata, else its first top heading.
    pub title: Option<String>,
    /// The text, never with an empty block.
    pub blocks: Vec<Block>,
}

/// A paragraph, a list item or a table row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The headings above it, outermost first. A heading is not repeated in `text`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heading: Vec<String>,
    /// What it was in the document.
    pub kind: BlockKind,
    /// Clean text: Unicode NFC, single spaces, no empty lines; a kept line break is `\n`.
    pub text: String,
}

/// The kinds of blocks that are cut into sentences differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// One item of a list.
    Item,
    /// One row of a table, as `header: value; header: value`.
    Row,
}

/// A document with the name its file gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedDocument {
    /// The `id` of a JSONL line; `None`: the file itself names the document.
    pub name: Option<String>,
    /// What was read.
    pub document: Document,
}

/// All that a file gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// At least one, each with text.
    pub documents: Vec<NamedDocument>,
    /// Lines of a JSONL file that could not be used; the others are in `documents`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad_lines: Vec<BadLine>,
    /// The share of letters that a PDF shows but does not tell, in percent, when it is worth a word to the owner:
    /// that part of the text is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_letters_pct: Option<u8>,
}

/// A line of a JSONL file that is no document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Reading {
    /// The reading of a file that is one document.
    pub(super) fn of(document: Document) -> Self {
        let documents = vec![NamedDocument { name: None, document }];
        Self { documents, ..Self::default() }
    }
}

impl Document {
    /// Whether there is any word in it.
    pub fn has_text(&self) -> bool {
        self.blocks.iter().any(|block| block.text.chars().any(char::is_alphanumeric))
    }

    /// The size of all texts in bytes.
    pub fn text_bytes(&self) -> u64 {
        self.blocks.iter().map(|block| block.text.len() as u64).sum()
    }
}
