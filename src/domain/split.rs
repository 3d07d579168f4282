//! Cutting a reply into messages that a channel takes.

use unicode_segmentation::UnicodeSegmentation;

/// Cuts a text into pieces of at most `limit` characters (Unicode scalar values), at the end of a paragraph, else of a
/// line, else of a sentence, else between words, else between graphemes. No piece is empty; a text within the limit is
/// one piece.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while rest.chars().count() > limit {
        let end = rest.char_indices().nth(limit).map_or(rest.len(), |(at, _)| at);
        let cut = cut(rest, end);
        let (piece, more) = rest.split_at(cut);
        let piece = piece.trim_end();
        if !piece.is_empty() {
            pieces.push(piece.to_owned());
        }
        rest = more.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces
}

/// Where to cut, in bytes: at most `end`, more than nothing.
fn cut(text: &str, end: usize) -> usize {
    let fits = text.get(..end).unwrap_or(text);
    let breaks = ["\n\n", "\n", ". ", "? ", "! ", " "];
    let half = end / 2;
    for mark in breaks {
        if let Some(at) = fits.rfind(mark)
            && at + mark.len() > half
        {
            return at + mark.len();
        }
    }
    let whole = text.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= end).last();
    whole.filter(|at| *at > 0).unwrap_or(end.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_stays_whole_and_an_empty_one_is_nothing() {
        assert_eq!(split("Hola", 4), ["Hola"]);
        assert!(split("  ", 4).is_empty());
    }

    #[test]
    fn a_long_text_is_cut_at_the_end_of_a_sentence() {
        assert_eq!(
            split("Abrimos a las ocho. Cerramos a las seis.", 25),
            ["Abrimos a las ocho.", "Cerramos a las seis."]
        );
    }
}
