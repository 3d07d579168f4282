//! Where a chat shows *bold*: between two asterisks of one line that hug their words, as WhatsApp reads them
//! (<https://faq.whatsapp.com/539178204879377>).

use std::ops::Range;

/// The bold parts of a text, with their marks, in bytes.
#[derive(Debug)]
pub(super) struct Bold(Vec<Range<usize>>);

impl Bold {
    /// A text without any.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    /// The bold parts of a text.
    pub(super) fn find(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut begin = 0;
        for line in text.split_inclusive('\n') {
            let mut opened: Option<usize> = None;
            for (at, _) in line.match_indices('*') {
                match opened {
                    Some(open) if closes(line, at) && at > open + 1 => {
                        parts.push(begin + open..begin + at + 1);
                        opened = None;
                    }
                    None if opens(line, at) => opened = Some(at),
                    _ => {}
                }
            }
            begin += line.len();
        }
        Self(parts)
    }

    /// Whether a place is inside bold; none when nothing may be cut there because it would leave empty bold.
    pub(super) fn holds(&self, at: usize) -> Option<bool> {
        let Some(part) = self.0.iter().find(|part| part.start < at && at < part.end) else {
            return Some(false);
        };
        (part.start + 1 < at && at + 1 < part.end).then_some(true)
    }
}

fn opens(line: &str, at: usize) -> bool {
    let (before, after) = line.split_at(at);
    let is_free = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '*');
    is_free && after.chars().nth(1).is_some_and(|c| !c.is_whitespace() && c != '*')
}

fn closes(line: &str, at: usize) -> bool {
    let (before, after) = line.split_at(at);
    let is_free = after.chars().nth(1).is_none_or(|c| !c.is_alphanumeric() && c != '*');
    is_free && before.chars().next_back().is_some_and(|c| !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_hugs_its_words_and_stays_in_its_line() {
        let found =
            |text: &str| Bold::find(text).0.into_iter().map(|part| text[part].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("Cuesta *$50* y *dura dos horas*."), ["*$50*", "*dura dos horas*"]);
        assert_eq!(found("(*hoy*) 2*3*4 * no * **"), ["*hoy*"]);
        assert!(found("*uno\ndos*").is_empty());
        assert_eq!(found("* punto\n*sí*"), ["*sí*"]);
    }
}
