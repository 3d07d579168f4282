//! How many: digits and number words in Spanish, English and Portuguese, dozens and pairs. Pure.

/// The most pieces that are sold in one line of an order without a person.
pub(crate) const MAX_PIECES: u32 = 100_000;

/// The value of a folded number word.
pub(super) fn number_word(word: &str) -> Option<u32> {
    Some(match word {
        "un" | "una" | "uno" | "one" | "um" | "uma" => 1,
        "dos" | "two" | "dois" | "duas" | "par" | "pair" => 2,
        "tres" | "three" => 3,
        "cuatro" | "four" | "quatro" => 4,
        "cinco" | "five" => 5,
        "seis" | "six" => 6,
        "siete" | "seven" | "sete" => 7,
        "ocho" | "eight" | "oito" => 8,
        "nueve" | "nine" | "nove" => 9,
        "diez" | "ten" | "dez" => 10,
        "once" | "eleven" | "onze" => 11,
        "doce" | "twelve" | "doze" | "docena" | "dozen" | "duzia" => 12,
        "trece" | "thirteen" | "treze" => 13,
        "catorce" | "fourteen" | "quatorze" | "catorze" => 14,
        "quince" | "fifteen" | "quinze" => 15,
        "dieciseis" | "sixteen" | "dezesseis" => 16,
        "diecisiete" | "seventeen" | "dezessete" => 17,
        "dieciocho" | "eighteen" | "dezoito" => 18,
        "diecinueve" | "nineteen" | "dezenove" => 19,
        "veinte" | "twenty" | "vinte" => 20,
        "veinticinco" => 25,
        "treinta" | "thirty" | "trinta" => 30,
        "cuarenta" | "forty" | "quarenta" => 40,
        "cincuenta" | "fifty" | "cinquenta" => 50,
        "sesenta" | "sixty" | "sessenta" => 60,
        "setenta" | "seventy" => 70,
        "ochenta" | "eighty" | "oitenta" => 80,
        "noventa" | "ninety" => 90,
        "cien" | "ciento" | "hundred" | "cem" | "cento" => 100,
        "doscientos" | "doscientas" | "duzentos" | "duzentas" => 200,
        "trescientos" | "trescientas" | "trezentos" => 300,
        "quinientos" | "quinientas" | "quinhentos" => 500,
        "mil" | "thousand" => 1000,
        _ => return None,
    })
}

/// The whole number of folded digits: "10", "1,000", "1.000"; none for fractions and decimals.
fn digits(word: &str) -> Option<u32> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok();
    }
    let groups: Vec<&str> = word.split([',', '.']).collect();
    let (first, rest) = groups.split_first()?;
    let all_digits =
        groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    let is_grouped =
        all_digits && first.len() <= 3 && *first != "0" && rest.iter().all(|group| group.len() == 3);
    if is_grouped { groups.concat().parse().ok() } else { None }
}

/// A number at the beginning of folded words, and how many of them it takes: "10", "x3", "dos", "una docena",
/// "media docena", "treinta y dos", "dos mil", "un par".
pub(super) fn leading(words: &[&str]) -> Option<(u32, usize)> {
    let first = words.first()?;
    let second = words.get(1).copied().unwrap_or_default();
    let is_dozen =
        |word: &str| matches!(word, "docena" | "docenas" | "dozen" | "dozens" | "duzia" | "duzias");
    if matches!(*first, "media" | "meia" | "half") {
        // "half a dozen"
        let skip = usize::from(second == "a");
        return words.get(1 + skip).filter(|word| is_dozen(word)).map(|_| (6, 2 + skip));
    }
    let stripped = first.strip_prefix('x').filter(|rest| digits(rest).is_some()).unwrap_or(first);
    let stripped = stripped.strip_suffix('x').filter(|rest| digits(rest).is_some()).unwrap_or(stripped);
    let mut value = digits(stripped).or_else(|| number_word(first))?;
    let mut used = 1;
    let is_and = matches!(second, "y" | "e" | "and");
    if (30..100).contains(&value) && value % 10 == 0 && is_and {
        let ones = words.get(2).and_then(|word| number_word(word)).filter(|ones| (1..10).contains(ones));
        if let Some(ones) = ones {
            return Some((value + ones, 3));
        }
    }
    if is_dozen(second) {
        return value.checked_mul(12).map(|value| (value, 2));
    }
    if value == 1 && matches!(second, "par" | "pair" | "couple") {
        return Some((2, 2));
    }
    if matches!(second, "mil" | "thousand")
        || (matches!(second, "cien" | "cientos" | "hundred") && value < 10)
    {
        value = value.checked_mul(if second == "mil" || second == "thousand" { 1000 } else { 100 })?;
        used = 2;
    }
    Some((value, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_digits_and_words() {
        let check = |text: &str, expected: Option<(u32, usize)>| {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(leading(&words), expected, "{text}");
        };
        check("10 martillos", Some((10, 1)));
        check("1,000 tornillos", Some((1000, 1)));
        check("1.5 pulgadas", None);
        check("1/2 pulgada", None);
        check("dos docenas de huevos", Some((24, 2)));
        check("media docena", Some((6, 2)));
        check("half a dozen", Some((6, 3)));
        check("un par de guantes", Some((2, 2)));
        check("treinta y dos", Some((32, 3)));
        check("tres mil ladrillos", Some((3000, 2)));
        check("x3", Some((3, 1)));
        check("3x", Some((3, 1)));
        check("martillo", None);
        check("media pulgada", None);
    }
}
