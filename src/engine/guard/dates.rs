//! Dates in the ways of three languages, days of the week and months.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{
    figures::{Date, Figure, Stated},
    folded::Folded,
    pattern,
};
use crate::engine::months;

const WEEKDAYS: [&str; 7] = [
    "lunes|mondays?|segundas?[- ]feiras?",
    "martes|tuesdays?|tercas?[- ]feiras?",
    "miercoles|wednesdays?|quartas?[- ]feiras?",
    "jueves|thursdays?|quintas?[- ]feiras?",
    "viernes|fridays?|sextas?[- ]feiras?",
    "sabados?|saturdays?",
    "domingos?|sundays?",
];

/// Names of months that are words of ordinary speech, or abbreviations of others.
const NOT_ALONE: [&str; 15] = [
    "may", "mar", "march", "set", "out", "ago", "mai", "marco", "ene", "abr", "dic", "dec", "sep", "jun",
    "jul",
];

static DAY_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let (months, weekdays) = (months::alternatives(), WEEKDAYS.join("|"));
    pattern(&format!(
        r"(?:\b(?P<weekday>{weekdays}),?\s+(?:el\s+|the\s+|dia\s+)?)?(?:\b(?P<from>\d{{1,2}})(?:\s*(?:,|al|a|y|o|-|–|to|and|or|e|ao|ou|,?\s*el|y el|o el|e o|ou o)\s*(?P<between>\d{{1,2}}))?\s*(?:,|al|a|y el|o el|y|o|-|–|to|and|or|e o|ou o|e|ao|ou)\s*)?\b(?P<day>\d{{1,2}}|primero|primeiro|first)(?:\s?(?:st|nd|rd|th|ro|er|º|°|\.º))?\s*(?:de\s+|of\s+|del\s+|-\s?)?(?P<month>{months})\b\.?(?:\s*(?:,|del?|of)?\s*(?P<year>(?:19|20)\d{{2}})\b)?"
    ))
});
static MONTH_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let (months, weekdays) = (months::alternatives(), WEEKDAYS.join("|"));
    pattern(&format!(
        r"(?:\b(?P<weekday>{weekdays}),?\s+(?:the\s+)?)?\b(?P<month>{months})\.?\s+(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>(?:19|20)\d{{2}})\b)?"
    ))
});
static ISO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?P<year>(?:19|20)\d{2})-(?P<month>\d{2})-(?P<day>\d{2})(?:t(?P<hour>\d{2}):(?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?)?",
    )
});
static SLASHED: LazyLock<Regex> = LazyLock::new(|| {
    let weekdays = WEEKDAYS.join("|");
    pattern(&format!(
        r"(?:\b(?P<weekday>{weekdays}),?\s+(?:el\s+|the\s+|dia\s+)?)?\b(?P<a>\d{{1,2}})(?:/(?P<b>\d{{1,2}})(?:/(?P<year>\d{{4}}|\d{{2}}))?|[-.](?P<c>\d{{1,2}})[-.](?P<full>\d{{4}}))\b"
    ))
});
static WEEKDAY_RANGE: LazyLock<Regex> = LazyLock::new(|| {
    let weekdays = format!(
        "{}|segunda|terca|quarta|quinta|sexta|mon|tue|wed|thu|fri|sat|sun|lun|vie|sab",
        WEEKDAYS.join("|")
    );
    pattern(&format!(r"\b(?P<from>{weekdays})\s*(?:a|al|to|through|-|–|ate|hasta)\s*(?P<to>{weekdays})\b"))
});
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    let (months, weekdays) = (months::alternatives(), WEEKDAYS.join("|"));
    pattern(&format!(r"\b(?:(?P<weekday>{weekdays})|(?P<month>{months}))\b"))
});

/// Reads dates and takes them out.
pub(super) fn read(folded: &mut Folded, found: &mut Vec<Figure>) {
    read_by(&ISO, folded, found);
    let text = folded.text.clone();
    for captures in SLASHED.captures_iter(&text) {
        let Some(whole) = captures.get(0) else { continue };
        let stated = Stated::Slashed(whole.as_str().to_owned(), slashed(&captures));
        found.push(Figure { range: whole.range(), stated });
        folded.take(&whole.range());
    }
    read_by(&DAY_FIRST, folded, found);
    read_by(&MONTH_FIRST, folded, found);
}

