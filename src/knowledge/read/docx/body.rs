//! Walks the XML of a document's body without recursion: a tower of nested tables costs no stack.

use quick_xml::{
    Reader as XmlReader,
    events::{BytesStart, Event},
};

use super::{
    attribute, bad_xml, entity,
    styles::{Styles, outline_level},
};
use crate::knowledge::read::{document::BlockKind, error::ReadError, outline::Outline, table::Table};

/// Elements whose text is not part of the document as it reads now: deletions, the old-Word copy of a drawing, notes
/// on the margin, field codes and properties.
const SKIPPED: &[&str] =
    &["del", "moveFrom", "Fallback", "instrText", "delText", "tblPr", "sectPr", "rPrChange", "pPrChange"];

/// Adds the paragraphs and tables of a part.
///
/// # Errors
/// [`ReadError::Damaged`] for XML that is broken or ends early.
pub(super) fn add(outline: &mut Outline, xml: &str, styles: &Styles) -> Result<(), ReadError> {
    let mut xml = XmlReader::from_str(xml);
    let mut body =
        Body { outline, styles, paragraphs: Vec::new(), tables: Vec::new(), skipping: 0, in_text: false };
    let mut depth = 0_usize;
    loop {
        match xml.read_event().map_err(|error| bad_xml(&xml, &error))? {
            Event::Start(tag) => {
                depth += 1;
                body.start(&tag);
            }
            Event::Empty(tag) => body.empty(&tag),
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                body.end(tag.local_name().as_ref());
            }
            Event::Text(text) if body.in_text => body.text(&text),
            Event::CData(text) if body.in_text => body.text(&text),
            Event::GeneralRef(name) if body.in_text => body.text(&entity(&name)),
            Event::Eof if depth > 0 => {
                return Err(ReadError::Damaged { what: "the text ends in the middle".to_owned() });
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

struct Body<'a> {
    outline: &'a mut Outline,
    styles: &'a Styles,
    /// The open paragraphs: a text box puts some inside another.
    paragraphs: Vec<Paragraph>,
    /// The open tables with the row and the cell being read.
    tables: Vec<(Table, Vec<String>, String)>,
    /// How many open elements are being skipped.
    skipping: usize,
    in_text: bool,
}

#[derive(Debug, Default)]
struct Paragraph {
    text: String,
    level: Option<u8>,
    is_item: bool,
    /// The run being read is hidden.
    hidden: bool,
}

impl Body<'_> {
    fn start(&mut self, tag: &BytesStart<'_>) {
        let name = tag.local_name();
        let name = name.as_ref();
        if self.skipping > 0 || SKIPPED.contains(&name) {
            self.skipping += 1;
            return;
        }
        match name {
            "p" => self.paragraphs.push(Paragraph::default()),
            "tbl" => self.tables.push((Table::default(), Vec::new(), String::new())),
            "r" => self.set_hidden(false),
            "t" => self.in_text = true,
            _ => self.empty(tag),
        }
    }

    fn empty(&mut self, tag: &BytesStart<'_>) {
        if self.skipping > 0 {
            return;
        }
        let name = tag.local_name();
        let value = attribute(tag, "val");
        match name.as_ref() {
            "tab" | "noBreakHyphen" => self.text(if name.as_ref() == "tab" { " " } else { "-" }),
            "br" | "cr" => self.text("\n"),
            "vanish" if !matches!(value.as_deref(), Some("0" | "false" | "off")) => self.set_hidden(true),
            _ => {
                let Some(paragraph) = self.paragraphs.last_mut() else { return };
                match name.as_ref() {
                    "pStyle" => {
                        let style = value.unwrap_or_default();
                        paragraph.level = self.styles.heading_level(&style);
                        paragraph.is_item = self.styles.is_list(&style);
                    }
                    "outlineLvl" => paragraph.level = value.as_deref().and_then(outline_level),
                    "numId" => paragraph.is_item = value.as_deref() != Some("0"),
                    _ => {}
                }
            }
        }
    }

    fn end(&mut self, name: &str) {
        if self.skipping > 0 {
            self.skipping -= 1;
            return;
        }
        match name {
            "t" => self.in_text = false,
            "p" => self.end_paragraph(),
            "tc" => {
                if let Some((_, row, cell)) = self.tables.last_mut() {
                    row.push(std::mem::take(cell));
                }
            }
            "tr" => {
                if let Some((table, row, _)) = self.tables.last_mut() {
                    table.rows.push(std::mem::take(row));
                }
            }
            "tbl" => self.end_table(),
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.pop() else { return };
        if let Some((_, _, cell)) = self.tables.last_mut() {
            cell.push('\n');
            cell.push_str(&paragraph.text);
            return;
        }
        match paragraph.level {
            Some(level) => self.outline.heading(level, &paragraph.text),
            None if paragraph.is_item => self.outline.push(BlockKind::Item, paragraph.text),
            None => self.outline.push(BlockKind::Paragraph, paragraph.text),
        }
    }

    /// A table used for layout has one column and reads as text; one inside a cell reads as part of the cell.
    fn end_table(&mut self) {
        let Some((table, _, _)) = self.tables.pop() else { return };
        if let Some((_, _, cell)) = self.tables.last_mut() {
            for row in table.rows {
                cell.push('\n');
                cell.push_str(&row.join(" "));
            }
        } else if table.rows.iter().all(|row| row.len() < 2) {
            for text in table.rows.into_iter().flatten() {
                self.outline.push(BlockKind::Paragraph, text);
            }
        } else {
            table.add_to(self.outline, false);
        }
    }

    fn set_hidden(&mut self, hidden: bool) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.hidden = hidden;
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipping == 0
            && let Some(paragraph) = self.paragraphs.last_mut()
            && !paragraph.hidden
        {
            paragraph.text.push_str(text);
        }
    }
}
