//! Cuts a document into chunks: passages short enough to be one answer and long enough to be understood alone.
//!
//! A section is kept whole when it is small, a sentence is never cut unless it is longer than a chunk, and no text is
//! lost or repeated. Pure: the same document gives the same chunks.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::read::{Block, BlockKind, Document};
use crate::engine::sentences::sentences;

/// What stands between two headings of a chunk's path.
pub const HEADING_SEPARATOR: &str = " › ";
/// A word is taken to be at most this many letters long, so that texts without spaces are measured too.
const LETTERS_PER_WORD: usize = 8;

/// How large chunks are, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkOptions {
    /// No chunk is longer, but for a small document that is kept whole.
    pub max_words: usize,
    /// A document of one section up to this length stays one chunk: somebody wrote it as one passage.
    pub whole_words: usize,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        Self { max_words: 180, whole_words: 250 }
    }
}

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The headings above it, outermost first: "Tratamientos › Limpieza facial". Empty when there are none.
    pub heading: String,
    /// The passage; `\n` between rows, items and lines, an empty line between paragraphs.
    pub text: String,
    /// The sentences as byte ranges of `text`, in order, not empty and not overlapping. Together they are the whole
    /// text but for white space. An item of a list and a row of a table is a sentence.
    pub sentences: Vec<Range<usize>>,
}

/// A sentence, or a part of a huge one, and what parts it from the one before.
struct Unit<'a> {
    text: &'a str,
    words: usize,
    /// The words of the whole block when this begins one.
    block_words: Option<usize>,
    separator: &'static str,
}

/// Cuts a document into chunks, in reading order.
pub fn chunk(document: &Document, options: ChunkOptions) -> Vec<Chunk> {
    let sections: Vec<&[Block]> = document.blocks.chunk_by(|a, b| a.heading == b.heading).collect();
    let is_one_passage = sections.len() == 1;
    let mut chunks = Vec::new();
    for section in sections {
        let heading = section.first().map(|block| block.heading.join(HEADING_SEPARATOR)).unwrap_or_default();
        let units = units(section, options.max_words);
        let words: usize = units.iter().map(|unit| unit.words).sum();
        let whole =
            if is_one_passage { options.whole_words.max(options.max_words) } else { options.max_words };
        if words <= whole {
            chunks.push(join(&heading, &units));
        } else {
            // Equal parts: no last chunk of three words.
            let aim = words.div_ceil(words.div_ceil(options.max_words));
            pack(&heading, &units, aim, options.max_words, &mut chunks);
        }
    }
    chunks.retain(|chunk| !chunk.text.is_empty());
    chunks
}

/// The length of a text in words.
pub fn words(text: &str) -> usize {
    text.split_whitespace().count().max(text.chars().count() / LETTERS_PER_WORD)
}

fn pack(heading: &str, units: &[Unit<'_>], aim: usize, max_words: usize, chunks: &mut Vec<Chunk>) {
    let mut start = 0;
    let mut filled = 0;
    for (index, unit) in units.iter().enumerate() {
        let is_full = filled >= aim || filled + unit.words > max_words;
        // Between two blocks is the best place to cut: a little early, and earlier when the next one would not fit.
        let is_good_end = unit
            .block_words
            .is_some_and(|next| filled * 5 >= aim * 4 || (filled * 2 >= aim && filled + next > max_words));
        if index > start && (is_full || is_good_end) {
            chunks.push(join(heading, units.get(start..index).unwrap_or_default()));
            (start, filled) = (index, 0);
        }
        filled += unit.words;
    }
    chunks.push(join(heading, units.get(start..).unwrap_or_default()));
}

fn join(heading: &str, units: &[Unit<'_>]) -> Chunk {
    let mut text = String::new();
    let mut sentences = Vec::with_capacity(units.len());
    for unit in units {
        if !text.is_empty() {
            text.push_str(unit.separator);
        }
        let start = text.len();
        text.push_str(unit.text);
        sentences.push(start..text.len());
    }
    Chunk { heading: heading.to_owned(), text, sentences }
}

fn units(section: &[Block], max_words: usize) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    let mut previous = BlockKind::Paragraph;
    for block in section {
        let between = if previous == BlockKind::Paragraph && block.kind == BlockKind::Paragraph {
            "\n\n"
        } else {
            "\n"
        };
        let mut separator = between;
        let mut block_words = Some(words(&block.text));
        for line in block.text.lines() {
            let pieces = match block.kind {
                BlockKind::Paragraph => sentences(line),
                BlockKind::Item | BlockKind::Row => vec![line.trim()],
            };
            for sentence in pieces.into_iter().filter(|sentence| !sentence.is_empty()) {
                for part in parts(sentence, max_words) {
                    units.push(Unit {
                        text: part,
                        words: words(part),
                        block_words: block_words.take(),
                        separator,
                    });
                    separator = " ";
                }
            }
            separator = "\n";
        }
        previous = block.kind;
    }
    units
}

/// A sentence that is no longer than a chunk is one part; a longer one is cut after a comma, between words, or where
/// it must.
fn parts(sentence: &str, max_words: usize) -> Vec<&str> {
    if words(sentence) <= max_words {
        return vec![sentence];
    }
    // Half a chunk: a part ends at a comma more often, and two of them still make a chunk.
    let limit = (max_words / 2).max(1);
    let mut parts = Vec::new();
    let mut rest = sentence;
    // Counting is left out where the bytes alone tell, so that a text of one endless sentence is not counted again for
    // each of its parts.
    while rest.len() > limit * LETTERS_PER_WORD * 4 || words(rest) > limit {
        let (part, after) = rest.split_at(cut(rest, limit));
        parts.push(part.trim());
        rest = after;
    }
    parts.push(rest.trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Where to end the first part of a text of more than `limit` words: never at its begin, never inside of a letter.
fn cut(text: &str, limit: usize) -> usize {
    let (mut end, mut comma) = (0, 0);
    for (at, word) in text.split_word_bound_indices() {
        let after = at + word.len();
        let Some(part) = text.get(..after).filter(|part| words(part) <= limit) else { break };
        end = after;
        if part.ends_with([',', ';', ':', '、', '，']) {
            comma = after;
        }
    }
    match (end, comma) {
        // One word that is longer than a part.
        (0, _) => {
            let letters = text.grapheme_indices(true).map(|(at, letter)| at + letter.len());
            letters.take(limit * LETTERS_PER_WORD).last().unwrap_or(text.len())
        }
        (end, comma) if comma > end / 2 => comma,
        (end, _) => end,
    }
}

#[cfg(test)]
mod tests;
