//! The parts of a message that may want different things: "¿Cuánto cuesta un bótox y cuándo tienen disponible?"
//!
//! A message is cut at the ends of sentences, and before "y", "and", "e" or after a comma only where something begins that
//! can stand alone (a question word, a verb of wanting, the name of a fact), so that "tornillos y tuercas" stays whole.

use crate::{engine::smalltalk, text::fold};

/// The most parts of a message that are looked at.
const MAX_CLAUSES: usize = 4;

/// Text beyond this many bytes is not cut.
const MAX_BYTES: usize = 1_000;

/// The parts of a message, when it has several; courtesies are none. Empty when the message is of one piece.
pub fn clauses(text: &str) -> Vec<&str> {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
    let mut clauses: Vec<&str> = Vec::new();
    for sentence in sentences(text) {
        let mut start = 0;
        for cut in cuts(sentence) {
            push(&mut clauses, sentence.get(start..cut));
            start = cut;
        }
        push(&mut clauses, sentence.get(start..));
    }
    if clauses.len() < 2 {
        return Vec::new();
    }
    clauses.truncate(MAX_CLAUSES);
    clauses
}

/// Takes a part in, unless it is empty or a courtesy.
fn push<'a>(clauses: &mut Vec<&'a str>, part: Option<&'a str>) {
    let part = part.unwrap_or_default().trim_matches(|c: char| c.is_whitespace() || ",¿¡".contains(c));
    let part = without_joiner(part);
    if part.chars().any(char::is_alphanumeric) && smalltalk::recognise(part, "").is_none() {
        clauses.push(part);
    }
}

/// The sentences of a text: they end with a mark, or with the line.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len();
        let mut letters = rest.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            // "3.5", "www.x.co" and "a.m." do not end a sentence.
            let ends = match letter {
                '?' | '!' | ';' | '\n' => true,
                '.' => next.is_none_or(char::is_whitespace),
                _ => false,
            };
            if ends {
                end = at + letter.len_utf8();
                break;
            }
        }
        let (sentence, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(sentence)
    })
}

/// Where a sentence can be cut: the places of the words that begin a part of their own.
fn cuts(sentence: &str) -> Vec<usize> {
    let words: Vec<(usize, &str)> = sentence
        .split_whitespace()
        .map(|word| (word.as_ptr() as usize - sentence.as_ptr() as usize, word))
        .collect();
    let mut cuts = Vec::new();
    for (index, (at, word)) in words.iter().enumerate().skip(1) {
        let after_comma =
            words.get(index - 1).is_some_and(|(_, before)| before.ends_with([',', ':']) || *before == "-");
        let joiner = JOINERS.contains(&plain(word).as_str());
        if !after_comma && !joiner {
            continue;
        }
        let mut following = words.iter().skip(index + usize::from(joiner)).map(|(_, word)| plain(word));
        if begins_a_part(&mut following) {
            cuts.push(*at);
        }
    }
    cuts
}

/// Whether these words begin something that can stand alone.
fn begins_a_part(words: &mut impl Iterator<Item = String>) -> bool {
    let Some(first) = words.next() else { return false };
    if STARTERS.split_ascii_whitespace().any(|starter| starter == first) {
        return true;
    }
    let second = words.next().unwrap_or_default();
    let is_fact = |word: &str| FACTS.split_ascii_whitespace().any(|fact| fact == word);
    let is_question_word = |word: &str| QUESTION_WORDS.split_ascii_whitespace().any(|known| known == word);
    // "precio y ubicación", "el horario", "a qué hora", "hasta cuándo".
    is_fact(&first)
        || ARTICLES.contains(&first.as_str()) && is_fact(&second)
        || PREPOSITIONS.contains(&first.as_str()) && is_question_word(&second)
}

fn without_joiner(part: &str) -> &str {
    let Some((first, rest)) = part.split_once(char::is_whitespace) else { return part };
    if JOINERS.contains(&plain(first).as_str()) { rest.trim_start() } else { part }
}

fn plain(word: &str) -> String {
    fold(word.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// Folded words that join what a message wants.
const JOINERS: [&str; 10] = ["y", "e", "and", "pero", "but", "tambien", "tambem", "also", "ademas", "mas"];

const ARTICLES: [&str; 10] = ["el", "la", "los", "las", "su", "o", "a", "os", "as", "the"];

const PREPOSITIONS: [&str; 14] =
    ["a", "hasta", "desde", "en", "de", "para", "por", "con", "ate", "em", "at", "until", "for", "in"];

const QUESTION_WORDS: &str = "que q ke cuanto cuanta cuantos cuantas cual cuales cuando donde quien como onde quando quanto quantos qual quais \
     quem what which when where how who";

/// Facts of a business that are asked for by their name alone: "precio y ubicación".
const FACTS: &str = "precio precios costo costos valor valores horario horarios ubicacion direccion telefono disponibilidad garantia \
     promociones descuentos catalogo price prices cost hours address location availability warranty preco precos endereco \
     localizacao disponibilidade promocoes";

const STARTERS: &str = "que q ke cuanto cuanta cuantos cuantas cual cuales cuando donde quien como kuanto \
     quiero necesito quisiera deseo busco requiero me nos te puedo podria podrian puede pueden tienen tiene tienes hay \
     aceptan reciben hacen venden manejan atienden abren cierran trabajan incluye incluyen sirve dan ofrecen arreglan \
     llevan envian traen quedan cuesta cuestan vale valen agendar agendame agendeme reservar reservame reserveme \
     apartame separame cancelar cancelen cambiar anotame inscribeme cotizame si no mi mis soy llamenme llamame pago \
     how what when where which who do does can could is are i i'd id i'm im my any book cancel please \
     quanto quanta quantos quantas quando onde qual quais como tem têm voces vocês aceita aceitam posso pode podem quero preciso gostaria \
     fazem faz abre abrem fecha fecham vende vendem meu minha marca agenda";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_want_different_things_are_told_apart() {
        let check = |text: &str, expected: &[&str]| assert_eq!(clauses(text), expected, "{text:?}");
        check(
            "¿Cuánto cuesta un botox y cuándo tienen disponible?",
            &["Cuánto cuesta un botox", "cuándo tienen disponible?"],
        );
        check("Precio del corte y a qué hora abren", &["Precio del corte", "a qué hora abren"]);
        check("donde estan ubicados? abren los domingos?", &["donde estan ubicados?", "abren los domingos?"]);
        check("cuál es la dirección y el horario", &["cuál es la dirección", "el horario"]);
        check("How much is a facial and when do you open?", &["How much is a facial", "when do you open?"]);
        check("Quanto custa e quando tem horário?", &["Quanto custa", "quando tem horário?"]);
        check("Hola, precio de las uñas, me agendas mañana?", &["precio de las uñas", "me agendas mañana?"]);
    }

    #[test]
    fn what_belongs_together_stays_together() {
        for text in [
            "necesito tornillos y tuercas",
            "abren sábados y domingos?",
            "precio del taladro y la pulidora",
            "Hola, buenas tardes. ¿Cuánto cuesta?",
            "me cotiza cemento, arena y ladrillos",
            "cuesta 3.5 dólares",
            "soy Ana y trabajo en Acme",
            "",
            "???",
        ] {
            assert!(clauses(text).is_empty(), "{text:?}: {:?}", clauses(text));
        }
    }

    #[test]
    fn the_parts_of_endless_messages_are_bounded() {
        assert_eq!(clauses(&"¿cuánto cuesta? ".repeat(500)).len(), MAX_CLAUSES);
    }
}
