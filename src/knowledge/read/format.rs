//! Which reader a file needs: from its name, checked against its first bytes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ReadError;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// CommonMark with tables.
    Markdown,
    /// Plain text in any usual encoding.
    Text,
    /// A web page.
    Html,
    /// A PDF with a text layer.
    Pdf,
    /// A Word document since 2007.
    Docx,
    /// Comma, semicolon, tab or bar separated values.
    Csv,
    /// One JSON value.
    Json,
    /// One `{"id","title","text"}` object per line, each a document.
    Jsonl,
}

/// How a ZIP archive begins: docx, xlsx, odt and the like.
const ZIP: &[u8] = b"PK\x03\x04";
/// How an OLE container begins: Office files before 2007, and every Office file with a password.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// The name of the stream that holds an encrypted Office file, in UTF-16LE as OLE directories have it.
const ENCRYPTED_STREAM: &str = "EncryptedPackage";
/// A plain file up to this size cannot grow to trouble while it is parsed.
const HARMLESS_BYTES: usize = 1 << 20;
/// Readers of PDF accept junk before the header within this many bytes.
const PDF_HEADER_WITHIN: usize = 1024;

impl Format {
    /// The format that a file's extension names, in any case.
    ///
    /// # Errors
    /// [`ReadError::Unsupported`] with what to do instead.
    pub fn from_path(path: &Path) -> Result<Self, ReadError> {
        let extension =
            path.extension().map(|text| text.to_string_lossy().to_lowercase()).unwrap_or_default();
        let advice = match extension.as_str() {
            "md" | "markdown" => return Ok(Self::Markdown),
            "txt" | "text" => return Ok(Self::Text),
            "html" | "htm" | "xhtml" => return Ok(Self::Html),
            "pdf" => return Ok(Self::Pdf),
            "docx" | "docm" => return Ok(Self::Docx),
            "csv" | "tsv" => return Ok(Self::Csv),
            "json" => return Ok(Self::Json),
            "jsonl" | "ndjson" => return Ok(Self::Jsonl),
            "xlsx" | "xls" | "ods" => "save each sheet as .csv",
            "doc" | "odt" | "rtf" | "pages" => "save it as .docx",
            "pptx" | "ppt" | "odp" | "key" => "save it as .pdf",
            "png" | "jpg" | "jpeg" | "webp" | "gif" | "tif" | "tiff" | "heic" => {
                "write what it says into a .md or .txt file"
            }
            _ => "use .md, .txt, .html, .pdf, .docx, .csv, .json or .jsonl",
        };
        let kind = if extension.is_empty() {
            "a file without extension".to_owned()
        } else {
            format!(".{extension}")
        };
        Err(ReadError::Unsupported { kind, advice: advice.to_owned() })
    }

    /// Whether these bytes could crash or stall the parser of the format or fill the memory, so that they belong
    /// into a child process. Markdown may hold HTML.
    pub fn is_risky(self, bytes: &[u8]) -> bool {
        match self {
            Self::Html | Self::Pdf | Self::Docx => true,
            Self::Markdown if bytes.contains(&b'<') => true,
            Self::Markdown | Self::Text | Self::Csv | Self::Json | Self::Jsonl => {
                bytes.len() > HARMLESS_BYTES
            }
        }
    }

    /// The usual extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Text => "txt",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }

    /// Catches a file that is something else than its name says, and an encrypted Office file.
    pub(super) fn check_content(self, bytes: &[u8]) -> Result<(), ReadError> {
        let not = |found: &str| {
            Err(ReadError::NotWhatItSays { extension: self.extension().to_owned(), found: found.to_owned() })
        };
        let head = bytes.get(..PDF_HEADER_WITHIN).unwrap_or(bytes);
        let is_pdf = contains(head, b"%PDF-");
        let begins_as_pdf = head.trim_ascii_start().starts_with(b"%PDF-");
        if bytes.is_empty() {
            return Err(ReadError::Empty);
        }
        if self == Self::Docx && bytes.starts_with(OLE) {
            let name: Vec<u8> = ENCRYPTED_STREAM.encode_utf16().flat_map(u16::to_le_bytes).collect();
            return if contains(bytes, &name) {
                Err(ReadError::NeedsPassword)
            } else {
                not("a Word document of before 2007")
            };
        }
        match self {
            Self::Pdf if bytes.starts_with(ZIP) => not("a ZIP archive"),
            Self::Pdf if is_pdf => Ok(()),
            Self::Pdf => Err(ReadError::Damaged { what: "there is no PDF header".to_owned() }),
            Self::Docx if begins_as_pdf => not("a PDF"),
            Self::Docx => Ok(()),
            _ if begins_as_pdf => not("a PDF"),
            _ if bytes.starts_with(ZIP) => not("a ZIP archive or an Office document"),
            _ if bytes.starts_with(OLE) => not("an Office document"),
            _ => Ok(()),
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_extension_says_what_to_do() {
        let error = Format::from_path(Path::new("Precios.XLSX")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read .xlsx; save each sheet as .csv");
        assert!(Format::from_path(Path::new("LEEME")).is_err());
        assert_eq!(Format::from_path(Path::new("a/FAQ.HTM")), Ok(Format::Html));
    }

    #[test]
    fn plain_files_are_risky_when_large_or_with_html_inside() {
        assert!(!Format::Markdown.is_risky(b"# Precios"));
        assert!(Format::Markdown.is_risky(b"# Precios <div>"));
        assert!(Format::Csv.is_risky(&vec![b','; HARMLESS_BYTES + 1]));
        assert!(Format::Pdf.is_risky(b""));
    }

    #[test]
    fn content_that_contradicts_the_name_is_refused() {
        let archive = b"PK\x03\x04rest";
        assert!(matches!(Format::Text.check_content(archive), Err(ReadError::NotWhatItSays { .. })));
        assert!(matches!(Format::Csv.check_content(b"%PDF-1.4"), Err(ReadError::NotWhatItSays { .. })));
        assert_eq!(Format::Docx.check_content(archive), Ok(()));
        assert_eq!(Format::Pdf.check_content(b"\xef\xbb\xbfjunk %PDF-1.4"), Ok(()));
        assert_eq!(Format::Markdown.check_content("como hacer un %PDF-".as_bytes()), Ok(()));
    }
}
