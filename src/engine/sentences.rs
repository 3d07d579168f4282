//! Cuts running text into sentences: the Unicode rules ([UAX #29]), put right where Spanish, English and Portuguese
//! abbreviations, numbers and addresses of the web mislead them.
//!
//! [UAX #29]: https://www.unicode.org/reports/tr29/#Sentence_Boundaries

use unicode_segmentation::UnicodeSegmentation as _;

/// Abbreviations that a sentence never ends with: something they belong to follows. Without the point, lower case.
const BEFORE_A_NAME: &[&str] = &[
    "sr", "sra", "srta", "sres", "sras", "srs", "dr", "dra", "drs", "dres", "dª", "dña", "ud", "uds", "vd",
    "av", "avda", "ave", "avd", "ctra", "cra", "cll", "cl", "dg", "tv", "pza", "pzo", "urb", "edif", "apto",
    "of", "p.ej", "ej", "lic", "ing", "arq", "prof", "profa", "mtro", "mtra", "gral", "gov", "st", "sto",
    "sta", "mr", "mrs", "ms", "mx", "vs", "e.g", "i.e", "exmo", "exma", "ilmo", "ilma", "p", "aprox",
    "approx", "cf", "inc", "rev",
];
/// Abbreviations that belong to a number when one follows.
const BEFORE_A_NUMBER: &[&str] = &[
    "no", "nº", "n", "núm", "num", "nro", "nr", "núms", "art", "arts", "pág", "págs", "pag", "pp", "tel",
    "tels", "teléf", "telf", "cel", "fax", "ext", "cap", "fig", "vol", "ed", "máx", "mín", "max", "min",
    "sec", "ref", "cód", "cod", "km", "apdo", "depto", "mza", "lt", "piso", "ph", "cp", "c.p", "nit", "ruc",
    "us", "u.s", "col",
];
/// Marks that end a sentence without a space after them, in Chinese and Japanese.
const WIDE_ENDS: &[char] = &['。', '！', '？'];

/// The sentences of a line, trimmed, in order. Together they have every letter of the line.
pub(crate) fn sentences(line: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let (mut start, mut end) = (0, 0);
    for piece in line.split_sentence_bounds() {
        end += piece.len();
        let (before, after) = (line.get(start..end).unwrap_or_default(), line.get(end..).unwrap_or_default());
        if after.is_empty() || ends_here(before, after) {
            sentences.push(before.trim());
            start = end;
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether a sentence really ends between the two.
fn ends_here(before: &str, after: &str) -> bool {
    let text = before.trim_end();
    if text.len() == before.len() && !text.ends_with(WIDE_ENDS) {
        // No space: the middle of an address of the web, or of "10:30?¿".
        return after.starts_with(['¿', '¡']);
    }
    if !text.contains(char::is_alphabetic) {
        // The number of an item: "1. Reserve".
        return false;
    }
    let Some(stem) = text.strip_suffix('.') else { return true };
    let word = stem.rsplit(|c: char| c.is_whitespace() || "([\"«“/".contains(c)).next().unwrap_or_default();
    let lower = word.to_lowercase();
    let next = after.trim_start().chars().next();
    if BEFORE_A_NAME.contains(&lower.as_str()) {
        return false;
    }
    if BEFORE_A_NUMBER.contains(&lower.as_str()) {
        return !next.is_some_and(|c| c.is_numeric() || "#(+".contains(c));
    }
    // An initial: "J. Pérez", "S. A.", "EE. UU.".
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let is_doubled = ["EE", "FF", "RR", "JJ"].contains(&word);
    !(is_initial || is_doubled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(sentences(text), expected, "{text}");
    }

    #[test]
    fn abbreviations_and_numbers_do_not_end_a_sentence() {
        check(
            "Pregunte por el Sr. Pérez. Está en la Av. Caracas No. 45. Abre a las 8 a. m. y cierra a las 6.",
            &[
                "Pregunte por el Sr. Pérez.",
                "Está en la Av. Caracas No. 45.",
                "Abre a las 8 a. m. y cierra a las 6.",
            ],
        );
        check(
            "Cuesta $1.250.000 o 3.5 SMMLV. Incluye, p. ej. Nequi. ¿Algo más? Sí.",
            &["Cuesta $1.250.000 o 3.5 SMMLV.", "Incluye, p. ej. Nequi.", "¿Algo más?", "Sí."],
        );
        check(
            "Escriba a https://a.co/x?y=1.Z o a ana@b.co. Gracias.",
            &["Escriba a https://a.co/x?y=1.Z o a ana@b.co.", "Gracias."],
        );
        check(
            "Ask Dr. J. Smith, e.g. Monday. He is in. O Sr. Silva, da Silva Ltda., atende. Até já!",
            &[
                "Ask Dr. J. Smith, e.g. Monday.",
                "He is in.",
                "O Sr. Silva, da Silva Ltda., atende.",
                "Até já!",
            ],
        );
    }

    #[test]
    fn items_keep_their_number_and_exclamations_end() {
        check("1. Reserve su cita. 2. Pague.", &["1. Reserve su cita.", "2. Pague."]);
        check("¡Hola! ¿Cuánto dura?¿Y duele?", &["¡Hola!", "¿Cuánto dura?", "¿Y duele?"]);
        check("Dijo «Ya voy.» Y se fue… luego volvió.", &["Dijo «Ya voy.»", "Y se fue… luego volvió."]);
        check("No. Eso no se puede.", &["No.", "Eso no se puede."]);
        check("   ", &[]);
    }
}
