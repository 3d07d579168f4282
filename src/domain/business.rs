//! What a reply may need to know of the business itself.

use super::language::Language;

/// The business that a tenant is, as its configuration describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Business {
    /// The name customers know.
    pub name: String,
    /// The language it speaks when the customer's cannot be told.
    pub language: Language,
    /// The IANA time zone its hours are in.
    pub timezone: String,
    /// The ISO 4217 currency of its prices.
    pub currency: String,
    /// What it does, in a sentence or two; may be empty.
    pub description: String,
    /// Where it is; may be empty.
    pub address: String,
    /// The phone number it gives to customers; may be empty.
    pub phone: String,
}
