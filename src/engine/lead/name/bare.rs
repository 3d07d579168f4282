//! Names that stand alone: the bare answer to a question, or the line above an address and a number.

use super::{MAX_WORDS, TITLES, case_tells, is_particle, name_end};
use crate::engine::lead::{
    MASK, company,
    known::{is_given_name, is_name, is_ordinary, is_place, is_pronounceable, may_be_name},
    reading::{Phrases, Word, phrases},
};

/// A message with more words is no bare answer, though a name may be in it.
const MAX_ANSWER_WORDS: usize = 10;

/// What may stand before a bare answer.
static LEADS_IN: Phrases = Phrases::of(
    "claro que si, claro, si, sim, yes, sure, por supuesto, con gusto, con mucho gusto, ok, okay, vale, \
     listo, dale, bueno, hola, buenas, buenos dias, buenas tardes, buenas noches, oi, hi, hello, es, con, e, \
     it s, o, a, el, la, perdon, of course, claro que sim",
);

/// What may stand after a bare answer.
static TRAILS: Phrases = Phrases::of(
    "nada mas, a secas, para servirle, a sus ordenes, a la orden, un gusto, gracias, por favor, y tu, y \
     usted, mucho gusto, thanks, please, obrigado, obrigada, encantado, encantada",
);

/// What goes on after a name in an answer: "Aura Patiño y mi correo …".
static GOES_ON: Phrases = Phrases::of(
    "y mi, y el, mi correo, mi numero, mi telefono, mi celular, pero, e meu, and my, my email, my number",
);

/// Before the name of somebody who is spoken to: "gracias Sofía", "hola Ana".
static ADDRESSES: Phrases =
    Phrases::of("gracias, thanks, thank you, obrigado, obrigada, hola, hi, oi, buenas");

/// The name in an answer to the question for it.
pub(super) fn answer<'w, 'a>(text: &str, words: &'w [Word<'a>]) -> Option<&'w [Word<'a>]> {
    let parts = phrases(words);
    let case_tells = case_tells(words);
    let first = parts.first()?;
    let addresses = ADDRESSES.longest(first, 0).is_some_and(|length| length < first.len());
    for (index, part) in parts.iter().enumerate() {
        let part = without_courtesy(part);
        if part.is_empty() {
            continue;
        }
        let is_name = is_whole_name(part, case_tells) && !is_asked_back(text, part);
        if is_name && is_convincing(part, case_tells, parts.len() == 1) {
            return Some(part);
        }
        let end = name_end(part, 0, case_tells)
            .filter(|_| part.first().is_some_and(|word| is_given_name(&word.folded)));
        if let Some(end) = end.filter(|end| GOES_ON.longest(part, *end).is_some()) {
            return part.get(..end);
        }
        // "A la orden, Nayeli": the name may come after a courtesy, but only one that is known as a name.
        let sure_later = words.len() <= MAX_ANSWER_WORDS && !text.contains('?') && !addresses;
        let known = |part: &&[Word<'a>]| {
            let part = without_courtesy(part);
            is_whole_name(part, case_tells) && part.first().is_some_and(|word| is_given_name(&word.folded))
        };
        let later = parts.get(index + 1..)?.iter().find(|part| sure_later && known(part))?;
        return Some(without_courtesy(later));
    }
    None
}

/// The name right beside an address, a number or a post: "Sebastián Mora / sebas@uni.co".
pub(super) fn beside_data<'w, 'a>(text: &str, words: &'w [Word<'a>]) -> Option<&'w [Word<'a>]> {
    let parts = phrases(words);
    let case_tells = case_tells(words);
    parts.iter().enumerate().find_map(|(index, part)| {
        let part = part.get(TITLES.longest(part, 0).unwrap_or(0)..)?;
        let known = part.iter().any(|word| is_given_name(&word.folded)) || is_shown(part, case_tells);
        let is_name = known && is_whole_name(part, case_tells) && !is_asked_back(text, part);
        (is_name && stands_by_data(text, &parts, index)).then_some(part)
    })
}

/// Whether the phrase is a name and nothing else.
fn is_whole_name(part: &[Word<'_>], case_tells: bool) -> bool {
    let mut alone = part.to_vec();
    if let Some(first) = alone.first_mut() {
        first.gap = "";
    }
    part.len() <= MAX_WORDS
        && name_end(&alone, 0, case_tells) == Some(part.len())
        && !part.iter().any(|word| company::is_marker(&word.folded))
}

/// Whether the phrase is a question.
fn is_asked_back(text: &str, part: &[Word<'_>]) -> bool {
    let end = part.last().map_or(0, |word| word.end);
    text.get(end..).unwrap_or_default().trim_start().starts_with('?')
}

/// Whether an answer that could be a name is one.
fn is_convincing(part: &[Word<'_>], case_tells: bool, is_all: bool) -> bool {
    let Some(first) = part.first() else { return false };
    if part.iter().any(|word| is_given_name(&word.folded)) {
        return true;
    }
    let every = |holds: &dyn Fn(&Word<'_>) -> bool| part.iter().all(|word| is_particle(word) || holds(word));
    let shown = is_shown(part, case_tells)
        && every(&|word| is_pronounceable(&word.folded))
        && !is_place(&first.folded);
    // "Price" is a surname, and the answer of somebody who asks for the price.
    let is_word = part.len() == 1 && is_ordinary(&Word { text: &first.folded, ..first.clone() });
    let plausible = !is_word && every(&|word| may_be_name(word) || is_name(&word.folded));
    shown || (is_all && plausible)
}

/// Whether several words are written as names are, each with a capital.
fn is_shown(part: &[Word<'_>], case_tells: bool) -> bool {
    part.len() > 1 && case_tells && part.iter().all(|word| word.is_capitalised() || is_particle(word))
}

/// The phrase without the courtesies and the title around a name.
fn without_courtesy<'w, 'a>(part: &'w [Word<'a>]) -> &'w [Word<'a>] {
    let mut rest = part;
    while let Some(length) = LEADS_IN.longest(rest, 0) {
        rest = rest.get(length..).unwrap_or_default();
    }
    if let Some(length) = TITLES.longest(rest, 0) {
        rest = rest.get(length..).unwrap_or_default();
    }
    while let Some(at) = (0..rest.len()).find(|at| TRAILS.longest(rest, *at) == Some(rest.len() - at)) {
        rest = rest.get(..at).unwrap_or_default();
    }
    rest
}

/// Whether an address, a number, a company or a post stands right beside the phrase.
fn stands_by_data(text: &str, parts: &[&[Word<'_>]], index: usize) -> bool {
    let edges = |at: usize| parts.get(at).and_then(|part| Some((part.first()?.start, part.last()?.end)));
    let Some((start, end)) = edges(index) else { return false };
    let next = edges(index + 1).map_or(text.len(), |(start, _)| start);
    let last = index.checked_sub(1).and_then(edges).map_or(0, |(_, end)| end);
    let holds_data = |range: std::ops::Range<usize>| text.get(range).is_some_and(|gap| gap.contains(MASK));
    let next_tells =
        parts.get(index + 1).is_some_and(|next| company::names_post(next) || company::is_name(next));
    holds_data(end..next) || holds_data(last..start) || next_tells
}