fn read_by(reader: &Regex, folded: &mut Folded, found: &mut Vec<Figure>) {
    let text = folded.text.clone();
    for captures in reader.captures_iter(&text) {
        let Some(whole) = captures.get(0) else { continue };
        let days = days(&captures);
        if days.is_empty() {
            continue;
        }
        if let (Some(hour), Some(minute)) = (captures.name("hour"), captures.name("minute"))
            && let (Ok(hour), Ok(minute)) = (hour.as_str().parse::<u16>(), minute.as_str().parse::<u16>())
        {
            let stated = Stated::Time(vec![hour % 24 * 60 + minute % 60]);
            found.push(Figure { range: whole.range(), stated });
        }
        // "Del 24 al 28 de noviembre" states both of its days. The stop of "nov." may be that of the sentence.
        let range = whole.start()..whole.start() + whole.as_str().trim_end_matches('.').len();
        found.extend(days.into_iter().map(|day| Figure { range: range.clone(), stated: Stated::Date(day) }));
        folded.take(&range);
    }
}

/// The days that are named: each of a range or of a list has the month behind it.
fn days(captures: &Captures<'_>) -> Vec<Date> {
    let part = |name: &str| captures.name(name).map(|part| part.as_str());
    let Some(month) = part("month").and_then(|month| months::number(month).or_else(|| month.parse().ok()))
    else {
        return Vec::new();
    };
    let year = part("year").and_then(|year| year.parse().ok());
    let weekday = part("weekday").and_then(weekday_of);
    let day_of =
        |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { Some(1) };
    let numbers = ["from", "between", "day"].into_iter().filter_map(|name| part(name).and_then(day_of));
    let days: Vec<u8> = numbers.filter(|day| (1..=31).contains(day)).collect();
    let alone = days.len() == 1;
    let day = |day| Date { month, day, year, weekday: weekday.filter(|_| alone) };
    days.into_iter().map(day).collect()
}

/// The readings of "24/11": day first as in most of the world, and month first where that is a date too.
fn slashed(captures: &Captures<'_>) -> Vec<Date> {
    let part = |name: &str| captures.name(name).map(|part| part.as_str());
    let number = |name: &str| part(name).and_then(|text| text.parse::<u8>().ok());
    let (Some(first), Some(second)) = (number("a"), number("b").or_else(|| number("c"))) else {
        return Vec::new();
    };
    let year = part("year").or_else(|| part("full")).and_then(|year| year.parse::<i16>().ok());
    let year = year.map(|year| if year < 100 { year + 2000 } else { year });
    let weekday = part("weekday").and_then(weekday_of);
    [(first, second), (second, first)]
        .into_iter()
        .filter(|(day, month)| (1..=31).contains(day) && (1..=12).contains(month))
        .map(|(day, month)| Date { month, day, year, weekday })
        .collect()
}

/// Reads months and days of the week that stand alone.
pub(super) fn read_names(folded: &mut Folded, found: &mut Vec<Figure>) {
    let text = folded.text.clone();
    for captures in WEEKDAY_RANGE.captures_iter(&text) {
        let day = |name: &str| captures.name(name).and_then(|day| weekday_of(day.as_str()));
        let (Some(whole), Some(from), Some(to)) = (captures.get(0), day("from"), day("to")) else { continue };
        let mut days = 0;
        let mut at = from;
        loop {
            days |= 1 << at;
            if at == to {
                break;
            }
            at = (at + 1) % 7;
        }
        found.push(Figure { range: whole.range(), stated: Stated::Weekdays(days) });
        folded.take(&whole.range());
    }
    let text = folded.text.clone();
    for captures in NAMES.captures_iter(&text) {
        let Some(whole) = captures.get(0) else { continue };
        if let Some(weekday) = captures.name("weekday").and_then(|day| weekday_of(day.as_str())) {
            found.push(Figure { range: whole.range(), stated: Stated::Weekdays(1 << weekday) });
        } else if let Some(month) =
            months::number(whole.as_str()).filter(|_| !NOT_ALONE.contains(&whole.as_str()))
        {
            found.push(Figure { range: whole.range(), stated: Stated::Month(month) });
        }
    }
}

fn weekday_of(name: &str) -> Option<u8> {
    const BEGINNINGS: [&str; 7] = [
        "lun mon segunda",
        "mar tue terca",
        "mie wed quarta",
        "jue thu quinta",
        "vie fri sexta",
        "sab sat",
        "dom sun",
    ];
    let at = BEGINNINGS
        .iter()
        .position(|beginnings| beginnings.split(' ').any(|start| name.starts_with(start)))?;
    u8::try_from(at).ok()
}
