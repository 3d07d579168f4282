//! What customers tell of themselves in passing and would not like to be asked twice: allergies, how their skin is,
//! what they do not eat, when and how they want to be reached.
//!
//! Only first-person statements in plain forms count ([`rules`]). What is denied, supposed, asked or told of somebody
//! else is left alone: a wrong fact is worse than none. The values are the customer's own words.

mod clause;
mod rules;

use self::{
    clause::{Clause, clauses},
    rules::{Name, RULES, Rule},
};
use crate::{
    domain::{effect::FactKind, language::Language},
    engine::words::is_stop_word,
};

/// A message is looked at up to this many bytes.
const MAX_BYTES: usize = 4_000;

/// The most things learned from one message.
const MAX_FACTS: usize = 8;

/// The longest value that is kept, in characters.
const MAX_VALUE_CHARS: usize = 100;

/// Folded words before a statement that take it back: denials, suppositions, what once was.
const DOUBTS: [&str; 35] = [
    "no",
    "ni",
    "nunca",
    "si",
    "creo",
    "pienso",
    "parece",
    "quizas",
    "quiza",
    "vez",
    "posiblemente",
    "cuando",
    "era",
    "antes",
    "not",
    "never",
    "if",
    "maybe",
    "perhaps",
    "think",
    "guess",
    "probably",
    "when",
    "used",
    "nao",
    "nem",
    "se",
    "acho",
    "talvez",
    "quando",
    "caso",
    "whether",
    "fuera",
    "ya",
    "seria",
];

/// How many words before a statement are looked at for a doubt.
const DOUBT_WORDS: usize = 4;

/// Folded words between two things.
const JOINS: [&str; 7] = ["y", "e", "ni", "o", "or", "and", "ou"];

/// A thing without an article is one only if at most this many words follow the join.
const MAX_LAST_WORDS: usize = 2;

/// Folded words that end what somebody is allergic to.
const ITEM_ENDS: [&str; 24] = [
    "pero", "porque", "por", "asi", "entonces", "desde", "que", "para", "cuando", "but", "because", "so",
    "since", "mas", "entao", "porem", "puedo", "can", "posso", "hay", "is", "are", "tienen", "me",
];

/// Folded words that stand where the name of a thing should, and name none.
const NO_ITEMS: [&str; 12] = [
    "nada", "algo", "eso", "esto", "todo", "ningun", "ninguna", "nothing", "anything", "that", "isso", "tudo",
];

/// Folded articles and prepositions in front of a thing's name.
const ARTICLES: [&str; 18] = [
    "a", "al", "la", "el", "los", "las", "lo", "to", "the", "o", "os", "as", "ao", "aos", "un", "una", "um",
    "uma",
];

/// The most words of the thing somebody is allergic to.
const MAX_ITEM_WORDS: usize = 4;

/// What a message tells of its sender: of each thing its kind, its name (what it is about, folded; the same in all
/// languages), the value in the customer's words, and after how many days it is forgotten. Rules of the message's own
/// language go first.
pub fn extract_facts(text: &str, language: Language) -> Vec<(FactKind, String, String, Option<u32>)> {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
    let mut found: Vec<(FactKind, String, String, Option<u32>)> = Vec::new();
    let own = RULES.iter().filter(|rule| rule.language == language);
    let ordered: Vec<&Rule> = own.chain(RULES.iter().filter(|rule| rule.language != language)).collect();
    for clause in clauses(text) {
        for rule in &ordered {
            for (name, value) in read(rule, &clause) {
                let value: String = value.chars().take(MAX_VALUE_CHARS).collect();
                let full = found.len() == MAX_FACTS;
                let known = found.iter_mut().find(|(kind, other, ..)| *kind == rule.kind && *other == name);
                match known {
                    // Two rules may read the same words; another clause has the later word.
                    Some(known) if !clause.holds(&known.2) => known.2 = value,
                    Some(_) => {}
                    None if !full => found.push((rule.kind, name, value, rule.expires_days)),
                    None => {}
                }
            }
        }
    }
    found
}

