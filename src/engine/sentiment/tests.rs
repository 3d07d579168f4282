//! What the analysis of the mood is to be right about.

use crate::{domain::language::Language, engine::sentiment::score, knowledge::embed::BuiltinEmbedder};

fn mood(embedder: &BuiltinEmbedder, text: &str, language: Language) -> f32 {
    score(text, language, &embedder.embed(text))
}

#[test]
fn anger_calls_for_a_person_and_a_complaint_does_not() {
    let embedder = BuiltinEmbedder::new().unwrap();
    let mood = |text: &str, language: Language| mood(&embedder, text, language);
    for (text, language) in [
        ("esto es una vergüenza, pésimo servicio, me tienen harta", Language::Es),
        ("ES UNA ESTAFA, devuélvanme mi dinero YA!!!", Language::Es),
        ("this is the worst service ever, you are thieves", Language::En),
        ("que absurdo, péssimo atendimento, nunca mais!", Language::Pt),
    ] {
        assert!(mood(text, language) < -0.5, "{text:?}: {}", mood(text, language));
    }
    for (text, language) in [
        ("mi pedido todavía no llega", Language::Es),
        ("me cobraron doble", Language::Es),
        ("the zipper broke after one day", Language::En),
        ("o produto chegou quebrado", Language::Pt),
        ("excelente, otra vez sin respuesta 🙃", Language::Es),
    ] {
        let mood = mood(text, language);
        assert!((-0.5..-0.2).contains(&mood), "{text:?}: {mood}");
    }
}

#[test]
fn praise_is_heard_and_neutral_questions_about_bad_things_stay_neutral() {
    let embedder = BuiltinEmbedder::new().unwrap();
    let mood = |text: &str, language: Language| mood(&embedder, text, language);
    for (text, language) in [
        ("no está nada mal, me encantó", Language::Es),
        ("súper bien, muchas gracias 😍", Language::Es),
        ("great service, thank you so much", Language::En),
        ("adorei, recomendo demais", Language::Pt),
    ] {
        assert!(mood(text, language) > 0.4, "{text:?}: {}", mood(text, language));
    }
    for (text, language) in [
        ("¿tratan el dolor de espalda?", Language::Es),
        ("tornillos para muerte súbita", Language::Es),
        ("¿cuánto cuesta la limpieza de manchas feas?", Language::Es),
        ("do you fix broken screens?", Language::En),
        ("vocês consertam tela quebrada?", Language::Pt),
        ("", Language::Es),
    ] {
        assert!(mood(text, language).abs() <= 0.2, "{text:?}: {}", mood(text, language));
    }
}

#[test]
fn the_words_count_without_a_vector_of_the_built_in_model() {
    for vector in [&[][..], &[0.1; 384]] {
        assert!(score("pésimo servicio, son unos ladrones", Language::Es, vector) < -0.5);
        assert!(score("todo perfecto, mil gracias", Language::Es, vector) > 0.4);
        assert!(score("¿a qué hora abren?", Language::Es, vector).abs() < 0.2);
    }
}

/// The bars hold for messages that nothing was tuned on.
#[test]
fn held_out_messages_are_told_as_well_as_promised() {
    let embedder = BuiltinEmbedder::new().unwrap();
    let lines = include_str!("../../../tests/fixtures/sentiment/held_out.jsonl").lines();
    // For each class, negative, neutral and positive: how often it was right, said and true.
    let mut counts = [[0_u32; 3]; 3];
    for line in lines {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let language = Language::from_code(row["language"].as_str().unwrap()).unwrap();
        let mood = mood(&embedder, row["text"].as_str().unwrap(), language);
        let truth = match row["label"].as_str().unwrap() {
            "neutral" => 1,
            "positive" => 2,
            _ => 0,
        };
        let said = if mood < -0.2 { 0 } else { 1 + usize::from(mood > 0.2) };
        counts[truth][0] += u32::from(said == truth);
        counts[said][1] += 1;
        counts[truth][2] += 1;
    }
    let f1 = counts.map(|[right, said, truth]| 2.0 * f64::from(right) / f64::from(said + truth));
    let (macro_f1, recall) =
        (f1.iter().sum::<f64>() / 3.0, f64::from(counts[0][0]) / f64::from(counts[0][2]));
    println!("macro-F1 {macro_f1:.3} ({f1:.3?}), negative recall {recall:.3}");
    assert!(macro_f1 >= 0.8 && recall >= 0.85, "macro-F1 {macro_f1}, negative recall {recall}");
}
