use std::ops::Range;

use super::*;
use crate::domain::{business::WeekHours, retrieval::Sentence};

fn business() -> Business {
    Business {
        name: "Benova".to_owned(),
        language: Language::Es,
        timezone: "America/Bogota".to_owned(),
        currency: "COP".to_owned(),
        description: String::new(),
        address: "Carrera 14 # 93-40, Bogotá".to_owned(),
        phone: "+57 601 555 0142".to_owned(),
        hours: WeekHours::default(),
    }
}

/// A passage whose sentences end with ". " or a line break, all equally near to the question.
fn passage(document: &str, heading: &str, score: f32, text: &str) -> Passage {
    let mut sentences = Vec::new();
    let mut start = 0;
    let push = |range: Range<usize>, sentences: &mut Vec<Sentence>| {
        if !text[range.clone()].trim().is_empty() {
            sentences.push(Sentence { range, similarity: 0.4 });
        }
    };
    for (end, _) in text.match_indices(['\n']).chain(text.match_indices(". ")) {
        if end > start {
            push(start..end + 1, &mut sentences);
            start = end + 1;
        }
    }
    push(start..text.len(), &mut sentences);
    Passage {
        document: document.to_owned(),
        title: Some("Precios".to_owned()),
        heading: heading.to_owned(),
        chunk: 0,
        category: None,
        text: text.to_owned(),
        score,
        sentences,
    }
}

fn ask_in(language: Language, text: &str, passages: Vec<Passage>) -> Answer {
    let prompts = Prompts::load(None, None).unwrap();
    let business = business();
    let builtin = Builtin { business: &business, prompts: &prompts, contact_name: None };
    let question = Question { text: text.to_owned(), in_context: text.to_owned(), language };
    let answerable = !passages.is_empty();
    builtin.answer(&question, &Retrieval { passages, confidence: 0.9, answerable })
}

const FACIAL: &str =
    "La limpieza facial profunda dura 90 minutos. Incluye exfoliación y mascarilla. El valor es de $180.000.";
const BOTOX: &str = "El bótox de una zona dura 20 minutos y cuesta $420.000. Lo aplica un médico.";

#[test]
fn both_things_that_were_asked_are_answered_and_the_source_is_named() {
    let answer = ask_in(
        Language::Es,
        "¿Cuánto dura la limpieza facial y cuánto cuesta?",
        vec![passage("f.md", "Limpieza facial", 0.9, FACIAL), passage("b.md", "Bótox", 0.5, BOTOX)],
    );
    let reply = answer.reply();
    assert!(reply.contains("90 minutos") && reply.contains("$180.000"), "{reply}");
    assert!(!reply.contains("420.000"), "{reply}");
    assert!(reply.ends_with("\n\nFuente: Precios › Limpieza facial"), "{reply}");
    assert_eq!(answer.sources[0].document, "f.md");
}

#[test]
fn a_customer_who_greets_is_greeted() {
    let reply =
        ask_in(Language::Es, "hola, precio del botox?", vec![passage("b.md", "Bótox", 0.9, BOTOX)]).reply();
    assert!(reply.starts_with("¡Hola! ") && reply.contains("$420.000"), "{reply}");
}

#[test]
fn facts_stay_in_the_language_of_the_document_and_the_frame_speaks_the_customers() {
    let reply =
        ask_in(Language::En, "How much is botox?", vec![passage("b.md", "Bótox", 0.9, BOTOX)]).reply();
    assert!(reply.starts_with("This is what our information says (in Spanish):\n"), "{reply}");
    assert!(reply.contains("cuesta $420.000") && reply.contains("\n\nSource: Precios › Bótox"), "{reply}");
}

#[test]
fn rows_of_a_table_stay_on_lines_of_their_own() {
    let table = "Zona: Axilas; Precio: $90.000\nZona: Piernas; Precio: $320.000";
    let reply =
        ask_in(Language::Es, "precio láser", vec![passage("l.md", "Precios láser", 0.9, table)]).reply();
    assert!(reply.contains("- Zona: Axilas; Precio: $90.000\n- Zona: Piernas; Precio: $320.000"), "{reply}");
}

#[test]
fn an_answer_has_at_most_two_paragraphs_and_a_bounded_length() {
    let long = "El bótox cuesta mucho menos que antes en esta clínica. ".repeat(60);
    let reply =
        ask_in(Language::Es, "¿cuánto cuesta el bótox?", vec![passage("b.md", "Bótox", 0.9, &long)]).reply();
    assert!(reply.chars().count() < 900 && reply.matches("\n\n").count() <= 1, "{reply}");
}

