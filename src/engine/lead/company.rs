//! Companies: told by the words around them ("trabajo en …", "de la empresa …") and by the words of their own names
//! ("Ferretería …", "… S.A.S.").

mod shape;

pub(super) use self::shape::is_marker;
use self::shape::{JOINTS, MAX_WORDS, as_written, goes_on, legal_form, name_end, starts_with_kind};
use super::{
    known::{is_name as is_part_of_name, is_ordinary, is_place},
    reading::{Phrases, Word, continues, phrases, says},
};
use crate::engine::words::is_stop_word;

/// A company follows them.
static BEFORE: Phrases = Phrases::of(
    "falo da, falo do, escribo de, le escribo de, llamo de, les hablo de, le hablo de, trabajo en, trabajo \
     para, trabajo con, trabajamos en, trabalho na, trabalho no, trabalho em, trabalho para, i work at, i \
     work for, i work with, represento a, represento, en representacion de, em nome da, em nome do, la \
     empresa se llama, mi empresa se llama, mi empresa es, nuestra empresa es, mi negocio se llama, nos \
     llamamos, minha empresa e, a empresa se chama, a empresa e, my company is, our company is, the company \
     is, on behalf of, de la empresa, la empresa, da empresa, the company, de la compania",
);

/// A company may follow them, or a person or a place: only a name that shows that it is one of a business counts.
static VAGUELY_BEFORE: Phrases = Phrases::of(
    "i manage, i own, i run, manejo, administro, dirijo, estoy en, mi negocio, mi empresa, mi tienda, from, \
     de parte de, we are, somos, somos la, somos el, la empresa es, a nombre de, facturar a",
);

/// What a business of one's own is called follows them, when the words before speak of a business.
static NAMED: Phrases = Phrases::of("se llama, llamada, llamado, called, named, chamada, chamado, se chama");

/// A business of one's own.
static BUSINESS: Phrases = Phrases::of(
    "empresa, negocio, tienda, emprendimiento, local, restaurante, panaderia, cafe, taller, clinica, \
     business, company, shop, store, bakery, restaurant, startup, agency, loja, padaria, negocio proprio",
);

/// A field of a form.
static LABELS: Phrases =
    Phrases::of("empresa, compania, negocio, company, razon social, nombre de la empresa");

/// Somebody introduces themselves, and may say from where: "le escribe Carlos de Acme".
static CALLS: Phrases = Phrases::of(
    "escribe, habla, saluda, le escribe, les escribe, te escribe, le habla, les habla, te habla, le saluda, \
     les saluda, te saluda, this is, aqui e o, aqui e a, aqui e, quem fala e, quem fala e a, quem fala e o",
);

/// The same, but from where is mostly a town: "soy Carlos de Tunja".
static INTRODUCES: Phrases =
    Phrases::of("soy, me llamo, mi nombre es, i m, i am, my name is, sou, sou o, sou a, meu nome e");

/// Between a person and their company.
static OF: Phrases = Phrases::of("de, del, de la, da, do, from, with, at, en");

/// What somebody is in a company, before its name.
static POSTS: Phrases = Phrases::of(
    "gerente, gerente general, gerente comercial, gerente de compras, director, directora, director de, jefe \
     de compras, jefa de compras, dueno, duena, propietario, propietaria, socio, socia, fundador, fundadora, \
     administrador, administradora, representante, representante legal, owner, ceo, cto, manager, dono, dona, \
     diretor, diretora, coordinador, coordinadora, asesor, asesora, purchasing manager, office manager",
);

/// Before what somebody is themselves.
const OWN_POST: [&str; 13] = [
    "soy", "soy el", "soy la", "sou", "sou o", "sou a", "i m", "i am", "i m the", "i am the", "i m a",
    "como", "as",
];

/// Before the bare name of a company.
static LEAD_INS: Phrases = Phrases::of(
    "es, si, claro, se llama, it s, e, con, de, de la, emprendimiento propio, mi negocio, mi empresa, mi \
     tienda, my business, my company",
);

