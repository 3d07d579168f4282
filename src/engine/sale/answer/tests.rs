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
