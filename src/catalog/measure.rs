//! Sizes and numbers in names and questions: `2"`, `2 pulgadas`, `dos pulgadas` and `2 pulg` are the same size, `1/2 litro`
//! is `500 ml`, and in `1/8 x 1/2 pulgadas` both are in inches. Pure.

use crate::text::fold;
use std::ops::Range;

/// A number with its unit, if it has one, and where it stands in the folded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    /// The value in thousandths, of the base unit if there is a unit.
    pub(crate) value: i64,
    /// The base unit; none for a bare number.
    pub(crate) unit: Option<Unit>,
    /// The number as it is written, in thousandths, before the unit counts.
    pub(crate) written: i64,
    /// Where it stands, in bytes of the folded text.
    pub(crate) range: Range<usize>,
}

/// What sizes are compared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Unit {
    Inch,
    Foot,
    Millimetre,
    Kilometre,
    Gram,
    Ounce,
    Pound,
    Millilitre,
    Gallon,
    Watt,
    Volt,
    Ampere,
    AmpereHour,
    Horsepower,
    Kelvin,
    Percent,
    /// Wire and sheet gauges: "calibre 12".
    Gauge,
}

impl Unit {
    /// A short word without signs, for terms.
    fn code(self) -> &'static str {
        match self {
            Self::Inch => "in",
            Self::Foot => "ft",
            Self::Millimetre => "mm",
            Self::Kilometre => "km",
            Self::Gram => "g",
            Self::Ounce => "oz",
            Self::Pound => "lb",
            Self::Millilitre => "ml",
            Self::Gallon => "gal",
            Self::Watt => "w",
            Self::Volt => "v",
            Self::Ampere => "a",
            Self::AmpereHour => "ah",
            Self::Horsepower => "hp",
            Self::Kelvin => "k",
            Self::Percent => "pct",
            Self::Gauge => "cal",
        }
    }
}

impl Measure {
    /// The term that it is found by.
    pub(crate) fn term(&self) -> String {
        match self.unit {
            Some(unit) => format!("q{}{}", self.value, unit.code()),
            None => format!("n{}", self.written),
        }
    }

    /// The term of its number alone, which a size without a unit is found by.
    pub(crate) fn bare_term(&self) -> String {
        format!("n{}", self.written)
    }
}

/// The unit of a folded word, and how many thousandths of the base unit one of it has.
fn unit(word: &str) -> Option<(Unit, i64)> {
    Some(match word {
        "pulgada" | "pulgadas" | "pulg" | "pulgs" | "plg" | "plgs" | "pulga" | "pul" | "in" | "inch"
        | "inches" | "polegada" | "polegadas" | "pol" => (Unit::Inch, 1000),
        "pie" | "pies" | "ft" | "foot" | "feet" | "pes" => (Unit::Foot, 1000),
        "mm" | "milimetro" | "milimetros" | "millimeter" | "millimeters" => (Unit::Millimetre, 1000),
        "cm" | "cms" | "centimetro" | "centimetros" | "centimeter" | "centimeters" => {
            (Unit::Millimetre, 10_000)
        }
        "m" | "mt" | "mts" | "mtr" | "mtrs" | "metro" | "metros" | "meter" | "meters" => {
            (Unit::Millimetre, 1_000_000)
        }
        "km" | "kilometro" | "kilometros" => (Unit::Kilometre, 1000),
        "g" | "gr" | "grs" | "gramo" | "gramos" | "gram" | "grams" | "grama" | "gramas" => (Unit::Gram, 1000),
        "kg" | "kgs" | "kilo" | "kilos" | "kilogramo" | "kilogramos" | "quilo" | "quilos" => {
            (Unit::Gram, 1_000_000)
        }
        "oz" | "onza" | "onzas" | "ounce" | "ounces" | "onca" | "oncas" => (Unit::Ounce, 1000),
        "lb" | "lbs" | "libra" | "libras" | "pound" | "pounds" => (Unit::Pound, 1000),
        "ml" | "mililitro" | "mililitros" | "cc" => (Unit::Millilitre, 1000),
        "l" | "lt" | "lts" | "ltr" | "litro" | "litros" | "liter" | "liters" | "litre" | "litres" => {
            (Unit::Millilitre, 1_000_000)
        }
        "gal" | "gals" | "galon" | "galones" | "gallon" | "gallons" | "galao" | "galoes" => {
            (Unit::Gallon, 1000)
        }
        "w" | "watt" | "watts" | "vatio" | "vatios" => (Unit::Watt, 1000),
        "kw" => (Unit::Watt, 1_000_000),
        "v" | "volt" | "volts" | "voltio" | "voltios" => (Unit::Volt, 1000),
        "a" | "amp" | "amps" | "ampere" | "amperes" | "amperio" | "amperios" => (Unit::Ampere, 1000),
        "ah" => (Unit::AmpereHour, 1000),
        "mah" => (Unit::AmpereHour, 1),
        "hp" | "caballo" | "caballos" => (Unit::Horsepower, 1000),
        "k" => (Unit::Kelvin, 1000),
        _ => return None,
    })
}

