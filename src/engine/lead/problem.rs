//! What is wanted or wrong, in the customer's own words: the sentence that says it.

use super::{
    reading::{Phrases, Word},
    wish::TROUBLES,
};
use crate::engine::words::is_stop_word;

/// The longest problem that is kept, in characters: a few sentences.
const MAX_CHARS: usize = 400;

/// What begins a wish.
pub(super) static WISHES: Phrases = Phrases::of(
    "quiero, quisiera, queria, quisieramos, queremos, quieren, quiere, estoy buscando, ando buscando, estamos \
     buscando, deseo, me gustaria, necesito, necesitamos, necesita, necesitaria, busco, buscamos, me \
     interesa, me interesan, me interesaria, estoy interesado, estoy interesada, estamos interesados, \
     cotizar, cotizacion, presupuesto, comprar, compro, agendar, reservar, contratar, inscribirme, precio de, \
     precio del, precio por, cuanto cuesta, cuanto cuestan, cuanto vale, cuanto valen, cuanto sale, cuanto \
     cobran, cuanto seria, i want, we want, i need, we need, i d like, looking for, looking to, trying to \
     find, wants, interested in, quote for, to buy, to book, how much is, how much does, how much are, how \
     much do, price of, price for, quero, preciso de, preciso, precisamos, gostaria de, gostaria, orcamento \
     para, orcamento de, tenho interesse, quanto custa, quanto custam, quanto e, quanto fica, procuro, estou \
     procurando, estou interessado, estou interessada",
);

/// Words that name no subject of a wish.
static VAGUE: Phrases = Phrases::of(
    "mesmo, mesma, someone, somebody, alguien, alguem, flooding, disso, isso, disto, esto, informacion, info, \
     informacao, information, precio, precios, price, prices, preco, precos, cotizacion, cotizar, quote, \
     orcamento, presupuesto, ayuda, help, ajuda, favor, saber, pregunta, consulta, duda, cuesta, vale, custa, \
     cost, costs, hoy, hoje, today, manana, amanha, tomorrow, ahora, mismo, antes, cuanto, urgente, urgent, \
     asap, quiere, quieren, queria, quisiera, necesitamos, necesita, busco, interesa, interested, looking, \
     seria, pronto, posible, verdad, cotizando, comprar, compra, algo, cosa, dar, dejar, hablar, hablo, \
     persona, semana, apenas, estoy, enviarme, quedo, fixed, working, preciso, quero, gostaria, urge, \
     inmediato, hacer, empresa, correo, nombre, telefono, numero, email, it, this",
);

/// What follows the beginning of a wish that is only one to say or to know something.
static ABOUT_WORDS: Phrases = Phrases::of(
    "saber, saber si, preguntar, consultar, hablar, que me, dar, dejar, hacer una pregunta, hacerle una \
     pregunta, to know, to ask, to talk, to speak, to give, falar, perguntar, saber se",
);

/// What follows it and is a wish after all.
static STILL_WISHES: Phrases = Phrases::of(
    "saber el precio, saber el valor, saber cuanto, que me arreglen, que me instalen, que me coticen, que me \
     envien",
);

/// Who somebody is stands before the wish and is no part of it.
static INTRODUCTIONS: Phrases = Phrases::of(
    "soy, me llamo, nombre, my name, i m, i am, this is, meu nome, me chamo, sou, escribe, habla, saluda, \
     trabajo en, trabalho, i work, quem fala",
);

/// What the customer's data are called.
static LABEL_NAMES: Phrases = Phrases::of(
    "correo, email, mail, telefono, celular, movil, numero, whatsapp, phone, number, contacto, contact, cel, telefone, \
     contato",
);

/// The words between a wish and the data that follow it.
static LABELS: Phrases = Phrases::of(
    "correo, email, mail, telefono, celular, movil, numero, whatsapp, phone, number, contacto, contact, cel, telefone, \
     contato, mi, mis, my, meu, minha, y, and, e, es, is, son, electronico, de, el, o, al, a, en, este, at, on, me, \
     pueden, escribir, llamar, escribanme, llamenme",
);

static GREETINGS: Phrases = Phrases::of(
    "hola, buenos dias, buenas tardes, buenas noches, buenas, buen dia, hi, hello, hey, oi, ola, bom dia, boa \
     tarde, boa noite, good morning, good afternoon",
);

