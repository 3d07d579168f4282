//! The forms in which lists are exported.

use clap::ValueEnum;

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table with commas, UTF-8, one header row
    Csv,
    /// A list of objects
    Json,
}
