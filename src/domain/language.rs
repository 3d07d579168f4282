//! The languages the product speaks.

use serde::{Deserialize, Serialize};

/// A language customers are answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Spanish, the first one.
    #[default]
    Es,
    /// English.
    En,
    /// Portuguese.
    Pt,
}

impl Language {
    /// All of them, Spanish first.
    pub const ALL: [Self; 3] = [Self::Es, Self::En, Self::Pt];

    /// The ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
            Self::Pt => "pt",
        }
    }

    /// The language of an ISO 639-1 code, with or without a region (`pt-BR`).
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next().unwrap_or(code);
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
    }
}