/// Whether a phrase begins with what somebody is in a company: "gerente de …".
pub(super) fn names_post(part: &[Word<'_>]) -> bool {
    POSTS.longest(part, 0).is_some()
}

/// Whether a phrase is the name of a company and nothing else.
pub(super) fn is_name(part: &[Word<'_>]) -> bool {
    part.len() > 1
        && part.first().is_some_and(Word::is_capitalised)
        && (starts_with_kind(part) || legal_form(part).is_some())
}

/// The company in a message.
pub(super) fn find(text: &str, words: &[Word<'_>], is_asked: bool) -> Option<String> {
    let found = (0..words.len()).find_map(|at| after_words(text, words, at)).or_else(|| signed(text, words));
    found.or_else(|| if is_asked { bare(text, words) } else { None })
}

fn after_words(text: &str, words: &[Word<'_>], at: usize) -> Option<String> {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let negated = continues(words, at)
        && before.is_some_and(|word| matches!(word.folded.as_str(), "no" | "not" | "nao" | "ya"));
    // "¿Qué astrónomo trabajó para Kublai?"
    let somebody_else = words.get(at)?.text.ends_with(['ó', 'Ó']);
    if negated || somebody_else {
        return None;
    }
    if let Some(length) = LABELS.longest(words, at)
        && words.get(at + length).is_some_and(|word| word.gap.contains([':', '=']))
    {
        return name_at(text, words, at + length, Sure::Named);
    }
    let follows = |length: usize| Some(at + length).filter(|start| continues(words, *start));
    if let Some(start) = BEFORE.longest(words, at).and_then(follows) {
        return name_at(text, words, start, Sure::Named);
    }
    if let Some(start) = VAGUELY_BEFORE.longest(words, at).and_then(follows) {
        return name_at(text, words, start, Sure::Shown);
    }
    if let Some(start) = NAMED.longest(words, at).and_then(follows)
        && BUSINESS.is_in(words.get(at.saturating_sub(5)..at)?)
    {
        return name_at(text, words, start, Sure::Named);
    }
    if let Some(length) = CALLS.longest(words, at) {
        return after_person(text, words, at + length, Sure::Named);
    }
    if let Some(length) = INTRODUCES.longest(words, at)
        && let Some(company) = after_person(text, words, at + length, Sure::Shown)
    {
        return Some(company);
    }
    after_post(text, words, at)
}

/// "Carlos de Acme", "a Renata, da Clínica Vida": the company behind the name of a person that begins at `start`.
fn after_person(text: &str, words: &[Word<'_>], start: usize, sure: Sure) -> Option<String> {
    /// Words of a person's name before the company.
    const REACH: usize = 4;
    let joint = (start + 1..=start + REACH).find(|at| OF.longest(words, *at).is_some())?;
    let parted = (start..joint).any(|at| at > start && !continues(words, at));
    let first = joint + OF.longest(words, joint)?;
    let word = words.get(first).filter(|_| !parted && continues(words, first))?;
    // "María de León" is a person, and "soy Ana, de la Clínica Vida" not.
    let is_surname = is_part_of_name(&word.folded) && !is_marker(&word.folded);
    let sure = if is_surname || !continues(words, joint) { Sure::Shown } else { sure };
    name_at(text, words, first, sure)
}

/// "Soy gerente de Acme", "Camilo Roa, gerente de Acme"; not "¿quién fue el director de Acme?"
fn after_post(text: &str, words: &[Word<'_>], at: usize) -> Option<String> {
    let length = POSTS.longest(words, at)?;
    let own =
        |own: &&str| at.checked_sub(own.split(' ').count()).is_some_and(|before| says(words, before, own));
    let is_own = !continues(words, at) || OWN_POST.iter().any(own);
    let joint = OF.longest(words, at + length).filter(|_| is_own && continues(words, at + length))?;
    let start = at + length + joint;
    if continues(words, start) { name_at(text, words, start, Sure::Shown) } else { None }
}

/// How sure the words before a name make that it is one of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// They say so.
    Named,
    /// The name itself must show it.
    Shown,
}

/// The company whose name begins at `start`.
fn name_at(text: &str, words: &[Word<'_>], start: usize, sure: Sure) -> Option<String> {
    let end = name_end(words, start)?;
    let name = words.get(start..end)?;
    let first = name.iter().find(|word| !JOINTS.has_word(&word.folded))?;
    let shows = name.len() > 1 && (starts_with_kind(name) || legal_form(name).is_some());
    let capitalised = first.is_capitalised() && words.iter().any(|word| !word.is_capitalised());
    let named = sure == Sure::Named
        && capitalised
        && !is_place(&first.folded)
        && (!is_ordinary(first) || name.len() > 1);
    (shows || named).then(|| as_written(text, words, start, end))
}

/// A phrase that is the name of a company, as under a letter: with its legal form, or with the word for what it is
/// when an address or a number stands in the message too.
fn signed(text: &str, words: &[Word<'_>]) -> Option<String> {
    let begins = |at: &usize| *at == 0 || !goes_on(words, *at);
    let has_data = text.contains(super::MASK);
    (0..words.len()).filter(begins).find_map(|start| {
        let end = name_end(words, start)?;
        let name = words.get(start..end)?;
        let whole = end == words.len() || !goes_on(words, end);
        let shows = legal_form(name).is_some() || (has_data && starts_with_kind(name));
        let capital = name.first().is_some_and(Word::is_capitalised);
        (whole && capital && shows).then(|| as_written(text, words, start, end))
    })
}

/// The bare answer to the question for the company.
fn bare(text: &str, words: &[Word<'_>]) -> Option<String> {
    let lead_in = LEAD_INS.longest(words, 0).unwrap_or(0);
    let name = words.get(lead_in..)?;
    let first = name.first()?;
    let in_one = phrases(words).last().is_some_and(|last| last.len() >= name.len());
    let whole = name.len() <= MAX_WORDS && !text.contains('?') && (in_one || legal_form(name).is_some());
    // "Una ferretería", "mi casa", "no".
    let is_none = matches!(first.folded.as_str(), "un" | "una" | "um" | "uma" | "mi" | "my" | "no" | "yo");
    let only_words = name.iter().all(|word| is_ordinary(word) || is_marker(&word.folded));
    (whole && !is_none && !only_words && !is_speech(name))
        .then(|| as_written(text, words, lead_in, words.len()))
}

/// Whether it is something said, and no name: "venden llantas", "Tell me about the offers". A name has a capital at
/// each of its words, or does not begin with words of ordinary speech.
fn is_speech(name: &[Word<'_>]) -> bool {
    let mut content = name.iter().filter(|word| !JOINTS.has_word(&word.folded));
    let capitals = content.clone().all(|word| word.is_capitalised() || is_marker(&word.folded));
    let is_spoken = |word: &Word<'_>| is_ordinary(&Word { text: &word.folded, ..word.clone() });
    let begins = content.clone().take(2).any(|word| is_spoken(word) && !is_marker(&word.folded));
    let asks_what = content.next().is_some_and(|word| is_stop_word(&word.folded) && word.folded.len() > 2);
    !capitals && (begins || asks_what)
}
