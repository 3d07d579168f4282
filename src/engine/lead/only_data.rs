//! Whether a message holds nothing but what was asked for, so that there is nothing else to answer.

use super::LeadFindings;
use crate::{domain::lead::LeadField, engine::words::is_stop_word, text::words};

/// Words that stand around data and ask for nothing.
const AROUND: &[&str] = &[
    "soy",
    "llamo",
    "nombre",
    "correo",
    "email",
    "mail",
    "telefono",
    "celular",
    "numero",
    "whatsapp",
    "empresa",
    "trabajo",
    "gracias",
    "perdon",
    "disculpa",
    "disculpe",
    "claro",
    "si",
    "no",
    "ok",
    "listo",
    "vale",
    "bueno",
    "hola",
    "buenas",
    "buenos",
    "dias",
    "tardes",
    "noches",
    "arroba",
    "punto",
    "am",
    "name",
    "phone",
    "number",
    "company",
    "thanks",
    "thank",
    "sorry",
    "sure",
    "yes",
    "hi",
    "hello",
    "address",
    "actually",
    "called",
    "sou",
    "chamo",
    "nome",
    "telefone",
    "obrigado",
    "obrigada",
    "desculpe",
    "desculpa",
    "sim",
    "oi",
    "ola",
    "corrijo",
    "correcto",
    "mejor",
    "escribi",
    "mal",
    "quise",
    "decir",
    "correction",
    "meant",
    "certo",
    "errado",
    "apellido",
];

/// More other words than this are something to answer.
const MAX_OTHER_WORDS: usize = 1;

/// Whether there is nothing to answer in a message that gave these findings. `asked` is the part that the reply before
/// asked for.
pub fn is_only_data(text: &str, findings: &LeadFindings, asked: Option<LeadField>) -> bool {
    if text.contains(['?', '¿']) {
        return false;
    }
    let answers = match asked {
        Some(LeadField::Problem) => findings.problem.is_some(),
        Some(LeadField::Interest) => findings.interest.is_some(),
        Some(LeadField::Urgency) => findings.urgency.is_some(),
        _ => false,
    };
    if answers || asked.is_some_and(|field| findings.declined.contains(&field)) {
        return true;
    }
    let parts = [&findings.name, &findings.email, &findings.phone, &findings.company];
    if parts.iter().all(|part| part.is_none()) && findings.doubtful_email.is_none() {
        return false;
    }
    // What is left of the message beside the data.
    let is_data = |token: &&str| token.contains('@') || token.chars().any(|c| c.is_ascii_digit());
    let plain: Vec<&str> = text.split_whitespace().filter(|token| !is_data(token)).collect();
    let taken: Vec<String> = [&findings.name, &findings.company, &findings.email]
        .into_iter()
        .flatten()
        .flat_map(|part| words(part))
        .collect();
    let other = words(&plain.join(" ")).into_iter().filter(|word| {
        word.len() > 1 && !is_stop_word(word) && !AROUND.contains(&word.as_str()) && !taken.contains(word)
    });
    other.count() <= MAX_OTHER_WORDS
}

/// Words with which people say that they want to be contacted or to know more, and nothing of what about.
const WISHES: &[&str] = &[
    "interesa",
    "interesado",
    "interesada",
    "interesaria",
    "gustaria",
    "quiero",
    "quisiera",
    "informacion",
    "info",
    "llamar",
    "llamen",
    "llamenme",
    "llamarme",
    "llame",
    "contactar",
    "contacten",
    "contacto",
    "contactarme",
    "comunicarse",
    "comuniquen",
    "pueden",
    "podrian",
    "puede",
    "favor",
    "asesoria",
    "cotizacion",
    "cotizar",
    "mas",
    "detalles",
    "escribir",
    "escriban",
    "interested",
    "like",
    "information",
    "call",
    "contact",
    "quote",
    "details",
    "want",
    "know",
    "more",
    "interessado",
    "interessada",
    "gostaria",
    "quero",
    "informacoes",
    "ligar",
    "liguem",
    "entrar",
    "orcamento",
    "podem",
    "saber",
    "estoy",
    "estou",
    "ustedes",
    "numero",
    "alguien",
    "someone",
    "alguem",
];

/// Whether a message says nothing but that somebody wants to be contacted or to know more.
pub fn only_wishes(text: &str) -> bool {
    let known = |word: &String| {
        word.len() < 2
            || is_stop_word(word)
            || WISHES.contains(&word.as_str())
            || AROUND.contains(&word.as_str())
    };
    words(text).iter().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::language::Language, engine::lead::extract};

    #[test]
    fn a_wish_without_a_subject_is_told_from_one_with() {
        for text in ["Me interesa, ¿me pueden llamar?", "quiero información", "I would like a quote, please"]
        {
            assert!(only_wishes(text), "{text:?}");
        }
        for text in ["quiero información del bótox", "¿me pueden llamar por lo de la factura?"] {
            assert!(!only_wishes(text), "{text:?}");
        }
    }

    #[test]
    fn data_is_told_from_questions_and_wishes() {
        let check = |text: &str, asked, expected| {
            let findings = extract(text, Language::Es, asked);
            assert_eq!(is_only_data(text, &findings, asked), expected, "{text:?}: {findings:?}");
        };
        check("Ana Pérez", Some(LeadField::Name), true);
        check("me llamo Ana Pérez, gracias", Some(LeadField::Name), true);
        check("mi correo es ana.perez@gmail.com", None, true);
        check("perdón, mi correo es ana.p@gmail.com", Some(LeadField::Email), true);
        check("ana.perez@gmial.com", Some(LeadField::Email), true);
        check("prefiero no dar mi correo", Some(LeadField::Email), true);
        check("soy Ana Pérez y quiero saber cuánto cuesta el bótox en una zona", None, false);
        check("¿cuánto cuesta?", Some(LeadField::Name), false);
        check("no funciona mi máquina", None, false);
    }
}
