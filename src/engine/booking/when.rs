//! When a customer means: "el próximo martes a las 4 y media", "amanhã de manhã", "next Friday at 10".
//!
//! Read by rules, with the moment at which it was said given, so that the same words at the same moment always mean the
//! same days. What is found is a wish, not a promise: it is told back with the full date before anything is booked.

mod days;
mod hours;
mod numbers;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use jiff::{Zoned, civil::Date};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use crate::{domain::language::Language, text::fold};

/// The most of a message that is read, in bytes.
const MAX_BYTES: usize = 2_000;

/// When somebody would like to come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// The days, each from a first to a last one, in order; none when no day was named.
    pub days: Vec<(Date, Date)>,
    /// The time of day.
    pub hours: Option<Hours>,
    /// Whether it is to be as soon as can be.
    pub soon: bool,
}

/// A time of day, in minutes since midnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hours {
    /// One time; of several readings, the likeliest first: "a las 4" is 16:00, or 4:00.
    At(Vec<u16>),
    /// From the first to before the second.
    Between(u16, u16),
}

impl Hours {
    /// Whether a minute of the day is meant.
    pub fn hold(&self, minute: u16) -> bool {
        match self {
            Self::At(minutes) => minutes.contains(&minute),
            Self::Between(from, to) => (*from..*to).contains(&minute),
        }
    }
}

impl When {
    /// Whether nothing was said of when.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.hours.is_none() && !self.soon
    }

    /// Whether a day is meant, or none was named.
    pub fn has_day(&self, day: Date) -> bool {
        self.days.is_empty() || self.days.iter().any(|(from, to)| (*from..=*to).contains(&day))
    }

    /// This wish, with what it leaves open taken from an earlier one.
    #[must_use]
    pub fn or(&self, earlier: &Self) -> Self {
        Self {
            days: if self.days.is_empty() && !self.soon { earlier.days.clone() } else { self.days.clone() },
            hours: self.hours.clone().or_else(|| earlier.hours.clone()),
            soon: self.soon,
        }
    }
}

/// What a text says of when, at a moment in the tenant's zone.
pub fn read(text: &str, language: Language, now: &Zoned) -> When {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
    let mut reading = Reading { text: normal(text), language, today: now.date() };
    let hours = hours::read(&mut reading);
    let days = days::read(&mut reading);
    let soon = SOON.is_match(&reading.text);
    let mut ranges: Vec<(Date, Date)> = days.into_iter().filter(|(_, to)| *to >= reading.today).collect();
    for (from, _) in &mut ranges {
        *from = (*from).max(reading.today);
    }
    ranges.sort_unstable();
    ranges.dedup();
    When { days: ranges, hours, soon }
}

/// A text of which parts are taken out when they are understood.
struct Reading {
    /// Folded, with signs made uniform.
    text: String,
    language: Language,
    today: Date,
}

impl Reading {
    /// Takes out every match of a pattern that `understand` gives something for.
    fn take<T>(&mut self, pattern: &Regex, mut understand: impl FnMut(&Captures<'_>) -> Option<T>) -> Vec<T> {
        let text = self.text.clone();
        let mut found = Vec::new();
        for captures in pattern.captures_iter(&text) {
            let Some(whole) = captures.get(0) else { continue };
            if let Some(value) = understand(&captures) {
                found.push(value);
                self.blank(whole.range());
            }
        }
        found
    }

    /// Takes out the first match of a pattern.
    fn take_first<T>(
        &mut self,
        pattern: &Regex,
        understand: impl Fn(&Captures<'_>) -> Option<T>,
    ) -> Option<T> {
        let text = self.text.clone();
        let captures = pattern.captures(&text)?;
        let value = understand(&captures)?;
        self.blank(captures.get(0)?.range());
        Some(value)
    }

    fn blank(&mut self, range: std::ops::Range<usize>) {
        if self.text.is_char_boundary(range.start) && self.text.is_char_boundary(range.end) {
            let blanks = "|".repeat(range.len());
            self.text.replace_range(range, &blanks);
        }
    }
}

static SOON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(lo antes posible|cuanto antes|lo mas pronto|lo mas rapido|primera (?:cita|hora) disponible|as soon as possible|asap|soonest|earliest|(?:el )?primer (?:turno|espacio|cupo)|o quanto antes|mais cedo possivel|o mais rapido)\b",
    )
});

/// Signs and courtesies that would be in the way.
fn normal(text: &str) -> String {
    static SIGNS: LazyLock<[(Regex, &str); 12]> = LazyLock::new(|| {
        [
            (
                pattern(
                    r"\b(buen[oa]s?|boas?|bons?|bom|good|feliz|lindas?|otras?) (dias?|tardes?|noches?|noites?|manhas?|morning|afternoon|evening|night)\b",
                ),
                "|",
            ),
            (
                pattern(
                    r"\b(?:esta|essa|nesta|this) (tarde|noche|manana|noite|manha|morning|afternoon|evening|night)\b",
                ),
                "today la $1",
            ),
            (pattern(r"\btonight\b"), "today la night"),
            (pattern(r"\b(?:dps|dsps|dsp|desp)\b(?: de| d\b)?"), "despues de"),
            (pattern(r"\b([ap])\s?\.?\s?m\b\.?"), " ${1}m "),
            (
                pattern(
                    r"\b(?:(?:mas|mais|muy|demasiado|muito|no llegar|llego|voy) tarde|mas tempran\w+|mais cedo|earlier)\b",
                ),
                "|",
            ),
            (pattern(r"\b(\d{1,2})\s?h\s?([0-5]\d)\b"), "$1:$2"),
            (pattern(r"\b(\d{1,2})\s?(?:hrs?|hs|horas|h)\b"), "$1:00"),
            (pattern(r"\b(\d{1,2})(?:st|nd|rd|th|ro|er|do|º|°)\b"), "$1"),
            (pattern(r"\b(\d{1,2})\.([0-5]\d)\b"), "$1:$2"),
            (pattern(r"\s+"), " "),
            (pattern(r"\bo'? ?clock\b"), " "),
        ]
    });
    let folded = fold(text).replace('’', "'").replace("o'clock", "oclock").replace('º', "");
    // Abbreviations of hours are told from amounts: "2 horas de masaje" is no time of day.
    SIGNS.iter().fold(folded, |text, (sign, plain)| sign.replace_all(&text, *plain).into_owned())
}

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}
