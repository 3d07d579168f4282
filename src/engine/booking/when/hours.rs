//! Times of day: "a las 4 y media", "3pm", "entre las 2 y las 5", "after lunch", "à tarde".

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{
    Hours, Reading,
    numbers::{NUMBER, number},
    pattern,
};

/// The end of a day, in minutes.
const MIDNIGHT: u16 = 24 * 60;

const AM: &str = r"am|(?:de|en|por|x) la (?:manana|madrugada)|da (?:manha|madrugada)|de manha|in the morning";
const PM: &str =
    r"pm|(?:de|en|por|x) la tarde|da tarde|de tarde|a tarde|in the afternoon|in the evening|at night";
const NIGHT: &str = r"(?:de|en|por|x) la noche|da noite|de noite|a noite";
const NOON: &str = r"del? mediodia|del dia|do meio[- ]dia|de la tarde del dia";

/// A time as it is said: an hour with what may follow it. `n` makes the names of its groups unique.
fn time(n: u8) -> String {
    format!(
        r"(?P<h{n}>{NUMBER})(?::(?P<m{n}>[0-5]\d))?(?:\s+(?:y|e|and)\s+(?P<f{n}>media|meia|cuarto|quarto|half|quarter|\d{{1,2}}|diez|dez|veinte|vinte|quince|quinze)\b)?(?:\s+menos\s+(?P<l{n}>cuarto|diez|cinco|veinte|quarto)\b)?(?:\s+(?:en punto|em ponto|sharp|oclock))?(?:\s*(?:(?P<am{n}>{AM})|(?P<pm{n}>{PM})|(?P<nt{n}>{NIGHT})|(?P<no{n}>{NOON}))\b)?"
    )
}

const AT: &str = r"(?:las|la|los|as|aos?|at|um)";

static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    let (a, b) = (time(1), time(2));
    pattern(&format!(
        r"\b(?:(?:entre|between)\s+(?:{AT}\s+)?{a}\s+(?:y|e|and)\s+(?:{AT}\s+)?|(?:de|desde|from|das?)\s+(?:{AT}\s+)?{}\s*(?:a|hasta|to|till|until|as|ate)\s+(?:{AT}\s+)?){b}\b",
        time(3)
    ))
});
static AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:despues de|luego de|a partir de|desde|pasadas|after|from|starting at|depois d[aeo]s?|a partir d[aeo]s?|apos)\s+(?:(?:{AT})\s+)?{}\b",
        time(1)
    ))
});
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:antes de|hasta|before|until|by|antes d[aeo]s?|ate)\s+(?:(?:{AT})\s+)?{}\b",
        time(1)
    ))
});
static AFTER_NOON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:despues de|after|depois do?)l?\s+(?P<lunch>almuerzo|almorzar|lunch|almoco)\b|\b(?:despues de|after|depois do?)l?\s+(?:mediodia|noon|meio[- ]dia)\b|\b(?:despues de|after|depois do?)l?\s+(?P<work>trabajo|trabajar|work|trabalho|oficina)\b",
    )
});
static BEFORE_NOON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:antes de|before|antes do?)l?\s+(?:mediodia|noon|lunch|almuerzo|meio[- ]dia|almoco)\b")
});
/// "cuarto para las cinco", "quarter to five", "quinze para as cinco".
static TO_HOUR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?P<less>un cuarto|cuarto|diez|veinte|cinco|quinze|dez|vinte|a quarter|quarter|ten|twenty|five|\d{{1,2}})\s+(?:para las?|para as?|pras?|to)\s+{}\b",
        time(1)
    ))
});
/// "half past four", "quarter past five".
static PAST_HOUR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"\b(?P<more>half|a quarter|quarter|ten|twenty)\s+past\s+{}\b", time(1)))
});
/// A time with a word before it that says so.
static MARKED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:a las|a la|a eso de las?|como a las?|tipo|sobre las|hacia las|para las|de las|las|la|at|around|about|as|pelas|por volta das|la una)\s+{}",
        time(1)
    ))
});
/// A time that says so by itself: "4:30", "3 pm".
static BARE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b{}", time(1))));
/// What follows a number that counts something else: "las 2 zonas", "a las 24 horas".
static COUNTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:[%$/]|-\d|(?:zonas?|sesion\w*|sessions?|sessoes|personas?|people|pessoas|dias?|days?|semanas?|weeks?|meses|mes|months?|minutos?|minutes?|min|veces|citas?|opcion\w*|options?|opc\w*|primer\w*|ultim\w*|cosas|mil)\b|\s*de (?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep\w*|octubre|noviembre|diciembre|janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro))",
    )
});

