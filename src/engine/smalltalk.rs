//! Courtesies and other messages that need no knowledge: recognised by code, so that a "gracias" never searches the
//! documents and never costs a call to a model.
//!
//! A message is small talk only if nothing else is in it: "hola, ¿cuánto cuesta?" is a question with a greeting.

mod phrases;

use self::phrases::{FILLERS, PHRASES};
use super::{person::asks_for_person, words::undrawn};
use crate::text::words;

/// What a message of pure courtesy asks for. Later ones win when a message has several ("ok, gracias, adiós").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SmallTalk {
    /// "Ok", "vale", "perfeito".
    Acknowledgement,
    /// "Hola", "good morning", "oi".
    Greeting,
    /// "¿Cómo está?", "tudo bem?"
    Wellbeing,
    /// "Gracias", "thanks", "obrigada".
    Thanks,
    /// "Hasta luego", "bye", "tchau".
    Goodbye,
    /// "Tengo una pregunta", "can you help me?"
    Help,
    /// "¿Eres un robot?"
    Identity,
    /// "Quiero hablar con una persona".
    Person,
}

/// The most words of a message that asks for a person without saying what about.
const MAX_PERSON_WORDS: usize = 14;

/// The longest phrase in [`PHRASES`], in words.
const MAX_PHRASE_WORDS: usize = 6;

/// What the message is, if it is nothing but small talk. `business` is the name the customer may call it by.
pub fn recognise(text: &str, business: &str) -> Option<SmallTalk> {
    let words = plain_words(text);
    if words.is_empty() {
        return None;
    }
    if words.len() <= MAX_PERSON_WORDS && asks_for_person(text, &[]) {
        return Some(SmallTalk::Person);
    }
    let called = crate::text::words(business);
    let (found, rest) = consume(&words, &called);
    if rest.is_empty() { found } else { None }
}

/// Whether the message begins with a greeting.
pub fn begins_with_greeting(text: &str) -> bool {
    let words = plain_words(text);
    (1..=2).any(|length| words.get(..length).is_some_and(|start| phrase(start) == Some(SmallTalk::Greeting)))
}

/// The folded words without drawn-out letters ("holaaaa").
fn plain_words(text: &str) -> Vec<String> {
    words(text).iter().map(|word| undrawn(word)).collect()
}

/// Takes phrases off until something is left that is none.
fn consume<'a>(words: &'a [String], called: &[String]) -> (Option<SmallTalk>, &'a [String]) {
    let mut found = None;
    let mut rest = words;
    while !rest.is_empty() {
        let longest = (1..=MAX_PHRASE_WORDS.min(rest.len())).rev().find_map(|length| {
            let (start, after) = rest.split_at_checked(length)?;
            phrase(start).map(|kind| (kind, after))
        });
        if let Some((kind, after)) = longest {
            found = found.max(Some(kind));
            rest = after;
        } else if let Some((word, after)) = rest.split_first()
            && (FILLERS.contains(&word.as_str()) || called.contains(word))
        {
            rest = after;
        } else {
            return (found, rest);
        }
    }
    (found, rest)
}

fn phrase(words: &[String]) -> Option<SmallTalk> {
    let joined = words.join(" ");
    PHRASES.iter().find(|(_, phrases)| phrases.contains(&joined.as_str())).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courtesies_are_recognised_in_three_languages() {
        let check = |text: &str, expected: SmallTalk| {
            assert_eq!(recognise(text, "Benova Clínica"), Some(expected), "{text:?}");
        };
        for text in
            ["Hola", "holaaaa!!", "¡Buenos días!", "hola benova", "hi there", "Oi", "Bom dia!", "buenas 👋"]
        {
            check(text, SmallTalk::Greeting);
        }
        for text in ["hola, ¿cómo está?", "Hi, how are you?", "oi, tudo bem?", "hola que tal"] {
            check(text, SmallTalk::Wellbeing);
        }
        for text in ["gracias", "Ok, muchas gracias!", "Thanks a lot", "Muito obrigada!", "no, gracias"] {
            check(text, SmallTalk::Thanks);
        }
        for text in ["gracias, hasta luego", "bye!", "Tchau, até amanhã", "ok adiós"] {
            check(text, SmallTalk::Goodbye);
        }
        for text in ["ok", "Perfecto", "sí", "great", "beleza", "Vale, listo"] {
            check(text, SmallTalk::Acknowledgement);
        }
        for text in ["¿Eres un robot?", "Are you a real person?", "você é um robô?"] {
            assert!(matches!(recognise(text, ""), Some(SmallTalk::Identity | SmallTalk::Person)), "{text:?}");
        }
        for text in [
            "Quiero hablar con una persona, por favor",
            "I want to talk to a human",
            "falar com um atendente",
        ] {
            check(text, SmallTalk::Person);
        }
        for text in ["Hola, tengo una pregunta", "can you help me?", "preciso de ajuda"] {
            check(text, SmallTalk::Help);
        }
    }

    #[test]
    fn a_question_with_a_greeting_is_a_question() {
        for text in [
            "hola, ¿cuánto cuesta el bótox?",
            "Buenas tardes, ¿a qué hora abren?",
            "hi, do you have parking?",
            "oi, quanto custa?",
            "gracias, y el precio?",
            "sí, quiero una cita",
            "no me llegó el pedido",
            "¿Puedo llevar una persona a mi cita?",
            "👍",
            "",
        ] {
            assert_eq!(recognise(text, "Benova"), None, "{text:?}");
        }
        assert!(begins_with_greeting("Buenas tardes, ¿a qué hora abren?"));
        assert!(!begins_with_greeting("¿A qué hora abren?"));
    }
}