/// The part of a message that says what is wanted or wrong, as it was written. `words` are those of `text` without
/// its addresses and numbers; `is_answer`: the customer was asked for another part of their data, so that "lo tengo
/// dañado" speaks of that.
pub(super) fn find(text: &str, words: &[Word<'_>], is_answer: bool) -> Option<String> {
    let said: Vec<String> =
        sentences(words).into_iter().filter_map(|sentence| of_sentence(text, sentence, is_answer)).collect();
    bounded(&said.join(" "))
}

/// The answer to the question what it is about: all of it.
pub(super) fn answered(text: &str, words: &[Word<'_>]) -> Option<String> {
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.iter().any(is_subject) { bounded(&whole) } else { None }
}

fn bounded(text: &str) -> Option<String> {
    let text = text.trim();
    let cut: String = text.chars().take(MAX_CHARS).collect();
    (!text.is_empty()).then(|| if cut.len() < text.len() { format!("{}…", cut.trim_end()) } else { cut })
}

/// The words of each sentence: commas do not end one, addresses and numbers that were taken out do.
fn sentences<'w, 'a>(words: &'w [Word<'a>]) -> Vec<&'w [Word<'a>]> {
    words.chunk_by(|_, next| !next.gap.contains(['.', '!', '?', '¿', '\n', super::MASK])).collect()
}

fn of_sentence(text: &str, sentence: &[Word<'_>], is_answer: bool) -> Option<String> {
    let first = |found: &dyn Fn(usize) -> bool| (0..sentence.len()).find(|at| found(*at));
    let trouble = first(&|at| TROUBLES.longest(sentence, at).is_some());
    let wish = first(&|at| WISHES.longest(sentence, at).is_some() && !is_about_words(sentence, at));
    let cue = [trouble, wish].into_iter().flatten().min()?;
    let length = WISHES.longest(sentence, cue).or_else(|| TROUBLES.longest(sentence, cue)).unwrap_or(0);
    let (before, behind) = (sentence.get(..cue)?, sentence.get(cue + length..)?);
    // "No me funciona" says what is wrong even without a subject; "quiero información" does not say what is wanted.
    let says_enough = if trouble.is_some() && !is_answer {
        true
    } else {
        behind.iter().any(is_subject) || (trouble.is_some() && before.iter().any(is_subject))
    };
    if !says_enough {
        return None;
    }
    let start = if INTRODUCTIONS.is_in(before) { cue } else { after_greeting(sentence) };
    let sentence = sentence.get(..sentence.len() - label_at_end(sentence))?;
    let (first, last) = (sentence.get(start)?, sentence.last()?);
    let written = text.get(first.start..last.end)?;
    Some(written.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// How many words at the end only lead to the customer's data: "…, mi correo es".
fn label_at_end(sentence: &[Word<'_>]) -> usize {
    let length = sentence.iter().rev().take_while(|word| LABELS.has_word(&word.folded)).count();
    let tail = sentence.get(sentence.len() - length..).unwrap_or_default();
    if tail.iter().any(|word| LABEL_NAMES.has_word(&word.folded)) { length } else { 0 }
}

/// "Quería saber si …" and "quiero preguntar" lead into a question and are no wish themselves.
pub(super) fn is_about_words(sentence: &[Word<'_>], at: usize) -> bool {
    let Some(length) = WISHES.longest(sentence, at) else { return false };
    let behind = at + length;
    ABOUT_WORDS.longest(sentence, behind).is_some() && STILL_WISHES.longest(sentence, behind).is_none()
}

fn after_greeting(sentence: &[Word<'_>]) -> usize {
    let mut at = 0;
    while let Some(length) = GREETINGS.longest(sentence, at) {
        at += length;
    }
    at.min(sentence.len().saturating_sub(1))
}

/// Whether the word names what a wish is about.
pub(super) fn is_subject(word: &Word<'_>) -> bool {
    let folded = word.folded.as_str();
    folded.len() > 2
        && !is_stop_word(folded)
        && !VAGUE.has_word(folded)
        && !folded.bytes().all(|byte| byte.is_ascii_digit())
}
