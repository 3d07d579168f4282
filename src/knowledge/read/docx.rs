//! Word documents: a ZIP of XML parts ([ECMA-376]). The body and the notes are read; comments, deleted and hidden
//! text, running headers and embedded files are not.
//!
//! [ECMA-376]: https://ecma-international.org/publications-and-standards/standards/ecma-376/

mod body;
mod styles;

use std::io::{Cursor, Read as _};

use quick_xml::{Reader as XmlReader, events::Event};
use zip::{ZipArchive, result::ZipError};

use super::{document::Document, encoding, error::ReadError, limits::ReadLimits, outline::Outline};

/// Where the body is when the package does not say.
const USUAL_BODY: &str = "word/document.xml";

/// Reads a Word document.
///
/// # Errors
/// [`ReadError::NeedsPassword`], [`ReadError::Expands`] for a part that unpacks beyond the limit,
/// [`ReadError::NotWhatItSays`] for another kind of archive, [`ReadError::Damaged`].
pub(super) fn read(bytes: &[u8], limits: &ReadLimits) -> Result<Document, ReadError> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut package = Package { archive, left_bytes: limits.max_decompressed_bytes, limits };
    let body_name = body_name(package.part("_rels/.rels")?.as_deref().unwrap_or_default());
    let Some(body) = package.part(&body_name)? else {
        let found = package
            .archive
            .file_names()
            .flatten()
            .any(|name| name.starts_with("xl/") || name.starts_with("ppt/"));
        let found = if found { "another Office document" } else { "another kind of archive" };
        return Err(ReadError::NotWhatItSays { extension: "docx".to_owned(), found: found.to_owned() });
    };
    let folder = body_name.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
    let styles = styles::read(package.part(&format!("{folder}styles.xml"))?.as_deref().unwrap_or_default())?;
    let mut outline = Outline::default();
    if let Some(core) = package.part("docProps/core.xml")? {
        outline.set_title(&title(&core));
    }
    body::add(&mut outline, &body, &styles)?;
    for notes in ["footnotes.xml", "endnotes.xml"] {
        if let Some(xml) = package.part(&format!("{folder}{notes}"))? {
            body::add(&mut outline, &xml, &styles)?;
        }
    }
    Ok(outline.finish())
}

/// The parts of a document, unpacked within a common bound.
struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left_bytes: u64,
    limits: &'a ReadLimits,
}

impl Package<'_> {
    /// The text of a part, which is XML in UTF-8 or UTF-16; `None` when the document has no such part.
    fn part(&mut self, name: &str) -> Result<Option<String>, ReadError> {
        let part = match self.archive.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(damaged(&error)),
        };
        let mut bytes = Vec::new();
        // The size that the archive declares may be a lie, so the unpacked bytes are counted.
        part.take(self.left_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| ReadError::Damaged { what: format!("{name}: {error}") })?;
        match self.left_bytes.checked_sub(bytes.len() as u64) {
            Some(left) => self.left_bytes = left,
            None => return Err(ReadError::Expands { limit_bytes: self.limits.max_decompressed_bytes }),
        }
        encoding::decode(&bytes).map(Some)
    }
}

fn damaged(error: &ZipError) -> ReadError {
    match error {
        ZipError::UnsupportedArchive(what) if *what == ZipError::PASSWORD_REQUIRED => {
            ReadError::NeedsPassword
        }
        error => ReadError::Damaged { what: error.to_string() },
    }
}

/// An XML error with its part's place.
fn bad_xml(xml: &XmlReader<&[u8]>, error: &impl std::fmt::Display) -> ReadError {
    ReadError::Damaged { what: format!("XML at byte {}: {error}", xml.error_position()) }
}

/// The part that the package's relations call the document.
fn body_name(relations: &str) -> String {
    let mut xml = XmlReader::from_str(relations);
    while let Ok(event) = xml.read_event() {
        match event {
            Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == "Relationship" => {
                if attribute(&tag, "Type").is_some_and(|kind| kind.ends_with("/officeDocument"))
                    && let Some(target) = attribute(&tag, "Target")
                {
                    return target.trim_start_matches('/').to_owned();
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    USUAL_BODY.to_owned()
}

/// The title in the document's properties.
fn title(core: &str) -> String {
    let mut xml = XmlReader::from_str(core);
    let (mut inside, mut text) = (false, String::new());
    while let Ok(event) = xml.read_event() {
        match event {
            Event::Start(tag) if tag.local_name().as_ref() == "title" => inside = true,
            Event::End(tag) if tag.local_name().as_ref() == "title" => break,
            Event::Text(part) if inside => text.push_str(&part),
            Event::GeneralRef(name) if inside => text.push_str(&entity(&name)),
            Event::Eof => break,
            _ => {}
        }
    }
    text
}

/// What an entity stands for; unknown ones vanish.
fn entity(name: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(c)) = name.resolve_char_ref() {
        return c.to_string();
    }
    quick_xml::escape::resolve_predefined_entity(name).unwrap_or_default().to_owned()
}

/// The value of an attribute by its name without prefix.
fn attribute(tag: &quick_xml::events::BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(found.value.into_owned())
}

#[cfg(test)]
mod tests;