/// Whether a folded word is a unit of size.
pub(crate) fn is_unit(word: &str) -> bool {
    unit(word).is_some()
}

/// Words before a number that make it a gauge.
const GAUGES: [&str; 6] = ["calibre", "cal", "calibres", "awg", "gauge", "bitola"];

/// Numbers in words that are said before units, in thousandths.
fn in_words(word: &str) -> Option<i64> {
    Some(match word {
        "media" | "medio" | "meia" | "meio" | "half" => 500,
        "un" | "una" | "uno" | "um" | "uma" | "one" => 1000,
        "dos" | "dois" | "duas" | "two" => 2000,
        "tres" | "three" => 3000,
        "cuatro" | "quatro" | "four" => 4000,
        "cinco" | "five" => 5000,
        "seis" | "six" => 6000,
        "siete" | "sete" | "seven" => 7000,
        "ocho" | "oito" | "eight" => 8000,
        "nueve" | "nove" | "nine" => 9000,
        "diez" | "dez" | "ten" => 10_000,
        "doce" | "doze" | "twelve" => 12_000,
        "quince" | "quinze" | "fifteen" => 15_000,
        "veinte" | "vinte" | "twenty" => 20_000,
        _ => return None,
    })
}

/// A text folded, with fractions that are one letter written out.
pub(crate) fn folded(text: &str) -> String {
    const FRACTIONS: [(char, &str); 9] = [
        ('½', " 1/2"),
        ('¼', " 1/4"),
        ('¾', " 3/4"),
        ('⅛', " 1/8"),
        ('⅜', " 3/8"),
        ('⅝', " 5/8"),
        ('⅞', " 7/8"),
        ('⅓', " 1/3"),
        ('⅔', " 2/3"),
    ];
    let mut text = std::borrow::Cow::Borrowed(text);
    for (letter, written) in FRACTIONS {
        if text.contains(letter) {
            text = text.replace(letter, written).into();
        }
    }
    if text.contains(['ñ', 'Ñ']) {
        // "Uña" is no "una", and a paño no pano.
        text = text.replace('ñ', "ny").replace('Ñ', "NY").into();
    }
    fold(&text)
}

/// Whether the word `una` behind `before` is an uña that lost its tilde: "martillo de una".
pub(crate) fn is_claw(word: &str, before: Option<&str>, behind: Option<&str>) -> bool {
    let goes_on = behind.is_none_or(|behind| {
        matches!(behind, "de" | "con" | "y" | "del" | "mango")
            || behind.starts_with(|c: char| c.is_ascii_digit())
    });
    word == "una" && before == Some("de") && goes_on
}

/// One piece of a folded text: a word, a number or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) range: Range<usize>,
    /// The number in thousandths, if it is one.
    pub(crate) number: Option<i64>,
}

