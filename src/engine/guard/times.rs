//! Times of day: "8:00", "7 p. m.", "19h", "las 3 de la tarde", on the 12 and on the 24 hour clock.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{
    figures::{Figure, Stated},
    folded::Folded,
    pattern,
};

/// Hours up to this one, told without half, may be of the afternoon: "de 9:00 a 6:00".
const LAST_AMBIGUOUS_HOUR: u16 = 7;

const HALF: &str = r"(?:(?P<am>a\.?\s?m\b|(?:de|por) la (?:manana|madrugada)|da manha|da madrugada|in the morning)|(?P<pm>p\.?\s?m\b|(?:de|por) la (?:tarde|noche)|da (?:tarde|noite)|in the (?:afternoon|evening)|at night)|(?P<noon>m\b|del mediodia|del dia))";

/// "8:00", "8:00 a. m.", "15h30".
static WITH_MINUTES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"\b(?P<hour>\d{{1,2}})\s?[:h]\s?(?P<minute>[0-5]\d)\b(?:\s*{HALF})?"))
});
/// "7 p. m.", "3 de la tarde".
static WITH_HALF: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"\b(?P<hour>\d{{1,2}})(?:[.,](?P<minute>[0-5]\d))?\s*{HALF}")));
/// "19h", "a las 7", "at 3", "às 9".
static BY_WORDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:las|la|as|das) (?P<hour>\d{1,2})\b|at (?P<at>\d{1,2})\b|(?P<short>\d{1,2})\s?(?:h|hrs?|hs)\b)",
    )
});
/// What follows an hour that is none: "las 24 horas", "las 3 limpiezas", "las 10 cuotas".
static NO_TIME_AFTER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:[.,:/]\d|\s*[%$]|\s+(?:horas?|hours?)\b|\s+[a-z]{3,})"));
/// What may follow an hour all the same.
static TIME_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s+(?:hasta|para|con|pero|del?|por|que|the|and|until|till|ate|com|horas en punto|en punto|los|las|ni|esta|manana|hoy)\b",
    )
});

/// Reads times of day and takes them out.
pub(super) fn read(folded: &mut Folded, found: &mut Vec<Figure>) {
    for reader in [&WITH_MINUTES, &WITH_HALF] {
        let text = folded.text.clone();
        for captures in reader.captures_iter(&text) {
            let (Some(whole), Some(minutes)) = (captures.get(0), minutes(&captures)) else { continue };
            found.push(Figure { range: whole.range(), stated: Stated::Time(minutes) });
            folded.take(&whole.range());
        }
    }
    let text = folded.text.clone();
    for captures in BY_WORDS.captures_iter(&text) {
        let named = ["hour", "at", "short"].into_iter().find_map(|name| captures.name(name));
        let Some((number, hour)) = named.and_then(|hour| Some((hour, hour.as_str().parse::<u16>().ok()?)))
        else {
            continue;
        };
        let after = text.get(number.end()..).unwrap_or_default();
        let is_short = captures.name("short").is_some();
        let other = NO_TIME_AFTER.is_match(after) && !TIME_AFTER.is_match(after);
        if hour > 24 || (other && !is_short) {
            continue;
        }
        found.push(Figure { range: number.range(), stated: Stated::Time(readings(hour, 0)) });
        folded.take(&number.range());
    }
}

fn minutes(captures: &Captures<'_>) -> Option<Vec<u16>> {
    let hour: u16 = captures.name("hour")?.as_str().parse().ok().filter(|hour| *hour <= 24)?;
    let minute: u16 = captures.name("minute").map_or(Some(0), |minute| minute.as_str().parse().ok())?;
    let of = |hour: u16| (hour % 24) * 60 + minute;
    if captures.name("noon").is_some() {
        return Some(vec![of(hour)]);
    }
    if captures.name("am").is_some() {
        return Some(vec![of(if hour == 12 { 0 } else { hour })]);
    }
    if captures.name("pm").is_some() {
        return Some(vec![of(if hour < 12 { hour + 12 } else { hour })]);
    }
    Some(readings(hour, minute))
}

/// What an hour without its half may be.
fn readings(hour: u16, minute: u16) -> Vec<u16> {
    let morning = (hour % 24) * 60 + minute;
    if (1..=LAST_AMBIGUOUS_HOUR).contains(&hour) { vec![morning, morning + 12 * 60] } else { vec![morning] }
}
