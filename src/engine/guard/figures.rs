//! Everything in a text that can be checked: links, addresses, phone numbers, dates, hours and numbers.
//!
//! Sources and replies are read by the same code, so that both mean the same by the same words.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use regex::Regex;

use super::{dates, folded::Folded, links, numbers, pattern, times};
use crate::{domain::money::Currency, text::fold};

static MINOR_UNITS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"\{\s*"minor"\s*:\s*(?P<minor>-?\d+)\s*,\s*"currency"\s*:\s*"(?P<currency>[A-Z]{3})"\s*\}"#)
});

/// One checkable statement and where it stands in the text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) range: Range<usize>,
    pub(super) stated: Stated,
}

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Stated {
    /// A link, without scheme and `www.`, folded.
    Link(String),
    /// An e-mail address, folded.
    Email(String),
    /// A name in a social network, with its `@`, folded.
    Handle(String),
    /// The digits of a phone number.
    Phone(String),
    /// A day of the year.
    Date(Date),
    /// "24/11", "3/4", "24/7": the words themselves, and the days that they may be.
    Slashed(String, Vec<Date>),
    /// Days of the week, as bits from Monday.
    Weekdays(u8),
    /// A month by its name.
    Month(u8),
    /// A time of day; the readings of "7" as minutes since midnight.
    Time(Vec<u16>),
    /// A number.
    Number(Number),
}

/// A day of the year, as far as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Date {
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) year: Option<i16>,
    /// From 0 for Monday.
    pub(super) weekday: Option<u8>,
}

/// A number and what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Number {
    /// The number in one form, see [`numbers::value`].
    pub(super) value: String,
    pub(super) of: Of,
    /// Written with letters.
    pub(super) in_words: bool,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Money,
    Percent,
    /// Time in minutes, with its factor: 60 for hours.
    Minutes(u32),
    /// Time in months, with its factor: 12 for years.
    Months(u32),
    /// Length, weight, volume and the like.
    Size,
    /// A place in an order: "1.º", "2nd".
    Place,
    /// Things that are named behind it.
    Things,
    /// Nothing that is told: a cell of a table, a number before "por".
    Bare,
}

/// All that a text states, in no particular order.
pub(super) fn read(text: &str) -> Vec<Figure> {
    let mut folded = Folded::of(text);
    let mut found = Vec::new();
    for reader in
        [links::read, dates::read, times::read, links::read_phones, numbers::read, dates::read_names]
    {
        reader(&mut folded, &mut found);
    }
    for figure in &mut found {
        figure.range = folded.origin(&figure.range);
    }
    found
}

/// What a set of texts states, for looking up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) links: HashSet<String>,
    pub(super) phones: Vec<String>,
    pub(super) dates: HashSet<Date>,
    pub(super) weekdays: u8,
    pub(super) months: u16,
    pub(super) times: HashSet<u16>,
    pub(super) numbers: HashSet<(String, Of)>,
    /// The values of all numbers, whatever they count.
    pub(super) values: HashSet<String>,
    /// Amounts of time in minutes and in months, as thousandths.
    pub(super) minutes: HashSet<i64>,
    pub(super) lengths_in_months: HashSet<i64>,
}

impl Known {
    /// Adds what a text states.
    pub(super) fn add(&mut self, text: &str) {
        let text = &self.without_minor_units(text);
        for figure in read(text) {
            match figure.stated {
                Stated::Link(link) | Stated::Email(link) | Stated::Handle(link) => {
                    self.links.insert(link);
                }
                Stated::Phone(digits) => {
                    self.values.insert(numbers::value(&digits));
                    self.phones.push(digits);
                }
                Stated::Date(day) => self.add_day(day),
                Stated::Slashed(words, days) => {
                    self.links.insert(words);
                    for day in days {
                        self.add_day(day);
                    }
                }
                Stated::Weekdays(days) => self.weekdays |= days,
                Stated::Month(month) => self.months |= 1 << month,
                Stated::Time(minutes) => {
                    // "De 8 a 19" repeats 8:00 and 7 p. m.
                    let hours = minutes.iter().map(|minutes| minutes / 60);
                    self.values.extend(hours.flat_map(|hour| [hour, hour % 12]).map(|hour| hour.to_string()));
                    self.times.extend(minutes);
                }
                Stated::Number(number) => self.add_number(number),
            }
        }
        self.add_around_the_clock(text);
        self.add_spoken_times(text);
    }