/// Parts of a day with what they are called.
static PARTS: LazyLock<[(Regex, Hours); 9]> = LazyLock::new(|| {
    let between = Hours::Between;
    [
        (pattern(r"\b(?:a (?:la )?medianoche|midnight|meia[- ]noite)\b"), Hours::At(vec![0])),
        (
            pattern(
                r"\b(?:a primera hora(?: de la manana)?|a primeras horas|bien temprano|muy temprano|temprano|tempranito|early(?: in the morning)?|bem cedo|cedinho|logo cedo|de manha cedo|cedo)\b",
            ),
            between(0, 600),
        ),
        (
            pattern(
                r"\b(?:a ultima hora|al final de la tarde|a fin de tarde|final da tarde|fim da tarde|fim de tarde|late afternoon|end of the day)\b",
            ),
            between(960, MIDNIGHT),
        ),
        (pattern(r"\b(?:a media manana|media manana|mid ?-?morning|meio da manha)\b"), between(570, 690)),
        (
            pattern(
                r"\b(?:al mediodia|a mediodia|mediodia|medio dia|noon|midday|lunch ?time|at lunch|ao meio[- ]dia|meio[- ]dia|hora de almuerzo|hora do almoco)\b",
            ),
            between(690, 840),
        ),
        (
            pattern(
                r"\b(?:(?:(?:en|por|de|a|x|durante|para|pra) )?las? mananas?|(?:pela|de|da|na|a|nas) manhas?|manha|(?:in the |the )?mornings?)\b",
            ),
            between(0, 720),
        ),
        (
            pattern(
                r"\b(?:(?:(?:en|por|de|a|x|durante|para|pra) )?las? tarde(?:cita|s)?|(?:a|de|na|pela|da) tarde|tardecita|tarde|afternoons?)\b",
            ),
            between(720, 1140),
        ),
        (
            pattern(
                r"\b(?:(?:(?:en|por|de|a|x|durante|para) )?las? noches?|noche|(?:a|de|na|pela|da) noite|noite|tonight|evenings?|night)\b",
            ),
            between(1080, MIDNIGHT),
        ),
        (pattern(r"\b(?:de madrugada|en la madrugada|madrugada)\b"), between(0, 360)),
    ]
});

/// The time of day that a text names. "Mañana" alone is a day and stays.
pub(super) fn read(reading: &mut Reading) -> Option<Hours> {
    let range = reading.take_first(&RANGE, |captures| {
        let second = said(captures, 2)?;
        let first = said(captures, 1).or_else(|| said(captures, 3))?;
        between(&first, &second)
    });
    if range.is_some() {
        return with_part(range, part_of_day(reading));
    }
    let after_noon = reading.take_first(&AFTER_NOON, |captures| {
        let from = match (captures.name("lunch"), captures.name("work")) {
            (Some(_), _) => 13 * 60,
            (_, Some(_)) => 17 * 60,
            _ => 12 * 60,
        };
        Some(Hours::Between(from, MIDNIGHT))
    });
    let whole = after_noon
        .or_else(|| reading.take_first(&BEFORE_NOON, |_| Some(Hours::Between(0, 12 * 60))))
        .or_else(|| {
            reading.take_first(&AFTER, |captures| {
                is_time(captures).then(|| Some(Hours::Between(*said(captures, 1)?.first()?, MIDNIGHT)))?
            })
        })
        .or_else(|| {
            reading.take_first(&BEFORE, |captures| {
                is_time(captures).then(|| Some(Hours::Between(0, *said(captures, 1)?.first()?)))?
            })
        });
    if whole.is_some() {
        return with_part(whole, part_of_day(reading));
    }
    let at = reading
        .take_first(&TO_HOUR, |captures| {
            let less = minutes_of(captures.name("less")?.as_str())?;
            Some(said(captures, 1)?.into_iter().map(|at| at.saturating_sub(less)).collect::<Vec<_>>())
        })
        .or_else(|| {
            reading.take_first(&PAST_HOUR, |captures| {
                let more = minutes_of(captures.name("more")?.as_str())?;
                Some(said(captures, 1)?.into_iter().map(|at| at + more).collect())
            })
        })
        .or_else(|| exact(reading));
    let part = part_of_day(reading);
    match (at, part) {
        (None, part) => part,
        (Some(at), None) => Some(Hours::At(at)),
        // "En la tarde a las 4": the part tells which of the readings it is.
        (Some(at), Some(part)) => {
            let within: Vec<u16> = at.iter().copied().filter(|minute| part.hold(*minute)).collect();
            Some(Hours::At(if within.is_empty() { at } else { within }))
        }
    }
}

