//! Where a text may be broken, and how good each place is.

/// How much of a pause a reader makes at a break; the later the longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pause {
    /// Between two words.
    Word,
    /// After a sentence.
    Sentence,
    /// After a line.
    Line,
    /// After a paragraph.
    Paragraph,
}

/// A place where a text may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Break {
    /// Where what stands before it ends, in bytes.
    pub(super) end: usize,
    /// Where what stands after it begins, in bytes.
    pub(super) next: usize,
    /// How good it is.
    pub(super) pause: Pause,
}

/// White space that holds together what stands around it, as in `1 200 000` or `8 p. m.`.
const HOLDING: [char; 4] = ['\u{a0}', '\u{202f}', '\u{2007}', '\u{2060}'];

/// What ends a sentence before white space, in the scripts that put white space there.
const ENDS: [char; 8] = ['.', '!', '?', '…', '؟', '۔', '।', '‽'];

/// What ends a sentence, in the scripts that put no white space there.
const FULL_WIDTH_ENDS: [char; 3] = ['。', '！', '？'];

/// What may stand between the end of a sentence and the white space.
const CLOSING: [char; 9] = [')', ']', '"', '\'', '»', '”', '’', '*', '_'];

/// The breaks between words, sentences, lines and paragraphs, in their order.
pub(super) fn between_words(text: &str) -> Vec<Break> {
    let mut breaks = Vec::new();
    let mut white: Option<(usize, usize)> = None;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && !HOLDING.contains(&c) {
            let (begin, lines) = white.unwrap_or((at, 0));
            white = Some((begin, lines + usize::from(c == '\n')));
            continue;
        }
        if let Some((end, lines)) = white.take() {
            // An accent without a letter belongs to the white space before it: they are one character.
            if !is_accent(c) {
                breaks.push(Break { end, next: at, pause: pause(text, end, lines) });
            }
        } else if at > 0
            && text.get(..at).is_some_and(|before| before.ends_with(FULL_WIDTH_ENDS))
            && !closes(c)
        {
            breaks.push(Break { end: at, next: at, pause: Pause::Sentence });
        }
    }
    breaks
}

/// Whether a text begins with the address of a page.
pub(super) fn begins_with_link(text: &str) -> bool {
    ["https://", "http://", "www."].iter().any(|begin| text.starts_with(begin))
}

fn closes(c: char) -> bool {
    CLOSING.contains(&c) || FULL_WIDTH_ENDS.contains(&c) || matches!(c, '」' | '』' | '）')
}

fn is_accent(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c) || matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

fn pause(text: &str, end: usize, lines: usize) -> Pause {
    match lines {
        0 if text.get(..end).is_some_and(ends_sentence) => Pause::Sentence,
        0 => Pause::Word,
        1 => Pause::Line,
        _ => Pause::Paragraph,
    }
}

fn ends_sentence(before: &str) -> bool {
    let bare = before.trim_end_matches(CLOSING);
    let Some(mark) = bare.chars().next_back().filter(|c| ENDS.contains(c) || FULL_WIDTH_ENDS.contains(c))
    else {
        return false;
    };
    mark != '.' || !is_short_form(bare.trim_end_matches('.'))
}

/// Whether the word before a point is one that is written with it: `Sr.`, `Av.`, `p.`, or the number of a list's item.
fn is_short_form(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or(before);
    let word = line.rsplit(|c: char| c.is_whitespace()).next().unwrap_or(line);
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let letters = word.chars().count();
    let is_item = line.trim() == word && word.chars().all(|c| c.is_ascii_digit());
    let is_title = letters <= 3 && word.chars().next().is_some_and(char::is_uppercase);
    is_item || letters <= 1 && !word.chars().all(|c| c.is_ascii_digit()) || is_title
}
