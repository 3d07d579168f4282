//! Days: "pasado mañana", "el 15 de enero", "el martes de la semana que viene", "na terça", "in two weeks".

use std::sync::LazyLock;

use jiff::{
    Span, ToSpan,
    civil::{Date, Weekday},
};
use regex::{Captures, Regex};

use super::{
    Reading,
    numbers::{NUMBER, number},
    pattern,
};
use crate::{domain::language::Language, engine::months};

/// The days of a week from Monday. The Portuguese ones that are ordinals too are read in Portuguese only.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("lunes|mondays?|segundas?[- ]feiras?|lun", Weekday::Monday),
    ("martes|tuesdays?|tercas?[- ]feiras?|tues?", Weekday::Tuesday),
    ("miercoles|wednesdays?|quartas?[- ]feiras?|mie", Weekday::Wednesday),
    ("jueves|thursdays?|quintas?[- ]feiras?|jue|thurs?", Weekday::Thursday),
    ("viernes|fridays?|sextas?[- ]feiras?|vie|fri", Weekday::Friday),
    ("sabados?|saturdays?|sab|sat", Weekday::Saturday),
    ("domingos?|sundays?|dom|sun", Weekday::Sunday),
];

/// The short names of Portuguese.
const SHORT_PT: [(&str, Weekday); 5] = [
    ("segunda", Weekday::Monday),
    ("terca", Weekday::Tuesday),
    ("quarta", Weekday::Wednesday),
    ("quinta", Weekday::Thursday),
    ("sexta", Weekday::Friday),
];

/// Any name of a day of the week.
fn weekdays() -> String {
    let mut names: Vec<&str> = WEEKDAYS.iter().map(|(names, _)| *names).collect();
    names.push("segunda|terca|quarta|quinta|sexta");
    names.join("|")
}

const NEXT_BEFORE: &str = r"proxim[oa]s?|next|otr[oa]|siguiente|seguinte|outr[oa]";
const NEXT_AFTER: &str = r"que viene|que vem|q viene|q vem|proxim[oa]|siguiente|seguinte|entrante";

