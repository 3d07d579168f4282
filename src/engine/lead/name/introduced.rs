//! Names that are introduced: "me llamo …", "soy …", "Nombre: …", a signature under a letter.

use super::{Setting, TITLES, case_tells, has_capital, name_end};
use crate::engine::lead::{
    company,
    known::{is_given_name, is_name, is_ordinary, is_place, may_be_name},
    reading::{Phrases, Word, continues, says},
};

/// A name follows them for certain.
static STRONG: Phrases = Phrases::of(
    "mi nombre es, mi nombre completo es, mi nombre, me llamo, a nombre de, my name is, my name s, my full \
     name is, my name, call me, pueden llamarme, puede llamarme, puedes llamarme, meu nome e, meu nome \
     completo e, meu nome, me chamo",
);

/// A field of a form; a name follows its colon.
static LABELS: Phrases = Phrases::of(
    "nombre, nombres, nombre completo, nombre y apellido, nombres y apellidos, name, full name, nome, nome \
     completo",
);

/// A name may follow them, or anything else.
static WEAK: Phrases = Phrases::of(
    "soy, me puede decir, me puedes decir, me dicen, puedes decirme, dime, llamame, pode me chamar de, me \
     chame de, me conocen como, me presento, por aqui, por aca, yo soy, le escribe, les escribe, te escribe, \
     escribe, le habla, les habla, te habla, habla, hablas con, habla con, le saluda, les saluda, te saluda, \
     saluda, aqui, aca, sou, eu sou, aqui e, quem fala e, fala com, i m, im, i am, this is, you re talking to",
);

/// They introduce a name only in an answer or a correction.
static IN_ANSWERS: Phrases = Phrases::of("es, e, it s, it s actually, i meant, con");

/// What follows the name of somebody who introduces themselves behind it: "Marcus here".
static AFTERWARDS: Phrases =
    Phrases::of("here, por aca, por aqui, aqui, le escribe, te escribe, le saluda, falando");

/// Before the company of somebody who introduces themselves by it: "Angela Brooks from Brooks Catering".
static BEFORE_COMPANY: Phrases = Phrases::of("from, with, de, del, de la, da, do");

/// Closings of a letter, before the name it is signed with.
static CLOSINGS: Phrases = Phrases::of(
    "atentamente, att, atte, cordialmente, saludos, saludos cordiales, regards, best regards, kind regards, \
     sincerely, atenciosamente, abraco, abracos, un saludo, cordial saludo",
);

/// Before a second person's name.
static CALLED: Phrases = Phrases::of("me llamo");

/// After the name of somebody who called.
static WHEN_CALLED: Phrases = Phrases::of(
    "ayer, hoy, anoche, esta manana, de su empresa, de parte de, para ofrecer, ofreciendo, yesterday",
);

static ARTICLES: Phrases = Phrases::of("o, a, el, la");

/// How sure an introduction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// A name or anything else may follow.
    Weak,
    /// A name follows.
    Strong,
}

/// The name that is introduced most clearly.
pub(super) fn find<'w, 'a>(text: &str, words: &'w [Word<'a>], setting: Setting) -> Option<&'w [Word<'a>]> {
    let names = (0..words.len()).filter_map(|at| {
        let (start, strength) = introduction(text, words, at, setting)?;
        Some((strength, name_after(words, start, strength, setting)?))
    });
    let clearest =
        names.reduce(|best, next| if (next.0, next.1.len()) > (best.0, best.1.len()) { next } else { best });
    clearest.map(|(_, name)| name).or_else(|| before_afterwards(words, setting))
}

