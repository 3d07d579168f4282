//! Numbers in words, in Spanish, English and Portuguese: "ciento ochenta mil", "twenty-five", "mil duzentos e
//! cinquenta".

use std::ops::Range;

/// A part of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// 1 to 99, and 100 to 900 where that is one word.
    Number(u64),
    /// "Hundred".
    Hundred,
    /// "Mil", "millones".
    Scale(u64),
}

const NUMBERS: &[(u64, &str)] = &[
    (1, "un uno una one um uma"),
    (2, "dos two dois duas"),
    (3, "tres three"),
    (4, "cuatro four quatro"),
    (5, "cinco five"),
    (6, "seis six"),
    (7, "siete seven sete"),
    (8, "ocho eight oito"),
    (9, "nueve nine nove"),
    (10, "diez ten dez"),
    (11, "once eleven onze"),
    (12, "doce twelve doze"),
    (13, "trece thirteen treze"),
    (14, "catorce fourteen quatorze catorze"),
    (15, "quince fifteen quinze"),
    (16, "dieciseis sixteen dezesseis"),
    (17, "diecisiete seventeen dezessete"),
    (18, "dieciocho eighteen dezoito"),
    (19, "diecinueve nineteen dezenove"),
    (20, "veinte twenty vinte"),
    (21, "veintiuno veintiun veintiuna"),
    (22, "veintidos"),
    (23, "veintitres"),
    (24, "veinticuatro"),
    (25, "veinticinco"),
    (26, "veintiseis"),
    (27, "veintisiete"),
    (28, "veintiocho"),
    (29, "veintinueve"),
    (30, "treinta thirty trinta"),
    (40, "cuarenta forty quarenta"),
    (50, "cincuenta fifty cinquenta"),
    (60, "sesenta sixty sessenta"),
    (70, "setenta seventy"),
    (80, "ochenta eighty oitenta"),
    (90, "noventa ninety"),
    (100, "cien ciento cem cento"),
    (200, "doscientos doscientas duzentos duzentas"),
    (300, "trescientos trescientas trezentos trezentas"),
    (400, "cuatrocientos cuatrocientas quatrocentos quatrocentas"),
    (500, "quinientos quinientas quinhentos quinhentas"),
    (600, "seiscientos seiscientas seiscentos seiscentas"),
    (700, "setecientos setecientas setecentos setecentas"),
    (800, "ochocientos ochocientas oitocentos oitocentas"),
    (900, "novecientos novecientas novecentos novecentas"),
];

/// Words that are no number unless something is counted behind them: "once you sign up", "ten cuidado", "mil gracias".
const UNSURE: [&str; 5] = ["once", "ten", "mil", "cien", "seis"];

fn part(word: &str) -> Option<Part> {
    match word {
        "hundred" => return Some(Part::Hundred),
        "mil" | "thousand" => return Some(Part::Scale(1_000)),
        "millon" | "millones" | "million" | "millions" | "milhao" | "milhoes" => {
            return Some(Part::Scale(1_000_000));
        }
        _ => {}
    }
    let known = NUMBERS.iter().find(|(_, names)| names.split(' ').any(|name| name == word));
    known.map(|(number, _)| Part::Number(*number))
}

/// Whether a folded word is a number or a part of one.
pub(super) fn is_number(word: &str) -> bool {
    part(word).is_some()
}

/// What a word or letter behind digits multiplies them by.
pub(super) fn scale(word: &str) -> u64 {
    match part(word) {
        Some(Part::Scale(scale)) => scale,
        _ if word == "k" => 1_000,
        _ => 1,
    }
}

/// A number that is being put together.
#[derive(Debug, Clone, Default)]
struct Sum {
    total: u64,
    current: u64,
    /// The size of the last part: a smaller one may follow ("treinta y cinco"), a larger one not ("cinco, treinta").
    last: u64,
    words: usize,
}