/// Cuts a folded text into words, numbers and the signs that matter to sizes.
pub(crate) fn tokens(folded: &str) -> Vec<Token<'_>> {
    let bytes = folded.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = folded.get(at..).and_then(|rest| rest.chars().next()) {
        let start = at;
        if c.is_ascii_digit() {
            let (end, number) = number(folded, start);
            at = end;
            tokens.push(Token { text: slice(folded, start..end), range: start..end, number });
        } else if c.is_alphanumeric() {
            // A word may end in digits ("ph2"), but "x" between digits only stands between sizes.
            let is_by = c == 'x'
                && bytes.get(start + 1).is_some_and(u8::is_ascii_digit)
                && start > 0
                && bytes.get(start - 1).is_some_and(u8::is_ascii_digit);
            at += c.len_utf8();
            while !is_by
                && let Some(next) = slice(folded, at..folded.len()).chars().next()
                && next.is_alphanumeric()
            {
                at += next.len_utf8();
            }
            tokens.push(Token { text: slice(folded, start..at), range: start..at, number: None });
        } else {
            at += c.len_utf8();
            if "\"”″“'’′%#".contains(c) {
                // Two single marks are a double one.
                if "'’′".contains(c) && slice(folded, at..folded.len()).starts_with(['\'', '’', '′'])
                {
                    at += slice(folded, at..folded.len()).chars().next().map_or(0, char::len_utf8);
                    tokens.push(Token { text: "\"", range: start..at, number: None });
                } else {
                    tokens.push(Token { text: slice(folded, start..at), range: start..at, number: None });
                }
            }
        }
    }
    tokens
}

fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// A number from `start`: "12", "1.5", "1,5", "1,400", "1/2", "1 1/2", "1-1/2". The end, and the value in thousandths.
fn number(text: &str, start: usize) -> (usize, Option<i64>) {
    let digits =
        |from: usize| from + slice(text, from..text.len()).bytes().take_while(u8::is_ascii_digit).count();
    let end = digits(start);
    let whole: Option<i64> = slice(text, start..end).parse().ok();
    let fraction_at = |from: usize| -> Option<(usize, i64)> {
        let top_end = digits(from);
        let slash =
            slice(text, top_end..text.len()).chars().next().filter(|c| *c == '/' || *c == '\u{2044}')?;
        let below = top_end + slash.len_utf8();
        let bottom_end = digits(below);
        let top: i64 = slice(text, from..top_end).parse().ok()?;
        let bottom: i64 = slice(text, below..bottom_end).parse().ok()?;
        (bottom > 0 && top < bottom && bottom <= 128).then(|| (bottom_end, top * 1000 / bottom))
    };
    if let Some((end, value)) = fraction_at(start) {
        return (end, Some(value));
    }
    let rest = slice(text, end..text.len());
    // "1 1/2", "1-1/2"
    if let Some(gap) = rest.chars().next().filter(|c| *c == ' ' || *c == '-')
        && let Some((fraction_end, value)) = fraction_at(end + gap.len_utf8())
        && let Some(whole) = whole.filter(|whole| *whole < 1000)
    {
        return (fraction_end, Some(whole * 1000 + value));
    }
    let mark = rest.bytes().next().filter(|mark| *mark == b'.' || *mark == b',');
    if mark.is_some() && digits(end + 1) > end + 1 {
        let decimals_end = digits(end + 1);
        let decimals = slice(text, end + 1..decimals_end);
        let whole = whole.unwrap_or_default();
        // Exactly three digits after a mark are thousands, but not after a zero.
        if decimals.len() == 3 && whole > 0 {
            let value = whole.checked_mul(1000).and_then(|v| v.checked_add(decimals.parse().ok()?));
            return (decimals_end, value.and_then(|v| v.checked_mul(1000)));
        }
        let thousandths: String = decimals.chars().chain("000".chars()).take(3).collect();
        let value = whole.checked_mul(1000).and_then(|v| v.checked_add(thousandths.parse().ok()?));
        return (decimals_end, value);
    }
    (end, whole.and_then(|whole| whole.checked_mul(1000)))
}

