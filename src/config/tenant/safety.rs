//! `[safety]`: what is done with messages that look like an attack.

use serde::{Deserialize, Serialize};

use crate::config::{leaf::Leaf, section::Section};

/// The safety of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Safety {
    /// `on_threat`: what is done with a message that looks like an attack. Default refuse.
    pub on_threat: OnThreat,
}

/// What is done with a message that looks like an attack. It is written into the audit log in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnThreat {
    /// It is answered like any other.
    Log,
    /// It is refused politely.
    #[default]
    Refuse,
    /// It is answered from the documents: the model gets no tools.
    StripTools,
    /// A person looks at it.
    Handoff,
}

impl Safety {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self { on_threat: section.read("on_threat", Leaf::choice).unwrap_or_default() }
    }
}