static ISO: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?P<y>20\d{2})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b"));
static SLASHED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?P<a>\d{1,2})[/-](?P<b>\d{1,2})(?:[/-](?P<y>\d{4}|\d{2}))?\b"));
static DAY_OF_MONTH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:(?:{}),?\s+)?(?:el |dia |o dia |the )?(?P<d>\d{{1,2}}|primero|primeiro|first|uno)\s*(?:de |of |del |do |-)?\s*(?P<m>{})\b\.?(?:,?\s*(?:de |del |do |of )?(?P<y>20\d{{2}})\b)?",
        weekdays(),
        months::alternatives()
    ))
});
static MONTH_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:(?:{}),?\s+)?(?P<m>{})\.?\s+(?:the )?(?P<d>\d{{1,2}})\b(?:,?\s+(?P<y>20\d{{2}})\b)?",
        weekdays(),
        months::alternatives()
    ))
});
static IN_TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:en|dentro de|de aqui a|in|within|daqui a|em|de hoy en)\s+(?P<n>{NUMBER})\s+(?P<unit>dias?|days?|semanas?|weeks?|mes(?:es)?|months?)\b"
    ))
});
static AFTER_TOMORROW: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:pasado manana|pasado mañana|depois de amanha|(?:the )?day after tomorrow|overmorrow|pasadomanana)\b",
    )
});
static TOMORROW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:manana|manan|mnn|amanha|tomorrow|tmrw|tomorow|amanhan)\b"));
static TODAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:hoy(?: mismo)?|hoje|today|tonight|ahora mismo|ya mismo|(?:esta|this|essa|esta mesma) (?:tarde|noche|manana|noite|manha|morning|afternoon|evening|night))\b",
    )
});
/// "El martes de la semana que viene", "Tuesday next week".
static WEEKDAY_OF_WEEK: LazyLock<Regex> = LazyLock::new(|| {
    let days = weekdays();
    pattern(&format!(
        r"\b(?P<day>{days})\s+(?:de |da |of |)?(?:la |el |the |)?(?:(?:{NEXT_BEFORE})\s+(?:semana|week)|(?:semana)\s+(?:{NEXT_AFTER}))\b|\b(?:next week|(?:la )?(?:proxima|otra) semana|(?:la )?semana que (?:viene|vem))(?: on| el| o| na| no|,)?\s+(?P<day2>{days})\b"
    ))
});
static WEEK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:(?P<next>(?:{NEXT_BEFORE})\s+(?:semana|week)|semana\s+(?:{NEXT_AFTER})|week after this)|(?P<this>(?:esta|essa|esta misma|nesta|this)\s+(?:semana|week)))\b"
    ))
});
static WEEKEND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?P<next>next) weekend|(?:(?:el |este |o |no |proximo |neste |this |on the |the )*)(?:fin(?:de)?(?: de)? semana|finde|fim de semana|weekend)(?P<after> que viene| que vem| proximo| siguiente)?)\b",
    )
});
static MONTH_PART: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?P<part>principios|inicios|comienzos|primeros dias|mediados|finales|fines|fin|inicio|comeco|meados|final|fim|early|mid|late|beginning|middle|end)\s+(?:de |del |do |da |of |de la )?(?:(?P<m>{})|(?P<next>(?:el |o )?(?:proximo mes|mes que (?:viene|vem)|next month))|(?P<this>(?:este )?mes|(?:this |the )month))\b",
        months::alternatives()
    ))
});
static MONTH_REL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?P<next>proximo mes|mes que (?:viene|vem)|next month|otro mes|mes siguiente|mes proximo)|(?P<this>este mes|neste mes|this month))\b",
    )
});
static MONTH_ALONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"\b(?:en|em|para|in|de|mes de)\s+(?P<m>{})\b", months::alternatives()))
});
static WEEKDAY_RANGE: LazyLock<Regex> = LazyLock::new(|| {
    let days = weekdays();
    pattern(&format!(r"\b(?P<from>{days})\s+(?:a|al|to|through|ate|hasta)\s+(?:el |a |o )?(?P<to>{days})\b"))
});
static WEEKDAY_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"\b(?P<day>{}),?\s+(?:el |dia |the )?(?P<d>\d{{1,2}})\b", weekdays()))
});
static WEEKDAY: LazyLock<Regex> = LazyLock::new(|| {
    let days = weekdays();
    pattern(&format!(
        r"\b(?:(?P<before>{NEXT_BEFORE})\s+)?(?:(?P<this>este|esta|this|nesta|neste)\s+)?(?P<day>{days})(?:\s+(?P<after>{NEXT_AFTER}))?\b"
    ))
});
static DAY_ALONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:el dia|el|dia|o dia|no dia|the|on the)\s+(?P<d>\d{1,2})(?P<after>\s*[a-z%]+)?")
});

