use proptest::prelude::*;

use super::*;

fn check(reply: &str, expected: &str) {
    assert_eq!(tidy(reply, Closing::AsWritten), expected, "{reply:?}");
}

#[test]
fn markdown_becomes_what_a_chat_shows() {
    check("La limpieza cuesta **$180.000**.", "La limpieza cuesta *$180.000*.");
    check("***Importante:*** llegue antes.", "*Importante:* llegue antes.");
    check("El __plan Pyme__ incluye 8 usuarios.", "El *plan Pyme* incluye 8 usuarios.");
    check("Escriba a [ventas](mailto:ventas@x.example).", "Escriba a ventas (ventas@x.example).");
    check(
        "Vea [nuestra lista](https://x.example/precios) hoy.",
        "Vea nuestra lista (https://x.example/precios) hoy.",
    );
    check("Vea [x.example](https://x.example/).", "Vea https://x.example/.");
    check("Llame al [+57 601 555 0142](tel:+576015550142).", "Llame al +57 601 555 0142.");
    check("Visite <https://x.example>.", "Visite https://x.example.");
    check("## Precios\nCuesta $180.000.", "*Precios*\nCuesta $180.000.");
    check("El código es `ABC-12`.", "El código es ABC-12.");
    check("Hola<br>Cuesta <b>$5</b>.", "Hola\nCuesta *$5*.");
    check("Use 1\\. y \\*dos\\*.", "Use 1. y *dos*.");
    check(
        "La medida es 2 * 3 * 4 y el archivo es mi_foto_final.jpg.",
        "La medida es 2 * 3 * 4 y el archivo es mi_foto_final.jpg.",
    );
}

#[test]
fn lists_and_tables_become_short_lines_of_one_paragraph() {
    check(
        "Los precios son:\n\n* **Básico:** $29.900\n* **Pyme:** $59.900\n\n¿Cuál prefiere?",
        "Los precios son:\n- *Básico:* $29.900\n- *Pyme:* $59.900\n\n¿Cuál prefiere?",
    );
    check(
        "Los pasos:\n\n1. Reserve.\n\n2. Pague.\n\n3. Asista.",
        "Los pasos:\n1. Reserve.\n2. Pague.\n3. Asista.",
    );
    check(
        "Estos son:\n| Plan | Precio |\n|---|---|\n| Básico | $29.900 |\n| Pyme | $59.900 |",
        "Estos son:\n- Básico: $29.900\n- Pyme: $59.900",
    );
    check(
        "| Servicio | Duración | Precio |\n|:--|--:|--:|\n| Limpieza | 90 minutos | $180.000 |",
        "- Limpieza: duración 90 minutos, precio $180.000",
    );
    let long: Vec<String> = (1..=20).map(|n| format!("- Producto {n}: ${n}.000")).collect();
    let tidied = tidy(&format!("Tenemos:\n{}\n\n¿Cuál le interesa?", long.join("\n")), Closing::AsWritten);
    assert_eq!(tidied.lines().filter(|line| line.starts_with("- ")).count(), MAX_ITEMS - 1, "{tidied}");
    assert!(tidied.contains("\n…\n\n¿Cuál le interesa?"), "{tidied}");
}

#[test]
fn what_is_not_for_the_customer_goes() {
    check("<think>El cliente pregunta…</think>\n\nCuesta $180.000.", "Cuesta $180.000.");
    check("Okay.</think>Cuesta $180.000.", "Cuesta $180.000.");
    check("Cuesta $180.000.<think>y ahora", "Cuesta $180.000.");
    check("<think>sin fin", "");
    check("Respuesta: Cuesta $180.000.", "Cuesta $180.000.");
    check("**Respuesta:** Cuesta $180.000.", "Cuesta $180.000.");
    check("Assistant: \"It costs $5.\"", "It costs $5.");
    check("“Cuesta $180.000.”", "Cuesta $180.000.");
    check("\"Cuesta $180.000.", "Cuesta $180.000.");
    check("El curso \"Excel\" y el curso \"Ventas\"", "El curso \"Excel\" y el curso \"Ventas\"");
    check("```\nCuesta $180.000.\n```", "Cuesta $180.000.");
    check("  \n\n ", "");
    check("---\nCuesta $5.\n***", "Cuesta $5.");
}

#[test]
fn there_are_at_most_two_paragraphs() {
    check("Uno.\n\n\n\nDos.", "Uno.\n\nDos.");
    check("Uno.\n\nDos.\n\n¿Tres?", "Uno. Dos.\n\n¿Tres?");
    check("Uno.\n\nLista:\n- a\n- b\n\nDos.\n\n¿Tres?", "Uno.\nLista:\n- a\n- b\nDos.\n\n¿Tres?");
    let paragraph = "Esta es una frase larga que cuenta algo de la empresa. ".repeat(6);
    let tidied = tidy(&format!("{paragraph}\n\n{paragraph}\n\n{paragraph}"), Closing::AsWritten);
    assert_eq!(tidied.split("\n\n").count(), 2);
}

#[test]
fn a_long_reply_loses_whole_sentences_and_never_the_question() {
    let sentence = "La sesión número mil cuesta $1.250.000,50 y dura 90 minutos con todo incluido. ";
    let tidied = tidy(&format!("{}\n\n¿Desea agendar?", sentence.repeat(60)), Closing::AsWritten);
    assert!(tidied.chars().count() <= MAX_CHARS, "{}", tidied.chars().count());
    assert!(tidied.ends_with("incluido.\n\n¿Desea agendar?"), "{tidied}");
    let body = tidied.split("\n\n").next().unwrap();
    assert_eq!(body.matches("$1.250.000,50").count() * sentence.len(), body.len() + 1);
}

#[test]
fn a_question_closes_a_reply_that_has_none() {
    let closing = Closing::Question("¿Le ayudo con algo más?");
    assert_eq!(tidy("Cuesta $5.", closing), "Cuesta $5.\n\n¿Le ayudo con algo más?");
    assert_eq!(tidy("Cuesta $5. ¿Desea agendar? 😊", closing), "Cuesta $5. ¿Desea agendar? 😊");
    assert_eq!(
        tidy("Cuesta $5.\n\nQuedo atenta.", closing),
        "Cuesta $5.\n\nQuedo atenta. ¿Le ayudo con algo más?"
    );
    assert_eq!(tidy("", closing), "");
}

proptest! {
    #[test]
    fn a_tidy_reply_stays_as_it_is(reply in "(\\PC|\\n|\\*\\*|\\n- |\\n\\n|# |\\| |`|\\[a\\]\\(b\\)|\\$1\\.200 |\"){0,60}") {
        let once = tidy(&reply, Closing::AsWritten);
        prop_assert_eq!(&tidy(&once, Closing::AsWritten), &once);
        prop_assert!(once.split("\n\n").count() <= MAX_PARAGRAPHS && !once.contains("\n\n\n"));
        prop_assert!(!once.contains("**"));
    }

    #[test]
    fn no_price_is_lost(prices in prop::collection::vec(1000_u32..9_999_999, 1..10)) {
        let lines: Vec<String> = prices.iter().map(|price| format!("* **Cosa**: ${price}")).collect();
        let tidied = tidy(&format!("# Precios\n\n{}", lines.join("\n")), Closing::AsWritten);
        for price in prices {
            prop_assert!(tidied.contains(&format!("${price}")), "{}", tidied);
        }
    }
}