/// What a rule reads in a clause: names and values.
fn read(rule: &Rule, clause: &Clause) -> Vec<(String, String)> {
    let Some(found) = rule.pattern.captures(&clause.folded) else { return Vec::new() };
    let whole = found.get_match();
    let is_question = clause.is_question && whole.start() == 0;
    if is_question || is_doubted(clause.folded.get(..whole.start()).unwrap_or_default(), clause) {
        return Vec::new();
    }
    let Some(value) = found.name("v") else { return Vec::new() };
    let words = clause.original(value.range());
    match rule.name {
        Name::Fixed(name) => vec![(name.to_owned(), words)],
        Name::With(name) => {
            let subject = found.name("n").map_or_else(|| value.as_str(), |part| part.as_str());
            vec![(format!("{name} {}", singular(subject)), words)]
        }
        Name::Proper(name) if words.chars().any(|c| c.is_uppercase() || c.is_ascii_digit()) => {
            vec![(name.to_owned(), words)]
        }
        Name::Proper(_) => Vec::new(),
        Name::EachItem(name) => {
            let rest = clause.folded.get(value.end()..).unwrap_or_default();
            items(rest)
                .into_iter()
                .map(|item| {
                    let range = value.end() + item.range.start..value.end() + item.range.end;
                    let value = format!("{words} {}", clause.original(range));
                    (format!("{name} {}", singular(&item.thing)), value)
                })
                .collect()
        }
    }
}

/// Whether what stands before a statement takes it back.
fn is_doubted(before: &str, clause: &Clause) -> bool {
    let words: Vec<&str> = before.split(|c: char| !c.is_alphanumeric() && c != '\'').collect();
    words.iter().rev().filter(|word| !word.is_empty()).take(DOUBT_WORDS).any(|word| {
        let negated = word.ends_with("n't");
        // "Sí, soy alérgica" is often written without the comma.
        let is_yes = *word == "si" && clause.has_accented_yes;
        negated || (DOUBTS.contains(word) && !is_yes)
    })
}

/// A thing in a list of things.
struct Item {
    /// Its folded name without articles.
    thing: String,
    /// Where it stands, articles included.
    range: std::ops::Range<usize>,
}

/// The things in "la penicilina y a los mariscos pero …".
fn items(rest: &str) -> Vec<Item> {
    let mut all: Vec<Item> = Vec::new();
    let mut open: Option<(usize, usize, Vec<&str>)> = None;
    let mut words = words_with_places(rest).into_iter().peekable();
    while let Some((at, word)) = words.next() {
        let joins = JOINS.contains(&word);
        let named = open.as_ref().map_or(0, |(.., words)| words.len());
        if named > 0 && joins {
            close(&mut all, open.take());
            // Another thing has its article ("y a los mariscos") or is the last thing said ("y mariscos").
            let next = words.peek().map(|(_, next)| *next).unwrap_or_default();
            if ARTICLES.contains(&next) || (words.len() <= MAX_LAST_WORDS && !is_stop_word(next)) {
                continue;
            }
            return all;
        }
        if ITEM_ENDS.contains(&word) || (joins && !ARTICLES.contains(&word)) {
            break;
        }
        let (_, end, named) = open.get_or_insert((at, at, Vec::new()));
        if !ARTICLES.contains(&word) {
            if named.len() == MAX_ITEM_WORDS {
                break;
            }
            named.push(word);
        }
        *end = at + word.len();
    }
    close(&mut all, open);
    all
}

fn close(all: &mut Vec<Item>, open: Option<(usize, usize, Vec<&str>)>) {
    if let Some((start, end, words)) = open
        && words.first().is_some_and(|first| !NO_ITEMS.contains(first))
    {
        all.push(Item { thing: words.join(" "), range: start..end });
    }
}

fn words_with_places(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() {
            words.push((at, word));
        }
        at += part.len();
    }
    words
}

/// The folded words without the mark of the plural, roughly: enough for "perro" and "perros" to be one name.
fn singular(words: &str) -> String {
    let stem = |word: &str| match word.strip_suffix('s') {
        Some(stem) if stem.len() >= 3 && stem.ends_with(['a', 'e', 'i', 'o', 'u', 't', 'g']) => {
            stem.to_owned()
        }
        _ => word.to_owned(),
    };
    words.split_whitespace().map(stem).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "facts/tests.rs"]
mod tests;
