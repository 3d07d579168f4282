//! Small numbers as they are written and spelled in three languages.

/// A pattern for a number of up to two digits or as a word.
pub(super) const NUMBER: &str = r"(?:\d{1,2}|una?|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veinte|treinta|uma?|dois|duas|quatro|sete|oito|nove|dez|onze|doze|quinze|vinte|trinta|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|an?|couple of)";

/// The number that a match of [`NUMBER`] is.
pub(super) fn number(word: &str) -> Option<u16> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    Some(match word {
        "un" | "una" | "uno" | "um" | "uma" | "one" | "a" | "an" => 1,
        "dos" | "dois" | "duas" | "two" | "couple of" => 2,
        "tres" | "three" => 3,
        "cuatro" | "quatro" | "four" => 4,
        "cinco" | "five" => 5,
        "seis" | "six" => 6,
        "siete" | "sete" | "seven" => 7,
        "ocho" | "oito" | "eight" => 8,
        "nueve" | "nove" | "nine" => 9,
        "diez" | "dez" | "ten" => 10,
        "once" | "onze" | "eleven" => 11,
        "doce" | "doze" | "twelve" => 12,
        "quince" | "quinze" | "fifteen" => 15,
        "veinte" | "vinte" | "twenty" => 20,
        "treinta" | "trinta" | "thirty" => 30,
        _ => return None,
    })
}
