//! A message cut into clauses, each in the folded form that rules read and in the customer's own words.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A part of a message between signs.
pub(super) struct Clause {
    /// Lower case without accents, one character for each of the original.
    pub(super) folded: String,
    /// Whether it is asked.
    pub(super) is_question: bool,
    /// Whether it has a "sí" with its accent, which is a yes and no "if".
    pub(super) has_accented_yes: bool,
    /// The customer's characters.
    own: Vec<char>,
}

impl Clause {
    fn new(own: Vec<char>, is_question: bool) -> Self {
        let folded: String = own.iter().map(|c| fold(*c)).collect();
        let text: String = own.iter().collect();
        let has_accented_yes = text.to_lowercase().split_whitespace().any(|word| word == "sí");
        Self { folded, is_question, has_accented_yes, own }
    }

    /// The customer's own words at a place in the folded form.
    pub(super) fn original(&self, range: Range<usize>) -> String {
        let start = self.folded.get(..range.start).unwrap_or_default().chars().count();
        let length = self.folded.get(range).unwrap_or_default().chars().count();
        let words: String = self.own.iter().skip(start).take(length).collect();
        words.trim().to_owned()
    }

    /// Whether these words are the customer's in this clause.
    pub(super) fn holds(&self, words: &str) -> bool {
        self.own.iter().collect::<String>().contains(words)
    }
}

/// The character in the form in which it is compared.
fn fold(c: char) -> char {
    let plain = c.nfd().find(|c| !is_combining_mark(*c)).unwrap_or(c);
    match plain {
        '’' | '‘' | '`' | '´' => '\'',
        plain => plain.to_lowercase().next().unwrap_or(plain),
    }
}

/// The clauses of a text, in order.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let mut all = Vec::new();
    let mut own: Vec<char> = Vec::new();
    let mut asked = false;
    let mut letters = text.nfc().peekable();
    while let Some(c) = letters.next() {
        // A point or comma between digits belongs to the number.
        let in_number = matches!(c, '.' | ',' | ':')
            && own.last().is_some_and(char::is_ascii_digit)
            && letters.peek().is_some_and(char::is_ascii_digit);
        if in_number || !is_break(c) {
            let space = c.is_whitespace();
            if !(space && own.last().is_none_or(|last| *last == ' ')) {
                own.push(if space { ' ' } else { c });
            }
            continue;
        }
        if !own.is_empty() {
            while own.last() == Some(&' ') {
                own.pop();
            }
            all.push(Clause::new(std::mem::take(&mut own), asked || c == '?'));
        }
        asked = c == '¿' || (asked && c == ',');
    }
    if !own.is_empty() {
        all.push(Clause::new(own, asked));
    }
    all
}

fn is_break(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '¡' | '¿' | '\n' | '(' | ')' | '"' | '«' | '»' | '…')
}
