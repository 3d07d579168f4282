//! PDF: the pages are interpreted as for drawing and the glyphs collected with their places, then put into lines
//! ([`lines`]) and paragraphs ([`paragraphs`]). Images are never decoded and nothing is drawn.

mod glyphs;
mod lines;
mod paragraphs;

use encoding_rs::UTF_16BE;
use hayro_interpret::{
    Context, InterpreterCache, InterpreterSettings,
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf},
    interpret_page,
    kurbo::{Affine, Rect},
};

use self::{glyphs::GlyphCollector, lines::Line};
use super::{document::Reading, error::ReadError, limits::ReadLimits, outline::Outline};

/// What programs write where there is no title.
const NO_TITLES: &[&str] =
    &["untitled", "(anonymous)", "anonymous", "unspecified", "documento sin título", "document"];
/// With more letters untold than this, what is left is no document. In percent.
const UNKNOWN_TOO_MANY_PCT: usize = 90;
/// Fewer letters untold are bullets and icons. In percent.
const UNKNOWN_WORTH_A_WORD_PCT: u8 = 10;

/// Reads a PDF. One that is protected against copying only, or whose password is empty, opens like any other.
///
/// # Errors
/// [`ReadError::NeedsPassword`], [`ReadError::TooManyPages`], [`ReadError::NoText`] for scans and for fonts that do
/// not tell their letters, [`ReadError::Damaged`].
pub(super) fn read(bytes: &[u8], limits: &ReadLimits) -> Result<Reading, ReadError> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => ReadError::NeedsPassword,
        LoadPdfError::Decryption(error) => ReadError::Damaged { what: format!("its encryption: {error:?}") },
        LoadPdfError::Invalid => ReadError::Damaged { what: "it is no readable PDF".to_owned() },
    })?;
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err(ReadError::Damaged { what: "it has no pages".to_owned() });
    }
    if pages.len() > limits.max_pages {
        return Err(ReadError::TooManyPages { pages: pages.len(), limit: limits.max_pages });
    }
    let cache = InterpreterCache::new();
    let mut read_pages: Vec<Vec<Line>> = Vec::new();
    let (mut letters, mut unknown) = (0, 0);
    for page in pages.iter() {
        let mut collector = GlyphCollector::default();
        let whole = Rect::new(-1e6, -1e6, 1e6, 1e6);
        let mut context =
            Context::new(Affine::IDENTITY, whole, &cache, pdf.xref(), InterpreterSettings::default());
        interpret_page(page, &mut context, &mut collector);
        letters += collector.glyphs.len();
        unknown += collector.unknown;
        read_pages.push(lines::join(&collector.glyphs));
    }
    let unknown_pct = unknown * 100 / (letters + unknown).max(1);
    if unknown_pct > UNKNOWN_TOO_MANY_PCT {
        return Err(ReadError::NoText);
    }
    let mut outline = Outline::default();
    outline.set_title(&pdf.metadata().title.as_deref().map(title).unwrap_or_default());
    paragraphs::add(&mut outline, read_pages);
    let unknown_letters_pct = u8::try_from(unknown_pct).ok().filter(|pct| *pct >= UNKNOWN_WORTH_A_WORD_PCT);
    Ok(Reading { unknown_letters_pct, ..Reading::of(outline.finish()) })
}

/// The title in the metadata, unless a program put its file name there.
fn title(bytes: &[u8]) -> String {
    let text = match bytes.strip_prefix(b"\xfe\xff") {
        Some(wide) => UTF_16BE.decode_without_bom_handling(wide).0.into_owned(),
        // PDFDocEncoding agrees with Latin-1 wherever a title has letters.
        None => std::str::from_utf8(bytes)
            .map_or_else(|_| bytes.iter().copied().map(char::from).collect(), ToOwned::to_owned),
    };
    let text = text.trim();
    let text = text.strip_prefix("Microsoft Word - ").unwrap_or(text);
    let is_file_name = !text.contains(' ') && text.contains('.');
    if is_file_name || NO_TITLES.contains(&text.to_lowercase().as_str()) {
        String::new()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_decoded_and_a_file_name_is_none() {
        assert_eq!(title(b"\xfe\xff\0P\0r\0e\0c\0i\0o\0s"), "Precios");
        assert_eq!(title(b"Gu\xeda de uso"), "Guía de uso");
        assert_eq!(title(b"Microsoft Word - tarifas.docx"), "");
    }
}
