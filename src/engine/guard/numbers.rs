//! Numbers and what they count: money, percent, time, sizes, things; in digits and in words.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    figures::{Figure, Number, Of, Stated},
    folded::Folded,
    pattern, spelled,
};
use crate::engine::words::is_stop_word;

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?P<number>\d+(?:[.,]\d+)*)(?:(?P<place>\s?(?:[º°ª]|\.[º°ª]|\.?(?:er|ra|ro|do|da|to|ta|vo|va|mo|ma|st|nd|rd|th)\b))|\s?(?P<scale>mil|millones|millon|millions?|thousand|milhoes|milhao|k)\b)?",
    )
});

/// What stands before an amount of money.
static MONEY_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:[$€£]|\bs/\.?|\b(?:usd|cop|mxn|pen|clp|ars|eur|brl)|\b(?:cuestan?|costos?|costar[a]n?|valen?|costs?|priced?|custam?|precio|preco)(?:\s(?:es|is|at|de|of|e|:))*:?)\s*$",
    )
});
/// A customer's own budget may be repeated to them.
static BUDGET_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:presupuesto|budget|orcamento|tope)\b[^.;!?]{0,20}$"));
static UNIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)^\s*(?:-\s?)?(?:de\s)?(?:
        (?P<percent>%|por\s?ciento\b|por\scento\b|percent\b|per\scent\b)
      | (?P<money>[$€£]|pesos?\b|pesitos\b|euros?\b|dolar(?:es)?\b|dollars?\b|reais\b|soles\b|cop\b|mxn\b|usd\b|eur\b|brl\b|clp\b|pen\b|ars\b)
      | (?P<second>segundos?\b|seconds?\b|segs?\b)
      | (?P<minute>minutos?\b|minutes?\b|mins?\b)
      | (?P<hour>horas?\b|hours?\b|hrs?\b|h\b)
      | (?P<day>dias?\b|days?\b)
      | (?P<week>semanas?\b|weeks?\b)
      | (?P<month>mes(?:es)?\b|months?\b)
      | (?P<year>anos?\b|years?\b)
      | (?P<size>ml\b|cc\b|l\b|litros?\b|liters?\b|g\b|gr\b|gramos?\b|kg\b|kilos?\b|cm\b|mm\b|km\b|m\b|m2\b|metros?\b|meters?\b|gb\b|mb\b|tb\b|pulgadas?\b|inch(?:es)?\b|oz\b|onzas?\b|lbs?\b|libras?\b|grados\b|watts?\b|w\b|v\b|hp\b|galon(?:es)?\b)
        )",
    )
});
/// The second number of a range has the unit: "de 4 a 6 meses", "entre cuatro y seis meses".
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^\s*(?:a|y|o|u|to|and|or|e|ou|ate|hasta|-|–)\s*(?P<second>\d+(?:[.,]\d+)*|[a-z]+)")
});
static NOUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ (?P<noun>[a-z]{3,})\b"));

/// What follows a price and is no thing that is counted.
const NO_THINGS: [&str; 30] = [
    "por",
    "cada",
    "mensual",
    "mensuales",
    "mensualmente",
    "anual",
    "anuales",
    "mas",
    "menos",
    "iva",
    "incluye",
    "per",
    "each",
    "monthly",
    "yearly",
    "plus",
    "mais",
    "total",
    "con",
    "sin",
    "hasta",
    "desde",
    "the",
    "and",
    "para",
    "una",
    "uno",
    "aprox",
    "sesion",
    "unidad",
];

/// Amounts of time that are said without a number, and their minutes. Sought in the folded text.
pub(super) const SPOKEN_TIMES: [(&[&str], i64); 3] = [
    (&["hora y media", "hour and a half", "hora e meia"], 90),
    (&["media hora", "half an hour", "half hour", "meia hora"], 30),
    (&["una hora", "one hour", "an hour", "uma hora"], 60),
];

/// "1 hora y 30 minutos".
static HOURS_AND_MINUTES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?P<hours>\d{1,2}|una?|one|uma?)\s?(?:horas?|hours?|hrs?|h)\s?(?:y|and|e|con)?\s?(?P<minutes>\d{1,2})(?:\s?(?:minutos?|minutes?|mins?)\b|\s*$)",
    )
});

/// Reads numbers in digits and in words and takes them out.
pub(super) fn read(folded: &mut Folded, found: &mut Vec<Figure>) {
    let text = folded.text.clone();
    for captures in HOURS_AND_MINUTES.captures_iter(&text) {
        let (Some(whole), Some(hours), Some(minutes)) =
            (captures.get(0), captures.name("hours"), captures.name("minutes"))
        else {
            continue;
        };
        let number = |text: &str| text.parse::<u32>().unwrap_or(1);
        let value = (number(hours.as_str()) * 60 + number(minutes.as_str())).to_string();
        found.push(Figure {
            range: whole.range(),
            stated: Stated::Number(Number { value, of: Of::Minutes(1), in_words: false }),
        });
        folded.take(&whole.range());
    }
    let text = folded.text.clone();
    for captures in NUMBER.captures_iter(&text) {
        let (Some(whole), Some(number)) = (captures.get(0), captures.name("number")) else { continue };
        let scale = captures.name("scale").map_or(1, |scale| spelled::scale(scale.as_str()));
        let value = if scale == 1 { value(number.as_str()) } else { scaled(number.as_str(), scale) };
        let of =
            if captures.name("place").is_some() { Of::Place } else { what_it_counts(&text, &whole.range()) };
        found.push(Figure {
            range: whole.range(),
            stated: Stated::Number(Number { value, of, in_words: false }),
        });
        folded.take(&whole.range());
    }
    let text = folded.text.clone();
    for (range, value, is_sure) in spelled::read(&text) {
        let of = what_it_counts(&text, &range);
        // "Ten cuidado", "once you sign up", "mil gracias": a number only with something that is counted.
        if is_sure || !matches!(of, Of::Bare | Of::Things) {
            let number = Number { value: value.to_string(), of, in_words: true };
            found.push(Figure { range, stated: Stated::Number(number) });
        }
    }
}

