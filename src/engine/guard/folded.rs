//! A text folded for comparing that still knows where each of its letters was written.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// What stands for a part that was read already. It is no letter, no digit and no space.
const READ: char = '\u{1f}';

/// A text in lower case and without accents.
#[derive(Debug, Clone)]
pub(super) struct Folded {
    /// The folded text. What was read is taken out of it by [`Folded::take`].
    pub(super) text: String,
    /// Where the letter of each byte was written; one more for the end.
    origins: Vec<usize>,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(text.len()), origins: Vec::new() };
        for (at, c) in text.char_indices() {
            // "1.º" and "½" are to stay what they are: canonical decomposition only.
            for c in std::iter::once(c).nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase)
            {
                folded.text.push(if c == '\u{a0}' || c == '\u{202f}' { ' ' } else { c });
                folded.origins.resize(folded.text.len(), at);
            }
        }
        folded.origins.push(text.len());
        folded
    }

    /// Where a part of the folded text was written.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let at = |index: usize| self.origins.get(index).or(self.origins.last()).copied().unwrap_or_default();
        at(range.start)..at(range.end)
    }

    /// Takes a part out: nothing else is read from it.
    pub(super) fn take(&mut self, range: &Range<usize>) {
        if self.text.get(range.clone()).is_some() {
            self.text.replace_range(range.clone(), &READ.to_string().repeat(range.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_part_knows_where_it_was_written() {
        let text = "Día ÑAÑA 1.º";
        let mut folded = Folded::of(text);
        assert_eq!(folded.text, "dia nana 1.º");
        let at = folded.text.find("nana").unwrap();
        assert_eq!(&text[folded.origin(&(at..at + 4))], "ÑAÑA");
        folded.take(&(at..at + 4));
        assert_eq!(folded.text.find("nana"), None);
        assert_eq!(&text[folded.origin(&(0..folded.text.len()))], text);
    }
}
