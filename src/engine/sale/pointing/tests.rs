use super::*;
use crate::domain::money::{Currency, Money};

fn product(sku: &str, name: &str, price: i64) -> Product {
    Product {
        sku: sku.to_owned(),
        name: name.to_owned(),
        description: String::new(),
        price: Money { minor: price * 100, currency: Currency::parse("MXN").unwrap() },
        stock: 9,
        reserved: 0,
        category: String::new(),
        active: true,
        image_url: String::new(),
    }
}

fn hammers() -> Vec<Product> {
    vec![
        product("a", "Martillo de goma 16 oz", 98),
        product("b", "Martillo de bola 24 oz", 210),
        product("c", "Martillo de uña 20 oz mango de madera", 165),
        product("d", "Martillo de uña 16 oz mango de fibra de vidrio", 189),
    ]
}

fn check(shown: &[Product], text: &str, expected: &[(usize, Option<u32>)]) {
    assert_eq!(pointed(text, shown, Language::Es), Pointed::At(expected.to_vec()), "{text}");
}

#[test]
fn places_prices_and_attributes_are_pointed_at_in_three_languages() {
    let shown = hammers();
    for (text, expected) in [
        ("el segundo", &[(1, None)][..]),
        ("El 2do porfa", &[(1, None)]),
        ("2", &[(1, None)]),
        ("la 2", &[(1, None)]),
        ("opción 3", &[(2, None)]),
        ("el número 4", &[(3, None)]),
        ("el último", &[(3, None)]),
        ("quiero el más barato", &[(0, None)]),
        ("el mas caro", &[(1, None)]),
        ("the cheapest one", &[(0, None)]),
        ("o mais barato", &[(0, None)]),
        ("the second one please", &[(1, None)]),
        ("o segundo", &[(1, None)]),
        ("el de goma", &[(0, None)]),
        ("dame el de bola", &[(1, None)]),
        ("el de madera", &[(2, None)]),
        ("2 del primero y uno del tercero", &[(0, Some(2)), (2, Some(1))]),
        ("dame 2 del primero y uno del tercero", &[(0, Some(2)), (2, Some(1))]),
        ("2 of the first and one of the third", &[(0, Some(2)), (2, Some(1))]),
        ("quero 2 do primeiro e um do terceiro", &[(0, Some(2)), (2, Some(1))]),
        ("el primero y el tercero", &[(0, None), (2, None)]),
        ("1 y 3", &[(0, None), (2, None)]),
        ("el primero, 3 piezas", &[(0, Some(3))]),
        ("3 de goma", &[(0, Some(3))]),
        ("dame treinta y dos del primero", &[(0, Some(32))]),
        ("el de goma y el de bola, 2 de cada uno", &[(0, Some(2)), (1, Some(2))]),
        ("uno de cada uno", &[(0, Some(1)), (1, Some(1)), (2, Some(1)), (3, Some(1))]),
        ("todos", &[(0, None), (1, None), (2, None), (3, None)]),
    ] {
        check(&shown, text, expected);
    }
}

#[test]
fn of_two_both_and_of_one_that() {
    let two = hammers()[..2].to_vec();
    for text in ["los dos", "ambos", "both", "os dois", "quiero los 2"] {
        check(&two, text, &[(0, None), (1, None)]);
    }
    check(&two, "3 de cada uno", &[(0, Some(3)), (1, Some(3))]);
    let one = hammers()[..1].to_vec();
    for text in ["ese", "dame ese", "that one", "esse"] {
        check(&one, text, &[(0, None)]);
    }
    check(&one, "los dos", &[(0, Some(2))]);
    check(&one, "dame 3", &[(0, Some(3))]);
}

#[test]
fn what_could_be_several_is_among_them() {
    let shown = hammers();
    let among = |text: &str| match pointed(text, &shown, Language::Es) {
        Pointed::Among(places, count) => (places, count),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(among("ese"), (vec![0, 1, 2, 3], None));
    assert_eq!(among("los dos"), (vec![0, 1, 2, 3], None));
    assert_eq!(among("dame 2"), (vec![0, 1, 2, 3], Some(2)));
    assert_eq!(among("el 5"), (vec![0, 1, 2, 3], None), "a place that there is not is no quantity");
    assert_eq!(among("el de uña"), (vec![2, 3], None));
    assert_eq!(among("2 de uña"), (vec![2, 3], Some(2)));
}

#[test]
fn sizes_are_compared_where_they_can_be() {
    let cans =
        [product("a", "Pintura blanca 4 litros", 389), product("b", "Pintura blanca cubeta 19 litros", 1590)];
    check(&cans, "la grande", &[(1, None)]);
    check(&cans, "2 de la chica", &[(0, Some(2))]);
    let tools = [product("a", "Flexómetro 5 metros", 95), product("b", "Martillo 16 oz", 98)];
    assert_eq!(pointed("el grande", &tools, Language::Es), Pointed::Among(vec![0, 1], None));
}

#[test]
fn packages_are_those_that_something_comes_in() {
    let gloves =
        [product("a", "Guantes de carnaza", 60), product("b", "Guantes de nitrilo, caja de 100", 189)];
    check(&gloves, "dame 3 cajas", &[(1, Some(3))]);
    let screws = [product("a", "Tornillo 6 x 1 pulgadas", 1), product("b", "Tornillo 6 x 3 pulgadas", 2)];
    assert_eq!(pointed("dame 3 cajas", &screws, Language::Es), Pointed::Packed(3, "cajas".to_owned()));
}

#[test]
fn what_was_not_shown_is_not_pointed_at() {
    let shown = hammers();
    for text in
        ["dame 2 brochas", "la de 20 kg", "¿hacen envíos?", "hola", "quiero un taladro y el segundo", ""]
    {
        assert_eq!(pointed(text, &shown, Language::Es), Pointed::Nothing, "{text}");
    }
    for text in [
        "la de 20 kg",
        "los de madera",
        "de 2 pulgadas",
        "2 1/2 pulgadas",
        "the one with a handle",
        "quiero la de 4 litros",
    ] {
        assert!(is_refinement(text, Language::Es), "{text}");
    }
    for text in ["quiero pintura", "dame 3 martillos de goma", "¿hacen envíos?", "2"] {
        assert!(!is_refinement(text, Language::Es), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,80}") {
        let _pointed = pointed(&text, &hammers(), Language::Es);
        let _refines = is_refinement(&text, Language::Es);
    }
}