#[test]
fn what_is_not_known_is_said_so_with_the_offer_of_a_person() {
    for (language, text, word) in [
        (Language::Es, "¿Hacen tatuajes?", "no tengo esa información"),
        (Language::En, "Do you do tattoos?", "don't have that information"),
        (Language::Pt, "Vocês fazem tatuagem?", "não tenho essa informação"),
    ] {
        let answer = ask_in(language, text, Vec::new());
        let reply = answer.reply();
        assert!(reply.contains(word) && reply.contains("+57 601 555 0142") && !answer.known, "{reply}");
    }
}

#[test]
fn the_configuration_answers_where_the_documents_do_not() {
    let reply = ask_in(Language::Es, "¿Cuál es la dirección y el teléfono?", Vec::new()).reply();
    assert_eq!(reply, "Estamos en Carrera 14 # 93-40, Bogotá. Nuestro teléfono es +57 601 555 0142.");
    // No hours are configured, so none are claimed.
    assert!(!ask_in(Language::Es, "¿a qué hora abren?", Vec::new()).known);
    assert!(!ask_in(Language::Es, "número de pedidos entregados por semana en Medellín", Vec::new()).known);
}

#[test]
fn passages_that_do_not_answer_are_not_quoted() {
    let prompts = Prompts::load(None, None).unwrap();
    let business = business();
    let builtin = Builtin { business: &business, prompts: &prompts, contact_name: Some("Ana") };
    let question = Question {
        text: "¿Hacen tatuajes?".into(),
        in_context: "¿Hacen tatuajes?".into(),
        language: Language::Es,
    };
    let retrieval = Retrieval {
        passages: vec![passage("b.md", "Bótox", 0.9, BOTOX)],
        confidence: 0.1,
        answerable: false,
    };
    let answer = builtin.answer(&question, &retrieval);
    assert!(!answer.known && answer.sources.is_empty() && !answer.text.contains("420"), "{answer:?}");
}

#[test]
fn courtesies_need_no_knowledge() {
    let prompts = Prompts::load(None, None).unwrap();
    let business = business();
    let builtin = Builtin { business: &business, prompts: &prompts, contact_name: Some("Ana") };
    let say = |text: &str, language: Language| builtin.courtesy(text, language).map(|answer| answer.text);
    assert_eq!(
        say("hola", Language::Es).unwrap(),
        "¡Hola, Ana! Le damos la bienvenida a Benova. ¿En qué le puedo ayudar?"
    );
    assert!(say("thanks!", Language::En).unwrap().starts_with("You're very welcome"));
    assert!(say("tchau", Language::Pt).unwrap().contains("Até logo"));
    assert!(say("👍", Language::Es).unwrap().starts_with("Perfecto"));
    assert!(say("?", Language::Es).unwrap().contains("No alcancé"));
    assert_eq!(say("hola, ¿cuánto cuesta?", Language::Es), None);
}

#[test]
fn instructions_are_read_from_their_first_step() {
    let steps = "Cambie la contraseña de inmediato.\nCierre todas las sesiones de la cuenta robada.\nEscriba a soporte.";
    let reply = ask_in(
        Language::Es,
        "me robaron la cuenta, ¿qué hago?",
        vec![passage("s.md", "Cuenta robada", 0.9, steps)],
    );
    assert_eq!(
        reply.text,
        "- Cambie la contraseña de inmediato.\n- Cierre todas las sesiones de la cuenta robada.\n- Escriba a soporte."
    );
}

#[test]
fn a_row_brings_no_rows_about_other_things() {
    let table = "Tratamiento: Láser; Ejercicio: 48 horas\nTratamiento: Microneedling; Ejercicio: 72 horas\nTratamiento: Peeling; Ejercicio: 24 horas";
    let answer = ask_in(
        Language::Es,
        "¿cuánto tiempo sin ejercicio después del microneedling?",
        vec![passage("c.md", "Cuidados", 0.9, table)],
    );
    assert_eq!(answer.text, "Tratamiento: Microneedling; Ejercicio: 72 horas");
}

#[test]
fn an_open_question_gets_its_whole_section() {
    let section = "La encargada de protección de datos es Francisca Morales. Escriba a privacidad@norte.example. Responde en diez días.";
    let answer = ask_in(
        Language::Es,
        "¿Quién es la encargada de protección de datos y cómo le escribo?",
        vec![passage("p.md", "Privacidad", 0.9, section)],
    );
    assert_eq!(answer.text, section);
}
