//! Lists of phrases in a few kilobytes of text, and finding them in the words of a message.
//!
//! A list is read by people who are no programmers and found in microseconds. Each line is `label: phrase, phrase`, each
//! phrase a row of folded words, where
//!
//! | written | means |
//! |---|---|
//! | `word` | that word |
//! | `word*` | a word that begins so |
//! | `~word` | that word or one mistyped by a letter |
//! | `[a\|b*]` | one of them |
//! | `@class` | one of the words of the line `@class: a, b*, @other` |
//! | `?word`, `?@class` | that or nothing |
//! | `…`, `…6` | up to three, up to six other words |
//!
//! and `#` begins a comment. Several lists may share their classes: they are then parsed as one text.

use std::collections::HashMap;

/// How many words a `…` without a number stands for at most.
const GAP: usize = 3;

/// A phrase that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// What its line says before the colon.
    pub(crate) label: &'static str,
    /// The first of its words.
    pub(crate) at: usize,
    /// How many words it takes, at least one.
    pub(crate) words: usize,
}

/// Lists of phrases, ready to be looked for.
pub(crate) struct Phrasebook {
    phrases: Vec<Phrase>,
    /// The phrases that begin with this word.
    by_word: HashMap<&'static str, Vec<usize>>,
    /// The phrases whose first word is like this, by its first letters.
    by_start: HashMap<&'static str, Vec<(Term, usize)>>,
}

struct Phrase {
    label: &'static str,
    parts: Vec<Part>,
}

enum Part {
    /// One word that is one of these.
    One(Vec<Term>),
    /// The same or nothing.
    Optional(Vec<Term>),
    /// Up to so many words.
    Gap(usize),
}

#[derive(Clone, Copy)]
enum Term {
    Word(&'static str),
    Beginning(&'static str),
    /// The word or one a letter away from it.
    Near(&'static str),
}

impl Term {
    fn parse(text: &'static str) -> Self {
        match (text.strip_prefix('~'), text.strip_suffix('*')) {
            (Some(word), _) => Self::Near(word),
            (None, Some(beginning)) => Self::Beginning(beginning),
            (None, None) => Self::Word(text),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Word(text) | Self::Beginning(text) | Self::Near(text) => text,
        }
    }

    fn is(self, word: &str) -> bool {
        match self {
            Self::Word(text) => word == text,
            Self::Beginning(text) => word.starts_with(text),
            Self::Near(text) => {
                word == text
                    || (word.len().abs_diff(text.len()) <= 1 && strsim::osa_distance(word, text) <= 1)
            }
        }
    }
}

impl Phrasebook {
    /// Reads lists.
    ///
    /// # Errors
    /// What is wrong with which phrase.
    pub(crate) fn parse(text: &'static str) -> Result<Self, String> {
        let lines: Vec<(&str, &str)> = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.split_once(": ").ok_or_else(|| format!("no label: {line:?}")))
            .collect::<Result<_, _>>()?;
        let mut classes: HashMap<&str, Vec<Term>> = HashMap::new();
        for (label, words) in &lines {
            if let Some(class) = label.strip_prefix('@') {
                let mut terms = Vec::new();
                for word in words.split(", ") {
                    match word.strip_prefix('@') {
                        Some(class) => terms.extend(known(&classes, class)?),
                        None => terms.push(Term::parse(word)),
                    }
                }
                classes.entry(class).or_default().extend(terms);
            }
        }
        let mut book = Self { phrases: Vec::new(), by_word: HashMap::new(), by_start: HashMap::new() };
        for (label, phrases) in lines.into_iter().filter(|(label, _)| !label.starts_with('@')) {
            for phrase in phrases.split(", ") {
                let parts: Vec<Part> =
                    phrase.split(' ').map(|part| Part::parse(part, &classes)).collect::<Result<_, _>>()?;
                let Some(Part::One(terms)) = parts.first() else {
                    return Err(format!("{phrase:?} does not begin with a word"));
                };
                if !matches!(parts.last(), Some(Part::One(_))) {
                    return Err(format!("{phrase:?} does not end with a word"));
                }
                let index = book.phrases.len();
                for term in terms {
                    match *term {
                        Term::Word(word) => book.by_word.entry(word).or_default().push(index),
                        Term::Beginning(text) => {
                            book.by_start.entry(start(text, START)).or_default().push((*term, index));
                        }
                        // Of a mistyped word only the first letter is trusted.
                        Term::Near(text) => {
                            book.by_start.entry(start(text, 1)).or_default().push((*term, index));
                        }
                    }
                }
                book.phrases.push(Phrase { label, parts });
            }
        }
        Ok(book)
    }

    /// The longest phrase that begins with the word at `at`.
    pub(crate) fn longest_at(&self, words: &[&str], at: usize) -> Option<Found> {
        self.all_at(words, at).reduce(|best, next| if next.words > best.words { next } else { best })
    }

    /// Every phrase, by where it begins. A phrase that fits in several ways is found once, in its shortest.
    pub(crate) fn all(&self, words: &[&str]) -> impl Iterator<Item = Found> {
        (0..words.len()).flat_map(|at| self.all_at(words, at))
    }

    fn all_at(&self, words: &[&str], at: usize) -> impl Iterator<Item = Found> {
        let rest = words.get(at..).unwrap_or_default();
        let word = rest.first().copied().unwrap_or_default();
        let exact = self.by_word.get(word).into_iter().flatten().copied();
        let (letters, letter) = (start(word, START), start(word, 1));
        let starts = [letters, letter].into_iter().take(if letters == letter { 1 } else { 2 });
        let alike = starts
            .filter_map(|start| self.by_start.get(start))
            .flatten()
            .filter(|(term, _)| term.is(word))
            .map(|(_, index)| *index);
        exact.chain(alike).filter_map(move |index| {
            let phrase = self.phrases.get(index)?;
            length(&phrase.parts, rest).map(|words| Found { label: phrase.label, at, words })
        })
    }

    /// What stands before the colons, once for each phrase.
    #[cfg(test)]
    pub(crate) fn labels(&self) -> impl Iterator<Item = &'static str> {
        self.phrases.iter().map(|phrase| phrase.label)
    }
}

/// The words of a class.
fn known<'a>(classes: &'a HashMap<&str, Vec<Term>>, class: &str) -> Result<&'a [Term], String> {
    classes.get(class).map(Vec::as_slice).ok_or_else(|| format!("no line @{class} above"))
}

