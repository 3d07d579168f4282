//! Names: what people say after "soy" and "me llamo", sign with, fill into a form or give as the bare answer to a
//! question.
//!
//! A wrong name is worse than none, so a weak introduction ("soy …") needs a word that is known as a name, and a bare
//! answer must be nothing but a name.

use super::{
    company,
    known::{is_given_name, is_name, is_ordinary, is_place, is_pronounceable, may_be_name},
    reading::{Word, continues, longest, phrases, says, written},
};

/// The most words of a name.
const MAX_WORDS: usize = 6;

/// A name follows them for certain.
const STRONG: &[&str] = &[
    "mi nombre es",
    "mi nombre completo es",
    "mi nombre",
    "me llamo",
    "a nombre de",
    "my name is",
    "my name s",
    "my full name is",
    "my name",
    "call me",
    "pueden llamarme",
    "puede llamarme",
    "puedes llamarme",
    "meu nome e",
    "meu nome completo e",
    "meu nome",
    "me chamo",
];

/// A field of a form; a name follows its colon.
const LABELS: &[&str] = &[
    "nombre",
    "nombres",
    "nombre completo",
    "nombre y apellido",
    "nombres y apellidos",
    "name",
    "full name",
    "nome",
    "nome completo",
];

/// A name may follow them, or anything else.
const WEAK: &[&str] = &[
    "soy",
    "yo soy",
    "le escribe",
    "les escribe",
    "te escribe",
    "escribe",
    "le habla",
    "les habla",
    "te habla",
    "habla",
    "hablas con",
    "habla con",
    "le saluda",
    "les saluda",
    "te saluda",
    "saluda",
    "aqui",
    "aca",
    "sou",
    "eu sou",
    "aqui e",
    "quem fala e",
    "fala com",
    "i m",
    "im",
    "i am",
    "this is",
    "you re talking to",
    "es",
    "it s",
    "it s actually",
    "i meant",
];

/// They are weak even for a weak introduction: only a correction or an answer makes them one.
const ONLY_IN_ANSWERS: &[&str] = &["es", "it s", "it s actually", "i meant", "con"];

/// Closings of a letter, before the name it is signed with.
const CLOSINGS: &[&str] = &[
    "atentamente",
    "att",
    "atte",
    "cordialmente",
    "saludos",
    "saludos cordiales",
    "regards",
    "best regards",
    "kind regards",
    "sincerely",
    "atenciosamente",
    "abraco",
    "abracos",
    "un saludo",
    "cordial saludo",
];

/// Titles that may stand before a name and make what follows one.
const TITLES: &[&str] = &[
    "el sr",
    "la sra",
    "la srta",
    "el senor",
    "la senora",
    "la senorita",
    "sr",
    "sra",
    "srta",
    "senor",
    "senora",
    "don",
    "dona",
    "el dr",
    "la dra",
    "dr",
    "dra",
    "el doctor",
    "la doctora",
    "ing",
    "el ing",
    "lic",
    "la lic",
    "el lic",
    "arq",
    "mr",
    "mrs",
    "ms",
    "o sr",
    "a sra",
    "seu",
];

/// Words between a first and a last name.
const PARTICLES: &[&str] =
    &["de la", "de los", "de las", "del", "de", "da", "das", "do", "dos", "van", "von", "y"];

/// What may stand before a bare answer.
const LEADS_IN: &[&str] = &[
    "claro que si",
    "claro",
    "si",
    "sim",
    "yes",
    "sure",
    "por supuesto",
    "con gusto",
    "con mucho gusto",
    "ok",
    "okay",
    "vale",
    "listo",
    "dale",
    "bueno",
    "hola",
    "buenas",
    "buenos dias",
    "buenas tardes",
    "buenas noches",
    "oi",
    "hi",
    "hello",
    "es",
    "con",
    "e",
    "it s",
    "o",
    "a",
    "el",
    "la",
    "perdon",
    "of course",
    "claro que sim",
];

/// What may stand after a bare answer.
const TRAILS: &[&str] = &[
    "gracias",
    "por favor",
    "y tu",
    "y usted",
    "mucho gusto",
    "thanks",
    "please",
    "obrigado",
    "obrigada",
    "encantado",
    "encantada",
];

/// How a name is asked for and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// The customer was asked for it.
    Asked,
    /// The message corrects something.
    Correction,
    /// The message gives other data of a contact.
    BesideData,
    /// Nothing points to a name but the words themselves.
    Plain,
}