/// A part of the day that is named, such as the afternoon.
fn part_of_day(reading: &mut Reading) -> Option<Hours> {
    PARTS.iter().find_map(|(names, hours)| reading.take_first(names, |_| Some(hours.clone())))
}

/// "En la tarde después de las 5": what both say, if there is such a time.
fn with_part(hours: Option<Hours>, part: Option<Hours>) -> Option<Hours> {
    match (hours, part) {
        (Some(Hours::Between(from, to)), Some(Hours::Between(after, before)))
            if from.max(after) < to.min(before) =>
        {
            Some(Hours::Between(from.max(after), to.min(before)))
        }
        (hours, _) => hours,
    }
}

/// One exact time.
fn exact(reading: &mut Reading) -> Option<Vec<u16>> {
    let text = reading.text.clone();
    for (pattern, marked) in [(&*MARKED, true), (&*BARE, false)] {
        for captures in pattern.captures_iter(&text) {
            let Some(whole) = captures.get(0) else { continue };
            let after = text.get(whole.end()..).unwrap_or_default();
            let explicit =
                ["m1", "am1", "pm1", "nt1", "no1"].iter().any(|name| captures.name(name).is_some());
            let spelled = captures.name("h1").is_some_and(|hour| hour.as_str().parse::<u16>().is_err());
            if !explicit && (!marked || COUNTS.is_match(after)) {
                continue;
            }
            // "La una" is a time; "la una zona" and "at a" are not.
            let article =
                captures.name("h1").is_some_and(|hour| matches!(hour.as_str(), "a" | "an" | "un" | "um"));
            let goes_on = after.starts_with(|c: char| c.is_alphanumeric());
            if (spelled && article) || goes_on {
                continue;
            }
            if let Some(at) = said(&captures, 1) {
                reading.blank(whole.range());
                return Some(at);
            }
        }
    }
    None
}

/// Whether "después de 5" speaks of a time and not of days or an article.
fn is_time(captures: &Captures<'_>) -> bool {
    let hour = captures.name("h1").map_or("", |hour| hour.as_str());
    !matches!(hour, "a" | "an" | "un" | "um" | "una" | "uma" | "couple of")
        || captures.get(0).is_some_and(|whole| whole.as_str().contains("la una"))
}

/// The readings of a time in minutes since midnight, the likeliest first.
fn said(captures: &Captures<'_>, n: u8) -> Option<Vec<u16>> {
    let part = |name: &str| captures.name(&format!("{name}{n}")).map(|part| part.as_str());
    let hour = number(part("h")?).filter(|hour| *hour <= 24)?;
    let mut minute: i32 = part("m").map_or(Some(0), |minute| minute.parse().ok())?;
    if let Some(more) = part("f") {
        minute += i32::from(minutes_of(more)?);
    }
    if let Some(less) = part("l") {
        minute -= i32::from(minutes_of(less)?);
    }
    let of = |hour: u16| u16::try_from(i32::from(hour % 24) * 60 + minute).ok();
    let one = |hour: u16| of(hour).map(|at| vec![at]);
    if part("no").is_some() {
        return one(hour);
    }
    if part("am").is_some() {
        return one(if hour == 12 { 0 } else { hour });
    }
    if part("pm").is_some() {
        return one(if hour < 12 { hour + 12 } else { hour });
    }
    if part("nt").is_some() {
        return one(match hour {
            12 => 0,
            ..12 => hour + 12,
            _ => hour,
        });
    }
    let written = part("h").unwrap_or_default();
    Some(match hour {
        // "08:00" is how the 24 hour clock is written.
        1..=9 if written.len() == 2 && written.starts_with('0') => vec![of(hour)?],
        1..=6 => vec![of(hour + 12)?, of(hour)?],
        7..=11 => vec![of(hour)?, of(hour + 12)?],
        _ => vec![of(hour)?],
    })
}

/// "De 3 a 5", "de 10 a 1": the end is the first reading of it after the beginning; both share the half if one has it.
fn between(first: &[u16], second: &[u16]) -> Option<Hours> {
    let choices = first.iter().flat_map(|from| second.iter().map(move |to| (*from, *to)));
    let (from, to) = choices.filter(|(from, to)| from < to).min_by_key(|(from, to)| {
        let early = *from < 7 * 60;
        (early, to - from)
    })?;
    Some(Hours::Between(from, to))
}

fn minutes_of(word: &str) -> Option<u16> {
    Some(match word {
        "media" | "meia" | "half" => 30,
        "cuarto" | "un cuarto" | "quarto" | "quarter" | "a quarter" => 15,
        other => number(other)?,
    })
}
