//! `[business]`: the facts that customers ask for first.

use std::fmt;

use jiff::civil::{Date, Weekday};
use serde::{Serialize, Serializer};

use crate::config::{leaf::Leaf, section::Section};

/// The keys of the weekdays, from Monday.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Where the business is and when it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BusinessConfig {
    /// `description`: what it does, in a sentence or two. Default empty.
    pub description: String,
    /// `address`: where it is. Default empty.
    pub address: String,
    /// `phone`: the number it gives to customers. Default empty.
    pub phone: String,
    /// `holidays`: closed days, "2026-12-25", or "12-25" for every year. Default none.
    pub holidays: Vec<Holiday>,
    /// `[business.hours]`: mon to sun, each a list of "HH:MM-HH:MM" in the tenant's time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeekHours>,
}

/// When a week's days are open. A day without spans is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeekHours([Vec<OpenSpan>; 7]);

/// A time of a day, from its first minute to before its last, in minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenSpan {
    /// When it begins: 0 to 1439.
    pub from_min: u16,
    /// When it ends: more than `from_min`, up to 1440, which is midnight.
    pub to_min: u16,
}

/// A day on which the business is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holiday {
    /// This day only.
    Once(Date),
    /// Month and day of every year.
    Yearly(i8, i8),
}

impl BusinessConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let text = |key: &str| section.read(key, Leaf::text).unwrap_or_default();
        Self {
            description: text("description"),
            address: text("address"),
            phone: text("phone"),
            holidays: section.list("holidays", holiday).unwrap_or_default(),
            hours: section.optional_section("hours").map(|hours| WeekHours::read(&hours)),
        }
    }
}

impl WeekHours {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self(WEEKDAYS.map(|(key, _)| {
            let mut spans = section.list(key, open_span).unwrap_or_default();
            spans.sort_unstable();
            if spans.iter().zip(spans.iter().skip(1)).any(|(a, b)| b.from_min < a.to_min) {
                section.error(key, "has times that overlap");
            }
            spans
        }))
    }

    /// The open spans of a weekday, in order.
    pub fn on(&self, weekday: Weekday) -> &[OpenSpan] {
        let index = WEEKDAYS.iter().position(|(_, day)| *day == weekday).unwrap_or_default();
        self.0.get(index).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Serialize for WeekHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(WEEKDAYS.iter().map(|(key, _)| *key).zip(&self.0))
    }
}

impl fmt::Display for OpenSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from_min, self.to_min);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl Serialize for OpenSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Holiday {
    /// Whether `date` is this holiday.
    pub fn is_on(self, date: Date) -> bool {
        match self {
            Self::Once(day) => day == date,
            Self::Yearly(month, day) => (date.month(), date.day()) == (month, day),
        }
    }
}

impl Serialize for Holiday {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Once(date) => serializer.collect_str(date),
            Self::Yearly(month, day) => serializer.collect_str(&format_args!("{month:02}-{day:02}")),
        }
    }
}

fn open_span(leaf: &Leaf<'_>) -> Result<OpenSpan, String> {
    let text = leaf.text()?;
    let wrong = || format!("must be opening and closing time such as \"09:00-18:00\", not {text:?}");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from_min, to_min) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
    if from_min >= to_min {
        return Err(format!(
            "ends before it begins ({text:?}); write a night as \"22:00-24:00\" and \"00:00-02:00\" on the next day"
        ));
    }
    Ok(OpenSpan { from_min, to_min })
}

/// Minutes since midnight of "HH:MM"; "24:00" is the end of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |part: &str, longest: usize| {
        let digits = (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour, 2)?, number(minute, 2).filter(|_| minute.len() == 2)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

fn holiday(leaf: &Leaf<'_>) -> Result<Holiday, String> {
    let text = leaf.date_text()?;
    // 2024 was a leap year: it lets 02-29 be a yearly holiday.
    let yearly = || {
        let date = (text.len() == 5).then(|| format!("2024-{text}").parse::<Date>().ok()).flatten()?;
        Some(Holiday::Yearly(date.month(), date.day()))
    };
    let once = || (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten().map(Holiday::Once);
    once().or_else(yearly).ok_or_else(|| {
        format!("must be a date such as \"2026-12-25\", or \"12-25\" for every year, not {text:?}")
    })
}
