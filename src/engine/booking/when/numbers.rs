//! Small numbers as they are written and spelled in three languages.

use crate::text::numbers::number_word;

/// A pattern for a number of up to two digits or as a word.
pub(super) const NUMBER: &str = r"(?:\d{1,2}|una?|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veinte|treinta|uma?|dois|duas|quatro|sete|oito|nove|dez|onze|doze|quinze|vinte|trinta|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|an?|couple of)";

/// The number that a match of [`NUMBER`] is.
pub(super) fn number(word: &str) -> Option<u16> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    match word {
        "a" | "an" => Some(1),
        "couple of" => Some(2),
        _ => number_word(word).and_then(|number| u16::try_from(number).ok()),
    }
}
