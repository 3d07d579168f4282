//! Reads the owner's files into [`Document`]s: titled blocks in reading order, one reader per format.
//!
//! A file comes from anywhere, so every reader is bounded in bytes, pages and time ([`ReadLimits`]), and the formats
//! whose parsers a hostile file could crash are read in a child process ([`Reader`]). A file that yields no text is
//! an error, never an empty document. Readers never touch the database, the network or the clock.

mod csv;
mod document;
mod docx;
mod encoding;
mod error;
mod format;
mod html;
mod isolate;
mod json;
mod limits;
mod markdown;
mod outline;
mod pdf;
mod table;
mod text;

use std::{io::Read as _, path::Path};

pub use document::{BadLine, Block, BlockKind, Document, NamedDocument, Reading};
pub use error::{ReadError, ReadFileError};
pub use format::Format;
pub use isolate::{Reader, child_main};
pub use limits::ReadLimits;

/// Reads a file's bytes in this process. [`Reader::read_bytes`] does the same and survives hostile files.
///
/// Every format but [`Format::Jsonl`] yields exactly one unnamed document.
///
/// # Errors
/// [`ReadError`] when nothing can be read. Bad lines of a JSONL file beside good ones are [`Reading::bad_lines`].
pub fn read_bytes(format: Format, bytes: &[u8], limits: &ReadLimits) -> Result<Reading, ReadError> {
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(ReadError::TooLarge { bytes: bytes.len() as u64, limit_bytes: limits.max_file_bytes });
    }
    format.check_content(bytes)?;
    let reading = match format {
        Format::Markdown => Reading::of(markdown::read(&encoding::decode(bytes)?, limits)),
        Format::Text => Reading::of(text::read(&encoding::decode(bytes)?)),
        Format::Html => Reading::of(html::read(&encoding::decode_html(bytes)?, limits)),
        Format::Pdf => pdf::read(bytes, limits)?,
        Format::Docx => Reading::of(docx::read(bytes, limits)?),
        Format::Csv => Reading::of(csv::read(&encoding::decode(bytes)?)?),
        Format::Json => Reading::of(json::read(&encoding::decode(bytes)?)?),
        Format::Jsonl => json::read_lines(&encoding::decode(bytes)?)?,
    };
    if !reading.documents.iter().all(|named| named.document.has_text()) {
        let blank = bytes.iter().all(u8::is_ascii_whitespace);
        return Err(if blank { ReadError::Empty } else { ReadError::NoText });
    }
    let text_bytes: u64 = reading.documents.iter().map(|named| named.document.text_bytes()).sum();
    if text_bytes > limits.max_text_bytes {
        return Err(ReadError::TooMuchText { limit_bytes: limits.max_text_bytes });
    }
    Ok(reading)
}

/// The text of a file's bytes, whatever its encoding.
///
/// # Errors
/// [`ReadError::UnknownEncoding`] when it does not look like text.
pub fn decode_text(bytes: &[u8]) -> Result<String, ReadError> {
    encoding::decode(bytes)
}

/// Reads a file in this process; the format comes from its extension.
///
/// # Errors
/// As [`read_bytes`], with the path.
pub fn read_file(path: &Path, limits: &ReadLimits) -> Result<Reading, ReadFileError> {
    let read = || {
        let format = Format::from_path(path)?;
        read_bytes(format, &load(path, limits)?, limits)
    };
    read().map_err(|error| ReadFileError { path: path.to_owned(), error })
}

/// Loads a file, never more than the limit allows.
///
/// # Errors
/// [`ReadError::Io`] and [`ReadError::TooLarge`].
pub fn load(path: &Path, limits: &ReadLimits) -> Result<Vec<u8>, ReadError> {
    let io = |error: std::io::Error| ReadError::Io { what: error.to_string() };
    let file = std::fs::File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that grew meanwhile from one that fits.
    file.take(limits.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(ReadError::TooLarge { bytes: size, limit_bytes: limits.max_file_bytes });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
