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
        "sí, no, espera",
        "sí pero mañana",
        "quizás",
        "not sure",
        "acho que sim",
        "sí... no",
        "sí y un descuento",
        "puede ser",
    ] {
        check(text, Answer::Unclear);
    }
}

#[test]
fn what_is_put_off_is_neither_agreed_to_nor_refused() {
    for text in [
        "espera",
        "todavía no",
        "luego",
        "déjame ver",
        "un momento porfa",
        "ahorita te digo",
        "hold on",
        "not yet",
        "wait",
        "ainda não",
        "peraí",
        "depois",
    ] {
        check(text, Answer::Later);
    }
}

#[test]
fn what_impatient_people_write_is_understood() {
    for text in [
        "si porfa",
        "claro que sí",
        "ok 👍",
        "dale pues",
        "sisi",
        "va",
        "si xfa",
        "yes please",
        "sim",
        "pode ser",
        "hágale",
        "alright",
        "quero sim",
    ] {
        check(text, Answer::Yes);
    }
    for text in ["no gracias", "mejor no", "por ahora no", "ninguno", "nah", "agora não"] {
        check(text, Answer::No);
    }
    check("sí pero 2", Answer::Quantity(2));
    check("mejor 5", Answer::Quantity(5));
    // Five of five, or rather five of something else?
    check("mejor 7", Answer::Unclear);
    check("eso es todo", Answer::Unclear);
    check("sí, espera", Answer::Unclear);
    for text in
        ["¿y si llevo 20?", "y si llevo 7", "what if I take 7?", "e se eu levar 7?", "cuánto sería por 7"]
    {
        check(text, Answer::Other { refuses: false });
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