impl Sum {
    /// Whether the part goes on with this number; if so, it is added.
    fn takes(&mut self, part: Part) -> bool {
        let fits = match part {
            Part::Number(number) => {
                let place = match self.last {
                    0 => u64::MAX,
                    100.. => 99,
                    20.. => 9,
                    _ => 0,
                };
                number <= place && (self.words > 0 || self.last == 0)
            }
            Part::Hundred => (1..10).contains(&self.current),
            Part::Scale(scale) => self.total.is_multiple_of(scale) && (self.total == 0 || scale < self.total),
        };
        if !fits {
            return false;
        }
        match part {
            Part::Number(number) => {
                self.current += number;
                self.last = number;
            }
            Part::Hundred => {
                self.current *= 100;
                self.last = 100;
            }
            Part::Scale(scale) => {
                self.total += self.current.max(1) * scale;
                (self.current, self.last) = (0, 0);
            }
        }
        self.words += 1;
        true
    }

    fn value(&self) -> u64 {
        self.total + self.current
    }
}

/// The numbers in words of a folded text: where each stands, its value, and whether it is a number for certain.
pub(super) fn read(text: &str) -> Vec<(Range<usize>, u64, bool)> {
    let mut found = Vec::new();
    let mut sum = Sum::default();
    let mut range = 0..0;
    let mut sole_word = "";
    let mut finish = |sum: &mut Sum, range: &Range<usize>, word: &str| {
        // "Un" and "una" are articles.
        let is_article = sum.words == 1 && sum.value() == 1;
        if sum.words > 0 && !is_article {
            found.push((range.clone(), sum.value(), sum.words > 1 || !UNSURE.contains(&word)));
        }
        *sum = Sum::default();
    };
    for (start, word) in words(text) {
        let end = start + word.len();
        let gap = text.get(range.end..start).unwrap_or_default();
        let is_joint = matches!(word, "y" | "e" | "and");
        if is_joint && sum.words > 0 && matches!(gap, " ") {
            // Belongs to the number only if a part follows; the range is not moved on.
            continue;
        }
        let joined = matches!(gap, " " | "-" | " y " | " e " | " and ");
        // "Por ciento" is a sign, and no hundred.
        let is_sign = matches!(word, "ciento" | "cento")
            && text.get(..start).is_some_and(|before| before.ends_with("por "));
        let Some(part) = part(word).filter(|_| !is_sign) else {
            finish(&mut sum, &range, sole_word);
            continue;
        };
        if sum.words > 0 && (!joined || !sum.takes(part)) {
            finish(&mut sum, &range, sole_word);
        } else if sum.words > 0 {
            range.end = end;
            continue;
        }
        if sum.takes(part) {
            range = start..end;
            sole_word = word;
        }
    }
    finish(&mut sum, &range, sole_word);
    found
}

/// The runs of letters of a text and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !c.is_alphanumeric()).filter_map(move |word| {
        let start = text.get(at..)?.find(word)? + at;
        at = start + word.len();
        (!word.is_empty()).then_some((start, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words_have_their_value() {
        let values = |text: &str| -> Vec<u64> { read(text).into_iter().map(|(_, value, _)| value).collect() };
        for (text, expected) in [
            ("ciento ochenta mil pesos", vec![180_000]),
            ("un millon doscientos cincuenta mil", vec![1_250_000]),
            ("twenty-five", vec![25]),
            ("one hundred and eighty thousand", vec![180_000]),
            ("mil duzentos e cinquenta reais", vec![1250]),
            ("treinta y cinco", vec![35]),
            ("entre cuatro y seis meses", vec![4, 6]),
            ("veinte, treinta", vec![20, 30]),
            ("dos o tres", vec![2, 3]),
            ("una cita", vec![]),
            ("mil novecientos ochenta y siete", vec![1987]),
            ("dos mil", vec![2000]),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
        assert_eq!(read("once you call").first().map(|(_, _, sure)| *sure), Some(false));
    }
}
