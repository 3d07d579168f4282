//! What the name of a business looks like: "Ferretería El Tornillo", "Roa Logística Ltda", "Solvex S.A.S."

use crate::engine::lead::{
    known::is_ordinary,
    reading::{Phrases, Word, continues, written},
};

/// The most words of a company's name.
pub(super) const MAX_WORDS: usize = 7;

/// Words that begin the name of a business.
static KINDS: Phrases = Phrases::of(
    "jardin, auto, autopecas, distribuciones, metalicas, lavadero, autolavado, tecnipartes, ferreteria, \
     clinica, constructora, construtora, panaderia, padaria, panificadora, oficina, taller, talleres, \
     transportes, transportadora, textiles, inversiones, grupo, restaurante, hotel, hostal, farmacia, \
     drogueria, supermercado, supermercados, almacen, almacenes, colegio, escola, escuela, universidad, \
     universidade, fundacion, corporacion, consultorio, consultores, consultoria, laboratorio, laboratorios, \
     inmobiliaria, imobiliaria, agencia, estudio, distribuidora, comercializadora, importadora, industrias, \
     confecciones, muebles, gimnasio, veterinaria, floristeria, papeleria, libreria, lavanderia, peluqueria, \
     salao, mercado, constructores, ingenieria, asociacion, cooperativa, editorial, imprenta, joyeria, \
     optica, pizzeria, cafeteria, pasteleria, heladeria, carniceria, boutique, academia, instituto, \
     logistica, agropecuaria, agricola, avicola, ganadera, vivero, hacienda, autopartes, repuestos, \
     asesorias, bufete, notaria, frutas, carnes, lacteos, delicias, modas, creaciones, deportes, comercial, \
     pousada, churrascaria, lanchonete, sorveteria, otica, drogaria, contabilidade, advocacia, marmoraria, \
     serralheria, soluciones, sistemas, servicios, tecnologia, solucoes, servicos, seguros, aceros, \
     metalurgica, maderas, plasticos, pinturas",
);

/// Words that end the name of a business.
static ENDS: Phrases = Phrases::of(
    "sas, ltda, srl, eirl, inc, llc, ltd, corp, gmbh, limitada, eireli, solutions, services, studio, studios, \
     labs, consulting, logistics, dental, group, holdings, partners, technologies, bakery, clinic, asociados, \
     associados, associates, hermanos, irmaos, catering",
);

/// Legal forms that are written with full stops.
static SPELLED: Phrases =
    Phrases::of("s a s, s a, s l, s r l, c a, s de r l, s a de c v, sa de cv, s de rl de cv, s c");

/// Words between the parts of a company's name.
pub(super) static JOINTS: Phrases =
    Phrases::of("de, del, la, el, los, las, y, e, da, do, dos, das, and, of, the");

/// Whether the word is one that only businesses have in their names.
pub(in crate::engine::lead) fn is_marker(folded: &str) -> bool {
    KINDS.has_word(folded) || ENDS.has_word(folded)
}

pub(super) fn starts_with_kind(name: &[Word<'_>]) -> bool {
    let kind = name.iter().position(|word| !JOINTS.has_word(&word.folded));
    kind.is_some_and(|at| {
        at < 2 && name.len() > at + 1 && name.get(at).is_some_and(|word| KINDS.has_word(&word.folded))
    })
}

/// How many words the legal form or the like at the end of a name has.
pub(super) fn legal_form(name: &[Word<'_>]) -> Option<usize> {
    let spelled = (1..name.len()).find_map(|at| {
        let length = SPELLED.longest(name, at).or_else(|| spelled_with_stops(name, at))?;
        let capital = name.get(at).is_some_and(Word::is_capitalised);
        (at + length == name.len() && capital).then_some(length)
    });
    let ends = || name.len() > 1 && name.last().is_some_and(|word| ENDS.has_word(&word.folded));
    spelled.or_else(|| ends().then_some(1)).or_else(|| {
        let short = name.len() > 1
            && name.last().is_some_and(|word| matches!(word.text, "SA" | "SL" | "ME" | "SpA" | "SAC" | "CA"));
        short.then_some(1)
    })
}

/// The same over the full stops of "S.A.S.", which end a phrase elsewhere.
fn spelled_with_stops(name: &[Word<'_>], at: usize) -> Option<usize> {
    let mut form: Vec<Word<'_>> = name.get(at..)?.to_vec();
    for word in &mut form {
        word.gap = " ";
    }
    SPELLED.longest(&form, 0)
}

/// Where the name that begins at `start` ends.
pub(super) fn name_end(words: &[Word<'_>], start: usize) -> Option<usize> {
    let first = words.get(start)?;
    let kind_first = KINDS.has_word(&first.folded);
    // "En una panadería" is some bakery.
    if matches!(first.folded.as_str(), "un" | "una" | "um" | "uma" | "a" | "an" | "mi" | "my" | "casa") {
        return None;
    }
    let mut end = start;
    while end < words.len() && end < start + MAX_WORDS && (end == start || goes_on(words, end)) {
        let word = words.get(end)?;
        let joint = JOINTS.has_word(&word.folded);
        if joint && end > start {
            // A joint belongs to the name only when the name goes on behind it.
            let next = words.get(end + 1).filter(|_| goes_on(words, end + 1));
            let next_joint = next.is_some_and(|next| JOINTS.has_word(&next.folded));
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
    while end > start && words.get(end - 1).is_some_and(|word| JOINTS.has_word(&word.folded)) {
        end -= 1;
    }
    (end > start).then_some(end)
}

/// Whether the name goes on with the word at `at`: also over the full stops of "S.A.S." and the sign in "P&G".
pub(super) fn goes_on(words: &[Word<'_>], at: usize) -> bool {
    let Some(word) = words.get(at) else { return false };
    let spelled = word.gap.trim() == "." && word.text.chars().count() == 1;
    let before_form =
        word.gap.trim() == "," && word.text.len() <= 4 && (is_marker(&word.folded) || word.text == "S");
    continues(words, at) || (spelled && !word.gap.contains('\n')) || word.gap.trim() == "&" || before_form
}

/// The name as it was written, with the full stop of "S.A.".
pub(super) fn as_written(text: &str, words: &[Word<'_>], start: usize, end: usize) -> String {
    let name = written(text, words.get(start..end).unwrap_or_default());
    let last = words.get(end.saturating_sub(1));
    let stop = last.is_some_and(|word| {
        word.text.chars().count() == 1 && text.get(word.end..).is_some_and(|rest| rest.starts_with('.'))
    });
    if stop { format!("{name}.") } else { name }
}