/// The days that a text names.
pub(super) fn read(reading: &mut Reading) -> Vec<(Date, Date)> {
    let today = reading.today;
    let language = reading.language;
    let mut found: Vec<(Date, Date)> = Vec::new();
    let one = |day: Date| (day, day);
    found.extend(reading.take(&ISO, |captures| {
        Date::new(part(captures, "y")?, part(captures, "m")?, part(captures, "d")?).ok().map(one)
    }));
    found.extend(reading.take(&DAY_OF_MONTH, |captures| of_month(captures, today).map(one)));
    found.extend(reading.take(&MONTH_DAY, |captures| of_month(captures, today).map(one)));
    found.extend(reading.take(&SLASHED, |captures| slashed(captures, language, today).map(one)));
    found.extend(reading.take(&IN_TIME, |captures| {
        let count = i64::from(number(captures.name("n")?.as_str())?);
        let unit = captures.name("unit")?.as_str();
        let span = match unit.get(..1)? {
            "d" => count.days(),
            "s" | "w" => count.weeks(),
            _ => count.months(),
        };
        today.checked_add(span).ok().map(one)
    }));
    found.extend(reading.take(&AFTER_TOMORROW, |_| add(today, 2).map(one)));
    found.extend(reading.take(&WEEKDAY_OF_WEEK, |captures| {
        let name = captures.name("day").or_else(|| captures.name("day2"))?.as_str();
        let monday = monday_of(today, 1)?;
        add(monday, offset(weekday(name, language)?)).map(one)
    }));
    found.extend(reading.take(&WEEKEND, |captures| {
        let later = captures.name("next").is_some()
            || (captures.name("after").is_some() && today.weekday().to_monday_zero_offset() >= 5);
        let saturday = add(monday_of(today, i64::from(later))?, 5)?;
        Some((saturday, add(saturday, 1)?))
    }));
    found.extend(reading.take(&WEEK, |captures| {
        let next = captures.name("next").is_some();
        let monday = monday_of(today, i64::from(next))?;
        Some((monday.max(today), add(monday, 6)?))
    }));
    found.extend(reading.take(&MONTH_PART, |captures| month_part(captures, today)));
    found.extend(reading.take(&MONTH_REL, |captures| {
        let next = captures.name("next").is_some();
        let first = today.first_of_month().checked_add(Span::new().months(i64::from(next))).ok()?;
        Some((first.max(today), first.last_of_month()))
    }));
    found.extend(reading.take(&WEEKDAY_RANGE, |captures| {
        let day = |name: &str| weekday(captures.name(name)?.as_str(), language);
        let from = coming(today, day("from")?, true)?;
        let to = coming(from, day("to")?, true)?;
        Some((from, to))
    }));
    found.extend(reading.take(&WEEKDAY_NUMBER, |captures| {
        weekday(captures.name("day")?.as_str(), language)?;
        day_number(part(captures, "d")?, today).map(one)
    }));
    found.extend(reading.take(&WEEKDAY, |captures| {
        let day = weekday(captures.name("day")?.as_str(), language)?;
        let next = captures.name("before").map(|before| before.as_str());
        let date = match (next, captures.name("this")) {
            // "Next Friday", said on a Thursday, is not tomorrow.
            (Some("next"), _) => {
                let near = coming(today, day, false)?;
                let this_week = add(monday_of(today, 0)?, 6)?;
                if near <= this_week { add(near, 7)? } else { near }
            }
            (_, Some(_)) => coming(today, day, true)?,
            _ => coming(today, day, false)?,
        };
        Some(one(date))
    }));
    found.extend(reading.take(&TODAY, |_| Some(one(today))));
    found.extend(reading.take(&TOMORROW, |_| add(today, 1).map(one)));
    if found.is_empty() {
        found.extend(reading.take(&DAY_ALONE, |captures| {
            let after = captures.name("after").map_or("", |after| after.as_str().trim());
            let goes_on =
                ["", "a", "en", "por", "de", "y", "o", "at", "in", "as", "ou", "e", "or", "and", "para"];
            goes_on.contains(&after).then_some(())?;
            day_number(part(captures, "d")?, today).map(one)
        }));
    }
    if found.is_empty() {
        found.extend(reading.take(&MONTH_ALONE, |captures| {
            let first = first_of(month(captures.name("m")?.as_str())?, today)?;
            Some((first.max(today), first.last_of_month()))
        }));
    }
    found
}

fn part<T: std::str::FromStr>(captures: &Captures<'_>, name: &str) -> Option<T> {
    captures.name(name)?.as_str().parse().ok()
}

fn add(day: Date, days: i64) -> Option<Date> {
    day.checked_add(days.days()).ok()
}

fn offset(day: Weekday) -> i64 {
    i64::from(day.to_monday_zero_offset())
}

/// The Monday of the week of a day, or of a later week.
fn monday_of(day: Date, weeks: i64) -> Option<Date> {
    add(day, weeks * 7 - offset(day.weekday()))
}

/// The next such day of the week after a day, or that day itself.
fn coming(after: Date, day: Weekday, itself: bool) -> Option<Date> {
    let ahead = (offset(day) - offset(after.weekday())).rem_euclid(7);
    add(after, if ahead == 0 && !itself { 7 } else { ahead })
}

