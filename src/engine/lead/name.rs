//! Names: what people say after "soy" and "me llamo", sign with, fill into a form or give as the bare answer to a
//! question.
//!
//! A wrong name is worse than none, so a weak introduction ("soy …") needs a word that is known as a name, and a bare
//! answer must be nothing but a name.

mod bare;
mod introduced;

use super::{
    company,
    known::{is_name, is_ordinary, is_place},
    reading::{Phrases, Word, continues, written},
};

/// The most words of a name.
const MAX_WORDS: usize = 6;

/// Titles that may stand before a name and make what follows one.
static TITLES: Phrases = Phrases::of(
    "el ingeniero, la ingeniera, ingeniero, ingeniera, el profesor, la profesora, la arquitecta, el \
     arquitecto, el sr, la sra, la srta, el senor, la senora, la senorita, sr, sra, srta, senor, senora, don, \
     dona, el dr, la dra, dr, dra, el doctor, la doctora, ing, el ing, lic, la lic, el lic, arq, mr, mrs, ms, \
     o sr, a sra, seu",
);

/// Words between a first and a last name.
static PARTICLES: Phrases = Phrases::of("de la, de los, de las, del, de, da, das, do, dos, van, von, y");

/// Surnames and given names that follow a particle and are words else.
static AFTER_PARTICLES: Phrases = Phrases::of(
    "angeles, rios, rosa, vega, fuente, fuentes, hoz, pena, espriella, cueva, rocha, jesus, carmen, mercedes, \
     nieves, monte, campo, valle, mar, paz, garza, maza",
);

/// What a name is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// The answer to the question for it.
    Asked,
    /// A message that corrects something.
    Correction,
    /// A message that gives other data of a contact.
    BesideData,
    /// A message in which nothing points to a name but the words themselves.
    Plain,
}

/// The name in a message, in the form in which names are written. `words` are those of `text` without its addresses
/// and numbers.
pub(super) fn find(text: &str, words: &[Word<'_>], setting: Setting) -> Option<String> {
    let name = introduced::find(text, words, setting).or_else(|| match setting {
        Setting::Asked => bare::answer(text, words),
        Setting::BesideData => bare::beside_data(text, words),
        Setting::Correction | Setting::Plain => None,
    })?;
    Some(as_names_are_written(&written(text, name)))
}

/// Whether capitals mean something: not in a text without any small letter.
fn case_tells(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| word.text.chars().any(char::is_lowercase))
}

/// Whether the word begins with a capital that means something.
fn has_capital(word: &Word<'_>, case_tells: bool) -> bool {
    case_tells && word.is_capitalised()
}

/// Where the name that begins at `start` ends. `None` if no name begins there.
fn name_end(words: &[Word<'_>], start: usize, case_tells: bool) -> Option<usize> {
    if !is_part(words.get(start)?, case_tells) {
        return None;
    }
    let mut end = start + 1;
    while end < start + MAX_WORDS && continues(words, end) {
        let particle = PARTICLES.longest(words, end).unwrap_or(0);
        let next = end + particle;
        let Some(word) = words.get(next).filter(|_| continues(words, next)) else { break };
        let goes_on = if particle > 0 {
            follows_particle(word)
        } else {
            is_part(word, case_tells) || is_small_initial(words, next)
        };
        if !goes_on {
            break;
        }
        end = next + 1;
    }
    Some(end)
}

/// Whether the word can be part of a name where one is expected.
fn is_part(word: &Word<'_>, case_tells: bool) -> bool {
    let capital = has_capital(word, case_tells);
    let is_initial = word.text.chars().count() == 1 && capital;
    // Capitals that everything has do not make a name of an ordinary word.
    let as_said = if case_tells { word.clone() } else { Word { text: &word.folded, ..word.clone() } };
    let known = is_name(&word.folded) && (capital || !is_ordinary(&as_said));
    let is_word = word.is_letters() && word.text.chars().count() > 1;
    is_initial || (is_word && (known || !is_ordinary(&as_said)))
}

/// "valentina g.": an initial in a hurry, at the end of what is said.
fn is_small_initial(words: &[Word<'_>], at: usize) -> bool {
    let last = at + 1 == words.len() || !continues(words, at + 1);
    last && words.get(at).is_some_and(|word| {
        word.text.chars().count() == 1
            && word.is_letters()
            && !matches!(word.folded.as_str(), "y" | "e" | "o" | "a" | "u" | "k")
    })
}

/// "De la Cruz", "da Silva", "del Carmen" go on with the name; "de Bogotá" and "da Oficina" do not.
fn follows_particle(word: &Word<'_>) -> bool {
    let folded = word.folded.as_str();
    (AFTER_PARTICLES.has_word(folded) || is_name(folded)) && !is_place(folded) && !company::is_marker(folded)
}

fn is_particle(word: &Word<'_>) -> bool {
    matches!(
        word.folded.as_str(),
        "de" | "la" | "los" | "las" | "del" | "da" | "das" | "do" | "dos" | "van" | "von"
    )
}

/// A name in the form in which names are written, when it was typed without care: "ana PEREZ" is "Ana Perez".
fn as_names_are_written(name: &str) -> String {
    let careless = name == name.to_lowercase() || name == name.to_uppercase();
    let word = |(index, word): (usize, &str)| {
        let lower = word.to_lowercase();
        let particle = index > 0
            && matches!(
                lower.as_str(),
                "de" | "la" | "los" | "las" | "del" | "da" | "das" | "do" | "dos" | "van" | "von"
            );
        if particle {
            lower
        } else if careless {
            capitalised(&lower)
        } else {
            capitalised(word)
        }
    };
    name.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// The word with a capital at its beginning and after each hyphen and apostrophe.
fn capitalised(word: &str) -> String {
    let mut begins = true;
    let mut result = String::new();
    for c in word.chars() {
        if begins {
            result.extend(c.to_uppercase());
        } else {
            result.push(c);
        }
        begins = matches!(c, '-' | '\'' | '’');
    }
    result
}
