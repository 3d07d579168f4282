//! Courtesies and other messages that need no knowledge: recognised by code, so that a "gracias" never searches the
//! documents and never costs a call to a model.
//!
//! A message is small talk only if nothing else is in it: "hola, ¿cuánto cuesta?" is a question with a greeting.

use super::words::words;

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
    let joined = format!(" {} ", words.join(" "));
    if words.len() <= MAX_PERSON_WORDS && PERSON.iter().any(|phrase| joined.contains(&format!(" {phrase} ")))
    {
        return Some(SmallTalk::Person);
    }
    let called = super::words::words(business);
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
    words(text).iter().map(|word| shorten(word)).collect()
}

/// The word with every run of three or more equal letters as one.
fn shorten(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    letters
        .chunk_by(|a, b| a == b && a.is_alphabetic())
        .flat_map(|run| if run.len() > 2 { run.get(..1) } else { Some(run) }.unwrap_or_default())
        .collect()
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

/// Words that may stand in a courtesy without changing it.
const FILLERS: &[&str] = &[
    "por", "favor", "please", "senor", "senora", "senorita", "sr", "sra", "amigo", "amiga", "amigos",
    "todos", "todas", "a", "y", "e", "and", "muy", "pues", "oye", "oiga", "disculpe", "disculpa", "perdon",
    "excuse", "sorry", "there", "again", "so", "well", "por", "la", "su", "tu", "the", "your", "you", "para",
    "ustedes", "usted", "ti", "everyone", "team", "equipo", "equipe", "gente", "pessoal", "jaja", "jajaja",
    "haha", "kkk",
];

const PERSON: &[&str] = &[
    "hablar con una persona",
    "hablar con alguien",
    "hablar con un asesor",
    "hablar con una asesora",
    "hablar con un humano",
    "hablar con un agente",
    "hablar con el encargado",
    "hablar con la encargada",
    "hablar con un representante",
    "hablar con un operador",
    "quiero un asesor",
    "necesito un asesor",
    "quiero una persona",
    "persona real",
    "atencion humana",
    "agente humano",
    "pasame con",
    "paseme con",
    "comuniqueme con",
    "comunicame con",
    "me comunica con",
    "me atienda una persona",
    "que me llamen",
    "talk to a person",
    "talk to a human",
    "talk to someone",
    "talk to an agent",
    "talk to a representative",
    "speak to a person",
    "speak to a human",
    "speak to someone",
    "speak to an agent",
    "speak with a person",
    "speak with someone",
    "speak with a human",
    "talk with a person",
    "talk with someone",
    "real person",
    "human agent",
    "falar com uma pessoa",
    "falar com alguem",
    "falar com um atendente",
    "falar com um humano",
    "falar com uma atendente",
    "falar com um agente",
    "quero um atendente",
    "pessoa real",
    "atendimento humano",
];

const PHRASES: &[(SmallTalk, &[&str])] = &[
    (
        SmallTalk::Acknowledgement,
        &[
            "ok",
            "okay",
            "okey",
            "vale",
            "listo",
            "perfecto",
            "de acuerdo",
            "entendido",
            "entiendo",
            "genial",
            "excelente",
            "bien",
            "claro",
            "claro que si",
            "si",
            "bueno",
            "dale",
            "va",
            "no",
            "nada mas",
            "eso es todo",
            "super",
            "sure",
            "great",
            "perfect",
            "got it",
            "alright",
            "fine",
            "yes",
            "yep",
            "yeah",
            "understood",
            "nice",
            "cool",
            "that is all",
            "that s all",
            "nothing else",
            "i see",
            "certo",
            "perfeito",
            "beleza",
            "entendi",
            "otimo",
            "legal",
            "sim",
            "ta bom",
            "ta",
            "combinado",
            "so isso",
            "mais nada",
            "nao",
            "tudo certo",
            "buenisimo",
            "que bien",
            "ya",
            "esta bien",
            "todo bien",
        ],
    ),
    (
        SmallTalk::Greeting,
        &[
            "hola",
            "holi",
            "buenas",
            "buenos dias",
            "buen dia",
            "buenas tardes",
            "buenas noches",
            "saludos",
            "muy buenas",
            "hello",
            "hi",
            "hey",
            "hi there",
            "hello there",
            "good morning",
            "good afternoon",
            "good evening",
            "greetings",
            "ola",
            "oi",
            "oie",
            "bom dia",
            "boa tarde",
            "boa noite",
            "alo",
            "ey",
        ],
    ),
    (
        SmallTalk::Wellbeing,
        &[
            "como estas",
            "como esta",
            "como estan",
            "como le va",
            "como te va",
            "como les va",
            "que tal",
            "que mas",
            "todo bien y tu",
            "how are you",
            "how are you doing",
            "how is it going",
            "how s it going",
            "how do you do",
            "tudo bem",
            "tudo bom",
            "como vai",
            "como voce esta",
            "como vai voce",
            "e voce",
        ],
    ),
    (
        SmallTalk::Thanks,
        &[
            "gracias",
            "muchas gracias",
            "mil gracias",
            "muchisimas gracias",
            "te agradezco",
            "le agradezco",
            "se lo agradezco",
            "muy amable",
            "gracias por la informacion",
            "gracias por todo",
            "gracias por tu ayuda",
            "gracias por su ayuda",
            "gracias por la ayuda",
            "no gracias",
            "thanks",
            "thank you",
            "thank you very much",
            "thank you so much",
            "thanks a lot",
            "many thanks",
            "thx",
            "ty",
            "thanks for your help",
            "thanks for the help",
            "thank you for your help",
            "no thanks",
            "no thank you",
            "obrigado",
            "obrigada",
            "muito obrigado",
            "muito obrigada",
            "valeu",
            "brigado",
            "brigada",
            "obrigado pela ajuda",
            "obrigada pela ajuda",
            "nao obrigado",
            "nao obrigada",
            "agradecido",
            "agradecida",
            "i appreciate it",
        ],
    ),
    (
        SmallTalk::Goodbye,
        &[
            "adios",
            "hasta luego",
            "hasta pronto",
            "hasta manana",
            "chao",
            "chau",
            "nos vemos",
            "bye",
            "goodbye",
            "good bye",
            "bye bye",
            "see you",
            "see you later",
            "see you soon",
            "good night",
            "tchau",
            "ate logo",
            "ate mais",
            "ate amanha",
            "ate breve",
            "ate",
            "feliz dia",
            "feliz tarde",
            "feliz noche",
            "que tenga buen dia",
            "que tengas buen dia",
            "que tenga un buen dia",
            "que este bien",
            "have a nice day",
            "have a good day",
            "have a great day",
            "tenha um bom dia",
            "um abraco",
            "un abrazo",
        ],
    ),
    (
        SmallTalk::Help,
        &[
            "ayuda",
            "necesito ayuda",
            "me puede ayudar",
            "me pueden ayudar",
            "me puedes ayudar",
            "me ayudas",
            "me ayuda",
            "que puedes hacer",
            "que sabes hacer",
            "en que me puedes ayudar",
            "tengo una pregunta",
            "tengo una duda",
            "una pregunta",
            "una consulta",
            "tengo una consulta",
            "quisiera hacer una consulta",
            "quiero hacer una pregunta",
            "informacion",
            "quiero informacion",
            "quisiera informacion",
            "necesito informacion",
            "mas informacion",
            "help",
            "i need help",
            "can you help me",
            "could you help me",
            "can you help",
            "what can you do",
            "i have a question",
            "information",
            "more information",
            "ajuda",
            "preciso de ajuda",
            "pode me ajudar",
            "voce pode me ajudar",
            "o que voce faz",
            "tenho uma duvida",
            "tenho uma pergunta",
            "uma pergunta",
            "informacoes",
            "quero informacoes",
        ],
    ),
    (
        SmallTalk::Identity,
        &[
            "eres un robot",
            "eres un bot",
            "es un robot",
            "es un bot",
            "es usted un robot",
            "eres una persona",
            "es usted una persona",
            "eres humano",
            "eres humana",
            "quien eres",
            "quien es usted",
            "con quien hablo",
            "como te llamas",
            "eres real",
            "eres una maquina",
            "eres una ia",
            "eres inteligencia artificial",
            "hablo con un robot",
            "hablo con una persona",
            "are you a bot",
            "are you a robot",
            "are you human",
            "are you a human",
            "are you a person",
            "are you a real person",
            "are you real",
            "are you an ai",
            "who are you",
            "what is your name",
            "what s your name",
            "who am i talking to",
            "voce e um robo",
            "voce e humano",
            "voce e uma pessoa",
            "quem e voce",
            "qual e o seu nome",
            "qual seu nome",
            "com quem falo",
            "com quem estou falando",
        ],
    ),
];

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
