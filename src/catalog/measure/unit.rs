//! Units and numbers as people write them. Pure.

use crate::text::numbers::number_word;

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
    Megabyte,
    /// Wire and sheet gauges: "calibre 12".
    Gauge,
    /// Wheels: "rin 15", "aro 15", "R15".
    Rim,
    /// Clothes and shoes in numbers: "talla 32".
    Fit,
    /// Clothes in letters: "talla M", in the order of the letters.
    Letter,
}

impl Unit {
    /// A short word without signs, for terms.
    pub(super) fn code(self) -> &'static str {
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
            Self::Megabyte => "mb",
            Self::Gauge => "cal",
            Self::Rim => "rim",
            Self::Fit => "fit",
            Self::Letter => "let",
        }
    }
}

/// The unit of a folded word, and how many thousandths of the base unit one of it has.
pub(super) fn unit(word: &str) -> Option<(Unit, i64)> {
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
        "mg" | "mgs" | "miligramo" | "miligramos" => (Unit::Gram, 1),
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
        "gal" | "gals" | "gl" | "gln" | "galon" | "galones" | "gallon" | "gallons" | "galao" | "galoes" => {
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
        "mb" | "megas" => (Unit::Megabyte, 1000),
        "gb" | "giga" | "gigas" | "gigabyte" | "gigabytes" => (Unit::Megabyte, 1_000_000),
        "tb" | "tera" | "teras" | "terabyte" | "terabytes" => (Unit::Megabyte, 1_000_000_000),
        _ => return None,
    })
}

/// Whether a folded word is a unit of size.
pub(crate) fn is_unit(word: &str) -> bool {
    unit(word).is_some()
}

/// The unit that a word before a number makes it.
pub(super) fn unit_before(word: &str) -> Option<Unit> {
    Some(match word {
        "calibre" | "cal" | "calibres" | "awg" | "gauge" | "bitola" => Unit::Gauge,
        "rin" | "aro" | "rodado" | "rodada" | "rim" => Unit::Rim,
        "talla" | "tallas" | "talle" | "size" | "tamanho" | "tamanyo" | "numero" | "num" => Unit::Fit,
        _ => return None,
    })
}

/// Whether a word says that a size of clothes follows, be it in letters.
pub(super) fn is_of_clothes(word: &str) -> bool {
    matches!(word, "talla" | "tallas" | "talle" | "size" | "tamanho" | "tamanyo")
}

/// The place of a size of clothes in letters, in thousandths. Behind the word "talla" it may be another language's letter
/// or a word.
pub(super) fn letter(word: &str, is_behind_word: bool) -> Option<i64> {
    Some(match word {
        "xs" => 1000,
        "s" => 2000,
        "m" => 3000,
        "l" => 4000,
        "xl" => 5000,
        "xxl" => 6000,
        "xxxl" => 7000,
        "p" | "ch" | "chica" | "chico" | "pequenya" | "pequenyo" | "pequena" | "small" if is_behind_word => {
            2000
        }
        "mediana" | "mediano" | "media" | "medium" if is_behind_word => 3000,
        "g" | "grande" | "large" if is_behind_word => 4000,
        "gg" | "eg" | "xg" | "extragrande" if is_behind_word => 5000,
        _ => return None,
    })
}

/// Numbers in words that are said before units, in thousandths.
pub(super) fn in_words(word: &str) -> Option<i64> {
    if matches!(word, "media" | "medio" | "meia" | "meio" | "half") {
        return Some(500);
    }
    // Sizes are spoken of in these; other words beside a unit rather say how many.
    let spoken = number_word(word).filter(|number| matches!(number, 1..=10 | 12 | 15 | 20))?;
    Some(i64::from(spoken) * 1000)
}

/// Into how many parts a word divides one: "tres cuartos".
pub(super) fn parts_of_one(word: &str) -> Option<i64> {
    Some(match word {
        "cuarto" | "cuartos" | "quarto" | "quartos" | "quarter" | "quarters" => 4,
        "octavo" | "octavos" | "oitavo" | "oitavos" => 8,
        "dieciseisavo" | "dieciseisavos" => 16,
        _ => return None,
    })
}

/// What "y medio" and the like add, in thousandths.
pub(super) fn and_a_half(word: &str) -> Option<i64> {
    match word {
        "media" | "medio" | "meia" | "meio" | "half" => Some(500),
        "cuarto" | "quarto" | "quarter" => Some(250),
        _ => None,
    }
}

/// How much a container of the trade holds, in millilitres: paint and water are asked for by it.
pub(crate) fn held_by(container: &str) -> &'static [i64] {
    match container {
        "cubeta" | "cubetas" | "tineta" | "cunyete" | "caneca" => &[18_000, 18_900, 19_000, 20_000],
        "garrafon" | "garrafones" => &[18_900, 19_000, 20_000],
        _ => &[],
    }
}
