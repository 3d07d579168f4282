//! Builds a document from headings and blocks in reading order, so that every reader treats them alike.

use unicode_normalization::UnicodeNormalization as _;

use super::document::{Block, BlockKind, Document};

/// Headings deeper than HTML and Word have are kept at this level.
const DEEPEST: u8 = 9;
/// A heading longer than this many characters is running text in a heading's clothes.
const LONGEST_HEADING: usize = 200;

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Outline {
    title: Option<String>,
    first_heading: Option<String>,
    /// The open headings with their levels, strictly increasing.
    path: Vec<(u8, String)>,
    /// Whether nothing has come below the innermost heading yet.
    bare: bool,
    blocks: Vec<Block>,
}

impl Outline {
    /// The title that the document's metadata gives; an empty one is none.
    pub(super) fn set_title(&mut self, title: &str) {
        let title = clean(title).replace('\n', " ");
        if !title.is_empty() {
            self.title = Some(title);
        }
    }

    /// Opens a section. Level 1 is the outermost heading, 0 a title above all of them.
    pub(super) fn heading(&mut self, level: u8, text: &str) {
        let text = clean(text).replace('\n', " ");
        if text.is_empty() {
            return;
        }
        if text.chars().count() > LONGEST_HEADING {
            self.push(BlockKind::Paragraph, text);
            return;
        }
        let level = level.min(DEEPEST);
        if self.path.last().is_some_and(|(last, _)| *last >= level) {
            self.keep_bare_heading();
        }
        self.path.retain(|(other, _)| *other < level);
        if self.first_heading.is_none() {
            self.first_heading = Some(text.clone());
        }
        self.path.push((level, text));
        self.bare = true;
    }

    /// Adds a block below the open headings; blank ones vanish.
    pub(super) fn push(&mut self, kind: BlockKind, text: impl AsRef<str>) {
        let text = clean(text.as_ref());
        if !text.is_empty() {
            self.bare = false;
            let heading = self.path.iter().map(|(_, heading)| heading.clone()).collect();
            self.blocks.push(Block { heading, kind, text });
        }
    }

    /// The document.
    pub(super) fn finish(mut self) -> Document {
        self.keep_bare_heading();
        Document { title: self.title.or(self.first_heading), blocks: self.blocks }
    }

    /// A heading with nothing below it would be lost; it stays as a paragraph.
    fn keep_bare_heading(&mut self) {
        if std::mem::take(&mut self.bare)
            && let Some((_, text)) = self.path.pop()
        {
            self.push(BlockKind::Paragraph, text);
        }
    }
}

/// NFC, single spaces, no control or invisible characters, no ligatures, no empty lines.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending = None;
    for c in text.nfc() {
        match c {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => pending = Some('\n'),
            _ if c.is_whitespace() => pending = pending.or(Some(' ')),
            // Soft hyphens, zero-width marks and byte order marks only break the matching of words.
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            _ if c.is_control() => {}
            _ => {
                if let Some(space) = pending.take()
                    && !out.is_empty()
                {
                    out.push(space);
                }
                match c {
                    '\u{fb00}' => out.push_str("ff"),
                    '\u{fb01}' => out.push_str("fi"),
                    '\u{fb02}' => out.push_str("fl"),
                    '\u{fb03}' => out.push_str("ffi"),
                    '\u{fb04}' => out.push_str("ffl"),
                    _ => out.push(c),
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_carry_the_headings_above_them() {
        let mut outline = Outline::default();
        outline.push(BlockKind::Paragraph, "antes");
        outline.heading(1, "Tratamientos");
        outline.heading(3, "Limpieza");
        outline.push(BlockKind::Paragraph, "dura 60 min");
        outline.heading(2, "Peeling");
        outline.push(BlockKind::Item, "30 min");
        let document = outline.finish();
        let paths: Vec<_> = document.blocks.iter().map(|block| block.heading.join(" › ")).collect();
        assert_eq!(paths, ["", "Tratamientos › Limpieza", "Tratamientos › Peeling"]);
        assert_eq!(document.title.as_deref(), Some("Tratamientos"));
    }

    #[test]
    fn a_heading_with_nothing_below_it_is_not_lost() {
        let mut outline = Outline::default();
        outline.heading(1, "Horario");
        outline.heading(2, "Abierto de 9 a 18");
        outline.heading(2, "Cerrado en festivos");
        let document = outline.finish();
        let texts: Vec<_> = document.blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["Abierto de 9 a 18", "Cerrado en festivos"]);
        assert_eq!(document.blocks[1].heading, ["Horario"]);
    }

    #[test]
    fn text_is_cleaned_without_losing_letters() {
        assert_eq!(
            clean("  o\u{301}  di\u{ad}fe\u{200b}rente\u{a0} \r\n\r\n \t o\u{fb01}cina\u{0} "),
            "ó diferente\noficina"
        );
    }
}
