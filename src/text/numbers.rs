//! Numbers that are written as words, in three languages. Pure.

/// The whole number that one folded word says in Spanish, English or Portuguese.
pub fn number_word(word: &str) -> Option<u32> {
    Some(match word {
        "un" | "una" | "uno" | "one" | "um" | "uma" => 1,
        "dos" | "two" | "dois" | "duas" => 2,
        "tres" | "three" => 3,
        "cuatro" | "four" | "quatro" => 4,
        "cinco" | "five" => 5,
        "seis" | "six" => 6,
        "siete" | "seven" | "sete" => 7,
        "ocho" | "eight" | "oito" => 8,
        "nueve" | "nine" | "nove" => 9,
        "diez" | "ten" | "dez" => 10,
        "once" | "eleven" | "onze" => 11,
        "doce" | "twelve" | "doze" => 12,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_the_same_number_in_each_language() {
        for (words, expected) in [
            ("cuatro four quatro", 4),
            ("doce twelve doze", 12),
            ("veinte twenty vinte", 20),
            ("mil thousand", 1000),
        ] {
            assert!(words.split(' ').all(|word| number_word(word) == Some(expected)), "{words}");
        }
        assert_eq!(["media", "docena", "a", "12", ""].map(number_word), [None; 5]);
    }
}