/// What the number at `range` counts, by the words around it.
fn what_it_counts(text: &str, range: &std::ops::Range<usize>) -> Of {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let unit = unit(after).or_else(|| {
        let second = RANGE.captures(after)?.name("second")?;
        let is_number = second.as_str().bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
            || spelled::is_number(second.as_str());
        unit(after.get(second.end()..)?).filter(|_| is_number)
    });
    if unit.is_none() && MONEY_BEFORE.is_match(before) {
        return Of::Money;
    }
    unit.unwrap_or_else(|| {
        let noun = NOUN.captures(after).and_then(|captures| captures.name("noun"));
        let is_thing =
            noun.is_some_and(|noun| !is_stop_word(noun.as_str()) && !NO_THINGS.contains(&noun.as_str()));
        if is_thing { Of::Things } else { Of::Bare }
    })
}

fn unit(after: &str) -> Option<Of> {
    let captures = UNIT.captures(after)?;
    let has = |name: &str| captures.name(name).is_some();
    Some(if has("percent") {
        Of::Percent
    } else if has("money") {
        Of::Money
    } else if has("second") {
        Of::Things
    } else if has("minute") {
        Of::Minutes(1)
    } else if has("hour") {
        Of::Minutes(60)
    } else if has("day") {
        Of::Minutes(24 * 60)
    } else if has("week") {
        Of::Minutes(7 * 24 * 60)
    } else if has("month") {
        Of::Months(1)
    } else if has("year") {
        Of::Months(12)
    } else {
        Of::Size
    })
}

/// Whether the number at `start` is named as the customer's own budget. `text` is folded.
pub(super) fn is_budget(text: &str, start: usize) -> bool {
    text.get(..start)
        .is_some_and(|before| BUDGET_BEFORE.is_match(before.trim_end_matches([' ', '$', '€', '£'])))
}

/// A number in one form: no thousands separators, a point before decimals, no leading zeros, no empty decimals.
pub(super) fn value(number: &str) -> String {
    let parts: Vec<&str> = number.split(['.', ',']).collect();
    let (last, before) = parts.split_last().unwrap_or((&number, &[]));
    let mut separators = number.chars().filter(|c| matches!(c, '.' | ','));
    let first_separator = separators.next();
    let one_separator = separators.all(|c| Some(c) == first_separator);
    let groups_of_three = one_separator && before.iter().skip(1).all(|part| part.len() == 3);
    let (whole, decimals) = if before.is_empty() {
        (number.to_owned(), "")
    } else if last.len() == 3
        && groups_of_three
        && before.first().is_some_and(|first| first.len() <= 3 && *first != "0")
    {
        (parts.concat(), "")
    } else {
        (before.concat(), last.trim_end_matches('0'))
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

/// "1,2 millones" and "180 mil" in the same form. The sign before a scale is always that of decimals.
fn scaled(number: &str, scale: u64) -> String {
    let decimal = number.replace(',', ".");
    let plain = if decimal.matches('.').count() == 1 { decimal } else { value(number) };
    let amount = thousandths(&plain).unwrap_or_default().saturating_mul(i64::try_from(scale).unwrap_or(1));
    of_thousandths(amount)
}

/// The number as thousandths. `None` for one that is too large for money or time, or too fine.
pub(super) fn thousandths(value: &str) -> Option<i64> {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 {
        return None;
    }
    let decimals = format!("{decimals:0<3}");
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(decimals.parse().ok()?)
}

/// The one form of a number of thousandths.
pub(super) fn of_thousandths(amount: i64) -> String {
    let (whole, decimals) = (amount / 1000, amount % 1000);
    if decimals == 0 {
        return whole.to_string();
    }
    format!("{whole}.{decimals:03}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for (number, expected) in [
            ("180.000", "180000"),
            ("1,250,000", "1250000"),
            ("1.250.000,50", "1250000.5"),
            ("0,5", "0.5"),
            ("007", "7"),
            ("3.14", "3.14"),
            ("180.000,00", "180000"),
            ("0.125", "0.125"),
            // Both signs as thousands are a slip of the pen, not a price as it was written.
            ("1.200,000", "1200"),
        ] {
            assert_eq!(value(number), expected, "{number}");
        }
    }

    #[test]
    fn a_scale_multiplies() {
        for (number, scale, expected) in
            [("180", 1000, "180000"), ("1,2", 1_000_000, "1200000"), ("1.25", 1_000_000, "1250000")]
        {
            assert_eq!(scaled(number, scale), expected, "{number}");
        }
    }

    #[test]
    fn thousandths_and_back() {
        for value in ["0.5", "12", "29.9", "1250000"] {
            assert_eq!(of_thousandths(thousandths(value).unwrap()), value);
        }
        assert_eq!(thousandths("99999999999999999999"), None);
    }
}
