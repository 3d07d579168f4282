//! Sizes and numbers in names and questions: `2"`, `2 pulgadas`, `dos pulgadas` and `2 pulg` are the same size, `1/2 litro`
//! is `500 ml`, and in `1/8 x 1/2 pulgadas` both are in inches. Pure.

mod convert;
mod token;
mod unit;

use std::ops::Range;

pub(crate) use self::{
    convert::{as_millimetres, in_other_units},
    token::{Token, tokens},
    unit::{Unit, held_by, is_unit},
};
use crate::text::fold;

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
    /// Whether it is surely a size: a bare number may say how many.
    pub(crate) is_size: bool,
}

impl Measure {
    /// The term that it is found by.
    pub(crate) fn term(&self) -> String {
        match self.unit {
            Some(unit) => format!("q{}{}", self.value, unit.code()),
            None => format!("n{}", self.written),
        }
    }

    /// The term of a number that no unit is written behind, which may be of any.
    pub(crate) fn unitless_term(&self) -> String {
        format!("u{}", self.written)
    }

    /// The term of its number alone, which a size without a unit is found by. A letter has none.
    pub(crate) fn bare_term(&self) -> Option<String> {
        (self.unit != Some(Unit::Letter)).then(|| format!("n{}", self.written))
    }
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

/// The sizes and numbers of a folded text that names a product, in order.
pub(crate) fn measures(folded: &str) -> Vec<Measure> {
    read(folded, false)
}

/// The sizes and numbers of a folded text that asks for one: "de kilo" and "de tres cuartos" are sizes, too.
pub(crate) fn measures_asked(folded: &str) -> Vec<Measure> {
    read(folded, true)
}

fn read(folded: &str, is_asked: bool) -> Vec<Measure> {
    let tokens = Tokens { all: tokens(folded), is_asked };
    let mut found: Vec<(usize, Measure)> = Vec::new();
    let mut at = 0;
    while at < tokens.all.len() {
        let read = tokens.letter_at(at).or_else(|| tokens.rim_at(at)).or_else(|| tokens.number_at(at));
        match read {
            Some((used, measure)) => {
                found.push((at + used - 1, measure));
                at += used;
            }
            None => at += 1,
        }
    }
    join(&tokens.all, &mut found);
    found.into_iter().map(|(_, measure)| measure).collect()
}

/// The inches that tyres are made for.
const RIMS: std::ops::RangeInclusive<i64> = 12..=24;

/// The pieces of a text while its sizes are read.
struct Tokens<'a> {
    all: Vec<Token<'a>>,
    is_asked: bool,
}

