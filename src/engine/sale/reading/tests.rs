use super::{parts::counts, *};

#[test]
fn every_number_of_pieces_is_heard_and_no_size() {
    let check = |text: &str, expected: &[u32]| assert_eq!(counts(text), expected, "{text}");
    check("necesitamos tres de esos, y 2 docenas de clavos de 2 pulgadas", &[3, 24]);
    check("treinta y dos martillos de 16 oz", &[32]);
    check("mándame el martillo", &[]);
}

fn check(text: &str, act: Act, expected: &[(Option<u32>, &str)]) {
    let reading = read(text);
    let wanted: Vec<(Option<u32>, &str)> =
        reading.wanted.iter().map(|wanted| (wanted.quantity, wanted.text.as_str())).collect();
    assert_eq!((reading.act, wanted.as_slice()), (act, expected), "{text}");
}

#[test]
fn purchases_are_read_with_their_quantities() {
    check("Quiero comprar 10 martillos", Act::Buy, &[(Some(10), "martillos")]);
    check(
        "Quiero comprar 10 martillos de uña de 16 oz",
        Act::Buy,
        &[(Some(10), "martillos de uña de 16 oz")],
    );
    check("me das una docena de tornillos de 2 pulgadas", Act::Buy, &[(Some(12), "tornillos de 2 pulgadas")]);
    check("dame un martillo", Act::Buy, &[(Some(1), "martillo")]);
    check("necesito tornillos de 2\"", Act::Buy, &[(None, "tornillos de 2\"")]);
    check(
        "quiero 3 martillos de uña y 2 kg de clavos de 2 pulgadas",
        Act::Buy,
        &[(Some(3), "martillos de uña"), (Some(2), "clavos de 2 pulgadas")],
    );
    check("hola buenas, me vende martillo de bola x3 porfa", Act::Buy, &[(Some(3), "martillo de bola")]);
    check("quiero martillo de bola, 3 piezas", Act::Buy, &[(Some(3), "martillo de bola")]);
    check(
        "necesito:\n- 2 brochas de 4 pulgadas\n- 1 rodillo",
        Act::Buy,
        &[(Some(2), "brochas de 4 pulgadas"), (Some(1), "rodillo")],
    );
    check("I want to buy 2 hammers and 1 ladder", Act::Buy, &[(Some(2), "hammers"), (Some(1), "ladder")]);
    check("dame 2 martillos de una de 16 oz", Act::Buy, &[(Some(2), "martillos de uña de 16 oz")]);
    check("quero 5 parafusos", Act::Buy, &[(Some(5), "parafusos")]);
    check("Quiero comprar", Act::Buy, &[]);
}

#[test]
fn questions_are_read() {
    check("¿Tienen martillos?", Act::Ask, &[(None, "martillos")]);
    check("¿cuánto cuesta el saco de cemento?", Act::Ask, &[(None, "saco de cemento")]);
    check("martillo de uña", Act::Bare, &[(None, "martillo de uña")]);
    check("do you have hammers?", Act::Ask, &[(None, "hammers")]);
    check("busco algo para pegar azulejo", Act::Ask, &[(None, "pegar azulejo")]);
    check("how much is the hammer?", Act::Ask, &[(None, "hammer")]);
}

#[test]
fn changes_and_orders_are_read() {
    check("quita los clavos", Act::Remove, &[(None, "clavos")]);
    check(
        "cambia los martillos por 2 desarmadores",
        Act::Swap,
        &[(None, "martillos"), (Some(2), "desarmadores")],
    );
    check("¿cómo va mi pedido?", Act::Orders, &[]);
    check("¿cuánto sería?", Act::Total, &[]);
    check("quiero cancelar mi pedido", Act::Cancel, &[]);
    assert_eq!(read("qué pasó con el 3f9a21bc").order.as_deref(), Some("3F9A21BC"));
    assert!(read("dame 2 martillos más").wanted[0].more);
}

#[test]
fn a_measure_before_the_product_is_remembered() {
    let reading = read("quiero 4 litros de pintura blanca");
    assert_eq!(reading.wanted[0].measure.as_deref(), Some("4 litros"));
    assert_eq!(reading.wanted[0].quantity, Some(4));
    assert_eq!(reading.wanted[0].text, "pintura blanca");
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,80}") {
        let _reading = read(&text);
    }
}

#[test]
fn numbers_that_are_names_and_questions_that_suppose_order_nothing() {
    check("modelo 500 1/4 x 2", Act::Bare, &[(None, "modelo 500 1/4 x 2")]);
    check("quiero 3 del calibre 12", Act::Buy, &[(Some(3), "calibre 12")]);
    for text in ["¿y si llevo 20?", "what if I take 20?", "e se eu levar 20?", "cuánto sería por 20"] {
        let reading = read(text);
        assert_eq!((reading.act, reading.wanted[0].quantity), (Act::Suppose, Some(20)), "{text}");
        assert!(is_empty(&reading.wanted[0].text), "{text}: {reading:?}");
    }
}

#[test]
fn what_people_say_of_their_orders_is_told_from_what_they_want_put_in() {
    for text in ["q paso con mi pedido?", "where is my order", "cadê meu pedido?", "mi pedido"] {
        assert_eq!(read(text).act, Act::Orders, "{text}");
    }
    check("agrega a mi pedido 2 martillos", Act::Buy, &[(Some(2), "martillos")]);
    check("quiero pintura sin olor", Act::Buy, &[(None, "pintura sin olor")]);
    check("quiero 2 tiras led", Act::Buy, &[(Some(2), "tiras led")]);
    check("sin los clavos", Act::Remove, &[(None, "clavos")]);
    check("ya no quiero el pedido", Act::Cancel, &[]);
    check(
        "me urge 10 sacos de cemento\nme los mandan a cholula?",
        Act::Buy,
        &[(Some(10), "sacos de cemento"), (None, "mandan a cholula")],
    );
    check("martillos\nde goma", Act::Bare, &[(None, "martillos de goma")]);
}