/// The sizes and numbers of a folded text, in order.
pub(crate) fn measures(folded: &str) -> Vec<Measure> {
    let tokens = tokens(folded);
    let mut found: Vec<(usize, Measure)> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        let said = token.number.or_else(|| {
            // A number in words is a size only before a unit.
            let value = in_words(token.text)?;
            next.filter(|next| next.text.len() > 1 && is_unit(next.text)).map(|_| value)
        });
        let Some(written) = said else {
            at += 1;
            continue;
        };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let attached = next.is_some_and(|next| next.range.start == token.range.end);
        let of_unit = next.and_then(|next| match next.text {
            "\"" | "”" | "″" | "“" => Some((Unit::Inch, 1000)),
            "'" | "’" | "′" => Some((Unit::Foot, 1000)),
            "%" => Some((Unit::Percent, 1000)),
            // "10 a 24" is no ampere.
            "a" if !attached && tokens.get(at + 2).is_some() => None,
            word => unit(word),
        });
        let is_gauge = before.is_some_and(|before| GAUGES.contains(&before.text));
        let mut end = token.range.end;
        let (unit, factor, mut used) = match (of_unit, is_gauge) {
            (Some((unit, factor)), false) => {
                end = next.map_or(end, |next| next.range.end);
                (Some(unit), factor, 2)
            }
            (_, true) => (Some(Unit::Gauge), 1000, 1),
            (None, false) => (None, 1000, 1),
        };
        let mut written = written;
        // "pulgada y media"
        if unit.is_some()
            && let (Some(and), Some(half)) = (tokens.get(at + used), tokens.get(at + used + 1))
            && matches!(and.text, "y" | "e" | "and")
            && matches!(half.text, "media" | "medio" | "meia" | "meio")
        {
            written += 500;
            end = half.range.end;
            used += 2;
        }
        let value = i128::from(written) * i128::from(factor) / 1000;
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        found.push((at, Measure { value, unit, written, range: token.range.start..end }));
        at += used;
    }
    share_units(&tokens, &mut found);
    found.into_iter().map(|(_, measure)| measure).collect()
}

/// In "1/8 x 1/2 pulgadas" the first is in inches too.
fn share_units(tokens: &[Token<'_>], found: &mut [(usize, Measure)]) {
    for place in (1..found.len()).rev() {
        let (Some((at, this)), Some((_, next))) = (found.get(place - 1), found.get(place)) else { continue };
        let between = tokens.get(at + 1).is_some_and(|token| matches!(token.text, "x" | "por" | "by"));
        let Some(unit) = next.unit.filter(|_| between && this.unit.is_none()) else { continue };
        // The factor of the unit as it was written.
        let factor = if next.written == 0 { 1000 } else { next.value.saturating_mul(1000) / next.written };
        let value = this.written.saturating_mul(factor) / 1000;
        if let Some((_, this)) = found.get_mut(place - 1) {
            this.unit = Some(unit);
            this.value = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        measures(&folded(text)).iter().map(Measure::term).collect()
    }

    #[test]
    fn a_size_is_the_same_however_it_is_written() {
        for text in ["2 pulgadas", "2\"", "2 pulg", "dos pulgadas", "2''", "2 in", "2.0 pulgadas", "2”"] {
            assert_eq!(terms(text), ["q2000in"], "{text}");
        }
        for text in ["1 1/2 pulgadas", "1-1/2\"", "1.5 pulgadas", "1,5 pulg", "1½ pulgadas"] {
            assert_eq!(terms(text), ["q1500in"], "{text}");
        }
        assert_eq!(terms("una pulgada y media"), ["q1500in"]);
        assert_eq!(terms("medio litro"), terms("500 ml"));
        assert_eq!(terms("0.5 l"), terms("500 mililitros"));
        assert_eq!(terms("2 kg"), terms("2000 g"));
        assert_eq!(terms("1,400 W"), ["q1400000w"]);
        assert_eq!(terms("media pulgada"), ["q500in"]);
    }

    #[test]
    fn sizes_joined_by_x_share_their_unit() {
        assert_eq!(terms("1/8 x 1/2 pulgadas"), ["q125in", "q500in"]);
        assert_eq!(terms("Hoja 1.22 x 2.44 m"), ["q1220000mm", "q2440000mm"]);
        assert_eq!(terms("3x14"), ["n3000", "n14000"]);
        assert_eq!(terms("6 x 1 1/4 pulgadas"), ["q6000in", "q1250in"]);
    }

    #[test]
    fn numbers_without_a_unit_are_bare_and_gauges_are_none() {
        assert_eq!(terms("brocha 4"), ["n4000"]);
        assert_eq!(terms("cable calibre 12, por metro"), ["q12000cal"]);
        assert_eq!(terms("de calibre 10 a 24"), ["q10000cal", "n24000"]);
        assert_eq!(terms("1 x 15 A"), ["q1000a", "q15000a"]);
        assert_eq!(terms("dos martillos"), Vec::<String>::new());
        assert_eq!(terms("PH2"), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,60}") {
            let folded = folded(&text);
            for measure in measures(&folded) {
                proptest::prop_assert!(folded.get(measure.range.clone()).is_some());
            }
        }
    }
}
