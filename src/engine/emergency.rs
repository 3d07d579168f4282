//! What the tenant's own documents say is to be done in an emergency.

use super::{builtin::Question, words};
use crate::domain::{language::Language, retrieval::Retrieval};

/// What the name or a heading of a protocol has in it, folded.
const MARKS: [&str; 8] = [
    "emergenc",
    "urgenc",
    "protocol",
    "alarma",
    "primeros auxilios",
    "first aid",
    "primeiros socorros",
    "seguridad",
];

/// What to look for beside the customer's words.
pub fn looking_for(language: Language) -> &'static str {
    match language {
        Language::Es => "protocolo de emergencia: a qué número llamar y qué hacer",
        Language::En => "emergency protocol: which number to call and what to do",
        Language::Pt => "protocolo de emergência: para qual número ligar e o que fazer",
    }
}

/// A protocol that was found, and the question it answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    /// The question.
    pub question: Question,
    /// Only passages of protocols.
    pub retrieval: Retrieval,
}

/// The protocols among what was found; `None` without any. How sure the search was does not matter: a protocol that is
/// not quite about this is better than none.
pub fn protocol(found: &Retrieval, language: Language) -> Option<Protocol> {
    let is_protocol = |text: &str| {
        let text = words::fold(text);
        MARKS.iter().any(|mark| text.contains(mark))
    };
    let passages: Vec<_> = found
        .passages
        .iter()
        .filter(|passage| {
            is_protocol(&passage.heading)
                || is_protocol(&passage.document)
                || passage.title.as_deref().is_some_and(is_protocol)
                || passage.category.as_deref().is_some_and(is_protocol)
        })
        .cloned()
        .collect();
    if passages.is_empty() {
        return None;
    }
    let text = looking_for(language).to_owned();
    Some(Protocol {
        question: Question { in_context: text.clone(), text, language },
        retrieval: Retrieval { passages, answerable: true, ..found.clone() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retrieval::{Passage, Sentence};

    fn passage(document: &str, heading: &str) -> Passage {
        let text = "Llame al 123.".to_owned();
        Passage {
            document: document.to_owned(),
            title: None,
            heading: heading.to_owned(),
            chunk: 0,
            category: None,
            sentences: vec![Sentence { range: 0..text.len(), similarity: 0.1 }],
            text,
            score: 0.1,
        }
    }

    #[test]
    fn only_protocols_count_however_unsure_the_search_was() {
        let found = Retrieval {
            passages: vec![
                passage("precios.md", "Rellenos"),
                passage("protocolos-de-emergencia.pdf", "Reacción alérgica"),
                passage("preguntas.md", "Signos de alarma"),
            ],
            confidence: 0.1,
            answerable: false,
        };
        let protocol = protocol(&found, Language::Es).unwrap();
        let names: Vec<&str> =
            protocol.retrieval.passages.iter().map(|passage| passage.document.as_str()).collect();
        assert_eq!(names, ["protocolos-de-emergencia.pdf", "preguntas.md"]);
        assert!(protocol.retrieval.answerable);
        let nothing = Retrieval { passages: vec![passage("precios.md", "")], ..Retrieval::default() };
        assert_eq!(super::protocol(&nothing, Language::Es), None);
    }
}