fn weekday(name: &str, language: Language) -> Option<Weekday> {
    let is = |names: &str| names.split('|').any(|one| matches_name(one, name));
    let long = WEEKDAYS.iter().find(|(names, _)| is(names)).map(|(_, day)| *day);
    let short = || SHORT_PT.iter().find(|(short, _)| *short == name).map(|(_, day)| *day);
    match language {
        Language::Pt => long.or_else(short),
        // "Dom", "sun" and "sat" are no days elsewhere.
        Language::Es if matches!(name, "sun" | "sat" | "fri" | "tue" | "tues") => None,
        Language::Es | Language::En => long,
    }
}

/// Whether a name is one of a pattern of a few optional letters.
fn matches_name(one: &str, name: &str) -> bool {
    let plain = |text: &str| text.replace(['?', '[', ']', ' ', '-'], "");
    let (one, name) = (plain(one), plain(name));
    one == name || one.trim_end_matches('s') == name.trim_end_matches('s') || {
        // "segundasfeiras" of the pattern against "segundafeira".
        one.replace('s', "") == name.replace('s', "")
    }
}

fn month(name: &str) -> Option<i8> {
    months::number(name).and_then(|month| i8::try_from(month).ok())
}

/// The first day of a month: of this year, or of the next when it is over.
fn first_of(month: i8, today: Date) -> Option<Date> {
    let first = Date::new(today.year(), month, 1).ok()?;
    if first.last_of_month() >= today { Some(first) } else { Date::new(today.year() + 1, month, 1).ok() }
}

fn of_month(captures: &Captures<'_>, today: Date) -> Option<Date> {
    let day = match captures.name("d")?.as_str() {
        "primero" | "primeiro" | "first" | "uno" => 1,
        digits => digits.parse().ok()?,
    };
    dated(
        captures.name("y").and_then(|year| year.as_str().parse().ok()),
        month(captures.name("m")?.as_str())?,
        day,
        today,
    )
}

/// The date in a year, or the next one there is: 29 February waits for its year.
fn dated(year: Option<i16>, month: i8, day: i8, today: Date) -> Option<Date> {
    if let Some(year) = year {
        return Date::new(year, month, day).ok();
    }
    (0..=8).filter_map(|ahead| Date::new(today.year() + ahead, month, day).ok()).find(|date| *date >= today)
}

fn slashed(captures: &Captures<'_>, language: Language, today: Date) -> Option<Date> {
    let (a, b): (i8, i8) = (part(captures, "a")?, part(captures, "b")?);
    let year = captures.name("y").and_then(|year| year.as_str().parse::<i16>().ok());
    let year = year.map(|year| if year < 100 { year + 2000 } else { year });
    let day_first = || dated(year, b, a, today);
    let month_first = || dated(year, a, b, today);
    if language == Language::En { month_first().or_else(day_first) } else { day_first().or_else(month_first) }
}

/// The next day with this number.
fn day_number(day: i8, today: Date) -> Option<Date> {
    let months =
        (0..=12).filter_map(|ahead| today.first_of_month().checked_add(Span::new().months(ahead)).ok());
    months.filter_map(|first| Date::new(first.year(), first.month(), day).ok()).find(|date| *date >= today)
}

fn month_part(captures: &Captures<'_>, today: Date) -> Option<(Date, Date)> {
    let first = if let Some(name) = captures.name("m") {
        first_of(month(name.as_str())?, today)?
    } else {
        let next = i64::from(captures.name("next").is_some());
        today.first_of_month().checked_add(Span::new().months(next)).ok()?
    };
    let (from, to) = match captures.name("part")?.as_str() {
        "principios" | "inicios" | "comienzos" | "primeros dias" | "inicio" | "comeco" | "early"
        | "beginning" => (first, add(first, 9)?),
        "mediados" | "meados" | "mid" | "middle" => (add(first, 10)?, add(first, 19)?),
        _ => (add(first, 20)?, first.last_of_month()),
    };
    (to >= today).then(|| (from.max(today), to))
}
