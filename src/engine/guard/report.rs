//! What was found in a reply, and what becomes of it: data for a second try, or the reply without the sentences that
//! do not hold.

use std::ops::Range;

use super::Grounds;
use crate::{
    engine::{sentences::sentences, smalltalk},
    text::{fold, words},
};

/// The most findings that a model is told of: a longer list teaches a weak one nothing.
const MAX_TOLD: usize = 8;

/// Something in a reply that must not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The sentence it stands in, as bytes of the reply.
    pub sentence: Range<usize>,
    /// The words themselves.
    pub what: String,
    /// What it is.
    pub kind: FindingKind,
}

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// An amount of money.
    Price,
    /// A percentage.
    Percent,
    /// A quantity, a duration or another number.
    Number,
    /// A date, a day of the week or a month.
    Date,
    /// A time of day.
    Hour,
    /// A phone number.
    Phone,
    /// A link or a name in a social network.
    Link,
    /// An e-mail address.
    Email,
    /// Something of the prompt: its rules, a tool, JSON.
    Leak,
}

/// What a model is told when it tries again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correction {
    /// What nobody gave it, in its own words, without repeats.
    pub invented: Vec<String>,
    /// Whether it told something of the prompt.
    pub leaked: bool,
}

/// What a model is to be told about these findings.
pub fn correction(findings: &[Finding]) -> Correction {
    let mut correction = Correction::default();
    for finding in findings {
        if finding.kind == FindingKind::Leak {
            correction.leaked = true;
        } else if correction.invented.len() < MAX_TOLD && !correction.invented.contains(&finding.what) {
            correction.invented.push(finding.what.clone());
        }
    }
    correction
}

/// The sentences of a reply, line by line, in bytes.
pub(super) fn sentence_ranges(reply: &str) -> Vec<Range<usize>> {
    line_ranges(reply).into_iter().flat_map(|line| line_sentences(reply, &line)).collect()
}

fn line_ranges(reply: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let lines = reply.split('\n').map(|line| {
        let range = at..at + line.len();
        at = range.end + 1;
        range
    });
    lines.collect()
}

fn line_sentences(reply: &str, line: &Range<usize>) -> Vec<Range<usize>> {
    let mut at = line.start;
    let text = reply.get(line.clone()).unwrap_or_default();
    let mut ranges = Vec::new();
    for sentence in sentences(text) {
        let Some(start) = reply.get(at..line.end).and_then(|rest| rest.find(sentence)) else { continue };
        let range = at + start..at + start + sentence.len();
        at = range.end;
        ranges.push(range);
    }
    ranges
}

/// A line of a reply while sentences are taken out of it.
struct Line<'a> {
    kept: Vec<&'a str>,
    /// The mark of an item of a list, "- " or "2. ".
    mark: Option<&'a str>,
    was_empty: bool,
}

/// The reply without the sentences of the findings, when what is left is still an answer. Lists keep their shape: an
/// item goes as a whole, numbers are counted anew, and a line that only led to items that are gone goes with them.
pub(super) fn without(grounds: &Grounds, reply: &str, findings: &[Finding]) -> Option<String> {
    let lines = line_ranges(reply).into_iter().map(|range| keep_sentences(reply, &range, findings)).collect();
    let lines = drop_lead_ins(lines);
    let mut text = String::new();
    let mut number = 0;
    for line in lines {
        if line.was_empty {
            number = 0;
            text.push('\n');
            continue;
        }
        let mut said = line.kept.join(" ");
        match line.mark {
            Some(mark) if mark.starts_with(|c: char| c.is_ascii_digit()) => {
                number += 1;
                let sign = mark.trim_start_matches(|c: char| c.is_ascii_digit());
                said = format!("{number}{sign}{}", said.strip_prefix(mark).unwrap_or(&said));
            }
            Some(_) => {}
            None => number = 0,
        }
        text.push_str(&said);
        text.push('\n');
    }
    let text = collapse_empty_lines(text.trim());
    (is_answer(&text) && grounds.check(&text).is_ok()).then_some(text)
}

