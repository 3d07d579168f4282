//! The name of a tenant, which is also a folder name and a file name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names that a file system or a route gives a meaning of its own.
const RESERVED: &[&str] = &[
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "iass", "admin", "api", "health",
    "metrics",
];

/// A checked tenant name: 1 to 48 characters of `a-z`, `0-9`, `-` and `_`, beginning with a letter or a digit,
/// and none of the reserved names. It is safe as a folder name, a file name and a path segment of a URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

/// Why a text is not a tenant name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not a tenant id: use 1 to 48 of a-z, 0-9, - and _, beginning with a letter or a digit{hint}"
)]
pub struct TenantIdError {
    given: String,
    hint: &'static str,
}

impl TenantId {
    /// The longest name, in characters.
    pub const MAX_LEN: usize = 48;

    /// Checks a name.
    ///
    /// # Errors
    /// [`TenantIdError`] says what a name may look like; nothing is trimmed, folded or repaired.
    pub fn parse(text: &str) -> Result<Self, TenantIdError> {
        let error = |hint| TenantIdError { given: text.chars().take(60).collect(), hint };
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !begins_well || text.len() > Self::MAX_LEN || !text.chars().all(allowed) {
            return Err(error(""));
        }
        if RESERVED.contains(&text) {
            return Err(error(" (this one is reserved)"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for TenantId {
    type Err = TenantIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_plain_names_are_tenant_ids() {
        for good in ["benova", "a", "0", "tienda-2", "la_esquina", &"x".repeat(48)] {
            assert_eq!(TenantId::parse(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            ".",
            "..",
            "../a",
            "a/b",
            "a\\b",
            "a b",
            " a",
            "a ",
            "A",
            "ñandú",
            "a\0",
            "-a",
            "_a",
            "a.db",
            "con",
            "nul",
            "iass",
            "ａ",
            "a\u{200b}",
            &"x".repeat(49),
        ] {
            assert!(TenantId::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_id_stays_inside_its_folder(text in "\\PC{0,60}") {
            if let Ok(id) = TenantId::parse(&text) {
                let path = std::path::Path::new("tenants").join(id.as_str());
                let parts: Vec<_> = path.components().collect();
                prop_assert_eq!(parts.len(), 2);
                prop_assert!(matches!(parts[1], std::path::Component::Normal(name) if name == text.as_str()));
            }
        }
    }
}