/// The name in a message, in the form in which names are written. `words` are those of `text` without its addresses
/// and numbers.
pub(super) fn find(text: &str, words: &[Word<'_>], setting: Setting) -> Option<String> {
    introduced(text, words, setting)
        .or_else(|| bare(text, words, setting))
        .map(|name| as_names_are_written(&name))
}

fn introduced(text: &str, words: &[Word<'_>], setting: Setting) -> Option<String> {
    let mut best: Option<(usize, &[Word<'_>])> = None;
    for at in 0..words.len() {
        let Some((start, strength)) = introduction(text, words, at, setting) else { continue };
        let Some(name) = name_after(words, start, strength, setting) else { continue };
        if best.is_none_or(|(strongest, longest)| (strength, name.len()) > (strongest, longest.len())) {
            best = Some((strength, name));
        }
    }
    best.map(|(_, name)| written(text, name))
}

const STRONGLY: usize = 2;
const WEAKLY: usize = 1;

/// Where the name of an introduction at `at` begins, and how strong the introduction is.
fn introduction(text: &str, words: &[Word<'_>], at: usize, setting: Setting) -> Option<(usize, usize)> {
    let said_no =
        at > 0 && continues(words, at) && matches!(words.get(at - 1)?.folded.as_str(), "no" | "not" | "nao");
    // "Me llamó" is a call, and "¿hablo con Ana?" a question.
    let called =
        says(words, at, "me llamo") && words.get(at + 1).is_some_and(|word| word.text.ends_with(['ó', 'Ó']));
    if said_no || called {
        return None;
    }
    if let Some(length) = longest(words, at, STRONG) {
        return follows(words, at + length, ":,\"").map(|start| (start, STRONGLY));
    }
    if let Some(length) = longest(words, at, LABELS)
        && words.get(at + length)?.gap.contains([':', '='])
    {
        return follows(words, at + length, ":=\n").map(|start| (start, STRONGLY));
    }
    if let Some(length) = longest(words, at, CLOSINGS)
        && words.get(at + length)?.gap.contains([',', '\n', '.'])
    {
        return follows(words, at + length, ",.\n").map(|start| (start, WEAKLY));
    }
    let length = longest(words, at, WEAK).or_else(|| longest(words, at, ONLY_IN_ANSWERS))?;
    let needs_answer =
        ONLY_IN_ANSWERS.iter().any(|phrase| says(words, at, phrase) && phrase.split(' ').count() == length);
    let answers = matches!(setting, Setting::Asked | Setting::Correction) && !asks(text, words, at);
    if needs_answer && !answers {
        return None;
    }
    follows(words, at + length, "").map(|start| (start, WEAKLY))
}

/// Whether the phrase around the word at `at` is a question.
fn asks(text: &str, words: &[Word<'_>], at: usize) -> bool {
    let end = (at + 1..words.len()).find(|next| !continues(words, *next)).unwrap_or(words.len());
    let after = words.get(end - 1).and_then(|last| text.get(last.end..)).unwrap_or_default();
    let before = words.get(..=at).unwrap_or_default().iter().rev().any(|word| word.gap.contains('¿'));
    before || after.trim_start().starts_with('?')
}

/// The word at `at` when nothing but these signs parts it from the introduction.
fn follows(words: &[Word<'_>], at: usize, signs: &str) -> Option<usize> {
    let gap = words.get(at)?.gap;
    (continues(words, at) || gap.trim_matches([' ', '\t']).chars().all(|c| signs.contains(c) || c == ' '))
        .then_some(at)
}

/// The words of the name that begins at `start`.
fn name_after<'w, 'a>(
    words: &'w [Word<'a>],
    start: usize,
    strength: usize,
    setting: Setting,
) -> Option<&'w [Word<'a>]> {
    let title = longest(words, start, TITLES);
    let article = longest(words, start, &["o", "a"]).filter(|_| strength == WEAKLY);
    let start = start + title.or(article).unwrap_or(0);
    if title.is_some() && !continues(words, start) {
        return None;
    }
    let case_tells = case_tells(words);
    let end = name_end(words, start, case_tells)?;
    let name = words.get(start..end)?;
    let first = name.first()?;
    let capitalised = case_tells && first.is_capitalised();
    let known_first = is_given_name(&first.folded) && (capitalised || !is_ordinary(first));
    let convincing = match (strength, setting) {
        _ if known_first => true,
        _ if title.is_some() => capitalised || is_name(&first.folded),
        (STRONGLY, _) => true,
        // "Soy yuleisa" as the whole answer; "i'm confused about what to buy" has more to say.
        (_, Setting::Asked) if end == words.len() && start <= 3 => {
            name.iter().all(|word| may_be_name(word) || is_name(&word.folded))
        }
        _ => name.len() > 1 && capitalised && !is_place(&first.folded) && !is_demonym(first),
    };
    let is_company = name.iter().any(|word| company::is_marker(&word.folded));
    (convincing && !is_company && is_nobody_else(words, start, end)).then_some(name)
}

/// "Soy Colombiana": who somebody is, not what they are called.
fn is_demonym(word: &Word<'_>) -> bool {
    ["ano", "ana", "ense", "eno", "ena", "ista", "ero", "era"]
        .iter()
        .any(|ending| word.folded.len() > 6 && word.folded.ends_with(ending))
        && !is_name(&word.folded)
}

/// Whether the name is not that of somebody who called: "me llamo Carlos ayer de parte de ustedes".
fn is_nobody_else(words: &[Word<'_>], start: usize, end: usize) -> bool {
    let is_call = start >= 2 && says(words, start - 2, "me llamo");
    let tells_when = longest(
        words,
        end,
        &[
            "ayer",
            "hoy",
            "esta manana",
            "de su empresa",
            "de parte de",
            "para ofrecer",
            "ofreciendo",
            "anoche",
        ],
    );
    !(is_call && tells_when.is_some() && continues(words, end))
}

/// Whether capitals mean something: not in a text without any, nor in one that shouts.
fn case_tells(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| word.text.chars().any(char::is_lowercase))
}

/// Where the name that begins at `start` ends. `None` if no name begins there.
fn name_end(words: &[Word<'_>], start: usize, case_tells: bool) -> Option<usize> {
    if !is_part(words.get(start)?, case_tells) {
        return None;
    }
    let mut end = start + 1;
    while end < start + MAX_WORDS && continues(words, end) {
        let particle = longest(words, end, PARTICLES).unwrap_or(0);
        let next = end + particle;
        let Some(word) = words.get(next).filter(|_| next == end || continues(words, next)) else { break };
        let is_more =
            if particle == 0 { is_part(word, case_tells) } else { is_after_particle(words, end, word) };
        if !is_more {
            break;
        }
        end = next + 1;
    }
    Some(end)
}

/// Whether the word can be part of a name where one is expected.
fn is_part(word: &Word<'_>, case_tells: bool) -> bool {
    let initial = word.text.chars().count() == 1 && word.is_capitalised() && case_tells;
    let letters = word.is_letters() && word.text.chars().count() > 1;
    let capitalised = case_tells && word.is_capitalised();
    let known = is_name(&word.folded) && (capitalised || !is_ordinary(word) || !case_tells);
    initial || (letters && (known || !is_ordinary_here(word, case_tells)))
}

/// Whether the word is one of ordinary speech; capitals that everything has do not make a name of it.
fn is_ordinary_here(word: &Word<'_>, case_tells: bool) -> bool {
    is_ordinary(word) || (!case_tells && is_ordinary(&Word { text: &word.folded, ..word.clone() }))
}

/// "De la Cruz", "da Silva", "del Carmen" go on with the name; "de Bogotá", "da Oficina", "y quiero" do not.
fn is_after_particle(words: &[Word<'_>], at: usize, word: &Word<'_>) -> bool {
    const ONLY_AFTER: &[&str] = &[
        "angeles",
        "rios",
        "rosa",
        "vega",
        "fuente",
        "fuentes",
        "hoz",
        "pena",
        "espriella",
        "cueva",
        "rocha",
        "jesus",
        "carmen",
        "mercedes",
        "nieves",
        "monte",
        "campo",
        "valle",
        "mar",
        "paz",
        "garza",
        "maza",
    ];
    let particle = words.get(at).map(|word| word.folded.as_str()).unwrap_or_default();
    if particle == "y" {
        return false;
    }
    let known = ONLY_AFTER.contains(&word.folded.as_str()) || is_name(&word.folded);
    known && !is_place(&word.folded) && !company::is_marker(&word.folded)
}

/// A name that stands alone: the answer to a question, or the first line above an address and a number.
fn bare(text: &str, words: &[Word<'_>], setting: Setting) -> Option<String> {
    if !matches!(setting, Setting::Asked | Setting::BesideData) {
        return None;
    }
    let parts = phrases(words);
    let case_tells = case_tells(words);
    for (index, part) in parts.iter().enumerate() {
        let part = if setting == Setting::Asked { without_courtesy(part) } else { part };
        let Some(first) = part.first() else { continue };
        let last_end = part.last().map_or(0, |word| word.end);
        let asks = text.get(last_end..).unwrap_or_default().trim_start().starts_with('?');
        let whole = part.len() <= MAX_WORDS && name_end_of(part, case_tells) == Some(part.len());
        if !whole || asks || part.iter().any(|word| company::is_marker(&word.folded)) {
            if setting == Setting::Asked {
                return None;
            }
            continue;
        }
        let known = part.iter().any(|word| is_given_name(&word.folded));
        let shown = part.len() > 1
            && case_tells
            && part.iter().all(|word| word.is_capitalised() || is_particle(word));
        // "Price" is a surname, and the answer of somebody who asks for the price.
        let is_word = part.len() == 1 && is_ordinary(&Word { text: &first.folded, ..first.clone() });
        let plausible = !is_word
            && part.iter().all(|word| may_be_name(word) || is_name(&word.folded) || is_particle(word));
        let spoken = part.iter().all(|word| is_pronounceable(&word.folded) || is_particle(word));
        let convincing = match setting {
            Setting::Asked => {
                known || (shown && spoken && !is_place(&first.folded)) || (parts.len() == 1 && plausible)
            }
            _ => (known || shown) && stands_by_data(text, &parts, index),
        };
        if convincing {
            return Some(written(text, part));
        }
        if setting == Setting::Asked {
            return None;
        }
    }
    None
}

fn name_end_of(part: &[Word<'_>], case_tells: bool) -> Option<usize> {
    let mut relative = part.to_vec();
    if let Some(first) = relative.first_mut() {
        first.gap = "";
    }
    name_end(&relative, 0, case_tells)
}

fn is_particle(word: &Word<'_>) -> bool {
    PARTICLES.iter().any(|particle| particle.split(' ').any(|part| part == word.folded))
}

/// The phrase without the courtesies around it.
fn without_courtesy<'w, 'a>(part: &'w [Word<'a>]) -> &'w [Word<'a>] {
    let mut rest = part;
    while let Some(length) = longest(rest, 0, LEADS_IN) {
        rest = rest.get(length..).unwrap_or_default();
    }
    loop {
        let trail = TRAILS.iter().map(|trail| trail.split(' ').count()).find(|length| {
            rest.len().checked_sub(*length).is_some_and(|at| longest(rest, at, TRAILS) == Some(*length))
        });
        let Some(length) = trail else { return rest };
        rest = rest.get(..rest.len() - length).unwrap_or_default();
    }
}

/// Whether an address, a number or a post stands right beside the phrase.
fn stands_by_data(text: &str, parts: &[&[Word<'_>]], index: usize) -> bool {
    let edge = |at: usize| parts.get(at).and_then(|part| Some((part.first()?, part.last()?)));
    let Some((first, last)) = edge(index) else { return false };
    let until = edge(index + 1).map_or(text.len(), |(next, _)| next.start);
    let from = index.checked_sub(1).and_then(edge).map_or(0, |(_, before)| before.end);
    let gap = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let next_is_post = parts.get(index + 1).is_some_and(|next| company::names_post(next));
    let next_is_company = parts.get(index + 1).is_some_and(|next| company::is_name(next));
    gap(last.end..until).contains(super::MASK)
        || gap(from..first.start).contains(super::MASK)
        || next_is_post
        || next_is_company
}

/// A name in the form in which names are written, when it was typed without care: "ana PEREZ" is "Ana Perez".
fn as_names_are_written(name: &str) -> String {
    let careless = name == name.to_lowercase() || name == name.to_uppercase();
    let mut written = Vec::new();
    for (index, word) in name.split(' ').enumerate() {
        let lower = word.to_lowercase();
        let particle =
            index > 0 && PARTICLES.iter().any(|particle| particle.split(' ').any(|part| part == lower));
        let starts_low = word.starts_with(char::is_lowercase);
        if particle {
            written.push(lower);
        } else if careless || starts_low {
            written.push(capitalised(if careless { &lower } else { word }));
        } else {
            written.push(word.to_owned());
        }
    }
    written.join(" ")
}

/// The word with a capital after each hyphen and apostrophe too.
fn capitalised(word: &str) -> String {
    let mut at_start = true;
    let mut result = String::new();
    for c in word.chars() {
        if at_start {
            result.extend(c.to_uppercase());
        } else {
            result.push(c);
        }
        at_start = matches!(c, '-' | '\'' | '’');
    }
    result
}
