//! Companies: told by the words around them ("trabajo en …", "de la empresa …") and by the words of their own names
//! ("Ferretería …", "… S.A.S.").

use super::{
    known::{is_ordinary, is_place},
    reading::{Word, continues, longest, phrases, says, written},
};

/// The most words of a company's name.
const MAX_WORDS: usize = 7;

/// Words that begin the name of a business.
const KINDS: &[&str] = &[
    "ferreteria",
    "clinica",
    "constructora",
    "construtora",
    "panaderia",
    "padaria",
    "panificadora",
    "oficina",
    "taller",
    "talleres",
    "transportes",
    "transportadora",
    "textiles",
    "inversiones",
    "grupo",
    "restaurante",
    "hotel",
    "hostal",
    "farmacia",
    "drogueria",
    "supermercado",
    "supermercados",
    "almacen",
    "almacenes",
    "colegio",
    "escola",
    "escuela",
    "universidad",
    "universidade",
    "fundacion",
    "corporacion",
    "consultorio",
    "consultores",
    "consultoria",
    "laboratorio",
    "laboratorios",
    "inmobiliaria",
    "imobiliaria",
    "agencia",
    "estudio",
    "distribuidora",
    "comercializadora",
    "importadora",
    "industrias",
    "confecciones",
    "muebles",
    "gimnasio",
    "veterinaria",
    "floristeria",
    "papeleria",
    "libreria",
    "lavanderia",
    "peluqueria",
    "salao",
    "mercado",
    "constructores",
    "ingenieria",
    "asociacion",
    "cooperativa",
    "editorial",
    "imprenta",
    "joyeria",
    "optica",
    "pizzeria",
    "cafeteria",
    "pasteleria",
    "heladeria",
    "carniceria",
    "boutique",
    "academia",
    "instituto",
    "logistica",
    "seguros",
    "aceros",
    "metalurgica",
    "maderas",
    "plasticos",
    "pinturas",
];

/// Words that end the name of a business.
const ENDS: &[&str] = &[
    "sas",
    "ltda",
    "srl",
    "eirl",
    "inc",
    "llc",
    "ltd",
    "corp",
    "gmbh",
    "limitada",
    "eireli",
    "solutions",
    "services",
    "studio",
    "studios",
    "labs",
    "consulting",
    "logistics",
    "dental",
    "group",
    "holdings",
    "partners",
    "technologies",
    "bakery",
    "clinic",
];

/// Legal forms that are written with full stops.
const SPELLED: &[&str] =
    &["s a s", "s a", "s l", "s r l", "c a", "s de r l", "s a de c v", "sa de cv", "s de rl de cv", "s c"];

/// A company follows them.
const BEFORE: &[&str] = &[
    "trabajo en",
    "trabajo para",
    "trabajo con",
    "trabajamos en",
    "trabalho na",
    "trabalho no",
    "trabalho em",
    "trabalho para",
    "i work at",
    "i work for",
    "i work with",
    "we are",
    "represento a",
    "represento",
    "en representacion de",
    "em nome da",
    "em nome do",
    "la empresa se llama",
    "mi empresa se llama",
    "mi empresa es",
    "nuestra empresa es",
    "mi negocio se llama",
    "la empresa es",
    "minha empresa e",
    "a empresa se chama",
    "a empresa e",
    "my company is",
    "our company is",
    "the company is",
    "on behalf of",
    "de la empresa",
    "la empresa",
    "da empresa",
    "the company",
    "de la compania",
    "de parte de",
    "from",
];

/// A field of a form.
const LABELS: &[&str] =
    &["empresa", "compania", "negocio", "company", "razon social", "nombre de la empresa"];

/// After a person: "Carlos de Acme", where the introduction says that somebody calls for a business.
const CALLS: &[&str] = &[
    "le escribe",
    "les escribe",
    "te escribe",
    "le habla",
    "les habla",
    "te habla",
    "le saluda",
    "les saluda",
    "te saluda",
    "this is",
    "aqui e o",
    "aqui e a",
    "aqui e",
];

/// What somebody is in a company, before its name.
const POSTS: &[&str] = &[
    "gerente",
    "gerente general",
    "gerente comercial",
    "gerente de compras",
    "director",
    "directora",
    "director de",
    "jefe de compras",
    "jefa de compras",
    "dueno",
    "duena",
    "propietario",
    "propietaria",
    "socio",
    "socia",
    "fundador",
    "fundadora",
    "administrador",
    "administradora",
    "representante",
    "representante legal",
    "owner",
    "ceo",
    "cto",
    "manager",
    "dono",
    "dona",
    "diretor",
    "diretora",
    "coordinador",
    "coordinadora",
    "asesor",
    "asesora",
    "purchasing manager",
    "office manager",
];

