//! How much of a file a reader accepts. Every bound is here, with its reason.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds of reading one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadLimits {
    /// The file itself. A catalogue with photos is 20 to 30 MB; a larger one is no knowledge document.
    pub max_file_bytes: u64,
    /// Pages of a PDF. A thick manual has 800.
    pub max_pages: usize,
    /// What a part of a compressed file may grow to. The largest real `document.xml` files are about 20 MB.
    pub max_decompressed_bytes: u64,
    /// The text of all documents in one file. A thousand-page book is about 3 MB.
    pub max_text_bytes: u64,
    /// How long a child process may read. Ordinary files take milliseconds.
    pub deadline: Duration,
    /// The address space of a child process, our own binary included.
    pub max_memory_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: 50 << 20,
            max_pages: 2_000,
            max_decompressed_bytes: 64 << 20,
            max_text_bytes: 16 << 20,
            deadline: Duration::from_secs(8),
            max_memory_bytes: 480 << 20,
        }
    }
}
