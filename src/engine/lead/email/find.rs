//! Addresses in a message: written ("ana@x.co"), with a stray space ("ana @x.co") and dictated ("ana punto perez
//! arroba x punto co").

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::{EmailProblem, check_email};
use crate::{
    domain::language::Language,
    engine::lead::{
        known::is_ordinary,
        reading::{Word, continues, read},
    },
};

/// An address in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::lead) struct Found {
    /// Where it stands, in bytes.
    pub(in crate::engine::lead) range: Range<usize>,
    /// The address, or what is wrong with it.
    pub(in crate::engine::lead) address: Result<String, EmailProblem>,
}

static WRITTEN: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant pattern; the tests compile it")]
    Regex::new(r"[\p{L}\p{N}._%+'\-]+@[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)*|(?:^|[,;:\n]|\b(?:es|e|is)\b|\bcorreo|\be?-?mail)\s*(?P<apart>[\w.+\-]+ ?@ ?[\w\-]+(?:\.[\w\-]+)+)").expect("a valid pattern")
});

/// The addresses of a message, in order.
pub(in crate::engine::lead) fn find(text: &str, language: Language) -> Vec<Found> {
    let mut found = Vec::new();
    for captures in WRITTEN.captures_iter(text) {
        let Some(whole) = captures.name("apart").or_else(|| captures.get(0)) else { continue };
        let address: String = whole.as_str().split_whitespace().collect();
        found.push(Found { range: whole.range(), address: check_email(&address) });
    }
    if found.is_empty() { dictated(text, language) } else { found }
}

/// What the sign is called.
const AT: &[&str] = &["arroba", "aroba", "arrova"];
/// What the sign is called where the word also has other meanings.
const AT_IN_ENGLISH: &str = "at";

/// A sign of an address by its name, and how many words the name has.
fn sign(words: &[Word<'_>], at: usize) -> Option<(&'static str, usize)> {
    let here = |offset: usize| words.get(at + offset).map(|word| word.folded.as_str()).unwrap_or_default();
    match (here(0), here(1)) {
        ("guion", "bajo") | ("raya", "baja" | "abajo") | ("under", "score") => Some(("_", 2)),
        ("underscore" | "underline" | "subguion" | "underlain", _) => Some(("_", 1)),
        ("guion" | "hifen" | "dash" | "hyphen" | "traco", _) => Some(("-", 1)),
        ("punto" | "ponto" | "dot", _) => Some((".", 1)),
        _ => None,
    }
}

/// The sign that is written between a word and the one before it, without spaces: "ana.perez arroba …".
fn joined<'a>(word: &Word<'a>) -> Option<&'a str> {
    matches!(word.gap, "." | "_" | "-" | "+" | "").then_some(word.gap)
}

fn dictated(text: &str, language: Language) -> Vec<Found> {
    let words = read(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let is_at = AT.contains(&word.folded.as_str())
            || (word.folded == AT_IN_ENGLISH && (language == Language::En || word.gap.ends_with(['(', '['])));
        if !is_at {
            continue;
        }
        if !continues(&words, at) && !word.gap.ends_with(['(', '[']) {
            continue;
        }
        let (Some((from, local)), Some((to, domain))) = (local_part(&words, at), domain(&words, at + 1))
        else {
            continue;
        };
        // "At" is an address only with a domain after it: "meet me at noon".
        if word.folded == AT_IN_ENGLISH && !domain.contains('.') {
            continue;
        }
        let address = check_email(&format!("{local}@{domain}"));
        found.push(Found { range: from..to, address });
    }
    found
}