/// Before what somebody is themselves.
const OWN_POST: &[&str] = &[
    "soy", "soy el", "soy la", "sou", "sou o", "sou a", "i m", "i am", "i m the", "i am the", "i m a",
    "como", "as",
];

/// Words between the parts of a company's name.
const JOINTS: &[&str] =
    &["de", "del", "la", "el", "los", "las", "y", "e", "da", "do", "dos", "das", "and", "of", "the"];

/// Whether the word is one that only businesses have in their names.
pub(super) fn is_marker(folded: &str) -> bool {
    KINDS.contains(&folded) || ENDS.contains(&folded)
}

/// Whether a phrase begins with what somebody is in a company: "gerente de …".
pub(super) fn names_post(part: &[Word<'_>]) -> bool {
    longest(part, 0, POSTS).is_some()
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
    let negated = at > 0
        && continues(words, at)
        && matches!(words.get(at - 1)?.folded.as_str(), "no" | "not" | "nao" | "ya");
    if negated {
        return None;
    }
    if let Some(length) = longest(words, at, LABELS)
        && words.get(at + length)?.gap.contains([':', '='])
    {
        return name_at(text, words, at + length, true);
    }
    // "¿Qué astrónomo trabajó para Kublai?"
    let somebody_else = words.get(at).is_some_and(|word| word.text.ends_with(['ó', 'Ó']));
    if let Some(length) = longest(words, at, BEFORE).filter(|_| !somebody_else) {
        let start = at + length;
        if !continues(words, start) {
            return None;
        }
        // "I'm from Texas", "de parte de Juan": only a name that shows that it is one of a business.
        let is_vague =
            ["from", "de parte de", "we are", "la empresa es"].iter().any(|vague| says(words, at, vague));
        return name_at(text, words, start, !is_vague);
    }
    if let Some(length) = longest(words, at, CALLS) {
        return (at + length + 1..(at + length + 5).min(words.len()))
            .take_while(|here| continues(words, *here))
            .find(|here| {
                words.get(*here).is_some_and(|word| {
                    matches!(word.folded.as_str(), "de" | "del" | "da" | "do" | "from" | "with")
                })
            })
            .and_then(|joint| {
                let is_known_surname = words
                    .get(joint + 1)
                    .is_some_and(|word| super::known::is_name(&word.folded) && !is_marker(&word.folded));
                name_at(text, words, joint + 1, !is_known_surname)
            });
    }
    let post = longest(words, at, POSTS)?;
    // "Soy gerente de Acme", "Camilo Roa, gerente de Acme"; not "¿quién fue el director de Acme?"
    let is_own = !continues(words, at)
        || OWN_POST
            .iter()
            .any(|own| at.checked_sub(own.split(' ').count()).is_some_and(|before| says(words, before, own)));
    if !is_own {
        return None;
    }
    let joint = words
        .get(at + post)
        .filter(|word| matches!(word.folded.as_str(), "de" | "del" | "da" | "do" | "of" | "at" | "en"))?;
    let start = at + post + 1;
    (continues(words, start) && !joint.folded.is_empty())
        .then(|| name_at(text, words, start, false))
        .flatten()
}

/// The company whose name begins at `start`. `sure`: the words before say that a company follows.
fn name_at(text: &str, words: &[Word<'_>], start: usize, sure: bool) -> Option<String> {
    let end = name_end(words, start)?;
    let name = words.get(start..end)?;
    let first = name.iter().find(|word| !JOINTS.contains(&word.folded.as_str()))?;
    let shows = name.len() > 1 && (starts_with_kind(name) || legal_form(name).is_some());
    let capitalised = first.is_capitalised() && words.iter().any(|word| !word.is_capitalised());
    let named = sure && capitalised && !is_place(&first.folded) && (!is_ordinary(first) || name.len() > 1);
    (shows || named).then(|| as_written(text, words, start, end))
}

fn starts_with_kind(name: &[Word<'_>]) -> bool {
    let kind = name.iter().position(|word| !JOINTS.contains(&word.folded.as_str()));
    kind.is_some_and(|at| {
        at < 2
            && name.len() > at + 1
            && name.get(at).is_some_and(|word| KINDS.contains(&word.folded.as_str()))
    })
}

/// How many words the legal form or the like at the end of a name has.
fn legal_form(name: &[Word<'_>]) -> Option<usize> {
    let spelled = SPELLED.iter().find_map(|form| {
        let length = form.split(' ').count();
        let at = name.len().checked_sub(length).filter(|at| *at > 0)?;
        let fits = form
            .split(' ')
            .enumerate()
            .all(|(offset, part)| name.get(at + offset).is_some_and(|word| word.folded == part));
        (fits && name.get(at).is_some_and(Word::is_capitalised)).then_some(length)
    });
    let ends = || name.len() > 1 && name.last().is_some_and(|word| ENDS.contains(&word.folded.as_str()));
    spelled.or_else(|| ends().then_some(1)).or_else(|| {
        let short = name.len() > 1
            && name.last().is_some_and(|word| matches!(word.text, "SA" | "SL" | "ME" | "SpA" | "SAC" | "CA"));
        short.then_some(1)
    })
}

/// Where the name that begins at `start` ends.
fn name_end(words: &[Word<'_>], start: usize) -> Option<usize> {
    let first = words.get(start)?;
    let kind_first = KINDS.contains(&first.folded.as_str());
    // "En una panadería" is some bakery.
    if matches!(first.folded.as_str(), "un" | "una" | "um" | "uma" | "a" | "an" | "mi" | "my" | "casa") {
        return None;
    }
    let mut end = start;
    while end < words.len() && end < start + MAX_WORDS && (end == start || goes_on(words, end)) {
        let word = words.get(end)?;
        let joint = JOINTS.contains(&word.folded.as_str());
        if joint && end > start {
            // A joint belongs to the name only when the name goes on behind it.
            let next = words.get(end + 1).filter(|_| goes_on(words, end + 1));
            let next_joint = next.is_some_and(|next| JOINTS.contains(&next.folded.as_str()));
            let goes = next.is_some_and(|next| {
                next_joint || next.is_capitalised() || (kind_first && !is_ordinary(next))
            });
            let is_and = matches!(word.folded.as_str(), "y" | "e" | "and");
            if !goes || (is_and && !next.is_some_and(Word::is_capitalised)) {
                break;
            }
        } else if !joint && end > start {
            let fits = word.is_capitalised()
                || (kind_first && !is_ordinary(word))
                || is_marker(&word.folded)
                || word.text.bytes().all(|byte| byte.is_ascii_digit());
            if !fits {
                break;
            }
        }
        end += 1;
    }
    while end > start && words.get(end - 1).is_some_and(|word| JOINTS.contains(&word.folded.as_str())) {
        end -= 1;
    }
    (end > start).then_some(end)
}

/// Whether the name goes on with the word at `at`: also over the full stops of "S.A.S." and the sign in "P&G".
fn goes_on(words: &[Word<'_>], at: usize) -> bool {
    let Some(word) = words.get(at) else { return false };
    let spelled = word.gap.trim() == "." && word.text.chars().count() == 1;
    let before_form =
        word.gap.trim() == "," && word.text.len() <= 4 && (is_marker(&word.folded) || word.text == "S");
    continues(words, at) || (spelled && !word.gap.contains('\n')) || word.gap.trim() == "&" || before_form
}

/// The name as it was written, with the full stop of "S.A.".
fn as_written(text: &str, words: &[Word<'_>], start: usize, end: usize) -> String {
    let name = written(text, words.get(start..end).unwrap_or_default());
    let last = words.get(end.saturating_sub(1));
    let stop = last.is_some_and(|word| {
        word.text.chars().count() == 1 && text.get(word.end..).is_some_and(|rest| rest.starts_with('.'))
    });
    if stop { format!("{name}.") } else { name }
}

/// A phrase that is a company's name with its legal form, as under a letter.
fn signed(text: &str, words: &[Word<'_>]) -> Option<String> {
    let begins = |at: &usize| *at == 0 || !goes_on(words, *at);
    (0..words.len()).filter(begins).find_map(|start| {
        let end = name_end(words, start)?;
        let name = words.get(start..end)?;
        let whole = end == words.len() || !goes_on(words, end);
        let named = name.first().is_some_and(Word::is_capitalised) && legal_form(name).is_some();
        (whole && named).then(|| as_written(text, words, start, end))
    })
}

/// The bare answer to the question for the company.
fn bare(text: &str, words: &[Word<'_>]) -> Option<String> {
    let parts = phrases(words);
    let lead_in =
        longest(words, 0, &["es", "si", "claro", "se llama", "it s", "e", "con", "de", "de la"]).unwrap_or(0);
    let name = words.get(lead_in..)?;
    let whole = parts.len() == 1 || legal_form(name).is_some();
    let ordinary = name.iter().all(|word| is_ordinary(word) || is_marker(&word.folded));
    let asks = text.contains('?');
    let first = name.first()?;
    let article = matches!(first.folded.as_str(), "un" | "una" | "um" | "uma" | "mi" | "my" | "no" | "yo");
    // "venden llantas", "precio paquete": without a capital the first words must not be those of ordinary speech.
    let mut leading = name.iter().filter(|word| !JOINTS.contains(&word.folded.as_str())).take(2);
    let spoken = !name.iter().any(Word::is_capitalised)
        && leading.any(|word| is_ordinary(word) && !is_marker(&word.folded));
    (whole && !ordinary && !spoken && !asks && !article && name.len() <= MAX_WORDS)
        .then(|| as_written(text, words, lead_in, words.len()))
}
