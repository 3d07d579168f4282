//! What a customer says to a proposed order: yes, no, another quantity, or something that is neither and is asked about.
//! Whether something is sold hangs on this, so a yes is one only when nothing else is in the message. Pure.

use super::quantity;
use crate::{engine::words::undrawn, text::words};

/// An answer to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The customer agrees to just what was proposed.
    Yes,
    /// The customer does not want it.
    No,
    /// So many instead.
    Quantity(u32),
    /// It sounds like an answer, and could be either.
    Unclear,
    /// Something else was said.
    Other {
        /// Whether it begins by refusing: "no, the other one".
        refuses: bool,
    },
}

/// Agreeing, longest first where one begins another.
const YES: &[&str] = &[
    "si claro",
    "claro que si",
    "por supuesto",
    "desde luego",
    "como no",
    "no hay problema",
    "sin problema",
    "de acuerdo",
    "esta bien",
    "esta perfecto",
    "me parece bien",
    "me parece",
    "trato hecho",
    "hagamoslo",
    "adelante",
    "confirmo",
    "confirmado",
    "confirmada",
    "confirmalo",
    "confirmame",
    "confirmamelo",
    "confirmar",
    "lo confirmo",
    "si confirmo",
    "lo compro",
    "los compro",
    "la compro",
    "las compro",
    "compro",
    "lo quiero",
    "los quiero",
    "la quiero",
    "las quiero",
    "me lo llevo",
    "me los llevo",
    "me la llevo",
    "me las llevo",
    "lo llevo",
    "los llevo",
    "la llevo",
    "las llevo",
    "me llevo",
    "llevo",
    "registralo",
    "apartalo",
    "mandalo",
    "mandamelo",
    "dale",
    "listo",
    "va",
    "vale",
    "sale",
    "sip",
    "sipi",
    "simon",
    "si",
    "ok",
    "okay",
    "okey",
    "oki",
    "okis",
    "claro",
    "correcto",
    "exacto",
    "perfecto",
    "excelente",
    "orale",
    "andale",
    "hecho",
    "bueno",
    "venga",
    "asi es",
    "afirmativo",
    "eso",
    "eso mismo",
    "de una",
    "chevere",
    "i confirm",
    "confirm",
    "confirmed",
    "yes",
    "yeah",
    "yep",
    "yup",
    "sure",
    "of course",
    "go ahead",
    "sounds good",
    "deal",
    "i ll take it",
    "i ll take them",
    "place it",
    "place the order",
    "do it",
    "that s fine",
    "fine",
    "great",
    "perfect",
    "right",
    "correct",
    "absolutely",
    "sim",
    "pode ser",
    "pode confirmar",
    "pode",
    "confirma",
    "fechado",
    "fechou",
    "beleza",
    "bora",
    "isso",
    "isso mesmo",
    "com certeza",
    "certo",
    "combinado",
    "quero sim",
    "ta bom",
    "esta bom",
    "tudo bem",
    "blz",
    "manda ver",
];

/// Refusing.
const NO: &[&str] = &[
    "mejor no",
    "ya no",
    "no gracias",
    "no quiero",
    "no lo quiero",
    "no los quiero",
    "no la quiero",
    "no las quiero",
    "no me interesa",
    "no deseo",
    "no confirmo",
    "no lo confirmo",
    "no lo confirmes",
    "no lo registres",
    "para nada",
    "cancela",
    "cancelalo",
    "cancelar",
    "cancelado",
    "cancele",
    "olvidalo",
    "olvidelo",
    "dejalo",
    "dejelo",
    "dejemoslo",
    "dejalo asi",
    "nada",
    "nop",
    "nope",
    "nel",
    "negativo",
    "no",
    "cancel",
    "cancel it",
    "never mind",
    "nevermind",
    "forget it",
    "no thanks",
    "no thank you",
    "don t",
    "do not",
    "not now",
    "i don t want it",
    "nao",
    "nao quero",
    "melhor nao",
    "deixa",
    "deixa pra la",
    "esquece",
    "nao obrigado",
    "nao obrigada",
    "cancelar pedido",
];

