//! A reply as it is heard on the phone: a few sentences, without what only the eye understands.

use std::sync::LazyLock;

use regex::Regex;

use super::is_item;
use crate::engine::sentences::sentences;

/// The longest reply that is heard, in characters: about half a minute. Whole sentences beyond it are left out.
const MAX_SPOKEN_CHARS: usize = 420;

static ADDRESS: LazyLock<Regex> = LazyLock::new(address);

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile it")]
fn address() -> Regex {
    Regex::new(r"(?i)\(?(?:https?://|www\.)[^\s<>()]*[^\s<>().,;:!?]\)?").expect("a valid pattern")
}

/// The reply as it is heard; `link` are the words in place of an address of the web.
pub fn spoken(reply: &str, link: &str) -> String {
    let plain = ADDRESS.replace_all(reply, link);
    let plain: String = plain.chars().filter(|c| !is_only_seen(*c)).collect();
    shorten(&joined(&plain))
}

/// Marks, arrows and pictures.
fn is_only_seen(c: char) -> bool {
    matches!(c, '*' | '_' | '`' | '~' | '\u{200d}' | '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// The lines as running text: the items of a list become one sentence.
fn joined(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let words = if is_item(line) { without_mark(line) } else { line };
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(words);
        let more = lines.get(at + 1).is_some_and(|next| is_item(next));
        let is_open = !words.ends_with(['.', '?', '!', ':', ',', ';', '…']);
        match (is_item(line), more) {
            (true, true) if is_open => out.push(','),
            _ if is_open => out.push('.'),
            _ => {}
        }
    }
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    // What was taken out may have stood before a mark.
    [" .", " ,", " :", " ;", " ?", " !"].iter().fold(out, |text, mark| text.replace(mark, mark.trim_start()))
}

/// An item without its dash or number.
fn without_mark(item: &str) -> &str {
    item.split_once(' ').map_or(item, |(_, words)| words.trim_start())
}

/// The first sentences that fit, and the question at the end, which waits for an answer.
fn shorten(text: &str) -> String {
    let all = sentences(text);
    let length = |text: &str| text.chars().count() + 1;
    let question = all.last().copied().filter(|last| all.len() > 1 && last.contains('?'));
    let mut room = MAX_SPOKEN_CHARS.saturating_sub(question.map_or(0, length));
    let mut kept: Vec<&str> = Vec::new();
    let before = all.len() - usize::from(question.is_some());
    for sentence in all.iter().take(before) {
        if length(sentence) > room && !kept.is_empty() {
            break;
        }
        room = room.saturating_sub(length(sentence));
        kept.push(sentence);
    }
    kept.extend(question);
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &str, expected: &str) {
        assert_eq!(spoken(reply, "nuestra página web"), expected);
    }

    #[test]
    fn what_only_the_eye_understands_is_not_spoken() {
        check("*Botox*: desde *$900.000* 😀", "Botox: desde $900.000.");
        check(
            "Tenemos:\n- *Facial* (60 min)\n- Masaje\n\n¿Cuál prefiere?",
            "Tenemos: Facial (60 min), Masaje. ¿Cuál prefiere?",
        );
        check("1. Llame.\n2. Venga", "Llame. Venga.");
        check(
            "Reserve en https://benova.co/citas?a=1. O llame (www.benova.co).",
            "Reserve en nuestra página web. O llame nuestra página web.",
        );
        check("Son $1.250.000,50 por 2 a 3 sesiones.", "Son $1.250.000,50 por 2 a 3 sesiones.");
        check("", "");
        check("Hola 😀, Ana 🎉.", "Hola, Ana.");
        check("❤️👍🏽", "");
    }

    #[test]
    fn a_long_reply_keeps_its_first_sentences_and_its_question() {
        let long = "Esta frase tiene cincuenta letras, más o menos, o casi. ".repeat(20);
        let heard = spoken(&format!("{long}\n\n¿Me dice su nombre, por favor?"), "x");
        assert!(heard.chars().count() <= MAX_SPOKEN_CHARS, "{heard}");
        assert!(
            heard.starts_with("Esta frase") && heard.ends_with("o casi. ¿Me dice su nombre, por favor?"),
            "{heard}"
        );
        // A sentence is never cut in two.
        let one = format!("Una {} palabra.", "larga ".repeat(200).trim());
        check(&one, &one);
    }
}
