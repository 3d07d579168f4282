//! What the tenant's own documents say is to be done in an emergency.

use super::{builtin::Question, facts};
use crate::{
    domain::{
        language::Language,
        retrieval::{Passage, Retrieval},
        turn::Source,
    },
    text::{fold, words},
};

/// Words that tell somebody to get help, folded, by their beginnings.
const CALLS: [&str; 9] = ["llam", "lig", "call", "marqu", "acud", "vaya", "dirija", "procure", "hospital"];

/// The most steps that are told: who is in danger reads no more.
const MAX_STEPS: usize = 5;

/// Passages that are looked at for steps.
const LOOKED_AT: usize = 3;

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
        let text = fold(text);
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

/// The instructions of a protocol: its numbered steps, when one of the first tells whom to call; `None` when no passage has
/// such steps.
pub fn steps(found: &Retrieval) -> Option<(String, Source)> {
    found.passages.iter().take(LOOKED_AT).find_map(|passage| {
        let steps =
            numbered(passage).into_iter().find(|steps| steps.iter().take(2).any(|step| calls(step)))?;
        let lines: Vec<String> = steps
            .iter()
            .take(MAX_STEPS)
            .enumerate()
            .map(|(at, step)| format!("{}. {step}", at + 1))
            .collect();
        Some((lines.join("\n"), facts::source(passage)))
    })
}

/// The sentence nearest to what happened that tells whom to call; `None` when no passage has one.
pub fn call(found: &Retrieval) -> Option<(String, Source)> {
    let passages = found.passages.iter().take(LOOKED_AT);
    let sentences =
        passages.flat_map(|passage| passage.sentences.iter().map(move |sentence| (passage, sentence)));
    let (passage, sentence) = sentences
        .filter(|(passage, sentence)| {
            let text = passage.sentence(sentence);
            calls(text) && text.split(|c: char| !c.is_ascii_digit()).any(|number| number.len() >= 3)
        })
        .max_by(|(_, a), (_, b)| a.similarity.total_cmp(&b.similarity))?;
    let text = passage.sentence(sentence);
    let told = text.lines().find(|line| calls(line)).unwrap_or(text);
    let told = told.trim().trim_start_matches("- ");
    let unnumbered = told.trim_start_matches(|c: char| c.is_ascii_digit());
    let told = unnumbered.strip_prefix([')', '.']).map_or(told, str::trim_start);
    Some((told.to_owned(), facts::source(passage)))
}

/// Whether an answer is fit for an emergency: it tells whom to call, and is no piece of a table.
pub fn is_fit(answer: &str) -> bool {
    calls(answer) && !answer.contains("\n- ")
}

/// The numbered lists of a passage, each from its 1 on.
fn numbered(passage: &Passage) -> Vec<Vec<&str>> {
    let mut lists: Vec<Vec<&str>> = Vec::new();
    for line in passage.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = line.split_at(digits);
        let step = rest.strip_prefix(['.', ')']).unwrap_or(rest);
        let (Ok(number), Some(step)) = (number.parse::<usize>(), step.strip_prefix(' ')) else { continue };
        if number == 1 {
            lists.push(Vec::new());
        }
        if let Some(list) = lists.last_mut()
            && list.len() + 1 == number
        {
            list.push(step.trim());
        }
    }
    lists
}

/// Whether a step says whom to call or where to go.
fn calls(step: &str) -> bool {
    words(step).iter().any(|word| CALLS.iter().any(|call| word.starts_with(call)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retrieval::Sentence;

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

    #[test]
    fn the_steps_are_those_that_say_whom_to_call() {
        let mut of_allergy = passage("protocolos.pdf", "Reacción alérgica");
        of_allergy.text = "5 No tome medicamentos nuevos.\n\nReacción grave\n\n1 Llame al 123 y diga: posible anafilaxia.\n\n\
                           2 Acueste a la persona boca arriba.\n\n3 No la deje sola.\n\nQué hace el personal\n\nAplica adrenalina."
            .to_owned();
        let mut of_burns = passage("protocolos.pdf", "Quemaduras");
        of_burns.text = "1) Lave la zona con agua fría.\n2) Cúbrala.\n3) Llame al 123.".to_owned();
        let found = |passages: Vec<Passage>| Retrieval { passages, ..Retrieval::default() };
        let (text, source) = steps(&found(vec![of_burns.clone(), of_allergy])).unwrap();
        assert_eq!(
            text,
            "1. Llame al 123 y diga: posible anafilaxia.\n2. Acueste a la persona boca arriba.\n3. No la deje sola."
        );
        assert_eq!(source.heading, "Reacción alérgica");
        assert_eq!(steps(&found(vec![of_burns.clone()])), None);
        of_burns.sentences = vec![
            Sentence { range: 0..35, similarity: 0.9 },
            Sentence { range: of_burns.text.len() - 17..of_burns.text.len(), similarity: 0.2 },
        ];
        assert_eq!(call(&found(vec![of_burns])).unwrap().0, "Llame al 123.");
        assert!(is_fit("Llame al 123.") && !is_fit("Lave la zona.") && !is_fit("Llame:\n- Naranja"));
    }
}