impl<'a> Tokens<'a> {
    fn get(&self, at: usize) -> Option<&Token<'a>> {
        self.all.get(at)
    }

    fn text(&self, at: usize) -> &'a str {
        self.get(at).map_or("", |token| token.text)
    }

    fn before(&self, at: usize) -> &'a str {
        at.checked_sub(1).map_or("", |before| self.text(before))
    }

    fn range(&self, first: usize, used: usize) -> Range<usize> {
        let start = self.get(first).map_or(0, |token| token.range.start);
        let end = self.get(first + used - 1).map_or(start, |token| token.range.end);
        start..end
    }

    fn is_attached(&self, at: usize) -> bool {
        let end = at.checked_sub(1).and_then(|before| self.get(before)).map(|before| before.range.end);
        end.is_some() && end == self.get(at).map(|token| token.range.start)
    }

    /// A size of clothes in letters: "talla M", "XL". How many pieces it takes, and the size.
    fn letter_at(&self, at: usize) -> Option<(usize, Measure)> {
        let behind_word = unit::is_of_clothes(self.text(at));
        let (place, used) = if behind_word { (at + 1, 2) } else { (at, 1) };
        let value = unit::letter(self.text(place), behind_word)?;
        // "Men's", "L'Oréal", "667XL" and "M 8" are no sizes of clothes.
        let is_part = !behind_word
            && (self.is_attached(at)
                || self.is_attached(at + 1)
                || self.get(at + 1).is_some_and(|next| next.number.is_some()));
        let range = self.range(at, used);
        (!is_part).then_some((
            used,
            Measure { value, unit: Some(Unit::Letter), written: value, range, is_size: true },
        ))
    }

    /// The rim of a tyre: "R15".
    fn rim_at(&self, at: usize) -> Option<(usize, Measure)> {
        let inches: i64 = self.text(at).strip_prefix('r').filter(|digits| digits.len() == 2)?.parse().ok()?;
        let value = inches * 1000;
        let measure =
            Measure { value, unit: Some(Unit::Rim), written: value, range: self.range(at, 1), is_size: true };
        RIMS.contains(&inches).then_some((1, measure))
    }

    /// A number with its unit. How many pieces it takes, and the size.
    fn number_at(&self, at: usize) -> Option<(usize, Measure)> {
        let (mut written, mut used) = self.value_at(at)?;
        // "tres cuartos de pulgada"
        let skipped = usize::from(
            self.is_asked
                && self.text(at + used) == "de"
                && is_unit(self.text(at + used + 1))
                && written < 1000,
        );
        let next = at + used + skipped;
        let of_unit = match self.text(next) {
            "\"" | "”" | "″" | "“" => Some((Unit::Inch, 1000)),
            "'" | "’" | "′" => Some((Unit::Foot, 1000)),
            "%" => Some((Unit::Percent, 1000)),
            // "10 a 24" is no ampere.
            "a" if !self.is_attached(next) && self.get(next + 1).is_some() => None,
            // Nor is the unit of "de kilo" said twice.
            _ if used == 0 => None,
            word => unit::unit(word),
        };
        let is_bare_unit = used == 0;
        let labelled =
            unit::unit_before(self.before(at)).filter(|unit| *unit != Unit::Fit || written % 1000 == 0);
        let (unit, factor) = if is_bare_unit {
            let (unit, factor) = unit::unit(self.text(at))?;
            used = 1;
            (Some(unit), factor)
        } else if labelled == Some(Unit::Gauge) {
            (labelled, 1000)
        } else if let Some((unit, factor)) = of_unit {
            used += skipped + 1;
            (Some(unit), factor)
        } else if labelled.is_some() {
            (labelled, 1000)
        } else {
            // "Los del 26".
            let is_fit = self.is_asked && self.before(at) == "del" && written % 1000 == 0;
            (is_fit.then_some(Unit::Fit), 1000)
        };
        // "pulgada y media"
        if unit.is_some()
            && matches!(self.text(at + used), "y" | "e" | "and")
            && let Some(more) = unit::and_a_half(self.text(at + used + 1))
        {
            written += more;
            used += 2;
        }
        let value = i128::from(written) * i128::from(factor) / 1000;
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        let is_size = unit.is_some() || written % 1000 != 0;
        let range = self.range(at, used);
        Some((used, Measure { value, unit, written, range, is_size }))
    }

    /// The number at a piece in thousandths, and how many pieces it takes: none when only its unit is there.
    fn value_at(&self, at: usize) -> Option<(i64, usize)> {
        let token = self.get(at)?;
        if let Some(number) = token.number {
            return Some((number, 1));
        }
        let next = self.text(at + 1);
        if let Some(value) = unit::in_words(token.text) {
            if self.is_asked
                && value >= 1000
                && let Some(parts) = unit::parts_of_one(next)
            {
                return Some((value / parts, 2));
            }
            if self.is_asked && matches!(next, "docena" | "duzia" | "dozen") {
                return Some((value * 12, 2));
            }
            // A number in words is a size only before a unit, and a half behind a preposition.
            let is_half = self.is_asked
                && value == 500
                && matches!(self.before(at), "de" | "a" | "x")
                && next != "docena";
            if next.len() > 1 && is_unit(next) || is_half && !is_unit(next) {
                return Some((value, 1));
            }
            return None;
        }
        if !self.is_asked {
            return None;
        }
        if matches!(token.text, "docena" | "duzia" | "dozen") {
            return Some((12_000, 1));
        }
        let is_half_more = matches!(next, "y" | "e") && unit::and_a_half(self.text(at + 2)).is_some();
        let is_one = matches!(self.before(at), "de" | "por" | "x" | "cada") || is_half_more;
        (is_one && token.text.len() > 3 && is_unit(token.text)).then_some((1000, 0))
    }
}