/// Neither: the customer is not sure, or puts it off.
const HEDGES: &[&str] = &[
    "creo que",
    "creo",
    "tal vez",
    "talvez",
    "quiza",
    "quizas",
    "a lo mejor",
    "no se",
    "no estoy seguro",
    "no estoy segura",
    "no sabria",
    "depende",
    "espera",
    "esperame",
    "espere",
    "espereme",
    "un momento",
    "momento",
    "dejame ver",
    "dejame pensarlo",
    "dejeme ver",
    "dejame",
    "lo pienso",
    "lo voy a pensar",
    "pensarlo",
    "luego",
    "despues",
    "mas tarde",
    "mas al rato",
    "al rato",
    "todavia no",
    "aun no",
    "por que no",
    "puede ser",
    "supongo",
    "mas o menos",
    "maybe",
    "perhaps",
    "i think",
    "i guess",
    "not sure",
    "wait",
    "hold on",
    "one moment",
    "let me think",
    "later",
    "not yet",
    "acho que",
    "acho",
    "nao sei",
    "depois",
    "ainda nao",
    "deixa eu ver",
    "deixa eu pensar",
    "sera",
];

/// What is said around an answer and changes nothing.
const AROUND: &[&str] = &[
    "por favor",
    "porfavor",
    "porfa",
    "porfis",
    "favor",
    "gracias",
    "muchas gracias",
    "mil gracias",
    "amigo",
    "amiga",
    "senor",
    "senorita",
    "senora",
    "joven",
    "jefe",
    "hermano",
    "pues",
    "entonces",
    "ya",
    "con gusto",
    "el pedido",
    "mi pedido",
    "la compra",
    "el",
    "la",
    "los",
    "las",
    "lo",
    "me",
    "esa cantidad",
    "esa",
    "ese",
    "esos",
    "esas",
    "asi",
    "quiero",
    "deseo",
    "please",
    "thanks",
    "thank you",
    "the order",
    "my order",
    "it",
    "them",
    "that",
    "then",
    "so",
    "obrigado",
    "obrigada",
    "o pedido",
    "meu pedido",
    "entao",
    "ai",
    "o",
    "a",
    "os",
    "as",
    "que",
    "y",
    "e",
    "and",
    "i",
    "pra mim",
    "para mi",
    "con",
    "todo",
    "hola",
    "muy bien",
    "bien",
    "mismo",
    "no mas",
    "nomas",
    "comprar",
    "llevar",
    "levar",
    "buenas",
    "buenos dias",
    "buenas tardes",
];

/// What may stand before and behind another quantity.
const AROUND_QUANTITY: &[&str] = &[
    "solo",
    "solamente",
    "nada mas",
    "nomas",
    "mejor",
    "que sean",
    "sean",
    "dame",
    "deme",
    "ponme",
    "pongame",
    "mandame",
    "mande",
    "necesito",
    "seria",
    "serian",
    "pero",
    "cambia a",
    "cambialo a",
    "cambiar a",
    "unicamente",
    "tan solo",
    "just",
    "only",
    "make it",
    "give me",
    "but",
    "rather",
    "i want",
    "i need",
    "i ll take",
    "so",
    "somente",
    "apenas",
    "quero",
    "quero so",
    "me ve",
    "melhor",
    "mas",
    "piezas",
    "pieza",
    "unidades",
    "unidad",
    "pzas",
    "pza",
    "units",
    "pieces",
    "unidade",
    "pecas",
    "de ellos",
    "de ellas",
    "de esos",
    "de esas",
    "de cada uno",
    "a",
    "de",
    "con",
    "llevo",
    "me llevo",
    "llevare",
    "voy a llevar",
    "quedo con",
    "me quedo con",
    "entonces",
    "como",
    "por ahora",
];