/// Where the name of an introduction at `at` begins, and how sure the introduction is.
fn introduction(text: &str, words: &[Word<'_>], at: usize, setting: Setting) -> Option<(usize, Strength)> {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let said_no = continues(words, at)
        && before.is_some_and(|word| matches!(word.folded.as_str(), "no" | "not" | "nao"));
    // "Me llamó" is a call.
    let called =
        says(words, at, "me llamo") && words.get(at + 1).is_some_and(|word| word.text.ends_with(['ó', 'Ó']));
    if said_no || called {
        return None;
    }
    let gap_holds =
        |length: usize, signs: &[char]| words.get(at + length).is_some_and(|word| word.gap.contains(signs));
    if let Some(length) = STRONG.longest(words, at) {
        return follows(words, at + length, ":,\"").map(|start| (start, Strength::Strong));
    }
    if let Some(length) = LABELS.longest(words, at).filter(|length| gap_holds(*length, &[':', '='])) {
        return follows(words, at + length, ":=\n").map(|start| (start, Strength::Strong));
    }
    if let Some(length) = CLOSINGS.longest(words, at).filter(|length| gap_holds(*length, &[',', '\n', '.'])) {
        return follows(words, at + length, ",.\n").map(|start| (start, Strength::Weak));
    }
    let answers = matches!(setting, Setting::Asked | Setting::Correction) && !asks(text, words, at);
    let in_answer = || IN_ANSWERS.longest(words, at).filter(|_| answers);
    let length = WEAK.longest(words, at).max(in_answer())?;
    follows(words, at + length, "").map(|start| (start, Strength::Weak))
}

/// Whether the phrase around the word at `at` is a question.
fn asks(text: &str, words: &[Word<'_>], at: usize) -> bool {
    let end = (at + 1..words.len()).find(|next| !continues(words, *next)).unwrap_or(words.len());
    let after = words.get(end - 1).and_then(|last| text.get(last.end..)).unwrap_or_default();
    let opened = words.iter().take(at + 1).any(|word| word.gap.contains('¿'));
    opened || after.trim_start().starts_with('?')
}

/// The word at `at` when nothing but these signs parts it from the introduction.
fn follows(words: &[Word<'_>], at: usize, signs: &str) -> Option<usize> {
    let gap = words.get(at)?.gap;
    let near = gap.chars().all(|c| signs.contains(c) || matches!(c, ' ' | '\t'));
    (continues(words, at) || near).then_some(at)
}

/// The words of the name that begins at `start`.
fn name_after<'w, 'a>(
    words: &'w [Word<'a>],
    start: usize,
    strength: Strength,
    setting: Setting,
) -> Option<&'w [Word<'a>]> {
    let title = TITLES.longest(words, start);
    let article = ARTICLES.longest(words, start).filter(|_| strength == Strength::Weak);
    let start = start + title.or(article).unwrap_or(0);
    if title.is_some() && !continues(words, start) {
        return None;
    }
    let case_tells = case_tells(words);
    let end = name_end(words, start, case_tells)?;
    let name = words.get(start..end)?;
    let first = name.first()?;
    let capitalised = has_capital(first, case_tells);
    let known_first = is_given_name(&first.folded) && (capitalised || !is_ordinary(first));
    let convincing = match (strength, setting) {
        _ if known_first => true,
        _ if title.is_some() => capitalised || is_name(&first.folded),
        (Strength::Strong, _) => true,
        // "Soy yuleisa" as the whole answer; "i'm confused about what to buy" has more to say.
        (Strength::Weak, Setting::Asked) if end == words.len() && start <= 3 => {
            name.iter().all(|word| may_be_name(word) || is_name(&word.folded))
        }
        _ => name.len() > 1 && capitalised && !is_place(&first.folded) && !is_demonym(first),
    };
    let is_company = name.iter().any(|word| company::is_marker(&word.folded));
    (convincing && !is_company && !is_caller(words, start, end)).then_some(name)
}

/// "Soy Colombiana": where somebody is from, not what they are called.
fn is_demonym(word: &Word<'_>) -> bool {
    const ENDINGS: [&str; 8] = ["ano", "ana", "ense", "eno", "ena", "ista", "ero", "era"];
    let folded = word.folded.as_str();
    !is_name(folded)
        && ENDINGS.iter().any(|ending| folded.len() > ending.len() + 3 && folded.ends_with(ending))
}

/// "Me llamo Carlos ayer de parte de ustedes": somebody who called, written without the accent.
fn is_caller(words: &[Word<'_>], start: usize, end: usize) -> bool {
    let called = start.checked_sub(2).is_some_and(|at| CALLED.longest(words, at).is_some());
    called && continues(words, end) && WHEN_CALLED.longest(words, end).is_some()
}

/// "Marcus here": a known name at the beginning of a phrase, and then that it is them, or their company.
fn before_afterwards<'w, 'a>(words: &'w [Word<'a>], setting: Setting) -> Option<&'w [Word<'a>]> {
    let case_tells = case_tells(words);
    (0..words.len()).filter(|at| !continues(words, *at)).find_map(|start| {
        let end = name_end(words, start, case_tells)?;
        let by_company = setting == Setting::BesideData && BEFORE_COMPANY.longest(words, end).is_some();
        let ends_there = by_company
            || AFTERWARDS.longest(words, end).is_some_and(|length| !continues(words, end + length));
        let known = words.get(start).is_some_and(|word| is_given_name(&word.folded));
        words.get(start..end).filter(|_| known && ends_there && continues(words, end))
    })
}
