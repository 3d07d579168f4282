//! Which paragraph styles are headings.

use std::collections::HashMap;

use quick_xml::{Reader as XmlReader, events::Event};

use super::{attribute, bad_xml};
use crate::knowledge::read::error::ReadError;

/// A style may be based on another; longer chains are circles.
const LONGEST_CHAIN: usize = 12;

/// The styles of a document by their id.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
}

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    /// Counted from 1.
    level: Option<u8>,
    numbered: bool,
}

impl Styles {
    /// The level of the headings that a style makes, counted from 1, or 0 for a title; `None` for body text.
    pub(super) fn heading_level(&self, id: &str) -> Option<u8> {
        if !self.styles.contains_key(id) {
            return level_in_name(id);
        }
        self.chain(id).find_map(|style| style.level.or_else(|| level_in_name(&style.name)))
    }

    /// Whether a style makes list items.
    pub(super) fn is_list(&self, id: &str) -> bool {
        self.chain(id).any(|style| style.numbered)
    }

    /// A style and those it is based on.
    fn chain(&self, id: &str) -> impl Iterator<Item = &Style> {
        let next = |style: &&Style| self.styles.get(style.based_on.as_ref()?);
        std::iter::successors(self.styles.get(id), next).take(LONGEST_CHAIN)
    }
}

/// The level of an outline as Word writes it: from 0, and 9 for body text.
pub(super) fn outline_level(value: &str) -> Option<u8> {
    value.parse::<u8>().ok().filter(|level| *level < 9).map(|level| level + 1)
}

/// "heading 2", "Heading2", "Título 2", "Ttulo2": Word translates ids but hardly ever names.
fn level_in_name(name: &str) -> Option<u8> {
    let name = name.to_lowercase();
    if ["title", "título", "titulo"].contains(&name.as_str()) {
        return Some(0);
    }
    let word =
        ["heading", "título", "titulo", "ttulo"].into_iter().find_map(|word| name.strip_prefix(word))?;
    word.trim().parse().ok().filter(|level| (1..=9).contains(level))
}

/// Reads the styles part.
///
/// # Errors
/// [`ReadError::Damaged`] for broken XML.
pub(super) fn read(xml: &str) -> Result<Styles, ReadError> {
    let mut xml = XmlReader::from_str(xml);
    let mut styles = Styles::default();
    let mut open: Option<(String, Style)> = None;
    loop {
        match xml.read_event().map_err(|error| bad_xml(&xml, &error))? {
            Event::Start(tag) | Event::Empty(tag) => {
                let value = || attribute(&tag, "val");
                match (tag.local_name().as_ref(), &mut open) {
                    ("style", _) => {
                        styles.styles.extend(open.take());
                        open = Some((attribute(&tag, "styleId").unwrap_or_default(), Style::default()));
                    }
                    ("name", Some((_, style))) => style.name = value().unwrap_or_default(),
                    ("numId", Some((_, style))) => style.numbered = value().as_deref() != Some("0"),
                    ("basedOn", Some((_, style))) => style.based_on = value(),
                    ("outlineLvl", Some((_, style))) => {
                        style.level = value().as_deref().and_then(outline_level);
                    }
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    styles.styles.extend(open);
    Ok(styles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_by_name_level_and_ancestor() {
        let styles = read(
            r#"<w:styles><w:style w:styleId="Ttulo2"><w:name w:val="heading 2"/></w:style>
            <w:style w:styleId="Mio"><w:name w:val="Seccion"/><w:basedOn w:val="Ttulo2"/></w:style>
            <w:style w:styleId="Nivel"><w:name w:val="x"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
            <w:style w:styleId="Lista"><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
            <w:style w:styleId="A"><w:name w:val="a"/><w:basedOn w:val="A"/></w:style></w:styles>"#,
        )
        .unwrap();
        assert_eq!(styles.heading_level("Mio"), Some(2));
        assert_eq!(styles.heading_level("Nivel"), Some(1));
        assert_eq!(styles.heading_level("A"), None);
        assert!(styles.is_list("Lista") && !styles.is_list("A"));
        assert_eq!(styles.heading_level("Heading3"), Some(3));
        assert_eq!(styles.heading_level("Normal"), None);
        assert_eq!(styles.heading_level("Title"), Some(0));
    }
}