/// The whole of what was proposed.
const ALL: &[&str] =
    &["todos", "todas", "todo", "all", "all of them", "everything", "tudo", "completo", "ambos", "both"];

/// Reads an answer to a proposal of `pieces` pieces in all. `named` tells whether a folded word is one of the products
/// that were proposed.
pub(crate) fn answer(text: &str, pieces: Option<u32>, named: impl Fn(&str) -> bool) -> Answer {
    if let Some(sign) = sign(text) {
        return sign;
    }
    let said: Vec<String> = words(text).iter().map(|word| undrawn(word)).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let (mut yes, mut no, mut hedges) = (0, 0, 0);
    let mut quantity = None;
    let mut rest = 0;
    let mut at = 0;
    while let Some(left) = said.get(at..).filter(|left| !left.is_empty()) {
        let lengths = [HEDGES, NO, YES, ALL, AROUND, AROUND_QUANTITY].map(|list| longest(list, left));
        let [hedge, refusal, agreement, all, around, around_quantity] = lengths;
        let most = lengths.into_iter().max().unwrap_or_default();
        // "una" in "la una" is no answer, but "una" alone is a quantity.
        if let Some((count, used)) = quantity::leading(left).filter(|(_, used)| *used >= most.max(1)) {
            if quantity.is_some_and(|known| known != count) {
                rest += 1;
            }
            quantity = Some(count);
            at += used;
        } else if most == 0 {
            let is_named = left.first().is_some_and(|word| named(word));
            rest += usize::from(!is_named);
            at += 1;
        } else {
            // Where two lists know the same words, the more careful one is right.
            if hedge == most {
                hedges += 1;
            } else if refusal == most {
                no += 1;
            } else if agreement == most {
                yes += 1;
            } else if all == most {
                yes += usize::from(pieces.is_some());
            } else {
                debug_assert!(around == most || around_quantity == most, "one of the lists is the longest");
            }
            at += most;
        }
    }
    let asks = text.contains('?');
    decide(Heard { yes, no, hedges, quantity, rest, asks }, pieces)
}

/// What was heard in an answer.
struct Heard {
    yes: usize,
    no: usize,
    hedges: usize,
    quantity: Option<u32>,
    /// Words that are none of an answer.
    rest: usize,
    asks: bool,
}

fn decide(heard: Heard, pieces: Option<u32>) -> Answer {
    let Heard { yes, no, hedges, quantity, rest, asks } = heard;
    let is_answer = yes + no + hedges > 0;
    if rest > 0 || asks {
        // Words that are not understood: an agreement among them may be one with conditions.
        return match (yes, no, hedges) {
            (_, 1.., _) => Answer::Other { refuses: true },
            (1.., 0, _) | (0, 0, 1..) if !asks && rest <= 3 => Answer::Unclear,
            _ => Answer::Other { refuses: false },
        };
    }
    if hedges > 0 {
        return Answer::Unclear;
    }
    match (yes > 0, no > 0, quantity) {
        (_, _, Some(0)) => Answer::No,
        (_, false, Some(count)) if Some(count) == pieces => Answer::Yes,
        (_, _, Some(count)) => Answer::Quantity(count),
        (true, false, None) => Answer::Yes,
        (false, true, None) => Answer::No,
        (true, true, None) => Answer::Unclear,
        (false, false, None) => {
            debug_assert!(!is_answer, "an answer was counted");
            Answer::Other { refuses: false }
        }
    }
}

/// A message of signs only.
fn sign(text: &str) -> Option<Answer> {
    if text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let has = |signs: &str| text.chars().any(|c| signs.contains(c));
    match (has("👍👌✅✔☑🆗🙌🤝💪"), has("👎❌✖🚫🙅")) {
        (true, false) => Some(Answer::Yes),
        (false, true) => Some(Answer::No),
        (true, true) => Some(Answer::Unclear),
        (false, false) => None,
    }
}

