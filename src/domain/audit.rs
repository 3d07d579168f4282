//! The audit log as it is read: its lines, and whether they are still as they were written.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditLine {
    /// Its place in the log, from 1.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// Who did it: `customer`, `bot`, `person:<name>`, `system` or `operator`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    /// A few facts without personal data.
    pub detail: Value,
    /// The hash of this line and, through it, of all before it.
    pub hash: String,
}

/// What a check of the whole log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditVerdict {
    /// All lines are as they were written.
    Sound {
        /// How many there are.
        lines: u64,
    },
    /// The log was tampered with or damaged.
    Broken {
        /// The first line that is not as it was written.
        seq: i64,
        /// What is wrong with it.
        problem: AuditProblem,
    },
}

/// What is wrong with a line of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditProblem {
    /// It is not there, but lines behind it are.
    Missing,
    /// Its fields are not those that its hash was made of.
    Changed,
    /// It does not follow the line before it.
    OutOfOrder,
    /// It and all behind it are not there, but the log once went on.
    CutOff,
    /// The log ended before it.
    Added,
}

impl AuditProblem {
    /// What is wrong, as the end of a sentence about the line.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Changed => "was changed",
            Self::OutOfOrder => "does not follow the line before it",
            Self::CutOff => "was cut off with all behind it",
            Self::Added => "was added behind the end of the log",
        }
    }
}
