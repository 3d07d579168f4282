//! Why a file could not be read, in words a shop owner can act on.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Why a file gave no document. The texts name no file: [`ReadFileError`] and the ingest report put it in front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadError {
    /// The file is larger than [`super::ReadLimits::max_file_bytes`].
    #[error("too large: {} where at most {} are read; split it", mb(*bytes), mb(*limit_bytes))]
    TooLarge {
        /// The file's size.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// A compressed part grows beyond [`super::ReadLimits::max_decompressed_bytes`].
    #[error("unpacks to more than {}; save it again without large embedded objects", mb(*limit_bytes))]
    Expands {
        /// The limit.
        limit_bytes: u64,
    },
    /// More text than [`super::ReadLimits::max_text_bytes`].
    #[error("holds more than {} of text; split it", mb(*limit_bytes))]
    TooMuchText {
        /// The limit.
        limit_bytes: u64,
    },
    /// More pages than [`super::ReadLimits::max_pages`].
    #[error("has {pages} pages where at most {limit} are read; split it")]
    TooManyPages {
        /// The pages of the file.
        pages: usize,
        /// The limit.
        limit: usize,
    },
    /// Encrypted, and it does not open without a password.
    #[error("needs a password; save a copy without one")]
    NeedsPassword,
    /// It opened and has no letter in it.
    #[error("no text: scanned? make it searchable with OCR, or save the text as .docx or .txt")]
    NoText,
    /// Nothing in it.
    #[error("empty; write something into it or delete it")]
    Empty,
    /// It does not follow its format.
    #[error("damaged: {what}; open it in its program and save it again")]
    Damaged {
        /// What is wrong, for somebody who knows the format.
        what: String,
    },
    /// A text file in an encoding that no longer tells its letters.
    #[error("its encoding is not known; save it as UTF-8")]
    UnknownEncoding,
    /// The extension says one thing and the content another.
    #[error("named .{extension} but it is {found}; give it the right extension or save it as {extension}")]
    NotWhatItSays {
        /// The usual extension of the format that was asked for.
        extension: String,
        /// What it looks like.
        found: String,
    },
    /// No reader for it.
    #[error("cannot read {kind}; {advice}")]
    Unsupported {
        /// What it is.
        kind: String,
        /// What to do.
        advice: String,
    },
    /// [`super::ReadLimits::deadline`] passed.
    #[error("not read within {after_s} s; save it again from its program, or as plain text")]
    TimedOut {
        /// The deadline, in seconds.
        after_s: u64,
    },
    /// The reader ran out of memory or crashed. Nothing but this file was hurt.
    #[error("its reader stopped half-way ({how}); save it again from its program, or as plain text")]
    Crashed {
        /// How the process ended.
        how: String,
    },
    /// The system did not give the bytes.
    #[error("{what}")]
    Io {
        /// The system's message.
        what: String,
    },
}

/// A [`ReadError`] with the file it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct ReadFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: ReadError,
}

/// Bytes as people say them.
fn mb(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} kB", bytes.div_ceil(1 << 10)) } else { format!("{} MB", bytes >> 20) }
}