/// How many words the longest phrase of a list takes at the beginning of folded words.
fn longest(list: &[&str], said: &[&str]) -> usize {
    list.iter()
        .filter_map(|phrase| {
            let mut count = 0;
            for word in phrase.split(' ') {
                if said.get(count) != Some(&word) {
                    return None;
                }
                count += 1;
            }
            Some(count)
        })
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Answer) {
        let named = |word: &str| ["martillo", "martillos", "una"].contains(&word);
        assert_eq!(answer(text, Some(7), named), expected, "{text}");
    }

    #[test]
    fn agreements_are_recognised_in_three_languages() {
        for text in [
            "sí",
            "Si",
            "siii",
            "dale",
            "listo, confirmo",
            "Listo, confirmo.",
            "ok",
            "va",
            "de acuerdo",
            "claro que sí",
            "sí por favor",
            "Sí, los 7",
            "sí, los siete",
            "perfecto, me los llevo",
            "confirmo el pedido",
            "👍",
            "✅ ",
            "bueno",
            "sí, llevo los 7 martillos",
            "todos",
            "yes",
            "Yes please",
            "sure, go ahead",
            "confirm",
            "sim",
            "pode confirmar",
            "fechado",
            "tá bom",
            "isso mesmo",
            "los 7",
            "si quiero",
            "sí, muchas gracias",
            "está bien, los llevo",
            "órale pues",
            "sí, esa cantidad",
            "sí, 7 martillos",
        ] {
            check(text, Answer::Yes);
        }
    }

    #[test]
    fn refusals_are_recognised_in_three_languages() {
        for text in [
            "no",
            "No.",
            "mejor no",
            "no gracias",
            "ya no",
            "cancela",
            "olvídalo",
            "no, gracias",
            "déjalo así",
            "no quiero",
            "nope",
            "no thanks",
            "never mind",
            "não",
            "melhor não",
            "deixa pra lá",
            "👎",
            "no, cancela el pedido",
        ] {
            check(text, Answer::No);
        }
    }

    #[test]
    fn another_quantity_is_another_quantity() {
        for (text, count) in [
            ("solo 3", 3),
            ("3", 3),
            ("mejor 5", 5),
            ("que sean 2 por favor", 2),
            ("sí, pero solo 3", 3),
            ("no, solo 3", 3),
            ("dame tres nada más", 3),
            ("just 4", 4),
            ("só 2", 2),
            ("me llevo 5 martillos", 5),
            ("media docena", 6),
        ] {
            check(text, Answer::Quantity(count));
        }
    }

    #[test]
    fn what_could_be_either_is_asked_about() {
        for text in [
            "creo que sí",
            "no sé",
            "tal vez",
            "espera",
            "sí, no, espera",
            "sí pero mañana",
            "quizás",
            "déjame ver",
            "not sure",
            "acho que sim",
            "sí... no",
            "sí y un descuento",
            "luego",
            "puede ser",
        ] {
            check(text, Answer::Unclear);
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for text in ["¿hacen envíos?", "sí, ¿y hacen envíos a Cholula?", "¿cuánto cuesta el taladro?", "hola"]
        {
            assert!(matches!(answer(text, Some(7), |_| false), Answer::Other { refuses: false }), "{text}");
        }
        assert_eq!(answer("no, quiero el de bola", Some(7), |_| false), Answer::Other { refuses: true });
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,60}") {
            let _answer = answer(&text, Some(3), |_| false);
        }

        /// A word that nobody knows beside a yes is never a sale.
        #[test]
        fn a_yes_with_other_words_sells_nothing(word in "[a-z]{5,9}") {
            let text = format!("sí {word}zx");
            proptest::prop_assert_ne!(answer(&text, Some(3), |_| false), Answer::Yes);
        }
    }
}