/// In "1/8 x 1/2 pulgadas" the first is in inches too, and in "60 x 60" both are sizes.
fn join(tokens: &[Token<'_>], found: &mut [(usize, Measure)]) {
    for place in (1..found.len()).rev() {
        let (Some((end, this)), Some((_, next))) = (found.get(place - 1), found.get(place)) else { continue };
        let between = tokens.get(end + 1).filter(|token| matches!(token.text, "x" | "por" | "by"));
        if between.is_none_or(|between| {
            between.range.start > next.range.start || next.range.start - between.range.end > 1
        }) {
            continue;
        }
        // The factor of the unit as it was written.
        let factor = if next.written == 0 { 1000 } else { next.value.saturating_mul(1000) / next.written };
        let value = this.written.saturating_mul(factor) / 1000;
        let unit = next.unit;
        if let Some((_, next)) = found.get_mut(place) {
            next.is_size = true;
        }
        if let Some((_, this)) = found.get_mut(place - 1) {
            this.is_size = true;
            if let (None, Some(unit)) = (this.unit, unit) {
                this.unit = Some(unit);
                this.value = value;
            }
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
        assert_eq!(terms("grado 5 3/8 x 2\""), ["n5000", "q375in", "q2000in"]);
        assert_eq!(terms("modelo 500 1/4 x 2"), ["n500000", "n250", "n2000"]);
    }

    #[test]
    fn sizes_of_clothes_and_wheels_are_told_from_numbers() {
        assert_eq!(terms("Playera negra talla M"), ["q3000let"]);
        assert_eq!(terms("playera negra XL"), ["q5000let"]);
        assert_eq!(terms("camiseta preta tamanho G"), ["q4000let"]);
        assert_eq!(terms("talla 32"), ["q32000fit"]);
        assert_eq!(terms("Llanta rin 15"), ["q15000rim"]);
        assert_eq!(terms("Llanta 195/65 R15"), ["n195000", "n65000", "q15000rim"]);
        for text in ["men's", "L'Oréal", "HP 667XL", "tornillo M 8", "10 m", "Foco LED G"] {
            assert!(terms(text).iter().all(|term| !term.ends_with("let")), "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_may_be_said_without_figures() {
        let asked = |text: &str| {
            let measures = measures_asked(&folded(text));
            measures.iter().map(Measure::term).collect::<Vec<_>>()
        };
        assert_eq!(asked("agua de litro y medio"), ["q1500000ml"]);
        assert_eq!(asked("arroz de kilo"), ["q1000000g"]);
        assert_eq!(asked("tornillo de pulgada y media"), ["q1500in"]);
        assert_eq!(asked("válvula de tres cuartos"), ["n750"]);
        assert_eq!(asked("tres cuartos de pulgada"), ["q750in"]);
        assert_eq!(asked("un cuarto de kilo"), ["q250000g"]);
        assert_eq!(asked("codos de media"), ["n500"]);
        assert_eq!(asked("una docena de huevos"), ["n12000"]);
        assert_eq!(asked("tenis del 26"), ["q26000fit"]);
        assert_eq!(asked("kilo de clavos"), Vec::<String>::new());
        assert_eq!(asked("medias"), Vec::<String>::new());
        assert!(measures_asked("60 por 120").iter().all(|measure| measure.is_size));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,60}") {
            let folded = folded(&text);
            for measure in measures(&folded).into_iter().chain(measures_asked(&folded)) {
                proptest::prop_assert!(folded.get(measure.range.clone()).is_some());
            }
        }
    }
}