fn keep_sentences<'a>(reply: &'a str, line: &Range<usize>, findings: &[Finding]) -> Line<'a> {
    let text = reply.get(line.clone()).unwrap_or_default();
    let mark = list_mark(text);
    let offends = |sentence: &Range<usize>| findings.iter().any(|finding| finding.sentence == *sentence);
    let ranges = line_sentences(reply, line);
    let mut kept: Vec<&str> = Vec::new();
    let mut last_was_dropped = false;
    for range in &ranges {
        let sentence = reply.get(range.clone()).unwrap_or_default();
        // "Ese precio incluye …" says nothing without the sentence before.
        last_was_dropped = offends(range) || (last_was_dropped && points_back(sentence));
        if !last_was_dropped {
            kept.push(sentence);
        }
    }
    if mark.is_some() && ranges.iter().any(offends) {
        kept.clear();
    }
    Line { kept, mark, was_empty: text.trim().is_empty() }
}

/// Drops the lines that nothing is left of, and those that only led to them: "Los precios son:".
fn drop_lead_ins(lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    let mut result: Vec<Line<'_>> = Vec::new();
    for line in lines.into_iter().rev() {
        let leads_on = line.kept.last().is_some_and(|sentence| sentence.trim_end_matches('*').ends_with(':'));
        let items_follow =
            result.iter().rev().find(|next| !next.was_empty).is_some_and(|next| next.mark.is_some());
        if line.was_empty || (!line.kept.is_empty() && (!leads_on || items_follow)) {
            result.push(line);
        }
    }
    result.reverse();
    result
}

/// The mark of an item of a list at the beginning of a line.
fn list_mark(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if (1..=2).contains(&digits) {
        let rest = line.get(digits..)?;
        return rest.strip_prefix(['.', ')'])?.strip_prefix(' ').and(line.get(..digits + 2));
    }
    ["- ", "* ", "• ", "– "].into_iter().find(|mark| line.starts_with(mark))
}

/// How many items of lists a reply has.
pub(super) fn count_items(reply: &str) -> usize {
    reply.lines().filter(|line| list_mark(line).is_some()).count()
}

fn points_back(sentence: &str) -> bool {
    const POINTERS: [&str; 16] = [
        "ese precio",
        "este precio",
        "ese valor",
        "este valor",
        "esa tarifa",
        "ese horario",
        "esa fecha",
        "eso",
        "esto",
        "that price",
        "this price",
        "that includes",
        "esse preco",
        "este preco",
        "esse valor",
        "isso",
    ];
    let said = words(sentence).join(" ");
    POINTERS.iter().any(|pointer| said == *pointer || said.starts_with(&format!("{pointer} ")))
}

/// Whether a text says something besides courtesies, questions and lines that lead to nothing.
fn is_answer(text: &str) -> bool {
    /// A shorter statement answers nothing.
    const MIN_WORDS: usize = 3;
    sentence_ranges(text).into_iter().filter_map(|range| text.get(range)).any(|sentence| {
        let is_question = sentence.trim_end().ends_with('?');
        !is_question && words(sentence).len() >= MIN_WORDS && !is_courtesy(sentence)
    })
}

fn is_courtesy(sentence: &str) -> bool {
    const BEGINNINGS: [&str; 34] = [
        "con gusto",
        "con mucho gusto",
        "claro que si",
        "por supuesto",
        "quedo ",
        "quedamos ",
        "estoy para",
        "estamos para",
        "estoy aqui",
        "no dude",
        "si tiene alguna",
        "si tiene mas",
        "si necesita",
        "si desea",
        "si quiere",
        "gracias",
        "muchas gracias",
        "espero ",
        "esperamos ",
        "feel free",
        "let me know",
        "if you have",
        "if you need",
        "happy to",
        "thank",
        "of course",
        "i hope",
        "fico ",
        "qualquer duvida",
        "se precisar",
        "se tiver",
        "com prazer",
        "obrigad",
        "espero",
    ];
    let folded = fold(sentence);
    let said = folded.trim_start_matches(|c: char| !c.is_alphanumeric());
    smalltalk::recognise(sentence, "").is_some()
        || BEGINNINGS.iter().any(|beginning| said.starts_with(beginning))
}

fn collapse_empty_lines(text: &str) -> String {
    let mut result = String::new();
    let mut empty = 0;
    for line in text.lines() {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            result.push_str(line.trim_end());
            result.push('\n');
        }
    }
    result.trim_end().to_owned()
}
