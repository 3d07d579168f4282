//! A size in the other units that shops write it in: a gallon of paint is a can of four litres, a disc of 115 mm one of
//! 4 1/2 inches. Pure.

use super::{Measure, Unit};

/// How far what is written may be from what was asked for.
const TOLERANCE: f64 = 0.03;

/// One unit in another: how many of it, and the steps in which shops round.
struct Conversion {
    from: Unit,
    to: Unit,
    factor: f64,
    steps: &'static [f64],
}

/// A gallon is 3.785 litres, and four on many a can; a pound is 453.6 grams, and 500 at many a counter.
const CONVERSIONS: [Conversion; 11] = [
    Conversion { from: Unit::Gallon, to: Unit::Millilitre, factor: 3785.0, steps: &[1.0, 10.0, 100.0] },
    Conversion { from: Unit::Gallon, to: Unit::Millilitre, factor: 4000.0, steps: &[1000.0] },
    Conversion { from: Unit::Millilitre, to: Unit::Gallon, factor: 1.0 / 3785.0, steps: &[1.0] },
    Conversion { from: Unit::Millilitre, to: Unit::Gallon, factor: 1.0 / 4000.0, steps: &[1.0] },
    Conversion { from: Unit::Inch, to: Unit::Millimetre, factor: 25.4, steps: &[0.1, 1.0, 5.0] },
    Conversion { from: Unit::Millimetre, to: Unit::Inch, factor: 1.0 / 25.4, steps: &[0.0625, 0.125, 0.5] },
    Conversion { from: Unit::Pound, to: Unit::Gram, factor: 453.6, steps: &[1.0, 10.0] },
    Conversion { from: Unit::Pound, to: Unit::Gram, factor: 500.0, steps: &[500.0] },
    Conversion { from: Unit::Gram, to: Unit::Pound, factor: 1.0 / 453.6, steps: &[1.0] },
    Conversion { from: Unit::Ounce, to: Unit::Millilitre, factor: 29.57, steps: &[1.0, 5.0, 10.0] },
    Conversion { from: Unit::Millilitre, to: Unit::Ounce, factor: 1.0 / 29.57, steps: &[1.0] },
];

/// The terms of a size in other units.
pub(crate) fn in_other_units(measure: &Measure) -> Vec<String> {
    let mut terms = Vec::new();
    let conversions = CONVERSIONS.iter().filter(|conversion| Some(conversion.from) == measure.unit);
    for Conversion { to, factor, steps, .. } in conversions {
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52 thousandths")]
        let exact = measure.value as f64 / 1000.0 * factor;
        for step in *steps {
            let rounded = (exact / step).round() * step;
            if rounded > 0.0 && (rounded - exact).abs() <= exact * TOLERANCE && rounded < 1e12 {
                #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
                let value = (rounded * 1000.0).trunc() as i64;
                let other = Measure { value, unit: Some(*to), written: value, range: 0..0, is_size: true };
                terms.push(other.term());
            }
        }
    }
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// The terms of a bare number, were it a length in millimetres: "amoladora 115".
pub(crate) fn as_millimetres(measure: &Measure) -> Vec<String> {
    in_other_units(&Measure { value: measure.written, unit: Some(Unit::Millimetre), ..measure.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::measure::{folded, measures};

    #[test]
    fn a_size_is_found_in_the_units_of_the_trade() {
        for (asked, written) in [
            ("1 galón", "4 L"),
            ("1 galón", "3785 ml"),
            ("4 L", "1 galón"),
            ("4 1/2\"", "115 mm"),
            ("115 mm", "4 1/2\""),
            ("13 mm", "1/2\""),
            ("1 libra", "500 g"),
            ("1 libra", "454 g"),
            ("8 oz", "240 ml"),
        ] {
            let size = |text| measures(&folded(text)).remove(0);
            let (asked, written) = (size(asked), size(written));
            assert!(in_other_units(&asked).contains(&written.term()), "{asked:?} {written:?}");
        }
    }
}
