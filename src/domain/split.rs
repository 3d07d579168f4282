//! Cutting a reply into messages that a channel takes.
//!
//! A piece ends where a reader would pause: between paragraphs, else lines, else sentences, else words. Words, links,
//! numbers that are held together and what a reader sees as one character (an emoji of several parts, a flag, a letter
//! with its accents) are only cut when they alone are longer than a message. *Bold* that has to be cut is closed and
//! opened again.

mod bold;
mod breaks;

use unicode_segmentation::UnicodeSegmentation as _;

use self::{
    bold::Bold,
    breaks::{Break, Pause},
};

/// Below this many characters *bold* is not kept: there is no room for its marks.
const MIN_FOR_BOLD: usize = 16;

/// Cuts a text into pieces of at most `limit` characters, counted as the strictest providers do, in UTF-16 code units, so
/// that an emoji counts twice. No piece is empty or has white space around it; a text within the limit is one piece.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut pieces = Vec::new();
    let mut rest = text.trim().to_owned();
    while length(&rest) > limit {
        let cut = cut(&rest, limit);
        let (piece, more) =
            (rest.get(..cut.end).unwrap_or_default(), rest.get(cut.next..).unwrap_or_default());
        let (piece, more) = if cut.inside_bold {
            (format!("{}*", piece.trim_end()), format!("*{}", more.trim_start()))
        } else {
            (piece.trim().to_owned(), more.trim_start().to_owned())
        };
        if !piece.is_empty() {
            pieces.push(piece);
        }
        rest = more;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// How long a text is, in UTF-16 code units.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The beginning of a text that has at most `limit` characters as [`split`] counts them, cut between what a reader sees
/// as characters, with an ellipsis if something is missing.
pub fn shorten(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    let mut short = String::new();
    for grapheme in text.graphemes(true) {
        if length(&short) + length(grapheme) + 1 > limit {
            break;
        }
        short.push_str(grapheme);
    }
    format!("{}…", short.trim_end())
}

/// Where a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    /// Where the piece ends, in bytes; never 0.
    end: usize,
    /// Where the rest begins, in bytes.
    next: usize,
    /// Whether *bold* is closed and opened again here.
    inside_bold: bool,
}

fn cut(text: &str, limit: usize) -> Cut {
    let bold = if limit < MIN_FOR_BOLD { Bold::none() } else { Bold::find(text) };
    let breaks = breaks::between_words(text);
    let fitting: Vec<Cut> = breaks.iter().filter_map(|at| fit(text, limit, &bold, at)).collect();
    let late = |wanted: Pause, inside_bold: bool| {
        // A longer pause may come sooner.
        let least = byte_of(text, if wanted >= Pause::Line { limit / 3 } else { limit / 2 });
        let mut all = breaks.iter().filter(|at| at.pause >= wanted).rev();
        all.find_map(|at| {
            fitting.iter().find(|cut| cut.end == at.end && cut.end >= least && cut.inside_bold == inside_bold)
        })
    };
    [Pause::Paragraph, Pause::Line, Pause::Sentence, Pause::Word]
        .into_iter()
        .find_map(|pause| late(pause, false))
        .or_else(|| late(Pause::Sentence, true))
        .or_else(|| late(Pause::Word, true))
        .or(fitting.last())
        .copied()
        .unwrap_or_else(|| within_word(text, limit, &bold))
}

/// The cut at a break, if the piece before it is short enough.
fn fit(text: &str, limit: usize, bold: &Bold, at: &Break) -> Option<Cut> {
    let inside_bold = bold.holds(at.end)?;
    let piece = text.get(..at.end)?;
    let fits = length(piece) + usize::from(inside_bold) <= limit;
    // A piece of nothing but the mark that was opened again would be no progress.
    let says_something = !piece.trim_matches('*').trim().is_empty();
    (fits && says_something).then_some(Cut { end: at.end, next: at.next, inside_bold })
}

/// Cuts a word that alone is too long: between the words of a script that writes them together, else between what a
/// reader sees as characters, else anywhere.
fn within_word(text: &str, limit: usize, bold: &Bold) -> Cut {
    let try_at = |end: usize| fit(text, limit, bold, &Break { end, next: end, pause: Pause::Word });
    let window = text.get(..byte_of(text, limit)).unwrap_or(text);
    let half = byte_of(text, limit / 2);
    let is_link = breaks::begins_with_link(text);
    let words = text.split_word_bound_indices().map(|(at, _)| at).take_while(|at| *at <= window.len());
    let last_word = words.filter(|at| *at > half && !is_link).filter_map(try_at).last();
    let characters = text.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= window.len());
    last_word.or_else(|| characters.filter_map(try_at).last()).unwrap_or_else(|| {
        // One character of more parts than a message has place for.
        let first = text.chars().next().map_or(text.len(), char::len_utf8);
        let end = window.len().max(first);
        Cut { end, next: end, inside_bold: false }
    })
}

/// Where the first `limit` characters of a text end, in bytes.
fn byte_of(text: &str, limit: usize) -> usize {
    let mut room = limit;
    for (at, c) in text.char_indices() {
        let Some(left) = room.checked_sub(c.len_utf16()) else { return at };
        room = left;
    }
    text.len()
}

#[cfg(test)]
#[path = "split/tests.rs"]
mod tests;