/// The local part that ends before the word at `end`, and where it begins.
fn local_part(words: &[Word<'_>], end: usize) -> Option<(usize, String)> {
    let mut at = end.checked_sub(1)?;
    let mut local = words.get(at)?.text.to_owned();
    // "Nata velez 22 arroba": digits are said apart and written without a space.
    let is_number = |word: &Word<'_>| word.text.bytes().all(|byte| byte.is_ascii_digit());
    if words.get(at).is_some_and(is_number)
        && joined(words.get(at)?).is_none()
        && at > 0
        && sign_before(words, at).is_none()
    {
        at -= 1;
        local = format!("{}{local}", words.get(at)?.text);
    }
    while let Some(word) = words.get(at) {
        if let Some(sign) = joined(word).filter(|_| at > 0) {
            at -= 1;
            local = format!("{}{sign}{local}", words.get(at)?.text);
        } else if let Some((sign, length, before)) = sign_before(words, at) {
            at = before;
            debug_assert!(length > 0, "a sign has a name");
            local = format!("{}{sign}{local}", words.get(at)?.text);
        } else {
            return (!goes_on_before(words, at)).then_some((word.start, local));
        }
    }
    None
}

/// Whether the word before may belong to the address too: of "mi correo nata velez arroba …" nobody knows whether the
/// first part is "velez" or "natavelez".
fn goes_on_before(words: &[Word<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| words.get(before)) else { return false };
    continues(words, at) && !is_ordinary(before) && before.text.chars().count() > 2
}

/// The sign named just before the word at `at`, the length of its name, and the word before it.
fn sign_before(words: &[Word<'_>], at: usize) -> Option<(&'static str, usize, usize)> {
    [2, 1].into_iter().find_map(|length| {
        let start = at.checked_sub(length)?;
        let (sign, words_of_sign) = sign(words, start)?;
        let before = start.checked_sub(1)?;
        (words_of_sign == length).then_some((sign, length, before))
    })
}

/// The domain that begins with the word at `start`, and where it ends.
fn domain(words: &[Word<'_>], start: usize) -> Option<(usize, String)> {
    const TOPS: &[&str] = &["com", "es", "co", "net", "org", "br", "mx", "ar", "cl", "pe"];
    let first = words.get(start)?;
    let (mut at, mut domain, mut end) = (start, first.folded.clone(), first.end);
    while let Some(next) = words.get(at + 1) {
        let (sign, word) = if matches!(next.gap, "." | "-") {
            (next.gap, next)
        } else if let Some((sign, length)) = sign(words, at + 1) {
            let Some(word) = words.get(at + 1 + length) else { break };
            at += length;
            (sign, word)
        } else if TOPS.contains(&next.folded.as_str())
            && at < start + 2
            && next.gap == " "
            && !domain.contains(".com")
        {
            (".", next)
        } else {
            break;
        };
        domain.push_str(sign);
        domain.push_str(&word.folded);
        (at, end) = (at + 1, word.end);
    }
    Some((end, domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_written_and_dictated() {
        for (text, expected) in [
            ("mi correo es ana@x.co.", "ana@x.co"),
            ("ana.perez arroba gmail punto com", "ana.perez@gmail.com"),
            ("es marta guion bajo gil arroba yahoo punto com punto mx gracias", "marta_gil@yahoo.com.mx"),
            ("ana arroba gmail.com", "ana@gmail.com"),
            ("ana arroba gmail com", "ana@gmail.com"),
            ("bruna arroba hotmail ponto com", "bruna@hotmail.com"),
            ("mi correo es ana @gmail.com", "ana@gmail.com"),
            ("ana@ gmail.com", "ana@gmail.com"),
        ] {
            let found = find(text, Language::Es);
            let [one] = found.as_slice() else { panic!("{text:?}: {found:?}") };
            assert_eq!(one.address.as_deref(), Ok(expected), "{text:?}");
        }
        let english = find("it's john dot smith at gmail dot com", Language::En);
        assert_eq!(
            english.first().map(|found| found.address.clone()),
            Some(Ok("john.smith@gmail.com".to_owned()))
        );
    }

    #[test]
    fn what_is_no_address_is_not_found() {
        for text in [
            "call me at noon",
            "la arroba de carne",
            "@latuerca en instagram",
            "síganos en @benova",
            "arroba",
        ] {
            for language in Language::ALL {
                let found = find(text, language);
                assert!(found.iter().all(|found| found.address.is_err()), "{text:?}: {found:?}");
            }
        }
    }
}