impl Part {
    fn parse(text: &'static str, classes: &HashMap<&str, Vec<Term>>) -> Result<Self, String> {
        if let Some(words) = text.strip_prefix('…') {
            let words = if words.is_empty() { Ok(GAP) } else { words.parse() };
            return words.map(Self::Gap).map_err(|_| format!("not a number of words: {text:?}"));
        }
        let (is_optional, rest) = match text.strip_prefix('?') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let terms = if let Some(class) = rest.strip_prefix('@') {
            known(classes, class)?.to_vec()
        } else if let Some(alternatives) = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            alternatives.split('|').map(Term::parse).collect()
        } else {
            vec![Term::parse(rest)]
        };
        let is_word = |term: &Term| {
            let text = term.text();
            !text.is_empty() && text.chars().all(char::is_alphanumeric) && text == crate::text::fold(text)
        };
        // The index knows words by two letters, so the beginning of a word has at least these.
        let is_indexed = |term: &Term| !matches!(term, Term::Beginning(text) if text.len() < START);
        if !terms.iter().all(|term| is_word(term) && is_indexed(term)) {
            return Err(format!("not a folded word: {text:?}"));
        }
        Ok(if is_optional { Self::Optional(terms) } else { Self::One(terms) })
    }
}

/// How many letters of its first word a phrase is known by.
const START: usize = 2;

/// The first letters of a word, by which it is looked for.
fn start(word: &str, letters: usize) -> &str {
    word.get(..letters).unwrap_or(word)
}

/// How many of the words the parts take, if they fit.
fn length(parts: &[Part], words: &[&str]) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(0) };
    let next = |terms: &[Term]| {
        let (word, after) = words.split_first()?;
        if !terms.iter().any(|term| term.is(word)) {
            return None;
        }
        length(rest, after).map(|taken| taken + 1)
    };
    match part {
        Part::One(terms) => next(terms),
        Part::Optional(terms) => next(terms).or_else(|| length(rest, words)),
        Part::Gap(most) => (0..=*most).find_map(|gap| {
            let after = words.get(gap..)?;
            length(rest, after).map(|taken| taken + gap)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(book: &str, text: &str) -> Vec<&'static str> {
        let book = Phrasebook::parse(book.to_owned().leak()).unwrap();
        let words: Vec<&str> = text.split(' ').collect();
        book.all(&words).map(|found| found.label).collect()
    }

    #[test]
    fn every_kind_of_part_fits_what_it_says_and_nothing_else() {
        let check = |phrase: &str, fits: &[&str], not: &[&str]| {
            let book = format!("@verb: hablar\n@talk: @verb, convers*\nyes: {phrase}");
            for text in fits {
                assert_eq!(labels(&book, text), ["yes"], "{phrase:?} {text:?}");
            }
            for text in not {
                assert!(labels(&book, text).is_empty(), "{phrase:?} {text:?}");
            }
        };
        check("mal", &["mal", "muy mal"], &["malo", "ma"]);
        check("mal*", &["mal", "malo"], &["ma"]);
        check("~persona", &["persona", "presona", "perzona", "personas"], &["personaje", "perros"]);
        check("[un|una*] casa", &["un casa", "unas casa"], &["una", "la casa"]);
        check("@talk con", &["hablar con", "conversemos con"], &["hablar sin"]);
        check("@talk ?con alguien", &["hablar con alguien", "hablar alguien"], &["hablar con un alguien"]);
        check("llevo … dias", &["llevo dias", "llevo ya tres largos dias"], &["llevo a b c d dias"]);
        check("llevo …1 dias", &["llevo tres dias"], &["llevo ya tres dias"]);
    }

    #[test]
    fn the_longest_phrase_at_a_place_wins() {
        let book = Phrasebook::parse("bad: mal\nworse: mal servicio, mal … siempre").unwrap();
        let words = ["mal", "servicio", "como", "siempre"];
        assert_eq!(book.longest_at(&words, 0), Some(Found { label: "worse", at: 0, words: 4 }));
        assert_eq!(book.longest_at(&words, 1), None);
        assert_eq!(book.longest_at(&words, 9), None);
        assert_eq!(book.labels().count(), 3);
    }

    #[test]
    fn lists_with_mistakes_are_refused() {
        for (text, expected) in [
            ("just words", "no label"),
            ("a: @nobody", "no line @nobody"),
            ("@a: @nobody", "no line @nobody"),
            ("a: … word", "does not begin"),
            ("a: mal …", "does not end"),
            ("a: Mal", "not a folded word"),
            ("a: malísimo", "not a folded word"),
            ("a: m*", "not a folded word"),
            ("a: two  blanks", "not a folded word"),
            ("a: word …x", "not a number"),
        ] {
            let error = Phrasebook::parse(text).err().unwrap();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
