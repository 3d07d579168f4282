//! Cutting a text into words, numbers and the signs that matter to sizes. Pure.

use std::ops::Range;

/// Words whose number names a kind and is no size.
const LABELS: [&str; 14] = [
    "grado", "modelo", "mod", "serie", "tipo", "clase", "numero", "num", "no", "art", "#", "grade", "model",
    "type",
];

/// A larger whole number is not written before a fraction.
const LARGEST_MIXED: i64 = 100;

/// One piece of a folded text: a word, a number or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) range: Range<usize>,
    /// The number in thousandths, if it is one.
    pub(crate) number: Option<i64>,
}

/// Cuts a folded text into words, numbers and the signs that matter to sizes.
pub(crate) fn tokens(folded: &str) -> Vec<Token<'_>> {
    let bytes = folded.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = folded.get(at..).and_then(|rest| rest.chars().next()) {
        let start = at;
        if c.is_ascii_digit() {
            let is_labelled = tokens.last().is_some_and(|before: &Token<'_>| LABELS.contains(&before.text));
            let (end, number) = number(folded, start, is_labelled);
            at = end;
            tokens.push(Token { text: slice(folded, start..end), range: start..end, number });
        } else if c.is_alphanumeric() {
            // A word may end in digits ("ph2"), but "x" between digits only stands between sizes.
            let is_by = c == 'x'
                && bytes.get(start + 1).is_some_and(u8::is_ascii_digit)
                && start > 0
                && bytes.get(start - 1).is_some_and(u8::is_ascii_digit);
            at += c.len_utf8();
            while !is_by
                && let Some(next) = slice(folded, at..folded.len()).chars().next()
                && next.is_alphanumeric()
            {
                at += next.len_utf8();
            }
            tokens.push(Token { text: slice(folded, start..at), range: start..at, number: None });
        } else {
            at += c.len_utf8();
            if "\"”″“'’′%#".contains(c) {
                // Two single marks are a double one.
                if "'’′".contains(c) && slice(folded, at..folded.len()).starts_with(['\'', '’', '′'])
                {
                    at += slice(folded, at..folded.len()).chars().next().map_or(0, char::len_utf8);
                    tokens.push(Token { text: "\"", range: start..at, number: None });
                } else {
                    tokens.push(Token { text: slice(folded, start..at), range: start..at, number: None });
                }
            }
        }
    }
    tokens
}

fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// A number from `start`: "12", "1.5", "1,5", "1,400", "1/2", "1 1/2", "1-1/2". The end, and the value in thousandths. The
/// number behind a label is not the whole of the fraction that follows: "grado 5 3/8", "modelo 500 1/4".
fn number(text: &str, start: usize, is_labelled: bool) -> (usize, Option<i64>) {
    let digits =
        |from: usize| from + slice(text, from..text.len()).bytes().take_while(u8::is_ascii_digit).count();
    let end = digits(start);
    let whole: Option<i64> = slice(text, start..end).parse().ok();
    let fraction_at = |from: usize| -> Option<(usize, i64)> {
        let top_end = digits(from);
        let slash =
            slice(text, top_end..text.len()).chars().next().filter(|c| *c == '/' || *c == '\u{2044}')?;
        let below = top_end + slash.len_utf8();
        let bottom_end = digits(below);
        let top: i64 = slice(text, from..top_end).parse().ok()?;
        let bottom: i64 = slice(text, below..bottom_end).parse().ok()?;
        (bottom > 0 && top < bottom && bottom <= 128).then(|| (bottom_end, top * 1000 / bottom))
    };
    if let Some((end, value)) = fraction_at(start) {
        return (end, Some(value));
    }
    let rest = slice(text, end..text.len());
    // "1 1/2", "1-1/2"
    if let Some(gap) = rest.chars().next().filter(|c| *c == ' ' || *c == '-')
        && let Some((fraction_end, value)) = fraction_at(end + gap.len_utf8())
        && let Some(whole) = whole.filter(|whole| *whole < LARGEST_MIXED && !is_labelled)
    {
        return (fraction_end, Some(whole * 1000 + value));
    }
    let mark = rest.bytes().next().filter(|mark| *mark == b'.' || *mark == b',');
    if mark.is_some() && digits(end + 1) > end + 1 {
        let decimals_end = digits(end + 1);
        let decimals = slice(text, end + 1..decimals_end);
        let whole = whole.unwrap_or_default();
        // Exactly three digits after a mark are thousands, but not after a zero.
        if decimals.len() == 3 && whole > 0 {
            let value = whole.checked_mul(1000).and_then(|v| v.checked_add(decimals.parse().ok()?));
            return (decimals_end, value.and_then(|v| v.checked_mul(1000)));
        }
        let thousandths: String = decimals.chars().chain("000".chars()).take(3).collect();
        let value = whole.checked_mul(1000).and_then(|v| v.checked_add(thousandths.parse().ok()?));
        return (decimals_end, value);
    }
    (end, whole.and_then(|whole| whole.checked_mul(1000)))
}
