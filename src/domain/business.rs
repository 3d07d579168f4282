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
    /// When it is open.
    pub hours: WeekHours,
}

/// Opening hours of a week, from Monday to Sunday. A day without any is closed; a week without any is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeekHours {
    /// From when until when each day is open, in order, in minutes since midnight of local time (1440 is midnight).
    pub days: [Vec<(u16, u16)>; 7],
}

impl WeekHours {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.days.iter().all(Vec::is_empty)
    }
}
