//! How many: digits and number words in Spanish, English and Portuguese, dozens and pairs. Pure.

use crate::text::numbers::number_word;

/// The most pieces that are sold in one line of an order without a person.
pub(crate) const MAX_PIECES: u32 = 100_000;

/// The value of a folded number word, a pair or a dozen.
fn pieces(word: &str) -> Option<u32> {
    match word {
        "par" | "pair" => Some(2),
        "docena" | "dozen" | "duzia" => Some(12),
        _ => number_word(word),
    }
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
    let mut value = digits(stripped).or_else(|| pieces(first))?;
    let mut used = 1;
    let is_and = matches!(second, "y" | "e" | "and");
    if (30..100).contains(&value) && value % 10 == 0 && is_and {
        let ones = words.get(2).and_then(|word| pieces(word)).filter(|ones| (1..10).contains(ones));
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