    /// Takes amounts of money in the form of the product's own JSON out of a text and adds them as they are spoken:
    /// `{"minor":1250000,"currency":"COP"}` is 12,500 pesos and not a million.
    fn without_minor_units(&mut self, text: &str) -> String {
        for captures in MINOR_UNITS.captures_iter(text) {
            let part = |name: &str| captures.name(name).map(|part| part.as_str()).unwrap_or_default();
            let (Ok(minor), Ok(currency)) = (part("minor").parse::<i64>(), Currency::parse(part("currency")))
            else {
                continue;
            };
            let value = numbers::of_thousandths(minor.saturating_mul(1000) / currency.minor_per_main());
            self.add_number(Number { value, of: Of::Money, in_words: false });
        }
        MINOR_UNITS.replace_all(text, " ").into_owned()
    }

    fn add_day(&mut self, day: Date) {
        self.months |= 1 << day.month;
        self.values.insert(day.day.to_string());
        self.values.extend(day.year.map(|year| year.to_string()));
        self.weekdays |= day.of_week().map_or(0, |weekday| 1 << weekday);
        self.dates.insert(day);
    }

    fn add_number(&mut self, number: Number) {
        let thousandths = numbers::thousandths(&number.value);
        match (number.of, thousandths) {
            (Of::Minutes(factor), Some(amount)) => {
                self.minutes.insert(amount.saturating_mul(i64::from(factor)));
            }
            (Of::Months(factor), Some(amount)) => {
                self.lengths_in_months.insert(amount.saturating_mul(i64::from(factor)));
            }
            _ => {}
        }
        self.values.insert(number.value.clone());
        self.numbers.insert((number.value, number.of));
    }

    /// "24 horas", "24/7" and "todos los días" say the same of each other.
    fn add_around_the_clock(&mut self, text: &str) {
        const ALL_DAY: [&str; 6] = ["24/7", "24 horas", "24 hours", "24h", "veinticuatro horas", "24 hs"];
        const ALL_DAYS: [&str; 8] = [
            "24/7",
            "todos los dias",
            "every day",
            "daily",
            "todos os dias",
            "diariamente",
            "lunes a domingo",
            "monday to sunday",
        ];
        let folded = fold(text);
        let has = |phrases: &[&str]| phrases.iter().any(|phrase| folded.contains(phrase));
        if has(&ALL_DAY) {
            self.add_number(Number { value: "24".to_owned(), of: Of::Minutes(60), in_words: false });
            self.links.insert("24/7".to_owned());
        }
        if has(&ALL_DAYS) {
            self.weekdays = 0b111_1111;
            self.add_number(Number { value: "7".to_owned(), of: Of::Minutes(24 * 60), in_words: false });
        }
    }

    /// "Hora y media", "media hora": amounts of time without a number.
    fn add_spoken_times(&mut self, text: &str) {
        let folded = fold(text);
        for (phrases, minutes) in numbers::SPOKEN_TIMES {
            if phrases.iter().any(|phrase| folded.contains(phrase)) {
                self.minutes.insert(minutes * 1000);
            }
        }
    }
}

impl Date {
    /// The day of the week, as it was told or as the calendar has it.
    pub(super) fn of_week(self) -> Option<u8> {
        self.weekday.or_else(|| self.year.and_then(|year| self.weekday_in(year)))
    }

    /// The day of the week that it is in a year, from 0 for Monday.
    pub(super) fn weekday_in(self, year: i16) -> Option<u8> {
        let month = i8::try_from(self.month).ok()?;
        let day = i8::try_from(self.day).ok()?;
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        u8::try_from(date.weekday().to_monday_zero_offset()).ok()
    }
}
